"""What a model has learnt, in figures and pictures that people can read."""

from jobtag_sklearn.inspection._calibration import calibration_scores
from jobtag_sklearn.inspection._tag_report import tag_report, tag_scores
from jobtag_sklearn.inspection._threshold_curve import ThresholdCurveDisplay

__all__ = ["ThresholdCurveDisplay", "calibration_scores", "tag_report", "tag_scores"]
