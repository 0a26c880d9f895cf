"""Class weights become weights of rows and of answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.class_weight import compute_class_weight

from jobtag_sklearn.utils._tags import Tags


def class_weights(tags: Tags, class_weight: Any) -> Any:
    """Return the weights of classes in arrays; None if all are alike.

    For labels an array of shape (n_classes,); for tags two of shape (n_tags,), what their
    positives and their negatives weigh.

    Raises
    ------
    ValueError
        If `class_weight` names a tag or a class that there is not.
    """
    if class_weight is None:
        return None
    if not isinstance(class_weight, str):
        for name, weight in class_weight.items():
            if not (np.isfinite(weight) and weight >= 0):
                raise ValueError(
                    f"class_weight of {name!r} is {weight}; weights are finite and not negative"
                )
    indicators = tags.indicators
    if tags.kind != "multilabel":
        labels = tags.classes[_positions(tags)]
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
    if unknown:
        raise ValueError(
            f"class_weight names tags that y does not have: {sorted(map(str, unknown))}; "
            f"y has {tags.classes.tolist()}"
        )
    weights = [class_weight.get(name, 1.0) for name in tags.classes.tolist()]
    return np.array(weights, dtype=np.float32), np.ones(len(weights), dtype=np.float32)


def row_weights(tags: Tags, of_classes: Any) -> npt.NDArray[np.float32] | None:
    """Return a weight for each row of one-dimensional labels; None if all are alike."""
    if of_classes is None or tags.kind == "multilabel":
        return None
    return of_classes[_positions(tags)].astype(np.float32)


def _positions(tags: Tags) -> npt.NDArray[np.intp]:
    """Return each row's class, as its position among the classes."""
    if tags.kind == "binary":
        return tags.indicators[:, 0].astype(int)
    return tags.indicators.argmax(axis=1)


def element_weights(
    indicators: npt.NDArray[np.float32],
    of_tags: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None,
    of_rows: npt.NDArray[np.float32] | None,
) -> npt.NDArray[np.float32] | None:
    """Return a weight for each tag of each row; None if all are alike."""
    if of_tags is None and of_rows is None:
        return None
    weights = np.ones_like(indicators)
    if of_tags is not None:
        weights *= np.where(indicators == 1, *of_tags)
    if of_rows is not None:
        weights *= of_rows[:, None]
    return weights
