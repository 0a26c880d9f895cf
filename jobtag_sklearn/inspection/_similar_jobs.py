"""Postings like this one: neighbours by codes and tag scores together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize


def similar_jobs(
    model: Any, jobs: pd.DataFrame, query: pd.DataFrame, n: int = 10, *, score_weight: float = 2.0
) -> pd.DataFrame:
    """Find the postings that are most like given ones.

    Postings are compared by the autoencoder's codes, which say what a text is about, and by the
    probabilities of their tags, which say what matters for tags. Both are scaled to length one.

    Parameters
    ----------
    model : JobTagPipeline
        Fitted; with an autoencoder, or without, which leaves the tag scores.
    jobs : DataFrame of shape (n_jobs, n_columns)
        Postings to search.
    query : DataFrame of shape (n_queries, n_columns)
        Postings to find others for. A posting of `jobs` finds itself first.
    n : int, default=10
        Number of postings to find for each.
    score_weight : float, default=2.0
        Weight of the tag probabilities beside the codes.

    Returns
    -------
    neighbours : DataFrame of shape (n_queries * n, 4)
        One row for each posting found, with the columns ``query`` and ``job`` (labels of the
        indexes), ``rank`` (1 is the nearest) and ``similarity`` (cosine, 1 for the same text).

    Raises
    ------
    ValueError
        If there are fewer than `n` postings to search.

    See Also
    --------
    CodeMapDisplay : A map of all codes.

    Examples
    --------
    >>> from jobtag_sklearn import make_job_tag_pipeline
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> from jobtag_sklearn.inspection import similar_jobs
    >>> jobs, tags = make_job_postings(100, n_tags=3, random_state=0)
    >>> model = make_job_tag_pipeline(network=False, random_state=0).fit(jobs, tags)
    >>> found = similar_jobs(model, jobs, jobs[:1], n=3)
    >>> bool(found["job"].iloc[0] == jobs.index[0]), len(found)
    (True, 3)
    """
    if len(jobs) < n:
        raise ValueError(f"n={n} postings cannot be found among {len(jobs)}")
    points = _points(model, jobs, score_weight)
    search = NearestNeighbors(n_neighbors=n).fit(points)
    distances, positions = search.kneighbors(_points(model, query, score_weight))
    return pd.DataFrame(
        {
            "query": np.repeat(query.index.to_numpy(), n),
            "job": jobs.index.to_numpy()[positions.ravel()],
            "rank": np.tile(np.arange(1, n + 1), len(query)),
            # points have length one, so this is their cosine
            "similarity": 1 - np.square(distances.ravel()) / 2,
        }
    )


def _points(model: Any, jobs: pd.DataFrame, score_weight: float) -> npt.NDArray[np.float32]:
    """Return codes and weighted tag probabilities as rows of length one."""
    scores = score_weight * normalize(expit(model.tag_scores(jobs)))
    if hasattr(model, "encode"):
        scores = np.hstack([normalize(np.asarray(model.encode(jobs))), scores])
    return normalize(scores.astype(np.float32))
