"""TensorFlow's threads belong to one process, and a fork does not copy them."""

from __future__ import annotations

import os

_started_in: int | None = None


def check_process() -> None:
    """Raise in a process that was forked after TensorFlow had started, where it would hang.

    Whatever is about to have TensorFlow compute something calls this; the first call says in
    which process its threads are.
    """
    global _started_in
    if _started_in is None:
        _started_in = os.getpid()
    elif _started_in != os.getpid():
        raise RuntimeError(
            "this process was forked from one in which TensorFlow had started, and would wait for "
            "its threads for ever; start processes with spawn or forkserver, or load the model "
            "after the fork, in a process whose parent has loaded none"
        )
