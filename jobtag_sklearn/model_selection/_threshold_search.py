"""Thresholds for scores that are there, exact over all cuts."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.model_selection._coordinates import (
    SamplesRule,
    ScorerRule,
    given_tags,
    tag_by_tag,
    tried_thresholds,
)
from jobtag_sklearn.model_selection._curves import (
    Curve,
    between,
    f_measure,
    make_curve,
    running_totals,
    steady_cut,
)
from jobtag_sklearn.model_selection._objectives import Objective, make_objective
from jobtag_sklearn.model_selection._strategy import needs_own_thresholds
from jobtag_sklearn.utils._tags import check_tags, shown

_Floats = npt.NDArray[np.float64]

STRATEGIES = ("auto", "shrunken", "common", "per_tag")

#: Cuts that come so near the best value count as equally good with ``strategy="shrunken"``.
_TOLERANCE = 0.003
#: Scores whose changes are counted at a time, for the sake of memory.
_BLOCK = 1_000_000
#: Cuts of all tags together that their curve has beside a tag's own.
_N_SHARED = 100_000


def find_thresholds(
    y_true: Any,
    y_score: Any,
    *,
    scoring: Any = "f1_macro",
    strategy: str = "auto",
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
    strategy : {"auto", "shrunken", "common", "per_tag"}, default="auto"
        "shrunken" finds one threshold a tag, steadied by all tags together (see
        `shrinkage`), "common" one threshold for all, and "per_tag" one a tag, each for
        itself. "auto" is "shrunken" where that is worth it, else "common"; see the notes.
    shrinkage : float, default=2
        With ``strategy="shrunken"`` and "auto", how many positive examples the scores of all tags
        together weigh beside each tag's own. 0 leaves every tag to itself, and with infinity
        all tags have one threshold.
    beta : float, default=1
        Weight of recall against precision in F-beta.
    min_precision, min_recall : float, default=None
        What ``scoring="recall"`` and ``scoring="precision"`` must not fall below: of all
        answers together with ``strategy="common"``, of each tag with "per_tag", and with
        "shrunken" of each tag's answers and those of all tags that are added to them.
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

    With ``strategy="auto"`` both strategies find thresholds on four fifths of the rows and are
    compared on the rest, three times over. One threshold for all is taken unless the others
    are better by more than 0.003 in micro F-beta or, with ``scoring="f1_macro"``, in the mean
    of micro and macro F-beta: the mean over tags alone hangs on the few examples of the rarest
    ones. Other objectives and more than 200,000 scores take "shrunken" at once.

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
    objective = make_objective(scoring, beta, min_precision, min_recall)
    if strategy not in STRATEGIES:
        raise ValueError(f"unknown strategy={strategy!r}; known are {list(STRATEGIES)}")
    if not shrinkage >= 0:
        raise ValueError(f"shrinkage={shrinkage!r} must be 0 or more")
    tags = check_tags(y_true, kind="multilabel")
    scores = check_scores(y_score, tags.indicators.shape)
    held_out = HeldOut(tags.indicators, scores, check_weight(sample_weight, len(scores)))
    return search(held_out, objective, strategy, shrinkage, names=tags.classes)


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


def check_weight(sample_weight: Any, n_samples: int) -> _Floats | None:
    """Return weights as an array, or say that their number is wrong."""
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_samples,):
        raise ValueError(f"sample_weight has shape {weight.shape}, but there are {n_samples} rows")
    if not (weight >= 0).all() or not weight.any() or np.isinf(weight).any():
        raise ValueError("sample_weight must be numbers of 0 or more, not all of them 0")
    return weight


class HeldOut:
    """Truth and scores of rows that did not train.

    Parameters
    ----------
    truth : ndarray of shape (n_samples, n_tags)
        1, 0, or NaN where unknown.
    scores : ndarray of shape (n_samples, n_tags)
        Scores.
    weight : ndarray of shape (n_samples,) or None
        Weights of the samples.
    """

    def __init__(
        self, truth: npt.NDArray[np.float32], scores: npt.NDArray[Any], weight: _Floats | None
    ) -> None:
        self.truth, self.scores, self.weight = truth, scores, weight

    @property
    def n_tags(self) -> int:
        """Number of tags."""
        return self.truth.shape[1]

    def of(self, rows: npt.NDArray[np.intp]) -> HeldOut:
        """Return some of the rows."""
        weight = None if self.weight is None else self.weight[rows]
        return HeldOut(self.truth[rows], self.scores[rows], weight)

    @cached_property
    def together(self) -> Curve:
        """Curve of all tags together."""
        weight = None if self.weight is None else np.repeat(self.weight, self.n_tags)
        return make_curve(self.truth.ravel(), self.scores.ravel(), weight)

    @cached_property
    def shared(self) -> Curve:
        """The same at fewer cuts, which is as good where it only steadies another curve."""
        return self.together.thinned(_N_SHARED)

    def curves(self, shrinkage: float, also: float) -> Iterable[Curve]:
        """Yield the curve of each tag, with that of all together added to it."""
        for tag in range(self.n_tags):
            truth, scores = self.truth[:, tag], self.scores[:, tag]
            if shrinkage:
                curve = make_curve(truth, scores, self.weight, also=[also])
                yield curve.plus(self.shared, shrinkage)
            else:
                yield make_curve(truth, scores, self.weight)


def search(
    held_out: HeldOut,
    objective: Objective,
    strategy: str,
    shrinkage: float,
    *,
    names: Any,
    min_examples: int = 1,
) -> _Floats:
    """Find thresholds for what was validated.

    Tags with fewer than `min_examples` positive or negative examples take the threshold for
    all tags together, and a warning names them.
    """
    shrinkage = _shrinkage_of(strategy, held_out, objective, shrinkage, min_examples)
    thresholds = _thresholds(held_out, objective, shrinkage, min_examples)
    if strategy != "common":
        _warn_of_rare(_rare(held_out, min_examples), min_examples, names)
    _warn_of_never(thresholds, objective, names)
    return thresholds


def _shrinkage_of(
    strategy: str, held_out: HeldOut, objective: Objective, shrinkage: float, min_examples: int
) -> float:
    """Return the shrinkage that a strategy stands for: infinite for one threshold for all."""
    if strategy == "per_tag":
        return 0.0
    if strategy == "common":
        return np.inf
    if strategy == "shrunken" or objective.scoring not in ("f1_macro", "f1_micro"):
        return shrinkage
    own = needs_own_thresholds(
        held_out.truth,
        held_out.scores,
        held_out.weight,
        find=lambda rows, own: _thresholds(
            held_out.of(rows), objective, shrinkage if own else np.inf, min_examples
        ),
        beta=objective.beta,
        of_tags=objective.scoring == "f1_macro",
    )
    return shrinkage if own else np.inf


def _thresholds(
    held_out: HeldOut, objective: Objective, shrinkage: float, min_examples: int
) -> _Floats:
    if np.isinf(shrinkage):
        return np.full(held_out.n_tags, _common(held_out, objective))
    find = _by_counts if objective.sums_over_tags else _by_coordinates
    return find(held_out, objective, shrinkage, _rare(held_out, min_examples))


def _common(held_out: HeldOut, objective: Objective) -> float:
    """Return the best threshold for all tags."""
    if callable(objective.scoring):
        tried = tried_thresholds(held_out.together.cuts)
        reached = np.array([objective.scoring(given_tags(held_out.scores, cut)) for cut in tried])
        if np.isnan(reached).all():
            raise ValueError("scoring is NaN at every threshold")
        return float(tried[objective.best(reached)])
    if objective.scoring in ("f1_macro", "f1_samples"):
        of_tags = objective.scoring == "f1_macro"
        cuts, values = _mean_f_measure(held_out, objective.beta, of_tags=of_tags)
    else:
        cuts, values = held_out.together.cuts, objective.values(held_out.together)
    return between(cuts, objective.best(values))


def _by_counts(
    held_out: HeldOut, objective: Objective, shrinkage: float, rare: npt.NDArray[np.bool_]
) -> _Floats:
    """Return the best threshold of each tag, from counts that sum over tags."""
    also = 0.0
    if shrinkage:
        also = _steady(held_out.together, objective.values(held_out.together), objective)
    choose = partial(_steady, of_counts=objective.scoring == "f1_micro") if shrinkage else _exact
    curves = held_out.curves(shrinkage, also)
    values_of = objective.values
    if objective.scoring == "f1_micro":
        curves = list(curves)
        values_of = partial(_surplus, objective=objective, ratio=_best_ratio(curves, objective))
    thresholds = np.array([choose(curve, values_of(curve), objective) for curve in curves])
    if rare.any():
        thresholds[rare] = _common(held_out, objective)
    return thresholds


def _exact(curve: Curve, values: _Floats, objective: Objective) -> float:
    return between(curve.cuts, objective.best(values))


def _steady(
    curve: Curve, values: _Floats, objective: Objective, *, of_counts: bool = False
) -> float:
    """Return the mean of all cuts that are nearly as good as the best one."""
    best = objective.best(values)
    if objective.is_constrained or np.isinf(curve.cuts[best]):
        return between(curve.cuts, best)
    # a surplus is a number of examples, an F-measure a share of them
    return steady_cut(
        curve.cuts, values, best, _TOLERANCE * (curve.n_positive if of_counts else 1.0)
    )


def _surplus(curve: Curve, *, ratio: float, objective: Objective) -> _Floats:
    """Return what each cut has over what a ratio asks for what it gives."""
    return (1 + objective.beta**2) * curve.n_right - ratio * curve.n_given


def _best_ratio(curves: list[Curve], objective: Objective) -> float:
    """Return the highest F-measure of all tags together, by Dinkelbach's method."""
    n_positive = sum(curve.n_positive for curve in curves)
    ratio, reached = -1.0, 0.0
    while reached > ratio:
        ratio = reached
        surplus = partial(_surplus, ratio=ratio, objective=objective)
        best = [objective.best(surplus(curve)) for curve in curves]
        n_right = sum(curve.n_right[at] for curve, at in zip(curves, best, strict=True))
        n_given = sum(curve.n_given[at] for curve, at in zip(curves, best, strict=True))
        reached = float(f_measure(n_right, n_given, n_positive, objective.beta))
    return ratio


def _by_coordinates(
    held_out: HeldOut, objective: Objective, shrinkage: float, rare: npt.NDArray[np.bool_]
) -> _Floats:
    """Return a good threshold of each tag beside the others', from the common one on."""
    truth, scores, weight = held_out.truth, held_out.scores, held_out.weight
    common = _common(held_out, objective)
    given = given_tags(scores, common)
    rule = (
        ScorerRule(truth, scores, objective.scoring, given)
        if callable(objective.scoring)
        else SamplesRule(truth, scores, objective.beta, weight, given)
    )
    found = tag_by_tag(rule, np.full(held_out.n_tags, common), np.flatnonzero(~rare))
    if not shrinkage:
        return found
    n_positive = np.nansum(truth, axis=0)
    own = n_positive / (n_positive + shrinkage)
    drawn = own * np.where(np.isfinite(found), found, common) + (1 - own) * common
    # rare tags have not moved, and rounding shall not move them either
    return np.where(rare, common, drawn)


def _mean_f_measure(held_out: HeldOut, beta: float, *, of_tags: bool) -> tuple[_Floats, _Floats]:
    """Return all cuts, and the sum of the F-measures of all tags, or samples, at each.

    Going down, each score changes the F-measure of its own tag or sample alone, so the sums
    at all cuts are the running total of these changes.
    """
    truth, scores, weight = held_out.truth, held_out.scores, held_out.weight
    if of_tags:
        truth, scores = truth.T, scores.T
    n_groups, n_members = truth.shape
    changed = []
    for some in np.array_split(np.arange(n_groups), -(-n_groups * n_members // _BLOCK)):
        order = np.argsort(-scores[some], axis=1)
        known = ~np.isnan(truth[some])
        counted = known if weight is None or not of_tags else known * weight
        right = np.where(known, truth[some], 0) * counted
        n_right = np.cumsum(np.take_along_axis(right, order, 1), axis=1, dtype=np.float64)
        n_given = np.cumsum(np.take_along_axis(counted, order, 1), axis=1, dtype=np.float64)
        reached = f_measure(n_right, n_given, n_right[:, -1:], beta)
        changes = np.diff(reached, axis=1, prepend=0)
        if weight is not None and not of_tags:
            changes *= weight[some, None]
        known = np.take_along_axis(known, order, 1)
        changed.append((np.take_along_axis(scores[some], order, 1)[known], changes[known]))
    where, changes = (np.concatenate(parts) for parts in zip(*changed, strict=True))
    cuts, totals = running_totals(where, changes)
    return cuts, totals


def _rare(held_out: HeldOut, min_examples: int) -> npt.NDArray[np.bool_]:
    truth, weight = held_out.truth, held_out.weight
    if weight is not None:
        truth = truth[weight > 0]
    return np.minimum((truth == 0).sum(axis=0), (truth == 1).sum(axis=0)) < min_examples


def _warn_of_rare(rare: npt.NDArray[np.bool_], min_examples: int, names: Any) -> None:
    if rare.any():
        warnings.warn(
            f"tag(s) {_shown(rare, names)} have fewer than {min_examples} positive or negative "
            "example(s), too few to tune on; they take the threshold for all tags together",
            UserWarning,
            stacklevel=4,
        )


def _warn_of_never(thresholds: _Floats, objective: Objective, names: Any) -> None:
    never = np.isposinf(thresholds)
    if objective.scoring == "recall" and never.any():
        warnings.warn(
            f"no threshold of tag(s) {_shown(never, names)} reaches a precision of "
            f"{objective.lowest}, so they are never given",
            UserWarning,
            stacklevel=4,
        )


def _shown(which: npt.NDArray[np.bool_], names: Any) -> str:
    positions = np.flatnonzero(which)
    found = positions if names is None or len(names) != len(which) else names[positions]
    more = f" and {len(found) - 10} more" if len(found) > 10 else ""
    return ", ".join(shown(name) for name in found[:10]) + more
