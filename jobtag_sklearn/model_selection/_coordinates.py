"""Thresholds that are found one tag after the other, where counts of tags do not suffice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.model_selection._curves import (
    between,
    evenly_spread,
    f_measure,
    last_best,
    make_curve,
    running_totals,
)

_Floats = npt.NDArray[np.float64]

#: Cuts that are tried where each one costs a call of the user's scorer.
_N_TRIED = 100
#: Passes over all tags.
_MOST_PASSES = 20


class Rule(Protocol):
    """What is to be highest, as it depends on one tag beside what the others give."""

    def values(self, tag: int) -> tuple[Callable[[int], float], _Floats, float]:
        """Return thresholds of a tag by position, the value at each, and the value now."""

    def give(self, tag: int, threshold: float) -> None:
        """Give a tag from a threshold on."""


def tag_by_tag(rule: Rule, thresholds: _Floats, tags: Any) -> _Floats:
    """Move one tag's threshold after the other, until nothing moves."""
    thresholds = thresholds.copy()
    for _ in range(_MOST_PASSES):
        moved = False
        for tag in tags:
            threshold_at, values, now = rule.values(tag)
            best = last_best(values)
            if values[best] > now + 1e-12:
                moved, thresholds[tag] = True, threshold_at(best)
                rule.give(tag, thresholds[tag])
        if not moved:
            break
    return thresholds


def given_tags(scores: npt.NDArray[Any], thresholds: Any) -> npt.NDArray[np.int64]:
    """Return 1 where a score is at least its threshold."""
    return (scores >= thresholds).astype(np.int64)


def tried_thresholds(cuts: _Floats) -> _Floats:
    """Return thresholds between cuts, evenly spread over them if they are many."""
    return np.array([between(cuts, at) for at in evenly_spread(len(cuts), _N_TRIED)])


class SamplesRule:
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
        given = given_tags(self._scores[:, tag], threshold) * self._known[:, tag]
        more = given - self._given[:, tag]
        self._n_right = self._n_right + more * self._right[:, tag]
        self._n_given = self._n_given + more
        self._given[:, tag] = given


class ScorerRule:
    """A function of predictions, as it depends on one tag beside what others give."""

    def __init__(self, truth: Any, scores: Any, scorer: Any, given: Any) -> None:
        self._truth, self._scores, self._scorer, self._given = truth, scores, scorer, given

    def values(self, tag: int) -> tuple[Callable[[int], float], _Floats, float]:
        """Return some of one tag's thresholds, the scorer's value at each, and its value now."""
        thresholds = tried_thresholds(make_curve(self._truth[:, tag], self._scores[:, tag]).cuts)
        changed = self._given.copy()
        values = []
        for threshold in thresholds:
            changed[:, tag] = given_tags(self._scores[:, tag], threshold)
            values.append(self._scorer(changed))
        return thresholds.__getitem__, np.array(values), float(self._scorer(self._given))

    def give(self, tag: int, threshold: float) -> None:
        """Give a tag from a threshold on."""
        self._given[:, tag] = given_tags(self._scores[:, tag], threshold)
