"""Names for the weights of a fitted Keras estimator, in pictures and in logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt


def named_weights(estimator: Any) -> dict[str, npt.NDArray[np.float32]]:
    """Return the kernels of all layers, flat, by the layers' names.

    The wide path, which is no layer, is called ``wide``; of it only what is not zero is
    returned, since most of its columns never occur.
    """
    found = {layer.name: np.asarray(layer.kernel).ravel() for layer in _layers(estimator.model_)}
    wide = getattr(estimator, "wide_", None)
    if wide is not None:
        found["wide"] = wide.coef[wide.coef != 0]
    return found


def _layers(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        elif hasattr(layer, "kernel"):
            yield layer
