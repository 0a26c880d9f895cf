"""Learn the tags of job postings from their text, and keep learning.

Everything is a scikit-learn estimator. What needs TensorFlow is imported when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"

if TYPE_CHECKING:
    from jobtag_sklearn.pipeline import JobTagPipeline, make_job_tag_pipeline

_LAZY = {
    "JobTagPipeline": "jobtag_sklearn.pipeline",
    "make_job_tag_pipeline": "jobtag_sklearn.pipeline",
}

__all__ = ["JobTagPipeline", "__version__", "make_job_tag_pipeline"]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
