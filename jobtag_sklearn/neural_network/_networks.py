"""The networks, as pure functions from sizes and a seed to a Keras model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
from keras import layers, ops

from jobtag_sklearn.neural_network._blocks import (
    BlockError,
    GatherBlocks,
    RowError,
    SampleBlocks,
    ScatterBlocks,
    TakeBlocks,
)
from jobtag_sklearn.utils._block_depth import block_depth
from jobtag_sklearn.utils._seeds import seed_stream

ENCODER, DECODER, CODE = "encoder", "decoder", "code"
RECONSTRUCTION, TAGS = "reconstruction", "tags"
FEATURES, OFFSET, OUTPUT = "features", "offset", "output"

#: Where channels are, which Keras would take from a setting of the user's.
_LAST = {"data_format": "channels_last"}


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
def build_autoencoder(
    *,
    n_features: int,
    n_tags: int,
    n_components: int,
    filters: Sequence[int],
    kernel_size: int,
    pool_size: int,
    pooling: str,
    hidden_layer_sizes: Sequence[int],
    input_dropout: float,
    dropout: float,
    input_scale: float,
    seed: int,
) -> keras.Model:
    """Build a convolutional autoencoder, symmetric about its code.

    The model maps rows to the squared error of their reconstruction and, with
    ``n_tags > 0``, to a logit a tag that is linear in the code. Its layers ``encoder`` and
    ``decoder`` are models of their own; `decode` calls the latter.

    Convolutions have no bias and ReLU maps zero to zero, so they are exactly zero wherever
    no input is near. Where a convolution moves by its own length, blocks of columns do not
    touch each other until the last step, so the steps before it are taken for the blocks
    that hold anything: a third of a hashed row.
    """
    seeds = seed_stream(seed)
    shrinkage = pool_size ** len(filters)
    width = math.ceil(n_features / shrinkage) * shrinkage
    # blocks that overlap touch each other at once
    alone = pooling == "stride" and kernel_size == pool_size
    depth = block_depth(len(filters), pool_size) if alone else 0
    block = pool_size**depth
    moves = (kernel_size, pool_size, pooling)

    row = keras.Input((n_features,), dtype="float32", name=FEATURES)
    if depth:
        x, where = GatherBlocks(block, width, name="gather")(row)
    else:
        x = row
    x = layers.Rescaling(input_scale, name="scale")(x)
    if input_dropout:
        x = layers.Dropout(input_dropout, seed=next(seeds), name="input_dropout")(x)
    x = layers.Reshape((x.shape[1], 1), name="sequence")(x)
    if not depth and width != n_features:
        x = layers.ZeroPadding1D((0, width - n_features), **_LAST, name="pad")(x)
    for step, n_filters in enumerate(filters):
        if depth and step == depth:
            x = ScatterBlocks(width // block, name="scatter")([x, where, row])
        x = _shrink(x, step, n_filters, *moves, seeds)
    x = layers.Flatten(**_LAST, name="flatten")(x)
    x = _hidden(x, "encoder_hidden", hidden_layer_sizes, dropout, seeds)
    code = layers.Dense(n_components, kernel_initializer=_glorot(seeds), name=CODE)(x)
    encoder = keras.Model(row, code, name=ENCODER)

    code = keras.Input((n_components,), dtype="float32", name="codes")
    x = _hidden(code, "decoder_hidden", list(reversed(hidden_layer_sizes)), dropout, seeds)
    steps = width // shrinkage
    x = layers.Dense(
        steps * filters[-1], activation="relu", kernel_initializer=_he(seeds), name="unflatten"
    )(x)
    x = layers.Reshape((steps, filters[-1]), name="steps")(x)
    where = keras.Input((), dtype="int32", name="blocks")
    for step in reversed(range(len(filters))):
        if depth and step == depth - 1:
            x = TakeBlocks(name="take_blocks")([x, where])
        n_filters = filters[step - 1] if step else 1
        x = _grow(x, step, n_filters, *moves, seeds)
    if depth:
        x = layers.Reshape((block,), name="block")(x)
    else:
        if width != n_features:
            x = layers.Cropping1D((0, width - n_features), name="crop")(x)
        x = layers.Reshape((n_features,), name="row")(x)
    decoder = keras.Model([code, where] if depth else code, x, name=DECODER)

    row = keras.Input((n_features,), dtype="float32", name=FEATURES)
    code = encoder(row)
    if depth:
        where, weight = SampleBlocks(block, width, seed=next(seeds), name="sample")(row)
        blocks = decoder([code, where])
        error = BlockError(block, width, input_scale, name=RECONSTRUCTION)(
            [row, blocks, where, weight]
        )
    else:
        error = RowError(input_scale, name=RECONSTRUCTION)([row, decoder(code)])
    outputs = {RECONSTRUCTION: error}
    if n_tags:
        outputs[TAGS] = layers.Dense(n_tags, kernel_initializer=_glorot(seeds), name=TAGS)(code)
    return keras.Model(row, outputs, name="autoencoder")


def decode(decoder: keras.Model, codes: Any, n_features: int) -> Any:
    """Return all columns of the rows that a decoder makes of codes."""
    if len(decoder.inputs) == 1:
        return decoder(codes, training=False)
    block = decoder.output.shape[-1]
    per_row = decoder.get_layer("take_blocks").input[0].shape[1]
    where = ops.arange(len(codes) * per_row, dtype="int32")
    blocks = decoder([ops.convert_to_tensor(codes), where], training=False)
    return ops.reshape(blocks, (len(codes), per_row * block))[:, :n_features]


def _shrink(
    x: Any, step: int, n: int, kernel: int, pool: int, pooling: str, seeds: Iterator[int]
) -> Any:
    """One step of convolution and pooling: the length is divided by `pool`."""
    settings: dict[str, Any] = {
        "use_bias": False,
        "activation": "relu",
        "kernel_initializer": _he(seeds),
        "name": f"convolution_{step}",
    }
    length, n_channels = x.shape[1:]
    if pooling == "stride" and kernel == pool:
        # a convolution that moves by its own length is a matrix product a patch: the same
        # numbers in a fifth of the time that TensorFlow's convolution takes on a CPU
        x = layers.Reshape((length // pool, pool * n_channels), name=f"patches_{step}")(x)
        return layers.Dense(n, **settings)(x)
    # one strided convolution is a convolution and its pooling in one: a quarter of the
    # work, and unlike a maximum it keeps which of the pooled columns was set
    stride = pool if pooling == "stride" else 1
    x = layers.Conv1D(n, kernel, strides=stride, padding="same", **_LAST, **settings)(x)
    if pooling == "max":
        x = layers.MaxPooling1D(pool, **_LAST, name=f"pool_{step}")(x)
    elif pooling == "average":
        x = layers.AveragePooling1D(pool, **_LAST, name=f"pool_{step}")(x)
    return x


def _grow(
    x: Any, step: int, n: int, kernel: int, pool: int, pooling: str, seeds: Iterator[int]
) -> Any:
    """Mirror image of `_shrink`: the length is multiplied by `pool`."""
    settings: dict[str, Any] = {
        # the outermost step is linear and has a bias: a reconstruction may be negative
        "activation": "relu" if step else None,
        "use_bias": step == 0,
        "kernel_initializer": _he(seeds) if step else _glorot(seeds),
        "name": f"deconvolution_{step}",
    }
    if pooling == "stride" and kernel == pool:
        length = x.shape[1]
        x = layers.Dense(pool * n, **settings)(x)
        return layers.Reshape((length * pool, n), name=f"columns_{step}")(x)
    if pooling == "stride":
        return layers.Conv1DTranspose(
            n, kernel, strides=pool, padding="same", **_LAST, **settings
        )(x)
    x = layers.UpSampling1D(pool, name=f"unpool_{step}")(x)
    return layers.Conv1D(n, kernel, padding="same", **_LAST, **settings)(x)


@_in_float32()
def build_classifier(
    *,
    n_features: int,
    n_outputs: int,
    hidden_layer_sizes: Sequence[int],
    activation: str,
    input_dropout: float,
    dropout: float,
    linear_path: bool,
    seed: int,
) -> keras.Model:
    """Build a dense network with a logit for each output and a linear path beside it.

    The model takes the columns and an offset for each logit, to which it adds what it has
    learnt; before any training that is zero.
    """
    seeds = seed_stream(seed)
    row = x = keras.Input((n_features,), dtype="float32", name=FEATURES)
    offset = keras.Input((n_outputs,), dtype="float32", name=OFFSET)
    if input_dropout:
        x = layers.Dropout(input_dropout, seed=next(seeds), name="input_dropout")(x)
    deep = _hidden(x, "hidden", hidden_layer_sizes, dropout, seeds, activation)
    paths = [offset, layers.Dense(n_outputs, kernel_initializer="zeros", name=OUTPUT)(deep)]
    if linear_path:
        paths.append(
            layers.Dense(n_outputs, use_bias=False, kernel_initializer="zeros", name="linear")(x)
        )
    return keras.Model(
        {FEATURES: row, OFFSET: offset}, layers.Add(name="logits")(paths), name="classifier"
    )


def _hidden(
    x: Any,
    name: str,
    sizes: Sequence[int],
    dropout: float,
    seeds: Iterator[int],
    activation: str = "relu",
) -> Any:
    for position, size in enumerate(sizes):
        x = layers.Dense(
            size,
            activation=activation,
            kernel_initializer=_he(seeds),
            name=f"{name}_{position}",
        )(x)
        if dropout:
            x = layers.Dropout(dropout, seed=next(seeds), name=f"{name}_dropout_{position}")(x)
    return x


def _he(seeds: Iterator[int]) -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=next(seeds))


def _glorot(seeds: Iterator[int]) -> keras.initializers.Initializer:
    return keras.initializers.GlorotUniform(seed=next(seeds))


class Float32Loss(keras.losses.Loss):
    """A function of truth and output that is computed in float32, whatever Keras' floatx is."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__(name=function.__name__, dtype="float32")
        self._function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each row."""
        return self._function(y_true, y_pred)


def squared_error_loss(scale: float) -> Any:
    """Return the squared error of a row divided by what rows have on average.

    `scale` is the mean square norm of the rows, so the loss is 1 for a network that
    answers zero, 0 for a perfect one, and an all-zero row divides by nothing.
    """

    def relative_squared_error(_: Any, error: Any) -> Any:
        return ops.squeeze(error, -1) / scale

    return relative_squared_error


def tag_loss(
    *,
    label_smoothing: float = 0.0,
    positive_weight: Any = 1.0,
    negative_weight: Any = 1.0,
) -> Any:
    """Return binary cross-entropy of logits in which missing tags do not count.

    Mean over the tags of a row; the two weights are those of a tag's positives and
    negatives, one for each tag or one for all. A tag whose truth is NaN adds nothing,
    neither to the loss nor to a gradient.
    """

    def masked_binary_crossentropy(tags: Any, logits: Any) -> Any:
        known = ops.logical_not(ops.isnan(tags))
        truth = ops.where(known, tags, ops.zeros_like(tags))
        smooth = truth * (1.0 - label_smoothing) + 0.5 * label_smoothing
        # log(1 + exp(z)) - z y, in the form that overflows for no z
        loss = ops.relu(logits) - logits * smooth + ops.log1p(ops.exp(-ops.abs(logits)))
        weight = truth * ops.convert_to_tensor(positive_weight, "float32") + (
            1.0 - truth
        ) * ops.convert_to_tensor(negative_weight, "float32")
        return ops.mean(ops.where(known, loss * weight, ops.zeros_like(loss)), axis=-1)

    return masked_binary_crossentropy
