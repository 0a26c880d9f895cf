"""Both networks as functions of arrays, for rows with few values and for single postings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jobtag_sklearn.neural_network import _autoencoder_network, _networks
from jobtag_sklearn.neural_network._processes import check_process
from jobtag_sklearn.utils._forward import DeepTagger, Encoder, Layer, Layers


def _arrays(network: keras.Model) -> dict[str, npt.NDArray[np.float32]]:
    """Return a network's weights by name, as arrays that share its memory.

    ``np.asarray`` of a variable would copy megabytes for each posting.
    """
    check_process()
    read = tf.raw_ops.ReadVariableOp
    return {
        f"{layer.name}/{variable.name}": np.asarray(
            read(resource=variable.value.handle, dtype=variable.value.dtype)
        )
        for layer in network.layers
        for variable in layer.trainable_variables
    }


def _layers(arrays: dict[str, npt.NDArray[Any]], names: list[str]) -> Layers:
    return Layers(tuple(Layer(arrays[f"{name}/kernel"], arrays[f"{name}/bias"]) for name in names))


def encoder_of(network: keras.Model, settings: Mapping[str, Any]) -> Encoder:
    """Return an encoder as a function of sparse rows."""
    arrays = _arrays(network)
    columns = settings["columns"]
    positions = np.full(settings["n_features"], -1, dtype=np.intp)
    positions[columns] = np.arange(len(columns))
    n_steps, n_hidden = len(settings["filters"]), len(settings["hidden_layer_sizes"])
    kernels = [arrays[f"convolution_{step}/kernel"] for step in range(n_steps)]
    # without biases, ReLU lets a positive factor pass
    kernels[-1] = kernels[-1] * _autoencoder_network.CONVOLUTION_SCALE
    hidden = [f"encoder_hidden_{position}" for position in range(n_hidden)]
    return Encoder(
        scale=settings["input_scale"],
        linear=arrays[f"{_autoencoder_network.LINEAR_ENCODER}/kernel"],
        linear_scale=_autoencoder_network.ENCODER_RATE,
        positions=positions,
        kernels=tuple(kernels),
        pool=settings["pool_size"],
        dense=_layers(arrays, [*hidden, _autoencoder_network.CODE]),
    )


def classifier_of(network: keras.Model, settings: Mapping[str, Any], share: float) -> DeepTagger:
    """Return a classifier as a function of dense rows, with copies of its weights."""
    arrays = {name: array.astype(np.float64) for name, array in _arrays(network).items()}
    hidden = [f"hidden_{position}" for position in range(len(settings["hidden_layer_sizes"]))]
    return DeepTagger(
        deep=_layers(arrays, [*hidden, _networks.OUTPUT]),
        n_scores=settings["n_outputs"] if settings["scores_first"] else 0,
        share=share,
    )
