"""Which version of the model is current: the database says it, and the folder follows."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from jobtag_sklearn.updating._accounts import State, read_state, settle
from jobtag_sklearn.updating._ledger import Ledger
from jobtag_sklearn.updating._model_files import ModelFiles
from jobtag_sklearn.updating._process_lock import process_lock


class Versions:
    """The versions in the database and their files."""

    def __init__(self, ledger: Ledger, files: ModelFiles, n_kept: int) -> None:
        self._ledger = ledger
        self._files = files
        self._n_kept = n_kept

    def state(self) -> State:
        """Read which version is current."""
        with self._ledger.reading() as connection:
            return read_state(self._ledger, connection)

    def mended_state(self) -> State:
        """Read which version is current, and have the folder say the same; needs the lock."""
        state = self.state()
        if state.version is not None and self._pointer() != state.file:
            self._files.point_to(state.file)
        return state

    def read_current(self) -> tuple[bytes, int | None]:
        """Read the pickle of the current version, and mend the folder if nobody is at work."""
        state = self.state()
        if self._pointer() != state.file:
            # whoever may only read the folder leaves it to others to mend it, as does one who
            # meets an update at work
            with suppress(PermissionError), process_lock(self._files.lock_file) as mine:
                if mine:
                    state = self.mended_state()
        try:
            return self._files.read(state.file), state.version
        except FileNotFoundError:
            # updates may have come between
            state = self.state()
            return self._files.read(state.file), state.version

    def settle(self, state: State, **what: Any) -> None:
        """Write an update to the database, which makes it valid, and have the folder follow."""
        with self._ledger.writing() as connection:
            settle(self._ledger, connection, state, **what)
        state = self.mended_state()
        known = {file for file, _ in state.models.values()}
        self._files.prune(state.kept(self._n_kept), known)

    def _pointer(self) -> str | None:
        try:
            return self._files.current()
        except ValueError:
            # it is damaged, and about to be replaced
            return None
