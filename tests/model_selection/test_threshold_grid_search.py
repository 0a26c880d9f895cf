"""The same search with fewer fits."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from small_models import make_tags, small_classifier, small_pipeline

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.model_selection import MultiLabelStratifiedKFold, ThresholdGridSearchCV

X, Y = make_tags()
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
        {"threshold": [0.2, 0.4, 0.6], "epochs": [1, 2]},
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


def test_whole_pipeline():
    grid = {"classifier__threshold": [0.1, 0.3, 0.5]}
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
