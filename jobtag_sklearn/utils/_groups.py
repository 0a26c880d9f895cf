"""One tag for each posting, where a picture has room for one only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from jobtag_sklearn.utils._tags import Tags, check_tags, shown

NO_TAG = "no tag"
OTHER = "other tags"


def groups_of(y: Any, n_rows: int, tags: Any, most: int | None) -> npt.NDArray[Any] | None:
    """Return one tag for each posting, the rarest of those that it has and that are drawn.

    Parameters
    ----------
    y : DataFrame or array-like of shape (n_rows, n_tags), or None
        Tags as 0/1, NaN where unknown.
    n_rows : int
        Postings there are.
    tags : list or None
        Tags to draw. None takes the `most` most frequent ones.
    most : int or None
        None takes all of them.

    Returns
    -------
    groups : ndarray of shape (n_rows,), dtype object, or None
        Names of tags; of a posting with none of them `NO_TAG` or `OTHER`.
    """
    if y is None:
        return None
    checked = check_tags(y, kind="multilabel")
    if len(checked.indicators) != n_rows:
        raise ValueError(f"there are {n_rows} postings, but y has {len(checked.indicators)} rows")
    names = checked.classes.tolist()
    order = by_frequency(checked)
    if tags is not None:
        for name in tags:
            if name not in names:
                raise ValueError(f"there is no tag {shown(name)}; known are {names[:20]}")
        order = np.array([at for at in order if names[at] in set(tags)], dtype=int)
    return rarest_tags(checked, order[:most])


def rarest_tags(tags: Tags, order: Iterable[int]) -> npt.NDArray[Any]:
    """Return for each row the last tag in `order` that it has, `OTHER` or `NO_TAG`."""
    has, names = tags.indicators == 1, tags.classes.tolist()
    groups = np.full(len(has), NO_TAG, dtype=object)
    groups[has.any(axis=1)] = OTHER
    for at in order:
        groups[has[:, at]] = names[at]
    return groups


def by_frequency(tags: Tags) -> npt.NDArray[np.intp]:
    """Return the positions of tags, the most frequent first; of equals, the first one first."""
    return np.argsort(-(tags.indicators == 1).sum(axis=0), kind="stable")


def in_order(groups: npt.NDArray[Any]) -> list[Any]:
    """Return the groups there are, the largest first and those without a tag last."""
    names, counts = np.unique(groups.astype(str), return_counts=True)
    first = {str(group): group for group in reversed(groups)}
    order = sorted(
        zip(names.tolist(), counts.tolist(), strict=True),
        key=lambda pair: (pair[0] in (OTHER, NO_TAG), pair[0] == NO_TAG, -pair[1], pair[0]),
    )
    return [first[name] for name, _ in order]
