"""TextStatistics: how long a document is and how it is written."""

import unicodedata
from collections import Counter
from collections.abc import Collection
from functools import partial
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions

from ._chunks import chunks_of
from ._documents import check_documents, map_chunks
from ._words import MAX_WORD, expand_contraction, fold, resolve_stop_words

STATISTICS = (
    "n_characters",
    "n_words",
    "word_density",
    "n_punctuation",
    "n_uppercase_words",
    "n_stop_words",
)
_N_COUNTS = 5  # all but the density, which is computed of two others


class TextStatistics(TransformerMixin, BaseEstimator):
    """Count characters, words, punctuation, capitals and stop words of raw documents.

    Run it on the raw text: a cleaner removes most of what is counted here.

    Parameters
    ----------
    statistics : "all" or collection of str, default="all"
        Which columns to return, in which order, out of

        - ``"n_characters"``: characters, a run of white space counting as one and none counting
          at the ends, so that the layout of the source does not matter;
        - ``"n_words"``: runs between white space that hold a letter or a digit;
        - ``"word_density"``: characters a word, ``n_characters / (n_words + 1)``;
        - ``"n_punctuation"``: punctuation marks and symbols, each one counted;
        - ``"n_uppercase_words"``: words with two letters or more, all of them capitals;
        - ``"n_stop_words"``: words that are stop words, or contractions of nothing else.

    stop_words : {"english"}, collection of str or None, default="english"
        What counts as a stop word (see :data:`ENGLISH_STOP_WORDS`).

    strip_html : bool, default=True
        Count what a reader sees: remove markup first, as :class:`StemmingCleaner` does. If
        False, tags count as words and punctuation.

    n_jobs : int or None, default=None
        Number of processes, as in joblib. Fewer than 2,000 documents stay in this process.

    See Also
    --------
    POSFeatures : Counts of parts of speech.
    StemmingCleaner : The words themselves.

    Notes
    -----
    The estimator is stateless: ``fit`` only validates, and ``transform`` works without it. All
    counts are taken in one pass over the words.

    Examples
    --------
    >>> from jobtag_sklearn.feature_extraction import TextStatistics
    >>> statistics = TextStatistics().set_output(transform="pandas")
    >>> statistics.fit_transform(["<p>NYC hires chefs &amp; a baker!</p>"]).round(1).T
                         0
    n_characters       26.0
    n_words             5.0
    word_density        4.3
    n_punctuation       2.0
    n_uppercase_words   1.0
    n_stop_words        1.0
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "statistics": [StrOptions({"all"}), list, tuple],
        "stop_words": [StrOptions({"english"}), list, tuple, set, frozenset, None],
        "strip_html": ["boolean"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        *,
        statistics: str | Collection[str] = "all",
        stop_words: str | Collection[str] | None = "english",
        strip_html: bool = True,
        n_jobs: int | None = None,
    ) -> None:
        self.statistics = statistics
        self.stop_words = stop_words
        self.strip_html = strip_html
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> "TextStatistics":
        """Validate parameters and documents; there is nothing to learn.

        Parameters
        ----------
        X : iterable of str, Series or one-column DataFrame
            Documents.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The estimator.
        """
        self._columns()
        resolve_stop_words(self.stop_words)
        check_documents(X, estimator=self)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Count.

        Parameters
        ----------
        X : iterable of str, Series or one-column DataFrame
            Raw documents.

        Returns
        -------
        counts : ndarray of shape (n_documents, n_statistics)
            One float64 column for each statistic.

        Raises
        ------
        ValueError
            If an entry is not text; the message names its row.
        """
        self._validate_params()
        return self._of_documents(check_documents(X, estimator=self))

    def _of_documents(self, documents: list[str]) -> np.ndarray:
        """Count in documents that are known to be text."""
        columns = self._columns()
        stop_words = resolve_stop_words(self.stop_words)
        counts = map_chunks(_count_documents, documents, self.n_jobs, stop_words, self.strip_html)
        # The counts hold one white space for each word; the last one has none behind it.
        counts[:, 0] = np.maximum(counts[:, 0] - 1, 0)
        density = counts[:, 0] / (counts[:, 1] + 1)
        return np.insert(counts, 2, density, axis=1)[:, columns]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored.

        Returns
        -------
        names : ndarray of shape (n_statistics,)
            Names of the statistics.
        """
        return np.asarray(STATISTICS, dtype=object)[self._columns()]

    def _columns(self) -> list[int]:
        names = STATISTICS if isinstance(self.statistics, str) else self.statistics
        for name in names:
            if name not in STATISTICS:
                raise ValueError(
                    f"unknown statistic {name!r}; choose from {', '.join(STATISTICS)}"
                )
        if not names:
            raise ValueError(f"statistics is empty; choose from {', '.join(STATISTICS)}")
        return [STATISTICS.index(name) for name in names]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags


def _count_documents(
    documents: list[str], stop_words: frozenset[str], strip_html: bool
) -> np.ndarray:
    """Count what is in each document; importable, for worker processes."""
    row_of = partial(_counts_of_chunk, stop_words=stop_words)
    counts = [
        part.sums(part.table(("statistics", stop_words), row_of, _N_COUNTS))
        for part in chunks_of(documents, strip_html)
    ]
    return np.concatenate(counts, dtype=np.float64)


def _counts_of_chunk(chunk: str, stop_words: frozenset[str]) -> tuple[int, ...]:
    is_word, n_marks = True, 0
    if not chunk.isalnum():
        characters = Counter(chunk)
        is_word = any(map(str.isalnum, characters))
        n_marks = sum(n for character, n in characters.items() if _is_mark(character))
    return (
        len(chunk) + 1,
        is_word,
        n_marks,
        chunk.isupper() and sum(map(str.isalpha, chunk)) > 1,
        len(chunk) <= MAX_WORD and _is_stop_word(chunk, stop_words),
    )


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _is_stop_word(chunk: str, stop_words: frozenset[str]) -> bool:
    start, stop = 0, len(chunk)
    while start < stop and not chunk[start].isalnum():
        start += 1
    while stop > start and not chunk[stop - 1].isalnum():
        stop -= 1
    word = fold(chunk[start:stop]).lower()
    if word in stop_words or f"{word}." in stop_words:
        return True
    parts = expand_contraction(word).split() if "'" in word else []
    return bool(parts) and all(part in stop_words for part in parts)
