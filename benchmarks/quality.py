"""Compare the default pipeline with what a user would pick instead, on real postings.

    python -m benchmarks.quality FILE [FILE ...] [--seeds 3] [--min-examples 10]
                                 [--models all|ours|peers|ablations] [--tagged 0.1]

Each file is a long table with a ``split`` column ("train" or "test") and, where it has one, a
``posted_on`` column. Every model is fitted on the training rows and scored on the test rows by
what ``predict`` returns. The linear peers' C and their one threshold are chosen on the last 15 %
of the training rows; then they are fitted on all of them. With ``--tagged`` only that share of
the training rows, drawn by the seed, has its tags; peers and "ours, tagged rows alone" do without
the others. Prints one line a model: F1 (micro,
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


def ours(make: dict[str, Any] | None = None, **changes: Any) -> Callable[..., Result]:
    """Return a function that fits the default pipeline with some parameters changed."""

    def fit_predict(jobs: Any, tags: Any, test: Any, seed: int) -> Result:
        model = make_job_tag_pipeline(random_state=seed, n_jobs=2, **(make or {}))
        model.set_params(**changes).fit(jobs, tags)
        return model.predict(test), model.predict_proba(test)

    return fit_predict


def tagged_alone(fit_predict: Callable[..., Result]) -> Callable[..., Result]:
    """Return a function that is given the rows with known tags only."""

    def without_others(jobs: Any, tags: Any, test: Any, seed: int) -> Result:
        known = tags.notna().all(axis=1)
        return fit_predict(jobs[known], tags[known].astype(int), test, seed)

    return without_others


def tfidf() -> ColumnTransformer:
    """Return the TF-IDF columns that all peers have."""
    title = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
    description = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english")
    return ColumnTransformer(
        [("title", title, "job_title"), ("description", description, "job_description")]
    )


def linear(candidates: list[Any]) -> Callable[..., Result]:
    """Return a function that fits TF-IDF and the best of some linear models."""

    def fit_predict(jobs: Any, tags: Any, test: Any, seed: int) -> Result:
        cut = int(0.85 * len(jobs))
        Y = tags.to_numpy()
        fitted = tfidf().fit(jobs[:cut])
        X, watched = fitted.transform(jobs[:cut]), fitted.transform(jobs[cut:])
        best = (-1.0, 0.0, candidates[0])
        for candidate in candidates:
            scores = _scores(OneVsRestClassifier(candidate).fit(X, Y[:cut]), watched)
            threshold = stable_threshold(Y[cut:], scores)
            f1 = tag_scores(Y[cut:], (scores >= threshold).astype(int))["f1_micro"]
            best = max(best, (f1, threshold, candidate), key=lambda found: found[0])
        model = make_pipeline(tfidf(), OneVsRestClassifier(clone(best[2]))).fit(jobs, Y)
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

OURS = {"jobtag_sklearn": ours()}

_ENCODER = "autoencoder__codes__encode"
_COUNTS = "features__counts__count"
_NO_WIDE_PATH = {"autoencoder__wide": "drop", "classifier__n_wide_features": 0}
ABLATIONS = {
    "  no tags in the autoencoder": ours(**{f"{_ENCODER}__tag_loss_weight": 0}),
    "  no wide path": ours(**_NO_WIDE_PATH),
    "  no autoencoder": ours(autoencoder__codes="drop"),
    "  no part of speech": ours(**{f"{_COUNTS}__pos": "drop"}),
    "  no text statistics": ours(**{f"{_COUNTS}__statistics": "drop"}),
    "  max-pool instead of stride": ours(**{f"{_ENCODER}__pooling": "max"}),
    "  no pairs of words": ours({"n_phrase_features": 0}),
    # codes of reconstruction alone and a plain deep network at 0.5
    "  the original design": ours(
        {"n_phrase_features": 0},
        **_NO_WIDE_PATH,
        **{f"{_ENCODER}__tag_loss_weight": 0, f"{_ENCODER}__pooling": "max"},
        classifier__linear_path=False,
        classifier__input_dropout=0.0,
        classifier__label_smoothing=0.0,
        classifier__threshold=0.5,
    ),
}


def choose(which: str, tagged: float) -> dict[str, Callable[..., Result]]:
    """Return the models to compare, by name."""
    groups = {"peers": PEERS, "ours": OURS, "ablations": ABLATIONS}
    models = {
        name: model
        for group, members in groups.items()
        if which in ("all", group)
        for name, model in members.items()
    }
    if tagged == 1:
        return models
    peers = {name: tagged_alone(model) for name, model in models.items() if name in PEERS}
    if "jobtag_sklearn" not in models:
        return peers
    return {
        **peers,
        "jobtag_sklearn, tagged rows alone": tagged_alone(OURS["jobtag_sklearn"]),
        "jobtag_sklearn, the others unknown": OURS["jobtag_sklearn"],
    }


def hide(tags: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Return the tags with all but a share of the rows unknown."""
    if share == 1:
        return tags
    hidden = tags.astype(float)
    hidden.loc[np.random.default_rng(seed).random(len(tags)) >= share] = np.nan
    return hidden


def compare(
    path: str, min_examples: int, n_seeds: int, which: str, tagged: float
) -> Iterator[str]:
    """Yield one line a model."""
    jobs, tags, test, truth = load(path, min_examples)
    yield f"{path}: {len(jobs)} train, {len(test)} test, {tags.shape[1]} tags"
    for name, fit_predict in choose(which, tagged).items():
        # nothing in the peers is random, but which rows are tagged
        seeds = range(1 if name in PEERS and tagged == 1 else n_seeds)
        rows = []
        for seed in seeds:
            start = time.perf_counter()
            given, scores = fit_predict(jobs, hide(tags, tagged, seed), test, seed)
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
    parser.add_argument("--models", choices=["all", "ours", "peers", "ablations"], default="all")
    parser.add_argument("--tagged", type=float, default=1.0)
    arguments = parser.parse_args()
    for path in arguments.files:
        for line in compare(
            path, arguments.min_examples, arguments.seeds, arguments.models, arguments.tagged
        ):
            print(line, flush=True)


if __name__ == "__main__":
    main()
