"""A long table of (job, tag) rows becomes one row a job, and back."""

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Columns(NamedTuple):
    """What the columns of the long table are called that have a role."""

    job_id: str
    job_title: str
    job_description: str
    job_tag_name: str | None


STANDARD = Columns("job_id", "job_title", "job_description", "job_tag_name")


class NoRowsError(ValueError):
    """There is no posting, which may be right for whoever asks for the newest ones."""


class JobTable(NamedTuple):
    """One row a job, and what was left out on the way there."""

    jobs: pd.DataFrame
    tags: pd.DataFrame
    n_dropped: int
    left_out: dict[str, int]


def with_id_column(rows: pd.DataFrame, job_id: str) -> pd.DataFrame:
    """Make a column of the job id where it is (a level of) the index."""
    if job_id in rows.index.names and job_id not in rows.columns:
        return rows.reset_index(level=job_id)
    return rows


def check_columns(rows: pd.DataFrame, columns: Columns, others: Sequence[str] | None) -> None:
    """Raise unless the table has rows and each column it needs exactly once."""
    names = list(map(str, rows.columns))
    for role, name in zip(STANDARD, columns, strict=True):
        if name is not None and name not in rows.columns:
            hint = _near(name, names, f"; did you mean {{}}? Then pass {role}={{}}")
            if role == "job_tag_name":
                hint += "; pass job_tag_name=None if the postings have no tags yet"
            raise ValueError(f"There is no column {name!r}, only {_listed(names)}{hint}.")
    for name in others or ():
        if name not in rows.columns:
            hint = _near(name, names, "; did you mean {}?")
            raise ValueError(
                f"keep_columns names {name!r}, but there is only {_listed(names)}{hint}"
            )
    needed = {*columns, *(rows.columns if others is None else others)}
    twice = sorted(map(str, needed & set(rows.columns[rows.columns.duplicated()])))
    if twice:
        raise ValueError(
            f"The table has more than one column {_listed(twice)}; rename or leave out the others."
        )
    if len(rows) == 0:
        raise NoRowsError("The table has no rows; at least one posting is needed.")


def to_jobs_and_tags(
    rows: pd.DataFrame,
    columns: Columns,
    *,
    drop_empty: bool,
    min_examples: int,
    unknown: bool,
    keep_columns: Sequence[str] | None,
    tags: Sequence[str] | None,
    whole: bool = True,
) -> JobTable:
    """Collect the rows of each job, which :func:`check_columns` has let pass.

    Without `whole` there are others: that none of these has a tag, or a text, means nothing.
    """
    job_of_row, ids = _jobs(rows[columns.job_id], columns.job_id)
    texts = {
        "job_title": _text(rows[columns.job_title], columns.job_title, rows[columns.job_id]),
        "job_description": _text(
            rows[columns.job_description], columns.job_description, rows[columns.job_id]
        ),
    }
    data: dict[str, Any] = {}
    has_text = np.ones(len(ids), dtype=bool)
    for name, values in texts.items():
        filled = values.str.strip().ne("").to_numpy()
        first = _first_rows(job_of_row, len(ids), filled)
        data[name] = values.take(first)
        has_text &= filled[first]
    for name in _others(rows, columns, keep_columns):
        kept = rows[name]
        data[name] = kept.take(_first_rows(job_of_row, len(ids), kept.notna().to_numpy()))
    jobs = pd.DataFrame({name: column.set_axis(ids) for name, column in data.items()}, index=ids)

    job, tag, names = _pairs(rows, columns, job_of_row)
    n_dropped = 0
    if drop_empty and not has_text.all():
        n_dropped = int((~has_text).sum())
        if whole and n_dropped == len(ids):
            raise ValueError(f"All {n_dropped} jobs have an empty title or an empty description.")
        jobs = jobs[has_text]
        kept_pair = has_text[job]
        job, tag = (np.cumsum(has_text) - 1)[job[kept_pair]], tag[kept_pair]

    counts = np.bincount(tag, minlength=len(names))
    if whole or tags is None:
        chosen = choose_tags(names, counts, min_examples, tags)
    else:
        chosen = list(tags)
    place = pd.Index(chosen, dtype=object).get_indexer(pd.Index(names, dtype=object))
    matrix = np.zeros((len(jobs), len(chosen)), dtype=np.float64 if unknown else np.int64)
    in_matrix = place[tag] >= 0
    matrix[job[in_matrix], place[tag[in_matrix]]] = 1
    if unknown:
        matrix[np.bincount(job, minlength=len(jobs)) == 0] = np.nan
    left_out = {
        name: int(count)
        for name, count, column in sorted(zip(names, counts, place, strict=True))
        if column < 0 and count > 0
    }
    wide = pd.DataFrame(matrix, index=jobs.index, columns=_inferred(pd.Index, chosen))
    return JobTable(jobs, wide, n_dropped, left_out)


def to_long_table(jobs: pd.DataFrame, tags: pd.DataFrame) -> pd.DataFrame:
    """Write one row for each tag of each job, and one without a tag where a job has none."""
    present = tags.to_numpy() == 1
    present = np.column_stack([present, ~present.any(axis=1)])
    job, tag = np.nonzero(present)
    rows = jobs.take(job).reset_index()
    rows["job_tag_name"] = np.array([*tags.columns, None], dtype=object)[tag]
    return rows


def _jobs(column: pd.Series, name: str) -> tuple[np.ndarray, pd.Index]:
    """Give the jobs numbers in order of their first row, and return their ids."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    try:
        codes, ids = pd.factorize(column)
    except TypeError as error:
        raise ValueError(f"{name} must hold numbers or text: {error}.") from error
    missing = codes < 0
    if not missing.all() and (
        column.dtype == object or pd.api.types.is_string_dtype(column.dtype)
    ):
        as_text = pd.Index([str(value) for value in ids], dtype=object)
        missing |= (as_text.str.strip() == "")[codes]
        twins = as_text[as_text.duplicated()]
        if len(twins):
            raise ValueError(
                f"{name} {twins[0]} occurs as a number and as text; turn all ids into one type."
            )
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise ValueError(
            f"{name} of row {row} (counted from 0) is missing, {int(missing.sum())} in all; give "
            "each row the id of its job or leave these rows out."
        )
    return codes, _inferred(pd.Index, ids).rename("job_id")


def _text(column: pd.Series, name: str, ids: pd.Series) -> pd.Series:
    """Return the column as text, missing values as empty text; raise for anything else."""
    values = column.astype(object).to_numpy(copy=True)
    values[column.isna().to_numpy()] = ""
    if pd.api.types.infer_dtype(values, skipna=False) != "string":
        row, value = next((r, v) for r, v in enumerate(values) if not isinstance(v, str))
        raise ValueError(
            f"{name} of job {ids.iloc[row]} (row {row}, counted from 0) is "
            f"{type(value).__name__}, not text; turn the column into text or drop the row."
        )
    return _inferred(pd.Series, values)


def _inferred(kind: Any, values: Any) -> Any:
    """Let pandas infer a type, except of halves of surrogate pairs, which no string type holds."""
    try:
        return kind(values)
    except UnicodeEncodeError:
        return kind(values, dtype=object)


def _first_rows(job_of_row: np.ndarray, n_jobs: int, wanted: np.ndarray) -> np.ndarray:
    """Return the first wanted row of each job, its very first one where none is wanted."""
    first = np.empty(n_jobs, dtype=np.intp)
    # The last of several assignments to one place stays, hence the reversed order.
    for candidates in (np.arange(len(job_of_row)), np.flatnonzero(wanted)):
        first[job_of_row[candidates[::-1]]] = candidates[::-1]
    return first


def _others(rows: pd.DataFrame, columns: Columns, keep: Sequence[str] | None) -> list[str]:
    """Return the columns to keep beside the texts."""
    if keep is None:
        return [name for name in rows.columns if name not in {*columns, *STANDARD}]
    clash = [name for name in keep if name in {*columns, *STANDARD}]
    if clash:
        raise ValueError(
            f"keep_columns names {_listed(clash)}, which is or would look like one of the id, "
            "title, description and tag columns; leave it out of keep_columns or rename it."
        )
    return list(dict.fromkeys(keep))


def _pairs(
    rows: pd.DataFrame, columns: Columns, job_of_row: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return each (job, tag) pair once, as numbers, and the names of the tags."""
    if columns.job_tag_name is None:
        return np.empty(0, np.intp), np.empty(0, np.intp), []
    column = rows[columns.job_tag_name]
    try:
        codes, values = pd.factorize(column)
        written = [_tag_name(value) for value in values]
    except TypeError:
        row = next(r for r, value in enumerate(column) if not _is_tag(value))
        raise ValueError(
            f"{columns.job_tag_name} of row {row} (counted from 0) is "
            f"{type(column.iloc[row]).__name__}; give the name of one tag in each row "
            "(DataFrame.explode makes rows of lists)."
        ) from None
    # Names that differ in their outer white space only become one tag.
    merged, names = pd.factorize(np.array([*written, ""], dtype=object))
    empty = merged[-1]
    tag_of_row = merged[codes]
    tagged = tag_of_row != empty
    pairs = np.unique(job_of_row[tagged] * len(names) + tag_of_row[tagged])
    return pairs // len(names), pairs % len(names), list(names)


def _is_tag(value: object) -> bool:
    """Return whether a value names a tag, or none."""
    missing = value is None or value is pd.NA or value is pd.NaT
    return missing or isinstance(value, str | int | float | np.integer | np.floating)


def _tag_name(value: object) -> str:
    """Write the name of a tag as text, without white space around it."""
    if not _is_tag(value):
        raise TypeError
    # Integers become floats in pandas where one of them is missing.
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value).strip()


def choose_tags(
    names: list[str], counts: np.ndarray, min_examples: int, tags: Sequence[str] | None
) -> list[str]:
    """Return the tags that get a column, in their order."""
    if tags is None:
        chosen = sorted(n for n, c in zip(names, counts, strict=True) if c >= max(min_examples, 1))
        if not chosen and counts.any():
            raise ValueError(
                f"No tag has min_examples={min_examples} postings; the most frequent, "
                f"{names[int(counts.argmax())]!r}, has {int(counts.max())}."
            )
        return chosen
    chosen = list(tags)
    for tag in chosen:
        if not isinstance(tag, str) or tag != tag.strip() or not tag:
            raise ValueError(
                f"tags= holds {tag!r}; each tag must be text that neither is empty nor starts or "
                "ends with white space."
            )
    twice = sorted(tag for tag, count in Counter(chosen).items() if count > 1)
    if twice:
        raise ValueError(f"tags= names {_listed(twice)} more than once.")
    if min_examples > 1:
        raise ValueError(
            f"tags= fixes which tags there are; min_examples={min_examples} cannot leave out any."
        )
    there, wanted = set(names), set(chosen)
    absent = {tag.casefold(): tag for tag in chosen if tag not in there}
    for name in names:
        meant = absent.get(name.casefold())
        if meant is not None and name not in wanted:
            raise ValueError(
                f"tags= names {meant!r}, which no posting has; the table writes it {name!r}."
            )
    return chosen


def _near(name: str, names: list[str], hint: str) -> str:
    """Fill a hint with the name that is most like a missing one, or return nothing."""
    lower = {other.casefold(): other for other in reversed(names)}
    near = get_close_matches(name.casefold(), lower, n=1, cutoff=0.5)
    return hint.replace("{}", repr(lower[near[0]])) if near else ""


def _listed(names: Sequence[Any]) -> str:
    """Write names one after the other, a long list cut short."""
    more = f" and {len(names) - 15} more" if len(names) > 15 else ""
    return ", ".join(map(repr, names[:15])) + more
