"""CrossViewTransformer: scikit-learn's contract, the decomposition itself, odd input."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.cross_decomposition import PLSSVD
from sklearn.utils.estimator_checks import parametrize_with_checks

from jobtag_sklearn.feature_extraction import CrossViewTransformer

RNG = np.random.RandomState(0)
COMMON = RNG.normal(size=(60, 3))
FIRST = COMMON @ RNG.normal(size=(3, 8)) + 0.1 * RNG.normal(size=(60, 8))
SECOND = COMMON @ RNG.normal(size=(3, 15)) + 0.1 * RNG.normal(size=(60, 15))
X = np.hstack([FIRST, SECOND])


@parametrize_with_checks([CrossViewTransformer(n_view_features=1, n_components=2)])
def test_sklearn_contract(estimator, check):
    check(estimator)


def test_directions_are_those_of_the_product():
    views = CrossViewTransformer(8, n_components=3, random_state=0).fit(X)
    _, values, directions = np.linalg.svd(FIRST.T @ SECOND)
    np.testing.assert_allclose(views.singular_values_, values[:3], rtol=1e-6)
    np.testing.assert_allclose(np.abs(views.components_ @ directions[:3].T), np.eye(3), atol=1e-6)


def test_centred_views_give_the_same_as_scikit_learn():
    centred = X - X.mean(axis=0)
    ours = CrossViewTransformer(8, n_components=2, random_state=0).fit(centred)
    theirs = PLSSVD(n_components=2, scale=False).fit(centred[:, 8:], centred[:, :8])
    np.testing.assert_allclose(np.abs(ours.components_ @ theirs.x_weights_), np.eye(2), atol=1e-5)


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_is_as_dense(container, dtype):
    rows = np.where(X > 0.5, X, 0).astype(dtype)
    views = CrossViewTransformer(8, n_components=3, random_state=0)
    dense, thin = views.fit_transform(rows), views.fit_transform(container(rows))
    assert thin.dtype == dtype
    np.testing.assert_allclose(thin, dense, atol=1e-4)


def test_width_is_the_same_for_one_row_and_for_none_in_common():
    views = CrossViewTransformer(8, n_components=5, random_state=0)
    one = views.fit(X[:1])
    assert one.transform(X).shape == (60, 5)
    assert not one.transform(X)[:, 1:].any()
    silent = X.copy()
    silent[:, :8] = 0
    assert not views.fit(silent).transform(X).any()
    lengths = np.linalg.norm(views.fit(X).transform(X), axis=1)
    np.testing.assert_allclose(lengths, 1)


def test_same_seed_same_directions():
    fits = [CrossViewTransformer(8, n_components=3, random_state=3).fit(X) for _ in range(2)]
    np.testing.assert_array_equal(fits[0].components_, fits[1].components_)


def test_a_view_needs_columns():
    with pytest.raises(ValueError, match=r"n_view_features=23 of 23 feature\(s\) leaves none"):
        CrossViewTransformer(23).fit(X)
