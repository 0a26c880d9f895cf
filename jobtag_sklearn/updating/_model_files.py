"""Versions of a model as files, of which a reader never sees half of one."""

from __future__ import annotations

import hashlib
import pickle
import re
import time
from collections.abc import Collection
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any

from jobtag_sklearn.utils._replacing import PART, replacing

_CURRENT = "current"
_LOCK = ".lock"
_NAME = re.compile(r"model-(\d{6,})-([0-9a-f]{16})\.pickle")
#: What a process that was killed has left is removed after a day: a younger file may be another
#: process' that is about to make it known.
_LEFTOVER_SECONDS = 24 * 3600
_N_TRIES = 3


class ModelFiles:
    """A folder with versions of a model, one of which is current.

    Each version is a pickle of its own that is never changed. Its name has the number of the
    version and a checksum of what the file holds. The file ``current`` has the name of the
    current version. Files appear whole or not at all, also if the process is killed, the disk
    is full or the power fails.

    Parameters
    ----------
    folder : str or path
        The folder; made when the first model is saved.

    See Also
    --------
    ModelUpdater : Writes the versions; what its database says is current becomes so here.

    Notes
    -----
    A pickle can run any code when it is loaded. Load models only from a folder that nobody
    can write to whom you would not let run code. The checksum finds files that were damaged,
    not files that were forged.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.dummy import DummyClassifier
    >>> from jobtag_sklearn.updating import ModelFiles
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = ModelFiles(folder)
    ...     name = files.save(DummyClassifier(), version=1)
    ...     files.point_to(name)
    ...     files.load()
    DummyClassifier()
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder).expanduser()

    @property
    def lock_file(self) -> Path:
        """The file that whoever changes the current version locks."""
        self._make_folder()
        return self.folder / _LOCK

    def current(self) -> str | None:
        """Return the file name of the current version.

        Returns
        -------
        name : str or None
            None if there is no current version yet.

        Raises
        ------
        ValueError
            If the pointer does not hold the name of a version.
        """
        pointer = self.folder / _CURRENT
        try:
            name = pointer.read_text("ascii", errors="replace").strip()
        except FileNotFoundError:
            return None
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{pointer} is damaged: it holds {name[:80]!r} where the name of a file belongs. "
                "Delete it; the next update or prediction writes it again from the database."
            )
        return name

    def names(self) -> list[str]:
        """Return the file names of all versions.

        Returns
        -------
        names : list of str
            Oldest version first.
        """
        if not self.folder.is_dir():
            return []
        found = (path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name))
        return sorted(found, key=lambda name: (self.version_of(name), name))

    @staticmethod
    def version_of(name: str) -> int:
        """Return the number of the version that a file holds.

        Parameters
        ----------
        name : str
            File name of a version.

        Returns
        -------
        version : int
            Its number.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"{name!r} is not the name of a model's version")
        return int(match[1])

    def save(self, model: Any, version: int) -> str:
        """Write a version, which does not become the current one by that.

        Parameters
        ----------
        model : object
            The model.
        version : int
            Its number.

        Returns
        -------
        name : str
            The name of its file.

        Raises
        ------
        OSError
            If the file cannot be written, as on a full disk; then there is none.
        """
        data = pickle.dumps(model, protocol=pickle.HIGHEST_PROTOCOL)
        name = f"model-{version:06d}-{_checksum(data)}.pickle"
        self._make_folder()
        with replacing(self.folder / name) as file:
            file.write(data)
        return name

    def load(self, name: str | None = None) -> Any:
        """Load a version.

        Parameters
        ----------
        name : str, default=None
            The name of its file; None loads the current one.

        Returns
        -------
        model : object
            The model.

        Raises
        ------
        FileNotFoundError
            If there is no such version.
        ValueError
            If the file is not what was once saved.
        """
        return self.unpickle(self.read(name))

    def read(self, name: str | None = None) -> bytes:
        """Read the pickle of a version, and check that it is what was once saved.

        Parameters
        ----------
        name : str, default=None
            The name of its file; None reads the current one.

        Returns
        -------
        data : bytes
            The pickle.

        Raises
        ------
        FileNotFoundError
            If there is no such version.
        ValueError
            If the file is not what was once saved.
        """
        for _ in range(_N_TRIES):
            wanted = self.current() if name is None else name
            if wanted is None:
                raise FileNotFoundError(f"{self.folder} has no current model yet")
            path = self.folder / wanted
            try:
                return _checked(path, path.read_bytes())
            except FileNotFoundError:
                # an update may have come between the pointer and the file
                continue
        raise FileNotFoundError(self._no_file(str(wanted)))

    def unpickle(self, data: bytes) -> Any:
        """Make a model of what `read` returns.

        Parameters
        ----------
        data : bytes
            A pickle.

        Returns
        -------
        model : object
            The model, another one at each call.
        """
        return pickle.loads(data)  # noqa: S301 - the class's docstring warns of it

    def point_to(self, name: str) -> None:
        """Make a version the current one.

        Parameters
        ----------
        name : str
            The name of its file.

        Raises
        ------
        FileNotFoundError
            If there is no such version.
        """
        self.version_of(name)
        if not (self.folder / name).is_file():
            raise FileNotFoundError(self._no_file(name))
        with replacing(self.folder / _CURRENT) as file:
            file.write(f"{name}\n".encode("ascii"))

    def prune(self, keep: Collection[str], known: Collection[str]) -> None:
        """Delete versions that are known and not to be kept, and what killed processes left.

        Parameters
        ----------
        keep : collection of str
            File names of versions that stay; so does the current one.
        known : collection of str
            File names of versions that the database knows. Others are deleted when they are a
            day old: they were saved by a process that did not live to make them known.
        """
        stay = {*keep, self.current()}
        for path in list(self.folder.iterdir()):
            version = _NAME.fullmatch(path.name)
            if not (version or path.name.endswith(PART)) or path.name in stay:
                continue
            if path.name in known or _is_leftover(path):
                # one that cannot go now goes after a later update
                with suppress(PermissionError):
                    path.unlink(missing_ok=True)

    def _no_file(self, name: str) -> str:
        kept = ", ".join(self.names()) or "none"
        return (
            f"{self.folder} has no file {name}; there are: {kept}. Restore it from a backup, or "
            "roll back to another version."
        )

    def _make_folder(self) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"{self.folder} is a file, but models need a folder.")
        self.folder.mkdir(parents=True, exist_ok=True)


def _checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _checked(path: Path, data: bytes) -> bytes:
    match = _NAME.fullmatch(path.name)
    if match is None or _checksum(data) != match[2]:
        raise ValueError(
            f"{path} is damaged: its content does not match the checksum in its name. Roll back "
            "to another version, or restore the file from a backup."
        )
    return data


def _is_leftover(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _LEFTOVER_SECONDS
    except FileNotFoundError:
        return False
