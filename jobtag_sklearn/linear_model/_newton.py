"""Logistic regressions of several tags on the same rows, solved together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

_Matrix = npt.NDArray[np.float64]

_NEWTON_STEPS = 15
#: Tried until the objective falls as its slope promises, by this share at least: Newton's own
#: step is too long far from the optimum, and may land as high on the other side of it.
_KEPT_PROMISE = 0.1
_STEP_SIZES = tuple(0.5**power for power in range(12))
#: Newton's method ends where the slope promises to lower the objective by less of itself.
_LEAST_GAIN = 1e-4
#: How much of the gradient a Newton step leaves.
_RESIDUAL = 1e-3


def logistic_shares(
    products: _Matrix, start: _Matrix, truth: npt.NDArray[Any], weight: _Matrix
) -> tuple[_Matrix, _Matrix]:
    """Return what each row adds to the weights of each tag, by Newton's method.

    With ``a`` the shares of a tag and ``K`` the products, it minimises ``a K a / 2`` plus the
    weighted logistic losses of ``start + K a``.

    Parameters
    ----------
    products : ndarray of shape (n_samples, n_samples)
        Inner products of the rows.
    start : ndarray of shape (n_samples, n_tags)
        Logits before.
    truth : ndarray of shape (n_samples, n_tags)
        0 or 1.
    weight : ndarray of shape (n_samples, n_tags)
        Weights of the losses.

    Returns
    -------
    shares : ndarray of shape (n_samples, n_tags)
        A row's share of the change of the weights.
    change : ndarray of shape (n_samples, n_tags)
        Change of the logits.

    Raises
    ------
    ValueError
        If the numbers are too large to be squared.
    """

    def objective(change: _Matrix, shares: _Matrix, tags: npt.NDArray[np.intp]) -> _Matrix:
        logits = start[:, tags] + change
        losses = weight[:, tags] * (np.logaddexp(0, logits) - truth[:, tags] * logits)
        value: _Matrix = (shares * change).sum(axis=0) / 2 + losses.sum(axis=0)
        return value

    shares, change = np.zeros_like(start), np.zeros_like(start)
    tags = np.arange(start.shape[1])
    value = objective(change, shares, tags)
    for _ in range(_NEWTON_STEPS):
        probability = expit(start[:, tags] + change[:, tags])
        curvature = weight[:, tags] * probability * (1 - probability)
        slope = weight[:, tags] * (truth[:, tags] - probability) - shares[:, tags]
        step, step_change = _newton_step(products, curvature, slope)
        promised = (slope * step_change).sum(axis=0)
        before, higher = value[tags], np.arange(len(tags))
        for size in _STEP_SIZES:
            of = tags[higher]
            new = shares[:, of] + size * step[:, higher]
            new_change = change[:, of] + size * step_change[:, higher]
            new_value = objective(new_change, new, of)
            falls = new_value <= before[higher] - _KEPT_PROMISE * size * promised[higher]
            shares[:, of[falls]], change[:, of[falls]] = new[:, falls], new_change[:, falls]
            value[of[falls]] = new_value[falls]
            higher = higher[~falls]
            if not len(higher):
                break
        goes_on = promised > _LEAST_GAIN * np.maximum(1.0, np.abs(before))
        goes_on[higher] = False
        tags = tags[goes_on]
        if not len(tags):
            break
    return shares, change


def _newton_step(products: _Matrix, curvature: _Matrix, slope: _Matrix) -> tuple[_Matrix, _Matrix]:
    """Solve ``(I + W K) step = slope`` for each tag, with the diagonal ``W`` of its `curvature`.

    Conjugate gradients take one product with all tags' columns a round, where a factor of each
    tag's matrix takes as long as some hundred. In the inner product ``u K v`` the matrix is
    symmetric and the slope is the gradient, so that every round lowers the quadratic model of
    the objective: also the step that is reached last, if rounding ends it early, goes down.

    Returns
    -------
    step : ndarray of shape (n_samples, n_tags)
        The step.
    image : ndarray of shape (n_samples, n_tags)
        ``K step``.
    """
    step, image = np.zeros_like(slope), np.zeros_like(slope)
    residual, direction, direction_image = slope.copy(), np.zeros_like(slope), np.zeros_like(slope)
    before, goal = np.ones(slope.shape[1]), np.zeros(slope.shape[1])
    for done in range(len(slope) + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            residual_image = products @ residual
            square = (residual * residual_image).sum(axis=0)
        if not np.isfinite(square).all():
            raise ValueError(
                "these rows cannot be learnt: their columns, weights and update_C "
                "together are too large to be squared; scale the columns, or lower update_C"
            )
        if not done:
            goal = _RESIDUAL**2 * square
        unsolved = square > goal
        if not unsolved.any():
            break
        kept = np.divide(square, before, out=np.zeros_like(square), where=unsolved)
        direction = residual + kept * direction
        direction_image = residual_image + kept * direction_image
        turned = direction + curvature * direction_image
        bend = (direction_image * turned).sum(axis=0)
        length = np.divide(square, bend, out=np.zeros_like(square), where=unsolved)
        step += length * direction
        image += length * direction_image
        residual -= length * turned
        before = square
    return step, image
