"""KerasMultiLabelClassifier: what it learns, what it refuses, how it goes on."""

import copy
import pickle
import re

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
)
from small_models import in_fresh_python, make_tags, small_classifier

from jobtag_sklearn.model_selection import choose_thresholds

X, Y = make_tags(n_samples=80, n_features=12, n_tags=3)
NAMES = ["Nursing", "Sales", "Driving"]
TABLE = pd.DataFrame(Y, columns=NAMES, index=[f"job {i}" for i in range(80)])
#: Learns these rows in a few epochs.
LEARNS = {"hidden_layer_sizes": (32,), "batch_size": 20, "learning_rate": 2.0, "epochs": 8}
LABELS = np.array(["lo", "mid", "hi"])[np.digitize(X[:, 0], [-0.5, 0.5])]


def assert_same(first, second):
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


@pytest.fixture(scope="module")
def fitted():
    return small_classifier(**LEARNS).fit(X, TABLE)


# ---------------------------------------------------------------- what it learns


def test_learns_tags(fitted):
    assert f1_score(Y, fitted.predict(X), average="micro") > 0.85
    assert fitted.score(X, Y) == (fitted.predict(X) == Y).all(axis=1).mean()
    assert fitted.predict(X).dtype == np.int64
    probabilities = fitted.predict_proba(X)
    assert probabilities.dtype == np.float64
    assert ((probabilities > 0) & (probabilities < 1)).all()


def test_learns_what_no_linear_model_can():
    rng = np.random.RandomState(0)
    rows = rng.choice([-1.0, 1.0], size=(120, 2))
    exclusive = (rows[:, 0] != rows[:, 1]).astype(int)
    tags = np.column_stack([exclusive, 1 - exclusive])
    deep = small_classifier(
        hidden_layer_sizes=(32,), optimizer="adam", learning_rate=0.05, batch_size=120, epochs=12
    ).fit(rows, tags)
    assert deep.score(rows, tags) > 0.95
    assert LogisticRegression().fit(rows, exclusive).score(rows, exclusive) < 0.8


def test_default_network_is_the_documented_one():
    classifier = small_classifier().set_params(
        hidden_layer_sizes=(200, 150, 100, 50, 25), dropout=0.2, epochs=1
    )
    network = classifier.fit(X, Y).model_
    dense = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    sizes = [layer.units for layer in dense if layer.name.startswith("hidden")]
    assert sizes == [200, 150, 100, 50, 25]
    assert {layer.activation.__name__ for layer in dense if layer.units > 3} == {"relu"}
    dropout = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    assert len(dropout) == 5
    assert {layer.rate for layer in dropout} == {0.2}
    assert clone(classifier).set_params(hidden_layer_sizes=[7]).fit(X, Y).predict(X).shape == (
        80,
        3,
    )


def test_loss_is_the_cross_entropy_of_known_tags():
    known = Y.astype(float)
    known[::3, 1] = np.nan
    settings = {"batch_size": 80, "optimizer": keras.optimizers.SGD(0.5)}
    classifier = small_classifier(epochs=2, **settings).fit(X, known)
    # at first all rows have the frequencies as their probabilities
    rates = (np.nansum(known, axis=0) + 0.05) / ((~np.isnan(known)).sum(axis=0) + 1)
    of_frequencies = -(known * np.log(rates) + (1 - known) * np.log(1 - rates))
    assert classifier.history_["loss"][0] == pytest.approx(
        np.nansum(of_frequencies) / known.size, rel=1e-5
    )
    # the second epoch reports the loss of the network that the first one left
    probabilities = small_classifier(epochs=1, **settings).fit(X, known).predict_proba(X)
    expected = sum(
        log_loss(known[rows, tag], probabilities[rows, tag], normalize=False)
        for tag in range(3)
        for rows in [~np.isnan(known[:, tag])]
    )
    assert classifier.history_["loss"][1] == pytest.approx(expected / known.size, rel=1e-4)


# ---------------------------------------------------------------- forms of X and y


@pytest.mark.parametrize("scores_first", [False, True])
def test_containers_of_rows_agree(scores_first):
    settings = {"epochs": 1, "scores_first": scores_first, "threshold": "auto"}
    expected = small_classifier(**settings).fit(X, Y)
    for container in (np.asfortranarray, pd.DataFrame, np.ndarray.tolist):
        given = container(X)
        classifier = small_classifier(**settings).fit(given, Y)
        np.testing.assert_allclose(
            classifier.predict_proba(given), expected.predict_proba(X), atol=1e-5
        )
        np.testing.assert_array_equal(classifier.predict(given), expected.predict(X))
    with pytest.raises(TypeError, match="dense data is required"):
        small_classifier().fit(sparse.csr_array(X), Y)


def test_containers_of_tags_agree():
    expected = small_classifier(epochs=1).fit(X, Y)
    for container in (
        np.ndarray.tolist,
        sparse.csr_matrix,
        sparse.csr_array,
        sparse.coo_array,
        np.asfortranarray,
        lambda tags: tags.astype(bool),
        lambda tags: tags.astype(np.float64),
        lambda tags: tags.astype(object),
        lambda tags: pd.DataFrame(tags, columns=NAMES),
        lambda tags: pd.DataFrame(tags, columns=NAMES).astype("boolean"),
        lambda tags: pd.DataFrame(tags, columns=NAMES).astype("Int64"),
        lambda tags: pd.DataFrame(tags, columns=NAMES).astype(object),
        lambda tags: pd.DataFrame(tags, columns=NAMES).astype("category"),
    ):
        given = container(Y)
        assert_same(small_classifier(epochs=1).fit(X, given), expected)


def test_columns_of_a_table_become_classes(fitted):
    assert fitted.classes_.tolist() == NAMES
    assert small_classifier(epochs=1).fit(X, Y).classes_.tolist() == [0, 1, 2]
    numbered = small_classifier(epochs=1).fit(X, TABLE.set_axis([30, 10, 20], axis=1))
    assert numbered.classes_.tolist() == [30, 10, 20]


def test_predict_tags(fitted):
    given = fitted.predict(X)
    expected = [[n for n, has in zip(NAMES, row, strict=True) if has] for row in given]
    assert fitted.predict_tags(X) == expected
    assert [] in expected, "some row has no tag"
    assert small_classifier().fit(X, LABELS).predict_tags(X[:2]) in (
        [[a], [b]] for a in set(LABELS) for b in set(LABELS)
    )


def test_names_of_columns_are_kept_and_checked():
    frame = pd.DataFrame(X, columns=[f"code{i}" for i in range(12)])
    classifier = small_classifier(epochs=1).fit(frame, Y)
    assert classifier.feature_names_in_.tolist() == frame.columns.tolist()
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(frame[frame.columns[::-1]])


def test_one_dimensional_labels():
    classifier = small_classifier(**LEARNS).fit(X, LABELS)
    assert classifier.classes_.tolist() == ["hi", "lo", "mid"]
    probabilities = classifier.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert classifier.predict(X).tolist() == classifier.classes_[probabilities.argmax(1)].tolist()
    assert classifier.score(X, LABELS) > 0.6

    two = np.where(X[:, 0] > 0, "yes", "no")
    classifier = small_classifier(**LEARNS).fit(X, two)
    assert classifier.score(X, two) > 0.85
    assert set(classifier.set_params(threshold=0.0).predict(X)) == {"yes"}
    assert set(classifier.set_params(threshold=1.0).predict(X)) == {"no"}


def test_probabilities_of_extreme_rows_are_probabilities():
    for y in (Y, Y[:, 0], LABELS):
        classifier = small_classifier().fit(X, y)
        for factor in (1e3, 1e6, -1e6):
            probabilities = classifier.predict_proba(X * factor)
            assert np.isfinite(probabilities).all()
            assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_single_row_and_single_column():
    with pytest.warns(UserWarning, match="nothing can be learnt"):
        small_classifier().fit(X[:1], Y[:1]).predict(X[:1])
    assert small_classifier().fit(X[:, :1], Y).predict(X[:, :1]).shape == (80, 3)
    one_tag = small_classifier().fit(X, TABLE[["Sales"]])
    assert one_tag.predict(X).shape == one_tag.predict_proba(X).shape == (80, 1)


# ---------------------------------------------------------------- unknown tags


def test_rows_without_a_known_tag_are_passed_over():
    some = Y.astype(float)
    some[60:] = np.nan
    assert_same(small_classifier().fit(X, some), small_classifier().fit(X[:60], Y[:60]))
    folds = {"scores_first": True, "threshold": "auto"}
    assert_same(
        small_classifier(**folds).fit(X, some), small_classifier(**folds).fit(X[:60], Y[:60])
    )
    table = TABLE.astype("Int64")
    table.iloc[60:] = pd.NA
    assert_same(small_classifier().fit(X, table), small_classifier().fit(X[:60], Y[:60]))


def test_partly_known_rows_train_on_what_is_known():
    """In the first step no tag has reached the hidden layer, so none moves another."""
    some = Y.astype(float)
    some[:40, 0] = np.nan
    other = some.copy()
    other[40:, 0] = 1 - other[40:, 0]
    first, second = (
        small_classifier(epochs=1, batch_size=80).fit(X, tags).predict_proba(X)
        for tags in (some, other)
    )
    assert not np.allclose(first[:, 0], second[:, 0], atol=0.01)
    np.testing.assert_allclose(first[:, 1:], second[:, 1:], atol=1e-6)


def test_no_known_tag_at_all_is_an_error(fitted):
    nothing = np.full(Y.shape, np.nan)
    before = fitted.predict_proba(X)
    for learn in (small_classifier().fit, copy.deepcopy(fitted).partial_fit):
        with pytest.raises(ValueError, match="no sample has a known tag"):
            learn(X, nothing)
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


def test_constant_tag_works_with_a_warning():
    for value in (0, 1):
        tags = TABLE.assign(Sales=value)
        with pytest.warns(UserWarning, match=r"nothing can be learnt of 1 tag.*'Sales'"):
            classifier = small_classifier(threshold="auto", epochs=6).fit(X, tags)
        assert classifier.predict(X).shape == (80, 3)
        assert (classifier.predict_proba(X)[:, 1].round() == value).mean() > 0.9


@pytest.mark.parametrize("scores_first", [False, True])
def test_tag_that_is_never_known(scores_first):
    tags = Y.astype(float)
    tags[:, 1] = np.nan
    classifier = small_classifier(scores_first=scores_first, threshold="auto")
    with pytest.warns(UserWarning, match="nothing can be learnt of 1 tag"):
        classifier.fit(X, tags)
    assert np.isfinite(classifier.predict_proba(X)).all()
    assert np.isfinite(classifier.threshold_).all()


# ---------------------------------------------------------------- weights


def test_rows_of_weight_zero_do_not_take_part():
    weight = np.repeat([1.0, 0.0], [60, 20])
    assert_same(
        small_classifier().fit(X, Y, sample_weight=weight), small_classifier().fit(X[:60], Y[:60])
    )
    with pytest.raises(ValueError, match=r"(?i)weight.* (non-zero|positive)"):
        small_classifier().fit(X, Y, sample_weight=np.zeros(80))


def test_heavy_rows_are_learnt():
    contrary = np.vstack([Y, 1 - Y])
    twice = np.vstack([X, X])
    for heavy, expected in ((0, Y), (1, 1 - Y)):
        weight = np.repeat([1.0, 0.05] if heavy == 0 else [0.05, 1.0], 80)
        classifier = small_classifier(**LEARNS).fit(twice, contrary, sample_weight=weight)
        assert (classifier.predict(X) == expected).mean() > 0.8


def test_class_weight_moves_probabilities():
    rare = (X @ np.ones(12) > 4.5).astype(int)
    tags = pd.DataFrame({"rare": rare, "common": Y[:, 0]})
    plain = small_classifier(epochs=6).fit(X, tags).predict_proba(X).mean(axis=0)
    for class_weight in ("balanced", {"rare": 10.0}):
        classifier = small_classifier(epochs=6, class_weight=class_weight)
        weighted = classifier.fit(X, tags).predict_proba(X).mean(axis=0)
        assert weighted[0] > plain[0] + 0.03, class_weight
    labels = np.where(rare, "rare", "common")
    plain = small_classifier(epochs=6).fit(X, labels)
    heavy = small_classifier(epochs=6, class_weight="balanced").fit(X, labels)
    assert heavy.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.03


def test_class_weight_of_an_unknown_tag_is_named(fitted):
    broken = copy.deepcopy(fitted).set_params(class_weight={"Nursin": 3.0})
    with pytest.raises(ValueError, match=r"class_weight names tags.*Nursin"):
        broken.fit(X[:, :7], TABLE)
    assert_same(broken, fitted)


# ---------------------------------------------------------------- thresholds


def test_one_threshold_a_tag(fitted):
    classifier = copy.deepcopy(fitted)
    probabilities = classifier.predict_proba(X)
    for threshold in (0.3, [0.2, 0.5, 0.9], np.array([0.0, 1.0, 0.5]), (0.1, 0.2, 0.3)):
        classifier.set_params(threshold=threshold)
        expected = (probabilities >= np.asarray(threshold)).astype(int)
        np.testing.assert_array_equal(classifier.predict(X), expected)
    clone(classifier)
    assert classifier.set_params(threshold=0).predict(X).all()


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        (1.5, "threshold"),
        (-0.1, "threshold"),
        (float("nan"), "threshold"),
        ("Auto", "threshold"),
        ("best", "threshold"),
        (None, "threshold"),
        ([0.5, 0.5], r"threshold has shape \(2,\), but there are 3 tags"),
        ([[0.5, 0.5, 0.5]], r"threshold has shape \(1, 3\)"),
        ([0.5, 0.5, 1.01], r"1.01 is outside of 0 to 1"),
        ([0.5, float("nan"), 0.5], r"nan is outside of 0 to 1"),
        (["a", "b", "c"], "threshold"),
    ],
)
def test_bad_threshold_is_named_and_leaves_the_fitted_model(fitted, threshold, message):
    broken = copy.deepcopy(fitted).set_params(threshold=threshold)
    for method in (broken.fit, broken.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(X * 2, 1 - TABLE)
    with pytest.raises(ValueError, match=message):
        broken.fit(X[:, :6] * 2, 1 - TABLE)
    for method in (broken.predict, broken.predict_tags):
        with pytest.raises(ValueError, match=message):
            method(X)
    assert_same(broken, fitted)
    np.testing.assert_array_equal(broken.set_params(threshold=0.5).predict(X), fitted.predict(X))


def test_threshold_is_chosen_on_out_of_fold_probabilities():
    """Random tags: the probabilities of training rows would part them almost perfectly."""
    rng = np.random.RandomState(0)
    rows, tags = rng.normal(size=(90, 60)), (rng.uniform(size=(90, 2)) < 0.3).astype(int)
    settings = LEARNS | {"epochs": 12}
    cv = KFold(2)
    classifier = small_classifier(threshold="auto", cv=cv, **settings).fit(rows, tags)
    assert f1_score(tags, classifier.predict_proba(rows) > 0.5, average="micro") > 0.9
    out_of_fold = cross_val_predict(
        small_classifier(threshold=0.5, **settings), rows, tags, cv=cv, method="predict_proba"
    )
    expected = choose_thresholds(tags, out_of_fold)
    # the networks of the folds have another order of rows here, but as little to go by
    assert np.mean(classifier.threshold_) == pytest.approx(np.mean(expected), abs=0.15)
    in_sample = choose_thresholds(tags, classifier.predict_proba(rows))
    assert abs(np.mean(classifier.threshold_ - in_sample)) > 0.15


def test_threshold_in_use():
    classifier = small_classifier(threshold="auto", epochs=6).fit(X, Y)
    expected = classifier.predict_proba(X) >= classifier.threshold_
    np.testing.assert_array_equal(classifier.predict(X), expected.astype(int))
    copied = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(copied.predict(X), expected.astype(int))
    # a later fit with a number forgets it
    assert not hasattr(classifier.set_params(threshold=0.4).fit(X, Y), "threshold_")


def test_threshold_stays_when_fit_goes_on():
    classifier = small_classifier(threshold="auto", warm_start=True).fit(X, Y)
    first = classifier.threshold_
    assert np.array_equal(classifier.fit(X, Y).threshold_, first)
    late = small_classifier(threshold=0.3, warm_start=True).fit(X, Y)
    assert late.set_params(threshold="auto").fit(X, Y).threshold_ == 0.5


def test_folds_of_a_splitter_and_of_few_rows():
    by_class = small_classifier(scores_first=True, cv=StratifiedKFold(4)).fit(X, LABELS == "lo")
    assert 0 <= by_class.deep_share_ <= 1
    some = small_classifier(threshold="auto", cv=ShuffleSplit(1, random_state=0)).fit(X, Y)
    assert 0 < np.mean(some.threshold_) < 1
    assert small_classifier(threshold="auto", cv=4).fit(X[:7], Y[:7]).threshold_ == 0.5


def test_folds_leave_the_network_as_it_was_trained():
    settings = {"optimizer": "adam", "dropout": 0.2, "epochs": 2}
    with_folds = small_classifier(threshold="auto", **settings).fit(X, Y)
    without = small_classifier(threshold=0.5, **settings).fit(X, Y)
    assert_same(with_folds, without)
    assert with_folds.history_ == without.history_
    for one, other in zip(with_folds.model_.optimizer.variables,
                          without.model_.optimizer.variables, strict=True):  # fmt: skip
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_auto_threshold_that_was_not_found_says_so(fitted):
    classifier = copy.deepcopy(fitted).set_params(threshold="auto")
    with pytest.raises(ValueError, match=r"threshold='auto'.*call fit, or set a number"):
        classifier.predict(X)


def test_auto_threshold_of_batches_is_a_half():
    batches = small_classifier(threshold="auto").partial_fit(X, Y)
    assert batches.threshold_ == 0.5
    np.testing.assert_array_equal(batches.predict(X), batches.predict_proba(X) >= 0.5)
    found = small_classifier(threshold="auto").fit(X, Y)
    threshold = found.threshold_
    assert np.array_equal(found.partial_fit(X, Y).threshold_, threshold)


def test_balance_cannot_be_known_from_a_first_batch():
    with pytest.raises(ValueError, match=r"class_weight='balanced'.*fit first"):
        small_classifier(class_weight="balanced").partial_fit(X, Y)
    small_classifier(class_weight="balanced").fit(X, Y).partial_fit(X[:2], Y[:2])
    small_classifier(class_weight={0: 2.0}).partial_fit(X, Y)


def test_auto_threshold_of_labels():
    two = np.where(X[:, 0] > 1, "yes", "no")
    classifier = small_classifier(threshold="auto").fit(X, two)
    # the likelier class, as everywhere in scikit-learn
    expected = np.where(classifier.predict_proba(X)[:, 1] >= 0.5, "yes", "no")
    assert classifier.predict(X).tolist() == expected.tolist()
    assert small_classifier(threshold="auto").fit(X, LABELS).predict(X).shape == (80,)


# ---------------------------------------------------------------- going on


def test_partial_fit_goes_on_from_the_present_weights():
    classifier = small_classifier().fit(X[:40], Y[:40])
    before = log_loss(Y[40:].ravel(), classifier.predict_proba(X[40:]).ravel())
    for _ in range(4):
        classifier.partial_fit(X[40:], Y[40:])
    after = log_loss(Y[40:].ravel(), classifier.predict_proba(X[40:]).ravel())
    assert after < before
    assert classifier.n_epochs_ == 3 + 4
    assert classifier.update_epochs_ == [3, 4, 5, 6]
    assert {len(values) for values in classifier.history_.values()} == {3 + 4}


def test_first_partial_fit_makes_the_network():
    classifier = small_classifier(**LEARNS)
    for _ in range(6):
        classifier.partial_fit(X, TABLE)
    assert classifier.classes_.tolist() == NAMES
    assert f1_score(Y, classifier.predict(X), average="micro") > 0.8


@pytest.mark.parametrize("n_tags", [2, 3])
def test_classes_of_the_first_call_may_have_any_order(n_tags):
    names = ["zeta", "alpha", "mu"][:n_tags]
    labels = np.array(names)[np.arange(80) % n_tags]
    rows = np.eye(n_tags)[np.arange(80) % n_tags]
    classifier = small_classifier(learning_rate=2.0)
    for _ in range(8):
        classifier.partial_fit(rows, labels, classes=names)
    assert classifier.score(rows, labels) == 1
    columns = classifier.predict_proba(rows)[:, classifier.classes_.tolist().index("zeta")]
    assert columns[0] > columns[1]


def test_classes_of_the_first_call_name_tags_to_come():
    classifier = small_classifier()
    classifier.partial_fit(X, TABLE[["Sales"]], classes=NAMES)
    assert classifier.classes_.tolist() == NAMES
    classifier.partial_fit(X, TABLE, classes=NAMES)
    assert classifier.predict(X).shape == (80, 3)
    with pytest.raises(ValueError, match="not the same as on last"):
        classifier.partial_fit(X, TABLE, classes=NAMES[:2])


def test_columns_of_an_update_are_matched_by_name(fitted):
    straight = copy.deepcopy(fitted).partial_fit(X, TABLE)
    assert_same(copy.deepcopy(fitted).partial_fit(X, TABLE[NAMES[::-1]]), straight)
    assert_same(
        copy.deepcopy(fitted).partial_fit(X, TABLE.drop(columns="Sales")),
        copy.deepcopy(fitted).partial_fit(X, TABLE.assign(Sales=0)),
    )


def bad_updates():
    table = TABLE.copy()
    yield "unknown tag", X, table.rename(columns={"Sales": "Saling"}), "unknown tags.*Saling"
    yield "one tag more", X, table.assign(Cooking=1), "unknown tags.*Cooking"
    yield "wider array", X, np.hstack([Y, Y]), "y has 6 tags, but .* 3"
    yield "narrower array", X, Y[:, :2], "y has 2 tags, but .* 3"
    yield "another width", X[:, :5], table, "5 features, but .* 12 features"
    yield "a tag of two", X, table.replace({"Driving": {1: 2}}), "tag 'Driving' of row 'job"
    yield "text as a tag", X, table.astype(str), "tag 'Nursing' of row 'job 0' is '"
    yield "twice the same", X, table.set_axis(["a", "a", "b"], axis=1), "more than one column"
    yield "fewer rows", X, table[:10], "inconsistent numbers of samples"
    yield "missing number", np.where(X > 2, np.nan, X), table, "NaN"
    yield "infinite number", np.where(X > 2, np.inf, X), table, "infinity"
    yield "no rows", X[:0], table[:0], "0 sample"
    yield "no tags", X, None, "y"
    yield "no columns", X, table[[]], "no column"
    yield "ragged lists", X, [["Sales"], []] * 40, "MultiLabelBinarizer"
    yield "three dimensions", X, np.zeros((80, 3, 1)), "one or two dimensions"
    yield "labels, not tags", X, np.array(NAMES)[np.arange(80) % 3], "table|dimension|label"


CASES = [pytest.param(*case, id=case[0]) for case in bad_updates()]
ONLY_UPDATES = {
    "unknown tag",
    "one tag more",
    "wider array",
    "narrower array",
    "another width",
    "labels, not tags",
}


@pytest.mark.parametrize(("what", "rows", "tags", "message"), CASES)
def test_bad_update_is_named_and_changes_nothing(fitted, what, rows, tags, message):
    if what == "missing number":
        assert np.isnan(rows).any()
    updated = copy.deepcopy(fitted)
    with pytest.raises(ValueError, match=re.compile(message)):
        updated.partial_fit(rows, tags)
    assert_same(updated, fitted)
    assert updated.n_features_in_ == 12
    assert updated.classes_.tolist() == NAMES
    assert updated.history_ == fitted.history_
    # and it goes on as if nothing had been
    assert_same(updated.partial_fit(X, TABLE), copy.deepcopy(fitted).partial_fit(X, TABLE))


@pytest.mark.parametrize(
    ("what", "rows", "tags", "message"), [case for case in CASES if case.id not in ONLY_UPDATES]
)
def test_bad_fit_is_named_and_changes_nothing(fitted, what, rows, tags, message):
    refitted = copy.deepcopy(fitted)
    for columns in (rows, rows[:, :7]):
        with pytest.raises(ValueError, match=re.compile(message)):
            refitted.fit(columns, tags)
        with pytest.raises(ValueError, match=re.compile(message)):
            small_classifier().fit(columns, tags)
        assert_same(refitted, fitted)
    assert_same(refitted.fit(X, TABLE), fitted)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (Y[:, 0], Y[:, :2]),
        (Y[:, 0], pd.DataFrame(Y[:, :2])),
        (Y[:, 0], sparse.csr_array(Y[:, :2])),
        (Y[:, :2], Y[:, 0]),
        (Y[:, :2], Y[:, 0].tolist()),
        (Y, np.arange(80) % 3),
        (np.arange(80) % 3, Y),
    ],
    ids=["2-D after 1-D", "table after 1-D", "sparse after 1-D", "1-D after 2-D",
         "list after 2-D", "classes after tags", "tags after classes"],
)  # fmt: skip
def test_labels_and_tags_do_not_mix(first, then):
    classifier = small_classifier(epochs=1).fit(X, first)
    before = classifier.predict_proba(X)
    with pytest.raises(ValueError, match=r"tags|labels|dimension"):
        classifier.partial_fit(X, then)
    np.testing.assert_array_equal(classifier.predict_proba(X), before)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden_layer_sizes": (-3,)},
        {"hidden_layer_sizes": ("a",)},
        {"hidden_layer_sizes": ()},
        {"cv": 1},
        {"scores_first": "yes"},
        {"epochs": 0},
        {"dropout": 1.0},
        {"early_stopping": True, "validation_fraction": 0.001},
        {"class_weight": "balance"},
        {"optimizer": "nonsense"},
        {"random_state": "seed"},
    ],
    ids=str,
)
def test_bad_parameter_leaves_the_fitted_model(fitted, wrong):
    broken = copy.deepcopy(fitted).set_params(**wrong)
    with pytest.raises((ValueError, TypeError)):
        broken.fit(X[:, :6], 1 - Y)
    assert_same(broken, fitted)
    assert broken.history_ == fitted.history_
    assert broken.n_features_in_ == 12
    assert broken.classes_.tolist() == NAMES


class Breaking(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise RuntimeError("full disk")


@pytest.mark.parametrize("settings", [{}, {"scores_first": True, "threshold": "auto"}], ids=str)
def test_training_that_breaks_leaves_the_fitted_model(settings):
    fitted = small_classifier(**settings).fit(X, TABLE)
    broken = copy.deepcopy(fitted).set_params(callbacks=Breaking)
    with pytest.raises(RuntimeError, match="full disk"):
        broken.fit(X, 1 - TABLE)
    assert_same(broken, fitted)
    broken.set_params(callbacks=["no callback"])
    for learn in (broken.fit, broken.partial_fit):
        with pytest.raises((TypeError, ValueError), match="callback"):
            learn(X, 1 - TABLE)
        assert_same(broken, fitted)
    again = broken.set_params(callbacks=None).partial_fit(X, TABLE)
    assert_same(again, copy.deepcopy(fitted).partial_fit(X, TABLE))


def test_scores_match_columns_by_name(fitted):
    assert fitted.score(X, TABLE.iloc[:, ::-1]) == fitted.score(X, TABLE)
    some = TABLE.astype(float)
    some.iloc[40:, 0] = np.nan
    assert fitted.score(X, some) == fitted.score(X[:40], TABLE[:40])
    weight = np.repeat([1.0, 0.0], 40)
    assert fitted.score(X, TABLE, weight) == fitted.score(X[:40], TABLE[:40])


def test_not_fitted_says_so():
    for method in ("predict", "predict_proba", "predict_tags"):
        with pytest.raises(NotFittedError):
            getattr(small_classifier(), method)(X)


def test_warm_start_goes_on():
    classifier = small_classifier(warm_start=True, epochs=2, batch_size=16).fit(X, TABLE)
    first = classifier.predict_proba(X)
    classifier.fit(X, TABLE)
    assert classifier.n_epochs_ == 4
    assert (np.diff(classifier.history_["loss"]) < 0).all()
    assert not np.allclose(classifier.predict_proba(X), first)
    with pytest.raises(ValueError, match="unknown tags"):
        classifier.fit(X, TABLE.assign(Cooking=0))
    cold = small_classifier(epochs=2, batch_size=16).fit(X, TABLE)
    np.testing.assert_array_equal(cold.fit(X, TABLE).predict_proba(X), first)


def test_early_stopping_keeps_the_best_weights():
    rng = np.random.RandomState(0)
    noise = rng.randint(0, 2, size=Y.shape)
    classifier = small_classifier(
        early_stopping=True, validation_fraction=0.5, epochs=60, batch_size=8, learning_rate=2.0,
    ).fit(X, noise)  # fmt: skip
    losses = classifier.history_["val_loss"]
    assert classifier.n_epochs_ == len(losses) < 60
    assert classifier.n_epochs_ == int(np.argmin(losses)) + 1 + 5


def test_history_has_an_entry_an_epoch():
    classifier = small_classifier(early_stopping=True, epochs=2).fit(X, Y).partial_fit(X, Y)
    assert {len(values) for values in classifier.history_.values()} <= {2, 3}
    assert len(classifier.history_["loss"]) == classifier.n_epochs_ == 3


def test_update_learning_rate():
    rates = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))

    classifier = small_classifier(
        learning_rate=0.5, update_learning_rate=0.01, callbacks=Watch, batch_size=8, epochs=2
    )
    classifier.fit(X, Y)
    assert rates[:2] == pytest.approx([0.25, 0.5])
    assert (np.diff(rates[2:]) < 0).all()
    assert rates[-1] < 0.01
    classifier.set_params(batch_size=80)
    rates.clear()
    classifier.partial_fit(X, Y)
    assert rates == pytest.approx([0.01])
    rates.clear()
    classifier.set_params(update_learning_rate=None).partial_fit(X, Y)
    assert rates == pytest.approx([0.5]), "None keeps learning_rate"


def test_progress_bar(capsys):
    small_classifier(verbose=0).fit(X, Y)
    assert capsys.readouterr().out == ""
    small_classifier(verbose=True, epochs=2).fit(X, Y)
    assert "Epoch 2/2" in capsys.readouterr().out
    small_classifier(verbose=2, epochs=1).fit(X, Y)
    assert "loss" in capsys.readouterr().out


class Counter(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.n_epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.n_epochs += 1
        logs["counted"] = self.n_epochs


def test_callbacks_are_copied_for_each_fit():
    callback = Counter()
    classifier = small_classifier(callbacks=[callback], threshold="auto", epochs=2).fit(X, Y)
    assert classifier.history_["counted"] == [1, 2]
    assert classifier.partial_fit(X, Y).history_["counted"] == [1, 2, 1]
    assert classifier.fit(X, Y).history_["counted"] == [1, 2]
    assert callback.n_epochs == 0
    assert callback._model is None
    assert classifier.callbacks == [callback]


# ---------------------------------------------------------------- kept and searched


def test_pickle_in_a_new_process_goes_on_alike():
    table = small_classifier(
        scores_first=True, threshold="auto", dropout=0.3, optimizer="adamw", epochs=2
    ).fit(X, TABLE)
    labels = small_classifier(dropout=0.3).fit(X, LABELS)
    here = []
    for model, y in ((table, TABLE), (labels, LABELS)):
        again = pickle.loads(pickle.dumps(model))
        assert_same(again, model)
        again.partial_fit(X, y)
        here.append((again.predict_proba(X), again.predict(X).tolist(), again.n_epochs_))
    there = in_fresh_python(
        """
        result = []
        for model, X, y in given:
            before = model.predict_proba(X)
            model.partial_fit(X, y)
            result.append((model.predict_proba(X), model.predict(X).tolist(), model.n_epochs_))
        """,
        [(table, X, TABLE), (labels, X, LABELS)],
    )
    for (probabilities, predicted, epochs), expected in zip(there, here, strict=True):
        np.testing.assert_array_equal(probabilities, expected[0])
        assert (predicted, epochs) == expected[1:]


def test_pickle_of_a_newer_version_is_refused(fitted):
    state = fitted.__getstate__()
    state["_saved_network"] = state["_saved_network"] | {"format": 99}
    with pytest.raises(ValueError, match="newer jobtag_sklearn"):
        type(fitted).__new__(type(fitted)).__setstate__(state)


def test_copies_are_independent(fitted):
    copied = copy.deepcopy(fitted)
    before = fitted.predict_proba(X)
    copied.partial_fit(X, 1 - TABLE)
    np.testing.assert_array_equal(fitted.predict_proba(X), before)
    assert not np.array_equal(copied.predict_proba(X), before)
    unfitted = clone(fitted)
    assert not hasattr(unfitted, "model_")
    assert unfitted.get_params() == fitted.get_params()


def test_scikit_learns_tools():
    search = GridSearchCV(
        small_classifier(epochs=1), {"threshold": [0.3, 0.6]}, scoring="f1_micro", cv=2
    ).fit(X, Y)
    assert set(search.best_params_) == {"threshold"}
    probabilities = cross_val_predict(
        small_classifier(epochs=1), X, TABLE, cv=2, method="predict_proba"
    )
    assert probabilities.shape == (80, 3)
