"""Updates of steps inside of steps, which scikit-learn's compositions do not pass on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from jobtag_sklearn.feature_extraction import IncrementalTfidfTransformer
from jobtag_sklearn.utils._tags import check_tags


def nested(step: Any) -> Iterator[Any]:
    """Yield a fitted step and all fitted steps inside of it, outermost first."""
    if isinstance(step, str) or step is None:
        return
    yield step
    if isinstance(step, Pipeline):
        parts = [part for _, part in step.steps]
    elif isinstance(step, FeatureUnion):
        parts = [part for _, part in step.transformer_list]
    elif isinstance(step, ColumnTransformer):
        parts = [part for _, part, _ in getattr(step, "transformers_", step.transformers)]
    else:
        return
    for part in parts:
        yield from nested(part)


def is_fitted(step: Any) -> bool:
    """Return whether a step is fitted."""
    try:
        check_is_fitted(step)
    except Exception:
        return False
    return True


def with_all_tags(y: Any, classes: Any, kind: str) -> Any:
    """Give a first batch of tags the columns of all tags that will ever come."""
    if classes is None or kind != "multilabel":
        return y
    tags = check_tags(y, classes=np.asarray(classes), kind=kind)
    index = y.index if isinstance(y, pd.DataFrame) else None
    return pd.DataFrame(tags.indicators, columns=list(classes), index=index)


def set_fitted_params(pipeline: Pipeline, params: dict[str, Any]) -> None:
    """Set parameters of the fitted steps inside of a pipeline's steps.

    A ColumnTransformer fits clones of its steps, which have parameters of their own.
    """
    for name, value in params.items():
        part, rest = _fitted_part(pipeline, name.split("__"))
        if part is not pipeline and rest:
            part.set_params(**{"__".join(rest): value})


def _fitted_part(step: Any, names: list[str]) -> tuple[Any, list[str]]:
    """Follow the names of a parameter into fitted steps.

    Returns
    -------
    part : estimator
        The innermost step that is found.
    rest : list of str
        The names behind it, which are those of its parameter.
    """
    for position, name in enumerate(names):
        if isinstance(step, Pipeline):
            parts = dict(step.steps)
        elif isinstance(step, FeatureUnion):
            parts = dict(step.transformer_list)
        elif isinstance(step, ColumnTransformer):
            parts = dict(getattr(step, "named_transformers_", {}))
        else:
            parts = {}
        if not hasattr(parts.get(name), "set_params"):
            return step, names[position:]
        step = parts[name]
    return step, []


def _is_updated(step: Any) -> bool:
    """Return whether a step learns words or tags, which it does in every update."""
    return _learns_tags(step) or isinstance(step, IncrementalTfidfTransformer)


def update_transformer(step: Any, X: Any, y: Any, *, everything: bool, add_tags: bool) -> None:
    """Call `partial_fit` of a fitted transformer, or of the transformers inside of it.

    Parameters
    ----------
    step : estimator
        A transformer, or a pipeline, union or column transformer of some. An autoencoder
        without its decoder cannot learn and is left as it is.
    X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
        Input of the step.
    y : DataFrame or array-like of shape (n_samples, n_tags)
        Tags.
    everything : bool
        Whether to update all that has `partial_fit`, or only classifiers and word weights.
    add_tags : bool
        Whether classifiers add tags that they do not know.
    """
    if not everything and not any(_is_updated(part) for part in nested(step)):
        return
    if isinstance(step, Pipeline):
        last = len(step.steps) - 1
        for position, (_, part) in enumerate(step.steps):
            update_transformer(part, X, y, everything=everything, add_tags=add_tags)
            if position < last and hasattr(part, "transform"):
                X = part.transform(X)
    elif isinstance(step, FeatureUnion):
        for _, part in step.transformer_list:
            update_transformer(part, X, y, everything=everything, add_tags=add_tags)
    elif isinstance(step, ColumnTransformer):
        for _, part, columns in step.transformers_:
            if not isinstance(part, str):
                selected = _safe_indexing(X, columns, axis=1)
                update_transformer(part, selected, y, everything=everything, add_tags=add_tags)
    elif _learns_tags(step):
        _update_classifier(step, X, y, add_tags)
    elif hasattr(step, "partial_fit") and not getattr(step, "_encoder_only", False):
        step.partial_fit(X)


def _learns_tags(step: Any) -> bool:
    return is_classifier(step) and hasattr(step, "partial_fit") and hasattr(step, "transform")


def _update_classifier(step: Any, X: Any, y: Any, add_tags: bool) -> None:
    if np.all(pd.isna(np.asarray(y))):
        return
    policy = getattr(step, "new_tags", None)
    if policy is None or not add_tags:
        step.partial_fit(X, y)
        return
    step.new_tags = "add"
    try:
        step.partial_fit(X, y)
    finally:
        step.new_tags = policy
