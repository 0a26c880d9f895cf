"""Columns of scores of tags that a classifier does not know yet."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import _safe_indexing, check_array
from sklearn.utils.validation import _get_feature_names


def without_new_scores(
    X: Any, n_features: int, n_known: int, n_new: int
) -> tuple[Any, npt.NDArray[np.float32] | None, list[str]]:
    """Take the scores of new tags out of rows.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_columns)
        Rows. With ``n_features + n_new`` columns, those after the first `n_known` are the
        scores of new tags. Any other rows are returned as they are.
    n_features : int
        Number of columns that the classifier knows.
    n_known, n_new : int
        Number of known and of new tags.

    Returns
    -------
    X : array-like of shape (n_samples, n_features)
        The other columns.
    scores : ndarray of shape (n_samples, n_new) or None
        The scores.
    names : list of str
        The names of the scores, if they have names.
    """
    X = X if hasattr(X, "shape") else np.asarray(X)
    if X.ndim != 2 or X.shape[1] != n_features + n_new:
        return X, None, []
    columns = np.arange(X.shape[1])
    of_new = columns[n_known : n_known + n_new]
    scores = check_array(_safe_indexing(X, of_new, axis=1), dtype=np.float32)
    names = _get_feature_names(X)
    X = _safe_indexing(X, np.delete(columns, of_new), axis=1)
    return X, scores, [] if names is None else names[of_new].tolist()


def names_of_new_scores(
    feature_names: npt.NDArray[Any], classes: npt.NDArray[Any], n_new: int
) -> list[str]:
    """Name the scores of the last `n_new` tags as that of the first: a prefix and the tag."""
    prefix = feature_names[0].removesuffix(str(classes[0]))
    return [f"{prefix}{tag}" for tag in classes[-n_new:]]
