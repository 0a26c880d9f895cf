"""Postings that are read as they are needed, a chunk at a time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from jobtag_sklearn.datasets._long_table import (
    Columns,
    JobTable,
    NoRowsError,
    check_columns,
    choose_tags,
    to_jobs_and_tags,
)
from jobtag_sklearn.datasets._parts import Parts
from jobtag_sklearn.utils._frames import joined

#: Jobs that the first pass looks at together: it reads little of each.
_JOBS_OF_FIRST_PASS = 20_000


class Wanted(NamedTuple):
    """What shall become of the rows."""

    drop_empty: bool
    min_examples: int
    unknown: bool
    keep_columns: list[str] | None
    tags: list[str] | None


class JobPostingStream:
    """Chunks of postings and their tags, read anew by each loop over it.

    :func:`load_job_postings` makes it, with ``chunksize=``. Each chunk is a pair ``(jobs, tags)``
    as :func:`load_job_postings` returns it for a whole table, and all have the same columns of
    tags. A posting is in one chunk, whole. No more than a chunk is in memory.

    Parameters
    ----------
    parts : object
        What reads the rows.
    columns : tuple of str
        What the columns are called that have a role.
    wanted : tuple
        What shall become of the rows.
    chunksize : int
        Postings a chunk.

    Attributes
    ----------
    tags : list of str
        The columns of tags that all chunks have.
    n_jobs : int or None
        Number of postings; None where the table was not read through yet.
    left_out : dict
        The number of postings of each tag that got no column; empty where the table was not
        read through yet.

    See Also
    --------
    load_job_postings : Says what each source must be like.

    Examples
    --------
    >>> from jobtag_sklearn.datasets import load_job_postings, make_job_postings
    >>> rows = make_job_postings(25, n_tags=3, return_long=True, random_state=0)
    >>> stream = load_job_postings(rows, chunksize=10)
    >>> stream.n_jobs
    25
    >>> [len(jobs) for jobs, tags in stream]
    [10, 10, 5]
    """

    def __init__(self, parts: Parts, columns: Columns, wanted: Wanted, chunksize: int) -> None:
        self._parts = parts
        self._columns = columns
        self._wanted = wanted
        self._chunksize = chunksize
        self.n_jobs: int | None = None
        self.left_out: dict[str, int] = {}
        # an empty table may still have the right columns, so they are looked at as of one row
        check_columns(parts.header().reindex([0]), columns, wanted.keep_columns)
        if not parts.has_neighbours or (wanted.tags is None and columns.job_tag_name):
            self._pass_once()
        else:
            self.tags = choose_tags([], np.empty(0, int), wanted.min_examples, wanted.tags or [])

    def __iter__(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Read the table from its beginning.

        Yields
        ------
        jobs : DataFrame of shape (n_jobs, 2 + n_kept_columns)
            The chunk's postings.
        tags : DataFrame of shape (n_jobs, n_tags)
            Their tags.
        """
        counts: Counter[str] = Counter(dict.fromkeys(self.tags, 0))
        before, n_jobs, n_dropped = pd.Index([]), 0, 0
        for first_row, rows in self._whole_jobs(self._chunksize, None):
            table = self._collected(rows, first_row, self._wanted, self.tags)
            ids, counts = table.jobs.index, counts + Counter(table.left_out)
            twice = before.intersection(ids)
            if len(twice):
                raise ValueError(
                    f"the rows of job {twice[0]} do not follow each other, though the source "
                    f"sorts by {self._columns.job_id}; its order is another than that of text"
                )
            before = ids
            counts.update({name: int(n) for name, n in table.tags.sum().items() if n})
            table.tags.attrs["left_out"] = table.left_out
            table.jobs.attrs["n_dropped"] = table.n_dropped
            n_jobs, n_dropped = n_jobs + len(ids), n_dropped + table.n_dropped
            if len(ids):
                yield table.jobs, table.tags
        self._end(n_jobs, n_dropped, counts)

    def _end(self, n_jobs: int, n_dropped: int, counts: "Counter[str]") -> None:
        """Raise where the whole table shows what no chunk does."""
        if n_jobs == 0 and n_dropped:
            raise ValueError(f"All {n_dropped} jobs have an empty title or an empty description.")
        if n_jobs == 0:
            raise NoRowsError("The table has no rows; at least one posting is needed.")
        names = [name for name, count in counts.items() if count]
        choose_tags(names, np.array([counts[name] for name in names]), 1, self.tags)
        self.n_jobs = n_jobs
        self.left_out = {name: counts[name] for name in sorted(set(names) - set(self.tags))}

    def _pass_once(self) -> None:
        """Read through ids and tags: which tags there are, and whether a job's rows are apart."""
        columns, wanted = self._columns, self._wanted
        read = [columns.job_id, *filter(None, [columns.job_tag_name])]
        texts = [columns.job_title, columns.job_description]
        if wanted.drop_empty:
            read += texts
        counts: Counter[str] = Counter()
        hashes, n_jobs, n_dropped = [np.empty(0, np.uint64)], 0, 0
        first_pass = wanted._replace(unknown=False, keep_columns=[])
        for first_row, rows in self._whole_jobs(_JOBS_OF_FIRST_PASS, read):
            if not self._parts.has_neighbours:
                ids = rows[columns.job_id]
                hashes.append(_hashes(ids[_begins(ids)]))
            if not wanted.drop_empty:
                rows = rows.assign(**dict.fromkeys(texts, ""))
            table = self._collected(rows, first_row, first_pass, None)
            counts.update(table.tags.sum().to_dict())
            n_jobs, n_dropped = n_jobs + len(table.jobs), n_dropped + table.n_dropped
        names = list(counts)
        self.tags = choose_tags(
            names, np.array([counts[name] for name in names], int), wanted.min_examples,
            wanted.tags,
        )  # fmt: skip
        self._end(n_jobs, n_dropped, counts)
        self._refuse_scattered(np.concatenate(hashes))

    def _refuse_scattered(self, hashes: np.ndarray) -> None:
        """Raise if a job comes again: its rows were in two places."""
        found, times = np.unique(hashes, return_counts=True)
        twice = found[times > 1]
        if not len(twice):
            return
        # eight bytes a job find out whether one may come again; which one, another look
        job_id, seen = self._columns.job_id, set()
        for first_row, rows in self._whole_jobs(_JOBS_OF_FIRST_PASS, [job_id]):
            ids = rows[job_id]
            ids = ids[_begins(ids)]
            for place in np.flatnonzero(np.isin(_hashes(ids), twice)):
                if ids.iloc[place] in seen:
                    raise ValueError(
                        f"the rows of job {ids.iloc[place]} do not follow each other: it comes "
                        f"again between row {first_row} and row {first_row + len(rows)}. Sort "
                        f"the file by {job_id}, or load it whole, without chunksize=."
                    )
                seen.add(ids.iloc[place])

    def _collected(
        self, rows: pd.DataFrame, first_row: int, wanted: Wanted, tags: Sequence[str] | None
    ) -> JobTable:
        try:
            return to_jobs_and_tags(
                rows,
                self._columns,
                drop_empty=wanted.drop_empty,
                min_examples=1,
                unknown=wanted.unknown,
                keep_columns=wanted.keep_columns,
                tags=tags,
                whole=False,
            )
        except ValueError as error:
            if not first_row:
                raise
            raise ValueError(f"In the rows from row {first_row} on: {error}") from None

    def _whole_jobs(
        self, n_jobs: int, columns: Sequence[str] | None
    ) -> Iterator[tuple[int, pd.DataFrame]]:
        """Yield the rows of `n_jobs` jobs at a time, and the number of the first row."""
        job_id: Any = self._columns.job_id
        first_row, rest = 0, None
        for part in self._parts.read(n_jobs, columns):
            rows = part if rest is None else joined([rest, part])
            starts = np.flatnonzero(_begins(rows[job_id]))
            # the last job may go on in the next part
            n_whole = (len(starts) - 1) // n_jobs * n_jobs
            for place in range(0, n_whole, n_jobs):
                yield first_row + starts[place], rows.iloc[starts[place] : starts[place + n_jobs]]
            if n_whole > 0:
                rows, first_row = rows.iloc[starts[n_whole] :], first_row + int(starts[n_whole])
            rest = rows
        if rest is not None and len(rest):
            yield first_row, rest


def _begins(ids: pd.Series) -> np.ndarray:
    """Return where another job begins."""
    return (ids != ids.shift()).to_numpy(bool, na_value=True)


def _hashes(ids: pd.Series) -> np.ndarray:
    """Return 64 bits for each id, the same for a number and its text."""
    return pd.util.hash_array(ids.astype(str).to_numpy(object))
