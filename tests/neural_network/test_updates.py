"""Updates of the classifier: how far they go, what they keep, tags that are new or unknown."""

import copy
import gc
import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss
from small_models import in_fresh_python, make_tags, small_classifier

from jobtag_sklearn.neural_network._batches import TrainingBatches
from jobtag_sklearn.neural_network._linear_path import empty_linear_path, fit_linear_path

X, Y = make_tags(n_samples=160, n_features=12, n_tags=3)
NAMES = ["Nursing", "Sales", "Driving"]
TABLE = pd.DataFrame(Y, columns=NAMES)
WIDE = {"n_wide_features": 8}


def update(path, rows, Y=Y, **settings):
    return update_with(X[rows], Y[rows].astype(np.float32), path=path, **settings)


def update_with(rows, tags, path=None, **settings):
    defaults = {
        "offset": np.zeros(tags.shape, np.float32),
        "weight": None,
        "C": 2.0,
        "memory": 1.0,
        "order": np.arange(len(tags)),
    }
    path = empty_linear_path(rows.shape[1], tags.shape[1]) if path is None else path
    return path.updated(rows, tags, **(defaults | settings))


# ---------------------------------------------------------------- the wide path


def test_an_update_is_the_minimum_that_its_docstring_names():
    path = update(empty_linear_path(12, 3), range(40))
    probability = 1 / (1 + np.exp(-path.logits(X[:40]).astype(float)))
    spread = (probability * (1 - probability)).sum(axis=0)
    np.testing.assert_allclose(path.information, spread, rtol=1e-3)
    rows = np.arange(40, 90)
    offset = np.linspace(-1, 1, 150, dtype=np.float32).reshape(50, 3)
    weight = np.random.RandomState(0).uniform(0.5, 2, size=(50, 3)).astype(np.float32)
    new = update(path, rows, offset=offset, weight=weight)
    for tag in range(3):
        hold = 2.0 ** np.round(np.log2(2.0 * path.information[tag] / 40))
        held = 1 + hold * np.append(path.seen, 40)

        def objective(change, tag=tag, held=held):
            logits = X[rows] @ (path.coef[:, tag] + change[:-1]) + path.intercept[tag]
            logits = logits + change[-1] + offset[:, tag]
            losses = np.logaddexp(0, logits) - Y[rows, tag] * logits
            return (held * change**2).sum() / 2 + 2.0 * (weight[:, tag] * losses).sum()

        best = minimize(objective, np.zeros(13), method="L-BFGS-B", options={"maxiter": 500})
        found = np.append(new.coef - path.coef, [new.intercept - path.intercept], axis=0)[:, tag]
        assert objective(found) <= best.fun + 1e-3 * abs(best.fun)
        np.testing.assert_allclose(found, best.x, atol=0.02)


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array])
def test_sparse_and_dense_rows_move_the_path_alike(container):
    dense = update(empty_linear_path(12, 3), range(60))
    rows = container(X[:60])
    thin = update_with(rows, Y[:60].astype(np.float32))
    for one, other in zip(dense, thin, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_what_was_seen_often_holds_its_weights():
    often = empty_linear_path(12, 3)._replace(
        seen=np.full(12, 1e6, np.float32), n_seen=100, information=np.full(3, 20, np.float32)
    )
    assert np.abs(update(often, range(40)).coef).max() < 1e-3
    assert np.abs(update(often, range(40), memory=0.0).coef).max() > 0.1


def test_batches_without_a_tag_do_not_erase_it():
    """The bias would answer for all rows, were it not held by those that were seen."""
    path, _ = fit_path(Y)
    without = np.zeros(Y.shape, np.float32)
    for _ in range(5):
        path = update_with(np.zeros((100, 12), np.float32), without[:100], path=path, C=10.0)
    assert f1_score(Y, path.logits(X) > 0, average="micro") > 0.5


@pytest.mark.parametrize("C", [10.0, 1e6])
@pytest.mark.parametrize("scale", [1.0, 1e2, 1e4])
@pytest.mark.parametrize("every", [1, 2])
def test_columns_of_any_scale_are_learnt(C, scale, every):
    """What holds hardly anything is a fit without a penalty, whatever the columns' unit."""
    noisy = np.random.RandomState(0).randint(0, 2, size=(60, 3)).astype(np.float32)
    rows = X[:60].astype(np.float32)
    rows[:, ::every] *= scale
    path = update_with(rows, noisy, C=C)
    for tag in range(3):
        free = LogisticRegression(C=1e6, max_iter=5_000).fit(X[:60], noisy[:, tag])
        best = log_loss(noisy[:, tag], free.predict_proba(X[:60])[:, 1])
        reached = log_loss(noisy[:, tag], expit(path.logits(rows)[:, tag].astype(float)))
        assert reached < best + 1e-3


def test_columns_beyond_rounding_are_named():
    rows, tags = X[:60].astype(np.float32), Y[:60].astype(np.float32)
    with pytest.raises(ValueError, match="scale the columns, or lower update_C"):
        update_with(rows, tags, C=1e300)
    rows[:, 3] *= 1e20
    with pytest.raises(ValueError, match="float32; scale the columns"):
        update_with(rows, tags, C=1.0)
    with pytest.raises(ValueError, match="float32; scale the columns"):
        fit_path(tags, rows)


def test_unknown_tags_and_rows_of_weight_zero_move_nothing():
    unknown = Y.astype(np.float32).copy()
    unknown[:, 1] = np.nan
    path = update(empty_linear_path(12, 3), range(40), Y=unknown)
    assert not path.coef[:, 1].any()
    assert path.coef[:, 0].any()
    weight = np.ones((40, 3), np.float32)
    weight[20:] = 0
    np.testing.assert_allclose(
        update(empty_linear_path(12, 3), range(40), weight=weight).coef,
        update(empty_linear_path(12, 3), range(20)).coef,
        atol=1e-5,
    )


def test_many_updates_come_close_to_a_fit_of_everything():
    path = update(empty_linear_path(12, 3), range(0, 20), C=10.0)
    first = log_loss(Y[120:].ravel(), 1 / (1 + np.exp(-path.logits(X[120:]).ravel())))
    for start in range(20, 120, 20):
        path = update(path, range(start, start + 20), C=10.0)
    last = log_loss(Y[120:].ravel(), 1 / (1 + np.exp(-path.logits(X[120:]).ravel())))
    assert last < 0.6 * first
    at_once = update(empty_linear_path(12, 3), range(120), C=10.0)
    reached, whole = (
        f1_score(Y[120:], some.logits(X[120:]) > 0, average="micro") for some in (path, at_once)
    )
    assert reached > whole - 0.1


def test_one_row_at_a_time_learns_what_all_at_once_do():
    """Noisy rows would each move the path too far, were it not held by what others said."""
    rng = np.random.RandomState(0)
    weights, rows = rng.normal(size=(12, 3)), rng.normal(size=(1_000, 12)).astype(np.float32)
    noisy = (rows @ weights / 2 + rng.logistic(size=(1_000, 3)) > 0).astype(np.float32)

    def loss(size, **settings):
        path, settings = empty_linear_path(12, 3), {"C": 10.0, "memory": 1.0} | settings
        for start in range(0, 300, size):
            some = slice(start, start + size)
            path = update_with(rows[some], noisy[some], path=path, **settings)
        return np.logaddexp(0, (1 - 2 * noisy[300:]) * path.logits(rows[300:])).mean()

    at_once = loss(300)
    assert loss(1) < 1.03 * at_once
    assert loss(1, memory=0.05) > 1.03 * at_once


def test_rows_of_which_a_tag_was_not_known_do_not_hold_it():
    path = update(empty_linear_path(12, 2), range(100), Y=Y[:, :2]).with_tags(1)
    rows = np.arange(100, 160)
    grown = update(path, rows)
    alone = update(empty_linear_path(12, 3), rows)
    np.testing.assert_allclose(grown.coef[:, 2], alone.coef[:, 2], atol=1e-5)
    np.testing.assert_allclose(grown.information[2], alone.information[2], rtol=1e-4)
    assert np.abs(grown.coef - path.coef)[:, 0].max() < np.abs(alone.coef)[:, 0].max()
    # and what it learns from now on does
    again = update(grown, rows)
    assert np.abs(again.coef - grown.coef)[:, 2].max() < np.abs(alone.coef)[:, 2].max() / 2


# ---------------------------------------------------------------- unknown tags in fit


def fit_path(tags, rows=X, **settings):
    defaults = {
        "C": 1.0,
        "balance": 0.5,
        "unlabeled_weight": 0.1,
        "n_folds": 3,
        "seed": 0,
    }
    return fit_linear_path(rows, tags.astype(np.float32), **(defaults | settings))


def test_rows_of_unknown_tags_teach_a_little():
    known = Y.astype(np.float32).copy()
    known[20:] = np.nan
    path, out_of_fold = fit_path(known)
    alone, _ = fit_path(known, unlabeled_weight=0.0)
    assert not np.allclose(path.coef, alone.coef)
    assert out_of_fold[:20].all()
    assert not out_of_fold[20:].any()
    only = fit_linear_path(
        X[:20], Y[:20].astype(np.float32), C=1.0, balance=0.5,
        unlabeled_weight=0.1, n_folds=3, seed=0,
    )[0]  # fmt: skip
    np.testing.assert_allclose(alone.coef, only.coef, atol=1e-5)
    np.testing.assert_array_equal(alone.seen, only.seen)
    np.testing.assert_allclose(alone.information, only.information, rtol=1e-5)


def test_a_tag_that_nobody_knows_is_left_alone():
    known = Y.astype(np.float32).copy()
    known[:, 2] = np.nan
    path, _ = fit_path(known)
    assert not path.coef[:, 2].any()


def test_own_answers_weigh_what_answers_of_their_kind_do():
    known = Y.astype(np.float32).copy()
    known[40:] = np.nan
    none, all_alike = np.zeros(3, np.float32), np.ones(3, np.float32)
    path, _ = fit_path(known, tag_weights=(none, all_alike))
    assert not path.coef.any()
    assert (path.intercept < 0).all()


def test_an_answer_that_weighs_nothing_is_left_out_in_silence(capfd):
    weights = (np.array([0, 1, 1], np.float32), np.ones(3, np.float32))
    path, _ = fit_path(Y, tag_weights=weights)
    assert not path.coef[:, 0].any()
    assert path.coef[:, 1:].any()
    assert capfd.readouterr() == ("", "")


def test_classifier_learns_from_rows_of_unknown_tags():
    hidden = TABLE.astype(float)
    hidden.iloc[30:] = np.nan
    with_them = small_classifier(**WIDE).fit(X, hidden)
    without = small_classifier(**WIDE, unlabeled_weight=0).fit(X, hidden)
    alone = small_classifier(**WIDE).fit(X[:30], TABLE[:30])
    assert not np.allclose(with_them.wide_.coef, alone.wide_.coef)
    np.testing.assert_array_equal(without.predict_proba(X), alone.predict_proba(X))


# ---------------------------------------------------------------- updates that fail


class _Failing(keras.callbacks.Callback):
    """Raise at the end of a batch, counted over all epochs."""

    def __init__(self, batch, error):
        super().__init__()
        self.left, self.error = batch, error

    def on_train_batch_end(self, batch, logs=None):
        if self.left == 0:
            raise self.error
        self.left -= 1


@pytest.mark.parametrize(
    "error", [RuntimeError("no"), KeyboardInterrupt()], ids=["error", "Ctrl-C"]
)
def test_an_update_that_fails_in_any_batch_leaves_no_trace(error):
    settings = {"optimizer": "adam", "dropout": 0.2, "batch_size": 20}
    model = small_classifier(**WIDE, **settings).fit(X[:80], TABLE[:80])
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
    model = small_classifier(**WIDE, warm_start=warm_start, epochs=2, batch_size=60).fit(X, TABLE)
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


@pytest.fixture(scope="module", params=[{}, WIDE], ids=["deep", "wide"])
def fitted(request):
    classifier = small_classifier(optimizer="adam", **request.param)
    return classifier.fit(X[:100], TABLE[["Nursing", "Sales"]][:100])


def test_new_tags_raise_unless_they_are_asked_for(fitted):
    before = fitted.predict_proba(X)
    with pytest.raises(ValueError, match=r"unknown tags.*'Driving'.*knows.*'Sales'.*new_tags"):
        fitted.partial_fit(X, TABLE)
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


def test_a_new_tag_gets_a_column_and_is_learnt(fitted):
    model = copy.deepcopy(fitted).set_params(new_tags="add", update_learning_rate=1e-9)
    before = model.predict_proba(X)
    if model.wide_ is not None:
        model.set_params(update_C=0.0)
    model.partial_fit(X[100:], TABLE[100:])
    assert model.classes_.tolist() == ["Nursing", "Sales", "Driving"]
    np.testing.assert_allclose(model.predict_proba(X)[:, :2], before, atol=1e-5)
    # what it says of the new tag is how frequent it is, until it has learnt it
    np.testing.assert_allclose(
        model.predict_proba(X)[:, 2], TABLE["Driving"][100:].mean(), atol=0.02
    )
    model.set_params(update_learning_rate=0.05, update_C=10.0, new_tags="error")
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
    classifier = small_classifier(n_wide_features=4, epochs=1).fit(X, Y)
    classifier.partial_fit(X, Y)
    gc.collect()
    # isinstance would load every module that TensorFlow has put off
    kept = [one for one in gc.get_objects() if type(one) is TrainingBatches]
    # TensorFlow may keep the object, but nothing of what it was made of
    assert all(one._X.shape[0] == 1 for one in kept)
