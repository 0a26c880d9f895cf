"""Compare the default pipeline with what a user would pick instead, on real postings.

    python -m benchmarks.quality FILE [FILE ...] [--seeds 3] [--min-examples 10] [--ablations]

Each file is a long table with a ``split`` column ("train" or "test") and, where it has one, a
``posted_on`` column. Every model is fitted on the training rows and scored on the test rows by
what ``predict`` returns. The linear peers' C and their one threshold are chosen on the last 15 %
of the training rows; then they are fitted on all of them. Prints one line a model: F1 (micro,
macro, samples), subset accuracy, label ranking average precision and fit seconds, as mean and
spread over the seeds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import load_job_postings
from jobtag_sklearn.inspection import tag_scores
from jobtag_sklearn.model_selection import stable_threshold

Result = tuple[np.ndarray, np.ndarray]


def load(path: str, min_examples: int) -> tuple[pd.DataFrame, ...]:
    """Return training jobs and tags, then test jobs and tags, oldest postings first."""
    jobs, tags = load_job_postings(path)
    if "posted_on" in jobs:
        jobs = jobs.sort_values("posted_on", kind="stable")
        tags = tags.loc[jobs.index]
    is_train = jobs["split"] == "train"
    frequent = tags.columns[tags[is_train].sum() >= min_examples]
    tags = tags[frequent]
    return jobs[is_train], tags[is_train], jobs[~is_train], tags[~is_train]


def ours(**changes: Any) -> Callable[..., Result]:
    """Return a function that fits the default pipeline with some parameters changed."""

    def fit_predict(jobs: Any, tags: Any, test: Any, seed: int) -> Result:
        model = make_job_tag_pipeline(random_state=seed, n_jobs=2).set_params(**changes)
        model.fit(jobs, tags)
        return model.predict(test), model.predict_proba(test)

    return fit_predict


def linear(candidates: list[Any]) -> Callable[..., Result]:
    """Return a function that fits TF-IDF and the best of some linear models."""

    def features() -> ColumnTransformer:
        title = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
        description = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english")
        return ColumnTransformer(
            [("title", title, "job_title"), ("description", description, "job_description")]
        )

    def fit_predict(jobs: Any, tags: Any, test: Any, seed: int) -> Result:
        cut = int(0.85 * len(jobs))
        Y = tags.to_numpy()
        fitted = features().fit(jobs[:cut])
        X, watched = fitted.transform(jobs[:cut]), fitted.transform(jobs[cut:])
        best = (-1.0, 0.0, candidates[0])
        for candidate in candidates:
            scores = _scores(OneVsRestClassifier(candidate).fit(X, Y[:cut]), watched)
            threshold = stable_threshold(Y[cut:], scores)
            f1 = tag_scores(Y[cut:], (scores >= threshold).astype(int))["f1_micro"]
            best = max(best, (f1, threshold, candidate), key=lambda found: found[0])
        model = make_pipeline(features(), OneVsRestClassifier(clone(best[2]))).fit(jobs, Y)
        scores = _scores(model, test)
        return (scores >= best[1]).astype(int), scores

    return fit_predict


def _scores(model: Any, X: Any) -> np.ndarray:
    if hasattr(model, "decision_function"):
        return model.decision_function(X)
    return model.predict_proba(X)


def _logistic(*Cs: float, **settings: Any) -> list[Any]:
    return [LogisticRegression(C=C, solver="liblinear", **settings) for C in Cs]


def _svm(*Cs: float, **settings: Any) -> list[Any]:
    return [LinearSVC(C=C, **settings) for C in Cs]


PEERS = {
    "TF-IDF + logistic regression": linear(_logistic(1, 10, 100)),
    "TF-IDF + logistic regression, balanced": linear(
        _logistic(0.3, 3, 30, class_weight="balanced")
    ),
    "TF-IDF + linear SVM": linear(_svm(0.1, 0.3, 1)),
    "TF-IDF + linear SVM, balanced": linear(_svm(0.03, 0.1, 0.3, class_weight="balanced")),
}

_ENCODER = "autoencoder__codes__encode"
ABLATIONS = {
    "no tags in the autoencoder": ours(**{f"{_ENCODER}__tag_loss_weight": 0}),
    "max-pool instead of stride": ours(**{f"{_ENCODER}__pooling": "max"}),
    "no statistics, no parts of speech": ours(features__counts="drop", autoencoder__counts="drop"),
}


def compare(path: str, min_examples: int, n_seeds: int, ablations: bool) -> Iterator[str]:
    """Yield one line a model."""
    jobs, tags, test, truth = load(path, min_examples)
    yield f"{path}: {len(jobs)} train, {len(test)} test, {tags.shape[1]} tags"
    models = {**PEERS, "jobtag_sklearn": ours()}
    if ablations:
        models |= {f"  {name}": model for name, model in ABLATIONS.items()}
    for name, fit_predict in models.items():
        # nothing in the peers is random
        seeds = range(1 if name in PEERS else n_seeds)
        rows = []
        for seed in seeds:
            start = time.perf_counter()
            given, scores = fit_predict(jobs, tags, test, seed)
            row = dict(tag_scores(truth.to_numpy(), given, scores))
            rows.append({**row, "seconds": time.perf_counter() - start})
        table = pd.DataFrame(rows)
        shown = (
            f"{label} {table[column].mean():.3f} ±{table[column].std(ddof=0):.3f}"
            for label, column in COLUMNS.items()
        )
        yield f"{name:40s} " + "  ".join(shown) + f"  fit + predict {table.seconds.mean():.0f} s"


COLUMNS = {
    "micro": "f1_micro",
    "macro": "f1_macro",
    "samples": "f1_samples",
    "subset": "subset_accuracy",
    "LRAP": "label_ranking_average_precision",
}


def main() -> None:
    """Print the comparison for each file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--min-examples", type=int, default=10)
    parser.add_argument("--ablations", action="store_true")
    arguments = parser.parse_args()
    for path in arguments.files:
        for line in compare(path, arguments.min_examples, arguments.seeds, arguments.ablations):
            print(line, flush=True)


if __name__ == "__main__":
    main()
