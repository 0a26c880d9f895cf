"""Measure the text steps beside the chains that they replace.

    python -m benchmarks.text [long table of postings] [number of postings]

The default is ``../shared/data/nyc_jobs.csv.gz``. The chain it compares with needs
``pip install beautifulsoup4 contractions``. All figures of a line are taken in one process, one
after another; "cold" is the first call in a fresh process (imports are not counted, for
neither side), "warm" the best of three later ones.
"""

import importlib.util
import string
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from jobtag_sklearn.feature_extraction import (
    ENGLISH_STOP_WORDS,
    POSFeatures,
    StemmingCleaner,
    TextStatistics,
)

DATA = Path("../shared/data/nyc_jobs.csv.gz")
N_NAIVE = 300  # the chains are slow: they get the first postings only


def load(path: Path) -> list[str]:
    """Return the descriptions of a long table, one for each job."""
    if not path.exists():
        sys.exit(f"no postings at {path}; give a CSV file with job_id and job_description")
    jobs = pd.read_csv(path).drop_duplicates("job_id")
    return jobs["job_description"].dropna().astype(str).tolist()


def as_html(text: str) -> str:
    """Dress a text as boards send it: paragraphs, lists and escapes."""
    words = text.split()
    parts = (" ".join(words[i : i + 30]) for i in range(0, len(words), 30))
    return "<div class='job'>" + "".join(f"<li><b>{p}</b>&nbsp;</li>" for p in parts) + "</div>"


def naive_cleaner() -> Callable[[str], str]:
    """Return the usual chain: one library a step, no memory."""
    missing = [
        package
        for package, module in (("beautifulsoup4", "bs4"), ("contractions", "contractions"))
        if importlib.util.find_spec(module) is None
    ]
    if missing:
        sys.exit(f"the chain to compare with is missing; pip install {' '.join(missing)}")
    import contractions
    from bs4 import BeautifulSoup
    from nltk.stem.snowball import SnowballStemmer
    from nltk.tokenize import NLTKWordTokenizer

    tokenize, stem = NLTKWordTokenizer().tokenize, SnowballStemmer("english").stem
    no_punctuation = str.maketrans("", "", string.punctuation)

    def clean(document: str) -> str:
        text = BeautifulSoup(document, "html.parser").get_text(" ")
        text = contractions.fix(text).lower()
        words = [w.translate(no_punctuation) for w in tokenize(text)]
        return " ".join(
            stem(w) for w in words if w and not w.isdigit() and w not in ENGLISH_STOP_WORDS
        )

    return clean


def naive_counts() -> Callable[[str], list[float]]:
    """Return the original's counts: a list comprehension or a tagging for each column."""
    from textblob.taggers import PatternTagger

    tagger = PatternTagger()
    families = (
        ["NN", "NNS", "NNP", "NNPS"],
        ["PRP", "PRP$", "WP", "WP$"],
        ["VB", "VBD", "VBG", "VBN", "VBP", "VBZ"],
        ["JJ", "JJR", "JJS"],
        ["RB", "RBR", "RBS", "WRB"],
    )

    def count(text: str) -> list[float]:
        statistics = [
            len(text),
            len(text.split()),
            len(text) / (len(text.split()) + 1),
            len("".join(c for c in text if c in string.punctuation)),
            len([w for w in text.split() if w.isupper()]),
            len([w for w in text.split() if w.lower() in ENGLISH_STOP_WORDS]),
        ]
        for tags in families:
            statistics.append(sum(tag in tags for _, tag in tagger.tag(text)))
        return statistics

    return count


def rate(function: Callable[[list[str]], object], documents: list[str], repeats: int = 1) -> float:
    """Return documents a second, the best of some repeats."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(documents)
        times.append(time.perf_counter() - start)
    return len(documents) / min(times)


def counted(documents: list[str]) -> None:
    """Take all counts of ours."""
    TextStatistics().fit_transform(documents)
    POSFeatures().fit_transform(documents)


def measure_cleaning(documents: list[str], label: str) -> None:
    """Print one line on the cleaner."""
    clean = naive_cleaner()
    cleaner = StemmingCleaner()
    clean("imports")
    cold = rate(cleaner.transform, documents)
    warm = rate(cleaner.transform, documents, 3)
    naive = rate(lambda texts: [clean(t) for t in texts], documents[:N_NAIVE])
    report(f"clean and stem, {label}", naive, cold, warm)


def measure_counting(documents: list[str]) -> None:
    """Print the lines on statistics and parts of speech."""
    count = naive_counts()
    count("Imports come first.")
    cold = rate(counted, documents)
    warm = rate(counted, documents, 3)
    naive = rate(lambda texts: [count(t) for t in texts], documents[: N_NAIVE // 3])
    report("statistics and parts of speech", naive, cold, warm)
    for label, step in (("statistics", TextStatistics()), ("parts of speech", POSFeatures())):
        step.fit([])
        alone = rate(step.transform, documents, 3)
        print(f"{f'  {label} alone':38}{'':>20}{alone:10,.0f}")


def report(label: str, naive: float, cold: float, warm: float) -> None:
    """Print postings a second and how many times the chain's that is."""
    print(
        f"{label:38}{naive:10,.0f}{cold:10,.0f}{warm:10,.0f}"
        f"{cold / naive:9.1f} x{warm / naive:9.1f} x",
        flush=True,
    )


def main() -> None:
    """Run each part in a process of its own, so that cold is cold."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    size = int(sys.argv[2]) if len(sys.argv) > 2 else None
    part = sys.argv[3] if len(sys.argv) > 3 else None
    if part is None:
        documents = load(path)[:size]
        words = sum(len(document.split()) for document in documents)
        print(f"{path.name}: {len(documents):,} postings, {words:,} words")
        heads = f"{'chain':>10}{'cold':>10}{'warm':>10}{'cold':>11}{'warm':>11}"
        print(f"{'postings a second':38}{heads}")
        sys.stdout.flush()
        for name in ("text", "html", "counts"):
            arguments = [str(path), str(len(documents)), name]
            subprocess.run([sys.executable, "-m", "benchmarks.text", *arguments], check=True)
        return
    documents = load(path)[:size]
    if part == "counts":
        measure_counting(documents)
    elif part == "html":
        measure_cleaning(list(map(as_html, documents)), "HTML")
    else:
        measure_cleaning(documents, "plain text")


if __name__ == "__main__":
    main()
