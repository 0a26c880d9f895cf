"""Thresholds for a classifier from its own out-of-fold probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import KFold

from jobtag_sklearn.model_selection._curves import f_measure, running_totals, steady_cut

_Floats = npt.NDArray[np.float64]

#: All cuts whose value is this close to the best one are averaged: the very best cut is chance.
_TOLERANCE = 0.003
#: With more scores than this, thresholds a tag are taken without comparing them by
#: cross-validation: their curves are smooth enough.
_MAX_COMPARED = 2_000_000
_N_FOLDS = 5


def choose_thresholds(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    prior: float = 50.0,
) -> Any:
    """Choose the thresholds that maximise the mean of micro and macro F1.

    First one threshold for all tags is found: halfway between the best one for micro F1 and
    the best one for the mean of micro and macro F1. Then each tag's own best threshold is drawn
    towards it, as if `prior` examples spoke for the common one, so that few examples do not
    move a tag far. Both ways are compared by cross-validation over the rows, and the common
    threshold is kept if it is better by more than 0.003.

    Parameters
    ----------
    y_true : array-like of shape (n_samples, n_tags)
        True tags, 0 or 1; NaN where unknown.
    y_score : array-like of shape (n_samples, n_tags)
        Scores of samples that the classifier was not fitted on, such as out-of-fold
        probabilities.
    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights.
    prior : float, default=50.0
        Number of positive examples that the common threshold counts as.

    Returns
    -------
    threshold : float or ndarray of shape (n_tags,)
        A tag is predicted where its score is at least this. 0.5 if no tag is positive.

    Raises
    ------
    ValueError
        If the shapes of `y_true` and `y_score` differ.

    See Also
    --------
    find_thresholds : Thresholds for other objectives and constraints.

    Examples
    --------
    >>> from jobtag_sklearn.model_selection import choose_thresholds
    >>> y_score = [[0.1, 0.2], [0.3, 0.1], [0.4, 0.2], [0.2, 0.35]]
    >>> choose_thresholds([[0, 0], [1, 0], [1, 0], [0, 1]], y_score)
    0.3
    """
    truth = np.asarray(y_true, dtype=np.float64)
    scores = np.asarray(y_score, dtype=np.float64)
    if truth.shape != scores.shape or truth.ndim != 2:
        raise ValueError(
            "y_true and y_score must have the same shape (n_samples, n_tags), got "
            f"{truth.shape} and {scores.shape}"
        )
    weight = np.where(np.isnan(truth), 0.0, 1.0)
    if sample_weight is not None:
        weight *= np.asarray(sample_weight, dtype=np.float64)[:, None]
    truth = np.nan_to_num(truth)
    rows = np.flatnonzero((weight > 0).any(axis=1))
    truth, scores, weight = truth[rows], scores[rows], weight[rows]
    if not (truth * weight).any():
        return 0.5
    common = _common(truth, scores, weight)
    if truth.shape[1] == 1 or len(truth) < 2 * _N_FOLDS:
        return common
    if truth.size <= _MAX_COMPARED and not _own_are_better(truth, scores, weight, prior):
        return common
    return _drawn(truth, scores, weight, common, prior)


def mean_f1(truth: Any, given: Any, weight: Any) -> float:
    """Return the mean of micro and macro F1 of 0/1 predictions; weights are those of entries."""
    right = (truth * given * weight).sum(axis=0)
    n_given, n_positive = (given * weight).sum(axis=0), (truth * weight).sum(axis=0)
    micro = f_measure(right.sum(), n_given.sum(), n_positive.sum(), 1.0)
    return float(micro + f_measure(right, n_given, n_positive, 1.0).mean()) / 2


def f1_at_chosen_thresholds(
    y_true: Any, y_score: Any, weight: Any, *, sample_weight: Any = None
) -> float:
    """Return the mean of micro and macro F1 at the thresholds chosen on the same scores.

    `weight` is that of each entry of `y_true` in F1, and 0 where it is unknown (NaN).
    """
    thresholds = choose_thresholds(y_true, y_score, sample_weight=sample_weight)
    return mean_f1(np.nan_to_num(y_true), y_score >= thresholds, weight)


def _common(truth: _Floats, scores: _Floats, weight: _Floats) -> float:
    right = truth * weight
    # going down, each score changes F1 of its own tag alone: macro F1 is the running total
    order = np.argsort(-scores, axis=0, kind="stable")
    n_right = np.take_along_axis(right, order, 0).cumsum(axis=0)
    n_given = np.take_along_axis(weight, order, 0).cumsum(axis=0)
    of_tags = f_measure(n_right, n_given, right.sum(axis=0), 1.0)
    changes = np.empty_like(of_tags)
    np.put_along_axis(changes, order, np.diff(of_tags, axis=0, prepend=0), 0)
    cuts, n_right, n_given, macro = running_totals(
        scores.ravel(), right.ravel(), weight.ravel(), changes.ravel()
    )
    micro = f_measure(n_right, n_given, right.sum(), 1.0)
    both = (micro + macro / truth.shape[1]) / 2
    found = [steady_cut(cuts, v, int(np.argmax(v)), _TOLERANCE) for v in (micro, both)]
    return float(np.mean(found))


def _drawn(
    truth: _Floats, scores: _Floats, weight: _Floats, common: float, prior: float
) -> _Floats:
    """Return each tag's best threshold, drawn towards the common one."""
    drawn = np.full(truth.shape[1], common)
    for tag, (true, of_tag, w) in enumerate(zip(truth.T, scores.T, weight.T, strict=True)):
        n_positive = float(true @ w)
        if n_positive:
            cuts, n_right, n_given = running_totals(of_tag, true * w, w)
            best = float(cuts[np.argmax(f_measure(n_right, n_given, n_positive, 1.0))])
            drawn[tag] = (n_positive * best + prior * common) / (n_positive + prior)
    return drawn


def _own_are_better(truth: _Floats, scores: _Floats, weight: _Floats, prior: float) -> bool:
    given = np.zeros((2, *truth.shape), dtype=bool)
    for found_on, tried_on in KFold(_N_FOLDS, shuffle=True, random_state=0).split(truth):
        found = truth[found_on], scores[found_on], weight[found_on]
        common = _common(*found)
        given[0, tried_on] = scores[tried_on] >= common
        given[1, tried_on] = scores[tried_on] >= _drawn(*found, common, prior)
    common, own = (mean_f1(truth, predicted, weight) for predicted in given)
    return own > common - _TOLERANCE
