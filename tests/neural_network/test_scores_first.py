"""KerasMultiLabelClassifier(scores_first=True): scores of another model, and what they miss."""

import copy

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from small_models import small_classifier

from jobtag_sklearn.model_selection import choose_thresholds
from jobtag_sklearn.neural_network._cross_fitting import best_share

RNG = np.random.RandomState(0)
#: The tags depend on scores, and the first one on a product of two columns too.
SIGNS = RNG.choice([-1.0, 1.0], size=(400, 4))
SCORES = RNG.normal(size=(400, 2)) - 0.5
X = np.hstack([SCORES, SIGNS])
CHANCE = RNG.uniform(size=SCORES.shape)
ONLY_SCORES = (expit(SCORES) > CHANCE).astype(int)
WITH_PRODUCT = SCORES.copy()
WITH_PRODUCT[:, 0] += 3 * SIGNS[:, 0] * SIGNS[:, 1]
INTERACTING = (expit(WITH_PRODUCT) > CHANCE).astype(int)
NAMES = ["Nursing", "Sales"]
TABLE = pd.DataFrame(INTERACTING, columns=NAMES)
LEARNS = {
    "hidden_layer_sizes": (32,),
    "optimizer": "adam",
    "learning_rate": 0.03,
    "batch_size": 100,
    "epochs": 15,
    "cv": 2,
}


def starting_from_scores(**settings):
    return small_classifier(scores_first=True, **(LEARNS | settings))


@pytest.fixture(scope="module")
def fitted():
    return starting_from_scores().fit(X[:300], TABLE[:300])


def test_an_untrained_network_returns_the_scores():
    classifier = starting_from_scores(learning_rate=1e-30, epochs=1)
    classifier.partial_fit(X.astype(np.float32), INTERACTING)
    np.testing.assert_array_equal(np.asarray(classifier.model_(X)), X[:, :2].astype(np.float32))
    for share in (0.0, 1.0):
        classifier.deep_share_ = share
        np.testing.assert_array_equal(
            classifier.predict_proba(X), expit(X[:, :2].astype(np.float32).astype(np.float64))
        )


def test_share_of_what_scores_cannot_express(fitted):
    assert fitted.deep_share_ >= 0.7
    probabilities = fitted.predict_proba(X[300:])
    right = (probabilities > 0.5) == TABLE[300:]
    assert right["Nursing"].mean() > ((SCORES[300:] > 0) == TABLE[300:])["Nursing"].mean() + 0.1


def test_no_share_of_noise():
    classifier = starting_from_scores(threshold="auto").fit(X, ONLY_SCORES)
    assert classifier.deep_share_ == 0
    scores = expit(X[:, :2].astype(np.float32).astype(np.float64))
    np.testing.assert_array_equal(classifier.predict_proba(X), scores)
    assert np.array_equal(classifier.threshold_, choose_thresholds(ONLY_SCORES, scores))
    # the network was trained all the same, and goes on
    assert np.asarray(classifier.model_.get_layer("output").kernel).any()
    before = classifier.model_.get_weights()
    classifier.partial_fit(X, ONLY_SCORES)
    assert not np.array_equal(classifier.model_.get_weights()[0], before[0])
    assert classifier.deep_share_ == 0


def test_what_is_predicted_is_scores_and_a_share(fitted):
    model = copy.deepcopy(fitted)
    deep = np.asarray(model.model_(X)) - SCORES
    for share in (0.0, 0.3, 1.0):
        model.deep_share_ = share
        np.testing.assert_allclose(model.predict_proba(X), expit(SCORES + share * deep), rtol=1e-4)


def test_threshold_is_that_of_scores_and_share():
    """A deep part that is surer of training rows than of others would give another one."""
    classifier = starting_from_scores(threshold="auto", epochs=25).fit(X[:100], TABLE[:100])
    in_sample = choose_thresholds(TABLE[:100], classifier.predict_proba(X[:100]))
    assert 0 < np.mean(classifier.threshold_) < 1
    assert not np.array_equal(classifier.threshold_, in_sample)


def test_the_share_without_evidence():
    assert small_classifier(epochs=1).fit(X, TABLE).deep_share_ == 1
    assert small_classifier().partial_fit(X, TABLE).deep_share_ == 1
    assert starting_from_scores().partial_fit(X, TABLE).deep_share_ == 0
    assert starting_from_scores(cv=3).fit(X[:5], INTERACTING[:5]).deep_share_ == 0


def test_share_stays_in_updates_and_warm_starts(fitted):
    model = copy.deepcopy(fitted).partial_fit(X[300:], TABLE[300:])
    assert model.deep_share_ == fitted.deep_share_
    model.set_params(warm_start=True, epochs=1).fit(X, ONLY_SCORES)
    assert model.deep_share_ == fitted.deep_share_


def test_best_share_is_that_of_the_lowest_loss():
    for share in (0.0, 0.5, 1.0):
        truth = (expit(SCORES + share * 3 * SIGNS[:, :2]) > CHANCE).astype(float)
        assert best_share(truth, SCORES, 3 * SIGNS[:, :2]) == pytest.approx(share, abs=0.1)
    assert best_share(truth, SCORES, -3 * SIGNS[:, :2]) == 0
    # rows of no weight and unknown tags say nothing
    weight = np.repeat([1.0, 0.0], 200)
    flipped = np.vstack([truth[:200], 1 - truth[200:]])
    expected = best_share(truth[:200], SCORES[:200], 3 * SIGNS[:200, :2])
    assert best_share(flipped, SCORES, 3 * SIGNS[:, :2], sample_weight=weight) == expected
    flipped[200:] = np.nan
    assert best_share(flipped, SCORES, 3 * SIGNS[:, :2]) == expected


def test_no_share_that_lowers_f1():
    """The deep part lowers probabilities that are too high, and blurs their order."""
    truth = (np.arange(200) < 40).astype(float)[:, None]
    scores = np.where(truth == 1, 1.0, 0.5)
    for blur in (0.0, 0.6):
        deep = np.where(np.arange(200)[:, None] % 2, blur, -blur) - 2.0
        assert (best_share(truth, scores, deep) == 0) == (blur > 0)


def test_too_few_columns_are_refused(fitted):
    broken = copy.deepcopy(fitted)
    message = r"first columns of X are the scores of the 2 tags, but X has only 1 columns"
    for learn in (starting_from_scores().fit, starting_from_scores().partial_fit, broken.fit):
        with pytest.raises(ValueError, match=message):
            learn(X[:, :1], TABLE)
    np.testing.assert_array_equal(broken.predict_proba(X), fitted.predict_proba(X))
    # scores alone are enough
    assert starting_from_scores(epochs=1).fit(X[:, :2], TABLE).predict(X[:, :2]).shape == (400, 2)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_scores_of_labels(kind):
    labels = np.array(["no", "yes"])[INTERACTING[:, 0]]
    columns = X
    if kind == "multiclass":
        labels = np.where(RNG.uniform(size=400) < 0.3, "maybe", labels)
        columns = np.hstack([np.zeros((400, 1)), X])
    classifier = starting_from_scores(epochs=1).fit(columns, labels)
    assert 0 <= classifier.deep_share_ <= 1
    classifier.deep_share_ = 0.0
    n = 1 if kind == "binary" else 3
    probabilities = classifier.predict_proba(columns)
    assert probabilities.shape == (400, len(set(labels)))
    if n == 1:
        np.testing.assert_allclose(probabilities[:, 1], expit(columns[:, 0]), rtol=1e-5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


# ---------------------------------------------------------------- new tags


NEW = TABLE.assign(Driving=ONLY_SCORES[:, 0], Law=0)
WIDER = np.insert(X, [2], RNG.normal(size=(400, 2)), axis=1)


def growing(fitted, **settings):
    return copy.deepcopy(fitted).set_params(new_tags="add", **settings)


def test_new_tags_with_scores(fitted):
    model = growing(fitted, update_learning_rate=1e-12)
    before = model.predict_proba(X)
    model.partial_fit(WIDER, NEW)
    assert model.n_features_in_ == 8
    assert model.classes_.tolist() == [*NAMES, "Driving", "Law"]
    # known tags stay the same, new ones start at their scores
    after = model.predict_proba(WIDER)
    np.testing.assert_allclose(after[:, :2], before, atol=1e-6)
    np.testing.assert_allclose(after[:, 2:], expit(WIDER[:, 2:4]), atol=1e-6)
    with pytest.raises(ValueError, match="6 features, but .* 8 features"):
        model.predict_proba(X)


def test_new_tags_without_scores(fitted):
    model = growing(fitted, update_learning_rate=1e-12)
    before = model.predict_proba(X)
    model.partial_fit(X, NEW)
    assert model.n_features_in_ == 8
    np.testing.assert_allclose(model.predict_proba(WIDER)[:, :2], before, atol=1e-6)
    # the rows were learnt with the frequencies of the new tags as their scores
    trained, expected = growing(fitted), growing(fitted)
    trained.partial_fit(X, NEW)
    rates = [(NEW[tag].sum() + 0.05) / 401 for tag in ("Driving", "Law")]
    scores = np.broadcast_to(np.log(rates) - np.log1p(np.negative(rates)), (400, 2))
    expected.partial_fit(np.insert(X, [2], scores, axis=1), NEW)
    np.testing.assert_allclose(
        trained.predict_proba(WIDER), expected.predict_proba(WIDER), rtol=1e-4
    )


def test_a_grown_network_learns(fitted):
    model = growing(fitted)
    new = TABLE.assign(Driving=(SIGNS[:, 2] * SIGNS[:, 3] > 0).astype(int))
    rows = np.insert(X, 2, -0.1, axis=1)
    model.partial_fit(rows, new)
    # the inputs of new scores had no weights before this step
    kernel = np.asarray(model.model_.get_layer("hidden_0").kernel)
    assert kernel.shape == (7, 32)
    for _ in range(25):
        model.partial_fit(rows, new)
    assert ((model.predict_proba(rows) > 0.5)[:, 2] == new["Driving"]).mean() > 0.9


def test_moments_grow_with_the_network(fitted):
    model = growing(fitted)
    small = {v.path: np.asarray(v) for v in model.model_.optimizer.variables}
    model._grow({**model._network_settings, "n_features": 7, "n_outputs": 3}, 2)
    for variable in model.model_.optimizer.variables:
        old, new = small[variable.path], np.asarray(variable)
        if "hidden_0_kernel" in variable.path:
            np.testing.assert_array_equal(np.delete(new, 2, axis=0), old)
            assert not new[2].any()
        elif "output" in variable.path:
            np.testing.assert_array_equal(new[..., :2], old)
        else:
            np.testing.assert_array_equal(new, old)


def frame(rows, tags, prefix="scores__"):
    names = [*(f"{prefix}{tag}" for tag in tags), *(f"count_{i}" for i in range(4))]
    return pd.DataFrame(rows, columns=names)


def test_names_of_columns_grow():
    model = starting_from_scores(epochs=1, new_tags="add").fit(frame(X, NAMES), TABLE)
    other = copy.deepcopy(model)
    grown = frame(WIDER, [*NAMES, "Driving", "Law"])
    model.partial_fit(frame(X, NAMES), NEW)
    assert model.feature_names_in_.tolist() == grown.columns.tolist()
    model.partial_fit(grown, NEW).predict(grown)
    # the given names are taken where there are some
    renamed = grown.rename(columns={"scores__Law": "law"})
    other.partial_fit(renamed, NEW)
    assert other.feature_names_in_.tolist() == renamed.columns.tolist()
    other.predict(renamed)
    with pytest.raises(ValueError, match="feature names should match"):
        other.predict(grown)


def test_new_tags_that_fail_change_nothing(fitted):
    model = growing(fitted)
    before = model.predict_proba(X)
    missing = WIDER.copy()
    missing[3, 2] = np.nan
    for rows, message in (
        (missing, "NaN"),
        (WIDER[:, :-1], "7 features, but .* 6 features"),
        (WIDER[:50], "inconsistent numbers of samples"),
    ):
        with pytest.raises(ValueError, match=message):
            model.partial_fit(rows, NEW)
        assert model.classes_.tolist() == NAMES
        assert model.n_features_in_ == 6
        np.testing.assert_array_equal(model.predict_proba(X), before)


def test_thresholds_of_new_tags(fitted):
    model = growing(fitted, threshold="auto")
    model.threshold_ = np.array([0.2, 0.4])
    model.partial_fit(WIDER, NEW)
    assert model.threshold_ == pytest.approx([0.2, 0.4, 0.3, 0.3])
    assert model.predict(WIDER).shape == (400, 4)
