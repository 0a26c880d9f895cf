"""Finding what is inside of a model: its networks and linear model, and its codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from jobtag_sklearn.linear_model import MultiLabelLinearSVC
from jobtag_sklearn.utils._tags import in_order_of


def networks_of(estimator: Any, *, needed: bool = True) -> dict[str, Any]:
    """Return the fitted Keras estimators that a model is made of, by their networks' names.

    Raises
    ------
    ValueError
        If there are none, unless they are not `needed`.
    """
    check_is_fitted(estimator)
    found: dict[str, Any] = {}
    for part in _parts(estimator):
        if not hasattr(part, "history_"):
            continue
        name = str(part.model_.name)
        # without its decoder an autoencoder's network is its encoder
        name = "autoencoder" if name == "encoder" else name
        same = sum(known.partition(" ")[0] == name for known in found)
        found[f"{name} {same + 1}" if same else name] = part
    if needed and not found:
        raise ValueError(
            f"there is no fitted Keras network in this {type(estimator).__name__}; pass a "
            "pipeline of make_job_tag_pipeline, or one of the estimators of neural_network"
        )
    return found


def linear_model_of(estimator: Any) -> MultiLabelLinearSVC | None:
    """Return the fitted linear model that a model has inside, or None."""
    check_is_fitted(estimator)
    found = (part for part in _parts(estimator) if isinstance(part, MultiLabelLinearSVC))
    return next(found, None)


def _parts(estimator: Any) -> Iterator[Any]:
    """Yield the fitted networks and linear models inside of a model."""
    if hasattr(estimator, "model_") and hasattr(estimator, "history_"):
        yield estimator
        return
    if isinstance(estimator, MultiLabelLinearSVC):
        yield estimator
        return
    for name in ("best_estimator_", "estimator_"):
        if hasattr(estimator, name):
            yield from _parts(getattr(estimator, name))
            return
    for name in ("steps", "transformers_", "transformer_list"):
        for _, part, *_ in getattr(estimator, name, ()):
            yield from _parts(part)


def codes_of(estimator: Any, X: Any) -> npt.NDArray[np.float64]:
    """Return the codes that a pipeline, an autoencoder or any transformer makes of rows."""
    for name in ("encode", "transform"):
        if hasattr(estimator, name):
            return check_codes(getattr(estimator, name)(X))
    raise TypeError(
        f"{type(estimator).__name__} has neither encode nor transform, so it makes no codes; "
        "pass a pipeline of make_job_tag_pipeline, or a transformer"
    )


def check_codes(codes: Any) -> npt.NDArray[np.float64]:
    """Return codes as a dense table of numbers."""
    if sparse.issparse(codes):
        raise ValueError(
            f"codes must be dense, got a sparse matrix of {codes.shape[1]} columns; those are "
            "columns of words, and no picture holds as many"
        )
    array = np.asarray(codes, dtype=np.float64)
    if array.ndim == 1:
        array = array[None, :]
    if array.ndim != 2 or not array.size:
        raise ValueError(f"codes must have shape (n_jobs, n_codes), got {array.shape}")
    return array


def names_and_answers(estimator: Any, X: Any, y: Any) -> tuple[list[Any] | None, Any, Any]:
    """Return the names of the tags, true tags in their order, and predicted ones."""
    classes = getattr(estimator, "classes_", None)
    names = classes.tolist() if isinstance(classes, np.ndarray) else None
    given = estimator.predict(X)
    y = in_order_of(y, names or [])
    if sparse.issparse(given):
        given = given.toarray()
    return names, y, np.asarray(given)
