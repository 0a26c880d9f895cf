"""The networks, as pure functions from sizes and a seed to a Keras model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
from keras import layers, ops

from jobtag_sklearn.utils._seeds import seed_stream

RECONSTRUCTION = "reconstruction"
FEATURES, OUTPUT = "features", "output"


@contextmanager
def _in_float32() -> Iterator[None]:
    """Build layers in float32, whatever the user has set for networks of their own."""
    # Keras keeps the policy for each thread
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


@_in_float32()
def build_classifier(
    *,
    n_features: int,
    n_outputs: int,
    scores_first: bool,
    hidden_layer_sizes: Sequence[int],
    input_dropout: float,
    dropout: float,
    seed: int,
) -> keras.Model:
    """Build a dense network from columns to logits.

    Its last layer starts at zero. With `scores_first` the first `n_outputs` columns are added
    to it, so that an untrained network returns them.
    """
    seeds = seed_stream(seed)
    row = x = keras.Input((n_features,), dtype="float32", name=FEATURES)
    if input_dropout:
        x = layers.Dropout(input_dropout, seed=next(seeds), name="input_dropout")(x)
    x = _hidden(x, "hidden", hidden_layer_sizes, dropout, seeds)
    logits = layers.Dense(n_outputs, kernel_initializer="zeros", name=OUTPUT)(x)
    if scores_first:
        logits = layers.Add(name="logits")([row[:, :n_outputs], logits])
    return keras.Model(row, logits, name="classifier")


def _hidden(
    x: Any,
    name: str,
    sizes: Sequence[int],
    dropout: float,
    seeds: Iterator[int],
) -> Any:
    for position, size in enumerate(sizes):
        x = layers.Dense(
            size,
            activation="relu",
            kernel_initializer=_he(seeds),
            name=f"{name}_{position}",
        )(x)
        if dropout:
            x = layers.Dropout(dropout, seed=next(seeds), name=f"{name}_dropout_{position}")(x)
    return x


def _he(seeds: Iterator[int]) -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=next(seeds))


class Float32Loss(keras.losses.Loss):
    """A function of truth and output that is computed in float32, whatever Keras' floatx is."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(name=function.__name__, dtype="float32")
        self._function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each row."""
        return self._function(y_true, y_pred)


def tag_loss(*, positive_weight: Any = 1.0, negative_weight: Any = 1.0) -> Any:
    """Return binary cross-entropy of logits in which unknown tags (NaN) do not count.

    It is the mean over the tags of a row. The weights are those of a tag's positives and
    negatives, one number or one a tag. An unknown tag adds nothing to the loss, nor to a
    gradient.
    """

    def masked_binary_crossentropy(tags: Any, logits: Any) -> Any:
        known = ops.logical_not(ops.isnan(tags))
        truth = ops.where(known, tags, ops.zeros_like(tags))
        # log(1 + exp(z)) - z y, in the form that overflows for no z
        loss = ops.relu(logits) - logits * truth + ops.log1p(ops.exp(-ops.abs(logits)))
        weight = truth * ops.convert_to_tensor(positive_weight, "float32") + (
            1.0 - truth
        ) * ops.convert_to_tensor(negative_weight, "float32")
        return ops.mean(ops.where(known, loss * weight, ops.zeros_like(loss)), axis=-1)

    return masked_binary_crossentropy
