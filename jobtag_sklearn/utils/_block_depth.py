"""Blocks of columns: what does not touch its neighbours until the last convolution."""

#: Columns of a block at most. Smaller blocks are more often empty or hold a single value, but then
#: the steps after them cost more.
_LARGEST_BLOCK = 64


def block_depth(n_steps: int, pool: int) -> int:
    """Return how many steps are taken a block, where each divides its length by `pool`.

    Parameters
    ----------
    n_steps : int
        Steps of the encoder; the last one is never taken a block.
    pool : int
        What a step divides the length by, 2 or more.

    Returns
    -------
    depth : int
        Steps; 0 if `pool` is larger than any block.
    """
    depth = 0
    while depth < n_steps - 1 and pool ** (depth + 1) <= _LARGEST_BLOCK:
        depth += 1
    return depth
