"""The one place that validates tags."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

#: Values that one cell of a tag table may have, besides a missing value.
_ALLOWED = (0, 1)


class Tags(NamedTuple):
    """Validated tags.

    Attributes
    ----------
    indicators : ndarray of shape (n_samples, n_tags), dtype float32
        1 where a sample has a tag, 0 where it has not, NaN where nobody knows.
    classes : ndarray of shape (n_classes,)
        Names of the tags; for one-dimensional labels the sorted labels.
    kind : {"multilabel", "binary", "multiclass"}
        What was passed: a table of tags, or one label a sample. With two labels
        `indicators` has one column, for the second of them.
    """

    indicators: npt.NDArray[np.float32]
    classes: npt.NDArray[Any]
    kind: str

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Rows of which at least one tag is known."""
        return np.asarray(~np.isnan(self.indicators).all(axis=1))


def check_tags(
    y: Any, *, classes: npt.NDArray[Any] | None = None, kind: str | None = None
) -> Tags:
    """Validate a table of tags, or plain labels, and turn them into indicators.

    Parameters
    ----------
    y : DataFrame, array-like or sparse matrix of shape (n_samples, n_tags), \
            or array-like of shape (n_samples,)
        Tags as 0/1 with missing values where a tag is unknown, or one label a sample.
    classes : ndarray of shape (n_classes,), default=None
        Tags that a fitted model knows, in its order. The columns of a DataFrame are put
        into that order by name; a known tag without a column counts as 0 in every row.
    kind : {"multilabel", "binary", "multiclass"}, default=None
        Kind of tags that a fitted model knows.

    Returns
    -------
    tags : Tags
        Indicators, names and kind.

    Raises
    ------
    ValueError
        If a value is not 0, 1 or missing (the row and the tag are named), if two columns
        have the same name, or if there are tags that `classes` does not know.
    """
    tags = _checked(y, classes, kind)
    if kind is not None and (tags.kind == "multilabel") != (kind == "multilabel"):
        known, given = "a table of tags", "one label a sample"
        if kind != "multilabel":
            known, given = given, known
        raise ValueError(f"y is {given}, but this model was fitted with {known}")
    return tags


def _checked(y: Any, classes: npt.NDArray[Any] | None, kind: str | None) -> Tags:
    if isinstance(y, pd.DataFrame):
        return _from_table(y, classes)
    if sparse.issparse(y):
        return _from_array(check_array(y, accept_sparse=True).toarray(), classes)
    if y is None:
        raise ValueError(
            "requires y to be passed, but the target y is None; pass a table of 0/1 tags "
            "or one label a sample"
        )
    if _is_tag_array(y, kind):
        return _from_array(np.asarray(y), classes)
    return _from_labels(y, classes)


def check_same_index(jobs: Any, tags: Any) -> None:
    """Raise if two pandas objects describe different rows, naming the first difference."""
    if not (hasattr(jobs, "index") and hasattr(tags, "index")):
        return
    if not (isinstance(jobs.index, pd.Index) and isinstance(tags.index, pd.Index)):
        return
    if len(jobs.index) != len(tags.index):
        raise ValueError(
            f"Found inconsistent numbers of samples: {len(jobs.index)} jobs but "
            f"{len(tags.index)} rows of tags; pass tags.loc[jobs.index]"
        )
    if jobs.index.equals(tags.index):
        return
    for row, (job, of_tags) in enumerate(zip(jobs.index, tags.index, strict=True)):
        same = job is of_tags or job == of_tags or (job != job and of_tags != of_tags)
        if not same:
            raise ValueError(
                "jobs and tags must have the same index in the same order, but row "
                f"{row} is job {shown(job)} in jobs and {shown(of_tags)} in tags; "
                "pass tags.loc[jobs.index]"
            )


def in_order_of(y: Any, names: list[Any]) -> Any:
    """Put the columns of a table of the very tags `names` into their order; keep all else."""
    if isinstance(y, pd.DataFrame) and set(y.columns) == set(names):
        return y[names]
    return y


def names_of_tags(given: npt.NDArray[Any], names: Sequence[Any]) -> list[list[Any]]:
    """Return the names of the tags that each row of 0/1 has, in the order of `names`."""
    return [[names[tag] for tag in np.flatnonzero(row).tolist()] for row in given]


def warn_of_constant_tags(tags: Tags) -> None:
    """Warn of tags that are the same wherever they are known: nothing can be learnt of them."""
    if tags.kind != "multilabel":
        return
    indicators = tags.indicators
    constant = ~((indicators == 0).any(axis=0) & (indicators == 1).any(axis=0))
    if constant.any():
        names = ", ".join(repr(name) for name in tags.classes[constant][:5].tolist())
        more = f" and {constant.sum() - 5} more" if constant.sum() > 5 else ""
        warnings.warn(
            f"nothing can be learnt of {constant.sum()} tag(s) that are the same in every "
            f"row: {names}{more}; leave them out, for example with "
            "load_job_postings(..., min_examples=2)",
            UserWarning,
            stacklevel=4,
        )


def _is_tag_array(y: Any, kind: str | None) -> bool:
    array = np.asarray(y) if not isinstance(y, (list, tuple)) else _array_or_raise(y)
    if array.ndim > 2:
        raise ValueError(f"tags must have one or two dimensions, got {array.ndim}")
    if array.ndim < 2:
        return False
    return array.shape[1] != 1 or kind == "multilabel"


def _array_or_raise(y: Sequence[Any]) -> npt.NDArray[Any]:
    try:
        return np.asarray(y)
    except ValueError:
        raise ValueError(
            "tags have a different number of values in different rows; lists of tag names "
            "become a table with sklearn.preprocessing.MultiLabelBinarizer"
        ) from None


def _from_table(y: pd.DataFrame, classes: npt.NDArray[Any] | None) -> Tags:
    if y.columns.has_duplicates:
        twice = y.columns[y.columns.duplicated()][0]
        raise ValueError(f"tag {twice!r} has more than one column; keep one")
    if y.shape[1] == 0:
        raise ValueError("the table of tags has no column; pass one column a tag")
    if classes is not None:
        _raise_unknown(list(y.columns), classes)
        unknown = y.isna().all(axis=1).to_numpy()
        y = y.reindex(columns=list(classes), fill_value=0)
    indicators = np.empty(y.shape, dtype=np.float32)
    for position, name in enumerate(y.columns):
        indicators[:, position] = _as_indicator(y[name], str(name))
    if classes is not None:
        # a row that says nothing says nothing of a tag without a column either
        indicators[unknown] = np.nan
    names = classes if classes is not None else np.asarray(y.columns)
    return Tags(indicators, names, "multilabel")


def _from_array(y: npt.NDArray[Any], classes: npt.NDArray[Any] | None) -> Tags:
    if classes is not None and y.shape[1] != len(classes):
        raise ValueError(
            f"y has {y.shape[1]} tags, but this model was fitted with {len(classes)}: "
            f"{_shortened(classes)}"
        )
    if y.shape[1] == 0:
        raise ValueError("y has no column; pass one column a tag")
    indicators = np.empty(y.shape, dtype=np.float32)
    names = np.arange(y.shape[1]) if classes is None else classes
    for position, name in enumerate(names):
        indicators[:, position] = _as_indicator(pd.Series(y[:, position]), str(name))
    return Tags(indicators, names, "multilabel")


def _as_indicator(column: pd.Series, name: str) -> npt.NDArray[np.float32]:
    """Return one tag's values as 0, 1 and NaN, or say which one is something else."""
    bad = column.notna() & ~column.isin(_ALLOWED)
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0])
        raise ValueError(
            f"tag {name!r} of row {shown(column.index[row])} is {shown(column.iloc[row])}; a tag "
            "must be 0, 1, or missing (NaN) where it is unknown"
        )
    return column.astype("Float32").to_numpy(dtype=np.float32, na_value=np.nan)


def _from_labels(y: Any, classes: npt.NDArray[Any] | None) -> Tags:
    labels = column_or_1d(y, warn=True)
    check_array(labels, ensure_2d=False, dtype=None, input_name="y")
    check_classification_targets(labels)
    if classes is None:
        classes = np.unique(labels)
    else:
        classes = np.unique(classes)
        _raise_unknown(list(np.unique(labels)), classes)
    if len(classes) == 1:
        raise ValueError(
            f"y has one class only, {shown(classes[0])}; labels need at least 2 classes"
        )
    kind = "binary" if len(classes) == 2 else "multiclass"
    positions = np.searchsorted(classes, labels)
    indicators = np.eye(len(classes), dtype=np.float32)[positions]
    return Tags(indicators[:, 1:] if kind == "binary" else indicators, classes, kind)


def _raise_unknown(found: list[Any], classes: npt.NDArray[Any]) -> None:
    known = set(classes.tolist())
    unknown = [name for name in found if name not in known]
    if unknown:
        raise ValueError(
            f"y has unknown tags or classes {_shortened(unknown)}; this model knows "
            f"{_shortened(classes)}: leave the unknown ones out, fit a new model, or let a "
            'KerasMultiLabelClassifier with new_tags="add" learn them'
        )


def shown(value: Any) -> str:
    """Return a value as people write it, without NumPy's types around it."""
    if isinstance(value, tuple):
        return f"({', '.join(map(shown, value))})"
    return repr(value.item() if isinstance(value, np.generic) else value)


def _shortened(names: Any, most: int = 20) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"[{', '.join(map(shown, list(names)[:most]))}]{more}"
