"""Models are saved, and come back: in every way there is, from earlier formats, from damage."""

import copy
import io
import pickle
import pickletools
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from small_models import in_fresh_python, make_tags, small_autoencoder, small_classifier

X, Y = make_tags(n_samples=60, n_features=12, n_tags=3)
TABLE = pd.DataFrame(Y, columns=["Nursing", "Sales", "Driving"])
ROWS = np.abs(X)
SAVED = sorted(Path(__file__).with_name("saved").glob("format_*"))


def number_of(path):
    return int(path.stem.split("_")[1])


FIRST_EDITION = [path for path in SAVED if number_of(path) <= 2]
READABLE = [path for path in SAVED if number_of(path) > 2]


def classifier(**settings):
    defaults = {"scores_first": True, "threshold": "auto", "optimizer": "adam", "dropout": 0.2}
    return small_classifier(**(defaults | {"learning_rate": 0.02} | settings))


def outputs(model):
    return model.transform(ROWS) if hasattr(model, "transform") else model.predict_proba(X)


@pytest.fixture(scope="module")
def fitted():
    return [
        classifier().fit(X, TABLE),
        small_autoencoder(optimizer="adam").fit(ROWS),
        small_autoencoder().fit(ROWS).drop_decoder(),
    ]


def assert_same_state(one, other):
    """Nothing that goes on learning from it is missing: moments, generators, numbers of epochs."""
    parts = [(one.model_, other.model_)]
    if one._keeps_moments:
        parts.append((one.model_.optimizer, other.model_.optimizer))
    for ours, theirs in parts:
        assert len(ours.variables) == len(theirs.variables)
        for mine, yours in zip(ours.variables, theirs.variables, strict=True):
            np.testing.assert_array_equal(np.asarray(mine), np.asarray(yours))
    assert one.model_.optimizer.get_config() == other.model_.optimizer.get_config()
    assert one.history_ == other.history_
    for mine, yours in zip(one._random.get_state(), other._random.get_state(), strict=True):
        np.testing.assert_array_equal(mine, yours)


def joblib_copy(model, **settings):
    file = io.BytesIO()
    joblib.dump(model, file, **settings)
    file.seek(0)
    return joblib.load(file)


def from_skops(saved):
    skops_io = pytest.importorskip("skops.io")
    return skops_io.loads(saved, trusted=skops_io.get_untrusted_types(data=saved))


def skops_copy(model):
    return from_skops(pytest.importorskip("skops.io").dumps(model))


WAYS = {
    "pickle 2": lambda model: pickle.loads(pickle.dumps(model, 2)),
    "pickle 5": lambda model: pickle.loads(pickle.dumps(model, 5)),
    "joblib": joblib_copy,
    "joblib, compressed": lambda model: joblib_copy(model, compress=3),
    "deepcopy": copy.deepcopy,
    "skops": skops_copy,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_there_and_back(fitted, way):
    for model in fitted:
        again = WAYS[way](model)
        np.testing.assert_array_equal(outputs(again), outputs(model))
        if not getattr(model, "_encoder_only", False):
            assert_same_state(again, model)
    for unfitted in (classifier(optimizer__beta_1=0.8), small_autoencoder()):
        assert WAYS[way](unfitted).get_params() == unfitted.get_params()


def test_size_does_not_grow_with_use(fitted):
    model = copy.deepcopy(fitted[0])
    model.partial_fit(X, TABLE).predict(X)
    size = len(pickle.dumps(model))
    for _ in range(8):
        model.partial_fit(X, TABLE).predict(X)
    # what it says of each epoch: loss, rate, F1, and that it was an update
    assert len(pickle.dumps(model)) - size < 8 * 60
    loaded = pickle.loads(pickle.dumps(model))
    assert len(pickle.dumps(pickle.loads(pickle.dumps(loaded)))) == len(pickle.dumps(loaded))


def test_loading_reads_one_file_and_nothing_else(fitted, tmp_path):
    """Whatever opens a file to write, or a connection, would be an event of the audit."""
    path = tmp_path / "model.joblib"
    joblib.dump(fitted, path, compress=3)
    events = in_fresh_python(
        """
        import importlib, joblib, numpy, os
        import jobtag_sklearn.neural_network, sklearn.base, scikeras
        result = []
        def note(event, arguments):
            writes = event == "open" and (
                (isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"))
                or (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR))
            )
            if writes or event.startswith(("socket.", "subprocess.", "os.system", "urllib.")):
                result.append((event, repr(arguments)))
        sys.addaudithook(note)
        models = joblib.load(given[0])
        models[0].predict(given[1]), models[1].transform(abs(given[1]))
        """,
        (str(path), X),
    )
    assert events == []
    assert [file.name for file in tmp_path.iterdir()] == ["model.joblib"]


def load(path):
    # the files are this package's own
    return {".pickle": pickle.loads, ".skops": from_skops}[path.suffix](path.read_bytes())


@pytest.mark.parametrize("path", FIRST_EDITION, ids=lambda path: path.name)
def test_models_of_the_first_edition_are_refused_in_one_sentence(path):
    with pytest.raises(ValueError, match=r"first edition.*must be fitted anew") as refused:
        load(path)
    assert str(refused.value) == (
        "this model was saved by the first edition of jobtag_sklearn and must be fitted anew"
    )


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_earlier_models_load_and_continue(path):
    saved = load(path)
    model, autoencoder = saved["classifier"], saved["autoencoder"]
    # other processors and other versions of TensorFlow round in other ways
    np.testing.assert_allclose(model.predict_proba(X[:6]), saved["probabilities"], atol=1e-5)
    np.testing.assert_allclose(autoencoder.transform(ROWS[:6]), saved["codes"], atol=1e-4)
    assert model.get_params().keys() == classifier().get_params().keys()
    before = model.history_["loss"][-1]
    for _ in range(3):
        model.partial_fit(X, TABLE)
    assert model.history_["loss"][-1] < before
    autoencoder.partial_fit(ROWS)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_a_model_of_the_present_format_is_kept():
    from jobtag_sklearn.neural_network._base import _STATE_FORMAT

    numbers = {number_of(path) for path in SAVED}
    assert numbers == set(range(1, _STATE_FORMAT + 1)), "run tests/neural_network/saved/make.py"


def test_a_later_format_is_refused_in_one_sentence(fitted):
    for model in fitted:
        state = model.__getstate__()
        state["_saved_network"] = state["_saved_network"] | {"format": 99, "weights": None}
        with pytest.raises(
            ValueError, match=r"^this \w+ was saved by a newer .*; update the pack"
        ):
            type(model).__new__(type(model)).__setstate__(state)


def test_what_is_saved_has_no_object_of_keras(fitted):
    """Only arrays and settings, and the class of the optimizer by its name."""
    names = [
        argument
        for model in fitted
        for operation, argument, _ in pickletools.genops(pickle.dumps(model, 2))
        if operation.name == "GLOBAL" and argument.startswith(("keras", "tensorflow"))
    ]
    assert set(names) == {"keras.src.optimizers.adam Adam"}
