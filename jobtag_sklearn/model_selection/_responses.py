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


def tag_columns(
    estimator: Any, X: Any, name: str, n_tags: int, positive: Any = None
) -> npt.NDArray[Any]:
    """Return scores, one column a tag, in whichever form a classifier has them.

    With labels instead of tags, `positive` is the label whose score is wanted.
    """
    response = getattr(estimator, name)(X)
    if isinstance(response, list):
        # forests, neighbours and MultiOutputClassifier: one table of two classes a tag
        return np.column_stack(
            [
                _of_class(table, classes, 1)
                for table, classes in zip(response, _classes_of_tags(estimator), strict=True)
            ]
        )
    response = np.asarray(response)
    if response.ndim == 1:
        return response[:, None]
    if positive is not None:
        return _of_class(response, estimator.classes_, positive)[:, None]
    return response[:, 1:] if n_tags == 1 and response.shape[1] == 2 else response


def _classes_of_tags(estimator: Any) -> Any:
    # MultiOutputClassifier has no classes_ after partial_fit alone
    if hasattr(estimator, "classes_"):
        return estimator.classes_
    return [one.classes_ for one in estimator.estimators_]


def _of_class(table: npt.NDArray[Any], classes: Any, wanted: Any) -> npt.NDArray[Any]:
    """Return the column of a class, zeros if the classifier has never seen it."""
    place = np.flatnonzero(np.asarray(classes) == wanted)
    return table[:, place[0]] if len(place) else np.zeros(len(table))
