"""How long an explanation of one posting takes: python -m benchmarks.explain [N_WORDS]."""

from __future__ import annotations

import sys
import time

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.inspection import explain_tags


def main(n_words: int = 300) -> None:
    """Explain a posting of different words with the default pipeline and print the time."""
    jobs, tags = make_job_postings(1000, random_state=0)
    model = make_job_tag_pipeline(random_state=0).fit(jobs, tags)
    words = dict.fromkeys(" ".join(jobs["job_description"]).split())
    job = jobs.iloc[0].copy()
    job["job_description"] = " ".join(list(words)[:n_words])
    for call in ("first", "second", "third"):
        start = time.perf_counter()
        explain_tags(model, job, list(tags))
        print(f"{call} call: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
