"""Models that stay what they were when something fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def unchanged_on_error(*estimators: Any) -> Iterator[None]:
    """Give estimators their attributes back if the block fails.

    Attributes are restored, not what they hold: enough where fitting makes new objects.
    """
    before = [dict(vars(estimator)) for estimator in estimators]
    try:
        yield
    except BaseException:
        for estimator, attributes in zip(estimators, before, strict=True):
            estimator.__dict__.clear()
            estimator.__dict__.update(attributes)
        raise
