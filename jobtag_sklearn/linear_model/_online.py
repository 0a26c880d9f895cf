"""Updates of a linear model: online Bayesian logistic regression."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.utils import gen_batches
from threadpoolctl import threadpool_limits

from jobtag_sklearn.linear_model._newton import logistic_shares
from jobtag_sklearn.utils._sparse_columns import columns_in, columns_of

_Floats = npt.NDArray[np.float32]

#: Rows of one step of an update. Their inner products are one matrix for all tags.
_UPDATED_TOGETHER = 600


class LinearState(NamedTuple):
    """Linear logits of some columns, and what is known of the rows that they were learnt on.

    Attributes
    ----------
    columns : ndarray of shape (n_columns,), dtype int32
        Columns that have occurred in a row, ascending. All others have weight 0.
    coef : ndarray of shape (n_columns, n_tags), dtype float32
        Weights of these columns.
    intercept : ndarray of shape (n_tags,), dtype float32
        Intercepts.
    seen : ndarray of shape (n_columns,), dtype float32
        Sum of squares of each column over all rows that were learnt.
    n_seen : int
        Number of these rows.
    information : ndarray of shape (n_tags,), dtype float32
        Sum of ``p * (1 - p)`` over these rows, where ``p`` is the probability of a tag.
    """

    columns: npt.NDArray[np.int32]
    coef: _Floats
    intercept: _Floats
    seen: _Floats
    n_seen: int
    information: _Floats

    @classmethod
    def empty(cls, n_tags: int) -> LinearState:
        """Return a model that answers zero, for a classifier that only ever sees batches."""
        return cls(
            np.zeros(0, np.int32),
            np.zeros((0, n_tags), np.float32),
            np.zeros(n_tags, np.float32),
            np.zeros(0, np.float32),
            0,
            np.zeros(n_tags, np.float32),
        )

    def logits(self, X: Any) -> npt.NDArray[np.float64]:
        """Return a logit for each row of the csr matrix `X` and each tag."""
        product = columns_of(X, self.columns) @ self.coef
        return np.asarray(product, dtype=np.float64) + self.intercept

    def with_columns(self, columns: npt.NDArray[np.int32]) -> LinearState:
        """Return the same model with further columns, of weight 0."""
        union = np.union1d(self.columns, columns)
        if len(union) == len(self.columns):
            return self
        kept = np.searchsorted(union, self.columns)
        coef = np.zeros((len(union), self.coef.shape[1]), np.float32)
        seen = np.zeros(len(union), np.float32)
        coef[kept], seen[kept] = self.coef, self.seen
        return self._replace(columns=union.astype(np.int32), coef=coef, seen=seen)

    def with_tags(self, coef: _Floats, intercept: _Floats) -> LinearState:
        """Return the model with further tags, which start with these weights."""
        return self._replace(
            coef=np.concatenate([self.coef, coef], axis=1),
            intercept=np.concatenate([self.intercept, intercept]),
            information=np.pad(self.information, (0, len(intercept))),
        )

    def updated(
        self,
        X: Any,
        Y: npt.NDArray[np.float32],
        weight: npt.NDArray[np.floating] | None,
        *,
        C: float,
        memory: float,
        order: npt.NDArray[np.intp],
    ) -> LinearState:
        """Return a model that has learnt new rows too, as near to this one as they allow.

        The change ``d`` of a tag's weights minimises ``sum(d**2 * (1 + hold * seen)) / 2 + C *
        sum of the logistic losses``, with ``hold = memory * C * information / n_seen``. The
        more is known of a column and of a tag, the less a weight moves; a new word is free.

        With a memory of 1 this is a Gaussian around the present weights whose diagonal precision
        grows with the curvature of each row's loss: online Bayesian logistic regression [1]_.
        The curvature of a tag is taken to be the same for all rows, and ``hold`` is rounded to
        a power of two, so that many tags share a system of equations.

        Parameters
        ----------
        X : csr_array or csr_matrix of shape (n_samples, n_features)
            New rows.
        Y : ndarray of shape (n_samples, n_tags)
            Their tags, NaN where unknown.
        weight : ndarray of shape (n_samples, n_tags) or None
            Weights of the entries of `Y`.
        C : float
            Weight of the new rows against the present weights.
        memory : float
            How much a column's past holds it: 0 not at all, 1 as if it were learnt again.
        order : ndarray of shape (n_samples,)
            Order in which the rows are learnt, some hundred at a time.

        References
        ----------
        .. [1] O. Chapelle, L. Li, "An Empirical Evaluation of Thompson Sampling", NeurIPS 2011,
           algorithm 3.
        """
        grown = self.with_columns(columns_in(X))
        X = columns_of(X, grown.columns)
        coef, intercept = grown.coef.copy(), grown.intercept.copy()
        seen, n_seen, information = grown.seen.copy(), grown.n_seen, grown.information.copy()
        known = ~np.isnan(Y)
        weights = known.astype(np.float32) if weight is None else np.where(known, weight, 0)
        truth = np.where(known, Y, 0)
        for batch in gen_batches(len(order), _UPDATED_TOGETHER):
            rows = order[batch]
            x = X[rows]
            logits = np.asarray(x @ coef, dtype=np.float64) + intercept
            holds = _power_of_two(memory * C * information.astype(np.float64) / max(n_seen, 1))
            for hold in np.unique(holds):
                tags = np.flatnonzero(holds == hold)
                # the change is a combination of the rows, so their inner products suffice; the
                # intercept is one more column, of ones
                scaled = x.multiply(1 / (1 + hold * seen)[None, :]).tocsr()
                of_intercept = 1 / (1 + hold * n_seen)
                products = np.asarray((scaled @ x.T).toarray(), dtype=np.float64) + of_intercept
                # products of this size are faster in one thread
                with threadpool_limits(1, user_api="blas"):
                    shares, change = logistic_shares(
                        products,
                        logits[:, tags],
                        truth[np.ix_(rows, tags)],
                        C * weights[np.ix_(rows, tags)].astype(np.float64),
                    )
                logits[:, tags] += change
                coef[:, tags] += np.asarray(scaled.T @ shares)
                intercept[tags] += of_intercept * shares.sum(axis=0)
            seen += sum_of_squares(x)
            n_seen += len(rows)
            information += information_of(logits, weights[rows])
        return LinearState(grown.columns, coef, intercept, seen, n_seen, information)


def information_of(logits: npt.NDArray[Any], weight: npt.NDArray[Any]) -> _Floats:
    """Return the curvature of each tag's losses, summed over rows."""
    return (weight * expit(logits) * expit(-logits)).sum(axis=0).astype(np.float32)


def sum_of_squares(X: Any) -> _Floats:
    """Return the sum of squares of each column."""
    with np.errstate(over="ignore"):
        sums = np.asarray(X.multiply(X).sum(axis=0), dtype=np.float32).ravel()
    if not np.isfinite(sums).all():
        raise ValueError(
            "these rows cannot be learnt: the squares of a column are too large for float32; "
            "scale the columns"
        )
    return sums


def _power_of_two(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round to the nearest power of two; zero stays zero."""
    with np.errstate(divide="ignore"):
        return np.exp2(np.round(np.log2(values)))
