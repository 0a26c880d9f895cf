"""The columns of a table of jobs, each on its way to features."""

from __future__ import annotations

import difflib
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from joblib import parallel_config  # type: ignore[import-untyped]
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.utils.parallel import Parallel, delayed

from ._chunks import chunked_once
from ._documents import chunks_for


class JobColumnTransformer(ColumnTransformer):
    """ColumnTransformer that checks that it was given a table of jobs.

    It is a :class:`~sklearn.compose.ColumnTransformer`, with its parameters and attributes;
    columns are named by text.

    Parameters
    ----------
    transformers : list of tuples (str, transformer, str or list of str)
        A name, what turns columns into features, and the columns that it gets.
    remainder : {"drop", "passthrough"} or transformer, default="drop"
        What becomes of the other columns.
    sparse_threshold : float, default=0.3
        Share of values that are not zero up to which sparse features stay sparse.
    n_jobs : int, default=None
        Processes, for tables of 2,000 jobs or more. Fitting runs transformers side by side,
        transforming shares out the jobs, so what transformers make of a job must not depend on
        the jobs beside it.
    transformer_weights : dict, default=None
        What the features of a transformer are multiplied with.
    verbose : bool, default=False
        Print how long each transformer took.
    verbose_feature_names_out : bool, str or callable, default=True
        Whether names of features begin with their transformer's.

    See Also
    --------
    jobtag_sklearn.make_job_tag_pipeline : Builds one for titles and descriptions.

    Examples
    --------
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> from jobtag_sklearn.feature_extraction import JobColumnTransformer, TextStatistics
    >>> jobs, _ = make_job_postings(5, random_state=0)
    >>> columns = JobColumnTransformer([("statistics", TextStatistics(), "job_description")])
    >>> columns.fit_transform(jobs).shape
    (5, 6)
    """

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit all transformers, transform the jobs and put the columns side by side.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.
        y : DataFrame or array-like of shape (n_jobs, n_tags), default=None
            Tags, for the transformers that use them.
        **params : dict
            Metadata, as in scikit-learn.

        Returns
        -------
        features : {ndarray, csr_matrix, DataFrame} of shape (n_jobs, n_features)
            Features.

        Raises
        ------
        TypeError
            If `X` is no DataFrame.
        ValueError
            If `X` has no rows or lacks a column.
        """
        self._check_jobs(X)
        with self._processes_if_they_pay(X), chunked_once():
            return super().fit_transform(X, y, **params)

    def transform(self, X: Any, **params: Any) -> Any:
        """Transform jobs.

        Parameters
        ----------
        X : DataFrame of shape (n_jobs, n_columns)
            Jobs.
        **params : dict
            Metadata, as in scikit-learn.

        Returns
        -------
        features : {ndarray, csr_matrix, DataFrame} of shape (n_jobs, n_features)
            Features.

        Raises
        ------
        TypeError
            If `X` is no DataFrame.
        ValueError
            If `X` has no rows or lacks a column.
        """
        self._check_jobs(X)
        chunks = chunks_for(len(X), self.n_jobs)
        # which of the metadata has an entry for each job is not known here
        if len(chunks) < 2 or params:
            with self._processes_if_they_pay(X), chunked_once():
                return super().transform(X, **params)
        transform = delayed(type(self)._transform_here)
        parts = (transform(self, X.iloc[chunk]) for chunk in chunks)
        return _stacked(Parallel(n_jobs=self.n_jobs)(parts))

    def _transform_here(self, X: pd.DataFrame) -> Any:
        with parallel_config(backend="sequential"), chunked_once():
            return super().transform(X)

    def _processes_if_they_pay(self, X: pd.DataFrame) -> AbstractContextManager[Any]:
        """Keep the transformers of a small table in this process."""
        if self.n_jobs is None or len(chunks_for(len(X), self.n_jobs)) > 1:
            return nullcontext()
        return parallel_config(backend="sequential")

    def _check_jobs(self, jobs: Any) -> None:
        wanted: list[str] = []
        for _, _, columns in self.transformers:
            if isinstance(columns, str):
                wanted.append(columns)
            elif isinstance(columns, list):
                wanted += [column for column in columns if isinstance(column, str)]
        check_jobs(jobs, wanted)


def check_jobs(jobs: Any, wanted: list[str]) -> None:
    """Raise if jobs are no table with rows and the columns that are wanted."""
    if not isinstance(jobs, pd.DataFrame):
        raise TypeError(
            f"jobs must be a DataFrame with the columns {sorted(set(wanted))}, got "
            f"{type(jobs).__name__}; one posting is a DataFrame of one row"
        )
    for column in wanted:
        if column not in jobs.columns:
            nearest = difflib.get_close_matches(
                column,
                [str(name) for name in jobs.columns if name not in wanted],
                n=1,
                cutoff=0.4,
            )
            hint = f"; rename {nearest[0]!r}?" if nearest else ""
            raise ValueError(
                f"jobs have no column {column!r}{hint} They have {list(jobs.columns)[:20]}"
            )
    if len(jobs) == 0:
        raise ValueError("jobs are an empty table; pass at least one posting")


def _stacked(parts: list[Any]) -> Any:
    if sparse.issparse(parts[0]):
        return sparse.vstack(parts, format="csr")
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    if isinstance(parts[0], pd.DataFrame):
        return pd.concat(parts)
    return reduce(type(parts[0]).vstack, parts)  # polars
