"""Batches are mixed within a buffer."""

from collections.abc import Iterable, Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from jobtag_sklearn.datasets._validation import validated
from jobtag_sklearn.utils._frames import joined
from jobtag_sklearn.utils._tags import check_same_index

Batch = tuple[pd.DataFrame, pd.DataFrame]


@validated(
    {
        "batches": "no_validation",
        "buffer_size": [Interval(Integral, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }
)
def shuffle_batches(
    batches: Iterable[Batch],
    *,
    buffer_size: int = 10_000,
    batch_size: int = 1_000,
    random_state: Any = None,
) -> Iterator[Batch]:
    """Mix the postings of a stream within a buffer.

    The buffer is filled, and each batch is drawn from all that is in it at that time. A posting
    never comes more than a buffer earlier than in the stream, and rarely much later; a stream
    that is sorted by time, as most are, so stays sorted on the whole.

    Parameters
    ----------
    batches : iterable of (jobs, tags)
        Batches of any sizes, with the same columns. They are asked for as they are needed.
    buffer_size : int, default=10000
        Number of postings that wait; 0 keeps the order.
    batch_size : int, default=1000
        Number of postings a batch that comes out. The last ones share what is left evenly.
    random_state : int, RandomState instance or None, default=None
        Determines the order.

    Yields
    ------
    jobs : DataFrame of shape (n_jobs, n_columns)
        Postings.
    tags : DataFrame of shape (n_jobs, n_tags)
        Their tags.

    Raises
    ------
    ValueError
        If batches have different columns, or jobs and tags of one different indexes.

    See Also
    --------
    partial_fit_stream : Learns from a stream, mixed in this way.

    Examples
    --------
    >>> from jobtag_sklearn.datasets import load_job_postings, make_job_postings
    >>> from jobtag_sklearn.streaming import shuffle_batches
    >>> rows = make_job_postings(100, n_tags=3, return_long=True, random_state=0)
    >>> stream = load_job_postings(rows, chunksize=30)
    >>> mixed = shuffle_batches(stream, buffer_size=50, batch_size=25, random_state=0)
    >>> [int(jobs.index.max()) for jobs, tags in mixed]
    [90, 100, 99, 95]
    """
    rng = check_random_state(random_state)
    waiting: Batch | None = None
    for number, (jobs, tags) in enumerate(batches):
        check_same_index(jobs, tags)
        if waiting is not None:
            _refuse_other_columns(waiting, (jobs, tags), number)
            jobs, tags = joined([waiting[0], jobs]), joined([waiting[1], tags])
        while len(jobs) >= buffer_size + batch_size:
            out = _draw(rng, len(jobs), batch_size, shuffle=buffer_size > 0)
            yield jobs.take(out), tags.take(out)
            kept = np.setdiff1d(np.arange(len(jobs)), out, assume_unique=True)
            jobs, tags = jobs.take(kept), tags.take(kept)
        waiting = jobs, tags
    if waiting is None or not len(waiting[0]):
        return
    jobs, tags = waiting
    order = _draw(rng, len(jobs), len(jobs), shuffle=buffer_size > 0)
    for out in np.array_split(order, -(-len(jobs) // batch_size)):
        yield jobs.take(out), tags.take(out)


def _draw(rng: np.random.RandomState, n: int, size: int, *, shuffle: bool) -> np.ndarray:
    return rng.permutation(n)[:size] if shuffle else np.arange(size)


def _refuse_other_columns(first: Batch, other: Batch, number: int) -> None:
    for what, ours, theirs in zip(("jobs", "tags"), first, other, strict=True):
        if not ours.columns.equals(theirs.columns):
            differing = ours.columns.symmetric_difference(theirs.columns)
            raise ValueError(
                f"the {what} of batch {number} (counted from 0) have other columns than those "
                f"before, or in another order; they differ in {list(differing)[:20]}"
            )
