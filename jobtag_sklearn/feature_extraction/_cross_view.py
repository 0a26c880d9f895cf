"""CrossViewTransformer: what descriptions have in common with titles, learnt without tags."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.preprocessing import normalize
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

#: Directions that the solver carries beyond those asked for, so that the last ones are right too.
_OVERSAMPLED = 10


class CrossViewTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Project one view of samples onto what it has in common with another view.

    The first columns are one view (the words of titles), all others the second (the words of
    descriptions). The second view is projected onto the directions along which the two vary
    together most, and each row is scaled to length one: a description becomes what it says of
    titles. Every posting has a title, so this needs no tags, and words that go with the same
    titles come to lie together. A model that has seen one of them in a tagged posting then
    knows something of the others.

    It is the part for the second view of the PLS-SVD [1]_
    (:class:`~sklearn.cross_decomposition.PLSSVD`) for sparse columns, which are not centred,
    and always has `n_components` columns, however few samples there are.

    Parameters
    ----------
    n_view_features : int
        How many of the first columns are the first view.

    n_components : int, default=100
        Number of columns that come out. Where there are fewer directions, the last columns are
        zero.

    n_iter : int, default=4
        Iterations of the randomized solver [2]_.

    random_state : int, RandomState instance or None, default=None
        Seeds the randomized solver.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features - n_view_features)
        Directions in the second view, the strongest first.

    singular_values_ : ndarray of shape (n_components,)
        How much the two views vary together along each direction.

    n_features_in_ : int
        Number of columns seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if the input has names that are all text.

    See Also
    --------
    sklearn.cross_decomposition.PLSSVD : Both views, dense and centred.
    sklearn.decomposition.TruncatedSVD : Directions of one view.
    jobtag_sklearn.neural_network.ConvAutoencoderTransformer : Codes that are not linear.

    References
    ----------
    .. [1] J. Wegelin, "A Survey of Partial Least Squares (PLS) Methods, with Emphasis on the
       Two-Block Case", University of Washington (2000).
    .. [2] N. Halko, P.-G. Martinsson, J. Tropp, "Finding Structure with Randomness", SIAM
       Review 53 (2011), algorithm 4.4.

    Examples
    --------
    >>> import numpy as np
    >>> from jobtag_sklearn.feature_extraction import CrossViewTransformer
    >>> titles = [[1, 0], [1, 0], [0, 1], [0, 1]]  # nurse, welder
    >>> descriptions = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    >>> X = np.hstack([titles, descriptions])  # ward, clinic, pipe, steel
    >>> views = CrossViewTransformer(n_view_features=2, n_components=2, random_state=0)
    >>> Z = views.fit_transform(X)
    >>> (Z @ Z.T).round(2) + 0.0  # the two of a kind are alike, without a word in common
    array([[1., 1., 0., 0.],
           [1., 1., 0., 0.],
           [0., 0., 1., 1.],
           [0., 0., 1., 1.]])
    """

    _parameter_constraints: ClassVar[dict] = {
        "n_view_features": [Interval(Integral, 1, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_view_features: int,
        *,
        n_components: int = 100,
        n_iter: int = 4,
        random_state: Any = None,
    ) -> None:
        self.n_view_features = n_view_features
        self.n_components = n_components
        self.n_iter = n_iter
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> CrossViewTransformer:
        """Find the directions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Both views, side by side.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If `n_view_features` leaves no column to the second view.
        """
        X = self._validate(X, reset=True)
        if self.n_view_features >= X.shape[1]:
            raise ValueError(
                f"n_view_features={self.n_view_features} of {X.shape[1]} feature(s) leaves none "
                "to the second view; pass a smaller number"
            )
        first, second = X[:, : self.n_view_features], X[:, self.n_view_features :]
        values, directions = self._solve(first, second)
        n_found = min(self.n_components, len(values))
        # beyond the rank there is only rounding, which the scaling of rows would blow up
        least = values[0] * max(X.shape) * np.finfo(X.dtype).eps
        n_found = min(n_found, int((values > least).sum()))
        # in the order in which a sparse row takes its transpose without a copy
        shape = (self.n_components, second.shape[1])
        self.components_ = np.zeros(shape, dtype=X.dtype, order="F")
        self.components_[:n_found] = directions[:n_found]
        self.singular_values_ = np.zeros(self.n_components, dtype=X.dtype)
        self.singular_values_[:n_found] = values[:n_found]
        return self

    def transform(self, X: Any) -> npt.NDArray[Any]:
        """Project the second view.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Both views, side by side.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components)
            Rows of length one, or of zeros where a sample has nothing of the directions.
        """
        check_is_fitted(self)
        second = self._validate(X, reset=False)[:, self.n_view_features :]
        return normalize(
            safe_sparse_dot(second, self.components_.T, dense_output=True), copy=False
        )

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)

    def _solve(self, first: Any, second: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return the leading singular values of ``first.T @ second`` and its right vectors.

        The product is never formed: it would be as good as dense.
        """
        n_carried = min(self.n_components + _OVERSAMPLED, first.shape[1], second.shape[1])
        start = check_random_state(self.random_state).normal(size=(second.shape[1], n_carried))
        span = start.astype(second.dtype)
        for _ in range(self.n_iter):
            span = np.linalg.qr(first.T @ (second @ span)).Q
            span = np.linalg.qr(second.T @ (first @ span)).Q
        _, values, within = np.linalg.svd(first.T @ (second @ span), full_matrices=False)
        return values, within @ span.T

    def _validate(self, X: Any, *, reset: bool) -> Any:
        return validate_data(
            self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=reset
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
