"""Splitting text into sentences and words for part-of-speech taggers.

Words are split as the Penn Treebank does (``do`` + ``n't``, ``manager`` + ``'s``), without the
punctuation, which is no part of speech that anyone counts. What a run of characters between white
space holds, and whether it ends a sentence, depends on that run alone; only whether its first word
opens a sentence depends on the run before it. That is what lets a memo do most of the work.
"""

import re
from collections.abc import Iterator

from ._words import APOSTROPHES

_JOINT = r"(?:[&'+@_-]|\.(?!(?<=[a-z]\.)[A-Z])|(?<=\d)[,:](?=\d))"
_WORD = re.compile(
    r"(?<![^\W_])(?:[^\W\d_]\.){2,}+(?:[^\W\d_](?![^\W_]))?"  # U.S.
    rf"|[^\W_]++(?:{_JOINT}[^\W_]++)*+(?:\+{{1,2}}|\#)?(?!\w)"  # full-time  3,000  C++
    r"|[^\W_]++"
)
_CLITIC = re.compile(r"(.+)(n't|'(?:s|re|ve|ll|d|m))", re.IGNORECASE | re.DOTALL)
_CURLY = str.maketrans(dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys("\u201c\u201d", '"'))

_ENDS = frozenset(".!?:;•")
_CLOSING = "\"')]}\xbb*\u201d\u2019"
_OPENING = "\"'([{\xab*\u201c\u2018"
JOINING = frozenset(["&", "/", "+", "=", "|", ",", "@", "#", "$", "%"])
_ABBREVIATIONS = frozenset(
    str.split("""
    adj. adv. approx. apr. assoc. asst. aug. ave. blvd. co. corp. dec. dept. dr. est. etc. ext.
    feb. fig. fl. gen. gov. hon. hr. hrs. inc. incl. jan. jr. jul. jun. ltd. mar. max. min. mon.
    mr. mrs. ms. mt. no. nov. oct. ph.d. prof. rm. sept. sr. st. tel. univ. vs. w/ yr. yrs.""")
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+")


def words_of(chunk: str) -> list[tuple[str, bool]]:
    """Return the words of a run of characters without white space.

    Parameters
    ----------
    chunk : str
        What stands between white space.

    Returns
    -------
    words : list of (str, bool)
        Each word, and whether it opens a sentence inside the chunk (``end.Start``). The first
        never does: that depends on the chunk before.
    """
    if chunk.isalpha():
        return [(chunk, False)]
    if not chunk.isascii():
        chunk = chunk.translate(_CURLY)
    words: list[tuple[str, bool]] = []
    position = 0
    for match in _WORD.finditer(chunk):
        opens = bool(words) and not _ENDS.isdisjoint(chunk[position : match.start()])
        position = match.end()
        word = match[0]
        if "'" in word and (parts := _CLITIC.fullmatch(word)):
            words += ((parts[1], opens), (parts[2], False))
        else:
            words.append((word, opens))
    return words


def ends_sentence(chunk: str) -> bool:
    """Return whether the word after a chunk opens a sentence.

    Parameters
    ----------
    chunk : str
        What stands between white space.

    Returns
    -------
    ends : bool
        True behind a full stop that is no abbreviation's, ``!``, ``?``, ``:`` and ``;`` (in
        postings what follows them is an item of a list) and behind bullets and dashes.
    """
    core = chunk.rstrip(_CLOSING)
    last = core[-1:]
    if last == ".":
        word = core.lstrip(_OPENING).lower()
        return not (word in _ABBREVIATIONS or _INITIALS.fullmatch(word))
    if last in _ENDS:
        return True
    return chunk not in JOINING and not any(map(str.isalnum, chunk))


def sentences(text: str) -> Iterator[list[str]]:
    """Yield the sentences of a text without markup, as lists of words.

    Parameters
    ----------
    text : str
        Plain text. A line break ends a sentence.

    Yields
    ------
    sentence : list of str
        Words; never empty.
    """
    for line in text.splitlines():
        sentence: list[str] = []
        ended = False
        for chunk in line.split():
            for word, opens in words_of(chunk):
                if (opens or ended) and sentence:
                    yield sentence
                    sentence = []
                ended = False
                sentence.append(word)
            ended = ends_sentence(chunk)
        if sentence:
            yield sentence
