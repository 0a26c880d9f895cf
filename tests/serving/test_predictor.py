"""Predictions of single postings, with and without TensorFlow."""

import copy

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from small_models import in_fresh_python, small_classifier, small_pipeline

from jobtag_sklearn import JobTagPipeline, make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.feature_extraction import (
    IncrementalTfidfTransformer,
    StemmingCleaner,
    TextStatistics,
)
from jobtag_sklearn.linear_model import MultiLabelLinearSVC
from jobtag_sklearn.serving import JobTagPredictor

JOBS, TAGS = make_job_postings(160, n_tags=4, random_state=0)
TRAIN, REST = slice(0, 120), slice(120, 160)
WIDTHS = {"n_word_features": 1024, "n_pair_features": 2048, "n_title_features": 512}
COLUMNS = "features__text__columns"
CODES = "features__text__views__codes"


def linear_pipeline(**settings):
    return make_job_tag_pipeline(network=False, random_state=0, **(WIDTHS | settings))


@pytest.fixture(scope="module")
def linear():
    return linear_pipeline().fit(JOBS[TRAIN], TAGS[TRAIN])


@pytest.fixture(scope="module")
def network():
    return with_network(small_pipeline().fit(JOBS[TRAIN], TAGS[TRAIN]))


@pytest.fixture(params=["linear", "network"])
def fitted(request):
    return request.getfixturevalue(request.param)


def with_network(model, share=0.7):
    """Have the deep network count, however little it helps with a hundred postings."""
    model.named_steps["classifier"].deep_share_ = share
    return model


def assert_alike(model, jobs=JOBS[REST]):
    """A pipeline and its predictor agree, on a table and on its rows one by one."""
    predictor = JobTagPredictor(model)
    expected = model.predict_proba(jobs)
    assert np.isfinite(expected).all()
    found = predictor.predict_proba(jobs)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    single = [predictor.predict_proba(jobs[row : row + 1]) for row in range(len(jobs))]
    np.testing.assert_array_equal(np.concatenate(single), found)
    np.testing.assert_array_equal(predictor.predict(jobs), model.predict(jobs))
    assert predictor.predict_tags(jobs) == model.predict_tags(jobs)
    assert predictor.classes_.tolist() == model.classes_.tolist()


def test_it_predicts_what_the_pipeline_predicts(fitted):
    assert_alike(fitted)
    assert_alike(fitted, JOBS[:2].assign(job_title="", job_description=["", "<p>&nbsp;</p>"]))
    # none of these words was in the training postings
    assert_alike(fitted, JOBS[:1].assign(job_title="Zzyzx", job_description="qwrt qwrt xkcd"))
    # columns are found by name
    assert_alike(fitted, JOBS[REST][JOBS.columns[::-1]].assign(more=np.nan))


@pytest.mark.parametrize(
    "settings",
    [
        {"features__counts": "drop"},
        {CODES: "drop"},
        {f"{CODES}__autoencoder__pool_size": 2, "features__transformer_weights": {"text": 0.5}},
        {
            f"{COLUMNS}__title": "drop",
            "features__text__views__scores__tag_vectorizers": None,
            f"{COLUMNS}__joined__weight__min_df": 0,
            f"{COLUMNS}__joined__weight__norm": "l1",
            "features__counts__count__transformer_weights": {"pos": 2.0},
            "features__counts__scale__with_mean": False,
        },
        {f"{COLUMNS}__joined__weight__use_idf": False, "classifier__threshold": 0.3},
        {"features__text__views__scores": "drop", "classifier__scores_first": False},
    ],
)
def test_parameters_may_differ_from_the_defaults(settings):
    model = small_pipeline().set_params(**settings).fit(JOBS[TRAIN], TAGS[TRAIN])
    assert_alike(with_network(model))


def test_steps_of_the_default_pipeline_may_be_combined_otherwise():
    hashed = HashingVectorizer(n_features=512, norm=None, alternate_sign=False)
    words = Pipeline([("hash", hashed), ("weight", IncrementalTfidfTransformer())])
    statistics = Pipeline([("count", TextStatistics()), ("root", FunctionTransformer(np.sqrt))])
    table = ColumnTransformer(
        [("words", words, "job_description"), ("statistics", statistics, ["job_title"])],
        transformer_weights={"statistics": 0.1},
    )
    steps = [("table", table), ("same", "passthrough"), ("tags", MultiLabelLinearSVC(C=0.5))]
    assert_alike(JobTagPipeline(steps).fit(JOBS[TRAIN], TAGS[TRAIN]))
    steps[1:] = [("scale", StandardScaler(with_mean=False)), ("tags", small_classifier())]
    table.set_params(sparse_threshold=0.0)
    assert_alike(JobTagPipeline(steps).fit(JOBS[TRAIN], TAGS[TRAIN]))


def test_a_network_that_adds_nothing_is_left_out(network):
    without = with_network(copy.deepcopy(network), share=0.0)
    assert_alike(without)
    assert "Encoder" in repr(JobTagPredictor(network)._features)
    assert "Encoder" not in repr(JobTagPredictor(without)._features)


def test_updates_do_not_change_it(fitted):
    model = copy.deepcopy(fitted)
    before = JobTagPredictor(model)
    expected = before.predict_proba(JOBS[REST])
    model.set_params(update_steps="all").partial_fit(JOBS[REST], 1 - TAGS[REST])
    assert not np.allclose(model.predict_proba(JOBS[REST]), expected, atol=1e-3)
    assert_alike(model)
    np.testing.assert_array_equal(before.predict_proba(JOBS[REST]), expected)


def test_the_decoder_is_not_needed(network):
    assert_alike(copy.deepcopy(network).drop_decoder())


def test_new_tags(linear):
    model = copy.deepcopy(linear).set_params(classifier__new_tags="add")
    model.partial_fit(JOBS[REST], TAGS[REST].assign(Diving=[0, 1] * 20))
    assert model.classes_[-1] == "Diving"
    assert_alike(model)


def test_it_has_the_thresholds_of_the_pipeline(fitted):
    model = copy.deepcopy(fitted).set_params(classifier__threshold=0.0)
    assert JobTagPredictor(model).predict(JOBS[:1]).all()
    model.set_params(classifier__threshold=[0.1, 0.2])
    with pytest.raises(ValueError, match=r"threshold has shape \(2,\), but there are 4 tags"):
        JobTagPredictor(model)


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        (JOBS[:1].drop(columns="job_title"), "jobs have no column 'job_title'"),
        (JOBS[:1].drop(columns="job_description"), "jobs have no column 'job_description'"),
        (
            JOBS[:2].assign(job_description=[np.nan, "text"]),
            rf"job_description of job {JOBS.index[0]} is a float \(nan\)",
        ),
        (JOBS[:2].assign(job_title=["text", 7]), f"job_title of job {JOBS.index[1]} is an int"),
        (JOBS[:0], "jobs are an empty table"),
        (["text"], "jobs must be a DataFrame"),
    ],
)
def test_bad_postings_raise_the_errors_of_the_pipeline(fitted, jobs, message):
    errors = []
    for model in (fitted, JobTagPredictor(fitted)):
        with pytest.raises((ValueError, TypeError), match=message) as raised:
            model.predict(jobs)
        errors.append((raised.type, str(raised.value)))
    assert errors[0] == errors[1]


class Cleaner(StemmingCleaner):
    """Another class than the one that it inherits from."""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classifier": MultiOutputClassifier(LogisticRegression())}, "MultiOutputClassifier"),
        ({"features__joined__clean": Cleaner()}, "Cleaner is no step of the default pipeline"),
        (
            {"features__joined__join": FunctionTransformer(lambda jobs: jobs.iloc[:, 0])},
            "applies .*lambda",
        ),
        ({"features__joined__weight": FunctionTransformer()}, None),
    ],
)
def test_steps_that_it_does_not_know(settings, message):
    model = linear_pipeline().set_params(**settings).fit(JOBS[TRAIN], TAGS[TRAIN])
    if message is None:
        assert_alike(model)
        return
    with pytest.raises(ValueError, match=f"no predictor can be made of this pipeline.*{message}"):
        JobTagPredictor(model)


def test_pipelines_that_it_does_not_know(linear):
    for model in (small_pipeline(), linear_pipeline()):
        with pytest.raises(ValueError, match="is not fitted"):
            JobTagPredictor(model)
    with pytest.raises(ValueError, match="the last step is no classifier"):
        JobTagPredictor(linear[:-1])
    with pytest.raises(ValueError, match="the first step is no JobColumnTransformer"):
        JobTagPredictor(linear[-1:])
    union = FeatureUnion([("features", linear[0])])
    with pytest.raises(ValueError, match="the first step is no JobColumnTransformer"):
        JobTagPredictor(Pipeline([("union", union), ("classifier", linear[-1])]))
    labels = linear_pipeline().fit(JOBS[TRAIN], TAGS[TRAIN].iloc[:, 0].to_numpy())
    with pytest.raises(ValueError, match="was fitted on class labels"):
        JobTagPredictor(labels)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([("pay", StandardScaler(), [-1])], "'pay' selects columns otherwise than by name"),
        ([("pay", "passthrough", ["pay"])], "'pay' passes columns of jobs on as they are"),
        ([], "'remainder' passes columns of jobs on as they are"),
    ],
)
def test_columns_that_are_no_text(parts, message):
    title = ("title", HashingVectorizer(n_features=64), "job_title")
    table = ColumnTransformer([title, *parts], remainder="passthrough")
    model = JobTagPipeline([("table", table), ("tags", MultiLabelLinearSVC(C=0.5))])
    model.fit(JOBS[["job_title"]].assign(pay=1.0), TAGS)
    with pytest.raises(ValueError, match=message):
        JobTagPredictor(model)


def test_a_fresh_process_needs_no_tensorflow(fitted):
    predictor = JobTagPredictor(fitted)
    found, probabilities, slow = in_fresh_python(
        """
        tags = given[0].predict_tags(given[1])
        slow = [name for name in ("tensorflow", "keras", "scikeras") if name in sys.modules]
        result = tags, given[0].predict_proba(given[1]), slow
        """,
        (predictor, JOBS[REST]),
    )
    assert found == predictor.predict_tags(JOBS[REST])
    np.testing.assert_array_equal(probabilities, predictor.predict_proba(JOBS[REST]))
    assert slow == []
