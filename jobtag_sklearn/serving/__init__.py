"""Tags while a person waits: what a fitted pipeline says of single postings."""

from jobtag_sklearn.serving._predictor import JobTagPredictor

__all__ = ["JobTagPredictor"]
