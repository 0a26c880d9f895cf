"""A long table, wherever it is, read some rows at a time."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from jobtag_sklearn.datasets._files import are_integers, check_exists, read_csv_in_parts
from jobtag_sklearn.datasets._long_table import Columns, with_id_column
from jobtag_sklearn.datasets._sql import read_table_in_parts

_CSV = (".csv", ".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zip")
_PARQUET = ".parquet"


class Parts(Protocol):
    """A long table that can be read again and again."""

    #: Whether the rows of one job are known to follow each other.
    has_neighbours: bool

    def header(self) -> pd.DataFrame:
        """Return the table's columns, without rows."""

    def read(self, n_rows: int, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield the rows in their order, about `n_rows` at a time."""


class SqlParts:
    """A table or a query, which the database sorts by job."""

    has_neighbours = True

    def __init__(self, source: Any, table: str | None, query: Any, job_id: str) -> None:
        self._read = partial(read_table_in_parts, source, table, query)
        self._job_id = job_id

    def header(self) -> pd.DataFrame:
        (none,) = self._read(None)
        return none

    def read(self, n_rows: int, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        return self._read(n_rows, columns=columns, order_by=self._job_id)


class FrameParts:
    """A DataFrame, whose rows are put in order of the first row of each job."""

    has_neighbours = True

    def __init__(self, rows: pd.DataFrame, job_id: str) -> None:
        self._rows = with_id_column(rows, job_id)
        self._job_id = job_id

    def header(self) -> pd.DataFrame:
        return self._rows.iloc[:0]

    def read(self, n_rows: int, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        rows = self._rows if columns is None else self._rows[list(columns)]
        codes = pd.Series(pd.factorize(rows[self._job_id])[0])
        order = codes.sort_values(kind="stable").index
        for start in range(0, len(rows), n_rows):
            yield rows.take(order[start : start + n_rows])


class FileParts:
    """CSV or Parquet files, one after the other."""

    has_neighbours = False

    def __init__(self, paths: Sequence[Path], columns: Columns) -> None:
        self._paths = paths
        self._columns = columns
        self._integer_ids: bool | None = None

    def header(self) -> pd.DataFrame:
        first, *others = (self._header(path) for path in self._paths)
        for path, other in zip(self._paths[1:], others, strict=True):
            if set(other.columns) != set(first.columns):
                differing = sorted(map(str, set(other.columns) ^ set(first.columns)))
                raise ValueError(
                    f"{path} has not the same columns as {self._paths[0]}; they differ in "
                    f"{', '.join(differing)}."
                )
        return first

    def read(self, n_rows: int, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        # ids of CSV files become integers where all can, which the first reading finds out
        as_integers, integers = self._integer_ids, not _is_parquet(self._paths[0])
        for path in self._paths:
            for part in self._parts_of(path, n_rows, columns):
                ids = part[self._columns.job_id]
                if as_integers:
                    part = part.assign(**{self._columns.job_id: ids.astype("int64")})
                elif as_integers is None:
                    integers = integers and are_integers(ids)
                yield part
        if as_integers is None:
            self._integer_ids = integers

    def _header(self, path: Path) -> pd.DataFrame:
        (none,) = self._parts_of(path, None, None)
        return none

    def _parts_of(
        self, path: Path, n_rows: int | None, columns: Sequence[str] | None
    ) -> Iterator[pd.DataFrame]:
        if not _is_parquet(path):
            return read_csv_in_parts(path, set(filter(None, self._columns)), n_rows, columns)
        return (
            with_id_column(part, self._columns.job_id)
            for part in _parquet_in_parts(path, n_rows, columns)
        )


def files_of(path: Path) -> list[Path]:
    """Return the files of a folder that hold its table, or a file by itself."""
    if not path.is_dir():
        return [path]
    files = sorted(other for other in path.iterdir() if not other.name.startswith((".", "_")))
    csv = [file for file in files if file.name.lower().endswith(_CSV)]
    parquet = list(filter(_is_parquet, files))
    if bool(csv) == bool(parquet):
        raise ValueError(
            f"{path} has {len(csv)} CSV files and {len(parquet)} Parquet files; it must hold "
            "files of one kind."
        )
    return csv or parquet


def _is_parquet(path: Path) -> bool:
    return path.name.lower().endswith(_PARQUET)


def _parquet_in_parts(
    path: Path, n_rows: int | None, columns: Sequence[str] | None
) -> Iterator[pd.DataFrame]:
    check_exists(path)
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"{path} needs the package 'pyarrow': pip install 'jobtag-sklearn[parquet]'.",
            name="pyarrow",
        ) from None
    try:
        with ParquetFile(path) as file:
            if n_rows is None:
                yield file.schema_arrow.empty_table().to_pandas()
                return
            for batch in file.iter_batches(n_rows, columns=columns):
                yield batch.to_pandas()
    except (ArrowException, OSError) as error:
        raise ValueError(f"{path} cannot be read as Parquet: {error}") from error
