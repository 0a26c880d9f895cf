"""Measure how fast everything is, beside what it stands for.

    python -m benchmarks.speed FILE [--rows text features model growth]
                               [--min-examples 50] [--model PICKLE]

FILE is a long table of postings with a ``split`` column. Every row of the table that is printed
has both figures from one run, in which what is compared takes turns; each group of rows runs in
a process of its own:

========  =====================================================================
text      cleaning and counting, as in ``benchmarks.text``
features  the columns of the whole pipeline beside a TfidfVectorizer
model     predictions, updates and the saved model; fits a model first, which
          ``--model`` keeps (or takes, if it is there)
growth    time and memory of fits of 10,000 and 100,000 generated postings, as in
          ``benchmarks.growth``; takes long, so only on request
========  =====================================================================

The group ``text`` needs ``pip install beautifulsoup4 contractions``. How fast the autoencoder
encodes is in ``benchmarks.codes``.
"""

from __future__ import annotations

import argparse
import copy
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from benchmarks.measuring import interleave, measure, report
from benchmarks.quality import load, recipe_features, with_joined_text

GROUPS = ("text", "features", "model", "growth")
N_BATCH, N_ONE, N_UPDATE = 2000, 400, 100

#: Loads a model in a fresh Python and predicts a posting.
_FIRST = """
import pickle, sys, time
start = time.perf_counter()
with open(sys.argv[1], "rb") as file:
    jobs = pickle.load(file)
began = time.perf_counter()
with open(sys.argv[2], "rb") as file:
    model = pickle.load(file)
loaded = time.perf_counter()
model.predict(jobs)
print(loaded - began, time.perf_counter() - loaded, "tensorflow" in sys.modules)
"""


def peers(jobs: pd.DataFrame, tags: pd.DataFrame) -> dict[str, Any]:
    """Fit the linear model that a user would pick instead, on words and pairs."""
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer
    from sklearn.svm import LinearSVC

    model = make_pipeline(
        FunctionTransformer(with_joined_text),
        recipe_features(title_apart=True),
        OneVsRestClassifier(LinearSVC()),
    )
    return {"the recipe": model.fit(jobs, tags.to_numpy())}


def measure_features(jobs: pd.DataFrame) -> None:
    """Print postings a second from text to columns."""
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import TfidfVectorizer

    from jobtag_sklearn import make_job_tag_pipeline

    names = ["job_title", "job_description"]
    plain = ColumnTransformer([(name, TfidfVectorizer(), name) for name in names])
    steps = {
        n: make_job_tag_pipeline(network=False, n_jobs=n).named_steps["features"] for n in (1, 2)
    }
    half = len(jobs) // 2
    cold = measure(lambda: steps[1].fit(jobs[:half]))[0]
    for other in (plain, steps[2]):
        other.fit(jobs[:half])
    rest = jobs[half:]
    times = interleave(
        {
            "plain": lambda: plain.transform(rest),
            "one": lambda: steps[1].transform(rest),
            "two": lambda: steps[2].transform(rest),
        },
        7,
    )
    print(f"  cold, imports of NLTK included: {half / cold:.0f}/s")
    rate = {name: len(rest) / found.best for name, found in times.items()}
    for name, label, goal in (("one", "1 process", ">= 0.5"), ("two", "2 processes", ">= 1")):
        report(
            f"features, {label}",
            f"{rate[name]:.0f}/s",
            f"{rate['plain']:.0f}/s",
            rate[name] / rate["plain"],
            f"{goal} x TfidfVectorizer",
        )


@contextmanager
def timed_parts() -> Iterator[dict[str, float]]:
    """Sum the seconds by the clock that each part of a fit takes."""
    from jobtag_sklearn.feature_extraction import IncrementalTfidfTransformer, StemmingCleaner
    from jobtag_sklearn.linear_model import MultiLabelLinearSVC
    from jobtag_sklearn.neural_network import (
        ConvAutoencoderTransformer,
        KerasMultiLabelClassifier,
    )

    spent: dict[str, float] = {}

    def timed(part: str, function: Any) -> Any:
        def call(*args: Any, **params: Any) -> Any:
            start = time.perf_counter()
            result = function(*args, **params)
            spent[part] = spent.get(part, 0.0) + time.perf_counter() - start
            return result

        return call

    with ExitStack() as stack:
        for part, owner, name in (
            ("cleaning", StemmingCleaner, "transform"),
            ("word weights", IncrementalTfidfTransformer, "transform"),
            ("linear model", MultiLabelLinearSVC, "fit_transform"),
            ("autoencoder, training", ConvAutoencoderTransformer, "fit"),
            ("autoencoder, codes", ConvAutoencoderTransformer, "transform"),
            ("network", KerasMultiLabelClassifier, "fit"),
        ):
            function = timed(part, getattr(owner, name))
            stack.enter_context(mock.patch.object(owner, name, function))
        yield spent


def fitted(
    jobs: pd.DataFrame, tags: pd.DataFrame, kept: Path | None
) -> tuple[Any, tuple[float, float]]:
    """Return a fitted model and the seconds of its fit, which are kept with it."""
    from jobtag_sklearn import make_job_tag_pipeline

    if kept is not None and kept.exists():
        with kept.open("rb") as file:
            return pickle.load(file)
    model = make_job_tag_pipeline(random_state=0)
    with timed_parts() as spent:
        seconds = measure(lambda: model.fit(jobs, tags))
    for part, clock in spent.items():
        print(f"  of the fit {part}: {100 * clock / seconds[0]:.0f} %")
    if kept is not None:
        with kept.open("wb") as file:
            pickle.dump((model, seconds), file)
    return model, seconds


def measure_batch(model: Any, others: dict[str, Any], jobs: pd.DataFrame) -> None:
    """Print predicted postings a second of a batch, and which step takes how long."""
    batch = pd.concat([jobs] * (1 + N_BATCH // len(jobs)))[:N_BATCH]
    columns = {"features": batch}
    columns["classifier"] = model[0].transform(batch)
    last = list(columns)[-1]
    functions = {"whole": lambda: model.predict(batch)}
    functions |= {name: (lambda peer=peer: peer.predict(batch)) for name, peer in others.items()}
    for name, x in columns.items():
        step = model.named_steps[name]
        call = step.predict if name == last else step.transform
        functions[name] = lambda call=call, x=x: call(x)
    times = interleave(functions, 7)
    rate = {name: len(batch) / found.best for name, found in times.items()}
    best = max(others, key=rate.__getitem__)
    report(
        f"predict {len(batch):,} postings",
        f"{rate['whole']:.0f}/s",
        f"{rate[best]:.0f}/s",
        rate["whole"] / rate[best],
        f">= 0.5 x {best}",
    )
    for name in columns:
        print(f"  of this {name}: {100 * times[name].best / times['whole'].best:.0f} %")


def measure_one(model: Any, others: dict[str, Any], jobs: pd.DataFrame) -> None:
    """Print how long one posting waits for a JobTagPredictor."""
    from jobtag_sklearn.serving import JobTagPredictor

    model = JobTagPredictor(model)
    postings = [jobs.iloc[[position]] for position in range(min(N_ONE, len(jobs)))]
    waiting = {name: iter(postings * 2) for name in ("whole", *others)}
    functions = {"whole": lambda: model.predict(next(waiting["whole"]))}
    for name, peer in others.items():
        functions[name] = lambda peer=peer, name=name: peer.predict(next(waiting[name]))
    # the first round knows no word and has everything to import
    interleave(functions, 20)
    times = interleave(functions, len(postings))
    best = min(others, key=lambda name: times[name].quantile(0.5))
    for share, label, goal in ((0.5, "median", "<= 1"), (0.99, "99th percentile", "<= 2")):
        ours, other = times["whole"].quantile(share), times[best].quantile(share)
        report(
            f"predict one posting, {label}",
            f"{1000 * ours:.2f} ms",
            f"{1000 * other:.2f} ms",
            ours / other,
            f"{goal} x {best}",
        )
    ours, other = (1000 * float(np.median(times[name].processor)) for name in ("whole", best))
    print(f"  of the processor, median: {ours:.2f} ms, {best} {other:.2f} ms")


def measure_update(
    model: Any, seconds: tuple[float, float], jobs: pd.DataFrame, tags: pd.DataFrame
) -> None:
    """Print what an update costs beside the fit."""
    jobs, tags = jobs[-N_UPDATE:], tags[-N_UPDATE:]
    copies = iter([copy.deepcopy(model) for _ in range(5)])
    times = interleave({"update": lambda: next(copies).partial_fit(jobs, tags)}, 5)["update"]
    report(
        f"update of {N_UPDATE} postings",
        f"{times.best:.2f} s",
        f"{seconds[0]:.0f} s",
        100 * times.best / seconds[0],
        "<= 1 % of the fit",
        "%",
    )
    print(
        f"  of the processor: {times.processor.min():.2f} s of {seconds[1]:.0f} s, "
        f"{100 * times.processor.min() / seconds[1]:.2f} %"
    )


def measure_saved(what: str, model: Any, jobs: pd.DataFrame) -> None:
    """Print the size of a pickle, and what a fresh process needs for its first posting."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, "jobs.pickle"), Path(folder, "model.pickle")]
        for path, content in zip(paths, (jobs[:1], model), strict=True):
            path.write_bytes(pickle.dumps(content))
        size = paths[1].stat().st_size / 1e6
        found = []
        for _ in range(3):
            start = time.perf_counter()
            out = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", _FIRST, *map(str, paths)],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.split()
            found.append((time.perf_counter() - start, *map(float, out[-3:-1]), out[-1]))
    whole, load_s, first_s, tensorflow = min(found)
    report(f"saved {what}", f"{size:.1f} MB", "", size, "<= 30 MB", "MB")
    report(f"  fresh process to first tags, {what}", f"{whole:.1f} s", "", whole, "<= 6 s", "s")
    print(f"  of this loading {load_s:.1f} s, predicting {first_s:.1f} s; imports {tensorflow}")


def measure_model(file: str, min_examples: int, kept: Path | None) -> None:
    """Print the lines on a fitted model."""
    from jobtag_sklearn.serving import JobTagPredictor

    jobs, tags, test, truth = load(file, min_examples)
    model, seconds = fitted(jobs, tags, kept)
    print(f"  fit on {len(jobs):,} postings: {seconds[0]:.0f} s, processor {seconds[1]:.0f} s")
    others = peers(jobs, tags)
    measure_one(model, others, test)
    measure_batch(model, others, test)
    measure_update(model, seconds, test, truth)
    measure_saved("model", model, test)
    measure_saved("predictor", JobTagPredictor(model), test)


def main() -> None:
    """Run each group of rows in a process of its own, so that cold is cold."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--rows", nargs="+", choices=GROUPS, default=GROUPS[:-1])
    parser.add_argument("--min-examples", type=int, default=50)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    if len(arguments.rows) > 1:
        given = [arguments.file, "--min-examples", str(arguments.min_examples)]
        given += [] if arguments.model is None else ["--model", str(arguments.model)]
        for group in arguments.rows:
            command = [sys.executable, "-m", "benchmarks.speed", *given, "--rows", group]
            subprocess.run(command, check=True)
        return
    (group,) = arguments.rows
    print(f"{group}: {Path(arguments.file).name}", flush=True)
    if group == "text":
        command = [sys.executable, "-m", "benchmarks.text", arguments.file]
        subprocess.run(command, check=True)
    elif group == "growth":
        command = [sys.executable, "-m", "benchmarks.growth", "10000", "100000"]
        subprocess.run(command, check=True)
    elif group == "features":
        jobs, _, test, _ = load(arguments.file, arguments.min_examples)
        measure_features(pd.concat([jobs, test])[["job_title", "job_description"]])
    else:
        measure_model(arguments.file, arguments.min_examples, arguments.model)


if __name__ == "__main__":
    main()
