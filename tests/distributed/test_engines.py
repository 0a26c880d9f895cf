"""The snippets of the documentation for engines other than Dask; `tox -e engines` has them."""

import os
import re
import sys
import textwrap
from pathlib import Path

import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import KNeighborsClassifier

from jobtag_sklearn import JobTagPipeline
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.model_selection import TunedMultiLabelThresholdClassifierCV

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

PAGE = Path(__file__).parents[2] / "docs" / "scale.rst"


def run_snippet(name, **given):
    """Run a snippet as a script would, and return what it leaves."""
    found = re.search(
        rf"^\.\. code-block:: python\n   :name: {name}\n\n((?:   .*\n|\n)+)",
        PAGE.read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    left = {"__name__": "__main__", **given}
    exec(textwrap.dedent(found[1]), left)
    return left


@pytest.fixture
def jobs():
    return make_job_postings(60, n_tags=3, random_state=1)[0][["job_title", "job_description"]]


@pytest.fixture
def model():
    steps = [
        ("words", ColumnTransformer([("tfidf", TfidfVectorizer(), "job_description")])),
        ("tags", TunedMultiLabelThresholdClassifierCV(KNeighborsClassifier(), cv=2)),
    ]
    return JobTagPipeline(steps).fit(*make_job_postings(90, n_tags=3, random_state=0))


def test_spark(jobs, model, monkeypatch):
    sql = pytest.importorskip("pyspark.sql")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
    try:
        postings = spark.createDataFrame(jobs.reset_index())
        tagged = run_snippet("spark", spark=spark, postings=postings, model=model)["tagged"]
        tags = {row["job_id"]: row["tags"] for row in tagged.collect()}
    finally:
        spark.stop()
    assert [list(tags[job]) for job in jobs.index] == model.predict_tags(jobs)


def test_ray(jobs, model, monkeypatch):
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    path = os.pathsep.join(filter(None, sys.path))
    ray.init(num_cpus=2, include_dashboard=False, runtime_env={"env_vars": {"PYTHONPATH": path}})
    try:
        postings = ray.data.from_pandas(jobs.reset_index())
        tagged = run_snippet("ray", ray=ray, postings=postings, model=model)["tagged"]
        rows = tagged.to_pandas().set_index("job_id")
    finally:
        ray.shutdown()
    assert [list(tags) for tags in rows["tags"].loc[jobs.index]] == model.predict_tags(jobs)
