"""Measure what grows with the number of postings, and what does not.

    python -m benchmarks.scale stream [N_POSTINGS] [--database FILE]
    python -m benchmarks.scale dask [N_POSTINGS]
    python -m benchmarks.scale search [N_POSTINGS]

`stream` writes generated postings to an SQLite database, in which no job's rows follow each
other, and has the default pipeline learn and tag all of them from there. `dask` compares two
workers of one thread with one process of one thread, and `search` the scores of grid searches.
Postings a second of CPU time do not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import pickle
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from sqlalchemy import NullPool, create_engine

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import load_job_postings, make_job_postings
from jobtag_sklearn.streaming import fit_stream

_SAMPLE = 2_000
_PIECE = 20_000
_TABLE = "job_postings"


class Meter:
    """Counts postings, seconds, CPU seconds and memory, a stretch at a time."""

    def __init__(self, what: str, stretch: int) -> None:
        self._what, self._stretch = what, stretch
        self._n = self._n_at_start = 0
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self.stretches: list[dict[str, float]] = []

    def begin(self) -> None:
        """Begin to count now."""
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def count(self, n: int) -> None:
        """Count postings, and say how it went where a stretch ends."""
        self._n += n
        done = self._n - self._n_at_start
        if done < self._stretch:
            return
        wall, cpu = time.perf_counter(), time.process_time()
        self.stretches.append(
            {
                "postings": self._n,
                "per_second": done / (wall - self._wall),
                "per_cpu_second": done / (cpu - self._cpu),
                "memory": psutil.Process().memory_info().rss / 2**20,
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
        self._n_at_start, self._wall, self._cpu = self._n, wall, cpu
        print(self._what, json.dumps(self.stretches[-1]), file=sys.stderr, flush=True)

    def report(self) -> None:
        """Print ten lines, and the first and the last stretch beside each other."""
        table = pd.DataFrame(self.stretches)
        tenth = np.minimum(np.arange(len(table)) * 10 // len(table), 9)
        lines = table.groupby(tenth).agg(
            postings=("postings", "last"),
            per_second=("per_second", "median"),
            per_cpu_second=("per_cpu_second", "median"),
            memory=("memory", "max"),
            peak=("peak", "max"),
        )
        print(f"{self._what}: postings/s, postings/s of CPU time, megabytes")
        print(lines.round(0).astype(int).to_string(index=False))
        for name in ("per_second", "per_cpu_second"):
            rates = table[name]
            print(
                f"{name}: first {self._stretch:,} {rates.iloc[0]:.0f}, last {rates.iloc[-1]:.0f} "
                f"({rates.iloc[-1] / rates.iloc[0] - 1:+.0%}); last tenth against first tenth "
                f"{lines[name].iloc[-1] / lines[name].iloc[0] - 1:+.0%}"
            )


def write_database(path: Path, n_postings: int) -> None:
    """Write generated postings, piece by piece, with a shuffle within each."""
    if path.exists():
        return
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    for start in range(0, n_postings, _PIECE):
        n = min(_PIECE, n_postings - start)
        rows = make_job_postings(n, return_long=True, random_state=start)
        rows["job_id"] += start
        rows = rows.drop(columns="posted_on").sample(frac=1, random_state=start)
        rows.to_sql(_TABLE, engine, index=False, if_exists="append")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE INDEX by_job ON {_TABLE} (job_id)")


def learn(model: object, source: object, stretch: int) -> None:
    """Fit on a sample, and learn the rest of the stream."""
    learning = Meter("partial_fit", stretch)

    def watch(_: object, progress: object) -> None:
        if progress.n_postings == _SAMPLE:
            print(f"sample of {_SAMPLE:,} fitted after {progress.seconds:.0f} s")
            learning.begin()
        else:
            learning.count(progress.n_batch)

    fit_stream(model, source, sample_size=_SAMPLE, random_state=0, callback=watch)
    learning.report()


def stream(n_postings: int, database: Path, *, tag_only: bool) -> None:
    """Learn and tag a whole database."""
    start = time.perf_counter()
    write_database(database, n_postings)
    size = database.stat().st_size / 2**20
    print(f"database of {size:.0f} MB in {time.perf_counter() - start:.0f} s")
    source = load_job_postings(f"sqlite:///{database}", table=_TABLE, chunksize=1_000)
    assert source.n_jobs == n_postings
    stretch = max(n_postings // 100, 1_000)
    model = make_job_tag_pipeline(random_state=0)
    if tag_only:
        model.fit(*make_job_postings(_SAMPLE, random_state=0))
    else:
        learn(model, source, stretch)
    tagging = Meter("predict", stretch)
    n_right = 0
    for jobs, tags in source:
        n_right += int((model.predict(jobs) == tags.to_numpy()).all(axis=1).sum())
        tagging.count(len(jobs))
    tagging.report()
    print(f"all tags right: {n_right / n_postings:.1%}")


_model: object = None


def _begin_alone(pickled: bytes) -> None:
    """Prepare the only process that there is to compare with: one thread, and the model."""
    import tensorflow as tf

    global _model
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    _model = pickle.loads(pickled)


def _predict_alone(paths: list[Path]) -> np.ndarray:
    return np.concatenate([_model.predict_proba(pd.read_parquet(path)) for path in paths])


def dask_predict(n_postings: int, rounds: int, folder: Path) -> None:
    """Tag Parquet files by one process of one thread and by two workers of one, in turns."""
    import dask.dataframe as dd
    from distributed import Client, LocalCluster

    from jobtag_sklearn.distributed import limit_tensorflow_threads, predict_partitions

    # Dask's nannies give their workers one thread of BLAS each, and so has this one
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    model = make_job_tag_pipeline(random_state=0).fit(*make_job_postings(1_000, random_state=0))
    jobs, _ = make_job_postings(n_postings, random_state=1)
    # Dask cannot read an index that Parquet keeps as the description of a range
    jobs.index = pd.Index(jobs.index.to_numpy(), name=jobs.index.name)
    paths = []
    for start in range(0, n_postings, 1_000):
        paths.append(folder / f"{start:09}.parquet")
        jobs.iloc[start : start + 1_000].to_parquet(paths[-1])
    many = dd.read_parquet(folder, columns=["job_title", "job_description"])
    assert many.npartitions == len(paths)
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    )
    alone = ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), _begin_alone, (pickle.dumps(model),)
    )
    times: dict[str, list[float]] = {"one process": [], "two workers": []}
    cpu: dict[str, list[float]] = {"one process": [], "two workers": []}
    with cluster, Client(cluster) as client, alone:
        limit_tensorflow_threads(client)
        scores = predict_partitions(model, many, method="predict_proba")

        def cpu_seconds() -> np.ndarray:
            of_workers = sum(client.run(time.process_time).values()) + time.process_time()
            return np.array([alone.submit(time.process_time).result(), of_workers])

        for turn in range(rounds + 1):
            before = cpu_seconds()
            start = time.perf_counter()
            right = alone.submit(_predict_alone, paths).result()
            middle = time.perf_counter()
            given = scores.compute()
            end = time.perf_counter()
            spent = cpu_seconds() - before
            assert given.index.equals(jobs.index)
            assert np.array_equal(given.to_numpy(), right)
            # in the first turn both load the model and compile it
            if turn:
                times["one process"].append(middle - start)
                times["two workers"].append(end - middle)
                for name, seconds in zip(cpu, spent, strict=True):
                    cpu[name].append(seconds)
    for name, seconds in times.items():
        rates = n_postings / np.array(seconds)
        print(f"{name}: postings/s median {np.median(rates):.0f}, best {rates.max():.0f}")
    ratios = np.divide(*times.values())
    print(f"two workers are faster by {np.median(ratios):.2f} (median), {np.round(ratios, 2)}")
    share = np.median(np.divide(*cpu.values()))
    print(
        f"CPU time of one process / of the workers, client and scheduler: {share:.2f}; on two "
        f"cores that nobody else uses, two workers are faster by {2 * share:.2f}"
    )
    print("all scores are equal to the last bit")


def dask_search(n_postings: int) -> None:
    """Compare the scores of a grid search on a cluster with those in one process."""
    import joblib
    from distributed import Client, LocalCluster
    from sklearn.model_selection import GridSearchCV

    from jobtag_sklearn.distributed import limit_tensorflow_threads
    from jobtag_sklearn.model_selection import MultiLabelStratifiedKFold

    jobs, tags = make_job_postings(n_postings, n_tags=6, random_state=0)
    model = make_job_tag_pipeline(n_pair_features=0, n_hashed_features=2**13, random_state=0)
    model.set_params(features__text__views__codes__autoencoder__epochs=1, classifier__epochs=2)
    search = GridSearchCV(
        model,
        {"classifier__learning_rate": [1e-3, 3e-3]},
        scoring=["f1_micro", "f1_macro"],
        refit=False,
        cv=MultiLabelStratifiedKFold(2, random_state=0),
    )
    tables, seconds = [], []
    for there in (False, True):
        cluster = LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        )
        with cluster, Client(cluster) as client:
            limit_tensorflow_threads(client)
            start = time.perf_counter()
            if there:
                with joblib.parallel_config(backend="dask"):
                    results = search.fit(jobs, tags).cv_results_
            else:
                # in one of the workers, whose TensorFlow has one thread as well
                fitted = client.submit(_searched, search, jobs, tags, workers=_first(client))
                results = fitted.result()
            seconds.append(time.perf_counter() - start)
        names = [name for name in results if name.startswith(("split", "mean_test", "std_test"))]
        tables.append(pd.DataFrame({name: results[name] for name in names}))
    print(tables[1].T.to_string())
    print(f"equal to the last bit: {tables[0].equals(tables[1])}")
    print(f"one process {seconds[0]:.0f} s, two workers {seconds[1]:.0f} s")


def _searched(search: object, jobs: pd.DataFrame, tags: pd.DataFrame) -> dict[str, object]:
    import joblib

    with joblib.parallel_config(backend="sequential"):
        return search.fit(jobs, tags).cv_results_


def _first(client: object) -> list[str]:
    return sorted(client.scheduler_info()["workers"])[:1]


def main() -> None:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    streaming = commands.add_parser("stream")
    streaming.add_argument("n_postings", nargs="?", type=int, default=1_000_000)
    streaming.add_argument("--database", type=Path, help="file to write to, or to read if there")
    streaming.add_argument("--tag-only", action="store_true", help="learn the sample alone")
    tagging = commands.add_parser("dask")
    tagging.add_argument("n_postings", nargs="?", type=int, default=20_000)
    tagging.add_argument("--rounds", type=int, default=3)
    searching = commands.add_parser("search")
    searching.add_argument("n_postings", nargs="?", type=int, default=400)
    arguments = parser.parse_args()
    if arguments.command == "search":
        dask_search(arguments.n_postings)
        return
    with tempfile.TemporaryDirectory() as folder:
        if arguments.command == "dask":
            dask_predict(arguments.n_postings, arguments.rounds, Path(folder))
            return
        database = arguments.database or Path(folder) / "board.sqlite"
        stream(arguments.n_postings, database, tag_only=arguments.tag_only)


if __name__ == "__main__":
    main()
