"""The command `python -m jobtag_sklearn`: its arguments and its exit codes."""

from __future__ import annotations

import argparse
import os
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from jobtag_sklearn._arguments import Parser, add_source, at_least, n_jobs_number, share
from jobtag_sklearn._updating_arguments import COMMANDS, updating_parser

#: Postings that are generated without --data: enough for all 16 tags to be learnt, and done in
#: less than two minutes on two cores.
N_POSTINGS = 1200

_DESCRIPTION = """\
Learn the tags of job postings and tag new ones: collects postings, trains a model on most of
them, reports how well it tags the others, and saves it.

Without --data it runs on postings that it generates."""

_EPILOG = """\
The table has one row for each tag of each posting, with the columns job_id, job_title,
job_description and job_tag_name. If it also has a column "split" that says "train" or "test" in
each row, that is the split; otherwise it is drawn at random.

examples:
  python -m jobtag_sklearn
  python -m jobtag_sklearn --data postings.csv.gz --output results
  python -m jobtag_sklearn --data board.csv --job-id id --job-tag-name category
  python -m jobtag_sklearn --data sqlite:///board.sqlite --table job_postings
  python -m jobtag_sklearn --data postgresql+psycopg://user@host/board --query "SELECT ..."

To keep a model learning, night by night: python -m jobtag_sklearn {init,predict,update,rollback,
history} --help
"""

_EXIT_INTERRUPTED = 130
_EXIT_ERROR = 2
_EXIT_BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        Arguments of the command line; None takes those of the process.

    Returns
    -------
    code : int
        0 if all went well, 2 after an error that the message on stderr explains, 130 after
        Ctrl-C, 141 if whoever reads stdout has gone.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    updating = words[:1] and words[0] in COMMANDS
    options = vars((updating_parser() if updating else _parser()).parse_args(words))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # a title in a script that the terminal cannot show is no reason to stop
            stream.reconfigure(errors="replace")
    warnings.showwarning = _show_warning
    # --help needs none of what this imports
    from jobtag_sklearn._main_job import MainJobError, run_main_job

    try:
        if updating:
            from jobtag_sklearn._updating_job import run_updating_job

            run_updating_job(**options)
        else:
            run_main_job(**options)
    except MainJobError as error:
        sys.stderr.write(f"jobtag_sklearn: error: {_in_options(str(error))}\n")
        return _EXIT_ERROR
    except KeyboardInterrupt:
        sys.stderr.write("\njobtag_sklearn: interrupted\n")
        return _EXIT_INTERRUPTED
    except BrokenPipeError:
        # whoever read the output has gone; Python would complain once more when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _EXIT_BROKEN_PIPE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m jobtag_sklearn",
        usage="%(prog)s [--data FILE_OR_URL [--table NAME | --query SQL]] [--output DIR] [...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    source = add_source(parser, needed=False)
    source.add_argument(
        "--n-postings",
        metavar="N",
        type=at_least(50),
        default=N_POSTINGS,
        help="postings to generate without --data (default: %(default)s)",
    )
    learning = parser.add_argument_group("what is learnt")
    learning.add_argument(
        "--min-examples",
        metavar="N",
        type=at_least(1),
        default=10,
        help="leave out tags with fewer training postings (default: %(default)s)",
    )
    learning.add_argument(
        "--test-size",
        metavar="SHARE",
        type=share,
        default=0.2,
        help="share of the postings that the report is on, if the table has no split "
        "(default: %(default)s)",
    )
    learning.add_argument(
        "--epochs",
        metavar="N",
        type=at_least(1),
        help="passes of both networks over the training postings (default: each its own)",
    )
    learning.add_argument(
        "--n-hashed-features",
        metavar="N",
        type=at_least(256),
        help="columns that the autoencoder reads; words are hashed to 8, pairs of words to 32 and "
        "titles to 2 times as many, and fewer columns mix up more words (default: 32768)",
    )
    learning.add_argument(
        "--random-state",
        metavar="SEED",
        type=at_least(0),
        default=0,
        help="seed of all that is random (default: %(default)s)",
    )
    how = parser.add_argument_group("how")
    how.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=Path("jobtag_output"),
        help="folder for the model and the reports, made if needed; files of an earlier run are "
        "replaced (default: %(default)s)",
    )
    how.add_argument(
        "--n-jobs",
        metavar="N",
        type=n_jobs_number,
        default=2,
        help="processes for the text of large tables, and threads (default: %(default)s; "
        "-1: one a core)",
    )
    how.add_argument("--quiet", action="store_true", help="write nothing but errors")
    return parser


def _in_options(message: str) -> str:
    """Write a message about Python parameters in terms of the command's options, on one line."""
    message = message.replace("; pass job_tag_name=None if the postings have no tags yet", "")
    message = re.sub(
        r"\b(job_id|job_title|job_description|job_tag_name|table|query|min_examples|unknown_tags)"
        r"=(\S)?",
        lambda match: f"--{match[1].replace('_', '-')}" + (f" {match[2]}" if match[2] else ""),
        message,
    )
    return " ".join(message.split())


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Show a warning as a line for a user, who has no use for its place in the code."""
    sys.stderr.write(f"jobtag_sklearn: warning: {' '.join(str(message).split())}\n")


if __name__ == "__main__":
    sys.exit(main())
