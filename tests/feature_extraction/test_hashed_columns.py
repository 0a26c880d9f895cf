"""Texts are joined, and hashed columns are folded."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from jobtag_sklearn.feature_extraction import ColumnFolder, HashingVectorizer, join_texts


@parametrize_with_checks([ColumnFolder(3)])
def test_sklearn_contract(estimator, check):
    check(estimator)


# ---------------------------------------------------------------- join_texts


def test_texts_of_a_row_are_joined():
    jobs = pd.DataFrame({"title": ["Chef", ""], "text": ["Cooks.", "Drives."]}, index=[7, 3])
    assert join_texts(jobs) == ["Chef\nCooks.", "\nDrives."]
    assert join_texts(jobs[["text"]]) == ["Cooks.", "Drives."]


@pytest.mark.parametrize("missing", [None, float("nan"), 3])
def test_what_is_no_text_is_named(missing):
    jobs = pd.DataFrame({"title": ["Chef", missing], "text": ["a", "b"]}, index=[7, 3])
    with pytest.raises((TypeError, ValueError), match="title of job 3 is "):
        join_texts(jobs)


# ---------------------------------------------------------------- ColumnFolder


def folded_by_hand(X, n_components):
    folded = np.zeros((len(X), n_components), X.dtype)
    for column in range(X.shape[1]):
        folded[:, column % n_components] += X[:, column]
    return folded


@given(
    n_features=st.integers(1, 20),
    n_components=st.integers(1, 24),
    n_used=st.none() | st.integers(1, 24),
    seed=st.integers(0, 99),
)
def test_columns_are_added(n_features, n_components, n_used, seed):
    X = sparse.random_array((6, n_features), density=0.3, rng=seed, dtype=np.float32)
    folder = ColumnFolder(n_components, n_features=n_used)
    found = folder.fit_transform(X.tocsr())
    assert found.format == "csr"
    assert found.dtype == np.float32
    assert found.has_canonical_format
    expected = folded_by_hand(X.toarray()[:, :n_used], n_components)
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-6)


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array, np.asarray])
def test_the_input_is_left_alone(container):
    X = sparse.random_array((6, 20), density=0.5, rng=0)
    given_to = container(X.toarray())
    before = given_to.copy()
    found = ColumnFolder(4).fit(given_to).transform(given_to)
    np.testing.assert_allclose(found.toarray(), folded_by_hand(X.toarray(), 4))
    assert abs(given_to - before).max() == 0


def test_folding_equals_hashing_to_fewer_columns():
    texts = ["the chef cooks for the guests", "a driver drives", "nurse nurse nurse"]

    def hashed(width):
        return HashingVectorizer(n_features=width, alternate_sign=False, norm=None).transform(
            texts
        )

    found = ColumnFolder(64).fit_transform(hashed(2**12))
    np.testing.assert_array_equal(found.toarray(), hashed(64).toarray())


def test_names_and_errors():
    folder = ColumnFolder(3)
    with pytest.raises(NotFittedError):
        folder.transform(np.ones((2, 6)))
    folder.fit(np.ones((2, 6)))
    assert folder.get_feature_names_out().tolist() == [f"columnfolder{i}" for i in range(3)]
    with pytest.raises(ValueError, match="7 features, but ColumnFolder is expecting 6"):
        folder.transform(np.ones((2, 7)))
    for wrong in ({"n_components": 0}, {"n_features": 0}, {"n_components": 2.5}):
        with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter of ColumnFolder"):
            clone(folder).set_params(**wrong).fit(np.ones((2, 6)))
    again = pickle.loads(pickle.dumps(folder))
    np.testing.assert_array_equal(
        again.transform(np.eye(6)).toarray(), folder.transform(np.eye(6)).toarray()
    )
