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
ROWS = sparse.csr_array(np.where(X > 0.8, X, 0))


def models(run_eagerly=True):
    """Return models with everything that draws numbers: dropout, order, folds, held-out rows."""
    random_draws = {"dropout": 0.3, "input_dropout": 0.2, "optimizer": "adamw", "epochs": 2}
    random_draws |= {"learning_rate": 0.02, "batch_size": 32, "run_eagerly": run_eagerly}
    return [
        small_classifier(scores_first=True, threshold="auto", **random_draws),
        small_classifier(early_stopping=True, threshold="auto", cv=2, **random_draws),
        small_autoencoder(early_stopping=True, **random_draws),
    ]


def rows_for(estimator):
    return ROWS if hasattr(estimator, "transform") else X


def outputs_of(fitted):
    if hasattr(fitted, "transform"):
        return [fitted.transform(ROWS), fitted.reconstruction_error(ROWS)]
    return [fitted.predict_proba(X), fitted.deep_share_, getattr(fitted, "threshold_", None)]


def learn(estimator):
    """Return all results of a model after a fit and after an update."""
    rows = rows_for(estimator)
    fitted = clone(estimator).fit(rows, Y)
    outputs = outputs_of(fitted)
    outputs += outputs_of(fitted.partial_fit(rows[:40], Y[:40]))
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
    for estimator in models()[::2]:
        learn(estimator)
    assert state_of_numpy() == states[1]
    # only random_state=None draws from NumPy's generator
    learn(models()[0].set_params(random_state=None))
    assert state_of_numpy() != states[1]
    assert random.getstate() == states[0]
    after = keras.src.backend.common.global_state.get_global_attribute("global_seed_generator")
    assert (after and np.asarray(after.state).tolist()) == before


@pytest.mark.parametrize("make", [small_classifier, small_autoencoder])
def test_generators_as_random_state(make):
    """As in scikit-learn, a generator goes on from fit to fit, and a clone has its own."""
    estimator = make(random_state=np.random.RandomState(5))
    rows = rows_for(estimator)
    first = outputs_of(make(random_state=np.random.RandomState(5)).fit(rows, Y))
    assert_equal_bits(outputs_of(clone(estimator).fit(rows, Y)), first)
    assert_equal_bits(outputs_of(estimator.fit(rows, Y)), first)
    assert not np.array_equal(outputs_of(estimator.fit(rows, Y))[0], first[0])
    assert not np.array_equal(outputs_of(make(random_state=6).fit(rows, Y))[0], first[0])


@pytest.mark.parametrize("make", [small_classifier, small_autoencoder])
def test_no_random_state_draws_from_numpy(make):
    """As everywhere in scikit-learn: two fits differ, unless NumPy's generator is seeded."""
    estimator = make(random_state=None, dropout=0.3, batch_size=16)
    outputs = []
    for seed in (1, None, 1):
        if seed is not None:
            np.random.seed(seed)  # noqa: NPY002
        outputs.append(outputs_of(estimator.fit(rows_for(estimator), Y)))
    assert not np.array_equal(outputs[0][0], outputs[1][0])
    assert_equal_bits(outputs[0], outputs[2])
