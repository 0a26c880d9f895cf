"""A posting's features as plain arrays: what a table of one row costs most is the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Row(NamedTuple):
    """One row of a sparse matrix.

    Attributes
    ----------
    columns : ndarray of shape (n_values,)
        Columns that hold something, in ascending order.
    values : ndarray of shape (n_values,), dtype float32
        What they hold.
    width : int
        Number of columns.
    """

    columns: npt.NDArray[np.intp]
    values: npt.NDArray[np.float32]
    width: int

    @classmethod
    def of(cls, x: Any) -> Row:
        """Take the only row of a sparse matrix or of an array."""
        if hasattr(x, "indptr"):
            return cls(x.indices.astype(np.intp), x.data, x.shape[1])
        values = np.asarray(x, dtype=np.float32).ravel()
        return cls(np.arange(len(values)), values, len(values))

    def times(self, factor: Any) -> Row:
        """Return the row with its values multiplied."""
        return self._replace(values=(self.values * factor).astype(np.float32, copy=False))

    def part(self, start: int, stop: int) -> Row:
        """Return the columns from `start` to before `stop`."""
        first, last = np.searchsorted(self.columns, (start, stop))
        return Row(self.columns[first:last] - start, self.values[first:last], stop - start)

    def dense(self) -> npt.NDArray[np.float32]:
        """Return all columns."""
        values = np.zeros(self.width, dtype=np.float32)
        values[self.columns] = self.values
        return values


def beside(rows: Sequence[Row]) -> Row:
    """Put the columns of rows side by side."""
    starts = np.cumsum([0, *(row.width for row in rows)])
    columns = [row.columns + start for row, start in zip(rows, starts, strict=False)]
    return Row(
        np.concatenate(columns), np.concatenate([row.values for row in rows]), int(starts[-1])
    )
