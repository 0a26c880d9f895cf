"""What a model has learnt, in figures that people can read."""

from jobtag_sklearn.inspection._tag_report import tag_report, tag_scores

__all__ = ["tag_report", "tag_scores"]
