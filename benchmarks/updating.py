"""Measure what updates keep and gain, beside fitting anew and beside never updating.

    python -m benchmarks.updating FILE [--min-examples 50] [--month 8] [--seed 0] [--plot PNG]

FILE is a long table with the columns ``split`` and ``posted_on``. A season begins with a month
and falls into two halves of as many postings.
The model is fitted on the first half of the training rows' seasons and then updated with one
half-season after the other; each is predicted before it is learnt. A third of the oldest season
is never trained on and says what is forgotten. At the end stand a model that was never updated
and one that was fitted on everything, all scored on the test rows.
"""

from __future__ import annotations

import argparse
import copy
import pickle
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.quality import load
from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.inspection import tag_scores


def half_seasons(jobs: pd.DataFrame, month: int) -> pd.Series:
    """Return the season of each posting and which half of its postings, as in 2019.0, 2019.5."""
    dates = pd.to_datetime(jobs["posted_on"])
    season = (dates - pd.DateOffset(months=month - 1)).dt.year
    return season + 0.5 * (dates.groupby(season).rank(method="first", pct=True) > 0.5)


def score(model: Any, jobs: pd.DataFrame, tags: pd.DataFrame) -> tuple[float, float]:
    """Return micro and macro F1 of what `predict` returns."""
    found = tag_scores(tags.to_numpy(), model.predict(jobs))
    return float(found["f1_micro"]), float(found["f1_macro"])


def timed_fit(jobs: pd.DataFrame, tags: pd.DataFrame, seed: int) -> tuple[Any, float]:
    """Return a fitted model and the seconds that it took."""
    start = time.perf_counter()
    model = make_job_tag_pipeline(random_state=seed, n_jobs=2).fit(jobs, tags)
    return model, time.perf_counter() - start


def main() -> None:
    """Print the table, and draw it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--min-examples", type=int, default=50)
    parser.add_argument("--month", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot")
    arguments = parser.parse_args()

    jobs, tags, test, truth = load(arguments.file, arguments.min_examples)
    halves = half_seasons(jobs, arguments.month)
    seasons = np.floor(halves)
    names = sorted(seasons.unique())
    old = (seasons == names[0]) & (np.random.default_rng(0).random(len(jobs)) < 1 / 3)
    first = (seasons < names[len(names) // 2]) & ~old
    later = sorted(halves[seasons >= names[len(names) // 2]].unique())

    model, seconds = timed_fit(jobs[first], tags[first], arguments.seed)
    never = copy.deepcopy(model)
    forgetful = copy.deepcopy(model)
    forgetful.set_params(features__text__views__scores__update_memory=0.0)
    size = len(pickle.dumps(model))
    print(f"fitted on {first.sum()} postings in {seconds:.0f} s, {size / 1e6:.1f} MB", flush=True)
    kept = [score(model, jobs[old], tags[old])[0]]
    print(f"oldest season, rows never trained on: micro {kept[0]:.4f}")
    rows, spent = [], 0.0
    for half in later:
        batch, answers = jobs[halves == half], tags[halves == half]
        before, without = score(model, batch, answers)[0], score(never, batch, answers)[0]
        start = time.perf_counter()
        model.partial_fit(batch, answers)
        spent += time.perf_counter() - start
        forgetful.partial_fit(batch, answers)
        kept.append(score(model, jobs[old], tags[old])[0])
        rows.append((half, before, without, kept[-1]))
        print(
            f"{half:.1f}  {len(batch):5d} postings: micro before learning them {before:.4f}, "
            f"never updated {without:.4f}; oldest season then {kept[-1]:.4f}",
            flush=True,
        )
    anew, seconds_anew = timed_fit(jobs[~old], tags[~old], arguments.seed)
    for name, candidate in (
        ("never updated", never),
        ("updated", model),
        ("updated, update_memory=0", forgetful),
        ("fitted anew on everything", anew),
    ):
        micro, macro = score(candidate, test, truth)
        of_old = score(candidate, jobs[old], tags[old])[0]
        print(f"{name:28s} test micro {micro:.4f} macro {macro:.4f}  oldest season {of_old:.4f}")
    print(
        f"all updates {spent:.1f} s, fitted anew {seconds_anew:.0f} s: "
        f"{100 * spent / seconds_anew:.1f} %; {len(pickle.dumps(model)) / 1e6:.1f} MB afterwards"
    )
    few = jobs.index[-100:]
    start = time.perf_counter()
    model.partial_fit(jobs.loc[few], tags.loc[few])
    print(f"an update of 100 postings: {time.perf_counter() - start:.2f} s")
    if arguments.plot:
        draw(rows, arguments.plot)


def draw(rows: list[tuple[float, float, float, float]], path: str) -> None:
    """Draw the curves over time."""
    import matplotlib.pyplot as plt

    times, before, without, kept = (np.array(column) for column in zip(*rows, strict=True))
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(times, before, color="#0072B2", marker="o", label="updated, before learning them")
    axes.plot(times, without, color="#E69F00", marker="s", ls="--", label="never updated")
    axes.plot(times, kept, color="#000000", ls=":", label="oldest season, after the update")
    axes.set(xlabel="season", ylabel="micro F1", title="Predict, then learn")
    axes.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
