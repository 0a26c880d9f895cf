"""What a model has learnt, in figures and pictures that people can read."""

from jobtag_sklearn.inspection._calibration import calibration_scores
from jobtag_sklearn.inspection._code_heatmap import CodeHeatmapDisplay
from jobtag_sklearn.inspection._code_map import CodeMapDisplay
from jobtag_sklearn.inspection._explain import explain_global, explain_tags
from jobtag_sklearn.inspection._explanation import TagExplanation
from jobtag_sklearn.inspection._reconstruction import ReconstructionDisplay
from jobtag_sklearn.inspection._similar_jobs import similar_jobs
from jobtag_sklearn.inspection._tag_cooccurrence import TagCooccurrenceDisplay
from jobtag_sklearn.inspection._tag_report import tag_report, tag_scores
from jobtag_sklearn.inspection._tag_report_display import TagReportDisplay
from jobtag_sklearn.inspection._threshold_curve import ThresholdCurveDisplay
from jobtag_sklearn.inspection._training_history import TrainingHistoryDisplay
from jobtag_sklearn.inspection._weight_histogram import WeightHistogramDisplay

__all__ = [
    "CodeHeatmapDisplay",
    "CodeMapDisplay",
    "ReconstructionDisplay",
    "TagCooccurrenceDisplay",
    "TagExplanation",
    "TagReportDisplay",
    "ThresholdCurveDisplay",
    "TrainingHistoryDisplay",
    "WeightHistogramDisplay",
    "calibration_scores",
    "explain_global",
    "explain_tags",
    "similar_jobs",
    "tag_report",
    "tag_scores",
]
