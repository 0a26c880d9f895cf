"""Transactions that are done whole or not at all, and errors that say so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError

from jobtag_sklearn.datasets._sql import (
    check_sqlite_file,
    open_engine,
    parse_url,
    reason_of,
    shown_url,
)

_SQLITE_TIMEOUT = "30"
#: What PostgreSQL says to the one of two transactions that it ends so that the other goes on.
_DEADLOCK_STATES = ("40001", "40P01")


class DeadlockError(ConnectionError):
    """The database has ended the transaction for the sake of another; it may be tried again."""


class Database:
    """A database that is connected to for one transaction at a time."""

    def __init__(self, source: str | PathLike[str] | URL | Engine) -> None:
        self._engine = source if isinstance(source, Engine) else open_engine(_url(source))
        self._lasting = isinstance(source, Engine)
        self._sqlite = self._engine.dialect.name == "sqlite"

    @property
    def url(self) -> URL:
        """The database's URL."""
        return self._engine.url

    @property
    def shown(self) -> str:
        """The database's URL without secrets."""
        return shown_url(self.url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads."""
        with self._transaction("BEGIN", may_create=False) as connection:
            yield connection

    @contextmanager
    def writing(self, *, may_create: bool = False) -> Iterator[Connection]:
        """Open a transaction that is written whole when the block ends, or not at all."""
        # SQLite would otherwise find out at the first statement that writes, when what was
        # read before it may have changed
        with self._transaction("BEGIN IMMEDIATE", may_create=may_create) as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str, *, may_create: bool) -> Iterator[Connection]:
        try:
            with self._connected(may_create) as connection, connection.begin():
                if self._sqlite and not self._has_begun(connection):
                    connection.exec_driver_sql(begin)
                yield connection
        except IntegrityError:
            # two have written the same; who writes knows what that means
            raise
        except SQLAlchemyError as error:
            raise self._explained(error) from error

    @contextmanager
    def _connected(self, may_create: bool) -> Iterator[Connection]:
        if self._sqlite and not self._lasting and not may_create:
            check_sqlite_file(self.url)
        try:
            connection = self._engine.connect()
        except SQLAlchemyError as error:
            reason = reason_of(error, self.url)
            raise ConnectionError(f"No connection to {self.shown}: {reason}") from None
        with connection:
            if getattr(connection.connection.dbapi_connection, "autocommit", False) is True:
                raise ValueError(
                    f"The engine of {self.shown} commits each statement by itself, so that a "
                    "process that is killed would leave half of an update; make one without "
                    'isolation_level="AUTOCOMMIT".'
                )
            yield connection

    @staticmethod
    def _has_begun(connection: Connection) -> bool:
        """Return whether a user's engine has begun a transaction by itself."""
        return bool(getattr(connection.connection.dbapi_connection, "in_transaction", False))

    def _explained(self, error: SQLAlchemyError) -> Exception:
        reason = reason_of(error, self.url)
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        if lost or isinstance(error, OperationalError):
            state = getattr(getattr(error, "orig", None), "sqlstate", None)
            kind = DeadlockError if state in _DEADLOCK_STATES else ConnectionError
            return kind(
                f"{self.shown} could not be used: {reason}. Nothing is half done; run it again "
                "when the database can."
            )
        return ValueError(f"{self.shown} did not take what was asked of it: {reason}")


def _url(source: str | PathLike[str] | URL) -> URL:
    """Turn a path or the text of a URL into a URL."""
    url: Any = source
    if not isinstance(source, URL):
        text = str(source)
        if "://" in text:
            url = parse_url(text)
        else:
            url = URL.create("sqlite", database=str(Path(text).expanduser()))
    if url.get_backend_name() != "sqlite":
        return url
    if not url.database or url.database == ":memory:":
        raise ValueError(
            "A store in memory would be lost with its process; pass the path of a file."
        )
    if "timeout" in url.query:
        return url
    # a job board that writes for a while is no reason for an update to fail
    return url.update_query_dict({"timeout": _SQLITE_TIMEOUT})
