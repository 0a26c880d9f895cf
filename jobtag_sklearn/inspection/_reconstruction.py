"""What is left of a posting on the way to its code and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from jobtag_sklearn.inspection._drawing import COLORS, GREY, new_axes


class ReconstructionDisplay:
    """The columns of a posting, and what an autoencoder makes of its code.

    Make one with `from_estimator`, or of two rows of numbers.

    Parameters
    ----------
    true : ndarray of shape (n_features,)
        Columns of a posting.
    reconstructed : ndarray of shape (n_features,)
        The same after encoding and decoding.
    top : int, default=60
        How many columns are drawn: those that hold most, truly or reconstructed.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes, after `plot`.
    figure_ : matplotlib.figure.Figure
        The figure, after `plot`.
    columns_ : ndarray of shape (n_drawn,)
        Which columns are drawn, after `plot`: those of the posting first, from its largest
        on, then those that are reconstructed where there is nothing.

    Examples
    --------
    >>> from scipy import sparse
    >>> from jobtag_sklearn.inspection import ReconstructionDisplay
    >>> from jobtag_sklearn.neural_network import ConvAutoencoderTransformer
    >>> X = sparse.random(40, 512, density=0.05, format="csr", random_state=0)
    >>> autoencoder = ConvAutoencoderTransformer(5, epochs=1, random_state=0).fit(X)
    >>> display = ReconstructionDisplay.from_estimator(autoencoder, X[:1], plot=False)
    >>> display.true.shape, display.reconstructed.shape
    ((512,), (512,))
    """

    def __init__(
        self, true: npt.NDArray[Any], reconstructed: npt.NDArray[Any], *, top: int = 60
    ) -> None:
        self.true = true
        self.reconstructed = reconstructed
        self.top = top

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, top: int = 60, ax: Any = None, plot: bool = True
    ) -> ReconstructionDisplay:
        """Encode and decode a posting, and draw what is left of it.

        Parameters
        ----------
        estimator : estimator
            Fitted :class:`~jobtag_sklearn.JobTagPipeline` with an autoencoder, or any
            transformer with `inverse_transform`, such as
            :class:`~jobtag_sklearn.neural_network.ConvAutoencoderTransformer`.
        X : DataFrame or sparse matrix of one row
            A posting for a pipeline, its columns for a transformer.
        top : int, default=60
            How many columns are drawn.
        ax : matplotlib.axes.Axes, default=None
            Where to draw. None makes a figure.
        plot : bool, default=True
            Whether to draw at once.

        Returns
        -------
        display : ReconstructionDisplay
            The display.

        Raises
        ------
        ValueError
            If `X` is not one row.
        """
        check_is_fitted(estimator)
        n_rows = X.shape[0]
        if n_rows != 1:
            raise ValueError(f"one posting is drawn, got {n_rows}; pass X[:1]")
        transformer = estimator
        if hasattr(estimator, "encode"):
            steps = estimator._codes().named_steps
            transformer = steps["autoencoder"]
            X = steps["fold"].transform(estimator._text_columns(X))
        back = transformer.inverse_transform(transformer.transform(X))
        display = cls(_as_row(X), _as_row(back), top=top)
        return display.plot(ax) if plot else display

    def plot(self, ax: Any = None) -> ReconstructionDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw. None makes a figure.

        Returns
        -------
        self : ReconstructionDisplay
            With `ax_`, `figure_` and `columns_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        if ax is None:
            (ax,) = new_axes(1, width=9.0, height=3.4)
        self.ax_, self.figure_ = ax, ax.figure
        true, back = np.asarray(self.true), np.asarray(self.reconstructed)
        held = np.flatnonzero(true)
        held = held[np.argsort(-np.abs(true[held]), kind="stable")]
        others = np.flatnonzero(true == 0)
        others = others[np.argsort(-np.abs(back[others]), kind="stable")]
        # at least a quarter for what was made up
        n_held = min(len(held), self.top - min(len(others), self.top // 4))
        self.columns_ = np.concatenate([held[:n_held], others[: self.top - n_held]])
        at = np.arange(len(self.columns_))
        ax.bar(at, true[self.columns_], color=COLORS[4], width=0.8, label="true")
        ax.plot(
            at, back[self.columns_], linestyle="", marker="o", markersize=4, color=COLORS[5],
            label="reconstructed",
        )  # fmt: skip
        ax.axvline(n_held - 0.5, color=GREY, linewidth=0.8, linestyle="--")
        ax.axhline(0, color="black", linewidth=0.6)
        lost = float(np.square(true - back).sum() / (np.square(true).sum() or 1.0))
        ax.set(
            title=f"{lost:.0%} of the squared norm is lost",
            xlabel=f"{n_held} largest of the posting's {len(held)} columns, then what was made up",
            ylabel="value of the column",
            xticks=[],
        )
        ax.legend(fontsize="small", frameon=False)
        return self


def _as_row(X: Any) -> npt.NDArray[np.float64]:
    dense = X.toarray() if sparse.issparse(X) else np.asarray(X)
    return np.asarray(dense, dtype=np.float64).ravel()
