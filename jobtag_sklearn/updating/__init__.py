"""New postings are predicted, corrected by people, and learnt, each exactly once."""

from jobtag_sklearn.updating._store import PostingStore

__all__ = ["PostingStore"]
