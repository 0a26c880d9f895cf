"""Predicted postings go into a database, and come back from it corrected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

import pandas as pd
from sqlalchemy import URL, Connection, Engine, delete, func, insert, select

from jobtag_sklearn.updating._database import Database
from jobtag_sklearn.updating._ledger import Ledger
from jobtag_sklearn.updating._rows import (
    chunks,
    posting_ids,
    score_rows,
    tags_of_postings,
    text_rows,
)
from jobtag_sklearn.updating._tables import Tables


class PostingStore:
    r"""Predicted postings, their corrected tags, and what was learnt of them, in a database.

    The tables are documented in the user guide, so that other software can read predictions
    and write corrected tags with plain SQL.

    Parameters
    ----------
    database : str, path, sqlalchemy URL or Engine
        The path of an SQLite file, or the URL of any database that SQLAlchemy reaches. An
        engine is used as it is.
    prefix : str, default="jobtag\_"
        What the names of all tables start with.
    schema : str, default=None
        The database's schema that the tables are in, which must exist; None takes the
        connection's own.

    See Also
    --------
    ModelUpdater : Learns what waits in the store.

    Notes
    -----
    Ids of postings are text in the store, up to 255 characters long, as tags are; 4711 comes
    back as "4711". All times are in UTC. Characters that databases cannot store, zeros and
    halves of surrogate pairs, become U+FFFD in titles and descriptions.

    Nothing is connected to before a method is called, and no connection stays open.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> from jobtag_sklearn.updating import PostingStore
    >>> jobs, tags = make_job_postings(20, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = PostingStore(Path(folder) / "store.sqlite").create()
    ...     store.add_postings(jobs)
    ...     store.correct(tags[:5])
    ...     store.correct({6: ["Nursing", "Shift work"], 7: []})
    ...     store.n_waiting()
    7
    """

    def __init__(
        self,
        database: str | PathLike[str] | URL | Engine,
        *,
        prefix: str = "jobtag_",
        schema: str | None = None,
    ) -> None:
        self._ledger = Ledger(Database(database), Tables(prefix, schema))

    def create(self) -> PostingStore:
        """Make the tables that are not there yet; those that are there stay as they are.

        Returns
        -------
        self : PostingStore
            The store.

        Raises
        ------
        ConnectionError
            If the database cannot be reached.
        ValueError
            If the database does not allow it, or has tables of another version of the package.
        """
        self._ledger.create()
        return self

    def add_postings(self, jobs: pd.DataFrame) -> None:
        """Write postings without tags; the text of those that are there is replaced.

        Parameters
        ----------
        jobs : DataFrame of shape (n_jobs, n_columns)
            Indexed by posting id, with the columns ``job_title`` and ``job_description``.
        """
        rows = text_rows(jobs)
        ids = [row["posting_id"] for row in rows]

        def put(connection: Connection) -> None:
            there = self._ledger.there(connection, ids, lock=True)
            self._ledger.put_postings(connection, rows, there)

        self._ledger.written(put)

    def add_predictions(
        self, jobs: pd.DataFrame, names: Iterable[Any], scores: Any, given: Any, *, version: int
    ) -> None:
        """Write postings with the tags that a model predicts for them.

        The postings' earlier predictions are replaced.

        Parameters
        ----------
        jobs : DataFrame of shape (n_jobs, n_columns)
            Indexed by posting id, with the columns ``job_title`` and ``job_description``.
        names : sequence of length n_tags
            Tags.
        scores : array-like of shape (n_jobs, n_tags)
            A score of each tag, such as its probability.
        given : array-like of shape (n_jobs, n_tags)
            1 where the tag is given, else 0.
        version : int
            Version of the model.
        """
        now = pd.Timestamp.now("UTC").to_pydatetime()
        rows = [row | {"model_version": version, "predicted_at": now} for row in text_rows(jobs)]
        ids = [row["posting_id"] for row in rows]
        of_scores = score_rows(ids, list(names), scores, given)
        table = self._ledger.tables.scores

        def put(connection: Connection) -> None:
            there = self._ledger.there(connection, ids, lock=True)
            self._ledger.put_postings(connection, rows, there)
            for some in chunks(ids):
                connection.execute(delete(table).where(table.c.posting_id.in_(some)))
            if of_scores:
                connection.execute(insert(table), of_scores)

        self._ledger.written(put)

    def correct(
        self,
        corrections: Mapping[Any, Iterable[str]] | pd.DataFrame,
        jobs: pd.DataFrame | None = None,
    ) -> None:
        """Write the tags that postings really have, for the next update to learn.

        A posting that was corrected before gets a new revision: if the earlier one still
        waits, the new one is learnt in its place, else it is learnt as well.

        Parameters
        ----------
        corrections : dict of list of str, or DataFrame of shape (n_jobs, n_tags)
            All tags of each posting by its id; an empty list if it was checked and has none.
            Or a table of 0/1 that is indexed by posting id and has a column for each tag.
        jobs : DataFrame of shape (n_jobs, n_columns), default=None
            The text of postings, for those that the store does not have.

        Raises
        ------
        ValueError
            If a posting is neither in the store nor in `jobs`, or a tag is missing.
        """
        tags = tags_of_postings(corrections)
        texts = [] if jobs is None else text_rows(jobs)

        def put(connection: Connection) -> None:
            ids, with_text = list(tags), {row["posting_id"] for row in texts}
            there = self._ledger.there(connection, [*ids, *with_text], lock=True)
            self._ledger.put_postings(connection, texts, there)
            absent = set(ids) - there - with_text
            if absent:
                raise ValueError(
                    f"the store has no posting {min(absent)!r}, {len(absent)} in all; pass their "
                    "text as jobs="
                )
            revisions = self._ledger.last_revisions(connection, ids)
            now = pd.Timestamp.now("UTC").to_pydatetime()
            rows = [
                {"posting_id": key, "revision": revisions.get(key, 0) + 1, "corrected_at": now}
                for key in ids
            ]
            if rows:
                connection.execute(insert(self._ledger.tables.corrections), rows)
            of_tags = [
                {"posting_id": row["posting_id"], "revision": row["revision"], "tag": tag}
                for row in rows
                for tag in tags[row["posting_id"]]
            ]
            if of_tags:
                connection.execute(insert(self._ledger.tables.corrected_tags), of_tags)

        self._ledger.written(put)

    def n_waiting(self) -> int:
        """Count the corrections that no update has learnt yet.

        Returns
        -------
        n_waiting : int
            Corrections, those of postings without text left out.
        """
        statement = self._ledger.with_text(self._ledger.waiting(func.count()))
        with self._ledger.reading() as connection:
            return int(connection.execute(statement).scalar_one())

    def new_ids(self, index: Iterable[Any]) -> list[Any]:
        """Return the ids of `index` that the store does not have.

        Parameters
        ----------
        index : iterable
            Ids of postings.

        Returns
        -------
        new : list
            Those of them that are new, as they were passed.
        """
        given = list(index)
        ids = posting_ids(given)
        with self._ledger.reading() as connection:
            there = self._ledger.there(connection, ids)
        return [value for value, key in zip(given, ids, strict=True) if key not in there]

    def predictions(self) -> pd.DataFrame:
        """Return the last predictions of all postings.

        Returns
        -------
        predictions : DataFrame of shape (n_postings * n_tags, 6)
            One row for each tag of each posting: ``posting_id``, ``tag``, ``score``,
            ``given``, ``model_version`` and ``predicted_at``.
        """
        scores, postings = self._ledger.tables.scores, self._ledger.tables.postings
        statement = (
            select(
                scores.c.posting_id,
                scores.c.tag,
                scores.c.score,
                scores.c.given,
                postings.c.model_version,
                postings.c.predicted_at,
            )
            .join(postings, postings.c.posting_id == scores.c.posting_id)
            .order_by(scores.c.posting_id, scores.c.tag)
        )
        return self._ledger.frame(statement)

    def history(self) -> pd.DataFrame:
        """Return what was done when, oldest first.

        Returns
        -------
        history : DataFrame of shape (n_updates, 13)
            Indexed by ``update_id``, with the outcome, times in UTC, the version of the model
            before and after, numbers of postings, and micro F1 on held-out postings of the
            model before and of the one that was trained.
        """
        table = self._ledger.tables.updates
        history = self._ledger.frame(select(table).order_by(table.c.update_id))
        counts = [name for name in history if name.startswith(("n_", "version_"))]
        scores = {"f1_before": float, "f1_after": float}
        types: dict[str, Any] = dict.fromkeys(counts, "Int64") | scores
        return history.astype(types).set_index("update_id")

    def learnt(self) -> pd.DataFrame:
        """Return each correction that an update has settled, exactly once.

        Returns
        -------
        learnt : DataFrame of shape (n_corrections, 4)
            ``posting_id``, ``revision``, the ``update_id`` of the history, and the ``role``:
            "trained", "held out" to compare models on, or "superseded" by a later revision.
        """
        table = self._ledger.tables.learnt
        return self._ledger.frame(
            select(table).order_by(table.c.update_id, table.c.posting_id, table.c.revision)
        )
