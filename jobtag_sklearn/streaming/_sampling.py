"""A sample of a stream, small enough for memory."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.streaming._shuffling import Batch
from jobtag_sklearn.utils._frames import joined


def draw_sample(
    batches: Iterable[Batch], size: int, rng: np.random.RandomState
) -> tuple[Batch, npt.NDArray[np.intp]]:
    """Read a stream through, and return some of its postings and their places.

    Each posting draws a number, and those with the lowest stay: each is as likely to.
    """
    kept: list[Batch] = []
    places, numbers = np.empty(0, np.intp), np.empty(0)
    n_read = 0
    for jobs, tags in batches:
        drawn = rng.random_sample(len(jobs))
        numbers = np.concatenate([numbers, drawn])
        places = np.concatenate([places, np.arange(n_read, n_read + len(jobs))])
        n_read += len(jobs)
        lowest = np.arange(len(numbers))
        if len(numbers) > size:
            lowest = np.sort(np.argpartition(numbers, size)[:size])
        kept = [_taken([*kept, (jobs, tags)], lowest)]
        numbers, places = numbers[lowest], places[lowest]
    if not kept:
        raise ValueError("the stream has no postings; at least one is needed")
    return kept[0], places


def without(batches: Iterable[Batch], places: npt.NDArray[np.intp]) -> Iterator[Batch]:
    """Yield the postings of a stream that are at no given place."""
    n_read = 0
    for jobs, tags in batches:
        here = places[(places >= n_read) & (places < n_read + len(jobs))] - n_read
        n_read += len(jobs)
        others = np.delete(np.arange(len(jobs)), here)
        if len(others):
            yield jobs.take(others), tags.take(others)


def _taken(batches: list[Batch], rows: npt.NDArray[np.intp]) -> Batch:
    jobs, tags = (joined(list(tables)) for tables in zip(*batches, strict=True))
    return jobs.take(rows), tags.take(rows)
