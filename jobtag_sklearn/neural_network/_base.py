"""What both Keras estimators share: a network, its training, and how it is saved."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from jobtag_sklearn.neural_network._batches import TrainingBatches
from jobtag_sklearn.neural_network._processes import check_process
from jobtag_sklearn.neural_network._scikeras_bridge import ScikerasBridge
from jobtag_sklearn.neural_network._tensorboard import TrainingLog, new_log_folder
from jobtag_sklearn.neural_network._training import train
from jobtag_sklearn.utils._restoring import unchanged_on_error
from jobtag_sklearn.utils._seeds import draw_seed

#: Format of saved networks. 1 and 2 are those of the first edition.
_STATE_FORMAT = 3
FIRST_EDITION = (
    "this model was saved by the first edition of jobtag_sklearn and must be fitted anew"
)


def sizes_of(sizes: Any, name: str) -> list[int]:
    """Return the sizes of layers as a list of integers.

    Raises
    ------
    ValueError
        If there are none, or one of them is no positive integer.
    """
    listed = list(sizes)
    if not listed or not all(isinstance(size, Integral) and int(size) > 0 for size in listed):
        raise ValueError(f"{name} must be positive integers, 1 or more, got {sizes!r}")
    return [int(size) for size in listed]


def keep_settings(network: keras.Model, settings: Mapping[str, Any]) -> None:
    """Store on a network what it was built from.

    On the network and not on the estimator: a thread that predicts while another one fits
    must not get the settings of one network and the weights of another.
    """
    # no dict, in which Keras would look for layers
    network._built_from = MappingProxyType(dict(settings))


def settings_of(network: keras.Model) -> Mapping[str, Any]:
    """Return what a network was built from."""
    return network._built_from


def state_of(network: keras.Model) -> list[npt.NDArray[Any]]:
    """Return the weights, the states of the dropout layers and those of the optimizer."""
    return [np.asarray(variable).copy() for variable in _all_variables(network)]


def set_state(network: keras.Model, state: list[npt.NDArray[Any]]) -> None:
    """Set what `state_of` returned."""
    _assign(_all_variables(network), state)


class _SavedOptimizer(NamedTuple):
    """An optimizer as its class and settings; Keras loads no classes but its own."""

    kind: type[keras.optimizers.Optimizer]
    config: dict[str, Any]

    @classmethod
    def of(cls, optimizer: keras.optimizers.Optimizer) -> _SavedOptimizer:
        return cls(type(optimizer), optimizer.get_config())

    def make(self) -> keras.optimizers.Optimizer:
        return self.kind.from_config(self.config)


class KerasEstimator(ScikerasBridge):
    """A network that is built from settings, trained in mini-batches and saved as arrays.

    Subclasses build the network (`_build_network`) and define its loss
    (`_compile_settings`).
    """

    #: Whether updates go on with the optimizer's moments, and pickles hold them: Adam's are
    #: twice the size of the network. Else updates call `_renew_moments`.
    _keeps_moments: ClassVar[bool] = True

    _parameter_constraints: ClassVar[dict] = {
        "optimizer": [str, type, keras.optimizers.Optimizer],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "update_learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "callbacks": [list, dict, type, keras.callbacks.Callback, None],
        "log_dir": [str, os.PathLike, None],
        "warm_start": ["boolean"],
        "run_eagerly": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def _build_network(self, settings: dict[str, Any]) -> keras.Model:
        raise NotImplementedError

    def _compile_settings(self) -> dict[str, Any]:
        raise NotImplementedError

    def _new_network(self, settings: dict[str, Any]) -> keras.Model:
        network = self._build_network(settings)
        keep_settings(network, settings)
        return network

    @property
    def _network_settings(self) -> Mapping[str, Any]:
        return settings_of(self.model_)

    def _start(self, settings: dict[str, Any]) -> None:
        """Start anew: a network with these settings and an empty history."""
        check_process()
        self.model_ = self._new_network(settings)
        optimizer = self._new_optimizer()
        optimizer.build(self.model_.trainable_variables)
        self._compile(optimizer)
        self.history_: dict[str, list[float]] = {}
        self.update_epochs_: list[int] = []
        self.__dict__.pop("log_folder_", None)
        self.n_epochs_ = 0

    def _grow(self, settings: dict[str, Any], position: int) -> None:
        """Continue with a larger network.

        Axes grow at `position`. New weights are zero, and the optimizer's moments of them are
        those before any training.
        """
        small, self.model_ = self.model_, self._new_network(settings)
        zeros = [np.zeros_like(weight) for weight in self.model_.get_weights()]
        self.model_.set_weights(_inserted(small.get_weights(), zeros, position))
        _assign(_dropout_states(self.model_), list(map(np.asarray, _dropout_states(small))))
        optimizer = _SavedOptimizer.of(small.optimizer).make()
        self._compile(optimizer)
        optimizer.build(self.model_.trainable_variables)
        moments = list(map(np.asarray, small.optimizer.variables))
        built = list(map(np.asarray, optimizer.variables))
        _assign(optimizer.variables, _inserted(moments, built, position))

    def _renew_moments(self) -> None:
        """Give the optimizer the moments that it had before any training."""
        optimizer = self.model_.optimizer
        new = _SavedOptimizer.of(optimizer).make()
        new.build(self.model_.trainable_variables)
        _assign(optimizer.variables, list(map(np.asarray, new.variables)))

    def _compile(self, optimizer: keras.optimizers.Optimizer) -> None:
        # XLA ("auto" is XLA) compiles for every new batch shape, for longer than small
        # data train, and was not faster on a CPU afterwards
        self.model_.compile(
            optimizer=optimizer,
            jit_compile=False,
            run_eagerly=self.run_eagerly,
            **self._compile_settings(),
        )

    def _call(self, network: keras.Model, inputs: Any) -> npt.NDArray[np.float32]:
        """Apply a network, compiled for batches of any size, without training."""
        check_process()
        # keras.Model.predict takes 50 ms for a single row, a call layer by layer 20
        if self.run_eagerly:
            return np.asarray(network(inputs, training=False))
        call = getattr(network, "_compiled_call", None)
        if call is None:
            # kept by the network, which no pickle and no copy of the estimator holds
            call = network._compiled_call = _compiled(network)
        return np.asarray(call(inputs))

    @contextmanager
    def _unchanged_on_error(self) -> Iterator[None]:
        """Leave attributes and, since it is trained in place, the network as they were."""
        network = getattr(self, "model_", None)
        before = [] if network is None else state_of(network)
        try:
            with unchanged_on_error(self):
                yield
        except BaseException:
            if network is not None:
                set_state(network, before)
            raise

    def _start_random_state(self) -> None:
        """Make the generator that this fit and all its updates draw from."""
        seed = self.random_state
        if seed is None or isinstance(seed, np.random.RandomState):
            seed = draw_seed(check_random_state(seed))
        self._random = np.random.RandomState(seed)

    def _continue_random_state(self) -> None:
        """Continue with a copy, so that an update that fails leaves the generator as it was."""
        self._random = copy.deepcopy(self._random)

    def _split(
        self, rows: npt.NDArray[np.intp], *, hold_out: bool
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return the rows to train on and those held out."""
        if not hold_out:
            return rows, rows[:0]
        n_watched = round(self.validation_fraction * len(rows))
        if not 0 < n_watched < len(rows):
            raise ValueError(
                f"validation_fraction={self.validation_fraction} of {len(rows)} samples leaves "
                "none to train on or none to hold out; pass more samples or early_stopping=False"
            )
        shuffled = self._random.permutation(rows)
        return shuffled[n_watched:], shuffled[:n_watched]

    def _train(
        self,
        batches: TrainingBatches,
        validation: TrainingBatches | None,
        epochs: int | None = None,
    ) -> None:
        """Train for all epochs; None takes the parameter."""
        check_process()
        epochs = self.epochs if epochs is None else epochs
        history = train(
            self.model_,
            batches,
            learning_rate=self._rate(),
            epochs=epochs,
            first_epoch=self.n_epochs_,
            schedule_epochs=epochs,
            callbacks=[*self._own_callbacks(), *self._new_logs()],
            verbose=int(self.verbose),
            validation=validation,
        )
        self._extend_history(history)

    def _train_folds(
        self,
        start: list[npt.NDArray[Any]],
        splits: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]],
        batches: Callable[[npt.NDArray[np.intp]], TrainingBatches],
    ) -> Iterator[npt.NDArray[np.intp]]:
        """Train from `start` on the rows of each split, and yield its held-out rows.

        This takes as many epochs as the first fit took to its weights, which the network has
        again at the end. The network is the same object, which TensorFlow has compiled.
        """
        losses = self.history_.get("val_loss", ())
        epochs = int(np.argmin(losses)) + 1 if len(losses) else self.n_epochs_
        trained = state_of(self.model_)
        for rows, held_out in splits:
            set_state(self.model_, start)
            train(
                self.model_,
                batches(rows),
                learning_rate=self._rate(),
                epochs=epochs,
                schedule_epochs=self.epochs,
            )
            yield held_out
        set_state(self.model_, trained)

    def _update(self, batches: TrainingBatches) -> None:
        """Train for one epoch, with the optimizer's state and the rate for updates."""
        check_process()
        epoch = self.n_epochs_
        history = train(
            self.model_,
            batches,
            learning_rate=self.update_learning_rate or self._rate(),
            epochs=1,
            first_epoch=epoch,
            callbacks=[*self._own_callbacks(), *self._new_logs()],
            verbose=int(self.verbose),
        )
        self._extend_history(history)
        self.update_epochs_ = [*self.update_epochs_, epoch]

    def _own_callbacks(self) -> list[keras.callbacks.Callback]:
        # copies: training changes callbacks, and a network that one of them kept would be
        # pickled with the parameter
        return copy.deepcopy(self._new_callbacks())

    def _new_logs(self) -> list[keras.callbacks.Callback]:
        if self.log_dir is None:
            return []
        folder = getattr(self, "log_folder_", None)
        if folder is None or os.path.dirname(folder) != os.path.normpath(self.log_dir):
            self.log_folder_ = new_log_folder(os.path.normpath(self.log_dir), self.model_.name)
        return [TrainingLog(self.log_folder_, self)]

    def _extend_history(self, history: dict[str, list[float]]) -> None:
        # new lists, since what fails later gives back the attribute and not what it held
        whole = dict(self.history_)
        for name, values in history.items():
            # a quantity that appears late, such as a validation loss after updates without
            # one, is padded: its position is always the number of the epoch
            earlier = whole.get(name, [])
            whole[name] = [*earlier, *[np.nan] * (self.n_epochs_ - len(earlier)), *values]
        self.history_ = whole
        self.n_epochs_ = max(map(len, whole.values()))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if isinstance(self.optimizer, keras.optimizers.Optimizer):
            state["optimizer"] = _SavedOptimizer.of(self.optimizer)
        network = state.pop("model_", None)
        if network is not None:
            # Keras gives a part of a network no optimizer, not even None
            optimizer = getattr(network, "optimizer", None)
            state["_network_settings"] = dict(settings_of(network))
            state["_saved_network"] = {
                "format": _STATE_FORMAT,
                "weights": network.get_weights(),
                "dropout": [np.asarray(state) for state in _dropout_states(network)],
                "optimizer": None,
            }
            if optimizer is not None:
                kept = optimizer.variables if self._keeps_moments else ()
                state["_saved_network"] |= {
                    "optimizer": _SavedOptimizer.of(optimizer),
                    "moments": [np.asarray(variable) for variable in kept],
                }
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        saved = state.pop("_saved_network", None)
        if saved is not None and saved["format"] < _STATE_FORMAT:
            raise ValueError(FIRST_EDITION)
        if isinstance(state.get("optimizer"), _SavedOptimizer):
            state["optimizer"] = state["optimizer"].make()
        if saved is not None and saved["format"] > _STATE_FORMAT:
            raise ValueError(
                f"this {type(self).__name__} was saved by a newer jobtag_sklearn (format "
                f"{saved['format']}, this version reads up to {_STATE_FORMAT}); update the package"
            )
        settings = state.pop("_network_settings", None)
        super().__setstate__({**self._defaults(), **state})
        if saved is None:
            return
        check_process()
        self.model_ = self._new_network(settings)
        self.model_.set_weights(saved["weights"])
        _assign(_dropout_states(self.model_), saved["dropout"])
        if saved["optimizer"] is None:
            return
        optimizer = saved["optimizer"].make()
        self._compile(optimizer)
        optimizer.build(self.model_.trainable_variables)
        if saved["moments"]:
            _assign(optimizer.variables, saved["moments"])


def _compiled(network: keras.Model) -> Any:
    """Return a network as one function that TensorFlow traces once."""

    def spec(tensor: Any) -> tf.TensorSpec:
        return tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)

    signature = tf.nest.map_structure(spec, network.input)
    call = tf.function(lambda inputs: network(inputs, training=False), input_signature=[signature])
    # TensorFlow takes many networks of one kind, as a search makes them, for one traced anew
    call._omit_frequent_tracing_warning = True
    return call


def _all_variables(network: keras.Model) -> list[Any]:
    optimizer = getattr(network, "optimizer", None)
    return [*network.variables, *(() if optimizer is None else optimizer.variables)]


def _dropout_states(network: keras.Model) -> list[Any]:
    """Return the states of the dropout layers' generators, which are no weights to Keras."""
    return [variable for variable in network.variables if "seed_generator" in variable.path]


def _assign(variables: list[Any], values: list[npt.NDArray[Any]]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _inserted(
    values: list[npt.NDArray[Any]], like: list[npt.NDArray[Any]], position: int
) -> list[npt.NDArray[Any]]:
    """Put arrays into larger ones, which keep their own values from `position` on."""
    grown = [np.array(large) for large in like]
    for value, large in zip(values, grown, strict=True):
        places = [np.arange(n) for n in value.shape]
        for of_axis, n in zip(places, large.shape, strict=True):
            of_axis[position:] += n - len(of_axis)
        large[np.ix_(*places)] = value
    return grown
