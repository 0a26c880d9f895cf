"""Properties that hold for whatever hypothesis thinks of: some cases always, many on demand."""

import datetime
import os
import sys
import time

from hypothesis import HealthCheck, given, seed, settings

#: How long the slow run looks at each property.
SECONDS = float(os.environ.get("JOBTAG_FUZZ_SECONDS", "60"))
_CASES_A_ROUND = 200


def for_all(properties, max_examples=60, **strategies):
    """Make a quick test of a function, and add the function to those of the slow run."""

    def make(function):
        properties.append((function, strategies))
        return settings(max_examples=max_examples)(given(**strategies)(function))

    return make


def fuzz(function, strategies, capsys):
    """Look for a case that fails, in other places every day, and say how many cases there were."""
    first = datetime.datetime.now(tz=datetime.UTC).date().toordinal() * 10**6
    stop = time.monotonic() + SECONDS
    n_cases = 0

    def counted(**case):
        nonlocal n_cases
        n_cases += 1
        function(**case)

    thorough = settings(
        max_examples=_CASES_A_ROUND,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    number = first
    while time.monotonic() < stop:
        seed(number)(thorough(given(**strategies)(counted)))()
        number += 1
    with capsys.disabled():
        sys.stdout.write(f"\n{function.__name__}: {n_cases:,} cases\n")
