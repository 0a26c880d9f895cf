"""What the classifiers share: from probabilities to tags, and the tags of updates."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, log_expit, logit, logsumexp
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
)

from jobtag_sklearn.model_selection._choose import choose_thresholds
from jobtag_sklearn.utils._class_weights import class_weights, grown_class_weights
from jobtag_sklearn.utils._tags import Tags, check_tags, names_of_tags

#: Assumed frequency of a tag, with the weight of one sample.
_PRIOR_RATE = 0.05


def frequency_logits(indicators: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the log-odds of each tag's frequency among its known values."""
    n_known = (~np.isnan(indicators)).sum(axis=0)
    return logit((np.nansum(indicators, axis=0) + _PRIOR_RATE) / (n_known + 1))


class TagClassifierMixin(ClassifierMixin):
    """`predict`, `predict_tags` and `score` of a classifier with probabilities of tags.

    The class must have the parameter `threshold` and the method `predict_proba`; after
    `fit`, the attributes `classes_`, `_kind` (of :class:`~jobtag_sklearn.utils._tags.Tags`)
    and, with ``threshold="auto"``, `threshold_`. Updates also need the parameters
    `class_weight` and `new_tags`.
    """

    #: Parameters that `fit` does not look at while they are numbers: a search over them
    #: needs no new fit.
    _parameters_of_predict = ("threshold",)

    classes_: npt.NDArray[Any]
    threshold: Any
    threshold_: Any
    class_weight: Any
    new_tags: str
    predict_proba: Any
    _kind: str
    _class_weights: Any

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Predict tags, or classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples, n_tags) or (n_samples,)
            1 where the probability of a tag is at least its threshold, else 0. For
            one-dimensional `y`, the class of each sample.
        """
        return self._given(self.predict_proba(X))

    def predict_tags(self, X: Any) -> list[list[Any]]:
        """Predict the names of each sample's tags.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        tags : list of list
            The tags of each sample in the order of `classes_`. For one-dimensional `y`,
            a list with the class of the sample.
        """
        given = self.predict(X)
        if given.ndim == 1:
            return [[label] for label in given.tolist()]
        return names_of_tags(given, self.classes_.tolist())

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the subset accuracy: the share of samples with every tag right.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : DataFrame or array-like of shape (n_samples, n_tags) or (n_samples,)
            True tags. The columns of a DataFrame are matched by name. Samples with an
            unknown tag (NaN) are left out.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            Subset accuracy; for one-dimensional `y`, accuracy.
        """
        check_is_fitted(self)
        if self._kind != "multilabel":
            return super().score(X, y, sample_weight)
        y_true = self._known_tags(y).indicators
        y_pred = self.predict(X)
        check_consistent_length(y_true, y_pred, sample_weight)
        known = ~np.isnan(y_true).any(axis=1)
        weight = None if sample_weight is None else np.asarray(sample_weight)[known]
        return float(
            accuracy_score(y_true[known].astype(int), y_pred[known], sample_weight=weight)
        )

    def _probabilities(self, logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return what `predict_proba` returns for logits of shape (n_samples, n_outputs)."""
        logits = logits.astype(np.float64)
        if self._kind == "multiclass":
            # logarithms, since the probabilities of all classes may underflow
            logs = log_expit(logits)
            return np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
        probabilities = expit(logits)
        if self._kind == "binary":
            return np.hstack([1 - probabilities, probabilities])
        return probabilities

    def _given(self, probabilities: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
        """Return what `predict` returns for these probabilities."""
        if self._kind == "multiclass":
            return self.classes_[probabilities.argmax(axis=1)]
        if self._kind == "binary":
            return self.classes_[(probabilities[:, 1] >= self._thresholds(1)).astype(int)]
        return (probabilities >= self._thresholds(probabilities.shape[1])).astype(np.int64)

    # thresholds

    @property
    def _finds_threshold(self) -> bool:
        # one label a sample: the likelier class, as everywhere in scikit-learn
        return isinstance(self.threshold, str) and self._kind == "multilabel"

    def _choose_threshold(
        self,
        indicators: npt.NDArray[np.float32],
        logits: npt.NDArray[Any],
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> None:
        """Set `threshold_` from out-of-fold logits of shape (n_samples, n_outputs)."""
        self.threshold_ = choose_thresholds(
            indicators, expit(logits.astype(np.float64)), sample_weight=sample_weight
        )

    def _check_threshold(self, n_outputs: int) -> None:
        """Raise unless `threshold` is "auto", or one number or one a tag, from 0 to 1."""
        if isinstance(self.threshold, str) and self.threshold == "auto":
            return
        try:
            threshold = np.asarray(self._threshold_in_order(), dtype=np.float64)
        except (TypeError, ValueError):
            if isinstance(self.threshold, pd.Series):
                raise
            raise ValueError(
                f"threshold must be a number, one number a tag or 'auto', got {self.threshold!r}"
            ) from None
        if threshold.ndim and threshold.shape != (n_outputs,):
            raise ValueError(
                f"threshold has shape {threshold.shape}, but there are {n_outputs} tags; pass "
                "one number, or one a tag in the order of classes_"
            )
        outside = ~((threshold >= 0) & (threshold <= 1))
        if outside.any():
            raise ValueError(
                f"threshold {threshold[outside].ravel()[0]} is outside of 0 to 1; thresholds "
                "are probabilities"
            )

    def _threshold_in_order(self) -> Any:
        """Return `threshold`; a Series in the order of `classes_`."""
        if not isinstance(self.threshold, pd.Series) or not hasattr(self, "classes_"):
            return self.threshold
        missing = [name for name in self.classes_.tolist() if name not in self.threshold.index]
        if missing:
            raise ValueError(f"threshold is a Series without the tags {missing[:20]}")
        return self.threshold.loc[self.classes_.tolist()]

    def _thresholds(self, n_outputs: int) -> Any:
        """Return the threshold of predictions: a number, or an array of shape (n_outputs,)."""
        # checked again, since a search sets `threshold` on a fitted classifier
        self._check_threshold(n_outputs)
        if not isinstance(self.threshold, str):
            return np.asarray(self._threshold_in_order(), dtype=np.float64)
        if self._kind != "multilabel":
            return 0.5
        if not hasattr(self, "threshold_"):
            raise ValueError(
                "threshold='auto' was set after fit, so none was found; call fit, or set a number"
            )
        return self.threshold_

    # tags of fit and partial_fit

    def _take_part(
        self, X: Any, tags: Tags, sample_weight: Any, *, keep_unknown: bool = False
    ) -> tuple[Any, Tags, npt.NDArray[np.float32] | None]:
        """Drop rows of weight 0 and, unless `keep_unknown`, rows without a known tag."""
        check_consistent_length(X, tags.indicators)
        rows = tags.known
        if not rows.any():
            raise ValueError("no sample has a known tag; pass 0 or 1 for at least some tags")
        if keep_unknown:
            rows = np.ones_like(rows)
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(
                sample_weight, X, dtype=np.float32, ensure_non_negative=True
            )
            rows = rows & (weight != 0)
            if not (rows & tags.known).any():
                raise ValueError("every sample has weight 0; at least one must be positive")
        if rows.all():
            return X, tags, weight
        tags = tags._replace(indicators=tags.indicators[rows])
        return X[rows], tags, None if weight is None else weight[rows]

    def _known_tags(self, y: Any) -> Tags:
        """Validate tags that the classifier must know."""
        return check_tags(y, classes=self.classes_, kind=self._kind)

    def _first_tags(self, y: Any, classes: Any) -> Tags:
        """Validate the tags of a first `partial_fit`."""
        if isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight='balanced' needs the frequencies of all tags, which a first batch "
                "does not have; call fit first, or pass the weights as a dict"
            )
        if classes is None:
            if np.ndim(y) == 1:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            return check_tags(y)
        names = np.asarray(classes)
        if names.ndim != 1 or len(set(names.tolist())) != len(names):
            raise ValueError(f"classes must be a list of different names, got {classes!r}")
        return check_tags(y, classes=names, kind="multilabel" if np.ndim(y) == 2 else None)

    def _same_tags(self, y: Any, classes: Any) -> Tags:
        """Validate the tags of a further `partial_fit`."""
        given = None if classes is None else np.asarray(classes).tolist()
        if given is not None and set(given) != set(self.classes_.tolist()):
            raise ValueError(
                f"`classes={given}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_.tolist()}"
            )
        return self._known_tags(y)

    def _new_tags(self, y: Any) -> list[Any]:
        """Return the columns of `y` to add to `classes_`; none unless ``new_tags="add"``."""
        if self.new_tags != "add" or self._kind != "multilabel" or not isinstance(y, pd.DataFrame):
            return []
        known = set(self.classes_.tolist())
        return [tag for tag in y.columns if tag not in known]

    def _set_classes(self, tags: Tags) -> None:
        """Set `classes_`, their kind and their weights."""
        self.classes_, self._kind = tags.classes, tags.kind
        self._class_weights = class_weights(
            tags, self.class_weight, more_to_come=self.new_tags == "add"
        )

    @property
    def _tag_weights(self) -> Any:
        """Weights of the positives and the negatives of each tag; None for labels."""
        return self._class_weights if self._kind == "multilabel" else None

    def _add_tags(self, y: pd.DataFrame, new: list[Any]) -> npt.NDArray[np.float64]:
        """Extend `classes_`, their weights and `threshold_` by new tags.

        Returns
        -------
        logits : ndarray of shape (n_new,)
            Log-odds of the new tags' frequencies.
        """
        indicators = check_tags(y[new]).indicators
        self._class_weights = grown_class_weights(
            self._class_weights, self.class_weight, len(self.classes_), new
        )
        names = [*self.classes_.tolist(), *new]
        # filled one by one: names keep their types, and tuples (two column levels) stay one name
        self.classes_ = np.empty(len(names), dtype=object)
        for position, name in enumerate(names):
            self.classes_[position] = name
        if np.ndim(getattr(self, "threshold_", 0.5)):
            of_new = np.full(len(new), np.median(self.threshold_))
            self.threshold_ = np.concatenate([self.threshold_, of_new])
        return frequency_logits(indicators)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
