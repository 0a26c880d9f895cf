"""From class weights to weights of rows and of single tags."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.class_weight import compute_class_weight

from jobtag_sklearn.utils._tags import Tags


def class_weights(tags: Tags, class_weight: Any, *, more_to_come: bool = False) -> Any:
    """Return the weights of classes as arrays; None if all are 1.

    For labels this is an array of shape (n_classes,). For tags it is a tuple of two arrays of
    shape (n_tags,): the weights of the positives and of the negatives.

    Raises
    ------
    ValueError
        If `class_weight` names an unknown tag or class. With `more_to_come`, unknown tags
        are ignored.
    """
    if class_weight is None:
        return None
    if not isinstance(class_weight, str):
        _check_weights(class_weight)
    indicators = tags.indicators
    if tags.kind != "multilabel":
        labels = tags.classes[positions(tags)]
        return compute_class_weight(class_weight, classes=tags.classes, y=labels)
    if isinstance(class_weight, str):
        positive, negative = (indicators == 1).sum(axis=0), (indicators == 0).sum(axis=0)
        known = positive + negative
        # a tag that is the same everywhere has nothing to balance
        return (
            np.where(positive > 0, known / (2 * np.maximum(positive, 1)), 1).astype(np.float32),
            np.where(negative > 0, known / (2 * np.maximum(negative, 1)), 1).astype(np.float32),
        )
    unknown = set(class_weight) - set(tags.classes.tolist())
    if unknown and not more_to_come:
        raise ValueError(
            f"class_weight names tags that y does not have: {sorted(map(str, unknown))}; "
            f"y has {tags.classes.tolist()}"
        )
    return _of_positives(class_weight, tags.classes.tolist())


def grown_class_weights(of_tags: Any, class_weight: Any, n_tags: int, new: list[Any]) -> Any:
    """Append the weights of new tags to those of `n_tags` known ones, which stay the same."""
    named = class_weight if isinstance(class_weight, dict) else {}
    _check_weights(named)
    if of_tags is None:
        if not set(named) & set(new):
            return None
        of_tags = _of_positives({}, [None] * n_tags)
    of_new = _of_positives(named, new)
    return tuple(np.concatenate(both) for both in zip(of_tags, of_new, strict=True))


def _of_positives(class_weight: dict[Any, float], names: list[Any]) -> Any:
    weights = [class_weight.get(name, 1.0) for name in names]
    return np.array(weights, dtype=np.float32), np.ones(len(weights), dtype=np.float32)


def _check_weights(class_weight: dict[Any, float]) -> None:
    for name, weight in class_weight.items():
        if not (np.isfinite(weight) and weight >= 0):
            raise ValueError(
                f"class_weight of {name!r} is {weight}; weights are finite and not negative"
            )


def row_weights(
    tags: Tags, of_classes: Any, sample_weight: npt.NDArray[np.float32] | None
) -> npt.NDArray[np.float32] | None:
    """Multiply sample weights and, for labels, class weights; None if all are 1."""
    if of_classes is None or tags.kind == "multilabel":
        return sample_weight
    weights = of_classes[positions(tags)].astype(np.float32)
    return weights if sample_weight is None else weights * sample_weight


def positions(tags: Tags) -> npt.NDArray[np.intp]:
    """Return the class of each row, as its position among the classes of labels."""
    if tags.kind == "binary":
        return tags.indicators[:, 0].astype(int)
    return tags.indicators.argmax(axis=1)


def element_weights(
    indicators: npt.NDArray[np.floating],
    of_tags: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None,
    of_rows: npt.NDArray[np.floating] | None,
) -> npt.NDArray[np.floating] | None:
    """Return a weight for each tag of each row; None if all are 1."""
    if of_tags is None and of_rows is None:
        return None
    weights = np.ones_like(indicators)
    if of_tags is not None:
        weights *= np.where(indicators == 1, *of_tags)
    if of_rows is not None:
        weights *= of_rows[:, None]
    return weights
