"""A network without its decoder: the same codes, and nothing more."""

import pickle

import numpy as np
import pytest
from small_models import make_tags, small_autoencoder, small_pipeline

from jobtag_sklearn.datasets import make_job_postings


@pytest.fixture
def rows():
    return make_tags()[0]


def test_codes_stay_and_the_pickle_shrinks(rows):
    # wide enough for its weights to be most of its pickle
    autoencoder = small_autoencoder(hidden_layer_sizes=(80, 60), optimizer="adam").fit(rows)
    codes, size = autoencoder.transform(rows), len(pickle.dumps(autoencoder))
    autoencoder.drop_decoder().drop_decoder()
    np.testing.assert_array_equal(autoencoder.transform(rows), codes)
    saved = pickle.dumps(autoencoder)
    assert len(saved) < 0.6 * size
    np.testing.assert_array_equal(pickle.loads(saved).transform(rows), codes)


@pytest.mark.parametrize("loaded", [False, True])
def test_what_needs_the_decoder_says_so(rows, loaded):
    autoencoder = small_autoencoder(warm_start=True).fit(rows).drop_decoder()
    if loaded:
        autoencoder = pickle.loads(pickle.dumps(autoencoder))
    codes = autoencoder.transform(rows)
    for method, argument in [
        ("inverse_transform", codes),
        ("reconstruction_error", rows),
        ("partial_fit", rows),
        ("fit", rows),
    ]:
        with pytest.raises(ValueError, match="decoder was dropped"):
            getattr(autoencoder, method)(argument)
    np.testing.assert_array_equal(autoencoder.transform(rows), codes)


def test_fit_makes_a_whole_network_again(rows):
    autoencoder = small_autoencoder().fit(rows).drop_decoder().fit(rows)
    assert autoencoder.inverse_transform(autoencoder.transform(rows)).shape == rows.shape


def learnt_from_text(model):
    """Return the number of postings that words were counted in, and the encoder's weights."""
    text = model["features"].named_transformers_["text"]
    idf = text["columns"].named_transformers_["joined"]["weight"]
    codes = dict(text["views"].transformer_list)["codes"]
    return idf.n_samples_seen_, codes["autoencoder"].model_.get_weights()


def test_pipeline_learns_on_without_its_decoder():
    jobs, tags = make_job_postings(80, n_tags=3, random_state=0)
    model = small_pipeline().fit(jobs, tags)
    before = model.predict_proba(jobs)
    np.testing.assert_array_equal(model.drop_decoder().predict_proba(jobs), before)
    assert not np.array_equal(model.partial_fit(jobs, tags).predict_proba(jobs), before)
    n_seen, weights = learnt_from_text(model)
    model.set_params(update_steps="all").partial_fit(jobs, tags)
    n_seen_now, weights_now = learnt_from_text(model)
    # the weights of words have learnt, and those of the encoder have not
    assert n_seen_now == n_seen + 80
    for now, earlier in zip(weights_now, weights, strict=True):
        np.testing.assert_array_equal(now, earlier)


def test_codes_keep_the_jobs_index():
    jobs, tags = make_job_postings(80, n_tags=3, random_state=0)
    model = small_pipeline().set_output(transform="pandas").fit(jobs, tags)
    assert model.encode(jobs[5:9]).index.equals(jobs.index[5:9])
