"""The commands that keep a model learning: their arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from jobtag_sklearn._arguments import Parser, add_source, at_least, share

COMMANDS = ("init", "predict", "update", "rollback", "history")

_DESCRIPTION = """\
Keep a model learning: tag new postings with the current version of a model, and have it learn the
tags that people have corrected."""

_EPILOG = """\
The store is a database with predictions and corrected tags, the models are a folder with versions
of the model. Other software may write corrected tags to the store; the user guide describes its
tables.

examples:
  python -m jobtag_sklearn --output jobtag_output
  python -m jobtag_sklearn init --model jobtag_output/model.pickle
  python -m jobtag_sklearn predict --data new.csv --output tags.csv
  python -m jobtag_sklearn update
  python -m jobtag_sklearn history
"""


def updating_parser() -> argparse.ArgumentParser:
    """Return the parser of the commands."""
    parser = Parser(
        prog="python -m jobtag_sklearn",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)

    init = _command(commands, "init", "make the tables and put a fitted model in its place")
    init.add_argument(
        "--model",
        metavar="FILE",
        type=Path,
        default=Path("jobtag_output/model.pickle"),
        help="pickle of a fitted model, which can run any code: take none from strangers "
        "(default: %(default)s)",
    )
    init.add_argument(
        "--replace",
        action="store_true",
        help="put it in the place of a model that is there, as after fitting anew",
    )

    predict = _command(commands, "predict", "tag postings with the current model")
    add_source(predict, needed=True)
    predict.add_argument(
        "--only-new", action="store_true", help="leave out postings that the store has"
    )
    predict.add_argument(
        "--output",
        metavar="FILE",
        help="also write the tags to a CSV file; - writes them to stdout, and nothing else",
    )

    update = _command(commands, "update", "learn the corrected postings that wait")
    update.add_argument(
        "--min-corrections",
        metavar="N",
        type=at_least(1),
        default=100,
        help="do nothing before so many corrections wait (default: %(default)s)",
    )
    update.add_argument(
        "--holdout",
        metavar="SHARE",
        type=share,
        default=0.2,
        help="share of the corrected postings to compare models on (default: %(default)s)",
    )
    update.add_argument(
        "--max-compared",
        metavar="N",
        type=at_least(1),
        default=1000,
        help="held-out postings to compare on at most (default: %(default)s)",
    )
    update.add_argument(
        "--tolerance",
        metavar="F1",
        type=_from_0_to_1,
        default=0.0,
        help="by how much micro F1 of the new model may be lower; 1 accepts any "
        "(default: %(default)s)",
    )
    update.add_argument(
        "--unknown-tags",
        choices=("ignore", "error", "learn"),
        default="ignore",
        help="what to do with tags that the model does not know (default: %(default)s)",
    )
    update.add_argument(
        "--n-kept",
        metavar="N",
        type=at_least(1),
        default=5,
        help="versions to keep (default: %(default)s)",
    )
    update.add_argument(
        "--retry",
        action="store_true",
        help="also learn what a model was trained on before that was worse",
    )

    rollback = _command(commands, "rollback", "make an earlier version the current one")
    rollback.add_argument(
        "--version",
        metavar="N",
        type=at_least(1),
        help="the version (default: the one that the current version came from)",
    )
    _command(commands, "history", "show what was learnt when", models=False)
    return parser


def _command(commands: Any, name: str, what: str, *, models: bool = True) -> Any:
    """Add a command with the options that all of them have."""
    parser = commands.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}.", allow_abbrev=False
    )
    where = parser.add_argument_group("where the store and the models are")
    where.add_argument(
        "--store",
        metavar="FILE_OR_URL",
        default="jobtag_store.sqlite",
        help="an SQLite file, or the URL of a database for SQLAlchemy (default: %(default)s)",
    )
    where.add_argument(
        "--prefix",
        metavar="TEXT",
        default="jobtag_",
        help="what the names of the store's tables start with (default: %(default)s)",
    )
    where.add_argument("--schema", metavar="NAME", help="the database's schema that they are in")
    if models:
        where.add_argument(
            "--models",
            metavar="DIR",
            type=Path,
            default=Path("jobtag_models"),
            help="folder with the versions of the model (default: %(default)s)",
        )
        parser.add_argument("--quiet", action="store_true", help="write nothing but errors")
    return parser


def _from_0_to_1(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{value} is not from 0 to 1")
    return value


_from_0_to_1.__name__ = "number"
