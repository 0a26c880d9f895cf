"""Arguments that several commands have."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

_COLUMNS = (
    ("id", "id of the posting"),
    ("title", "title"),
    ("description", "description"),
    ("tag-name", "name of one tag"),
)


class Parser(argparse.ArgumentParser):
    """A parser that repeats no password of a database URL that is out of place."""

    def error(self, message: str) -> NoReturn:
        from jobtag_sklearn.datasets._sql import without_secrets

        super().error(without_secrets(message))


def add_source(parser: argparse.ArgumentParser, *, needed: bool) -> Any:
    """Add the options that say where postings come from.

    Parameters
    ----------
    parser : ArgumentParser
        The parser.
    needed : bool
        Whether there must be a source, of postings whose tags nobody asks for.

    Returns
    -------
    group : argument group
        The group of these options.
    """
    source = parser.add_argument_group("where the postings come from")
    source.add_argument(
        "--data",
        required=needed,
        metavar="FILE_OR_URL",
        help="a CSV file, also compressed (.gz, .bz2, .xz, .zip), an SQLite file (.sqlite, .db), "
        "or the URL of a database for SQLAlchemy",
    )
    part = source.add_mutually_exclusive_group()
    part.add_argument("--table", metavar="NAME", help="the database's table or view to read")
    part.add_argument("--query", metavar="SQL", help="what to select from the database")
    for role, what in _COLUMNS[:-1] if needed else _COLUMNS:
        name = f"job_{role.replace('-', '_')}"
        source.add_argument(
            f"--job-{role}",
            metavar="COLUMN",
            default=name,
            help=f"column with the {what} (default: {name})",
        )
    return source


def at_least(least: int) -> Any:
    """Return a function that reads a whole number from the least one on."""

    def number(text: str) -> int:
        value = int(text)
        if not least <= value < 2**31:
            raise argparse.ArgumentTypeError(f"{value} is not a number from {least} to 2**31")
        return value

    # argparse names the function where int() fails
    number.__name__ = "whole number"
    return number


def n_jobs_number(text: str) -> int:
    """Read a number of processes."""
    value = int(text)
    if value == 0:
        raise argparse.ArgumentTypeError("0 processes do nothing; -1 means one a core")
    return value


n_jobs_number.__name__ = "whole number"


def share(text: str) -> float:
    """Read a number between 0 and 1."""
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and 1")
    return value


share.__name__ = "number"
