"""A lock on a file that the system gives back when its process ends, however it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_POLL_SECONDS = 0.2

if os.name == "nt":  # pragma: no cover - Windows, which the tests do not run on
    import msvcrt

    def _taken(file: BinaryIO) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True

else:
    import fcntl

    def _taken(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def process_lock(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold the lock for the block; give False where another process holds it.

    Parameters
    ----------
    path : Path
        A file that is made if it is not there, and stays.
    wait : bool, default=False
        Wait for the other process.
    """
    with path.open("ab") as file:
        taken = _taken(file)
        while wait and not taken:
            time.sleep(_POLL_SECONDS)
            taken = _taken(file)
        # closing the file gives the lock back
        yield taken
