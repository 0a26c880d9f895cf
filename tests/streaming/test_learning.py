import re
from itertools import chain

import numpy as np
import pandas as pd
import pytest
from light_models import LightModel
from sklearn.metrics import f1_score
from small_models import small_pipeline

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import load_job_postings, make_job_postings
from jobtag_sklearn.streaming import StreamProgress, fit_stream, partial_fit_stream


@pytest.fixture(scope="module")
def postings():
    return make_job_postings(300, n_tags=3, random_state=0)


def stream_of(postings, chunksize=40):
    """Return a stream that can be read again."""
    jobs, tags = postings
    return [
        (jobs.iloc[start : start + chunksize], tags.iloc[start : start + chunksize])
        for start in range(0, len(jobs), chunksize)
    ]


class Remembering(LightModel):
    """Knows which postings it was fitted on, and which batches came then."""

    def fit(self, jobs, tags):
        self.fitted, self.batches = list(jobs.index), []
        return super().fit(jobs, tags)

    def partial_fit(self, jobs, tags):
        self.batches.append(list(jobs.index))
        return super().partial_fit(jobs, tags)


class Lazy:
    """Learns nothing, but knows how much it was to learn."""

    def fit(self, jobs, tags):
        self.fitted, self.n = list(jobs.index), len(jobs)

    def partial_fit(self, jobs, tags):
        self.n += len(jobs)


@pytest.mark.parametrize("once", [False, True])
def test_each_posting_is_learnt_once(postings, once):
    stream = stream_of(postings)
    given = iter(stream) if once else stream
    model = Remembering()
    options = {"sample_size": 100, "buffer_size": 50, "batch_size": 30, "random_state": 0}
    assert fit_stream(model, given, **options) is model
    assert set(model.taught.values()) == {1}
    assert len(model.taught) == 300
    assert len(model.fitted) == 100
    # of a stream that can be read again the sample is drawn from all of it
    assert (model.fitted == list(range(1, 101))) == once
    # the last ones share what is left
    assert {len(batch) for batch in model.batches[1:]} <= set(range(20, 31))


def test_several_epochs(postings):
    model = fit_stream(Remembering(), stream_of(postings), epochs=3, sample_size=100)
    assert set(model.taught.values()) == {3}
    partial_fit_stream(model, stream_of(postings), epochs=2, batch_size=100)
    assert set(model.taught.values()) == {5}
    first, second = model.batches[-6:-3], model.batches[-3:]
    assert sorted(chain(*first)) == sorted(chain(*second))
    assert first != second


@pytest.mark.parametrize("function", [fit_stream, partial_fit_stream])
def test_a_stream_that_is_read_once_has_one_epoch(postings, function):
    model = Remembering().fit(*postings)
    with pytest.raises(ValueError, match="can be read only once; pass what can be looped over"):
        function(model, iter(stream_of(postings)), epochs=2)


@pytest.mark.parametrize("stream", [[], iter(())])
@pytest.mark.parametrize("function", [fit_stream, partial_fit_stream])
def test_empty_streams(postings, function, stream):
    with pytest.raises(ValueError, match="stream has no postings"):
        function(Remembering().fit(*postings), stream)


def test_a_stream_that_is_smaller_than_the_sample(postings):
    for stream in (stream_of(postings), iter(stream_of(postings))):
        model = fit_stream(Remembering(), stream, sample_size=1000)
        assert model.fitted == list(postings[0].index)
        assert set(model.taught.values()) == {1}


def test_the_sample_is_even(postings):
    counts = np.zeros(300)
    for seed in range(60):
        model = fit_stream(Lazy(), stream_of(postings), sample_size=30, random_state=seed)
        counts[np.array(model.fitted) - 1] += 1
    # of 60 draws of a tenth, an even share of every tenth of the stream
    assert np.all(np.abs(counts.reshape(10, 30).sum(axis=1) - 180) < 60)


def test_the_same_random_state_learns_the_same(postings):
    first, second = (
        fit_stream(
            LightModel(), stream_of(postings), sample_size=50, batch_size=40, random_state=7
        )
        for _ in range(2)
    )
    assert (first.weights == second.weights).all()


def test_batches_without_known_tags_are_left_out(postings):
    jobs, tags = postings
    tags = tags.astype(float)
    tags.iloc[100:200] = np.nan
    model = Remembering().fit(jobs[:50], tags[:50])
    partial_fit_stream(model, stream_of((jobs, tags), 100), buffer_size=0, batch_size=100)
    assert [batch[0] for batch in model.batches[1:]] == [1, 201]


def test_progress(postings, capsys):
    told = []
    model = partial_fit_stream(
        Remembering().fit(*postings),
        stream_of(postings),
        batch_size=100,
        callback=lambda *given: told.append(given),
        verbose=2,
    )
    assert all(one is model for one, _ in told)
    progress = [one for _, one in told]
    assert all(isinstance(one, StreamProgress) for one in progress)
    assert [one.n_postings for one in progress] == [100, 200, 300]
    assert progress[-1].seconds >= sum(one.batch_seconds for one in progress) * 0.999
    assert progress[-1].postings_per_second > 0
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"\[stream\] epoch 1: 200 postings, [\d,]+ postings/s, this batch [\d,]+", lines[1]
    )
    assert re.fullmatch(r"\[stream\] 300 postings in \d+ s, [\d,]+ postings/s", lines[-1])


def test_parameters_are_checked(postings):
    with pytest.raises(ValueError, match="'model' parameter of fit_stream"):
        fit_stream(object(), stream_of(postings))
    with pytest.raises(ValueError, match="'batch_size' parameter of partial_fit_stream"):
        partial_fit_stream(LightModel(), stream_of(postings), batch_size=0)


@pytest.mark.parametrize("network", [True, False])
def test_a_pipeline_learns_a_table_of_a_database(tmp_path, network):
    url = f"sqlite:///{tmp_path / 'board.sqlite'}"
    jobs, tags = make_job_postings(300, n_tags=3, to_sql=url, random_state=0)
    stream = load_job_postings(url, table="job_postings", chunksize=64)
    model = small_pipeline() if network else make_job_tag_pipeline(network=False, random_state=0)
    fit_stream(model, stream, sample_size=200, buffer_size=50, batch_size=100, random_state=0)
    given = model.predict(jobs)
    assert list(model.classes_) == stream.tags
    assert f1_score(tags[stream.tags], given, average="micro") > 0.7
    if network:
        assert len(model[-1].update_epochs_) == 1


@pytest.mark.parametrize("steps", ["tags", "all"])
def test_a_pipeline_learns_batches_without_known_tags(postings, steps):
    jobs, tags = postings
    tags = tags.astype(float)
    tags.iloc[60:] = np.nan
    model = small_pipeline().set_params(update_steps=steps).fit(jobs[:60], tags[:60])
    codes = model.encode(jobs[:3])
    partial_fit_stream(model, stream_of((jobs[60:160], tags[60:160]), 50), batch_size=50)
    assert np.array_equal(model.encode(jobs[:3]), codes) == (steps == "tags")
    assert model[-1].update_epochs_ == []


@pytest.mark.parametrize("n_batches", [10, 200])
def test_no_more_waits_than_the_buffer_and_two_batches(n_batches):
    model, waiting, n_read = Lazy(), [], 0

    def batches():
        nonlocal n_read
        for number in range(n_batches):
            index = pd.RangeIndex(number * 40, number * 40 + 40)
            n_read += 40
            waiting.append(n_read - getattr(model, "n", 0))
            yield (
                pd.DataFrame({"job_title": "t"}, index),
                pd.DataFrame({"a": index % 2, "b": index % 3 == 0}, index).astype(int),
            )

    fit_stream(model, batches(), sample_size=60, buffer_size=100, batch_size=50)
    assert model.n == n_batches * 40
    assert 100 < max(waiting) < 100 + 50 + 40
