import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import metrics
from sklearn.dummy import DummyClassifier

from jobtag_sklearn.inspection import tag_report, tag_scores

NAMES = ["Law", "Health", "Sales", "Art"]


@pytest.fixture
def answers():
    rng = np.random.RandomState(0)
    y_true = (rng.random_sample((60, 4)) < [0.2, 0.7, 0.3, 0.05]).astype(int)
    y_score = np.clip(0.6 * y_true + 0.5 * rng.random_sample((60, 4)), 0, 1)
    index = pd.Index(range(100, 160), name="job_id")
    y_true, y_score = (pd.DataFrame(t, index=index, columns=NAMES) for t in (y_true, y_score))
    return y_true, (y_score >= 0.55).astype(int), y_score


def test_report_agrees_with_scikit_learn(answers):
    y_true, y_pred, y_score = answers
    report = tag_report(y_true, y_pred, y_score=y_score, threshold=0.55)
    assert report.index.name == "tag"
    assert report["support"].is_monotonic_decreasing
    report = report.loc[NAMES]
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        y_true, y_pred, zero_division=0
    )
    np.testing.assert_allclose(report["precision"], precision)
    np.testing.assert_allclose(report["recall"], recall)
    np.testing.assert_allclose(report["f1"], f1)
    np.testing.assert_array_equal(report["support"], support)
    np.testing.assert_array_equal(report["predicted"], y_pred.sum())
    np.testing.assert_allclose(report["accuracy"], (y_true == y_pred).mean())
    majority = DummyClassifier(strategy="most_frequent").fit(y_true, y_true).predict(y_true)
    np.testing.assert_allclose(report["majority_accuracy"], (y_true == majority).mean())
    np.testing.assert_allclose(
        report["average_precision"],
        metrics.average_precision_score(y_true, y_score, average=None),
    )
    assert (report["threshold"] == 0.55).all()


def test_scores_agree_with_scikit_learn(answers):
    y_true, y_pred, y_score = answers
    scores = tag_scores(y_true, y_pred, y_score)
    majority = np.broadcast_to(y_true.mean() > 0.5, y_true.shape).astype(int)
    prior = np.broadcast_to(y_true.mean(), y_true.shape)
    assert majority.any()
    for prefix, given, score in (("", y_pred, y_score), ("majority_", majority, prior)):
        for average in ("micro", "macro", "samples"):
            assert scores[f"{prefix}f1_{average}"] == pytest.approx(
                metrics.f1_score(y_true, given, average=average, zero_division=0)
            )
        assert scores[f"{prefix}subset_accuracy"] == metrics.accuracy_score(y_true, given)
        assert scores[f"{prefix}hamming_accuracy"] == pytest.approx(
            1 - metrics.hamming_loss(y_true, given)
        )
        assert scores[f"{prefix}label_ranking_average_precision"] == pytest.approx(
            metrics.label_ranking_average_precision_score(y_true, score)
        )


def test_rows_of_unknown_tags_are_left_out(answers):
    y_true, y_pred, y_score = answers
    known = np.arange(len(y_true)) % 3 > 0
    partly = y_true.astype(float)
    partly[~known] = np.nan
    pd.testing.assert_series_equal(
        tag_scores(partly, y_pred, y_score),
        tag_scores(y_true[known], y_pred[known], y_score[known]),
    )
    pd.testing.assert_frame_equal(
        tag_report(partly, y_pred, y_score=y_score),
        tag_report(y_true[known], y_pred[known], y_score=y_score[known]),
    )


def test_a_partly_known_row_counts_with_the_tags_that_are_known():
    y_true, y_pred = [[1, np.nan], [1, 1], [0, 0]], [[0, 1], [1, 1], [0, 0]]
    scores = tag_scores(y_true, y_pred)
    assert scores["hamming_accuracy"] == 4 / 5
    assert scores["f1_micro"] == pytest.approx(4 / 5)
    assert scores["subset_accuracy"] == 1
    assert scores["f1_samples"] == 0.5
    report = tag_report(y_true, y_pred)
    assert report.loc[0, ["support", "predicted", "recall"]].tolist() == [2, 1, 0.5]
    assert report.loc[1, ["support", "predicted", "accuracy"]].tolist() == [1, 1, 1]


def test_nothing_known_and_nothing_given():
    unknown = np.full((2, 1), np.nan)
    scores = tag_scores(unknown, [[1], [0]], [[0.5], [0.2]])
    assert scores.drop(["f1_micro", "majority_f1_micro"]).isna().all()
    report = tag_report([[0, np.nan], [0, np.nan]], [[0, 1], [0, 0]], y_score=np.ones((2, 2)))
    assert report.loc[0, ["precision", "recall", "f1", "accuracy"]].tolist() == [0, 0, 0, 1]
    assert np.isnan(report.loc[1, "accuracy"])
    assert report["average_precision"].isna().all()


def test_columns_are_matched_by_name_and_equal_support_is_sorted(answers):
    y_true, y_pred, y_score = answers
    turned = tag_report(y_true, y_pred[NAMES[::-1]], y_score=y_score[NAMES[::-1]])
    pd.testing.assert_frame_equal(turned, tag_report(y_true, y_pred, y_score=y_score))
    even = pd.DataFrame([[1, 1, 0], [0, 0, 1]], columns=["c", "b", "a"])
    assert tag_report(even, even).index.tolist() == ["a", "b", "c"]


def test_arrays_sparse_matrices_and_names(answers):
    y_true, y_pred, _ = answers
    expected = tag_report(y_true, y_pred)
    for container in (np.asarray, sparse.csr_matrix, lambda table: table.to_numpy().tolist()):
        report = tag_report(container(y_true), container(y_pred), classes=NAMES)
        pd.testing.assert_frame_equal(report, expected)
    pd.testing.assert_frame_equal(tag_report(y_true.to_numpy(), y_pred), expected)
    assert set(tag_report(y_true.to_numpy(), y_pred.to_numpy()).index) == {0, 1, 2, 3}


def test_a_threshold_for_each_tag_goes_with_its_tag(answers):
    y_true, y_pred, _ = answers
    thresholds = pd.Series([0.1, 0.2, 0.3, 0.4], index=NAMES)
    report = tag_report(y_true, y_pred, threshold=thresholds)
    assert report["threshold"].to_dict() == thresholds.to_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, p, s: tag_scores(t, p.to_numpy()[:-1]), r"y_pred has shape \(59, 4\)"),
        (lambda t, p, s: tag_scores(t, p[:-1]), "there are 59 and 60 rows"),
        (lambda t, p, s: tag_scores(t, p[::-1]), "number 0 .* is 159 and 100"),
        (lambda t, p, s: tag_scores(t, p.rename(columns={"Art": "Arts"})), r"\['Art', 'Arts'\]"),
        (lambda t, p, s: tag_scores(t["Law"], p["Law"]), "y_true must have two dimensions"),
        (lambda t, p, s: tag_scores(t, s), "y_pred: tag 'Law' of row 100"),
        (lambda t, p, s: tag_scores(t + 1, p), "y_true: tag 'Law' of row"),
        (lambda t, p, s: tag_scores(t, p.replace(1, np.nan)), "y_pred is missing for tag"),
        (lambda t, p, s: tag_scores(t, p, s.mask(s > 0.9)), "y_score of row .* is not finite"),
        (lambda t, p, s: tag_scores(t, p, s.to_numpy()[:, 1:]), r"y_score has shape \(60, 3\)"),
        (lambda t, p, s: tag_report(t, p, classes=["a"]), "classes has 1 names"),
        (lambda t, p, s: tag_report(t, p, classes=NAMES[::-1]), "number 0 .* is 'Art' and 'Law'"),
        (lambda t, p, s: tag_report(t, p, threshold=[0.5]), r"threshold has shape \(1,\)"),
    ],
)
def test_bad_input_is_named(answers, change, message):
    with pytest.raises(ValueError, match=message):
        change(*answers)
