"""Titles and descriptions of generated postings are put together, all postings at once."""

import html
from collections.abc import Mapping

import numpy as np

from jobtag_sklearn.datasets import _vocabulary as vocabulary

_PLAIN, _LINES, _HTML, _ESCAPED = range(4)
_STYLE_SHARES = (0.3, 0.2, 0.38, 0.12)
_MAX_DUTIES = 4
_MAX_SKILLS = 4
_YEARS = tuple(map(str, range(1968, 2026)))

# How a style opens and closes a paragraph, a heading, a list and an item, in that order.
_MARKS = np.array(
    [
        ["", "\n\n", "", ":\n", "", "\n", "- ", "\n"],
        ["", "<br><br>", "<b>", "</b><br/>", "", "<br>", "&bull;&nbsp;", "<br>\n"],
        ["<p>", "</p>\n", "<h3>", "</h3>\n", "<ul>\n", "</ul>\n", "<li>", "</li>\n"],
        ["<p>", "</p>", "<p><strong>", "</strong></p>", '<ul class="list">', "</ul>", "<li>",
         "</li>"],
    ],
    dtype=object,
)  # fmt: skip


def write_titles(
    rng: np.random.RandomState,
    main: np.ndarray,
    words: Mapping[str, vocabulary.Words],
    vague: float,
) -> np.ndarray:
    """Write one title a posting, a share of them without a word on its tags."""
    n = len(main)
    vague_of = np.where(rng.random_sample(n) < vague, len(words), main)
    pools = [_split(word.roles) for word in words.values()] + [_split(vocabulary.VAGUE_ROLES)]
    ranks = _draw(rng, [rank + " " if rank else "" for rank in _split(vocabulary.RANKS)], n)
    ends = _draw(rng, [" " + end if end else "" for end in _split(vocabulary.ROLE_ENDS)], n)
    return ranks + _draw_from(rng, pools, vague_of) + _fill(rng, ends)


def write_descriptions(
    rng: np.random.RandomState,
    shown: np.ndarray,
    words: Mapping[str, vocabulary.Words],
    noise: float,
) -> np.ndarray:
    """Write one description a posting whose duties and skills speak of its tags."""
    n = len(shown)
    style = rng.choice(len(_STYLE_SHARES), size=n, p=_STYLE_SHARES)
    marks = _MARKS[style]
    duties = [_split(word.duties) for word in words.values()]
    skills = [_split(word.skills) for word in words.values()]

    text = marks[:, 0] + _sentences(rng, vocabulary.INTRODUCTIONS, style) + marks[:, 1]
    text += marks[:, 2] + _draw(rng, ["Your tasks", "What you'll do", "The role"], n) + marks[:, 3]
    text += marks[:, 4]
    for item in _items(rng, [*duties, _split(vocabulary.VAGUE_DUTIES)], shown, noise, _MAX_DUTIES):
        text += _item(item, marks, style)
    text += marks[:, 5] + marks[:, 2]
    text += _draw(rng, ["You bring", "Your profile", "What we're looking for"], n) + marks[:, 3]
    text += marks[:, 4]
    for item in _items(rng, [*skills, _split(vocabulary.VAGUE_SKILLS)], shown, noise, _MAX_SKILLS):
        text += _item(item, marks, style)
    text += marks[:, 5] + marks[:, 0] + _mention(rng, duties, n, noise, style)
    text += _sentences(rng, vocabulary.BENEFITS, style) + " "
    text += _sentences(rng, vocabulary.CLOSINGS, style) + marks[:, 1]
    twice = style == _ESCAPED
    text[twice] = [html.escape(description) for description in text[twice]]
    return text


def _items(
    rng: np.random.RandomState, pools: list[list[str]], shown: np.ndarray, noise: float, most: int
) -> list[np.ndarray]:
    """Draw up to ``most`` phrases a posting; the last pool holds those that say nothing."""
    n, n_tags = shown.shape
    length = rng.randint(2, most + 1, size=n)
    items: list[np.ndarray] = []
    for place in range(most):
        tag = np.where(
            shown.any(axis=1), (rng.random_sample(shown.shape) * shown).argmax(axis=1), n_tags
        )
        misleads = rng.random_sample(n)
        tag = np.where(misleads < noise, n_tags, tag)
        tag = np.where(misleads < noise / 3, rng.randint(n_tags, size=n), tag)
        phrases = _draw_from(rng, pools, tag)
        phrases[place >= length] = ""
        for earlier in items:
            phrases[phrases == earlier] = ""
        items.append(phrases)
    return items


def _item(phrases: np.ndarray, marks: np.ndarray, style: np.ndarray) -> np.ndarray:
    """Write one item of a list, or nothing where there is no phrase."""
    written = marks[:, 6] + _escaped(phrases, style) + marks[:, 7]
    return np.where(phrases == "", "", written)


def _mention(
    rng: np.random.RandomState,
    duties: list[list[str]],
    n: int,
    noise: float,
    style: np.ndarray,
) -> np.ndarray:
    """Write for a share of the postings what others do there, which is no evidence."""
    sentences = np.full(n, "", dtype=object)
    chosen = np.flatnonzero(rng.random_sample(n) < noise)
    before, after = _halves(_draw(rng, _split(vocabulary.MENTIONS), len(chosen)))
    phrases = _draw_from(rng, duties, rng.randint(len(duties), size=len(chosen)))
    sentences[chosen] = _escaped(before + phrases + after, style[chosen]) + " "
    return sentences


def _sentences(rng: np.random.RandomState, pool: str, style: np.ndarray) -> np.ndarray:
    """Draw a sentence a posting and fill in company, city and year."""
    return _escaped(_fill(rng, _draw(rng, _split(pool), len(style))), style)


def _fill(rng: np.random.RandomState, texts: np.ndarray) -> np.ndarray:
    """Put a company, a city and a year where the texts have a place for them."""
    companies = _draw(rng, _split(vocabulary.COMPANIES), len(texts))
    cities = _draw(rng, _split(vocabulary.CITIES), len(texts))
    years = _draw(rng, list(_YEARS), len(texts))
    filled = [
        text.format(company=company, city=city, year=year) if "{" in text else text
        for text, company, city, year in zip(texts, companies, cities, years, strict=True)
    ]
    return np.array(filled, dtype=object)


def _escaped(texts: np.ndarray, style: np.ndarray) -> np.ndarray:
    """Write what HTML keeps for itself as entities, except in plain text."""
    out = texts.copy()
    marked = style != _PLAIN
    out[marked] = [
        text.replace("&", "&amp;").replace("'", "&rsquo;") if "&" in text or "'" in text else text
        for text in texts[marked]
    ]
    return out


def _halves(texts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut each text at its place for a phrase."""
    parts = [text.partition("{x}") for text in texts]
    before = np.array([part[0] for part in parts], dtype=object)
    return before, np.array([part[2] for part in parts], dtype=object)


def _draw(rng: np.random.RandomState, pool: list[str], n: int) -> np.ndarray:
    """Draw ``n`` texts from one pool, all equally likely."""
    return np.array(pool, dtype=object)[rng.randint(len(pool), size=n)]


def _draw_from(
    rng: np.random.RandomState, pools: list[list[str]], which: np.ndarray
) -> np.ndarray:
    """Draw a text from the pool that each posting names, early texts more often than late."""
    sizes = np.array([len(pool) for pool in pools])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    # The exponent makes the first text of ten about five times as frequent as the last.
    place = (sizes[which] * rng.random_sample(len(which)) ** 1.5).astype(np.intp)
    return np.array([text for pool in pools for text in pool], dtype=object)[starts[which] + place]


def _split(phrases: str) -> list[str]:
    """Cut a row of phrases at its bars."""
    return [phrase.strip() for phrase in phrases.split("|")]
