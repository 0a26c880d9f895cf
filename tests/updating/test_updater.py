import pickle
import threading
import time
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from light_models import DivergingModel, ForgettingModel, GrowingModel, LightModel
from servers import execute as execute_at
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import f1_score

from jobtag_sklearn.updating import ModelFiles, ModelUpdater, PostingStore
from jobtag_sklearn.updating._candidate import is_no_worse


def roles(store):
    learnt = store.learnt()
    return dict(zip(zip(learnt["posting_id"], learnt["revision"], strict=True), learnt["role"],
                    strict=True))  # fmt: skip


@pytest.fixture
def lite(tmp_path):
    """A store in SQLite for what does not depend on the database."""
    return PostingStore(tmp_path / "lite.sqlite").create()


def make_updater(store, models, model, **settings):
    updater = ModelUpdater(store, models, **({"min_corrections": 20} | settings))
    updater.adopt(model)
    return updater


def test_an_update_from_start_to_end(updater, store, models, postings, fitted):
    jobs, tags = postings
    predictions = updater.predict(jobs[100:140])
    np.testing.assert_array_equal(predictions.given, fitted.predict(jobs[100:140]))
    assert set(store.predictions()["model_version"]) == {1}
    store.correct(tags[100:119])
    report = updater.update()
    assert (report.outcome, report.version, report.n_waiting) == ("waiting", 1, 19)
    assert len(store.history()) == 1
    store.correct(tags[119:140])
    report = updater.update()
    assert (report.outcome, report.version_before, report.version) == ("accepted", 1, 2)

    # what the history says can be found out in another way
    model, version = updater.load()
    assert version == 2
    said = roles(store)
    held_out = [key for (key, _), role in said.items() if role == "held out"]
    trained = [key for (key, _), role in said.items() if role == "trained"]
    assert len(said) == 40
    assert model.taught == Counter(trained) + fitted.taught
    true = tags.set_axis(tags.index.astype(str)).loc[held_out]
    texts = jobs.set_axis(jobs.index.astype(str)).loc[held_out]
    row = store.history().loc[2]
    for name, which in (("f1_before", fitted), ("f1_after", model)):
        expected = f1_score(true, which.predict(texts), average="micro")
        assert row[name] == getattr(report, name) == pytest.approx(expected)
    assert row[["n_trained", "n_held_out", "n_compared"]].tolist() == [
        len(trained),
        len(held_out),
        len(held_out),
    ]
    assert row["started_at"] <= row["finished_at"]
    assert row["finished_at"].utcoffset().total_seconds() == 0
    assert models.current() == models.names()[-1]
    assert models.load().taught == model.taught
    assert updater.update().n_waiting == 0


def test_held_out_postings_stay_so_and_come_together(lite, models, postings, fitted):
    jobs, tags = postings
    updater = make_updater(lite, models, fitted, tolerance=1, max_compared=12)
    n_held_out = []
    for start in (100, 140, 180):
        lite.correct(tags[start : start + 40], jobs[start : start + 40])
        report = updater.update()
        n_held_out.append(report.n_held_out)
        assert report.n_compared == min(sum(n_held_out), 12)
    before = roles(lite)
    # corrected again, each posting falls on the same side
    lite.correct(tags[100:220])
    assert updater.update().outcome == "accepted"
    after = roles(lite)
    assert len(after) == 240
    assert all(after[(key, 2)] == role for (key, _), role in before.items())
    assert 0.1 < sum(n_held_out) / 120 < 0.3


def test_a_correction_of_a_correction(lite, models, postings, fitted):
    jobs, tags = postings
    updater = make_updater(lite, models, fitted, tolerance=1)
    lite.correct(tags[100:140], jobs[100:140])
    lite.correct(1 - tags[100:110])
    report = updater.update()
    assert (report.n_waiting, report.n_superseded) == (50, 10)
    assert report.n_trained + report.n_held_out == 40
    said = roles(lite)
    assert {key: said[(str(key), 1)] for key in jobs.index[100:110]} == dict.fromkeys(
        jobs.index[100:110], "superseded"
    )
    assert set(updater.load()[0].taught.values()) == {1}
    # learnt, corrected once more, learnt once more
    lite.correct(tags[100:125])
    assert updater.update().n_superseded == 0
    twice = {key for key, n in updater.load()[0].taught.items() if n == 2}
    trained = {key for (key, n), role in roles(lite).items() if (n, role) == (3, "trained")}
    assert trained <= twice <= {str(key) for key in jobs.index[100:125]}
    assert lite.n_waiting() == 0


def test_a_posting_without_tags_is_learnt(lite, models, postings, fitted):
    jobs = postings[0]
    updater = make_updater(lite, models, fitted, tolerance=1)
    lite.correct({key: [] for key in jobs.index[100:130]}, jobs[100:130])
    before = fitted.predict_proba(jobs[100:130]).mean()
    assert updater.update().outcome == "accepted"
    assert updater.load()[0].predict_proba(jobs[100:130]).mean() < before


@pytest.mark.parametrize("kind", [ForgettingModel, DivergingModel])
def test_a_worse_model_is_rejected_and_its_postings_wait(lite, models, postings, kind):
    jobs, tags = postings
    model = kind().fit(jobs[:100], tags[:100])
    updater = make_updater(lite, models, model)
    lite.correct(tags[100:140], jobs[100:140])
    report = updater.update()
    assert (report.outcome, report.version) == ("rejected", 1)
    assert lite.n_waiting() == 40
    assert lite.learnt().empty
    assert len(models.names()) == 1
    row = lite.history().loc[2]
    assert (row["outcome"], row["version_after"], row["n_trained"]) == (
        "rejected",
        1,
        report.n_trained,
    )
    if kind is DivergingModel:
        assert report.f1_after is None
        assert np.isnan(row["f1_after"])
        assert make_updater(lite, models, model, tolerance=1).update().outcome == "rejected"
        return

    # no training on the same postings night by night
    report = updater.update()
    assert (report.outcome, report.n_waiting, report.n_needed) == ("waiting", 40, 60)
    lite.correct(tags[140:159], jobs[140:159])
    assert updater.update().outcome == "waiting"
    lite.correct(tags[159:160], jobs[159:160])
    assert updater.update().outcome == "rejected"
    assert updater.update().n_needed == 80
    assert updater.update(retry=True).outcome == "rejected"
    updater.tolerance = 1
    report = updater.update(retry=True)
    assert (report.outcome, report.n_waiting) == ("accepted", 60)
    assert len(lite.learnt()) == 60
    assert set(updater.load()[0].taught.values()) == {1}


def test_tags_that_the_model_does_not_know(lite, models, postings, fitted):
    jobs = postings[0]
    updater = make_updater(lite, models, fitted, tolerance=1, unknown_tags="error")
    names = dict(zip(jobs.index[100:140], [["Astronaut"], ["Zoo", "Astronaut"]] * 20, strict=True))
    lite.correct(names, jobs[100:140])
    with pytest.raises(ValueError, match=r"2 tag\(s\) that .*: 'Astronaut' \(40\), 'Zoo' \(20\)"):
        updater.update()
    assert lite.n_waiting() == 40
    assert len(lite.history()) == 1
    for unknown_tags in ("learn", "ignore"):
        # a model that cannot learn new tags leaves them out
        lite.correct(names)
        updater.unknown_tags = unknown_tags
        report = updater.update()
        assert report.outcome == "accepted"
        assert report.unknown_tags == {"Astronaut": 40, "Zoo": 20}
        assert report.new_tags == []
        assert lite.history()["unknown_tags"].iloc[-1] == '["Astronaut", "Zoo"]'


def test_new_tags_are_learnt_on_request(lite, models, postings):
    jobs, tags = postings
    model = GrowingModel().fit(jobs[:100], tags[:100])
    updater = make_updater(lite, models, model, unknown_tags="learn")
    lite.correct({key: ["Astronaut"] for key in jobs.index[100:200]}, jobs[100:200])
    report = updater.update()
    assert (report.outcome, report.new_tags, report.unknown_tags) == (
        "accepted",
        ["Astronaut"],
        {},
    )
    assert report.f1_before < report.f1_after, "the model before misses the tag"
    model, _ = updater.load()
    assert model.new_tags is False
    assert updater.predict(jobs[200:201]).names == [*tags.columns, "Astronaut"]


def test_loading_writes_nothing(updater):
    files = {path: path.stat() for path in updater.models.folder.iterdir()}
    updater.load()
    left = {path: path.stat() for path in updater.models.folder.iterdir()}
    assert {path: (s.st_ino, s.st_mtime_ns) for path, s in left.items()} == {
        path: (s.st_ino, s.st_mtime_ns) for path, s in files.items()
    }


@pytest.mark.parametrize(
    ("before", "after", "tolerance", "taken"),
    [
        (0.5, 0.5, 0, True), (0.5, 0.4999, 0, False), (0.5, 0.25, 0.25, True),
        (0.5, 0.24, 0.25, False), (None, 0.0, 0, True), (0.5, None, 1, False),
        (None, None, 1, False),
    ],
)  # fmt: skip
def test_a_model_as_good_as_the_one_before_takes_its_place(before, after, tolerance, taken):
    assert is_no_worse(before, after, tolerance) == taken


def test_rollback(lite, models, postings, fitted):
    jobs, tags = postings
    updater = make_updater(lite, models, fitted, tolerance=1, n_kept=2)
    with pytest.raises(ValueError, match="no earlier version"):
        updater.rollback()
    for start in (100, 130, 160):
        lite.correct(tags[start : start + 30], jobs[start : start + 30])
        updater.update()
    assert [models.version_of(name) for name in models.names()] == [3, 4]
    assert updater.rollback() == 3
    assert models.version_of(models.current()) == updater.load()[1] == 3
    assert lite.history().iloc[-1][["outcome", "version_before", "version_after"]].tolist() == [
        "rolled back",
        4,
        3,
    ]
    # nothing is learnt twice by that, and the next version continues from here
    assert lite.n_waiting() == 0
    lite.correct(tags[190:220], jobs[190:220])
    assert updater.update().version == 5
    assert set(updater.load()[0].taught.values()) == {1}
    assert [models.version_of(name) for name in models.names()] == [3, 4, 5]
    assert updater.rollback(4) == 4
    with pytest.raises(FileNotFoundError, match=r"has no file model-000002-.*roll back to"):
        updater.rollback(2)
    with pytest.raises(ValueError, match="no version 9; there are: 1, 2, 3, 4, 5"):
        updater.rollback(9)
    damaged = models.folder / models.names()[0]
    damaged.write_bytes(b"")
    with pytest.raises(ValueError, match="is damaged"):
        updater.rollback(3)
    assert updater.load()[1] == 4


def test_a_model_that_was_fitted_anew_takes_the_place(lite, models, postings, fitted):
    jobs, tags = postings
    updater = make_updater(lite, models, fitted)
    assert updater.adopt(LightModel().fit(jobs, tags)) == 2
    assert updater.load()[0].taught.total() == 300
    assert updater.rollback() == 1
    with pytest.raises(TypeError, match="dict has no partial_fit and no predict and no predict_"):
        updater.adopt({})
    with pytest.raises(TypeError, match="LightModel has no classes_"):
        updater.adopt(LightModel())
    assert len(lite.history()) == 3


def test_a_damaged_model_or_pointer(lite, models, postings, fitted):
    jobs, tags = postings
    updater = make_updater(lite, models, fitted, tolerance=1)
    lite.correct(tags[100:130], jobs[100:130])
    (models.folder / "current").write_bytes(b"")
    assert updater.load()[1] == 1
    assert models.load().taught == fitted.taught
    path = models.folder / models.current()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="is damaged"):
        updater.update()
    path.unlink()
    with pytest.raises(FileNotFoundError, match="Restore it from a backup"):
        updater.update()
    assert lite.n_waiting() == 30
    path.write_bytes(data)
    assert updater.update().outcome == "accepted"


def test_no_model_yet_and_wrong_parameters(lite, models):
    for use in (ModelUpdater(lite, models).load, ModelUpdater(lite, models).update):
        with pytest.raises(ValueError, match="no model yet; pass a fitted one"):
            use()
    for wrong in ({"holdout": 1}, {"min_corrections": 0}, {"tolerance": -1}, {"n_kept": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ModelUpdater(lite, models, **wrong)
    with pytest.raises(ValueError, match="'store' parameter"):
        ModelUpdater("lite.sqlite", models)


def test_two_corrections_are_enough_and_one_is_not(lite, models, postings, fitted):
    jobs, tags = postings
    updater = make_updater(lite, models, fitted, tolerance=1, min_corrections=1)
    lite.correct(tags[100:101], jobs[100:101])
    lite.correct(tags[100:101])
    # two revisions of one posting leave nothing to compare on
    assert updater.update().outcome == "waiting"
    lite.correct(tags[101:102], jobs[101:102])
    report = updater.update()
    assert (report.outcome, report.n_trained, report.n_held_out) == ("accepted", 1, 1)


def test_corrections_of_postings_without_text_wait(tmp_path, models, postings, fitted):
    jobs, tags = postings
    url = f"sqlite:///{tmp_path}/lite.sqlite"
    store = PostingStore(url).create()
    updater = make_updater(store, models, fitted, tolerance=1)
    store.correct(tags[100:130], jobs[100:130])
    # SQLite lets a board do this
    execute_at(url, "INSERT INTO jobtag_corrections (posting_id) VALUES ('unknown')")
    assert updater.update().n_waiting == 30
    assert len(store.learnt()) == 30


def test_a_board_may_delete_postings(updater, store, postings, execute):
    jobs, tags = postings
    store.correct(tags[100:140], jobs[100:140])
    assert updater.update().outcome == "accepted"
    execute("DELETE FROM jobtag_corrected_tags", "DELETE FROM jobtag_corrections")
    execute("DELETE FROM jobtag_scores", "DELETE FROM jobtag_postings")
    assert len(store.learnt()) == 40
    store.correct(tags[130:160], jobs[130:160])
    report = updater.update()
    assert (report.outcome, report.n_waiting) == ("accepted", 30)
    assert report.n_compared == report.n_held_out
    assert roles(store).keys() >= {(str(key), 2) for key in jobs.index[130:140]}


class Interrupted(LightModel):
    """Has something else happen while it learns."""

    meanwhile = None

    def partial_fit(self, jobs, tags):
        if Interrupted.meanwhile is not None:
            Interrupted.meanwhile()
        return super().partial_fit(jobs, tags)


class InterruptedPickle(LightModel):
    """Has something else happen while it is saved."""

    def __getstate__(self):
        if Interrupted.meanwhile is not None:
            Interrupted.meanwhile()
        return vars(self)


class OtherMachine(ModelFiles):
    """The same folder seen from a machine that the lock does not reach."""

    @property
    def lock_file(self):
        return self.folder / ".lock of the other machine"


def test_another_machine_changes_the_model_while_this_one_learns(
    store, models, postings, fitted, monkeypatch
):
    jobs, tags = postings
    updater = make_updater(store, models, Interrupted().fit(jobs[:100], tags[:100]), tolerance=1)
    other = ModelUpdater(store, OtherMachine(models.folder))
    assert other.adopt(Interrupted().fit(jobs[:100], tags[:100])) == 2
    store.correct(tags[100:140], jobs[100:140])
    for change, version in ((lambda: other.rollback(), 1), (lambda: other.adopt(fitted), 3)):
        monkeypatch.setattr(Interrupted, "meanwhile", change)
        assert updater.update().outcome == "busy"
        assert updater.load()[1] == version
        assert store.n_waiting() == 40
        assert "accepted" not in set(store.history()["outcome"])
    monkeypatch.undo()
    assert updater.update().version == 4

    monkeypatch.setattr(Interrupted, "meanwhile", lambda: other.rollback())
    with pytest.raises(ValueError, match="Another process has changed the current model mean"):
        updater.adopt(InterruptedPickle().fit(jobs[:100], tags[:100]))
    monkeypatch.undo()
    assert updater.load()[1] == 3
    updater.rollback(4)
    assert updater.load()[0].taught.total() == 100 + updater.store.history()["n_trained"].sum()


class Vanishing(LightModel):
    """Has the database go away while it learns, and come back."""

    path = None

    def partial_fit(self, jobs, tags):
        if self.path is not None:
            self.path.rename(self.path.with_suffix(".away"))
        return super().partial_fit(jobs, tags)


def test_the_database_goes_away_while_a_model_learns(lite, models, postings, tmp_path):
    jobs, tags = postings
    model = Vanishing().fit(jobs[:100], tags[:100])
    model.path = tmp_path / "lite.sqlite"
    updater = make_updater(lite, models, model, tolerance=1)
    lite.correct(tags[100:140], jobs[100:140])
    with pytest.raises(FileNotFoundError, match="no SQLite file"):
        updater.update()
    assert not model.path.exists(), "SQLite has made an empty one"
    model.path.with_suffix(".away").rename(model.path)
    assert lite.n_waiting() == 40
    assert updater.load()[0].taught == model.taught


def test_sqlite_stays_locked(tmp_path, models, postings, fitted):
    import sqlite3

    jobs, tags = postings
    path = tmp_path / "lite.sqlite"
    store = PostingStore(f"sqlite:///{path}?timeout=0.2").create()
    updater = make_updater(store, models, fitted, tolerance=1)
    store.correct(tags[100:140], jobs[100:140])
    board = sqlite3.connect(path, isolation_level=None)
    board.execute("BEGIN IMMEDIATE")
    with pytest.raises(ConnectionError, match=r"database is locked\. Nothing is half done"):
        updater.update()
    board.execute("ROLLBACK")
    board.close()
    assert updater.load()[1] == 1
    assert updater.update().outcome == "accepted"
    assert len(store.learnt()) == 40


def test_postgresql_ends_the_connection_before_the_commit(server_url, models, postings, fitted):
    jobs, tags = postings
    execute_at(server_url, "DROP SCHEMA IF EXISTS public CASCADE", "CREATE SCHEMA public")
    store = PostingStore(server_url).create()
    updater = make_updater(store, models, fitted, tolerance=1)
    store.correct(tags[100:140], jobs[100:140])

    def end_who_waits():
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type ="
        while not execute_at(server_url, f"{ended} 'Lock'"):
            time.sleep(0.05)

    with store._ledger.writing() as connection:
        # what the updater will wait for when all but the commit is done
        connection.execute(store._ledger.tables.state.select().with_for_update())
        thread = threading.Thread(target=end_who_waits)
        thread.start()
        with pytest.raises(ConnectionError, match="Nothing is half done"):
            updater.update()
        thread.join()
    assert (store.n_waiting(), len(store.history()), updater.load()[1]) == (40, 1, 1)
    assert updater.update().outcome == "accepted"
    assert len(store.learnt()) == 40


def test_a_folder_that_may_only_be_read_still_gives_the_model(lite, models, fitted, monkeypatch):
    make_updater(lite, models, fitted)
    (models.folder / "current").unlink()
    reader = ModelUpdater(lite, Unwritable(models.folder))
    assert reader.load()[1] == 1


class Unwritable(ModelFiles):
    """A folder as root never sees it."""

    @property
    def lock_file(self):
        raise PermissionError


def test_models_as_scikit_learn_makes_them(lite, models, postings):
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.neural_network import MLPClassifier

    from jobtag_sklearn import JobTagPipeline

    jobs, tags = postings
    words = ColumnTransformer([("words", HashingVectorizer(n_features=64), "job_description")])
    classifier = NamedTags(MLPClassifier((4,), random_state=0))
    model = JobTagPipeline([("words", words), ("classify", classifier)])
    updater = make_updater(lite, models, model.fit(jobs[:100], tags[:100]), tolerance=1)
    lite.correct(tags[100:140], jobs[100:140])
    assert updater.update().outcome == "accepted"
    predictions = updater.predict(jobs[140:160])
    loaded, _ = updater.load()
    np.testing.assert_array_equal(predictions.given, loaded.predict(jobs[140:160]))
    np.testing.assert_array_equal(predictions.scores, loaded.predict_proba(jobs[140:160]))


class NamedTags(ClassifierMixin, BaseEstimator):
    """Gives a classifier of indicator arrays the names of its tags."""

    def __init__(self, classifier):
        self.classifier = classifier

    def fit(self, X, tags):
        self.classes_ = np.array(tags.columns, dtype=object)
        self.classifier.partial_fit(X, tags.to_numpy(), classes=range(tags.shape[1]))
        return self

    def partial_fit(self, X, tags, classes=None):
        self.classifier.partial_fit(X, tags.to_numpy())
        return self

    def predict(self, X):
        return self.classifier.predict(X)

    def predict_proba(self, X):
        return self.classifier.predict_proba(X)


def test_predictions_in_batches_are_the_same(lite, models, postings, fitted, monkeypatch):
    from jobtag_sklearn.updating import _updater

    monkeypatch.setattr(_updater, "_BATCH", 7)
    jobs = postings[0][:40]
    predictions = make_updater(lite, models, fitted).predict(jobs)
    np.testing.assert_allclose(predictions.scores, fitted.predict_proba(jobs))
    stored = lite.predictions().pivot(index="posting_id", columns="tag", values="score")
    stored = stored.loc[jobs.index.astype(str), predictions.names]
    np.testing.assert_allclose(stored, predictions.scores)
    empty = make_updater(lite, models, fitted).predict(jobs[:0])
    assert empty.given.shape == (0, 3)
    assert isinstance(stored, pd.DataFrame)
    assert pickle.loads(pickle.dumps(fitted)).taught == fitted.taught
