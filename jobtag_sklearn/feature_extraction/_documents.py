"""Raw text comes in here: the one place that validates it, chunks it and hands it back."""

from collections.abc import Callable, Iterable, Mapping, Set
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from joblib import effective_n_jobs  # type: ignore[import-untyped]
from scipy.sparse import issparse
from sklearn.utils.parallel import Parallel, delayed

Results = TypeVar("Results", list[Any], np.ndarray)

MIN_CHUNK = 1_000
"""Fewer documents than this are not worth sending to another process."""


def check_documents(X: Any, *, name: str | None = None, estimator: Any = None) -> list[str]:
    """Validate raw text and return it as a list of strings.

    Parameters
    ----------
    X : iterable of str, ndarray, Series or one-column DataFrame
        The documents. Lists, tuples, generators, 1-D arrays and Series are taken as they are;
        a 2-D array or a DataFrame must have exactly one column.

    name : str, default=None
        What error messages call a document. By default the name of the Series or of the
        DataFrame's column, or else ``document``.

    estimator : estimator instance or str, default=None
        Named in errors about the whole of `X`.

    Returns
    -------
    documents : list of str
        One string for each row, in the order of the rows. `X` is left as it was.

    Raises
    ------
    ValueError
        If `X` is one string, has no order, has several columns, or if an entry is missing,
        bytes, a number or anything else but text. The message names the row.

    Examples
    --------
    >>> import pandas as pd
    >>> from jobtag_sklearn.feature_extraction import check_documents
    >>> check_documents(("Plumber", "Chef"))
    ['Plumber', 'Chef']
    >>> check_documents(pd.Series(["Chef", 7.5], index=[4710, 4711], name="job_title"))
    Traceback (most recent call last):
    ...
    ValueError: job_title of job 4711 is a float (7.5); pass text or drop the row
    """
    who = _name_of(estimator)
    documents, labels, column = _rows(X, who)
    kinds = set(map(type, documents))
    if kinds <= {str}:
        return documents
    name = column if name is None else name
    for row, document in enumerate(documents):
        if not isinstance(document, str):
            label = row if labels is None else labels[row]
            where = f"document {label}" if name is None else f"{name} of job {label}"
            raise ValueError(f"{where} is {_describe(document)}; pass text or drop the row")
    return [str(document) for document in documents]


def _name_of(estimator: Any) -> str:
    if estimator is None:
        return "This function"
    return estimator if isinstance(estimator, str) else type(estimator).__name__


def _rows(X: Any, who: str) -> tuple[list[Any], Any, str | None]:
    """Return the entries of `X`, the labels of its rows and the name of its column."""
    if isinstance(X, pd.DataFrame):
        if X.shape[1] != 1:
            names = ", ".join(map(repr, X.columns[:5])) + (", ..." if X.shape[1] > 5 else "")
            raise ValueError(
                f"{who} expects one column of text, got {X.shape[1]} columns ({names}); "
                "select one of them, for example X['job_title']"
            )
        X = X.iloc[:, 0]
    if isinstance(X, pd.Series):
        return X.tolist(), X.index, None if X.name is None else str(X.name)
    if isinstance(X, str | bytes | bytearray):
        raise ValueError(
            f"{who} expects one document for each row, got a single {type(X).__name__}; "
            "pass a list with the text in it: [text]"
        )
    if isinstance(X, Mapping | Set) or issparse(X) or not _is_iterable(X):
        raise ValueError(
            f"{who} expects a list, a 1-D array or a Series of text, got {_article(X)}"
        )
    if not isinstance(X, list | tuple) and hasattr(X, "__array__"):
        X = np.asarray(X)
        if X.ndim == 2 and X.shape[1] == 1:
            X = X[:, 0]
        if X.ndim != 1:
            raise ValueError(
                f"{who} expects one column of text, got an array of shape {X.shape}; "
                "select one column, for example X[:, 0]"
            )
        return X.tolist(), None, None
    return list(X), None, None


def _is_iterable(X: Any) -> bool:
    return isinstance(X, Iterable) and getattr(X, "ndim", 1) > 0


def _article(value: Any) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeioAEIO' else 'a'} {kind}"


def _describe(value: Any) -> str:
    if value is None:
        return "None"
    shown = repr(value)
    return f"{_article(value)} ({shown if len(shown) <= 40 else shown[:37] + '...'})"


def as_container(documents: list[str], like: Any) -> Any:
    """Return texts in the container they came in.

    Parameters
    ----------
    documents : list of str
        One text for each row of `like`.

    like : object
        What :func:`check_documents` was given.

    Returns
    -------
    texts : Series or ndarray of shape (n_documents,)
        A Series with the index and the name of a Series or of a one-column DataFrame; for
        everything else an array of objects.
    """
    if isinstance(like, pd.DataFrame):
        like = like.iloc[:, 0]
    if isinstance(like, pd.Series):
        dtype = like.dtype if isinstance(like.dtype, pd.StringDtype) else object
        return pd.Series(documents, index=like.index, name=like.name, dtype=dtype)
    texts = np.empty(len(documents), dtype=object)
    texts[:] = documents
    return texts


def map_chunks(
    function: Callable[..., Results], documents: list[str], n_jobs: int | None, *args: Any
) -> Results:
    """Apply a function of a list of documents, in several processes where that pays.

    Parameters
    ----------
    function : callable
        Called as ``function(documents, *args)``; returns one result for each document, as a list
        or as the rows of an array. It must be importable, as must be everything in `args`.

    documents : list of str
        All documents.

    n_jobs : int or None
        Number of jobs as in joblib. Lists shorter than two chunks stay in this process.

    *args : object
        Passed on to `function`.

    Returns
    -------
    results : list or ndarray
        One result for each document, in the order of the documents.
    """
    chunks = chunks_for(len(documents), n_jobs)
    if len(chunks) < 2:
        return function(documents, *args)
    parts = Parallel(n_jobs=n_jobs)(delayed(function)(documents[chunk], *args) for chunk in chunks)
    together: Any = parts[0]
    if isinstance(together, np.ndarray):
        together = np.concatenate(parts)
    else:
        together = [result for part in parts for result in part]
    return together


def chunks_for(n_rows: int, n_jobs: int | None) -> list[slice]:
    """Return the rows that each of several processes gets.

    Parameters
    ----------
    n_rows : int
        Number of all rows.

    n_jobs : int or None
        Number of jobs as in joblib.

    Returns
    -------
    chunks : list of slice
        One for each process; a single one where more would not pay.
    """
    n_chunks = n_rows // MIN_CHUNK
    # joblib takes longer to count processors than one document takes
    if n_chunks < 2 or (n_chunks := min(effective_n_jobs(n_jobs), n_chunks)) < 2:
        return [slice(0, n_rows)]
    bounds = np.linspace(0, n_rows, n_chunks + 1).astype(int)
    return [slice(start, stop) for start, stop in pairwise(bounds)]
