"""Both networks as functions of one row, for `jobtag_sklearn.serving`."""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jobtag_sklearn.neural_network import _networks
from jobtag_sklearn.neural_network._autoencoder import ConvAutoencoderTransformer
from jobtag_sklearn.neural_network._classifier import KerasMultiLabelClassifier
from jobtag_sklearn.serving._forward import Encoder, Layer, Layers, WideAndDeep
from jobtag_sklearn.serving._steps import TRANSLATIONS, UnknownStepError


def _arrays(network: keras.Model) -> dict[str, npt.NDArray[np.float32]]:
    """Return a network's weights by name, as arrays that share its memory.

    ``np.asarray`` of a variable would copy megabytes for each posting.
    """
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


def _encoder(transformer: ConvAutoencoderTransformer) -> Encoder:
    settings, network = transformer._network_settings, transformer._encoder
    names = {layer.name for layer in network.layers}
    if "gather" not in names:
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


def _classifier(classifier: KerasMultiLabelClassifier) -> WideAndDeep:
    settings, wide = classifier._network_settings, classifier.wide_
    if classifier._kind != "multilabel" or settings["activation"] != "relu" or wide is None:
        raise UnknownStepError(
            "a classifier of labels, without a wide path or with another activation than ReLU "
            "has no translation"
        )
    arrays = _arrays(classifier.model_)
    hidden = [f"hidden_{position}" for position in range(len(settings["hidden_layer_sizes"]))]
    return WideAndDeep(
        n_deep=settings["n_features"],
        deep=_layers(arrays, [*hidden, _networks.OUTPUT]),
        linear=Layer(arrays["linear/kernel"], None) if settings["linear_path"] else None,
        coef=wide.coef,
        intercept=wide.intercept,
    )


TRANSLATIONS[ConvAutoencoderTransformer] = _encoder
TRANSLATIONS[KerasMultiLabelClassifier] = _classifier
