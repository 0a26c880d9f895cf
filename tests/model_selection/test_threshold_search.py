"""Thresholds for scores that are there."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit
from sklearn.metrics import fbeta_score, precision_score, recall_score

from jobtag_sklearn.model_selection import find_thresholds
from jobtag_sklearn.model_selection._curves import make_curve

AVERAGES = {"f1_micro": "micro", "f1_macro": "macro", "f1_samples": "samples"}


def random_scores(seed, n=6, n_tags=2, decimals=None):
    """Scores that know something of the truth, every tag with and without examples."""
    rng = np.random.RandomState(seed)
    truth = (rng.uniform(size=(n, n_tags)) < 0.4).astype(int)
    truth[0], truth[1] = 1, 0
    scores = np.clip(0.4 + 0.2 * truth + rng.normal(scale=0.3, size=truth.shape), 0, 1)
    return truth, scores if decimals is None else scores.round(decimals)


def every_combination(scores, strategy):
    """Yield thresholds at every cut, and above all scores."""
    if strategy == "common":
        for cut in [*np.unique(scores), np.inf]:
            yield np.full(scores.shape[1], cut)
    else:
        yield from map(
            np.array, itertools.product(*([*np.unique(column), np.inf] for column in scores.T))
        )


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 6),
    n_tags=st.integers(2, 3),
    decimals=st.sampled_from([None, 1]),
    scoring=st.sampled_from(sorted(AVERAGES)),
    strategy=st.sampled_from(["common", "per_tag"]),
    beta=st.sampled_from([0.5, 1.0, 2.0]),
)
@settings(max_examples=50, deadline=None)
def test_no_combination_of_cuts_is_better(seed, n, n_tags, decimals, scoring, strategy, beta):
    if scoring == "f1_samples" and strategy == "per_tag":
        return  # goes tag by tag, see below
    truth, scores = random_scores(seed, n, n_tags, decimals)

    def value(thresholds):
        return fbeta_score(
            truth, scores >= thresholds, average=AVERAGES[scoring], beta=beta, zero_division=0
        )

    found = find_thresholds(truth, scores, scoring=scoring, strategy=strategy, beta=beta)
    best = max(map(value, every_combination(scores, strategy)))
    assert value(found) == pytest.approx(best, abs=1e-9)


@given(
    seed=st.integers(0, 10**6),
    strategy=st.sampled_from(["common", "per_tag"]),
    lowest=st.sampled_from([0.0, 0.5, 0.8, 1.0]),
)
@settings(max_examples=25, deadline=None)
def test_most_recall_with_enough_precision_and_the_reverse(seed, strategy, lowest):
    truth, scores = random_scores(seed, 8, decimals=1)
    average = "micro" if strategy == "common" else None
    enough = {"average": average, "zero_division": 0}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="no threshold of tag")
        for name, best_of, other in (
            ("recall", recall_score, precision_score),
            ("precision", precision_score, recall_score),
        ):
            found = find_thresholds(
                truth,
                scores,
                scoring=name,
                strategy=strategy,
                **{"min_precision" if name == "recall" else "min_recall": lowest},
            )
            best = np.atleast_1d(best_of(truth, scores >= found, **enough))
            reached = np.atleast_1d(other(truth, scores >= found, **enough))
            for position in range(len(best)):
                rivals = [
                    np.atleast_1d(best_of(truth, scores >= cut, **enough))[position]
                    for cut in every_combination(scores, "common")
                    if np.atleast_1d(other(truth, scores >= cut, **enough))[position] >= lowest
                ]
                if rivals:
                    assert best[position] == pytest.approx(max(rivals))
                    # a tag that is not given reaches no precision, and needs none
                    assert reached[position] >= lowest or best[position] == 0
                else:
                    assert np.isinf(found[position])


def test_tag_by_tag_is_as_good_for_samples_as_any_single_move():
    truth, scores = random_scores(3, 40, 4)
    found = find_thresholds(truth, scores, scoring="f1_samples", strategy="per_tag")

    def value(thresholds):
        return fbeta_score(truth, scores >= thresholds, average="samples", beta=1, zero_division=0)

    common = find_thresholds(truth, scores, scoring="f1_samples", strategy="common")
    assert value(found) >= value(common)
    for tag in range(4):
        for cut in [*scores[:, tag], np.inf]:
            moved = found.copy()
            moved[tag] = cut
            assert value(moved) <= value(found) + 1e-12


def test_any_function_of_predictions():
    truth, scores = random_scores(1, 60, 3)

    def few_mistakes(given):
        return -float(np.abs(given - truth).sum())

    common = find_thresholds(truth, scores, scoring=few_mistakes, strategy="common")
    own = find_thresholds(truth, scores, scoring=few_mistakes, strategy="per_tag")
    assert len(set(common)) == 1
    everywhere = [few_mistakes(scores >= cut) for cut in np.unique(scores)]
    assert few_mistakes(scores >= common[0]) >= np.quantile(everywhere, 0.9)
    assert few_mistakes(scores >= own) >= few_mistakes(scores >= common)


def test_shrinkage_goes_from_each_tag_alone_to_all_together():
    truth, scores = random_scores(2, 300, 4)
    scores[:, 1] /= 3
    own = find_thresholds(truth, scores, strategy="per_tag")
    common = find_thresholds(truth, scores, scoring="f1_micro", strategy="common")
    spread = [
        np.ptp(find_thresholds(truth, scores, strategy="shrunken", shrinkage=shrinkage))
        for shrinkage in (0.0, 10.0, 1000.0, 1e9)
    ]
    assert np.ptp(own) == pytest.approx(spread[0])
    assert spread[0] > spread[2]
    assert max(spread[2:]) < 0.01
    at_infinity = find_thresholds(
        truth, scores, scoring="f1_micro", strategy="shrunken", shrinkage=np.inf
    )
    np.testing.assert_array_equal(at_infinity, common)


def test_shrinkage_draws_thresholds_for_samples_by_the_examples_of_a_tag():
    truth, scores = random_scores(3, 60, 4)
    how = {"scoring": "f1_samples"}
    own = find_thresholds(truth, scores, strategy="per_tag", **how)
    (common,) = set(find_thresholds(truth, scores, strategy="common", **how))
    share = truth.sum(axis=0) / (truth.sum(axis=0) + 5.0)
    drawn = find_thresholds(truth, scores, shrinkage=5.0, **how)
    assert np.ptp(own) > 0.01
    np.testing.assert_allclose(drawn, share * own + (1 - share) * common, rtol=1e-6)


def test_a_tag_that_is_known_of_few_rows_can_take_the_threshold_of_all():
    """Though none of its own scores comes near."""
    truth, scores = random_scores(4, 300, 3)
    truth = truth.astype(float)
    truth[:, 0] = np.nan
    truth[:4, 0], scores[:4, 0] = [1, 0, 1, 0], [0.95, 0.05, 0.96, 0.04]
    found = find_thresholds(truth, scores, scoring="f1_macro", shrinkage=1e9)
    assert np.ptp(found) < 0.02


def test_nothing_is_given_above_all_scores():
    curve = make_curve(np.array([1.0, 0.0, np.nan, 1.0]), np.array([0.2, 0.5, 0.9, 0.7]))
    assert curve.cuts.tolist() == [0.2, 0.5, 0.7, np.inf]
    assert curve.n_right.tolist() == [2, 1, 1, 0]
    assert curve.n_given.tolist() == [3, 2, 1, 0]
    cuts = make_curve(np.ones(2), np.array([0.2, 0.7]), also=[0.5, 0.2]).cuts
    assert cuts.tolist() == [0.2, 0.5, 0.7, np.inf]


def test_a_rare_tag_is_steadier_than_by_itself():
    """Over samples of the same rows, the threshold of a tag with few examples moves less."""
    rng = np.random.RandomState(0)
    truth = (rng.uniform(size=(4000, 6)) < [0.02, 0.2, 0.2, 0.2, 0.2, 0.2]).astype(int)
    scores = 1 / (1 + np.exp(2.5 - 2 * truth - rng.normal(size=truth.shape)))
    samples = [rng.randint(4000, size=400) for _ in range(30)]

    def spread(**how):
        found = [find_thresholds(truth[rows], scores[rows], **how)[0] for rows in samples]
        return np.std(found)

    assert spread(strategy="shrunken", shrinkage=20) < 0.8 * spread(strategy="per_tag")


@pytest.mark.parametrize("scoring", ["f1_macro", "f1_micro"])
@pytest.mark.parametrize("shifts", [(0, 0, 0, 0), (0, 2, 4, 6)])
def test_tags_get_thresholds_of_their_own_where_their_scores_differ(scoring, shifts):
    """Scores of one kind need one threshold, and rare tags would make several worse."""
    rng = np.random.RandomState(0)
    rates = np.array([0.03, 0.05, 0.2, 0.3])
    truth = (rng.uniform(size=(400, 4)) < rates).astype(int)
    # logits of the very probabilities, and as much beside them as a tag's classifier is wrong
    scores = logit(rates) - 2 + 2 * (2 * truth + rng.normal(size=truth.shape)) + shifts
    found = find_thresholds(truth, scores, scoring=scoring)
    other = "shrunken" if any(shifts) else "common"
    assert (len(set(found)) == 1) == (not any(shifts))
    np.testing.assert_array_equal(
        found, find_thresholds(truth, scores, scoring=scoring, strategy=other)
    )


def test_unknown_tags_and_weights_count_as_rows_that_are_not_there():
    truth, scores = random_scores(5, 80, 3)
    rng = np.random.RandomState(0)
    weight = rng.randint(0, 3, size=80)
    repeated = np.repeat(np.arange(80), weight)
    unknown = truth.astype(float)
    unknown[weight == 0] = np.nan
    for scoring in AVERAGES:
        for strategy in ("common", "per_tag", "shrunken"):
            how = {"scoring": scoring, "strategy": strategy}
            plain = find_thresholds(truth[repeated], scores[repeated], **how)
            if strategy != "shrunken":  # which takes the mean of cuts, and knows more of them
                weighted = find_thresholds(truth, scores, sample_weight=weight, **how)
                given_alike = (scores >= weighted)[weight > 0] == (scores >= plain)[weight > 0]
                assert given_alike.all()
            some = find_thresholds(unknown, scores, **how)
            np.testing.assert_allclose(
                some, find_thresholds(truth[weight > 0], scores[weight > 0], **how)
            )


@pytest.mark.parametrize("strategy", ["per_tag", "shrunken"])
@pytest.mark.parametrize("value", [0, 1])
def test_tag_that_is_always_the_same_takes_the_threshold_of_all(strategy, value):
    truth, scores = random_scores(0, 50, 3)
    truth[:, 1] = value
    tags = pd.DataFrame(truth, columns=["Law", "Nursing", "Sales"])
    with pytest.warns(UserWarning, match="'Nursing' have fewer than 1 positive or negative"):
        found = find_thresholds(tags, scores, strategy=strategy)
    assert found[1] == find_thresholds(truth, scores, strategy="common")[0]


def test_tags_that_are_precise_enough_are_not_warned_of():
    truth, scores = random_scores(1, 60, 3)
    for strategy in ("common", "per_tag"):
        found = find_thresholds(
            truth, scores, scoring="recall", min_precision=0.1, strategy=strategy
        )
        assert np.isfinite(found).all()


def test_tag_that_cannot_be_precise_enough_is_never_given():
    truth = np.array([[0, 1], [1, 0], [0, 1], [0, 0]])
    scores = np.array([[0.9, 0.8], [0.1, 0.2], [0.8, 0.9], [0.7, 0.1]])
    with pytest.warns(UserWarning, match=r"0 reaches a precision of 0\.9"):
        found = find_thresholds(
            truth, scores, scoring="recall", min_precision=0.9, strategy="per_tag"
        )
    assert np.isinf(found[0])
    assert 0.2 < found[1] <= 0.8


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scoring": "f1"}, "unknown objective scoring='f1'"),
        ({"strategy": "own"}, "unknown strategy='own'"),
        ({"shrinkage": -1}, "shrinkage=-1 must be 0 or more"),
        ({"beta": 0}, "beta=0 must be above 0"),
        ({"scoring": "recall"}, "min_precision go together"),
        ({"min_precision": 0.9}, "min_precision go together"),
        ({"scoring": "precision", "min_recall": 2}, "must be between 0 and 1"),
        ({"y_score": np.zeros((3, 2))}, r"shape \(6, 2\), but y_score has shape \(3, 2\)"),
        ({"sample_weight": [1, 2]}, r"sample_weight has shape \(2,\)"),
    ],
)
def test_bad_input(wrong, message):
    truth, scores = random_scores(0)
    with pytest.raises(ValueError, match=message):
        find_thresholds(**({"y_true": truth, "y_score": scores} | wrong))


def test_missing_score_is_named():
    truth, scores = random_scores(0)
    scores[4, 1] = np.nan
    with pytest.raises(ValueError, match="no number in row 4, tag 1"):
        find_thresholds(truth, scores)


def test_input_stays_as_it_was():
    truth, scores = random_scores(0, 30)
    before = truth.copy(), scores.copy()
    for scoring in AVERAGES:
        find_thresholds(truth, scores, scoring=scoring)
    np.testing.assert_array_equal(truth, before[0])
    np.testing.assert_array_equal(scores, before[1])
