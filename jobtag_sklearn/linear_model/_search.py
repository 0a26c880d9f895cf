"""What the linear model compares out of fold, and the words of tag names."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import KFold, check_cv
from sklearn.preprocessing import normalize

from jobtag_sklearn.utils._class_weights import positions
from jobtag_sklearn.utils._sparse_columns import columns_of
from jobtag_sklearn.utils._tags import Tags

#: C and balance that are compared where both are "auto".
_CANDIDATES = ((0.3, 0.5), (1.0, 0.0), (1.0, 0.5))


def candidates(C: Any, balance: Any, class_weight: Any) -> list[tuple[float, float]]:
    """Return the pairs of C and balance to compare; a number given is the only one."""
    found = []
    for own_C, own_balance in _CANDIDATES:
        one_C = own_C if isinstance(C, str) else float(C)
        one_balance = own_balance if isinstance(balance, str) else float(balance)
        pair = one_C, 0.0 if class_weight is not None else one_balance
        if pair not in found:
            found.append(pair)
    return found


def out_of_fold_splits(
    cv: Any, rows: npt.NDArray[np.intp], is_known: npt.NDArray[np.bool_], tags: Tags, seed: int
) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Return the rows to fit on and the held-out rows of each fold.

    Parameters
    ----------
    cv : int, cross-validation generator or iterable
        Folds; an int is the number of shuffled folds.
    rows : ndarray of shape (n_rows,)
        Which of all samples take part.
    is_known : ndarray of shape (n_rows,)
        Which of `rows` have a known tag. The others are in no held-out fold, and always fitted.
    tags : Tags
        Tags of all samples, by which a cross-validation generator may stratify.
    seed : int
        Seeds shuffled folds.

    Returns
    -------
    splits : list of tuples of two ndarrays
        Positions among `rows`. Empty if there are fewer than two rows with a known tag.

    Raises
    ------
    ValueError
        If a row with a known tag is not in exactly one held-out fold.
    """
    known = np.flatnonzero(is_known)
    if isinstance(cv, Integral):
        n_folds = min(int(cv), len(known))
        if n_folds < 2:
            return []
        kfold = KFold(n_folds, shuffle=True, random_state=seed)
        held_out = [known[fold] for _, fold in kfold.split(known)]
        return [(np.setdiff1d(np.arange(len(rows)), fold), fold) for fold in held_out]
    multilabel = tags.kind == "multilabel"
    y = np.nan_to_num(tags.indicators) if multilabel else positions(tags)
    splits = []
    for train, fold in check_cv(cv).split(np.zeros((len(y), 1)), y):
        fitted = np.flatnonzero(np.isin(rows, train) | ~is_known)
        splits.append((fitted, np.flatnonzero(np.isin(rows, fold) & is_known)))
    n_held_out = np.bincount(np.concatenate([fold for _, fold in splits]), minlength=len(rows))
    if (n_held_out[known] != 1).any():
        raise ValueError("cv must hold out each sample exactly once; out-of-fold scores need that")
    return splits


def words_of_names(
    vectorizers: Any, names: list[Any], columns: npt.NDArray[np.int32], n_features: int
) -> list[Any]:
    """Return the words of tag names in some columns: a sparse array for each vectorizer.

    Parameters
    ----------
    vectorizers : list of transformers or None
        Cloned and fitted on the names.
    names : list
        Tag names. If one of them is not text, nothing is returned.
    columns : ndarray of shape (n_columns,)
        Columns of the classifier's input to keep.
    n_features : int
        Width of the classifier's input.

    Returns
    -------
    words : list of csr_arrays of shape (n_columns, n_tags)
        Each tag has length one, or zero where no word of its name occurs in these columns.
    """
    if not (vectorizers and len(columns)) or not all(isinstance(name, str) for name in names):
        return []
    found = []
    for vectorizer in vectorizers:
        counts = sparse.csr_array(clone(vectorizer).fit_transform(list(names)))
        counts.sum_duplicates()
        if counts.shape[0] != len(names) or counts.shape[1] > n_features:
            raise ValueError(
                f"tag_vectorizers turn {len(names)} names into an array of shape "
                f"{counts.shape}, but X has {n_features} columns; a vectorizer must make the "
                "leading columns of X"
            )
        words = columns_of(counts, columns).astype(np.float64)
        found.append(normalize(words).T.tocsr())
    return found
