"""How many tags are given, and how many of them rightly, from each threshold on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.utils._counts import share

_Floats = npt.NDArray[np.float64]


class Curve(NamedTuple):
    """Counts from each cut between two scores on, the lowest cut first.

    Attributes
    ----------
    cuts : ndarray of shape (n_cuts,)
        Lowest score that is given, ascending. The last one is infinity: nothing is given.
    n_right, n_given : ndarray of shape (n_cuts,)
        Weight of what is given rightly, and of all that is given.
    n_positive : float
        Weight of what should be given.
    """

    cuts: _Floats
    n_right: _Floats
    n_given: _Floats
    n_positive: float

    def counts_at(self, thresholds: npt.ArrayLike) -> tuple[_Floats, _Floats]:
        """Return `n_right` and `n_given` for any thresholds."""
        position = np.searchsorted(self.cuts, thresholds, side="left")
        return self.n_right[position], self.n_given[position]

    def thinned(self, most: int) -> Curve:
        """Return the same counts at `most` cuts or fewer."""
        kept = evenly_spread(len(self.cuts), most)
        return Curve(self.cuts[kept], self.n_right[kept], self.n_given[kept], self.n_positive)

    def plus(self, other: Curve, n_positive: float) -> Curve:
        """Add the counts of another curve, scaled to `n_positive`, at this one's cuts."""
        if not other.n_positive:
            return self
        share = n_positive / other.n_positive
        n_right, n_given = other.counts_at(self.cuts)
        return Curve(
            self.cuts,
            self.n_right + share * n_right,
            self.n_given + share * n_given,
            self.n_positive + n_positive,
        )


def make_curve(truth: Any, scores: Any, weight: Any = None, *, also: Any = ()) -> Curve:
    """Count for each cut.

    Parameters
    ----------
    truth : ndarray of shape (n,)
        1, 0, or NaN where unknown, which counts nowhere.
    scores : ndarray of shape (n,)
        Scores.
    weight : ndarray of shape (n,) or None
        Weights.
    also : sequence of float
        Cuts to have besides those at the scores.
    """
    known = ~np.isnan(truth)
    if not known.all():
        truth, scores = truth[known], scores[known]
        weight = None if weight is None else weight[known]
    amounts = np.ones(len(scores), np.float32) if weight is None else weight
    right = amounts * truth
    cuts, n_right, n_given = running_totals(scores, right, amounts)
    curve = Curve(cuts, n_right, n_given, float(right.sum(dtype=np.float64)))
    if not len(also):
        return curve
    cuts = np.union1d(curve.cuts, also)
    return Curve(cuts, *curve.counts_at(cuts), curve.n_positive)


def evenly_spread(n: int, most: int) -> npt.NDArray[np.intp]:
    """Return positions from 0 to ``n - 1``, all of them if they are not more than `most`."""
    return np.unique(np.linspace(0, n - 1, min(most, n)).round().astype(np.intp))


def last_best(values: _Floats) -> int:
    """Return the last position of the highest value; NaN is lower than any number."""
    values = np.where(np.isnan(values), -np.inf, values)
    return len(values) - 1 - int(values[::-1].argmax())


def between(cuts: _Floats, position: int) -> float:
    """Return the threshold in the middle between a cut and the next lower one."""
    cut = float(cuts[position])
    if position == 0 or np.isinf(cut):
        return cut
    below = float(cuts[position - 1])
    # half the sum of the two largest floats would be infinite
    middle = below / 2 + cut / 2
    return middle if middle > below else cut


def running_totals(scores: Any, *amounts: Any) -> tuple[_Floats, ...]:
    """Return the different scores, ascending, and for each the sums of amounts from there on.

    The last score is infinity, and the sums there are zero.
    """
    # equal scores make one cut, so their order does not matter
    order = np.argsort(scores)
    ordered = scores[order]
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    first = np.flatnonzero(is_first)
    cuts = np.append(ordered[first], np.inf).astype(np.float64, copy=False)
    return cuts, *(_from_the_top(amount[order], first) for amount in amounts)


def _from_the_top(amounts: Any, first: npt.NDArray[np.intp]) -> _Floats:
    """Sum `amounts` from each of the positions `first` to the end, and from beyond it."""
    below = np.concatenate([[0.0], np.cumsum(amounts, dtype=np.float64)])
    return np.append(below[-1] - below[first], 0.0)


def steady_cut(cuts: _Floats, values: _Floats, best: int, tolerance: float) -> float:
    """Return the mean of all cuts whose value comes within `tolerance` of the best one.

    Where that mean lies between two peaks and is good for nothing, return the best cut.
    """
    good = (values >= values[best] - tolerance) & np.isfinite(cuts)
    mean = float(cuts[good].mean())
    reached = values[np.searchsorted(cuts, mean, side="left")]
    return mean if reached >= values[best] - 2 * tolerance - 1e-12 else between(cuts, best)


def f_measure(n_right: Any, n_given: Any, n_positive: Any, beta: float) -> Any:
    """Return F-beta of counts, 0 where nothing is given and nothing should be."""
    return share((1 + beta**2) * n_right, n_given + beta**2 * n_positive)
