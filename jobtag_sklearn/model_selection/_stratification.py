"""Folds in which every tag has its share of examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples

from jobtag_sklearn.utils._tags import check_tags


class MultiLabelStratifiedKFold(BaseCrossValidator):
    """K-fold cross-validator that spreads the examples of every tag over the folds.

    Tags are taken from the rarest on, and the rows of each go to the folds that have the
    fewest of it, as iterative stratification does [1]_, but all rows of a tag at once.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    random_state : int, RandomState instance or None, default=None
        Seeds which rows of a tag go where.

    See Also
    --------
    sklearn.model_selection.StratifiedKFold : The same for one label a row.

    Notes
    -----
    Tags that are unknown (NaN) count as not given. Labels of one dimension are spread like
    tags, one a class.

    References
    ----------
    .. [1] K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the Stratification of Multi-label
       Data", ECML PKDD 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from jobtag_sklearn.model_selection import MultiLabelStratifiedKFold
    >>> y = np.array([[1, 0], [1, 1], [0, 1], [0, 0]] * 5)
    >>> folds = MultiLabelStratifiedKFold(n_splits=5, random_state=0)
    >>> [y[test].sum(axis=0).tolist() for _, test in folds.split(y, y)]
    [[2, 2], [2, 2], [2, 2], [2, 2], [2, 2]]
    """

    def __init__(self, n_splits: int = 5, *, random_state: Any = None) -> None:
        self.n_splits = n_splits
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : Ignored
            Present for scikit-learn's sake.

        Returns
        -------
        n_splits : int
            Number of folds.
        """
        return self.n_splits

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        """Generate the rows to train on and to test on, fold by fold.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows; only their number matters.
        y : array-like of shape (n_samples, n_tags) or (n_samples,)
            Tags or labels.
        groups : Ignored
            Present for scikit-learn's sake.

        Yields
        ------
        train, test : ndarray
            Positions of the rows.
        """
        if self.n_splits < 2 or self.n_splits > _num_samples(X):
            raise ValueError(
                f"n_splits={self.n_splits} must be at least 2 and at most the number of "
                f"samples, {_num_samples(X)}"
            )
        yield from super().split(X, y, groups)

    def _iter_test_indices(
        self, X: Any = None, y: Any = None, groups: Any = None
    ) -> Iterator[npt.NDArray[np.intp]]:
        fold = self._assign(check_tags(y).indicators == 1)
        for number in range(self.n_splits):
            yield np.flatnonzero(fold == number)

    def _assign(self, has_tag: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
        """Return each row's fold."""
        random = check_random_state(self.random_state)
        fold = np.full(len(has_tag), -1)
        shuffled = random.permutation(len(has_tag))
        # the rows without any tag come last and make the folds equally large
        for tag in [*np.argsort(has_tag.sum(axis=0), kind="stable"), None]:
            rows = shuffled if tag is None else shuffled[has_tag[shuffled, tag]]
            placed, left = fold[rows[fold[rows] >= 0]], rows[fold[rows] < 0]
            fold[left] = self._fewest_first(
                np.bincount(placed, minlength=self.n_splits),
                np.bincount(fold[fold >= 0], minlength=self.n_splits),
                len(left),
            )
        return fold

    def _fewest_first(
        self, of_tag: npt.NDArray[np.intp], of_all: npt.NDArray[np.intp], n_more: int
    ) -> npt.NDArray[np.intp]:
        """Return folds for some more rows such that the counts become as equal as they can."""
        # the fold that is k-th to get its i-th further row, among folds of equal count the
        # smaller one first
        level = of_tag[:, None] + np.arange(n_more)
        size = of_all[:, None] + np.arange(n_more)
        folds = np.repeat(np.arange(self.n_splits), n_more)
        return folds[np.lexsort((folds, size.ravel(), level.ravel()))[:n_more]]
