"""The commands that keep a model learning."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd

from jobtag_sklearn import _updating_text as text
from jobtag_sklearn._main_job import (
    MainJobError,
    explained,
    silence,
    without_start_messages,
    write,
)
from jobtag_sklearn._main_job_text import joined_tags, shown_source
from jobtag_sklearn.datasets import load_job_postings
from jobtag_sklearn.datasets._long_table import NoRowsError
from jobtag_sklearn.updating import ModelFiles, ModelUpdater, PostingStore, Predictions
from jobtag_sklearn.utils._replacing import replacing

_STDOUT = "-"


class _QuietFiles(ModelFiles):
    """Models that are loaded without the messages of TensorFlow's start."""

    def unpickle(self, data: bytes) -> Any:
        if b"jobtag_sklearn.neural_network" in data:
            with without_start_messages():
                import keras  # noqa: F401
        return super().unpickle(data)


def run_updating_job(
    *, command: str, store: str, prefix: str, schema: str | None, **options: Any
) -> None:
    """Run one of the commands with its options, which its ``--help`` describes.

    Raises
    ------
    MainJobError
        If the database, the models or the postings cannot be used as they are.
    """
    with explained():
        postings = PostingStore(store, prefix=prefix, schema=schema)
        if command == "history":
            write(text.history(postings.history()))
            return
        files = _QuietFiles(options.pop("models"))
        say = silence if options.pop("quiet") else write
        shown = shown_source(store)
        if command == "init":
            say(text.adopted(_init(postings, files, **options), shown, files.folder))
        elif command == "predict":
            output = options.pop("output")
            predictions = _predict(postings, files, output, **options)
            version = None if predictions is None else predictions.version
            if output != _STDOUT:
                n_jobs = 0 if predictions is None else len(predictions.given)
                say(text.predicted(n_jobs, version, shown))
        elif command == "update":
            retry = options.pop("retry")
            report = ModelUpdater(postings, files, **options).update(retry=retry)
            say(text.updated(report, options["min_corrections"]))
        else:
            say(text.rolled_back(ModelUpdater(postings, files).rollback(options["version"])))


def _init(store: PostingStore, files: ModelFiles, model: Path, replace: bool) -> int:
    if not model.is_file():
        raise MainJobError(
            f"There is no file {model}; --model takes the pickle of a fitted model, such as the "
            "model.pickle that the main job writes."
        )
    try:
        fitted = files.unpickle(model.read_bytes())
    # what a damaged pickle raises can be anything
    except Exception as error:
        raise MainJobError(f"{model} holds no model that can be loaded: {error}") from error
    if len(store.create().history()) and not replace:
        raise MainJobError(
            "The store has a model already; pass --replace to put another in its place."
        )
    return ModelUpdater(store, files).adopt(fitted)


def _predict(
    store: PostingStore,
    files: ModelFiles,
    output: str | None,
    only_new: bool,
    data: str,
    **options: Any,
) -> Predictions | None:
    """Tag postings, or return None where there are none."""
    try:
        jobs, _ = load_job_postings(data, job_tag_name=None, keep_columns=[], **options)
    except NoRowsError:
        return None
    if only_new:
        jobs = jobs.loc[store.new_ids(jobs.index)]
        if jobs.empty:
            return None
    predictions = ModelUpdater(store, files).predict(jobs)
    if output is not None:
        _write_tags(jobs, predictions, output)
    return predictions


def _write_tags(jobs: pd.DataFrame, predictions: Predictions, output: str) -> None:
    names = list(predictions.names)
    tags = pd.DataFrame(
        {
            "job_title": jobs["job_title"],
            "predicted_tags": joined_tags(predictions.given == 1, names),
        },
        index=jobs.index,
    )
    scores = pd.DataFrame(predictions.scores, index=jobs.index, columns=names)
    table = pd.concat([tags, scores.add_prefix("P: ")], axis=1)
    if output == _STDOUT:
        table.to_csv(sys.stdout, float_format="%.6g", lineterminator="\n")
        return
    with replacing(Path(output)) as file:
        table.to_csv(file, float_format="%.6g", lineterminator="\n")
