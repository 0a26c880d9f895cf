"""HashingVectorizer: words become columns, thousands of words at once."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn import get_config
from sklearn.feature_extraction import text as sklearn_text
from sklearn.preprocessing import normalize
from sklearn.utils import gen_batches

from jobtag_sklearn.utils._overrides import overrides

from ._murmur_hash import murmurhash3_of_slices

_WORDS = r"\S+"
#: Methods of scikit-learn's that make words of a document, and columns of words.
_HOOKS = (
    "build_analyzer",
    "build_preprocessor",
    "build_tokenizer",
    "decode",
    "get_stop_words",
    "_get_hasher",
)
#: Documents at once: arrays of them stay in the processor's cache.
_BATCH = 512
#: Fewer documents are hashed sooner word by word.
_FEW = 8
#: More columns than this take longer to go through than their words to sort.
_SORTED_BY_COLUMN = 2**18
_SPACE, _LINE_BREAK = b" \n"


class HashingVectorizer(sklearn_text.HashingVectorizer):
    r"""Scikit-learn's HashingVectorizer, faster for text that is cleaned already.

    It has the parameters of :class:`sklearn.feature_extraction.text.HashingVectorizer` and
    gives the same columns. Where words are what stands between white space
    (``token_pattern=r"\S+"``, ``lowercase=False``, and neither stop words nor functions of the
    user's own), many words are hashed at once, which is about four times as fast.

    Parameters
    ----------
    input : {"content", "filename", "file"}, default="content"
        What documents are.
    encoding : str, default="utf-8"
        Encoding of documents that are bytes.
    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What becomes of bytes that are not in this encoding.
    strip_accents : {"ascii", "unicode"} or callable, default=None
        How accents are removed. None keeps them.
    lowercase : bool, default=True
        Whether everything becomes lower case.
    preprocessor : callable, default=None
        Takes the place of `strip_accents` and `lowercase`.
    tokenizer : callable, default=None
        Takes the place of `token_pattern`.
    stop_words : {"english"} or list of str, default=None
        Words that are left out.
    token_pattern : str, default=r"(?u)\b\w\w+\b"
        Regular expression of a word.
    ngram_range : tuple (int, int), default=(1, 1)
        How many neighbouring words a column stands for, at least and at most.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        Whether words or characters are counted.
    n_features : int, default=2**20
        Number of columns.
    binary : bool, default=False
        Whether counts above one become one.
    norm : {"l1", "l2"}, default="l2"
        Norm of the rows, or None.
    alternate_sign : bool, default=True
        Whether half of the words count down, so that words of one column may cancel out.
    dtype : type, default=np.float64
        Type of the counts.

    See Also
    --------
    StemmingCleaner : Cleans text first.
    IncrementalTfidfTransformer : Weights the columns by how rare they are.

    Notes
    -----
    Words are slices of one buffer of bytes, and MurmurHash3 is computed for all of them side by
    side, four bytes at a time.

    Examples
    --------
    >>> from jobtag_sklearn.feature_extraction import HashingVectorizer
    >>> words = HashingVectorizer(
    ...     n_features=16, token_pattern=r"\S+", lowercase=False, norm=None, alternate_sign=False
    ... )
    >>> words.transform(["cook clean cook", "clean"]).toarray().max(axis=1)
    array([2., 1.])
    """

    def transform(self, X: Any) -> sparse.csr_matrix | sparse.csr_array:
        """Turn documents into counts of their words.

        Parameters
        ----------
        X : iterable of str
            Documents.

        Returns
        -------
        counts : sparse matrix of shape (n_documents, n_features)
            Rows in CSR format.

        Raises
        ------
        ValueError
            If `X` is a single text, or holds no document.
        """
        if not isinstance(X, str):
            X = list(X)
            if len(X) >= _FEW and self._words_stand_between_spaces() and {*map(type, X)} == {str}:
                self._validate_ngram_range()
                parts = [self._count(X[rows]) for rows in gen_batches(len(X), _BATCH)]
                return self._finished(sparse.vstack(parts, format="csr", dtype=self.dtype))
        return super().transform(X)

    def _words_stand_between_spaces(self) -> bool:
        own = (self.tokenizer, self.preprocessor, self.strip_accents, self.stop_words)
        return (
            self.input == "content"
            and self.analyzer == "word"
            and self.token_pattern == _WORDS
            and not self.lowercase
            and all(parameter is None for parameter in own)
            and not overrides(self, sklearn_text.HashingVectorizer, *_HOOKS)
        )

    def _count(self, documents: list[str]) -> sparse.csr_array:
        buffer = _one_line_each(documents)
        starts, stops, rows = _words(buffer)
        found = []
        shortest, longest = self.ngram_range
        for n in range(shortest, longest + 1):
            n_grams = max(len(rows) - n + 1, 0)
            first, last = slice(0, n_grams), slice(n - 1, None)
            inside = rows[first] == rows[last]
            begin = starts[first][inside]
            hashes = murmurhash3_of_slices(buffer, begin, stops[last][inside] - begin)
            found.append((rows[first][inside], hashes))
        row, hashes = map(np.concatenate, zip(*found, strict=True))
        signs = np.ones(len(hashes), dtype=self.dtype)
        if self.alternate_sign:
            signs[hashes < 0] = -1
        # indices as wide as scikit-learn's: liblinear takes no others
        columns = (np.abs(hashes.astype(np.int64)) % self.n_features).astype(np.int32)
        shape = (len(documents), self.n_features)
        counts = sparse.coo_array((signs, (row.astype(np.int32), columns)), shape=shape)
        if self.n_features > _SORTED_BY_COLUMN:
            counts = counts.tocsr()
            counts.sum_duplicates()
            return counts
        # by columns and back by rows sorts in linear time
        by_column = counts.tocsc()
        by_column.sum_duplicates()
        return by_column.tocsr()

    def _finished(self, counts: Any) -> sparse.csr_matrix | sparse.csr_array:
        if self.binary:
            counts.data.fill(1)
        if self.norm is not None:
            counts = normalize(counts, norm=self.norm, copy=False)
        arrays = get_config().get("sparse_interface") == "sparray"
        return (sparse.csr_array if arrays else sparse.csr_matrix)(counts)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # scikit-learn says so since 1.8; before, a pipeline that ends here seems to be unfitted
        tags.requires_fit = False
        return tags


def _one_line_each(documents: list[str]) -> bytes:
    """Return documents with one space between words and a line break behind each document."""
    lines = [text if text.isascii() else " ".join(text.split()) for text in documents]
    buffer = "\n".join([*lines, ""]).encode()
    n_control = np.count_nonzero(np.frombuffer(buffer, dtype=np.uint8) < _SPACE)
    if n_control > len(lines) or b"  " in buffer:
        lines = [" ".join(text.split()) for text in documents]
        buffer = "\n".join([*lines, ""]).encode()
    return buffer


def _words(
    buffer: bytes,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where the words in a buffer start and stop, and their lines."""
    characters = np.frombuffer(buffer, dtype=np.uint8)
    stops = np.flatnonzero((characters == _SPACE) | (characters == _LINE_BREAK))
    starts = np.empty_like(stops)
    starts[:1] = 0
    starts[1:] = stops[:-1] + 1
    ends_line = characters[stops] == _LINE_BREAK
    lines = np.cumsum(ends_line) - ends_line
    # an empty line has a break and no word
    words = stops > starts
    return starts[words], stops[words], lines[words]
