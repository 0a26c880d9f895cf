"""JobTagPredictor: tags of postings, one at a time, without TensorFlow."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from jobtag_sklearn.feature_extraction._chunks import chunked_once
from jobtag_sklearn.feature_extraction._documents import check_documents
from jobtag_sklearn.feature_extraction._job_columns import check_jobs
from jobtag_sklearn.serving._steps import UnknownStepError, translate_pipeline
from jobtag_sklearn.utils._tags import names_of_tags


class JobTagPredictor:
    """Predict the tags of single postings, without TensorFlow.

    A predictor holds the weights of a fitted :class:`~jobtag_sklearn.JobTagPipeline` as plain
    arrays. It is faster than the pipeline for a few postings, its file is smaller, and it loads
    faster in a new process, as it does not import TensorFlow. For hundreds of postings at once
    the pipeline is faster.

    Parameters
    ----------
    pipeline : JobTagPipeline
        Fitted, with the steps of :func:`~jobtag_sklearn.make_job_tag_pipeline`. Their parameters
        may differ from the defaults, and parts of the features may be dropped.

    Attributes
    ----------
    classes_ : ndarray of shape (n_tags,)
        Tags, in the order of the columns of predictions.

    Raises
    ------
    ValueError
        If the pipeline is not fitted, or has a step of another class than those of
        :func:`~jobtag_sklearn.make_job_tag_pipeline`. Subclasses count as other classes.

    See Also
    --------
    jobtag_sklearn.JobTagPipeline : Is fitted and updated, and predicts large tables.

    Notes
    -----
    Probabilities differ from those of the pipeline by rounding, about 1e-7.

    A predictor is a copy: updates of the pipeline do not change it. If the network adds
    nothing to the scores of the linear model (``deep_share_`` is 0), the predictor has no network
    and no autoencoder.

    Examples
    --------
    >>> from jobtag_sklearn import make_job_tag_pipeline
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> from jobtag_sklearn.serving import JobTagPredictor
    >>> jobs, tags = make_job_postings(100, n_tags=3, random_state=0)
    >>> model = make_job_tag_pipeline(network=False, random_state=0).fit(jobs, tags)
    >>> JobTagPredictor(model).predict_proba(jobs[:2]).shape
    (2, 3)
    """

    def __init__(self, pipeline: Any) -> None:
        try:
            translated = translate_pipeline(pipeline)
        except UnknownStepError as error:
            raise ValueError(f"no predictor can be made of this pipeline: {error}") from None
        # updates of the pipeline change its arrays
        self._columns, self._features, self._tagger = copy.deepcopy(translated)
        classifier = pipeline.steps[-1][1]
        self.classes_ = classifier.classes_.copy()
        self._thresholds = np.array(classifier._thresholds(len(self.classes_)))

    def predict_proba(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the probability of each tag.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.

        Returns
        -------
        probabilities : ndarray of shape (n_jobs, n_tags)
            Of each tag by itself.
        """
        check_jobs(X, self._columns)
        texts = [check_documents(X[name]) for name in self._columns]
        postings = [dict(zip(self._columns, row, strict=True)) for row in zip(*texts, strict=True)]
        with chunked_once():
            logits = [self._tagger.logits(self._features(posting)) for posting in postings]
        return expit(np.asarray(logits))

    def predict(self, X: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Predict tags as 0 and 1.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.

        Returns
        -------
        y : ndarray of shape (n_jobs, n_tags)
            1 where the probability of a tag reaches its threshold.
        """
        return (self.predict_proba(X) >= self._thresholds).astype(np.int64)

    def predict_tags(self, X: pd.DataFrame) -> list[list[Any]]:
        """Predict the names of each job's tags.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.

        Returns
        -------
        tags : list of list
            The tags of each job.
        """
        return names_of_tags(self.predict(X), self.classes_.tolist())
