"""How the training of a model's networks went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.inspection._drawing import COLORS, GREY, as_panels, new_axes
from jobtag_sklearn.inspection._insides import networks_of

#: Panels of a network, by what is written at their axes.
_LOSS, _SCORE, _RATE = _KINDS = ("loss", "score", "learning rate")
_STYLES = ("-", "--", ":", "-.")


class TrainingHistoryDisplay:
    """Losses, scores and learning rate of each epoch, of the fit and of every update.

    Make one with `from_estimator`. Each network has a panel of its losses, one of its scores
    where there are any, such as F1, and one of its learning rate. Updates are shaded.

    Parameters
    ----------
    histories : dict of str to dict of str to list of float
        For each network what was measured, one value an epoch.
    updates : dict of str to list of int, default=None
        For each network the epochs that were updates.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes
        The panels, network by network, after `plot`.
    figure_ : matplotlib.figure.Figure
        The figure, after `plot`.

    Notes
    -----
    Losses of an update are those of its own postings, so they need not go on where those of
    the fit ended. A loss while training is higher than the same network's loss afterwards,
    since it is measured with dropout.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from jobtag_sklearn.inspection import TrainingHistoryDisplay
    >>> from jobtag_sklearn.neural_network import KerasMultiLabelClassifier
    >>> X, y = make_multilabel_classification(random_state=0)
    >>> classifier = KerasMultiLabelClassifier(epochs=3, random_state=0).fit(X, y)
    >>> display = TrainingHistoryDisplay.from_estimator(classifier.partial_fit(X, y), plot=False)
    >>> sorted(display.histories["classifier"]), display.updates["classifier"]
    (['f1', 'learning_rate', 'loss'], [3])
    """

    def __init__(
        self,
        histories: Mapping[str, Mapping[str, Sequence[float]]],
        *,
        updates: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.histories = histories
        self.updates = updates

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Any = None, plot: bool = True
    ) -> TrainingHistoryDisplay:
        """Draw the history of the networks that a fitted model is made of.

        Parameters
        ----------
        estimator : estimator
            Fitted pipeline, or one of the estimators of
            :mod:`jobtag_sklearn.neural_network`.
        ax : array of matplotlib.axes.Axes, default=None
            Where to draw, a panel each. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : TrainingHistoryDisplay
            The display.

        Raises
        ------
        ValueError
            If there is no network in `estimator`.
        """
        networks = networks_of(estimator)
        display = cls(
            {name: part.history_ for name, part in networks.items()},
            updates={
                name: list(getattr(part, "update_epochs_", ())) for name, part in networks.items()
            },
        )
        return display.plot(ax) if plot else display

    def plot(self, ax: Any = None) -> TrainingHistoryDisplay:
        """Draw.

        Parameters
        ----------
        ax : array of matplotlib.axes.Axes, default=None
            Where to draw, a panel each. None makes a figure.

        Returns
        -------
        self : TrainingHistoryDisplay
            With `axes_` and `figure_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        panels = [(name, kind) for name in self.histories for kind in self._kinds_of(name)]
        if ax is None:
            self.axes_ = self._new_panels(panels)
        else:
            self.axes_ = as_panels(ax, len(panels), "panels")
        self.figure_ = self.axes_[0].figure
        for panel, (name, kind) in zip(self.axes_, panels, strict=False):
            updates = list((self.updates or {}).get(name, ()))
            drawn = {
                what: values
                for what, values in self.histories[name].items()
                if _kind_of(what) == kind
            }
            for number, (what, values) in enumerate(drawn.items()):
                _line(panel, values, what.replace("_", " "), number, updates)
            _shade(panel, updates)
            panel.set(title=name, xlabel="epoch", ylabel=kind)
            panel.set_ylim(bottom=0)
            panel.xaxis.get_major_locator().set_params(integer=True)
            if kind == _RATE:
                panel.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
            else:
                panel.legend(fontsize="small", frameon=False)
        return self

    def _kinds_of(self, name: str) -> list[str]:
        kinds = {_kind_of(what) for what in self.histories[name]} | {_LOSS, _RATE}
        return [kind for kind in _KINDS if kind in kinds]

    def _new_panels(self, panels: list[tuple[str, str]]) -> npt.NDArray[Any]:
        """Make a figure with a row a network and a column a kind."""
        kinds = [kind for kind in _KINDS if any(kind == drawn for _, drawn in panels)]
        names = list(self.histories)
        grid = new_axes(len(kinds) * len(names), most_columns=len(kinds), height=2.8)
        axes = dict(zip(((name, kind) for name in names for kind in kinds), grid, strict=True))
        for place, panel in axes.items():
            if place not in panels:
                panel.figure.delaxes(panel)
        return np.array([axes[place] for place in panels], dtype=object)


def _kind_of(what: str) -> str:
    """Return the panel that something measured belongs into."""
    if what == "learning_rate":
        return _RATE
    return _LOSS if what.endswith("loss") else _SCORE


def _line(ax: Any, values: Sequence[float], label: str, number: int, updates: list[int]) -> None:
    epochs = np.arange(1, len(values) + 1)
    ax.plot(
        epochs,
        values,
        color=COLORS[number % len(COLORS)],
        linestyle=_STYLES[number % len(_STYLES)],
        label=label,
    )
    # one epoch alone has no line to be seen
    at = [epoch for epoch in updates if epoch < len(values)]
    ax.plot(
        np.array(at, dtype=int) + 1,
        np.asarray(values, dtype=float)[at],
        linestyle="",
        marker="o",
        markersize=4,
        color=COLORS[number % len(COLORS)],
    )


def _shade(ax: Any, updates: list[int]) -> None:
    runs: list[list[int]] = []
    for epoch in updates:
        if runs and epoch == runs[-1][1] + 1:
            runs[-1][1] = epoch
        else:
            runs.append([epoch, epoch])
    for number, (first, last) in enumerate(runs):
        ax.axvspan(
            first + 0.5,
            last + 1.5,
            color=GREY,
            alpha=0.2,
            linewidth=0,
            label=None if number else "updates",
        )
