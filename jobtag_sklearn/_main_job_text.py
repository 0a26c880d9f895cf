"""What the main job says on the terminal."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jobtag_sklearn.datasets._sql import without_secrets
from jobtag_sklearn.utils._tags import names_of_tags

TAG_SEPARATOR = " | "

#: What a terminal obeys instead of showing it, or cannot show.
_COMMANDS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_N_STEPS = 5
_SCORE_NAMES = {
    "f1_micro": "micro F1",
    "f1_macro": "macro F1",
    "f1_samples": "samples F1",
    "subset_accuracy": "subset accuracy",
    "label_ranking_average_precision": "label ranking average precision",
    "hamming_accuracy": "single decisions that are right",
}
_REPORT_NAMES = {
    "support": "true",
    "predicted": "given",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "accuracy": "right",
    "majority_accuracy": "majority",
}
_FILES = {
    "model.pickle": "the trained model",
    "scores.csv": "the scores, beside those of the majority answer",
    "tag_report.csv": "the line for each tag, with more columns",
    "predictions.csv": "each test posting with true tags, predicted tags and probabilities",
    "job_postings.sqlite": "the generated postings, table job_postings",
}


def heading(step: int, title: str) -> str:
    """Write the heading of a step."""
    return f"\n[{step}/{_N_STEPS}] {title}\n"


def collected(jobs: pd.DataFrame, tags: pd.DataFrame, source: str | None, database: Path) -> str:
    """Write where how many postings came from."""
    if source is None:
        origin = f"generated, written to {database} and read from there"
    else:
        origin = f"from {shown_source(source)}"
    n_tagged = int((tags == 1).any(axis=1).sum())
    lines = [
        f"{counted(len(jobs), 'posting')} {origin}",
        f"{counted(tags.shape[1], 'tag')}; {counted(n_tagged, 'posting')} with at least one, "
        f"{float(tags.to_numpy().sum()) / max(n_tagged, 1):.1f} on average",
    ]
    empty = (jobs[["job_title", "job_description"]].map(str.strip) == "").any(axis=1).sum()
    if empty:
        lines.append(f"{counted(empty, 'posting')} without a title or a description")
    return _prose(lines)


def divided(n_train: int, n_test: int, how: str) -> str:
    """Write how the postings were divided."""
    return _prose([f"{n_train:,} postings to train on, {n_test:,} to test on, {how}"])


def left_out(tags: pd.Series, n_kept: int, min_examples: int) -> str:
    """Write which tags are not learnt."""
    lines = [f"{counted(n_kept, 'tag')} to learn"]
    if len(tags):
        names = [f"{name} ({count})" for name, count in tags.head(5).items()]
        more = f" and {len(tags) - 5:,} more" if len(tags) > 5 else ""
        lines.append(
            f"{counted(len(tags), 'tag')} left out, with fewer than {min_examples} postings to "
            f"train on: {', '.join(names)}{more}"
        )
    return _prose(lines)


def training() -> str:
    """Write what is about to be trained."""
    return _prose(
        [
            "A linear model learns scores of tags, an autoencoder learns codes of texts, and a "
            "network learns from both what the scores miss"
        ]
    )


def autoencoder(losses: Sequence[float], explained: float) -> str:
    """Write how well the autoencoder reconstructs its training rows."""
    return _prose(
        [
            f"Autoencoder: loss {losses[0]:.3f} in the first epoch, {losses[-1]:.3f} in the last; "
            f"it explains {explained:.1%} of the training rows"
        ]
    )


def trained(share: float, seconds: float) -> str:
    """Write how much of the network is used and how long the training took."""
    if share:
        use = f"{share:.2f} of what the network learnt is added to the scores"
    else:
        use = "what the network learnt does not help on held-out rows and is left out"
    return _prose([f"Network: {use}", f"Trained in {_duration(seconds)}"])


def report(scores: pd.DataFrame, tags: pd.DataFrame, n_test: int) -> str:
    """Write the scores of all tags together and a line for each tag."""
    rows = [["", "model", "majority answer"]]
    for name, row in scores.iterrows():
        rows.append([_SCORE_NAMES[str(name)], *(_number(value) for value in row)])
    lines = [
        f"On {counted(n_test, 'test posting')}; the majority answer is the same for each of them",
        "",
    ]
    lines += table(rows, first=34)

    rows = [["tag", *_REPORT_NAMES.values()]]
    for name, row in tags[list(_REPORT_NAMES)].iterrows():
        rows.append([str(name), *(_number(row[column]) for column in _REPORT_NAMES)])
        rows[-1][1:3] = [f"{int(row[column]):,}" for column in ("support", "predicted")]
    others = sum(_width(column) + 2 for column in list(zip(*rows, strict=True))[1:])
    space = _terminal_width() - others - 4
    lines += ["", *table(rows, first=max(20, space))]
    lines += [
        "",
        "true, given: postings that have the tag and that were given it; right, majority: share",
        "of postings for which the model and the majority answer are right about the tag",
    ]
    return _indented(lines)


def tagged(jobs: pd.DataFrame, predicted: Sequence[Iterable[Any]], true: pd.Series) -> str:
    """Write the tags that new postings were given, and their own."""
    width = _terminal_width() - 14
    lines = ["With the saved model, postings that it has not seen:"]
    for (job, title), tags in zip(jobs["job_title"].items(), predicted, strict=True):
        lines += [
            "",
            _shortened(" ".join(str(title).split()) or "(no title)", width + 10),
            f"  predicted {_shortened(TAG_SEPARATOR.join(map(str, tags)) or '(none)', width)}",
            f"  true      {_shortened(str(true.loc[job]) or '(none)', width)}",
        ]
    return _indented(lines)


def farewell(output: Path, files: Sequence[str], model: Path, seconds: float) -> str:
    """Write where everything is and how to use it."""
    width = _width(files)
    lines = [
        "",
        f"Done in {_duration(seconds)}. Everything is in {output.resolve()}:",
        *(f"  {name:{width}}  {_FILES[name]}" for name in files),
        "",
        "To tag postings from Python, where jobs is a DataFrame with the columns job_title and",
        "job_description:",
        "",
        "  import pickle",
        f"  model = pickle.load(open({str(model.resolve())!r}, 'rb'))",
        "  model.predict_tags(jobs)",
    ]
    return "\n".join(lines) + "\n"


def joined_tags(given: Any, names: Sequence[Any]) -> list[str]:
    """Write the tags of each row of an indicator matrix as one text."""
    return [TAG_SEPARATOR.join(map(str, tags)) for tags in names_of_tags(given, names)]


def shown_source(source: str) -> str:
    """Write a path as it is, a URL without password and options."""
    return without_secrets(source.partition("?")[0]) if "://" in source else source


def table(rows: list[list[str]], first: int) -> list[str]:
    """Align columns: the first to the left and cut at a width, the others to the right."""
    columns = list(zip(*rows, strict=True))
    widths = [min(_width(columns[0]), first), *map(_width, columns[1:])]
    return [
        "  ".join(
            f"{_shortened(cell, width):{width}}" if not place else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _width(texts: Iterable[str]) -> int:
    return max(map(len, texts), default=0)


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


def counted(number: int, what: str) -> str:
    """Write a number with what it counts."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 3, 1)].rstrip() + "..."


def _prose(lines: Iterable[str]) -> str:
    """Write sentences, broken where the terminal ends."""
    width = _terminal_width() - 2
    broken = (textwrap.wrap(line, width, subsequent_indent="  ") for line in lines)
    return _indented(part for parts in broken for part in parts)


def _terminal_width() -> int:
    return shutil.get_terminal_size((100, 24)).columns


def _indented(lines: Iterable[str]) -> str:
    shown = (_COMMANDS.sub("\ufffd", line) for line in lines)
    return "".join(f"  {line}".rstrip() + "\n" for line in shown)
