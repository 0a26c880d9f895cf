"""Numbers of chunks: whatever is remembered, forgotten or shared, counts stay the same."""

import gc
import multiprocessing
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.feature_extraction import POSFeatures, TextStatistics, _chunks
from jobtag_sklearn.feature_extraction._chunks import chunked_once, chunks_of, seen

DOCUMENTS = make_job_postings(60, random_state=0)[0]["job_description"].tolist()
DOCUMENTS += ["", " \n", "& / Chef\n\n+ cooks. @ Home", "word " * 3, "A" * 100 + " b"]


def counts(documents=DOCUMENTS, **settings):
    pos = POSFeatures(**settings).fit_transform(documents)
    return np.hstack([TextStatistics(**settings).transform(documents), pos])


@pytest.fixture
def expected():
    return np.vstack([counts([document]) for document in DOCUMENTS])


def test_documents_together_and_one_by_one(expected):
    np.testing.assert_array_equal(counts(), expected)
    assert counts([]).shape == (0, 11)


@pytest.mark.parametrize(
    "limits", [{"_MOST_CHUNKS": 50}, {"_MOST_CHARACTERS": 300}, {"_MOST_TABLES": 1}], ids=str
)
def test_full_vocabulary_is_followed_by_a_new_one(monkeypatch, expected, limits):
    for name, limit in limits.items():
        monkeypatch.setattr(_chunks, name, limit)
    monkeypatch.setattr(_chunks, "_DOCUMENTS", 7)
    before = seen.vocabulary
    for _ in range(2):
        with chunked_once():
            np.testing.assert_array_equal(counts(), expected)
        np.testing.assert_array_equal(counts(), expected)
    assert (seen.vocabulary is before) == ("_MOST_TABLES" in limits)
    if "_MOST_CHUNKS" in limits:
        assert len(seen.vocabulary) <= 50
    seen.forget()


def test_only_tables_that_were_used_last_are_kept(expected):
    for n_words in range(12):
        own = [f"word{place}" for place in range(n_words)]
        TextStatistics(stop_words=own).transform(DOCUMENTS)
    assert len(seen.vocabulary._tables) == _chunks._MOST_TABLES
    np.testing.assert_array_equal(counts(), expected)


def test_chunks_are_shared_by_those_that_count_the_same_documents():
    def first(documents, strip_html=True):
        return next(iter([*chunks_of(documents, strip_html)]))

    with chunked_once():
        part = first(DOCUMENTS)
        assert first(list(DOCUMENTS)) is part
        # other documents and other settings are not mistaken for them
        assert first(DOCUMENTS, False) is not part
        assert len(first(DOCUMENTS[:-1]).documents) == len(DOCUMENTS)
        with chunked_once():
            assert first(DOCUMENTS) is not part
        html = ["<p>Chefs &amp; cooks</p>"]
        with_markup, without = counts(html, strip_html=False), counts(html)
    assert first(DOCUMENTS) is not part
    np.testing.assert_array_equal(counts(html, strip_html=False), with_markup)
    np.testing.assert_array_equal(counts(html), without)
    assert not np.array_equal(with_markup, without)


@pytest.mark.parametrize("once", [True, False])
def test_no_more_than_two_vocabularies_are_alive(monkeypatch, once):
    """One that is counted with, and the one that follows it."""
    monkeypatch.setattr(_chunks, "_MOST_CHUNKS", 50)
    monkeypatch.setattr(_chunks, "_DOCUMENTS", 2)
    seen.forget()
    met, most_alive = [], 0
    with chunked_once() if once else nullcontext():
        for part in chunks_of(DOCUMENTS, True):
            if not met or met[-1]() is not part.vocabulary:
                met.append(weakref.ref(part.vocabulary))
            del part
            gc.collect()
            most_alive = max(most_alive, sum(vocabulary() is not None for vocabulary in met))
    assert len(met) > 5
    assert most_alive <= 2
    seen.forget()


def test_threads_that_meet_new_chunks_at_once(monkeypatch, expected):
    monkeypatch.setattr(_chunks, "_MOST_CHUNKS", 200)
    monkeypatch.setattr(_chunks, "_DOCUMENTS", 5)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            results = list(threads.map(lambda _: counts(), range(16)))
    finally:
        sys.setswitchinterval(interval)
    for result in results:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.skipif(not hasattr(_chunks.os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_fork_while_another_thread_learns_a_chunk(expected):
    seen.forget()
    held, done = threading.Event(), threading.Event()

    def learns():
        with seen.vocabulary.lock:
            held.set()
            done.wait()

    with ThreadPoolExecutor(1) as threads:
        learner = threads.submit(learns)
        held.wait()
        try:
            with multiprocessing.get_context("fork").Pool(1) as pool:
                result = pool.apply_async(counts).get(timeout=60)
        finally:
            done.set()
        learner.result()
    np.testing.assert_array_equal(result, expected)
