"""What the weights of layers look like, now and over the epochs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.inspection._drawing import COLORS, as_panels, new_axes, shortened
from jobtag_sklearn.inspection._insides import linear_model_of, networks_of
from jobtag_sklearn.utils._weight_names import named_weights

_N_BINS = 50
#: Lines of a panel at most; more lie on each other.
_MOST_LINES = 12


class Histogram(NamedTuple):
    """How many weights lie between each two edges.

    Attributes
    ----------
    label : str
        When: an epoch, or "now".
    edges : ndarray of shape (n_bins + 1,)
        Borders of the bins.
    counts : ndarray of shape (n_bins,)
        Weights in each bin.
    """

    label: str
    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]


class WeightHistogramDisplay:
    """Histograms of the weights of layers: of now, or of every epoch that was logged.

    Make one with `from_estimator` or `from_log_dir`.

    Parameters
    ----------
    histograms : dict of str to list of Histogram
        For each layer one histogram, or one an epoch.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes
        One panel a layer, after `plot`.
    figure_ : matplotlib.figure.Figure
        The figure, after `plot`.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from jobtag_sklearn.inspection import WeightHistogramDisplay
    >>> from jobtag_sklearn.neural_network import KerasMultiLabelClassifier
    >>> X, y = make_multilabel_classification(random_state=0)
    >>> classifier = KerasMultiLabelClassifier((8, 4), epochs=1, random_state=0).fit(X, y)
    >>> display = WeightHistogramDisplay.from_estimator(classifier, plot=False)
    >>> for layer in display.histograms:
    ...     print(layer)
    classifier/hidden_0
    classifier/hidden_1
    classifier/output
    """

    def __init__(self, histograms: Mapping[str, Sequence[Histogram]]) -> None:
        self.histograms = histograms

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, layers: Any = None, ax: Any = None, plot: bool = True
    ) -> WeightHistogramDisplay:
        """Draw the weights that a fitted model has now.

        Parameters
        ----------
        estimator : estimator
            Fitted pipeline, or one of the estimators of
            :mod:`jobtag_sklearn.neural_network`.
        layers : list of str, default=None
            Layers to draw, such as ``"hidden_0"`` or, where two networks have one of that
            name, ``"classifier/hidden_0"``. ``"linear"`` is the linear model, of which the
            weights that are not zero are drawn. None draws all layers of the last network,
            or the linear model if there is no network.
        ax : array of matplotlib.axes.Axes, default=None
            Where to draw, one a layer. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : WeightHistogramDisplay
            The display.

        Raises
        ------
        ValueError
            If there is no network in `estimator`, or no such layer.
        """
        weights = {}
        linear = linear_model_of(estimator)
        if linear is not None:
            weights["linear"] = linear.coef_[linear.coef_ != 0]
        for network, part in networks_of(estimator, needed=linear is None).items():
            for layer, values in named_weights(part).items():
                weights[f"{network}/{layer}"] = values
        last = list(weights)[-1]
        names = _chosen(layers, list(weights), last[: last.rfind("/") + 1] or last)
        histograms = {}
        for name in names:
            counts, edges = np.histogram(weights[name], bins=_N_BINS)
            histograms[name] = [Histogram("now", edges, counts.astype(float))]
        display = cls(histograms)
        return display.plot(ax) if plot else display

    @classmethod
    def from_log_dir(
        cls,
        log_dir: str | os.PathLike[str],
        *,
        layers: Any = None,
        ax: Any = None,
        plot: bool = True,
    ) -> WeightHistogramDisplay:
        """Draw the weights after every epoch that an estimator with `log_dir` has logged.

        Parameters
        ----------
        log_dir : str or path-like
            Folder that was the parameter `log_dir` of an estimator or a pipeline.
        layers : list of str, default=None
            Layers to draw, such as ``"hidden_0"`` or ``"classifier/hidden_0"``. None draws all
            of the last network.
        ax : array of matplotlib.axes.Axes, default=None
            Where to draw, one a layer. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : WeightHistogramDisplay
            The display.

        Raises
        ------
        ImportError
            If TensorBoard, which reads the logs, is not installed.
        ValueError
            If there are no logs, or no such layer.
        """
        histograms = _read(log_dir)
        if not histograms:
            raise ValueError(
                f"there are no histograms of weights under {os.fspath(log_dir)!r}; fit an "
                "estimator with this log_dir first"
            )
        names = _chosen(layers, list(histograms), list(histograms)[-1].rpartition("/")[0] + "/")
        display = cls({name: histograms[name] for name in names})
        return display.plot(ax) if plot else display

    def plot(self, ax: Any = None) -> WeightHistogramDisplay:
        """Draw.

        Parameters
        ----------
        ax : array of matplotlib.axes.Axes, default=None
            Where to draw, one a layer. None makes a figure.

        Returns
        -------
        self : WeightHistogramDisplay
            With `axes_` and `figure_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        n_panels = len(self.histograms)
        self.axes_ = as_panels(new_axes(n_panels) if ax is None else ax, n_panels, "layers")
        self.figure_ = self.axes_[0].figure
        for panel, (name, histograms) in zip(self.axes_, self.histograms.items(), strict=False):
            if len(histograms) == 1:
                panel.stairs(histograms[0].counts, histograms[0].edges, fill=True, color=COLORS[0])
                panel.set_ylabel("weights")
            else:
                _ridges(panel, histograms)
            panel.set(title=shortened(name, 36), xlabel="weight")
        return self


def _chosen(layers: Any, known: list[str], prefix: str) -> list[str]:
    if layers is None:
        return [name for name in known if name.startswith(prefix)]
    names = []
    for layer in layers:
        matches = [name for name in known if name == layer or name.endswith(f"/{layer}")]
        if not matches:
            raise ValueError(f"there is no layer {layer!r}; known are {known}")
        names += matches
    return names


def _ridges(ax: Any, histograms: Sequence[Histogram]) -> None:
    """Draw histograms above each other, the first at the top."""
    places = np.unique(np.linspace(0, len(histograms) - 1, _MOST_LINES).astype(int))
    drawn = [histograms[place] for place in places]
    # a layer that starts at zero has a bin without a width
    densities = [h.counts / np.maximum(np.diff(h.edges), 1e-9) for h in drawn]
    wide = [d for d, h in zip(densities, drawn, strict=True) if np.diff(h.edges).min() > 1e-9]
    highest = max((density.max() for density in wide), default=1.0)
    for place, histogram in enumerate(reversed(drawn)):
        density = np.minimum(densities[-1 - place] / highest, 1.0) * 2.5
        centres = (histogram.edges[:-1] + histogram.edges[1:]) / 2
        order = -place
        ax.fill_between(centres, place, place + density, color=COLORS[4], alpha=0.8, zorder=order)
        ax.plot(centres, place + density, color=COLORS[0], linewidth=0.8, zorder=order)
    ax.set_yticks(range(len(drawn)), [histogram.label for histogram in reversed(drawn)])
    ax.set_ylabel("epoch")


def _read(log_dir: str | os.PathLike[str]) -> dict[str, list[Histogram]]:
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        raise ImportError(
            "reading logs needs TensorBoard: pip install 'jobtag-sklearn[tensorboard]'"
        ) from None
    found: dict[str, list[Histogram]] = {}
    for folder, _, files in sorted(os.walk(os.fspath(log_dir))):
        if not any("tfevents" in name for name in files):
            continue
        events = EventAccumulator(folder, size_guidance={"tensors": 0}).Reload()
        for tag in events.Tags()["tensors"]:
            if not tag.startswith("weights/"):
                continue
            name = f"{os.path.basename(folder)}/{tag.removeprefix('weights/')}"
            found[name] = [
                _histogram(str(event.step), event.tensor_proto) for event in events.Tensors(tag)
            ]
    return found


def _histogram(label: str, proto: Any) -> Histogram:
    from tensorboard.util import tensor_util

    bins = tensor_util.make_ndarray(proto)
    return Histogram(label, np.append(bins[:, 0], bins[-1, 1]), bins[:, 2])
