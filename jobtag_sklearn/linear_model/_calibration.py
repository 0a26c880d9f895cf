"""From scores of support vector machines to calibrated logits, with all tags together."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

_Floats = npt.NDArray[np.float64]

#: Added to the expected number of other tags before the logarithm is taken.
_LEAST_OTHERS = 0.05
_CLIP = 1e-3


class Context(NamedTuple):
    """What the other tags of a row say about a tag.

    The calibrated logit of a tag is ``slope * logit + others * log(n + 0.05) + rival * r +
    intercept``, with the expected number ``n`` of the row's other tags and the largest logit
    ``r`` of one of them. A row whose tags are all unlikely still has one, mostly, and a row
    with one certain tag seldom has more: the weights, which all tags share, say how much.
    """

    slope: float = 1.0
    others: float = 0.0
    rival: float = 0.0
    intercept: float = 0.0

    def __call__(self, logits: npt.NDArray[Any]) -> _Floats:
        """Return calibrated logits, of the shape (n_samples, n_tags) of `logits`."""
        if not (self.others or self.rival):
            return self.slope * np.asarray(logits, dtype=np.float64) + self.intercept
        logits = np.asarray(logits, dtype=np.float64)
        others, rival = _context(logits)
        return self.slope * logits + self.others * others + self.rival * rival + self.intercept


def _context(logits: _Floats) -> tuple[_Floats, _Floats]:
    """Return the logarithm of the expected other tags, and the largest other logit."""
    probability = expit(logits)
    others = np.log(probability.sum(axis=1, keepdims=True) - probability + _LEAST_OTHERS)
    first = logits.argmax(axis=1, keepdims=True)
    largest = np.take_along_axis(logits, first, 1)
    rest = logits.copy()
    np.put_along_axis(rest, first, -np.inf, 1)
    rival = np.where(np.arange(logits.shape[1]) == first, rest.max(axis=1, keepdims=True), largest)
    bound = logit(1 - _CLIP)
    return others, np.clip(rival, -bound, bound)


def fit_context(logits: _Floats, Y: npt.NDArray[np.float32], weight: npt.NDArray[Any]) -> Context:
    """Fit the context to out-of-fold logits.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_tags)
        Out-of-fold logits.
    Y : ndarray of shape (n_samples, n_tags)
        0, 1, or NaN where unknown.
    weight : ndarray of shape (n_samples, n_tags)
        Weights of the entries of `Y`; 0 where unknown.
    """
    if logits.shape[1] < 2:
        return Context()
    found = pooled_regression([logits, *_context(logits)], Y, weight)
    if found is None or found[0][0] <= 0:
        return Context()
    (slope, others, rival), intercept = found
    return Context(float(slope), float(others), float(rival), intercept)


def pooled_regression(
    features: list[_Floats], Y: npt.NDArray[np.float32], weight: npt.NDArray[Any]
) -> tuple[_Floats, float] | None:
    """Fit one logistic regression to the entries of all tags together.

    A regression a tag would have too few examples where it matters most (Platt scaling with
    shared weights).

    Parameters
    ----------
    features : list of ndarrays of shape (n_samples, n_tags)
        Features of each entry.
    Y : ndarray of shape (n_samples, n_tags)
        0, 1, or NaN where unknown.
    weight : ndarray of shape (n_samples, n_tags)
        Weights of the entries; those of weight 0 take no part.

    Returns
    -------
    coef : ndarray of shape (n_features,)
        Weights of the features.
    intercept : float
        Intercept.
        Both are None if all entries of `Y` are the same.
    """
    used = weight > 0
    truth = Y[used]
    if len(np.unique(truth)) < 2:
        return None
    x = np.stack([feature[used] for feature in features], axis=1)
    mean = np.average(x, axis=0, weights=weight[used])
    spread = np.average(np.square(x - mean), axis=0, weights=weight[used])
    scale = np.maximum(np.sqrt(spread), 1e-6)
    model = LogisticRegression(C=1.0, solver="newton-cholesky")
    model.fit(x / scale, truth, weight[used])
    return model.coef_[0] / scale, float(model.intercept_[0])


class Combined(NamedTuple):
    """Weights of the support vector machines' scores and of the similarities to tag names."""

    coef: _Floats
    intercept: float
    context: Context
    logits: _Floats


def combine(
    scores: _Floats,
    similarities: list[Any],
    Y: npt.NDArray[np.float32],
    entries: npt.NDArray[Any],
) -> Combined:
    """Calibrate out-of-fold scores together with the similarities to tag names."""
    found = [similarity.toarray() for similarity in similarities]
    fitted = pooled_regression([scores, *found], Y, entries)
    if fitted is None or fitted[0][0] <= 0:
        # the scores say nothing about rows that they were not fitted on
        coef, intercept = np.array([1.0, *(0.0 for _ in found)]), 0.0
        return Combined(coef, intercept, Context(), scores)
    coef, intercept = fitted
    logits = coef[0] * scores + intercept
    for weight, similarity in zip(coef[1:], found, strict=True):
        logits += weight * similarity
    return Combined(coef, intercept, fit_context(logits, Y, entries), logits)
