"""One linear support vector machine a tag, and their out-of-fold scores."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC
from sklearn.utils import gen_even_slices
from sklearn.utils.parallel import Parallel, delayed

_Floats = npt.NDArray[np.float64]

#: Scores differ by about 1e-4 from those of a tolerance a hundred times smaller.
_TOLERANCE = 1e-3
#: Score of a tag that is the same in every row, in units of the margin.
_CONSTANT_SCORE = 1.0
#: liblinear draws from a generator of the process, and filters of warnings are the process's
#: too, so threads take turns.
_LIBLINEAR = threading.Lock()
_MAX_ATTEMPTS = 20


def solve(
    X: Any,
    Y: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32] | None,
    *,
    C: float,
    balance: float,
    rows: npt.NDArray[np.intp] | None = None,
    unlabeled_weight: float = 0.0,
    n_jobs: int | None = None,
) -> tuple[_Floats, _Floats]:
    """Fit a support vector machine with squared hinge loss for each tag.

    With `unlabeled_weight`, unknown tags are then predicted, and the machines are fitted once
    more on these predictions too.

    Parameters
    ----------
    X : csr_array or csr_matrix of shape (n_samples, n_columns), dtype float64
        Columns.
    Y : ndarray of shape (n_samples, n_tags)
        0 or 1; NaN where unknown, which takes no part.
    weight : ndarray of shape (n_samples, n_tags) or None
        Weights of the entries of `Y`.
    C : float
        Inverse strength of the regularisation.
    balance : float
        Exponent of the weights that would make both classes of a tag count the same.
    rows : ndarray of shape (n_rows,) or None
        Rows to fit on; None takes all.
    unlabeled_weight : float
        Weight of predictions in the place of unknown tags.
    n_jobs : int or None
        Number of processes, each of which takes some of the tags.

    Returns
    -------
    coef : ndarray of shape (n_columns, n_tags)
        Weights of the columns.
    intercept : ndarray of shape (n_tags,)
        Intercepts.
    """
    if rows is not None:
        X, Y = X[rows], Y[rows]
        weight = None if weight is None else weight[rows]
    if weight is None:
        weight = np.ones_like(Y)
    coef, intercept = _solve_in_processes(X, Y, weight, C, balance, n_jobs)
    unknown = np.isnan(Y)
    if not unlabeled_weight or not unknown.any():
        return coef, intercept
    weight = weight.copy()
    weight[unknown] *= unlabeled_weight
    predicted = _with_own_predictions(Y, X @ coef + intercept)
    return _solve_in_processes(X, predicted, weight, C, balance, n_jobs)


def _solve_in_processes(
    X: Any, Y: Any, weight: Any, C: float, balance: float, n_jobs: int | None
) -> tuple[_Floats, _Floats]:
    if n_jobs in (None, 1):
        return _solve_tags(X, Y, weight, C, balance)
    parallel = Parallel(n_jobs=n_jobs)
    slices = gen_even_slices(Y.shape[1], min(parallel._effective_n_jobs(), Y.shape[1]))
    parts = parallel(
        delayed(_solve_tags)(X, Y[:, tags], weight[:, tags], C, balance) for tags in slices
    )
    coef, intercept = zip(*parts, strict=True)
    return np.concatenate(coef, axis=1), np.concatenate(intercept)


def with_short_indices(X: Any) -> Any:
    """Return sparse rows with the 32-bit indices that liblinear takes."""
    if X.indices.dtype == X.indptr.dtype == np.int32:
        return X
    if X.nnz > np.iinfo(np.int32).max:
        raise ValueError(
            f"at most {np.iinfo(np.int32).max} non-zero values can be fitted at once, got "
            f"{X.nnz}; fit on fewer rows, and pass the others to partial_fit"
        )
    short = (X.data, X.indices.astype(np.int32), X.indptr.astype(np.int32))
    return sparse.csr_array(short, shape=X.shape)


def _with_own_predictions(Y: npt.NDArray[np.float32], scores: _Floats) -> npt.NDArray[np.float32]:
    """Replace unknown entries by predictions of the model itself.

    Each tag is given to the unknown rows with the highest scores, as often as it is among the
    known ones. A fixed threshold would give rare tags less and less often.
    """
    Y = Y.copy()
    for tag, truth in enumerate(Y.T):
        unknown = np.flatnonzero(np.isnan(truth))
        if len(unknown) == len(truth):
            continue
        n_given = round(float(np.nanmean(truth)) * len(unknown))
        # stable: rows of equal scores are taken in the same order on every machine
        best = np.argsort(-scores[unknown, tag], kind="stable")[:n_given]
        Y[unknown, tag] = 0
        Y[unknown[best], tag] = 1
    return Y


def _solve_tags(
    X: Any, Y: npt.NDArray[np.float32], weight: Any, C: float, balance: float
) -> tuple[_Floats, _Floats]:
    coef, intercept = np.zeros((X.shape[1], Y.shape[1])), np.zeros(Y.shape[1])
    for tag, (y, w) in enumerate(zip(Y.T, weight.T, strict=True)):
        coef[:, tag], intercept[tag] = _solve_tag(X, y, w, C, balance)
    return coef, intercept


def _solve_tag(X: Any, y: Any, weight: Any, C: float, balance: float) -> tuple[Any, float]:
    # liblinear refuses a class of which all rows weigh nothing
    used = ~np.isnan(y) & (weight > 0)
    if not used.all():
        X, y, weight = X[used], y[used], weight[used]
    n_positive = float(y.sum())
    if n_positive in (0.0, float(len(y))):
        return 0.0, _CONSTANT_SCORE if n_positive else -_CONSTANT_SCORE
    if not X.shape[1]:
        # no word is left in any text: the tag's frequency is all there is
        return 0.0, 2 * float(np.average(y, weights=weight)) - 1
    if balance:
        n_other = len(y) - n_positive
        rarity = len(y) / (2 * np.where(y == 1, n_positive, n_other))
        weight = weight * rarity**balance
    model = _fit(LinearSVC(C=C, dual=True, tol=_TOLERANCE, random_state=0), X, y, weight)
    return model.coef_[0], float(model.intercept_[0])


def _fit(model: LinearSVC, X: Any, y: Any, sample_weight: Any) -> LinearSVC:
    """Fit, and accept what a solver that stopped early has found: scores are calibrated."""
    attempt = 0
    while True:
        with _LIBLINEAR, warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                return model.fit(X, y, sample_weight=sample_weight)
            except ConvergenceWarning:
                # another thread left a `catch_warnings` of its own, which removed the filter
                attempt += 1
                if attempt == _MAX_ATTEMPTS:
                    raise
