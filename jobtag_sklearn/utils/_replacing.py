"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

#: How the file ends that is not complete yet.
PART = ".part"


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` once it is complete, or not at all.

    Whoever reads `path` sees what was there before or all of what is written here, also
    after the power fails: the file and its folder's entry are on the disk when this returns.
    """
    # a name that nobody can guess and mode "x": in a folder that others write to, what they
    # put in its place is neither followed nor overwritten
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}{PART}")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Put a folder's entries on the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
