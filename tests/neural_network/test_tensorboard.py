"""What the logs hold, read back as TensorBoard reads them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from small_models import make_tags, small_autoencoder, small_classifier, small_pipeline

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.inspection import WeightHistogramDisplay
from jobtag_sklearn.neural_network import _tensorboard

event_accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator", exc_type=ImportError
)

X, Y = make_tags()


def events(folder):
    accumulator = event_accumulator.EventAccumulator(str(folder), size_guidance={"tensors": 0})
    return accumulator.Reload()


def scalars(log, name):
    from tensorboard.util import tensor_util

    return {
        event.step: float(tensor_util.make_ndarray(event.tensor_proto))
        for event in log.Tensors(name)
    }


def folders(log_dir):
    return sorted(path.name for path in log_dir.iterdir())


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    log_dir = tmp_path_factory.mktemp("log")
    jobs, tags = make_job_postings(80, n_tags=3, random_state=0)
    model = small_pipeline(log_dir=log_dir).fit(jobs[:50], tags[:50])
    model = pickle.loads(pickle.dumps(model.partial_fit(jobs[50:65], tags[50:65])))
    model.partial_fit(jobs[65:], tags[65:])
    return log_dir, model, jobs, tags


def test_one_folder_shows_both_networks(logged):
    log_dir, model, _, _ = logged
    assert folders(log_dir) == ["autoencoder", "classifier"]
    for name, epochs in (("autoencoder", [1]), ("classifier", [1, 2, 3])):
        log = events(log_dir / name)
        assert log.Tags()["graph"]
        assert list(scalars(log, "loss")) == epochs
        assert list(scalars(log, "learning_rate")) == epochs
    losses = scalars(events(log_dir / "classifier"), "loss")
    np.testing.assert_allclose(list(losses.values()), model[-1].history_["loss"], rtol=1e-6)
    nodes = {node.name for node in events(log_dir / "autoencoder").Graph().node}
    assert any("encoder_hidden_0" in node for node in nodes)


def test_weights_of_every_epoch_can_be_drawn(logged):
    log_dir, model, _, _ = logged
    display = WeightHistogramDisplay.from_log_dir(log_dir, plot=False)
    assert list(display.histograms) == ["classifier/hidden_0", "classifier/output"]
    hidden = display.histograms["classifier/hidden_0"]
    assert [histogram.label for histogram in hidden] == ["0", "1", "2", "3"]
    n_weights = model[-1].model_.get_layer("hidden_0").kernel.shape
    assert [histogram.counts.sum() for histogram in hidden] == [np.prod(n_weights)] * 4
    (drawn,) = WeightHistogramDisplay.from_log_dir(log_dir, layers=["autoencoder/code"]).axes_
    assert drawn.get_ylabel() == "epoch"
    with pytest.raises(ValueError, match="no histograms of weights under"):
        WeightHistogramDisplay.from_log_dir(log_dir / "nothing")


def test_projector_has_codes_with_titles_and_tags(logged):
    log_dir, model, jobs, tags = logged
    folder = log_dir / "autoencoder"
    config = (folder / "projector_config.pbtxt").read_text()
    for name, rows in (
        ("fit", slice(50)),
        ("update_1", slice(50, 65)),
        ("update_2", slice(65, 80)),
    ):
        assert config.count(f'tensor_path: "codes_{name}.tsv"') == 1
        codes = np.loadtxt(folder / f"codes_{name}.tsv", delimiter="\t")
        assert codes.shape == (len(jobs[rows]), 8)
        if name == "update_2":
            # each update changes the words' weights, and so the codes of all postings
            np.testing.assert_allclose(codes, model.encode(jobs[rows]), rtol=1e-4, atol=1e-6)
        labels = pd.read_csv(folder / f"labels_{name}.tsv", sep="\t", keep_default_na=False)
        assert labels["title"].tolist() == jobs["job_title"][rows].tolist()
        expected = [", ".join(tags.columns[row == 1]) for row in tags[rows].to_numpy()]
        assert labels["tags"].tolist() == expected


def test_tensorboards_own_parser_reads_the_projector(logged):
    from google.protobuf import text_format
    from tensorboard.plugins.projector import ProjectorConfig

    text = (logged[0] / "autoencoder" / "projector_config.pbtxt").read_text()
    config = text_format.Parse(text, ProjectorConfig())
    assert [entry.tensor_name for entry in config.embeddings] == [
        "codes of fit", "codes of update 1", "codes of update 2",
    ]  # fmt: skip


def test_an_autoencoder_alone_writes_codes_without_tags(tmp_path):
    autoencoder = small_autoencoder(log_dir=tmp_path).fit(np.abs(X), Y)
    labels = pd.read_csv(
        tmp_path / "autoencoder" / "labels_fit.tsv", sep="\t", keep_default_na=False
    )
    assert labels["row"].tolist() == list(range(len(Y)))
    assert labels["tags"].tolist() == [""] * len(Y)
    autoencoder.partial_fit(np.abs(X))
    assert (tmp_path / "autoencoder" / "codes_update_1.tsv").exists()
    assert folders(tmp_path) == ["autoencoder"]


def test_many_codes_are_thinned(tmp_path, monkeypatch):
    monkeypatch.setattr(_tensorboard, "_MOST_CODES", 10)
    small_autoencoder(log_dir=tmp_path).fit(np.abs(X), Y)
    assert np.loadtxt(tmp_path / "autoencoder" / "codes_fit.tsv").shape == (10, 3)


def test_every_fit_has_a_folder_of_its_own(tmp_path):
    classifier = small_classifier(log_dir=tmp_path / "new", epochs=1)
    assert clone(classifier).log_dir == tmp_path / "new"
    classifier.fit(X, Y).partial_fit(X, Y)
    assert folders(tmp_path / "new") == ["classifier"]
    again = clone(classifier).fit(X, Y)
    assert again.log_folder_ == str(tmp_path / "new" / "classifier_2")
    GridSearchCV(classifier, {"dropout": [0.0, 0.1]}, cv=2, n_jobs=1).fit(X, Y)
    assert len(folders(tmp_path / "new")) == 2 + 5
    classifier.set_params(log_dir=str(tmp_path / "other")).partial_fit(X, Y)
    assert list(scalars(events(tmp_path / "other" / "classifier"), "loss")) == [3]


@pytest.mark.slow
def test_fits_of_a_parallel_search_have_folders_of_their_own(tmp_path):
    classifier = small_classifier(log_dir=tmp_path, epochs=1)
    search = GridSearchCV(classifier, {"dropout": [0.0, 0.1]}, cv=2, n_jobs=2)
    search.fit(X, Y)
    names = ["classifier", *(f"classifier_{number}" for number in range(2, 6))]
    assert folders(tmp_path) == names
    assert search.best_estimator_.log_folder_ == str(tmp_path / names[-1])
    for name in names:
        assert list(scalars(events(tmp_path / name), "loss")) == [1]


def test_without_a_log_nothing_is_written_and_nothing_differs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain = small_classifier().fit(X, Y)
    assert not hasattr(plain, "log_folder_")
    assert not list(tmp_path.iterdir())
    logged = small_classifier(log_dir="log").fit(X, Y)
    assert logged.history_ == plain.history_
    np.testing.assert_array_equal(logged.predict_proba(X), plain.predict_proba(X))
    with pytest.raises(ValueError, match="'log_dir' parameter"):
        small_classifier(log_dir=3).fit(X, Y)
