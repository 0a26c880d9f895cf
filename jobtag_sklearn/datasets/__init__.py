"""Job postings to learn from: loaded from tables, or generated."""

from jobtag_sklearn.datasets._generated import make_job_postings
from jobtag_sklearn.datasets._loading import load_job_postings
from jobtag_sklearn.datasets._streams import JobPostingStream

__all__ = ["JobPostingStream", "load_job_postings", "make_job_postings"]
