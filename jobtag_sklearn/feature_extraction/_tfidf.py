"""IncrementalTfidfTransformer: weights that follow the documents as they come in."""

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import validate_data


class IncrementalTfidfTransformer(TfidfTransformer):
    """Weight counts by term and inverse document frequency, batch after batch.

    scikit-learn's :class:`~sklearn.feature_extraction.text.TfidfTransformer` with a
    ``partial_fit`` that adds the documents of a batch to those seen before. Fitted once, or in
    batches on the same documents, it gives the same weights as the original.

    Parameters
    ----------
    norm : {"l1", "l2"} or None, default="l2"
        What each row is scaled to length one by.

    use_idf : bool, default=True
        Weight by inverse document frequency. If False, nothing is learned.

    smooth_idf : bool, default=True
        Count one more document that holds every term, so that no frequency is zero.

    sublinear_tf : bool, default=False
        Replace a count ``tf`` by ``1 + log(tf)``.

    min_df : int, default=0
        Terms in fewer documents than this have weight 0, until batches bring more of them.
        Needs ``use_idf``.

    Attributes
    ----------
    n_samples_seen_ : int
        Number of documents seen so far.

    document_frequency_ : ndarray of shape (n_features,)
        Number of documents seen so far that hold each term.

    idf_ : ndarray of shape (n_features,)
        Inverse document frequencies; only if ``use_idf``.

    n_features_in_ : int
        Number of columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if the input has names that are all text.

    See Also
    --------
    sklearn.feature_extraction.text.TfidfTransformer : The original, without ``partial_fit``.

    Notes
    -----
    Without ``smooth_idf``, a term in no document so far is weighted as if it were in one; the
    original divides by zero there.

    The weight of a term changes with every batch. A model trained on the output sees the same
    posting a little differently after an update; the more documents were seen before, the less.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import HashingVectorizer
    >>> from jobtag_sklearn.feature_extraction import IncrementalTfidfTransformer
    >>> counts = HashingVectorizer(n_features=64, alternate_sign=False, norm=None).transform(
    ...     ["pipe fitter", "pipe welder", "pastry chef"]
    ... )
    >>> tfidf = IncrementalTfidfTransformer().fit(counts[:2])
    >>> tfidf.partial_fit(counts[2:]).n_samples_seen_
    3
    """

    _parameter_constraints: ClassVar[dict] = {
        **TfidfTransformer._parameter_constraints,
        "min_df": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        norm: str | None = "l2",
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
        min_df: int = 0,
    ) -> None:
        super().__init__(
            norm=norm, use_idf=use_idf, smooth_idf=smooth_idf, sublinear_tf=sublinear_tf
        )
        self.min_df = min_df

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> "IncrementalTfidfTransformer":
        """Learn the weights from these documents alone.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts of terms.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        return self._add(X, first=True)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> "IncrementalTfidfTransformer":
        """Add the documents of a batch to those seen before.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Counts of terms, with as many columns as before.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        return self._add(X, first=not hasattr(self, "n_samples_seen_"))

    def _add(self, X: Any, *, first: bool) -> "IncrementalTfidfTransformer":
        X = validate_data(
            self,
            X,
            accept_sparse=("csr", "csc"),
            dtype=[np.float64, np.float32],
            reset=first,
        )
        if not sparse.issparse(X):
            X = sparse.csr_array(X)
        if first:
            self.n_samples_seen_: int = 0
            self.document_frequency_: np.ndarray = np.zeros(X.shape[1], dtype=np.int32)
        self.n_samples_seen_ += X.shape[0]
        frequency = self.document_frequency_ + _document_frequency(X)
        self.document_frequency_ = frequency.astype(np.int32)
        if self.use_idf:
            self.idf_ = self._inverse(X.dtype)
        elif hasattr(self, "idf_"):
            del self.idf_
        return self

    def _inverse(self, dtype: np.dtype) -> np.ndarray:
        """Return the formula of :class:`TfidfTransformer`, in the precision of the input."""
        frequency = self.document_frequency_.astype(dtype)
        if self.smooth_idf:
            frequency += 1.0
        else:
            np.maximum(frequency, 1.0, out=frequency)
        idf = np.full_like(frequency, self.n_samples_seen_ + int(self.smooth_idf))
        idf /= frequency
        np.log(idf, out=idf)
        idf += 1.0
        idf[self.document_frequency_ < self.min_df] = 0.0
        return idf

    def __getstate__(self) -> dict[str, Any]:
        """Save the frequencies of terms that occurred; the weights follow from them."""
        state = dict(super().__getstate__())
        if "document_frequency_" in state:
            frequency = state.pop("document_frequency_")
            terms = np.flatnonzero(frequency).astype(np.int32)
            state["_saved_frequency"] = len(frequency), terms, frequency[terms]
            if "idf_" in state:
                state["_saved_dtype"] = state.pop("idf_").dtype.str
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        saved, dtype = state.pop("_saved_frequency", None), state.pop("_saved_dtype", None)
        super().__setstate__(state)
        if saved is not None:
            n_features, terms, frequency = saved
            self.document_frequency_ = np.zeros(n_features, dtype=np.int32)
            self.document_frequency_[terms] = frequency
            if dtype is not None:
                self.idf_ = self._inverse(np.dtype(dtype))


def _document_frequency(X: Any) -> np.ndarray:
    """Return the number of rows in which each column is stored."""
    if X.format == "csr":
        return np.bincount(X.indices, minlength=X.shape[1])
    return np.diff(X.indptr)
