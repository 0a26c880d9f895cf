"""One threshold for all tags, from scores of rows that did not train the model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.model_selection._curves import f_measure, make_curve, steady_cut


def stable_threshold(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    tolerance: float = 0.003,
) -> float:
    """Find the threshold for all tags at which micro F1 is highest, and stays so.

    Every cut between two scores is looked at. Near its highest point the curve of F1 is
    flat and rough, so its very highest cut is a matter of chance; the mean of all cuts that
    come within `tolerance` of it changes little from sample to sample. Should that mean lie
    between two peaks, and be good for neither, it is the very best cut.

    Parameters
    ----------
    y_true : array-like of shape (n_samples, n_tags)
        True tags, 0 or 1; missing (NaN) where unknown.
    y_score : array-like of shape (n_samples, n_tags)
        Scores of the same tags, of rows that did not train the model.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    tolerance : float, default=0.003
        How much less F1 a cut may have than the best one to take part in the mean.

    Returns
    -------
    threshold : float
        A tag is given where its score is at least this. 0.5 where no tag is 1, since then
        every cut is as good as any other.

    Raises
    ------
    ValueError
        If the shapes of `y_true` and `y_score` differ.

    Examples
    --------
    >>> from jobtag_sklearn.model_selection import stable_threshold
    >>> y_score = [[0.1, 0.2], [0.3, 0.1], [0.4, 0.2], [0.2, 0.35]]
    >>> stable_threshold([[0, 0], [1, 0], [1, 0], [0, 1]], y_score)
    0.3
    """
    truths = np.asarray(y_true, dtype=np.float64)
    scores = np.asarray(y_score, dtype=np.float64).ravel()
    if truths.size != scores.size or truths.shape != np.shape(y_score):
        raise ValueError(
            f"y_true and y_score must have the same shape, got {truths.shape} and "
            f"{np.shape(y_score)}"
        )
    weights = None
    if sample_weight is not None:
        weights = np.repeat(np.asarray(sample_weight), truths.size // len(truths))
    curve = make_curve(truths.ravel(), scores, weights)
    if curve.n_positive == 0:
        return 0.5
    f1 = f_measure(curve.n_right, curve.n_given, curve.n_positive, beta=1.0)
    return steady_cut(curve.cuts, f1, int(f1.argmax()), tolerance)
