"""Shares of counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def share(part: Any, whole: Any, *, of_nothing: float = 0.0) -> npt.NDArray[np.float64]:
    """Divide counts by counts, where the second one may be zero."""
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.divide(part, whole, out=np.full(part.shape, of_nothing), where=whole != 0)
