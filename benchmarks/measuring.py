"""Time functions side by side, so that a busy machine slows all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np


class Times(NamedTuple):
    """Seconds of each call, by the clock and of the processor."""

    clock: np.ndarray
    processor: np.ndarray

    @property
    def best(self) -> float:
        """The shortest call by the clock, which a busy machine disturbs least."""
        return float(self.clock.min())

    def quantile(self, share: float) -> float:
        """Return the seconds by the clock that this share of the calls stays below."""
        return float(np.quantile(self.clock, share))


def measure(function: Callable[[], Any]) -> tuple[float, float]:
    """Return the seconds of one call, by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - clock, time.process_time() - processor


def interleave(functions: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, Times]:
    """Call functions in turn, again and again, and return the times of each."""
    rounds = [[measure(function) for function in functions.values()] for _ in range(repeats)]
    table = np.array(rounds)
    return {
        name: Times(table[:, position, 0], table[:, position, 1])
        for position, name in enumerate(functions)
    }


def report(what: str, ours: str, other: str, ratio: float, goal: str, unit: str = "x") -> None:
    """Print a line of the table: what was measured, both figures and how they compare."""
    print(f"{what:44}{ours:>18}{other:>18}{ratio:>10.3g} {unit:2} goal {goal}", flush=True)
