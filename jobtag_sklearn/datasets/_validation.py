"""Parameter validation that keeps the type hints of what it validates."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from sklearn.utils._param_validation import validate_params

_Function = TypeVar("_Function", bound=Callable[..., Any])


def validated(constraints: Mapping[str, Any]) -> Callable[[_Function], _Function]:
    """Check a public function's arguments as scikit-learn checks those of its own."""
    decorator = validate_params(dict(constraints), prefer_skip_nested_validation=True)
    # scikit-learn ships no types: without the cast a type checker would see Any.
    return cast(Callable[[_Function], _Function], decorator)
