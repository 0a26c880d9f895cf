"""Updates that are killed or run side by side, as processes of their own.

They are forked, so that a process is there in milliseconds; run this in a fresh Python, since
threads of other libraries do not survive a fork.
"""

import os
import pickle
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

import numpy as np
from light_models import LightModel
from sqlalchemy import Engine, event

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.updating import ModelFiles, ModelUpdater, PostingStore

N_FITTED = 50
N_NEW = 4


class Site:
    """A job board in whose database corrections come in."""

    def __init__(self, url, folder, n_jobs=1000, seconds=0.0):
        self.store = PostingStore(url).create()
        self.models = ModelFiles(Path(folder) / "models")
        self.updater = self.make_updater(self.models)
        self.jobs, self.tags = make_job_postings(n_jobs, n_tags=3, random_state=0)
        model = LightModel(seconds=seconds).fit(self.jobs[:N_FITTED], self.tags[:N_FITTED])
        model.taught.clear()
        self.updater.adopt(model)
        self.n_corrected = N_FITTED

    def make_updater(self, models):
        return ModelUpdater(self.store, models, min_corrections=2, tolerance=1, n_kept=3)

    def correct(self, n=N_NEW):
        rows = slice(self.n_corrected, self.n_corrected + n)
        assert rows.stop <= len(self.jobs), "more postings are needed"
        self.store.correct(self.tags[rows], self.jobs[rows])
        self.n_corrected += n

    def check(self, *, all_learnt):
        """Check that what was learnt is on record, in the model and in the folder, once."""
        learnt = self.store.learnt()
        keys = Counter(zip(learnt["posting_id"], learnt["revision"], strict=True))
        assert set(keys.values()) <= {1}
        corrected = {str(key) for key in self.jobs.index[N_FITTED : self.n_corrected]}
        settled = set(learnt["posting_id"])
        assert settled <= corrected
        assert self.store.n_waiting() == len(corrected - settled)

        history = self.store.history()
        accepted = history[history["outcome"] == "accepted"]
        assert accepted["n_trained"].sum() == (learnt["role"] == "trained").sum()
        assert accepted["n_held_out"].sum() == (learnt["role"] == "held out").sum()
        assert set(learnt["update_id"]) == set(accepted.index)

        # a reader who knows nothing of the database gets a whole model at any time
        assert self.models.load().taught.keys() <= settled
        model, version = self.updater.load()
        assert version == history["version_after"].iloc[-1]
        assert model.taught == Counter(learnt.loc[learnt["role"] == "trained", "posting_id"])
        # which has had the folder follow the database
        assert self.models.version_of(self.models.current()) == version
        if all_learnt:
            assert settled == corrected
            assert model.taught.keys() == self.models.load().taught.keys()


def forked(function, *arguments):
    """Run a function in a process of its own and return the process' id."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        function(*arguments)
        code = 0
    finally:
        os._exit(code)


def exit_code(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def kill_at_random(url, folder, n_kills, seed):
    """Kill an update again and again, after a time that is drawn; return when it died."""
    site, rng = Site(url, folder), np.random.RandomState(seed)
    site.correct()
    start = time.perf_counter()
    assert exit_code(forked(site.updater.update)) == 0
    duration = time.perf_counter() - start
    died = Counter()
    while sum(died.values()) - died["it was done"] < n_kills:
        site.correct()
        before = len(site.store.history())
        pid = forked(site.updater.update)
        time.sleep(rng.uniform(0, 1.1 * duration))
        os.kill(pid, signal.SIGKILL)
        code = exit_code(pid)
        made = len(site.store.history()) > before
        pointer, (_, file) = site.models.current(), last_version(site)
        if code == 0:
            died["it was done"] += 1
        elif not made:
            died["before it was valid"] += 1
        else:
            died["before the folder followed" if pointer != file else "after that"] += 1
        site.check(all_learnt=False)
    site.correct()
    assert site.updater.update().outcome == "accepted"
    site.check(all_learnt=True)
    return dict(died) | {"seconds of an update": round(duration, 3)}


def last_version(site):
    state = site.updater._versions.state()
    return state.version, state.file


def kill_at_every_step(url, folder, every=1, first=0):
    """Kill an update before each file it opens, renames or deletes and each SQL statement."""
    site = Site(url, folder)
    step, code, outcomes = first, -signal.SIGKILL, Counter()
    while code == -signal.SIGKILL:
        site.correct()
        before = len(site.store.history())
        code = exit_code(forked(update_until, site.updater, step))
        outcomes[len(site.store.history()) - before] += 1
        site.check(all_learnt=False)
        step += every
    assert code == 0
    site.check(all_learnt=True)
    return step, dict(outcomes)


def update_until(updater, n_steps):
    """Update, and be killed at a step."""
    left = n_steps

    def step(*_):
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    def hook(name, arguments):
        if name in {"open", "os.rename", "os.remove", "fcntl.flock"}:
            step()

    sys.addaudithook(hook)
    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, name, step)
    updater.update()


class OtherMachine(ModelFiles):
    """The same folder seen from a machine that the lock does not reach."""

    @property
    def lock_file(self):
        return self.folder / ".lock of the other machine"


def update_side_by_side(url, folder, n_rounds):
    """Run two updates at once, on one machine and on two; return what they said."""
    site = Site(url, folder, seconds=0.1)
    others = {"one machine": site.models, "two machines": OtherMachine(site.models.folder)}
    said = {}
    for where, files in others.items():
        said[where] = []
        for _ in range(n_rounds):
            site.correct()
            read, write = os.pipe()
            updaters = [site.updater, site.make_updater(files)]
            pids = [forked(tell, updater, write) for updater in updaters]
            assert [exit_code(pid) for pid in pids] == [0, 0]
            os.close(write)
            with os.fdopen(read) as file:
                said[where].append(sorted(file.read().split()))
            site.check(all_learnt=True)
    return said


def tell(updater, write):
    os.write(write, f"{updater.update().outcome}\n".encode())


def update_on_a_full_disk(url, folder, full_for):
    """Update where a file cannot grow beyond a limit, as on a full disk; return what it says."""
    site = Site(url, folder)
    site.correct(400)
    limit = 20_000  # bytes, less than the model has
    if full_for == "database":
        limit = Path(url.removeprefix("sqlite:///")).stat().st_size
        assert limit > 50_000
    read, write = os.pipe()
    assert exit_code(forked(tell_of_error, site.updater, limit, write)) == 0
    os.close(write)
    with os.fdopen(read) as file:
        said = file.read()
    assert len(site.store.history()) == 1
    assert not list(site.models.folder.glob(".*.part"))
    site.check(all_learnt=False)
    assert site.updater.update().outcome == "accepted"
    site.check(all_learnt=True)
    return said


def tell_of_error(updater, limit, write):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        updater.update()
    except OSError as error:
        os.write(write, f"{type(error).__name__}: {error}".encode())


def read_while_it_is_written(url, folder, n_versions):
    """Read the current version again and again while others take its place."""
    files = ModelFiles(folder)
    files.point_to(files.save([0], 1))
    read, write = os.pipe()
    pid = forked(read_until, files, n_versions, write)
    assert os.read(read, 1) == b"r"
    for version in range(2, n_versions + 1):
        # models of different size, the last but one of which is gone at once
        known = files.names()
        name = files.save([os.urandom(1000 * version)] * version, version)
        files.point_to(name)
        files.prune({name}, known)
    assert exit_code(pid) == 0
    return int(os.read(read, 100))


def read_until(files, last, write):
    seen = {len(files.load())}
    os.write(write, b"r")
    while last not in seen:
        seen.add(len(files.load()))
    os.write(write, str(len(seen)).encode())


def create_at_once(url, n_processes, n_rounds):
    """Have processes make the tables of the same store at the same moment."""
    for number in range(n_rounds):
        start = time.time() + 0.1
        pids = [forked(create_at, url, f"round_{number}_", start) for _ in range(n_processes)]
        assert [exit_code(pid) for pid in pids] == [0] * n_processes
        assert PostingStore(url, prefix=f"round_{number}_").n_waiting() == 0
    return n_rounds


def create_at(url, prefix, start):
    while time.time() < start:
        pass
    PostingStore(url, prefix=prefix).create()


def serve():
    """Call what comes in on stdin, so that the imports above are paid for once."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while True:
        try:
            what, given = pickle.load(requests)
        except EOFError:
            return
        try:
            answer = True, globals()[what](**given)
        except Exception:
            answer = False, traceback.format_exc()
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    serve()
