"""A fitted model looks at a table of postings partition by partition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils._param_validation import HasMethods, StrOptions

from jobtag_sklearn.datasets._validation import validated
from jobtag_sklearn.distributed._shipping import Shipped, ship

if TYPE_CHECKING:
    import dask.array
    import dask.dataframe

_METHODS = ("predict", "predict_proba", "decision_function", "predict_tags", "encode")
_TAGS, _LABEL = "tags", "label"


@validated(
    {
        "model": "no_validation",
        "jobs": "no_validation",
        "method": [StrOptions(set(_METHODS))],
    }
)
def predict_partitions(
    model: Any,
    jobs: dask.dataframe.DataFrame,
    *,
    method: Literal[
        "predict", "predict_proba", "decision_function", "predict_tags", "encode"
    ] = "predict",
) -> dask.dataframe.DataFrame:
    """Tag the postings of a Dask DataFrame with a fitted model.

    Nothing is computed before the result is. Each partition is a task; the model is sent to each
    worker once, not with each task.

    Parameters
    ----------
    model : estimator
        Fitted, such as :class:`~jobtag_sklearn.JobTagPipeline`. Later changes of it do not
        count.
    jobs : dask.dataframe.DataFrame
        Postings, with the columns that the model reads.
    method : {"predict", "predict_proba", "decision_function", "predict_tags", "encode"}, \
            default="predict"
        What the model shall do.

    Returns
    -------
    result : dask.dataframe.DataFrame
        With the index, the order and the partitions of `jobs`. One column a tag, of 0 and 1 or
        of scores; for "predict_tags" one column ``tags`` of lists; for "encode" one column a
        code; one column ``label`` of a model that gives one label a posting.

    Raises
    ------
    ModuleNotFoundError
        If Dask is not installed: ``pip install 'jobtag-sklearn[dask]'``.
    TypeError
        If `jobs` is no Dask DataFrame.
    ValueError
        If the model has no such method.

    See Also
    --------
    transform_partitions : The sparse features of postings.
    limit_tensorflow_threads : Gives each worker its share of the cores.

    Notes
    -----
    Where a worker dies, Dask runs its tasks again on others, or on the one that is started in its
    place. A partition should take some seconds: a few thousand postings.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from jobtag_sklearn import JobTagPipeline
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> from jobtag_sklearn.distributed import predict_partitions
    >>> from jobtag_sklearn.model_selection import TunedMultiLabelThresholdClassifierCV
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.compose import ColumnTransformer
    >>> jobs, tags = make_job_postings(90, n_tags=3, random_state=0)
    >>> model = JobTagPipeline([
    ...     ("words", ColumnTransformer([("tfidf", TfidfVectorizer(), "job_description")])),
    ...     ("tags", TunedMultiLabelThresholdClassifierCV(KNeighborsClassifier(), cv=2)),
    ... ]).fit(jobs, tags)
    >>> many = dd.from_pandas(jobs, npartitions=3)
    >>> predict_partitions(model, many).compute().shape
    (90, 3)
    """
    _check_dask(jobs)
    if not hasattr(model, method):
        raise ValueError(f"{type(model).__name__} has no {method}; pass another method=")
    meta = _apply(_example_of(jobs), model, method).iloc[:0]
    return jobs.map_partitions(_apply_shipped, ship(model), method, meta, meta=meta)


@validated({"transformer": [HasMethods("transform")], "jobs": "no_validation"})
def transform_partitions(transformer: Any, jobs: dask.dataframe.DataFrame) -> dask.array.Array:
    """Compute the features of the postings of a Dask DataFrame.

    Parameters
    ----------
    transformer : estimator
        Fitted, such as ``model["features"]``, or ``model[:-1]`` for all that the classifier sees.
    jobs : dask.dataframe.DataFrame
        Postings, with the columns that the transformer reads.

    Returns
    -------
    X : dask.array.Array of shape (n_jobs, n_features)
        One block a partition, in their order. Blocks are sparse where the transformer's result
        is. How many rows they have is not known before they are computed.

    Raises
    ------
    ModuleNotFoundError
        If Dask is not installed: ``pip install 'jobtag-sklearn[dask]'``.
    TypeError
        If `jobs` is no Dask DataFrame.

    See Also
    --------
    predict_partitions : Tags, scores and codes of postings.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> from jobtag_sklearn.distributed import transform_partitions
    >>> from jobtag_sklearn.feature_extraction import JobColumnTransformer, TextStatistics
    >>> jobs, _ = make_job_postings(90, n_tags=3, random_state=0)
    >>> counts = JobColumnTransformer([("n", TextStatistics(), "job_description")]).fit(jobs)
    >>> X = transform_partitions(counts, dd.from_pandas(jobs, npartitions=3))
    >>> X.compute().shape
    (90, 6)
    """
    _check_dask(jobs)
    import dask
    import dask.array

    example = _transform(_example_of(jobs), transformer)
    shipped = ship(transformer)
    transform = dask.delayed(_transform_shipped, pure=True)
    blocks = [
        dask.array.from_delayed(
            transform(part, shipped, example[:0]),
            shape=(math.nan, example.shape[1]),
            dtype=example.dtype,
            meta=example[:0],
        )
        for part in jobs.to_delayed()
    ]
    return dask.array.concatenate(blocks, axis=0, allow_unknown_chunksizes=True)


def _check_dask(jobs: Any) -> None:
    try:
        import dask.dataframe as dd
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Dask is not installed: pip install 'jobtag-sklearn[dask]'", name=error.name
        ) from None
    if not isinstance(jobs, dd.DataFrame):
        raise TypeError(
            f"jobs must be a Dask DataFrame, got {type(jobs).__name__}; "
            "dask.dataframe.from_pandas makes one"
        )


def _example_of(jobs: dask.dataframe.DataFrame) -> pd.DataFrame:
    """Return a made-up posting with the columns and types of `jobs`."""
    from dask.dataframe.utils import meta_nonempty

    example = meta_nonempty(jobs._meta).iloc[:1]
    # Dask's own has no value in columns of text
    text = [name for name in example if pd.api.types.is_string_dtype(jobs._meta[name])]
    return example.assign(**{name: pd.Series("text", example.index) for name in text})


def _apply_shipped(
    part: pd.DataFrame, model: Shipped, method: str, empty: pd.DataFrame
) -> pd.DataFrame:
    """Apply a method of the model to one partition, in a worker."""
    return _apply(part, model.estimator(), method) if len(part) else empty.set_axis(part.index)


def _transform_shipped(part: pd.DataFrame, transformer: Shipped, empty: Any) -> Any:
    """Transform one partition into a block, in a worker."""
    return _transform(part, transformer.estimator()) if len(part) else empty


def _apply(part: pd.DataFrame, model: Any, method: str) -> pd.DataFrame:
    result = getattr(model, method)(part)
    if method == "predict_tags":
        lists = np.empty(len(part), dtype=object)
        lists[:] = result
        return pd.DataFrame({_TAGS: lists}, index=part.index)
    if isinstance(result, pd.DataFrame):
        return result.set_axis(part.index)
    if np.ndim(result) == 1:
        return pd.DataFrame({_LABEL: result}, index=part.index)
    names = [f"code_{number}" for number in range(result.shape[1])]
    if method != "encode":
        names = list(model.classes_)
    return pd.DataFrame(result, index=part.index, columns=names)


def _transform(part: pd.DataFrame, transformer: Any) -> Any:
    result = transformer.transform(part)
    return sparse.csr_matrix(result) if sparse.issparse(result) else np.asarray(result)
