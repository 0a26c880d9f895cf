"""What the commands that keep a model learning say on the terminal."""

from __future__ import annotations

from typing import Any

import pandas as pd

from jobtag_sklearn._main_job_text import counted, table
from jobtag_sklearn.updating import UpdateReport

_N_NAMED = 10


def adopted(version: int, store: str, folder: Any) -> str:
    """Write that a model is current now."""
    return f"Version {version} is current, in {folder}; the store is {store}.\n"


def predicted(n_jobs: int, version: int | None, store: str) -> str:
    """Write how many postings were tagged."""
    if version is None:
        return "No new postings.\n"
    return f"{counted(n_jobs, 'posting')} tagged by version {version}, written to {store}.\n"


def rolled_back(version: int) -> str:
    """Write which version is current now."""
    return f"Version {version} is current again.\n"


def updated(report: UpdateReport, min_corrections: int) -> str:
    """Write what an update did."""
    if report.outcome == "busy":
        return "Another update is at work; nothing was done.\n"
    waiting = counted(report.n_waiting, "correction")
    if report.outcome == "waiting":
        return f"{waiting} waiting, {report.n_needed:,} needed; version {report.version} stays.\n"
    lines = []
    if report.outcome == "accepted":
        lines.append(
            f"Version {report.version} takes the place of version {report.version_before}."
        )
        learnt = "learnt"
    else:
        lines.append(
            f"Version {report.version} stays: the new model is worse. The corrections wait until "
            f"{min_corrections:,} more have come."
        )
        learnt = "tried"
    lines.append(
        f"{waiting}: {counted(report.n_trained, 'posting')} {learnt}, {report.n_held_out:,} held "
        f"out, {report.n_superseded:,} replaced by later ones"
    )
    lines.append(
        f"micro F1 on {counted(report.n_compared, 'held-out posting')}: "
        f"{_score(report.f1_before)} before, {_score(report.f1_after)} after"
    )
    if report.new_tags:
        lines.append(f"new tags: {_named(list(map(repr, report.new_tags)))}")
    if report.unknown_tags:
        named = [f"{tag!r} ({n})" for tag, n in report.unknown_tags.items()]
        lines.append(f"tags that the model does not know were left out: {_named(named)}")
    return "\n".join(lines) + "\n"


def history(updates: pd.DataFrame) -> str:
    """Write the history as a table."""
    if updates.empty:
        return "Nothing has been done yet.\n"
    rows = [
        [
            *("update", "finished (UTC)", "outcome", "version", "trained", "held out"),
            *("compared", "F1 before", "F1 after"),
        ]
    ]
    for number, row in updates.iterrows():
        counts = [row[name] for name in ("n_trained", "n_held_out", "n_compared")]
        rows.append(
            [
                str(number),
                f"{row['finished_at']:%Y-%m-%d %H:%M:%S}",
                row["outcome"],
                str(row["version_after"]),
                *("-" if pd.isna(count) else f"{count:,}" for count in counts),
                *(_score(row[name]) for name in ("f1_before", "f1_after")),
            ]
        )
    return "\n".join(table(rows, first=20)) + "\n"


def _score(value: float | None) -> str:
    return "-" if value is None or pd.isna(value) else f"{value:.3f}"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _N_NAMED} more" if len(names) > _N_NAMED else ""
    return ", ".join(names[:_N_NAMED]) + more
