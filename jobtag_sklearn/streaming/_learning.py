"""A model learns a stream."""

from collections.abc import Callable, Iterable, Iterator
from numbers import Integral
from typing import Any

from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval

from jobtag_sklearn.datasets._validation import validated
from jobtag_sklearn.streaming._progress import Reporter, StreamProgress
from jobtag_sklearn.streaming._sampling import draw_sample, without
from jobtag_sklearn.streaming._shuffling import Batch, shuffle_batches
from jobtag_sklearn.utils._frames import joined

_SHARED_CONSTRAINTS = {
    "stream": "no_validation",
    "epochs": [Interval(Integral, 1, None, closed="left")],
    "buffer_size": [Interval(Integral, 0, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "callback": [callable, None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


@validated(
    {
        **_SHARED_CONSTRAINTS,
        "model": [HasMethods(["fit", "partial_fit"])],
        "sample_size": [Interval(Integral, 1, None, closed="left")],
    }
)
def fit_stream(
    model: Any,
    stream: Iterable[Batch],
    *,
    sample_size: int = 10_000,
    epochs: int = 1,
    buffer_size: int = 10_000,
    batch_size: int = 1_000,
    callback: Callable[[Any, StreamProgress], Any] | None = None,
    random_state: Any = None,
    verbose: int | bool = 0,
) -> Any:
    """Fit a model on a sample of a stream, and have it learn the rest by `partial_fit`.

    What needs many postings at once, such as thresholds, the calibration of the linear model and
    the start of the autoencoder, comes from the sample. The other postings are then learnt batch
    by batch. Memory grows with the sample, the buffer and the batch, and not with the stream.

    Parameters
    ----------
    model : estimator
        With `fit` and `partial_fit`, such as :class:`~jobtag_sklearn.JobTagPipeline`. It is
        changed.
    stream : iterable of (jobs, tags)
        Batches of any sizes, as those of ``load_job_postings(..., chunksize=)``, all with the
        same columns.
    sample_size : int, default=10000
        Number of postings to fit on. If the stream can be read again, they are drawn from all
        of it, each as likely as the others, which is one reading more; else they are its first.
    epochs : int, default=1
        Number of times that each posting is learnt. More than one needs a stream that can be
        read again: a list, or any other object that can be looped over anew, but no generator.
    buffer_size : int, default=10000
        Postings that wait to be mixed, see :func:`shuffle_batches`.
    batch_size : int, default=1000
        Postings a `partial_fit`.
    callback : callable, default=None
        Called after the fit and after each batch with the model and a
        :class:`StreamProgress`, to save the model for example.
    random_state : int, RandomState instance or None, default=None
        Determines sample and order.
    verbose : int or bool, default=0
        1 prints postings and postings/s every ten seconds and at the end, 2 after each batch.

    Returns
    -------
    model : estimator
        The model.

    Raises
    ------
    ValueError
        If the stream has no postings, if it cannot be read again and must, or if its batches do
        not have the same columns.

    See Also
    --------
    partial_fit_stream : Goes on with a model that is fitted.
    jobtag_sklearn.datasets.load_job_postings : Gives a stream with ``chunksize=``.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import HashingVectorizer
    >>> from sklearn.naive_bayes import MultinomialNB
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> from jobtag_sklearn import JobTagPipeline
    >>> from jobtag_sklearn.datasets import load_job_postings, make_job_postings
    >>> from jobtag_sklearn.feature_extraction import JobColumnTransformer
    >>> from jobtag_sklearn.streaming import fit_stream
    >>> hashing = HashingVectorizer(n_features=512, alternate_sign=False)
    >>> model = JobTagPipeline([
    ...     ("words", JobColumnTransformer([("hash", hashing, "job_title")])),
    ...     ("tags", OneVsRestClassifier(MultinomialNB()))])
    >>> rows = make_job_postings(400, n_tags=3, return_long=True, random_state=0)
    >>> stream = load_job_postings(rows, chunksize=100)
    >>> model = fit_stream(model, stream, sample_size=150, batch_size=50, random_state=0)
    """
    rng = check_random_state(random_state)
    reporter = Reporter(model, callback, int(verbose))
    again = _can_be_read_again(stream)
    if not again and epochs > 1:
        raise _read_already(epochs)
    if again:
        (jobs, tags), places = draw_sample(stream, sample_size, rng)
        rest = without(stream, places)
    else:
        stream = iter(stream)
        (jobs, tags), more = _first(stream, sample_size)
        rest = _chained(more, stream)
    model.fit(jobs, tags)
    reporter.learnt(1, len(jobs))
    del jobs, tags
    for epoch in range(1, epochs + 1):
        batches = shuffle_batches(
            rest if epoch == 1 else stream,
            buffer_size=buffer_size,
            batch_size=batch_size,
            random_state=rng,
        )
        _learn(model, batches, epoch, reporter)
    reporter.end()
    return model


@validated({**_SHARED_CONSTRAINTS, "model": [HasMethods("partial_fit")]})
def partial_fit_stream(
    model: Any,
    stream: Iterable[Batch],
    *,
    epochs: int = 1,
    buffer_size: int = 10_000,
    batch_size: int = 1_000,
    callback: Callable[[Any, StreamProgress], Any] | None = None,
    random_state: Any = None,
    verbose: int | bool = 0,
) -> Any:
    """Have a model learn a stream by `partial_fit`, batch by batch.

    Parameters
    ----------
    model : estimator
        With `partial_fit`. It is changed, and if an error ends the stream, it has learnt what
        came before.
    stream : iterable of (jobs, tags)
        Batches of any sizes, as those of ``load_job_postings(..., chunksize=)``, all with the
        same columns.
    epochs : int, default=1
        Number of times that the stream is learnt; more than one needs one that can be read
        again.
    buffer_size : int, default=10000
        Postings that wait to be mixed, see :func:`shuffle_batches`.
    batch_size : int, default=1000
        Postings a `partial_fit`.
    callback : callable, default=None
        Called after each batch with the model and a :class:`StreamProgress`.
    random_state : int, RandomState instance or None, default=None
        Determines the order.
    verbose : int or bool, default=0
        1 prints postings and postings/s every ten seconds and at the end, 2 after each batch.

    Returns
    -------
    model : estimator
        The model.

    Raises
    ------
    ValueError
        If the stream has no postings, if it cannot be read again and must, or if its batches do
        not have the same columns.

    See Also
    --------
    fit_stream : Begins with a model that is not fitted yet.

    Notes
    -----
    Batches of which no tag is known teach a classifier nothing and are left out, except for a
    :class:`~jobtag_sklearn.JobTagPipeline` with ``update_steps="all"``, whose other steps learn
    from them.

    Examples
    --------
    >>> from jobtag_sklearn.streaming import partial_fit_stream
    >>> partial_fit_stream(model, stream, verbose=1)  # doctest: +SKIP
    [stream] epoch 1: 12,000 postings, 480 postings/s, this batch 492
    """
    if epochs > 1 and not _can_be_read_again(stream):
        raise _read_already(epochs)
    rng = check_random_state(random_state)
    reporter = Reporter(model, callback, int(verbose))
    for epoch in range(1, epochs + 1):
        batches = shuffle_batches(
            stream, buffer_size=buffer_size, batch_size=batch_size, random_state=rng
        )
        if not _learn(model, batches, epoch, reporter):
            raise ValueError(
                f"the stream has no postings in epoch {epoch}; at least one is needed"
            )
    reporter.end()
    return model


def _learn(model: Any, batches: Iterable[Batch], epoch: int, reporter: Reporter) -> int:
    """Teach a model each batch, and return how many postings there were."""
    n_postings = 0
    for jobs, tags in batches:
        n_postings += len(jobs)
        if getattr(model, "update_steps", None) == "all" or tags.notna().to_numpy().any():
            model.partial_fit(jobs, tags)
        reporter.learnt(epoch, len(jobs))
    return n_postings


def _can_be_read_again(stream: Iterable[Batch]) -> bool:
    return iter(stream) is not iter(stream)


def _read_already(epochs: int) -> ValueError:
    return ValueError(
        f"epochs={epochs}, but the stream can be read only once; pass what can be looped over "
        "anew, such as load_job_postings(..., chunksize=), or a class with __iter__"
    )


def _first(stream: Iterator[Batch], size: int) -> tuple[Batch, Batch]:
    """Take the first postings of a stream, and return also what is left of their last batch."""
    batches, n_taken = [], 0
    while n_taken < size:
        batch = next(stream, None)
        if batch is None:
            break
        batches.append(batch)
        n_taken += len(batch[0])
    if not batches:
        raise ValueError("the stream has no postings; at least one is needed")
    jobs, tags = (joined(list(tables)) for tables in zip(*batches, strict=True))
    return (jobs.iloc[:size], tags.iloc[:size]), (jobs.iloc[size:], tags.iloc[size:])


def _chained(first: Batch, others: Iterator[Batch]) -> Iterator[Batch]:
    if len(first[0]):
        yield first
    yield from others
