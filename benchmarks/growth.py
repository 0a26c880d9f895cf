"""Measure how time and memory of a fit grow with the number of generated postings.

    python -m benchmarks.growth [N_POSTINGS ...] [--plot PNG] [--kept CSV]

Each size is fitted with the default pipeline in a process of its own. Prints seconds by the clock
and of the processor, and the peak memory: of the process, and what the fit adds to that of the
imports and the postings. ``--kept`` adds the lines to a file and takes the sizes that it has from
there, since the large ones take long.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
COLUMNS = ("postings", "seconds", "processor_seconds", "peak_mb", "added_mb")


def peak_megabytes() -> float:
    """Return the highest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fit(n_postings: int) -> tuple[float, ...]:
    """Fit the default pipeline and return what it took."""
    from benchmarks.measuring import measure
    from jobtag_sklearn import make_job_tag_pipeline
    from jobtag_sklearn.datasets import make_job_postings

    # a fit of a few rows imports whatever is imported late
    jobs, tags = make_job_postings(100, random_state=0)
    make_job_tag_pipeline(random_state=0).fit(jobs, tags)
    jobs, tags = make_job_postings(n_postings, random_state=0)
    before = peak_megabytes()
    model = make_job_tag_pipeline(random_state=0)
    seconds = measure(lambda: model.fit(jobs, tags))
    return n_postings, *seconds, peak_megabytes(), peak_megabytes() - before


def draw(table: pd.DataFrame, path: str) -> None:
    """Draw time and memory against the number of postings."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter

    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    largest = table.iloc[-1]
    for axes, column, label in (
        (panels[0], "processor_seconds", "seconds of the processor"),
        (panels[1], "peak_mb", "peak memory in MB"),
    ):
        axes.plot(table["postings"], table[column], color="#0072B2", marker="o", label="fit")
        axes.set(xlabel="postings", ylabel=label, xscale="log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    proportional = table["postings"] * largest["processor_seconds"] / largest["postings"]
    panels[0].plot(table["postings"], proportional, color="#000000", ls=":", label="proportional")
    panels[0].set_yscale("log")
    panels[0].yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))
    panels[0].legend()
    panels[1].set_ylim(bottom=0)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Print a line a size, and how each compares with the one before."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("n_postings", nargs="*", type=int, default=SIZES)
    parser.add_argument("--plot")
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        print(*fit(arguments.n_postings[0]))
        return
    rows: list[tuple[float, ...]] = []
    if arguments.kept is not None and arguments.kept.exists():
        rows = [tuple(row) for row in pd.read_csv(arguments.kept).to_numpy()]
    for size in sorted(arguments.n_postings):
        if size not in {row[0] for row in rows}:
            command = [sys.executable, "-m", "benchmarks.growth", str(size), "--alone"]
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            rows.append(tuple(map(float, out.split()[-len(COLUMNS) :])))
            table = pd.DataFrame(rows, columns=COLUMNS).sort_values("postings")
            if arguments.kept is not None:
                table.to_csv(arguments.kept, index=False)
        postings, clock, processor, peak, added = next(row for row in rows if row[0] == size)
        print(
            f"{postings:8,.0f} postings: {clock:6.0f} s, of the processor {processor:6.0f} s, "
            f"{1000 * processor / postings:.2f} ms a posting; peak {peak:,.0f} MB, "
            f"of which the fit {added:,.0f} MB",
            flush=True,
        )
    if arguments.plot:
        draw(pd.DataFrame(rows, columns=COLUMNS).sort_values("postings"), arguments.plot)


if __name__ == "__main__":
    main()
