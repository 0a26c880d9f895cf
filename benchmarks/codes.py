"""Measure the mission's own path: the autoencoder, the network on its codes, and neighbours.

    python -m benchmarks.codes FILE [FILE ...] [--seeds 3]

For each file, from a fit of the default pipeline on the training rows: explained variance of the
autoencoder on test rows beside a TruncatedSVD of the same length, encoded postings a second, F1 of
the network on codes and scores with its deep part at full strength and at the share that it is
given, and F1 of the vote of the 10 nearest training postings, by codes alone and by codes and tag
scores together, at the best threshold of training rows.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD

from benchmarks.quality import f1, load
from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.inspection import similar_jobs


def votes(model: Any, jobs: Any, tags: Any, query: Any, weight: float, n: int) -> np.ndarray:
    """Return the share of the nearest postings, other than itself, that have each tag."""
    found = similar_jobs(model, jobs, query, n=n + 1, score_weight=weight)
    positions = pd.Index(jobs.index).get_indexer(found["job"]).reshape(len(query), n + 1)
    itself = positions == pd.Index(jobs.index).get_indexer(query.index)[:, None]
    # a posting that is not among the others leaves out the farthest one
    itself[~itself.any(axis=1), -1] = True
    return tags.to_numpy()[positions[~itself].reshape(len(query), n)].mean(axis=1)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    for path in arguments.files:
        jobs, tags, test, truth = load(path)
        Y, y_true = tags.to_numpy(), truth.to_numpy()
        for seed in range(arguments.seeds):
            model = make_job_tag_pipeline(random_state=seed).fit(jobs, tags)
            fold, autoencoder = model._codes()[0], model._codes()[1]
            X = fold.transform(model._text_columns(jobs))
            new = fold.transform(model._text_columns(test))
            start = time.perf_counter()
            autoencoder.transform(new)
            rate = new.shape[0] / (time.perf_counter() - start)
            svd = TruncatedSVD(autoencoder.n_components, random_state=seed).fit(X)
            rest = new - svd.transform(new) @ svd.components_
            of_svd = 1 - np.square(rest).sum() / new.multiply(new).sum()
            losses = " ".join(f"{loss:.3f}" for loss in autoencoder.history_["loss"])
            print(
                f"{path}, seed {seed}: explained variance {autoencoder.score(new):.3f}, "
                f"TruncatedSVD {of_svd:.3f}; loss {losses}; {rate:.0f} postings/s",
                flush=True,
            )
            share = model[-1].deep_share_
            for label, value in ((f"share {share:.1f}", share), ("share 1", 1.0)):
                model[-1].deep_share_ = value
                print(
                    "  network, {}: {:.3f} / {:.3f}".format(
                        label, *f1(y_true, model.predict(test))[:2]
                    ),
                    flush=True,
                )
            model[-1].deep_share_ = share
            for label, weight in (("codes", 0.0), ("codes and scores", 2.0)):
                of_train = votes(model, jobs, tags, jobs, weight, 10)
                cuts = np.arange(1, 10) / 10 - 1e-9
                cut = max(cuts, key=lambda cut, v=of_train: f1(Y, v >= cut)[2])
                of_test = votes(model, jobs, tags, test, weight, 10)
                print(
                    "  neighbours by {}: {:.3f} / {:.3f}".format(
                        label, *f1(y_true, of_test >= cut)[:2]
                    ),
                    flush=True,
                )


if __name__ == "__main__":
    main()
