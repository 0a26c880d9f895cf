"""The one file that imports scikeras, and mends what scikeras 0.13 breaks.

scikeras gives its routed parameters (``optimizer__momentum``, ``callbacks__patience``),
which Keras users of scikit-learn know. It was written for scikit-learn before 1.6 and is no
longer maintained, so this file takes over only its parameters and:

========================================  ==================================================
scikeras 0.13                             here
========================================  ==================================================
replaces ``keras.Model.__reduce__`` and   put back as they were right after the import
five more on import
``get_params`` reads every attribute      scikit-learn's: the parameters of ``__init__``
accepts mistyped parameters               `TypeError` or `ValueError` with the nearest name
scikit-learn's tags are missing           scikit-learn's, through the usual mixins
turns on TensorFlow's determinism for     a seed for each layer; nothing global is touched
the whole process with ``random_state``
guesses the kind of target from the       decided once, in `jobtag_sklearn.utils._tags`
first batch
a single row loses its first dimension    always two dimensions
refuses another dtype of X or y           cast to float32
multiplies ``sample_weight`` in place     copied
offers ``predict`` and ``score`` on any   hidden where a subclass has none of its own
estimator
========================================  ==================================================
"""

from __future__ import annotations

import difflib
import inspect
from numbers import Real
from typing import Any, NoReturn

import keras
from sklearn.base import BaseEstimator

_PATCHED_BY_SCIKERAS = (
    (keras.Model, "__reduce__"),
    (keras.Model, "__deepcopy__"),
    (keras.losses.Loss, "__reduce__"),
    (keras.metrics.Metric, "__reduce__"),
    (keras.optimizers.Optimizer, "__reduce__"),
)
_before = [vars(owner).get(name) for owner, name in _PATCHED_BY_SCIKERAS]

from scikeras._utils import (  # noqa: E402
    get_optimizer_class,
    route_params,
    try_to_convert_strings_to_classes,
    unflatten_params,
)
from scikeras.wrappers import BaseWrapper  # noqa: E402

for (_owner, _name), _original in zip(_PATCHED_BY_SCIKERAS, _before, strict=True):
    if _original is not None:
        setattr(_owner, _name, _original)
    elif _name in vars(_owner):
        delattr(_owner, _name)

#: Parameters that take routed ones behind two underscores.
ROUTED = ("optimizer", "callbacks")


class _Hidden:
    """A method of the base class that this estimator does not have."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> NoReturn:
        raise AttributeError(f"{owner.__name__!r} object has no attribute {self._name!r}")


class ScikerasBridge(BaseWrapper):
    """scikeras' routed parameters on scikit-learn's contract."""

    current_epoch: Any = _Hidden()
    feature_encoder: Any = _Hidden()
    fit: Any = _Hidden()
    initialize: Any = _Hidden()
    initialized_: Any = _Hidden()
    partial_fit: Any = _Hidden()
    predict: Any = _Hidden()
    score: Any = _Hidden()
    scorer: Any = _Hidden()
    target_encoder: Any = _Hidden()

    _get_param_names: Any = classmethod(BaseEstimator._get_param_names.__func__)
    __repr__ = BaseEstimator.__repr__

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # scikit-learn's tools take every name in a class's signature for a parameter that
        # can be set, which `routed` is not
        signature = inspect.signature(cls.__init__)
        cls.__signature__ = signature.replace(
            parameters=[
                parameter
                for name, parameter in signature.parameters.items()
                if name != "self" and parameter.kind is not parameter.VAR_KEYWORD
            ]
        )

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """Return the defaults of all parameters, some of which an older pickle may lack."""
        parameters = inspect.signature(cls).parameters
        return {name: parameter.default for name, parameter in parameters.items()}

    def _store_routed(self, routed: dict[str, Any]) -> None:
        """Store routed parameters; the last thing that a subclass's ``__init__`` does."""
        for name, value in routed.items():
            if not _is_routed(name):
                raise TypeError(self._unknown(name))
            setattr(self, name, value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, routed ones included.

        Parameters
        ----------
        deep : bool, default=True
            As in scikit-learn.

        Returns
        -------
        params : dict
            Parameter names and values.
        """
        params = BaseEstimator.get_params(self, deep=deep)
        params.update({name: value for name, value in vars(self).items() if _is_routed(name)})
        return params

    def set_params(self, **params: Any) -> ScikerasBridge:
        """Set parameters, routed ones such as ``optimizer__momentum`` included.

        Parameters
        ----------
        **params : dict
            Parameter names and values.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter; the nearest one is named.
        """
        known = self.get_params(deep=False)
        for name in params:
            if name not in known and not _is_routed(name):
                raise ValueError(self._unknown(name))
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def _unknown(self, name: str) -> str:
        names = self._get_param_names()
        whole = difflib.get_close_matches(name, names, n=1)
        nearest = whole or difflib.get_close_matches(name.partition("__")[0], names, n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
        return (
            f"Invalid parameter {name!r} for estimator {type(self).__name__}{hint} "
            f"Valid parameters are: {names}, and those routed with optimizer__ or callbacks__."
        )

    def _new_optimizer(self) -> keras.optimizers.Optimizer:
        """Make an optimizer of this estimator's parameters, never the user's own object."""
        routed = self._routed_to("optimizer")
        if isinstance(self.optimizer, keras.optimizers.Optimizer):
            if routed:
                raise ValueError(
                    f"optimizer is an object, so {sorted(routed)} cannot be set; pass its class "
                    "or its name, or set them in the object"
                )
            # an optimizer belongs to one network's weights, so the given one is a pattern
            return type(self.optimizer).from_config(self.optimizer.get_config())
        kind = try_to_convert_strings_to_classes(self.optimizer, get_optimizer_class)
        known = [name for name in inspect.signature(kind).parameters if name != "kwargs"]
        for name in routed:
            if name not in known:
                nearest = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean 'optimizer__{nearest[0]}'?" if nearest else "."
                raise ValueError(f"{kind.__name__} has no parameter {name!r}{hint} It has {known}")
        return unflatten_params(items=kind, params={**self._default_rate(), **routed})

    def _rate(self) -> float | None:
        """Return the learning rate of a fit; None where the optimizer has one of its own."""
        if isinstance(self.optimizer, keras.optimizers.Optimizer):
            return None
        rate = {**self._default_rate(), **self._routed_to("optimizer")}["learning_rate"]
        return float(rate) if isinstance(rate, Real) else None

    def _default_rate(self) -> dict[str, float]:
        return {"learning_rate": self.learning_rate}

    def _routed_to(self, destination: str) -> dict[str, Any]:
        return route_params(
            self.get_params(deep=False), destination=destination, pass_filter=set(), strict=True
        )

    def _new_callbacks(self) -> list[keras.callbacks.Callback]:
        """Make the callbacks: classes with routed parameters, or the user's own objects."""
        self._initialize_callbacks()
        del self._predict_callbacks
        callbacks = self.__dict__.pop("_fit_callbacks")
        # scikeras takes lists of lists too
        return [
            single
            for given in callbacks
            for single in (given if isinstance(given, list) else [given])
        ]


def _is_routed(name: str) -> bool:
    prefix, separator, rest = name.partition("__")
    return bool(separator and rest) and prefix in ROUTED
