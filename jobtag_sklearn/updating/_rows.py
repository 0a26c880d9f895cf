"""Postings and tags become rows of the tables, and are checked on the way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from jobtag_sklearn.updating._tables import MAX_LENGTH
from jobtag_sklearn.utils._tags import shown

#: Rows that are looked up in one statement; databases limit its parameters.
_CHUNK = 500

# PostgreSQL stores no zero, and nothing writes half of a pair of surrogates as UTF-8
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def posting_ids(index: Iterable[Any]) -> list[str]:
    """Write ids as text, or say which of them cannot be one."""
    ids = [_name(value, "posting id") for value in index]
    ((twice, count),) = Counter(ids).most_common(1) or [("", 0)]
    if count > 1:
        raise ValueError(f"posting id {twice!r} occurs more than once; keep one row of it")
    return ids


def text_rows(jobs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row a posting, with its id and its text."""
    for column in ("job_title", "job_description"):
        if column not in jobs.columns:
            raise ValueError(f"jobs has no column {column!r}, only {list(jobs.columns)}")
    rows = []
    ids = posting_ids(jobs.index)
    texts = zip(jobs["job_title"], jobs["job_description"], strict=True)
    for posting_id, (title, description) in zip(ids, texts, strict=True):
        for name, value in (("job_title", title), ("job_description", description)):
            if not isinstance(value, str):
                raise ValueError(
                    f"{name} of job {posting_id} is a {type(value).__name__} ({value}); pass "
                    "text or drop the row"
                )
        rows.append(
            {
                "posting_id": posting_id,
                "title": _NOT_STORABLE.sub("\ufffd", title),
                "description": _NOT_STORABLE.sub("\ufffd", description),
            }
        )
    return rows


def score_rows(ids: list[str], names: Sequence[Any], scores: Any, given: Any) -> Any:
    """Return one row for each tag of each posting."""
    scores, given = np.asarray(scores, dtype=float), np.asarray(given)
    if scores.shape != (len(ids), len(names)) or given.shape != scores.shape:
        raise ValueError(
            f"{len(ids)} postings and {len(names)} tags need scores and tags of shape "
            f"{(len(ids), len(names))}; got {scores.shape} and {given.shape}"
        )
    tags = [tag_name(name) for name in names]
    return [
        {"posting_id": posting_id, "tag": tag, "score": score, "given": int(has)}
        for posting_id, of_scores, of_given in zip(ids, scores, given, strict=True)
        for tag, score, has in zip(tags, of_scores.tolist(), of_given.tolist(), strict=True)
    ]


def tags_of_postings(corrections: Mapping[Any, Iterable[Any]] | pd.DataFrame) -> dict[str, Any]:
    """Return the sorted tags of each corrected posting, by its id."""
    if isinstance(corrections, pd.DataFrame):
        _check_indicators(corrections)
        names = list(corrections.columns)
        present = corrections.to_numpy() == 1
        lists: Iterable[Any] = ([names[tag] for tag in np.flatnonzero(row)] for row in present)
        ids = posting_ids(corrections.index)
    else:
        for posting_id, tags in corrections.items():
            if isinstance(tags, str):
                raise ValueError(
                    f"the tags of posting {posting_id} are the text {tags!r}; pass a list of tags"
                )
        ids, lists = posting_ids(corrections), corrections.values()
    return {
        posting_id: sorted({tag_name(tag) for tag in tags})
        for posting_id, tags in zip(ids, lists, strict=True)
    }


def tag_name(value: Any) -> str:
    """Write a tag as text without white space around it, or say why it cannot be one."""
    return _name(value, "tag").strip()


def chunks(values: list[Any]) -> Iterator[list[Any]]:
    """Cut a list into pieces that fit into one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def _name(value: Any, what: str) -> str:
    missing = value is None or pd.isna(value) is True
    text = "" if missing else str(value)
    if not text.strip():
        raise ValueError(f"{what} {value!r} is empty; each needs one")
    if len(text) > MAX_LENGTH:
        raise ValueError(f"{what} {text[:40]!r}... is longer than {MAX_LENGTH} characters")
    if _NOT_STORABLE.search(text):
        raise ValueError(f"{what} {text!r} has a character that databases cannot store")
    return text


def _check_indicators(tags: pd.DataFrame) -> None:
    bad = ~tags.isin([0, 1])
    if bad.to_numpy().any():
        row, column = np.argwhere(bad.to_numpy())[0]
        raise ValueError(
            f"tag {tags.columns[column]!r} of posting {tags.index[row]} is "
            f"{shown(tags.iat[row, column])}, but a corrected tag is 0 or 1; leave the posting "
            "out until all of its tags are known"
        )
