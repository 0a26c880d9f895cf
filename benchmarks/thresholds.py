"""Compare ways to choose thresholds, and measure how well probabilities are calibrated.

    python -m benchmarks.thresholds [FILE ...] [--min-examples 10] [--models logistic ours]
                                    [--folds 5] [--seeds 1]

Without a file, on generated postings of which five tags are rare. Each model scores the training
rows fold by fold without having seen them, and thresholds are found on those scores; then it is
fitted on all training rows and scores the test rows, on which the thresholds are compared. "short
by" says how far the default of `find_thresholds` is below the better of one common threshold and
the best threshold of each tag by itself.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from benchmarks.quality import load, tfidf
from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.inspection import calibration_scores, tag_scores
from jobtag_sklearn.model_selection import MultiLabelStratifiedKFold, find_thresholds

WAYS = {
    "0.5": None,
    "one for all": {"scoring": "f1_micro", "strategy": "common"},
    "each tag by itself": {"strategy": "per_tag"},
    "default": {},
}
_N_RARE = 5


def generate(seed: int) -> tuple[pd.DataFrame, ...]:
    """Return postings of which five tags have some 10 to 60 examples in the training half."""
    jobs, tags = make_job_postings(6000, random_state=seed)
    rng = np.random.default_rng(seed)
    kept = np.ones(len(tags), dtype=bool)
    for step, name in enumerate(tags.sum().sort_values().index[:_N_RARE]):
        having = rng.permutation(np.flatnonzero(tags[name]))
        kept[having[30 + 20 * step :]] = False
    jobs, tags = jobs[kept], tags[kept]
    half = len(jobs) // 2
    return jobs[:half], tags[:half], jobs[half:], tags[half:]


def make_model(name: str, seed: int) -> Any:
    """Return a model by its name on the command line."""
    if name == "ours":
        return make_job_tag_pipeline(random_state=seed, n_jobs=2)
    return make_pipeline(
        tfidf(), OneVsRestClassifier(LogisticRegression(C=10, solver="liblinear"))
    )


def compare(parts: tuple[pd.DataFrame, ...], name: str, folds: int, seed: int) -> None:
    """Print the table of one model on one data set."""
    jobs, tags, test, truth = parts
    model = make_model(name, seed)
    held_out = np.empty(tags.shape)
    for train, watched in MultiLabelStratifiedKFold(folds, random_state=seed).split(jobs, tags):
        fitted = clone(model).fit(jobs.iloc[train], tags.iloc[train])
        held_out[watched] = fitted.predict_proba(jobs.iloc[watched])
    scores = model.fit(jobs, tags).predict_proba(test)
    reached = {}
    for way, settings in WAYS.items():
        thresholds = 0.5 if settings is None else find_thresholds(tags, held_out, **settings)
        found = tag_scores(truth.to_numpy(), (scores >= thresholds).astype(int))
        reached[way] = np.array([found["f1_micro"], found["f1_macro"]])
        print(f"  {way:20s} micro {reached[way][0]:.4f}  macro {reached[way][1]:.4f}")
    short = np.maximum(reached["one for all"], reached["each tag by itself"]) - reached["default"]
    print(f"  {'short by':20s} micro {short[0]:.4f}  macro {short[1]:.4f}")
    calibration = calibration_scores(truth, scores)
    print("  " + "  ".join(f"{key} {value:.4f}" for key, value in calibration.items()), flush=True)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--min-examples", type=int, default=10)
    parser.add_argument("--models", nargs="+", default=["logistic", "ours"])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    for seed in range(arguments.seeds):
        for path in arguments.files or ["generated"]:
            parts = load(path, arguments.min_examples) if arguments.files else generate(seed)
            for name in arguments.models:
                print(f"{path}, seed {seed}, {name}: {parts[0].shape[0]} training rows")
                compare(parts, name, arguments.folds, seed)


if __name__ == "__main__":
    main()
