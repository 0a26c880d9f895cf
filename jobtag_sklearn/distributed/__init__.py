"""Fitted models on many machines, by Dask."""

from jobtag_sklearn.distributed._partitions import predict_partitions, transform_partitions
from jobtag_sklearn.distributed._threads import limit_tensorflow_threads

__all__ = ["limit_tensorflow_threads", "predict_partitions", "transform_partitions"]
