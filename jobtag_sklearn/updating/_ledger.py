"""What the store and the updater ask of the tables, one transaction at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pandas as pd
from sqlalchemy import Connection, Select, bindparam, func, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError

from jobtag_sklearn.datasets._sql import reason_of
from jobtag_sklearn.updating._database import Database, DeadlockError
from jobtag_sklearn.updating._rows import chunks
from jobtag_sklearn.updating._tables import SCHEMA_VERSION, Tables

_Result = TypeVar("_Result")
_N_TRIES = 5


class Ledger:
    """The tables in their database."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self.database = database
        self.tables = tables

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads."""
        with self.database.reading() as connection:
            self._check_schema(connection)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that is written whole when the block ends, or not at all."""
        with self.database.writing() as connection:
            self._check_schema(connection)
            yield connection

    def create(self) -> None:
        """Make the tables that are not there yet."""
        with self.database.writing(may_create=True) as connection:
            self.tables.create(connection)
            self._check_schema(connection)

    def written(self, write: Callable[[Connection], _Result]) -> _Result:
        """Write in one transaction, once more if it has met another that writes the same."""
        last: Exception | None = None
        for _ in range(_N_TRIES):
            try:
                with self.writing() as connection:
                    return write(connection)
            except (DeadlockError, IntegrityError) as error:
                last = error
        assert last is not None
        reason = reason_of(last, self.database.url)
        raise ValueError(f"{self.database.shown} did not take what was written: {reason}")

    def frame(self, statement: Select[Any]) -> pd.DataFrame:
        """Return what a statement selects."""
        with self.reading() as connection:
            result = connection.execute(statement)
            return pd.DataFrame(result.all(), columns=list(result.keys()))

    def put_postings(
        self, connection: Connection, rows: list[dict[str, Any]], there: set[str]
    ) -> None:
        """Add postings; of those that are `there` replace the columns that the rows have."""
        if not rows:
            return
        table = self.tables.postings
        # in the same order in every transaction, so that no two wait for each other
        rows = sorted(rows, key=lambda row: row["posting_id"])
        old = [
            {f"the_{name}": value for name, value in row.items()}
            for row in rows
            if row["posting_id"] in there
        ]
        if old:
            values: dict[str, Any] = {
                name: bindparam(f"the_{name}") for name in rows[0] if name != "posting_id"
            }
            matches = table.c.posting_id == bindparam("the_posting_id")
            connection.execute(update(table).where(matches).values(values), old)
        new = [row for row in rows if row["posting_id"] not in there]
        # one statement for many: if another process has inserted one of them meanwhile, psycopg
        # would write to stderr that the rest of the statements was not sent
        for some in chunks(new):
            connection.execute(insert(table).values(some))

    def there(self, connection: Connection, ids: Iterable[str], *, lock: bool = False) -> set[str]:
        """Return those of the ids that the store has.

        With `lock` nobody else writes to these postings until the transaction ends. They are
        locked in one order, all that a transaction needs at once: no two that write to the
        same postings wait for each other.
        """
        column = self.tables.postings.c.posting_id
        found: set[str] = set()
        for some in chunks(sorted(set(ids))):
            statement = select(column).where(column.in_(some)).order_by(column)
            result = connection.execute(statement.with_for_update() if lock else statement)
            found.update(row[0] for row in result)
        return found

    def last_revisions(self, connection: Connection, ids: list[str]) -> dict[str, int]:
        """Return the last revision of each of the postings that has been corrected or learnt."""
        last: dict[str, int] = {}
        # what was learnt counts as well: a board may have deleted its corrections
        for table in (self.tables.corrections, self.tables.learnt):
            for some in chunks(ids):
                statement = (
                    select(table.c.posting_id, func.max(table.c.revision))
                    .where(table.c.posting_id.in_(some))
                    .group_by(table.c.posting_id)
                )
                for posting_id, revision in connection.execute(statement):
                    last[posting_id] = max(last.get(posting_id, 0), revision)
        return last

    def waiting(self, *columns: Any) -> Select[Any]:
        """Select from the corrections that are not settled, and their postings."""
        corrections, learnt = self.tables.corrections, self.tables.learnt
        return (
            select(*columns)
            .select_from(corrections)
            .outerjoin(
                learnt,
                (learnt.c.posting_id == corrections.c.posting_id)
                & (learnt.c.revision == corrections.c.revision),
            )
            .where(learnt.c.posting_id.is_(None))
        )

    def with_text(self, statement: Select[Any]) -> Select[Any]:
        """Leave out the corrections of postings that are not there."""
        postings = self.tables.postings
        return statement.join(
            postings, postings.c.posting_id == self.tables.corrections.c.posting_id
        )

    def _check_schema(self, connection: Connection) -> None:
        state = self.tables.state
        if not inspect(connection).has_table(state.name, schema=state.schema):
            raise ValueError(
                f"{self.database.shown} has no table {state.fullname!r}, so it is no store yet, "
                "or one with another prefix; make one with PostingStore.create or the command init"
            )
        version = connection.execute(select(state.c.schema_version)).scalar()
        if version != SCHEMA_VERSION:
            raise ValueError(
                f"the tables in {self.database.shown} have version {version}, but this package "
                f"works with version {SCHEMA_VERSION}; use the package that made them"
            )
