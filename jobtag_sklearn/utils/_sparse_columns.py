"""Some columns of very wide sparse rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse


def columns_of(X: Any, columns: npt.NDArray[np.integer]) -> Any:
    """Return some columns, in ascending order, of a csr matrix with sorted rows.

    SciPy's own indexing needs time and memory for every column that there is.
    """
    position = np.searchsorted(columns, X.indices).astype(np.int32)
    # a column beyond the last one is compared with any other column, and differs
    position[position == len(columns)] = 0
    kept = columns[position] == X.indices if len(columns) else np.zeros(len(position), bool)
    indptr = np.concatenate([[0], np.cumsum(kept)])[X.indptr]
    # liblinear takes 32-bit indices only
    indptr = indptr.astype(np.int32 if indptr[-1] <= np.iinfo(np.int32).max else np.int64)
    return sparse.csr_array(
        (X.data[kept], position[kept], indptr), shape=(X.shape[0], len(columns))
    )


def columns_in(X: Any) -> npt.NDArray[np.int32]:
    """Return the columns of a csr matrix that hold a value other than zero, ascending."""
    return np.unique(X.indices[X.data != 0]).astype(np.int32)


def canonical(X: Any) -> Any:
    """Return validated rows as a csr matrix or array in canonical format."""
    if not sparse.issparse(X):
        return sparse.csr_array(X)
    # a new matrix of the same arrays: the caller may have changed them after the flags of
    # theirs were set
    X = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X
