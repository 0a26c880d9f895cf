"""Probabilities become decisions: thresholds."""

from jobtag_sklearn.model_selection._choose import choose_thresholds
from jobtag_sklearn.model_selection._stratification import MultiLabelStratifiedKFold
from jobtag_sklearn.model_selection._threshold_grid_search import ThresholdGridSearchCV
from jobtag_sklearn.model_selection._threshold_search import find_thresholds
from jobtag_sklearn.model_selection._thresholds import stable_threshold
from jobtag_sklearn.model_selection._tuned_thresholds import (
    TunedMultiLabelThresholdClassifierCV,
)

__all__ = [
    "MultiLabelStratifiedKFold",
    "ThresholdGridSearchCV",
    "TunedMultiLabelThresholdClassifierCV",
    "choose_thresholds",
    "find_thresholds",
    "stable_threshold",
]
