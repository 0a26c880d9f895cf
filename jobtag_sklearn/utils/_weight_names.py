"""Names for the weights of a fitted Keras estimator, in figures and in logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt


def named_weights(estimator: Any) -> dict[str, npt.NDArray[np.float32]]:
    """Return the flattened kernels of all layers, by the layers' names."""
    return {layer.name: np.asarray(layer.kernel).ravel() for layer in _layers(estimator.model_)}


def _layers(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        elif hasattr(layer, "kernel"):
            yield layer
