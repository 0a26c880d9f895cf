"""A fitted estimator travels to the workers, once to each."""

import hashlib
import pickle
import sys
import threading
from typing import Any

_WARN_OF_LARGE_GRAPHS = "distributed.admin.large-graph-warning-threshold"
_MOST_LOADED = 2

# Dask drops what more than one worker has as soon as nobody works with it. To fetch a pickle again
# costs little; to load it, and to compile its networks, as much as a thousand postings.
_loaded: dict[str, Any] = {}
_lock = threading.Lock()


class Shipped:
    """A pickled estimator, which each process loads once."""

    def __init__(self, pickled: bytes) -> None:
        self._pickled = pickled
        self._token = hashlib.sha256(pickled).hexdigest()

    def estimator(self) -> Any:
        """Return the estimator, the same one in each call in this process."""
        with _lock:
            if self._token not in _loaded:
                while len(_loaded) >= _MOST_LOADED:
                    del _loaded[next(iter(_loaded))]
                _loaded[self._token] = pickle.loads(self._pickled)  # noqa: S301 - pickled by ship
            return _loaded[self._token]


def ship(estimator: Any) -> Any:
    """Return what stands for a :class:`Shipped` estimator in a Dask graph.

    It is the result of one task, passed on from worker to worker. If the worker that has it dies,
    the scheduler runs the task again.
    """
    import cloudpickle
    import dask

    pickled = cloudpickle.dumps(estimator)
    client = _client()
    if client is None:
        return dask.delayed(Shipped, pure=True)(pickled)
    # a model is large, and goes into the graph on purpose: it is sent once for all computations
    with dask.config.set({_WARN_OF_LARGE_GRAPHS: sys.maxsize}):
        return client.submit(Shipped, pickled, pure=True)


def _client() -> Any:
    """Return the client of a cluster, if there is one."""
    # whoever has one has imported it
    if "distributed" not in sys.modules:
        return None
    from distributed import get_client

    try:
        return get_client()
    except ValueError:
        return None
