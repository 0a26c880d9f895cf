"""The wide half of Wide & Deep: a linear model that starts from a convex optimum."""

from __future__ import annotations

import threading
import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC

from jobtag_sklearn.neural_network._batches import row_batches

#: Score of a tag that is the same in every row, in units of the margin.
_CONSTANT_SCORE = 1.0
#: The dual solver is several times as fast on text as the primal one, but seeds and draws from
#: a generator that all threads of the process share; so are the filters of warnings.
_LIBLINEAR = threading.Lock()


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
    unlabeled_weight: float,
    n_folds: int,
    seed: int,
) -> tuple[LinearPath, npt.NDArray[np.float32]]:
    """Fit one linear support vector machine a tag, and calibrate them together.

    Trained by gradient descent along with a deep network, the same linear layer stays
    points of F1 behind its optimum, so it starts there.

    Parameters
    ----------
    X : {ndarray, csr_matrix} of shape (n_samples, n_columns)
        Columns.
    Y : ndarray of shape (n_samples, n_tags)
        Tags, NaN where unknown; at least one row has a known one.
    C : float
        Inverse strength of the regularisation.
    balance : float
        Power of the weights that would make both answers of a tag count the same: 0 leaves
        rare tags alone, 1 balances them.
    weight : ndarray of shape (n_samples, n_tags) or None
        Weights of the answers, besides.
    unlabeled_weight : float
        Weight of the answers that are not known, for which the path's own are taken.
    n_folds : int
        Folds of the out-of-fold scores.
    seed : int
        Seeds the folds.

    Returns
    -------
    path : LinearPath
        The path, whose logits are calibrated: their sigmoid is a probability.
    out_of_fold : ndarray of shape (n_samples, n_tags), dtype float32
        Logits of each row from a path that was fitted without it; 0 for rows of which no
        tag is known, and which therefore take part in every fit.
    """
    # liblinear's own type, so that it does not copy the columns once for each tag
    X = X.astype(np.float64)
    known = np.flatnonzero(~np.isnan(Y).all(axis=1))
    scores = np.zeros(Y.shape, dtype=np.float64)

    def solve(rows: npt.NDArray[np.intp]) -> tuple[Any, Any]:
        answers = _Answers(
            X if len(rows) == len(Y) else X[rows],
            Y[rows],
            np.ones_like(Y[rows]) if weight is None else weight[rows],
        )
        coef, intercept = _solve(answers, C, balance)
        if unlabeled_weight and np.isnan(answers.tags).any():
            answers = _with_own_answers(answers, coef, intercept, unlabeled_weight)
            coef, intercept = _solve(answers, C, balance)
        return coef, intercept

    # a single row leaves none to be scored by others, and its score stays 0
    n_folds = min(n_folds, len(known))
    if n_folds > 1:
        for _, held_out in KFold(n_folds, shuffle=True, random_state=seed).split(known):
            rows = known[held_out]
            coef, intercept = solve(np.setdiff1d(np.arange(len(Y)), rows))
            scores[rows] = X[rows] @ coef + intercept
    coef, intercept = solve(np.arange(len(Y)))
    slope, offset = _calibrate(scores, Y, weight)
    path = LinearPath(
        np.ascontiguousarray(slope * coef, dtype=np.float32),
        (slope * intercept + offset).astype(np.float32),
    )
    logits = np.zeros(Y.shape, dtype=np.float32)
    logits[known] = slope * scores[known] + offset
    return path, logits


class _Answers(NamedTuple):
    """Columns of some rows, their tags (NaN where unknown) and the weights of the tags."""

    columns: Any
    tags: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]


def _with_own_answers(
    answers: _Answers, coef: Any, intercept: Any, unlabeled_weight: float
) -> _Answers:
    """Put the answers of a fitted path where none are known.

    A tag is given to the highest scores, as often as it is among the known answers: with
    few known tags the scores of a rare one seldom reach any threshold, and a path that
    learnt from what does would give it less and less.
    """
    scores = np.asarray(answers.columns @ coef) + intercept
    tags, weight = answers.tags.copy(), answers.weight.copy()
    for tag, truth in enumerate(tags.T):
        unknown = np.flatnonzero(np.isnan(truth))
        if len(unknown) == len(truth):
            continue
        n_given = round(float(np.nanmean(truth)) * len(unknown))
        # stable, so that rows of the same score are taken in their order everywhere
        best = np.argsort(-scores[unknown, tag], kind="stable")[:n_given]
        weight[unknown, tag] *= unlabeled_weight
        tags[unknown, tag] = 0
        tags[unknown[best], tag] = 1
    return _Answers(answers.columns, tags, weight)


def _solve(
    answers: _Answers, C: float, balance: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the weights and the bias of each tag's support vector machine."""
    solved = [
        _solve_tag(answers.columns, tags, weight, C, balance)
        for tags, weight in zip(answers.tags.T, answers.weight.T, strict=True)
    ]
    coef, intercept = zip(*solved, strict=True)
    return np.stack(coef, axis=1), np.array(intercept)


def _solve_tag(
    X: Any,
    y: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32],
    C: float,
    balance: float,
) -> tuple[npt.NDArray[np.float64], float]:
    known = ~np.isnan(y)
    if not known.all():
        X, y, weight = X[known], y[known], weight[known]
    n_positive = float(y.sum())
    if n_positive in (0.0, float(len(y))):
        constant = _CONSTANT_SCORE if n_positive else -_CONSTANT_SCORE
        return np.zeros(X.shape[1]), constant
    rarity = np.where(y == 1, len(y) / (2 * n_positive), len(y) / (2 * (len(y) - n_positive)))
    with _LIBLINEAR, warnings.catch_warnings():
        # the scores are calibrated afterwards, and a solver that stopped a little early
        # on a column of odd scale gives good ones
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LinearSVC(C=C, dual=True, random_state=0)
        model.fit(X, y, sample_weight=weight * rarity**balance)
    return model.coef_[0], float(model.intercept_[0])


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
