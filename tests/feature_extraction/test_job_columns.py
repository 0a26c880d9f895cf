"""The columns of a table of jobs, in one process and in several."""

import os

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.feature_extraction import JobColumnTransformer, TextStatistics

JOBS = make_job_postings(2_100, random_state=0)[0]


class Process(TransformerMixin, BaseEstimator):
    """Gives the number of the process that a row was in."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.full((len(X), 1), os.getpid())

    def get_feature_names_out(self, input_features=None):
        return np.array(["process"], dtype=object)


def columns(n_jobs, step=None):
    step = TextStatistics() if step is None else step
    return JobColumnTransformer([("a", step, "job_description")], n_jobs=n_jobs)


def test_processes_change_nothing():
    one, two = (
        make_job_tag_pipeline(network=False, n_jobs=n_jobs).named_steps["features"]
        for n_jobs in (None, 2)
    )
    expected = one.fit_transform(JOBS)
    found = two.fit_transform(JOBS)
    assert type(found) is type(expected)
    for features in (found, two.transform(JOBS), one.set_params(n_jobs=2).transform(JOBS)):
        assert features.format == "csr"
        assert features.dtype == expected.dtype
        np.testing.assert_array_equal(features.indptr, expected.indptr)
        np.testing.assert_array_equal(features.indices, expected.indices)
        np.testing.assert_array_equal(features.data, expected.data)


def test_large_tables_are_shared_out_and_small_ones_are_not():
    model = columns(2, Process()).fit(JOBS[:3])
    found = model.transform(JOBS).ravel()
    assert len(set(found)) == 2
    assert os.getpid() not in found
    assert (np.diff(found) != 0).sum() == 1
    assert set(model.transform(JOBS[:1_999]).ravel()) == {os.getpid()}
    assert set(columns(2, Process()).fit_transform(JOBS[:1_999]).ravel()) == {os.getpid()}
    assert set(columns(None, Process()).fit_transform(JOBS).ravel()) == {os.getpid()}


@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_containers(container):
    if container != "default":
        pytest.importorskip(container)
    expected, found = (
        columns(n_jobs).fit(JOBS).set_output(transform=container).transform(JOBS)
        for n_jobs in (None, 2)
    )
    assert type(found) is type(expected)
    if container == "pandas":
        pd.testing.assert_frame_equal(found, expected)
    else:
        np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


class Metadata(TransformerMixin, BaseEstimator):
    """Gives back what it was given for each row besides."""

    def fit(self, X, y=None):
        return self

    def transform(self, X, given=None):
        return np.broadcast_to(given, (len(X),))[:, None]


def test_metadata_of_each_job_stays_with_its_job():
    given = np.arange(len(JOBS))
    with config_context(enable_metadata_routing=True):
        model = columns(2, Metadata().set_transform_request(given=True)).fit(JOBS)
        np.testing.assert_array_equal(model.transform(JOBS, given=given).ravel(), given)
        assert set(model.transform(JOBS, given=7).ravel()) == {7}


def test_backend_of_the_user():
    with parallel_config(backend="threading"):
        found = columns(2, Process()).fit(JOBS).transform(JOBS)
    assert set(found.ravel()) == {os.getpid()}


@pytest.mark.parametrize("wanted", ["job_title", ["job_description", "job_title"]])
def test_a_column_that_is_missing_is_named(wanted):
    model = JobColumnTransformer([("a", Process(), wanted)]).fit(JOBS[:3])
    renamed = JOBS[:3].rename(columns={"job_title": "jobtitle"})
    for method in (model.fit, model.transform):
        with pytest.raises(ValueError, match="no column 'job_title'; rename 'jobtitle'"):
            method(renamed)
