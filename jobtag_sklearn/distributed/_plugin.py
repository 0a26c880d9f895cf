"""What runs in each worker of a cluster when it starts."""

from distributed import WorkerPlugin
from distributed.worker import Worker


class TensorFlowThreads(WorkerPlugin):
    """Sets the number of TensorFlow's threads in the worker's own process.

    Parameters
    ----------
    n_threads : int or None
        Threads; None takes the worker's own number.
    """

    def __init__(self, n_threads: int | None) -> None:
        self.n_threads = n_threads

    def setup(self, worker: Worker) -> None:
        """Set the number, which TensorFlow allows before it has started.

        Parameters
        ----------
        worker : distributed.Worker
            The worker.
        """
        if worker.address.startswith("inproc:"):
            raise RuntimeError(
                "the workers are threads of the process that started them, whose TensorFlow is "
                "left alone; make a cluster of processes, as LocalCluster(processes=True) does"
            )
        import tensorflow as tf

        n_threads = self.n_threads or worker.state.nthreads
        try:
            tf.config.threading.set_intra_op_parallelism_threads(n_threads)
            tf.config.threading.set_inter_op_parallelism_threads(n_threads)
        except RuntimeError as error:
            raise RuntimeError(
                f"TensorFlow runs already in the worker {worker.address}; call "
                "limit_tensorflow_threads before anything is computed, or restart the workers"
            ) from error
