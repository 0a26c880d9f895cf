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
from jobtag_sklearn.utils._block_depth import block_depth

Array = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

#: Patches of one product; products have a multiple of it, since BLAS rounds a product's last rows
#: otherwise where they do not fill the processor's vectors. So with AVX-512 a row is rounded alike
#: wherever it stands; with AVX2 it is not.
_PATCHES = 32
#: Rows of one product of a dense layer, always, since how BLAS rounds depends on their number.
_ROWS = 64
#: Numbers that the convolutions put out at once, within the processor's cache, and those that are
#: kept for the dense layers.
_CONVOLVED, _ENCODED = 2**18, 2**20


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
        workspace = _Workspace()
        flat = np.empty((self.n_patches, self.kernels[-1].shape[1]), dtype=np.float32)
        where, x = row.columns, self._scaled(row.values)
        for step in range(len(self.kernels) - 1):
            where, x = self._step(step, where, x, workspace, _PATCHES)
        self._last_step(where, x, flat, workspace, _PATCHES)
        return Row.of(self.dense(flat.ravel()))

    def of_rows(self, X: Any) -> Array:
        """Return the codes of all rows of a csr_matrix without duplicate entries.

        Most blocks of columns hold a single value. Without biases, ReLU lets a positive factor
        pass, so what the steps make of such a block is its value times what they make of one.
        """
        codes = np.empty((X.shape[0], self.dense.layers[-1].kernel.shape[1]), dtype=np.float32)
        width = self.n_patches * self.pool ** len(self.kernels)
        n_channels = self.kernels[-1].shape[1]
        n_values = self.n_patches * n_channels
        convolved = min(max(_CONVOLVED // n_values, 1), _ROWS)
        encoded = max(_ENCODED // (n_values * _ROWS), 1) * _ROWS
        workspace = _Workspace()
        depth = block_depth(len(self.kernels), self.pool)
        of_one = self._of_single_values(depth)
        for start in range(0, X.shape[0], encoded):
            stop = min(start + encoded, X.shape[0])
            n_rows = stop - start
            flat = workspace.array("flat", (n_rows + -n_rows % _ROWS, self.n_patches, n_channels))
            flat[n_rows:] = 0
            for first in range(start, stop, convolved):
                last = min(first + convolved, stop)
                values = slice(X.indptr[first], X.indptr[last])
                of_row = np.repeat(np.arange(last - first), np.diff(X.indptr[first : last + 1]))
                where, x = self._blocks(
                    depth, of_row * width + X.indices[values], X.data[values], of_one, workspace
                )
                for step in range(depth, len(self.kernels) - 1):
                    where, x = self._step(step, where, x, workspace)
                self._last_step(where, x, flat[first - start : last - start], workspace)
            blocks = self.dense(flat.reshape(-1, _ROWS, n_values))
            codes[start:stop] = blocks.reshape(len(flat), -1)[:n_rows]
        return codes

    def _scaled(self, values: Array) -> Array:
        return (values * np.float32(self.scale))[:, None]

    def _of_single_values(self, depth: int) -> Array:
        """Return what the first steps make of a 1, and of a -1, in each column of a block."""
        block = self.pool**depth
        signs = np.repeat(np.array([1, -1], dtype=np.float32), block)
        # each in a block of its own
        where, x = np.arange(2 * block) * block + np.tile(np.arange(block), 2), self._scaled(signs)
        # of its own, since what is returned is a part of it
        workspace = _Workspace()
        for step in range(depth):
            where, x = self._step(step, where, x, workspace)
        return x

    def _blocks(
        self, depth: int, where: Places, values: Array, of_one: Array, workspace: _Workspace
    ) -> tuple[Places, Array]:
        """Take the first steps, after which each block is a patch."""
        block = self.pool**depth
        block_of = where // block
        starts = np.flatnonzero(_begins(block_of))
        sizes = np.diff(starts, append=len(where))
        single = sizes == 1
        x = workspace.array("blocks", (len(starts), of_one.shape[1]))
        alone = starts[single]
        value = values[alone]
        of_alone = workspace.array("alone", (len(alone), of_one.shape[1]))
        column = where[alone] % block + block * (value < 0)
        np.take(of_one, column, axis=0, out=of_alone, mode="clip")
        of_alone *= np.abs(value)[:, None]
        x[np.flatnonzero(single)] = of_alone
        others = np.repeat(~single, sizes)
        shared, of_shared = where[others], self._scaled(values[others])
        for step in range(depth):
            shared, of_shared = self._step(step, shared, of_shared, workspace)
        x[np.flatnonzero(~single)] = of_shared
        return block_of[starts], x

    def _step(
        self,
        step: int,
        where: Places,
        x: Array,
        workspace: _Workspace,
        together: int | None = None,
    ) -> tuple[Places, Array]:
        """Take a step for the patches that hold a value.

        Parameters
        ----------
        step : int
            Which.
        where : ndarray of shape (n_values,)
            Places of values, in ascending order, in rows put end to end.
        x : ndarray of shape (n_values, n_channels)
            Values.
        workspace : _Workspace
            For what comes in and out.
        together : int or None
            Patches of one product; None takes all.

        Returns
        -------
        where : ndarray of shape (n_patches,)
            Places of the patches.
        x : ndarray of shape (n_patches, n_channels_out)
            What the step made of them.
        """
        patch, offset = np.divmod(where, self.pool)
        begins = _begins(patch)
        place = (np.cumsum(begins) - 1) * self.pool + offset
        where = patch[begins]
        n_rows = len(where) + -len(where) % _PATCHES
        out = workspace.array(("out", step), (n_rows, self.kernels[step].shape[1]))
        self._multiply(step, place, x, out, workspace, together)
        return where, out[: len(where)]

    def _last_step(
        self,
        where: Places,
        x: Array,
        out: Array,
        workspace: _Workspace,
        together: int | None = None,
    ) -> None:
        """Take the last step for all patches, as in `_step`, into an array of their shape."""
        patches = out.reshape(-1, out.shape[-1])
        step, missing = len(self.kernels) - 1, -len(patches) % _PATCHES
        if not missing:
            self._multiply(step, where, x, patches, workspace, together)
            return
        full = workspace.array(("out", step), (len(patches) + missing, out.shape[-1]))
        self._multiply(step, where, x, full, workspace, together)
        patches[:] = full[: len(patches)]

    def _multiply(
        self,
        step: int,
        place: Places,
        x: Array,
        out: Array,
        workspace: _Workspace,
        together: int | None,
    ) -> None:
        kernel = self.kernels[step]
        full = workspace.array(("in", step), (len(out) * self.pool, x.shape[1]))
        full[:] = 0
        full[place] = x
        together = together or max(len(out), 1)
        np.matmul(
            full.reshape(-1, together, len(kernel)),
            kernel,
            out=out.reshape(-1, together, kernel.shape[1]),
        )
        np.maximum(out, 0, out=out)


def _begins(groups: Places) -> npt.NDArray[np.bool_]:
    """Return which of some ascending numbers are the first of their kind."""
    return np.diff(groups, prepend=-1) > 0


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
