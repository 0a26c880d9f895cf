"""What is known of single words: function words, contractions, protected names, and a memo."""

import re
import unicodedata
from collections.abc import Callable, Collection
from typing import Generic, TypeVar

Value = TypeVar("Value")

MAX_WORD = 64
"""Longer runs of characters are no words: they are neither stemmed nor remembered."""

ENGLISH_STOP_WORDS = frozenset(
    str.split("""
    a an the this that these those such same other another each every either neither both all any
    some no none few many much more most several own
    i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his
    himself she her hers herself it its itself they them their theirs themselves one ones someone
    somebody something anyone anybody anything everyone everybody everything nobody nothing
    who whom whose which what whoever whatever whichever
    am is are was were be been being have has had having do does did doing done can could shall
    should will would may might must ought cannot
    and or but nor so yet if then else than as because since while whereas although though unless
    until till whether once when whenever where wherever why how however therefore thus hence
    otherwise also too
    of in on at by for with without within from to into onto upon over under above below between
    among amongst through throughout during before after about against across along around behind
    beside besides beyond despite except inside outside near off out up down per toward towards
    via amid
    not only just very quite rather even still again ever never always often sometimes already
    almost perhaps maybe here there hereby herein hereof hereto therein thereof thereto thereby
    etc e.g. i.e. eg ie a.m. p.m. s
    """)
)
"""English function words.

Only words that carry grammar and no trade: ``go``, ``system``, ``work``, ``c``, ``r``, ``it`` as
``IT``, ``computer``, ``bill``, ``fire`` and ``well``, which other lists delete, stay.
"""

PROTECTED_TOKENS = (
    ".net", "asp.net", "vb.net", "ado.net", "c++", "c++11", "c++14", "c++17", "c++20", "c#", "f#",
    "g++", "a+", "notepad++", "node.js", "next.js", "vue.js", "react.js", "angular.js", "ember.js",
    "express.js", "d3.js", "three.js", "objective-c", "pl/sql", "t-sql", "tcp/ip", "ci/cd", "i/o",
    "ui/ux", "s/4hana", "h-1b", "401(k)", "at&t", "r&d", "q&a", "p&l", "m&a", "IT",
)  # fmt: skip
"""Names that lower-casing, punctuation, stop words or a stemmer would destroy.

An entry in lower case is found in any case; an entry with a capital only as it stands, so that
``IT`` is a trade and ``it`` a function word.
"""

APOSTROPHES = "'`\xb4\u2018\u2019\u02bc\uff07"
_APOSTROPHES = str.maketrans(dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys("\xad\u200c\u200d"))

_SUFFIXES = {"re": "are", "ve": "have", "ll": "will", "d": "would", "m": "am", "s": ""}
_IRREGULAR = {
    "can't": "can not", "won't": "will not", "shan't": "shall not", "ain't": "is not",
    "let's": "let us", "ma'am": "madam", "y'all": "you all", "o'clock": "o'clock",
}  # fmt: skip
_IS = frozenset(str.split("it that this what who where when why how there here he she"))
_NOT_VERBS = frozenset(
    str.split("""are is was were do does did have has had could should would might must need ought
    dare may""")
)


def fold(word: str) -> str:
    """Return a word with plain apostrophes, without soft hyphens, in one Unicode form."""
    if word.isascii() and "`" not in word:
        return word
    return unicodedata.normalize("NFKC", word.translate(_APOSTROPHES))


def expand_contraction(word: str) -> str:
    """Return what a contraction in lower case stands for.

    Parameters
    ----------
    word : str
        A word in lower case, with plain apostrophes. Without an apostrophe it is returned as it
        is: ``shell`` is not ``she will``.

    Returns
    -------
    words : str
        One or more words with spaces between; the ``'s`` of a possessive is dropped.
    """
    if "'" not in word:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("n't") and word[:-3] in _NOT_VERBS:
        return word[:-3] + " not"
    stem, _, suffix = word.rpartition("'")
    if suffix in _SUFFIXES:
        expansion = "is" if suffix == "s" and stem in _IS else _SUFFIXES[suffix]
        return f"{expand_contraction(stem)} {expansion}".rstrip()
    return word


def resolve_stop_words(stop_words: str | Collection[str] | None) -> frozenset[str]:
    """Return the set of stop words, in lower case, that a parameter stands for.

    Parameters
    ----------
    stop_words : {"english"}, collection of str or None
        The parameter.

    Returns
    -------
    words : frozenset of str
        Words in lower case with plain apostrophes.
    """
    if stop_words is None:
        return frozenset()
    if isinstance(stop_words, str):
        return ENGLISH_STOP_WORDS
    for word in stop_words:
        if not isinstance(word, str):
            raise ValueError(f"stop_words must hold text only, got {word!r}")
    return frozenset(fold(word).lower() for word in stop_words)


def resolve_protected_tokens(tokens: Collection[str] | None) -> tuple[str, ...]:
    """Return the protected tokens that a parameter stands for, in a fixed order.

    Parameters
    ----------
    tokens : collection of str or None
        The parameter.

    Returns
    -------
    tokens : tuple of str
        The longest first, so that ``c++11`` is found before ``c++``.
    """
    for token in tokens or ():
        if not isinstance(token, str) or not token or any(map(str.isspace, token)):
            raise ValueError(
                f"protected_tokens must be words without white space, got {token!r}; "
                "list the words of a phrase one by one"
            )
    return tuple(sorted(tokens or (), key=lambda token: (-len(token), token)))


def token_pattern(protected_tokens: tuple[str, ...]) -> str:
    """Return an expression for the tokens of a text; none of them holds white space.

    Parameters
    ----------
    protected_tokens : tuple of str
        The longest first. In lower case: found in any case; else only as they stand.

    Returns
    -------
    pattern : str
        An expression without groups that capture: a protected token, an acronym with points, a
        word with apostrophes in it, or a run of punctuation.
    """
    word = r"[^\W_](?:[^\W_]|[\u0300-\u036f\xad\u200c\u200d])*+"
    mark = r"(?:[^\w\s\x00-\x1f\x7f\u200b\u2060\ufeff\ud800-\udfff]|_)"
    protected = _alternation(protected_tokens)
    # A run of punctuation ends where a name such as .net begins.
    not_a_name = _alternation([token for token in protected_tokens if not token[0].isalnum()])
    alternatives = [
        protected,
        r"(?<![^\W_])(?:[^\W\d_]{1,2}\.){2,}+(?:[^\W\d_](?![^\W_]))?",  # U.S.  Ph.D.
        rf"{word}(?:[{APOSTROPHES}]{word})*+",
        rf"(?:(?!{not_a_name}){mark})++" if not_a_name else f"{mark}++",
    ]
    return "|".join(filter(None, alternatives))


def _alternation(tokens: Collection[str]) -> str:
    if not tokens:
        return ""
    names = [re.escape(token) for token in tokens if token != token.lower()]
    if in_any_case := [re.escape(token) for token in tokens if token == token.lower()]:
        names.append(f"(?i:{'|'.join(in_any_case)})")
    # Most characters begin no name: one look at a set spares them the alternation.
    first = {re.escape(case[0]) for token in tokens for case in (token, token.upper())}
    return rf"(?=[{''.join(sorted(first))}])(?<![^\W_])(?:{'|'.join(names)})(?![\w+#])"


class Memo(dict[str, Value], Generic[Value]):
    """Remembers the value of each word, up to a number of words.

    ``map(memo.__getitem__, words)`` then costs one dictionary look-up for a word seen before,
    without a Python frame. When it is full it starts anew. Reading and writing a dictionary is
    atomic, so that threads can share a memo; the worst that happens is a value computed twice.

    Parameters
    ----------
    compute : callable
        Gives the value of a word; must depend on the word alone.

    limit : int, default=131072
        How many words are kept: 15 to 30 MB.
    """

    def __init__(self, compute: Callable[[str], Value], limit: int = 2**17) -> None:
        super().__init__()
        self._compute = compute
        self._limit = limit

    def __missing__(self, word: str) -> Value:
        value = self._compute(word)
        self.remember(word, value)
        return value

    def remember(self, word: str, value: Value) -> None:
        """Keep the value of a word, unless it is too long for a word."""
        if len(word) <= MAX_WORD:
            if len(self) >= self._limit:
                self.clear()
            self[word] = value
