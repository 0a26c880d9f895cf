"""Steps of a fitted pipeline as functions of one row, without what scikit-learn adds to each.

`translate` knows the classes of the default pipeline, each as it is and not a subclass, and
refuses all others. Functions share the arrays of the steps they stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import text as sklearn_text
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from jobtag_sklearn.feature_extraction import (
    CrossViewTransformer,
    HashingVectorizer,
    IncrementalTfidfTransformer,
    POSFeatures,
    StemmingCleaner,
    TextStatistics,
)
from jobtag_sklearn.serving._rows import Row, beside

Step = Callable[[Any], Any]


class UnknownStepError(ValueError):
    """A step is of a class, or has settings, that `translate` does not know."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One step after the other."""

    steps: tuple[Step, ...]

    def __call__(self, x: Any) -> Any:
        for step in self.steps:
            x = step(x)
        return x


@dataclass(frozen=True, slots=True)
class Branch:
    """A step, what it is given and what its result is multiplied with."""

    step: Step
    columns: tuple[int, int] | None
    weight: float | None

    def __call__(self, x: Any) -> Row:
        row = self.step(x if self.columns is None else x.part(*self.columns))
        return row if self.weight is None else row.times(self.weight)


@dataclass(frozen=True, slots=True)
class Union:
    """Steps side by side."""

    branches: tuple[Branch, ...]

    def __call__(self, x: Any) -> Row:
        return beside([branch(x) for branch in self.branches])


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The cleaner, from text to text."""

    cleaner: StemmingCleaner

    def __call__(self, text: str) -> str:
        return self.cleaner._of_documents([text])[0]


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts of the raw text."""

    counter: TextStatistics | POSFeatures

    def __call__(self, text: str) -> Row:
        return Row.of(self.counter._of_documents([text]))


@dataclass(frozen=True, slots=True)
class Hashed:
    """Hashed words."""

    vectorizer: sklearn_text.HashingVectorizer

    def __call__(self, text: str) -> Row:
        return Row.of(self.vectorizer.transform([text]))


@dataclass(frozen=True, slots=True)
class Weighted:
    """Term frequency times inverse document frequency."""

    idf: Any
    sublinear: bool
    norm: str | None

    def __call__(self, row: Row) -> Row:
        values = np.log(row.values) + 1 if self.sublinear else row.values
        if self.idf is not None:
            values = values * self.idf[row.columns]
        return Row(row.columns, _normalized(values, self.norm), row.width)


@dataclass(frozen=True, slots=True)
class Applied:
    """A function of arrays."""

    function: Callable[..., Any]
    settings: dict[str, Any]

    def __call__(self, row: Row) -> Row:
        return Row.of(self.function(row.dense()[None], **self.settings))


@dataclass(frozen=True, slots=True)
class Scaled:
    """Columns with mean zero and standard deviation one."""

    mean: Any
    scale: Any

    def __call__(self, row: Row) -> Row:
        values = row.dense()
        if self.mean is not None:
            values -= self.mean.astype(np.float32)
        if self.scale is not None:
            values /= self.scale.astype(np.float32)
        return Row.of(values)


@dataclass(frozen=True, slots=True)
class Projected:
    """The second view on its directions."""

    n_first: int
    directions: Any

    def __call__(self, row: Row) -> Row:
        second = row.part(self.n_first, row.width)
        values = np.einsum("ij,j->i", self.directions[:, second.columns], second.values)
        return Row.of(_normalized(values, "l2"))


def unchanged(x: Any) -> Any:
    """Return what comes in."""
    return x


def _normalized(values: Any, norm: str | None) -> Any:
    if norm is None or not len(values):
        return values
    length = np.abs(values).sum() if norm == "l1" else np.sqrt(np.square(values).sum())
    return values / length if length else values


def translate(step: Any) -> Step:
    """Return a fitted step as a function of a text or of a row.

    Raises
    ------
    UnknownStepError
        If there is none.
    """
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return unchanged
    if type(step) not in TRANSLATIONS:
        raise UnknownStepError(f"{type(step).__name__} is no step of the default pipeline")
    try:
        return TRANSLATIONS[type(step)](step)
    except AttributeError as error:
        raise UnknownStepError(f"{type(step).__name__} is not fitted: {error}") from None


def branches(columns: ColumnTransformer) -> list[tuple[Any, Any, float | None]]:
    """Return the fitted transformers that are not dropped, their columns and weights."""
    weights = columns.transformer_weights or {}
    return [
        (transformer, selected, weights.get(name))
        for name, transformer, selected in columns.transformers_
        if not (isinstance(transformer, str) and transformer == "drop")
    ]


def _chain(pipeline: Pipeline) -> Step:
    return Chain(tuple(translate(step) for _, step in pipeline.steps))


def _union(union: FeatureUnion) -> Step:
    weights = union.transformer_weights or {}
    return Union(
        tuple(
            Branch(translate(step), None, weights.get(name))
            for name, step in union.transformer_list
            if not (isinstance(step, str) and step == "drop")
        )
    )


def _columns(columns: ColumnTransformer) -> Step:
    found = []
    for transformer, selected, weight in branches(columns):
        if not isinstance(selected, slice):
            raise UnknownStepError("columns are selected otherwise than by slices")
        start, stop, step = selected.indices(columns.n_features_in_)
        if step != 1:
            raise UnknownStepError("columns are selected in steps")
        found.append(Branch(translate(transformer), (start, stop), weight))
    return Union(tuple(found))


def _weighted(tfidf: IncrementalTfidfTransformer) -> Step:
    return Weighted(tfidf.idf_ if tfidf.use_idf else None, tfidf.sublinear_tf, tfidf.norm)


def _applied(function: FunctionTransformer) -> Step:
    if function.func is None:
        return unchanged
    return Applied(function.func, function.kw_args or {})


def _scaled(scaler: StandardScaler) -> Step:
    mean = scaler.mean_ if scaler.with_mean else None
    return Scaled(mean, scaler.scale_ if scaler.with_std else None)


def _projected(views: CrossViewTransformer) -> Step:
    return Projected(views.n_view_features, views.components_)


#: `jobtag_sklearn.neural_network` adds its own when it is imported.
TRANSLATIONS: dict[type, Callable[[Any], Step]] = {
    Pipeline: _chain,
    FeatureUnion: _union,
    ColumnTransformer: _columns,
    StemmingCleaner: Cleaned,
    HashingVectorizer: Hashed,
    sklearn_text.HashingVectorizer: Hashed,
    TextStatistics: Counted,
    POSFeatures: Counted,
    IncrementalTfidfTransformer: _weighted,
    FunctionTransformer: _applied,
    StandardScaler: _scaled,
    CrossViewTransformer: _projected,
}
