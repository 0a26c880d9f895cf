"""New postings are predicted, corrected by people, and learnt, each exactly once."""

from jobtag_sklearn.updating._model_files import ModelFiles
from jobtag_sklearn.updating._report import UpdateReport
from jobtag_sklearn.updating._store import PostingStore
from jobtag_sklearn.updating._updater import ModelUpdater, Predictions

__all__ = ["ModelFiles", "ModelUpdater", "PostingStore", "Predictions", "UpdateReport"]
