"""What both networks compute, from their weights as arrays.

BLAS uses threads for most of the products. On a busy machine these wait for each other up to a
hundred times as long as the product takes. So one row's vectors are multiplied by
``numpy.einsum``, and all other products are divided into ones too small for threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

Array = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

#: Rows of one product of a dense layer, always, since how BLAS rounds depends on their number.
_ROWS = 64
#: OpenBLAS computes products of fewer multiplications in the calling thread.
_SINGLE_THREAD = 2**19
#: Rows of such a product at least.
_LEAST_ROWS = 16
#: Columns of all rows that are encoded together, so that what is computed of them stays in the
#: processor's cache.
_COLUMNS_TOGETHER = 2**20


@dataclass(frozen=True, slots=True)
class Layer:
    """A dense layer, linear without its activation."""

    kernel: Array
    bias: Array | None

    def __call__(self, x: Array) -> Array:
        """Apply the layer to one row or to blocks of several."""
        y = np.einsum("i,ij->j", x, self.kernel) if x.ndim == 1 else x @ self.kernel
        return y if self.bias is None else y + self.bias


@dataclass(frozen=True, slots=True)
class Layers:
    """Dense layers with ReLU between them, none behind the last."""

    layers: tuple[Layer, ...]

    def __call__(self, x: Array) -> Array:
        """Apply the layers to one row or to blocks of several."""
        for layer in self.layers[:-1]:
            x = np.maximum(layer(x), 0)
        return self.layers[-1](x)


class _Scratch(dict[Any, Array]):
    """Arrays to use again: new ones cost a page fault for each page."""

    def array(self, name: Any, shape: tuple[int, int]) -> Array:
        """Return an array with arbitrary content."""
        size = shape[0] * shape[1]
        if name not in self or self[name].size < size:
            self[name] = np.empty(size + size // 4, dtype=np.float32)
        return self[name][:size].reshape(shape)


@dataclass(frozen=True, slots=True)
class Encoder:
    """The encoder of an autoencoder: a linear path and a convolutional path.

    Parameters
    ----------
    scale : float
        Factor of the input.
    linear : ndarray of shape (n_seen_columns, n_components)
        Weights of the linear path.
    linear_scale : float
        Factor of its output.
    positions : ndarray of shape (n_features,)
        For each column its row in `linear`, -1 if it has none.
    kernels : tuple of ndarray
        Weights of the convolutions, which move by their own length.
    pool : int
        Length of the convolutions.
    dense : Layers
        The layers after the convolutions.
    """

    scale: float
    linear: Array
    linear_scale: float
    positions: Places
    kernels: tuple[Array, ...]
    pool: int
    dense: Layers

    def of_row(self, columns: Places, values: Array) -> Array:
        """Return the codes of one row, given its columns in ascending order and their values."""
        return self._encode(columns, values, np.array([0, len(columns)]), _Scratch())[0]

    def of_rows(self, X: Any) -> Array:
        """Return the codes of a csr_matrix or csr_array in canonical format."""
        codes = np.empty((X.shape[0], self.linear.shape[1]), dtype=np.float32)
        n_together = max(_COLUMNS_TOGETHER // X.shape[1], 1)
        starts = range(0, X.shape[0], n_together)

        def encode(starts: range) -> None:
            scratch = _Scratch()
            for start in starts:
                indptr = X.indptr[start : start + n_together + 1]
                values = slice(indptr[0], indptr[-1])
                codes[start : start + n_together] = self._encode(
                    X.indices[values], X.data[values], indptr - indptr[0], scratch
                )

        # joblib sets this number in its workers
        n_threads = min(_openmp_effective_n_threads(only_physical_cores=False), len(starts))
        if n_threads < 2:
            encode(starts)
        else:
            with ThreadPoolExecutor(n_threads) as threads:
                list(threads.map(encode, (starts[first::n_threads] for first in range(n_threads))))
        return codes

    def _encode(self, columns: Places, values: Array, indptr: Places, scratch: _Scratch) -> Array:
        values = values * np.float32(self.scale)
        position = self.positions[columns]
        seen = position >= 0
        rows = sparse.csr_array(
            (np.where(seen, values, 0), np.where(seen, position, 0), indptr),
            shape=(len(indptr) - 1, len(self.linear)),
        )
        codes = rows @ self.linear
        codes *= self.linear_scale
        codes += self._convolutional(columns, values, indptr, scratch)
        return codes

    def _convolutional(
        self, columns: Places, values: Array, indptr: Places, scratch: _Scratch
    ) -> Array:
        n_rows = len(indptr) - 1
        n_values, n_channels = self.dense.layers[0].kernel.shape[0], self.kernels[-1].shape[1]
        width = n_values // n_channels * self.pool ** len(self.kernels)
        # rows end to end
        where = np.repeat(np.arange(n_rows) * width, np.diff(indptr)) + columns
        x = values[:, None]
        for step in range(len(self.kernels)):
            where, x = self._convolve(step, where, x, scratch)
        n_padded = 1 if n_rows == 1 else n_rows + -n_rows % _LEAST_ROWS
        patches = scratch.array("patches", (n_padded * n_values // n_channels, n_channels))
        patches[:] = 0
        patches[where] = x
        if n_rows == 1:
            return self.dense(patches.ravel())[None]
        x = patches.reshape(n_padded, n_values)
        for position, layer in enumerate(self.dense.layers):
            if position:
                np.maximum(x, 0, out=x)
            x = _multiply(x, layer.kernel, np.empty((n_padded, layer.kernel.shape[1]), np.float32))
            if layer.bias is not None:
                x += layer.bias
        return x[:n_rows]

    def _convolve(
        self, step: int, where: Places, x: Array, scratch: _Scratch
    ) -> tuple[Places, Array]:
        """Apply one convolution to the patches that hold a value.

        Parameters
        ----------
        step : int
            Number of the convolution.
        where : ndarray of shape (n_values,)
            Places of values, in ascending order.
        x : ndarray of shape (n_values, n_channels)
            Values.
        scratch : _Scratch
            Arrays to use again. The result is one of them.

        Returns
        -------
        where : ndarray of shape (n_patches,)
            Places of the patches.
        x : ndarray of shape (n_patches, n_channels_out)
            Output of the convolution and ReLU.
        """
        patch = where // self.pool
        begins = np.diff(patch, prepend=-1) > 0
        offset, where = where - patch * self.pool, patch[begins]
        full = scratch.array(("in", step), (len(where) * self.pool, x.shape[1]))
        full[:] = 0
        full[(np.cumsum(begins) - 1) * self.pool + offset] = x
        kernel = self.kernels[step]
        out = scratch.array(("out", step), (len(where), kernel.shape[1]))
        _multiply(full.reshape(len(where), len(kernel)), kernel, out)
        return where, np.maximum(out, 0, out=out)


def _multiply(x: Array, kernel: Array, out: Array) -> Array:
    """Write ``x @ kernel`` into `out`, by products that BLAS computes in the calling thread."""
    (n_rows, n_columns), n_out = x.shape, kernel.shape[1]
    rows = max((_SINGLE_THREAD - 1) // kernel.size, _LEAST_ROWS)
    columns = max((_SINGLE_THREAD - 1) // (rows * n_out), 1)
    whole = n_rows - n_rows % rows
    for part, n in ((slice(whole), rows), (slice(whole, None), n_rows - whole)):
        if x[part].size:
            blocks = out[part].reshape(-1, n, n_out)
            for start in range(0, n_columns, columns):
                some = slice(start, start + columns)
                of_x = x[part, some].reshape(len(blocks), n, -1)
                if start:
                    blocks += of_x @ kernel[some]
                else:
                    np.matmul(of_x, kernel[some], out=blocks)
    return out


@dataclass(frozen=True, slots=True)
class DeepTagger:
    """A classifier of dense rows: scores, to which a share of a deep network is added.

    It computes in float64: so the rounding of a row hardly depends on its place, and
    probabilities near zero keep their digits.

    Parameters
    ----------
    deep : Layers
        The network, from all columns to a logit for each output.
    n_scores : int
        Number of the first columns that are scores: that of outputs, or 0.
    share : float
        Factor of the network's logits.
    """

    deep: Layers
    n_scores: int
    share: float

    def __call__(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the logits of rows, of shape (n_rows, n_outputs)."""
        scores = X[:, : self.n_scores].astype(np.float64)
        if not self.share:
            return scores
        logits = self.share * self.deep_logits(X)
        return scores + logits if self.n_scores else logits

    def deep_logits(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the logits of the network alone."""
        if len(X) == 1:
            return self.deep(X[0].astype(np.float64))[None]
        x: npt.NDArray[Any] = np.zeros((len(X) + -len(X) % _ROWS, X.shape[1]))
        x[: len(X)] = X
        for position, layer in enumerate(self.deep.layers):
            rows = _ROWS
            while rows > 1 and rows * layer.kernel.size >= _SINGLE_THREAD:
                rows //= 2
            if position:
                np.maximum(x, 0, out=x)
            x = layer(x.reshape(-1, rows, x.shape[1])).reshape(len(x), -1)
        return x[: len(X)]
