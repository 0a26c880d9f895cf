import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfTransformer

from jobtag_sklearn.feature_extraction import IncrementalTfidfTransformer

COUNTS = sparse.random_array((60, 25), density=0.2, rng=0, format="csr") * 9
COUNTS.data = np.ceil(COUNTS.data)
OPTIONS = [
    {},
    {"norm": None, "smooth_idf": True, "sublinear_tf": True},
    {"norm": "l1", "smooth_idf": False},
    {"use_idf": False},
]


def dense(X):
    return X.toarray()


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_the_original(options, dtype):
    counts = COUNTS.astype(dtype)
    expected = TfidfTransformer(**options).fit_transform(counts)
    ours = IncrementalTfidfTransformer(**options).fit_transform(counts)
    assert ours.dtype == expected.dtype == dtype
    np.testing.assert_array_equal(dense(ours), dense(expected))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix, np.asarray])
def test_batches_equal_one_fit(options, container):
    convert = (lambda X: X.toarray()) if container is np.asarray else container
    ours = IncrementalTfidfTransformer(**options)
    for start in range(0, 60, 17):
        ours.partial_fit(convert(COUNTS[start : start + 17]))
    assert ours.n_samples_seen_ == 60
    expected = TfidfTransformer(**options).fit(COUNTS).transform(COUNTS)
    np.testing.assert_allclose(dense(ours.transform(COUNTS)), dense(expected), rtol=1e-14)


def test_terms_never_seen_have_finite_weights():
    counts = sparse.csr_array(np.array([[1.0, 0.0], [2.0, 0.0]]))
    idf = IncrementalTfidfTransformer(smooth_idf=False).fit(counts).idf_
    np.testing.assert_allclose(idf, [1, 1 + np.log(2)])


def test_fit_forgets():
    ours = IncrementalTfidfTransformer().fit(COUNTS).partial_fit(COUNTS).fit(COUNTS[:10])
    assert ours.n_samples_seen_ == 10
    np.testing.assert_array_equal(ours.idf_, TfidfTransformer().fit(COUNTS[:10]).idf_)
    assert not hasattr(ours.set_params(use_idf=False).fit(COUNTS), "idf_")


def test_other_columns_are_refused_and_change_nothing():
    ours = IncrementalTfidfTransformer().fit(COUNTS)
    idf = ours.idf_.copy()
    with pytest.raises(ValueError, match="24 features"):
        ours.partial_fit(COUNTS[:, :24])
    np.testing.assert_array_equal(ours.idf_, idf)
    assert ours.n_samples_seen_ == 60


def test_transform_before_fit():
    with pytest.raises(NotFittedError):
        IncrementalTfidfTransformer().transform(COUNTS)


def test_rare_terms_weigh_nothing_until_they_are_frequent():
    counts = sparse.csr_array(np.array([[1.0, 1.0], [1.0, 0.0]]))
    tfidf = IncrementalTfidfTransformer(min_df=2).fit(counts)
    assert tfidf.transform(counts)[0, 1] == 0
    tfidf.partial_fit(counts)
    assert tfidf.transform(counts)[0, 1] > 0


@pytest.mark.parametrize("options", [*OPTIONS, {"min_df": 3}])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pickled(options, dtype):
    ours = IncrementalTfidfTransformer(**options).fit(COUNTS.astype(dtype))
    again = pickle.loads(pickle.dumps(ours))
    for transformer in (ours, again):
        transformer.partial_fit(COUNTS[:7].astype(dtype))
    np.testing.assert_array_equal(again.document_frequency_, ours.document_frequency_)
    np.testing.assert_array_equal(
        again.transform(COUNTS.astype(dtype)).toarray(),
        ours.transform(COUNTS.astype(dtype)).toarray(),
    )


def test_columns_that_never_occurred_take_no_room_in_a_pickle():
    wide = sparse.csr_array((COUNTS.data, COUNTS.indices, COUNTS.indptr), shape=(60, 2**20))
    assert len(pickle.dumps(IncrementalTfidfTransformer().fit(wide))) < 5000
