"""Wide sparse rows become short codes."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import keras
import numpy as np
import numpy.typing as npt
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from jobtag_sklearn.neural_network import _autoencoder_network, _sparse_rows
from jobtag_sklearn.neural_network._autoencoder_network import DECODER, ENCODER
from jobtag_sklearn.neural_network._base import (
    KerasEstimator,
    keep_settings,
    settings_of,
    sizes_of,
)
from jobtag_sklearn.neural_network._batches import TrainingBatches, map_batches
from jobtag_sklearn.neural_network._tensorboard import log_codes
from jobtag_sklearn.neural_network._without_keras import encoder_of
from jobtag_sklearn.utils._forward import Encoder
from jobtag_sklearn.utils._seeds import draw_seed
from jobtag_sklearn.utils._sparse_columns import canonical, columns_in

#: Training rows of which `explained_variance_` is computed.
_MOST_EXPLAINED = 2000


class ConvAutoencoderTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, KerasEstimator
):
    """Convolutional autoencoder that turns wide sparse rows into short codes.

    The encoder is the sum of a linear layer and a convolutional network: four steps of
    convolution and pooling and three dense layers, of which the last one outputs the code.
    The decoder mirrors the encoder, and ReLU makes its output non-negative.

    The linear layers start from a truncated singular value decomposition of the training
    rows. The output layers of both convolutional networks start at zero. So training starts
    from what :class:`~sklearn.decomposition.TruncatedSVD` reconstructs and improves on it.

    Parameters
    ----------
    n_components : int, default=100
        Length of the code.
    filters : sequence of int, default=(8, 16, 32, 32)
        Filters of each convolution of the encoder. The decoder has the same in reverse order.
    pool_size : int, default=4
        Length and stride of each convolution, in columns. A stride of this length is
        convolution and pooling in one.
    hidden_layer_sizes : sequence of int, default=(300, 200)
        Dense layers between the convolutions and the code.
    input_dropout : float, default=0.0
        Share of the input that is set to zero in training, but not in what to reconstruct.
    dropout : float, default=0.2
        Share of each dense layer that is set to zero in training.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        Optimizer. Its parameters are routed, as in ``optimizer__beta_1=0.8``. An object is
        copied by each fit.
    learning_rate : float, default=1e-3
        Highest learning rate. It rises over the first tenth of the steps and then falls along
        a cosine. ``optimizer__learning_rate`` takes precedence.
    update_learning_rate : float, default=1e-4
        Learning rate of `partial_fit`, which is constant. None takes `learning_rate`.
    epochs : int or "auto", default="auto"
        Epochs. "auto" takes between 10 (up to 800 rows) and 3 (from 4,400 rows on), so that
        there are about 120 steps or more.
    batch_size : int or "auto", default="auto"
        Rows of a mini-batch. "auto" takes 64 for fewer than 4,000 rows, else 128.
    early_stopping : bool, default=False
        Whether to stop when the loss of held-out rows no longer falls, and to keep the best
        weights.
    validation_fraction : float, default=0.1
        Share of rows that are held out with `early_stopping`.
    callbacks : list, dict, class or keras.callbacks.Callback, default=None
        Keras callbacks. The parameters of classes are routed, as ``callbacks__patience``.
    log_dir : str or path-like, default=None
        Folder for TensorBoard: losses, learning rate and weights of each epoch, the graph and
        codes. Each fit writes to a folder of its own. None writes nothing.
    warm_start : bool, default=False
        Whether `fit` continues from the present weights.
    run_eagerly : bool, default=False
        Whether to train without compiling, for debugging or a handful of mini-batches.
    random_state : int, RandomState instance or None, default=None
        Seed of the weights, the order of rows, dropout and held-out rows.
    verbose : int or bool, default=0
        1 shows Keras' progress bar, 2 a line an epoch.

    Attributes
    ----------
    columns_ : ndarray of shape (n_columns,)
        Columns that are not zero everywhere in the training rows, in ascending order.
    explained_variance_ : float
        `score` of the training rows, or of 2,000 of them if there are more. `partial_fit`
        does not change it.
    model_ : keras.Model
        The network. Its layers ``encoder`` and ``decoder`` are models too.
    history_ : dict of str to list of float
        Loss and learning rate of each epoch, of the fit and of all updates. The loss is the
        squared error of a row divided by the mean squared norm of the training rows.
    update_epochs_ : list of int
        Positions in `history_` of the epochs that were updates.
    log_folder_ : str
        The folder in `log_dir` of this fit. Only with `log_dir`.
    n_epochs_ : int
        Number of epochs so far.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`. Only if all of them are strings.

    See Also
    --------
    KerasMultiLabelClassifier : Predicts tags from dense columns.
    sklearn.decomposition.TruncatedSVD : Linear codes of sparse rows.

    Notes
    -----
    With columns ``x``, the code is ``z = x E + conv_enc(x)`` and the reconstruction is
    ``relu(z D + b + conv_dec(z))``.

    At the start, codes have a root mean square of 1 on the training rows, and D is the least
    squares solution. With Adam, E learns 3 times as fast as the convolutional networks, and
    D and b 0.3 times as fast.

    E and D have weights for `columns_` only, and `partial_fit` adds none. Other columns are
    read by the convolutional network, and their reconstruction is zero.

    Reconstructions are never negative, so this is for non-negative columns such as tf-idf.

    Training makes one mini-batch dense at a time, so its memory does not grow with the
    number of rows.

    Examples
    --------
    >>> from scipy import sparse
    >>> from jobtag_sklearn.neural_network import ConvAutoencoderTransformer
    >>> X = sparse.random(40, 1000, density=0.02, format="csr", random_state=0)
    >>> autoencoder = ConvAutoencoderTransformer(n_components=10, random_state=0)
    >>> codes = autoencoder.fit_transform(X)
    >>> codes.shape, autoencoder.inverse_transform(codes).shape
    ((40, 10), (40, 1000))
    """

    _parameter_constraints: ClassVar[dict] = {
        **KerasEstimator._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "filters": ["array-like"],
        "pool_size": [Interval(Integral, 2, None, closed="left")],
        "hidden_layer_sizes": ["array-like"],
        "input_dropout": [Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    }

    _keeps_moments = False

    def __init__(
        self,
        n_components: int = 100,
        *,
        filters: Any = (8, 16, 32, 32),
        pool_size: int = 4,
        hidden_layer_sizes: Any = (300, 200),
        input_dropout: float = 0.0,
        dropout: float = 0.2,
        optimizer: Any = "adam",
        learning_rate: float = 1e-3,
        update_learning_rate: float | None = 1e-4,
        epochs: int | str = "auto",
        batch_size: int | str = "auto",
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
        self.n_components = n_components
        self.filters = filters
        self.pool_size = pool_size
        self.hidden_layer_sizes = hidden_layer_sizes
        self.input_dropout = input_dropout
        self.dropout = dropout
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

    # | method      | network | warm_start | what happens                              |
    # |-------------|---------|------------|-------------------------------------------|
    # | fit         | none    | any        | new network, all epochs                   |
    # | fit         | any     | False      | new network, all epochs                   |
    # | fit         | any     | True       | all epochs more, from the present weights |
    # | partial_fit | none    | any        | new network, one epoch                    |
    # | partial_fit | any     | any        | one epoch more, with a new optimizer      |

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> ConvAutoencoderTransformer:
        """Train the network to reconstruct rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        self : ConvAutoencoderTransformer
            The fitted transformer.
        """
        new = not (self.warm_start and hasattr(self, "model_"))
        if not new:
            self._check_decoder()
        with self._unchanged_on_error():
            X = self._training_rows(X, new=new)
            rows, held_out = self._split(np.arange(X.shape[0]), hold_out=self.early_stopping)
            if new:
                self._begin(X[rows])
            self._train(
                self._batches(X, rows, shuffle=True),
                self._batches(X, held_out, shuffle=False) if len(held_out) else None,
                self._epochs_for(len(rows)),
            )
            self._explain_training_rows(X[rows])
        log_codes(self, X, "fit")
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> ConvAutoencoderTransformer:
        """Train for one epoch more, from the present weights.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. Columns that are not in `columns_` are read by the convolutional network
            only.
        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        self : ConvAutoencoderTransformer
            The updated transformer.
        """
        new = not hasattr(self, "model_")
        if not new:
            self._check_decoder()
        with self._unchanged_on_error():
            X = self._training_rows(X, new=new)
            if new:
                self._begin(X)
            self._update(self._batches(X, np.arange(X.shape[0]), shuffle=True))
            if new:
                self._explain_training_rows(X)
        log_codes(self, X, f"update {len(self.update_epochs_)}")
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
        check_is_fitted(self)
        X = self._validate_rows(X)
        return self._without_keras().of_rows(X)

    def inverse_transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Decode codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_features), dtype float32
            Reconstructed rows, which are dense.
        """
        self._check_decoder()
        codes = check_array(X, dtype=np.float32, input_name="codes")
        if codes.shape[1] != self._n_features_out:
            raise ValueError(
                f"codes must have shape (n_samples, {self._n_features_out}), got {codes.shape}"
            )
        network = self.model_
        rows = np.zeros((len(codes), self.n_features_in_), dtype=np.float32)
        rows[:, settings_of(network)["columns"]] = self._decode(network, codes)
        return rows

    def reconstruction_error(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the error of each row's reconstruction.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        errors : ndarray of shape (n_samples,)
            Squared error of a row divided by its squared norm: 0 is perfect, 1 is the error
            of a row of zeros. The error of an empty row is divided by the mean squared norm
            of the training rows.
        """
        self._check_decoder()
        errors, norms = self._squared_errors(self._validate_rows(X))
        mean_norm = self._network_settings["input_scale"] ** -2.0
        return errors / np.where(norms > 0, norms, mean_norm)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the share of the rows' squared norm that is reconstructed.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        score : float
            ``1 - ((X - X_reconstructed) ** 2).sum() / (X ** 2).sum()``: 1 is perfect, 0 is
            the score of rows of zeros. Of empty rows it is 1 if it is perfect, else 0.
        """
        self._check_decoder()
        return _sparse_rows.explained_variance(*self._squared_errors(self._validate_rows(X)))

    def drop_decoder(self) -> ConvAutoencoderTransformer:
        """Keep the encoder only, which is all that `transform` needs, to save space.

        Returns
        -------
        self : ConvAutoencoderTransformer
            The transformer. It can neither decode nor be trained further.
        """
        check_is_fitted(self)
        encoder = _encoder_in(self.model_)
        keep_settings(encoder, {**self._network_settings, "encoder_only": True})
        self.model_ = encoder
        return self

    @property
    def columns_(self) -> npt.NDArray[np.intp]:
        """Columns that are not zero everywhere in the training rows."""
        return self._network_settings["columns"]

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

    def _without_keras(self, network: keras.Model | None = None) -> Encoder:
        network = self.model_ if network is None else network
        return encoder_of(_encoder_in(network), settings_of(network))

    def _decode(
        self, network: keras.Model, codes: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Return the reconstruction of `columns_`."""
        decoder, settings = network.get_layer(DECODER), settings_of(network)
        rows = map_batches(lambda x: self._call(decoder, x), codes, 128, len(settings["columns"]))
        rows /= np.float32(settings["input_scale"])
        return rows

    def _squared_errors(self, X: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        network = self.model_
        encode, columns = self._without_keras(network).of_rows, settings_of(network)["columns"]
        return _sparse_rows.squared_errors(
            X, columns, lambda rows: self._decode(network, encode(rows))
        )

    def _explain_training_rows(self, X: Any) -> None:
        n_rows = min(X.shape[0], _MOST_EXPLAINED)
        rows = np.linspace(0, X.shape[0] - 1, n_rows).astype(np.intp)
        self.explained_variance_ = _sparse_rows.explained_variance(*self._squared_errors(X[rows]))

    def _validate_rows(self, X: Any, *, reset: bool = False) -> Any:
        return canonical(
            validate_data(self, X, accept_sparse="csr", dtype=np.float32, reset=reset)
        )

    def _training_rows(self, X: Any, *, new: bool) -> Any:
        X = self._validate_rows(X, reset=new)
        if new:
            self._start_random_state()
        else:
            self._continue_random_state()
            self._renew_moments()
        return X

    def _begin(self, X: Any) -> None:
        """Make a new network and set its linear layers."""
        squares = float(np.square(X.data, dtype=np.float64).sum())
        scale = float(np.sqrt(X.shape[0] / squares)) if squares else 1.0
        columns = columns_in(X).astype(np.intp)
        # a layer needs a column
        columns = columns if len(columns) else np.zeros(1, dtype=np.intp)
        self._start(
            {
                "n_features": int(self.n_features_in_),
                "columns": columns,
                "n_components": int(self.n_components),
                "filters": sizes_of(self.filters, "filters"),
                "pool_size": int(self.pool_size),
                "hidden_layer_sizes": sizes_of(self.hidden_layer_sizes, "hidden_layer_sizes"),
                "input_dropout": float(self.input_dropout),
                "dropout": float(self.dropout),
                "input_scale": scale,
                "seed": draw_seed(self._random),
            }
        )
        seen = X[:, columns] * np.float32(scale)
        _autoencoder_network.start_from_svd(self.model_, seen, self._random)

    def _batch_size_for(self, n_rows: int) -> int:
        if isinstance(self.batch_size, str):
            return 64 if n_rows < 4000 else 128
        return self.batch_size

    def _epochs_for(self, n_rows: int) -> int:
        if isinstance(self.epochs, str):
            return int(np.clip(round(120 * self._batch_size_for(n_rows) / n_rows), 3, 10))
        return self.epochs

    def _batches(self, X: Any, rows: npt.NDArray[np.intp], *, shuffle: bool) -> TrainingBatches:
        seed = draw_seed(self._random) if shuffle else None
        return TrainingBatches(X, None, rows, self._batch_size_for(len(rows)), seed=seed)

    def _build_network(self, settings: dict[str, Any]) -> keras.Model:
        settings = dict(settings)
        encoder_only = settings.pop("encoder_only", False)
        network = _autoencoder_network.build_autoencoder(**settings)
        return network.get_layer(ENCODER) if encoder_only else network

    def _compile_settings(self) -> dict[str, Any]:
        return {"loss": _autoencoder_network.reconstruction_loss()}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _encoder_in(network: keras.Model) -> keras.Model:
    if settings_of(network).get("encoder_only", False):
        return network
    return network.get_layer(ENCODER)
