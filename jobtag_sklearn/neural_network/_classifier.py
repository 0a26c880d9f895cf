"""A dense network from columns to tags."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import keras
import numpy as np
import numpy.typing as npt
from sklearn.base import _fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from jobtag_sklearn.neural_network import _networks
from jobtag_sklearn.neural_network._base import KerasEstimator, settings_of, sizes_of, state_of
from jobtag_sklearn.neural_network._batches import TrainingBatches
from jobtag_sklearn.neural_network._cross_fitting import best_share, folds
from jobtag_sklearn.neural_network._metrics import MicroF1
from jobtag_sklearn.neural_network._new_scores import names_of_new_scores, without_new_scores
from jobtag_sklearn.neural_network._without_keras import classifier_of
from jobtag_sklearn.utils._class_weights import row_weights
from jobtag_sklearn.utils._forward import DeepTagger
from jobtag_sklearn.utils._seeds import draw_seed
from jobtag_sklearn.utils._tag_classifier import TagClassifierMixin, frequency_logits
from jobtag_sklearn.utils._tags import Tags, check_tags, warn_of_constant_tags


class KerasMultiLabelClassifier(TagClassifierMixin, KerasEstimator):
    """Deep network that gives each sample any number of tags.

    Dense layers with dropout lead from dense columns to a logit for each tag. With
    `scores_first`, the network starts from scores of another model, such as
    :class:`~jobtag_sklearn.linear_model.MultiLabelLinearSVC`, and learns what these miss.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(200, 150, 100, 50, 25)
        Sizes of the hidden layers. Their activation is ReLU.
    scores_first : bool, default=False
        Whether the first columns of `X` are logits of the tags, in the order of `classes_`
        (one column for the second class of binary labels), out-of-fold for training rows.
        The predicted logits are ``scores + deep_share_ * deep``: what the hidden layers,
        which see all columns, learn is added to the scores.
    input_dropout : float, default=0.5
        Fraction of the input columns that the hidden layers do not see in a training step.
    dropout : float, default=0.2
        Fraction of the units of each hidden layer that are dropped in a training step.
    cv : int or cross-validation splitter, default=3
        Folds for the out-of-fold predictions on which `deep_share_` and `threshold_` are
        chosen; each fold trains the network once more. An int is a number of shuffled folds.
        There are none if nothing is to be chosen, or with fewer than two rows per fold.
    threshold : float, array-like of shape (n_tags,) or "auto", default="auto"
        Lowest probability of a predicted tag: one number for all tags, or one a tag, in the
        order of `classes_` or as a Series indexed by tag. "auto" chooses it with
        :func:`~jobtag_sklearn.model_selection.choose_thresholds` on out-of-fold
        probabilities, and is 0.5 without them and for one-dimensional labels of two classes.
    class_weight : dict, "balanced" or None, default=None
        Weights of classes in the loss. For tags: ``{tag: weight of its positives}``, or
        "balanced" to weight positives and negatives of each tag inversely to their number.
        For one-dimensional `y`: ``{class: weight}`` or "balanced". Updates keep the weights
        of `fit`. With ``new_tags="add"`` the dict may name tags that come later.
    new_tags : {"error", "add"}, default="error"
        What `partial_fit` does if a DataFrame has columns that are not in `classes_`: raise
        an error, or add them to `classes_`.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        Optimizer. Its parameters are routed, as in ``optimizer__weight_decay=1e-4``. Each
        fit makes a new optimizer with the settings of an object.
    learning_rate : float, default=1e-3
        Highest learning rate of `fit`: it rises in the first tenth of the steps, and then
        decays along a cosine. Optimizer objects, ``optimizer__learning_rate`` and schedules
        override it.
    update_learning_rate : float, default=None
        Constant learning rate of `partial_fit`. None is `learning_rate`.
    epochs : int, default=10
        Number of epochs.
    batch_size : int, default=64
        Size of the mini-batches.
    early_stopping : bool, default=False
        Whether to stop if the loss of held-out rows has not fallen for five epochs, and to
        keep the best weights.
    validation_fraction : float, default=0.1
        Fraction of the rows to hold out with `early_stopping`.
    callbacks : list, dict, class or keras.callbacks.Callback, default=None
        Keras callbacks. The parameters of classes are routed, as in
        ``callbacks=keras.callbacks.BackupAndRestore, callbacks__backup_dir="backup"``. Each
        fit works on copies of objects; the folds have no callbacks.
    log_dir : str or path-like, default=None
        Folder for TensorBoard logs: losses, learning rate and weights of each epoch, and the
        graph. Each fit has a folder of its own, to which its updates are added.
    warm_start : bool, default=False
        Whether `fit` continues from the present weights, with the same `deep_share_` and
        `threshold_`.
    run_eagerly : bool, default=False
        Whether to train without compiling, which is faster for a few small mini-batches.
    random_state : int, RandomState instance or None, default=None
        Seeds the weights, the order of the rows, dropout, folds and held-out rows.
    verbose : int or bool, default=0
        1 shows the progress bars of Keras, 2 a line for each epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The tags: column names of a DataFrame, else their positions. For one-dimensional `y`
        the sorted classes.
    deep_share_ : float
        Share of the hidden layers' logits that is added to the scores: that with the lowest
        out-of-fold log loss, or 0 if it lowers the mean of micro and macro F1 by more than
        0.001, or if there are no out-of-fold predictions. 1 without `scores_first`.
    threshold_ : float or ndarray of shape (n_tags,)
        The threshold in use. Only with ``threshold="auto"``.
    model_ : keras.Model
        The network, from columns to logits, as if `deep_share_` were 1.
    history_ : dict of str to list of float
        Loss, learning rate, and micro F1 at a probability of 0.5 of each epoch of `fit` and
        of all updates.
    update_epochs_ : list of int
        Positions in `history_` of the updates.
    log_folder_ : str
        Folder of the logs of this fit and its updates. Only with `log_dir`.
    n_epochs_ : int
        Number of epochs so far.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were all strings.

    See Also
    --------
    jobtag_sklearn.linear_model.MultiLabelLinearSVC : Makes scores to start from.
    ConvAutoencoderTransformer : Makes codes of wide sparse columns.
    sklearn.neural_network.MLPClassifier : A network without dropout and without Keras.

    Notes
    -----
    Unknown tags (NaN) do not count in the loss, and rows without any known tag are ignored.

    The weights of the last layer are zero at first. Its biases are zero with `scores_first`
    or `class_weight`, else the log-odds of the tags' frequencies. The defaults suit a network
    that starts from scores. Without scores it needs more epochs, and learns faster with a
    lower `input_dropout`.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from jobtag_sklearn.neural_network import KerasMultiLabelClassifier
    >>> X, y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> classifier = KerasMultiLabelClassifier(epochs=5, random_state=0).fit(X, y)
    >>> classifier.predict(X[:2]).shape
    (2, 3)
    """

    deep_share_: float
    feature_names_in_: npt.NDArray[Any]

    _parameter_constraints: ClassVar[dict] = {
        **KerasEstimator._parameter_constraints,
        "hidden_layer_sizes": ["array-like"],
        "scores_first": ["boolean"],
        "input_dropout": [Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "cv": [Interval(Integral, 2, None, closed="left"), HasMethods(["split"])],
        "threshold": [Interval(Real, 0, 1, closed="both"), "array-like", StrOptions({"auto"})],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "new_tags": [StrOptions({"error", "add"})],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (200, 150, 100, 50, 25),
        *,
        scores_first: bool = False,
        input_dropout: float = 0.5,
        dropout: float = 0.2,
        cv: Any = 3,
        threshold: Any = "auto",
        class_weight: Any = None,
        new_tags: str = "error",
        optimizer: Any = "adam",
        learning_rate: float = 1e-3,
        update_learning_rate: float | None = None,
        epochs: int = 10,
        batch_size: int = 64,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        callbacks: Any = None,
        log_dir: Any = None,
        warm_start: bool = False,
        run_eagerly: bool = False,
        random_state: Any = None,
        verbose: int | bool = 0,
        **routed: Any,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.scores_first = scores_first
        self.input_dropout = input_dropout
        self.dropout = dropout
        self.cv = cv
        self.threshold = threshold
        self.class_weight = class_weight
        self.new_tags = new_tags
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.update_learning_rate = update_learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.callbacks = callbacks
        self.log_dir = log_dir
        self.warm_start = warm_start
        self.run_eagerly = run_eagerly
        self.random_state = random_state
        self.verbose = verbose
        self._store_routed(routed)

    # States of the two methods below:
    #
    # | method      | network | warm_start | classes   | what happens                         |
    # |-------------|---------|------------|-----------|--------------------------------------|
    # | fit         | none    | any        | -         | new network, all epochs, folds       |
    # | fit         | any     | False      | -         | new network, all epochs, folds       |
    # | fit         | any     | True       | -         | all epochs more, from the present    |
    # |             |         |            |           | weights, no folds; new tags raise    |
    # | partial_fit | none    | any        | None      | new network, one epoch, no folds; a  |
    # |             |         |            |           | table names its tags, 1-D `y` raises |
    # | partial_fit | none    | any        | given     | the same, for these classes          |
    # | partial_fit | any     | any        | None      | one epoch more; new tags raise, or   |
    # |             |         |            |           | are added with new_tags="add"        |
    # | partial_fit | any     | any        | given     | the same, if they are `classes_`     |
    #
    # An unpickled network is like any other: its optimizer and random generator continue from
    # where they were.

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> KerasMultiLabelClassifier:
        """Train the network, and choose `deep_share_` and `threshold_`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Columns; with `scores_first`, the tags' scores come first.
        y : DataFrame or array-like of shape (n_samples, n_tags) or (n_samples,)
            Tags as 0/1, NaN where unknown, or one class label a sample.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights. Samples of weight 0 are ignored.

        Returns
        -------
        self : KerasMultiLabelClassifier
            The fitted classifier.
        """
        go_on = self.warm_start and hasattr(self, "model_")
        with self._unchanged_on_error():
            X = self._validate_rows(X, reset=not go_on)
            tags = self._known_tags(y) if go_on else check_tags(y)
            X, tags, given = self._take_part(X, tags, sample_weight)
            self._check_threshold(tags.indicators.shape[1])
            warn_of_constant_tags(tags)
            if go_on:
                self._continue_random_state()
            else:
                self._begin(X, tags)
            start = state_of(self.model_)
            weight = row_weights(tags, self._class_weights, given)
            rows, held_out = self._split(np.arange(len(X)), hold_out=self.early_stopping)
            self._train(
                self._batches(X, tags, weight, rows, shuffle=True),
                self._batches(X, tags, weight, held_out, shuffle=False)
                if self.early_stopping
                else None,
            )
            if not go_on:
                self._cross_fit(X, tags, weight, given, start)
            self._set_missing_threshold()
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> KerasMultiLabelClassifier:
        """Train for one epoch more. `deep_share_` and `threshold_` stay the same.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Columns. With `scores_first`, their scores must come from a model that was not
            trained on these rows yet. If `y` has `n_new` new tags, there may be `n_new`
            columns more: the scores of the new tags, after those of the known ones. Without
            them, the new tags' scores are the logits of their frequencies. Afterwards `X`
            must always have these columns.
        y : DataFrame or array-like of shape (n_samples, n_tags) or (n_samples,)
            Tags as in `fit`. The columns of a DataFrame are matched by name; a known tag
            without a column counts as 0.
        classes : array-like of shape (n_classes,), default=None
            All tags or classes that will ever come. Required in the first call with
            one-dimensional `y`.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights. Samples of weight 0 are ignored.

        Returns
        -------
        self : KerasMultiLabelClassifier
            The updated classifier.

        Raises
        ------
        ValueError
            If `y` has unknown tags and `new_tags` is "error", or if `classes` are not those of
            the first call.
        """
        first = not hasattr(self, "model_")
        with self._unchanged_on_error():
            new = [] if first else self._new_tags(y)
            X = self._with_new_tags(X, y, new) if new else self._validate_rows(X, reset=first)
            tags = self._first_tags(y, classes) if first else self._same_tags(y, classes)
            X, tags, given = self._take_part(X, tags, sample_weight)
            self._check_threshold(tags.indicators.shape[1])
            if first:
                self._begin(X, tags)
                self._set_missing_threshold()
            else:
                self._continue_random_state()
            weight = row_weights(tags, self._class_weights, given)
            self._update(self._batches(X, tags, weight, np.arange(len(X)), shuffle=True))
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability of each tag.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Columns.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Probability of each tag by itself. For one-dimensional `y` the probabilities of the
            classes, which sum to 1.
        """
        check_is_fitted(self)
        X = self._validate_rows(X, reset=False)
        return self._probabilities(self._forward(self.deep_share_)(X))

    def _validate_rows(self, X: Any, *, reset: bool) -> npt.NDArray[np.float32]:
        return validate_data(self, X, dtype=np.float32, reset=reset)

    def _begin(self, X: npt.NDArray[np.float32], tags: Tags) -> None:
        n_outputs = tags.indicators.shape[1]
        if self.scores_first and X.shape[1] < n_outputs:
            raise ValueError(
                f"with scores_first=True the first columns of X are the scores of the {n_outputs} "
                f"tags, but X has only {X.shape[1]} columns"
            )
        self._start_random_state()
        self._set_classes(tags)
        self.deep_share_ = 0.0 if self.scores_first else 1.0
        self.__dict__.pop("threshold_", None)
        self._start(
            {
                "n_features": X.shape[1],
                "n_outputs": n_outputs,
                "scores_first": bool(self.scores_first),
                "hidden_layer_sizes": sizes_of(self.hidden_layer_sizes, "hidden_layer_sizes"),
                "input_dropout": float(self.input_dropout),
                "dropout": float(self.dropout),
                "seed": draw_seed(self._random),
            }
        )
        if not self.scores_first and self._class_weights is None:
            self._set_last_biases(frequency_logits(tags.indicators))

    def _set_last_biases(self, values: npt.NDArray[np.floating]) -> None:
        """Set the biases of the last outputs."""
        bias = self.model_.get_layer(_networks.OUTPUT).bias
        bias.assign(np.concatenate([np.asarray(bias)[: -len(values)], values]))

    def _cross_fit(
        self,
        X: npt.NDArray[np.float32],
        tags: Tags,
        weight: npt.NDArray[np.float32] | None,
        sample_weight: npt.NDArray[np.float32] | None,
        start: list[npt.NDArray[Any]],
    ) -> None:
        """Choose `deep_share_` and `threshold_` on out-of-fold logits."""
        if not (self.scores_first or self._finds_threshold):
            return
        logits = np.full(tags.indicators.shape, np.nan)
        splits = folds(self.cv, X, tags, draw_seed(self._random))
        for held_out in self._train_folds(
            start, splits, lambda rows: self._batches(X, tags, weight, rows, shuffle=True)
        ):
            logits[held_out] = self._forward(1.0).deep_logits(X[held_out])
        # there are no folds of a few rows, and a splitter may hold out some of the rows only
        rows = np.flatnonzero(~np.isnan(logits[:, 0]))
        if not len(rows):
            return
        logits, y_true = logits[rows], tags.indicators[rows]
        if self.scores_first:
            scores = X[rows, : tags.indicators.shape[1]]
            of_rows = None if weight is None else weight[rows]
            self.deep_share_ = best_share(y_true, scores, logits, self._tag_weights, of_rows)
            logits = scores + self.deep_share_ * logits
        if self._finds_threshold:
            given = None if sample_weight is None else sample_weight[rows]
            self._choose_threshold(y_true, logits, given)

    def _set_missing_threshold(self) -> None:
        if self._finds_threshold and not hasattr(self, "threshold_"):
            self.threshold_ = 0.5

    def _with_new_tags(self, X: Any, y: Any, new: list[Any]) -> npt.NDArray[np.float32]:
        """Add tags to the network, and their scores to rows that lack them."""
        n_known, n_new = len(self.classes_), len(new)
        settings = {**self._network_settings, "n_outputs": n_known + n_new}
        if settings["scores_first"]:
            X, scores, names = without_new_scores(X, self.n_features_in_, n_known, n_new)
        X = self._validate_rows(X, reset=False)
        rates = self._add_tags(y, new)
        if not settings["scores_first"]:
            self._grow(settings, n_known)
            self._set_last_biases(rates)
            return X
        settings["n_features"] += n_new
        self._grow(settings, n_known)
        self.n_features_in_ += n_new
        if hasattr(self, "feature_names_in_"):
            names = names or names_of_new_scores(self.feature_names_in_, self.classes_, n_new)
            self.feature_names_in_ = np.insert(self.feature_names_in_, n_known, names)
        return np.insert(X, [n_known], rates if scores is None else scores, axis=1)

    def _forward(self, share: float) -> DeepTagger:
        network = self.model_
        return classifier_of(network, settings_of(network), share)

    def _without_keras(self) -> DeepTagger:
        return self._forward(self.deep_share_)

    def _batches(
        self,
        X: npt.NDArray[np.float32],
        tags: Tags,
        weight: npt.NDArray[np.float32] | None,
        rows: npt.NDArray[np.intp],
        *,
        shuffle: bool,
    ) -> TrainingBatches:
        return TrainingBatches(
            X,
            tags.indicators,
            rows,
            self.batch_size,
            sample_weight=weight,
            seed=draw_seed(self._random) if shuffle else None,
        )

    def _build_network(self, settings: dict[str, Any]) -> keras.Model:
        return _networks.build_classifier(**settings)

    def _compile_settings(self) -> dict[str, Any]:
        positive, negative = self._tag_weights or (1.0, 1.0)
        loss = _networks.tag_loss(positive_weight=positive, negative_weight=negative)
        return {"loss": _networks.Float32Loss(loss), "metrics": [MicroF1()]}
