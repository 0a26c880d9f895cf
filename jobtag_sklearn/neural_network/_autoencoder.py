"""Wide sparse rows become short codes."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import keras
import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from jobtag_sklearn.neural_network import _networks
from jobtag_sklearn.neural_network._base import (
    KerasEstimator,
    keep_settings,
    settings_of,
    sizes_of,
)
from jobtag_sklearn.neural_network._batches import (
    TrainingBatches,
    dense_rows,
    map_batches,
    row_batches,
)
from jobtag_sklearn.neural_network._tensorboard import log_codes
from jobtag_sklearn.neural_network._without_keras import encoder_of
from jobtag_sklearn.serving._forward import Encoder
from jobtag_sklearn.serving._steps import TRANSLATIONS, UnknownStepError
from jobtag_sklearn.utils._overrides import overrides
from jobtag_sklearn.utils._seeds import draw_seed
from jobtag_sklearn.utils._tags import Tags, check_tags

#: Root mean square norm to which the network scales its input, whatever scale it comes in.
_INPUT_NORM = 7.0


class ConvAutoencoderTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, KerasEstimator
):
    """Convolutional autoencoder that turns wide sparse rows into short codes.

    Four steps of convolution and pooling and three hidden layers lead to the code, the
    same ones mirrored lead back. With `y`, the network learns semi-supervised: every row
    is reconstructed, and rows with known tags also predict them through one linear layer
    on the code. Codes of reconstruction alone throw away what the tags need; codes that
    also serve the tags are about as good as the columns they stand for [1]_.

    Rows become dense one batch at a time, so memory grows with `batch_size` and the number of
    columns, not with the number of rows.

    Parameters
    ----------
    n_components : int, default=100
        Length of the code, which is the last of the encoder's hidden layers.
    filters : sequence of int, default=(8, 16, 32, 32)
        Filters of each convolution step, from the outside in.
    kernel_size : int, default=4
        Length of each convolution, in columns.
    pool_size : int, default=4
        By how much each step shrinks the length.
    pooling : {"stride", "max", "average"}, default="stride"
        "stride" lets each convolution move by `pool_size` columns, which is convolution
        and pooling in one. "max" and "average" pool after a convolution that moves by one.
    hidden_layer_sizes : sequence of int, default=(300, 200)
        Hidden layers between the convolutions and the code.
    input_dropout : float, default=0.2
        Share of input columns left out in training.
    dropout : float, default=0.3
        Share of each hidden layer left out in training.
    tag_loss_weight : float, default=30.0
        Weight of the mean cross-entropy of a row's tags against the relative squared error
        of its reconstruction, where the tags of all rows are known. It falls with the share
        of rows that have a known tag, since the tags of few are soon learnt by heart. 0
        ignores `y`.
    optimizer : str, class or keras.optimizers.Optimizer, default="adamw"
        Optimizer. Its parameters are routed, as in ``optimizer__weight_decay=1e-4``. An
        object is a pattern: each fit makes its own of the same settings.
    learning_rate : float, default=2e-3
        Learning rate at its peak. ``optimizer__learning_rate`` goes before it.
    update_learning_rate : float, default=None
        Learning rate of `partial_fit`; None keeps `learning_rate`.
    warmup : float, default=0.1
        Share of all steps in which the rate rises to its peak.
    learning_rate_decay : {"cosine", None}, default="cosine"
        How the rate falls after the warm-up.
    epochs : int, default=8
        Passes over the rows.
    batch_size : int, default=64
        Rows a step.
    early_stopping : bool, default=False
        Stop when the loss of held-out rows no longer falls, and keep the best weights.
    validation_fraction : float, default=0.1
        Share of rows held out with `early_stopping`.
    n_iter_no_change : int, default=5
        Epochs without a better loss before `early_stopping` ends the training.
    callbacks : list, dict, class or keras.callbacks.Callback, default=None
        Keras callbacks. The parameters of classes are routed, as in
        ``callbacks=keras.callbacks.BackupAndRestore, callbacks__backup_dir="backup"``.
    log_dir : str or path-like, default=None
        Folder for TensorBoard: losses, learning rate and weights of each epoch, the graph and
        codes, in a folder for each fit that its updates go on writing. None writes nothing.
    warm_start : bool, default=False
        Whether `fit` goes on from the present weights.
    run_eagerly : bool, default=False
        Run without compiling; faster for a handful of small batches, and for debugging.
    random_state : int, RandomState instance or None, default=None
        Seeds weights, order of rows, dropout and held-out rows. No global state is read or
        changed.
    verbose : int or bool, default=0
        1 shows Keras' progress bar, 2 a line an epoch.

    Attributes
    ----------
    model_ : keras.Model
        The network; its layers ``encoder`` and ``decoder`` are models too.
    history_ : dict of str to list of float
        Losses and learning rate of each epoch, of the fit and of all updates.
    update_epochs_ : list of int
        Positions in `history_` of the epochs that were updates.
    log_folder_ : str
        The folder in `log_dir` that this fit and its updates write; only with `log_dir`.
    n_epochs_ : int
        Epochs trained so far.
    scale_ : float
        What the network multiplies its input with, so that rows have a root mean square
        norm of 7.
    classes_ : ndarray of shape (n_classes,)
        Tags that the codes were trained with; only with `y`.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, where they had names.

    See Also
    --------
    KerasMultiLabelClassifier : Predicts tags from codes.
    sklearn.decomposition.TruncatedSVD : Linear codes of sparse rows.

    Notes
    -----
    Parameters of `optimizer` and `callbacks` are parameters of the estimator too, behind
    their prefix: ``optimizer__momentum``, ``callbacks__patience``.

    Columns to the right are padded to a multiple of ``pool_size ** len(filters)``.

    `transform` gives rows with a code of the same kind whether or not their tags were
    known. Codes of the very rows that trained the network are more confident than codes of
    new rows.

    References
    ----------
    .. [1] A. Rasmus et al., "Semi-Supervised Learning with Ladder Networks", NeurIPS 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from jobtag_sklearn.neural_network import ConvAutoencoderTransformer
    >>> X = sparse.random(40, 1000, density=0.02, format="csr", random_state=0)
    >>> autoencoder = ConvAutoencoderTransformer(n_components=10, epochs=1, random_state=0)
    >>> autoencoder.fit_transform(X).shape
    (40, 10)
    >>> autoencoder.inverse_transform(autoencoder.transform(X)).shape
    (40, 1000)
    """

    _parameter_constraints: ClassVar[dict] = {
        **KerasEstimator._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "filters": ["array-like"],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "pool_size": [Interval(Integral, 2, None, closed="left")],
        "pooling": [StrOptions({"stride", "max", "average"})],
        "hidden_layer_sizes": ["array-like"],
        "input_dropout": [Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "tag_loss_weight": [Interval(Real, 0, None, closed="left")],
    }

    _keeps_moments = False

    def __init__(
        self,
        n_components: int = 100,
        *,
        filters: Any = (8, 16, 32, 32),
        kernel_size: int = 4,
        pool_size: int = 4,
        pooling: str = "stride",
        hidden_layer_sizes: Any = (300, 200),
        input_dropout: float = 0.2,
        dropout: float = 0.3,
        tag_loss_weight: float = 30.0,
        optimizer: Any = "adamw",
        learning_rate: float = 2e-3,
        update_learning_rate: float | None = None,
        warmup: float = 0.1,
        learning_rate_decay: str | None = "cosine",
        epochs: int = 8,
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
        self.n_components = n_components
        self.filters = filters
        self.kernel_size = kernel_size
        self.pool_size = pool_size
        self.pooling = pooling
        self.hidden_layer_sizes = hidden_layer_sizes
        self.input_dropout = input_dropout
        self.dropout = dropout
        self.tag_loss_weight = tag_loss_weight
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.update_learning_rate = update_learning_rate
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
    # | method      | network | warm_start | what happens                                   |
    # |-------------|---------|------------|------------------------------------------------|
    # | fit         | none    | any        | new network, all epochs                        |
    # | fit         | any     | False      | new network, all epochs                        |
    # | fit         | any     | True       | all epochs more, from the present weights      |
    # | partial_fit | none    | any        | new network, one epoch; y decides on its tags  |
    # | partial_fit | any     | any        | one epoch more; y may be missing, wholly or in |
    # |             |         |            | part, but may not bring new tags               |
    #
    # A network that was loaded from a pickle is like any other: the random generator goes on from
    # where it was, and the optimizer starts anew in each call, which takes new rows up sooner.

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> ConvAutoencoderTransformer:
        """Train the network on rows and, where known, their tags.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : DataFrame or array-like of shape (n_samples, n_tags) or (n_samples,), default=None
            Tags as 0/1, NaN where unknown, or one class label a sample. Rows without any
            known tag are only reconstructed.

        Returns
        -------
        self : ConvAutoencoderTransformer
            The fitted transformer.
        """
        go_on = self.warm_start and hasattr(self, "model_")
        if go_on:
            self._check_decoder()
        with self._unchanged_on_error():
            X, tags = self._validate(X, y, reset=not go_on)
            if go_on:
                self._continue_random_state()
                self._renew_moments()
            else:
                self._begin(X, tags)
            rows, held_out = self._split(np.arange(X.shape[0]), hold_out=self.early_stopping)
            self._train(
                self._batches(X, tags, rows, shuffle=True),
                self._batches(X, tags, held_out, shuffle=False) if len(held_out) else None,
            )
        log_codes(self, X, tags, "fit")
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> ConvAutoencoderTransformer:
        """Train for one epoch more, from the present weights.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : DataFrame or array-like of shape (n_samples, n_tags) or (n_samples,), default=None
            Tags as in `fit`.

        Returns
        -------
        self : ConvAutoencoderTransformer
            The updated transformer.
        """
        first = not hasattr(self, "model_")
        if not first:
            self._check_decoder()
        with self._unchanged_on_error():
            X, tags = self._validate(X, y, reset=first)
            if first:
                self._begin(X, tags)
            else:
                self._continue_random_state()
                self._renew_moments()
            self._update(self._batches(X, tags, np.arange(X.shape[0]), shuffle=True))
        log_codes(self, X, tags, f"update {len(self.update_epochs_)}")
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Encode rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components), dtype float32
            Codes.
        """
        X = self._validate_rows(X)
        if self._may_do_without_keras and sparse.issparse(X):
            try:
                return self._without_keras().of_rows(_without_duplicates(X))
            except UnknownStepError:
                pass
        return map_batches(self._encode, X, self._prediction_batch, self._n_features_out)

    def inverse_transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Decode codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_features), dtype float32
            What the network makes of the codes; dense, so ask for few rows at a time.
        """
        self._check_decoder()
        codes = check_array(X, accept_sparse="csr", dtype=np.float32, input_name="codes")
        if codes.shape[1] != self._n_features_out:
            raise ValueError(
                f"codes must have shape (n_samples, {self._n_features_out}), got {codes.shape}"
            )
        rows = map_batches(self._decode, codes, self._prediction_batch, self.n_features_in_)
        return rows / np.float32(self.scale_)

    def reconstruction_error(self, X: Any) -> npt.NDArray[np.float64]:
        """Return how much of each row is lost on the way to the code and back.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        errors : ndarray of shape (n_samples,)
            Squared error of a row divided by its squared norm: 0 is perfect, 1 is what an
            answer of zeros gets. The error of a row of zeros is divided by the mean squared
            norm of the rows that the network was fitted on.
        """
        self._check_decoder()
        X = self._validate_rows(X)
        lost, norms = self._lost(X)
        # a row of zeros has no norm of its own, so it is measured by what rows have
        typical = (_INPUT_NORM / self.scale_) ** 2
        return lost / np.where(norms > 0, norms, typical)

    def _lost(self, X: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the squared error and the squared norm of each row."""
        lost, norms = np.empty(X.shape[0]), np.empty(X.shape[0])
        for rows in row_batches(X.shape[0], self._prediction_batch):
            x = dense_rows(X, rows)
            back = self._decode(self._encode(x)) / np.float32(self.scale_)
            lost[rows] = np.square(x - back).sum(axis=1, dtype=np.float64)
            norms[rows] = np.square(x).sum(axis=1, dtype=np.float64)
        return lost, norms

    def score(self, X: Any, y: Any = None) -> float:
        """Return one minus the mean reconstruction error; higher is better.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : Ignored
            Present for scikit-learn's sake.

        Returns
        -------
        score : float
            1 is perfect, 0 is as good as answering zeros.
        """
        return float(1.0 - self.reconstruction_error(X).mean())

    def drop_decoder(self) -> ConvAutoencoderTransformer:
        """Keep the encoder only: all that `transform` needs, in half of the space.

        Returns
        -------
        self : ConvAutoencoderTransformer
            The transformer, without decoder and optimizer. It cannot be trained further, nor
            can it decode; `fit` makes a new network.
        """
        check_is_fitted(self)
        if not self._encoder_only:
            encoder = _encoder_in(self.model_)
            keep_settings(encoder, {**self._network_settings, "encoder_only": True})
            self.model_ = encoder
        return self

    @property
    def _encoder_only(self) -> bool:
        return self._network_settings.get("encoder_only", False)

    def _check_decoder(self) -> None:
        check_is_fitted(self)
        if self._encoder_only:
            raise ValueError(
                "the decoder was dropped, so this transformer can neither decode nor be trained "
                "further; fit it anew, or keep a copy from before drop_decoder()"
            )

    @property
    def _n_features_out(self) -> int:
        return self._network_settings["n_components"]

    @property
    def _prediction_batch(self) -> int:
        # no gradients are kept, so more rows fit than in training; 128 dense rows of 32k
        # columns take 16 MB and are about as fast as any larger number
        return max(self.batch_size, 128)

    @property
    def _may_do_without_keras(self) -> bool:
        steps = ("_build_network", "_encode", "_call")
        return not self.run_eagerly and not overrides(self, ConvAutoencoderTransformer, *steps)

    def _without_keras(self) -> Encoder:
        network = self.model_
        return encoder_of(_encoder_in(network), settings_of(network))

    def _encode(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return self._call(_encoder_in(self.model_), x)

    def _decode(self, codes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        decoder = self.model_.get_layer(_networks.DECODER)
        return np.asarray(_networks.decode(decoder, codes, self.n_features_in_))

    def _validate_rows(self, X: Any) -> Any:
        check_is_fitted(self)
        return validate_data(self, X, accept_sparse="csr", dtype=np.float32, reset=False)

    def _validate(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Tags | None]:
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float32, reset=reset)
        if y is None or not self.tag_loss_weight:
            return X, None
        if reset:
            tags = check_tags(y)
        elif hasattr(self, "classes_"):
            tags = check_tags(y, classes=self.classes_, kind=self._kind)
        else:
            tags = None
        if tags is not None:
            check_consistent_length(X, tags.indicators)
        return X, tags

    def _begin(self, X: Any, tags: Tags | None) -> None:
        self._start_random_state()
        values = X.data if sparse.issparse(X) else X
        squares = float(np.vdot(values, values))
        norm = float(np.sqrt(squares / X.shape[0]))
        self.scale_ = _INPUT_NORM / norm if norm else 1.0
        if tags is None:
            self.__dict__.pop("classes_", None)
        else:
            self.classes_, self._kind = tags.classes, tags.kind
            self._tagged_share = float(tags.known.mean())
        self._start(
            {
                "n_features": int(X.shape[1]),
                "n_tags": 0 if tags is None else tags.indicators.shape[1],
                "n_components": int(self.n_components),
                "filters": sizes_of(self.filters, "filters"),
                "kernel_size": int(self.kernel_size),
                "pool_size": int(self.pool_size),
                "pooling": self.pooling,
                "hidden_layer_sizes": sizes_of(self.hidden_layer_sizes, "hidden_layer_sizes"),
                "input_dropout": float(self.input_dropout),
                "dropout": float(self.dropout),
                "input_scale": self.scale_,
                "seed": draw_seed(self._random),
            }
        )

    def _batches(
        self, X: Any, tags: Tags | None, rows: npt.NDArray[np.intp], *, shuffle: bool
    ) -> TrainingBatches:
        n_tags = self._network_settings["n_tags"]
        indicators = None
        if n_tags:
            indicators = (
                np.full((X.shape[0], n_tags), np.nan, dtype=np.float32)
                if tags is None
                else tags.indicators
            )
        return TrainingBatches(
            X,
            indicators,
            rows,
            self.batch_size,
            reconstruct=True,
            seed=draw_seed(self._random) if shuffle else None,
        )

    def _build_network(self, settings: dict[str, Any]) -> keras.Model:
        settings = dict(settings)
        encoder_only = settings.pop("encoder_only", False)
        network = _networks.build_autoencoder(**settings)
        return network.get_layer(_networks.ENCODER) if encoder_only else network

    def _compile_settings(self) -> dict[str, Any]:
        error = _networks.squared_error_loss(_INPUT_NORM**2)
        loss = {_networks.RECONSTRUCTION: _networks.Float32Loss(error)}
        weights = {_networks.RECONSTRUCTION: 1.0}
        if self._network_settings["n_tags"]:
            loss[_networks.TAGS] = _networks.Float32Loss(_networks.tag_loss())
            # networks of an earlier format were trained with all of the weight
            share = getattr(self, "_tagged_share", 1.0)
            weights[_networks.TAGS] = float(self.tag_loss_weight) * share
        return {"loss": loss, "loss_weights": weights}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _encoder_in(network: keras.Model) -> keras.Model:
    if settings_of(network).get("encoder_only", False):
        return network
    return network.get_layer(_networks.ENCODER)


def _without_duplicates(X: Any) -> Any:
    """Return a csr_matrix whose rows have each column once, in ascending order."""
    # of the same arrays, but without what the user's matrix says of them: they may have changed
    X = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


TRANSLATIONS[ConvAutoencoderTransformer] = ConvAutoencoderTransformer._without_keras
