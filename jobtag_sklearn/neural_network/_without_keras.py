"""Both networks as functions of arrays, for rows with few values and for single postings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jobtag_sklearn.neural_network import _networks
from jobtag_sklearn.neural_network._linear_path import LinearPath
from jobtag_sklearn.neural_network._processes import check_process
from jobtag_sklearn.serving._forward import Encoder, Layer, Layers, WideAndDeep
from jobtag_sklearn.serving._steps import UnknownStepError


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


def _layers(arrays: dict[str, npt.NDArray[np.float32]], names: list[str]) -> Layers:
    return Layers(tuple(Layer(arrays[f"{name}/kernel"], arrays[f"{name}/bias"]) for name in names))


def encoder_of(network: keras.Model, settings: Mapping[str, Any]) -> Encoder:
    """Return an encoder as a function.

    Raises
    ------
    UnknownStepError
        If its convolutions overlap or are pooled.
    """
    if "gather" not in {layer.name for layer in network.layers}:
        raise UnknownStepError("convolutions that overlap or are pooled have no translation")
    arrays = _arrays(network)
    n_steps, n_hidden = len(settings["filters"]), len(settings["hidden_layer_sizes"])
    kernels = tuple(arrays[f"convolution_{step}/kernel"] for step in range(n_steps))
    hidden = [f"encoder_hidden_{position}" for position in range(n_hidden)]
    return Encoder(
        scale=settings["input_scale"],
        kernels=kernels,
        pool=settings["pool_size"],
        n_patches=len(arrays[f"{hidden[0]}/kernel"]) // kernels[-1].shape[1],
        dense=_layers(arrays, [*hidden, _networks.CODE]),
    )


def classifier_of(
    network: keras.Model, settings: Mapping[str, Any], wide: LinearPath | None
) -> WideAndDeep:
    """Return a classifier as a function.

    Raises
    ------
    UnknownStepError
        If it has no wide path, or another activation than ReLU.
    """
    if wide is None or settings["activation"] != "relu":
        raise UnknownStepError(
            "a classifier without a wide path or with another activation than ReLU has no "
            "translation"
        )
    arrays = _arrays(network)
    hidden = [f"hidden_{position}" for position in range(len(settings["hidden_layer_sizes"]))]
    return WideAndDeep(
        n_deep=settings["n_features"],
        deep=_layers(arrays, [*hidden, _networks.OUTPUT]),
        linear=Layer(arrays["linear/kernel"], None) if settings["linear_path"] else None,
        coef=wide.coef,
        intercept=wide.intercept,
    )
