"""Each correction is learnt exactly once, whatever happens."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")

PROGRAM = Path(__file__).parents[1] / "killing.py"


@pytest.fixture(scope="module")
def forked():
    """A fresh Python that forks updates and kills them."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # the package and the helpers of this very run
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"},
    ) as process:

        def call(what, url, **given):
            process.stdin.write(pickle.dumps((what, given | {"url": url})))
            process.stdin.flush()
            done, result = pickle.load(process.stdout)
            assert done, result
            return result

        yield call
        process.stdin.close()


def test_killed_at_random_moments(forked, url, tmp_path):
    died = forked("kill_at_random", url, folder=tmp_path, n_kills=10, seed=0)
    assert died["before it was valid"] > 0


@pytest.mark.slow
def test_killed_at_many_random_moments(forked, url, tmp_path):
    died = forked("kill_at_random", url, folder=tmp_path, n_kills=50, seed=1)
    assert died["before it was valid"] > 10


def test_killed_at_every_fourth_step(forked, url, tmp_path):
    n_steps, outcomes = forked("kill_at_every_step", url, folder=tmp_path, every=4)
    assert n_steps > 20
    assert outcomes.keys() == {0, 1}


@pytest.mark.slow
def test_killed_at_every_step(forked, url, tmp_path):
    _, outcomes = forked("kill_at_every_step", url, folder=tmp_path)
    # killed before it was valid and after
    assert outcomes.keys() == {0, 1}
    assert outcomes[0] > 10
    assert outcomes[1] > 2


def test_two_updates_side_by_side(forked, url, tmp_path):
    said = forked("update_side_by_side", url, folder=tmp_path, n_rounds=3)
    assert said["two machines"] == [["accepted", "busy"]] * 3
    # the second may come when the first is done and nothing is left
    for outcomes in said["one machine"]:
        assert outcomes in (["accepted", "busy"], ["accepted", "waiting"])


def test_tables_that_processes_make_at_once(forked, url):
    assert forked("create_at_once", url, n_processes=4, n_rounds=3) == 3


def test_the_disk_is_full(forked, url, tmp_path):
    said = forked("update_on_a_full_disk", url, folder=tmp_path, full_for="models")
    assert said.startswith("OSError: [Errno 27] File too large")


def test_the_disk_is_full_for_sqlite(forked, tmp_path):
    url = f"sqlite:///{tmp_path}/store.sqlite"
    said = forked("update_on_a_full_disk", url, folder=tmp_path, full_for="database")
    assert said.startswith("ConnectionError: sqlite:///")
    assert "Nothing is half done" in said


def test_a_reader_never_sees_half_a_file(forked, tmp_path):
    assert forked("read_while_it_is_written", None, folder=tmp_path, n_versions=40) > 1
