"""Thresholds for scores that are there, exact over all cuts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.model_selection._curves import (
    Curve,
    between,
    f_measure,
    make_curve,
    running_totals,
)
from jobtag_sklearn.utils._tags import check_tags, shown

_Floats = npt.NDArray[np.float64]

#: Objectives that are found exactly, and what they need besides.
SCORINGS = ("f1_micro", "f1_macro", "f1_samples", "precision", "recall")
STRATEGIES = ("shrunken", "common", "per_tag")

#: Cuts that come so near the best value count as equally good with ``strategy="shrunken"``.
_TOLERANCE = 0.003
#: Cuts that are tried where each one costs a call of the user's scorer.
_N_TRIED = 100
#: Passes over all tags of a search that goes tag by tag.
_MOST_PASSES = 20


class Objective(NamedTuple):
    """What thresholds are to be good for."""

    scoring: str | Callable[[npt.NDArray[np.int64]], float]
    beta: float = 1.0
    min_precision: float | None = None
    min_recall: float | None = None

    @property
    def is_constrained(self) -> bool:
        return self.scoring in ("precision", "recall")

    def values(self, curve: Curve) -> _Floats:
        """Return how good each cut of a tag's curve is."""
        if not self.is_constrained:
            return f_measure(curve.n_right, curve.n_given, curve.n_positive, self.beta)
        some = np.where(curve.n_given > 0, curve.n_given, 1.0)
        precision = np.where(curve.n_given > 0, curve.n_right / some, 0.0)
        recall = curve.n_right / (curve.n_positive or 1.0)
        if self.scoring == "recall":
            # a share of whole numbers may miss the number that it stands for by rounding
            return np.where(precision >= self.min_precision - 1e-12, recall, -np.inf)
        # of the same precision the lower cut, which has the higher recall
        return np.where(recall >= self.min_recall - 1e-12, precision, -np.inf)


def find_thresholds(
    y_true: Any,
    y_score: Any,
    *,
    scoring: Any = "f1_macro",
    strategy: str = "shrunken",
    shrinkage: float = 2.0,
    beta: float = 1.0,
    min_precision: float | None = None,
    min_recall: float | None = None,
    sample_weight: npt.ArrayLike | None = None,
) -> _Floats:
    """Find a threshold for each tag from scores of rows that did not train the model.

    Parameters
    ----------
    y_true : DataFrame, array-like or sparse matrix of shape (n_samples, n_tags)
        True tags as 0/1, NaN where unknown.
    y_score : array-like of shape (n_samples, n_tags)
        Scores of the tags, higher for likelier ones.
    scoring : {"f1_macro", "f1_micro", "f1_samples", "recall", "precision"} or callable, \
            default="f1_macro"
        What is to be highest: F-beta as mean over tags, over all answers together, or as
        mean over samples; recall with `min_precision`; precision with `min_recall`. Or a
        function that is given 0/1 predictions of shape (n_samples, n_tags) and returns a
        number.
    strategy : {"shrunken", "common", "per_tag"}, default="shrunken"
        One threshold a tag, steadied by all tags together (see `shrinkage`); one threshold
        for all; or one a tag, each for itself.
    shrinkage : float, default=2
        With ``strategy="shrunken"``, how many positive examples the scores of all tags
        together weigh beside each tag's own. 0 leaves every tag to itself, and with infinity
        all tags have one threshold.
    beta : float, default=1
        Weight of recall against precision in F-beta.
    min_precision, min_recall : float, default=None
        What ``scoring="recall"`` and ``scoring="precision"`` must not fall below: of all
        answers together with ``strategy="common"``, else of each tag.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.

    Returns
    -------
    thresholds : ndarray of shape (n_tags,)
        A tag is given where its score is at least its threshold. Infinite where a tag is
        best never given.

    Raises
    ------
    ValueError
        If shapes differ, scores are missing, or the objective is unknown.

    Warns
    -----
    UserWarning
        If a tag is the same in every row, so that it takes the threshold for all tags
        together; or no threshold of a tag reaches `min_precision`, so that it is not given.

    See Also
    --------
    TunedMultiLabelThresholdClassifierCV : Makes such scores and uses the thresholds.
    stable_threshold : One threshold for all tags, for micro F1.

    Notes
    -----
    The curve of one tag is counted at every cut between two of its scores. F1 as mean over
    tags is highest where each tag's is. F1 over all answers is a ratio of two sums over
    tags, of which the best is found by Dinkelbach's method [1]_: for a ratio that was
    reached, each tag takes the cut with the largest surplus over it, until no larger ratio
    comes out. F1 as mean over samples has no such form; with one threshold it is exact, with
    more it goes tag by tag, each one exact beside the others, until nothing moves, which may
    end at a local optimum. A function is tried at 100 cuts a tag.

    With ``strategy="shrunken"`` the counts of all tags together are added to each tag's own,
    scaled to `shrinkage` positive examples, and of cuts that come within 0.003 of the best
    value the mean is taken. Each tag by itself fits its threshold to the chances of a few
    examples. Where scores do not sum over tags (samples, functions) the thresholds
    themselves are drawn together, by ``n_positive / (n_positive + shrinkage)``.

    References
    ----------
    .. [1] W. Dinkelbach, "On Nonlinear Fractional Programming", Management Science 13, 1967.

    Examples
    --------
    >>> from jobtag_sklearn.model_selection import find_thresholds
    >>> y_true = [[1, 0], [1, 0], [0, 1], [0, 0]]
    >>> y_score = [[0.9, 0.1], [0.4, 0.2], [0.3, 0.3], [0.2, 0.0]]
    >>> find_thresholds(y_true, y_score, strategy="per_tag").tolist()
    [0.35, 0.25]
    """
    objective = Objective(scoring, beta, min_precision, min_recall)
    check_objective(objective, strategy, shrinkage)
    truth = check_tags(y_true, kind="multilabel").indicators
    scores = check_scores(y_score, truth.shape)
    weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    return search(truth, scores, objective, strategy, shrinkage, weight)


def check_objective(objective: Objective, strategy: str, shrinkage: float) -> None:
    """Raise if an objective is unknown or lacks what it needs."""
    scoring, lowest = objective.scoring, (objective.min_precision, objective.min_recall)
    if not callable(scoring) and scoring not in SCORINGS:
        raise ValueError(f"unknown objective scoring={scoring!r}; known are {list(SCORINGS)}")
    if strategy not in STRATEGIES:
        raise ValueError(f"unknown strategy={strategy!r}; known are {list(STRATEGIES)}")
    if not shrinkage >= 0:
        raise ValueError(f"shrinkage={shrinkage!r} must be 0 or more")
    if not objective.beta > 0:
        raise ValueError(f"beta={objective.beta!r} must be above 0")
    needed = {"recall": (0, "min_precision"), "precision": (1, "min_recall")}
    for name, (position, constraint) in needed.items():
        if (scoring == name) != (lowest[position] is not None):
            raise ValueError(
                f"scoring={name!r} and {constraint} go together: the highest {name} with at "
                f"least so much {constraint[4:]}; got scoring={scoring!r} and "
                f"{constraint}={lowest[position]!r}"
            )
        if lowest[position] is not None and not 0 <= lowest[position] <= 1:
            raise ValueError(f"{constraint}={lowest[position]!r} must be between 0 and 1")


def check_scores(y_score: Any, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return scores as an array, or say which of them is missing."""
    scores = np.asarray(y_score)
    if scores.dtype.kind != "f":
        scores = scores.astype(np.float64)
    if scores.shape != shape:
        raise ValueError(f"y_true has shape {shape}, but y_score has shape {scores.shape}")
    if np.isnan(scores).any():
        row, tag = (int(place[0]) for place in np.nonzero(np.isnan(scores)))
        raise ValueError(
            f"y_score has no number in row {row}, tag {tag}; a model whose scores are NaN "
            "has not been trained"
        )
    return scores


def search(
    truth: npt.NDArray[np.float32],
    scores: npt.NDArray[Any],
    objective: Objective,
    strategy: str,
    shrinkage: float,
    weight: _Floats | None,
    *,
    min_examples: int = 1,
    names: Any = None,
) -> _Floats:
    """Find thresholds for what was validated.

    Tags with fewer than `min_examples` positive or negative examples take the threshold for
    all tags together.
    """
    n_tags = truth.shape[1]
    if strategy == "shrunken" and np.isinf(shrinkage):
        strategy = "common"
    if strategy == "per_tag":
        shrinkage = 0.0
    together = make_curve(truth.ravel(), scores.ravel(), _for_each_tag(weight, n_tags))
    if strategy == "common":
        return np.full(n_tags, _common(truth, scores, objective, weight, together))
    rare = _rare(truth, min_examples)
    if objective.scoring == "f1_samples" or callable(objective.scoring):
        common = _common(truth, scores, objective, weight, together)
        given = _given(scores, common)
        rules = (
            _Scorer(truth, scores, objective.scoring, given)
            if callable(objective.scoring)
            else _Samples(truth, scores, objective.beta, weight, given)
        )
        start, to_move = np.full(n_tags, common), np.flatnonzero(~rare)
        found = _tag_by_tag(rules, start, to_move)
        n_positive = np.nansum(truth, axis=0)
        own = n_positive / np.maximum(n_positive + shrinkage, 1e-12)
        moved = np.where(np.isfinite(found), found, common)
        thresholds = found if not shrinkage else own * moved + (1 - own) * common
    else:
        steady = _steady(together, objective.values(together), objective)
        curves = [
            make_curve(truth[:, tag], scores[:, tag], weight, also=[steady] * bool(shrinkage))
            for tag in range(n_tags)
        ]
        curves = [curve.plus(together, shrinkage) for curve in curves]
        values = _surpluses(curves, objective)
        thresholds = np.array(
            [
                _steady(curve, value, objective)
                if shrinkage
                else between(curve.cuts, _last_best(value, objective))
                for curve, value in zip(curves, values, strict=True)
            ]
        )
        common = _common(truth, scores, objective, weight, together) if rare.any() else 0.0
    thresholds[rare] = common
    _warn(rare, thresholds, objective, min_examples, names)
    return thresholds


def _for_each_tag(weight: _Floats | None, n_tags: int) -> _Floats | None:
    return None if weight is None else np.repeat(weight, n_tags)


def _rare(truth: npt.NDArray[np.float32], min_examples: int) -> npt.NDArray[np.bool_]:
    return np.minimum((truth == 0).sum(axis=0), (truth == 1).sum(axis=0)) < min_examples


def _warn(
    rare: npt.NDArray[np.bool_],
    thresholds: _Floats,
    objective: Objective,
    min_examples: int,
    names: Any,
) -> None:
    if rare.any():
        warnings.warn(
            f"tag(s) {_shown(rare, names)} have fewer than {min_examples} positive or negative "
            "example(s), too few to tune on; they take the threshold for all tags together",
            UserWarning,
            stacklevel=4,
        )
    never = np.isinf(thresholds)
    if objective.scoring == "recall" and never.any():
        warnings.warn(
            f"no threshold of tag(s) {_shown(never, names)} reaches a precision of "
            f"{objective.min_precision}, so they are never given",
            UserWarning,
            stacklevel=4,
        )


def _shown(which: npt.NDArray[np.bool_], names: Any) -> str:
    positions = np.flatnonzero(which)
    found = positions if names is None or len(names) != len(which) else names[positions]
    more = f" and {len(found) - 10} more" if len(found) > 10 else ""
    return ", ".join(shown(name) for name in found[:10]) + more


def _last_best(values: _Floats, objective: Objective) -> int:
    """Return the position of the best value; of several the one that gives the fewest."""
    if objective.scoring == "precision":
        # of the same precision the lower cut has the higher recall
        return int(values.argmax())
    if np.isneginf(values).all():
        return len(values) - 1
    return len(values) - 1 - int(values[::-1].argmax())


def _steady(curve: Curve, values: _Floats, objective: Objective) -> float:
    """Return the mean of all cuts that are nearly as good as the best one."""
    best = _last_best(values, objective)
    if objective.is_constrained or np.isinf(curve.cuts[best]):
        return between(curve.cuts, best)
    scale = 1.0 if objective.scoring == "f1_macro" else max(values.max(), 1e-12)
    good = (values >= values[best] - _TOLERANCE * scale) & np.isfinite(curve.cuts)
    return float(curve.cuts[good].mean())


def _surpluses(curves: list[Curve], objective: Objective) -> list[_Floats]:
    """Return what each tag's cuts are worth, such that the best of each tag are the best."""
    if objective.scoring != "f1_micro":
        return [objective.values(curve) for curve in curves]
    square = objective.beta**2
    n_positive = sum(curve.n_positive for curve in curves)
    ratio = 0.0
    while True:
        values = [(1 + square) * curve.n_right - ratio * curve.n_given for curve in curves]
        best = [_last_best(value, objective) for value in values]
        n_right = sum(curve.n_right[i] for curve, i in zip(curves, best, strict=True))
        n_given = sum(curve.n_given[i] for curve, i in zip(curves, best, strict=True))
        reached = float(f_measure(n_right, n_given, n_positive, objective.beta))
        if reached <= ratio:
            return values
        ratio = reached


def _common(
    truth: npt.NDArray[np.float32],
    scores: npt.NDArray[Any],
    objective: Objective,
    weight: _Floats | None,
    together: Curve,
) -> float:
    """Return the best threshold for all tags."""
    if callable(objective.scoring):
        cuts = _tried(together.cuts)
        values = np.array([objective.scoring(_given(scores, cut)) for cut in cuts])
        return float(cuts[_last_best(values, objective)])
    if objective.scoring in ("f1_macro", "f1_samples"):
        of_tags = objective.scoring == "f1_macro"
        values = _mean_f_measure(truth, scores, objective.beta, weight, axis=0 if of_tags else 1)
    else:
        values = objective.values(together)
    return between(together.cuts, _last_best(values, objective))


def _given(scores: npt.NDArray[Any], threshold: Any) -> npt.NDArray[np.int64]:
    return (scores >= threshold).astype(np.int64)


def _tried(cuts: _Floats) -> _Floats:
    """Return thresholds that are tried where each one is expensive."""
    positions = np.unique(np.linspace(0, len(cuts) - 1, _N_TRIED).round().astype(np.intp))
    return np.array([between(cuts, int(position)) for position in positions])


def _mean_f_measure(
    truth: npt.NDArray[np.float32],
    scores: npt.NDArray[Any],
    beta: float,
    weight: _Floats | None,
    *,
    axis: int,
) -> _Floats:
    """Return the sum of the F-measures of rows (1) or columns (0) at each cut of all scores.

    Going down, each score changes the F-measure of its own row or column alone, so the sums
    at all cuts are the running total of these changes.
    """
    order = np.argsort(-scores, axis=axis)
    known = ~np.isnan(truth)
    right, given = np.where(known, truth, 0), known.astype(np.float32)
    if weight is not None and axis == 0:
        right, given = right * weight[:, None], given * weight[:, None]
    n_positive = right.sum(axis=axis, keepdims=True, dtype=np.float64)
    n_right = np.cumsum(np.take_along_axis(right, order, axis), axis=axis, dtype=np.float64)
    n_given = np.cumsum(np.take_along_axis(given, order, axis), axis=axis, dtype=np.float64)
    changes = np.diff(f_measure(n_right, n_given, n_positive, beta), axis=axis, prepend=0)
    if weight is not None and axis == 1:
        changes *= weight[:, None]
    counted = np.take_along_axis(known, order, axis)
    return running_totals(np.take_along_axis(scores, order, axis)[counted], changes[counted])[1]


def _tag_by_tag(rules: _Samples | _Scorer, thresholds: _Floats, tags: Any) -> _Floats:
    """Move one tag's threshold after the other, until nothing moves."""
    thresholds = thresholds.copy()
    for _ in range(_MOST_PASSES):
        moved = False
        for tag in tags:
            cuts, values, now = rules.values(tag)
            best = len(values) - 1 - int(values[::-1].argmax())
            if values[best] > now + 1e-12:
                moved, thresholds[tag] = True, cuts(best)
                rules.give(tag, thresholds[tag])
        if not moved:
            break
    return thresholds


class _Samples:
    """F-beta as mean over samples, as it depends on one tag beside what others give."""

    def __init__(
        self, truth: Any, scores: Any, beta: float, weight: _Floats | None, given: Any
    ) -> None:
        self._known = ~np.isnan(truth)
        self._right = np.where(self._known, truth, 0)
        self._scores, self._beta, self._weight = scores, beta, weight
        self._given = given * self._known
        self._n_right = (self._right * self._given).sum(axis=1)
        self._n_given = self._given.sum(axis=1)
        self._n_positive = self._right.sum(axis=1)

    def values(self, tag: int) -> tuple[Callable[[int], float], _Floats, float]:
        """Return one tag's cuts, the gain by giving it from each on, and the gain now."""
        right, given = self._right[:, tag], self._given[:, tag]
        n_right, n_given = self._n_right - right * given, self._n_given - given
        without, with_it = (
            f_measure(n_right + more * right, n_given + more, self._n_positive, self._beta)
            for more in (0, 1)
        )
        gain = (with_it - without) * (1.0 if self._weight is None else self._weight)
        known = self._known[:, tag]
        cuts, totals = running_totals(self._scores[known, tag], gain[known])
        return partial(between, cuts), totals, float((gain * given).sum())

    def give(self, tag: int, threshold: float) -> None:
        """Give a tag from a threshold on."""
        given = _given(self._scores[:, tag], threshold) * self._known[:, tag]
        more = given - self._given[:, tag]
        self._n_right = self._n_right + more * self._right[:, tag]
        self._n_given = self._n_given + more
        self._given[:, tag] = given


class _Scorer:
    """A function of predictions, as it depends on one tag beside what others give."""

    def __init__(self, truth: Any, scores: Any, scorer: Any, given: Any) -> None:
        self._truth, self._scores, self._scorer, self._given = truth, scores, scorer, given

    def values(self, tag: int) -> tuple[Callable[[int], float], _Floats, float]:
        """Return some of one tag's cuts, the scorer's value at each, and its value now."""
        cuts = _tried(make_curve(self._truth[:, tag], self._scores[:, tag]).cuts)
        changed = self._given.copy()
        values = []
        for cut in cuts:
            changed[:, tag] = _given(self._scores[:, tag], cut)
            values.append(self._scorer(changed))
        return cuts.__getitem__, np.array(values), float(self._scorer(self._given))

    def give(self, tag: int, threshold: float) -> None:
        """Give a tag from a threshold on."""
        self._given[:, tag] = _given(self._scores[:, tag], threshold)
