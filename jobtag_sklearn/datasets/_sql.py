"""Long tables come from and go to SQL databases."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pandas as pd

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

_URL_FORM = "dialect+driver://user:password@host:port/database"
#: With SQLite, SQLAlchemy would leave nothing of "pay.range" but "range".
_WHOLE_NAMES = {"sqlite_raw_colnames": True}
_FILE_SYSTEMS = ("http", "https", "ftp", "ftps", "sftp", "s3", "gs", "gcs", "az", "abfs", "file")


def is_sqlalchemy(source: object) -> bool:
    """Return whether ``source`` is an SQLAlchemy engine or connection."""
    # Whoever holds such an object has imported SQLAlchemy; nobody else should pay for it.
    if "sqlalchemy" not in sys.modules:
        return False
    from sqlalchemy import Connection, Engine

    return isinstance(source, Engine | Connection)


def read_table(source: Any, table: str | None, query: Any) -> pd.DataFrame:
    """Read all columns of a table, or what a query gives, from a database."""
    from sqlalchemy.exc import SQLAlchemyError

    _one_of(table, query)
    with _connected(source) as connection:
        try:
            statement = _statement(connection, table, query)
            if hasattr(statement, "execution_options"):
                statement = statement.execution_options(**_WHOLE_NAMES)
            # One statement, so that what others write meanwhile is seen whole or not at all.
            return pd.read_sql_query(statement, connection)
        except (SQLAlchemyError, pd.errors.DatabaseError) as error:
            raise _unreadable(error, connection, table) from None


def read_table_in_parts(
    source: Any,
    table: str | None,
    query: Any,
    n_rows: int | None,
    *,
    columns: Sequence[str] | None = None,
    order_by: str | None = None,
) -> "Iterator[pd.DataFrame]":
    """Read a table or query some rows at a time, in the order of a column.

    The database keeps what was not yet read, if its driver has cursors of the server. With
    `n_rows` None there is one part, without rows.
    """
    from sqlalchemy import column, select, text
    from sqlalchemy.exc import SQLAlchemyError

    _one_of(table, query)
    with _connected(source) as connection:
        if isinstance(query, str):
            # as the part of another, a query has no semicolon, and may end in a comment
            query = query.rstrip().rstrip(";") + "\n"
        wanted: list[Any] = [text("*")] if columns is None else [column(name) for name in columns]
        try:
            inner = _statement(connection, table, query)
            if isinstance(query, str):
                inner = inner.columns()
            # a query has an order of its own, or none: what is around it sorts whatever it gives
            statement = select(*wanted).select_from(inner.subquery("postings"))
            statement = statement.execution_options(**_WHOLE_NAMES)
            if order_by is not None:
                statement = statement.order_by(column(order_by))
            if n_rows is None:
                statement = statement.limit(0)
            else:
                statement = statement.execution_options(stream_results=True, yield_per=n_rows)
            with connection.execute(statement) as result:
                names = list(result.keys())
                if n_rows is None:
                    yield pd.DataFrame(columns=names)
                    return
                for part in result.partitions():
                    yield pd.DataFrame.from_records(part, columns=names, coerce_float=True)
        except SQLAlchemyError as error:
            raise _unreadable(error, connection, table) from None


def _one_of(table: str | None, query: Any) -> None:
    """Raise unless either a table or a query is given."""
    if (table is None) == (query is None):
        given = "neither" if table is None else "both"
        raise ValueError(
            "A database needs either table= (a table or view to read whole) or query= "
            f"(a SELECT statement); got {given}."
        )


def _statement(connection: "Connection", table: str | None, query: Any) -> Any:
    """Return what selects a whole table, or the query as it is."""
    from sqlalchemy import select, text
    from sqlalchemy import table as sql_table

    if table is not None:
        schema, name = _find_table(connection, table)
        return select(text("*")).select_from(sql_table(name, schema=schema))
    if isinstance(query, str):
        # SQLAlchemy would take ":word" for the name of a parameter, even within quotes.
        return text(re.sub(r"(?<![:\w\\]):(\w+)(?![:\w])", r"\\:\1", query))
    return query


def _unreadable(error: Exception, connection: "Connection", table: str | None) -> ValueError:
    what = "query" if table is None else f"table {table!r}"
    url = connection.engine.url
    reason = reason_of(error, url)
    return ValueError(f"{what} could not be read from {shown_url(url)}: {reason}")


def write_table(
    rows: pd.DataFrame, target: Any, table: str, if_exists: str, dates: list[str]
) -> None:
    """Write a long table to a database, the columns named in ``dates`` without a time."""
    from sqlalchemy import Date
    from sqlalchemy.exc import SQLAlchemyError

    schema, _, name = table.rpartition(".")
    with _connected(target, writing=True) as connection:
        try:
            rows.to_sql(
                name,
                connection,
                schema=schema or None,
                if_exists=if_exists,
                index=False,
                dtype={column: Date() for column in dates},
            )
            # A connection that came from outside belongs to the caller's transaction.
            if connection is not target:
                connection.commit()
        except SQLAlchemyError as error:
            url = connection.engine.url
            reason = reason_of(error, url)
            raise ValueError(
                f"table {table!r} could not be written to {shown_url(url)}: {reason}"
            ) from None
        except ValueError as error:
            raise ValueError(
                f"{error} It was left as it is; pass if_exists='replace' to write it anew or "
                "if_exists='append' to add rows to it."
            ) from None


@contextmanager
def _connected(source: Any, *, writing: bool = False) -> "Iterator[Connection]":
    """Give a connection to a URL, an engine or a connection, and close what was opened."""
    from sqlalchemy import Connection, Engine
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(source, Connection):
        yield source
        return
    if isinstance(source, Engine):
        engine = source
    else:
        url = parse_url(source)
        if not writing:
            check_sqlite_file(url)
        engine = open_engine(url)
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        url = engine.url
        raise ConnectionError(
            f"No connection to {shown_url(url)}: {reason_of(error, url)}"
        ) from None
    with connection:
        yield connection


def open_engine(url: "URL") -> "Engine":
    """Make an engine that keeps no connection open; raise if the driver is not installed."""
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return create_engine(url, poolclass=NullPool)
    except ModuleNotFoundError as error:
        extra = ": pip install 'jobtag-sklearn[postgresql]'" if error.name == "psycopg" else ""
        raise ModuleNotFoundError(
            f"{shown_url(url)} needs the package {error.name!r}; install it{extra}.",
            name=error.name,
        ) from None
    except SQLAlchemyError as error:
        raise ValueError(
            f"{shown_url(url)} cannot be opened: {reason_of(error, url)}. "
            f"A database URL has the form {_URL_FORM}."
        ) from None


def parse_url(source: str) -> "URL":
    """Parse a database URL; an error never repeats it, for it may hold a password."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    scheme = source.partition("://")[0]
    if scheme.lower() in _FILE_SYSTEMS:
        raise ValueError(
            f"source is an address that starts with {scheme}://; download the file and pass its "
            "path. Only databases are read over a network."
        )
    try:
        return make_url(source)
    except (ArgumentError, ValueError):
        raise ValueError(
            f"source starts with {scheme!r} but is no database URL of the form {_URL_FORM}. "
            "Special characters in a user name or password must be percent-encoded, "
            "as urllib.parse.quote_plus does."
        ) from None


def check_sqlite_file(url: "URL") -> None:
    """Raise if the file of an SQLite URL is absent: SQLite would create it, empty."""
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:":
        return
    if not name.startswith("file:") and not Path(name).exists():
        raise FileNotFoundError(
            f"There is no SQLite file {name}; an absolute path needs four slashes, "
            "as in sqlite:////home/me/jobs.sqlite."
        )


def _find_table(connection: "Connection", table: str) -> tuple[str | None, str]:
    """Return the schema and name of a table; raise if the database does not have it."""
    from sqlalchemy import inspect

    database = inspect(connection)
    if database.has_table(table):
        return None, table
    schema, _, name = table.rpartition(".")
    if schema and database.has_table(name, schema=schema):
        return schema, name
    known = {
        other if there == database.default_schema_name else f"{there}.{other}"
        for there in database.get_schema_names()
        if there not in ("information_schema", "pg_catalog")
        for other in (
            *database.get_table_names(schema=there),
            *database.get_view_names(schema=there),
        )
    }
    near = sorted(other for other in known if other.rpartition(".")[2] == name)
    near += get_close_matches(table, sorted(known - set(near)), n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else ""
    if not hint:
        first = ", ".join(map(repr, sorted(known)[:10]))
        hint = f"it has {first}." if known else "it has no tables."
    raise ValueError(f"There is no table {table!r} in {shown_url(connection.engine.url)}; {hint}")


def shown_url(url: "URL") -> str:
    """Write a URL without its password and its options, which may hold secrets."""
    return url.set(query={}).render_as_string(hide_password=True)


def reason_of(error: Exception, url: "URL") -> str:
    """Return what the driver said, without secrets."""
    # Newer pandas wraps what SQLAlchemy raises, which wraps what the driver raises.
    if isinstance(error, pd.errors.DatabaseError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    message = str(getattr(error, "orig", None) or error).strip()
    password = str(url.password or "")
    for secret in {password, quote(password), quote_plus(password)} - {""}:
        message = message.replace(secret, "***")
    return without_secrets(message)


def without_secrets(text: str) -> str:
    """Blank what looks like a password in a URL or in a connection string."""
    # One letter before a colon is a drive, not a user name.
    text = re.sub(r"(?<!\b[A-Za-z]):\S*@", ":***@", text)
    # a mistyped URL, without its "://" or with a space in its password
    text = re.sub(r"(?<=//)[^/@]*:[^/@]*@", "***@", text)
    text = re.sub(r"(?<=[a-z]:/)[^/@]*:[^/@]*@", "***@", text)
    return re.sub(r"(?i)\b(password|passwd|pwd)=[^;&\s]+", r"\1=***", text)
