"""What scikeras 0.13 breaks and the bridge mends, a test for each."""

import copy
import inspect
import pickle
import warnings

import keras
import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import KFold, StratifiedKFold, check_cv, cross_val_predict
from sklearn.utils import get_tags
from small_models import in_fresh_python, make_tags, small_autoencoder, small_classifier

from jobtag_sklearn.neural_network import ConvAutoencoderTransformer, KerasMultiLabelClassifier

X, Y = make_tags()
BOTH = [small_classifier(), small_autoencoder()]
both = pytest.mark.parametrize("estimator", BOTH, ids=lambda e: type(e).__name__)


class Recorder(keras.callbacks.Callback):
    """Remember epochs, and what it was made with."""

    def __init__(self, word="none"):
        super().__init__()
        self.word = word
        self.epochs, self.optimizer = [], {}

    def __deepcopy__(self, memo):
        """Share what is remembered: each fit works on a deep copy."""
        return copy.copy(self)

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)
        self.optimizer.update(self.model.optimizer.get_config())


def test_keras_is_as_it_was_before_the_import():
    """In a new process, since here the bridge was imported before."""
    different, deterministic, shape, gauss = in_fresh_python(
        """
        import copy
        import keras

        def patchable():
            owners = [keras.Model, keras.Layer, keras.losses.Loss, keras.metrics.Metric,
                      keras.optimizers.Optimizer, keras.callbacks.Callback, keras.Sequential]
            return {(owner.__name__, name): id(value)
                    for owner in owners for name, value in list(vars(owner).items())
                    if callable(value)}

        import random
        import numpy as np
        import tensorflow as tf
        before = patchable()
        states = random.getstate(), np.random.get_state()[1].tolist()
        import jobtag_sklearn.neural_network
        from small_models import make_tags, small_autoencoder, small_classifier
        after = patchable()
        different = sorted({name for name, _ in before.items() ^ after.items()})
        X, Y = make_tags()
        small_classifier().fit(X, Y)
        small_autoencoder().fit(X, Y)
        deterministic = tf.config.experimental.enable_op_determinism.__module__ and bool(
            tf.python.framework.config.is_op_determinism_enabled()
            if hasattr(tf, "python") else
            __import__("tensorflow.python.framework.config", fromlist=["x"])
            .is_op_determinism_enabled())
        same_states = states == (random.getstate(), np.random.get_state()[1].tolist())
        # an unseeded network between two seeded ones
        network = keras.Sequential([keras.Input((12,)), keras.layers.Dropout(0.5),
                                    keras.layers.Dense(3)])
        network.compile("adam", "mse", run_eagerly=True)
        network.fit(X, Y, verbose=0)
        small_classifier().fit(X, Y)
        copied = copy.deepcopy(network)
        result = different, deterministic, copied.predict(X[:2], verbose=0).shape, same_states
        """.replace("import copy\n", "import sys; sys.path[:0] = given\n        import copy\n", 1),
        given=[__file__.rpartition("neural_network")[0]],
    )
    assert different == []
    assert deterministic is False
    assert shape == (2, 3)
    assert gauss, "the global generators of Python or NumPy were used"


def test_plain_keras_still_pickles_without_scikeras():
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' own, of NumPy
        assert b"scikeras" not in pickle.dumps(network)
    for thing in (keras.optimizers.Adam(), keras.losses.MeanSquaredError(), small_classifier()):
        assert b"scikeras" not in pickle.dumps(thing)


@both
def test_parameters_are_those_of_the_constructor(estimator):
    names = set(estimator.get_params())
    estimator = clone(estimator).fit(X, Y)
    assert set(estimator.get_params()) == names
    assert not any(name.endswith("_") or name.startswith("_") for name in names)
    assert {"learning_rate", "epochs", "callbacks"} <= names
    assert "routed" not in names
    assert "model" not in names  # scikeras' own


@pytest.mark.parametrize(
    ("mistyped", "nearest"),
    [
        ("batchsize", "batch_size"),
        ("learning_rat", "learning_rate"),
        ("optimiser", "optimizer"),
        ("optimiser__momentum", "optimizer"),
        ("callback__patience", "callbacks"),
        ("hidden_layers_sizes", "hidden_layer_sizes"),
        ("dropuot", "dropout"),
        ("random_sate", "random_state"),
    ],
)
@both
def test_mistyped_parameter_names_the_nearest(estimator, mistyped, nearest):
    with pytest.raises(TypeError, match=rf"Invalid parameter '{mistyped}'.*mean '{nearest}'"):
        type(estimator)(**{mistyped: 3})
    estimator = clone(estimator)
    before = estimator.get_params()
    with pytest.raises(ValueError, match=rf"Invalid parameter '{mistyped}'.*mean '{nearest}'"):
        estimator.set_params(epochs=77, **{mistyped: 3})
    assert estimator.get_params() == before, "nothing is set when one name is wrong"


@both
def test_parameters_of_scikeras_and_prefixes_alone_are_refused(estimator):
    for name in ("model", "loss", "optimizer__", "__momentum", "routed", "fit__epochs", "zzz"):
        with pytest.raises(ValueError, match="Invalid parameter"):
            clone(estimator).set_params(**{name: 1})
        with pytest.raises(TypeError, match="Invalid parameter"):
            type(estimator)(**{name: 1})


@both
def test_clone_keeps_routed_parameters(estimator):
    routed = {
        "optimizer": "sgd",
        "optimizer__momentum": 0.7,
        "callbacks": Recorder,
        "callbacks__word": "hello",
    }
    made = type(estimator)(**routed)
    assert {name: made.get_params()[name] for name in routed} == routed
    copied = clone(clone(estimator).set_params(**routed))
    assert {name: copied.get_params()[name] for name in routed} == routed
    assert "optimizer__momentum=0.7" in repr(copied)
    assert pickle.loads(pickle.dumps(copied)).get_params()["optimizer__momentum"] == 0.7


@both
def test_routed_parameters_arrive(estimator):
    estimator = clone(estimator).set_params(
        optimizer="sgd", optimizer__momentum=0.7, optimizer__learning_rate=0.125, epochs=2
    )
    recorder = Recorder()
    estimator.set_params(callbacks=[recorder]).fit(X, Y)
    assert recorder.epochs == [0, 1]
    assert recorder.optimizer["momentum"] == pytest.approx(0.7)
    assert 0 < recorder.optimizer["learning_rate"] <= 0.125
    assert len(estimator.history_["learning_rate"]) == 2

    made = []

    class Noted(Recorder):
        def __init__(self, word="none"):
            super().__init__(word)
            made.append(self)

    estimator.set_params(callbacks=Noted, callbacks__word="hello").fit(X, Y)
    assert [callback.word for callback in made] == ["hello"]
    assert made[0].epochs == [0, 1]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda callback: callback,
        lambda callback: [callback],
        lambda callback: {"mine": callback},
        lambda callback: {"mine": [callback]},
        lambda callback: [[callback]],
    ],
    ids=["object", "list", "dict", "dict of lists", "list of lists"],
)
@both
def test_callbacks_come_in_every_form_that_scikeras_takes(estimator, wrap):
    recorder = Recorder()
    estimator = clone(estimator, safe=False).set_params(callbacks=wrap(recorder)).fit(X, Y)
    assert len(recorder.epochs) == estimator.epochs
    pickle.dumps(estimator)  # a callback that keeps its network would not let it


@both
def test_wrong_routed_parameter_leaves_the_fitted_model(estimator):
    estimator = clone(estimator).fit(X, Y)
    method = "predict_proba" if is_classifier(estimator) else "transform"
    before = getattr(estimator, method)(X)
    for wrong in (
        {"optimizer__momentun": 0.5},
        {"optimizer": "addam"},
        {"callbacks": Recorder, "callbacks__wrod": 3},
        {"callbacks": ["no callback"]},
    ):
        broken = copy.deepcopy(estimator).set_params(**wrong)
        for learn in (broken.fit, broken.partial_fit):
            if learn == broken.partial_fit and "callbacks" not in wrong:
                continue  # an update keeps the optimizer
            with pytest.raises((ValueError, TypeError)):
                learn(X[:, ::-1].copy() * 3, 1 - Y)
            np.testing.assert_array_equal(getattr(broken, method)(X), before)


@both
def test_optimizer_object_is_a_pattern(estimator):
    pattern = keras.optimizers.SGD(learning_rate=0.0625, momentum=0.5)
    config = pattern.get_config()
    estimator = clone(estimator).set_params(optimizer=pattern)
    recorder = Recorder()
    estimator.set_params(callbacks=[recorder])
    first = estimator.fit(X, Y).history_["loss"]
    assert estimator.optimizer is pattern
    assert pattern.get_config() == config
    assert not pattern.built
    assert recorder.optimizer["momentum"] == 0.5
    assert estimator.fit(X, Y).history_["loss"] == first
    copied = clone(estimator)
    assert type(copied.optimizer) is type(pattern)
    assert copied.fit(X, Y).history_["loss"] == first
    assert pickle.loads(pickle.dumps(copied)).fit(X, Y).history_["loss"] == first


def test_optimizer_class():
    recorder = Recorder()
    small_classifier(
        optimizer=keras.optimizers.RMSprop, optimizer__rho=0.75, callbacks=recorder
    ).fit(X, Y)
    assert recorder.optimizer["rho"] == 0.75


class OwnOptimizer(keras.optimizers.SGD):
    """An optimizer that Keras does not know by name."""


@pytest.mark.parametrize(
    "optimizer", [OwnOptimizer, OwnOptimizer(0.25, momentum=0.5)], ids=["class", "object"]
)
def test_optimizer_of_ones_own_is_pickled(optimizer):
    classifier = small_classifier(optimizer=optimizer).fit(X, Y)
    copied = pickle.loads(pickle.dumps(classifier))
    assert type(copied.model_.optimizer) is OwnOptimizer
    np.testing.assert_array_equal(
        copied.partial_fit(X, Y).predict_proba(X), classifier.partial_fit(X, Y).predict_proba(X)
    )


def test_learning_rate_that_is_a_schedule():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    classifier = small_classifier(optimizer=keras.optimizers.SGD(learning_rate=schedule)).fit(X, Y)
    copied = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(copied.predict_proba(X), classifier.predict_proba(X))
    classifier.partial_fit(X, Y)
    copied.partial_fit(X, Y)
    np.testing.assert_array_equal(copied.predict_proba(X), classifier.predict_proba(X))


def test_one_row_has_two_dimensions():
    classifier = small_classifier().fit(X, Y)
    assert classifier.predict_proba(X[:1]).shape == (1, 3)
    assert classifier.predict(X[:1]).shape == (1, 3)
    assert len(classifier.predict_tags(X[:1])) == 1
    assert small_classifier().fit(X, Y[:, 0]).predict_proba(X[:1]).shape == (1, 2)
    assert small_autoencoder().fit(X).transform(X[:1]).shape == (1, 3)


def test_first_batch_does_not_decide_what_a_target_is():
    """Exactly one tag a row is no class a row."""
    one_each = np.eye(3, dtype=int)[np.arange(60) % 3]
    classifier = small_classifier(threshold=0.0).partial_fit(X, one_each)
    classifier.partial_fit(X, Y)
    assert (classifier.predict(X) == 1).all()
    assert classifier.predict_proba(X).shape == (60, 3)
    assert not np.allclose(classifier.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize("other", [np.float64, np.float32, np.int64, np.uint8, np.bool_])
def test_types_may_change_between_calls(other):
    whole = np.abs(np.round(X * 2)).astype(np.uint8)
    if other is np.bool_:
        whole = (whole > 0).astype(np.uint8)
    classifier = small_classifier().fit(whole.astype(np.float32), Y.astype(int))
    expected = classifier.predict_proba(whole.astype(np.float32))
    np.testing.assert_array_equal(classifier.predict_proba(whole.astype(other)), expected)
    classifier.partial_fit(whole.astype(other), Y.astype(other))
    classifier.partial_fit(whole.astype(np.float64), Y.astype(np.float64))

    autoencoder = small_autoencoder().fit(whole.astype(np.float32), Y)
    codes = autoencoder.transform(whole.astype(np.float32))
    np.testing.assert_array_equal(autoencoder.transform(whole.astype(other)), codes)
    autoencoder.partial_fit(whole.astype(other), Y.astype(other))


@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0}])
def test_sample_weight_is_left_as_it_was(class_weight):
    for y in (Y, Y[:, 0]):
        for dtype in (np.float32, np.float64):
            weight = np.linspace(0.0, 2.0, len(X)).astype(dtype)
            kept, rows, tags = weight.copy(), X.copy(), y.copy()
            classifier = small_classifier(
                class_weight=class_weight, scores_first=True, threshold="auto"
            )
            classifier.fit(rows, tags, sample_weight=weight)
            classifier.partial_fit(rows, tags, sample_weight=weight)
            np.testing.assert_array_equal(weight, kept)
            np.testing.assert_array_equal(rows, X)
            np.testing.assert_array_equal(tags, y)
        assert not isinstance(class_weight, dict) or class_weight == {0: 3.0}


def test_scikit_learn_knows_what_they_are():
    tags = get_tags(KerasMultiLabelClassifier())
    assert tags.estimator_type == "classifier"
    assert tags.classifier_tags.multi_label
    assert tags.classifier_tags.multi_class
    assert tags.target_tags.required
    assert not tags.input_tags.sparse
    assert is_classifier(KerasMultiLabelClassifier())
    assert isinstance(check_cv(3, Y[:, 0], classifier=True), StratifiedKFold)
    assert isinstance(check_cv(3, Y, classifier=True), KFold)

    tags = get_tags(ConvAutoencoderTransformer())
    assert tags.estimator_type is None
    assert tags.classifier_tags is None
    assert tags.transformer_tags.preserves_dtype == ["float32"]
    assert not tags.target_tags.required
    assert tags.input_tags.sparse


def test_integer_cv_stratifies_labels():
    """scikeras has no estimator type, so integers gave plain folds and a missing class."""
    y = np.repeat(["a", "b"], [50, 10])
    probabilities = cross_val_predict(
        small_classifier(epochs=1), X, y, cv=2, method="predict_proba"
    )
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_methods_of_the_base_class_are_hidden():
    hidden = ["scorer", "initialize", "initialized_", "current_epoch", "feature_encoder"]
    for estimator in BOTH:
        for name in [*hidden, "target_encoder"]:
            assert not hasattr(estimator, name)
            assert not hasattr(type(estimator), name)
    for name in ("predict", "predict_proba", "predict_tags"):
        assert not hasattr(small_autoencoder(), name)
        assert hasattr(small_classifier(), name)
    for name in ("transform", "inverse_transform", "fit_transform"):
        assert not hasattr(small_classifier(), name)
        assert hasattr(small_autoencoder(), name)


@both
def test_public_attributes_after_fit_end_in_an_underscore(estimator):
    fitted = clone(estimator).fit(X, Y)
    new = set(vars(fitted)) - set(vars(estimator))
    assert all(name.endswith("_") or name.startswith("_") for name in new)
    assert {"model_", "history_", "n_epochs_", "n_features_in_"} <= new
    # Python 3.13 keeps docstrings without their indentation
    documented = inspect.getdoc(type(estimator)).partition("Attributes\n")[2]
    documented = documented.partition("See Also")[0]
    for name in new:
        assert name.startswith("_") or f"\n{name} : " in documented, name
