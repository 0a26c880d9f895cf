"""JobTagPredictor: tags of postings, one at a time, without TensorFlow."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from jobtag_sklearn.feature_extraction import JobColumnTransformer
from jobtag_sklearn.feature_extraction._chunks import chunked_once
from jobtag_sklearn.feature_extraction._documents import check_documents
from jobtag_sklearn.feature_extraction._job_columns import check_jobs
from jobtag_sklearn.serving._forward import WideAndDeep
from jobtag_sklearn.serving._rows import beside
from jobtag_sklearn.serving._steps import (
    Branch,
    Chain,
    Step,
    UnknownStepError,
    branches,
    translate,
)
from jobtag_sklearn.utils._tags import names_of_tags


class PostingScorer(NamedTuple):
    """A fitted pipeline as one function from postings to probabilities.

    It shares the pipeline's arrays, so it is only right until the pipeline learns more.
    """

    names: tuple[str, ...]
    columns: tuple[Branch, ...]
    logits: Step

    @classmethod
    def of(cls, pipeline: Any) -> PostingScorer:
        """Translate a fitted pipeline.

        Raises
        ------
        UnknownStepError
            If a step has no translation.
        """
        (_, table), *others = pipeline.steps
        if type(table) is not JobColumnTransformer or not hasattr(table, "transformers_"):
            raise UnknownStepError("the first step is no fitted JobColumnTransformer")
        names, columns = [], []
        for transformer, name, weight in branches(table):
            if not isinstance(name, str):
                raise UnknownStepError("a step of several columns of jobs has no translation")
            names.append(name)
            columns.append(Branch(translate(transformer), None, weight))
        logits = Chain(tuple(translate(step) for _, step in others))
        if not logits.steps or not isinstance(logits.steps[-1], WideAndDeep):
            raise UnknownStepError("the last step is no KerasMultiLabelClassifier")
        return cls(tuple(names), tuple(columns), logits)

    def probabilities(self, jobs: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return a probability for each posting and tag."""
        check_jobs(jobs, list(self.names))
        documents = {name: check_documents(jobs[name]) for name in set(self.names)}
        texts = zip(*(documents[name] for name in self.names), strict=True)
        with chunked_once():
            features = [
                beside([step(text) for step, text in zip(self.columns, row, strict=True)])
                for row in texts
            ]
        logits = [self.logits(row) for row in features]
        return expit(np.asarray(logits, dtype=np.float64))


class JobTagPredictor:
    """Predict tags with what a fitted pipeline knows, without TensorFlow.

    It holds the weights of a :class:`~jobtag_sklearn.JobTagPipeline` as plain arrays and takes one
    posting after the other, so it answers sooner than the pipeline for a few postings, is smaller
    as a file, and is ready sooner in a new process, which then never imports TensorFlow. For
    large tables take the pipeline. It learns nothing: make a new one after an update.

    Parameters
    ----------
    pipeline : JobTagPipeline
        Fitted, and made of the steps of :func:`~jobtag_sklearn.make_job_tag_pipeline`; parts of
        them may be left out or have other settings.

    Attributes
    ----------
    classes_ : ndarray of shape (n_tags,)
        Tags, in the order of the columns of predictions.

    Raises
    ------
    ValueError
        If the pipeline has a step that needs scikit-learn or Keras to be applied.

    See Also
    --------
    jobtag_sklearn.JobTagPipeline : Fits, updates, and predicts many postings at once.

    Notes
    -----
    Probabilities are those of the pipeline but for rounding, about 1e-7.

    Examples
    --------
    >>> from jobtag_sklearn import make_job_tag_pipeline
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> from jobtag_sklearn.serving import JobTagPredictor
    >>> jobs, tags = make_job_postings(100, n_tags=3, random_state=0)
    >>> model = make_job_tag_pipeline(n_hashed_features=2048, n_title_features=512,
    ...                               n_phrase_features=0, random_state=0).fit(jobs, tags)
    >>> JobTagPredictor(model).predict_proba(jobs[:2]).shape
    (2, 3)
    """

    def __init__(self, pipeline: Any) -> None:
        try:
            scorer = PostingScorer.of(pipeline)
        except UnknownStepError as error:
            raise ValueError(f"no predictor can be made of this pipeline: {error}") from None
        # a copy, since updates of the pipeline change its arrays in place
        self._scorer = copy.deepcopy(scorer)
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
        return self._scorer.probabilities(X)

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
