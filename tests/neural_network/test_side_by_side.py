"""Models beside whatever else a process does with Keras and TensorFlow, and in other processes."""

import copy
import multiprocessing
import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.sparse import csr_array
from small_models import in_fresh_python, make_tags, small_autoencoder, small_classifier

from jobtag_sklearn.neural_network import _autoencoder_network

X, Y = make_tags(n_samples=60)
ROWS = np.abs(X)


def models():
    settings = {"optimizer": "adam", "epochs": 1}
    return [
        small_classifier(scores_first=True, threshold="auto", dropout=0.2, **settings),
        small_autoencoder(**settings),
    ]


def outputs(fitted):
    return [
        model.transform(ROWS) if hasattr(model, "transform") else model.predict_proba(ROWS)
        for model in fitted
    ]


@pytest.fixture(scope="module")
def fitted():
    return [model.fit(ROWS, Y) for model in models()]


@pytest.fixture(scope="module")
def expected(fitted):
    updated = [copy.deepcopy(model).partial_fit(ROWS, Y) for model in fitted]
    return outputs(fitted), outputs(updated)


def everything():
    keras.backend.clear_session()
    keras.backend.set_image_data_format("channels_first")
    float64()


def reset():
    keras.backend.set_floatx("float32")
    keras.backend.set_image_data_format("channels_last")


def float64():
    keras.backend.set_floatx("float64")
    keras.config.set_dtype_policy("float64")


SETTINGS = {
    "everything": (everything, reset),
    "clear_session": (keras.backend.clear_session, lambda: None),
    "float64": (float64, lambda: keras.backend.set_floatx("float32")),
    "mixed_float16": (lambda: keras.config.set_dtype_policy("mixed_float16"), lambda: None),
    "channels_first": (
        lambda: keras.backend.set_image_data_format("channels_first"),
        lambda: keras.backend.set_image_data_format("channels_last"),
    ),
    "epsilon": (
        lambda: keras.backend.set_epsilon(1e-3),
        lambda: keras.backend.set_epsilon(1e-7),
    ),
    "eager": (
        lambda: tf.config.run_functions_eagerly(True),
        lambda: tf.config.run_functions_eagerly(False),
    ),
}


@pytest.mark.filterwarnings("ignore:Even though the `tf.config.*run_functions_eagerly")
@pytest.mark.parametrize(
    "name",
    [
        name if name == "everything" else pytest.param(name, marks=pytest.mark.slow)
        for name in SETTINGS
    ],
)
def test_what_a_user_sets_for_keras_changes_nothing(name, fitted, expected):
    """Models that are there, that are loaded, go on learning, and are fitted anew."""
    start, end = SETTINGS[name]
    saved = pickle.dumps(fitted)
    policy = keras.config.dtype_policy()
    start()
    try:
        kept = keras.config.dtype_policy().name, keras.backend.floatx()
        loaded = pickle.loads(saved)
        found = [outputs(fitted), outputs(loaded)]
        found.append(outputs([model.fit(ROWS, Y) for model in models()]))
        updated = outputs([model.partial_fit(ROWS, Y) for model in loaded])
        # and the user's own networks get what was set
        assert (keras.config.dtype_policy().name, keras.backend.floatx()) == kept
    finally:
        end()
        keras.config.set_dtype_policy(policy)
    for found_now in found:
        for one, other in zip(found_now, expected[0], strict=True):
            np.testing.assert_array_equal(one, other)
    for one, other in zip(updated, expected[1], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("run_eagerly", [True, False])
def test_threads_that_predict_at_once(run_eagerly):
    rng = np.random.RandomState(0)
    some = [np.abs(rng.normal(size=(n_rows, 12))) for n_rows in rng.randint(1, 40, size=24)]
    settings = {"run_eagerly": run_eagerly, "epochs": 1}
    classifier = small_classifier(**settings).fit(X, Y)
    autoencoder = small_autoencoder(**settings).fit(ROWS)
    # the first call of a network compiles it, and no thread may find that half done
    fresh = pickle.loads(pickle.dumps([classifier, autoencoder]))

    def predict(pair, rows):
        return pair[0].predict_proba(rows), pair[1].transform(rows)

    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda rows: predict(fresh, rows), some))
    for rows, found in zip(some, together, strict=True):
        alone = predict((classifier, autoencoder), rows)
        for one, other in zip(found, alone, strict=True):
            np.testing.assert_array_equal(one, other)


def probabilities(model):
    return model.predict_proba(X)


def test_codes_while_another_thread_builds_a_new_network(monkeypatch):
    rows = csr_array(np.where(ROWS > 1, ROWS, 0))
    model = small_autoencoder(run_eagerly=False).fit(rows)
    before, meanwhile = model.transform(rows), []
    build = _autoencoder_network.build_autoencoder

    def build_slowly(**settings):
        meanwhile.append(model.transform(rows))
        return build(**settings)

    monkeypatch.setattr(_autoencoder_network, "build_autoencoder", build_slowly)
    model.set_params(filters=(3,), hidden_layer_sizes=(4,), n_components=2).fit(rows)
    np.testing.assert_array_equal(meanwhile, [before])
    assert model.transform(rows).shape == (60, 2)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["spawn", "forkserver"])
def test_other_processes(kind):
    model = small_classifier(run_eagerly=False).fit(X, Y)
    with multiprocessing.get_context(kind).Pool(2) as pool:
        for found in pool.map(probabilities, [model] * 4):
            np.testing.assert_array_equal(found, model.predict_proba(X))


def test_a_fork_says_so_instead_of_hanging(fitted):
    def in_child(action):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            try:
                action()
                said = "nothing"
            except RuntimeError as error:
                said = str(error)
            os.write(writer, said.encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as answers:
            said = answers.read()
        os.waitpid(child, 0)
        return said

    saved = pickle.dumps(fitted[0])
    for action in (
        lambda: fitted[0].predict(X),
        lambda: fitted[1].transform(ROWS),
        lambda: fitted[0].partial_fit(X, Y),
        lambda: small_classifier().fit(X, Y),
        lambda: pickle.loads(saved),
        # what a predictor is made of
        lambda: fitted[0]._without_keras(),
        lambda: fitted[1]._without_keras(),
    ):
        assert "start processes with spawn or forkserver" in in_child(action)


def test_a_fork_before_tensorflow_has_started():
    saved = pickle.dumps(small_classifier(run_eagerly=False).fit(X, Y))
    codes = in_fresh_python(
        """
        import os, pickle
        import jobtag_sklearn.neural_network
        saved, X = given
        result = []
        for _ in range(2):
            child = os.fork()
            if not child:
                pickle.loads(saved).predict(X)
                os._exit(7)
            result.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """,
        (saved, X),
    )
    assert codes == [7, 7]


def test_tensorflow_that_a_user_has_configured():
    """Threads and devices are set once a process, before TensorFlow starts."""
    saved = pickle.dumps(small_classifier(scores_first=True).fit(X, Y))
    found, threads = in_fresh_python(
        """
        import pickle, tensorflow as tf
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.set_visible_devices([], "GPU")
        import jobtag_sklearn.neural_network
        saved, X, Y = given
        model = pickle.loads(saved)
        result = [model.predict_proba(X), tf.config.threading.get_intra_op_parallelism_threads()]
        model.partial_fit(X, Y)
        """,
        (saved, X, Y),
    )
    np.testing.assert_array_equal(found, pickle.loads(saved).predict_proba(X))
    assert threads == 1


def test_beside_scikeras_of_ones_own():
    from scikeras.wrappers import KerasClassifier

    def build():
        network = keras.Sequential([keras.Input((12,)), keras.layers.Dense(1, "sigmoid")])
        network.compile("sgd", "binary_crossentropy")
        return network

    ours = small_classifier(scores_first=True)
    alone = ours.fit(X, Y).predict_proba(X)
    theirs = KerasClassifier(build, epochs=1, verbose=0).fit(X, Y[:, 0])
    before = theirs.predict(X[:8])
    np.testing.assert_array_equal(ours.fit(X, Y).predict_proba(X), alone)
    np.testing.assert_array_equal(theirs.predict(X[:8]), before)
