"""Counting several things in one pass over the words of a document.

What a word adds to each count depends on the word alone. So its counts are packed side by side
into one integer, remembered, and summed: one look-up and one addition a word, both in C, whatever
the number of counts.
"""

from collections.abc import Iterable

import numpy as np

_BITS = 32
_BYTES = _BITS // 8


def pack(counts: Iterable[int]) -> int:
    """Return counts side by side in one integer.

    Parameters
    ----------
    counts : iterable of int
        Counts, the first in the lowest bits. They may be negative as long as no count in the
        sum of all packed integers is.

    Returns
    -------
    packed : int
        An integer; sums of packed integers are packed sums, for sums below 2**32.
    """
    return sum(count << (_BITS * place) for place, count in enumerate(counts))


def to_bytes(packed: int, n_counts: int) -> bytes:
    """Return a packed sum as bytes, which many documents can be joined of."""
    return packed.to_bytes(_BYTES * n_counts, "little")


def to_array(rows: list[bytes], n_counts: int) -> np.ndarray:
    """Return packed sums as numbers.

    Parameters
    ----------
    rows : list of bytes
        What :func:`to_bytes` gave for each document.

    n_counts : int
        How many counts a row has.

    Returns
    -------
    counts : ndarray of shape (len(rows), n_counts)
        Counts as float64.
    """
    counts = np.frombuffer(b"".join(rows), dtype="<u4")
    return counts.reshape(len(rows), n_counts).astype(np.float64)
