"""The steps of the default pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

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

#: Weight of the title's own columns. A title is a few words of which each would otherwise weigh
#: as much as thirty of a description.
_TITLE_WEIGHT = 0.35
#: Words and pairs in fewer texts, or titles, than this have weight 0.
_MIN_DF, _MIN_DF_OF_TITLES = 3, 2


class ScoresAndCodes(Pipeline):
    """Pipeline whose output is named by its last step alone.

    The steps before it make more columns than anyone can name.
    """

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return the names that the last step gives.

        Parameters
        ----------
        input_features : Ignored
            Present for API consistency.

        Returns
        -------
        names : ndarray of shape (n_features,), dtype object
            Names.
        """
        return self.steps[-1][1].get_feature_names_out()


def text_columns(
    title: str,
    description: str,
    *,
    n_word_features: int,
    n_pair_features: int,
    n_title_features: int,
    weighted: bool = True,
    n_jobs: int | None = None,
    verbose: int | bool = 0,
) -> JobColumnTransformer:
    """Return what turns titles and descriptions into hashed columns.

    Words and pairs of words of both texts joined come first, those of the title by itself last.
    Without `weighted` the columns are counts.
    """
    counts = [("words", _hashed(n_word_features, (1, 1)))]
    if n_pair_features:
        counts.append(("pairs", _hashed(n_pair_features, (2, 2))))
    steps = [
        ("join", FunctionTransformer(join_texts)),
        ("clean", StemmingCleaner()),
        ("count", FeatureUnion(counts)),
    ]
    if weighted:
        steps.append(("weight", _tfidf(_MIN_DF)))
    branches: list[tuple[str, Any, Any]] = [("joined", Pipeline(steps), [title, description])]
    if n_title_features:
        steps = [("clean", StemmingCleaner()), ("count", _hashed(n_title_features, (1, 2)))]
        if weighted:
            steps.append(("weight", _tfidf(_MIN_DF_OF_TITLES)))
        branches.append(("title", Pipeline(steps), title))
    return JobColumnTransformer(
        branches,
        transformer_weights={"title": _TITLE_WEIGHT} if n_title_features else None,
        n_jobs=n_jobs,
        sparse_threshold=1.0,
        verbose=bool(verbose),
    )


class TagNameCounts(TransformerMixin, BaseEstimator):
    """Counts of the words of tag names, in the columns of `text_columns`.

    Each name becomes a posting that has it as title or as description, and no other text. This is
    one estimator and not a pipeline because scikit-learn needs minutes to print pipelines that are
    parameters of a step deep inside of another pipeline.
    """

    def __init__(
        self,
        title: str,
        description: str,
        *,
        in_title: bool,
        n_word_features: int,
        n_pair_features: int,
        n_title_features: int,
    ) -> None:
        self.title = title
        self.description = description
        self.in_title = in_title
        self.n_word_features = n_word_features
        self.n_pair_features = n_pair_features
        self.n_title_features = n_title_features

    def fit(self, X: Any, y: Any = None) -> TagNameCounts:
        """Do nothing; hashing needs no fit."""
        return self

    def transform(self, X: list[str]) -> Any:
        """Return word counts of names as a sparse matrix of shape (n_names, n_features)."""
        texts = {self.title: X, self.description: [""] * len(X)}
        if not self.in_title:
            texts = {self.title: [""] * len(X), self.description: X}
        columns = text_columns(
            self.title,
            self.description,
            n_word_features=self.n_word_features,
            n_pair_features=self.n_pair_features,
            n_title_features=self.n_title_features,
            weighted=False,
        )
        return columns.fit_transform(pd.DataFrame(texts))


def tag_vectorizers(title: str, description: str, **widths: Any) -> list[TagNameCounts]:
    """Return what counts the words of tag names, as descriptions and as titles."""
    return [
        TagNameCounts(title, description, in_title=in_title, **widths)
        for in_title in (False, True)
    ]


def codes(
    n_hashed_features: int, n_word_features: int, n_components: int, **settings: Any
) -> Pipeline:
    """Return what turns the hashed columns of words into scaled codes."""
    from jobtag_sklearn.neural_network import ConvAutoencoderTransformer

    return Pipeline(
        [
            ("fold", ColumnFolder(n_hashed_features, n_features=n_word_features)),
            ("autoencoder", ConvAutoencoderTransformer(n_components, **settings)),
            ("scale", StandardScaler()),
        ]
    )


def counts(n_jobs: int | None) -> Pipeline:
    """Return what turns descriptions into scaled text statistics and parts of speech."""
    union = FeatureUnion(
        [("statistics", TextStatistics(n_jobs=n_jobs)), ("pos", POSFeatures(n_jobs=n_jobs))]
    )
    # counts are skewed: a few descriptions are ten times as long as the others
    log = FunctionTransformer(
        np.log1p, kw_args={"dtype": np.float32}, feature_names_out="one-to-one"
    )
    return Pipeline([("count", union), ("log", log), ("scale", StandardScaler())])


def _hashed(n_features: int, ngram_range: tuple[int, int]) -> HashingVectorizer:
    return HashingVectorizer(
        n_features=n_features,
        # words are cleaned and stand between spaces; skops cannot save str.split as a tokenizer
        token_pattern=r"\S+",
        lowercase=False,
        ngram_range=ngram_range,
        norm=None,
        alternate_sign=False,
        dtype=np.float32,
    )


def _tfidf(min_df: int) -> IncrementalTfidfTransformer:
    return IncrementalTfidfTransformer(sublinear_tf=True, min_df=min_df)
