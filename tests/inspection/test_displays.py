"""What the displays draw, where they draw it, and what they leave alone."""

import copy
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_models import small_autoencoder, small_pipeline

from jobtag_sklearn import inspection
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.inspection import (
    CodeHeatmapDisplay,
    CodeMapDisplay,
    ReconstructionDisplay,
    TagCooccurrenceDisplay,
    TagReportDisplay,
    TrainingHistoryDisplay,
    WeightHistogramDisplay,
    tag_report,
)
from jobtag_sklearn.linear_model import MultiLabelLinearSVC
from jobtag_sklearn.model_selection import TunedMultiLabelThresholdClassifierCV

mpl.use("Agg")

RNG = np.random.RandomState(0)
X = RNG.normal(size=(120, 5))
TAGS = pd.DataFrame((X @ RNG.normal(size=(5, 3)) > 0.7).astype(int), columns=["Art", "Law", "Tax"])
GIVEN = TAGS.mask(RNG.uniform(size=TAGS.shape) < 0.2, 1 - TAGS)
CODES = RNG.normal(size=(120, 10))


@pytest.fixture(autouse=True)
def unchanged_style():
    from matplotlib import pyplot as plt

    before = plt.rcParams.copy()
    yield
    assert plt.rcParams == before
    plt.close("all")


@pytest.fixture(scope="module")
def pipeline():
    jobs, tags = make_job_postings(80, n_tags=3, random_state=0)
    model = small_pipeline().fit(jobs[:60], tags[:60])
    return model.partial_fit(jobs[60:], tags[60:]), jobs, tags


def all_displays(pipeline):
    model, jobs, tags = pipeline
    return {
        "CodeHeatmapDisplay": lambda **s: CodeHeatmapDisplay.from_estimator(
            model, jobs, tags, **s
        ),
        "CodeMapDisplay": lambda **s: CodeMapDisplay.from_estimator(model, jobs, tags, **s),
        "ReconstructionDisplay": lambda **s: ReconstructionDisplay.from_estimator(
            model, jobs[:1], **s
        ),
        "TagCooccurrenceDisplay": lambda **s: TagCooccurrenceDisplay.from_estimator(
            model, jobs, tags, **s
        ),
        "TagReportDisplay": lambda **s: TagReportDisplay.from_estimator(model, jobs, tags, **s),
        "ThresholdCurveDisplay": lambda **s: inspection.ThresholdCurveDisplay.from_estimator(
            model, jobs, tags, **s
        ),
        "TrainingHistoryDisplay": lambda **s: TrainingHistoryDisplay.from_estimator(model, **s),
        "WeightHistogramDisplay": lambda **s: WeightHistogramDisplay.from_estimator(
            model, layers=["linear", "code"], **s
        ),
    }


def panels_of(display):
    return [display.ax_] if hasattr(display, "ax_") else list(display.axes_)


def test_all_are_tested_here(pipeline):
    names = {name for name in inspection.__all__ if name.endswith("Display")}
    assert names == set(all_displays(pipeline))


@pytest.mark.parametrize(
    "name", sorted(name for name in inspection.__all__ if name.endswith("Display"))
)
def test_every_display_draws_on_new_and_on_given_axes(pipeline, name, monkeypatch):
    from matplotlib import pyplot as plt

    make = all_displays(pipeline)[name]
    quiet = make(plot=False)
    assert isinstance(quiet, getattr(inspection, name))
    assert not plt.get_fignums()
    drawn = make()
    assert len(plt.get_fignums()) == 1
    panels = panels_of(drawn)
    assert all(panel.figure is drawn.figure_ for panel in panels)
    drawn.figure_.canvas.draw()
    _, axes = plt.subplots(1, len(panels))
    again = quiet.plot(axes)
    assert again is quiet
    assert panels_of(again) == list(np.atleast_1d(axes))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'jobtag-sklearn\[plot\]'"):
        quiet.plot()


def test_heatmap_orders_by_tag_and_centres():
    display = CodeHeatmapDisplay.from_codes(CODES, TAGS)
    rarest_first = TAGS.sum().sort_values()
    for row, group in zip(TAGS.to_numpy(), display.groups, strict=True):
        has = [tag for tag in rarest_first.index if row[TAGS.columns.get_loc(tag)]]
        assert group == (has[0] if has else "no tag")
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    sizes = pd.Series(display.groups).value_counts()
    assert labels[-1] == "no tag"
    assert sizes[labels[:-1]].is_monotonic_decreasing
    drawn = display.image_.get_array()
    first = display.groups == labels[0]
    np.testing.assert_allclose(drawn[: first.sum()], (CODES - CODES.mean(axis=0))[first])
    assert display.image_.norm.vmin == -display.image_.norm.vmax


def test_one_posting_is_a_grid():
    display = CodeHeatmapDisplay.from_codes(CODES[0])
    grid = display.image_.get_array()
    assert grid.shape == (3, 4)
    np.testing.assert_array_equal(grid.compressed()[:10], CODES[0])
    assert np.ma.count_masked(np.ma.masked_invalid(grid)) == 2


def test_map_is_pca_or_what_was_passed():
    display = CodeMapDisplay.from_codes(CODES, TAGS, tags=["Law"])
    np.testing.assert_allclose(
        np.abs(display.points), np.abs(PCA(2, svd_solver="full").fit_transform(CODES))
    )
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    n_law = TAGS["Law"].sum()
    assert texts[0] == f"Law ({n_law})"
    assert {text.partition(" (")[0] for text in texts} == {"Law", "other tags", "no tag"}
    assert sum(len(points.get_offsets()) for points in display.ax_.collections) == 120
    other = TruncatedSVD(2, random_state=0)
    passed = CodeMapDisplay.from_estimator(
        make_pipeline(StandardScaler()).fit(CODES), CODES, transformer=other, plot=False
    )
    expected = other.fit_transform(StandardScaler().fit_transform(CODES))
    np.testing.assert_allclose(passed.points, expected)


def test_what_makes_no_map_or_no_codes_is_named():
    with pytest.raises(ValueError, match="gave shape \\(120, 3\\).*set n_components=2"):
        CodeMapDisplay.from_codes(CODES, transformer=PCA(3))
    with pytest.raises(ValueError, match="two postings and two codes"):
        CodeMapDisplay.from_codes(CODES[:1])
    with pytest.raises(ValueError, match="8 tags can be told apart, got 9"):
        CodeMapDisplay.from_codes(CODES, tags=list("abcdefghi"))
    with pytest.raises(ValueError, match="there is no tag 'Lax'; known are"):
        CodeMapDisplay.from_codes(CODES, TAGS, tags=["Lax"])
    with pytest.raises(ValueError, match="120 postings, but y has 119 rows"):
        CodeHeatmapDisplay.from_codes(CODES, TAGS[1:])
    with pytest.raises(ValueError, match="codes must be dense"):
        CodeHeatmapDisplay.from_codes(sparse.eye(3, format="csr"))
    with pytest.raises(TypeError, match="LogisticRegression has neither encode nor transform"):
        CodeHeatmapDisplay.from_estimator(LogisticRegression(), X)


def test_history_has_all_networks_and_marks_updates(pipeline):
    model, _, _ = pipeline
    display = TrainingHistoryDisplay.from_estimator(model)
    assert list(display.histories) == ["autoencoder", "classifier"]
    assert display.updates == {"autoencoder": [], "classifier": [1]}
    loss, score, rate = display.axes_[2:]
    assert [loss.get_title(), rate.get_ylabel()] == ["classifier", "learning rate"]
    np.testing.assert_array_equal(score.lines[0].get_ydata(), model[-1].history_["f1"])
    assert len(display.figure_.axes) == 5
    line = loss.lines[0]
    np.testing.assert_array_equal(line.get_ydata(), model[-1].history_["loss"])
    assert line.get_xdata().tolist() == [1, 2]
    (shaded,) = loss.patches
    assert (shaded.get_x(), shaded.get_x() + shaded.get_width()) == (1.5, 2.5)
    assert np.isfinite(rate.lines[0].get_ydata()).all()


def test_history_of_a_search_and_of_nothing():
    with pytest.raises(ValueError, match="no fitted Keras network in this LogisticRegression"):
        TrainingHistoryDisplay.from_estimator(LogisticRegression().fit(X, TAGS["Law"]))
    with pytest.raises(ValueError, match="1 network.* need as many axes|2 panels need"):
        TrainingHistoryDisplay({"a": {"loss": [1.0]}}).plot(mpl.figure.Figure().subplots())


def test_weights_are_those_of_the_layers(pipeline):
    model, _, _ = pipeline
    display = WeightHistogramDisplay.from_estimator(model, layers=["linear", "encoder_hidden_0"])
    assert list(display.histograms) == ["linear", "autoencoder/encoder_hidden_0"]
    (linear,) = display.histograms["linear"]
    scores = model.named_steps["features"].named_transformers_["text"][-1]["scores"]
    assert linear.counts.sum() == np.count_nonzero(scores.coef_)
    everything = WeightHistogramDisplay.from_estimator(model, plot=False)
    assert {name.partition("/")[0] for name in everything.histograms} == {"classifier"}
    with pytest.raises(ValueError, match="there is no layer 'hiden_0'; known are"):
        WeightHistogramDisplay.from_estimator(model, layers=["hiden_0"])
    alone = MultiLabelLinearSVC().fit(X, TAGS)
    assert list(WeightHistogramDisplay.from_estimator(alone, plot=False).histograms) == ["linear"]


def test_report_is_sorted_and_has_the_majority_answer_and_thresholds():
    model = TunedMultiLabelThresholdClassifierCV(
        OneVsRestClassifier(LogisticRegression()), random_state=0
    ).fit(X, TAGS)
    display = TagReportDisplay.from_estimator(model, X, TAGS, sort_by="f1")
    expected = tag_report(TAGS, model.predict(X), threshold=model.best_thresholds_)
    pd.testing.assert_frame_equal(display.report.sort_index(), expected.sort_index())
    assert display.report["f1"].is_monotonic_decreasing
    lines = {line.get_label(): line for panel in display.axes_ for line in panel.lines}
    for label, column in {
        "precision": "precision", "recall": "recall", "F1": "f1", "threshold": "threshold",
        "majority answer": "majority_accuracy", "model": "accuracy", "are given it": "predicted",
    }.items():  # fmt: skip
        np.testing.assert_allclose(lines[label].get_xdata(), display.report[column])
    labels = [label.get_text() for label in display.axes_[0].get_yticklabels()]
    assert labels == display.report.index.tolist()
    with pytest.raises(ValueError, match="no column 'F1'; sort_by is one of"):
        TagReportDisplay.from_predictions(TAGS, GIVEN, sort_by="F1")


def test_cooccurrence_is_recall_on_its_diagonal():
    display = TagCooccurrenceDisplay.from_predictions(TAGS, GIVEN, tags=["Tax", "Art"])
    assert display.classes == ["Tax", "Art"]
    recall = [recall_score(TAGS[tag], GIVEN[tag]) for tag in ("Tax", "Art")]
    np.testing.assert_allclose(np.diag(display.given_together), recall)
    np.testing.assert_allclose(np.diag(display.true_together), 1)
    tax = TAGS["Tax"] == 1
    assert display.given_together[0, 1] == pytest.approx(GIVEN.loc[tax, "Art"].mean())
    assert display.true_together[0, 1] == pytest.approx(TAGS.loc[tax, "Art"].mean())
    unknown = TAGS.astype(float)
    unknown.loc[:59, "Art"] = np.nan
    half = TagCooccurrenceDisplay.from_predictions(unknown, GIVEN, tags=["Tax", "Art"], plot=False)
    assert half.true_together[0, 1] == pytest.approx(
        TAGS.loc[tax & (TAGS.index > 59), "Art"].mean()
    )
    with pytest.raises(ValueError, match="there is no tag 'Lax'"):
        TagCooccurrenceDisplay.from_predictions(TAGS, GIVEN, tags=["Lax"])


def test_reconstruction_draws_the_posting_first():
    rows = sparse.random(30, 256, density=0.1, format="csr", random_state=0)
    autoencoder = small_autoencoder().fit(rows)
    display = ReconstructionDisplay.from_estimator(autoencoder, rows[:1], top=20)
    true = rows[:1].toarray().ravel()
    np.testing.assert_allclose(display.true, true)
    back = autoencoder.inverse_transform(autoencoder.transform(rows[:1])).ravel()
    np.testing.assert_allclose(display.reconstructed, back)
    held = true[display.columns_]
    assert (np.diff(held[:15]) <= 0).all()
    assert not held[15:].any()
    heights = [bar.get_height() for bar in display.ax_.patches]
    np.testing.assert_allclose(heights, held)
    with pytest.raises(ValueError, match=r"one posting is drawn, got 2; pass X\[:1\]"):
        ReconstructionDisplay.from_estimator(autoencoder, rows[:2])


def test_reconstruction_of_a_posting_for_a_pipeline(pipeline):
    model, jobs, _ = pipeline
    display = ReconstructionDisplay.from_estimator(model, jobs[:1], plot=False)
    codes = model.named_steps["features"].named_transformers_["text"][-1]["codes"]
    columns = codes["fold"].transform(model._text_columns(jobs[:1]))
    np.testing.assert_array_equal(display.true, columns.toarray().ravel())
    back = codes["autoencoder"].inverse_transform(model.encode(jobs[:1]))
    np.testing.assert_allclose(display.reconstructed, back.ravel(), atol=1e-6)
    without = copy.deepcopy(model).drop_decoder()
    with pytest.raises(ValueError, match="the decoder was dropped"):
        ReconstructionDisplay.from_estimator(without, jobs[:1])
