"""What out-of-fold logits say about the deep part of a classifier."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.model_selection import KFold

from jobtag_sklearn.model_selection._choose import f1_at_chosen_thresholds
from jobtag_sklearn.utils._class_weights import element_weights, positions
from jobtag_sklearn.utils._tags import Tags

_Floats = npt.NDArray[np.floating]

#: Shares of the deep part that are compared.
_SHARES = np.arange(11) / 10
#: How much lower F1 may be with the deep part than without it.
_TOLERANCE = 0.001


def folds(cv: Any, X: _Floats, tags: Tags, seed: int) -> list[Any]:
    """Return pairs of training and held-out rows; none if there are too few rows.

    Parameters
    ----------
    cv : int or cross-validation splitter
        Number of folds, or what makes them.
    X : ndarray of shape (n_samples, n_features)
        Rows.
    tags : Tags
        Tags of the rows.
    seed : int
        Seeds the order of the rows, if `cv` is a number.

    Returns
    -------
    folds : list of tuple of two ndarrays
        Positions of the rows.
    """
    if isinstance(cv, Integral):
        if len(X) < 2 * int(cv):
            return []
        cv = KFold(int(cv), shuffle=True, random_state=seed)
    labels = tags.indicators if tags.kind == "multilabel" else tags.classes[positions(tags)]
    return list(cv.split(X, labels))


def best_share(
    y_true: _Floats,
    scores: _Floats,
    deep: _Floats,
    tag_weights: Any = None,
    sample_weight: _Floats | None = None,
) -> float:
    """Return how much of the deep part's logits to add to scores.

    This is the share with the lowest log loss, or 0 if the share lowers F1.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples, n_tags)
        Tags, NaN where unknown.
    scores, deep : ndarray of shape (n_samples, n_tags)
        Logits of rows that neither of them was trained on.
    tag_weights : tuple of two ndarrays of shape (n_tags,), default=None
        Weights of the positives and the negatives of each tag, in the loss.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    share : float
        From 0 to 1.
    """
    known = ~np.isnan(y_true)
    weight = element_weights(y_true, tag_weights, sample_weight)
    entries = np.where(known, 1.0 if weight is None else weight, 0.0)
    truth = np.where(known, y_true, 0.0)
    losses = []
    for share in _SHARES:
        logits = scores + share * deep
        losses.append((entries * (np.logaddexp(0, logits) - truth * logits)).sum())
    share = float(_SHARES[np.argmin(losses)])
    if not share:
        return 0.0
    entries = known * (1.0 if sample_weight is None else sample_weight[:, None])
    before, after = (
        f1_at_chosen_thresholds(
            y_true, expit(scores + part * deep), entries, sample_weight=sample_weight
        )
        for part in (0.0, share)
    )
    return share if after >= before - _TOLERANCE else 0.0
