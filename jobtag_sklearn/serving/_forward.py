"""What both networks compute, from their weights as arrays.

BLAS would wake threads for most of the small products of one row, which on a busy machine wait for
each other a hundred times as long as the product takes. So one row's vectors are multiplied by
``numpy.einsum``, and its patches some at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.serving._rows import Row

Array = npt.NDArray[np.float32]

#: Patches of one product; products have a multiple of it, since BLAS rounds a product's last rows
#: otherwise where they do not fill the processor's vectors.
_TOGETHER = 32
#: Rows whose patches fit into the processor's cache, and rows that the dense layers take at once.
#: Below 64 rows, BLAS has other ways of rounding.
_CONVOLVED, _ENCODED = 64, 512


@dataclass(frozen=True, slots=True)
class Layer:
    """A dense layer, linear without its activation."""

    kernel: Array
    bias: Array | None

    def __call__(self, x: Array) -> Array:
        """Apply the layer to one row or to several."""
        y = np.einsum("i,ij->j", x, self.kernel) if x.ndim == 1 else x @ self.kernel
        return y if self.bias is None else y + self.bias


@dataclass(frozen=True, slots=True)
class Layers:
    """Dense layers with ReLU between them, none behind the last."""

    layers: tuple[Layer, ...]

    def __call__(self, x: Array) -> Array:
        """Apply the layers to one row or to several."""
        for layer in self.layers[:-1]:
            x = np.maximum(layer(x), 0)
        return self.layers[-1](x)


@dataclass(frozen=True, slots=True)
class _Workspace:
    """Arrays that are used again: where they come from the system, each page costs a fault."""

    arrays: dict[Any, Array] = field(default_factory=dict)

    def array(self, name: Any, shape: tuple[int, ...]) -> Array:
        """Return an array of a shape, with anything in it."""
        size = int(np.prod(shape))
        if name not in self.arrays or self.arrays[name].size < size:
            self.arrays[name] = np.empty(size + size // 4, dtype=np.float32)
        return self.arrays[name][:size].reshape(shape)


@dataclass(frozen=True, slots=True)
class Encoder:
    """The encoder of a convolutional autoencoder whose convolutions move by their own length.

    Patches without any value stay zero, so each step but the last is taken for the others alone.
    """

    scale: float
    kernels: tuple[Array, ...]
    pool: int
    n_patches: int
    dense: Layers

    def __call__(self, row: Row) -> Row:
        """Return the code of a row."""
        flat = np.empty((self.n_patches, self.kernels[-1].shape[1]), dtype=np.float32)
        self._convolve(row.columns, row.values, flat, _Workspace(), _TOGETHER)
        return Row.of(self.dense(flat.ravel()))

    def of_rows(self, X: Any) -> Array:
        """Return the codes of all rows of a csr_matrix without duplicate entries."""
        codes = np.empty((X.shape[0], self.dense.layers[-1].kernel.shape[1]), dtype=np.float32)
        width, n_channels = self._width, self.kernels[-1].shape[1]
        workspace = _Workspace()
        for start in range(0, X.shape[0], _ENCODED):
            stop = min(start + _ENCODED, X.shape[0])
            n_rows = stop - start
            flat = workspace.array(
                "flat", (n_rows + -n_rows % _CONVOLVED, self.n_patches, n_channels)
            )
            flat[n_rows:] = 0
            for first in range(start, stop, _CONVOLVED):
                x = X[first : min(first + _CONVOLVED, stop)]
                of_row = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
                place = first - start
                self._convolve(
                    of_row * width + x.indices, x.data, flat[place : place + x.shape[0]], workspace
                )
            codes[start:stop] = self.dense(flat.reshape(len(flat), -1))[:n_rows]
        return codes

    @property
    def _width(self) -> int:
        return self.n_patches * self.pool ** len(self.kernels)

    def _convolve(
        self,
        where: npt.NDArray[np.intp],
        values: Array,
        out: Array,
        workspace: _Workspace,
        together: int | None = None,
    ) -> None:
        """Take all steps for values at some places, in ascending order, of rows put end to end.

        Parameters
        ----------
        where : ndarray of shape (n_values,)
            Places.
        values : ndarray of shape (n_values,)
            Values.
        out : ndarray of shape (..., n_channels)
            What the last step says of each of its patches.
        workspace : _Workspace
            For what is between the steps.
        together : int or None
            Patches of one product; None takes all.
        """
        x = (values * np.float32(self.scale))[:, None]
        n_last = out.size // out.shape[-1]
        for step, kernel in enumerate(self.kernels):
            patch, offset = np.divmod(where, self.pool)
            if step == len(self.kernels) - 1:
                place, n_patches = patch, n_last
            else:
                begins = np.diff(patch, prepend=-1) > 0
                place, where = np.cumsum(begins) - 1, patch[begins]
                n_patches = len(where)
            n_rows = n_patches + -n_patches % _TOGETHER
            full = workspace.array(("in", step), (n_rows * self.pool, x.shape[1]))
            full[:] = 0
            full[place * self.pool + offset] = x
            x = workspace.array(("out", step), (n_rows, kernel.shape[1]))
            shape = (-1, together or n_rows)
            np.matmul(
                full.reshape(*shape, len(kernel)), kernel, out=x.reshape(*shape, kernel.shape[1])
            )
            x = np.maximum(x, 0, out=x)[:n_patches]
        out[:] = x.reshape(out.shape)


@dataclass(frozen=True, slots=True)
class WideAndDeep:
    """A classifier: a deep network over the first columns, a linear path over the others."""

    n_deep: int
    deep: Layers
    linear: Layer | None
    coef: Array
    intercept: Array

    def __call__(self, row: Row) -> Array:
        """Return the logits."""
        x = row.part(0, self.n_deep).dense()
        wide = row.part(self.n_deep, row.width)
        of_wide = Layer(self.coef[wide.columns], self.intercept)
        logits = self.deep(x) + of_wide(wide.values)
        return logits if self.linear is None else logits + self.linear(x)
