"""How far a stream has been learnt."""

import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

#: Seconds between two lines where each batch would be too many.
_SECONDS = 10.0


class StreamProgress(NamedTuple):
    """How far a stream has been learnt, after each batch.

    Attributes
    ----------
    epoch : int
        Which pass over the stream this is, from 1.
    n_postings : int
        Number of postings learnt, in all passes.
    n_batch : int
        How many of them were in this batch.
    seconds : float
        Seconds since the beginning.
    batch_seconds : float
        Seconds of this batch, from asking for it to having learnt it.

    Examples
    --------
    >>> from jobtag_sklearn.streaming import StreamProgress
    >>> StreamProgress(1, 40_000, 1_000, 100.0, 2.0).postings_per_second
    400.0
    """

    epoch: int
    n_postings: int
    n_batch: int
    seconds: float
    batch_seconds: float

    @property
    def postings_per_second(self) -> float:
        """Postings a second since the beginning."""
        return self.n_postings / max(self.seconds, 1e-9)


class Reporter:
    """Counts batches, and tells of them."""

    def __init__(
        self, model: Any, callback: Callable[[Any, StreamProgress], Any] | None, verbose: int
    ) -> None:
        self._model = model
        self._callback = callback
        self._verbose = int(verbose)
        self._start = self._last_batch = self._last_line = time.perf_counter()
        self._n_postings = 0

    def learnt(self, epoch: int, n_batch: int) -> None:
        """Count a batch."""
        now = time.perf_counter()
        self._n_postings += n_batch
        progress = StreamProgress(
            epoch, self._n_postings, n_batch, now - self._start, now - self._last_batch
        )
        self._last_batch = now
        if self._verbose > 1 or (self._verbose and now - self._last_line >= _SECONDS):
            self._last_line = now
            rate = n_batch / max(progress.batch_seconds, 1e-9)
            _say(
                f"epoch {epoch}: {self._n_postings:,} postings, "
                f"{progress.postings_per_second:,.0f} postings/s, this batch {rate:,.0f}"
            )
        if self._callback is not None:
            self._callback(self._model, progress)

    def end(self) -> None:
        """Tell of all."""
        seconds = time.perf_counter() - self._start
        if self._verbose:
            rate = self._n_postings / max(seconds, 1e-9)
            _say(f"{self._n_postings:,} postings in {seconds:,.0f} s, {rate:,.0f} postings/s")


def _say(line: str) -> None:
    sys.stdout.write(f"[stream] {line}\n")
    sys.stdout.flush()
