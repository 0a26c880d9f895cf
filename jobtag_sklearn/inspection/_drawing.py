"""What all displays share: axes, and colours that everyone can tell apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

#: Distinct for the colour-blind (Okabe and Ito); black and grey come last.
COLORS = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000",
)  # fmt: skip
#: Tell points apart in print, too.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
GREY = "#999999"
#: Values below and above zero; shares from 0 to 1. Both can be told apart in grey.
DIVERGING, SEQUENTIAL = "PuOr_r", "cividis"


def pyplot() -> Any:
    """Import matplotlib's pyplot, or say how to install it."""
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise ImportError("plots need matplotlib: pip install 'jobtag-sklearn[plot]'") from None
    return plt


def new_axes(
    n_panels: int,
    *,
    most_columns: int = 3,
    width: float = 4.2,
    height: float = 3.2,
    **settings: Any,
) -> npt.NDArray[Any]:
    """Make a figure and return its panels, row by row."""
    n_columns = min(most_columns, n_panels)
    n_rows = -(-n_panels // n_columns)
    figure, axes = pyplot().subplots(
        n_rows,
        n_columns,
        figsize=(width * n_columns, height * n_rows),
        squeeze=False,
        layout="constrained",
        **settings,
    )
    for panel in axes.ravel()[n_panels:]:
        figure.delaxes(panel)
    return axes.ravel()[:n_panels]


def as_panels(ax: Any, n_panels: int, of: str) -> npt.NDArray[Any]:
    """Return given axes as an array, at least as many as there are panels."""
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(axes) < n_panels:
        raise ValueError(f"{n_panels} {of} need as many axes, got {len(axes)}")
    return axes


def shortened(name: Any, most: int = 28) -> str:
    """Return a name that fits beside an axis."""
    text = str(name)
    # matplotlib would take what stands between two dollars for a formula
    text = text if len(text) <= most else text[: most - 1] + "…"
    return text.replace("$", r"\$")
