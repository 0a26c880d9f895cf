"""Scores of any classifier, one column a tag."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

PROBABILITY, DECISION = "predict_proba", "decision_function"


def response_name(estimator: Any, response_method: str) -> str:
    """Return the method that scores come from."""
    if response_method != "auto":
        return response_method
    return PROBABILITY if hasattr(estimator, PROBABILITY) else DECISION


def tag_columns(estimator: Any, X: Any, name: str, kind: str) -> npt.NDArray[Any]:
    """Return scores, one column a tag, in whichever form a classifier has them."""
    response = getattr(estimator, name)(X)
    if isinstance(response, list):
        # forests, neighbours and MultiOutputClassifier: one table of two classes a tag
        return np.column_stack(
            [
                table[:, 1] if table.shape[1] == 2 else table[:, 0] * (classes[0] == 1)
                for table, classes in zip(response, estimator.classes_, strict=True)
            ]
        )
    response = np.asarray(response)
    if response.ndim == 1:
        return response[:, None]
    return response[:, 1:] if kind == "binary" and response.shape[1] == 2 else response
