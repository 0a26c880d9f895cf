"""How far probabilities of tags can be taken at their word."""

from __future__ import annotations

from typing import Any

import numpy as np

from jobtag_sklearn.model_selection._threshold_search import check_scores
from jobtag_sklearn.utils._tags import check_tags


def calibration_scores(y_true: Any, y_prob: Any, *, n_bins: int = 15) -> dict[str, float]:
    """Measure how well probabilities of tags agree with how often the tags are right.

    Parameters
    ----------
    y_true : DataFrame or array-like of shape (n_samples, n_tags)
        True tags as 0/1, NaN where unknown.
    y_prob : array-like of shape (n_samples, n_tags)
        Probabilities of the tags, 0 to 1.
    n_bins : int, default=15
        Bins of equally many probabilities.

    Returns
    -------
    scores : dict of str to float
        - ``brier``: mean squared difference of probability and truth [1]_;
        - ``expected_calibration_error``: mean difference of the mean probability of a bin
          and the share of its tags that are right, all tags together [2]_;
        - ``tag_calibration_error``: the same of each tag by itself, mean over tags.

        All are 0 for perfect probabilities.

    Raises
    ------
    ValueError
        If shapes differ or a probability is outside of 0 to 1.

    References
    ----------
    .. [1] G. W. Brier, "Verification of Forecasts Expressed in Terms of Probability",
       Monthly Weather Review 78, 1950.
    .. [2] M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining Well Calibrated Probabilities
       Using Bayesian Binning", AAAI 2015.

    Examples
    --------
    >>> from jobtag_sklearn.inspection import calibration_scores
    >>> scores = calibration_scores([[1, 0], [0, 0]], [[0.9, 0.2], [0.4, 0.1]], n_bins=2)
    >>> {name: round(value, 3) for name, value in scores.items()}
    {'brier': 0.055, 'expected_calibration_error': 0.15, 'tag_calibration_error': 0.2}
    """
    truth = check_tags(y_true, kind="multilabel").indicators
    probabilities = check_scores(y_prob, truth.shape)
    if ((probabilities < 0) | (probabilities > 1)).any():
        raise ValueError("y_prob must be between 0 and 1; scores of a margin are none")
    known = ~np.isnan(truth)
    if n_bins < 1 or not known.any():
        raise ValueError(f"needs known tags and a bin, got {known.sum()} and n_bins={n_bins}")
    of_tags = [
        _error(truth[known[:, tag], tag], probabilities[known[:, tag], tag], n_bins)
        for tag in np.flatnonzero(known.any(axis=0))
    ]
    truth, probabilities = truth[known], probabilities[known]
    return {
        "brier": float(np.mean((probabilities - truth) ** 2)),
        "expected_calibration_error": _error(truth, probabilities, n_bins),
        "tag_calibration_error": float(np.mean(of_tags)),
    }


def _error(truth: Any, probabilities: Any, n_bins: int) -> float:
    # equal probabilities share a bin, whatever the order of the rows
    edges = np.unique(np.quantile(probabilities, np.linspace(0, 1, n_bins + 1)[1:-1]))
    of = np.searchsorted(edges, probabilities, side="right")
    gaps = np.bincount(of, weights=probabilities - truth)
    return float(np.abs(gaps).sum() / len(truth))
