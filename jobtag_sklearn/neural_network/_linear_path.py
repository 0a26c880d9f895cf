"""The wide half of Wide & Deep: a linear model that starts from a convex optimum."""

from __future__ import annotations

import threading
import warnings
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from jobtag_sklearn.neural_network._batches import row_batches
from jobtag_sklearn.neural_network._newton import logistic_shares
from jobtag_sklearn.neural_network._weights import element_weights

#: Score of a tag that is the same in every row, in units of the margin.
_CONSTANT_SCORE = 1.0
#: The dual solver is several times as fast on text as the primal one, but seeds and draws from
#: a generator that all threads of the process share; so are the filters of warnings.
_LIBLINEAR = threading.Lock()
_TIMES_FILTER_MAY_VANISH = 20
#: Rows of one step of an update: their products are a matrix that all its tags are solved with.
_UPDATED_TOGETHER = 600


class LinearPath(NamedTuple):
    """Linear logits of sparse columns.

    Attributes
    ----------
    coef : ndarray of shape (n_columns, n_tags), dtype float32
        Weights.
    intercept : ndarray of shape (n_tags,), dtype float32
        Biases.
    seen : ndarray of shape (n_columns,), dtype float32
        Sum of squares of each column over all rows that the path has learnt.
    n_seen : int
        Number of these rows, which is the same for the bias.
    information : ndarray of shape (n_tags,), dtype float32
        Sum of ``p * (1 - p)`` over these rows, with the probability ``p`` that they had of a
        tag: how much they have said of it. Rows that did not know a tag said nothing.
    """

    coef: npt.NDArray[np.float32]
    intercept: npt.NDArray[np.float32]
    # a path that was saved in format 1 lacks what follows, see `completed`
    seen: Any = None
    n_seen: int = 0
    information: Any = None

    def logits(self, X: Any) -> npt.NDArray[np.float32]:
        """Return a logit for each row of `X` and each tag."""
        return np.asarray(X @ self.coef, dtype=np.float32) + self.intercept

    def updated(
        self,
        X: Any,
        Y: npt.NDArray[np.float32],
        *,
        offset: npt.NDArray[np.float32],
        weight: npt.NDArray[np.float32] | None,
        C: float,
        memory: float,
        order: npt.NDArray[np.intp],
        verbose: int = 0,
    ) -> LinearPath:
        """Return a path that has learnt new rows too, as near to this one as they let it be.

        Each tag's change ``d`` minimises ``sum(d**2 * (1 + hold * seen)) / 2 + C * sum of
        the logistic losses``, with ``hold = memory * C * information / n_seen``: a column holds
        the more to its weight the more the path has seen of it and has learnt of this tag, the
        bias the more rows were seen, and a new word is free to move.

        With a memory of 1 this is a Gaussian around the present weights, with a diagonal
        precision that grows with every row by the curvature of its loss, in the place of all
        earlier rows: online Bayesian logistic regression [1]_. The curvature of a tag is taken
        to be the same for all rows, so that there is one number a column and one a tag, and
        ``hold`` is rounded to a power of two, so that many tags share a system to solve.

        Parameters
        ----------
        X : {ndarray, csr_matrix} of shape (n_samples, n_columns)
            Columns of the new rows.
        Y : ndarray of shape (n_samples, n_tags)
            Their tags, NaN where unknown.
        offset : ndarray of shape (n_samples, n_tags)
            What is added to the path's logits.
        weight : ndarray of shape (n_samples, n_tags) or None
            Weights of the answers.
        C : float
            Weight of the new rows against the present weights.
        memory : float
            How much a column's past holds it: 0 not at all, 1 as if it were learnt again.
        order : ndarray of shape (n_samples,)
            Order in which the rows are learnt, some hundred at a time.
        verbose : int
            1 shows a bar over the rows, 2 a line at the end.

        References
        ----------
        .. [1] O. Chapelle, L. Li, "An Empirical Evaluation of Thompson Sampling", NeurIPS 2011,
           algorithm 3.
        """
        coef, intercept = self.coef.copy(), self.intercept.copy()
        seen, n_seen, information = self.seen.copy(), self.n_seen, self.information.copy()
        known = ~np.isnan(Y)
        weights = known.astype(np.float32) if weight is None else np.where(known, weight, 0)
        truth = np.where(known, Y, 0)
        bar = _progress(len(order), "row", verbose)
        for batch in row_batches(len(order), _UPDATED_TOGETHER):
            rows = order[batch]
            x = X[rows]
            logits = np.asarray(x @ coef, dtype=np.float64) + intercept + offset[rows]
            holds = _power_of_two(memory * C * information.astype(np.float64) / max(n_seen, 1))
            for hold in np.unique(holds):
                tags = np.flatnonzero(holds == hold)
                # the change is a combination of the rows, so their products say everything; the
                # bias is one more column, of ones
                scaled = _times_columns(x, 1 / (1 + hold * seen))
                of_bias = 1 / (1 + hold * n_seen)
                products = _dense(scaled @ x.T) + of_bias
                # products of this size are faster in one thread than in several that wait for
                # each other
                with threadpool_limits(1, user_api="blas"):
                    shares, change = logistic_shares(
                        products,
                        logits[:, tags],
                        truth[np.ix_(rows, tags)],
                        C * weights[np.ix_(rows, tags)].astype(np.float64),
                    )
                logits[:, tags] += change
                coef[:, tags] += np.asarray(scaled.T @ shares)
                intercept[tags] += of_bias * shares.sum(axis=0)
            seen += _sum_of_squares(x)
            n_seen += len(rows)
            information += _information(logits, weights[rows])
            bar.add(len(rows))
        return LinearPath(coef, intercept, seen, n_seen, information)

    def completed(self, update_C: float) -> LinearPath:
        """Return the path with what one that was saved in format 1 lacks.

        Where it had `seen`, a column was held by ``update_memory * seen``, which this makes of
        its ``update_C``; else nothing is known of earlier rows, and nothing holds.
        """
        if self.information is not None:
            return self
        n_columns, n_tags = self.coef.shape
        of_each = self.n_seen / update_C if update_C else 0.0
        return self._replace(
            seen=np.zeros(n_columns, np.float32) if self.seen is None else self.seen,
            information=np.full(n_tags, of_each, np.float32),
        )

    def with_tags(self, n_more: int) -> LinearPath:
        """Return the path with further tags, of which it knows nothing."""
        return self._replace(
            coef=np.pad(self.coef, ((0, 0), (0, n_more))),
            intercept=np.pad(self.intercept, (0, n_more)),
            information=np.pad(self.information, (0, n_more)),
        )


def empty_linear_path(n_columns: int, n_tags: int) -> LinearPath:
    """Return a path that answers zero, for a model that only ever sees batches."""
    return LinearPath(
        np.zeros((n_columns, n_tags), np.float32),
        np.zeros(n_tags, np.float32),
        np.zeros(n_columns, np.float32),
        0,
        np.zeros(n_tags, np.float32),
    )


def _power_of_two(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round to the nearest power of two; zero stays zero."""
    with np.errstate(divide="ignore"):
        return np.exp2(np.round(np.log2(values)))


def _information(
    logits: npt.NDArray[Any], weight: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return the curvature of each tag's losses, summed over rows."""
    return (weight * expit(logits) * expit(-logits)).sum(axis=0).astype(np.float32)


def _progress(n_units: int, unit: str, verbose: int) -> keras.utils.Progbar:
    """Return a bar that looks like those of the network's epochs."""
    if verbose:
        print("Wide path")  # noqa: T201
    return keras.utils.Progbar(n_units, verbose=verbose, unit_name=unit)


def _times_columns(x: Any, factors: npt.NDArray[Any]) -> Any:
    return x.multiply(factors[None, :]).tocsr() if sparse.issparse(x) else x * factors


def _dense(x: Any) -> npt.NDArray[np.float64]:
    return np.asarray(x.toarray() if sparse.issparse(x) else x, dtype=np.float64)


def _sum_of_squares(X: Any) -> npt.NDArray[np.float32]:
    """Return the sum of squares of each column."""
    with np.errstate(over="ignore"):
        squares = X.multiply(X) if sparse.issparse(X) else np.square(X)
        sums = np.asarray(squares.sum(axis=0), dtype=np.float32).ravel()
    if not np.isfinite(sums).all():
        raise ValueError(
            "the wide path cannot learn these rows: the squares of a column are too large for "
            "float32; scale the columns"
        )
    return sums


def fit_linear_path(
    X: Any,
    Y: npt.NDArray[np.float32],
    *,
    C: float,
    balance: float,
    unlabeled_weight: float,
    n_folds: int,
    seed: int,
    tag_weights: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None,
    row_weights: npt.NDArray[np.float32] | None = None,
    verbose: int = 0,
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
    unlabeled_weight : float
        Weight of the answers that are not known, for which the path's own are taken.
    n_folds : int
        Folds of the out-of-fold scores.
    seed : int
        Seeds the folds.
    tag_weights : tuple of two ndarrays of shape (n_tags,) or None
        Weights of each tag's positive and negative answers, besides.
    row_weights : ndarray of shape (n_samples,) or None
        Weights of the rows, besides.
    verbose : int
        1 shows a bar over the fits of all folds and tags, 2 a line at the end.

    Returns
    -------
    path : LinearPath
        The path, whose logits are calibrated: their sigmoid is a probability.
    out_of_fold : ndarray of shape (n_samples, n_tags), dtype float32
        Logits of each row from a path that was fitted without it; 0 for rows of which no
        tag is known, and which therefore take part in every fit.
    """
    # liblinear's own types, so that it does not copy the columns once for each tag
    X = _with_short_indices(X.astype(np.float64))
    known = np.flatnonzero(~np.isnan(Y).all(axis=1))
    scores = np.zeros(Y.shape, dtype=np.float64)

    def weight_of(tags: npt.NDArray[np.float32], rows: npt.NDArray[np.intp]) -> Any:
        of_rows = None if row_weights is None else row_weights[rows]
        weight = element_weights(tags, tag_weights, of_rows)
        return np.ones_like(tags) if weight is None else weight

    def solve(rows: npt.NDArray[np.intp]) -> tuple[Any, Any]:
        columns, tags = X if len(rows) == len(Y) else X[rows], Y[rows]
        coef, intercept = _solve(columns, tags, weight_of(tags, rows), C, balance, bar)
        unknown = np.isnan(tags)
        if self_trains and unknown.any():
            tags = _with_own_answers(tags, columns @ coef + intercept)
            weight = weight_of(tags, rows)
            weight[unknown] *= unlabeled_weight
            coef, intercept = _solve(columns, tags, weight, C, balance, bar)
        elif self_trains:
            bar.add(Y.shape[1])
        return coef, intercept

    # a single row leaves none to be scored by others, and its score stays 0
    n_folds = min(n_folds, len(known))
    self_trains = bool(unlabeled_weight) and bool(np.isnan(Y).any())
    n_fits = (n_folds + 1 if n_folds > 1 else 1) * (2 if self_trains else 1) * Y.shape[1]
    bar = _progress(n_fits, "fit", verbose)
    if n_folds > 1:
        for _, held_out in KFold(n_folds, shuffle=True, random_state=seed).split(known):
            rows = known[held_out]
            coef, intercept = solve(np.setdiff1d(np.arange(len(Y)), rows))
            scores[rows] = X[rows] @ coef + intercept
    coef, intercept = solve(np.arange(len(Y)))
    weight = np.where(np.isnan(Y), 0, weight_of(Y, np.arange(len(Y))))
    slope, offset = _calibrate(scores, Y, weight)
    logits = np.zeros(Y.shape, dtype=np.float32)
    logits[known] = slope * scores[known] + offset
    path = LinearPath(
        np.ascontiguousarray(slope * coef, dtype=np.float32),
        (slope * intercept + offset).astype(np.float32),
        _sum_of_squares(X[known]),
        len(known),
        _information(logits, weight),
    )
    return path, logits


def _with_short_indices(X: Any) -> Any:
    """Return sparse rows with the 32-bit indices that liblinear takes."""
    if not sparse.issparse(X) or X.indices.dtype == X.indptr.dtype == np.int32:
        return X
    if X.nnz > np.iinfo(np.int32).max:
        raise ValueError(
            f"the wide path takes at most {np.iinfo(np.int32).max} numbers other than zero, but "
            f"there are {X.nnz}; fit on fewer rows, and pass the others to partial_fit"
        )
    short = (X.data, X.indices.astype(np.int32), X.indptr.astype(np.int32))
    return type(X)(short, shape=X.shape)


def _with_own_answers(
    tags: npt.NDArray[np.float32], scores: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Put the answers of a fitted path, by its scores, where none are known.

    A tag is given to the highest scores, as often as it is among the known answers: with
    few known tags the scores of a rare one seldom reach any threshold, and a path that
    learnt from what does would give it less and less.
    """
    tags = tags.copy()
    for tag, truth in enumerate(tags.T):
        unknown = np.flatnonzero(np.isnan(truth))
        if len(unknown) == len(truth):
            continue
        n_given = round(float(np.nanmean(truth)) * len(unknown))
        # stable, so that rows of the same score are taken in their order everywhere
        best = np.argsort(-scores[unknown, tag], kind="stable")[:n_given]
        tags[unknown, tag] = 0
        tags[unknown[best], tag] = 1
    return tags


def _solve(
    X: Any,
    Y: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32],
    C: float,
    balance: float,
    bar: keras.utils.Progbar,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the weights and the bias of each tag's support vector machine."""
    solved = []
    for of_tag, weight_of_tag in zip(Y.T, weight.T, strict=True):
        solved.append(_solve_tag(X, of_tag, weight_of_tag, C, balance))
        bar.add(1)
    coef, intercept = zip(*solved, strict=True)
    return np.stack(coef, axis=1), np.array(intercept)


def _solve_tag(
    X: Any,
    y: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32],
    C: float,
    balance: float,
) -> tuple[npt.NDArray[np.float64], float]:
    # a class whose rows all weigh nothing is none to liblinear, which says so on stdout
    counts = ~np.isnan(y) & (weight > 0)
    if not counts.all():
        X, y, weight = X[counts], y[counts], weight[counts]
    n_positive = float(y.sum())
    if n_positive in (0.0, float(len(y))):
        constant = _CONSTANT_SCORE if n_positive else -_CONSTANT_SCORE
        return np.zeros(X.shape[1]), constant
    rarity = np.where(y == 1, len(y) / (2 * n_positive), len(y) / (2 * (len(y) - n_positive)))
    model = _fit_alone(LinearSVC(C=C, dual=True, random_state=0), X, y, weight * rarity**balance)
    return model.coef_[0], float(model.intercept_[0])


def _fit_alone(model: LinearSVC, X: Any, y: Any, sample_weight: Any) -> LinearSVC:
    """Fit while no other thread does, and take what a solver that stopped early has found.

    The scores are calibrated afterwards, and those of a column of odd scale are good ones.
    """
    attempt = 0
    while True:
        with _LIBLINEAR, warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                return model.fit(X, y, sample_weight=sample_weight)
            except ConvergenceWarning:
                # the filters belong to the process: a thread that left a `catch_warnings` of its
                # own, as any check of scikit-learn's does, has put back those that raise
                attempt += 1
                if attempt == _TIMES_FILTER_MAY_VANISH:
                    raise


def _calibrate(
    scores: npt.NDArray[np.float64],
    Y: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32],
) -> tuple[float, float]:
    """Return slope and offset of a logistic curve through all tags' out-of-fold scores.

    One curve for all (Platt 1999): a curve a tag has too few examples where it matters most.
    """
    counts = weight > 0
    truth = Y[counts]
    if len(np.unique(truth)) < 2:
        return 1.0, 0.0
    curve = LogisticRegression(C=1e6).fit(scores[counts].reshape(-1, 1), truth, weight[counts])
    slope = float(curve.coef_[0, 0])
    # a negative slope means that the scores say nothing of rows they were not fitted on
    return (slope, float(curve.intercept_[0])) if slope > 0 else (1.0, 0.0)
