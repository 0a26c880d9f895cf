"""POSFeatures: how many nouns, pronouns, verbs, adjectives and adverbs a document has."""

import warnings
from collections.abc import Callable
from functools import cache, lru_cache
from itertools import compress, islice
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import check_is_fitted

from ._counting import pack, to_array, to_bytes
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
_N_COUNTS = len(FAMILIES) + 1  # and all words, for the shares


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
            rows = map_chunks(_count_by_lexicon, documents, self.n_jobs, self.strip_html)
        else:
            rows = map_chunks(
                _count_by_tagger, documents, self.n_jobs, self.strip_html, self.tagger_
            )
        counts = to_array(rows, _N_COUNTS)
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


@lru_cache(maxsize=256)
def _packed_tag(tag: str | None) -> int:
    """Return the counts that one word with this tag adds; of ``NN|JJ`` the first tag counts."""
    family = _FAMILY_OF_TAG.get((tag or "").partition("|")[0])
    return pack(place in (family, _N_COUNTS - 1) for place in range(_N_COUNTS))


def _count_by_tagger(documents: list[str], strip_html: bool, tagger: Any) -> list[bytes]:
    """Count with a tagger that looks at sentences; importable, for worker processes."""
    rows = []
    for document in documents:
        text = strip_markup(document) if strip_html else document
        packed = 0
        for sentence in sentences(text):
            packed += sum(_packed_tag(tag) for _, tag in tagger.tag(sentence))
        rows.append(to_bytes(packed, _N_COUNTS))
    return rows


def _count_by_lexicon(documents: list[str], strip_html: bool) -> list[bytes]:
    """Count with the lexicon; importable, for worker processes."""
    inside, opening, ends = (memo.__getitem__ for memo in _lexicon_memos())
    rows = []
    for document in documents:
        packed = 0
        for line in (strip_markup(document) if strip_html else document).splitlines():
            chunks = line.split()
            if not chunks:
                continue
            packed += sum(map(inside, chunks))
            packed += sum(map(opening, compress(islice(chunks, 1, None), map(ends, chunks))))
            first = next((chunk for chunk in chunks if chunk not in JOINING), None)
            if first is not None and (first is chunks[0] or not ends(chunks[0])):
                packed += opening(first)
        rows.append(to_bytes(packed, _N_COUNTS))
    return rows


@cache
def _lexicon_memos() -> tuple[Memo[int], Memo[int], Memo[bool]]:
    """Return what a chunk counts inside a sentence, what changes if it opens one, and its end."""
    tag_of = lexicon_tagger()
    inside_word = Memo(lambda word: _packed_tag(tag_of(word, False)))
    opening_word = Memo(lambda word: _packed_tag(tag_of(word, True)) - inside_word[word])

    def inside(chunk: str) -> int:
        return sum(
            inside_word[word] + (opening_word[word] if opens else 0)
            for word, opens in words_of(chunk)
        )

    def opening(chunk: str) -> int:
        words = words_of(chunk)
        return opening_word[words[0][0]] if words else 0

    return Memo(inside), Memo(opening), Memo(ends_sentence)


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
