import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from servers import execute as execute_at
from sqlalchemy import NullPool, create_engine, event, make_url

from jobtag_sklearn.updating import ModelFiles, ModelUpdater, PostingStore

STRANGE = [
    "'; DROP TABLE jobtag_postings; --",
    '"quoted" `ticks` [brackets]',
    "100 % :name %(name)s ? $1 \\ {0}",
    "Größe 日本語 🚀 \u202eright to left",
    "line\nbreak\ttab",
]
BLOCKED = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


def strange_jobs():
    texts = [f"<p>{text}</p>" for text in STRANGE]
    return pd.DataFrame({"job_title": STRANGE, "job_description": texts}, index=STRANGE)


def test_whatever_is_in_texts_ids_and_tags_comes_back(store, execute):
    jobs = strange_jobs()
    scores = np.linspace(0, 1, 25).reshape(5, 5)
    store.add_predictions(jobs, STRANGE, scores, scores > 0.5, version=7)
    rows = execute("SELECT posting_id, title, description FROM jobtag_postings")
    assert sorted(rows) == sorted(
        (name, *row) for name, row in zip(jobs.index, jobs.to_numpy().tolist(), strict=True)
    )
    predictions = store.predictions().set_index(["posting_id", "tag"])
    for row, job in enumerate(STRANGE):
        for column, tag in enumerate(STRANGE):
            cell = predictions.loc[(job, tag)]
            assert cell["score"] == pytest.approx(scores[row, column])
            assert cell["given"] == (scores[row, column] > 0.5)
    assert set(predictions["model_version"]) == {7}

    store.correct({name: [name, "Nursing"] for name in STRANGE})
    rows = execute("SELECT posting_id, tag FROM jobtag_corrected_tags")
    assert set(rows) == {(n, t) for n in STRANGE for t in (n.strip(), "Nursing")}
    assert store.n_waiting() == 5


def test_a_model_learns_strange_ids_and_tags(store, models):
    from light_models import LightModel

    jobs = strange_jobs()
    tags = pd.DataFrame(np.eye(5, dtype=int), jobs.index, STRANGE)
    updater = ModelUpdater(store, models, min_corrections=2, tolerance=1)
    updater.adopt(LightModel().fit(jobs, tags))
    store.correct(tags, jobs)
    assert updater.update().outcome == "accepted"
    assert sorted(store.learnt()["posting_id"]) == sorted(STRANGE)
    assert updater.update().n_waiting == 0


def test_characters_that_databases_cannot_store(store, execute):
    texts = {"job_title": ["a\x00b"], "job_description": ["\ud83d"]}
    jobs = pd.DataFrame(texts, index=[1], dtype=object)
    store.add_postings(jobs)
    rows = execute("SELECT title, description FROM jobtag_postings")
    assert rows == [("a\ufffdb", "\ufffd")]
    with pytest.raises(ValueError, match=r"tag 'x\\x00' has a character"):
        store.correct({1: ["x\x00"]})


def test_predictions_replace_earlier_ones_and_keep_corrections(store, postings):
    jobs = postings[0][:4]
    store.add_predictions(jobs, ["a", "b"], np.full((4, 2), 0.9), np.ones((4, 2)), version=1)
    store.correct({key: ["a"] for key in jobs.index})
    edited = jobs.assign(job_title="New title")
    store.add_predictions(edited[1:], ["a"], np.full((3, 1), 0.1), np.zeros((3, 1)), version=2)
    predictions = store.predictions()
    assert predictions.groupby("posting_id").size().tolist() == [2, 1, 1, 1]
    assert predictions["model_version"].tolist() == [1, 1, 2, 2, 2]
    assert store.n_waiting() == 4
    ages = datetime.now(UTC) - predictions["predicted_at"]
    assert (ages < timedelta(minutes=1)).all()
    assert (ages > timedelta(0)).all()
    assert store.new_ids([*jobs.index, 4711]) == [4711]


def test_several_write_the_same_postings_at_once(store, postings):
    jobs, tags = postings[0][:20], postings[1][:20]

    def write(version):
        for order in (slice(None), slice(None, None, -1)):
            given = np.full((20, 2), version % 2)
            store.add_predictions(jobs[order], ["a", "b"], given, given, version=version)
            store.correct(tags[order])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    predictions = store.predictions()
    assert len(predictions) == 40
    # each posting has the scores of the version that it says
    assert (predictions["given"] == predictions["model_version"] % 2).all()
    assert store.n_waiting() == 160


def test_another_process_inserts_the_same_posting_first(server_url, caplog):
    execute_at(server_url, "DROP SCHEMA IF EXISTS public CASCADE", "CREATE SCHEMA public")
    store = PostingStore(server_url).create()
    # so many that psycopg has results to read before it has sent them all
    jobs = pd.DataFrame({"job_title": "mine", "job_description": ""}, index=range(400))
    ours = (["tag"], np.ones((400, 1)), np.ones((400, 1)))
    engine = create_engine(server_url, poolclass=NullPool)
    with ThreadPoolExecutor(1) as threads, engine.begin() as other:
        other.exec_driver_sql("INSERT INTO jobtag_postings VALUES ('0', 'theirs', '', NULL, NULL)")
        writing = threads.submit(store.add_predictions, jobs, *ours, version=1)
        while execute_at(server_url, BLOCKED) == [(0,)]:
            time.sleep(0.02)
        other.commit()
        writing.result(timeout=60)
    rows = execute_at(server_url, "SELECT posting_id, title FROM jobtag_postings")
    assert sorted(rows) == sorted((str(row), "mine") for row in range(400))
    assert len(store.predictions()) == 400
    assert not caplog.records, "psycopg writes on stderr that it gave a pipeline up"


def test_a_deadlock_with_the_board_is_tried_again(server_url):
    execute_at(server_url, "DROP SCHEMA IF EXISTS public CASCADE", "CREATE SCHEMA public")
    store = PostingStore(server_url).create()
    jobs = pd.DataFrame({"job_title": "old", "job_description": ""}, index=["a", "b"])
    store.add_postings(jobs)
    change = "UPDATE jobtag_postings SET description = 'board' WHERE posting_id = '{}'"
    engine = create_engine(server_url, poolclass=NullPool)
    with ThreadPoolExecutor(1) as threads, engine.begin() as board:
        # the store's transaction is the one that the database ends
        board.exec_driver_sql("SET LOCAL deadlock_timeout = '60s'")
        board.exec_driver_sql(change.format("b"))
        writing = threads.submit(store.add_postings, jobs.assign(job_title="new"))
        while execute_at(server_url, BLOCKED) == [(0,)]:
            time.sleep(0.02)
        board.exec_driver_sql(change.format("a"))
        board.commit()
        writing.result(timeout=60)
    rows = execute_at(server_url, "SELECT title, description FROM jobtag_postings")
    assert rows == [("new", "")] * 2


def test_times_are_in_utc_whatever_the_time_zone(store, execute, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        store.add_postings(pd.DataFrame({"job_title": [""], "job_description": [""]}, index=[1]))
        store.correct({1: []})
        execute("INSERT INTO jobtag_corrections (posting_id, revision) VALUES ('1', 2)")
        ((written, default),) = execute(
            "SELECT a.corrected_at, b.corrected_at FROM jobtag_corrections a,"
            " jobtag_corrections b WHERE a.revision = 1 AND b.revision = 2"
        )
        for value in (written, default):
            value = pd.Timestamp(value)
            value = value.tz_localize("UTC") if value.tzinfo is None else value
            assert abs(value - pd.Timestamp.now("UTC")) < pd.Timedelta(minutes=1)
        jobs = pd.DataFrame({"job_title": [""], "job_description": [""]}, index=[1])
        store.add_predictions(jobs, ["a"], [[1.0]], [[1]], version=1)
        age = pd.Timestamp.now("UTC") - store.predictions()["predicted_at"].iloc[0]
        assert abs(age) < pd.Timedelta(minutes=1)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_corrections_by_plain_sql(store, updater, postings, execute):
    jobs, tags = postings
    new_jobs, new_tags = jobs[100:140], tags[100:140]
    updater.predict(new_jobs)
    for key, row in new_tags.iterrows():
        tags_of = "".join(f", (:id, ' {tag}	')" for tag in new_tags.columns[row == 1])
        written = "INSERT INTO jobtag_corrected_tags (posting_id, tag) VALUES " + tags_of[2:]
        checked = "INSERT INTO jobtag_corrections (posting_id) VALUES (:id)"
        execute(checked, *([written] if tags_of else []), id=str(key))
    report = updater.update()
    assert report.outcome == "accepted"
    assert (report.n_waiting, report.n_trained + report.n_held_out) == (40, 40)
    other = PostingStore(store._ledger.database.url, prefix="other_").create()
    files = ModelFiles(updater.models.folder / "other")
    again = ModelUpdater(other, files, min_corrections=20, tolerance=1)
    again.adopt(updater.models.load(updater.models.names()[0]))
    other.correct(new_tags, new_jobs)
    assert again.update() == report
    assert updater.load()[0].taught == again.load()[0].taught
    shown = [model.load()[0].predict_proba(jobs) for model in (updater, again)]
    np.testing.assert_allclose(*shown)


@pytest.mark.parametrize(
    ("corrections", "message"),
    [
        ({1: "Nursing"}, "the tags of posting 1 are the text 'Nursing'; pass a list"),
        ({1: ["", "x"]}, "tag '' is empty"),
        ({1: [None]}, "tag None is empty"),
        ({1: ["x" * 256]}, "tag 'x{40}'... is longer than 255"),
        ({2: ["x"]}, "no posting '2', 1 in all; pass their text as jobs="),
        ({1: ["x"], "1": ["y"]}, "posting id '1' occurs more than once"),
        (pd.DataFrame({"x": [np.nan]}, index=[1]), "tag 'x' of posting 1 is nan, but"),
        (pd.DataFrame({"x": [2]}, index=[1]), "tag 'x' of posting 1 is 2, but a corrected"),
    ],
)
def test_wrong_corrections_change_nothing(tmp_path, corrections, message):
    store = PostingStore(tmp_path / "store.sqlite").create()
    store.add_postings(pd.DataFrame({"job_title": [""], "job_description": [""]}, index=[1]))
    with pytest.raises(ValueError, match=message):
        store.correct(corrections)
    assert store.n_waiting() == 0


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        ({"job_title": ["a"]}, "jobs has no column 'job_description', only"),
        ({"job_title": ["a"], "job_description": [None]}, "job_description of job 0 is a NoneTyp"),
    ],
)
def test_wrong_postings(tmp_path, jobs, message):
    store = PostingStore(tmp_path / "store.sqlite").create()
    with pytest.raises(ValueError, match=message):
        store.add_postings(pd.DataFrame(jobs))
    with pytest.raises(ValueError, match="1 postings and 1 tags need scores"):
        store.add_predictions(
            pd.DataFrame({"job_title": [""], "job_description": [""]}), ["a"], [], [], version=1
        )


def test_prefix_and_schema(server_url):
    execute_at(
        server_url, 'DROP SCHEMA IF EXISTS "Job Board" CASCADE', 'CREATE SCHEMA "Job Board"'
    )
    store = PostingStore(server_url, schema="Job Board", prefix='my "own" ').create()
    store.add_postings(pd.DataFrame({"job_title": ["a"], "job_description": ["b"]}, index=[1]))
    store.correct({1: ["c"]})
    table = '"Job Board"."my ""own"" postings"'
    assert execute_at(server_url, f"SELECT posting_id FROM {table}") == [("1",)]
    assert PostingStore(server_url, schema="Job Board", prefix='my "own" ').n_waiting() == 1


def test_no_store_and_another_version(store, url, execute):
    with pytest.raises(ValueError, match="no table 'other_state', so it is no store yet"):
        PostingStore(url, prefix="other_").n_waiting()
    execute("UPDATE jobtag_state SET schema_version = 2")
    for use in (store.n_waiting, store.create):
        with pytest.raises(ValueError, match="have version 2, but this package works with vers"):
            use()


def test_databases_that_cannot_be_used(tmp_path):
    with pytest.raises(FileNotFoundError, match="no SQLite file"):
        PostingStore(tmp_path / "absent.sqlite").n_waiting()
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="in memory would be lost"):
        PostingStore("sqlite://")
    (tmp_path / "text.sqlite").write_text("no database" * 100)
    with pytest.raises(ValueError, match="file is not a database"):
        PostingStore(tmp_path / "text.sqlite").n_waiting()


def test_an_engine_that_begins_transactions_by_itself(tmp_path, postings):
    # what SQLAlchemy's manual recommends for SQLite
    engine = create_engine(f"sqlite:///{tmp_path}/a.sqlite", poolclass=NullPool)
    event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    store = PostingStore(engine).create()
    store.correct(postings[1][:7], postings[0])
    assert store.n_waiting() == 7


def test_an_engine_and_no_secrets_in_errors(server_url, tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/a.sqlite", poolclass=NullPool)
    assert PostingStore(engine).create().n_waiting() == 0
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with pytest.raises(ValueError, match="commits each statement by itself"):
        PostingStore(engine, prefix="auto_").create()
    secret = make_url(server_url).set(username="nobody", password="s3cr%t/@")
    with pytest.raises(ConnectionError, match="No connection to postgresql") as caught:
        PostingStore(secret).n_waiting()
    assert "s3cr" not in str(caught.value)
