"""How well sparse rows are reconstructed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from jobtag_sklearn.neural_network._batches import row_batches

#: Rows that are reconstructed together.
_TOGETHER = 128


def squared_errors(
    X: Any,
    columns: npt.NDArray[np.intp],
    reconstruct: Callable[[Any], npt.NDArray[np.float32]],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the squared error and the squared norm of each row.

    Parameters
    ----------
    X : csr_matrix or csr_array of shape (n_samples, n_features)
        Rows.
    columns : ndarray of shape (n_columns,)
        Columns that are reconstructed. The reconstruction of all others is zero.
    reconstruct : callable
        Function from rows to the reconstruction of their `columns`.

    Returns
    -------
    errors, norms : ndarray of shape (n_samples,)
        Squared errors and squared norms.
    """
    errors, norms = np.empty(X.shape[0]), np.empty(X.shape[0])
    for rows in row_batches(X.shape[0], _TOGETHER):
        part = X[rows]
        values = part.data.astype(np.float64)
        squares = sparse.csr_array((values**2, part.indices, part.indptr), shape=part.shape)
        seen = part[:, columns].toarray()
        norms[rows] = squares.sum(axis=1)
        unseen = norms[rows] - np.square(seen, dtype=np.float64).sum(axis=1)
        errors[rows] = np.square(seen - reconstruct(part)).sum(axis=1, dtype=np.float64)
        errors[rows] += np.maximum(unseen, 0)
    return errors, norms


def explained_variance(errors: npt.NDArray[np.float64], norms: npt.NDArray[np.float64]) -> float:
    """Return the share of the rows' squared norm that is reconstructed."""
    if not norms.any():
        return float(not errors.any())
    return float(1.0 - errors.sum() / norms.sum())
