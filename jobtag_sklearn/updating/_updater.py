"""Corrected postings become a better model, each exactly once."""

from __future__ import annotations

from datetime import UTC, datetime
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions

from jobtag_sklearn.datasets._validation import validated
from jobtag_sklearn.updating import _accounts as accounts
from jobtag_sklearn.updating._candidate import compare, divide, find_tags, is_no_worse, train
from jobtag_sklearn.updating._comparison import scores_and_tags, tags_of
from jobtag_sklearn.updating._model_files import ModelFiles
from jobtag_sklearn.updating._process_lock import process_lock
from jobtag_sklearn.updating._report import Predictions, UpdateReport
from jobtag_sklearn.updating._store import PostingStore
from jobtag_sklearn.updating._versions import Versions

#: Postings that are predicted and written at once: memory does not grow with their number.
_BATCH = 1000
_NEEDED = ("partial_fit", "predict", "predict_proba")


class ModelUpdater:
    """Predicts postings with the current model and has it learn their corrected tags.

    An update trains a copy of the current model on the corrected postings that wait in the
    store, and compares both on postings that were held out. The copy takes the place of the
    current model if it is not worse. Each correction is learnt exactly once, whatever happens:
    what an update does becomes valid in one transaction of the database, or not at all.

    Parameters
    ----------
    store : PostingStore
        Postings and corrected tags.
    models : ModelFiles
        Versions of the model. All processes that work on a store share one folder.
    min_corrections : int, default=100
        Corrections that must wait for a model to be trained; after an update whose model was
        worse, so many must have come since.
    holdout : float, default=0.2
        Share of the corrected postings to compare models on. A posting's id decides, so that
        a posting that was held out is never trained on.
    max_compared : int, default=1000
        Postings to compare on at most; the newest held-out ones of earlier updates fill up
        those of this one.
    tolerance : float, default=0.0
        By how much micro F1 of the new model may be lower. 1 accepts any.
    unknown_tags : {"ignore", "error", "learn"}, default="ignore"
        What to do with tags that the model does not know: leave them out and count them,
        raise an error before anything is learnt, or have the model learn them as new ones.
        A model without a parameter ``new_tags`` cannot; then they are left out.
    n_kept : int, default=5
        Versions whose files are kept: the newest, and those that the current one came from.

    See Also
    --------
    PostingStore : Where the postings are.
    ModelFiles : Where the models are.

    Notes
    -----
    The database says which version is current. The file ``current`` in the folder follows it,
    and is mended by whatever runs next if a process was killed between the two.

    A model is anything fitted that has ``partial_fit``, ``predict``, ``predict_proba`` and
    ``classes_``, and can be pickled.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from jobtag_sklearn import make_job_tag_pipeline
    >>> from jobtag_sklearn.datasets import make_job_postings
    >>> from jobtag_sklearn.updating import ModelFiles, ModelUpdater, PostingStore
    >>> jobs, tags = make_job_postings(150, n_tags=3, random_state=0)
    >>> model = make_job_tag_pipeline(network=False, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = PostingStore(Path(folder) / "store.sqlite").create()
    ...     updater = ModelUpdater(store, ModelFiles(Path(folder) / "models"))
    ...     updater.adopt(model.fit(jobs[:100], tags[:100]))
    ...     predictions = updater.predict(jobs[100:])
    ...     store.correct(tags[100:])  # as people have corrected them
    ...     updater.update().outcome
    1
    'waiting'
    """

    @validated(
        {
            "store": [PostingStore],
            "models": [ModelFiles],
            "min_corrections": [Interval(Integral, 1, None, closed="left")],
            "holdout": [Interval(Real, 0, 1, closed="neither")],
            "max_compared": [Interval(Integral, 1, None, closed="left")],
            "tolerance": [Interval(Real, 0, 1, closed="both")],
            "unknown_tags": [StrOptions({"ignore", "error", "learn"})],
            "n_kept": [Interval(Integral, 1, None, closed="left")],
        }
    )
    def __init__(
        self,
        store: PostingStore,
        models: ModelFiles,
        *,
        min_corrections: int = 100,
        holdout: float = 0.2,
        max_compared: int = 1000,
        tolerance: float = 0.0,
        unknown_tags: Literal["ignore", "error", "learn"] = "ignore",
        n_kept: int = 5,
    ) -> None:
        self.store = store
        self.models = models
        self.min_corrections = min_corrections
        self.holdout = holdout
        self.max_compared = max_compared
        self.tolerance = tolerance
        self.unknown_tags = unknown_tags
        self.n_kept = n_kept
        self._versions = Versions(store._ledger, models, n_kept)

    def adopt(self, model: Any) -> int:
        """Make a model that was fitted elsewhere the current one, the first or a later one.

        Parameters
        ----------
        model : estimator
            The fitted model.

        Returns
        -------
        version : int
            Its version.

        Raises
        ------
        TypeError
            If the model lacks a method that predictions or updates need, or was never fitted.
        """
        lacking = [name for name in _NEEDED if not hasattr(model, name)]
        if lacking:
            raise TypeError(f"{type(model).__name__} has no {' and no '.join(lacking)}")
        tags_of(model)
        started_at = datetime.now(UTC)
        with process_lock(self.models.lock_file, wait=True):
            state = self._versions.state()
            file = self.models.save(model, state.next_version)
            self._versions.settle(
                state,
                outcome="adopted",
                started_at=started_at,
                version=state.next_version,
                file=file,
            )
        return state.next_version

    def load(self) -> tuple[Any, int]:
        """Load the current model.

        Returns
        -------
        model : estimator
            The model.
        version : int
            Its version.

        Raises
        ------
        FileNotFoundError
            If the folder does not have its file.
        ValueError
            If there is no model yet, or its file is damaged.
        """
        data, version = self._versions.read_current()
        assert version is not None
        return self.models.unpickle(data), version

    def predict(self, jobs: pd.DataFrame) -> Predictions:
        """Predict postings with the current model, and write them to the store.

        Parameters
        ----------
        jobs : DataFrame of shape (n_jobs, n_columns)
            Indexed by posting id, with the columns ``job_title`` and ``job_description``.

        Returns
        -------
        predictions : Predictions
            Scores and tags, and the version that they are of.
        """
        model, version = self.load()
        names = tags_of(model)
        scores = np.zeros((len(jobs), len(names)))
        given = np.zeros((len(jobs), len(names)), dtype=np.int64)
        for start in range(0, len(jobs), _BATCH):
            rows = slice(start, start + _BATCH)
            batch = jobs.iloc[rows]
            scores[rows], given[rows] = scores_and_tags(model, batch)
            self.store.add_predictions(batch, names, scores[rows], given[rows], version=version)
        return Predictions(version, names, scores, given)

    def update(self, *, retry: bool = False) -> UpdateReport:
        """Learn the corrections that wait, if there are enough.

        Parameters
        ----------
        retry : bool, default=False
            Also if a model was trained on them before and was worse, and too few have come
            since.

        Returns
        -------
        report : UpdateReport
            What was done.

        Raises
        ------
        ConnectionError
            If the database cannot be reached or goes away; then nothing is half done.
        OSError
            If a file cannot be written, as on a full disk; then nothing is half done.
        ValueError
            If there is no model yet, or corrections have unknown tags that are an error.
        """
        with process_lock(self.models.lock_file) as mine:
            if not mine:
                return UpdateReport("busy")
            try:
                return self._update(retry)
            except accounts.OvertakenError:
                # from another machine, which this one's lock does not keep out
                return UpdateReport("busy")

    def rollback(self, version: int | None = None) -> int:
        """Make an earlier version the current one.

        What later versions have learnt stays on record as learnt, and is not taught again.

        Parameters
        ----------
        version : int, default=None
            The version; None takes the one that the current version came from.

        Returns
        -------
        version : int
            The version that is current now.

        Raises
        ------
        ValueError
            If there is no such version, or its file is damaged.
        FileNotFoundError
            If its file is no longer kept.
        """
        started_at = datetime.now(UTC)
        with process_lock(self.models.lock_file, wait=True):
            state = self._versions.state()
            if version is None:
                version = state.models[state.version][1] if state.version else None
                if version is None:
                    raise ValueError("There is no earlier version to roll back to.")
            if version not in state.models:
                known = ", ".join(map(str, sorted(state.models))) or "none"
                raise ValueError(f"There is no version {version}; there are: {known}")
            # a version that cannot be loaded must not become the current one
            self.models.read(state.models[version][0])
            self._versions.settle(
                state, outcome="rolled back", started_at=started_at, version=version
            )
        return version

    def _update(self, retry: bool) -> UpdateReport:
        started_at = datetime.now(UTC)
        state, ledger = self._versions.mended_state(), self.store._ledger
        with ledger.reading() as connection:
            n_waiting = accounts.n_waiting(ledger, connection)
            tried = 0 if retry else accounts.n_rejected(ledger, connection)
            # one to train on and one to compare on
            n_needed = max(tried + self.min_corrections, 2)
            report = UpdateReport(
                "waiting", state.version, state.version, n_waiting=n_waiting, n_needed=n_needed
            )
            file = state.file
            if n_waiting < n_needed:
                return report
            waiting, superseded = accounts.read_waiting(ledger, connection)
            ids = waiting.jobs.index
            earlier = accounts.read_held_out(ledger, connection, self.max_compared, ids)
        if len(waiting) < 2:
            return report

        data = self.models.read(file)
        current, candidate = self.models.unpickle(data), self.models.unpickle(data)
        taught, kept, compared = divide(waiting, earlier, self.holdout, self.max_compared)
        tags = find_tags(current, taught, kept, self.unknown_tags)
        train(candidate, taught, tags)
        before, after = compare(current, candidate, compared)
        report = report._replace(
            outcome="rejected",
            n_trained=len(taught),
            n_held_out=len(kept),
            n_superseded=len(superseded),
            n_compared=len(compared),
            f1_before=before,
            f1_after=after,
            unknown_tags=tags.unknown,
        )
        if not is_no_worse(before, after, self.tolerance):
            self._versions.settle(state, outcome="rejected", started_at=started_at, report=report)
            return report
        version = state.next_version
        report = report._replace(outcome="accepted", version=version, new_tags=tags.new)
        self._versions.settle(
            state,
            outcome="accepted",
            started_at=started_at,
            version=version,
            file=self.models.save(candidate, version),
            learnt=[
                *taught.as_learnt(accounts.TRAINED),
                *kept.as_learnt(accounts.HELD_OUT),
                *superseded,
            ],
            report=report,
        )
        return report
