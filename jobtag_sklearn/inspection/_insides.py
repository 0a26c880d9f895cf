"""Finding what is inside of a model: its networks, and the codes that it makes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from jobtag_sklearn.utils._tags import check_tags, in_order_of, shown

NO_TAG = "no tag"
OTHER = "other tags"


def networks_of(estimator: Any) -> dict[str, Any]:
    """Return the fitted Keras estimators that a model is made of, by their networks' names.

    Raises
    ------
    ValueError
        If there are none.
    """
    check_is_fitted(estimator)
    found: dict[str, Any] = {}
    for part in _parts(estimator):
        name = str(part.model_.name)
        # without its decoder an autoencoder's network is its encoder
        name = "autoencoder" if name == "encoder" else name
        same = sum(known.partition(" ")[0] == name for known in found)
        found[f"{name} {same + 1}" if same else name] = part
    if not found:
        raise ValueError(
            f"there is no fitted Keras network in this {type(estimator).__name__}; pass a "
            "pipeline of make_job_tag_pipeline, or one of the estimators of neural_network"
        )
    return found


def _parts(estimator: Any) -> Iterator[Any]:
    if hasattr(estimator, "model_") and hasattr(estimator, "history_"):
        yield estimator
        return
    for name in ("best_estimator_", "estimator_"):
        if hasattr(estimator, name):
            yield from _parts(getattr(estimator, name))
            return
    for name in ("steps", "transformers_", "transformer_list"):
        for _, part, *_ in getattr(estimator, name, ()):
            yield from _parts(part)


def codes_of(estimator: Any, X: Any) -> npt.NDArray[np.float64]:
    """Return the codes that a pipeline, an autoencoder or any transformer makes of rows."""
    for name in ("encode", "transform"):
        if hasattr(estimator, name):
            return check_codes(getattr(estimator, name)(X))
    raise TypeError(
        f"{type(estimator).__name__} has neither encode nor transform, so it makes no codes; "
        "pass a pipeline of make_job_tag_pipeline, or a transformer"
    )


def check_codes(codes: Any) -> npt.NDArray[np.float64]:
    """Return codes as a dense table of numbers."""
    if sparse.issparse(codes):
        raise ValueError(
            f"codes must be dense, got a sparse matrix of {codes.shape[1]} columns; those are "
            "columns of words, and no picture holds as many"
        )
    array = np.asarray(codes, dtype=np.float64)
    if array.ndim == 1:
        array = array[None, :]
    if array.ndim != 2 or not array.size:
        raise ValueError(f"codes must have shape (n_jobs, n_codes), got {array.shape}")
    return array


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
    has = checked.indicators == 1
    frequency = has.sum(axis=0)
    names = checked.classes.tolist()
    # the most frequent first; of equals, the one that comes first
    order = np.argsort(-frequency, kind="stable")
    if tags is not None:
        for name in tags:
            if name not in names:
                raise ValueError(f"there is no tag {shown(name)}; known are {names[:20]}")
        order = np.array([at for at in order if names[at] in set(tags)], dtype=int)
    groups = np.full(n_rows, NO_TAG, dtype=object)
    groups[has.any(axis=1)] = OTHER
    for at in order[:most]:
        groups[has[:, at]] = names[at]
    return groups


def in_order(groups: npt.NDArray[Any]) -> list[Any]:
    """Return the groups there are, the largest first and those without a tag last."""
    names, counts = np.unique(groups.astype(str), return_counts=True)
    first = {str(group): group for group in reversed(groups)}
    order = sorted(
        zip(names.tolist(), counts.tolist(), strict=True),
        key=lambda pair: (pair[0] in (OTHER, NO_TAG), pair[0] == NO_TAG, -pair[1], pair[0]),
    )
    return [first[name] for name, _ in order]


def names_and_answers(estimator: Any, X: Any, y: Any) -> tuple[list[Any] | None, Any, Any]:
    """Return the names of the tags, true tags in their order, and predicted ones."""
    classes = getattr(estimator, "classes_", None)
    names = classes.tolist() if isinstance(classes, np.ndarray) else None
    given = estimator.predict(X)
    y = in_order_of(y, names or [])
    if sparse.issparse(given):
        given = given.toarray()
    return names, y, np.asarray(given)
