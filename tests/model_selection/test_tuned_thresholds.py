"""Any multi-label classifier with the thresholds that suit it."""

import itertools
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from expected_failures import expected_failures
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, fbeta_score, hamming_loss, make_scorer, precision_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks
from small_models import in_fresh_python, small_classifier, small_pipeline

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.linear_model import MultiLabelLinearSVC
from jobtag_sklearn.model_selection import (
    TunedMultiLabelThresholdClassifierCV,
    find_thresholds,
)

LOGISTIC = OneVsRestClassifier(LogisticRegression())
CLASSIFIERS = {
    "logistic regression": LOGISTIC,
    "support vector machine": OneVsRestClassifier(LinearSVC(random_state=0)),
    "network": MLPClassifier((8,), solver="lbfgs", alpha=1.0, max_iter=2000, random_state=0),
    "forest": RandomForestClassifier(20, random_state=0),
    "neighbours": KNeighborsClassifier(15),
    "one classifier a tag": MultiOutputClassifier(LogisticRegression()),
    "pipeline": make_pipeline(ColumnTransformer([("all", "passthrough", [0, 1, 2])]), LOGISTIC),
    "our network": small_classifier(epochs=2),
    "our linear model": MultiLabelLinearSVC(random_state=0),
}


def unbalanced(n=300, n_tags=4, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, 8))
    logits = X @ rng.normal(size=(8, n_tags)) - np.linspace(1.0, 3.0, n_tags)
    return X, (rng.uniform(size=(n, n_tags)) < 1 / (1 + np.exp(-logits))).astype(int)


X, Y = unbalanced()


def tuned(estimator=LOGISTIC, **settings):
    return TunedMultiLabelThresholdClassifierCV(estimator, **({"random_state": 0} | settings))


@parametrize_with_checks([tuned(LOGISTIC, cv=3)], expected_failed_checks=expected_failures)
def test_sklearn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_any_classifier(name):
    model = tuned(CLASSIFIERS[name], cv=3).fit(X, Y)
    given = model.predict(X)
    assert given.shape == Y.shape
    assert set(np.unique(given)) == {0, 1}
    assert model.best_thresholds_.shape == (4,)
    assert_array_equal(model.classes_, range(4))
    if hasattr(model, "predict_proba"):
        assert model.predict_proba(X).shape == Y.shape
        assert_array_equal(given, model.predict_proba(X) >= model.best_thresholds_)
    else:
        assert_array_equal(given, model.decision_function(X) >= model.best_thresholds_)


def test_verbose(capsys):
    for verbose, expected in ((0, ""), (1, "3 out of   3")):
        TunedMultiLabelThresholdClassifierCV(LOGISTIC, cv=3, verbose=verbose).fit(X, Y)
        shown = "".join(capsys.readouterr())
        assert expected in shown
        assert bool(shown) == bool(expected)


def test_thresholds_come_from_rows_that_did_not_train():
    folds = KFold(3, shuffle=True, random_state=0)
    scores = np.empty(Y.shape)
    for train, test in folds.split(X):
        scores[test] = clone(LOGISTIC).fit(X[train], Y[train]).predict_proba(X[test])
    for strategy in ("shrunken", "common", "per_tag"):
        model = tuned(cv=folds, strategy=strategy).fit(X, Y)
        expected = find_thresholds(Y, scores, strategy=strategy)
        np.testing.assert_allclose(model.best_thresholds_, expected)
        value = f1_score(Y, scores >= expected, average="macro")
        assert model.best_score_ == pytest.approx(value)


@pytest.mark.parametrize("scoring", ["f1_macro", "f1_micro", "f1_samples"])
def test_better_than_one_half_on_new_rows(scoring):
    new_X, new_Y = unbalanced(1000, seed=0)
    average = scoring[3:]
    plain = clone(LOGISTIC).fit(X, Y).predict(new_X[300:])
    model = tuned(scoring=scoring).fit(X, Y)

    def f1(given):
        return f1_score(new_Y[300:], given, average=average, zero_division=0)

    assert f1(model.predict(new_X[300:])) > f1(plain) + 0.02


def test_beta_and_constraints():
    recall = tuned(beta=3.0).fit(X, Y)
    precision = tuned(beta=0.3).fit(X, Y)
    assert recall.predict(X).sum() > precision.predict(X).sum()
    sure = tuned(scoring="recall", min_precision=0.8, strategy="common").fit(X, Y)
    assert precision_score(Y, sure.predict(X), average="micro") > 0.75
    assert sure.cv_results_["precision"].max() > 0.7
    whole = tuned(scoring="precision", min_recall=0.9, strategy="per_tag").fit(X, Y)
    assert whole.cv_results_["recall"].min() >= 0.9


def test_scorers_of_scikit_learn():
    of_names = tuned(scoring="f1_weighted", cv=3, strategy="common").fit(X, Y)
    assert 0 < of_names.best_score_ <= 1
    mistakes = make_scorer(hamming_loss, greater_is_better=False)
    own = tuned(scoring=mistakes, cv=3, strategy="per_tag").fit(X, Y)
    always_half = np.mean(clone(LOGISTIC).fit(X, Y).predict(X) != Y)
    assert -own.best_score_ < always_half + 0.05
    with pytest.raises(ValueError, match="scoring must look at what predict returns"):
        tuned(scoring="average_precision", cv=3).fit(X, Y)
    with pytest.raises(ValueError, match="unknown objective scoring='f1_makro'"):
        tuned(scoring="f1_makro").fit(X, Y)


def test_at_least_and_at_most():
    plain = tuned().fit(X, Y)
    some = tuned(min_tags=1, max_tags=2).fit(X, Y)
    before, after = plain.predict(X).sum(axis=1), some.predict(X).sum(axis=1)
    assert before.min() == 0
    assert before.max() > 2
    assert (after.min(), after.max()) == (1, 2)
    unchanged = (before >= 1) & (before <= 2)
    assert_array_equal(some.predict(X)[unchanged], plain.predict(X)[unchanged])
    # what is added or taken away is nearest to its threshold
    margin = plain.predict_proba(X) - plain.best_thresholds_
    for row in np.flatnonzero(before == 0):
        assert some.predict(X)[row].argmax() == margin[row].argmax()
    with pytest.raises(ValueError, match="max_tags=1 is below min_tags=2"):
        tuned(min_tags=2, max_tags=1).fit(X, Y)


def test_results_are_a_table():
    tags = pd.DataFrame(Y, columns=["Law", "Nursing", "Sales", "Art"])
    model = tuned().fit(X, tags)
    table = pd.DataFrame(model.cv_results_).set_index("tag")
    assert list(table.index) == list(tags)
    assert_array_equal(table["n_positive"], tags.sum())
    assert_array_equal(table["threshold"], model.best_thresholds_)
    of_two = table["precision"] * table["recall"] * 2 / (table["precision"] + table["recall"])
    np.testing.assert_allclose(table["f1"], of_two)
    assert model.best_score_ == pytest.approx(table["f1"].mean())
    assert_array_equal(model.classes_, list(tags))
    named = model.predict_tags(X[:20])
    assert named == [list(tags.columns[row == 1]) for row in model.predict(X[:20])]


def test_prefit():
    fitted = clone(LOGISTIC).fit(X[:200], Y[:200])
    model = tuned(fitted, cv="prefit", refit=False).fit(X[200:], Y[200:])
    assert model.estimator_ is fitted
    scores = fitted.predict_proba(X[200:])
    assert_array_equal(model.best_thresholds_, find_thresholds(Y[200:], scores))
    with pytest.raises(ValueError, match="refit must be False"):
        tuned(fitted, cv="prefit").fit(X, Y)
    with pytest.raises(NotFittedError, match="needs an estimator that is fitted"):
        tuned(cv="prefit", refit=False).fit(X, Y)


def test_one_split():
    for cv in (0.25, ShuffleSplit(1, test_size=0.25, random_state=0)):
        without = tuned(cv=cv, refit=False).fit(X, Y)
        refitted = tuned(cv=cv).fit(X, Y)
        assert_array_equal(without.best_thresholds_, refitted.best_thresholds_)
        assert_array_equal(refitted.predict_proba(X), clone(LOGISTIC).fit(X, Y).predict_proba(X))
        assert np.abs(without.predict_proba(X) - refitted.predict_proba(X)).max() > 0
    with pytest.raises(ValueError, match="cv makes 3 splits"):
        tuned(cv=3, refit=False).fit(X, Y)


def test_partial_fit_passes_through_and_keeps_the_thresholds():
    model = tuned(small_classifier(), cv=2).fit(X, Y)
    before, thresholds = model.predict_proba(X), model.best_thresholds_.copy()
    model.partial_fit(X[:50], Y[:50])
    assert np.abs(model.predict_proba(X) - before).max() > 0
    assert_array_equal(model.best_thresholds_, thresholds)
    first = tuned(small_classifier()).partial_fit(X, Y)
    assert_array_equal(first.best_thresholds_, np.full(4, 0.5))
    assert_array_equal(first.predict(X), first.predict_proba(X) >= 0.5)
    assert not hasattr(tuned(LinearSVC()), "partial_fit")


def test_labels_of_two_classes():
    labels = np.where(Y[:, 0] == 1, "yes", "no")
    model = tuned(LogisticRegression(), scoring="f1_micro").fit(X, labels)
    assert_array_equal(model.classes_, ["no", "yes"])
    assert set(model.predict(X)) == {"no", "yes"}
    assert model.best_thresholds_.shape == (1,)
    with pytest.raises(ValueError, match="needs tags"):
        model.predict_tags(X)
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        tuned(LogisticRegression()).fit(X, Y.sum(axis=1) % 3)


def test_sample_weight_reaches_classifier_and_search():
    weight = np.where(np.arange(300) < 150, 1.0, 0.0)
    model = tuned(LogisticRegression(), cv=KFold(3), scoring="f1_micro")
    weighted = model.fit(X, Y[:, 0], sample_weight=weight)
    assert weighted.cv_results_["n_positive"] == Y[:150, 0].sum()
    alone = LogisticRegression().fit(X[:150], Y[:150, 0])
    np.testing.assert_allclose(weighted.predict_proba(X), alone.predict_proba(X), atol=1e-3)


def test_metadata_routing():
    with sklearn.config_context(enable_metadata_routing=True):
        asked = LogisticRegression().set_fit_request(sample_weight=True)
        model = tuned(asked, cv=3).fit(X, Y[:, 0], sample_weight=np.ones(300))
        assert "sample_weight" in str(model.get_metadata_routing())
        with pytest.raises(ValueError, match="sample_weight"):
            tuned(LogisticRegression(), cv=3).fit(X, Y[:, 0], sample_weight=np.ones(300))


def test_rare_tag_is_named_and_takes_the_threshold_of_all():
    tags = pd.DataFrame(Y, columns=["Law", "Nursing", "Sales", "Art"])
    tags["Art"] = 0
    tags.loc[:2, "Art"] = 1
    with pytest.warns(UserWarning, match="'Art' have fewer than 5 positive or negative"):
        model = tuned().fit(X, tags)
    common = tuned(strategy="common").fit(X, tags)
    assert model.best_thresholds_[3] == common.best_thresholds_[3]


@pytest.mark.parametrize("value", [0, 1])
def test_tag_that_is_always_the_same(value):
    constant = Y.copy()
    constant[:, 2] = value
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Label .* is present in all")
        with pytest.warns(UserWarning, match="2 have fewer than 5 positive or negative"):
            model = tuned().fit(X, constant)
    assert_array_equal(model.predict(X)[:, 2], np.full(300, value))
    forest = RandomForestClassifier(5, random_state=0)
    with pytest.warns(UserWarning, match="2 have fewer"):
        assert tuned(forest).fit(X, constant).predict(X)[:, 2].mean() == value


class _Nothing(LogisticRegression):
    """Scores that are not numbers, as of a training that diverged."""

    def predict_proba(self, X):
        return np.full((len(X), 4), np.nan)

    def fit(self, X, y):
        self.classes_ = np.arange(4)
        return self


def test_scores_that_are_missing_leave_the_fitted_model():
    model = tuned().fit(X, Y)
    before = model.predict(X)
    model.set_params(estimator=_Nothing())
    with pytest.raises(ValueError, match="no number in row 0, tag 0"):
        model.fit(X, Y)
    assert_array_equal(model.predict(X), before)


def test_sparse_rows_and_tags():
    sparse_X = sparse.csr_matrix(np.where(np.abs(X) > 0.5, X, 0))
    model = tuned(cv=3).fit(sparse_X, sparse.csr_matrix(Y))
    assert model.predict(sparse_X).shape == Y.shape
    dense = tuned(cv=3).fit(sparse_X.toarray(), Y)
    np.testing.assert_allclose(model.best_thresholds_, dense.best_thresholds_, atol=1e-4)


def test_in_a_grid_search_and_in_another_process():
    search = GridSearchCV(
        tuned(cv=3, strategy="shrunken"),
        {"shrinkage": [0.0, 5.0], "estimator__estimator__C": [0.1, 1.0]},
        cv=2,
    ).fit(X, Y)
    model = search.best_estimator_
    given = in_fresh_python(
        "model, X = pickle.loads(given[0]), given[1]\nresult = model.predict(X)",
        (pickle.dumps(model), X),
    )
    assert_array_equal(given, model.predict(X))


def test_folds_side_by_side():
    assert_array_equal(
        tuned(cv=3, n_jobs=2).fit(X, Y).best_thresholds_, tuned(cv=3).fit(X, Y).best_thresholds_
    )


def test_whole_pipeline_on_postings():
    jobs, tags = make_job_postings(160, n_tags=4, random_state=0)
    peer = make_pipeline(
        ColumnTransformer([("words", TfidfVectorizer(), "job_description")]), LOGISTIC
    )
    for model in (peer, small_pipeline()):
        fitted = tuned(model, cv=0.3).fit(jobs[:120], tags[:120])
        assert fitted.predict(jobs[120:]).shape == (40, 4)
        assert set(itertools.chain(*fitted.predict_tags(jobs[120:]))) <= set(tags)
    unknown = tags[:120].astype(float)
    unknown.iloc[::3] = np.nan
    model = tuned(small_pipeline(), cv=0.3, refit=False).fit(jobs[:120], unknown)
    assert model.best_score_ > 0


def test_f_beta_of_results():
    model = tuned(scoring="f1_samples", beta=2.0, cv=KFold(3)).fit(X, Y)
    scores = np.concatenate(
        [
            clone(LOGISTIC).fit(X[train], Y[train]).predict_proba(X[test])
            for train, test in KFold(3).split(X)
        ]
    )
    value = fbeta_score(
        Y, scores >= model.best_thresholds_, average="samples", beta=2.0, zero_division=0
    )
    assert model.best_score_ == pytest.approx(value)


def test_bad_parameters_are_named():
    for wrong in (
        {"strategy": "own"}, {"cv": "prefitted"}, {"cv": 1.0}, {"cv": 1.5}, {"cv": 0.0},
        {"min_tags": -1}, {"max_tags": 0}, {"min_recall": 1.1}, {"min_precision": -0.1},
        {"beta": 0}, {"estimator": 3},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=re.escape(next(iter(wrong)))):
            tuned(**({"estimator": LOGISTIC} | wrong)).fit(X, Y)
    with pytest.raises(NotFittedError):
        tuned().predict(X)


def test_class_that_a_fold_has_never_seen_scores_zero():
    rows = np.r_[np.zeros((100, 1)), np.ones((100, 1))]
    labels = np.array(["no"] * 100 + ["yes"] * 100)
    model = tuned(
        RandomForestClassifier(10, random_state=0),
        cv=[(np.arange(90), np.arange(90, 200))],
        refit=False,
        strategy="per_tag",
    ).fit(rows, labels)
    assert model.best_score_ < 1


@pytest.mark.parametrize("name", ["logistic regression", "our network", "our linear model"])
def test_table_of_one_tag(name):
    tags = pd.DataFrame({"Law": Y[:, 0]})
    model = tuned(CLASSIFIERS[name], cv=3).fit(X, tags)
    assert model.predict(X).shape == (300, 1)
    assert model.predict_proba(X).shape == (300, 1)
    assert f1_score(tags, model.predict(X)) > 0.4


def test_first_partial_fit_of_tables_arrays_and_labels():
    network = MLPClassifier((4,), random_state=0)
    model = tuned(network).partial_fit(X, Y, classes=[0, 1, 2, 3])
    assert len(model.predict_tags(X)) == 300
    assert model.n_features_in_ == 8
    labels = np.where(Y[:, 0] == 1, "yes", "no")
    model = tuned(network).partial_fit(X, labels, classes=["no", "yes"])
    assert set(model.predict(X)) <= {"no", "yes"}
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        tuned(network).partial_fit(X, np.arange(300) % 3, classes=[0, 1, 2])


def test_partial_fit_puts_columns_in_order():
    tags = pd.DataFrame(Y, columns=list("abcd"))
    models = [tuned(MLPClassifier((4,), max_iter=20, random_state=0)) for _ in range(2)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Stochastic Optimizer")
        for model, columns in zip(models, (list("abcd"), list("dcba")), strict=True):
            model.fit(X, tags).partial_fit(X, tags[columns])
    assert_array_equal(models[0].predict_proba(X), models[1].predict_proba(X))


def test_scorer_that_is_no_number_somewhere():
    undefined = make_scorer(precision_score, average="micro", zero_division=np.nan)
    model = tuned(scoring=undefined, strategy="common").fit(X, Y)
    assert np.isfinite(model.best_thresholds_).all()
    assert model.best_score_ > 0.5


def test_groups_reach_the_splitter():
    groups = np.arange(300) % 6
    model = tuned(cv=GroupKFold(3)).fit(X, Y, groups=groups)
    assert np.isfinite(model.best_thresholds_).all()
    with sklearn.config_context(enable_metadata_routing=True):
        routed = tuned(cv=GroupKFold(3)).fit(X, Y, groups=groups)
    assert_array_equal(model.best_thresholds_, routed.best_thresholds_)


class WithAnAmount(DummyClassifier):
    def fit(self, X, y, amount=None):
        self.amount_ = amount
        return super().fit(X, y)


def test_other_parameters_reach_the_estimator_alone():
    model = tuned(WithAnAmount(), cv=GroupKFold(3))
    model.fit(X, Y, groups=np.arange(300) % 6, amount=3)
    assert model.estimator_.amount_ == 3


def test_weights_of_a_scorer_and_wrong_weights():
    weight = np.where(np.arange(300) < 150, 1.0, 0.0)
    own = {"cv": KFold(3), "strategy": "common"}
    by_name = tuned(LogisticRegression(), scoring="f1_micro", **own)
    scorer = tuned(LogisticRegression(), scoring=make_scorer(f1_score), **own)
    by_name.fit(X, Y[:, 0], sample_weight=weight)
    scorer.fit(X, Y[:, 0], sample_weight=weight)
    assert scorer.best_score_ == pytest.approx(by_name.best_score_, abs=0.03)
    for wrong in (-weight, weight * np.nan, weight * 0):
        with pytest.raises(ValueError, match="sample_weight must be numbers of 0 or more"):
            tuned(LogisticRegression()).fit(X, Y[:, 0], sample_weight=wrong)


def test_likeliest_of_tags_that_are_never_given():
    model = tuned(min_tags=1).fit(X, Y)
    model.best_thresholds_ = np.full(4, np.inf)
    assert_array_equal(model.predict(X).argmax(axis=1), model.predict_proba(X).argmax(axis=1))


def test_an_update_with_tags_that_have_no_threshold_is_refused():
    from small_models import small_classifier

    table = pd.DataFrame(Y, columns=["Law", "Nursing", "Sales", "Art"])
    model = tuned(small_classifier(new_tags="add", epochs=1)).fit(X, table[["Law", "Sales"]])
    before = model.predict(X)
    with pytest.raises(ValueError, match=r"\['Nursing', 'Art'\], for which no thresholds"):
        model.partial_fit(X, table)
    np.testing.assert_array_equal(model.predict(X), before)
