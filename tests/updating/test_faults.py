"""Each correction is learnt exactly once, whatever happens."""

import os
from pathlib import Path

import pytest
from small_models import in_fresh_python

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")

PROGRAM = """
import sys
sys.path.insert(0, given.pop("path"))
import killing
result = getattr(killing, given.pop("what"))(**given)
"""


def forked(what, url, **given):
    path = str(Path(__file__).parents[1])
    return in_fresh_python(PROGRAM, given | {"path": path, "what": what, "url": url})


def test_killed_at_random_moments(url, tmp_path):
    died = forked("kill_at_random", url, folder=tmp_path, n_kills=10, seed=0)
    assert died["before it was valid"] > 0


@pytest.mark.slow
def test_killed_at_many_random_moments(url, tmp_path):
    died = forked("kill_at_random", url, folder=tmp_path, n_kills=50, seed=1)
    print(died)
    assert died["before it was valid"] > 10


def test_killed_at_every_third_step(url, tmp_path):
    n_steps, outcomes = forked("kill_at_every_step", url, folder=tmp_path, every=3)
    print(n_steps, outcomes)
    assert n_steps > 20
    assert outcomes.keys() == {0, 1}


@pytest.mark.slow
def test_killed_at_every_step(url, tmp_path):
    n_steps, outcomes = forked("kill_at_every_step", url, folder=tmp_path)
    print(n_steps, outcomes)
    # killed before it was valid and after
    assert outcomes.keys() == {0, 1}
    assert outcomes[0] > 10
    assert outcomes[1] > 2


def test_two_updates_side_by_side(url, tmp_path):
    said = forked("update_side_by_side", url, folder=tmp_path, n_rounds=3)
    assert said["two machines"] == [["accepted", "busy"]] * 3
    # the second may come when the first is done and nothing is left
    for outcomes in said["one machine"]:
        assert outcomes in (["accepted", "busy"], ["accepted", "waiting"])


def test_tables_that_processes_make_at_once(url):
    assert forked("create_at_once", url, n_processes=4, n_rounds=3) == 3
