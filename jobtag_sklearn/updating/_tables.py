"""The tables of a store; docs/updating.rst describes them for those who write to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    func,
    insert,
    select,
)

#: Written to the database when its tables are made; raised when they change.
SCHEMA_VERSION = 1
#: Characters of an id and of a tag; some databases index no text without a limit.
MAX_LENGTH = 255
_THE_ROW = 1


class UTCDateTime(TypeDecorator[datetime]):
    """A time in UTC, also where a database knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Write in UTC."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Read as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Tables:
    """The tables, under names that all start with the same prefix."""

    def __init__(self, prefix: str, schema: str | None) -> None:
        self.metadata = MetaData(schema=schema)
        self._prefix = prefix
        self._schema = f"{schema}." if schema else ""
        posting, tag = String(MAX_LENGTH), String(MAX_LENGTH)
        self.postings = self._table(
            "postings",
            Column("posting_id", posting, primary_key=True),
            Column("title", Text, nullable=False),
            Column("description", Text, nullable=False),
            Column("model_version", Integer),
            Column("predicted_at", UTCDateTime),
        )
        self.scores = self._table(
            "scores",
            Column("posting_id", posting, self._posting(), primary_key=True),
            Column("tag", tag, primary_key=True),
            Column("score", Float, nullable=False),
            Column("given", SmallInteger, nullable=False),
        )
        self.corrections = self._table(
            "corrections",
            Column("posting_id", posting, self._posting(), primary_key=True),
            Column("revision", Integer, primary_key=True, server_default="1", autoincrement=False),
            Column("corrected_at", UTCDateTime, nullable=False, server_default=func.now()),
        )
        self.corrected_tags = self._table(
            "corrected_tags",
            Column("posting_id", posting, primary_key=True),
            Column("revision", Integer, primary_key=True, server_default="1", autoincrement=False),
            Column("tag", tag, primary_key=True),
            ForeignKeyConstraint(
                ["posting_id", "revision"],
                [self.corrections.c.posting_id, self.corrections.c.revision],
                ondelete="CASCADE",
            ),
        )
        self.updates = self._table(
            "updates",
            Column("update_id", Integer, primary_key=True),
            Column("outcome", String(20), nullable=False),
            Column("started_at", UTCDateTime, nullable=False),
            Column("finished_at", UTCDateTime, nullable=False),
            Column("version_before", Integer),
            Column("version_after", Integer, nullable=False),
            Column("n_waiting", Integer),
            Column("n_trained", Integer),
            Column("n_held_out", Integer),
            Column("n_superseded", Integer),
            Column("n_compared", Integer),
            Column("f1_before", Float),
            Column("f1_after", Float),
            Column("unknown_tags", Text),
        )
        # no foreign key to corrections: what was learnt stays on record when a board deletes them
        self.learnt = self._table(
            "learnt",
            Column("posting_id", posting, primary_key=True),
            Column("revision", Integer, primary_key=True, autoincrement=False),
            Column("update_id", Integer, ForeignKey(self.updates.c.update_id), nullable=False),
            Column("role", String(20), nullable=False),
            Index(f"{prefix}learnt_role", "role", "update_id"),
        )
        self.models = self._table(
            "models",
            Column("version", Integer, primary_key=True, autoincrement=False),
            Column("file", String(MAX_LENGTH), nullable=False),
            Column("parent", Integer),
            Column("created_at", UTCDateTime, nullable=False),
        )
        self.state = self._table(
            "state",
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column("schema_version", Integer, nullable=False),
            Column("current_version", Integer, ForeignKey(self.models.c.version)),
            CheckConstraint(f"id = {_THE_ROW}", name=f"{prefix}one_state"),
        )

    def create(self, connection: Connection) -> None:
        """Make the tables that are not there yet."""
        if connection.dialect.name == "postgresql":
            # IF NOT EXISTS alone does not keep two from making the same table at once
            key = func.hashtext(f"{self._schema}{self._prefix}state")
            connection.execute(select(func.pg_advisory_xact_lock(key)))
        self.metadata.create_all(connection)
        if connection.execute(select(self.state.c.id)).first() is None:
            connection.execute(
                insert(self.state).values(id=_THE_ROW, schema_version=SCHEMA_VERSION)
            )

    def _table(self, name: str, *columns: Any) -> Table:
        return Table(self._prefix + name, self.metadata, *columns)

    def _posting(self) -> ForeignKey:
        return ForeignKey(self.postings.c.posting_id, ondelete="CASCADE")
