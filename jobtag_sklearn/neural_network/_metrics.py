"""Metric of the training of a classifier."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class MicroF1(keras.metrics.Metric):
    """Micro F1 of an epoch at a probability of 0.5.

    Unknown tags (NaN) do not count. As the loss, it is measured with dropout.
    """

    def __init__(self, name: str = "f1") -> None:
        super().__init__(name=name, dtype="float32")
        self._n_right = self.add_weight(shape=(), initializer="zeros", name="n_right")
        self._n_both = self.add_weight(shape=(), initializer="zeros", name="n_both")

    def update_state(self, tags: Any, logits: Any, sample_weight: Any = None) -> None:
        """Count a mini-batch, without sample weights."""
        known = ops.logical_not(ops.isnan(tags))
        true = ops.cast(ops.logical_and(known, ops.equal(tags, 1.0)), "float32")
        given = ops.cast(ops.logical_and(known, ops.greater(logits, 0.0)), "float32")
        self._n_right.assign_add(ops.sum(true * given))
        self._n_both.assign_add(ops.sum(true) + ops.sum(given))

    def result(self) -> Any:
        """Return F1; 0 if no tag is true or predicted."""
        return ops.divide_no_nan(2.0 * self._n_right, self._n_both)
