"""Measure the peak memory of a fit above that of the imports.

    python -m benchmarks.memory [N_POSTINGS] [--epochs 1]

Epochs change how long a fit takes, not how much memory, so one is enough.
"""

from __future__ import annotations

import argparse
import resource
import time

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings

_ENCODER = "autoencoder__codes__encode"


def peak_megabytes() -> float:
    """Return the highest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the memory of imports and of a fit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("n_postings", nargs="?", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=1)
    arguments = parser.parse_args()
    # a fit of a few rows imports whatever is imported late
    jobs, tags = make_job_postings(100, random_state=0)
    model = make_job_tag_pipeline(random_state=0)
    model.set_params(
        **{f"{_ENCODER}__epochs": arguments.epochs, "classifier__epochs": arguments.epochs}
    )
    model.fit(jobs, tags)
    jobs, tags = make_job_postings(arguments.n_postings, random_state=0)
    before = peak_megabytes()
    start = time.perf_counter()
    model.fit(jobs, tags)
    print(
        f"{arguments.n_postings} postings: {before:.0f} MB before, {peak_megabytes():.0f} MB at "
        f"the peak, {peak_megabytes() - before:.0f} MB more; "
        f"a dense copy would be {arguments.n_postings * (2**15 + 2**16) * 4 / 2**20:.0f} MB; "
        f"{time.perf_counter() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
