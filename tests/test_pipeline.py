"""From jobs to tags: the whole pipeline."""

import copy
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline
from small_models import in_fresh_python, small_pipeline

from jobtag_sklearn import JobTagPipeline, make_job_tag_pipeline
from jobtag_sklearn._nested_updates import nested
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.feature_extraction import POSFeatures, TextStatistics
from jobtag_sklearn.linear_model import MultiLabelLinearSVC

JOBS, TAGS = make_job_postings(160, n_tags=4, random_state=0)
TRAIN, REST = slice(0, 120), slice(120, 160)
AUTOENCODER = "features__text__views__codes__autoencoder"


@pytest.fixture(scope="module")
def fitted():
    return small_pipeline().fit(JOBS[TRAIN], TAGS[TRAIN])


@pytest.fixture
def model(fitted):
    """A copy that a test may change."""
    return copy.deepcopy(fitted)


@pytest.fixture(scope="module")
def expected(fitted):
    return fitted.predict_proba(JOBS[REST])


def linear_model_of(model):
    """Return the linear model inside of a pipeline."""
    found = (part for _, step in model.steps for part in nested(step))
    return next(part for part in found if isinstance(part, MultiLabelLinearSVC))


def state_of(model):
    """Return everything that a pickle of a fitted model holds, in a form that can be compared."""

    def plain(value):
        if sparse.issparse(value):
            return plain(value.toarray())
        if isinstance(value, np.ndarray):
            return value.dtype.str, value.shape, value.tolist()
        if isinstance(value, np.random.RandomState):
            return plain(value.get_state())
        if isinstance(value, dict):
            return {str(key): plain(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [plain(entry) for entry in value]
        if hasattr(value, "get_params") and not isinstance(value, type):
            return type(value).__name__, plain(value.__getstate__())
        return repr(value)

    return plain(model)


# ---------------------------------------------------------------- the contract


def test_steps_are_the_documented_ones():
    model = make_job_tag_pipeline()
    assert isinstance(model, JobTagPipeline)
    assert isinstance(model, Pipeline)
    assert list(model.named_steps) == ["features", "classifier"]
    names = [f"features__text__{name}" for name in ("columns", "views__scores", "views__codes")]
    assert {*names, "features__counts"} <= model.get_params().keys()


def test_predictions(fitted, expected):
    given = fitted.predict(JOBS[REST])
    assert given.shape == expected.shape == (40, 4)
    assert set(np.unique(given)) <= {0, 1}
    assert ((expected >= 0) & (expected <= 1)).all()
    assert fitted.classes_.tolist() == TAGS.columns.tolist()
    names = np.array(TAGS.columns)
    assert fitted.predict_tags(JOBS[REST]) == [names[row == 1].tolist() for row in given]
    assert f1_score(TAGS[REST], given, average="micro") > 0.6
    assert fitted.score(JOBS[REST], TAGS[REST]) == (given == TAGS[REST]).all(axis=1).mean()
    one = JOBS.iloc[[130]]
    np.testing.assert_allclose(fitted.predict_proba(one)[0], expected[10], atol=1e-5)
    assert fitted.predict(one).shape == (1, 4)


def test_the_network_adds_to_the_scores(fitted, expected):
    scores = fitted.tag_scores(JOBS[REST])
    columns = fitted[:-1].transform(JOBS[REST])
    assert scores.shape == (40, 4)
    np.testing.assert_array_equal(columns[:, :4], scores)
    network = copy.deepcopy(fitted[-1])
    network.deep_share_ = 0.0
    np.testing.assert_allclose(network.predict_proba(columns), expit(scores), atol=1e-6)
    assert fitted[-1].deep_share_ > 0
    assert not np.allclose(expected, expit(scores), atol=1e-3)


def test_only_the_named_columns_are_read(fitted, expected):
    fewer = JOBS[["job_description", "job_title"]][REST]
    np.testing.assert_array_equal(fitted.predict_proba(fewer), expected)
    more = JOBS[REST].assign(city="Basel").set_axis(range(40))
    np.testing.assert_array_equal(fitted.predict_proba(more), expected)
    renamed = JOBS.rename(columns={"job_title": "title", "job_description": "text"})
    other = small_pipeline(title="title", description="text").fit(renamed[TRAIN], TAGS[TRAIN])
    np.testing.assert_array_equal(other.predict_proba(renamed[REST]), expected)


def test_same_random_state_twice(expected):
    again = small_pipeline().fit(JOBS[TRAIN], TAGS[TRAIN])
    np.testing.assert_array_equal(again.predict_proba(JOBS[REST]), expected)
    np.testing.assert_array_equal(
        again.fit(JOBS[TRAIN], TAGS[TRAIN]).predict_proba(JOBS[REST]), expected
    )


def test_progress(capsys):
    model = small_pipeline()
    model.fit(JOBS[TRAIN], TAGS[TRAIN])
    assert capsys.readouterr().out == ""
    model = small_pipeline(verbose=1)
    model.fit(JOBS[TRAIN], TAGS[TRAIN])
    shown = capsys.readouterr().out
    for part in ("joined", "title", "[MultiLabelLinearSVC] C=0.3", "learning_rate"):
        assert part in shown


@pytest.mark.parametrize("network", [True, False])
def test_columns_that_can_be_left_out(network):
    widths = {"n_word_features": 1024, "n_pair_features": 0, "n_title_features": 0}
    if network:
        model = small_pipeline(**widths)
    else:
        model = make_job_tag_pipeline(network=False, random_state=0, **widths)
    model.fit(JOBS[TRAIN], TAGS[TRAIN])
    assert model._text_columns(JOBS[REST]).shape == (40, 1024)
    assert f1_score(TAGS[REST], model.predict(JOBS[REST]), average="micro") > 0.6


def test_columns_must_fold_evenly():
    with pytest.raises(ValueError, match="n_word_features=1000 must be a multiple of"):
        make_job_tag_pipeline(n_word_features=1000, n_hashed_features=256)


def test_tags_in_other_forms(expected):
    array = small_pipeline().fit(JOBS[TRAIN], TAGS[TRAIN].to_numpy())
    assert array.predict_tags(JOBS[120:121]) in ([[]], *([[i]] for i in range(4)))
    unnamed = small_pipeline().set_params(features__text__views__scores__tag_vectorizers=None)
    unnamed.fit(JOBS[TRAIN], TAGS[TRAIN])
    # only a table has names of tags
    np.testing.assert_array_equal(
        array.predict_proba(JOBS[REST]), unnamed.predict_proba(JOBS[REST])
    )
    assert not np.array_equal(unnamed.predict_proba(JOBS[REST]), expected)


def test_one_label_a_job():
    labels = TAGS.idxmax(axis=1)
    model = small_pipeline().fit(JOBS[TRAIN], labels[TRAIN])
    given = model.predict(JOBS[REST])
    assert given.shape == (40,)
    assert model.predict_tags(JOBS[REST]) == [[label] for label in given]


@pytest.mark.filterwarnings("ignore:nothing can be learnt")
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_a_handful_of_jobs(n_jobs):
    """Too few for a word to be frequent, and for folds."""
    model = small_pipeline().fit(JOBS[:n_jobs], TAGS[:n_jobs])
    model.partial_fit(JOBS[REST], TAGS[REST])
    assert np.isfinite(model.predict_proba(JOBS[REST])).all()


def test_words_of_title_and_description_share_columns(fitted):
    assert fitted._text_columns(JOBS[:3]).shape == (3, 1024 + 2048 + 512)
    swapped = JOBS[:3].rename(
        columns={"job_title": "job_description", "job_description": "job_title"}
    )
    words, same, titles, others = (
        fitted._text_columns(jobs)[:, columns]
        for columns in (slice(1024), slice(3072, None))
        for jobs in (JOBS[:3], swapped)
    )
    # the pair at the border is another one, so that rows of length one differ a little
    assert abs(words - same).max() < 0.01
    assert ((words != 0) != (same != 0)).nnz == 0
    assert abs(titles - others).max() > 0.1


def test_jobs_of_unknown_tags_train_the_autoencoder():
    some = TAGS[TRAIN].astype(float)
    some.iloc[80:] = np.nan
    model = small_pipeline().fit(JOBS[TRAIN], some)
    assert model.predict(JOBS[REST]).shape == (40, 4)
    other = JOBS[TRAIN].copy()
    other.iloc[80:] = other.iloc[80:].iloc[::-1]
    assert not np.array_equal(
        small_pipeline().fit(other, some).encode(JOBS[REST]), model.encode(JOBS[REST])
    )


# ---------------------------------------------------------------- updates


def test_update_changes_what_learns_from_tags_only(model, expected):
    weights = model._codes()[1].model_.get_weights()
    scale = model._codes()[2].scale_
    scores = model.tag_scores(JOBS[REST])
    assert model.partial_fit(JOBS[REST], TAGS[REST]) is model
    assert not np.array_equal(model.predict_proba(JOBS[REST]), expected)
    assert not np.array_equal(model.tag_scores(JOBS[REST]), scores)
    for before, after in zip(weights, model._codes()[1].model_.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(model._codes()[2].scale_, scale)
    assert model.named_steps["classifier"].n_epochs_ == 2


@pytest.mark.parametrize("steps", ["tags", "all"])
def test_the_network_is_updated_on_scores_from_before_the_update(fitted, model, steps):
    columns = fitted[:-1].transform(JOBS[REST])
    network = copy.deepcopy(fitted[-1]).partial_fit(columns, TAGS[REST])
    model.set_params(update_steps=steps).partial_fit(JOBS[REST], TAGS[REST])
    np.testing.assert_array_equal(model[-1].predict_proba(columns), network.predict_proba(columns))


def test_updates_learn(model, expected):
    has = TAGS[REST].to_numpy() == 1
    for _ in range(4):
        model.partial_fit(JOBS[REST], 1 - TAGS[REST])
    updated = model.predict_proba(JOBS[REST])
    before, after = (p[has].mean() - p[~has].mean() for p in (expected, updated))
    assert after < before - 0.02


def test_update_matches_columns_by_name(model, fitted):
    straight = copy.deepcopy(fitted).partial_fit(JOBS[REST], TAGS[REST])
    model.partial_fit(JOBS[REST], TAGS[REST].iloc[:, ::-1])
    np.testing.assert_array_equal(
        model.predict_proba(JOBS[REST]), straight.predict_proba(JOBS[REST])
    )


def test_all_steps_are_updated_on_request(model):
    model.set_params(update_steps="all")
    before = copy.deepcopy(model)
    model.partial_fit(JOBS[REST], TAGS[REST])

    def parts(pipeline):
        found = {}
        for part in nested(pipeline.named_steps["features"]):
            found.setdefault(type(part).__name__, []).append(part)
        return found

    new, old = parts(model), parts(before)
    assert [len(found["IncrementalTfidfTransformer"]) for found in (new, old)] == [2, 2]
    for kind in ("IncrementalTfidfTransformer", "StandardScaler"):
        assert [part.n_samples_seen_ for part in new[kind]] == [160, 160], kind
        # the steps of the pipeline that it was copied from are other objects
        assert [part.n_samples_seen_ for part in old[kind]] == [120, 120], kind
    (encoder,), (encoder_before,) = (found["ConvAutoencoderTransformer"] for found in (new, old))
    assert encoder.n_epochs_ == encoder_before.n_epochs_ + 1
    assert not np.array_equal(model.tag_scores(JOBS[REST]), before.tag_scores(JOBS[REST]))


def test_jobs_of_unknown_tags_update_what_learns_without_tags(model, expected):
    unknown = TAGS[REST].astype(float) * np.nan
    before = state_of(model)
    model.partial_fit(JOBS[REST], unknown)
    assert_unchanged(model, before, expected)
    classifier, linear = model[-1], linear_model_of(model)
    before = state_of(classifier), state_of(linear)
    codes = model.encode(JOBS[REST])
    model.set_params(update_steps="all").partial_fit(JOBS[REST], unknown)
    assert (state_of(classifier), state_of(linear_model_of(model))) == before
    assert not np.allclose(model.encode(JOBS[REST]), codes)


def test_updates_with_some_unknown_tags(model):
    some = TAGS[REST].astype(float)
    some.iloc[:20] = np.nan
    model.partial_fit(JOBS[REST], some)
    assert np.isfinite(model.predict_proba(JOBS[REST])).all()


def test_an_update_of_all_steps_that_fails_changes_none(model, expected):
    model.set_params(update_steps="all", classifier__threshold=2.0)
    with pytest.raises(ValueError, match="threshold"):
        model.partial_fit(JOBS[REST], TAGS[REST])
    np.testing.assert_array_equal(model.predict_proba(JOBS[REST]), expected)
    model.set_params(update_steps="both")
    for learn in (model.partial_fit, model.fit):
        with pytest.raises(ValueError, match="'update_steps' parameter of JobTagPipeline must be"):
            learn(JOBS[REST], TAGS[REST])


def test_counts_may_be_left_out():
    model = small_pipeline().set_params(features__counts="drop")
    model.fit(JOBS[TRAIN], TAGS[TRAIN])
    assert model[-1].n_features_in_ == 4 + 8
    model.partial_fit(JOBS[REST], TAGS[REST])
    np.testing.assert_allclose(
        model.predict_proba(JOBS[:3]), model.predict_proba(JOBS)[:3], atol=1e-5
    )


def test_codes_may_be_left_out():
    model = small_pipeline().set_params(features__text__views__codes="drop")
    model.fit(JOBS[TRAIN], TAGS[TRAIN])
    assert not hasattr(model, "encode")
    assert not hasattr(model, "drop_decoder")
    assert model.partial_fit(JOBS[REST], TAGS[REST]).tag_scores(JOBS[REST]).shape == (40, 4)


def test_without_any_features():
    model = small_pipeline().set_params(features__counts="drop", features__text="drop")
    for learn in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=r"0 feature\(s\)"):
            learn(JOBS[TRAIN], TAGS[TRAIN])


@pytest.mark.parametrize("steps", ["tags", "all"])
def test_an_update_without_jobs_says_so(model, steps):
    with pytest.raises(ValueError, match="jobs are an empty table"):
        model.set_params(update_steps=steps).partial_fit(JOBS[:0], TAGS[:0])


@pytest.mark.parametrize("steps", ["tags", "all"])
def test_new_tags_reach_the_classifier(model, steps):
    more = TAGS[REST].assign(**{"Beekeeping": np.arange(40) % 2})
    model.set_params(classifier__new_tags="add", update_steps=steps)
    model.partial_fit(JOBS[REST], more)
    assert model.classes_.tolist() == [*TAGS.columns, "Beekeeping"]
    assert linear_model_of(model).classes_.tolist() == model.classes_.tolist()
    assert model.predict_proba(JOBS[REST]).shape == (40, 5)
    model.partial_fit(
        JOBS[REST], pd.DataFrame({"Diving": np.arange(40) % 2}, index=TAGS[REST].index)
    )
    assert model.predict_proba(JOBS[REST]).shape == (40, 6)
    names = model[:-1].get_feature_names_out()[:6]
    assert names.tolist() == [f"text__scores__{tag}" for tag in model.classes_]
    # the linear model's own parameter is as it was
    assert linear_model_of(model).new_tags == "error"


def test_first_update_fits_every_step():
    model = small_pipeline()
    model.partial_fit(JOBS[TRAIN], TAGS[TRAIN], classes=TAGS.columns)
    model.partial_fit(JOBS[REST], TAGS[REST])
    assert model.predict_proba(JOBS[REST]).shape == (40, 4)
    assert model.classes_.tolist() == TAGS.columns.tolist()


def test_weights_of_jobs(fitted):
    weight = np.r_[np.ones(60), np.zeros(60)]
    model = small_pipeline()
    model.fit(JOBS[TRAIN], TAGS[TRAIN], classifier__sample_weight=weight)
    assert not np.array_equal(model.predict_proba(JOBS[REST]), fitted.predict_proba(JOBS[REST]))
    model.partial_fit(JOBS[REST], TAGS[REST], sample_weight=np.ones(40))
    model.partial_fit(JOBS[REST], TAGS[REST], classifier__sample_weight=np.ones(40))


def test_dropping_the_decoder_keeps_predictions_and_updates(model, fitted, expected):
    assert model.drop_decoder() is model
    np.testing.assert_array_equal(model.predict_proba(JOBS[REST]), expected)
    assert len(pickle.dumps(model)) < len(pickle.dumps(fitted))
    model = pickle.loads(pickle.dumps(model)).partial_fit(JOBS[REST], TAGS[REST])
    straight = copy.deepcopy(fitted).partial_fit(JOBS[REST], TAGS[REST])
    np.testing.assert_array_equal(
        model.predict_proba(JOBS[REST]), straight.predict_proba(JOBS[REST])
    )


# ---------------------------------------------------------------- scikit-learn's tools


def test_pickle_in_a_new_process(fitted, expected):
    probabilities, tags, codes, updated = in_fresh_python(
        """
        model, jobs, tags = given
        result = [model.predict_proba(jobs), model.predict_tags(jobs), model.encode(jobs)]
        result.append(model.partial_fit(jobs, tags).predict_proba(jobs))
        """,
        (fitted, JOBS[REST], TAGS[REST]),
    )
    np.testing.assert_array_equal(probabilities, expected)
    np.testing.assert_array_equal(codes, fitted.encode(JOBS[REST]))
    assert tags == fitted.predict_tags(JOBS[REST])
    here = copy.deepcopy(fitted).partial_fit(JOBS[REST], TAGS[REST])
    np.testing.assert_array_equal(updated, here.predict_proba(JOBS[REST]))


def test_skops(fitted, expected):
    """What must be trusted is of this package, but for the class of the optimizer."""
    skops_io = pytest.importorskip("skops.io")
    guide = (Path(__file__).parents[1] / "docs" / "production.rst").read_text()
    listed = {f"jobtag_sklearn.{name}" for name in re.findall(r'f"{package}\.([\w.]+)"', guide)}
    for model in (small_pipeline(), fitted):
        saved = skops_io.dumps(model)
        trusted = set(skops_io.get_untrusted_types(data=saved))
        optimizer = {"keras.src.optimizers.sgd.SGD"} if model is fitted else set()
        assert trusted - listed == optimizer
        assert model is not fitted or listed < trusted
        loaded = skops_io.loads(saved, trusted=sorted(trusted))
        assert loaded.get_params().keys() == model.get_params().keys()
    np.testing.assert_array_equal(loaded.predict_proba(JOBS[REST]), expected)
    here = copy.deepcopy(fitted).partial_fit(JOBS[REST], TAGS[REST])
    np.testing.assert_array_equal(
        loaded.partial_fit(JOBS[REST], TAGS[REST]).predict_proba(JOBS[REST]),
        here.predict_proba(JOBS[REST]),
    )
    with pytest.raises(TypeError, match=r"Untrusted types.*LinearState"):
        skops_io.loads(
            saved, trusted=[name for name in sorted(trusted) if "LinearState" not in name]
        )


def test_clone(fitted, expected):
    copied = clone(fitted)
    assert isinstance(copied, JobTagPipeline)
    with pytest.raises(NotFittedError):
        copied.predict(JOBS[REST])
    copied.fit(JOBS[TRAIN], TAGS[TRAIN])
    np.testing.assert_array_equal(copied.predict_proba(JOBS[REST]), expected)


def test_search_over_thresholds_in_two_processes():
    search = GridSearchCV(
        small_pipeline(n_pair_features=0),
        {"classifier__threshold": [0.0, 0.4]},
        scoring="f1_micro",
        cv=2,
        n_jobs=2,
        error_score="raise",
    ).fit(JOBS[:80], TAGS[:80])
    assert search.best_params_ == {"classifier__threshold": 0.4}
    assert search.best_estimator_.predict_tags(JOBS[:2]) is not None
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_search_over_a_parameter_of_the_linear_model():
    path = "features__text__views__scores__C"
    search = GridSearchCV(
        small_pipeline(), {path: [1e-7, 1.0]}, scoring="f1_macro", cv=2, error_score="raise"
    ).fit(JOBS[:80], TAGS[:80])
    assert search.best_params_ == {path: 1.0}
    assert linear_model_of(search.best_estimator_).C_ == 1.0


def test_out_of_fold_probabilities():
    probabilities = cross_val_predict(
        small_pipeline(n_pair_features=0), JOBS[:80], TAGS[:80], cv=2, method="predict_proba"
    )
    assert probabilities.shape == (80, 4)
    assert np.isfinite(probabilities).all()


def test_set_params(model, expected):
    model.set_params(classifier__threshold=[0.1, 0.9, 0.5, 0.5])
    given = model.predict(JOBS[REST])
    np.testing.assert_array_equal(given, (expected >= [0.1, 0.9, 0.5, 0.5]).astype(int))
    path = "features__text__views__codes__autoencoder__optimizer__momentum"
    model.set_params(**{path: 0.5})
    assert model.get_params()[path] == 0.5


def test_set_params_reaches_fitted_steps(model):
    """A ColumnTransformer fits clones of its steps."""
    path = "features__text__views__scores"
    model.set_params(**{f"{path}__update_C": 0.0, f"{path}__new_tags": "add"})
    linear = linear_model_of(model)
    assert (linear.update_C, linear.new_tags) == (0.0, "add")
    intercept = linear.intercept_.copy()
    model.partial_fit(JOBS[TRAIN], TAGS[TRAIN])
    np.testing.assert_array_equal(linear_model_of(model).intercept_, intercept)
    model.set_params(**{f"{path}__update_C": 10.0}).partial_fit(JOBS[TRAIN], TAGS[TRAIN])
    assert not np.array_equal(linear_model_of(model).intercept_, intercept)


def test_codes(model):
    codes = model.encode(JOBS[REST])
    assert codes.shape == (40, 8)
    assert codes.dtype == np.float32
    frame = model.set_output(transform="pandas").encode(JOBS[REST])
    assert isinstance(frame, pd.DataFrame)
    assert frame.index.equals(JOBS[REST].index)
    assert frame.columns.tolist() == [f"convautoencodertransformer{i}" for i in range(8)]
    np.testing.assert_array_equal(frame, codes)
    assert isinstance(model.set_output(transform="default").encode(JOBS[REST]), np.ndarray)
    with pytest.raises(NotFittedError):
        small_pipeline().encode(JOBS[REST])


def test_names_of_features(fitted):
    names = fitted[:-1].get_feature_names_out().tolist()
    assert names[:4] == [f"text__scores__{tag}" for tag in TAGS]
    assert names[4:12] == [f"text__codes__convautoencodertransformer{i}" for i in range(8)]
    assert names[12:] == [
        *(f"counts__statistics__{name}" for name in TextStatistics().get_feature_names_out()),
        *(f"counts__pos__{name}" for name in POSFeatures().get_feature_names_out()),
    ]


def test_set_output(fitted, expected):
    model = small_pipeline().set_output(transform="pandas").fit(JOBS[TRAIN], TAGS[TRAIN])
    columns = model[:-1].transform(JOBS[REST])
    assert isinstance(columns, pd.DataFrame)
    assert columns.index.equals(JOBS[REST].index)
    assert columns.columns.tolist() == fitted[:-1].get_feature_names_out().tolist()
    assert model.feature_names_in_.tolist() == JOBS.columns.tolist()
    assert model[-1].feature_names_in_.tolist() == columns.columns.tolist()
    np.testing.assert_array_equal(columns, fitted[:-1].transform(JOBS[REST]))
    np.testing.assert_array_equal(model.predict_proba(JOBS[REST]), expected)
    assert sparse.issparse(model._text_columns(JOBS[REST]))
    more = TAGS[REST].assign(Diving=np.arange(40) % 2)
    model.set_params(classifier__new_tags="add").partial_fit(JOBS[REST], more)
    model.partial_fit(JOBS[REST], more)
    assert model.predict_proba(JOBS[REST]).shape == (40, 5)
    assert isinstance(clone(model).fit(JOBS[TRAIN], TAGS[TRAIN]).encode(JOBS[:2]), pd.DataFrame)


def test_diagram(fitted):
    for model in (make_job_tag_pipeline(), fitted):
        html = model._repr_html_()
        for name in ("JobTagPipeline", "StemmingCleaner", "ConvAutoencoderTransformer",
                     "MultiLabelLinearSVC", "KerasMultiLabelClassifier"):  # fmt: skip
            assert name in html
        assert "JobTagPipeline(steps=" in repr(model)


def test_cached_steps(tmp_path, expected):
    """The second fit takes the steps before the classifier from the cache."""
    folder = tmp_path / "cache"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Persisting input arguments took")
        first = small_pipeline(memory=str(folder)).fit(JOBS[TRAIN], TAGS[TRAIN])
        written = sorted(path for path in folder.rglob("*.pkl"))
        second = small_pipeline(memory=str(folder))
        second.set_params(classifier__threshold=0.3).fit(JOBS[TRAIN], TAGS[TRAIN])
    assert written
    assert sorted(path for path in folder.rglob("*.pkl")) == written
    for model in (first, second):
        np.testing.assert_array_equal(model.predict_proba(JOBS[REST]), expected)
        model.partial_fit(JOBS[REST], TAGS[REST])


def test_other_steps_of_ones_own():
    """A JobTagPipeline is a Pipeline: it asks no step for what scikit-learn does not."""
    model = JobTagPipeline(
        [("count", TextStatistics()), ("learn", MultiOutputClassifier(LogisticRegression()))]
    ).fit(JOBS["job_title"][TRAIN], TAGS[TRAIN])
    assert model.predict(JOBS["job_title"][REST]).shape == (40, 4)
    counts = model.set_output(transform="pandas")[:-1].transform(JOBS["job_title"][REST])
    assert counts.index.equals(JOBS[REST].index)
    assert not hasattr(model, "partial_fit"), "the last step has none"
    assert not hasattr(model, "predict_tags"), "the last step has none"
    for name in ("encode", "tag_scores", "drop_decoder"):
        assert not hasattr(model, name), "no step has it"


# ---------------------------------------------------------------- bad input


def jobs_with(column, value, row=7):
    jobs = JOBS[REST].astype({column: object})
    jobs[column] = jobs[column].astype(object)
    jobs.iloc[row, jobs.columns.get_loc(column)] = value
    return jobs


LABEL = JOBS.index[127]
BAD_JOBS = [
    pytest.param(jobs_with("job_title", None), f"job_title of job {LABEL} is ", id="None"),
    pytest.param(
        jobs_with("job_description", float("nan")), rf"job_description of job {LABEL} is .*nan",
        id="NaN",
    ),
    pytest.param(jobs_with("job_title", pd.NA), f"job_title of job {LABEL} is ", id="NA"),
    pytest.param(
        jobs_with("job_description", b"bytes"), f"job_description of job {LABEL} is a bytes",
        id="bytes",
    ),
    pytest.param(jobs_with("job_title", 4711), f"job_title of job {LABEL} is an int", id="number"),
    pytest.param(
        JOBS[REST].drop(columns="job_title"), "no column 'job_title'", id="missing column"
    ),
    pytest.param(
        JOBS[REST].rename(columns={"job_title": "jobtitle"}), "rename 'jobtitle'",
        id="mistyped column",
    ),
    pytest.param(JOBS[:0], "empty table", id="empty"),
    pytest.param(JOBS[REST].to_numpy(), "DataFrame with the columns", id="array"),
    pytest.param(JOBS["job_title"][REST], "DataFrame with the columns", id="Series"),
    pytest.param("Chef", "DataFrame with the columns", id="text"),
    pytest.param(None, "DataFrame with the columns", id="nothing"),
]  # fmt: skip
USES = ("predict", "predict_proba", "predict_tags", "encode")


def assert_unchanged(model, before, expected):
    assert state_of(model) == before
    np.testing.assert_array_equal(model.predict_proba(JOBS[REST]), expected)


@pytest.mark.parametrize(("jobs", "message"), BAD_JOBS)
def test_bad_jobs_are_named_and_change_nothing(model, expected, jobs, message):
    before = state_of(model)
    for method in USES:
        with pytest.raises((ValueError, TypeError), match=message):
            getattr(model, method)(jobs)
    tags = TAGS[REST] if jobs is None or len(jobs) != 0 else TAGS[:0]
    if isinstance(jobs, str):
        tags = tags[:1]
    with pytest.raises((ValueError, TypeError), match=message):
        model.partial_fit(jobs, tags)
    assert_unchanged(model, before, expected)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(jobs, tags)
    assert_unchanged(model, before, expected)


def bad_tags():
    tags = TAGS[REST]
    name, other = tags.columns[:2]
    yield "2 as a tag", tags.replace({name: {1: 2}}), f"tag '{name}' of row .* is "
    yield "text as a tag", tags.astype(str), f"tag '{name}' of row"
    yield "half a tag", tags * 0.5, f"tag '{name}' of row"
    yield "other order", tags[::-1], "jobs and tags must have the same index"
    yield "another job", tags.rename({LABEL: 9999}), rf"job .*{LABEL}.* in jobs and .*9999"
    yield "fewer rows", tags[:-1], "40 jobs but 39 rows of tags"
    yield "array of fewer rows", tags.to_numpy()[:-1], "inconsistent"
    yield "twice the same tag", tags.rename(columns={other: name}), f"'{name}' has more than one"
    yield "none", None, "y"
    yield "lists of names", [["a"], ["a", "b"]] * 20, "MultiLabelBinarizer"


BAD_TAGS = [pytest.param(*case[1:], id=case[0]) for case in bad_tags()]


@pytest.mark.parametrize(("tags", "message"), BAD_TAGS)
def test_bad_tags_are_named_and_change_nothing(model, expected, tags, message):
    before = state_of(model)
    with pytest.raises((ValueError, TypeError), match=re.compile(message)):
        model.partial_fit(JOBS[REST], tags)
    assert_unchanged(model, before, expected)
    with pytest.raises((ValueError, TypeError), match=re.compile(message)):
        model.fit(JOBS[REST], tags)
    assert_unchanged(model, before, expected)


def test_a_fit_needs_a_known_tag(model, expected):
    before = state_of(model)
    with pytest.raises(ValueError, match="no sample has a known tag"):
        model.fit(JOBS[REST], TAGS[REST] * np.nan)
    assert_unchanged(model, before, expected)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (TAGS[REST].assign(Cooking=0), r"unknown tags.*Cooking"),
        (TAGS[REST].rename(columns=str.upper), "unknown tags"),
        (np.zeros((40, 5), dtype=int), "y has 5 tags, but .* 4"),
        (np.zeros((40, 3), dtype=int), "y has 3 tags, but .* 4"),
        (TAGS[REST].idxmax(axis=1), "tags|labels"),
    ],
    ids=["one more", "other names", "wider", "narrower", "labels"],
)
def test_unknown_tags_in_an_update(model, expected, tags, message):
    before = state_of(model)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(JOBS[REST], tags)
    assert_unchanged(model, before, expected)


def test_constant_tag_works_with_a_warning():
    tags = TAGS[TRAIN].assign(Everyone=1)
    with pytest.warns(UserWarning, match=r"nothing can be learnt.*'Everyone'"):
        model = small_pipeline().fit(JOBS[TRAIN], tags)
    assert model.predict(JOBS[REST])[:, -1].all()
    assert f1_score(TAGS[REST], model.predict(JOBS[REST])[:, :-1], average="micro") > 0.5


def test_not_fitted_says_so():
    for method in USES:
        with pytest.raises(NotFittedError):
            getattr(small_pipeline(), method)(JOBS[REST])
    with pytest.raises(NotFittedError):
        small_pipeline()[:-1].transform(JOBS[REST])


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        (1.5, "threshold"),
        (-1, "threshold"),
        ([0.5, 0.5], r"threshold has shape \(2,\), but there are 4 tags"),
        ([0.5, 0.5, 0.5, 2.0], "2.0 is outside of 0 to 1"),
        ("best", "threshold"),
    ],
)
def test_bad_threshold(model, expected, threshold, message):
    model.set_params(classifier__threshold=threshold)
    before = state_of(model)
    with pytest.raises(ValueError, match=message):
        model.predict(JOBS[REST])
    with pytest.raises(ValueError, match=message):
        model.partial_fit(JOBS[REST], TAGS[REST])
    with pytest.raises(ValueError, match=message):
        model.fit(JOBS[REST], TAGS[REST])
    assert_unchanged(model, before, expected)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("classifier__treshold", "classifier__threshold"),
        (f"{AUTOENCODER}__filter", f"{AUTOENCODER}__filters"),
        ("clasifier__threshold", "classifier__threshold"),
        ("feature__text__views__scores__C", "features__text__views__scores__C"),
    ],
)
def test_unknown_parameter_names_the_nearest(model, expected, name, nearest):
    before = state_of(model)
    with pytest.raises(ValueError, match=f"no parameter {name!r}; did you mean {nearest!r}"):
        model.set_params(**{name: 0.3})
    assert_unchanged(model, before, expected)


@pytest.mark.parametrize(
    "wrong",
    [
        {"classifier__optimizer": "nonsense"},
        {"classifier__epochs": 0},
        {f"{AUTOENCODER}__filters": (-1,)},
        {"features__text__views__scores__C": -1.0},
        {"classifier__class_weight": {"Astronauts": 2.0}},
    ],
    ids=str,
)
def test_bad_parameter_of_a_step_leaves_the_fitted_model(model, expected, wrong):
    model.set_params(**wrong)
    before = state_of(model)
    with pytest.raises((ValueError, TypeError)):
        model.fit(JOBS[REST], TAGS[REST])
    assert_unchanged(model, before, expected)


def test_a_model_of_the_first_edition_must_be_fitted_anew():
    saved = (Path(__file__).parent / "saved" / "first_edition.pickle").read_bytes()
    with warnings.catch_warnings():
        # of another scikit-learn
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=r"^this model was saved by the first edition of "):
            pickle.loads(saved)
