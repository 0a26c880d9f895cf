"""What both networks compute of one row, from their weights as arrays.

BLAS would wake threads for most of these small products, which on a busy machine wait for each
other a hundred times as long as the product takes. So vectors are multiplied by ``numpy.einsum``,
and patches some at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.serving._rows import Row

Array = npt.NDArray[np.float32]

#: Patches of one product.
_TOGETHER = 32


@dataclass(frozen=True, slots=True)
class Layer:
    """A dense layer, linear without its activation."""

    kernel: Array
    bias: Array | None

    def __call__(self, x: Array) -> Array:
        y = np.einsum("i,ij->j", x, self.kernel)
        return y if self.bias is None else y + self.bias


@dataclass(frozen=True, slots=True)
class Layers:
    """Dense layers with ReLU between them, none behind the last."""

    layers: tuple[Layer, ...]

    def __call__(self, x: Array) -> Array:
        for layer in self.layers[:-1]:
            x = np.maximum(layer(x), 0)
        return self.layers[-1](x)


@dataclass(frozen=True, slots=True)
class Encoder:
    """The encoder of a convolutional autoencoder whose convolutions move by their own length.

    Patches without any value stay zero, so each step is taken for the others alone.
    """

    scale: float
    kernels: tuple[Array, ...]
    pool: int
    n_patches: int
    dense: Layers

    def __call__(self, row: Row) -> Row:
        """Return the code."""
        where, x = row.columns, row.values[:, None] * np.float32(self.scale)
        for kernel in self.kernels:
            patches, place = np.unique(where // self.pool, return_inverse=True)
            n_rows = len(patches) + -len(patches) % _TOGETHER
            full = np.zeros((n_rows, self.pool, x.shape[1]), dtype=np.float32)
            full[place, where % self.pool] = x
            x = full.reshape(-1, _TOGETHER, len(kernel)) @ kernel
            x = np.maximum(x.reshape(n_rows, kernel.shape[1])[: len(patches)], 0)
            where = patches
        flat = np.zeros((self.n_patches, x.shape[1]), dtype=np.float32)
        flat[where] = x
        return Row.of(self.dense(flat.ravel()))


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
