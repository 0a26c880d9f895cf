"""The one place that turns ``random_state`` into seeds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_LARGEST_SEED = np.iinfo(np.int32).max


def draw_seed(random_state: np.random.RandomState) -> int:
    """Draw one integer seed, for a library that takes no generator."""
    return int(random_state.randint(_LARGEST_SEED))


def seed_stream(seed: int) -> Iterator[int]:
    """Yield one seed after the other, the same ones for the same `seed`.

    Every layer of a network gets its own seed from here, so that nothing depends on
    global state or on what was built before.
    """
    random_state = np.random.RandomState(seed)
    while True:
        yield draw_seed(random_state)
