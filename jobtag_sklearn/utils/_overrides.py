"""Short cuts are only right where a method is still the one that they stand for."""

from __future__ import annotations

from typing import Any


def overrides(instance: Any, base: type, *names: str) -> bool:
    """Return whether an object has a method of its own in the place of one of its base class.

    Parameters
    ----------
    instance : object
        Instance of `base`, or of a subclass.
    base : type
        Class whose methods a short cut stands for.
    *names : str
        Names of these methods.

    Returns
    -------
    overridden : bool
        True if the object's class, or the object itself, has replaced one of them.
    """
    return any(
        getattr(getattr(instance, name), "__func__", None) is not getattr(base, name)
        for name in names
    )
