"""Whether each tag needs a threshold of its own, found by cross-validation on held-out scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.model_selection._curves import f_measure
from jobtag_sklearn.model_selection._stratification import MultiLabelStratifiedKFold

_N_FOLDS = 5
#: Folds are drawn this often: where tags are rare, one draw decides by chance.
_N_DRAWS = 3
#: One threshold for all is kept unless several are better by more than this, as simpler and as
#: the steadier of the two.
_MARGIN = 0.003
#: With more scores than this, the curve of each tag is smooth enough to be trusted.
_MOST_SCORES = 200_000


def needs_own_thresholds(
    truth: npt.NDArray[np.float32],
    scores: npt.NDArray[Any],
    weight: npt.NDArray[np.float64] | None,
    *,
    find: Callable[[npt.NDArray[np.intp], bool], npt.NDArray[np.float64]],
    beta: float,
    of_tags: bool,
) -> bool:
    """Return whether thresholds of the tags' own are better on scores they were not found on.

    Parameters
    ----------
    truth : ndarray of shape (n_samples, n_tags)
        1, 0, or NaN where unknown.
    scores : ndarray of shape (n_samples, n_tags)
        Scores.
    weight : ndarray of shape (n_samples,) or None
        Weights of the samples.
    find : callable
        Given rows and whether each tag has its own, returns thresholds found on these rows.
    beta : float
        Weight of recall in F-beta.
    of_tags : bool
        Whether the F-measure as mean over tags counts beside that of all answers together.
        By itself it would hang on the few examples of the rarest tags.
    """
    if truth.shape[1] == 1:
        return True
    used = ~np.isnan(truth).all(axis=1)
    if weight is not None:
        used &= weight > 0
    rows = np.flatnonzero(used)
    if len(rows) < 2 * _N_FOLDS or len(rows) * truth.shape[1] > _MOST_SCORES:
        return True
    counts = np.where(np.isnan(truth), 0.0, 1.0 if weight is None else weight[:, None])[rows]
    right = np.nan_to_num(truth[rows]) * counts
    reached = np.zeros(2)
    for draw in range(_N_DRAWS):
        given = np.zeros((2, *right.shape), dtype=bool)
        folds = MultiLabelStratifiedKFold(_N_FOLDS, random_state=draw)
        for found_on, tried_on in folds.split(right, truth[rows]):
            for own in (0, 1):
                thresholds = find(rows[found_on], bool(own))
                given[own, tried_on] = scores[rows[tried_on]] >= thresholds
        for own in (0, 1):
            reached[own] += _f_measures(right, counts, given[own], beta, of_tags)
    return bool(reached[1] - reached[0] > _MARGIN * _N_DRAWS)


def _f_measures(
    right: npt.NDArray[np.floating[Any]],
    counts: npt.NDArray[np.floating[Any]],
    given: npt.NDArray[np.bool_],
    beta: float,
    of_tags: bool,
) -> float:
    n_right = (right * given).sum(axis=0)
    n_given = (counts * given).sum(axis=0)
    n_positive = right.sum(axis=0)
    together = float(f_measure(n_right.sum(), n_given.sum(), n_positive.sum(), beta))
    if not of_tags:
        return together
    return (together + float(np.mean(f_measure(n_right, n_given, n_positive, beta)))) / 2
