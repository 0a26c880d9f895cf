import pickle

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from light_models import LightModel
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer
from small_models import small_pipeline

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.distributed import predict_partitions, transform_partitions
from jobtag_sklearn.feature_extraction import JobColumnTransformer, TextStatistics


@pytest.fixture(scope="module")
def jobs():
    jobs, _ = make_job_postings(60, n_tags=3, random_state=1)
    # neither numbers nor in order
    return jobs.set_axis([f"job {7 * number % 60}" for number in range(60)])


@pytest.fixture(scope="module")
def model():
    return LightModel().fit(*make_job_postings(80, n_tags=3, random_state=0))


@pytest.fixture(scope="module", params=["synchronous", "threads"])
def scheduler(request):
    with dask.config.set(scheduler=request.param):
        yield


def split(jobs, n=4):
    return dd.from_pandas(jobs, npartitions=n, sort=False)


@pytest.mark.usefixtures("scheduler")
def test_results_are_those_of_the_model(jobs, model):
    many = split(jobs)
    given, scores = (
        predict_partitions(model, many, method=method) for method in ("predict", "predict_proba")
    )
    right = pd.DataFrame(model.predict(jobs), index=jobs.index, columns=model.classes_)
    pd.testing.assert_frame_equal(
        given.compute(), right, check_column_type=False, check_index_type=False
    )
    assert np.array_equal(scores.compute(), model.predict_proba(jobs))
    # what was said before the computation holds
    assert given.dtypes.equals(given.compute().dtypes)
    assert scores.dtypes.equals(scores.compute().dtypes)
    assert given.npartitions == many.npartitions
    assert (
        given.map_partitions(len).compute().tolist() == many.map_partitions(len).compute().tolist()
    )


def test_sorted_indexes_stay_known(model):
    jobs, _ = make_job_postings(60, n_tags=3, random_state=1)
    many = dd.from_pandas(jobs, npartitions=3)
    given = predict_partitions(model, many)
    assert given.divisions == many.divisions
    assert given.loc[21:30].compute().index.tolist() == list(range(21, 31))


def test_partitions_without_postings(jobs, model):
    many = split(jobs)
    few = many[many["job_title"] == jobs["job_title"].iloc[0]]
    given = predict_partitions(model, few).compute()
    assert given.index.tolist() == few.compute().index.tolist()
    assert 0 < len(given) < 60
    none = predict_partitions(model, many[many["job_title"] == "no title"]).compute()
    assert none.shape == (0, 3)
    assert list(none.columns) == list(model.classes_)


def test_later_changes_of_the_model_do_not_count(jobs):
    model = LightModel().fit(*make_job_postings(80, n_tags=3, random_state=0))
    before = model.predict_proba(jobs)
    scores = predict_partitions(model, split(jobs), method="predict_proba")
    model.weights[:] = 0
    assert np.array_equal(scores.compute(), before)


def test_the_pipeline(jobs):
    model = small_pipeline().fit(*make_job_postings(60, n_tags=3, random_state=0))
    many = split(jobs, 2)
    lists = predict_partitions(model, many, method="predict_tags").compute()
    assert lists["tags"].tolist() == model.predict_tags(jobs)
    codes = predict_partitions(model, many, method="encode").compute()
    # the last bits of a product of matrices depend on the number of rows
    assert np.allclose(codes, model.encode(jobs), rtol=1e-5, atol=1e-6)
    assert codes.columns[-1] == "code_7"
    X = transform_partitions(model["features"], many).compute()
    right = model["features"].transform(jobs)
    assert X.dtype == right.dtype
    assert np.allclose(X, right, rtol=1e-5, atol=1e-6)


def test_the_pipeline_without_a_network(jobs):
    model = make_job_tag_pipeline(network=False, random_state=0)
    model.fit(*make_job_postings(60, n_tags=3, random_state=0))
    many = split(jobs, 2)
    lists = predict_partitions(model, many, method="predict_tags").compute()
    assert lists["tags"].tolist() == model.predict_tags(jobs)
    X = transform_partitions(model["features"], many).compute()
    right = model["features"].transform(jobs)
    assert sparse.issparse(X)
    assert X.shape == right.shape
    assert X.dtype == right.dtype
    assert (right != X).nnz == 0


def test_features_of_other_kinds(jobs):
    counts = JobColumnTransformer([("n", TextStatistics(), "job_description")]).fit(jobs)
    X = transform_partitions(counts, split(jobs))
    assert X.numblocks == (4, 1)
    assert np.array_equal(X.compute(), counts.transform(jobs))
    hashing = HashingVectorizer(n_features=64)
    words = JobColumnTransformer([("n", hashing, "job_title")], sparse_threshold=1).fit(jobs)
    many = split(jobs)
    few = many[many["job_title"] == jobs["job_title"].iloc[0]]
    assert transform_partitions(words, few).compute().shape[1] == 64


def test_graphs_hold_the_model_once(jobs, model):
    size = len(pickle.dumps(model))
    graph = predict_partitions(model, split(jobs[["job_title", "job_description"]][:8]))
    assert len(pickle.dumps(dict(graph.__dask_graph__()))) < 1.5 * size + 50_000


def test_errors(jobs, model):
    with pytest.raises(TypeError, match=r"must be a Dask DataFrame, got DataFrame; .*from_pandas"):
        predict_partitions(model, jobs)
    with pytest.raises(ValueError, match="LightModel has no encode"):
        predict_partitions(model, split(jobs), method="encode")
    with pytest.raises(ValueError, match="'method' parameter of predict_partitions"):
        predict_partitions(model, split(jobs), method="fit")
    with pytest.raises(ValueError, match="'transformer' parameter of transform_partitions"):
        transform_partitions(model, split(jobs))
