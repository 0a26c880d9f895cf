"""What predictions and updates return."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Predictions(NamedTuple):
    """What a version of the model predicts.

    Attributes
    ----------
    version : int
        The version.
    names : list
        Tags.
    scores : ndarray of shape (n_jobs, n_tags)
        Probability of each tag.
    given : ndarray of shape (n_jobs, n_tags)
        1 where the tag is given, else 0.

    Examples
    --------
    >>> import numpy as np
    >>> from jobtag_sklearn.updating import Predictions
    >>> Predictions(3, ["Nursing"], np.array([[0.9]]), np.array([[1]])).version
    3
    """

    version: int
    names: list[Any]
    scores: npt.NDArray[np.float64]
    given: npt.NDArray[np.int64]


class UpdateReport(NamedTuple):
    """What an update did.

    Attributes
    ----------
    outcome : {"accepted", "rejected", "waiting", "busy"}
        Whether a new version took the place of the current one, was trained but was worse,
        was not trained since too few corrections wait, or was left to another process that is
        at work.
    version : int or None
        The version that is current now; None where another process is at work.
    version_before : int or None
        The version that was current before.
    n_waiting : int
        Corrections that waited when the update began.
    n_needed : int
        Corrections that must wait for a model to be trained.
    n_trained, n_held_out, n_superseded : int
        Corrected postings that the new model was trained on, those held out, and corrections
        that a later revision of the same posting replaced.
    n_compared : int
        Held-out postings that the two models were compared on, earlier ones among them.
    f1_before, f1_after : float or None
        Micro F1 of the current and of the new model on these; None of a model whose
        probabilities are no numbers.
    unknown_tags : dict of str to int
        Tags that the model does not know, which were left out, and how many of the waiting
        postings have them.
    new_tags : list of str
        Tags that the new model has learnt to know.

    Examples
    --------
    >>> from jobtag_sklearn.updating import UpdateReport
    >>> UpdateReport("waiting", version=3, n_waiting=42, n_needed=100).outcome
    'waiting'
    """

    outcome: str
    version: int | None = None
    version_before: int | None = None
    n_waiting: int = 0
    n_needed: int = 0
    n_trained: int = 0
    n_held_out: int = 0
    n_superseded: int = 0
    n_compared: int = 0
    f1_before: float | None = None
    f1_after: float | None = None
    unknown_tags: dict[str, int] = {}  # noqa: RUF012 - never changed
    new_tags: list[str] = []  # noqa: RUF012 - never changed
