"""Codes, and what passes beside them, become tags."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, log_expit, logit, logsumexp
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.metrics import accuracy_score
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from jobtag_sklearn.model_selection import stable_threshold
from jobtag_sklearn.neural_network import _networks
from jobtag_sklearn.neural_network._base import KerasEstimator, settings_of, sizes_of
from jobtag_sklearn.neural_network._batches import (
    TrainingBatches,
    dense_rows,
    padded,
    row_batches,
)
from jobtag_sklearn.neural_network._linear_path import (
    LinearPath,
    empty_linear_path,
    fit_linear_path,
)
from jobtag_sklearn.neural_network._metrics import MicroF1
from jobtag_sklearn.neural_network._weights import (
    class_weights,
    element_weights,
    grown_class_weights,
    row_weights,
)
from jobtag_sklearn.neural_network._without_keras import classifier_of
from jobtag_sklearn.serving._forward import WideAndDeep
from jobtag_sklearn.serving._steps import TRANSLATIONS, UnknownStepError
from jobtag_sklearn.utils._seeds import draw_seed
from jobtag_sklearn.utils._tags import (
    Tags,
    check_tags,
    names_of_tags,
    warn_of_constant_tags,
)

#: Dense rows of one direct call of the network.
_PREDICTION_BATCH = 1024
#: Share of postings that have a new tag, as long as nothing is known of it.
_RATE_OF_NEW = 0.05


class KerasMultiLabelClassifier(ClassifierMixin, KerasEstimator):
    """Deep network that gives each sample any number of tags.

    Each tag has a logit, the sum of up to three paths: a deep network of dense layers, a
    linear path beside it, and, with `n_wide_features`, a wide linear path over the last
    columns (Wide & Deep [1]_). The wide path starts at the optimum of one linear support
    vector machine a tag, calibrated on out-of-fold scores; the deep network learns what the
    wide path misses on rows that it was not fitted on.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(200, 150, 100, 50, 25)
        Sizes of the hidden layers.
    activation : str, default="relu"
        Activation of the hidden layers, by the name that Keras has for it.
    input_dropout : float, default=0.2
        Share of input columns left out in training. Codes that were learnt on the same rows
        are over-confident there; a high share makes up for it.
    dropout : float, default=0.2
        Share of each hidden layer left out in training.
    linear_path : bool, default=True
        Whether a linear layer leads from the input to the logits beside the deep network.
    n_wide_features : int, default=0
        How many of the last columns lead to the wide path; the others enter the deep
        network. With 0 there is no wide path.
    wide_C : float, default=0.3
        Inverse strength of the wide path's regularisation.
    wide_balance : float, default=0.5
        Power of the weights that would make both answers of a tag count the same in the
        wide path: 0 leaves rare tags alone, 1 balances them.
    wide_folds : int, default=5
        Folds of the wide path's out-of-fold scores.
    unlabeled_weight : float, default=0.1
        Weight in the wide path of tags that are not known. Each unknown tag is answered by
        the path itself, as often as the tag is given where it is known, and the path is
        fitted once more on these answers too (self-training [2]_). This needs tags that are
        unknown for no reason of their own; 0 leaves unknown tags out.
    threshold : float, array-like of shape (n_tags,) or "auto", default=0.5
        Probability from which on a tag is given: one for all, or one a tag, in the order of
        `classes_` or as a Series indexed by tag. "auto" finds
        one for all on out-of-fold scores where there is a wide path, else on
        `validation_fraction` of the rows, which then do not train; see
        :func:`jobtag_sklearn.model_selection.stable_threshold`. A classifier that has seen
        batches only has no such rows and takes 0.5. With one-dimensional `y` of more than
        two classes the most probable class wins and there is no threshold.
    class_weight : dict, "balanced" or None, default=None
        Weights of classes. For tags: ``{tag: weight of its positives}``, or "balanced" to
        weight positives and negatives of each tag inversely to their number. For
        one-dimensional `y`: ``{class: weight}``, or "balanced". Updates keep the weights of
        the fit; with ``new_tags="add"`` the dict may name tags that come later. A batch does
        not know how frequent tags are, so the first `partial_fit` of a classifier that was
        never fitted takes no "balanced".
    label_smoothing : float, default=0.05
        How far 0 and 1 are moved toward each other in the loss, which keeps a network from
        being surer than inconsistent tags allow.
    optimizer : str, class or keras.optimizers.Optimizer, default="adamw"
        Optimizer. Its parameters are routed, as in ``optimizer__weight_decay=1e-4``. An
        object is a pattern: each fit makes its own of the same settings.
    learning_rate : float, default=1e-3
        Learning rate at its peak. ``optimizer__learning_rate`` goes before it.
    update_learning_rate : float, default=None
        Learning rate of `partial_fit`; None keeps `learning_rate`.
    update_C : float, default=10.0
        How far the rows of a `partial_fit` may move the wide path away from its present
        weights.
    update_memory : float, default=1.0
        How much what the wide path has seen of a column holds that column's weights in
        `partial_fit`. With 1, rows that were learnt before count as much as those of the batch,
        and many small batches come to nearly the same as one large one; less follows postings
        that change, and 0 forgets earlier ones.
    new_tags : {"error", "add"}, default="error"
        What `partial_fit` does with tags that the classifier does not know: raise an error
        that names them, or learn them too. The columns of the others and their scores stay
        what they were; rows that were learnt before say nothing of a new tag.
    warmup : float, default=0.1
        Share of all steps in which the rate rises to its peak.
    learning_rate_decay : {"cosine", None}, default="cosine"
        How the rate falls after the warm-up.
    epochs : int, default=30
        Passes over the rows.
    batch_size : int, default=64
        Rows a step.
    early_stopping : bool, default=False
        Stop when the loss of held-out rows no longer falls, and keep the best weights.
    validation_fraction : float, default=0.1
        Share of rows held out with `early_stopping`, or to find a threshold.
    n_iter_no_change : int, default=5
        Epochs without a better loss before `early_stopping` ends the training.
    callbacks : list, dict, class or keras.callbacks.Callback, default=None
        Keras callbacks. The parameters of classes are routed, as in
        ``callbacks=keras.callbacks.BackupAndRestore, callbacks__backup_dir="backup"``.
    log_dir : str or path-like, default=None
        Folder for TensorBoard: losses, learning rate and weights of each epoch, the graph,
        in a folder for each fit that its updates go on writing. None writes nothing.
    warm_start : bool, default=False
        Whether `fit` goes on from the present weights.
    run_eagerly : bool, default=False
        Run without compiling; faster for a handful of small batches, and for debugging.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, order of rows, dropout, folds and held-out rows. No global state is
        read or changed.
    verbose : int or bool, default=0
        1 shows Keras' progress bars, of the wide path too; 2 shows a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The tags: column names of a DataFrame, else their positions; for one-dimensional `y`
        the sorted classes.
    threshold_ : float or ndarray of shape (n_tags,)
        The threshold found in `fit`; only with ``threshold="auto"``.
    model_ : keras.Model
        The deep network with its linear path; it takes columns and an offset for each logit.
    wide_ : LinearPath or None
        ``coef`` and ``intercept`` of the wide path, and how much it has ``seen`` of each column.
    history_ : dict of str to list of float
        Loss, learning rate and micro F1 at one half of each epoch, of the fit and of all
        updates.
    update_epochs_ : list of int
        Positions in `history_` of the epochs that were updates.
    log_folder_ : str
        The folder in `log_dir` that this fit and its updates write; only with `log_dir`.
    n_epochs_ : int
        Epochs trained so far.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, where they had names.

    See Also
    --------
    ConvAutoencoderTransformer : Makes codes of wide sparse columns.
    sklearn.neural_network.MLPClassifier : A network without dropout and without Keras.

    Notes
    -----
    Parameters of `optimizer` and `callbacks` are parameters of the estimator too, behind
    their prefix: ``optimizer__momentum``, ``callbacks__patience``.

    Missing tags (NaN) count neither for nor against in the deep network: a row without any
    known tag is passed over, a row of which some are known trains on those. The wide path
    learns a little from them, see `unlabeled_weight`; updates do not.

    References
    ----------
    .. [1] H.-T. Cheng et al., "Wide & Deep Learning for Recommender Systems", DLRS 2016.
    .. [2] D. Yarowsky, "Unsupervised Word Sense Disambiguation Rivaling Supervised Methods",
       ACL 1995; that each tag keeps its share is from X. Zhu et al., "Semi-Supervised
       Learning Using Gaussian Fields and Harmonic Functions", ICML 2003.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from jobtag_sklearn.neural_network import KerasMultiLabelClassifier
    >>> X, y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> classifier = KerasMultiLabelClassifier(epochs=5, random_state=0).fit(X, y)
    >>> classifier.predict(X[:2]).shape
    (2, 3)
    """

    classes_: npt.NDArray[Any]
    wide_: LinearPath | None
    _class_weights: Any
    _kind: str

    #: What `fit` does not look at while it is a number, for searches that need no new fit.
    _parameters_of_predict = ("threshold",)

    _parameter_constraints: ClassVar[dict] = {
        **KerasEstimator._parameter_constraints,
        "hidden_layer_sizes": ["array-like"],
        "activation": [str],
        "input_dropout": [Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "linear_path": ["boolean"],
        "n_wide_features": [Interval(Integral, 0, None, closed="left")],
        "wide_C": [Interval(Real, 0, None, closed="neither")],
        "wide_balance": [Interval(Real, 0, 1, closed="both")],
        "wide_folds": [Interval(Integral, 2, None, closed="left")],
        "unlabeled_weight": [Interval(Real, 0, 1, closed="both")],
        "threshold": [Interval(Real, 0, 1, closed="both"), "array-like", StrOptions({"auto"})],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "update_C": [Interval(Real, 0, None, closed="left")],
        "update_memory": [Interval(Real, 0, None, closed="left")],
        "new_tags": [StrOptions({"error", "add"})],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (200, 150, 100, 50, 25),
        *,
        activation: str = "relu",
        input_dropout: float = 0.2,
        dropout: float = 0.2,
        linear_path: bool = True,
        n_wide_features: int = 0,
        wide_C: float = 0.3,
        wide_balance: float = 0.5,
        wide_folds: int = 5,
        unlabeled_weight: float = 0.1,
        threshold: Any = 0.5,
        class_weight: Any = None,
        label_smoothing: float = 0.05,
        optimizer: Any = "adamw",
        learning_rate: float = 1e-3,
        update_learning_rate: float | None = None,
        update_C: float = 10.0,
        update_memory: float = 1.0,
        new_tags: str = "error",
        warmup: float = 0.1,
        learning_rate_decay: str | None = "cosine",
        epochs: int = 30,
        batch_size: int = 64,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        callbacks: Any = None,
        log_dir: Any = None,
        warm_start: bool = False,
        run_eagerly: bool = False,
        random_state: Any = None,
        verbose: int | bool = 0,
        **routed: Any,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.input_dropout = input_dropout
        self.dropout = dropout
        self.linear_path = linear_path
        self.n_wide_features = n_wide_features
        self.wide_C = wide_C
        self.wide_balance = wide_balance
        self.wide_folds = wide_folds
        self.unlabeled_weight = unlabeled_weight
        self.threshold = threshold
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.update_learning_rate = update_learning_rate
        self.update_C = update_C
        self.update_memory = update_memory
        self.new_tags = new_tags
        self.warmup = warmup
        self.learning_rate_decay = learning_rate_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks
        self.log_dir = log_dir
        self.warm_start = warm_start
        self.run_eagerly = run_eagerly
        self.random_state = random_state
        self.verbose = verbose
        self._store_routed(routed)

    # States of the two methods below:
    #
    # | method      | network | warm_start | classes   | what happens                       |
    # |-------------|---------|------------|-----------|------------------------------------|
    # | fit         | none    | any        | -         | new network, all epochs            |
    # | fit         | any     | False      | -         | new network, all epochs            |
    # | fit         | any     | True       | -         | all epochs more, from the present  |
    # |             |         |            |           | weights; y may bring no new tags   |
    # | partial_fit | none    | any        | None      | new network, one epoch; a table    |
    # |             |         |            |           | names its tags, 1-D labels raise   |
    # | partial_fit | none    | any        | given     | new network for these classes      |
    # | partial_fit | any     | any        | None      | one epoch more; new tags raise, or |
    # |             |         |            |           | are added with new_tags="add"      |
    # | partial_fit | any     | any        | given     | the same, if they are `classes_`   |
    #
    # A network that was loaded from a pickle is like any other: optimizer and random
    # generator go on from where they were.

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> KerasMultiLabelClassifier:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns.
        y : DataFrame or array-like of shape (n_samples, n_tags) or (n_samples,)
            Tags as 0/1, NaN where unknown, or one class label a sample.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; a sample of weight 0 does not take part.

        Returns
        -------
        self : KerasMultiLabelClassifier
            The fitted classifier.
        """
        go_on = self.warm_start and hasattr(self, "model_")
        with self._unchanged_on_error():
            X = self._validate_rows(X, reset=not go_on)
            tags = self._known_tags(y) if go_on else check_tags(y)
            self_trains = not go_on and self.n_wide_features and self.unlabeled_weight
            X, tags, given = self._take_part(X, tags, sample_weight, unknown=bool(self_trains))
            self._check_threshold(tags.indicators.shape[1])
            warn_of_constant_tags(tags)
            if go_on:
                self._continue_random_state()
            else:
                self._begin(X, tags)
            weight = self._row_weights(tags, given)
            rows, held_out = self._split(
                np.flatnonzero(tags.known),
                hold_out=self.early_stopping or (self._finds_threshold and self.wide_ is None),
            )
            if go_on:
                offset = self._update_wide(X, tags, weight)
            else:
                offset = self._fit_wide(X, tags, weight, held_out)
            self._train(
                self._batches(X, tags, weight, offset, rows, shuffle=True),
                self._batches(X, tags, weight, offset, held_out, shuffle=False)
                if self.early_stopping
                else None,
            )
            # a wide path that goes on knows all rows, and its threshold stays as it was
            if self._finds_threshold and not (go_on and self.wide_ is not None):
                if self.wide_ is None:
                    rows, offset = held_out, self._deep_logits(X)
                self.threshold_ = stable_threshold(
                    tags.indicators[rows],
                    expit(offset[rows]),
                    sample_weight=None if given is None else given[rows],
                )
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> KerasMultiLabelClassifier:
        """Train for one epoch more, from the present weights.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns.
        y : DataFrame or array-like of shape (n_samples, n_tags) or (n_samples,)
            Tags as in `fit`. The columns of a DataFrame are matched by name; a known tag
            without a column counts as 0.
        classes : array-like of shape (n_classes,), default=None
            All tags or classes that will ever come. Needed in the first call for
            one-dimensional `y`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : KerasMultiLabelClassifier
            The updated classifier.

        Raises
        ------
        ValueError
            If `y` has tags that the classifier does not know, and `new_tags` is "error", or
            `classes` are others than those of the first call.
        """
        first = not hasattr(self, "model_")
        with self._unchanged_on_error():
            X = self._validate_rows(X, reset=first)
            if not first and self.new_tags == "add":
                self._add_new_tags(y)
            tags = self._first_tags(y, classes) if first else self._same_tags(y, classes)
            X, tags, given = self._take_part(X, tags, sample_weight)
            self._check_threshold(tags.indicators.shape[1])
            if first:
                self._begin(X, tags)
                if self._finds_threshold:
                    self.threshold_ = 0.5
            else:
                self._continue_random_state()
            # wrong ones are found before anything is changed in place
            self._new_callbacks()
            weight = self._row_weights(tags, given)
            offset = self._update_wide(X, tags, weight)
            rows = np.arange(X.shape[0])
            self._update(self._batches(X, tags, weight, offset, rows, shuffle=True))
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
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
        X = self._validate_rows(X, reset=False)
        logits = self._logits(X).astype(np.float64)
        if self._kind == "multiclass":
            # in logarithms, since the probabilities of all classes may be too small to divide
            logs = log_expit(logits)
            return np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
        probabilities = expit(logits)
        if self._kind == "binary":
            return np.hstack([1 - probabilities, probabilities])
        return probabilities

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Predict tags, or classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns.

        Returns
        -------
        y : ndarray of shape (n_samples, n_tags) or (n_samples,)
            1 where the probability of a tag reaches its threshold, else 0; for
            one-dimensional `y` a class a sample.
        """
        return self._given(self.predict_proba(X))

    def _given(self, probabilities: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
        """Return the tags, or the classes, of samples with these probabilities."""
        if self._kind == "multiclass":
            return self.classes_[probabilities.argmax(axis=1)]
        if self._kind == "binary":
            return self.classes_[(probabilities[:, 1] >= self._thresholds(1)).astype(int)]
        return (probabilities >= self._thresholds(probabilities.shape[1])).astype(np.int64)

    def predict_tags(self, X: Any) -> list[list[Any]]:
        """Predict the names of each sample's tags.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns.

        Returns
        -------
        tags : list of list
            The tags of each sample in the order of `classes_`; the class of each sample in a
            list of one for one-dimensional `y`.
        """
        given = self.predict(X)
        if given.ndim == 1:
            return [[label] for label in given.tolist()]
        return names_of_tags(given, self.classes_.tolist())

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the share of samples of which every tag is right.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Columns.
        y : DataFrame or array-like of shape (n_samples, n_tags) or (n_samples,)
            True tags. The columns of a DataFrame are matched by name, and samples of which a
            tag is unknown are left out.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            Subset accuracy; for one-dimensional `y` plain accuracy.
        """
        check_is_fitted(self)
        if self._kind != "multilabel":
            return super().score(X, y, sample_weight)
        truth = self._known_tags(y).indicators
        given = self.predict(X)
        check_consistent_length(truth, given, sample_weight)
        whole = ~np.isnan(truth).any(axis=1)
        weight = None if sample_weight is None else np.asarray(sample_weight)[whole]
        return float(accuracy_score(truth[whole].astype(int), given[whole], sample_weight=weight))

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        wide = getattr(self, "wide_", None)
        if wide is not None:
            self.wide_ = wide.completed(self.update_C)

    def _validate_rows(self, X: Any, *, reset: bool) -> Any:
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float32, reset=reset)
        if reset and self.n_wide_features >= X.shape[1]:
            raise ValueError(
                f"n_wide_features={self.n_wide_features} of {X.shape[1]} features leaves none to "
                "the deep network; pass a smaller number"
            )
        return X

    def _first_tags(self, y: Any, classes: Any) -> Tags:
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs to know how frequent all tags are, which a first "
                "batch does not say; call fit first, or pass the weights as a dict"
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
        given = None if classes is None else np.asarray(classes).tolist()
        if given is not None and set(given) != set(self.classes_.tolist()):
            raise ValueError(
                f"`classes={given}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_.tolist()}"
            )
        return self._known_tags(y)

    def _add_new_tags(self, y: Any) -> None:
        """Give each tag of a table that is new an output, at the rate that the table has it."""
        if self._kind != "multilabel" or not isinstance(y, pd.DataFrame):
            return
        known = set(self.classes_.tolist())
        new = [tag for tag in y.columns if tag not in known]
        if not new:
            return
        indicators = check_tags(y[new]).indicators
        n_known = (~np.isnan(indicators)).sum(axis=0)
        # a tag of which this table knows little is rare until more is known
        rates = (np.nansum(indicators, axis=0) + _RATE_OF_NEW) / (n_known + 1)
        names = [*self.classes_.tolist(), *new]
        # names of other types stay what they are, and those of two levels one name each
        self.classes_ = np.empty(len(names), dtype=object)
        for position, name in enumerate(names):
            self.classes_[position] = name
        self._class_weights = grown_class_weights(
            self._class_weights, self.class_weight, len(known), new
        )
        if self.wide_ is not None:
            self.wide_ = self.wide_.with_tags(len(new))
        self._grow({**self._network_settings, "n_outputs": len(names)})
        bias = self.model_.get_layer(_networks.OUTPUT).bias
        bias.assign(np.concatenate([np.asarray(bias)[: -len(new)], logit(rates)]))

    def _known_tags(self, y: Any) -> Tags:
        return check_tags(y, classes=self.classes_, kind=self._kind)

    def _take_part(
        self, X: Any, tags: Tags, sample_weight: Any, *, unknown: bool = False
    ) -> tuple[Any, Tags, npt.NDArray[np.float32] | None]:
        """Leave out rows of weight zero and, but for `unknown`, those without known tags."""
        check_consistent_length(X, tags.indicators)
        rows = tags.known
        if not rows.any():
            raise ValueError("no sample has a known tag; pass 0 or 1 for at least some tags")
        if unknown:
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

    def _row_weights(
        self, tags: Tags, sample_weight: npt.NDArray[np.float32] | None
    ) -> npt.NDArray[np.float32] | None:
        """Multiply the weights of the samples and, for labels, of their classes."""
        weight = row_weights(tags, self._class_weights)
        if weight is None or sample_weight is None:
            return sample_weight if weight is None else weight
        return weight * sample_weight

    def _begin(self, X: Any, tags: Tags) -> None:
        self._start_random_state()
        self.classes_, self._kind = tags.classes, tags.kind
        self._class_weights = class_weights(
            tags, self.class_weight, more_to_come=self.new_tags == "add"
        )
        n_outputs = tags.indicators.shape[1]
        self.wide_ = None
        if self.n_wide_features:
            self.wide_ = empty_linear_path(int(self.n_wide_features), n_outputs)
        self.__dict__.pop("threshold_", None)
        self._start(
            {
                "n_features": X.shape[1] - int(self.n_wide_features),
                "n_outputs": n_outputs,
                "hidden_layer_sizes": sizes_of(self.hidden_layer_sizes, "hidden_layer_sizes"),
                "activation": self.activation,
                "input_dropout": float(self.input_dropout),
                "dropout": float(self.dropout),
                "linear_path": bool(self.linear_path),
                "seed": draw_seed(self._random),
            }
        )

    @property
    def _tag_weights(self) -> Any:
        return self._class_weights if self._kind == "multilabel" else None

    def _fit_wide(
        self,
        X: Any,
        tags: Tags,
        weight: npt.NDArray[np.float32] | None,
        watched: npt.NDArray[np.intp],
    ) -> npt.NDArray[np.float32]:
        """Fit the wide path and return what it says of rows that it was not fitted on."""
        offset = np.zeros_like(tags.indicators)
        if self.wide_ is None:
            return offset
        wide = self._wide_columns(X)
        rows = np.setdiff1d(np.arange(X.shape[0]), watched)
        self.wide_, offset[rows] = fit_linear_path(
            wide[rows],
            tags.indicators[rows],
            C=self.wide_C,
            balance=self.wide_balance,
            tag_weights=self._tag_weights,
            row_weights=None if weight is None else weight[rows],
            unlabeled_weight=self.unlabeled_weight,
            n_folds=self.wide_folds,
            seed=draw_seed(self._random),
            verbose=int(self.verbose),
        )
        if len(watched):
            offset[watched] = self.wide_.logits(wide[watched])
        return offset

    def _update_wide(
        self, X: Any, tags: Tags, weight: npt.NDArray[np.float32] | None
    ) -> npt.NDArray[np.float32]:
        """Let the wide path learn rows, and return what it said of them before.

        The deep network is then trained on what the path missed, as in `_fit_wide`: of rows
        that it has just learnt the path misses nothing.
        """
        if self.wide_ is None:
            return np.zeros_like(tags.indicators)
        wide = self._wide_columns(X)
        before = self.wide_.logits(wide)
        self.wide_ = self.wide_.updated(
            wide,
            tags.indicators,
            offset=self._deep_logits(X),
            weight=element_weights(tags.indicators, self._tag_weights, weight),
            C=self.update_C,
            memory=self.update_memory,
            order=self._random.permutation(X.shape[0]),
            verbose=int(self.verbose),
        )
        return before

    def _logits(self, X: Any) -> npt.NDArray[np.float32]:
        deep = self._deep_logits(X)
        return deep if self.wide_ is None else deep + self.wide_.logits(self._wide_columns(X))

    def _deep_logits(self, X: Any) -> npt.NDArray[np.float32]:
        columns = self._deep_columns(X)
        logits = np.empty((X.shape[0], self._network_settings["n_outputs"]), dtype=np.float32)
        for rows in row_batches(X.shape[0], _PREDICTION_BATCH):
            x = padded(dense_rows(columns, rows))
            offset = np.zeros((len(x), logits.shape[1]), dtype=np.float32)
            inputs = {_networks.FEATURES: x, _networks.OFFSET: offset}
            logits[rows] = self._call(self.model_, inputs)[: rows.stop - rows.start]
        return logits

    def _without_keras(self) -> WideAndDeep:
        if self._kind != "multilabel":
            raise UnknownStepError("a classifier of labels has no translation")
        network = self.model_
        return classifier_of(network, settings_of(network), self.wide_)

    def _deep_columns(self, X: Any) -> Any:
        return X if self.wide_ is None else X[:, : self._network_settings["n_features"]]

    def _wide_columns(self, X: Any) -> Any:
        return X[:, self._network_settings["n_features"] :]

    @property
    def _finds_threshold(self) -> bool:
        return isinstance(self.threshold, str) and self._kind != "multiclass"

    def _check_threshold(self, n_outputs: int) -> None:
        """Raise if the threshold is not one number, or one a tag, between 0 and 1."""
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
        """Return the threshold, a Series of tags in the order of `classes_`."""
        if not isinstance(self.threshold, pd.Series) or not hasattr(self, "classes_"):
            return self.threshold
        missing = [name for name in self.classes_.tolist() if name not in self.threshold.index]
        if missing:
            raise ValueError(f"threshold is a Series without the tags {missing[:20]}")
        return self.threshold.loc[self.classes_.tolist()]

    def _thresholds(self, n_outputs: int) -> Any:
        # again at predict, since a search sets it on a fitted classifier
        self._check_threshold(n_outputs)
        if not isinstance(self.threshold, str):
            return np.asarray(self._threshold_in_order(), dtype=np.float64)
        if not hasattr(self, "threshold_"):
            raise ValueError(
                "threshold='auto' was set after fit, so none was found; call fit, or set a number"
            )
        return self.threshold_

    def _batches(
        self,
        X: Any,
        tags: Tags,
        weight: npt.NDArray[np.float32] | None,
        offset: npt.NDArray[np.float32],
        rows: npt.NDArray[np.intp],
        *,
        shuffle: bool,
    ) -> TrainingBatches:
        return TrainingBatches(
            self._deep_columns(X),
            tags.indicators,
            rows,
            self.batch_size,
            offset=offset,
            sample_weight=weight,
            seed=draw_seed(self._random) if shuffle else None,
        )

    def _build_network(self, settings: dict[str, Any]) -> keras.Model:
        return _networks.build_classifier(**settings)

    def _compile_settings(self) -> dict[str, Any]:
        positive, negative = self._tag_weights or (1.0, 1.0)
        return {
            "loss": _networks.Float32Loss(
                _networks.tag_loss(
                    label_smoothing=float(self.label_smoothing),
                    positive_weight=positive,
                    negative_weight=negative,
                )
            ),
            "metrics": [MicroF1()],
        }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags


TRANSLATIONS[KerasMultiLabelClassifier] = KerasMultiLabelClassifier._without_keras
