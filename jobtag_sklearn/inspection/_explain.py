"""Why this tag? By what would have been predicted without each word."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobtag_sklearn.inspection._explanation import TagExplanation
from jobtag_sklearn.inspection._left_out import (
    Word,
    as_job,
    left_out,
    positions_of,
    probabilities_of,
    tag_names,
    text_columns,
    visible_text,
)

_COLUMNS = ("job_title", "job_description")
#: Rows of one call of the model in `explain_global`.
_BATCH = 4000
#: Seconds between two lines that `verbose` prints.
_PAUSE = 2.0


def explain_tags(
    model: Any,
    job: Any,
    tags: Any = None,
    top: int = 10,
    *,
    columns: Sequence[str] = _COLUMNS,
    classes: Any = None,
) -> TagExplanation:
    """Explain which words of a posting speak for its tags, and which against them.

    Each word is left out, wherever it stands in its column, and the model predicts the posting
    without it. A word's effect is the difference in probability, no estimate of it: the text
    itself is changed and takes the whole way through the model, whatever is in there.

    Parameters
    ----------
    model : estimator
        Fitted, with a `predict_proba` that takes a table of jobs, such as
        :class:`~jobtag_sklearn.JobTagPipeline`.
    job : Series, DataFrame of one row or dict
        The posting, with the columns that the model reads.
    tags : str or list, default=None
        Tags to explain. None takes those that `model.predict` gives, and if it gives none the
        likeliest one.
    top : int, default=10
        Words of each tag at most: those of the largest effect, in favour or against.
    columns : sequence of str, default=("job_title", "job_description")
        Columns whose words are left out, where the posting has them. HTML is explained by the
        words that a reader sees.
    classes : array-like of shape (n_tags,), default=None
        Names of the tags, for models whose `classes_` are none.

    Returns
    -------
    explanation : TagExplanation
        With the words and their effects in its attribute `frame`; a notebook shows the posting
        with the words marked.

    Raises
    ------
    TypeError
        If `job` is no posting, or the model has no `predict_proba`.
    ValueError
        If there is no such tag, or a column is no text.

    See Also
    --------
    explain_global : The words that move each tag over many postings.

    Notes
    -----
    Upper and lower case make no difference to what counts as the same word. Where a word is
    left out its neighbours meet, and a model that reads pairs of words reads theirs; its effect
    is that of everything the word took part in. Two words that say the same thing can each
    have no effect, since the other one still stands there.

    Examples
    --------
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> from jobtag_sklearn.inspection import explain_tags
    >>> jobs, tags = make_job_postings(300, n_tags=4, random_state=0)
    >>> words = make_column_transformer((TfidfVectorizer(), "job_title"))
    >>> model = make_pipeline(words, OneVsRestClassifier(LogisticRegression())).fit(jobs, tags)
    >>> explanation = explain_tags(
    ...     model, {"job_title": "Senior Software Engineer, <b>sales</b> tools"}, "Sales",
    ...     top=3, classes=tags.columns)
    >>> explanation.frame[["word", "count", "effect"]].round(1)
           word  count  effect
    0     sales      1     0.4
    1    Senior      1    -0.1
    2  Engineer      1    -0.3
    """
    table = as_job(job)
    found = text_columns(table, columns)
    names = tag_names(model, classes)
    words, variants = left_out(table, found)
    probabilities = probabilities_of(model, variants, len(names))
    at = positions_of(tags, names) if tags is not None else _given(model, table, probabilities[0])
    rows = [
        row for place in at for row in _rows(names[place], words, probabilities[:, place], top)
    ]
    frame = pd.DataFrame(
        rows, columns=["tag", "column", "word", "count", "effect", "without"]
    ).astype({"count": int, "effect": float, "without": float})
    return TagExplanation(
        frame,
        pd.Series(probabilities[0, at], index=[names[place] for place in at], name="probability"),
        {column: visible_text(table[column].iloc[0])[0] for column in found},
        words,
    )


def _given(model: Any, job: pd.DataFrame, probabilities: npt.NDArray[np.float64]) -> list[int]:
    given = model.predict(job)
    given = np.asarray(given.toarray() if hasattr(given, "toarray") else given)
    if given.ndim == 2 and given.any():
        at = np.flatnonzero(given[0])
        return at[np.argsort(-probabilities[at], kind="stable")].tolist()
    return [int(probabilities.argmax())]


def _rows(
    tag: Any, words: list[Word], probabilities: npt.NDArray[np.float64], top: int
) -> list[tuple[Any, ...]]:
    effects = probabilities[0] - probabilities[1:]
    largest = np.argsort(-np.abs(effects), kind="stable")[:top]
    largest = largest[effects[largest] != 0]
    return [
        (
            tag,
            words[word].column,
            words[word].text,
            len(words[word].seen),
            effects[word],
            probabilities[1 + word],
        )
        for word in largest[np.argsort(-effects[largest], kind="stable")]
    ]


def explain_global(
    model: Any,
    jobs: pd.DataFrame,
    tags: Any = None,
    top: int = 10,
    *,
    columns: Sequence[str] = _COLUMNS,
    classes: Any = None,
    min_jobs: int = 3,
    verbose: int | bool = 0,
) -> pd.DataFrame:
    """Find the words that move each tag most over a set of postings.

    Every word of every posting is left out as in :func:`explain_tags`.

    Parameters
    ----------
    model : estimator
        Fitted, with a `predict_proba` that takes a table of jobs.
    jobs : DataFrame of shape (n_jobs, n_columns)
        Postings; a few hundred are enough.
    tags : str or list, default=None
        Tags to explain. None takes all of them.
    top : int, default=10
        Words of each tag at most: those of the largest total effect, in favour or against.
    columns : sequence of str, default=("job_title", "job_description")
        Columns whose words are left out, where the postings have them.
    classes : array-like of shape (n_tags,), default=None
        Names of the tags, for models whose `classes_` are none.
    min_jobs : int, default=3
        Postings that a word must stand in; what rarer ones do is chance.
    verbose : int or bool, default=0
        1 prints how many postings are done, every two seconds.

    Returns
    -------
    words : DataFrame of shape (n_rows, 5)
        One row for each word of each tag, the strongest in favour first, with the columns
        ``tag``, ``word`` (as it is mostly written), ``n_jobs`` (in how many postings it
        stands), ``effect`` (mean difference in probability over these) and ``total`` (their
        sum, by which words are chosen).

    Raises
    ------
    TypeError
        If the model has no `predict_proba`.
    ValueError
        If there is no such tag, or a column is no text.

    See Also
    --------
    explain_tags : The words of one posting, each where it stands.

    Notes
    -----
    A word that stands in title and description of a posting is left out of either by itself,
    and the two effects are added.

    Examples
    --------
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> from jobtag_sklearn.inspection import explain_global
    >>> jobs, tags = make_job_postings(300, n_tags=4, random_state=0)
    >>> words = make_column_transformer((TfidfVectorizer(), "job_title"))
    >>> model = make_pipeline(words, OneVsRestClassifier(LogisticRegression())).fit(jobs, tags)
    >>> explain_global(model, jobs[:100], "Sales", top=2, classes=tags.columns)["word"].tolist()
    ['Sales', 'Account']
    """
    found = text_columns(jobs, columns)
    names = tag_names(model, classes)
    at = list(range(len(names))) if tags is None else positions_of(tags, names)
    sums: dict[str, npt.NDArray[np.float64]] = {}
    holders: dict[str, int] = {}
    spellings: dict[str, dict[str, int]] = {}
    batch: list[tuple[list[Word], pd.DataFrame]] = []
    n_rows, last_line = 0, time.monotonic()
    for done in range(1, len(jobs) + 1):
        batch.append(left_out(jobs.iloc[[done - 1]], found))
        n_rows += len(batch[-1][1])
        if n_rows < _BATCH and done < len(jobs):
            continue
        tables = pd.concat([table for _, table in batch], ignore_index=True)
        probabilities = probabilities_of(model, tables, len(names))[:, at]
        first = 0
        for words, table in batch:
            _add(sums, holders, spellings, words, probabilities[first : first + len(table)])
            first += len(table)
        batch, n_rows = [], 0
        if verbose and (time.monotonic() - last_line > _PAUSE or done == len(jobs)):
            last_line = time.monotonic()
            print(f"explained {done:,} of {len(jobs):,} postings", flush=True)  # noqa: T201
    return _strongest([names[place] for place in at], sums, holders, spellings, top, min_jobs)


def _add(
    sums: dict[str, npt.NDArray[np.float64]],
    holders: dict[str, int],
    spellings: dict[str, dict[str, int]],
    words: list[Word],
    probabilities: npt.NDArray[np.float64],
) -> None:
    """Add the effects of the words of one posting."""
    for word, effect in zip(words, probabilities[0] - probabilities[1:], strict=True):
        sums[word.key] = sums.get(word.key, 0.0) + effect
        of_word = spellings.setdefault(word.key, {})
        of_word[word.text] = of_word.get(word.text, 0) + 1
    for key in {word.key for word in words}:
        holders[key] = holders.get(key, 0) + 1


def _strongest(
    names: list[Any],
    sums: dict[str, npt.NDArray[np.float64]],
    holders: dict[str, int],
    spellings: dict[str, dict[str, int]],
    top: int,
    min_jobs: int,
) -> pd.DataFrame:
    keys = [key for key in sums if holders[key] >= min_jobs]
    totals = np.array([sums[key] for key in keys]).reshape(len(keys), len(names))
    rows = []
    for place, tag in enumerate(names):
        total = totals[:, place]
        largest = np.argsort(-np.abs(total), kind="stable")[:top]
        largest = largest[total[largest] != 0]
        for at in largest[np.argsort(-total[largest], kind="stable")]:
            key = keys[at]
            spelling = max(spellings[key], key=spellings[key].__getitem__)
            rows.append((tag, spelling, holders[key], total[at] / holders[key], total[at]))
    return pd.DataFrame(rows, columns=["tag", "word", "n_jobs", "effect", "total"]).astype(
        {"n_jobs": int, "effect": float, "total": float}
    )
