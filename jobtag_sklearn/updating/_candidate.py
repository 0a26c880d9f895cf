"""A copy of the current model is trained further and compared with it."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from jobtag_sklearn.updating._accounts import Corrections
from jobtag_sklearn.updating._comparison import (
    held_out,
    indicators,
    micro_f1,
    scores_and_tags,
    tags_of,
)

_NEW_TAGS = "new_tags"


class Tags(NamedTuple):
    """Tags of corrected postings, as a model sees them."""

    known: list[Any]
    new: list[str]
    unknown: dict[str, int]


def find_tags(model: Any, train: Corrections, rest: Corrections, unknown_tags: str) -> Tags:
    """Find out which tags the model knows, is to learn, and has to leave out.

    Raises
    ------
    ValueError
        If there are unknown ones and `unknown_tags` is "error".
    """
    known = tags_of(model)
    names = {str(name) for name in known}
    in_training = Counter(tag for tags in train.tags for tag in tags if tag not in names)
    counts = in_training + Counter(tag for tags in rest.tags for tag in tags if tag not in names)
    if counts and unknown_tags == "error":
        shown = ", ".join(f"{tag!r} ({n})" for tag, n in counts.most_common(10))
        more = f" and {len(counts) - 10} more" if len(counts) > 10 else ""
        raise ValueError(
            f"corrected postings have {len(counts)} tag(s) that the model does not know: "
            f"{shown}{more}. Nothing was learnt; correct them, or pass "
            'unknown_tags="ignore" or "learn".'
        )
    new: list[str] = []
    if unknown_tags == "learn" and new_tags_parameter(model) is not None:
        # a model learns a tag only from postings that it is trained on
        new = sorted(in_training)
    unknown = {tag: n for tag, n in counts.most_common() if tag not in new}
    return Tags(known, new, unknown)


def new_tags_parameter(model: Any) -> str | None:
    """Return the parameter of the model that lets it learn new tags, if it has one."""
    parameters = model.get_params() if hasattr(model, "get_params") else {}
    found = [name for name in parameters if name.rpartition("__")[2] == _NEW_TAGS]
    return min(found, key=len) if found else None


def train(model: Any, corrections: Corrections, tags: Tags) -> None:
    """Train the model further on corrected postings, of which all tags are known."""
    names = [*tags.known, *tags.new]
    table = pd.DataFrame(
        indicators(corrections.tags, names), index=corrections.jobs.index, columns=names
    )
    parameter = new_tags_parameter(model) if tags.new else None
    if parameter is None:
        model.partial_fit(corrections.jobs, table)
        return
    before = model.get_params()[parameter]
    model.set_params(**{parameter: "add" if isinstance(before, str) else True})
    model.partial_fit(corrections.jobs, table)
    # the next update decides anew whether tags are learnt
    model.set_params(**{parameter: before})


def compare(
    current: Any, candidate: Any, corrections: Corrections
) -> tuple[float | None, float | None]:
    """Return micro F1 of both models on the same postings, None of one that has diverged.

    A tag that only the candidate knows counts: the current model misses it. Tags that neither
    of them knows do not count.
    """
    before, after = tags_of(current), tags_of(candidate)
    names = [*after, *(name for name in before if name not in after)]
    true = indicators(corrections.tags, names)
    result: list[float | None] = []
    for model, known in ((current, before), (candidate, after)):
        scores, given = scores_and_tags(model, corrections.jobs)
        if not np.isfinite(scores).all():
            result.append(None)
            continue
        wide = np.zeros(true.shape, dtype=np.int64)
        wide[:, [names.index(name) for name in known]] = given
        result.append(micro_f1(true, wide))
    return result[0], result[1]


def is_no_worse(before: float | None, after: float | None, tolerance: float) -> bool:
    """Return whether a model with the second score may take the place of one with the first."""
    return after is not None and (before is None or after >= before - tolerance)


def divide(
    waiting: Corrections, earlier: Corrections, share: float, max_compared: int
) -> tuple[Corrections, Corrections, Corrections]:
    """Divide into postings to train on and to hold out, and return those to compare on."""
    out = held_out(list(waiting.jobs.index), share, some_before=len(earlier) > 0)
    taught, kept = waiting.at(np.flatnonzero(~out)), waiting.at(np.flatnonzero(out))
    return taught, kept, kept.joined(earlier).at(range(max_compared))
