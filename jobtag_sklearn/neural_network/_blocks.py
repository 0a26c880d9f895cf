"""Layers that work on blocks of columns, and only on those that hold anything."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

#: Share of the empty blocks whose reconstruction is looked at in a step of training.
_SAMPLED = 1 / 8


class _OfBlocks(layers.Layer):
    """What the layers below have in common: rows of `width` columns, in blocks."""

    def __init__(self, block: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._block, self._width = block, width

    def _blocks(self, row: Any) -> Any:
        """Return the blocks of all rows, one below the other."""
        missing = self._width - row.shape[1]
        if missing:
            row = ops.pad(row, [[0, 0], [0, missing]])
        return ops.reshape(row, (-1, self._block))


class GatherBlocks(_OfBlocks):
    """From rows to those of their blocks that are not all zero, and where they were."""

    def call(self, row: Any) -> tuple[Any, Any]:
        """Return blocks of shape (n_full, block) and positions of shape (n_full,).

        Up to 16 more blocks come after those that have a position: a matrix product rounds
        its last rows otherwise than the others where they do not fill the processor's
        vectors, and a row's code would depend on the rows beside it.
        """
        blocks = self._blocks(row)
        where = _positions(_are_full(blocks))
        n_more = 16 - ops.shape(where)[0] % 16
        return ops.take(blocks, ops.pad(where, [[0, n_more]]), axis=0), where


class ScatterBlocks(layers.Layer):
    """From blocks back to rows, zero where there was no block."""

    def __init__(self, n_blocks: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._n_blocks = n_blocks

    def call(self, inputs: Any) -> Any:
        """Return rows of shape (n_rows, n_blocks, n_channels)."""
        x, where, row = inputs
        n_rows, n_channels = ops.shape(row)[0], x.shape[-1]
        x = ops.reshape(x, (-1, n_channels))[: ops.shape(where)[0]]
        rows = ops.scatter(where[:, None], x, (n_rows * self._n_blocks, n_channels))
        return ops.reshape(rows, (-1, self._n_blocks, n_channels))


class SampleBlocks(_OfBlocks):
    """From rows to the positions of the blocks to reconstruct, and their weights.

    In training these are all that hold anything and a sample of the empty ones, weighted
    such that the error is right on average; else all.
    """

    def __init__(self, block: int, width: int, *, seed: int, **kwargs: Any) -> None:
        super().__init__(block, width, **kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, row: Any, training: bool = False) -> tuple[Any, Any]:
        """Return positions and weights, both of shape (n_chosen,)."""
        blocks = self._blocks(row)
        if not training:
            where = ops.cast(ops.arange(ops.shape(blocks)[0]), "int32")
            return where, ops.ones_like(where, dtype="float32")
        full = _are_full(blocks)
        chance = keras.random.uniform(ops.shape(full), dtype="float32", seed=self.seed_generator)
        where = _positions(ops.logical_or(full, chance < _SAMPLED))
        return where, 1.0 / _SAMPLED + ops.cast(ops.take(full, where), "float32") * (
            1.0 - 1.0 / _SAMPLED
        )


class BlockError(_OfBlocks):
    """Squared error of each row, from blocks of its reconstruction."""

    def __init__(self, block: int, width: int, scale: float, **kwargs: Any) -> None:
        super().__init__(block, width, **kwargs)
        self._scale = scale

    def call(self, inputs: Any) -> Any:
        """Return errors of shape (n_rows, 1)."""
        row, blocks, where, weight = inputs
        truth = ops.take(self._blocks(row), where, axis=0) * self._scale
        errors = ops.sum(ops.square(truth - blocks), axis=1) * weight
        n_blocks = self._width // self._block
        return ops.segment_sum(errors, where // n_blocks, ops.shape(row)[0])[:, None]


class RowError(layers.Layer):
    """Squared error of each row."""

    def __init__(self, scale: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._scale = scale

    def call(self, inputs: Any) -> Any:
        """Return errors of shape (n_rows, 1)."""
        row, reconstruction = inputs
        return ops.sum(ops.square(row * self._scale - reconstruction), axis=1, keepdims=True)


class TakeBlocks(layers.Layer):
    """Some blocks of all rows' coarse reconstruction."""

    def call(self, inputs: Any) -> Any:
        """Return shape (n_chosen, 1, n_channels)."""
        coarse, where = inputs
        return ops.take(ops.reshape(coarse, (-1, 1, coarse.shape[-1])), where, axis=0)


def _are_full(blocks: Any) -> Any:
    return ops.any(ops.not_equal(blocks, 0), axis=1)


def _positions(chosen: Any) -> Any:
    return ops.cast(ops.nonzero(chosen)[0], "int32")
