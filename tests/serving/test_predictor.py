"""What a pipeline says of a few postings, with and without TensorFlow."""

import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from small_models import in_fresh_python, small_pipeline

from jobtag_sklearn import JobTagPipeline
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.serving import JobTagPredictor

JOBS, TAGS = make_job_postings(160, n_tags=4, random_state=0)
TRAIN, REST = slice(0, 120), slice(120, 160)


@pytest.fixture(scope="module")
def fitted():
    return small_pipeline().fit(JOBS[TRAIN], TAGS[TRAIN])


def one_by_one(model, jobs):
    return np.vstack([model.predict_proba(jobs[row : row + 1]) for row in range(len(jobs))])


def assert_alike(model, jobs=JOBS[REST]):
    """A table, its rows one by one and a predictor give the same, and rows one way only."""
    table = model.predict_proba(jobs)
    single = one_by_one(model, jobs)
    assert np.isfinite(table).all()
    np.testing.assert_allclose(single, table, atol=1e-5)
    predictor = JobTagPredictor(model)
    np.testing.assert_array_equal(predictor.predict_proba(jobs), single)
    np.testing.assert_array_equal(predictor.predict(jobs[:3]), model.predict(jobs[:3]))
    assert predictor.predict_tags(jobs[:3]) == model.predict_tags(jobs[:3])
    assert predictor.classes_.tolist() == model.classes_.tolist()


def test_few_postings_and_many_are_predicted_alike(fitted):
    assert_alike(fitted)
    nothing = JOBS[:2].assign(job_title="", job_description=["", "<p>&nbsp;</p>"])
    assert_alike(fitted, nothing)


def test_networks_as_they_are_by_default_are_predicted_alike():
    # the other small models run step by step, and have Keras encode their rows
    compiled = {"autoencoder__codes__encode__run_eagerly": False, "classifier__run_eagerly": False}
    model = small_pipeline().set_params(**compiled).fit(JOBS[TRAIN], TAGS[TRAIN])
    for network in (
        model.named_steps["autoencoder"].named_transformers_["codes"].named_steps["encode"],
        model.named_steps["classifier"],
    ):
        assert all(np.isfinite(weight).all() for weight in network.model_.get_weights())
    assert_alike(model)


def test_parts_may_be_left_out():
    model = small_pipeline(n_phrase_features=0, n_topics=0)
    model.set_params(features__counts__count__pos="drop", classifier__linear_path=False)
    model.set_params(features__transformer_weights=None)
    assert_alike(model.fit(JOBS[TRAIN], TAGS[TRAIN]))
    model = small_pipeline().set_params(autoencoder__codes="drop")
    model.set_params(features__description__hash__words__weight__norm="l1")
    assert_alike(model.fit(JOBS[TRAIN], TAGS[TRAIN]))


def test_few_postings_are_predicted_with_what_was_learnt_last(fitted):
    model = copy.deepcopy(fitted)
    before = JobTagPredictor(model)
    expected = one_by_one(model, JOBS[REST])
    model.partial_fit(JOBS[REST], 1 - TAGS[REST])
    assert not np.allclose(one_by_one(model, JOBS[REST]), expected, atol=1e-3)
    assert_alike(model)
    assert_alike(model.drop_decoder())
    np.testing.assert_array_equal(before.predict_proba(JOBS[REST]), expected)


def test_thresholds_of_the_moment_count(fitted):
    model = copy.deepcopy(fitted).set_params(classifier__threshold=0.0)
    assert model.predict(JOBS[:1]).all()
    assert JobTagPredictor(model).predict(JOBS[:1]).all()
    model.set_params(classifier__threshold=[0.1, 0.2])
    for few in (JOBS[:1], JOBS):
        with pytest.raises(ValueError, match=r"threshold has shape \(2,\), but there are 4 tags"):
            model.predict(few)


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        (JOBS[:1].drop(columns="job_title"), "jobs have no column 'job_title'"),
        (
            JOBS[:2].assign(job_description=[np.nan, "text"]),
            rf"job_description of job {JOBS.index[0]} is a float \(nan\)",
        ),
        (JOBS[:0], "jobs are an empty table"),
        (["text"], "jobs must be a DataFrame"),
    ],
)
def test_bad_postings(fitted, jobs, message):
    for model in (fitted, JobTagPredictor(fitted)):
        with pytest.raises((ValueError, TypeError), match=message):
            model.predict(jobs)


def test_what_has_no_translation_is_predicted_by_its_steps():
    pooled = small_pipeline().set_params(autoencoder__codes__encode__pooling="average")
    pooled.fit(JOBS[TRAIN], TAGS[TRAIN])
    with pytest.raises(ValueError, match="no predictor can be made .* overlap or are pooled"):
        JobTagPredictor(pooled)
    np.testing.assert_allclose(
        one_by_one(pooled, JOBS[:3]), pooled.predict_proba(JOBS)[:3], atol=1e-5
    )
    linear = JobTagPipeline(
        [
            ("features", small_pipeline().named_steps["features"]),
            ("classifier", MultiOutputClassifier(LogisticRegression())),
        ]
    ).fit(JOBS[TRAIN], TAGS[TRAIN])
    np.testing.assert_array_equal(linear.predict(JOBS[:1]), linear.predict(JOBS)[:1])
    with pytest.raises(ValueError, match="MultiOutputClassifier"):
        JobTagPredictor(linear)
    with pytest.raises(ValueError, match="not fitted|no fitted"):
        JobTagPredictor(small_pipeline())


def test_a_fresh_process_needs_no_tensorflow(fitted):
    predictor = JobTagPredictor(fitted)
    result = in_fresh_python(
        """
        tags = given[0].predict_tags(given[1])
        slow = [name for name in ("tensorflow", "keras", "scikeras") if name in sys.modules]
        result = tags, given[0].predict_proba(given[1]), slow
        """,
        (predictor, JOBS[REST]),
    )
    assert result[0] == predictor.predict_tags(JOBS[REST])
    np.testing.assert_array_equal(result[1], predictor.predict_proba(JOBS[REST]))
    assert result[2] == []


def test_titles_with_missing_values_in_other_columns(fitted):
    jobs = JOBS[:1].assign(pay=pd.NA)
    np.testing.assert_array_equal(fitted.predict(jobs), fitted.predict(JOBS[:1]))
