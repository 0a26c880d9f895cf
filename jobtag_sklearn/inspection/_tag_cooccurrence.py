"""Which tags stand together, and which are mistaken for each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.inspection._drawing import SEQUENTIAL, as_panels, pyplot, shortened
from jobtag_sklearn.inspection._insides import names_and_answers
from jobtag_sklearn.inspection._tag_report import _check_answers
from jobtag_sklearn.utils._counts import share

#: Numbers in the cells of larger tables could not be read.
_MOST_NUMBERS = 12


class TagCooccurrenceDisplay:
    """Which tags truly stand together, beside which ones are given where a tag is true.

    Make one with `from_estimator` or `from_predictions`. In both panels a row is a true tag.
    A cell of the left one is the share of its postings that truly have the column's tag too;
    on the right, the share that are given it. The diagonal on the right is recall; what is
    brighter on the right than on the left is given where it should not be.

    Parameters
    ----------
    true_together : ndarray of shape (n_tags, n_tags)
        Share of the postings of the row's tag that have the column's tag.
    given_together : ndarray of shape (n_tags, n_tags)
        Share of the postings of the row's tag that are given the column's tag.
    classes : list of length n_tags
        Names of the tags.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes
        Two panels, after `plot`.
    figure_ : matplotlib.figure.Figure
        The figure, after `plot`.

    See Also
    --------
    TagReportDisplay : Precision and recall of each tag.

    Examples
    --------
    >>> from jobtag_sklearn.inspection import TagCooccurrenceDisplay
    >>> y_true, y_pred = [[1, 0], [1, 1], [0, 1]], [[1, 1], [1, 1], [0, 0]]
    >>> display = TagCooccurrenceDisplay.from_predictions(y_true, y_pred, plot=False)
    >>> display.true_together.tolist(), display.given_together.tolist()
    ([[1.0, 0.5], [0.5, 1.0]], [[1.0, 1.0], [0.5, 0.5]])
    """

    def __init__(
        self,
        true_together: npt.NDArray[Any],
        given_together: npt.NDArray[Any],
        classes: list[Any],
    ) -> None:
        self.true_together = true_together
        self.given_together = given_together
        self.classes = classes

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        tags: Any = None,
        ax: Any = None,
        plot: bool = True,
    ) -> TagCooccurrenceDisplay:
        """Predict tags with a fitted classifier and draw what they are given beside.

        Parameters
        ----------
        estimator : estimator
            Fitted multi-label classifier.
        X : array-like, or what the estimator takes
            Rows that did not train it.
        y : DataFrame or array-like of shape (n_jobs, n_tags)
            Their tags as 0/1, NaN where unknown.
        tags : list, default=None
            Tags to draw, in this order. None draws all, the most frequent first.
        ax : array of matplotlib.axes.Axes, default=None
            Two panels to draw on. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : TagCooccurrenceDisplay
            The display.
        """
        names, y, given = names_and_answers(estimator, X, y)
        classes = None if hasattr(y, "columns") else names
        return cls.from_predictions(y, given, classes=classes, tags=tags, ax=ax, plot=plot)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        classes: Any = None,
        tags: Any = None,
        ax: Any = None,
        plot: bool = True,
    ) -> TagCooccurrenceDisplay:
        """Draw what true tags are given beside.

        Parameters
        ----------
        y_true : DataFrame or array-like of shape (n_jobs, n_tags)
            True tags as 0/1, NaN where unknown.
        y_pred : DataFrame or array-like of shape (n_jobs, n_tags)
            Predicted tags as 0/1.
        classes : array-like of shape (n_tags,), default=None
            Names of the tags, if neither table has them.
        tags : list, default=None
            Tags to draw, in this order. None draws all, the most frequent first.
        ax : array of matplotlib.axes.Axes, default=None
            Two panels to draw on. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : TagCooccurrenceDisplay
            The display.

        Raises
        ------
        ValueError
            If the tables do not fit, or there is no such tag.
        """
        answers = _check_answers(y_true, y_pred, None, classes)
        names = answers.classes
        true = answers.true.astype(float)
        if tags is None:
            order = np.argsort(-true.sum(axis=0), kind="stable").tolist()
        else:
            unknown = [tag for tag in tags if tag not in names]
            if unknown:
                raise ValueError(f"there is no tag {unknown[0]!r}; known are {names[:20]}")
            order = [names.index(tag) for tag in tags]
        # where a tag is unknown, the posting counts neither for nor against it
        known = (true.T @ answers.known.astype(float))[np.ix_(order, order)]
        together, given = (
            share((true.T @ table)[np.ix_(order, order)], known)
            for table in (true, answers.given.astype(float))
        )
        display = cls(together, given, [names[at] for at in order])
        return display.plot(ax) if plot else display

    def plot(self, ax: Any = None, *, cmap: str = SEQUENTIAL) -> TagCooccurrenceDisplay:
        """Draw.

        Parameters
        ----------
        ax : array of matplotlib.axes.Axes, default=None
            Two panels to draw on. None makes a figure.
        cmap : str, default="cividis"
            Colours by the name that matplotlib has for them.

        Returns
        -------
        self : TagCooccurrenceDisplay
            With `axes_` and `figure_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        n_tags = len(self.classes)
        if ax is None:
            side = 2.2 + 0.32 * n_tags
            _, ax = pyplot().subplots(
                1, 2, figsize=(2 * side + 1.5, side + 0.6), sharey=True, layout="constrained"
            )
        self.axes_ = as_panels(ax, 2, "panels")
        self.figure_ = self.axes_[0].figure
        names = [shortened(name, 22) for name in self.classes]
        titles = ("truly have, too", "are given")
        tables = (self.true_together, self.given_together)
        for panel, title, table in zip(self.axes_, titles, tables, strict=False):
            image = panel.imshow(table, cmap=cmap, vmin=0, vmax=1)
            panel.set_xticks(range(n_tags), names, rotation=45, ha="right", rotation_mode="anchor")
            panel.set_yticks(range(n_tags), names)
            panel.set(title=f"postings of the row's tag {title}")
            panel.title.set_fontsize("medium")
            if n_tags <= _MOST_NUMBERS:
                _write_numbers(panel, table)
        self.axes_[0].set_ylabel("true tag")
        self.figure_.colorbar(image, ax=list(self.axes_[:2]), label="share", shrink=0.8)
        return self


def _write_numbers(ax: Any, table: npt.NDArray[Any]) -> None:
    for (row, column), value in np.ndenumerate(table):
        if value >= 0.005:
            ax.text(
                column,
                row,
                f"{value:.2f}".removeprefix("0") if value < 0.995 else "1",
                ha="center",
                va="center",
                fontsize="x-small",
                color="black" if value > 0.5 else "white",
            )
