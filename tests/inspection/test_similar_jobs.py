"""Postings like this one."""

import numpy as np
import pandas as pd
import pytest
from small_models import small_pipeline

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.inspection import similar_jobs

JOBS, TAGS = make_job_postings(120, n_tags=3, random_state=0)
MODELS = {
    "with a network": small_pipeline(),
    "without": make_job_tag_pipeline(network=False, random_state=0),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return MODELS[request.param].fit(JOBS[:80], TAGS[:80])


def test_nearest_first(model):
    query = JOBS[80:]
    found = similar_jobs(model, JOBS[:80], query, n=5)
    assert found.columns.tolist() == ["query", "job", "rank", "similarity"]
    assert found["query"].tolist() == np.repeat(query.index, 5).tolist()
    assert found["rank"].tolist() == [1, 2, 3, 4, 5] * len(query)
    assert set(found["job"]) <= set(JOBS.index[:80])
    assert found["similarity"].between(-1 - 1e-6, 1 + 1e-6).all()
    for _, of_query in found.groupby("query"):
        assert of_query["similarity"].is_monotonic_decreasing
        assert of_query["job"].is_unique


def test_a_posting_finds_itself_first(model):
    found = similar_jobs(model, JOBS[:80], JOBS[:10], n=2)
    first = found[found["rank"] == 1]
    assert first["job"].tolist() == JOBS.index[:10].tolist()
    np.testing.assert_allclose(first["similarity"], 1, atol=1e-6)


def test_neighbours_share_tags(model):
    found = similar_jobs(model, JOBS[:80], JOBS[80:], n=5)
    same = (TAGS.loc[found["query"]].to_numpy() == TAGS.loc[found["job"]].to_numpy()).all(axis=1)
    assert same.mean() > 0.6
    by_chance = pd.DataFrame(TAGS[:80]).value_counts(normalize=True).iloc[0]
    assert same.mean() > by_chance + 0.1


def test_too_few_postings(model):
    with pytest.raises(ValueError, match="n=10 postings cannot be found among 3"):
        similar_jobs(model, JOBS[:3], JOBS[:1])
