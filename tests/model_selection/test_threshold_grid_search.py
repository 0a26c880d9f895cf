"""The same search with fewer fits."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, GroupKFold
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Binarizer, StandardScaler
from small_models import make_tags, small_classifier, small_pipeline

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.model_selection import MultiLabelStratifiedKFold, ThresholdGridSearchCV

X, Y = make_tags()
LABELS = Y[:, 0]
LATE = FixedThresholdClassifier(LogisticRegression())
LATE_NAME = "fixedthresholdclassifier__threshold"
JOBS, TAGS = make_job_postings(80, n_tags=3, random_state=0)


class Counting(type(small_classifier())):
    """Counts how often it was fitted."""

    fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).fits += 1
        return super().fit(X, y, sample_weight)


def assert_same(ours, plain):
    assert ours.cv_results_.keys() == plain.cv_results_.keys()
    for name, column in plain.cv_results_.items():
        if name == "params":
            assert ours.cv_results_[name] == column
        elif name.startswith("param_"):
            assert np.ma.allequal(ours.cv_results_[name], column)
        elif not name.endswith("_time"):
            assert_array_equal(ours.cv_results_[name], column)
    assert ours.best_params_ == plain.best_params_
    assert ours.best_index_ == plain.best_index_


def assert_same_scores(ours, plain):
    for name in ("mean_test_score", "rank_test_score"):
        np.testing.assert_allclose(ours.cv_results_[name], plain.cv_results_[name])
    assert repr(ours.best_params_) == repr(plain.best_params_)


@pytest.mark.parametrize(
    "settings",
    [
        {"scoring": "f1_micro"},
        {"scoring": ["f1_micro", "f1_macro"], "refit": "f1_macro", "return_train_score": True},
        {},
        {"scoring": "accuracy", "refit": False},
    ],
)
def test_same_results_as_the_plain_search(settings):
    grid = [
        {"threshold": [0.2, 0.6], "epochs": [1]},
        {"threshold": ["auto", 0.5], "learning_rate": [0.1]},
    ]
    settings = {"cv": MultiLabelStratifiedKFold(2, random_state=0)} | settings
    ours = ThresholdGridSearchCV(small_classifier(), grid, **settings).fit(X, Y)
    plain = GridSearchCV(small_classifier(), grid, **settings).fit(X, Y)
    assert_same(ours, plain)
    if settings.get("refit", True):
        assert ours.best_score_ == plain.best_score_
        assert_array_equal(ours.predict(X), plain.predict(X))
        assert ours.score(X, Y) == plain.score(X, Y)


def test_verbose(capsys):
    search = ThresholdGridSearchCV(LATE, {"threshold": [0.3, 0.5]}, cv=2)
    search.fit(X, LABELS)
    assert "".join(capsys.readouterr()) == ""
    search.set_params(verbose=1).fit(X, LABELS)
    assert "2 folds for each of 1 candidates" in capsys.readouterr().out


def test_whole_pipeline():
    grid = {"classifier__threshold": [0.1, 0.4]}
    settings = {"cv": 2, "scoring": "f1_micro"}
    ours = ThresholdGridSearchCV(small_pipeline(), grid, **settings).fit(JOBS, TAGS)
    plain = GridSearchCV(small_pipeline(), grid, **settings).fit(JOBS, TAGS)
    assert_same(ours, plain)
    assert_array_equal(ours.predict(JOBS), plain.predict(JOBS))


def test_one_fit_for_all_thresholds():
    Counting.fits = 0
    parameters = small_classifier(epochs=1).get_params()
    parameters.pop("build_fn", None)
    search = ThresholdGridSearchCV(
        Counting(**parameters), {"threshold": np.linspace(0.1, 0.9, 9)}, cv=3, refit=False
    )
    search.fit(X, Y)
    assert Counting.fits == 3
    assert len(search.cv_results_["params"]) == 9


def test_refit_by_a_function_of_the_results():
    search = ThresholdGridSearchCV(
        small_classifier(epochs=1),
        {"threshold": [0.2, 0.8]},
        cv=2,
        scoring=["f1_micro", "f1_macro"],
        refit=lambda results: 1,
    ).fit(X, Y)
    assert search.best_params_ == {"threshold": 0.8}
    with pytest.raises(ValueError, match="refit must be one of"):
        ThresholdGridSearchCV(
            small_classifier(epochs=1),
            {"threshold": [0.2, 0.8]},
            cv=2,
            scoring=["f1_micro", "f1_macro"],
        ).fit(X, Y)


@pytest.mark.parametrize(
    ("estimator", "grid", "tags"),
    [
        (MultiOutputClassifier(LATE), {"estimator__threshold": [0.2, 0.5, 0.8]}, Y),
        (
            make_pipeline(Binarizer(), LogisticRegression()),
            {"binarizer__threshold": [0.0, 0.5]},
            LABELS,
        ),
        (make_pipeline(StandardScaler(), LATE), {LATE_NAME: [0.2, 0.8]}, LABELS),
        (
            Pipeline([("classifier", LATE)]),
            [
                {"classifier": [LogisticRegression()]},
                {"classifier": [LATE], "classifier__threshold": [0.2, 0.8]},
            ],
            LABELS,
        ),
    ],
    ids=["inside of another", "of a transformer", "of the last step", "other classifiers"],
)
def test_only_what_no_fit_looks_at_shares_one(estimator, grid, tags):
    settings = {"cv": 3, "scoring": "f1_micro"}
    ours = ThresholdGridSearchCV(estimator, grid, **settings).fit(X, tags)
    assert_same_scores(ours, GridSearchCV(estimator, grid, **settings).fit(X, tags))


def test_scorer_of_one_s_own_sees_the_pipeline():
    estimator = make_pipeline(StandardScaler(), LATE)

    def mean_of_rows(fitted, rows, tags):
        return len(fitted.steps) + rows.mean()

    settings = {"cv": 3, "scoring": mean_of_rows}
    ours = ThresholdGridSearchCV(estimator, {LATE_NAME: [0.2, 0.8]}, **settings).fit(X, LABELS)
    plain = GridSearchCV(estimator, {LATE_NAME: [0.2, 0.8]}, **settings).fit(X, LABELS)
    assert_same_scores(ours, plain)


def test_scorer_that_fails_at_one_threshold():
    def fails(fitted, rows, tags):
        if fitted.predict(rows).sum() == 0:
            raise ValueError("nothing was predicted")
        return 1.0

    grid = {"threshold": [0.5, 1.1]}
    with pytest.warns(UserWarning, match="nothing was predicted|test scores are non-finite"):
        search = ThresholdGridSearchCV(LATE, grid, scoring=fails, cv=3).fit(X, LABELS)
    assert_array_equal(search.cv_results_["mean_test_score"], [1.0, np.nan])
    assert search.best_params_ == {"threshold": 0.5}
    with pytest.raises(ValueError, match="nothing was predicted"):
        ThresholdGridSearchCV(LATE, grid, scoring=fails, cv=3, error_score="raise").fit(X, LABELS)


def test_groups_and_routed_weights():
    groups = np.arange(len(X)) % 4
    grid = {"threshold": [0.2, 0.5]}
    ours = ThresholdGridSearchCV(LATE, grid, cv=GroupKFold(3)).fit(X, LABELS, groups=groups)
    plain = GridSearchCV(LATE, grid, cv=GroupKFold(3)).fit(X, LABELS, groups=groups)
    assert_same_scores(ours, plain)
    with sklearn.config_context(enable_metadata_routing=True):
        late = FixedThresholdClassifier(LogisticRegression().set_fit_request(sample_weight=True))
        scorer = make_scorer(f1_score).set_score_request(sample_weight=True)
        weight = np.linspace(0, 3, len(X))
        searches = [
            search(late, grid, cv=3, scoring=scorer).fit(X, LABELS, sample_weight=weight)
            for search in (ThresholdGridSearchCV, GridSearchCV)
        ]
        assert_same_scores(*searches)
