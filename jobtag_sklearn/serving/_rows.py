"""One row of columns as plain arrays, which cost less than a table of one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Row(NamedTuple):
    """One row of a sparse matrix. Dense rows are one-dimensional arrays.

    Attributes
    ----------
    columns : ndarray of shape (n_values,), dtype int32
        Columns of the values, in ascending order. All others are zero.
    values : ndarray of shape (n_values,)
        Values.
    width : int
        Number of columns.
    """

    columns: Array
    values: Array
    width: int


def sparse(x: Row | Array) -> Row:
    """Return a row as a sparse one."""
    return x if isinstance(x, Row) else Row(np.arange(len(x), dtype=np.int32), x, len(x))


def dense(x: Row | Array) -> Array:
    """Return a row as an array."""
    if not isinstance(x, Row):
        return x
    values = np.zeros(x.width, dtype=x.values.dtype)
    values[x.columns] = x.values
    return values


def times(x: Row | Array, factor: float) -> Row | Array:
    """Multiply a row by a number."""
    return x._replace(values=x.values * factor) if isinstance(x, Row) else x * factor


def beside(rows: Sequence[Row | Array]) -> Row | Array:
    """Put rows side by side. The result is sparse if one of them is."""
    arrays = [row for row in rows if not isinstance(row, Row)]
    if len(arrays) == len(rows):
        return np.concatenate(arrays)
    columns, values, width = [], [], 0
    for row in map(sparse, rows):
        columns.append(row.columns + width)
        values.append(row.values)
        width += row.width
    return Row(np.concatenate(columns), np.concatenate(values), width)


class Places(NamedTuple):
    """Finds columns among some.

    Attributes
    ----------
    columns : ndarray of shape (n_columns + 1,), dtype int32
        The columns in ascending order. Behind them is a number that no column has.
    """

    columns: Array

    @classmethod
    def of(cls, columns: Array) -> Places:
        """Take columns in ascending order."""
        return cls(np.append(columns, np.iinfo(np.int32).max).astype(np.int32))

    def __call__(self, row: Row) -> tuple[Array, Array]:
        """Return which columns of a row are among these, and their places here."""
        place = self.columns.searchsorted(row.columns)
        found = self.columns[place] == row.columns
        return found, place[found]
