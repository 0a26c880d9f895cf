"""Folds in which every tag has its share."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neural_network import MLPClassifier

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.model_selection import MultiLabelStratifiedKFold


def spread(tags, folds):
    """Return the largest difference of a tag's examples between two folds."""
    counts = [tags[test].sum(axis=0) for _, test in folds]
    return np.ptp(counts, axis=0).max()


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(5, 60),
    n_tags=st.integers(2, 6),
    n_splits=st.integers(2, 5),
)
@settings(max_examples=60, deadline=None)
def test_every_row_is_tested_once(seed, n, n_tags, n_splits):
    tags = (np.random.RandomState(seed).uniform(size=(n, n_tags)) < 0.2).astype(int)
    splits = list(MultiLabelStratifiedKFold(n_splits, random_state=seed).split(tags, tags))
    assert len(splits) == n_splits
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(n))
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(n))


def test_rare_tags_are_spread():
    _, table = make_job_postings(800, random_state=0)
    tags = table.to_numpy()
    ours = spread(tags, MultiLabelStratifiedKFold(5, random_state=0).split(tags, tags))
    random = spread(tags, KFold(5, shuffle=True, random_state=0).split(tags))
    assert ours < random / 3
    rarest = tags[:, tags.sum(axis=0).argmin()]
    counts = [
        rarest[test].sum()
        for _, test in MultiLabelStratifiedKFold(5, random_state=0).split(tags, table)
    ]
    assert np.ptp(counts) <= 1


def test_folds_are_of_one_size():
    _, table = make_job_postings(501, random_state=1)
    sizes = [
        len(test) for _, test in MultiLabelStratifiedKFold(4, random_state=0).split(table, table)
    ]
    assert np.ptp(sizes) <= 0.05 * 501


def test_labels_are_spread_like_tags():
    labels = np.repeat(["a", "b", "c"], [30, 9, 6])
    for _, test in MultiLabelStratifiedKFold(3, random_state=0).split(labels, labels):
        assert np.unique(labels[test], return_counts=True)[1].tolist() == [10, 3, 2]


def test_unknown_tags_count_as_not_given():
    tags = pd.DataFrame({"a": [1, np.nan, 0, 1, 0, 1], "b": [np.nan] * 3 + [1, 0, 1]})
    splits = MultiLabelStratifiedKFold(2, random_state=0).split(tags, tags)
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(6))


def test_same_seed_same_folds():
    tags = make_job_postings(100, random_state=0)[1]

    def folds(seed):
        splits = MultiLabelStratifiedKFold(3, random_state=seed).split(tags, tags)
        return [test.tolist() for _, test in splits]

    assert folds(0) == folds(0) != folds(1)


def test_works_where_scikit_learn_takes_a_splitter():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(60, 4)), (rng.uniform(size=(60, 3)) < 0.4).astype(int)
    scores = cross_val_score(
        MLPClassifier((4,), solver="lbfgs", max_iter=500, random_state=0),
        X,
        y,
        cv=MultiLabelStratifiedKFold(3, random_state=0),
        scoring="f1_micro",
    )
    assert len(scores) == 3


@pytest.mark.parametrize("n_splits", [1, 7])
def test_number_of_folds_must_fit(n_splits):
    with pytest.raises(ValueError, match=f"n_splits={n_splits} must be at least 2 and at most"):
        list(MultiLabelStratifiedKFold(n_splits).split(np.zeros(6), np.array([0, 1] * 3)))
