"""POSFeatures: how many nouns, pronouns, verbs, adjectives and adverbs a document has."""

import warnings
from collections.abc import Callable
from functools import cache
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import check_is_fitted

from ._chunks import Chunks, chunks_of
from ._documents import check_documents, map_chunks
from ._markup import strip_markup
from ._sentences import JOINING, ends_sentence, sentences, words_of
from ._words import Memo

_PERCEPTRON_DATA = "averaged_perceptron_tagger_eng"

FAMILIES = ("n_nouns", "n_pronouns", "n_verbs", "n_adjectives", "n_adverbs")
_TAGS_OF_FAMILIES = (
    "NN NNS NNP NNPS",
    "PRP PRP$ WP WP$",
    "VB VBD VBG VBN VBP VBZ",
    "JJ JJR JJS",
    "RB RBR RBS WRB",
)
_FAMILY_OF_TAG = {
    tag: place for place, tags in enumerate(_TAGS_OF_FAMILIES) for tag in tags.split()
}
_N_FAMILIES = len(FAMILIES)
_N_COUNTS = _N_FAMILIES + 1  # and all words, for the shares
# What a chunk counts inside a sentence, what changes if it opens one, whether it ends one, and
# whether it only joins words.
_INSIDE, _OPENING = slice(0, _N_COUNTS), slice(_N_COUNTS, _N_COUNTS + _N_FAMILIES)
_ENDS, _JOINS = _OPENING.stop, _OPENING.stop + 1


class POSFeatures(TransformerMixin, BaseEstimator):
    """Count the nouns, pronouns, verbs, adjectives and adverbs of raw documents.

    Run it on the raw text, before case, punctuation and endings are gone.

    Parameters
    ----------
    tagger : {"lexicon", "perceptron"} or object with a method ``tag``, default="lexicon"
        - ``"lexicon"``: the lexicon and the rules for endings of TextBlob's ``PatternTagger``,
          which look at single words. Needs no data.
        - ``"perceptron"``: NLTK's ``PerceptronTagger``, which also looks at the words around.
          Slower by an order of magnitude; needs NLTK's data
          ``averaged_perceptron_tagger_eng``, which is never downloaded here.
        - Any NLTK ``TaggerI``, or any object whose ``tag`` takes a list of words and returns
          pairs of word and Penn Treebank tag.

        The taggers count differently. So :meth:`fit` keeps the one it was given, and
        :meth:`transform` uses that one whatever the parameter says later.

    normalize : bool, default=False
        Return shares of all words instead of counts.

    strip_html : bool, default=True
        Remove markup first, as :class:`StemmingCleaner` does.

    n_jobs : int or None, default=None
        Number of processes, as in joblib. Fewer than 2,000 documents stay in this process.

    Attributes
    ----------
    tagger_ : str or object
        The tagger that :meth:`transform` uses: ``"lexicon"`` or the object that tags.

    See Also
    --------
    TextStatistics : Counts of characters, words and punctuation.
    StemmingCleaner : The words themselves.

    Notes
    -----
    Words are split as in the Penn Treebank, curly quotes are read as straight ones, and
    punctuation is never counted. Numbers, prepositions, modal verbs and the like belong to none
    of the five families. A line break ends a sentence, and so do colons and semicolons, which
    in postings stand before items of lists.

    The lexicon's tag depends on a word and on whether it opens a sentence. Both tags of a word
    are remembered by the process, so that counting costs little more than splitting.

    References
    ----------
    .. [1] Marcus, M., Santorini, B. and Marcinkiewicz, M. A. (1993). "Building a large annotated
       corpus of English: the Penn Treebank". Computational Linguistics 19(2).

    Examples
    --------
    >>> from jobtag_sklearn.feature_extraction import POSFeatures
    >>> pos = POSFeatures().set_output(transform="pandas")
    >>> pos.fit_transform(["She has carefully repaired old boilers."])
       n_nouns  n_pronouns  n_verbs  n_adjectives  n_adverbs
    0      1.0         1.0      2.0           1.0        1.0
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "tagger": [StrOptions({"lexicon", "perceptron"}), HasMethods("tag")],
        "normalize": ["boolean"],
        "strip_html": ["boolean"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        *,
        tagger: Any = "lexicon",
        normalize: bool = False,
        strip_html: bool = True,
        n_jobs: int | None = None,
    ) -> None:
        self.tagger = tagger
        self.normalize = normalize
        self.strip_html = strip_html
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> "POSFeatures":
        """Keep the tagger.

        Parameters
        ----------
        X : iterable of str, Series or one-column DataFrame
            Documents; they are only validated.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        LookupError
            If ``tagger="perceptron"`` and NLTK's data is not there.
        """
        check_documents(X, estimator=self)
        perceptron = isinstance(self.tagger, str) and self.tagger == "perceptron"
        self.tagger_ = _load_perceptron() if perceptron else self.tagger
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Count the parts of speech.

        Parameters
        ----------
        X : iterable of str, Series or one-column DataFrame
            Raw documents.

        Returns
        -------
        counts : ndarray of shape (n_documents, 5)
            Counts of nouns, pronouns, verbs, adjectives and adverbs, or their shares, float64.

        Raises
        ------
        ValueError
            If an entry is not text; the message names its row.
        """
        check_is_fitted(self)
        return self._of_documents(check_documents(X, estimator=self))

    def _of_documents(self, documents: list[str]) -> np.ndarray:
        """Count in documents that are known to be text."""
        if isinstance(self.tagger_, str):
            counts = map_chunks(_count_by_lexicon, documents, self.n_jobs, self.strip_html)
        else:
            counts = map_chunks(
                _count_by_tagger, documents, self.n_jobs, self.strip_html, self.tagger_
            )
        if self.normalize:
            return counts[:, :-1] / np.maximum(counts[:, -1:], 1)
        return counts[:, :-1]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored.

        Returns
        -------
        names : ndarray of shape (5,)
            Names of the counts, or of the shares if they are normalized.
        """
        prefix = "share_" if self.normalize else "n_"
        names = [prefix + name.removeprefix("n_") for name in FAMILIES]
        return np.asarray(names, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


def _load_perceptron() -> Any:
    from nltk.tag.perceptron import PerceptronTagger

    try:
        return PerceptronTagger()
    except LookupError:
        raise LookupError(
            f"tagger='perceptron' needs NLTK's data {_PERCEPTRON_DATA!r}, which is not on this "
            f"machine; run `python -m nltk.downloader {_PERCEPTRON_DATA}` once, or use "
            "tagger='lexicon'"
        ) from None


def _family(tag: str | None) -> int | None:
    """Return the place of a tag's family; of ``NN|JJ`` the first tag counts."""
    return _FAMILY_OF_TAG.get((tag or "").partition("|")[0])


def _count_by_tagger(documents: list[str], strip_html: bool, tagger: Any) -> np.ndarray:
    """Count with a tagger that looks at sentences; importable, for worker processes."""
    rows = np.zeros((len(documents), _N_COUNTS))
    for counts, document in zip(rows, documents, strict=True):
        for sentence in sentences(strip_markup(document) if strip_html else document):
            for _, tag in tagger.tag(sentence):
                counts[-1] += 1
                if (family := _family(tag)) is not None:
                    counts[family] += 1
    return rows


def _count_by_lexicon(documents: list[str], strip_html: bool) -> np.ndarray:
    """Count with the lexicon; importable, for worker processes."""
    row_of = _lexicon_rows()
    rows = []
    for part in chunks_of(documents, strip_html):
        table = part.table("parts of speech", row_of, _JOINS + 1)
        counts = part.sums(table[:, _INSIDE])
        opens = _opening(part, table[:, _ENDS], table[:, _JOINS])
        counts[:, :_N_FAMILIES] += part.sums_at(opens, table[:, _OPENING])
        rows.append(counts)
    return np.concatenate(rows, dtype=np.float64)


def _opening(part: Chunks, ends: np.ndarray, joins: np.ndarray) -> np.ndarray:
    """Return which chunks open a sentence, from which numbers end one or only join words."""
    opens = np.zeros(len(part.numbers), dtype=bool)
    opens[1:] = ends[part.numbers[:-1]]
    opens[part.lines] = False
    # in a line, the first chunk that does not only join words
    able = np.flatnonzero(joins[part.numbers] == 0)
    line_ends = np.append(part.lines[1:], len(opens))
    first = np.append(able, len(opens))[np.searchsorted(able, part.lines)]
    opens[first[first < line_ends]] = True
    return opens


@cache
def _lexicon_rows() -> Callable[[str], list[int]]:
    tag_of = lexicon_tagger()
    inside_word = Memo(lambda word: _family(tag_of(word, False)))
    opening_word = Memo(lambda word: _family(tag_of(word, True)))

    def row(chunk: str) -> list[int]:
        inside, opening = [0] * _N_COUNTS, [0] * _N_FAMILIES
        words = words_of(chunk)
        for word, opens in words:
            inside[-1] += 1
            if (family := (opening_word if opens else inside_word)[word]) is not None:
                inside[family] += 1
        if words:
            before, after = inside_word[words[0][0]], opening_word[words[0][0]]
            if before is not None:
                opening[before] -= 1
            if after is not None:
                opening[after] += 1
        return [*inside, *opening, ends_sentence(chunk), chunk in JOINING]

    return row


def lexicon_tagger() -> Callable[[str, bool], str]:
    """Return a function of a word, and whether it opens a sentence, that gives TextBlob's tag.

    Returns
    -------
    tag_of : callable
        Called as ``tag_of(word, opens)``.
    """
    # TextBlob imports all of NLTK: only when needed.
    from textblob.en import parser

    with warnings.catch_warnings():
        # TextBlob leaves closing its lexicon's file to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        parser.find_tags(["a"])

    def tag_of(word: str, opens: bool) -> str:
        tokens = [word] if opens else ["", word]
        return parser.find_tags(tokens)[-1][1]

    return tag_of
