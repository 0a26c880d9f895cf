"""The same random_state gives the same bits, whatever runs between, and nothing global changes."""

import random

import keras
import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from small_models import in_fresh_python, make_tags, small_autoencoder, small_classifier
from tensorflow.python.framework.config import is_op_determinism_enabled

X, Y = make_tags(n_samples=90, n_features=70)
ROWS = sparse.csr_array(np.where(np.abs(X) > 0.8, X, 0))


def models(run_eagerly=True):
    """Return models with everything that draws numbers: dropout, order, folds, held-out rows."""
    random_draws = {"dropout": 0.3, "input_dropout": 0.2, "optimizer": "adamw", "epochs": 2}
    random_draws |= {"learning_rate": 0.02, "batch_size": 32, "run_eagerly": run_eagerly}
    return [
        small_classifier(n_wide_features=50, threshold="auto", **random_draws),
        small_classifier(early_stopping=True, threshold="auto", **random_draws),
        small_autoencoder(early_stopping=True, pooling="max", **random_draws),
        small_autoencoder(kernel_size=8, **random_draws),
    ]


def outputs_of(fitted):
    if hasattr(fitted, "transform"):
        return [fitted.transform(ROWS), fitted.reconstruction_error(ROWS)]
    return [fitted.predict_proba(ROWS), getattr(fitted, "threshold_", None)]


def learn(estimator):
    """Return everything a model says after a fit and after an update."""
    fitted = clone(estimator).fit(ROWS, Y)
    outputs = outputs_of(fitted)
    outputs += outputs_of(fitted.partial_fit(ROWS[:40], Y[:40]))
    return [*outputs, fitted.history_["loss"], *fitted.model_.get_weights()]


def assert_equal_bits(first, second):
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def fit_unseeded_network():
    network = keras.Sequential(
        [keras.Input((70,)), keras.layers.Dropout(0.5), keras.layers.Dense(3)]
    )
    network.compile("adam", "mse")
    network.fit(X, Y, verbose=0)
    return network


@pytest.fixture(scope="module")
def learnt():
    return [learn(estimator) for estimator in models()]


@pytest.mark.parametrize("position", range(len(models())))
def test_twice_in_one_process_with_an_unseeded_fit_between(learnt, position):
    fit_unseeded_network()
    keras.utils.set_random_seed(99)  # somebody else's seed changes nothing
    assert_equal_bits(learn(models()[position]), learnt[position])
    assert not is_op_determinism_enabled()


def test_in_another_process(learnt):
    there = in_fresh_python(
        """
        import sys
        sys.path[:0] = given
        import random, numpy as np
        import test_determinism as here
        here.fit_unseeded_network()
        np.random.seed(3), random.seed(4)
        # in another order, since nothing may depend on what was built before
        result = [here.learn(model) for model in here.models()[::-1]][::-1]
        """,
        [__file__.rpartition("neural_network")[0], __file__.rpartition("/")[0]],
    )
    for one, other in zip(there, learnt, strict=True):
        assert_equal_bits(one, other)


def test_compiled_twice():
    for estimator in models(run_eagerly=False)[:1]:
        first = learn(estimator)
        fit_unseeded_network()
        assert_equal_bits(learn(estimator), first)


def test_unseeded_fit_stays_unseeded():
    """TensorFlow's determinism switch would refuse it or make it repeat itself."""
    small_classifier().fit(X, Y)
    small_autoencoder().fit(X)
    first, second = fit_unseeded_network(), fit_unseeded_network()
    assert not np.array_equal(first.get_weights()[0], second.get_weights()[0])


def state_of_numpy():
    return [np.asarray(part).tolist() for part in np.random.get_state()]  # noqa: NPY002


def test_global_generators_are_neither_read_nor_changed():
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    keras_seed = keras.src.backend.common.global_state.get_global_attribute(
        "global_seed_generator"
    )
    before = keras_seed and np.asarray(keras_seed.state).tolist()
    states = random.getstate(), state_of_numpy()
    learn(models()[0])
    learn(models()[2].set_params(random_state=None))
    assert random.getstate() == states[0]
    assert state_of_numpy() == states[1]
    after = keras.src.backend.common.global_state.get_global_attribute("global_seed_generator")
    assert (after and np.asarray(after.state).tolist()) == before


@pytest.mark.parametrize("make", [small_classifier, small_autoencoder])
def test_generators_as_random_state(make):
    """As in scikit-learn, a generator goes on from fit to fit, and a clone has its own."""
    first = outputs_of(make(random_state=np.random.RandomState(5)).fit(ROWS, Y))
    estimator = make(random_state=np.random.RandomState(5))
    assert_equal_bits(outputs_of(clone(estimator).fit(ROWS, Y)), first)
    assert_equal_bits(outputs_of(estimator.fit(ROWS, Y)), first)
    assert not np.array_equal(outputs_of(estimator.fit(ROWS, Y))[0], first[0])
    assert not np.array_equal(outputs_of(make(random_state=6).fit(ROWS, Y))[0], first[0])


@pytest.mark.parametrize("make", [small_classifier, small_autoencoder])
def test_no_random_state_is_random(make):
    estimator = make(random_state=None, dropout=0.3, batch_size=16)
    first, second = outputs_of(estimator.fit(X, Y)), outputs_of(estimator.fit(X, Y))
    assert not np.array_equal(first[0], second[0])
