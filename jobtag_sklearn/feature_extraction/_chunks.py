"""Documents as numbers, one for each run of characters between white space.

What such a chunk adds to a count depends on the chunk alone. So each gets a number when it is
first seen, its counts stand in a table in the row of that number, and those of documents are a
sparse product with the table: one look-up in C a chunk, whatever the number of counts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ._markup import strip_markup

#: A vocabulary that holds more is followed by a new one: 40 to 120 MB with its tables.
_MOST_CHUNKS, _MOST_CHARACTERS = 2**18, 2**22
#: Tables of one vocabulary, which has one for each list of stop words.
_MOST_TABLES = 8
#: Documents that share a vocabulary, however many chunks they hold.
_DOCUMENTS = 500


class _Table:
    """Rows of numbers that are appended; room for them doubles."""

    def __init__(self, n_columns: int) -> None:
        self.rows = np.empty((0, n_columns), dtype=np.int32)
        self.n_rows = 0

    def append(self, rows: list[Sequence[int]]) -> None:
        n_rows = self.n_rows + len(rows)
        if n_rows > len(self.rows):
            # whoever was given rows before keeps the smaller array
            larger = np.empty((2 * n_rows, self.rows.shape[1]), dtype=np.int32)
            larger[: self.n_rows] = self.rows[: self.n_rows]
            self.rows = larger
        self.rows[self.n_rows : n_rows] = rows
        self.n_rows = n_rows


class _Vocabulary(dict[str, int]):
    """Numbers of chunks, in the order in which they were first seen."""

    def __init__(self) -> None:
        super().__init__()
        self.chunks: list[str] = []
        self.n_characters = 0
        self.lock = threading.RLock()
        self._tables: dict[Hashable, _Table] = {}

    def __missing__(self, chunk: str) -> int:
        with self.lock:
            number = self.get(chunk)
            if number is None:
                number = len(self.chunks)
                self.chunks.append(chunk)
                self.n_characters += len(chunk)
                self[chunk] = number
            return number

    @property
    def full(self) -> bool:
        return len(self) > _MOST_CHUNKS or self.n_characters > _MOST_CHARACTERS

    def table(
        self, name: Hashable, row_of: Callable[[str], Sequence[int]], n_columns: int
    ) -> npt.NDArray[np.int32]:
        """Return a row of numbers for each chunk, from what is remembered under a name."""
        with self.lock:
            if name not in self._tables and len(self._tables) == _MOST_TABLES:
                del self._tables[next(iter(self._tables))]
            table = self._tables.setdefault(name, _Table(n_columns))
            if new := self.chunks[table.n_rows :]:
                table.append(list(map(row_of, new)))
            return table.rows[: table.n_rows]


class _Process:
    """What this process has seen of chunks."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin with an empty vocabulary; chunks that have numbers keep the old one alive."""
        self.vocabulary = _Vocabulary()

    def after_fork(self) -> None:
        """Release what another thread, which the fork did not copy, may have held."""
        self.vocabulary.lock = threading.RLock()


seen = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=seen.after_fork)


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks of some documents.

    Attributes
    ----------
    numbers : ndarray of shape (n_chunks,), dtype int32
        Number of each chunk, document after document.
    documents : ndarray of shape (n_documents + 1,)
        Where each document begins, and the last one ends.
    lines : ndarray of shape (n_lines,)
        Where each line begins that holds a chunk.
    vocabulary : _Vocabulary
        What the numbers stand for.
    """

    numbers: npt.NDArray[np.int32]
    documents: npt.NDArray[np.intp]
    lines: npt.NDArray[np.intp]
    vocabulary: _Vocabulary

    def table(
        self, name: Hashable, row_of: Callable[[str], Sequence[int]], n_columns: int
    ) -> npt.NDArray[np.int32]:
        """Return the rows of all chunks that have a number, by number.

        Parameters
        ----------
        name : hashable
            What the rows are remembered under.
        row_of : callable
            Returns the row of a chunk, of the same length for all of them; must depend on the
            chunk and on `name` alone.
        n_columns : int
            Their length.
        """
        return self.vocabulary.table(name, row_of, n_columns)

    def sums(self, table: npt.NDArray[np.int32]) -> npt.NDArray[np.integer]:
        """Return the sum of each document's rows, of shape (n_documents, n_columns)."""
        return _sums(self.numbers, self.documents, table)

    def sums_at(
        self, where: npt.NDArray[np.bool_], table: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.integer]:
        """Return the sums over those chunks for which `where`, of shape (n_chunks,), is true."""
        before = np.append(0, np.cumsum(where))
        return _sums(self.numbers[where], before[self.documents], table)


def _sums(numbers: Any, starts: Any, table: npt.NDArray[np.int32]) -> npt.NDArray[np.integer]:
    if len(starts) == 2:
        # for a single document the matrix takes longer than its product
        return table[numbers].sum(axis=0, keepdims=True)
    shape = (len(starts) - 1, len(table))
    ones = np.ones(len(numbers), dtype=np.int32)
    return sparse.csr_array((ones, numbers, starts), shape=shape) @ table


_shared: ContextVar[dict[bool, tuple[list[str], list[Chunks]]] | None] = ContextVar(
    "shared", default=None
)


@contextmanager
def chunked_once() -> Iterator[None]:
    """Have all transformers that count in the same documents share their chunks.

    Only where a vocabulary suffices for all documents, so that no more than one is kept.
    """
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


def chunks_of(documents: list[str], strip_html: bool) -> Iterator[Chunks]:
    """Yield the chunks of documents.

    Parameters
    ----------
    documents : list of str
        Raw documents.
    strip_html : bool
        Whether to remove markup first.

    Yields
    ------
    part : Chunks
        Of some documents, in their order; of none if there are none.
    """
    shared = _shared.get()
    if shared is not None and strip_html in shared:
        same, parts = shared[strip_html]
        # texts are the same objects, which are not compared letter by letter
        if same == documents:
            yield from parts
            return
    one_vocabulary, kept = seen.vocabulary, []
    for start in range(0, max(len(documents), 1), _DOCUMENTS):
        part = _chunks_of(documents[start : start + _DOCUMENTS], strip_html)
        if shared is not None and part.vocabulary is one_vocabulary:
            kept.append(part)
        else:
            # parts keep their vocabularies, which together may be many
            shared, kept = None, []
        yield part
    if shared is not None:
        shared[strip_html] = (documents, kept)


def _chunks_of(documents: list[str], strip_html: bool) -> Chunks:
    vocabulary = seen.vocabulary
    number_of = vocabulary.__getitem__
    numbers: list[int] = []
    ends, lines = [0], []
    for document in documents:
        for line in (strip_markup(document) if strip_html else document).splitlines():
            if chunks := line.split():
                lines.append(len(numbers))
                numbers += map(number_of, chunks)
        ends.append(len(numbers))
    if vocabulary.full and vocabulary is seen.vocabulary:
        seen.forget()
    return Chunks(
        np.array(numbers, dtype=np.int32),
        np.array(ends, dtype=np.intp),
        np.array(lines, dtype=np.intp),
        vocabulary,
    )
