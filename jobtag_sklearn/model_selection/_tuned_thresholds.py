"""A meta-estimator that gives any multi-label classifier the thresholds that suit it."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn import get_config
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    _fit_context,
    clone,
)
from sklearn.exceptions import NotFittedError
from sklearn.metrics import check_scoring
from sklearn.model_selection import ShuffleSplit, check_cv
from sklearn.utils import Bunch, _safe_indexing, get_tags, indexable
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params, _num_samples, check_is_fitted

from jobtag_sklearn.model_selection._curves import f_measure
from jobtag_sklearn.model_selection._objectives import SCORINGS, Objective, make_objective
from jobtag_sklearn.model_selection._responses import (
    DECISION,
    PROBABILITY,
    response_name,
    tag_columns,
)
from jobtag_sklearn.model_selection._stratification import MultiLabelStratifiedKFold
from jobtag_sklearn.model_selection._threshold_search import (
    STRATEGIES,
    HeldOut,
    check_scores,
    check_weight,
    search,
)
from jobtag_sklearn.utils._counts import share
from jobtag_sklearn.utils._restoring import unchanged_on_error
from jobtag_sklearn.utils._tags import Tags, check_tags, in_order_of, names_of_tags


def _estimator_has(name: str) -> Any:
    def check(self: Any) -> bool:
        return hasattr(getattr(self, "estimator_", self.estimator), name)

    return check


class TunedMultiLabelThresholdClassifierCV(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Multi-label classifier whose decision thresholds are tuned by cross-validation.

    What :class:`~sklearn.model_selection.TunedThresholdClassifierCV` is for two classes,
    for any number of tags: the classifier is fitted on all folds but one and scores that
    one, thresholds are found on the scores of all folds together, and the classifier is
    fitted on everything.

    Parameters
    ----------
    estimator : estimator
        Multi-label classifier with `predict_proba` or `decision_function`, or a pipeline
        that ends in one.
    scoring : {"f1_macro", "f1_micro", "f1_samples", "recall", "precision"}, str or callable, \
            default="f1_macro"
        What is to be highest, see :func:`find_thresholds`; or a scorer of scikit-learn's, by
        name or as ``scorer(estimator, X, y)``, that looks at what `predict` returns.
    strategy : {"auto", "shrunken", "common", "per_tag"}, default="auto"
        "shrunken" finds one threshold a tag, steadied by all tags together, "common" one for
        all, "per_tag" one a tag, each for itself. "auto" compares the first two on the
        held-out scores, see :func:`find_thresholds`.
    shrinkage : float, default=2
        With ``strategy="shrunken"`` and "auto", how many positive examples all tags together weigh
        beside each tag's own.
    beta : float, default=1
        Weight of recall against precision in F-beta.
    min_precision, min_recall : float, default=None
        What ``scoring="recall"`` and ``scoring="precision"`` must not fall below; see
        :func:`find_thresholds`.
    min_tags : int, default=0
        Tags that each sample gets at least: the nearest ones to their thresholds.
    max_tags : int, default=None
        Tags that each sample gets at most: those the furthest above their thresholds.
    response_method : {"auto", "predict_proba", "decision_function"}, default="auto"
        Where scores come from; "auto" takes probabilities where there are any.
    cv : int, float, cross-validator, iterable or "prefit", default=5
        Number of multi-label stratified folds; share of rows to hold out once; how to
        split; or "prefit" for an estimator that is fitted, all rows then being held out.
    refit : bool, default=True
        Whether to fit on all rows in the end. Must be False with ``cv="prefit"``, and may
        be with a single split.
    n_jobs : int, default=None
        Folds fitted side by side.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds.
    verbose : int or bool, default=0
        How much joblib tells of the folds that are fitted: 1 how many are done, more says
        so more often. What the classifier tells is up to its own `verbose`.

    Attributes
    ----------
    estimator_ : estimator
        The fitted classifier.
    best_thresholds_ : ndarray of shape (n_tags,)
        A tag is given where its score is at least this.
    best_score_ : float
        What `scoring` is at these thresholds on the held-out scores.
    cv_results_ : dict of ndarray of shape (n_tags,)
        For each tag on the held-out scores: ``n_positive``, ``threshold``, ``n_given``,
        ``precision``, ``recall`` and ``f1``; ``tag`` is its name.
    classes_ : ndarray of shape (n_tags,)
        The tags: column names of a DataFrame, else their positions; for labels of one
        dimension the two classes.
    n_features_in_ : int
        Number of columns, where the classifier says so.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where the classifier says so.

    See Also
    --------
    find_thresholds : The search alone, for scores that are there.
    sklearn.model_selection.TunedThresholdClassifierCV : The same for two classes.

    Notes
    -----
    Tags of which there are fewer positive or negative examples than folds take the
    threshold of all tags together, and a warning says so.

    `min_tags` and `max_tags` act in `predict` alone; thresholds are found without them.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> from jobtag_sklearn.model_selection import TunedMultiLabelThresholdClassifierCV
    >>> X, y = make_multilabel_classification(n_samples=300, n_classes=3, random_state=0)
    >>> model = TunedMultiLabelThresholdClassifierCV(
    ...     OneVsRestClassifier(LogisticRegression()), random_state=0)
    >>> model.fit(X, y).predict(X).shape
    (300, 3)
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [
            HasMethods(["fit", PROBABILITY]),
            HasMethods(["fit", DECISION]),
        ],
        "scoring": [str, callable],
        "strategy": [StrOptions(set(STRATEGIES))],
        "shrinkage": [Interval(Real, 0, None, closed="both")],
        "beta": [Interval(Real, 0, None, closed="neither")],
        "min_precision": [Interval(Real, 0, 1, closed="both"), None],
        "min_recall": [Interval(Real, 0, 1, closed="both"), None],
        "min_tags": [Interval(Integral, 0, None, closed="left")],
        "max_tags": [Interval(Integral, 1, None, closed="left"), None],
        "response_method": [StrOptions({"auto", PROBABILITY, DECISION})],
        "cv": [
            "cv_object",
            StrOptions({"prefit"}),
            Interval(Real, 0, 1, closed="neither"),
        ],
        "refit": ["boolean"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        scoring: Any = "f1_macro",
        strategy: str = "auto",
        shrinkage: float = 2.0,
        beta: float = 1.0,
        min_precision: float | None = None,
        min_recall: float | None = None,
        min_tags: int = 0,
        max_tags: int | None = None,
        response_method: str = "auto",
        cv: Any = 5,
        refit: bool = True,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int | bool = 0,
    ) -> None:
        self.estimator = estimator
        self.scoring = scoring
        self.strategy = strategy
        self.shrinkage = shrinkage
        self.beta = beta
        self.min_precision = min_precision
        self.min_recall = min_recall
        self.min_tags = min_tags
        self.max_tags = max_tags
        self.response_method = response_method
        self.cv = cv
        self.refit = refit
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    # the classifier inside is validated by its own fit
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, **params: Any) -> TunedMultiLabelThresholdClassifierCV:
        """Find thresholds, and fit the classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or what the estimator takes
            Rows.
        y : DataFrame or array-like of shape (n_samples, n_tags), or (n_samples,)
            Tags as 0/1, NaN where unknown if the estimator takes it; or two labels.
        **params : dict
            Parameters of the estimator's `fit`, cut like the rows where there is one a row.
            A `sample_weight` also weighs the samples in the search.

        Returns
        -------
        self : TunedMultiLabelThresholdClassifierCV
            The fitted classifier.

        Raises
        ------
        ValueError
            If scores are missing, the objective is unknown, or `cv` and `refit` do not go
            together.

        Warns
        -----
        UserWarning
            If a tag has too few examples to be tuned.
        """
        X, y = indexable(X, y)
        tags = check_tags(y)
        _refuse_multiclass(tags)
        objective = self._objective()
        routed = self._routed("fit", params)
        fit_params = routed.estimator.fit
        weight = check_weight(params.get("sample_weight"), _num_samples(X))
        with unchanged_on_error(self):
            self._kind, self._classes = tags.kind, tags.classes
            rows, scores, n_splits = self._held_out_scores(X, y, fit_params, routed.splitter.split)
            if weight is not None:
                weight = check_weight(weight[rows], len(rows))
            held_out = HeldOut(tags.indicators[rows], scores, weight)
            if callable(objective.scoring):
                objective = objective._replace(
                    scoring=_OfPredictions(
                        objective.scoring,
                        _safe_indexing(X, rows),
                        _safe_indexing(y, rows),
                        tags,
                        {} if weight is None else {"sample_weight": weight},
                    )
                )
            self.best_thresholds_ = search(
                held_out,
                objective,
                self.strategy,
                self.shrinkage,
                names=self._tag_names,
                min_examples=n_splits,
            )
            self._account(held_out, objective)
            if self.refit:
                self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        self._take_over_columns()
        return self

    @available_if(_estimator_has("partial_fit"))
    def partial_fit(self, X: Any, y: Any, **params: Any) -> TunedMultiLabelThresholdClassifierCV:
        """Train the classifier further and leave the thresholds as they are.

        Before any `fit` there are none, and each is that of the estimator's kind of score:
        0.5 for probabilities, 0 for others.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or what the estimator takes
            Rows.
        y : DataFrame or array-like of shape (n_samples, n_tags), or (n_samples,)
            Tags, or labels.
        **params : dict
            Parameters of the estimator's `partial_fit`.

        Returns
        -------
        self : TunedMultiLabelThresholdClassifierCV
            The updated classifier.
        """
        params = self._routed("partial_fit", params).estimator.partial_fit
        if hasattr(self, "estimator_"):
            names = self._classes.tolist()
            new = [tag for tag in getattr(y, "columns", ()) if tag not in names]
            if new:
                raise ValueError(
                    f"y has the tags {new[:20]}, for which no thresholds were tuned; the "
                    f"thresholds are those of {names[:20]}: leave the others out, or call fit"
                )
            y = in_order_of(y, names)
            self.estimator_.partial_fit(X, y, **params)
            return self
        classes = params.get("classes") if np.ndim(y) == 1 else None
        tags = check_tags(y, classes=None if classes is None else np.asarray(classes))
        _refuse_multiclass(tags)
        with unchanged_on_error(self):
            self.estimator_ = clone(self.estimator).partial_fit(X, y, **params)
            self._kind, self._classes = tags.kind, tags.classes
            name = response_name(self.estimator_, self.response_method)
            neutral = 0.5 if name == PROBABILITY else 0.0
            self.best_thresholds_ = np.full(tags.indicators.shape[1], neutral)
        self._take_over_columns()
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Predict tags, or labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or what the estimator takes
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples, n_tags) or (n_samples,)
            0 or 1, or labels.
        """
        check_is_fitted(self)
        scores = self._scores(self.estimator_, X)
        given = self._limited(scores >= self.best_thresholds_, scores).astype(np.int64)
        return given if self._kind == "multilabel" else self._classes[given[:, 0]]

    def predict_tags(self, X: Any) -> list[list[Any]]:
        """Predict the names of each sample's tags.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or what the estimator takes
            Rows.

        Returns
        -------
        tags : list of list
            The tags of each sample.

        Raises
        ------
        ValueError
            If the classifier was fitted with labels instead of tags.
        """
        given = self.predict(X)
        if self._kind != "multilabel":
            raise ValueError("predict_tags needs tags; this classifier was fitted with labels")
        return names_of_tags(given, self._classes.tolist())

    @available_if(_estimator_has(PROBABILITY))
    def predict_proba(self, X: Any) -> npt.NDArray[Any]:
        """Return the classifier's probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or what the estimator takes
            Rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_tags) or (n_samples, 2)
            One column a tag, also where the classifier returns a list; for labels one a
            class.
        """
        check_is_fitted(self)
        if self._kind != "multilabel":
            return self.estimator_.predict_proba(X)
        return tag_columns(self.estimator_, X, PROBABILITY, len(self.best_thresholds_))

    @available_if(_estimator_has(DECISION))
    def decision_function(self, X: Any) -> npt.NDArray[Any]:
        """Return the classifier's decision scores.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or what the estimator takes
            Rows.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_tags) or (n_samples,)
            Scores.
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """Tags, or the two labels."""
        if not hasattr(self, "_classes"):
            raise AttributeError("classes_ comes with fit")
        return self._classes

    @property
    def _tag_names(self) -> npt.NDArray[Any]:
        return self._classes if self._kind == "multilabel" else self._classes[1:]

    def _take_over_columns(self) -> None:
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))

    def _objective(self) -> Objective:
        scoring = self.scoring
        if scoring not in SCORINGS:
            try:
                scoring = check_scoring(self.estimator, scoring=scoring)
            except ValueError as error:
                raise ValueError(
                    f"unknown objective scoring={self.scoring!r}: neither one of "
                    f"{list(SCORINGS)} nor a scorer of scikit-learn's ({error})"
                ) from None
        if self.max_tags is not None and self.max_tags < self.min_tags:
            raise ValueError(f"max_tags={self.max_tags} is below min_tags={self.min_tags}")
        return make_objective(scoring, self.beta, self.min_precision, self.min_recall)

    def _held_out_scores(
        self, X: Any, y: Any, fit_params: dict[str, Any], split_params: Any
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any], int]:
        """Return the rows that were held out, their scores, and the number of splits."""
        if isinstance(self.cv, str):
            if self.refit:
                raise ValueError("cv='prefit' fits nothing, so refit must be False")
            try:
                check_is_fitted(self.estimator)
            except NotFittedError:
                raise NotFittedError("cv='prefit' needs an estimator that is fitted") from None
            self.estimator_ = self.estimator
            rows = np.arange(_num_samples(X))
            return rows, self._checked_scores(self.estimator_, X), 1
        splits = list(self._splitter(y).split(X, y, **split_params))
        if len(splits) > 1 and not self.refit:
            raise ValueError(
                f"cv makes {len(splits)} splits, of which each has its own classifier, so refit "
                "must be True; pass a share such as cv=0.2 to hold rows out once"
            )
        fitted = Parallel(n_jobs=self.n_jobs, verbose=int(self.verbose))(
            delayed(_fit_part)(clone(self.estimator), X, y, rows, fit_params) for rows, _ in splits
        )
        held_out = [rows for _, rows in splits]
        parts = [
            self._checked_scores(estimator, _safe_indexing(X, rows))
            for estimator, rows in zip(fitted, held_out, strict=True)
        ]
        if not self.refit:
            self.estimator_ = fitted[0]
        return np.concatenate(held_out), np.concatenate(parts), len(splits)

    def _splitter(self, y: Any) -> Any:
        if isinstance(self.cv, Real) and not isinstance(self.cv, Integral):
            return ShuffleSplit(1, test_size=float(self.cv), random_state=self.random_state)
        if self.cv is None or isinstance(self.cv, Integral):
            return MultiLabelStratifiedKFold(int(self.cv or 5), random_state=self.random_state)
        return check_cv(self.cv, y, classifier=True)

    def _scores(self, estimator: Any, X: Any) -> npt.NDArray[Any]:
        """Return one column a tag."""
        positive = self._classes[1] if self._kind == "binary" else None
        name = response_name(estimator, self.response_method)
        return tag_columns(estimator, X, name, len(self._tag_names), positive)

    def _checked_scores(self, estimator: Any, X: Any) -> npt.NDArray[Any]:
        return check_scores(self._scores(estimator, X), (_num_samples(X), len(self._tag_names)))

    def _account(self, held_out: HeldOut, objective: Objective) -> None:
        """Say how good the thresholds are on the held-out scores."""
        truth, scores, weight = held_out.truth, held_out.scores, held_out.weight
        given = scores >= self.best_thresholds_
        counted = ~np.isnan(truth) * (1.0 if weight is None else weight[:, None])
        right = np.where(truth == 1, given, False) * counted
        n_right, n_given = right.sum(axis=0), (given * counted).sum(axis=0)
        n_positive = ((truth == 1) * counted).sum(axis=0)
        f1 = f_measure(n_right, n_given, n_positive, 1.0)
        self.cv_results_ = {
            "tag": np.asarray(self._tag_names),
            "n_positive": n_positive,
            "threshold": self.best_thresholds_,
            "n_given": n_given,
            "precision": share(n_right, n_given),
            "recall": share(n_right, n_positive),
            "f1": f1,
        }
        if callable(objective.scoring):
            self.best_score_ = float(objective.scoring(given.astype(np.int64)))
        elif objective.scoring == "f1_samples":
            of_rows = f_measure(
                (right > 0).sum(axis=1),
                (given * (counted > 0)).sum(axis=1),
                ((truth == 1) * (counted > 0)).sum(axis=1),
                self.beta,
            )
            self.best_score_ = float(np.average(of_rows, weights=weight))
        elif objective.scoring == "f1_macro":
            self.best_score_ = float(f_measure(n_right, n_given, n_positive, self.beta).mean())
        else:
            total = {
                "f1_micro": f_measure(n_right.sum(), n_given.sum(), n_positive.sum(), self.beta),
                "recall": share(n_right.sum(), n_positive.sum()),
                "precision": share(n_right.sum(), n_given.sum()),
            }
            self.best_score_ = float(total[objective.scoring])

    def _limited(
        self, given: npt.NDArray[np.bool_], scores: npt.NDArray[Any]
    ) -> npt.NDArray[np.bool_]:
        """Give each sample as many tags as it must have and no more than it may."""
        n_tags = given.shape[1]
        if self._kind != "multilabel" or not (self.min_tags or self.max_tags is not None):
            return given
        # tags that are never given come last, the likeliest of them first
        order = np.lexsort((-scores, self.best_thresholds_ - scores), axis=1)
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(n_tags)[None, :], axis=1)
        given = given | (rank < self.min_tags)
        return given if self.max_tags is None else given & (rank < self.max_tags)

    def _routed(self, method: str, params: dict[str, Any]) -> Bunch:
        """Return which parameters go to the estimator and which to the splitter."""
        if get_config()["enable_metadata_routing"]:
            return process_routing(self, method, **params)
        groups = {name: value for name, value in params.items() if name == "groups"}
        others = {name: value for name, value in params.items() if name != "groups"}
        return Bunch(estimator=Bunch(**{method: others}), splitter=Bunch(split=groups))

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which parameters of `fit` and `partial_fit` go where.

        Returns
        -------
        routing : MetadataRouter
            Routing information.
        """
        return (
            MetadataRouter(owner=type(self).__name__)
            .add(
                estimator=self.estimator,
                method_mapping=MethodMapping()
                .add(caller="fit", callee="fit")
                .add(caller="partial_fit", callee="partial_fit"),
            )
            .add(
                splitter=self.cv,
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.multi_label = True
        tags.input_tags.sparse = get_tags(self.estimator).input_tags.sparse
        return tags


def _refuse_multiclass(tags: Tags) -> None:
    if tags.kind == "multiclass":
        raise ValueError(
            "Only binary classification is supported. The type of the target is multiclass; "
            "pass a table of tags, 0 or 1"
        )


class _Predicted(ClassifierMixin, BaseEstimator):
    """Predictions, in the place of a classifier that made them."""

    def __init__(self, predictions: Any, classes: Any) -> None:
        self.predictions = predictions
        self.classes_ = classes

    def predict(self, X: Any) -> Any:
        return self.predictions

    def __sklearn_is_fitted__(self) -> bool:
        return True


class _OfPredictions:
    """A scorer as a function of 0/1 predictions."""

    def __init__(self, scorer: Any, X: Any, y: Any, tags: Tags, params: dict[str, Any]) -> None:
        self._scorer, self._X, self._y, self._tags = scorer, X, y, tags
        self._params = params

    def __call__(self, given: npt.NDArray[np.int64]) -> float:
        classes = self._tags.classes
        predictions = given if self._tags.kind == "multilabel" else classes[given[:, 0]]
        try:
            model = _Predicted(predictions, classes)
            return float(self._scorer(model, self._X, self._y, **self._params))
        except AttributeError as error:
            raise ValueError(
                "scoring must look at what predict returns; thresholds change nothing else "
                f"({error})"
            ) from error


def _fit_part(estimator: Any, X: Any, y: Any, rows: Any, params: dict[str, Any]) -> Any:
    params = _check_method_params(X, params, indices=rows)
    return estimator.fit(_safe_indexing(X, rows), _safe_indexing(y, rows), **params)
