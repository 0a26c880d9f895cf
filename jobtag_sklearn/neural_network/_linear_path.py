"""The wide half of Wide & Deep: a linear model that starts from a convex optimum."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC
from sklearn.utils.parallel import Parallel, delayed

from jobtag_sklearn.neural_network._batches import row_batches

#: Score of a tag that is the same in every row, in units of the margin.
_CONSTANT_SCORE = 1.0


class LinearPath(NamedTuple):
    """Linear logits of sparse columns.

    Attributes
    ----------
    coef : ndarray of shape (n_columns, n_tags), dtype float32
        Weights.
    intercept : ndarray of shape (n_tags,), dtype float32
        Biases.
    """

    coef: npt.NDArray[np.float32]
    intercept: npt.NDArray[np.float32]

    def logits(self, X: Any) -> npt.NDArray[np.float32]:
        """Return a logit for each row of `X` and each tag."""
        return np.asarray(X @ self.coef, dtype=np.float32) + self.intercept

    def update(
        self,
        X: Any,
        residuals_of: Any,
        *,
        learning_rate: float,
        batch_size: int,
        order: npt.NDArray[np.intp],
    ) -> None:
        """Take one pass of gradient descent, in place.

        ``residuals_of(rows, logits)`` returns the gradient of the loss by the logits. Plain
        steps without momentum touch only the columns that a batch has, and leave alone what
        the convex optimum knows of the others.
        """
        for batch in row_batches(len(order), batch_size):
            rows = order[batch]
            x = X[rows]
            residuals = residuals_of(rows, self.logits(x))
            np.subtract(self.coef, learning_rate * np.asarray(x.T @ residuals), out=self.coef)
            np.subtract(self.intercept, learning_rate * residuals.sum(axis=0), out=self.intercept)


def empty_linear_path(n_columns: int, n_tags: int) -> LinearPath:
    """Return a path that answers zero, for a model that only ever sees batches."""
    return LinearPath(np.zeros((n_columns, n_tags), np.float32), np.zeros(n_tags, np.float32))


def fit_linear_path(
    X: Any,
    Y: npt.NDArray[np.float32],
    *,
    C: float,
    balance: float,
    weight: npt.NDArray[np.float32] | None,
    n_folds: int,
    seed: int,
    n_jobs: int | None,
) -> tuple[LinearPath, npt.NDArray[np.float32]]:
    """Fit one linear support vector machine a tag, and calibrate them together.

    Trained by gradient descent along with a deep network, the same linear layer stays
    points of F1 behind its optimum, so it starts there.

    Parameters
    ----------
    X : {ndarray, csr_matrix} of shape (n_samples, n_columns)
        Columns.
    Y : ndarray of shape (n_samples, n_tags)
        Tags, NaN where unknown.
    C : float
        Inverse strength of the regularisation.
    balance : float
        Power of the weights that would make both answers of a tag count the same: 0 leaves
        rare tags alone, 1 balances them.
    weight : ndarray of shape (n_samples, n_tags) or None
        Weights of the answers, besides.
    n_folds : int
        Folds of the out-of-fold scores.
    seed : int
        Seeds the folds.
    n_jobs : int or None
        Tags fitted side by side, in threads.

    Returns
    -------
    path : LinearPath
        The path, whose logits are calibrated: their sigmoid is a probability.
    out_of_fold : ndarray of shape (n_samples, n_tags), dtype float32
        Logits of each row from a path that was fitted without it.
    """
    scores = np.zeros(Y.shape, dtype=np.float64)
    # a single row leaves none to be scored by others, and its score stays 0
    n_folds = min(n_folds, len(Y))
    folds: Any = []
    if n_folds > 1:
        folds = KFold(n_folds, shuffle=True, random_state=seed).split(Y)
    with Parallel(n_jobs=n_jobs, prefer="threads") as parallel:

        def solve(rows: npt.NDArray[np.intp]) -> tuple[Any, Any]:
            part = X[rows]
            weights = [None if weight is None else weight[rows, tag] for tag in range(Y.shape[1])]
            solved = parallel(
                delayed(_solve_tag)(part, Y[rows, tag], weights[tag], C, balance)
                for tag in range(Y.shape[1])
            )
            coef, intercept = zip(*solved, strict=True)
            return np.stack(coef, axis=1), np.array(intercept)

        for fit_rows, held_out in folds:
            coef, intercept = solve(fit_rows)
            scores[held_out] = X[held_out] @ coef + intercept
        coef, intercept = solve(np.arange(len(Y)))
    slope, offset = _calibrate(scores, Y, weight)
    path = LinearPath(
        np.ascontiguousarray(slope * coef, dtype=np.float32),
        (slope * intercept + offset).astype(np.float32),
    )
    return path, (slope * scores + offset).astype(np.float32)


def _solve_tag(
    X: Any,
    y: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32] | None,
    C: float,
    balance: float,
) -> tuple[npt.NDArray[np.float32], float]:
    known = ~np.isnan(y)
    if not known.all():
        X, y, weight = X[known], y[known], None if weight is None else weight[known]
    n_positive = float(y.sum())
    if n_positive in (0.0, float(len(y))):
        return (
            np.zeros(X.shape[1], dtype=np.float32),
            _CONSTANT_SCORE if n_positive else -_CONSTANT_SCORE,
        )
    rarity = np.where(y == 1, len(y) / (2 * n_positive), len(y) / (2 * (len(y) - n_positive)))
    weights = rarity**balance if weight is None else weight * rarity**balance
    with warnings.catch_warnings():
        # the scores are calibrated afterwards, and a solver that stopped a little early
        # on a column of odd scale gives good ones
        warnings.simplefilter("ignore", ConvergenceWarning)
        # the dual solver draws from a generator that all threads of the process share; this
        # one draws nothing, but would take a seed from NumPy's global generator
        model = LinearSVC(C=C, dual=False, random_state=0).fit(X, y, sample_weight=weights)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def _calibrate(
    scores: npt.NDArray[np.float64],
    Y: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32] | None,
) -> tuple[float, float]:
    """Return slope and offset of a logistic curve through all tags' out-of-fold scores.

    One curve for all (Platt 1999): a curve a tag has too few examples where it matters most.
    """
    known = ~np.isnan(Y)
    truth = Y[known]
    if len(np.unique(truth)) < 2:
        return 1.0, 0.0
    curve = LogisticRegression(C=1e6).fit(
        scores[known].reshape(-1, 1), truth, None if weight is None else weight[known]
    )
    slope = float(curve.coef_[0, 0])
    # a negative slope means that the scores say nothing of rows they were not fitted on
    return (slope, float(curve.intercept_[0])) if slope > 0 else (1.0, 0.0)


def logistic_residuals(
    logits: npt.NDArray[np.float32],
    tags: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32] | None,
) -> npt.NDArray[np.float32]:
    """Return the gradient of the mean cross-entropy by the logits, 0 where unknown."""
    known = ~np.isnan(tags)
    residuals = np.where(known, expit(logits) - np.where(known, tags, 0), 0).astype(np.float32)
    if weight is not None:
        residuals *= weight
    return residuals / np.float32(len(tags))
