"""Codes as points."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.decomposition import PCA

from jobtag_sklearn.inspection._drawing import COLORS, GREY, MARKERS, new_axes, shortened
from jobtag_sklearn.inspection._insides import check_codes, codes_of
from jobtag_sklearn.utils._groups import NO_TAG, OTHER, groups_of, in_order


class CodeMapDisplay:
    """Codes as a map in two dimensions, coloured by tag.

    Make one with `from_estimator` or `from_codes`.

    Parameters
    ----------
    points : ndarray of shape (n_jobs, 2)
        Where the postings lie.
    groups : ndarray of shape (n_jobs,), default=None
        A tag for each posting, which gives it colour and shape.
    axis_names : tuple of str, default=("first dimension", "second dimension")
        What is written at the axes.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes, after `plot`.
    figure_ : matplotlib.figure.Figure
        The figure, after `plot`.

    See Also
    --------
    CodeHeatmapDisplay : All codes of all postings.

    Examples
    --------
    >>> import numpy as np
    >>> from jobtag_sklearn.inspection import CodeMapDisplay
    >>> codes = np.random.RandomState(0).normal(size=(30, 9))
    >>> display = CodeMapDisplay.from_codes(codes, plot=False)
    >>> display.points.shape
    (30, 2)
    """

    def __init__(
        self,
        points: npt.NDArray[Any],
        *,
        groups: Any = None,
        axis_names: tuple[str, str] = ("first dimension", "second dimension"),
    ) -> None:
        self.points = points
        self.groups = groups
        self.axis_names = axis_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        transformer: Any = None,
        tags: Any = None,
        ax: Any = None,
        plot: bool = True,
    ) -> CodeMapDisplay:
        """Encode postings and draw their codes as points.

        Parameters
        ----------
        estimator : estimator
            Fitted, with `encode` as :class:`~jobtag_sklearn.JobTagPipeline` has it, or with
            `transform`.
        X : DataFrame, array-like or what the estimator takes
            Postings, or columns.
        y : DataFrame or array-like of shape (n_jobs, n_tags), default=None
            Their tags as 0/1. A posting of several has the colour of the rarest of them.
        transformer : transformer, default=None
            Brings codes to two dimensions by `fit_transform`, such as
            :class:`~sklearn.manifold.TSNE`. None takes the first two principal components.
        tags : list, default=None
            Tags that get a colour, 8 at most. None takes the most frequent ones.
        ax : matplotlib.axes.Axes, default=None
            Where to draw. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : CodeMapDisplay
            The display.
        """
        codes = codes_of(estimator, X)
        return cls.from_codes(codes, y, transformer=transformer, tags=tags, ax=ax, plot=plot)

    @classmethod
    def from_codes(
        cls,
        codes: Any,
        y: Any = None,
        *,
        transformer: Any = None,
        tags: Any = None,
        ax: Any = None,
        plot: bool = True,
    ) -> CodeMapDisplay:
        """Draw codes that are there as points.

        Parameters
        ----------
        codes : array-like of shape (n_jobs, n_codes)
            Codes.
        y : DataFrame or array-like of shape (n_jobs, n_tags), default=None
            Tags of the postings as 0/1.
        transformer : transformer, default=None
            Brings codes to two dimensions; None takes the first two principal components.
        tags : list, default=None
            Tags that get a colour, 8 at most. None takes the most frequent ones.
        ax : matplotlib.axes.Axes, default=None
            Where to draw. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : CodeMapDisplay
            The display.

        Raises
        ------
        ValueError
            If there are fewer than two postings or codes, or more tags than colours.
        """
        codes = check_codes(codes)
        if min(codes.shape) < 2:
            raise ValueError(f"a map needs two postings and two codes at least, got {codes.shape}")
        if tags is not None and len(tags) > len(COLORS):
            raise ValueError(
                f"{len(COLORS)} tags can be told apart, got {len(tags)}; pass the ones that matter"
            )
        names = ("first dimension", "second dimension")
        if transformer is None:
            components = PCA(2, svd_solver="full").fit(codes)
            points = components.transform(codes)
            kept = components.explained_variance_ratio_
            names = (
                f"first component, {kept[0]:.0%} of the variance",
                f"second component, {kept[1]:.0%}",
            )
        else:
            points = np.asarray(clone(transformer).fit_transform(codes))
            if points.shape != (len(codes), 2):
                raise ValueError(
                    f"{type(transformer).__name__} gave shape {points.shape}, but a map needs "
                    f"{(len(codes), 2)}; set n_components=2"
                )
        groups = groups_of(y, len(codes), tags, len(COLORS))
        display = cls(points, groups=groups, axis_names=names)
        return display.plot(ax) if plot else display

    def plot(self, ax: Any = None) -> CodeMapDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw. None makes a figure.

        Returns
        -------
        self : CodeMapDisplay
            With `ax_` and `figure_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        if ax is None:
            (ax,) = new_axes(1, width=7.5, height=5.0)
        self.ax_, self.figure_ = ax, ax.figure
        size = float(np.clip(4000 / len(self.points), 8, 40))
        if self.groups is None:
            ax.scatter(*self.points.T, s=size, color=COLORS[0], alpha=0.7, linewidth=0)
        else:
            groups = np.asarray(self.groups, dtype=object)
            names = in_order(groups)
            drawn = [name for name in names if name not in (OTHER, NO_TAG)]
            # those without a colour lie below the others
            handles = {}
            for name in [name for name in names if name not in drawn] + drawn:
                at = groups == name
                place = drawn.index(name) if name in drawn else None
                handles[name] = ax.scatter(
                    *self.points[at].T,
                    s=size,
                    color=GREY if place is None else COLORS[place % len(COLORS)],
                    marker="." if place is None else MARKERS[place % len(MARKERS)],
                    alpha=0.4 if place is None else 0.8,
                    linewidth=0,
                    label=f"{shortened(name)} ({at.sum()})",
                )
            ax.legend(
                handles=[handles[name] for name in names],
                loc="center left",
                bbox_to_anchor=(1.0, 0.5),
                fontsize="small",
                frameon=False,
            )
        ax.set(xlabel=self.axis_names[0], ylabel=self.axis_names[1], xticks=[], yticks=[])
        return self
