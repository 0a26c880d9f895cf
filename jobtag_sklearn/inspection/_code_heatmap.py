"""Codes as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.inspection._drawing import DIVERGING, new_axes, shortened
from jobtag_sklearn.inspection._insides import check_codes, codes_of
from jobtag_sklearn.utils._groups import groups_of, in_order


class CodeHeatmapDisplay:
    """Codes as a heat map: one posting as a grid, many as rows in the order of their tags.

    Make one with `from_estimator` or `from_codes`. Of many postings it is drawn how far each
    code is from its mean over all of them.

    Parameters
    ----------
    codes : ndarray of shape (n_jobs, n_codes)
        Codes. Those of a single posting are drawn as a grid, row by row.
    groups : ndarray of shape (n_jobs,), default=None
        A tag for each posting. Postings are drawn tag by tag, the most frequent one first.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes, after `plot`.
    figure_ : matplotlib.figure.Figure
        The figure, after `plot`.
    image_ : matplotlib.image.AxesImage
        The heat map, after `plot`.

    See Also
    --------
    CodeMapDisplay : Codes as points in two dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from jobtag_sklearn.inspection import CodeHeatmapDisplay
    >>> codes = np.random.RandomState(0).normal(size=(3, 9))
    >>> display = CodeHeatmapDisplay.from_codes(codes, [[1, 0], [0, 1], [1, 1]], plot=False)
    >>> display.groups.tolist()
    [0, 1, 1]
    """

    def __init__(self, codes: npt.NDArray[Any], *, groups: Any = None) -> None:
        self.codes = codes
        self.groups = groups

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        tags: Any = None,
        ax: Any = None,
        plot: bool = True,
    ) -> CodeHeatmapDisplay:
        """Encode postings and draw their codes.

        Parameters
        ----------
        estimator : estimator
            Fitted, with `encode` as :class:`~jobtag_sklearn.JobTagPipeline` has it, or with
            `transform`.
        X : DataFrame, array-like or what the estimator takes
            Postings, or columns; one row is drawn as a grid.
        y : DataFrame or array-like of shape (n_jobs, n_tags), default=None
            Their tags as 0/1, by which they are ordered. A posting of several stands with the
            rarest of them.
        tags : list, default=None
            Tags to order by; None takes all of them.
        ax : matplotlib.axes.Axes, default=None
            Where to draw. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : CodeHeatmapDisplay
            The display.
        """
        return cls.from_codes(codes_of(estimator, X), y, tags=tags, ax=ax, plot=plot)

    @classmethod
    def from_codes(
        cls, codes: Any, y: Any = None, *, tags: Any = None, ax: Any = None, plot: bool = True
    ) -> CodeHeatmapDisplay:
        """Draw codes that are there.

        Parameters
        ----------
        codes : array-like of shape (n_jobs, n_codes) or (n_codes,)
            Codes.
        y : DataFrame or array-like of shape (n_jobs, n_tags), default=None
            Tags of the postings as 0/1, by which they are ordered.
        tags : list, default=None
            Tags to order by; None takes all of them.
        ax : matplotlib.axes.Axes, default=None
            Where to draw. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : CodeHeatmapDisplay
            The display.
        """
        codes = check_codes(codes)
        display = cls(codes, groups=groups_of(y, len(codes), tags, None))
        return display.plot(ax) if plot else display

    def plot(self, ax: Any = None, *, cmap: str = DIVERGING) -> CodeHeatmapDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw. None makes a figure.
        cmap : str, default="PuOr_r"
            Colours by the name that matplotlib has for them; zero is in the middle.

        Returns
        -------
        self : CodeHeatmapDisplay
            With `ax_`, `figure_` and `image_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        many = len(self.codes) > 1
        if ax is None:
            (ax,) = new_axes(1, width=7.5 if many else 4.6, height=5.0 if many else 4.0)
        self.ax_, self.figure_ = ax, ax.figure
        table = self._ordered() if many else _as_grid(self.codes[0])
        # a few codes far out would leave the others pale
        limit = float(np.nanpercentile(np.abs(table), 99)) or 1.0
        self.image_ = ax.imshow(
            table,
            cmap=cmap,
            vmin=-limit,
            vmax=limit,
            aspect="auto" if many else "equal",
            interpolation="nearest",
        )
        if not many:
            ax.set(title=f"{self.codes.shape[1]} codes of one posting", xticks=[], yticks=[])
        else:
            ax.set(xlabel="code", ylabel="posting" if self.groups is None else "")
        label = "code, minus its mean" if many else "value of the code"
        self.figure_.colorbar(self.image_, ax=ax, extend="both", label=label)
        return self

    def _ordered(self) -> npt.NDArray[Any]:
        """Return centred codes tag by tag, and write the tags beside them."""
        # what a code is for all postings alike would hide in what they differ
        codes = self.codes - self.codes.mean(axis=0)
        if self.groups is None:
            return codes
        groups = np.asarray(self.groups, dtype=object)
        names = in_order(groups)
        rows = [np.flatnonzero(groups == name) for name in names]
        stops = np.cumsum([len(part) for part in rows])
        for stop in stops[:-1]:
            self.ax_.axhline(stop - 0.5, color="black", linewidth=0.8)
        centres = [stop - len(part) / 2 - 0.5 for stop, part in zip(stops, rows, strict=True)]
        self.ax_.set_yticks(centres, [shortened(name) for name in names])
        self.ax_.tick_params(axis="y", length=0)
        return codes[np.concatenate(rows)]


def _as_grid(code: npt.NDArray[Any]) -> npt.NDArray[Any]:
    width = int(np.ceil(np.sqrt(len(code))))
    height = -(-len(code) // width)
    grid = np.full(width * height, np.nan)
    grid[: len(code)] = code
    return grid.reshape(height, width)
