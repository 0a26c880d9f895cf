r"""HTML becomes plain text, in time linear in its length whatever the input.

A job board's descriptions hold HTML that is often escaped twice (``&lt;p&gt;``), cut off at the
end, or no HTML at all (``C++ < 5 years``, ``List<String>``). So only known tag names are taken
for markup, and the text is read twice: remove tags, resolve entities, and both once more.

Every repetition in the expressions is possessive and stops at the next ``<`` or ``&``: no
character is read more than a fixed number of times, so there is nothing to backtrack into.
"""

import html
import re
from collections.abc import Iterator

from ._words import Memo

BLOCK_TAGS = frozenset(
    str.split("""
    address article aside blockquote body br button caption center col colgroup dd details
    dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6
    head header hr html iframe input legend li link main menu meta nav noscript ol optgroup option
    p pre section select source summary table tbody td template textarea tfoot th thead title tr
    ul video audio""")
)
"""Tags that end a line: removed, they leave a line break."""

INLINE_TAGS = frozenset(
    str.split("""
    a abbr acronym area b base basefont bdi bdo big canvas cite code data datalist del dfn em
    embed font i img ins kbd label map mark nobr object o:p param picture q rp rt ruby s samp
    script small span st1:city st1:place st1:state strike strong style sub sup svg time track tt u
    var wbr""")
)
"""Tags inside a line or even inside a word: removed, they leave nothing."""

_REPLACEMENTS = dict.fromkeys(BLOCK_TAGS, "\n") | dict.fromkeys(INLINE_TAGS, "")

# Attributes need an "=" somewhere, or be one bare word: "if a <b or c> d" is not a tag.
_TAG = re.compile(
    r"""
    <(?:
        ([a-zA-Z][a-zA-Z0-9:]*+)                                 # <name
        (?: \s*+/?+>                                             #   >  />
          | \s++[\w:-]++\s*+/?+>                                 #   nowrap>
          | [\s/](?=[^<>=]*+=)
            (?: (?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>             #   title="a > b">
              | [^<>]*+(?:>|\Z) )                                #   title=Bob's>, or cut off
        )
      | /([a-zA-Z][a-zA-Z0-9:]*+) (?:[\s/][^<>]*+)?+ (?:>|\Z)    # </name>
      | !\[CDATA\[                                               # its content is text
      | !--                                                      # never closed
      | [!?][a-zA-Z\[][^<>]*+>                                   # <!doctype ...>, <?xml ...?>
    )
    """,
    re.VERBOSE,
)

_ENTITY = re.compile(
    r"&(?:\#[0-9]{1,7}+;?|\#[xX][0-9a-fA-F]{1,6}+;?|[a-zA-Z][a-zA-Z0-9]{1,31}+;"
    r"|(?:amp|gt|lt|nbsp|quot)(?![\w=]))"
)

# What opens a part that nobody sees, and what closes it.
_HIDDEN = re.compile(r"<(?:(!--)|(script|style)(?:\s[^<>]*+)?+>)", re.IGNORECASE)
_HIDDEN_ENDS = {
    "!--": re.compile("-->"),
    "script": re.compile(r"</script\s*+>", re.IGNORECASE),
    "style": re.compile(r"</style\s*+>", re.IGNORECASE),
}

_Edit = tuple[int, int, str]


def _replace_tag(match: re.Match[str]) -> str:
    name = match[1] or match[2]
    if name is None:
        return ""
    replacement = _REPLACEMENTS.get(name.lower())
    return match[0] if replacement is None else replacement


_entities = Memo(html.unescape, limit=2**10)


def _replace_entity(match: re.Match[str]) -> str:
    return _entities[match[0]]


def _hidden_edits(text: str) -> Iterator[_Edit]:
    """Yield what nobody sees: closed comments, scripts and style sheets."""
    position, never_closed = 0, set()
    while match := _HIDDEN.search(text, position):
        kind = (match[1] or match[2]).lower()
        position = match.end()
        if kind not in never_closed:
            end = _HIDDEN_ENDS[kind].search(text, position)
            if end is None:
                never_closed.add(kind)  # searched to the end once, not once for each opening
            else:
                position = end.end()
                yield match.start(), position, " "


def _tag_edits(text: str) -> Iterator[_Edit]:
    return ((*m.span(), _replace_tag(m)) for m in _TAG.finditer(text))


def _entity_edits(text: str) -> Iterator[_Edit]:
    return ((*m.span(), _replace_entity(m)) for m in _ENTITY.finditer(text))


def _apply(text: str, edits: Iterator[_Edit]) -> str:
    pieces: list[str] = []
    position = 0
    for start, stop, replacement in edits:
        pieces += (text[position:start], replacement)
        position = stop
    return "".join(pieces) + text[position:] if pieces else text


def strip_markup(document: str) -> str:
    r"""Return the plain text of a document that may hold HTML.

    Tags that end a line leave a line break, other tags nothing; comments, scripts and style
    sheets go; entities are resolved; and all of it twice, since boards often escape twice.

    Parameters
    ----------
    document : str
        Text, with or without HTML.

    Returns
    -------
    text : str
        Plain text. A ``<`` that opens no known tag stays.

    Examples
    --------
    >>> from jobtag_sklearn.feature_extraction import strip_markup
    >>> strip_markup("&lt;p&gt;R&amp;amp;D&lt;br/&gt;Java<b>Script</b>, C++ < 5 years")
    '\nR&D\nJavaScript, C++ < 5 years'
    """
    text = document
    for _ in range(2):
        if "<" in text:
            text = _TAG.sub(_replace_tag, _apply(text, _hidden_edits(text)))
        if "&" not in text:
            break
        text = _ENTITY.sub(_replace_entity, text)
    return text


def strip_markup_with_spans(document: str) -> tuple[str, list[int], list[int]]:
    """Return the plain text, and for each of its characters where it stood in the document.

    Parameters
    ----------
    document : str
        Text, with or without HTML.

    Returns
    -------
    text : str
        The same as :func:`strip_markup` gives.

    starts, stops : list of int
        Character ``text[i]`` stands for ``document[starts[i]:stops[i]]``.
    """
    text, starts, stops = document, list(range(len(document))), list(range(1, len(document) + 1))
    for _ in range(2):
        if "<" in text:
            for edits in (_hidden_edits, _tag_edits):
                text, starts, stops = _apply_with_spans(text, edits(text), starts, stops)
        if "&" not in text:
            break
        text, starts, stops = _apply_with_spans(text, _entity_edits(text), starts, stops)
    return text, starts, stops


def _apply_with_spans(
    text: str, edits: Iterator[_Edit], starts: list[int], stops: list[int]
) -> tuple[str, list[int], list[int]]:
    pieces: list[str] = []
    new_starts: list[int] = []
    new_stops: list[int] = []
    position = 0
    for start, stop, replacement in edits:
        pieces += (text[position:start], replacement)
        new_starts += starts[position:start]
        new_stops += stops[position:start]
        if replacement == text[start:stop]:
            new_starts += starts[start:stop]
            new_stops += stops[start:stop]
        else:
            new_starts += [starts[start]] * len(replacement)
            new_stops += [stops[stop - 1]] * len(replacement)
        position = stop
    pieces.append(text[position:])
    return "".join(pieces), new_starts + starts[position:], new_stops + stops[position:]
