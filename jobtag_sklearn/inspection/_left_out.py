"""A posting without each of its words: what explanations are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobtag_sklearn.feature_extraction import PROTECTED_TOKENS, StemmingCleaner
from jobtag_sklearn.feature_extraction._markup import strip_markup_with_spans
from jobtag_sklearn.model_selection._responses import tag_columns
from jobtag_sklearn.utils._tags import shown

#: Finds words, and leaves each as it stands.
_FINDER = StemmingCleaner(
    strip_html=False,
    expand_contractions=False,
    lowercase=False,
    strip_digits=False,
    stop_words=None,
    stemmer=None,
)
_AS_THEY_STAND = frozenset(token for token in PROTECTED_TOKENS if token != token.lower())


class Word(NamedTuple):
    """A word of a column of a posting, and all the places where it stands.

    Attributes
    ----------
    column : str
        Column of the posting, such as ``job_description``.
    text : str
        The word as it stands where it stands first.
    key : str
        What makes two occurrences the same word: the text without its case.
    seen : list of tuple (int, int)
        Where it stands in the visible text.
    raw : list of tuple (int, int)
        Where it stands in the document, markup included.
    """

    column: str
    text: str
    key: str
    seen: list[tuple[int, int]]
    raw: list[tuple[int, int]]


def visible_text(document: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """Return what a reader sees, and where each of its characters stands in the document."""
    if "<" not in document and "&" not in document:
        return document, range(len(document)), range(1, len(document) + 1)
    return strip_markup_with_spans(document)


def words_of(column: str, document: str) -> list[Word]:
    """Return the different words of a document, in the order in which they first appear."""
    text, starts, stops = visible_text(document)
    words: dict[str, Word] = {}
    for start, stop, word, _ in _FINDER.tokenize(text):
        key = word if word in _AS_THEY_STAND else word.casefold()
        found = words.setdefault(key, Word(column, word, key, [], []))
        found.seen.append((start, stop))
        found.raw.append((starts[start], stops[stop - 1]))
    return list(words.values())


def without(document: str, places: list[tuple[int, int]]) -> str:
    """Return a document without what stands in some places; the white space stays."""
    pieces, position = [], 0
    for start, stop in places:
        pieces.append(document[position:start])
        position = stop
    return "".join(pieces) + document[position:]


def as_job(job: Any) -> pd.DataFrame:
    """Return a posting as a table of one row."""
    if isinstance(job, pd.Series):
        # a frame of a row has one type for all columns, that of the row
        return pd.DataFrame({name: [value] for name, value in job.items()}, index=[job.name])
    if isinstance(job, Mapping):
        return pd.DataFrame({name: [value] for name, value in job.items()})
    if isinstance(job, pd.DataFrame):
        if len(job) != 1:
            raise ValueError(
                f"job is a table of {len(job)} postings, and one is explained at a time; pass "
                "jobs.iloc[0], or take explain_global for many"
            )
        return job
    raise TypeError(
        f"job must be a posting: a row of a table (jobs.iloc[0]), a table of one row or a dict, "
        f"got {type(job).__name__}"
    )


def text_columns(jobs: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return those of `columns` that a table has; raise if it has none, or one is no text."""
    found = [column for column in columns if column in jobs.columns]
    if not found:
        raise ValueError(
            f"jobs have none of the columns {list(columns)}, they have {list(jobs.columns)[:20]}; "
            "pass columns=[...]"
        )
    for column in found:
        for label, document in jobs[column].items():
            if not isinstance(document, str):
                raise ValueError(
                    f"{column} of job {shown(label)} is {document!r}; pass text or drop the row"
                )
    return found


def left_out(job: pd.DataFrame, columns: Sequence[str]) -> tuple[list[Word], pd.DataFrame]:
    """Return the words of a posting, and a table: the posting, then it without each of them."""
    words = [word for column in columns for word in words_of(column, job[column].iloc[0])]
    table = job.iloc[np.zeros(len(words) + 1, dtype=int)].reset_index(drop=True)
    for column in columns:
        document = job[column].iloc[0]
        texts = [document] * len(table)
        for row, word in enumerate(words, start=1):
            if word.column == column:
                texts[row] = without(document, word.raw)
        table[column] = pd.Series(texts, dtype=job[column].dtype)
    return words, table


def tag_names(model: Any, classes: Any) -> list[Any]:
    """Return the names of a model's tags."""
    if classes is not None:
        return list(classes)
    names = getattr(model, "classes_", None)
    if isinstance(names, np.ndarray):
        return names.tolist()
    if names is None:
        raise ValueError(
            f"this {type(model).__name__} has no classes_, so its tags have no names; pass "
            "classes=tags.columns"
        )
    # a list of the two classes of each tag
    return list(range(len(names)))


def probabilities_of(model: Any, jobs: pd.DataFrame, n_tags: int) -> npt.NDArray[np.float64]:
    """Return what `predict_proba` says, one column a tag.

    Raises
    ------
    TypeError
        If the model has no `predict_proba`.
    """
    if not hasattr(model, "predict_proba"):
        raise TypeError(
            f"{type(model).__name__} has no predict_proba, and an explanation is a difference of "
            "probabilities; put a calibrated classifier into it, such as CalibratedClassifierCV"
        )
    probabilities = tag_columns(model, jobs, "predict_proba", n_tags)
    if probabilities.shape[1] != n_tags:
        raise ValueError(
            f"the model has {probabilities.shape[1]} tags, but there are {n_tags} names"
        )
    return np.asarray(probabilities, dtype=np.float64)


def positions_of(tags: Any, names: list[Any]) -> list[int]:
    """Return the places of tags among all names."""
    wanted = [tags] if np.ndim(tags) == 0 else list(tags)
    for tag in wanted:
        if tag not in names:
            raise ValueError(f"there is no tag {shown(tag)}; known are {names[:20]}")
    return [names.index(tag) for tag in wanted]
