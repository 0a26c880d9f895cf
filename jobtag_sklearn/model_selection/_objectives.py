"""What thresholds are to be good for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.model_selection._curves import Curve, f_measure, last_best
from jobtag_sklearn.utils._counts import share

#: Objectives that have a name of their own; others are functions of predictions.
SCORINGS = ("f1_macro", "f1_micro", "f1_samples", "recall", "precision")

#: A share of whole numbers may miss the number that it stands for by rounding.
_ROUNDING = 1e-12

_CONSTRAINTS = {"recall": "min_precision", "precision": "min_recall"}


class Objective(NamedTuple):
    """What thresholds are to be good for.

    Attributes
    ----------
    scoring : str or callable
        One of `SCORINGS`, or a function of 0/1 predictions of shape (n_samples, n_tags).
    beta : float
        Weight of recall in F-beta.
    lowest : float or None
        The precision that "recall", or the recall that "precision", must not fall below.
    """

    scoring: str | Callable[[npt.NDArray[np.int64]], float]
    beta: float = 1.0
    lowest: float = 0.0

    @property
    def is_constrained(self) -> bool:
        """Whether there is something that must not fall below a number."""
        return self.scoring in _CONSTRAINTS

    @property
    def sums_over_tags(self) -> bool:
        """Whether counts of tags are all it needs."""
        return not callable(self.scoring) and self.scoring != "f1_samples"

    def values(self, curve: Curve) -> npt.NDArray[np.float64]:
        """Return how good each cut of a curve is, minus infinity where it may not be."""
        if not self.is_constrained:
            return f_measure(curve.n_right, curve.n_given, curve.n_positive, self.beta)
        precision = share(curve.n_right, curve.n_given)
        recall = share(curve.n_right, curve.n_positive)
        best, enough = (recall, precision) if self.scoring == "recall" else (precision, recall)
        return np.where(enough >= self.lowest - _ROUNDING, best, -np.inf)

    def best(self, values: npt.NDArray[np.float64]) -> int:
        """Return the position of the best of a curve's cuts, ascending."""
        if self.scoring == "precision":
            # of the same precision the lower cut has the higher recall
            return int(values.argmax())
        # of the same value the highest cut gives the fewest tags
        return last_best(values)


def make_objective(
    scoring: Any, beta: float, min_precision: float | None, min_recall: float | None
) -> Objective:
    """Put an objective together, or say what is missing or unknown."""
    if not callable(scoring) and scoring not in SCORINGS:
        raise ValueError(f"unknown objective scoring={scoring!r}; known are {list(SCORINGS)}")
    if not beta > 0:
        raise ValueError(f"beta={beta!r} must be above 0")
    given = {"min_precision": min_precision, "min_recall": min_recall}
    for name, constraint in _CONSTRAINTS.items():
        lowest = given[constraint]
        if (scoring == name) != (lowest is not None):
            raise ValueError(
                f"scoring={name!r} and {constraint} go together: the highest {name} with at "
                f"least so much {constraint[4:]}; got scoring={scoring!r} and "
                f"{constraint}={lowest!r}"
            )
        if lowest is None:
            continue
        if not 0 <= lowest <= 1:
            raise ValueError(f"{constraint}={lowest!r} must be between 0 and 1")
        return Objective(scoring, beta, lowest)
    return Objective(scoring, beta)
