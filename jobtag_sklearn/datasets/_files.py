"""A CSV file becomes a long table."""

import lzma
import os
import re
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from jobtag_sklearn.datasets._sql import without_secrets

_OTHER_READERS = {
    ".feather": "read_feather",
    ".json": "read_json",
    ".jsonl": "read_json",
    ".parquet": "read_parquet",
    ".xls": "read_excel",
    ".xlsx": "read_excel",
}
_MISSING = ["", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "nan", "null"]
_UNREADABLE = (
    OSError, EOFError, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_LONGEST_MISSING = len(',""') + max(map(len, _MISSING))
_COMPRESSED = (".bz2", ".gz", ".tar", ".xz", ".zip", ".zst")


def read_csv(path: Path, text_columns: Collection[str]) -> pd.DataFrame:
    """Read a CSV file; cells of ``text_columns`` stay as they are written.

    In ``text_columns`` only an empty cell is missing, so that a tag "NA" or a title "None"
    survives; pandas infers the types of all other columns.
    """
    _check_path(path)
    with _explained(path):
        header = _csv_header(path, text_columns)
        options = _csv_options(header, text_columns)
        with _no_field_cut_off():
            rows = pd.read_csv(path, **options)
    _check_end(path, rows, options["na_values"])
    return rows


def read_csv_in_parts(
    path: Path,
    text_columns: Collection[str],
    n_rows: int | None,
    columns: Sequence[str] | None = None,
) -> Iterator[pd.DataFrame]:
    """Read a CSV file as :func:`read_csv` does, some rows at a time; None gives no rows."""
    _check_path(path)
    with _explained(path):
        header = _csv_header(path, text_columns)
        if n_rows is None:
            yield pd.DataFrame(columns=header)
            return
        # with usecols, pandas would not see which rows have too many fields
        options, last = _csv_options(header, text_columns), None
        with pd.read_csv(path, chunksize=n_rows, **options) as parts:
            while True:
                with _no_field_cut_off():
                    part = next(parts, None)
                if part is None:
                    break
                last = part
                yield part if columns is None else part[list(columns)]
    if last is not None:
        _check_end(path, last, options["na_values"])


def _csv_header(path: Path, text_columns: Collection[str]) -> pd.Index:
    header = pd.read_csv(path, encoding="utf-8-sig", nrows=1, header=None, dtype=str)
    _check_header(path, header.iloc[0].dropna().tolist(), text_columns)
    return pd.read_csv(path, encoding="utf-8-sig", nrows=0, index_col=False).columns


def _csv_options(header: pd.Index, text_columns: Collection[str]) -> dict[str, Any]:
    return {
        "encoding": "utf-8-sig",
        "dtype": {name: str for name in header if name in text_columns},
        "keep_default_na": False,
        "na_values": {name: [""] if name in text_columns else _MISSING for name in header},
        "index_col": False,
        "low_memory": False,
    }


@contextmanager
def _no_field_cut_off() -> Iterator[None]:
    """Raise where pandas would cut off what a row has too many of, with a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        yield


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say what is wrong with a CSV file, and what to do."""
    try:
        yield
    except pd.errors.ParserWarning:
        raise ValueError(
            f"{path} has rows with more fields than its header, as where a comma stands in a "
            "text without quotes. Mend the file, or read it with pandas.read_csv and pass the "
            "DataFrame."
        ) from None
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path} is empty: it has no header and no rows.") from None
    except pd.errors.ParserError as error:
        raise ValueError(
            f"{path} is not a valid CSV file: {error}. Read it with pandas.read_csv and the "
            "options that it needs, and pass the DataFrame."
        ) from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not encoded in UTF-8: {error}. Read it with "
            "pandas.read_csv(path, encoding=...) and pass the DataFrame."
        ) from error
    except _UNREADABLE as error:
        raise ValueError(
            f"{path} cannot be read: {error}. Its suffix must say how it is compressed."
        ) from error


def _check_end(path: Path, rows: pd.DataFrame, missing: dict[str, list[str]]) -> None:
    """Raise where the last row stops before its last cell, for pandas fills what is not there.

    A posting would lose its tags without a word. A compressed file tells by itself that it was
    cut off, and one that ends with a line break was not.
    """
    last = rows.tail(1).notna().to_numpy().ravel()
    n_missing = int(last[::-1].argmax()) if last.any() else 0
    if not n_missing or path.suffix.lower() in _COMPRESSED:
        return
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - n_missing * _LONGEST_MISSING))
        end = file.read().decode("utf-8", errors="replace")
    cells = "".join(f',"?(?:{"|".join(signs)})"?' for signs in list(missing.values())[-n_missing:])
    if not end.endswith(("\n", "\r")) and not re.search(f"{cells}$", end):
        raise ValueError(
            f"{path} is cut off: its last row has fewer fields than its header, and no line break "
            "behind it. Get the whole file, or end its last row."
        )


def _check_header(path: Path, names: list[str], wanted: Collection[str]) -> None:
    """Raise where the header says that the file is no CSV file or names a column twice."""
    if len(names) == 1 and not set(names) & set(wanted):
        separators = [sign for sign in ";\t|" if sign in names[0]]
        if separators:
            raise ValueError(
                f"{path} is separated by {separators[0]!r}, not by commas; read it with "
                f"pandas.read_csv(path, sep={separators[0]!r}) and pass the DataFrame."
            )
    for name in wanted:
        if names.count(name) > 1:
            raise ValueError(f"{path} has {names.count(name)} columns {name!r}; keep one.")


def lossless_integers(ids: pd.Series) -> pd.Series:
    """Turn ids read as text into integers where no id would be written differently."""
    return ids.astype("int64") if are_integers(ids) else ids


def are_integers(ids: pd.Series) -> bool:
    """Return whether ids read as text are all written as integers are."""
    return bool(ids.str.fullmatch("0|-?[1-9][0-9]{0,17}", na=False).all())


def _check_path(path: Path) -> None:
    """Raise if ``path`` is no file that holds a CSV table."""
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder; pass the path of a CSV file in it, or chunksize= to read its "
            "files one after the other."
        )
    check_exists(path)
    reader = _OTHER_READERS.get(path.suffix.lower())
    if reader is not None:
        raise ValueError(
            f"{path} is not a CSV file; read it with pandas.{reader} and pass the DataFrame."
        )


def check_exists(path: Path) -> None:
    """Raise if there is no file or folder ``path``, with the one that was probably meant."""
    if not path.exists():
        # A database URL with a typing error ends here too, password and all.
        shown = without_secrets(str(path))
        raise FileNotFoundError(f"There is no file {shown}{_similar_file(path)}")


def _similar_file(path: Path) -> str:
    """Return a hint at the file that was probably meant, or end the sentence."""
    if not path.parent.is_dir():
        return "; its folder does not exist either."
    names = [other.name for other in path.parent.iterdir()]
    near = get_close_matches(path.name, names, n=1, cutoff=0.7)
    return f"; did you mean {path.with_name(near[0])}?" if near else "."
