"""A fitted estimator travels to the workers, once to each."""

import pickle
import sys
from typing import Any

_WARN_OF_LARGE_GRAPHS = "distributed.admin.large-graph-warning-threshold"


def ship(estimator: Any) -> Any:
    """Return what stands for `estimator` in a Dask graph.

    It is pickled here, unpickled by one task, and passed on from worker to worker. If the
    worker that has it dies, the scheduler runs the task again.
    """
    import cloudpickle
    import dask

    pickled = cloudpickle.dumps(estimator)
    client = _client()
    if client is None:
        return dask.delayed(pickle.loads, pure=True)(pickled)
    # a model is large, and goes into the graph on purpose: it is sent once for all computations
    with dask.config.set({_WARN_OF_LARGE_GRAPHS: sys.maxsize}):
        return client.submit(pickle.loads, pickled, pure=True)


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
