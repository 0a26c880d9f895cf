"""What each threshold would do, drawn."""

import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score, recall_score
from sklearn.multiclass import OneVsRestClassifier

from jobtag_sklearn.inspection import ThresholdCurveDisplay, calibration_scores
from jobtag_sklearn.model_selection import TunedMultiLabelThresholdClassifierCV

mpl.use("Agg")

RNG = np.random.RandomState(0)
X = RNG.normal(size=(200, 5))
TAGS = pd.DataFrame((X @ RNG.normal(size=(5, 3)) > 0.7).astype(int), columns=["Art", "Law", "Tax"])
SCORES = np.clip(0.3 + 0.3 * TAGS + RNG.normal(scale=0.2, size=TAGS.shape), 0, 1).to_numpy()


@pytest.fixture(autouse=True)
def closed():
    from matplotlib import pyplot as plt

    yield
    plt.close("all")


def test_lines_are_what_scikit_learn_measures():
    display = ThresholdCurveDisplay.from_predictions(TAGS, SCORES, tags=["Law"], plot=False)
    thresholds, precision, recall, f1 = display.curves["Law"]
    for at in range(0, len(thresholds), 17):
        given = SCORES[:, 1] >= thresholds[at]
        assert precision[at] == pytest.approx(precision_score(TAGS["Law"], given))
        assert recall[at] == pytest.approx(recall_score(TAGS["Law"], given))
        assert f1[at] == pytest.approx(f1_score(TAGS["Law"], given))


def test_one_panel_a_tag_with_the_threshold_in_use():
    model = TunedMultiLabelThresholdClassifierCV(
        OneVsRestClassifier(LogisticRegression()), random_state=0
    ).fit(X, TAGS)
    display = ThresholdCurveDisplay.from_estimator(model, X, TAGS, tags=["Tax", "Art"])
    assert [panel.get_title() for panel in display.axes_] == ["Tax", "Art"]
    assert display.axes_[0].get_xlabel() == "threshold"
    for panel, at in zip(display.axes_, (2, 0), strict=True):
        labels = [line.get_label() for line in panel.lines]
        assert labels[:3] == ["precision", "recall", "F1"]
        assert panel.lines[3].get_xdata()[0] == pytest.approx(model.best_thresholds_[at])
    assert display.figure_ is display.axes_[0].figure


def test_all_tags_together_on_given_axes():
    from matplotlib import pyplot as plt

    _, ax = plt.subplots()
    before = plt.rcParams.copy()
    display = ThresholdCurveDisplay.from_predictions(TAGS, SCORES, thresholds=0.4, ax=ax)
    assert display.axes_.tolist() == [ax]
    assert ax.get_title() == "all tags together"
    assert display.chosen == {"all tags together": 0.4}
    assert plt.rcParams == before


def test_wrong_tags_and_axes_are_named():
    from matplotlib import pyplot as plt

    with pytest.raises(ValueError, match="there is no tag 'Lax'; known are"):
        ThresholdCurveDisplay.from_predictions(TAGS, SCORES, tags=["Lax"])
    with pytest.raises(ValueError, match="2 tags need as many axes, got 1"):
        ThresholdCurveDisplay.from_predictions(
            TAGS, SCORES, tags=["Law", "Art"], ax=plt.subplots()[1]
        )


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    display = ThresholdCurveDisplay.from_predictions(TAGS, SCORES, plot=False)
    with pytest.raises(ImportError, match=r"pip install 'jobtag-sklearn\[plot\]'"):
        display.plot()


def test_calibration_of_perfect_and_of_boastful_probabilities():
    rng = np.random.RandomState(0)
    probabilities = rng.uniform(size=(20_000, 2))
    truth = (rng.uniform(size=probabilities.shape) < probabilities).astype(int)
    honest = calibration_scores(truth, probabilities)
    assert honest["expected_calibration_error"] < 0.01
    assert honest["tag_calibration_error"] < 0.02
    assert honest["brier"] == pytest.approx(1 / 6, abs=0.01)
    boastful = calibration_scores(truth, np.round(probabilities))
    assert boastful["expected_calibration_error"] == pytest.approx(0.25, abs=0.02)
    unknown = truth.astype(float)
    unknown[:, 1] = np.nan
    alone = calibration_scores(truth[:, :1].repeat(2, axis=1), probabilities[:, :1].repeat(2, 1))
    assert calibration_scores(unknown, probabilities)["brier"] == pytest.approx(alone["brier"])
    with pytest.raises(ValueError, match="must be between 0 and 1"):
        calibration_scores(truth, probabilities * 2)
