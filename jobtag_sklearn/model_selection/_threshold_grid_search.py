"""A grid search that does not fit again for another threshold."""

from __future__ import annotations

import time
import warnings
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import rankdata
from sklearn.base import clone
from sklearn.metrics import check_scoring
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, ParameterGrid
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object

_THRESHOLD = "threshold"
_SINGLE = "score"


class ThresholdGridSearchCV(GridSearchCV):
    """Grid search that fits once for all thresholds.

    The same as :class:`~sklearn.model_selection.GridSearchCV`, with the same results, in
    less time: the ``threshold`` of :class:`~jobtag_sklearn.neural_network.\
KerasMultiLabelClassifier` and of :class:`~sklearn.model_selection.FixedThresholdClassifier`,
    where it is a number, only matters to `predict`. Candidates that differ in it share one
    fit, and in a pipeline one transformation of the held-out rows. All other parameters are
    searched as ever.

    Parameters
    ----------
    estimator : estimator
        Such a classifier, or a pipeline that ends in one.
    param_grid : dict or list of dict
        Parameter names and the values to try.
    scoring : str, callable, list, tuple or dict, default=None
        As in :class:`~sklearn.model_selection.GridSearchCV`.
    n_jobs : int, default=None
        Fits side by side.
    refit : bool, str or callable, default=True
        Whether, or by which score, to fit the best candidate on all rows.
    cv : int, cross-validator or iterable, default=None
        Folds; see :class:`MultiLabelStratifiedKFold`.
    verbose : int, default=0
        As in :class:`~sklearn.model_selection.GridSearchCV`: 1 tells how many fits there
        are, 2 and more tell of each; fits are told of, not thresholds.
    pre_dispatch : int or str, default="2*n_jobs"
        As in :class:`~sklearn.model_selection.GridSearchCV`.
    error_score : "raise" or numeric, default=np.nan
        As in :class:`~sklearn.model_selection.GridSearchCV`.
    return_train_score : bool, default=False
        Whether to score the training rows too.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        One row a candidate, as in :class:`~sklearn.model_selection.GridSearchCV`. Times are
        those of the shared fit, and of scoring all thresholds.
    best_estimator_ : estimator
        The best candidate, fitted on all rows, with `refit`.
    best_score_ : float
        Its mean score on held-out rows.
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its row of `cv_results_`.
    scorer_ : callable
        The scorer, or the scorers together.
    n_splits_ : int
        Number of splits.
    refit_time_ : float
        Seconds of the last fit, with `refit`.
    multimetric_ : bool
        Whether there is more than one score.

    See Also
    --------
    TunedMultiLabelThresholdClassifierCV : Finds the best threshold itself, without a grid.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from jobtag_sklearn.model_selection import ThresholdGridSearchCV
    >>> from jobtag_sklearn.neural_network import KerasMultiLabelClassifier
    >>> X, y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> search = ThresholdGridSearchCV(
    ...     KerasMultiLabelClassifier(epochs=3, random_state=0),
    ...     {"threshold": [0.3, 0.5, 0.7]}, scoring="f1_micro", cv=2)
    >>> len(search.fit(X, y).cv_results_["params"])
    3
    """

    def fit(self, X: Any, y: Any = None, **params: Any) -> ThresholdGridSearchCV:
        """Search, and fit the best candidate on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or what the estimator takes
            Rows.
        y : array-like of shape (n_samples, n_tags) or (n_samples,), default=None
            Tags.
        **params : dict
            Parameters of the estimator's `fit`.

        Returns
        -------
        self : ThresholdGridSearchCV
            The fitted search.
        """
        free = _free_parameter(self.estimator, self.param_grid)
        candidates, fits = _share_fits(self.param_grid, free)
        scorer = check_scoring(self.estimator, scoring=self.scoring)
        shared = GridSearchCV(
            self.estimator,
            [{name: [value] for name, value in params.items()} for params in fits],
            scoring=_AllThresholds(scorer, self.scoring, candidates, free, self.error_score),
            n_jobs=self.n_jobs,
            refit=False,
            cv=self.cv,
            verbose=self.verbose,
            pre_dispatch=self.pre_dispatch,
            error_score=self.error_score,
            return_train_score=self.return_train_score,
        ).fit(X, y, **params)

        self.scorer_ = scorer
        self.n_splits_ = shared.n_splits_
        self.cv_results_ = _expanded(candidates, shared.cv_results_, shared.n_splits_)
        metrics = [name[10:] for name in self.cv_results_ if name.startswith("mean_test_")]
        self.multimetric_ = metrics != [_SINGLE]
        self._choose(metrics)
        if self.refit:
            start = time.perf_counter()
            best = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
            fit_params = self._get_routed_params_for_fit(params).estimator.fit
            self.best_estimator_ = best.fit(X, y, **fit_params)
            self.refit_time_ = time.perf_counter() - start
            if hasattr(self.best_estimator_, "feature_names_in_"):
                self.feature_names_in_ = self.best_estimator_.feature_names_in_
        return self

    def _choose(self, metrics: list[str]) -> None:
        """Find the best candidate."""
        if self.multimetric_ and not callable(self.refit):
            if self.refit is False:
                return
            if self.refit not in metrics:
                raise ValueError(
                    f"with several scores, refit must be one of {metrics}, a callable or "
                    f"False; got {self.refit!r}"
                )
        if callable(self.refit):
            self.best_index_ = self.refit(self.cv_results_)
        else:
            metric = self.refit if self.multimetric_ else _SINGLE
            self.best_index_ = int(self.cv_results_[f"rank_test_{metric}"].argmin())
            self.best_score_ = self.cv_results_[f"mean_test_{metric}"][self.best_index_]
        self.best_params_ = self.cv_results_["params"][self.best_index_]


class _Candidate(NamedTuple):
    """A candidate of the search: which shared fit it has, and the threshold set afterwards."""

    params: dict[str, Any]
    fit: int
    threshold: Any


def _free_parameter(estimator: Any, grid: Any) -> str | None:
    """Return the name of the threshold that no fit looks at, if the estimator has one."""
    path = ""
    while isinstance(estimator, Pipeline):
        name, estimator = estimator.steps[-1]
        path += name
        if any(path in one for one in ([grid] if isinstance(grid, dict) else grid)):
            return None  # the grid puts other classifiers there
        path += "__"
    looks_late = isinstance(estimator, FixedThresholdClassifier) or _THRESHOLD in getattr(
        estimator, "_parameters_of_predict", ()
    )
    return path + _THRESHOLD if looks_late else None


def _share_fits(grid: Any, free: str | None) -> tuple[list[_Candidate], list[dict[str, Any]]]:
    """Return all candidates, and what is fitted for them."""
    candidates: list[_Candidate] = []
    fits: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    for params in ParameterGrid(grid):
        fitted = dict(params)
        threshold = fitted.pop(free) if isinstance(params.get(free), Real) else None
        # a grid gives the very same values to all its candidates
        same = (
            number
            for number, others in enumerate(kept)
            if others.keys() == fitted.keys()
            and fits[number].keys() == params.keys()
            and all(others[name] is value for name, value in fitted.items())
        )
        number = next(same, len(fits))
        if number == len(fits):
            kept.append(fitted)
            # with a number, since "auto" would hold rows out
            fits.append(params)
        candidates.append(_Candidate(params, number, threshold))
    return candidates, fits


class _AllThresholds:
    """Scores of one fitted estimator at all thresholds, each under a name of its own."""

    def __init__(
        self,
        scorer: Any,
        scoring: Any,
        candidates: list[_Candidate],
        free: str | None,
        error_score: Any,
    ) -> None:
        self._scorer, self._free, self._error_score = scorer, free, error_score
        # others may look at the pipeline, or at its rows
        self._is_of_scikit_learn = _is_of_scikit_learn(scoring)
        self._thresholds = {_key(one.threshold): one.threshold for one in candidates}

    def __call__(self, estimator: Any, X: Any, y: Any, **params: Any) -> dict[str, float]:
        if self._free is None:
            return self._score(_key(None), estimator, X, y, params)
        scored, name = estimator, self._free
        if isinstance(estimator, Pipeline) and len(estimator) > 1 and self._is_of_scikit_learn:
            X, scored = estimator[:-1].transform(X), estimator[-1]
            name = name.removeprefix(f"{estimator.steps[-1][0]}__")
        fitted = scored.get_params()[name]
        scores = {}
        for key, threshold in self._thresholds.items():
            scored.set_params(**{name: fitted if threshold is None else threshold})
            scores.update(self._score(key, scored, X, y, params))
        # it will be scored again, on the training rows
        scored.set_params(**{name: fitted})
        return scores

    def _score(self, key: str, estimator: Any, X: Any, y: Any, params: Any) -> dict[str, float]:
        try:
            found = self._scorer(estimator, X, y, **params)
        except Exception as error:
            if self._error_score == "raise":
                raise
            warnings.warn(
                f"scoring failed at {key[1:]}, whose score is {self._error_score}: {error}",
                UserWarning,
                stacklevel=2,
            )
            found = self._error_score
        found = found if isinstance(found, dict) else {_SINGLE: found}
        return {metric + key: value for metric, value in found.items()}

    def get_metadata_routing(self) -> Any:
        return get_routing_for_object(self._scorer)


def _is_of_scikit_learn(scoring: Any) -> bool:
    if isinstance(scoring, dict):
        scoring = list(scoring.values())
    each = scoring if isinstance(scoring, (list, tuple, set)) else [scoring]
    return all(
        one is None or isinstance(one, str) or type(one).__module__ == "sklearn.metrics._scorer"
        for one in each
    )


def _key(threshold: Any) -> str:
    return f"@{_THRESHOLD}={threshold!r}"


def _expanded(
    candidates: list[_Candidate], shared: dict[str, Any], n_splits: int
) -> dict[str, Any]:
    """Return results with one row a candidate from those with one row a fit."""
    rows = np.array([candidate.fit for candidate in candidates])
    results = {name: column[rows] for name, column in shared.items() if name.endswith("_time")}
    names = sorted({name for candidate in candidates for name in candidate.params})
    for name in names:
        column = np.ma.masked_all(len(candidates), dtype=object)
        for row, candidate in enumerate(candidates):
            if name in candidate.params:
                column[row] = candidate.params[name]
        results[f"param_{name}"] = column
    results["params"] = [candidate.params for candidate in candidates]
    keys = [_key(candidate.threshold) for candidate in candidates]
    of_first = [name for name in shared if name.startswith("split0_") and name.endswith(keys[0])]
    for name in of_first:
        kind, metric = name.removeprefix("split0_").removesuffix(keys[0]).split("_", 1)
        scores = np.array(
            [
                [shared[f"split{split}_{kind}_{metric}{key}"][row] for split in range(n_splits)]
                for row, key in zip(rows, keys, strict=True)
            ]
        )
        for split in range(n_splits):
            results[f"split{split}_{kind}_{metric}"] = scores[:, split]
        means = scores.mean(axis=1)
        results[f"mean_{kind}_{metric}"] = means
        results[f"std_{kind}_{metric}"] = scores.std(axis=1)
        if kind == "test":
            worst = np.nan_to_num(-means, nan=np.inf)
            results[f"rank_test_{metric}"] = rankdata(worst, method="min").astype(np.int32)
    return results
