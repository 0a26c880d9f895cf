"""Each worker has its share of the cores."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from sklearn.utils._param_validation import Interval

from jobtag_sklearn.datasets._validation import validated

_PLUGIN = "jobtag_sklearn-tensorflow-threads"


@validated(
    {"client": "no_validation", "n_threads": [Interval(Integral, 1, None, closed="left"), None]}
)
def limit_tensorflow_threads(client: Any, n_threads: int | None = None) -> None:
    """Have TensorFlow in each worker of a cluster use no more than its share of the cores.

    TensorFlow takes all cores of a machine, in each of its processes. With as many workers as
    cores, each would run as many threads as there are workers. Call this before anything is
    computed on the cluster; workers that join later are limited, too.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster. Its workers must be processes of their own.
    n_threads : int, default=None
        Threads a worker; None takes the number of threads that Dask gives the worker.

    Raises
    ------
    RuntimeError
        If TensorFlow is in use in a worker already, or a worker is a thread of this process.

    See Also
    --------
    predict_partitions : Tags postings on a cluster.

    Examples
    --------
    >>> from distributed import Client, LocalCluster # doctest: +SKIP
    >>> client = Client(LocalCluster(n_workers=2, threads_per_worker=1)) # doctest: +SKIP
    >>> limit_tensorflow_threads(client) # doctest: +SKIP
    """
    # a plugin is a subclass of Dask's, which not everyone has
    from jobtag_sklearn.distributed._plugin import TensorFlowThreads

    client.register_plugin(TensorFlowThreads(n_threads), name=_PLUGIN)
