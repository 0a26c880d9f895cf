"""Steps of a fitted pipeline as functions of one posting, without scikit-learn's checks.

`translate` knows the classes of the default pipeline. It refuses all others, subclasses
included. The functions share the arrays of the steps.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import text as sklearn_text
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from jobtag_sklearn._default_steps import ScoresAndCodes
from jobtag_sklearn.feature_extraction import (
    ColumnFolder,
    HashingVectorizer,
    IncrementalTfidfTransformer,
    JobColumnTransformer,
    POSFeatures,
    StemmingCleaner,
    TextStatistics,
    join_texts,
)
from jobtag_sklearn.linear_model import MultiLabelLinearSVC
from jobtag_sklearn.linear_model._calibration import Context
from jobtag_sklearn.serving._rows import Array, Places, Row, beside, dense, sparse, times
from jobtag_sklearn.utils._forward import DeepTagger, Encoder

#: From a posting (texts by column), a text, or a row to a text or a row.
Step = Callable[[Any], Any]


class UnknownStepError(ValueError):
    """A step that `translate` does not know, or that has unknown settings."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One step after the other."""

    steps: tuple[Step, ...]

    @property
    def columns(self) -> list[str]:
        """Columns of a posting that are read."""
        return getattr(self.steps[0], "columns", []) if self.steps else []

    def __call__(self, x: Any) -> Any:
        for step in self.steps:
            x = step(x)
        return x


@dataclass(frozen=True, slots=True)
class Union:
    """Steps side by side.

    Each part has the columns of the posting that its step gets (None for all that comes in), the
    step, and the weight of its output (None for 1).
    """

    parts: tuple[tuple[list[str] | None, Step, float | None], ...]

    @property
    def columns(self) -> list[str]:
        """Columns of a posting that are read."""
        return list(dict.fromkeys(name for names, *_ in self.parts for name in names or ()))

    def __call__(self, x: Any) -> Row | Array:
        rows = []
        for names, step, weight in self.parts:
            row = step(x if names is None else {name: x[name] for name in names})
            rows.append(row if weight is None else times(row, weight))
        return beside(rows)


@dataclass(frozen=True, slots=True)
class TextStep:
    """A transformer of texts that looks at each one by itself."""

    transformer: StemmingCleaner | TextStatistics | POSFeatures

    def __call__(self, x: str | Mapping[str, str]) -> str | Array:
        return self.transformer._of_documents([_text(x)])[0]


@dataclass(frozen=True, slots=True)
class Hashed:
    """Counts of hashed words."""

    vectorizer: sklearn_text.HashingVectorizer

    def __call__(self, x: str | Mapping[str, str]) -> Row:
        counts = self.vectorizer.transform([_text(x)])
        return Row(counts.indices, counts.data, counts.shape[1])


@dataclass(frozen=True, slots=True)
class Weighted:
    """Counts times inverse document frequencies.

    Most hashed columns belong to no word that was seen, and share one idf.
    """

    places: Places
    idf: Array
    idf_of_others: float
    sublinear: bool
    norm: str | None

    def __call__(self, x: Row | Array) -> Row:
        row = sparse(x)
        values = np.log(row.values) + 1 if self.sublinear else row.values
        found, place = self.places(row)
        idf = np.full(len(values), self.idf_of_others, dtype=self.idf.dtype)
        idf[found] = self.idf[place]
        values = values * idf
        if self.norm is not None:
            length = np.abs(values).sum() if self.norm == "l1" else np.sqrt(values @ values)
            if length:
                values /= length
        return row._replace(values=values)


@dataclass(frozen=True, slots=True)
class Folded:
    """The sums of columns whose numbers have the same remainder."""

    n_components: int
    n_features: int

    def __call__(self, x: Row | Array) -> Row:
        row = sparse(x)
        n_kept = row.columns.searchsorted(self.n_features)
        columns, place = np.unique(row.columns[:n_kept] % self.n_components, return_inverse=True)
        sums = np.bincount(place, row.values[:n_kept], minlength=len(columns))
        return Row(columns, sums.astype(row.values.dtype), self.n_components)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Codes of an autoencoder."""

    encoder: Encoder

    def __call__(self, x: Row | Array) -> Array:
        row = sparse(x)
        return self.encoder.of_row(row.columns, row.values.astype(np.float32, copy=False))


@dataclass(frozen=True, slots=True)
class Elementwise:
    """A function of single values."""

    function: np.ufunc
    settings: dict[str, Any]

    def __call__(self, x: Row | Array) -> Array:
        return self.function(dense(x), **self.settings)


@dataclass(frozen=True, slots=True)
class Scaled:
    """Columns with mean zero and standard deviation one."""

    mean: Array | None
    scale: Array | None

    def __call__(self, x: Row | Array) -> Array:
        values = dense(x)
        if self.mean is not None:
            values = values - self.mean.astype(values.dtype)
        return values if self.scale is None else values / self.scale.astype(values.dtype)


@dataclass(frozen=True, slots=True)
class LinearTagger:
    """Scores of a linear model, or a classifier."""

    places: Places
    coef: Array
    intercept: Array
    context: Context

    def __call__(self, x: Row | Array) -> Array:
        return self.logits(x).astype(np.float32)

    def logits(self, x: Row | Array) -> Array:
        """Return a float64 logit for each tag."""
        row = sparse(x)
        found, place = self.places(row)
        # BLAS may use threads, which wait for each other longer than this takes
        scores = np.einsum("i,ij->j", row.values[found], self.coef[place])
        return self.context(scores[None].astype(np.float64) + self.intercept)[0]


@dataclass(frozen=True, slots=True)
class NetworkTagger:
    """A deep network, as a classifier; None if it adds nothing to the scores that come in."""

    network: DeepTagger | None

    def logits(self, x: Row | Array) -> Array:
        """Return a float64 logit for each tag."""
        x = dense(x).astype(np.float32)
        return x.astype(np.float64) if self.network is None else self.network(x[None])[0]


def unchanged(x: Any) -> Any:
    """Return what comes in."""
    return x


def joined(x: Mapping[str, str]) -> str:
    """Return the texts of a posting as `join_texts` joins them."""
    return "\n".join(x.values())


def translate(step: Any) -> Step:
    """Return a fitted step as a function of a posting, a text or a row.

    A classifier also has the method `logits`.

    Raises
    ------
    UnknownStepError
        If the step is of another class than those of the default pipeline, is not fitted, or
        has settings that have no translation.
    """
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return unchanged
    kind = type(step)
    known = TRANSLATIONS.get(kind) or _translation_of_network(kind)
    if known is None:
        raise UnknownStepError(f"{kind.__name__} is no step of the default pipeline")
    try:
        return known(step)
    except AttributeError as error:
        raise UnknownStepError(f"{kind.__name__} is not fitted: {error}") from None


def translate_pipeline(
    pipeline: Pipeline,
) -> tuple[list[str], Step, LinearTagger | NetworkTagger]:
    """Return a fitted pipeline as functions of a posting.

    Returns
    -------
    columns : list of str
        The texts of a posting.
    features : Step
        From these texts, by column, to a row.
    tagger : LinearTagger or NetworkTagger
        From the row to logits.

    Raises
    ------
    UnknownStepError
        As in `translate`.
    """
    *steps, tagger = [translate(step) for _, step in pipeline.steps]
    if not isinstance(tagger, LinearTagger | NetworkTagger):
        raise UnknownStepError("the last step is no classifier of the default pipeline")
    features = Chain(tuple(steps))
    if not features.columns:
        raise UnknownStepError("the first step is no JobColumnTransformer")
    network = tagger.network if isinstance(tagger, NetworkTagger) else None
    if network is not None and not network.share:
        scores = _scores_of(features, network.n_scores)
        if scores is not None:
            return features.columns, scores, NetworkTagger(None)
    return features.columns, features, tagger


def _scores_of(step: Step, n_tags: int) -> Step | None:
    """Return what makes the first `n_tags` columns, if that is a linear model."""
    if isinstance(step, Chain):
        scores = _scores_of(step.steps[-1], n_tags)
        return None if scores is None else Chain((*step.steps[:-1], scores))
    if isinstance(step, Union) and step.parts:
        names, first, weight = step.parts[0]
        scores = _scores_of(first, n_tags)
        return None if scores is None else Union(((names, scores, weight),))
    return step if isinstance(step, LinearTagger) and step.coef.shape[1] == n_tags else None


def _translation_of_network(kind: type) -> Callable[[Any], Any] | None:
    # who has a fitted network has imported its module, and with it TensorFlow
    networks = sys.modules.get("jobtag_sklearn.neural_network")
    if networks is None:
        return None
    return {
        networks.ConvAutoencoderTransformer: _encoded,
        networks.KerasMultiLabelClassifier: _network,
    }.get(kind)


def _chain(pipeline: Pipeline) -> Step:
    return Chain(tuple(translate(step) for _, step in pipeline.steps))


def _union(union: FeatureUnion) -> Union:
    weights = union.transformer_weights or {}
    return Union(
        tuple(
            (None, translate(step), weights.get(name))
            for name, step in union.transformer_list
            if not _dropped(step)
        )
    )


def _columns(table: ColumnTransformer) -> Union:
    weights = table.transformer_weights or {}
    parts = []
    for name, transformer, columns in table.transformers_:
        if _dropped(transformer):
            continue
        columns = [columns] if isinstance(columns, str) else columns
        if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
            raise UnknownStepError(f"{name!r} selects columns otherwise than by name")
        step = translate(transformer)
        if step is unchanged:
            raise UnknownStepError(f"{name!r} passes columns of jobs on as they are")
        parts.append((columns, step, weights.get(name)))
    return Union(tuple(parts))


def _dropped(step: Any) -> bool:
    return isinstance(step, str) and step == "drop"


def _weighted(tfidf: IncrementalTfidfTransformer) -> Step:
    settings = tfidf.sublinear_tf, tfidf.norm
    if not tfidf.use_idf:
        return Weighted(Places.of(np.arange(0)), np.ones(0, np.float32), 1.0, *settings)
    idf_of_others = tfidf.idf_[tfidf.document_frequency_.argmin()]
    columns = np.flatnonzero(tfidf.idf_ != idf_of_others)
    return Weighted(Places.of(columns), tfidf.idf_[columns], float(idf_of_others), *settings)


def _folded(folder: ColumnFolder) -> Step:
    n_features = folder.n_features_in_
    return Folded(folder.n_components, min(folder.n_features or n_features, n_features))


def _of_function(transformer: FunctionTransformer) -> Step:
    function = transformer.func
    if function is None:
        return unchanged
    if function is join_texts:
        return joined
    if not isinstance(function, np.ufunc):
        raise UnknownStepError(
            f"FunctionTransformer applies {function!r}, which is neither join_texts nor a ufunc"
        )
    return Elementwise(function, transformer.kw_args or {})


def _scaled(scaler: StandardScaler) -> Step:
    mean = scaler.mean_ if scaler.with_mean else None
    return Scaled(mean, scaler.scale_ if scaler.with_std else None)


def _linear(classifier: MultiLabelLinearSVC) -> Step:
    _check_kind(classifier)
    linear = classifier._linear
    return LinearTagger(
        Places.of(linear.columns), linear.coef, linear.intercept, classifier.context_
    )


def _encoded(autoencoder: Any) -> Step:
    return Encoded(autoencoder._without_keras())


def _network(classifier: Any) -> NetworkTagger:
    _check_kind(classifier)
    return NetworkTagger(classifier._without_keras())


def _check_kind(classifier: Any) -> None:
    if classifier._kind != "multilabel":
        raise UnknownStepError(
            f"{type(classifier).__name__} was fitted on class labels, not on tags"
        )


def _text(x: str | Mapping[str, str]) -> str:
    """Return a text, or the only one of a posting."""
    return x if isinstance(x, str) else "".join(x.values())


TRANSLATIONS: dict[type, Callable[[Any], Any]] = {
    Pipeline: _chain,
    ScoresAndCodes: _chain,
    FeatureUnion: _union,
    ColumnTransformer: _columns,
    JobColumnTransformer: _columns,
    FunctionTransformer: _of_function,
    StemmingCleaner: TextStep,
    TextStatistics: TextStep,
    POSFeatures: TextStep,
    HashingVectorizer: Hashed,
    sklearn_text.HashingVectorizer: Hashed,
    IncrementalTfidfTransformer: _weighted,
    ColumnFolder: _folded,
    StandardScaler: _scaled,
    MultiLabelLinearSVC: _linear,
}
