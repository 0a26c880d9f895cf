"""What an update reads from the tables, and what it writes there in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from jobtag_sklearn.updating._ledger import Ledger
from jobtag_sklearn.updating._report import UpdateReport
from jobtag_sklearn.updating._rows import chunks

TRAINED, HELD_OUT, SUPERSEDED = "trained", "held out", "superseded"


class OvertakenError(ValueError):
    """Another process has changed the current model or settled the same corrections."""

    def __init__(self) -> None:
        super().__init__(
            "Another process has changed the current model meanwhile, and this one has done "
            "nothing; look at the history, and try again."
        )


class State(NamedTuple):
    """The current version, and all that there have been."""

    version: int | None
    models: dict[int, tuple[str, int | None]]

    @property
    def file(self) -> str:
        """The file of the current version."""
        if self.version is None:
            raise ValueError(
                "There is no model yet; pass a fitted one to ModelUpdater.adopt or to the "
                "command init"
            )
        return self.models[self.version][0]

    @property
    def next_version(self) -> int:
        """The number that the next version gets."""
        return max(self.models, default=0) + 1

    def kept(self, n_kept: int) -> set[str]:
        """Return the files of the newest versions, and of those that the current came from."""
        versions = set(sorted(self.models)[-n_kept:])
        version = self.version
        for _ in range(n_kept):
            if version is None:
                break
            versions.add(version)
            version = self.models[version][1]
        return {self.models[version][0] for version in versions}


@dataclass(frozen=True)
class Corrections:
    """Corrected postings, the last revision of each."""

    jobs: pd.DataFrame
    revisions: list[int]
    tags: list[list[str]]

    def __len__(self) -> int:
        return len(self.revisions)

    def at(self, rows: Iterable[int]) -> Corrections:
        """Return those in some rows; rows beyond the last are left out."""
        chosen = [row for row in rows if row < len(self)]
        return Corrections(
            self.jobs.iloc[chosen],
            [self.revisions[row] for row in chosen],
            [self.tags[row] for row in chosen],
        )

    def joined(self, others: Corrections) -> Corrections:
        """Return these and others after them."""
        return Corrections(
            pd.concat([self.jobs, others.jobs]),
            self.revisions + others.revisions,
            self.tags + others.tags,
        )

    def as_learnt(self, role: str) -> list[tuple[str, int, str]]:
        """Return the id and the revision of each, with a role."""
        keys = zip(self.jobs.index, self.revisions, strict=True)
        return [(posting_id, revision, role) for posting_id, revision in keys]


def read_state(ledger: Ledger, connection: Connection, *, lock: bool = False) -> State:
    """Read which version is current."""
    state, models = ledger.tables.state, ledger.tables.models
    statement = select(state.c.current_version)
    # SQLite has locked the whole file for whoever writes
    version = connection.execute(statement.with_for_update() if lock else statement).scalar()
    rows = connection.execute(select(models.c.version, models.c.file, models.c.parent))
    return State(version, {number: (file, parent) for number, file, parent in rows})


def n_waiting(ledger: Ledger, connection: Connection) -> int:
    """Count the corrections that wait."""
    statement = ledger.with_text(ledger.waiting(func.count()))
    return int(connection.execute(statement).scalar_one())


def n_rejected(ledger: Ledger, connection: Connection) -> int:
    """Return how many corrections waited at the last update if that was rejected, else 0."""
    updates = ledger.tables.updates
    last = connection.execute(
        select(updates.c.outcome, updates.c.n_waiting)
        .order_by(updates.c.update_id.desc())
        .limit(1)
    ).first()
    return int(last.n_waiting) if last is not None and last.outcome == "rejected" else 0


def read_waiting(
    ledger: Ledger, connection: Connection
) -> tuple[Corrections, list[tuple[str, int, str]]]:
    """Read the corrections that wait, oldest first, and those that a later one replaces."""
    corrections, postings = ledger.tables.corrections, ledger.tables.postings
    rows = connection.execute(
        ledger.with_text(
            ledger.waiting(
                corrections.c.posting_id,
                corrections.c.revision,
                postings.c.title,
                postings.c.description,
            )
        ).order_by(corrections.c.corrected_at, corrections.c.posting_id, corrections.c.revision)
    ).all()
    last: dict[str, int] = {}
    for row in rows:
        last[row.posting_id] = max(last.get(row.posting_id, 0), row.revision)
    kept = [row for row in rows if last[row.posting_id] == row.revision]
    superseded = [
        (row.posting_id, row.revision, SUPERSEDED)
        for row in rows
        if last[row.posting_id] != row.revision
    ]
    tags = ledger.tables.corrected_tags
    of_tags = connection.execute(
        ledger.waiting(tags.c.posting_id, tags.c.revision, tags.c.tag).join(
            tags,
            (tags.c.posting_id == corrections.c.posting_id)
            & (tags.c.revision == corrections.c.revision),
        )
    )
    return _collected(kept, of_tags), superseded


def read_held_out(
    ledger: Ledger, connection: Connection, most: int, without: Iterable[str]
) -> Corrections:
    """Read the newest postings that earlier updates have held out."""
    tables = ledger.tables
    learnt, postings, tags = tables.learnt, tables.postings, tables.corrected_tags
    newer = learnt.alias()
    corrected_again = (
        select(newer.c.posting_id)
        .where(
            newer.c.posting_id == learnt.c.posting_id,
            newer.c.role == HELD_OUT,
            newer.c.revision > learnt.c.revision,
        )
        .exists()
    )
    excluded = set(without)
    rows = connection.execute(
        select(learnt.c.posting_id, learnt.c.revision, postings.c.title, postings.c.description)
        .join(postings, postings.c.posting_id == learnt.c.posting_id)
        .join(
            tables.corrections,
            (tables.corrections.c.posting_id == learnt.c.posting_id)
            & (tables.corrections.c.revision == learnt.c.revision),
        )
        .where(learnt.c.role == HELD_OUT, ~corrected_again)
        .order_by(learnt.c.update_id.desc(), learnt.c.posting_id)
        # enough if all that are excluded come first
        .limit(most + len(excluded))
    ).all()
    kept = [row for row in rows if row.posting_id not in excluded][:most]
    of_tags = [
        row
        for some in chunks([row.posting_id for row in kept])
        for row in connection.execute(select(tags).where(tags.c.posting_id.in_(some)))
    ]
    return _collected(kept, of_tags)


def settle(
    ledger: Ledger,
    connection: Connection,
    state: State,
    *,
    outcome: str,
    started_at: datetime,
    version: int | None = None,
    file: str | None = None,
    learnt: Iterable[tuple[str, int, str]] = (),
    report: UpdateReport | None = None,
) -> None:
    """Write a row of history with all that belongs to it.

    Parameters
    ----------
    ledger : Ledger
        The tables.
    connection : Connection
        The transaction.
    state : State
        What the update started from; anything else by now raises `OvertakenError`.
    outcome : str
        What happened.
    started_at : datetime
        When it began.
    version : int, default=None
        The version that is current from now on; None leaves the present one.
    file : str, default=None
        The file of a version that is new.
    learnt : iterable of (posting id, revision, role)
        Corrections that are settled by this.
    report : UpdateReport, default=None
        Numbers for the history.
    """
    tables = ledger.tables
    if read_state(ledger, connection, lock=True) != state:
        raise OvertakenError
    now = datetime.now(UTC)
    try:
        if file is not None:
            connection.execute(
                insert(tables.models).values(
                    version=version, file=file, parent=state.version, created_at=now
                )
            )
        result = connection.execute(
            insert(tables.updates).values(
                outcome=outcome,
                started_at=started_at,
                finished_at=now,
                version_before=state.version,
                version_after=state.version if version is None else version,
                **({} if report is None else _numbers(report)),
            )
        )
        key = result.inserted_primary_key
        assert key is not None
        rows = [
            {"posting_id": posting_id, "revision": revision, "role": role, "update_id": key[0]}
            for posting_id, revision, role in learnt
        ]
        if rows:
            connection.execute(insert(tables.learnt), rows)
    except IntegrityError as error:
        raise OvertakenError from error
    if version is not None:
        connection.execute(update(tables.state).values(current_version=version))


def _numbers(report: UpdateReport) -> dict[str, Any]:
    names = (
        *("n_waiting", "n_trained", "n_held_out", "n_superseded", "n_compared"),
        *("f1_before", "f1_after"),
    )
    # a list that plain SQL can look into, whatever is in the names of tags
    unknown = json.dumps(list(report.unknown_tags), ensure_ascii=False)
    numbers: dict[str, Any] = {name: getattr(report, name) for name in names}
    return numbers | {"unknown_tags": unknown if report.unknown_tags else None}


def _collected(rows: list[Any], of_tags: Iterable[Any]) -> Corrections:
    """Put postings and their tags together."""
    tags: dict[tuple[str, int], set[str]] = {}
    for row in of_tags:
        tags.setdefault((row.posting_id, row.revision), set()).add(row.tag.strip())
    jobs = pd.DataFrame(
        {
            "job_title": [row.title for row in rows],
            "job_description": [row.description for row in rows],
        },
        index=pd.Index([row.posting_id for row in rows], name="job_id", dtype=object),
        dtype=object,
    )
    return Corrections(
        jobs,
        [row.revision for row in rows],
        [sorted(tags.get((row.posting_id, row.revision), set()) - {""}) for row in rows],
    )
