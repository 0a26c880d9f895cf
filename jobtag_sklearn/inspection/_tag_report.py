"""How right predicted tags are, beside the answer that reads no text."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import average_precision_score, label_ranking_average_precision_score

from jobtag_sklearn.utils._counts import share
from jobtag_sklearn.utils._tags import check_tags

_Floats = npt.NDArray[np.float64]


def tag_report(
    y_true: Any,
    y_pred: Any,
    *,
    classes: Any = None,
    y_score: Any = None,
    threshold: Any = None,
) -> pd.DataFrame:
    """Report how right predicted tags are, one row a tag, the most frequent tag first.

    Parameters
    ----------
    y_true : DataFrame or array-like of shape (n_jobs, n_tags)
        True tags as 0/1, NaN where unknown. What is unknown counts nowhere in the tag's row.
    y_pred : DataFrame or array-like of shape (n_jobs, n_tags)
        Predicted tags as 0/1. The columns of a DataFrame are matched by name to those of
        `y_true`, where both have names.
    classes : array-like of shape (n_tags,), default=None
        Names of the tags, such as ``model.classes_``. By default the columns of the
        DataFrame among `y_true` and `y_pred`, else positions.
    y_score : DataFrame or array-like of shape (n_jobs, n_tags), default=None
        Probabilities or other scores of the tags, higher for likelier ones.
    threshold : float or array-like of shape (n_tags,), default=None
        Score from which on a tag was given, for the table's reader: one for all, or one a
        tag in the order of `classes`.

    Returns
    -------
    report : DataFrame of shape (n_tags, 7 to 9)
        Indexed by ``tag``, with the columns

        - ``support``: jobs that have the tag;
        - ``predicted``: jobs that were given it;
        - ``precision``: share of those given it that have it, 0 where none was given it;
        - ``recall``: share of those that have it that were given it, 0 where none has it;
        - ``f1``: harmonic mean of the two, 0 where no job has it or was given it;
        - ``accuracy``: share of jobs for which yes or no was right;
        - ``majority_accuracy``: the same for the majority answer, which is whichever of yes
          and no is right more often for these jobs;
        - ``average_precision``: area under the curve of precision over recall, only with
          `y_score`; NaN where no job has the tag;
        - ``threshold``: only if it was passed.

        Tags of equal support are sorted by name. Shares are NaN where a tag is unknown for
        every job.

    Raises
    ------
    ValueError
        If shapes, names or indexes differ, or a value is neither 0 nor 1 (nor, in `y_true`,
        missing).

    See Also
    --------
    tag_scores : One figure for all tags together.

    Notes
    -----
    The accuracy of a rare tag says little: of 100 jobs of which 5 have a tag, the majority
    answer "no" is right for 95.

    Examples
    --------
    >>> import pandas as pd
    >>> from jobtag_sklearn.inspection import tag_report
    >>> y_true = pd.DataFrame({"Health": [1, 1, 0, 1], "Law": [0, 0, 1, None]})
    >>> report = tag_report(y_true, [[1, 0], [0, 0], [0, 1], [1, 1]])
    >>> report[["support", "predicted", "precision", "recall", "accuracy"]]
            support  predicted  precision    recall  accuracy
    tag
    Health        3          2        1.0  0.666667      0.75
    Law           1          1        1.0  1.000000      1.00
    """
    answers = _check_answers(y_true, y_pred, y_score, classes)
    n_known = answers.known.sum(axis=0)
    support = answers.true.sum(axis=0)
    predicted = answers.given.sum(axis=0)
    right = (answers.true & answers.given).sum(axis=0)
    agreed = (answers.known & (answers.true == answers.given)).sum(axis=0)
    columns: dict[str, Any] = {
        "support": support,
        "predicted": predicted,
        "precision": share(right, predicted),
        "recall": share(right, support),
        "f1": share(2 * right, predicted + support),
        "accuracy": share(agreed, n_known, of_nothing=np.nan),
        "majority_accuracy": share(
            np.maximum(support, n_known - support), n_known, of_nothing=np.nan
        ),
    }
    if answers.scores is not None:
        columns["average_precision"] = [
            average_precision_score(answers.true[known, tag], answers.scores[known, tag])
            if support[tag]
            else np.nan
            for tag, known in enumerate(answers.known.T)
        ]
    if threshold is not None:
        columns["threshold"] = _check_threshold(threshold, len(support))
    report = pd.DataFrame(columns, index=pd.Index(answers.classes, name="tag"))
    by_name = np.argsort(np.array([str(name) for name in answers.classes]), kind="stable")
    return report.iloc[by_name].sort_values("support", ascending=False, kind="stable")


def tag_scores(y_true: Any, y_pred: Any, y_score: Any = None) -> pd.Series:
    """Score predicted tags, all tags together, beside the majority answer.

    Parameters
    ----------
    y_true : DataFrame or array-like of shape (n_jobs, n_tags)
        True tags as 0/1, NaN where unknown. Jobs without any known tag are left out; a job of
        which some tags are known counts with those in ``f1_micro``, ``f1_macro`` and
        ``hamming_accuracy``, and is left out of what needs all tags of a job.
    y_pred : DataFrame or array-like of shape (n_jobs, n_tags)
        Predicted tags as 0/1. The columns of a DataFrame are matched by name to those of
        `y_true`, where both have names.
    y_score : DataFrame or array-like of shape (n_jobs, n_tags), default=None
        Probabilities or other scores of the tags, higher for likelier ones.

    Returns
    -------
    scores : Series
        From 0 to 1, higher is better:

        - ``f1_micro``: F1 of all yes-or-no decisions in one pot, so that frequent tags
          count more;
        - ``f1_macro``: mean of the tags' F1, so that all tags count the same;
        - ``f1_samples``: mean of the jobs' F1, 0 for a job that neither has nor was given a
          tag;
        - ``subset_accuracy``: share of jobs of which every tag is right;
        - ``label_ranking_average_precision``: how near the top a job's tags are when all are
          ranked by score, only with `y_score`; 1 for a job without tags;
        - ``hamming_accuracy``: share of all decisions that are right;
        - each of these with ``majority_`` before it, for the majority answer: whichever of
          yes and no is right more often for a tag in `y_true`, with how often jobs have the
          tag as its score.

        NaN where no job is known well enough.

    Raises
    ------
    ValueError
        If shapes, names or indexes differ, or a value is neither 0 nor 1 (nor, in `y_true`,
        missing).

    See Also
    --------
    tag_report : Figures for each tag.
    sklearn.metrics.label_ranking_average_precision_score : The ranking's formula.

    Notes
    -----
    Tags are rare, so saying "no" to all of them is right for most decisions. Compare
    ``hamming_accuracy`` with ``majority_hamming_accuracy`` before being glad about it.

    Examples
    --------
    >>> from jobtag_sklearn.inspection import tag_scores
    >>> y_true = [[1, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 0]]
    >>> y_pred = [[1, 0, 0], [0, 1, 1], [0, 1, 0], [0, 0, 0]]
    >>> tag_scores(y_true, y_pred).round(3)
    f1_micro                     0.750
    f1_macro                     0.667
    f1_samples                   0.583
    subset_accuracy              0.500
    hamming_accuracy             0.833
    majority_f1_micro            0.000
    majority_f1_macro            0.000
    majority_f1_samples          0.000
    majority_subset_accuracy     0.250
    majority_hamming_accuracy    0.667
    Name: score, dtype: float64
    """
    answers = _check_answers(y_true, y_pred, y_score, None)
    n_known = answers.known.sum(axis=0)
    often = share(answers.true.sum(axis=0), n_known)
    shape = answers.known.shape
    majority = answers._replace(
        given=np.broadcast_to(often > 0.5, shape) & answers.known,
        scores=None if answers.scores is None else np.broadcast_to(often, shape),
    )
    scores = _scores(answers)
    scores.update({f"majority_{name}": score for name, score in _scores(majority).items()})
    return pd.Series(scores, name="score")


class _Answers(NamedTuple):
    """True and given tags of the same jobs; both are False where the truth is unknown."""

    true: npt.NDArray[np.bool_]
    given: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]
    scores: _Floats | None
    classes: list[Any]


def _scores(answers: _Answers) -> dict[str, float]:
    true, given, known = answers.true, answers.given, answers.known
    right = true & given
    whole = known.all(axis=1)
    scores = {
        "f1_micro": float(share(2 * right.sum(), true.sum() + given.sum())),
        "f1_macro": _mean(_f1(right, true, given, axis=0)[known.any(axis=0)]),
        "f1_samples": _mean(_f1(right, true, given, axis=1)[whole]),
        "subset_accuracy": _mean((true == given).all(axis=1)[whole]),
    }
    if answers.scores is not None:
        scores["label_ranking_average_precision"] = (
            float(label_ranking_average_precision_score(true[whole], answers.scores[whole]))
            if whole.any()
            else np.nan
        )
    scores["hamming_accuracy"] = _mean((true == given)[known])
    return scores


def _f1(right: Any, true: Any, given: Any, *, axis: int) -> _Floats:
    return share(2 * right.sum(axis=axis), true.sum(axis=axis) + given.sum(axis=axis))


def _mean(values: npt.NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else np.nan


def _check_answers(y_true: Any, y_pred: Any, y_score: Any, classes: Any) -> _Answers:
    """Validate tables of the same jobs and tags, and put their columns into one order."""
    names = next(
        (list(table.columns) for table in (y_true, y_pred) if isinstance(table, pd.DataFrame)),
        None,
    )
    truth = _as_indicators(y_true, "y_true", names)
    predicted = _as_indicators(_in_order(y_pred, "y_pred", y_true, names), "y_pred", names)
    _check_shape(predicted, "y_pred", truth)
    if np.isnan(predicted).any():
        row, tag = np.argwhere(np.isnan(predicted))[0]
        where = tag if names is None else repr(names[tag])
        raise ValueError(
            f"y_pred is missing for tag {where} in row {row} (counted from 0); a prediction "
            "must be 0 or 1, only y_true may be unknown"
        )
    known = ~np.isnan(truth)
    scores = None
    if y_score is not None:
        scores = np.asarray(_in_order(y_score, "y_score", y_true, names), dtype=np.float64)
        _check_shape(scores, "y_score", truth)
        if not np.isfinite(scores).all():
            row = int(np.argwhere(~np.isfinite(scores))[0, 0])
            raise ValueError(
                f"y_score of row {row} (counted from 0) is not finite; a score must be a number"
            )
    if classes is not None:
        given_names, names = names, list(classes)
        if len(names) != truth.shape[1]:
            raise ValueError(
                f"classes has {len(names)} names, but y_true has {truth.shape[1]} tags"
            )
        if given_names is not None and names != given_names:
            raise ValueError(
                "classes must be the columns of the tables in their order, but "
                f"{_first_difference(names, given_names)}; leave classes out"
            )
    return _Answers(
        true=truth == 1,
        given=(predicted == 1) & known,
        known=known,
        scores=scores,
        classes=list(range(truth.shape[1])) if names is None else names,
    )


def _as_indicators(table: Any, what: str, names: list[Any] | None) -> npt.NDArray[np.float32]:
    if not isinstance(table, pd.DataFrame) and not hasattr(table, "toarray"):
        table = np.asarray(table)
        if table.ndim != 2:
            raise ValueError(
                f"{what} must have two dimensions, jobs and tags, but it has {table.ndim}; "
                "sklearn.metrics.classification_report is for one label a job"
            )
        if names is not None and len(names) == table.shape[1]:
            # a DataFrame lets the error about a bad value name its tag
            table = pd.DataFrame(table, columns=names)
    try:
        return check_tags(table, kind="multilabel").indicators
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _in_order(table: Any, what: str, y_true: Any, names: list[Any] | None) -> Any:
    """Put the columns of a DataFrame into the order of `y_true`; rows must be the same."""
    if not isinstance(table, pd.DataFrame):
        return table
    if isinstance(y_true, pd.DataFrame) and not table.index.equals(y_true.index):
        if len(table) == len(y_true):
            difference = _first_difference(list(table.index), list(y_true.index))
        else:
            difference = f"there are {len(table)} and {len(y_true)} rows"
        raise ValueError(f"{what} and y_true must have the same index, but {difference}")
    if names is None or list(table.columns) == names:
        return table
    unmatched = set(table.columns) ^ set(names)
    if unmatched or table.columns.has_duplicates:
        shown = sorted(map(str, unmatched or table.columns[table.columns.duplicated()]))[:5]
        raise ValueError(f"{what} and y_true must have the same tags, but they differ in {shown}")
    return table[names]


def _check_shape(table: Any, what: str, truth: Any) -> None:
    if table.shape != truth.shape:
        raise ValueError(
            f"{what} has shape {table.shape}, but y_true has shape {truth.shape}; pass one row "
            "a job and one column a tag in both"
        )


def _check_threshold(threshold: Any, n_tags: int) -> _Floats:
    values = np.asarray(threshold, dtype=np.float64)
    if values.ndim and values.shape != (n_tags,):
        raise ValueError(
            f"threshold has shape {values.shape}, but there are {n_tags} tags; pass one number "
            "or one a tag"
        )
    return np.broadcast_to(values, n_tags)


def _first_difference(found: list[Any], wanted: list[Any]) -> str:
    position = next(
        n for n, pair in enumerate(zip(found, wanted, strict=True)) if pair[0] != pair[1]
    )
    return f"number {position} (counted from 0) is {found[position]!r} and {wanted[position]!r}"
