"""MultiLabelLinearSVC: wide sparse columns become a calibrated score a tag."""

from __future__ import annotations

import copy
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from jobtag_sklearn.linear_model._calibration import Context, combine
from jobtag_sklearn.linear_model._online import (
    LinearState,
    information_of,
    sum_of_squares,
)
from jobtag_sklearn.linear_model._search import (
    candidates,
    out_of_fold_splits,
    words_of_names,
)
from jobtag_sklearn.linear_model._solver import solve, with_short_indices
from jobtag_sklearn.model_selection._choose import f1_at_chosen_thresholds
from jobtag_sklearn.utils._class_weights import (
    element_weights,
    row_weights,
)
from jobtag_sklearn.utils._restoring import unchanged_on_error
from jobtag_sklearn.utils._seeds import draw_seed
from jobtag_sklearn.utils._sparse_columns import canonical, columns_in, columns_of
from jobtag_sklearn.utils._tag_classifier import TagClassifierMixin
from jobtag_sklearn.utils._tags import Tags, check_tags, warn_of_constant_tags

_Floats = npt.NDArray[np.float64]


class MultiLabelLinearSVC(TagClassifierMixin, TransformerMixin, BaseEstimator):
    """One linear support vector machine a tag, calibrated together.

    Each tag has a linear support vector machine with squared hinge loss, solved to its
    optimum. `C` and the class weights are chosen on out-of-fold scores. One logistic
    regression that all tags share turns the scores into probabilities. Its features are the
    score, the similarity of the row to the tag's name (with `tag_vectorizers`), and, in a
    second step, what the other tags of the row make likely.

    It is a classifier and a transformer: `transform` returns the calibrated logits. As in
    :class:`~sklearn.preprocessing.TargetEncoder`, `fit_transform` differs from
    ``fit(X, y).transform(X)``: it returns out-of-fold logits, so that a model that is trained
    on them sees scores as good as those of new rows, and no better.

    Parameters
    ----------
    C : float or "auto", default="auto"
        Inverse strength of the regularisation. "auto" chooses 0.3 or 1.
    balance : float or "auto", default="auto"
        Exponent of the weights that would make both classes of each tag count the same: 0
        leaves rare tags alone, 1 is scikit-learn's ``class_weight="balanced"``. "auto"
        chooses 0 or 0.5. Has no effect with `class_weight`.
    tag_vectorizers : list of transformers, default=None
        Each turns a list of tag names into word counts in the leading columns of `X`, such as
        a :class:`~jobtag_sklearn.feature_extraction.HashingVectorizer`. The cosine similarity
        of a row to the name of a tag is then a feature of the shared regression, with one
        weight a vectorizer. They are cloned and fitted on the names. Needs a `y` with column
        names that are text; others are ignored.
    cv : int, cross-validation generator or iterable, default=3
        Folds of the out-of-fold scores. An int is the number of shuffled folds.
    threshold : float, array-like of shape (n_tags,) or "auto", default="auto"
        Probability from which on a tag is predicted: one for all, or one a tag, in the order
        of `classes_` or as a Series indexed by tag. "auto" takes those that
        :func:`~jobtag_sklearn.model_selection.choose_thresholds` finds on out-of-fold
        probabilities, and 0.5 for one-dimensional `y`.
    unlabeled_weight : float, default=0.1
        Weight of tags that are unknown (NaN). The classifier predicts them, as often as the
        tag is known to be given, and is fitted once more on these predictions too
        (self-training [1]_). 0 leaves unknown tags out.
    class_weight : dict, "balanced" or None, default=None
        Weights in place of `balance`: ``{tag: weight of its positives}`` or ``{class: weight}``.
    update_C : float, default=10.0
        Weight of the rows of a `partial_fit` against the present weights.
    update_memory : float, default=1.0
        How much earlier rows hold the weights of a column in `partial_fit`. With 1, many
        small batches come to nearly the same as one large one; 0 forgets earlier rows.
    new_tags : {"error", "add"}, default="error"
        What `partial_fit` does with unknown columns of `y`: raise an error, or add them to
        `classes_`. A new tag starts at the similarity to its name.
    n_jobs : int, default=None
        Number of processes, which share the tags among them.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds and the order of rows in updates.
    verbose : int or bool, default=0
        1 prints the out-of-fold F1 of each candidate.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The tags: column names of a DataFrame, else their positions; for one-dimensional `y`
        the sorted classes.
    C_ : float
        The `C` of the fit.
    balance_ : float
        The `balance` of the fit; 0 with `class_weight`.
    columns_ : ndarray of shape (n_columns,)
        Columns of `X` that have occurred; all others have weight 0.
    coef_ : ndarray of shape (n_tags, n_columns)
        Weights of these columns, before the context of the other tags.
    intercept_ : ndarray of shape (n_tags,)
        Intercepts.
    name_weights_ : ndarray of shape (n_vectorizers,)
        Weights of the similarities to tag names, which `coef_` contains already.
    context_ : Context
        What the other tags of a row add.
    threshold_ : float or ndarray of shape (n_tags,)
        The chosen threshold; only with ``threshold="auto"``.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, where all of them are text.

    See Also
    --------
    sklearn.svm.LinearSVC : The solver of each tag.

    References
    ----------
    .. [1] D. Yarowsky, "Unsupervised Word Sense Disambiguation Rivaling Supervised Methods",
       ACL 1995.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from jobtag_sklearn.linear_model import MultiLabelLinearSVC
    >>> X, y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> classifier = MultiLabelLinearSVC(random_state=0).fit(X, y)
    >>> classifier.predict(X[:2]).shape
    (2, 3)
    """

    _random: np.random.RandomState

    _parameter_constraints: ClassVar[dict] = {
        "C": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "balance": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"})],
        "tag_vectorizers": ["array-like", None],
        "cv": ["cv_object"],
        "threshold": [Interval(Real, 0, 1, closed="both"), "array-like", StrOptions({"auto"})],
        "unlabeled_weight": [Interval(Real, 0, 1, closed="both")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "update_C": [Interval(Real, 0, None, closed="left")],
        "update_memory": [Interval(Real, 0, None, closed="left")],
        "new_tags": [StrOptions({"error", "add"})],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        C: Any = "auto",
        *,
        balance: Any = "auto",
        tag_vectorizers: Any = None,
        cv: Any = 3,
        threshold: Any = "auto",
        unlabeled_weight: float = 0.1,
        class_weight: Any = None,
        update_C: float = 10.0,
        update_memory: float = 1.0,
        new_tags: str = "error",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int | bool = 0,
    ) -> None:
        self.C = C
        self.balance = balance
        self.tag_vectorizers = tag_vectorizers
        self.cv = cv
        self.threshold = threshold
        self.unlabeled_weight = unlabeled_weight
        self.class_weight = class_weight
        self.update_C = update_C
        self.update_memory = update_memory
        self.new_tags = new_tags
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MultiLabelLinearSVC:
        """Fit the classifier.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns.
        y : DataFrame or array-like of shape (n_samples, n_tags) or (n_samples,)
            Tags as 0/1, NaN where unknown, or one class label a sample.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights. Samples of weight 0 take no part.

        Returns
        -------
        self : MultiLabelLinearSVC
            The fitted classifier.
        """
        self._fit(X, y, sample_weight)
        return self

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None
    ) -> npt.NDArray[np.float32]:
        """Fit the classifier and return out-of-fold logits.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns.
        y : DataFrame or array-like of shape (n_samples, n_tags) or (n_samples,)
            Tags as 0/1, NaN where unknown, or one class label a sample.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights. Samples of weight 0 take no part.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_tags), dtype float32
            Calibrated logits of each sample from a fit on other samples. Samples that take
            no part, or have no known tag, get those of the whole fit.
        """
        return self._fit(X, y, sample_weight)

    @_fit_context(prefer_skip_nested_validation=True)
    def _fit(self, X: Any, y: Any, sample_weight: Any) -> npt.NDArray[np.float32]:
        with unchanged_on_error(self):
            X = self._validate(X, reset=True)
            tags = check_tags(y)
            used, tags_used, given = self._take_part(
                np.arange(X.shape[0])[:, None],
                tags,
                sample_weight,
                keep_unknown=bool(self.unlabeled_weight),
            )
            self._check_threshold(tags.indicators.shape[1])
            warn_of_constant_tags(tags_used)
            self._start_random_state()
            rows = used.ravel()
            seed = draw_seed(self._random)
            folds = out_of_fold_splits(self.cv, rows, tags_used.known, tags, seed)
            out_of_fold = self._fit_rows(X[rows], tags_used, given, folds)
            known = rows[tags_used.known]
            logits = np.empty(tags.indicators.shape, dtype=np.float32)
            logits[known] = out_of_fold[tags_used.known]
            others = np.setdiff1d(np.arange(X.shape[0]), known)
            if len(others):
                logits[others] = self._logits(X[others])
        return logits

    def _fit_rows(
        self,
        X: Any,
        tags: Tags,
        sample_weight: npt.NDArray[np.float32] | None,
        folds: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]],
    ) -> npt.NDArray[np.float32]:
        """Fit on the rows that take part and return their out-of-fold logits."""
        self._set_classes(tags)
        weight = self._entry_weights(tags, sample_weight)
        Y = tags.indicators
        columns = columns_in(X)
        X = with_short_indices(columns_of(X, columns).astype(np.float64))
        names = self._names(columns, tags.classes.tolist()[-Y.shape[1] :])
        entries = np.where(np.isnan(Y), 0, 1.0 if weight is None else weight)
        fit_tags = partial(
            solve, X, Y, weight, unlabeled_weight=self.unlabeled_weight, n_jobs=self.n_jobs
        )
        best = None
        for C, balance in candidates(self.C, self.balance, self.class_weight):
            scores = np.zeros(Y.shape)
            for fitted, held_out in folds:
                coef, intercept = fit_tags(rows=fitted, C=C, balance=balance)
                scores[held_out] = X[held_out] @ coef + intercept
            combined = combine(scores, [X @ name for name in names], Y, entries)
            out_of_fold = combined.context(combined.logits)
            f1 = f1_at_chosen_thresholds(Y, out_of_fold, entries > 0, sample_weight=sample_weight)
            if self.verbose:
                line = f"C={C:g}, balance={balance:g}: mean of micro and macro F1 {f1:.3f}"
                print(f"[MultiLabelLinearSVC] {line}, out-of-fold", flush=True)  # noqa: T201
            if best is None or f1 > best[0]:
                best = f1, C, balance, combined
        assert best is not None
        _, self.C_, self.balance_, combined = best
        coef, intercept = fit_tags(C=self.C_, balance=self.balance_)
        slope, self.name_weights_ = combined.coef[0], combined.coef[1:]
        coef *= slope
        for name_weight, name in zip(self.name_weights_, names, strict=True):
            coef += name_weight * name.toarray()
        self.context_ = combined.context
        known = tags.known
        self._linear = LinearState(
            columns,
            np.ascontiguousarray(coef, dtype=np.float32),
            (slope * intercept + combined.intercept).astype(np.float32),
            sum_of_squares(X[known]),
            int(known.sum()),
            information_of(combined.logits, entries),
        )
        logits = self.context_(combined.logits)
        self.__dict__.pop("threshold_", None)
        if self._finds_threshold:
            of_rows = None if sample_weight is None else sample_weight[known]
            self._choose_threshold(Y[known], logits[known], of_rows)
        return logits.astype(np.float32)

    def _entry_weights(
        self, tags: Tags, sample_weight: npt.NDArray[np.float32] | None
    ) -> npt.NDArray[np.float32] | None:
        """Return a weight for each entry of the table of tags; None if all are 1."""
        of_rows = row_weights(tags, self._class_weights, sample_weight)
        return element_weights(tags.indicators, self._tag_weights, of_rows)

    def _names(self, columns: npt.NDArray[np.int32], names: list[Any]) -> list[Any]:
        return words_of_names(self.tag_vectorizers, names, columns, self.n_features_in_)

    # States of partial_fit:
    #
    # | fitted | classes | what happens                                                       |
    # |--------|---------|--------------------------------------------------------------------|
    # | no     | None    | starts at zero weights; a table names its tags, 1-D labels raise   |
    # | no     | given   | starts at zero weights with these classes                          |
    # | yes    | None    | update; new tags raise, or are added with new_tags="add"           |
    # | yes    | given   | the same, if they are `classes_`                                   |

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> MultiLabelLinearSVC:
        """Learn further rows, from the present weights.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns. Columns that have not occurred before are added.
        y : DataFrame or array-like of shape (n_samples, n_tags) or (n_samples,)
            Tags as in `fit`. The columns of a DataFrame are matched by name; a known tag
            without a column counts as 0.
        classes : array-like of shape (n_classes,), default=None
            All tags or classes that will ever come. Needed in the first call for
            one-dimensional `y`.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        self : MultiLabelLinearSVC
            The updated classifier.

        Raises
        ------
        ValueError
            If `y` has unknown tags and `new_tags` is "error", or `classes` differ from those
            of the first call.
        """
        first = not hasattr(self, "_linear")
        with unchanged_on_error(self):
            X = self._validate(X, reset=first)
            if not first and (new := self._new_tags(y)):
                self._grow(X, y, new)
            tags = self._first_tags(y, classes) if first else self._same_tags(y, classes)
            X, tags, given = self._take_part(X, tags, sample_weight)
            self._check_threshold(tags.indicators.shape[1])
            if first:
                self._start(tags)
            # a copy, so that an update that fails leaves the generator as it was
            self._random = copy.deepcopy(self._random)
            self._linear = self._linear.updated(
                X,
                tags.indicators,
                self._entry_weights(tags, given),
                C=self.update_C,
                memory=self.update_memory,
                order=self._random.permutation(X.shape[0]),
            )
        return self

    def _start_random_state(self) -> None:
        """Make the generator that this fit and all its updates draw from."""
        self._random = np.random.RandomState(draw_seed(check_random_state(self.random_state)))

    def _start(self, tags: Tags) -> None:
        """Begin with zero weights."""
        self._set_classes(tags)
        self._start_random_state()
        self.C_, self.balance_ = candidates(self.C, self.balance, self.class_weight)[0]
        self.name_weights_ = np.zeros(len(self.tag_vectorizers or ()))
        self.context_ = Context()
        self._linear = LinearState.empty(tags.indicators.shape[1])
        if self._finds_threshold:
            self.threshold_ = 0.5

    def _grow(self, X: Any, y: Any, new: list[Any]) -> None:
        """Add tags, which start at the similarity to their names and at their frequency."""
        intercept = self._add_tags(y, new).astype(np.float32)
        linear = self._linear.with_columns(columns_in(X))
        coef = np.zeros((len(linear.columns), len(new)), dtype=np.float32)
        names = self._names(linear.columns, new)
        for weight, name in zip(self.name_weights_, names, strict=False):
            coef += (weight * name).toarray().astype(np.float32)
        self._linear = linear.with_tags(coef, intercept)

    @property
    def columns_(self) -> npt.NDArray[np.int32]:
        """Columns that have occurred."""
        return self._linear.columns

    @property
    def coef_(self) -> npt.NDArray[np.float32]:
        """Weights of `columns_`."""
        return self._linear.coef.T

    @property
    def intercept_(self) -> npt.NDArray[np.float32]:
        """Intercepts."""
        return self._linear.intercept

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Return the calibrated logit of each tag.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_tags), dtype float32
            Logits; their sigmoid is `predict_proba`.
        """
        check_is_fitted(self)
        return self._logits(self._validate(X, reset=False)).astype(np.float32)

    def predict_proba(self, X: Any) -> _Floats:
        """Return the probability of each tag.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Of each tag by itself; for one-dimensional `y` of each class, summing to 1.
        """
        check_is_fitted(self)
        return self._probabilities(self._logits(self._validate(X, reset=False)))

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """Return the names of the columns of `transform`: those of the tags.

        Parameters
        ----------
        input_features : Ignored
            Present for API consistency.

        Returns
        -------
        names : ndarray of shape (n_tags,), dtype object
            Names. With two classes of a one-dimensional `y`, the name of the second.
        """
        check_is_fitted(self)
        classes = self.classes_[1:] if self._kind == "binary" else self.classes_
        return np.array(list(map(str, classes.tolist())), dtype=object)

    def _logits(self, X: Any) -> _Floats:
        return self.context_(self._linear.logits(X))

    def _validate(self, X: Any, *, reset: bool) -> Any:
        X = validate_data(
            self, X, accept_sparse="csr", dtype=[np.float32, np.float64], reset=reset
        )
        return canonical(X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_linear")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = []
        return tags
