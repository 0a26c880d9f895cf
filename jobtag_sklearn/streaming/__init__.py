"""Learning from more postings than memory holds."""

from jobtag_sklearn.streaming._learning import fit_stream, partial_fit_stream
from jobtag_sklearn.streaming._progress import StreamProgress
from jobtag_sklearn.streaming._shuffling import shuffle_batches

__all__ = ["StreamProgress", "fit_stream", "partial_fit_stream", "shuffle_batches"]
