"""How right the tags are, drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from jobtag_sklearn.inspection._drawing import COLORS, GREY, as_panels, pyplot, shortened
from jobtag_sklearn.inspection._insides import names_and_answers
from jobtag_sklearn.inspection._tag_report import tag_report

_MEASURES = {
    "precision": {"color": COLORS[0], "marker": ">", "label": "precision"},
    "recall": {"color": COLORS[1], "marker": "<", "label": "recall"},
    "f1": {"color": COLORS[7], "marker": "o", "label": "F1"},
}


class TagReportDisplay:
    """Precision, recall, F1, accuracy and support of each tag, beside the majority answer.

    Make one with `from_estimator` or `from_predictions`, or of a table that
    :func:`tag_report` has made.

    Parameters
    ----------
    report : DataFrame of shape (n_tags, n_columns)
        What :func:`tag_report` returns; drawn from top to bottom.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes
        Three panels, after `plot`: precision, recall and F1; accuracy; support.
    figure_ : matplotlib.figure.Figure
        The figure, after `plot`.

    See Also
    --------
    tag_report : The same as a table.
    ThresholdCurveDisplay : What other thresholds would give.

    Examples
    --------
    >>> from jobtag_sklearn.inspection import TagReportDisplay
    >>> y_true, y_pred = [[1, 0], [1, 1], [0, 0]], [[1, 0], [0, 1], [0, 0]]
    >>> display = TagReportDisplay.from_predictions(
    ...     y_true, y_pred, classes=["Law", "Art"], sort_by="f1", plot=False)
    >>> display.report["f1"].round(2).to_dict()
    {'Art': 1.0, 'Law': 0.67}
    """

    def __init__(self, report: pd.DataFrame) -> None:
        self.report = report

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sort_by: str = "support",
        ax: Any = None,
        plot: bool = True,
    ) -> TagReportDisplay:
        """Predict tags with a fitted classifier and draw how right they are.

        Parameters
        ----------
        estimator : estimator
            Fitted multi-label classifier. Its `best_thresholds_`, or the threshold in use, is
            drawn where it has one.
        X : array-like, or what the estimator takes
            Rows that did not train it.
        y : DataFrame or array-like of shape (n_jobs, n_tags)
            Their tags as 0/1, NaN where unknown.
        sort_by : str, default="support"
            Column of the report; the highest value is drawn first.
        ax : array of matplotlib.axes.Axes, default=None
            Three panels to draw on. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : TagReportDisplay
            The display.
        """
        names, y, given = names_and_answers(estimator, X, y)
        return cls.from_predictions(
            y,
            given,
            classes=None if isinstance(y, pd.DataFrame) else names,
            threshold=_threshold_of(estimator),
            sort_by=sort_by,
            ax=ax,
            plot=plot,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        classes: Any = None,
        threshold: Any = None,
        sort_by: str = "support",
        ax: Any = None,
        plot: bool = True,
    ) -> TagReportDisplay:
        """Draw how right predicted tags are.

        Parameters
        ----------
        y_true : DataFrame or array-like of shape (n_jobs, n_tags)
            True tags as 0/1, NaN where unknown.
        y_pred : DataFrame or array-like of shape (n_jobs, n_tags)
            Predicted tags as 0/1.
        classes : array-like of shape (n_tags,), default=None
            Names of the tags, if neither table has them.
        threshold : float or array-like of shape (n_tags,), default=None
            Threshold in use, drawn as a tick.
        sort_by : str, default="support"
            Column of the report; the highest value is drawn first.
        ax : array of matplotlib.axes.Axes, default=None
            Three panels to draw on. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : TagReportDisplay
            The display.

        Raises
        ------
        ValueError
            If the tables do not fit, or there is no column `sort_by`.
        """
        report = tag_report(y_true, y_pred, classes=classes, threshold=threshold)
        if sort_by not in report:
            raise ValueError(f"there is no column {sort_by!r}; sort_by is one of {list(report)}")
        display = cls(report.sort_values(sort_by, ascending=False, kind="stable"))
        return display.plot(ax) if plot else display

    def plot(self, ax: Any = None) -> TagReportDisplay:
        """Draw.

        Parameters
        ----------
        ax : array of matplotlib.axes.Axes, default=None
            Three panels to draw on. None makes a figure.

        Returns
        -------
        self : TagReportDisplay
            With `axes_` and `figure_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        report = self.report
        if ax is None:
            _, ax = pyplot().subplots(
                1,
                3,
                figsize=(10, 1.6 + 0.3 * len(report)),
                sharey=True,
                width_ratios=[3, 2, 1.4],
                layout="constrained",
            )
        self.axes_ = as_panels(ax, 3, "panels")
        self.figure_ = self.axes_[0].figure
        quality, accuracy, support = self.axes_[:3]
        at = np.arange(len(report))
        for column, style in _MEASURES.items():
            quality.plot(report[column], at, linestyle="", alpha=0.9, **style)
        quality.hlines(
            at, report["precision"], report["recall"], color=GREY, linewidth=1, zorder=0
        )
        if "threshold" in report:
            quality.plot(
                report["threshold"], at, linestyle="", marker="|", markersize=13,
                markeredgewidth=1.5, color=COLORS[3], label="threshold",
            )  # fmt: skip
        quality.set(xlim=(-0.03, 1.03), xlabel="share")
        accuracy.hlines(
            at, report["majority_accuracy"], report["accuracy"], color=GREY, linewidth=1, zorder=0
        )
        accuracy.plot(
            report["majority_accuracy"], at, linestyle="", marker="x", color=COLORS[5],
            label="majority answer",
        )  # fmt: skip
        accuracy.plot(
            report["accuracy"], at, linestyle="", marker="o", color=COLORS[2], label="model"
        )
        accuracy.set(xlabel="accuracy")
        support.barh(at, report["support"], color=COLORS[4], label="have the tag")
        support.plot(
            report["predicted"], at, linestyle="", marker="|", markersize=13, markeredgewidth=2,
            color=COLORS[7], label="are given it",
        )  # fmt: skip
        support.set(xlabel="postings")
        for panel in (quality, accuracy, support):
            panel.set_yticks(at, [shortened(name) for name in report.index])
            panel.grid(axis="x", alpha=0.3)
            panel.set_axisbelow(True)
            # below its panel a legend hides nothing
            panel.legend(
                loc="lower left",
                bbox_to_anchor=(0, 1),
                ncols=2 if panel is quality else 1,
                fontsize="small",
                frameon=False,
            )
        quality.set_ylim(len(report) - 0.5, -0.5)
        return self


def _threshold_of(estimator: Any) -> Any:
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    for part in (estimator, last):
        for name in ("best_thresholds_", "threshold_", "threshold"):
            value = getattr(part, name, None)
            if value is not None and not isinstance(value, str):
                return value
    return None
