"""From sparse or dense rows to dense mini-batches, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from scipy import sparse

from jobtag_sklearn.neural_network._networks import RECONSTRUCTION


def dense_rows(X: Any, rows: Any) -> npt.NDArray[np.float32]:
    """Return some rows of `X` as a dense float32 array."""
    part = X[rows]
    if sparse.issparse(part):
        part = part.toarray()
    return np.asarray(part, dtype=np.float32)


def row_batches(n_rows: int, batch_size: int) -> Iterator[slice]:
    """Yield slices that cover `n_rows` in order."""
    for start in range(0, n_rows, batch_size):
        yield slice(start, min(start + batch_size, n_rows))


def padded(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Add rows of zeros up to a multiple of 16.

    Matrix products round the last rows differently if they do not fill the processor's
    vectors. A row's result would then depend on its place.
    """
    missing = -len(x) % 16
    return np.pad(x, ((0, missing), (0, 0))) if missing else x


def map_batches(
    function: Callable[[npt.NDArray[np.float32]], Any], X: Any, batch_size: int, width: int
) -> npt.NDArray[np.float32]:
    """Apply `function` to dense batches of `X` and put the results into one array."""
    result = np.empty((X.shape[0], width), dtype=np.float32)
    for rows in row_batches(X.shape[0], batch_size):
        x = dense_rows(X, rows)
        result[rows] = np.asarray(function(padded(x)))[: len(x)]
    return result


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled dense mini-batches of sparse or dense rows, for ``keras.Model.fit``.

    Only one mini-batch is dense at a time, so memory grows with the mini-batch and not with
    the data.

    Parameters
    ----------
    X : {ndarray, csr_matrix, csr_array} of shape (n_samples, n_features)
        Rows.
    tags : ndarray of shape (n_samples, n_tags) or None
        Targets. None where rows are reconstructed: the network knows them, so the target is
        an error of zero.
    rows : ndarray of shape (n_rows,)
        Which rows of `X` and `tags` take part.
    batch_size : int
        Rows of a mini-batch.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the rows.
    seed : int, default=None
        Seed of the order of the rows, which is new in every epoch. None keeps the order.
    """

    def __init__(
        self,
        X: Any,
        tags: npt.NDArray[np.float32] | None,
        rows: npt.NDArray[np.intp],
        batch_size: int,
        *,
        sample_weight: npt.NDArray[np.float32] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self._X = X
        self._tags = tags
        self._rows = np.array(rows)
        self._batch_size = batch_size
        self._sample_weight = sample_weight
        self._order = None if seed is None else np.random.RandomState(seed)

    def __len__(self) -> int:
        return -(-len(self._rows) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        # Keras asks for the mini-batches in order, but may ask for the first ones of the next
        # epoch before it calls `on_epoch_end`: a new order made there would depend on which
        # of its threads is faster
        if index == 0 and self._order is not None:
            self._order.shuffle(self._rows)
        rows = self._rows[index * self._batch_size : (index + 1) * self._batch_size]
        x = dense_rows(self._X, rows)
        weight = () if self._sample_weight is None else (self._sample_weight[rows],)
        if self._tags is None:
            return (x, {RECONSTRUCTION: np.zeros((len(x), 1), dtype=np.float32)}, *weight)
        return (x, self._tags[rows], *weight)

    def release(self) -> None:
        """Drop all rows but one, which any further mini-batch consists of."""
        first = self._rows[:1].copy()
        self._rows = np.zeros(len(self._rows), dtype=np.intp)
        self._X = self._X[first]
        for name in ("_tags", "_sample_weight"):
            values = getattr(self, name)
            setattr(self, name, None if values is None else values[first])
