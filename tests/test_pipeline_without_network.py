"""The default pipeline without networks: columns and a linear model."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from small_models import in_fresh_python

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings

JOBS, TAGS = make_job_postings(160, n_tags=4, random_state=0)
TRAIN, REST = slice(0, 120), slice(120, 160)
#: Imported by nothing in these pipelines.
KERAS = ("tensorflow", "keras", "scikeras")


def make(**settings):
    sizes = {"n_word_features": 2**12, "n_pair_features": 2**12, "n_title_features": 2**10}
    return make_job_tag_pipeline(network=False, random_state=0, **(sizes | settings))


@pytest.fixture(scope="module")
def fitted():
    return make().fit(JOBS[TRAIN], TAGS[TRAIN])


@pytest.fixture
def model(fitted):
    """A copy that a test may change."""
    return copy.deepcopy(fitted)


def test_predictions(fitted):
    assert list(fitted.named_steps) == ["features", "classifier"]
    given, probabilities = fitted.predict(JOBS[REST]), fitted.predict_proba(JOBS[REST])
    assert f1_score(TAGS[REST], given, average="micro") > 0.8
    np.testing.assert_allclose(probabilities, expit(fitted.tag_scores(JOBS[REST])), atol=1e-6)
    names = np.array(TAGS.columns)
    assert fitted.predict_tags(JOBS[REST]) == [names[row == 1].tolist() for row in given]
    one = JOBS.iloc[[130]]
    np.testing.assert_allclose(fitted.predict_proba(one)[0], probabilities[10], atol=1e-6)


def test_there_are_no_codes(fitted):
    for method in ("encode", "drop_decoder"):
        assert not hasattr(fitted, method)
    with pytest.raises(NotFittedError):
        make().predict(JOBS[REST])


def test_a_new_process_imports_no_tensorflow(fitted):
    program = f"""
        model, jobs, tags = given
        before = model.predict_proba(jobs)
        model.partial_fit(jobs, tags)
        from jobtag_sklearn import make_job_tag_pipeline
        new = make_job_tag_pipeline(network=False, random_state=0).fit(jobs, tags)
        imported = [name for name in {KERAS} if name in sys.modules]
        result = before, new.predict(jobs).shape, imported
    """
    before, shape, imported = in_fresh_python(program, (fitted, JOBS[REST], TAGS[REST]))
    np.testing.assert_array_equal(before, fitted.predict_proba(JOBS[REST]))
    assert shape == (40, 4)
    assert imported == []


def test_updates(model, fitted):
    has = TAGS[REST].to_numpy() == 1
    before = model.predict_proba(JOBS[REST])
    assert model.partial_fit(JOBS[REST], TAGS[REST]) is model
    after = model.predict_proba(JOBS[REST])
    gaps = [p[has].mean() - p[~has].mean() for p in (before, after)]
    assert gaps[1] > gaps[0]
    # word weights follow, so that new words count
    assert (model._text_columns(JOBS[:5]) != fitted._text_columns(JOBS[:5])).nnz > 0


def test_words_that_come_with_updates_are_learnt(model):
    rng = np.random.default_rng(0)
    new = JOBS[REST].copy()
    new["job_title"] = "Zymurgist"
    tags = TAGS[REST] * 0
    tags.iloc[:, 0] = 1
    title = pd.DataFrame({"job_title": ["Zymurgist"], "job_description": ["work"]})
    before = model.predict_proba(title)[0, 0]
    for rows in np.array_split(rng.permutation(40), 4):
        model.partial_fit(new.iloc[rows], tags.iloc[rows])
    assert model.predict_proba(title)[0, 0] > before + 0.1


def test_parameters_reach_fitted_steps(model):
    joined = model["features"].named_transformers_["joined"]
    model.set_params(features__joined__clean__strip_digits=False)
    assert joined.named_steps["clean"].strip_digits is False


def test_new_tags(model):
    more = TAGS[REST].assign(Diving=np.arange(40) % 2)
    with pytest.raises(ValueError, match=r"unknown tags.*Diving"):
        model.partial_fit(JOBS[REST], more)
    model.set_params(classifier__new_tags="add").partial_fit(JOBS[REST], more)
    assert model.classes_.tolist() == [*TAGS.columns, "Diving"]
    assert model.predict_proba(JOBS[REST]).shape == (40, 5)


@pytest.mark.parametrize("steps", ["tags", "all"])
def test_unknown_tags_only(model, fitted, steps):
    unknown = TAGS[REST] * np.nan
    model.set_params(update_steps=steps).partial_fit(JOBS[REST], unknown)
    # an update of the columns alone leaves the linear model as it was
    coef = model[-1].coef_
    np.testing.assert_array_equal(coef, fitted[-1].coef_)
    same = (model._text_columns(JOBS[:5]) != fitted._text_columns(JOBS[:5])).nnz == 0
    assert same == (steps == "tags")


def test_first_update_with_all_classes():
    model = make()
    some = TAGS[TRAIN].iloc[:, :2]
    model.partial_fit(JOBS[TRAIN], some, classes=TAGS.columns)
    model.partial_fit(JOBS[REST], TAGS[REST])
    assert model.classes_.tolist() == TAGS.columns.tolist()
    assert model.predict(JOBS[REST]).shape == (40, 4)


def test_a_failing_fit_changes_nothing(model, fitted):
    model.set_params(classifier__C=-1.0)
    with pytest.raises(ValueError, match="'C' parameter"):
        model.fit(JOBS[REST], TAGS[REST])
    np.testing.assert_array_equal(
        model.predict_proba(JOBS[REST]), fitted.predict_proba(JOBS[REST])
    )
    model.set_params(update_steps="all", classifier__C=1.0, classifier__threshold=2.0)
    with pytest.raises(ValueError, match="threshold"):
        model.partial_fit(JOBS[REST], TAGS[REST])
    np.testing.assert_array_equal(
        model.predict_proba(JOBS[REST]), fitted.predict_proba(JOBS[REST])
    )


def test_tools_of_scikit_learn(fitted):
    copied = clone(fitted).fit(JOBS[TRAIN], TAGS[TRAIN])
    loaded = pickle.loads(pickle.dumps(fitted))
    for other in (copied, loaded):
        np.testing.assert_array_equal(
            other.predict_proba(JOBS[REST]), fitted.predict_proba(JOBS[REST])
        )
    search = GridSearchCV(
        make(), {"classifier__C": [1e-7, 1.0]}, scoring="f1_macro", cv=2, error_score="raise"
    ).fit(JOBS[:80], TAGS[:80])
    assert search.best_params_ == {"classifier__C": 1.0}
    probabilities = cross_val_predict(
        make(), JOBS[:80], TAGS[:80], cv=2, method="predict_proba", n_jobs=2
    )
    assert f1_score(TAGS[:80], probabilities > 0.4, average="micro") > 0.5


def test_output_stays_sparse(model, fitted):
    model.set_output(transform="pandas")
    assert not isinstance(model[:-1].transform(JOBS[REST]), pd.DataFrame)
    np.testing.assert_array_equal(
        model.predict_proba(JOBS[REST]), fitted.predict_proba(JOBS[REST])
    )


def test_weights_of_jobs(fitted):
    weight = np.r_[np.ones(60), np.zeros(60)]
    weighted = make().fit(JOBS[TRAIN], TAGS[TRAIN], classifier__sample_weight=weight)
    assert not np.array_equal(weighted.predict_proba(JOBS[REST]), fitted.predict_proba(JOBS[REST]))
    weighted.partial_fit(JOBS[REST], TAGS[REST], sample_weight=np.ones(40))


def test_one_label_a_job():
    labels = TAGS.idxmax(axis=1)
    model = make().fit(JOBS[TRAIN], labels[TRAIN])
    assert model.predict_tags(JOBS[REST]) == [[label] for label in model.predict(JOBS[REST])]
    assert (model.predict(JOBS[REST]) == labels[REST]).mean() > 0.6


def test_two_labels():
    labels = np.where(TAGS.iloc[:, 0] == 1, "this", "another")
    model = make().fit(JOBS[TRAIN], labels[TRAIN]).partial_fit(JOBS[REST], labels[REST])
    assert model.predict_proba(JOBS[REST]).shape == (40, 2)
    assert (model.predict(JOBS[REST]) == labels[REST]).mean() > 0.8


@pytest.mark.filterwarnings("ignore:nothing can be learnt")
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_a_handful_of_jobs(n_jobs):
    """Too few for a word to be frequent, and for folds."""
    model = make().fit(JOBS[:n_jobs], TAGS[:n_jobs])
    assert model.predict(JOBS[REST]).shape == (40, 4)
    for start in range(0, 120, 40):
        batch = slice(start, start + 40)
        model.set_params(update_steps="all").partial_fit(JOBS[batch], TAGS[batch])
    assert f1_score(TAGS[REST], model.predict(JOBS[REST]), average="micro") > 0.5


def test_options_of_networks_have_no_effect():
    make(n_hashed_features=7, n_components=3, log_dir="never_written")


def test_progress(capsys):
    make(verbose=1).fit(JOBS[:60], TAGS[:60])
    shown = capsys.readouterr().out
    assert "joined" in shown
    assert "[MultiLabelLinearSVC] C=0.3" in shown


def test_a_step_is_replaced_together_with_its_parameters(model):
    model.set_params(classifier=LogisticRegression(), classifier__C=3.0)
    assert model.named_steps["classifier"].C == 3.0


def test_texts_without_a_word_in_common():
    jobs = pd.DataFrame(
        {
            "job_title": ["nurse", "cook", "pilot", "baker"],
            "job_description": ["wards shifts", "kitchen stove", "planes sky", "bread oven"],
        }
    )
    tags = pd.DataFrame({"a": [1, 0, 1, 0], "b": [0, 1, 1, 0]})
    assert make().fit(jobs, tags).predict_proba(jobs).shape == (4, 2)
