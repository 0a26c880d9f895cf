"""From a run of characters between white space to stems: the code path behind the memo."""

import re
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from ._words import (
    MAX_WORD,
    Memo,
    expand_contraction,
    fold,
    resolve_protected_tokens,
    resolve_stop_words,
    token_pattern,
)


class CleaningSettings(NamedTuple):
    """The parameters of a cleaner that decide what becomes of a word."""

    expand_contractions: bool
    lowercase: bool
    strip_punctuation: bool
    strip_digits: bool
    stop_words: frozenset[str]
    protected_tokens: tuple[str, ...]
    stemmer: Any


def make_settings(
    *,
    expand_contractions: bool,
    lowercase: bool,
    strip_punctuation: bool,
    strip_digits: bool,
    stop_words: str | Collection[str] | None,
    protected_tokens: Collection[str] | None,
    stemmer: Any,
) -> CleaningSettings:
    """Return settings that are checked and can be a key, from a cleaner's parameters."""
    return CleaningSettings(
        bool(expand_contractions),
        bool(lowercase),
        bool(strip_punctuation),
        bool(strip_digits),
        resolve_stop_words(stop_words),
        resolve_protected_tokens(protected_tokens),
        stemmer,
    )


class WordCleaner:
    """Cleans the words of documents without markup.

    Parameters
    ----------
    settings : CleaningSettings
        What to do.
    """

    def __init__(self, settings: CleaningSettings) -> None:
        self._settings = settings
        self._stop_words = settings.stop_words
        self._protected = frozenset(settings.protected_tokens)
        self._stem = _stemming_function(settings.stemmer)
        self._pattern = re.compile(token_pattern(settings.protected_tokens))
        self._stems_of_token = Memo(self._clean_token).__getitem__
        self._stems_of_chunk = Memo(self._clean_chunk).__getitem__

    def clean(self, text: str) -> str:
        """Return the stems of a text, with one space between them."""
        return " ".join(filter(None, map(self._stems_of_chunk, text.split())))

    def tokens(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield start, end and stems of the tokens of a text that :meth:`clean` keeps."""
        for match in self._pattern.finditer(text):
            if stems := self._stems_of_token(match[0]):
                yield *match.span(), stems

    def _clean_chunk(self, chunk: str) -> str:
        """Return the stems of what stands between white space."""
        if chunk.isalnum():
            return self._stems_of_token(chunk)
        tokens = self._pattern.findall(chunk)
        return " ".join(filter(None, map(self._stems_of_token, tokens)))

    def _clean_token(self, token: str) -> str:
        settings = self._settings
        if len(token) > MAX_WORD:
            return self._clean_run(token)
        word = fold(token)
        lower = word.lower()
        if word in self._protected or lower in self._protected:
            return lower if settings.lowercase else word
        if not word[:1].isalnum():
            return "" if settings.strip_punctuation else word
        if lower in self._stop_words:
            return ""
        if settings.lowercase:
            word = lower
        if "." in word:  # an acronym: U.S. becomes us, and stays though us is a stop word
            return word.replace(".", "") if settings.strip_punctuation else word
        if settings.expand_contractions and "'" in word:
            word = expand_contraction(lower) if word == lower else _expand_cased(word)
        return " ".join(filter(None, map(self._clean_word, word.split())))

    def _clean_word(self, word: str) -> str:
        settings = self._settings
        if settings.strip_digits and not any(map(str.isalpha, word)):
            return ""
        if word.lower() in self._stop_words:
            return ""
        if settings.strip_punctuation:
            word = word.replace("'", "")
        return self._stem(word)

    def _clean_run(self, run: str) -> str:
        """Clean what is too long for a word: an address, a line of dashes, a picture as text."""
        if not run[0].isalnum():
            return "" if self._settings.strip_punctuation else run
        if self._settings.strip_digits and not any(map(str.isalpha, run)):
            return ""
        return run.lower() if self._settings.lowercase else run


def _expand_cased(word: str) -> str:
    """Expand a contraction, with the first word as it is written: ``We'll`` is ``We will``."""
    first, *others = expand_contraction(word.lower()).split()
    if word.lower().startswith(first):
        first = word[: len(first)]
    return " ".join([first, *others])


def _stemming_function(stemmer: Any) -> Callable[[str], str]:
    if stemmer is None:
        return str
    if isinstance(stemmer, str):
        # Importing NLTK takes longer than everything else in this package: only when needed.
        if stemmer == "porter":
            from nltk.stem.porter import PorterStemmer

            return PorterStemmer().stem
        from nltk.stem.snowball import SnowballStemmer

        return SnowballStemmer("english").stem
    stem = getattr(stemmer, "stem", stemmer)

    def checked(word: str) -> str:
        result = stem(word)
        if not isinstance(result, str):
            raise ValueError(
                f"stemmer must return text, got {result!r} for the word {word!r}; "
                "return the word itself where there is no stem"
            )
        return result

    return checked


@lru_cache(maxsize=4)
def _cached_word_cleaner(settings: CleaningSettings) -> WordCleaner:
    return WordCleaner(settings)


def word_cleaner(settings: CleaningSettings) -> WordCleaner:
    """Return the cleaner for some settings, with the words it remembers if there is one.

    The memo hangs on the settings and not on the estimator, so that clones, folds of a grid
    search and calls in a worker process share it, and no pickle holds it.
    """
    try:
        return _cached_word_cleaner(settings)
    except TypeError:  # a stemmer that cannot be a key
        return WordCleaner(settings)
