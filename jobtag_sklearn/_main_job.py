"""The main job, start to end: collect, split, train, report, save, tag."""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from jobtag_sklearn import _main_job_text as text
from jobtag_sklearn.datasets import load_job_postings, make_job_postings
from jobtag_sklearn.inspection import tag_report, tag_scores
from jobtag_sklearn.utils._replacing import replacing

_TABLE = "job_postings"
_N_SHOWN = 5
#: Below this the folds of the classifier have too few postings of a tag to say anything.
_MIN_TRAINING = 20
_STDERR = 2
_TRAIN, _TEST = "train", "test"

DATABASE = "job_postings.sqlite"
MODEL = "model.pickle"
TAG_REPORT = "tag_report.csv"
SCORES = "scores.csv"
PREDICTIONS = "predictions.csv"


class MainJobError(Exception):
    """What the user can mend, in words that say how."""


class Split(NamedTuple):
    train_jobs: pd.DataFrame
    train_tags: pd.DataFrame
    test_jobs: pd.DataFrame
    test_tags: pd.DataFrame
    how: str


class _Result(NamedTuple):
    predictions: pd.DataFrame
    report: pd.DataFrame
    scores: pd.DataFrame


def run_main_job(
    *,
    data: str | None,
    table: str | None,
    query: str | None,
    job_id: str,
    job_title: str,
    job_description: str,
    job_tag_name: str,
    n_postings: int,
    min_examples: int,
    test_size: float,
    epochs: int | None,
    n_hashed_features: int | None,
    random_state: int,
    output: Path,
    n_jobs: int,
    quiet: bool,
) -> None:
    """Do the main job with the options of the command, which its ``--help`` describes.

    Raises
    ------
    MainJobError
        If the postings cannot be had, do not suffice, or nothing can be written to `output`.
    """
    start = time.monotonic()
    say = silence if quiet else write
    with explained():
        if data is None and (table is not None or query is not None):
            raise MainJobError("--table and --query need --data with the URL of a database.")
        say(text.heading(1, "Collect"))
        if data is None:
            _make_folder(output)
            jobs, tags = _generate(output / DATABASE, n_postings, random_state)
        else:
            jobs, tags = load_job_postings(
                data,
                table=table,
                query=query,
                job_id=job_id,
                job_title=job_title,
                job_description=job_description,
                job_tag_name=job_tag_name,
            )
        say(text.collected(jobs, tags, data, output / DATABASE))

        split, left_out = _keep_frequent(divide(jobs, tags, test_size, random_state), min_examples)
        say(text.heading(2, "Split"))
        say(text.divided(len(split.train_jobs), len(split.test_jobs), split.how))
        say(text.left_out(left_out, split.train_tags.shape[1], min_examples))
        # before the training, which would be in vain if nothing could be saved
        _make_folder(output)

    say(text.heading(3, "Train"))
    model = _make_model(n_hashed_features, epochs, n_jobs, random_state, _verbosity(quiet))
    say(text.training())
    started = time.monotonic()
    model.fit(split.train_jobs, split.train_tags)
    autoencoder, classifier = model._codes().named_steps["autoencoder"], model[-1]
    say(text.autoencoder(autoencoder.history_["loss"], autoencoder.explained_variance_))
    say(text.trained(classifier.deep_share_, time.monotonic() - started))

    say(text.heading(4, "Report"))
    result = _evaluate(model, split.test_jobs, split.test_tags)
    say(text.report(result.scores, result.report, len(split.test_jobs)))

    # a model that tags for a website has no place for progress bars
    model.set_params(**dict.fromkeys(_parameters(model, "verbose"), False))
    # nor for what only the autoencoder's own training needs, half of the file
    model.drop_decoder()
    with explained():
        _save(model, result, output)
        saved = pickle.loads((output / MODEL).read_bytes())  # noqa: S301 - just written
    say(text.heading(5, "Tag new postings"))
    shown = np.linspace(0, len(split.test_jobs) - 1, _N_SHOWN).astype(int)
    new_jobs = split.test_jobs.iloc[np.unique(shown)]
    say(text.tagged(new_jobs, saved.predict_tags(new_jobs), result.predictions["true_tags"]))

    files = [MODEL, SCORES, TAG_REPORT, PREDICTIONS, *([DATABASE] if data is None else [])]
    say(text.farewell(output, files, output / MODEL, time.monotonic() - start))


def _generate(path: Path, n_postings: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write generated postings to SQLite and read them back from there, as from a job board."""
    from sqlalchemy import URL, NullPool, create_engine

    # an object, since a folder's name may hold what a URL gives a meaning to
    database = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
    try:
        make_job_postings(
            n_postings, to_sql=database, table=_TABLE, if_exists="replace", random_state=seed
        )
        return load_job_postings(database, table=_TABLE)
    finally:
        database.dispose()


def divide(jobs: pd.DataFrame, tags: pd.DataFrame, test_size: float, seed: int) -> Split:
    """Divide the postings by their own split where they have one, else at random."""
    if tags.shape[1] == 0:
        raise MainJobError("No posting has a tag; there is nothing to learn.")
    if set(jobs.get("split", ())) == {_TRAIN, _TEST}:
        for_test = (jobs["split"] == _TEST).to_numpy()
        train, test = np.flatnonzero(~for_test), np.flatnonzero(for_test)
        how = 'as the column "split" says'
    else:
        n_test = min(max(round(test_size * len(jobs)), 1), len(jobs) - 1)
        order = np.random.RandomState(seed).permutation(len(jobs))
        train, test = order[n_test:], order[:n_test]
        how = f"at random (seed {seed})"
        if "split" in jobs:
            how += ', since the column "split" says more or less than "train" and "test"'
    if len(train) < _MIN_TRAINING:
        raise MainJobError(
            f"Of {len(jobs)} postings {len(train)} are left to train on, too few to learn from; "
            f"at least {_MIN_TRAINING} are needed."
        )
    return Split(jobs.iloc[train], tags.iloc[train], jobs.iloc[test], tags.iloc[test], how)


def _keep_frequent(split: Split, min_examples: int) -> tuple[Split, pd.Series]:
    """Leave out the tags that too few training postings have, and return their numbers."""
    counts = split.train_tags.sum().sort_values(ascending=False, kind="stable")
    frequent = counts >= min_examples
    if not frequent.any():
        raise MainJobError(
            f"No tag has {min_examples} training postings; the most frequent, "
            f"{str(counts.index[0])!r}, has {int(counts.iloc[0])}. Pass more postings, or "
            "--min-examples with a smaller number."
        )
    kept = [name for name in split.train_tags.columns if frequent[name]]
    split = split._replace(train_tags=split.train_tags[kept], test_tags=split.test_tags[kept])
    return split, counts[~frequent]


def _make_model(
    n_hashed_features: int | None,
    epochs: int | None,
    n_jobs: int,
    seed: int,
    verbose: int,
) -> Any:
    # Keras takes seconds to import, and errors in the data should not wait for it
    with without_start_messages():
        import keras  # noqa: F401

    from jobtag_sklearn import make_job_tag_pipeline

    sizes: dict[str, Any] = {}
    if n_hashed_features is not None:
        # in the same proportions as the defaults
        sizes = {
            "n_hashed_features": n_hashed_features,
            "n_title_features": 2 * n_hashed_features,
            "n_word_features": 8 * n_hashed_features,
            "n_pair_features": 32 * n_hashed_features,
        }
    model = make_job_tag_pipeline(n_jobs=n_jobs, random_state=seed, verbose=verbose, **sizes)
    if epochs is not None:
        model.set_params(**dict.fromkeys(_parameters(model, "epochs"), epochs))
    return model


def _parameters(model: Any, name: str) -> list[str]:
    """Return the parameters of this name that the steps of a pipeline have."""
    return [path for path in model.get_params() if path.rsplit("__", 1)[-1] == name]


def _evaluate(model: Any, jobs: pd.DataFrame, tags: pd.DataFrame) -> _Result:
    """Tag the test postings and compare with their own tags."""
    classifier = model[-1]
    # the text is read once for both
    columns = model[:-1].transform(jobs)
    probabilities, given = classifier.predict_proba(columns), classifier.predict(columns)
    names = list(classifier.classes_)
    threshold = getattr(classifier, "threshold_", classifier.threshold)
    report = tag_report(tags, given, y_score=probabilities, threshold=threshold)
    scores = tag_scores(tags, given, probabilities)
    own = [name for name in scores.index if not name.startswith("majority_")]
    beside = scores[[f"majority_{name}" for name in own]].to_numpy()
    predictions = pd.DataFrame(
        {
            "job_title": jobs["job_title"],
            "true_tags": text.joined_tags(tags.to_numpy() == 1, names),
            "predicted_tags": text.joined_tags(given == 1, names),
        },
        index=jobs.index,
    )
    each = pd.DataFrame(probabilities, index=jobs.index, columns=names)
    return _Result(
        predictions=pd.concat([predictions, each.add_prefix("P: ")], axis=1),
        report=report,
        scores=pd.DataFrame(
            {"model": scores[own].to_numpy(), "majority_answer": beside},
            index=pd.Index(own, name="score"),
        ),
    )


def _make_folder(output: Path) -> None:
    """Make the output folder, or say why there can be none."""
    if output.exists() and not output.is_dir():
        raise MainJobError(f"{output} is a file, but --output must be a folder.")
    output.mkdir(parents=True, exist_ok=True)
    if not os.access(output, os.W_OK | os.X_OK):
        raise MainJobError(
            f"Nothing can be written to the folder {output}; pass another --output."
        )


def _save(model: Any, result: _Result, output: Path) -> None:
    with replacing(output / MODEL) as file:
        pickle.dump(model, file, protocol=pickle.HIGHEST_PROTOCOL)
    for name, table in (
        (TAG_REPORT, result.report),
        (SCORES, result.scores),
        (PREDICTIONS, result.predictions),
    ):
        with replacing(output / name) as file:
            table.to_csv(file, float_format="%.6g", lineterminator="\n")


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors whose message is meant for the user into the one that the command shows."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (ImportError, OSError, TypeError, ValueError) as error:
        raise MainJobError(str(error)) from error


@contextmanager
def without_start_messages() -> Iterator[None]:
    """Keep off the terminal what TensorFlow's libraries write past Python on import.

    No setting of theirs does: what they say of the machine comes before they read any.
    """
    sys.stderr.flush()
    try:
        stderr = os.dup(_STDERR)
    except OSError:  # it is closed
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)
        yield
    finally:
        os.dup2(stderr, _STDERR)
        os.close(stderr)


def _verbosity(quiet: bool) -> int:
    """Return Keras' level: a bar needs a terminal, a file gets a line an epoch."""
    if quiet:
        return 0
    return 1 if sys.stdout.isatty() else 2


def write(lines: str) -> None:
    sys.stdout.write(lines)
    sys.stdout.flush()


def silence(lines: str) -> None:
    """Say nothing."""
