import sqlite3
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sqlalchemy import create_engine

from jobtag_sklearn.datasets import load_job_postings, make_job_postings


def test_shapes_types_and_order():
    jobs, tags = make_job_postings(300, random_state=0)
    assert jobs.columns.tolist() == ["job_title", "job_description", "posted_on"]
    assert jobs.index.name == "job_id"
    assert jobs.index.is_unique
    pd.testing.assert_index_equal(jobs.index, tags.index)
    assert tags.shape == (300, 16)
    assert tags.columns.tolist() == sorted(tags.columns)
    assert set(np.unique(tags)) == {0, 1}
    assert jobs["posted_on"].is_monotonic_increasing
    assert pd.api.types.is_datetime64_dtype(jobs["posted_on"])
    assert all(isinstance(text, str) and text.strip() for text in jobs["job_title"])


@pytest.mark.parametrize("seed", [0, 7])
def test_the_same_random_state_gives_the_same_postings(seed):
    first, second = (make_job_postings(200, random_state=seed) for _ in range(2))
    state = make_job_postings(200, random_state=np.random.RandomState(seed))
    for one, two, three in zip(first, second, state, strict=True):
        pd.testing.assert_frame_equal(one, two)
        pd.testing.assert_frame_equal(one, three)
    other = make_job_postings(200, random_state=seed + 1)
    assert not first[0]["job_description"].equals(other[0]["job_description"])


def test_the_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_job_postings(50, random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_tags_are_unbalanced_and_come_together():
    _, tags = make_job_postings(20_000, random_state=0)
    share = tags.mean().sort_values()
    assert share.iloc[0] < 0.025
    assert share.iloc[-1] > 0.15
    a_job = tags.sum(axis=1)
    assert 0.01 < (a_job == 0).mean() < 0.03
    assert (a_job >= 2).mean() > 0.2
    together = (tags["Cybersecurity"] * tags["IT Operations"]).mean()
    assert together > 3 * share["Cybersecurity"] * share["IT Operations"]


@pytest.mark.parametrize(("n_jobs", "n_tags"), [(16, 16), (1, 1), (3, 16), (40, 5)])
def test_small_sets(n_jobs, n_tags):
    jobs, tags = make_job_postings(n_jobs, n_tags=n_tags, random_state=0)
    assert len(jobs) == n_jobs
    assert tags.shape == (n_jobs, n_tags)
    if n_jobs >= n_tags:
        assert tags.any(axis=0).all()


def test_descriptions_hold_what_a_cleaner_must_handle():
    jobs, _ = make_job_postings(2000, random_state=0)
    text = jobs["job_description"]
    for part in (
        "C++", "C#", ".NET", "node.js", "Don't", "n&rsquo;t", "&amp;", "&nbsp;", "<br>", "<li>",
        "&lt;li&gt;", "&amp;amp;", "&amp;rsquo;", "\n- ",
    ):  # fmt: skip
        assert text.str.contains(part, regex=False).any(), part
    assert jobs["job_title"].str.contains("C++", regex=False).any()
    assert not text.str.contains(r"\{|\|", regex=True).any()


@pytest.mark.parametrize("seed", [0, 1])
def test_a_linear_model_learns_most_but_not_all(seed):
    jobs, tags = make_job_postings(1500, random_state=seed)
    text = jobs["job_title"] + " " + jobs["job_description"]
    order = np.random.default_rng(0).permutation(len(jobs))
    train, test = order[:1000], order[1000:]
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english"),
        OneVsRestClassifier(LogisticRegression(C=10, class_weight="balanced")),
    ).fit(text.iloc[train], tags.iloc[train])
    score = f1_score(tags.iloc[test], model.predict(text.iloc[test]), average="micro")
    assert 0.78 < score < 0.92


def test_noise_makes_it_harder():
    def score(noise):
        jobs, tags = make_job_postings(800, noise=noise, random_state=0)
        order = np.random.default_rng(0).permutation(len(jobs))
        train, test = order[:500], order[500:]
        text = jobs["job_title"] + " " + jobs["job_description"]
        model = make_pipeline(
            TfidfVectorizer(sublinear_tf=True),
            OneVsRestClassifier(LogisticRegression(C=10, class_weight="balanced")),
        ).fit(text.iloc[train], tags.iloc[train])
        return f1_score(tags.iloc[test], model.predict(text.iloc[test]), average="micro")

    assert score(0.0) > score(0.8) + 0.2


def test_the_long_table_loads_as_the_same_postings():
    jobs, tags = make_job_postings(400, random_state=3)
    rows = make_job_postings(400, return_long=True, random_state=3)
    assert rows["job_tag_name"].isna().sum() == (tags.sum(axis=1) == 0).sum()
    loaded, loaded_tags = load_job_postings(rows)
    pd.testing.assert_frame_equal(loaded, jobs)
    pd.testing.assert_frame_equal(loaded_tags, tags)


def test_sqlite_and_back(tmp_path):
    url = f"sqlite:///{tmp_path / 'made.sqlite'}"
    jobs, tags = make_job_postings(400, to_sql=url, table="board", random_state=3)
    loaded, loaded_tags = load_job_postings(url, table="board")
    pd.testing.assert_frame_equal(loaded_tags, tags)
    pd.testing.assert_frame_equal(
        loaded.assign(posted_on=loaded["posted_on"].astype("datetime64[s]")), jobs
    )
    with sqlite3.connect(tmp_path / "made.sqlite") as connection:
        (day,) = connection.execute("SELECT posted_on FROM board LIMIT 1").fetchone()
    connection.close()
    assert day == str(jobs["posted_on"].iloc[0].date())


def test_an_existing_table_is_safe_unless_asked(tmp_path):
    url = f"sqlite:///{tmp_path / 'made.sqlite'}"
    make_job_postings(20, to_sql=url, random_state=0)
    with pytest.raises(ValueError, match=r"'job_postings' already exists.*if_exists='replace'"):
        make_job_postings(30, to_sql=url, random_state=0)
    assert len(load_job_postings(url, table="job_postings")[0]) == 20
    rows = make_job_postings(30, to_sql=url, if_exists="replace", return_long=True, random_state=0)
    assert len(load_job_postings(url, table="job_postings")[0]) == 30
    make_job_postings(30, to_sql=url, if_exists="append", random_state=0)
    with sqlite3.connect(tmp_path / "made.sqlite") as connection:
        (count,) = connection.execute("SELECT count(*) FROM job_postings").fetchone()
    connection.close()
    assert count == 2 * len(rows)


def test_a_transaction_stays_the_callers(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'made.sqlite'}")
    make_job_postings(20, to_sql=engine, random_state=0)
    with engine.connect() as connection:
        transaction = connection.begin()
        make_job_postings(20, to_sql=connection, if_exists="append", random_state=0)
        transaction.rollback()
    with engine.connect() as connection:
        make_job_postings(20, to_sql=connection, table="other", random_state=0)
    n_rows = len(make_job_postings(20, return_long=True, random_state=0))
    assert pd.read_sql("SELECT count(*) AS n FROM job_postings", engine)["n"].item() == n_rows
    assert pd.read_sql("SELECT count(*) AS n FROM other", engine)["n"].item() == n_rows
    engine.dispose()


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_jobs": 0}, {"n_tags": 17}, {"n_tags": 0}, {"noise": 1.1}, {"random_state": "x"},
        {"if_exists": "overwrite"},
    ],
)  # fmt: skip
def test_wrong_parameters_are_named(wrong):
    with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter"):
        make_job_postings(**wrong)


def test_a_hundred_thousand_postings_take_seconds():
    start = time.perf_counter()
    jobs, _ = make_job_postings(100_000, random_state=0)
    assert time.perf_counter() - start < 20
    assert jobs["job_description"].nunique() > 99_000
