"""Classifiers of the first edition were pickled with a class of this module."""

from typing import Any

from jobtag_sklearn.neural_network._base import FIRST_EDITION


def __getattr__(name: str) -> Any:
    if name == "LinearPath":
        raise ValueError(FIRST_EDITION)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
