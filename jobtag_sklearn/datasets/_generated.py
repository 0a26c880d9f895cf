"""Postings that nobody wrote, for examples, tests and benchmarks."""

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from jobtag_sklearn.datasets import _vocabulary as vocabulary
from jobtag_sklearn.datasets._long_table import to_long_table
from jobtag_sklearn.datasets._sql import write_table
from jobtag_sklearn.datasets._validation import validated
from jobtag_sklearn.datasets._writing import write_descriptions, write_titles

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_FIRST_DAY = np.datetime64("2024-01-01")
_N_DAYS = 731
_UNTAGGED = 0.02


@overload
def make_job_postings(
    n_jobs: int = ...,
    *,
    n_tags: int = ...,
    noise: float = ...,
    return_long: Literal[False] = ...,
    to_sql: "str | Engine | Connection | None" = ...,
    table: str = ...,
    if_exists: Literal["fail", "replace", "append"] = ...,
    random_state: int | np.random.RandomState | None = ...,
) -> tuple[pd.DataFrame, pd.DataFrame]: ...


@overload
def make_job_postings(
    n_jobs: int = ...,
    *,
    n_tags: int = ...,
    noise: float = ...,
    return_long: Literal[True],
    to_sql: "str | Engine | Connection | None" = ...,
    table: str = ...,
    if_exists: Literal["fail", "replace", "append"] = ...,
    random_state: int | np.random.RandomState | None = ...,
) -> pd.DataFrame: ...


@validated(
    {
        "n_jobs": [Interval(Integral, 1, None, closed="left")],
        "n_tags": [Interval(Integral, 1, len(vocabulary.TAGS), closed="both")],
        "noise": [Interval(Real, 0, 1, closed="both")],
        "return_long": ["boolean"],
        "to_sql": "no_validation",
        "table": [str],
        "if_exists": [StrOptions({"fail", "replace", "append"})],
        "random_state": ["random_state"],
    }
)
def make_job_postings(
    n_jobs: int = 1000,
    *,
    n_tags: int = 16,
    noise: float = 0.3,
    return_long: bool = False,
    to_sql: "str | Engine | Connection | None" = None,
    table: str = "job_postings",
    if_exists: Literal["fail", "replace", "append"] = "fail",
    random_state: int | np.random.RandomState | None = None,
) -> Any:
    """Generate job postings whose tags show in their words.

    The postings look like those of a job board and are as hard: a TF-IDF with a linear model
    that learns from 1,000 of them reaches a micro F1 between 0.8 and 0.9 on others.

    Parameters
    ----------
    n_jobs : int, default=1000
        Number of postings.
    n_tags : int, default=16
        Number of tags, from 1 to 16: the most frequent ones of an unbalanced set, in which the
        most frequent is about twelve times as frequent as the rarest.
    noise : float, default=0.3
        How much of a posting misleads, from 0 (nothing) to 1: the share of its evidence that
        says nothing or speaks of a tag at random, and half the share of titles that say
        nothing. A quarter of this share of the tags beside the main one is forgotten.
    return_long : bool, default=False
        Whether to return the long table, one row for each tag of each posting, instead of
        ``(jobs, tags)``.
    to_sql : str, sqlalchemy Engine or Connection, default=None
        A database to write the long table to as well, such as ``"sqlite:///jobs.sqlite"``. A
        connection is left open, and a transaction that it is in is left to the caller.
    table : str, default="job_postings"
        Name of the table in the database, also as ``"schema.table"``.
    if_exists : {"fail", "replace", "append"}, default="fail"
        What to do if the database has this table: raise, write it anew, or add rows to it.
    random_state : int, RandomState instance or None, default=None
        Determines the postings. Pass an int for the same postings across several calls.

    Returns
    -------
    jobs : DataFrame of shape (n_jobs, 3)
        Indexed by ``job_id``, with the columns ``job_title``, ``job_description`` and
        ``posted_on`` (dates in ascending order). Only if `return_long` is False.
    tags : DataFrame of shape (n_jobs, n_tags)
        One column of 0 and 1 for each tag, sorted. Only if `return_long` is False.
    rows : DataFrame of shape (n_rows, 5)
        The long table: ``job_id``, ``job_title``, ``job_description``, ``posted_on`` and
        ``job_tag_name``, which is None where a posting has no tag. Only if `return_long` is
        True.

    Raises
    ------
    ConnectionError
        If the database cannot be reached.
    ValueError
        If the table exists and `if_exists` is "fail".

    See Also
    --------
    load_job_postings : Load postings from a file, a database or a DataFrame.

    Notes
    -----
    Each posting has a main tag, on average 0.3 further ones that tend to go with it, or (two
    in a hundred) none. Its title and four to eight duties and requirements are drawn from the
    words of its tags; common ones are drawn more often than rare ones. Around them stand an
    introduction of the company, benefits and closing words, cities and years, which mean
    nothing. Descriptions come as on real boards: as plain text, as HTML with entities and
    lists, or as HTML that was escaped once more.

    Every tag has a posting if there are at least as many postings as tags.

    Examples
    --------
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> jobs, tags = make_job_postings(500, random_state=0)
    >>> jobs.shape, tags.shape
    ((500, 3), (500, 16))
    >>> tags.sum().sort_values().tail(3).index.tolist()
    ['Sales', 'Customer Service', 'Software Development']

    As a long table:

    >>> rows = make_job_postings(500, return_long=True, random_state=0)
    >>> rows.columns.tolist()
    ['job_id', 'job_title', 'job_description', 'posted_on', 'job_tag_name']

    In a database:

    >>> import os, tempfile
    >>> from jobtag_sklearn.datasets import load_job_postings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     url = "sqlite:///" + os.path.join(folder, "jobs.sqlite")
    ...     jobs, tags = make_job_postings(500, to_sql=url, random_state=0)
    ...     loaded, loaded_tags = load_job_postings(url, table="job_postings")
    >>> bool((loaded_tags == tags).all(axis=None))
    True
    """
    rng = check_random_state(random_state)
    words = dict(list(vocabulary.TAGS.items())[:n_tags])
    main, shown = _draw_tags(rng, n_jobs, words)
    descriptions = write_descriptions(rng, shown, words, noise)
    titles = write_titles(rng, main, words, noise / 2)
    forgotten = rng.random_sample(shown.shape) < noise / 4
    forgotten[np.arange(n_jobs), main] = False
    days = np.sort(rng.randint(_N_DAYS, size=n_jobs))

    index = pd.RangeIndex(1, n_jobs + 1, name="job_id")
    jobs = pd.DataFrame(
        {
            "job_title": titles,
            "job_description": descriptions,
            "posted_on": (_FIRST_DAY + days).astype("datetime64[s]"),
        },
        index=index,
    )
    tags = pd.DataFrame((shown & ~forgotten).astype(np.int64), index=index, columns=list(words))
    tags = tags[sorted(words)]
    if to_sql is None and not return_long:
        return jobs, tags
    rows = to_long_table(jobs, tags)
    if to_sql is not None:
        write_table(rows, to_sql, table, if_exists, dates=["posted_on"])
    return rows if return_long else (jobs, tags)


def _draw_tags(
    rng: np.random.RandomState, n_jobs: int, words: dict[str, vocabulary.Words]
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the main tag of each posting and the indicator matrix of all its tags."""
    names = list(words)
    share = np.array([word.share for word in words.values()])
    # One posting a tag first, so that a small set has no constant tag by bad luck.
    main = np.arange(n_jobs) % len(names)
    more = max(n_jobs - len(names), 0)
    main[n_jobs - more :] = rng.choice(len(names), size=more, p=share / share.sum())
    n_untagged = rng.binomial(more, _UNTAGGED)
    untagged = np.zeros(n_jobs, dtype=bool)
    untagged[n_jobs - n_untagged :] = True
    order = rng.permutation(n_jobs)
    main, untagged = main[order], untagged[order]

    beside = np.array([[word.beside.get(name, 0.0) for name in names] for word in words.values()])
    shown = rng.random_sample((n_jobs, len(names))) < beside[main]
    shown[np.arange(n_jobs), main] = True
    shown[untagged] = False
    return main, shown
