"""Corrected postings are divided, and two models are compared on those held out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.metrics import f1_score
from sklearn.pipeline import Pipeline


def held_out(ids: Sequence[str], share: float, *, some_before: bool) -> npt.NDArray[np.bool_]:
    """Return which postings are held out, by their ids alone.

    A posting that is corrected again falls on the same side as before, so that no model is
    compared on what it has learnt. At least one is held out unless there are `some_before`,
    and at least one is not.
    """
    places = np.array([_place(posting_id) for posting_id in ids])
    chosen = places < share
    if not chosen.any() and not some_before:
        chosen[places.argmin()] = True
    if chosen.all():
        chosen[places.argmax()] = False
    return chosen


def tags_of(model: Any) -> list[Any]:
    """Return the tags that a fitted model knows."""
    classes = getattr(model, "classes_", None)
    if classes is None:
        raise TypeError(
            f"{type(model).__name__} has no classes_, neither itself nor in its last step; "
            "pass a fitted model of tags"
        )
    return list(np.asarray(classes).tolist())


def scores_and_tags(
    model: Any, jobs: pd.DataFrame
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the probability of each tag, and 1 where it is given."""
    columns: Any = jobs
    if isinstance(model, Pipeline) and len(model.steps) > 1:
        # the text is read once for both
        columns, model = model[:-1].transform(jobs), model[-1]
    scores = np.asarray(model.predict_proba(columns), dtype=np.float64)
    given = model.predict(columns)
    return scores, np.asarray(given.toarray() if sparse.issparse(given) else given, dtype=np.int64)


def indicators(tags: Sequence[Sequence[str]], names: Sequence[Any]) -> npt.NDArray[np.int64]:
    """Write lists of tags as 0/1, one column for each of `names`; leave other tags out."""
    place = {str(name): column for column, name in enumerate(names)}
    table = np.zeros((len(tags), len(names)), dtype=np.int64)
    for row, of_posting in enumerate(tags):
        for tag in of_posting:
            if tag in place:
                table[row, place[tag]] = 1
    return table


def micro_f1(true: npt.NDArray[np.int64], given: npt.NDArray[np.int64]) -> float:
    """Return micro F1, 1 where there is no tag to find and none is given."""
    return float(f1_score(true, given, average="micro", zero_division=1.0))


def _place(posting_id: str) -> float:
    """Return a number from 0 to 1 that is the same for the same posting everywhere."""
    digest = hashlib.sha256(posting_id.encode("utf-8")).digest()
    return float(int.from_bytes(digest[:8], "big") / 2**64)
