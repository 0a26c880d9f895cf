"""Updates of the classifier: failures, and tags that are new or unknown."""

import copy
import gc
import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score
from small_models import in_fresh_python, make_tags, small_classifier

from jobtag_sklearn.neural_network._batches import TrainingBatches

X, Y = make_tags(n_samples=160, n_features=12, n_tags=3)
NAMES = ["Nursing", "Sales", "Driving"]
TABLE = pd.DataFrame(Y, columns=NAMES)
FOLDS = {"scores_first": True, "threshold": "auto"}


# ---------------------------------------------------------------- updates that fail


class _Failing(keras.callbacks.Callback):
    """Raise at the end of a mini-batch, counted over all epochs of a fit."""

    def __init__(self, batch, error):
        super().__init__()
        self.left, self.error = batch, error

    def __deepcopy__(self, memo):
        return _Failing(self.left, self.error)

    def on_train_batch_end(self, batch, logs=None):
        if self.left == 0:
            raise self.error
        self.left -= 1


@pytest.mark.parametrize(
    "error", [RuntimeError("no"), KeyboardInterrupt()], ids=["error", "Ctrl-C"]
)
def test_an_update_that_fails_in_any_batch_leaves_no_trace(error):
    settings = {"optimizer": "adam", "dropout": 0.2, "batch_size": 20}
    model = small_classifier(**FOLDS, **settings).fit(X[:80], TABLE[:80])
    untouched = copy.deepcopy(model)
    before = model.predict_proba(X)
    for batch in range(4):
        model.set_params(callbacks=[_Failing(batch, error)])
        with pytest.raises(type(error)):
            model.partial_fit(X[80:], TABLE[80:])
        np.testing.assert_array_equal(model.predict_proba(X), before)
    # the optimizer's moments, the generators and the history are what they were too
    model.set_params(callbacks=None).partial_fit(X[80:], TABLE[80:])
    untouched.partial_fit(X[80:], TABLE[80:])
    np.testing.assert_array_equal(model.predict_proba(X), untouched.predict_proba(X))
    assert model.history_ == untouched.history_


@pytest.mark.parametrize("warm_start", [False, True])
def test_a_fit_that_fails_in_any_batch_of_any_epoch_leaves_the_fitted_model(warm_start):
    model = small_classifier(**FOLDS, warm_start=warm_start, epochs=2, batch_size=60).fit(X, TABLE)
    before, untouched = model.predict_proba(X), copy.deepcopy(model)
    n_batches = 2 * -(-len(X) // 60)
    for batch in range(n_batches):
        model.set_params(callbacks=[_Failing(batch, MemoryError())])
        with pytest.raises(MemoryError):
            model.fit(X, TABLE)
        np.testing.assert_array_equal(model.predict_proba(X), before)
        assert model.history_ == untouched.history_
    # there was no batch more, and the generators are what they were too
    model.set_params(callbacks=[_Failing(n_batches, MemoryError())]).fit(X, TABLE)
    untouched.fit(X, TABLE)
    np.testing.assert_array_equal(model.predict_proba(X), untouched.predict_proba(X))


def test_a_loss_that_is_no_number_ends_the_training():
    model = small_classifier().fit(X, TABLE)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="the loss became (nan|inf) in batch"):
        model.set_params(learning_rate=1e30, batch_size=10).partial_fit(X * 1e20, TABLE)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_weights_that_are_no_numbers_after_the_last_step_are_not_kept():
    model = small_classifier(optimizer="sgd").fit(X, TABLE)
    before = model.predict_proba(X)
    # one step only: its loss is finite still
    model.set_params(update_learning_rate=1e38, batch_size=len(X))
    with pytest.raises(ValueError, match="weights became infinite or no number in the last step"):
        model.partial_fit(X * 1e4, TABLE)
    np.testing.assert_array_equal(model.predict_proba(X), before)


# ---------------------------------------------------------------- new tags


@pytest.fixture(scope="module")
def fitted():
    classifier = small_classifier(optimizer="adam", learning_rate=0.05, hidden_layer_sizes=(16,))
    return classifier.fit(X[:100], TABLE[["Nursing", "Sales"]][:100])


def test_new_tags_raise_unless_they_are_asked_for(fitted):
    before = fitted.predict_proba(X)
    with pytest.raises(ValueError, match=r"unknown tags.*'Driving'.*knows.*'Sales'.*new_tags"):
        fitted.partial_fit(X, TABLE)
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


def test_a_new_tag_gets_a_column_and_is_learnt(fitted):
    model = copy.deepcopy(fitted).set_params(new_tags="add", update_learning_rate=1e-9)
    before = model.predict_proba(X)
    model.partial_fit(X[100:], TABLE[100:])
    assert model.classes_.tolist() == ["Nursing", "Sales", "Driving"]
    np.testing.assert_allclose(model.predict_proba(X)[:, :2], before, atol=1e-5)
    # what it says of the new tag is how frequent it is, until it has learnt it
    np.testing.assert_allclose(
        model.predict_proba(X)[:, 2], TABLE["Driving"][100:].mean(), atol=0.02
    )
    model.set_params(update_learning_rate=0.05, new_tags="error")
    for _ in range(25):
        model.partial_fit(X[:100], TABLE[:100])
    assert f1_score(Y[100:, 2], model.predict(X[100:])[:, 2]) > 0.7


def test_a_grown_classifier_is_saved_and_goes_on(fitted):
    model = copy.deepcopy(fitted).set_params(new_tags="add").partial_fit(X[100:], TABLE[100:])
    again = in_fresh_python(
        """
        model, X, table = given
        model.partial_fit(X, table)
        result = model.predict_proba(X)
        """,
        (model, X, TABLE),
    )
    loaded = pickle.loads(pickle.dumps(model)).partial_fit(X, TABLE)
    np.testing.assert_array_equal(loaded.predict_proba(X), again)
    np.testing.assert_array_equal(model.partial_fit(X, TABLE).predict_proba(X), again)


def test_an_update_with_new_tags_that_fails_adds_none(fitted):
    model = copy.deepcopy(fitted).set_params(new_tags="add", threshold=[0.5, 0.5])
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match=r"threshold has shape \(2,\), but there are 3 tags"):
        model.partial_fit(X, TABLE)
    assert model.classes_.tolist() == ["Nursing", "Sales"]
    np.testing.assert_array_equal(model.predict_proba(X), before)
    model.set_params(threshold=0.5).partial_fit(X, TABLE)
    assert model.predict(X).shape == (160, 3)


def test_new_tags_of_balanced_classes_weigh_one():
    model = small_classifier(class_weight="balanced", new_tags="add")
    model.fit(X, TABLE[["Nursing", "Sales"]]).partial_fit(X, TABLE)
    assert model.predict_proba(X).shape == (160, 3)


def test_class_weight_may_name_a_tag_that_comes_later():
    named = {"Sales": 2.0, "Driving": 7.0}
    late, plain = (
        small_classifier(new_tags="add", class_weight=weights).fit(X, TABLE[["Nursing", "Sales"]])
        for weights in (named, None)
    )
    assert late.partial_fit(X, TABLE)._class_weights[0].tolist() == [1.0, 2.0, 7.0]
    # set later, it holds for the new tag; the others keep the weights of the fit
    plain.set_params(class_weight=named).partial_fit(X, TABLE)
    assert plain._class_weights[0].tolist() == [1.0, 1.0, 7.0]
    gain = late.predict_proba(X)[:, 2].mean()
    without = small_classifier(new_tags="add").fit(X, TABLE[["Nursing", "Sales"]])
    assert gain > without.partial_fit(X, TABLE).predict_proba(X)[:, 2].mean()
    with pytest.raises(ValueError, match="class_weight names tags that y does not have"):
        small_classifier(class_weight=named).fit(X, TABLE[["Nursing", "Sales"]])
    with pytest.raises(ValueError, match="class_weight of 'Driving' is -1"):
        plain.set_params(class_weight={"Driving": -1}).partial_fit(X, TABLE.assign(Cooking=0))
    assert plain.classes_.tolist() == NAMES


def test_a_new_tag_of_which_nothing_is_known_is_given_to_nobody(fitted):
    model = copy.deepcopy(fitted).set_params(new_tags="add")
    model.partial_fit(X, TABLE.assign(Driving=np.nan))
    assert not model.predict(X)[:, 2].any()


def test_names_of_new_tags_keep_their_types():
    model = small_classifier(new_tags="add").fit(X, Y)
    model.partial_fit(X, pd.DataFrame({0: Y[:, 0], "new": Y[:, 1]}))
    assert model.classes_.tolist() == [0, 1, 2, "new"]
    model.partial_fit(X, pd.DataFrame({("two", "levels"): Y[:, 0], 2: Y[:, 2]}))
    assert model.classes_.tolist() == [0, 1, 2, "new", ("two", "levels")]


def test_names_of_new_tags_are_not_cut():
    model = small_classifier(new_tags="add").fit(X, TABLE[["Sales"]].assign(B=Y[:, 0]))
    model.partial_fit(X, TABLE[["Sales"]].assign(**{"a much longer name": Y[:, 1]}))
    assert model.classes_.tolist() == ["Sales", "B", "a much longer name"]


def test_rows_are_let_go_once_they_are_learnt():
    X, Y = make_tags(n_samples=200)
    classifier = small_classifier(epochs=1, **FOLDS).fit(X, Y)
    classifier.partial_fit(X, Y)
    gc.collect()
    # isinstance would load every module that TensorFlow has put off
    kept = [one for one in gc.get_objects() if type(one) is TrainingBatches]
    # TensorFlow may keep the object, but nothing of what it was made of
    assert all(one._X.shape[0] == 1 for one in kept)
