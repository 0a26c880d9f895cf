"""Models on a cluster of processes."""

import os
import signal
import time

import dask.dataframe as dd
import joblib
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster, wait
from shipped_models import TellingModel, number_of_arrivals, tensorflow_threads
from sklearn.model_selection import GridSearchCV
from small_models import make_tags, small_classifier, small_pipeline

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.distributed import (
    limit_tensorflow_threads,
    predict_partitions,
    transform_partitions,
)
from jobtag_sklearn.model_selection import (
    ThresholdGridSearchCV,
    TunedMultiLabelThresholdClassifierCV,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        limit_tensorflow_threads(client)
        yield client


@pytest.fixture(scope="module")
def jobs():
    return make_job_postings(200, n_tags=3, random_state=1)[0]


def telling_model(seconds=0.0):
    return TellingModel(seconds=seconds).fit(*make_job_postings(40, n_tags=3, random_state=0))


def quick(model):
    """Let a model answer without delay in this process."""
    model.seconds = 0.0
    return model


def test_the_model_is_sent_once_to_each_worker(client, jobs):
    model = telling_model()
    before = client.run(number_of_arrivals)
    given = predict_partitions(model, dd.from_pandas(jobs, npartitions=40), method="predict_proba")
    for _ in range(2):
        assert np.array_equal(given.compute(), model.predict_proba(jobs))
    after = client.run(number_of_arrivals)
    assert {after[worker] - before[worker] for worker in after} <= {0, 1}
    assert sum(after.values()) > sum(before.values())


def test_a_killed_worker_changes_nothing(client, jobs):
    model = telling_model(seconds=0.3)
    many = dd.from_pandas(jobs, npartitions=20)
    running = client.compute(predict_partitions(model, many, method="predict_proba"))
    holders = []
    while not holders:
        time.sleep(0.05)
        has = client.who_has().items()
        holders = [at for key, at in has if at and str(key).startswith("Shipped")]
    time.sleep(0.5)
    # that which the other worker has the model from
    victim = client.run(os.getpid)[holders[0][0]]
    os.kill(victim, signal.SIGKILL)
    scores = running.result(timeout=120)
    assert victim not in client.run(os.getpid).values()
    assert scores.index.equals(jobs.index)
    assert np.array_equal(scores, quick(model).predict_proba(jobs))


def test_all_workers_killed(client, jobs):
    model = telling_model(seconds=0.2)
    many = dd.from_pandas(jobs, npartitions=20)
    scores = predict_partitions(model, many, method="predict_proba")
    running = client.compute(scores)
    wait(client.compute(scores.partitions[0]), timeout=60)
    for process in client.run(os.getpid).values():
        os.kill(process, signal.SIGKILL)
    assert np.array_equal(running.result(timeout=120), quick(model).predict_proba(jobs))


def test_tensorflow_has_its_share_in_workers_of_any_age(client):
    client.wait_for_workers(2, timeout=60)
    assert set(client.run(tensorflow_threads).values()) == {(1, 1)}


def test_workers_that_are_threads_are_refused():
    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
        pytest.raises(RuntimeError, match="make a cluster of processes"),
    ):
        limit_tensorflow_threads(client)


def test_the_pipeline_on_a_cluster(client, jobs):
    model = small_pipeline().fit(*make_job_postings(100, n_tags=3, random_state=0))
    many = dd.from_pandas(jobs, npartitions=4)
    scores = predict_partitions(model, many, method="predict_proba").compute()
    assert np.allclose(scores, model.predict_proba(jobs), rtol=1e-5, atol=1e-6)
    tags = predict_partitions(model, many, method="predict_tags").compute()
    assert tags["tags"].tolist() == model.predict_tags(jobs)
    X = transform_partitions(model["features"], many).compute()
    assert np.allclose(X, model["features"].transform(jobs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["grid", "thresholds", "tuned"])
def test_searches_have_the_scores_of_one_process(client, kind):
    X, Y = make_tags(n_samples=120)
    Y = pd.DataFrame(Y, columns=list("abc"))
    grid = {"learning_rate": [0.1, 0.5], "threshold": [0.3, 0.5]}
    options = {"scoring": "f1_micro", "cv": 2}
    search = {
        "grid": GridSearchCV(small_classifier(), grid, **options),
        "thresholds": ThresholdGridSearchCV(small_classifier(), grid, **options),
        "tuned": TunedMultiLabelThresholdClassifierCV(
            small_classifier(), cv=2, n_jobs=2, random_state=0
        ),
    }[kind]
    here = search.fit(X, Y).cv_results_
    with joblib.parallel_config(backend="dask"):
        there = search.fit(X, Y).cv_results_
    names = [name for name in here if "time" not in name and name != "params"]
    assert len(names) > 3
    for name in names:
        assert np.array_equal(here[name], there[name]), name
