"""Measure the text steps on documents that are made to take long.

    python -m benchmarks.hostile [megabytes]

Prints processor seconds a megabyte for each kind of document of ``tests/hostile_texts.py``, by
default of 1 and of 10 MB, and the worst of all. What is linear has the same figure for both.
"""

import sys
import time
from collections.abc import Callable

from jobtag_sklearn.feature_extraction import (
    POSFeatures,
    StemmingCleaner,
    TextStatistics,
    strip_markup,
)
from tests.hostile_texts import HOSTILE


def steps() -> dict[str, Callable[[str], object]]:
    """Return each step as a function of a document, with its imports done."""
    found: dict[str, Callable[[str], object]] = {"markup": strip_markup}
    kinds = (("cleaner", StemmingCleaner), ("statistics", TextStatistics), ("pos", POSFeatures))
    for name, kind in kinds:
        step = kind().fit([])
        step.transform(["Imports come first."])
        found[name] = lambda document, step=step: step.transform([document])
    return found


def main() -> None:
    """Print a line for each kind of document."""
    sizes = [float(size) for size in sys.argv[1:]] or [1.0, 10.0]
    functions = steps()
    print(f"{'seconds a MB':26}" + "".join(f"{n:>12}" for n in functions for _ in sizes))
    print(f"{'':26}" + "".join(f"{size:>9g} MB" for _ in functions for size in sizes))
    worst = (0.0, "")
    for kind, make in HOSTILE.items():
        line = f"{kind:26}"
        for name, function in functions.items():
            for size in sizes:
                document = make(int(size * 10**6))
                start = time.process_time()
                function(document)
                rate = (time.process_time() - start) / size
                worst = max(worst, (rate, f"{name} on {size:g} MB of {kind}"))
                line += f"{rate:12.3f}"
        print(line, flush=True)
    print(f"worst: {worst[0]:.2f} s a MB, {worst[1]}")


if __name__ == "__main__":
    main()
