"""Measure what a search over twenty thresholds costs beside one over a single value.

    python -m benchmarks.search FILE [--min-examples 10] [--values 20]

Both search the whole default pipeline with three folds on the training rows of FILE, a long table
with a ``split`` column, and fit the best candidate on all of them.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.model_selection import GridSearchCV

from benchmarks.quality import load
from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.model_selection import ThresholdGridSearchCV


def main() -> None:
    """Print seconds and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--min-examples", type=int, default=10)
    parser.add_argument("--values", type=int, default=20)
    arguments = parser.parse_args()
    jobs, tags, _, _ = load(arguments.file, arguments.min_examples)
    many = np.linspace(0.05, 0.95, arguments.values).tolist()
    seconds = []
    for search_class, values in ((GridSearchCV, [0.3]), (ThresholdGridSearchCV, many)):
        search = search_class(
            make_job_tag_pipeline(random_state=0, n_jobs=2),
            {"classifier__threshold": values},
            scoring="f1_micro",
            cv=3,
        )
        start = time.perf_counter()
        search.fit(jobs, tags)
        seconds.append(time.perf_counter() - start)
        print(
            f"{search_class.__name__}, {len(values)} value(s): {seconds[-1]:.0f} s, best "
            f"{search.best_params_['classifier__threshold']:.2f}, F1 {search.best_score_:.3f}",
            flush=True,
        )
    print(f"ratio {seconds[1] / seconds[0]:.2f}")


if __name__ == "__main__":
    main()
