"""Updates of steps inside of steps, which scikit-learn's compositions do not pass on."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing


def update_transformer(step: Any, X: Any, y: Any) -> None:
    """Call `partial_fit` of a fitted transformer, or of whatever in it has one.

    Parameters
    ----------
    step : estimator
        A transformer, or a pipeline, union or column transformer of some. An autoencoder
        without its decoder cannot learn and stays as it is.
    X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
        What the step gets.
    y : DataFrame or array-like of shape (n_samples, n_tags)
        Tags. A step that was fitted with tags gets those that it knows.
    """
    if isinstance(step, Pipeline):
        for _, part in step.steps:
            update_transformer(part, X, y)
            if hasattr(part, "transform"):
                X = part.transform(X)
    elif isinstance(step, FeatureUnion):
        for _, part in step.transformer_list:
            update_transformer(part, X, y)
    elif isinstance(step, ColumnTransformer):
        for _, part, columns in step.transformers_:
            if not isinstance(part, str):
                update_transformer(part, _safe_indexing(X, columns, axis=1), y)
    elif hasattr(step, "partial_fit") and not getattr(step, "_encoder_only", False):
        step.partial_fit(X, _known(step, y))


def _known(step: Any, y: Any) -> Any:
    if isinstance(y, pd.DataFrame) and hasattr(step, "classes_"):
        known = y.columns[y.columns.isin(step.classes_.tolist())]
        return y[known] if len(known) else None
    return y
