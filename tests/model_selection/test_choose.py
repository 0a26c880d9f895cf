"""Thresholds that a classifier chooses on its own out-of-fold probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from jobtag_sklearn.model_selection import choose_thresholds


def mean_f1(truth, scores, thresholds):
    given_tags = np.asarray(scores) >= thresholds
    return np.mean([f1_score(truth, given_tags, average=how) for how in ("micro", "macro")])


def problem(seed=0, n_samples=400, shift=0.0, n_tags=4):
    """Return tags and scores; the scores of every second tag are lower by `shift`."""
    rng = np.random.RandomState(seed)
    truth = (rng.uniform(size=(n_samples, n_tags)) < 0.3).astype(float)
    scores = 0.45 + 0.25 * truth + rng.normal(scale=0.1, size=truth.shape)
    scores[:, 1::2] -= shift
    return truth, scores


@pytest.mark.parametrize("n_tags", [1, 4])
def test_near_the_best_threshold_where_tags_are_alike(n_tags):
    truth, scores = problem(n_tags=n_tags)
    threshold = choose_thresholds(truth, scores)
    assert isinstance(threshold, float) or n_tags > 1
    assert np.ptp(threshold) < 0.05
    best = max(mean_f1(truth, scores, cut) for cut in np.unique(scores))
    assert mean_f1(truth, scores, threshold) > best - 0.02


@pytest.mark.parametrize("seed", range(3))
def test_one_a_tag_where_tags_differ(seed):
    truth, scores = problem(seed, n_samples=2000, shift=0.3)
    thresholds = choose_thresholds(truth, scores)
    assert thresholds.shape == (4,)
    assert (thresholds[::2] > thresholds[1::2] + 0.2).all()
    best_common = max(mean_f1(truth, scores, cut) for cut in np.linspace(0, 1, 101))
    assert mean_f1(truth, scores, thresholds) > best_common + 0.02


def test_few_examples_do_not_move_a_tag_far():
    truth, scores = problem(n_samples=2000, shift=0.3)
    truth[:, 1] = 0
    truth[5, 1] = 1
    scores[5, 1] = 0.05
    near = choose_thresholds(truth, scores, prior=50)
    far = choose_thresholds(truth, scores, prior=0.01)
    assert abs(far[1] - 0.05) < 0.01
    common = np.median(near[::2])
    assert abs(near[1] - common) < abs(far[1] - common) / 3


def test_unknown_tags_do_not_count():
    truth, scores = problem(n_samples=300, shift=0.2)
    truth[:100] = np.nan
    expected = choose_thresholds(truth[100:], scores[100:])
    np.testing.assert_array_equal(choose_thresholds(truth, scores), expected)
    scores[:100] = 0.0
    np.testing.assert_array_equal(choose_thresholds(truth, scores), expected)


def test_weights_of_samples():
    truth, scores = problem(n_samples=300, shift=0.2)
    weight = np.r_[np.zeros(100), np.ones(200)]
    np.testing.assert_array_equal(
        choose_thresholds(truth, scores, sample_weight=weight),
        choose_thresholds(truth[100:], scores[100:]),
    )
    # false positives of weight make a threshold higher
    truth, scores = problem(n_samples=300, n_tags=1)
    heavy = np.where(truth[:, 0] == 0, 10.0, 1.0)
    assert choose_thresholds(truth, scores, sample_weight=heavy) > choose_thresholds(truth, scores)


@pytest.mark.parametrize("n_tags", [1, 3])
def test_without_a_positive(n_tags):
    assert choose_thresholds(np.zeros((30, n_tags)), np.full((30, n_tags), 0.2)) == 0.5
    assert choose_thresholds(np.full((30, n_tags), np.nan), np.full((30, n_tags), 0.2)) == 0.5


def test_a_tag_without_a_positive_gets_the_common_threshold():
    truth, scores = problem(n_samples=2000, shift=0.3, n_tags=5)
    truth[:, 4] = 0
    thresholds = choose_thresholds(truth, scores)
    assert thresholds[1] < thresholds[4] < thresholds[0]


@given(
    n_samples=st.integers(1, 25),
    n_tags=st.integers(1, 4),
    n_values=st.integers(1, 6),
    seed=st.integers(0, 10_000),
)
def test_any_table(n_samples, n_tags, n_values, seed):
    """Thresholds lie between scores, and depend neither on the order of rows nor of tags."""
    rng = np.random.RandomState(seed)
    truth = rng.choice([0.0, 1.0, np.nan], size=(n_samples, n_tags), p=[0.6, 0.3, 0.1])
    scores = rng.randint(n_values, size=truth.shape) / n_values
    found = np.asarray(choose_thresholds(truth, scores))
    assert found.shape in ((), (n_tags,))
    assert ((found >= min(scores.min(), 0.5)) & (found <= max(scores.max(), 0.5))).all()
    if n_samples < 10:
        order = rng.permutation(n_samples)
        assert choose_thresholds(truth[order], scores[order]) == pytest.approx(float(found))
        assert choose_thresholds(truth[:, ::-1], scores[:, ::-1]) == pytest.approx(float(found))


def test_shapes_that_differ():
    for y_true, y_score in (([[0, 1]], [[0.1]]), ([0, 1], [0.1, 0.2])):
        with pytest.raises(ValueError, match=r"same shape \(n_samples, n_tags\)"):
            choose_thresholds(y_true, y_score)
