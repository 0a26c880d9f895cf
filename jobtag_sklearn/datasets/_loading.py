"""Postings come in, from files, databases and DataFrames."""

import sys
from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions

from jobtag_sklearn.datasets._files import lossless_integers, read_csv
from jobtag_sklearn.datasets._long_table import (
    Columns,
    check_columns,
    to_jobs_and_tags,
    with_id_column,
)
from jobtag_sklearn.datasets._parts import FileParts, FrameParts, Parts, SqlParts, files_of
from jobtag_sklearn.datasets._sql import is_sqlalchemy, read_table
from jobtag_sklearn.datasets._streams import JobPostingStream, Wanted
from jobtag_sklearn.datasets._validation import validated

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Select

_SQLITE_SUFFIXES = (".db", ".db3", ".sqlite", ".sqlite3")


@overload
def load_job_postings(
    source: "str | PathLike[str] | Engine | Connection | pd.DataFrame",
    *,
    table: str | None = ...,
    query: "str | Select[Any] | None" = ...,
    job_id: str = ...,
    job_title: str = ...,
    job_description: str = ...,
    job_tag_name: str | None = ...,
    empty_text: Literal["keep", "drop"] = ...,
    min_examples: int = ...,
    untagged: Literal["none", "unknown"] = ...,
    keep_columns: Sequence[str] | None = ...,
    tags: Sequence[str] | None = ...,
    chunksize: None = ...,
    verbose: bool | int = ...,
) -> tuple[pd.DataFrame, pd.DataFrame]: ...


@overload
def load_job_postings(
    source: "str | PathLike[str] | Engine | Connection | pd.DataFrame",
    *,
    table: str | None = ...,
    query: "str | Select[Any] | None" = ...,
    job_id: str = ...,
    job_title: str = ...,
    job_description: str = ...,
    job_tag_name: str | None = ...,
    empty_text: Literal["keep", "drop"] = ...,
    min_examples: int = ...,
    untagged: Literal["none", "unknown"] = ...,
    keep_columns: Sequence[str] | None = ...,
    tags: Sequence[str] | None = ...,
    chunksize: int,
    verbose: bool | int = ...,
) -> JobPostingStream: ...


@validated(
    {
        "source": "no_validation",
        "table": [str, None],
        "query": "no_validation",
        "job_id": [str],
        "job_title": [str],
        "job_description": [str],
        "job_tag_name": [str, None],
        "empty_text": [StrOptions({"keep", "drop"})],
        "min_examples": [Interval(Integral, 1, None, closed="left")],
        "untagged": [StrOptions({"none", "unknown"})],
        "keep_columns": ["array-like", None],
        "tags": ["array-like", None],
        "chunksize": [Interval(Integral, 1, None, closed="left"), None],
        "verbose": ["verbose"],
    }
)
def load_job_postings(
    source: "str | PathLike[str] | Engine | Connection | pd.DataFrame",
    *,
    table: str | None = None,
    query: "str | Select[Any] | None" = None,
    job_id: str = "job_id",
    job_title: str = "job_title",
    job_description: str = "job_description",
    job_tag_name: str | None = "job_tag_name",
    empty_text: Literal["keep", "drop"] = "keep",
    min_examples: int = 1,
    untagged: Literal["none", "unknown"] = "none",
    keep_columns: Sequence[str] | None = None,
    tags: Sequence[str] | None = None,
    chunksize: int | None = None,
    verbose: bool | int = False,
) -> tuple[pd.DataFrame, pd.DataFrame] | JobPostingStream:
    """Load job postings and their tags from a long table.

    A long table has one row for each tag of each posting: a posting with three tags has three
    rows, which repeat its title and description. A posting without tags has one row with an
    empty tag.

    Parameters
    ----------
    source : str, path, sqlalchemy Engine or Connection, or DataFrame
        Where the table is:

        - the path of a CSV file in UTF-8, also compressed (``.gz``, ``.bz2``, ``.xz``,
          ``.zip``);
        - the URL of a database for SQLAlchemy, such as ``"sqlite:///jobs.sqlite"`` or
          ``"postgresql+psycopg://user:password@host/database"``, the path of an SQLite file
          (``.db``, ``.db3``, ``.sqlite``, ``.sqlite3``), an engine, or a connection (which is
          used as it is and stays open);
        - a DataFrame, which is not changed. Its index may hold the job ids;
        - with `chunksize` also a Parquet file, or a folder of CSV or of Parquet files, which
          are read in the order of their names.
    table : str, default=None
        Name of the table or view in the database, also as ``"schema.table"``.
    query : str or sqlalchemy Select, default=None
        What to select from the database, instead of a whole table. Text is sent as it is: ``%``
        and ``:`` need no escaping.
    job_id, job_title, job_description : str, \
            default="job_id", "job_title", "job_description"
        Names of the columns in the table.
    job_tag_name : str or None, default="job_tag_name"
        Name of the column of tags; None if the table has none, as for postings to be tagged.
    empty_text : {"keep", "drop"}, default="keep"
        What to do with postings whose title or description is missing, empty or white space.
    min_examples : int, default=1
        A tag with fewer postings than this gets no column. Dropped postings do not count.
    untagged : {"none", "unknown"}, default="none"
        What is known about a posting without any tag: that it has none (a row of zeros), or
        nothing (a row of missing values; all of `tags` is then of a float type).
    keep_columns : list of str, default=None
        Further columns that `jobs` shall have; None keeps all.
    tags : list of str, default=None
        The columns of the result `tags`, in this order: pass those of the first batch for each
        later one. Other tags are left out, and a tag that no posting has is a column of zeros.
        By default all tags with `min_examples` postings, sorted.
    chunksize : int, default=None
        Number of postings a chunk. What comes back then reads the table as it is looped over,
        for tables that are larger than memory.
    verbose : bool or int, default=False
        Whether to print how many postings and tags were loaded, dropped and left out; with
        `chunksize`, how many there are.

    Returns
    -------
    stream : JobPostingStream
        With `chunksize`: chunks of `jobs` and `tags`, as often as it is looped over. Otherwise:
    jobs : DataFrame of shape (n_jobs, 2 + n_kept_columns)
        One row a posting in order of first appearance, indexed by job id, with the columns
        ``job_title`` and ``job_description``, whatever they are called in the table, and those
        kept. ``jobs.attrs["n_dropped"]`` is the number of postings that
        ``empty_text="drop"`` dropped.
    tags : DataFrame of shape (n_jobs, n_tags)
        One column of 0 and 1 for each tag, with the index of `jobs`. Integers of 64 bits, as
        scikit-learn's own label binarizers give them, so that products such as ``tags.T @ tags``
        cannot overflow. ``tags.attrs["left_out"]`` is a dictionary with the number of
        postings of each tag that got no column.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ConnectionError
        If the database cannot be reached. No error shows a password.
    ModuleNotFoundError
        If the driver of the database is not installed.
    ValueError
        If a column or table is missing, the table has no rows, a job id is missing, a title or
        description is neither text nor missing, or parameters contradict each other.

    See Also
    --------
    JobPostingStream : What comes back with `chunksize`.
    make_job_postings : Generate postings, which need no file.

    Notes
    -----
    Rows that repeat a posting and a tag count once. White space around the name of a tag is
    removed, and numbers as tags are written as text. If the rows of one posting differ in
    another column, the first value counts that is neither empty nor missing. Missing titles and
    descriptions become empty text; nothing else in them is changed, HTML stays as it comes.

    A database may give the rows of a table in another order each time; where the order matters,
    pass a query with ``ORDER BY``.

    In a CSV file only an empty cell is a missing title, description, id or tag, so that a tag
    may be called "NA". Ids in a CSV file become integers only if that loses nothing: "007" stays
    text, and then so do all other ids.

    With `chunksize` no job's rows are in two chunks. A database sorts its rows by job id for
    that, which an index on the id makes fast, and sends them as they are asked for if its
    driver can (cursors of the server); rows of a DataFrame are put together by job. In files,
    the rows of a job must follow each other, also from one file to the next; an id that comes
    again later is an error. Files are read through once before the first chunk, ids and tags
    alone, to find that out and to collect the tags; databases and DataFrames only if `tags`
    does not name them. Ids are remembered by eight bytes a posting meanwhile. Types of the
    columns that `keep_columns` keeps are found chunk by chunk.

    Examples
    --------
    >>> import pandas as pd
    >>> from jobtag_sklearn.datasets import load_job_postings
    >>> rows = pd.DataFrame(
    ...     [
    ...         (4, "Nurse", "Care for patients.", "Health"),
    ...         (4, "Nurse", "Care for patients.", "Shift work"),
    ...         (9, "Clerk", "File what comes.", None),
    ...     ],
    ...     columns=["job_id", "job_title", "job_description", "job_tag_name"],
    ... )
    >>> jobs, tags = load_job_postings(rows)
    >>> jobs
           job_title     job_description
    job_id
    4          Nurse  Care for patients.
    9          Clerk    File what comes.
    >>> tags
            Health  Shift work
    job_id
    4            1           1
    9            0           0

    From a database, with columns that have other names:

    >>> load_job_postings(  # doctest: +SKIP
    ...     "sqlite:///board.sqlite",
    ...     query="SELECT * FROM postings JOIN postings_tags USING (posting)",
    ...     job_id="posting",
    ...     job_tag_name="tag",
    ... )
    """
    columns = Columns(job_id, job_title, job_description, job_tag_name)
    kept = None if keep_columns is None else list(keep_columns)
    if chunksize is not None:
        wanted = Wanted(
            drop_empty=empty_text == "drop",
            min_examples=min_examples,
            unknown=untagged == "unknown",
            keep_columns=kept,
            tags=None if tags is None else list(tags),
        )
        parts = _in_parts(source, table, query, columns)
        stream = JobPostingStream(parts, columns, wanted, chunksize)
        if verbose:
            n_jobs = "postings" if stream.n_jobs is None else f"{stream.n_jobs} postings"
            _say(
                f"{n_jobs} with {len(stream.tags)} tags in chunks of {chunksize}; left out "
                f"{len(stream.left_out)} tags"
            )
        return stream
    rows = _read(source, table, query, columns)
    check_columns(rows, columns, kept)
    result = to_jobs_and_tags(
        rows,
        columns,
        drop_empty=empty_text == "drop",
        min_examples=min_examples,
        unknown=untagged == "unknown",
        keep_columns=kept,
        tags=None if tags is None else list(tags),
    )
    result.jobs.attrs["n_dropped"] = result.n_dropped
    result.tags.attrs["left_out"] = result.left_out
    if verbose:
        _say(
            f"{len(result.jobs)} postings with {result.tags.shape[1]} tags; "
            f"dropped {result.n_dropped} postings with an empty title or description, "
            f"left out {len(result.left_out)} tags"
        )
    return result.jobs, result.tags


def _say(line: str) -> None:
    sys.stdout.write(f"[load_job_postings] {line}\n")


def _read(source: Any, table: str | None, query: Any, columns: Columns) -> pd.DataFrame:
    """Read the long table from wherever it is."""
    source = _resolved(source, table, query)
    if isinstance(source, Path):
        return _with_ids(read_csv(source, set(filter(None, columns))), columns.job_id)
    if isinstance(source, pd.DataFrame):
        return with_id_column(source, columns.job_id)
    return read_table(source, table, query)


def _in_parts(source: Any, table: str | None, query: Any, columns: Columns) -> Parts:
    """Return what reads the long table some rows at a time."""
    source = _resolved(source, table, query)
    if isinstance(source, Path):
        return FileParts(files_of(source), columns)
    if isinstance(source, pd.DataFrame):
        return FrameParts(source, columns.job_id)
    return SqlParts(source, table, query, columns.job_id)


def _resolved(source: Any, table: str | None, query: Any) -> Any:
    """Return a path, a DataFrame, or what SQLAlchemy can connect to."""
    if isinstance(source, str | PathLike) and not (isinstance(source, str) and "://" in source):
        path = Path(source).expanduser()
        if path.suffix.lower() in _SQLITE_SUFFIXES:
            return f"sqlite:///{path}"
        _refuse_sql_options(table, query, "a CSV file")
        return path
    if isinstance(source, str) or is_sqlalchemy(source):
        return source
    if not isinstance(source, pd.DataFrame):
        raise TypeError(
            "source must be the path of a CSV file, the URL of a database, an SQLAlchemy engine "
            f"or connection, or a pandas DataFrame; got {type(source).__name__}."
        )
    _refuse_sql_options(table, query, "a DataFrame")
    return source


def _with_ids(rows: pd.DataFrame, job_id: str) -> pd.DataFrame:
    """Give the ids of a CSV file their type."""
    if job_id in rows.columns:
        rows[job_id] = lossless_integers(rows[job_id])
    return rows


def _refuse_sql_options(table: str | None, query: Any, what: str) -> None:
    """Raise if a table or query is asked for where there is no database."""
    for name, value in (("table", table), ("query", query)):
        if value is not None:
            raise ValueError(f"{name}= is for databases, but source is {what}; leave it out.")
