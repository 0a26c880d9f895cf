"""The autoencoder's network, as a pure function from sizes and a seed to a Keras model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops
from sklearn.utils.extmath import randomized_svd

from jobtag_sklearn.neural_network._networks import (
    FEATURES,
    RECONSTRUCTION,
    Float32Loss,
    _he,
    _hidden,
    _in_float32,
)
from jobtag_sklearn.utils._seeds import seed_stream

ENCODER, DECODER, CODE = "encoder", "decoder", "code"
LINEAR_ENCODER, LINEAR_DECODER = "linear_encoder", "linear_decoder"

#: Where channels are, which Keras would take from a setting of the user's.
_LAST = {"data_format": "channels_last"}
#: Singular values below this share of the largest one are zeros that were rounded.
_SMALLEST_SINGULAR_VALUE = 1e-4
#: Learning rates of the two linear layers, relative to that of all other layers.
ENCODER_RATE, DECODER_RATE = 3.0, 0.3
#: Factor of the convolutions' output. The rows' norm is 1, so most values are far smaller than
#: those that the initial weights are made for.
CONVOLUTION_SCALE = 10.0


@_in_float32()
def build_autoencoder(
    *,
    n_features: int,
    columns: npt.NDArray[np.integer],
    n_components: int,
    filters: Sequence[int],
    pool_size: int,
    hidden_layer_sizes: Sequence[int],
    input_dropout: float,
    dropout: float,
    input_scale: float,
    seed: int,
) -> keras.Model:
    """Build a convolutional autoencoder with linear paths.

    The encoder is ``z = x E + conv_enc(x)`` and the decoder ``relu(z D + b + conv_dec(z))``.
    The linear paths and the output have the given `columns` only, the convolutions read all
    columns. The output layers of both convolutional paths are zero at first, and so are E, D
    and b, which the caller sets.

    The model maps rows to the squared error of their reconstruction. Its layers ``encoder``
    and ``decoder`` are models too.

    Adam takes steps of the same size whatever the scale of the gradients. So a layer whose
    output is multiplied by a number learns that many times faster than the other layers.

    Convolutions move by their own length, so each is a matrix product of patches. This takes
    a fifth of the time of TensorFlow's convolution on a CPU. They have no bias, so that
    patches of zeros stay zero and `utils._forward.Encoder` can leave them out.
    """
    seeds = seed_stream(seed)
    shrinkage = pool_size ** len(filters)
    width = math.ceil(n_features / shrinkage) * shrinkage

    row = keras.Input((n_features,), dtype="float32", name=FEATURES)
    x = layers.Rescaling(input_scale, name="scale")(row)
    if input_dropout:
        x = layers.Dropout(input_dropout, seed=next(seeds), name="input_dropout")(x)
    linear = _linear(n_components, LINEAR_ENCODER, ENCODER_RATE, use_bias=False)(
        TakeColumns(columns, name="seen_columns")(x)
    )
    x = layers.Reshape((n_features, 1), name="sequence")(x)
    if width != n_features:
        x = layers.ZeroPadding1D((0, width - n_features), **_LAST, name="pad")(x)
    for step, n in enumerate(filters):
        patches = (x.shape[1] // pool_size, pool_size * x.shape[2])
        x = layers.Reshape(patches, name=f"patches_{step}")(x)
        x = _convolution(n, f"convolution_{step}", seeds)(x)
    x = layers.Flatten(**_LAST, name="flatten")(x)
    x = layers.Rescaling(CONVOLUTION_SCALE, name="scaled_maps")(x)
    x = _hidden(x, "encoder_hidden", hidden_layer_sizes, dropout, seeds)
    x = layers.Dense(n_components, kernel_initializer="zeros", name=CODE)(x)
    encoder = keras.Model(row, layers.Add(name="codes")([linear, x]), name=ENCODER)

    code = keras.Input((n_components,), dtype="float32", name="codes")
    linear = _linear(len(columns), LINEAR_DECODER, DECODER_RATE)(code)
    x = _hidden(code, "decoder_hidden", list(reversed(hidden_layer_sizes)), dropout, seeds)
    steps = width // shrinkage
    x = layers.Dense(
        steps * filters[-1], activation="relu", kernel_initializer=_he(seeds), name="unflatten"
    )(x)
    x = layers.Reshape((steps, filters[-1]), name="steps")(x)
    for step in reversed(range(1, len(filters))):
        x = _convolution(pool_size * filters[step - 1], f"deconvolution_{step}", seeds)(x)
        x = layers.Reshape((x.shape[1] * pool_size, filters[step - 1]), name=f"unpatch_{step}")(x)
    x = layers.Dense(
        pool_size, use_bias=False, kernel_initializer="zeros", name="deconvolution_0"
    )(x)
    x = layers.Reshape((width,), name="row")(x)
    x = TakeColumns(columns, name="seen_columns")(x)
    x = layers.ReLU(name="reconstructed")(layers.Add(name="sum")([linear, x]))
    decoder = keras.Model(code, x, name=DECODER)

    row = keras.Input((n_features,), dtype="float32", name=FEATURES)
    seen = layers.Rescaling(input_scale, name="scale")(
        TakeColumns(columns, name="seen_columns")(row)
    )
    error = SquaredError(name=RECONSTRUCTION)([seen, decoder(encoder(row))])
    return keras.Model(row, {RECONSTRUCTION: error}, name="autoencoder")


def start_from_svd(network: keras.Model, X: Any, random_state: np.random.RandomState) -> None:
    """Set the linear layers of a new autoencoder from a singular value decomposition.

    The codes have a root mean square of 1, and the decoder is the least squares solution.
    Codes that the decomposition does not provide, since there are too few rows or columns,
    are random projections. The decoder does not use them yet.

    Parameters
    ----------
    network : keras.Model
        Autoencoder.
    X : csr_matrix or csr_array of shape (n_samples, n_columns)
        Those columns of scaled rows that the linear layers have.
    random_state : RandomState
        Generator.
    """
    to_code = network.get_layer(ENCODER).get_layer(LINEAR_ENCODER).kernel
    from_code = network.get_layer(DECODER).get_layer(LINEAR_DECODER).kernel
    n_columns, n_components = to_code.shape
    rank = min(n_components, n_columns, X.shape[0])
    _, values, vectors = randomized_svd(X, rank, n_iter=5, random_state=random_state)
    rank = int((values > _SMALLEST_SINGULAR_VALUE * values[0]).sum())
    encoder = random_state.normal(size=(n_columns, n_components)).astype(np.float32)
    encoder[:, :rank] = vectors[:rank].T
    codes = X @ encoder
    norms = np.sqrt(np.square(codes).mean(axis=0))
    norms[norms == 0] = 1
    to_code.assign(encoder / (norms * ENCODER_RATE))
    codes = (codes / norms)[:, :rank].astype(np.float64)
    decoder = np.zeros((n_components, n_columns))
    decoder[:rank] = np.linalg.solve(codes.T @ codes, (X.T @ codes).T)
    from_code.assign(decoder / DECODER_RATE)


def reconstruction_loss() -> dict[str, Float32Loss]:
    """Return the loss of a network that outputs the squared error of a row."""

    def squared_error(_: Any, error: Any) -> Any:
        return ops.squeeze(error, -1)

    return {RECONSTRUCTION: Float32Loss(squared_error)}


class TakeColumns(layers.Layer):
    """Some columns of rows."""

    def __init__(self, columns: npt.NDArray[np.integer], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._columns = columns

    def call(self, row: Any) -> Any:
        """Return shape (n_rows, n_columns)."""
        return ops.take(row, self._columns, axis=1)


class SquaredError(layers.Layer):
    """Squared error of each row."""

    def call(self, inputs: Any) -> Any:
        """Return shape (n_rows, 1)."""
        row, reconstructed = inputs
        return ops.sum(ops.square(row - reconstructed), axis=1, keepdims=True)


def _linear(n: int, name: str, rate: float, *, use_bias: bool = True) -> Any:
    """Return a linear layer that learns `rate` times as fast with Adam."""
    dense = layers.Dense(n, use_bias=use_bias, kernel_initializer="zeros", name=name)
    rescaling = layers.Rescaling(rate, name=f"{name}_rate")
    return lambda x: rescaling(dense(x))


def _convolution(n: int, name: str, seeds: Iterator[int]) -> Any:
    return layers.Dense(
        n, use_bias=False, activation="relu", kernel_initializer=_he(seeds), name=name
    )
