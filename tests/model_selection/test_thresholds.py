"""One threshold for all tags."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from jobtag_sklearn.model_selection import stable_threshold


def f1_at(truth, scores, threshold):
    return f1_score(np.ravel(truth), np.ravel(scores) >= threshold, zero_division=0)


def by_trying_every_cut(truth, scores, tolerance):
    """Return what the docstring says, in the plainest way."""
    cuts = np.unique(scores)
    f1 = np.array([f1_at(truth, scores, cut) for cut in cuts])
    mean = cuts[f1 >= f1.max() - tolerance].mean()
    if f1_at(truth, scores, mean) < f1.max() - 2 * tolerance - 1e-12:
        best = f1.argmax()
        mean = cuts[max(best - 1, 0) : best + 1].mean()
    return mean, f1.max()


def test_not_between_two_peaks():
    truth = [[1]] + [[0]] * 6 + [[1], [1]]
    scores = np.linspace(0.9, 0.1, 9)[:, None]
    assert f1_at(truth, scores, stable_threshold(truth, scores)) == 0.5


def random_scores(seed, n=60, decimals=None):
    rng = np.random.RandomState(seed)
    truth = (rng.uniform(size=(n, 3)) < 0.3).astype(int)
    scores = np.clip(0.3 + 0.25 * truth + rng.normal(scale=0.2, size=truth.shape), 0, 1)
    return truth, scores if decimals is None else scores.round(decimals)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("decimals", [None, 1, 2], ids=["distinct", "few values", "some ties"])
@pytest.mark.parametrize("tolerance", [0.0, 0.003, 0.05])
def test_every_cut_is_looked_at(seed, decimals, tolerance):
    truth, scores = random_scores(seed, decimals=decimals)
    expected, _ = by_trying_every_cut(truth, scores, tolerance)
    assert stable_threshold(truth, scores, tolerance=tolerance) == pytest.approx(expected)


def test_nothing_is_lost_without_tolerance():
    for seed in range(4):
        truth, scores = random_scores(seed)
        best = max(f1_at(truth, scores, cut) for cut in np.unique(scores))
        assert f1_at(truth, scores, stable_threshold(truth, scores, tolerance=0)) >= best - 0.02


def test_steadier_than_the_very_best_cut():
    """Over samples of the same jobs the mean of good cuts moves less than the best one."""
    truth, scores = random_scores(0, n=600)
    rng = np.random.RandomState(1)
    samples = [rng.randint(600, size=150) for _ in range(60)]
    mean = [stable_threshold(truth[rows], scores[rows], tolerance=0.01) for rows in samples]
    best = [stable_threshold(truth[rows], scores[rows], tolerance=0.0) for rows in samples]
    assert np.std(mean) < np.std(best)


def test_unknown_tags_do_not_count():
    truth, scores = random_scores(3)
    some = truth.astype(float)
    some[::2, 1] = np.nan
    some[5] = np.nan
    known = ~np.isnan(some)
    expected, _ = by_trying_every_cut(truth[known], scores[known], 0.003)
    assert stable_threshold(some, scores) == pytest.approx(expected)
    names = ["a", "b", "c"]
    tables = pd.DataFrame(some, columns=names), pd.DataFrame(scores, columns=names)
    assert stable_threshold(*tables) == pytest.approx(expected)
    assert stable_threshold(some.tolist(), scores.tolist()) == pytest.approx(expected)


def test_weight_of_a_row_is_a_repetition():
    truth, scores = random_scores(7, decimals=1)
    weight = np.random.RandomState(0).randint(0, 4, size=len(truth))
    expected = stable_threshold(truth.repeat(weight, axis=0), scores.repeat(weight, axis=0))
    assert stable_threshold(truth, scores, sample_weight=weight) == pytest.approx(expected)
    assert stable_threshold(
        truth, scores, sample_weight=weight.astype(float) / 2
    ) == pytest.approx(expected)
    same = stable_threshold(truth, scores, sample_weight=np.full(len(truth), 2.5))
    assert same == pytest.approx(stable_threshold(truth, scores))


def test_order_of_rows_and_tags_does_not_matter():
    truth, scores = random_scores(4, decimals=1)
    expected = stable_threshold(truth, scores)
    assert stable_threshold(truth[::-1], scores[::-1]) == pytest.approx(expected)
    assert stable_threshold(truth[:, ::-1], scores[:, ::-1]) == pytest.approx(expected)
    assert stable_threshold(truth.ravel(), scores.ravel()) == pytest.approx(expected)


def test_edges():
    assert stable_threshold([[0, 0]], [[0.2, 0.3]]) == 0.5, "no tag is 1"
    assert stable_threshold([[np.nan]], [[0.2]]) == 0.5
    assert stable_threshold([[1]], [[0.2]]) == 0.2
    assert stable_threshold([[1, 1]], [[0.2, 0.9]]) == 0.2, "every tag is given"
    assert stable_threshold([[0, 1]], [[0.7, 0.7]]) == 0.7, "equal scores are given together"
    assert stable_threshold([[0, 1]], [[0.9, 0.1]]) == 0.1, "scores that are upside down"
    assert isinstance(stable_threshold([[0, 1]], [[0.1, 0.9]]), float)


def test_input_is_left_as_it_was():
    truth, scores = random_scores(5)
    kept = truth.copy(), scores.copy()
    stable_threshold(truth, scores)
    np.testing.assert_array_equal(truth, kept[0])
    np.testing.assert_array_equal(scores, kept[1])


def test_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"shape|dimension|inconsistent"):
        stable_threshold([[0, 1, 1]], [[0.1, 0.9]])
    with pytest.raises(ValueError, match=r"shape|dimension|inconsistent"):
        stable_threshold(np.zeros((2, 3)), np.zeros((3, 2)))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1, width=32)), min_size=1, max_size=30),
    st.sampled_from([0.0, 0.003, 0.1]),
)
def test_against_trying(pairs, tolerance):
    truth = np.array([[label] for label, _ in pairs])
    scores = np.array([[score] for _, score in pairs])
    threshold = stable_threshold(truth, scores, tolerance=tolerance)
    assert 0 <= threshold <= 1
    if truth.any():
        expected, best = by_trying_every_cut(truth.ravel(), scores.ravel(), tolerance)
        # cuts whose F1 lies on the edge of the tolerance may fall on either side by rounding
        # and so may cuts of the same F1
        cuts = np.unique(scores)
        peaks = [
            cuts[max(at - 1, 0) : at + 1].mean()
            for at, cut in enumerate(cuts)
            if f1_at(truth.ravel(), scores.ravel(), cut) >= best - 1e-9
        ]
        others = [by_trying_every_cut(truth.ravel(), scores.ravel(), max(tolerance + e, 0))[0]
                  for e in (-1e-9, 1e-9)]  # fmt: skip
        assert any(
            threshold == pytest.approx(value, abs=1e-6) for value in (expected, *others, *peaks)
        )
        assert f1_at(truth.ravel(), scores.ravel(), expected) <= best
