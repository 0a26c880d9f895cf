"""Probabilities become decisions: thresholds."""

from jobtag_sklearn.model_selection._thresholds import stable_threshold

__all__ = ["stable_threshold"]
