"""What each threshold would do."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.inspection._drawing import as_panels, new_axes
from jobtag_sklearn.model_selection._curves import f_measure, make_curve
from jobtag_sklearn.model_selection._responses import response_name, tag_columns
from jobtag_sklearn.model_selection._threshold_search import check_scores
from jobtag_sklearn.utils._tags import Tags, check_tags, in_order_of, shown

_Floats = npt.NDArray[np.float64]

_TOGETHER = "all tags together"
#: Points of a line; more cannot be seen.
_MOST_POINTS = 2000
#: Distinct for the colour-blind (Okabe and Ito), and in print by their dashes.
_STYLES = {
    "precision": {"color": "#0072B2", "linestyle": "--", "label": "precision"},
    "recall": {"color": "#E69F00", "linestyle": ":", "label": "recall"},
    "f1": {"color": "#000000", "linestyle": "-", "label": "F1"},
}


class _Lines(NamedTuple):
    """Precision, recall and F1 of one tag at each threshold, ascending."""

    threshold: _Floats
    precision: _Floats
    recall: _Floats
    f1: _Floats


class ThresholdCurveDisplay:
    """Precision, recall and F1 of tags against the threshold.

    Make one with `from_estimator` or `from_predictions`.

    Parameters
    ----------
    curves : dict of str to tuple of ndarray
        For each tag the thresholds, and precision, recall and F1 at them.
    chosen : dict of str to float, default=None
        The threshold in use of each tag, drawn as a vertical line.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes
        One panel a tag, after `plot`.
    figure_ : matplotlib.figure.Figure
        The figure, after `plot`.

    See Also
    --------
    jobtag_sklearn.model_selection.TunedMultiLabelThresholdClassifierCV : Chooses them.

    Examples
    --------
    >>> from jobtag_sklearn.inspection import ThresholdCurveDisplay
    >>> y_true = [[1, 0], [1, 1], [0, 1], [0, 0]]
    >>> y_score = [[0.9, 0.1], [0.4, 0.7], [0.5, 0.6], [0.2, 0.3]]
    >>> display = ThresholdCurveDisplay.from_predictions(y_true, y_score, plot=False)
    >>> display.curves["all tags together"][0].tolist()
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9]
    """

    def __init__(self, curves: dict[Any, Any], *, chosen: dict[Any, float] | None = None) -> None:
        self.curves = curves
        self.chosen = chosen

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        tags: Any = None,
        response_method: str = "auto",
        ax: Any = None,
        plot: bool = True,
    ) -> ThresholdCurveDisplay:
        """Score rows with a fitted classifier and draw what thresholds would do.

        Parameters
        ----------
        estimator : estimator
            Fitted multi-label classifier. Its `best_thresholds_`, or `threshold_`, is drawn
            where it has one.
        X : array-like, or what the estimator takes
            Rows that did not train it.
        y : DataFrame or array-like of shape (n_samples, n_tags)
            Their tags as 0/1, NaN where unknown.
        tags : list, default=None
            Tags to draw, a panel each. None draws all tags together in one panel.
        response_method : {"auto", "predict_proba", "decision_function"}, default="auto"
            Where scores come from.
        ax : matplotlib.axes.Axes or array of them, default=None
            Where to draw, one a tag. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : ThresholdCurveDisplay
            The display.
        """
        classes = getattr(estimator, "classes_", None)
        names = classes.tolist() if isinstance(classes, np.ndarray) else []
        checked = check_tags(in_order_of(y, names), kind="multilabel")
        if response_method == "auto":
            response_method = getattr(estimator, "response_method", "auto")
        name = response_name(estimator, response_method)
        scores = tag_columns(estimator, X, name, checked.indicators.shape[1])
        chosen = getattr(estimator, "best_thresholds_", None)
        if chosen is None:
            last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
            chosen = getattr(last, "threshold_", None)
        return cls._make(checked, scores, tags, chosen, ax, plot)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_score: Any,
        *,
        tags: Any = None,
        thresholds: Any = None,
        ax: Any = None,
        plot: bool = True,
    ) -> ThresholdCurveDisplay:
        """Draw what thresholds would do to scores that are there.

        Parameters
        ----------
        y_true : DataFrame or array-like of shape (n_samples, n_tags)
            True tags as 0/1, NaN where unknown.
        y_score : array-like of shape (n_samples, n_tags)
            Scores of the tags.
        tags : list, default=None
            Tags to draw, a panel each. None draws all tags together in one panel.
        thresholds : float or array-like of shape (n_tags,), default=None
            Thresholds in use, drawn as vertical lines.
        ax : matplotlib.axes.Axes or array of them, default=None
            Where to draw, one a tag. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : ThresholdCurveDisplay
            The display.
        """
        checked = check_tags(y_true, kind="multilabel")
        return cls._make(checked, y_score, tags, thresholds, ax, plot)

    @classmethod
    def _make(
        cls, checked: Tags, y_score: Any, tags: Any, thresholds: Any, ax: Any, plot: bool
    ) -> ThresholdCurveDisplay:
        truth = checked.indicators
        scores = check_scores(y_score, truth.shape)
        curves, chosen = {}, {}
        if thresholds is not None:
            thresholds = np.broadcast_to(np.asarray(thresholds, dtype=np.float64), truth.shape[1:])
        if tags is None:
            curves[_TOGETHER] = _lines(truth.ravel(), scores.ravel())
            if thresholds is not None and np.ptp(thresholds) == 0:
                chosen[_TOGETHER] = float(thresholds[0])
        elif len(tags) == 0:
            raise ValueError("tags is empty; pass tags, or None for all of them together")
        else:
            positions = {name: at for at, name in enumerate(checked.classes.tolist())}
            for name in tags:
                if name not in positions:
                    raise ValueError(
                        f"there is no tag {shown(name)}; known are {list(positions)[:20]}"
                    )
                at = positions[name]
                curves[name] = _lines(truth[:, at], scores[:, at])
                if thresholds is not None:
                    chosen[name] = float(thresholds[at])
        display = cls(curves, chosen=chosen)
        return display.plot(ax) if plot else display

    def plot(self, ax: Any = None) -> ThresholdCurveDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or array of them, default=None
            Where to draw, one a tag. None makes a figure.

        Returns
        -------
        self : ThresholdCurveDisplay
            With `axes_` and `figure_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        if ax is None:
            ax = new_axes(len(self.curves))
        self.axes_ = as_panels(ax, len(self.curves), "tags")
        self.figure_ = self.axes_[0].figure
        for panel, (name, lines) in zip(self.axes_, self.curves.items(), strict=False):
            for measure, style in _STYLES.items():
                values = getattr(_Lines(*lines), measure)
                panel.plot(lines[0], values, **style)
            threshold = (self.chosen or {}).get(name)
            if threshold is not None and np.isfinite(threshold):
                panel.axvline(
                    threshold, color="#666666", linewidth=0.8, label=f"in use, {threshold:.2f}"
                )
            panel.set(title=str(name), xlabel="threshold", ylim=(-0.02, 1.02))
            panel.legend(loc="best", fontsize="small", frameon=False)
        return self


def _lines(truth: Any, scores: Any) -> _Lines:
    curve = make_curve(truth, scores).thinned(_MOST_POINTS)
    # above the last score nothing is given, and there is no place for infinity
    n_right, n_given, cuts = curve.n_right[:-1], curve.n_given[:-1], curve.cuts[:-1]
    return _Lines(
        cuts,
        n_right / n_given,
        n_right / (curve.n_positive or np.nan),
        f_measure(n_right, n_given, curve.n_positive, 1.0),
    )
