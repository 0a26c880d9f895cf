"""Hashed columns are scikit-learn's, whatever the text and the settings."""

import pickle

import numpy as np
import pytest
from any_text import documents as any_documents
from hypothesis import given
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.base import clone
from sklearn.feature_extraction.text import HashingVectorizer as Reference
from sklearn.pipeline import make_pipeline
from sklearn.utils import murmurhash3_32
from sklearn.utils.validation import check_is_fitted

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.feature_extraction import HashingVectorizer, StemmingCleaner
from jobtag_sklearn.feature_extraction._murmur_hash import murmurhash3_of_slices

WORDS = {"token_pattern": r"\S+", "lowercase": False, "n_features": 2**10}
TEXTS = (
    StemmingCleaner().transform(make_job_postings(600, random_state=0)[0]["job_description"])
).tolist()


def assert_same_columns(texts, **parameters):
    found = HashingVectorizer(**parameters).transform(texts)
    expected = Reference(**parameters).transform(texts)
    assert type(found) is type(expected)
    assert found.dtype == expected.dtype
    assert found.indices.dtype == expected.indices.dtype
    assert found.indptr.dtype == expected.indptr.dtype
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.indptr, expected.indptr)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.data, expected.data)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"alternate_sign": False, "norm": None, "dtype": np.float32},
        {"ngram_range": (2, 2)},
        {"ngram_range": (1, 3), "n_features": 37},
        {"binary": True, "norm": "l1"},
        {"n_features": 1},
        {"n_features": 2**31 - 1},
        # what is left to scikit-learn
        {"lowercase": True},
        {"token_pattern": r"\w+"},
        {"stop_words": ["year"]},
        {"tokenizer": str.split, "token_pattern": None},
        {"analyzer": "char_wb", "ngram_range": (2, 3)},
        {"analyzer": str.split},
    ],
)
def test_columns_are_those_of_scikit_learn(parameters):
    assert_same_columns(TEXTS, **WORDS | parameters)


@given(
    texts=st.lists(
        any_documents.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)),
        min_size=8,
        max_size=12,
    ),
    shortest=st.integers(1, 3),
    more=st.integers(0, 2),
)
def test_any_text(texts, shortest, more):
    assert_same_columns(texts, **WORDS, ngram_range=(shortest, shortest + more))


@pytest.mark.parametrize(
    "texts",
    [
        [""] * 8,
        ["", "chef", "", "", "chef  baker", " baker", "chef\tbaker ", "\n"],
        ["one word"] * 9,
        ["chef\x1fbaker", "chef\u2003baker", "chef\x00baker", "chef\x0bbaker"] * 2,
        ["é è", "電 気", "👩\u200d🍳 x", "ß"] * 2,
    ],
)
def test_spaces(texts):
    for n in (1, 2, 3):
        assert_same_columns(texts, **WORDS, ngram_range=(n, n))


@pytest.mark.parametrize("n_characters", [*range(1, 9), 251, 255, 256, 257, 1000, 10**6])
def test_long_words(n_characters):
    words = " ".join("ab"[place % 2] * n_characters for place in range(3))
    assert_same_columns([words, "x"] * 4, **WORDS, ngram_range=(1, 2))


def test_slices_of_a_buffer():
    buffer = np.random.RandomState(0).bytes(500)
    starts = np.arange(400)
    lengths = np.random.RandomState(1).randint(0, 100, size=400)
    expected = [
        murmurhash3_32(buffer[start : start + length])
        for start, length in zip(starts, lengths, strict=True)
    ]
    np.testing.assert_array_equal(murmurhash3_of_slices(buffer, starts, lengths), expected)
    empty = np.empty(0, dtype=np.int64)
    assert murmurhash3_of_slices(b"", empty, empty).shape == (0,)


class Doubled(HashingVectorizer):
    """Has a hook of its own in the place of one of scikit-learn's."""

    def build_analyzer(self):
        return lambda text: [word * 2 for word in text.split()]


class Shouted(HashingVectorizer):
    def decode(self, doc):
        return super().decode(doc).upper()


class Halved(HashingVectorizer):
    def build_tokenizer(self):
        return lambda text: [word[: len(word) // 2 + 1] for word in text.split()]


@pytest.mark.parametrize("kind", [Doubled, Shouted, Halved])
def test_methods_of_a_subclass_count_for_many_documents_as_for_few(kind):
    vectorizer = kind(**WORDS)
    together = vectorizer.transform(TEXTS[:20])
    assert (together != HashingVectorizer(**WORDS).transform(TEXTS[:20])).nnz
    for row in range(20):
        assert (together[row] != vectorizer.transform(TEXTS[row : row + 1])).nnz == 0


def test_method_of_an_object_counts_for_many_documents_as_for_few():
    vectorizer = HashingVectorizer(**WORDS)
    vectorizer.build_tokenizer = lambda: lambda text: text.split()[:1]
    assert vectorizer.transform(TEXTS[:20]).getnnz(axis=1).max() == 1


def test_containers():
    vectorizer = HashingVectorizer(**WORDS)
    expected = vectorizer.transform(TEXTS)
    for texts in (iter(TEXTS), np.array(TEXTS, dtype=object), tuple(TEXTS)):
        assert (vectorizer.transform(texts) != expected).nnz == 0
    for copied in (clone(vectorizer), pickle.loads(pickle.dumps(vectorizer))):
        assert (copied.transform(TEXTS) != expected).nnz == 0


def test_configured_interface():
    pytest.importorskip("sklearn", minversion="1.9")
    with config_context(sparse_interface="sparray"):
        assert_same_columns(TEXTS[:20], **WORDS)


def test_needs_no_fit_as_the_last_step_either():
    texts = make_pipeline(StemmingCleaner(), HashingVectorizer(**WORDS))
    check_is_fitted(texts)
    assert (texts.transform(TEXTS) != texts.fit_transform(TEXTS)).nnz == 0


def test_what_is_no_text():
    vectorizer = HashingVectorizer(**WORDS)
    with pytest.raises(ValueError, match="string object received"):
        vectorizer.transform("chef")
    with pytest.raises((AttributeError, TypeError)):
        vectorizer.transform([7] * 10)
    with pytest.raises(UnicodeEncodeError):
        vectorizer.transform(["\ud800"] * 10)
    with pytest.raises(ValueError, match="ngram_range"):
        HashingVectorizer(**WORDS, ngram_range=(3, 2)).transform(TEXTS)
    assert_same_columns([b"chef baker"] * 10, **WORDS)
