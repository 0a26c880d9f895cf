"""Predictions of single postings, without TensorFlow."""

from jobtag_sklearn.serving._predictor import JobTagPredictor

__all__ = ["JobTagPredictor"]
