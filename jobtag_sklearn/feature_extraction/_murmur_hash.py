"""MurmurHash3 of many slices of one buffer at once."""

import numpy as np
import numpy.typing as npt
from sklearn.utils import murmurhash3_32

_C1, _C2 = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)
_MIX1, _MIX2 = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_ADDED = np.uint32(0xE6546B64)
_TAIL_MASKS = np.array([0, 0xFF, 0xFFFF, 0xFFFFFF], dtype=np.uint32)
_MAX_BLOCKS = 64
"""Each four bytes of the longest slice are a round for all, so longer ones go alone."""


def murmurhash3_of_slices(
    buffer: bytes, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.int32]:
    """Return what :func:`sklearn.utils.murmurhash3_32` gives for slices of a buffer.

    Parameters
    ----------
    buffer : bytes
        Holds all slices.

    starts, lengths : ndarray of int64 of shape (n_slices,)
        Where each slice begins, and how many bytes it has.

    Returns
    -------
    hashes : ndarray of int32 of shape (n_slices,)
        Hashes with the seed 0.

    References
    ----------
    .. [1] Appleby, A. MurmurHash3_x86_32. https://github.com/aappleby/smhasher
    """
    n_blocks = np.minimum(lengths >> 2, _MAX_BLOCKS).astype(np.int8)
    # small integers are sorted by radix
    longest_first = np.argsort(-n_blocks, kind="stable")
    position, length = starts[longest_first], lengths[longest_first]
    n_active = len(starts) - np.cumsum(np.bincount(n_blocks, minlength=_MAX_BLOCKS + 1))
    n_long = int(n_active[-2])
    # any four bytes as a number, whatever their place
    numbers = np.ndarray(len(buffer) + 1, "<u4", buffer + b"\0" * 4, strides=(1,)).copy()
    hashes = np.zeros(len(starts), dtype=np.uint32)
    for n in n_active[:-1][n_active[:-1] > n_long]:
        active = slice(n_long, n)
        mixed = _scramble(numbers[position[active]])
        mixed ^= hashes[active]
        mixed = _rotate(mixed, 13)
        mixed *= np.uint32(5)
        mixed += _ADDED
        hashes[active] = mixed
        position[active] += 4
    short = slice(n_long, None)
    tail = numbers[position[short]]
    tail &= _TAIL_MASKS[length[short] & 3]
    hashes[short] ^= _scramble(tail)
    hashes ^= length.astype(np.uint32)
    for shift, factor in ((16, _MIX1), (13, _MIX2)):
        hashes ^= hashes >> np.uint32(shift)
        hashes *= factor
    hashes ^= hashes >> np.uint32(16)
    found = np.empty(len(starts), dtype=np.int32)
    found[longest_first] = hashes.view(np.int32)
    for place in longest_first[:n_long]:
        start = starts[place]
        found[place] = murmurhash3_32(buffer[start : start + lengths[place]], seed=0)
    return found


def _scramble(numbers: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    numbers *= _C1
    numbers = _rotate(numbers, 15)
    numbers *= _C2
    return numbers


def _rotate(numbers: npt.NDArray[np.uint32], n_bits: int) -> npt.NDArray[np.uint32]:
    rotated = numbers << np.uint32(n_bits)
    numbers >>= np.uint32(32 - n_bits)
    rotated |= numbers
    return rotated
