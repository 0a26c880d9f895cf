"""What the default pipeline does with hashed columns, and with text before it is hashed."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from ._documents import check_documents


def join_texts(jobs: pd.DataFrame) -> list[str]:
    """Join the columns of a table of texts, row by row.

    Parameters
    ----------
    jobs : DataFrame of shape (n_jobs, n_columns)
        Texts.

    Returns
    -------
    texts : list of str
        The texts of each row, with a line break between them.
    """
    columns = [check_documents(jobs[name]) for name in jobs.columns]
    return ["\n".join(texts) for texts in zip(*columns, strict=True)]


class ColumnFolder(TransformerMixin, BaseEstimator):
    """Fold hashed columns into fewer ones.

    Column ``i`` is added to column ``i % n_components``. If both widths are powers of two, this
    gives the columns that hashing to `n_components` columns would have given.

    Parameters
    ----------
    n_components : int, default=32768
        Number of columns afterwards.
    n_features : int, default=None
        Number of leading columns to fold; the others are left out. None folds all columns.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, where all of them are text.

    See Also
    --------
    HashingVectorizer : Hashes words to columns.

    Examples
    --------
    >>> import numpy as np
    >>> from jobtag_sklearn.feature_extraction import ColumnFolder
    >>> ColumnFolder(2).fit_transform(np.array([[1.0, 2.0, 3.0, 4.0]])).toarray()
    array([[4., 6.]])
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_features": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, n_components: int = 2**15, *, n_features: int | None = None) -> None:
        self.n_components = n_components
        self.n_features = n_features

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> ColumnFolder:
        """Check the columns.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : ColumnFolder
            The transformer.
        """
        self._validate(X, reset=True)
        return self

    def transform(self, X: Any) -> Any:
        """Fold columns.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns.

        Returns
        -------
        folded : csr_array of shape (n_samples, n_components)
            Sums of columns.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        data, indices, indptr = X.data, X.indices, X.indptr
        if self.n_features is not None and self.n_features < X.shape[1]:
            kept = indices < self.n_features
            indptr = np.concatenate([[0], np.cumsum(kept)])[indptr]
            data, indices = data[kept], indices[kept]
        else:
            data = data.copy()  # sums are made in place
        folded = sparse.csr_array(
            (data, indices % self.n_components, indptr.astype(indices.dtype)),
            shape=(X.shape[0], self.n_components),
        )
        folded.sum_duplicates()
        return folded

    def _validate(self, X: Any, *, reset: bool) -> Any:
        X = validate_data(
            self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=reset
        )
        return X if sparse.issparse(X) else sparse.csr_array(X)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Return names of the folded columns.

        Parameters
        ----------
        input_features : Ignored
            Present for API consistency.

        Returns
        -------
        names : ndarray of shape (n_components,), dtype object
            ``columnfolder0``, ``columnfolder1``, ...
        """
        return np.array([f"columnfolder{i}" for i in range(self.n_components)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
