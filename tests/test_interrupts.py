"""Ctrl-C at any moment: what was being learnt is learnt whole or not at all."""

import copy
import signal
import time

import numpy as np
import pytest
from small_models import small_pipeline

from jobtag_sklearn.datasets import make_job_postings

JOBS, TAGS = make_job_postings(240, random_state=0)
FIRST, MORE = slice(0, 120), slice(120, None)

pytestmark = [
    pytest.mark.slow,
    # raised while Python collects an object, it is shown and lost
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers"),
]


@pytest.fixture
def ctrl_c_after():
    """Return a function that has the main thread interrupted after some seconds."""

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def interrupted(call, after, ctrl_c_after):
    """Say whether the call was cut off."""
    try:
        ctrl_c_after(after)
        call()
        ctrl_c_after(0)
    except (KeyboardInterrupt, Exception):
        # Keras swallows what is raised while it asks for a shape, and then has none
        return True
    return False


@pytest.mark.parametrize(
    "settings", [{}, {"update_steps": "all"}, {"classifier__warm_start": True}], ids=str
)
@pytest.mark.parametrize("method", ["partial_fit", "fit"])
def test_learnt_whole_or_not_at_all(settings, method, ctrl_c_after):
    fitted = small_pipeline().set_params(**settings).fit(JOBS[FIRST], TAGS[FIRST])
    before = fitted.predict_proba(JOBS)
    model = copy.deepcopy(fitted)
    start = time.perf_counter()
    getattr(model, method)(JOBS[MORE], TAGS[MORE])
    duration = time.perf_counter() - start
    after = model.predict_proba(JOBS)
    assert not np.array_equal(before, after)

    n_taken_back = 0
    model = copy.deepcopy(fitted)
    for moment in np.random.RandomState(0).uniform(0, duration, size=25):
        learn = getattr(model, method)
        cut_off = interrupted(
            lambda learn=learn: learn(JOBS[MORE], TAGS[MORE]), moment, ctrl_c_after
        )
        now = model.predict_proba(JOBS)
        if cut_off and np.array_equal(now, before):
            n_taken_back += 1
            continue
        # it was done already
        np.testing.assert_array_equal(now, after)
        model = copy.deepcopy(fitted)
    assert n_taken_back >= 5
    # nothing is left of what was taken back
    getattr(model, method)(JOBS[MORE], TAGS[MORE])
    np.testing.assert_array_equal(model.predict_proba(JOBS), after)
