"""StemmingCleaner: documents in, stems out."""

from collections.abc import Collection
from numbers import Integral
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import HasMethods, StrOptions

from ._documents import as_container, check_documents, map_chunks
from ._markup import strip_markup, strip_markup_with_spans
from ._word_cleaner import CleaningSettings, make_settings, word_cleaner
from ._words import PROTECTED_TOKENS


class Token(NamedTuple):
    """A word of a document and what :class:`StemmingCleaner` makes of it.

    Parameters
    ----------
    start : int
        Index of its first character in the document as it came, markup included.

    stop : int
        Index behind its last character.

    text : str
        The word as a reader sees it.

    stems : str
        What stands for it in the cleaned document; a contraction may give two stems.
    """

    start: int
    stop: int
    text: str
    stems: str


class StemmingCleaner(  # type: ignore[call-arg]
    TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    r"""Turn raw documents into space-separated stems.

    Removes markup, expands contractions, folds case, removes punctuation, numbers and stop words
    and stems what is left, in this order. Each step can be switched off. Names of things that
    these steps would destroy (``C++``, ``.NET``, ``IT``) are protected.

    Parameters
    ----------
    strip_html : bool, default=True
        Remove tags, comments, scripts and style sheets and resolve entities, twice, since boards
        often escape twice. Text such as ``C++ < 5 years`` or ``List<String>`` is left alone.

    expand_contractions : bool, default=True
        ``you'll`` becomes ``you will``, ``can't`` becomes ``can not``, and the ``'s`` of a
        possessive goes. A contraction needs an apostrophe, straight or curly.

    lowercase : bool, default=True
        Convert to lower case. Stop words are found in any case. NLTK's stemmers return lower
        case whatever is asked here.

    strip_punctuation : bool, default=True
        Remove everything but letters and digits; an acronym closes up (``U.S.`` becomes ``us``,
        and is kept). If False, runs of punctuation become words of their own.

    strip_digits : bool, default=True
        Remove words without a letter, such as ``2019``. Words that mix letters and digits, such
        as ``401k`` or ``b2b``, stay.

    stop_words : {"english"}, collection of str or None, default="english"
        Words to leave out. ``"english"`` is a list of function words that leaves out no word
        of any trade (see :data:`ENGLISH_STOP_WORDS`).

    protected_tokens : collection of str or None, default=PROTECTED_TOKENS
        Words that are kept as they are, apart from case. An entry in lower case is found in any
        case, an entry with a capital only as it stands.

    stemmer : {"snowball", "porter"}, callable, StemmerI or None, default="snowball"
        NLTK's Snowball stemmer for English or its Porter stemmer, neither of which needs data to
        be downloaded; any function from word to stem; any NLTK ``StemmerI``; or no stemming.
        A stem must depend on the word alone. Words of more than 64 characters are not stemmed.

    n_jobs : int or None, default=None
        Number of processes, as in joblib. Fewer than 2,000 documents stay in this process,
        where they take less time than sending them to another.

    See Also
    --------
    TextStatistics : Counts of characters, words and punctuation of the raw text.
    POSFeatures : Counts of parts of speech of the raw text.
    sklearn.feature_extraction.text.HashingVectorizer : Turns the stems into columns.

    Notes
    -----
    The estimator is stateless: ``fit`` only validates, and ``transform`` works without it.

    What a word becomes is computed once and remembered, for up to 131,072 words, by the process
    and not by the estimator: clones with equal parameters share what is remembered, and pickles
    hold none of it.

    Give the output to :class:`~sklearn.feature_extraction.text.HashingVectorizer` with
    ``analyzer=str.split``, or, for n-grams, with ``tokenizer=str.split, token_pattern=None,
    lowercase=False``: its default expression for tokens would drop ``c`` and the signs of
    ``c++``.

    The output is text, not numbers, and stays one-dimensional whatever :meth:`set_output` says,
    for that is what scikit-learn's vectorizers read.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import HashingVectorizer
    >>> from sklearn.pipeline import make_pipeline
    >>> from jobtag_sklearn.feature_extraction import StemmingCleaner
    >>> postings = ["<p>We&#39;re hiring C++ developers!</p>", "Plumber: 5 years&amp;nbsp;paid"]
    >>> StemmingCleaner().transform(postings)
    array(['hire c++ develop', 'plumber year paid'], dtype=object)
    >>> features = make_pipeline(
    ...     StemmingCleaner(), HashingVectorizer(n_features=2**14, analyzer=str.split)
    ... )
    >>> features.fit_transform(postings).shape
    (2, 16384)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "strip_html": ["boolean"],
        "expand_contractions": ["boolean"],
        "lowercase": ["boolean"],
        "strip_punctuation": ["boolean"],
        "strip_digits": ["boolean"],
        "stop_words": [StrOptions({"english"}), list, tuple, set, frozenset, None],
        "protected_tokens": [list, tuple, set, frozenset, None],
        "stemmer": [StrOptions({"snowball", "porter"}), HasMethods("stem"), callable, None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        *,
        strip_html: bool = True,
        expand_contractions: bool = True,
        lowercase: bool = True,
        strip_punctuation: bool = True,
        strip_digits: bool = True,
        stop_words: str | Collection[str] | None = "english",
        protected_tokens: Collection[str] | None = PROTECTED_TOKENS,
        stemmer: Any = "snowball",
        n_jobs: int | None = None,
    ) -> None:
        self.strip_html = strip_html
        self.expand_contractions = expand_contractions
        self.lowercase = lowercase
        self.strip_punctuation = strip_punctuation
        self.strip_digits = strip_digits
        self.stop_words = stop_words
        self.protected_tokens = protected_tokens
        self.stemmer = stemmer
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> "StemmingCleaner":
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
        self._settings()
        check_documents(X, estimator=self)
        return self

    def transform(self, X: Any) -> "np.ndarray | pd.Series":
        """Clean documents.

        Parameters
        ----------
        X : iterable of str, Series or one-column DataFrame
            Documents.

        Returns
        -------
        X_clean : ndarray of shape (n_documents,) or Series
            One string of space-separated stems for each document, in their order. A Series or
            a DataFrame gives a Series with its index and name.

        Raises
        ------
        ValueError
            If an entry is not text; the message names its row.
        """
        self._validate_params()
        return self._wrap(self._of_documents(check_documents(X, estimator=self)), X)

    def _of_documents(self, documents: list[str]) -> list[str]:
        """Clean documents that are known to be text."""
        return map_chunks(
            _clean_documents, documents, self.n_jobs, self._settings(), self.strip_html
        )

    def tokenize(self, document: str) -> list[Token]:
        """Pair the words of one document with their stems.

        It runs the code that :meth:`transform` runs: the stems, joined by spaces, are what
        :meth:`transform` returns.

        Parameters
        ----------
        document : str
            One raw document.

        Returns
        -------
        tokens : list of Token
            Named tuples ``(start, stop, text, stems)`` of the words that are kept, in the order
            of the document; ``document[start:stop]`` is where the word stands.

        Examples
        --------
        >>> from jobtag_sklearn.feature_extraction import StemmingCleaner
        >>> for token in StemmingCleaner().tokenize("<b>Teaching</b> the C# classes"):
        ...     print(*token)
        3 11 Teaching teach
        20 22 C# c#
        23 30 classes class
        """
        self._validate_params()
        (document,) = check_documents([document], estimator=self)
        cleaner = word_cleaner(self._settings())
        if not self.strip_html or ("<" not in document and "&" not in document):
            found = cleaner.tokens(document)
            return [
                Token(start, stop, document[start:stop], stems) for start, stop, stems in found
            ]
        text, starts, stops = strip_markup_with_spans(document)
        return [
            Token(starts[start], stops[stop - 1], text[start:stop], stems)
            for start, stop, stems in cleaner.tokens(text)
        ]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the name of the one column of text.

        Parameters
        ----------
        input_features : array-like of str of length 1, default=None
            Name of the column that comes in, which is kept.

        Returns
        -------
        names : ndarray of shape (1,)
            The name of the column that came in, or ``document``.
        """
        names = ["document"] if input_features is None else list(input_features)
        if len(names) != 1:
            raise ValueError(f"input_features must hold the name of one column, got {names}")
        return np.asarray(names, dtype=object)

    def set_output(self, *, transform: str | None = None) -> "StemmingCleaner":
        """Choose the container of the output.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            With ``"pandas"``, lists and arrays come out as a Series too. Else nothing changes.

        Returns
        -------
        self : object
            The estimator.
        """
        if transform is not None:
            if transform not in ("default", "pandas", "polars"):
                raise ValueError(
                    f"transform must be 'default', 'pandas', 'polars' or None, got {transform!r}"
                )
            self._sklearn_output_config = {"transform": transform}
        return self

    def _wrap(self, cleaned: list[str], X: Any) -> "np.ndarray | pd.Series":
        config = getattr(self, "_sklearn_output_config", {})
        texts = as_container(cleaned, X)
        if config.get("transform", get_config()["transform_output"]) == "pandas":
            return pd.Series(texts)
        return texts

    def _settings(self) -> CleaningSettings:
        return make_settings(
            expand_contractions=self.expand_contractions,
            lowercase=self.lowercase,
            strip_punctuation=self.strip_punctuation,
            strip_digits=self.strip_digits,
            stop_words=self.stop_words,
            protected_tokens=self.protected_tokens,
            stemmer=self.stemmer,
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags


def _clean_documents(
    documents: list[str], settings: CleaningSettings, strip_html: bool
) -> list[str]:
    """Clean a list of documents; importable, for worker processes."""
    clean = word_cleaner(settings).clean
    if strip_html:
        return [clean(strip_markup(document)) for document in documents]
    return list(map(clean, documents))
