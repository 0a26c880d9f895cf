"""Checks for transformers of raw text, where scikit-learn has only one.

``yield_text_checks(estimator)`` gives pairs for ``pytest.mark.parametrize``. Each check takes an
unfitted transformer whose ``transform`` gives one row for each document.
"""

import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

DOCUMENTS = [
    "<p>We&#39;re hiring <b>C++</b> developers; U.S. citizens only!</p>",
    "",
    "Plumber. She quickly repairs old boilers and doesn\u2019t mind 24/7 shifts.",
    "   ",
    "ÉLECTRICIEN à Zürich 電気技師 электрик",
    "Plumber. She quickly repairs old boilers and doesn\u2019t mind 24/7 shifts.",
]
NAMES = pd.Index(["a", "b", "c", "d", "e", "f"], name="job_id")


def _text(documents: Any = None, **kwargs: Any) -> pd.Series:
    kwargs = {"index": NAMES, "name": "job_description"} | kwargs
    return pd.Series(DOCUMENTS if documents is None else documents, **kwargs)


def _values(output: Any) -> np.ndarray:
    return output.toarray() if hasattr(output, "toarray") else np.asarray(output)


def _assert_equal(left: Any, right: Any) -> None:
    left, right = _values(left), _values(right)
    assert left.shape == right.shape
    assert (left == right).all()


def check_one_row_a_document(transformer: Any) -> None:
    output = _values(transformer.fit_transform(DOCUMENTS))
    assert len(output) == len(DOCUMENTS)
    for document, row in zip(DOCUMENTS, output, strict=True):
        _assert_equal(transformer.transform([document]), np.asarray([row]))


def check_order_is_kept(transformer: Any) -> None:
    output = _values(transformer.fit_transform(DOCUMENTS))
    _assert_equal(transformer.transform(DOCUMENTS[::-1]), output[::-1])


def check_containers_agree(transformer: Any) -> None:
    expected = transformer.fit_transform(DOCUMENTS)
    column = np.array(DOCUMENTS, dtype=object)
    for container in (
        tuple(DOCUMENTS),
        (document for document in DOCUMENTS),
        column,
        np.array(DOCUMENTS),
        column.reshape(-1, 1),
        _text(),
        _text(dtype=object),
        _text(dtype="string"),
        _text(dtype="category"),
        _text().to_frame(),
    ):
        _assert_equal(transformer.transform(container), expected)


def check_array_output_has_no_surprises(transformer: Any) -> None:
    output = transformer.fit_transform(DOCUMENTS)
    assert isinstance(output, np.ndarray)
    assert output.dtype in (np.dtype(object), np.float64)
    if output.dtype == np.float64:
        assert np.isfinite(output).all()
        assert (output >= 0).all()


def check_index_is_kept_by_set_output(transformer: Any) -> None:
    transformer.set_output(transform="pandas")
    for jobs in (_text(), _text().to_frame(), _text(index=[4, 4, 2, 1, 0, 9])):
        output = transformer.fit_transform(jobs)
        assert isinstance(output, pd.DataFrame | pd.Series)
        assert output.index.equals(jobs.index)
        if isinstance(output, pd.DataFrame):
            assert list(output.columns) == list(transformer.get_feature_names_out())
    assert len(transformer.transform(DOCUMENTS)) == len(DOCUMENTS)
    assert clone(transformer).fit(DOCUMENTS).transform(_text()).index.equals(NAMES)


def check_feature_names_out(transformer: Any) -> None:
    output = _values(transformer.fit_transform(DOCUMENTS))
    names = transformer.get_feature_names_out()
    assert names.dtype == object
    assert len(names) == len(set(names)) == (output.shape[1] if output.ndim == 2 else 1)


def check_clone(transformer: Any) -> None:
    expected = transformer.fit_transform(DOCUMENTS)
    copy = clone(transformer)
    assert copy.get_params() == transformer.get_params()
    _assert_equal(copy.fit_transform(DOCUMENTS), expected)
    clone(transformer.set_params(n_jobs=1))


def check_parameters_are_only_stored(transformer: Any) -> None:
    fitted = clone(transformer).fit(DOCUMENTS)
    before = dict(vars(fitted))
    fitted.transform(DOCUMENTS)
    assert vars(fitted) == before
    new = {key for key in before if key not in vars(transformer)}
    assert all(key.endswith("_") for key in new)


def check_pickle_loads_in_a_fresh_process(transformer: Any) -> None:
    expected = transformer.fit_transform(DOCUMENTS)
    transformer.transform([f"word{i}" for i in range(5_000)])
    dumped = pickle.dumps((transformer, DOCUMENTS, _values(expected)))
    assert len(dumped) < 20_000, "what is remembered of words must not be pickled"
    program = """
        import pickle, sys
        transformer, documents, expected = pickle.load(sys.stdin.buffer)
        assert (transformer.transform(documents) == expected).all()
    """
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)], input=dumped, check=True
    )


def check_fitting_again_forgets(transformer: Any) -> None:
    transformer.fit(["Something else entirely."])
    _assert_equal(
        transformer.fit(DOCUMENTS).transform(DOCUMENTS),
        clone(transformer).fit_transform(DOCUMENTS),
    )


def check_stateless_or_not_fitted(transformer: Any) -> None:
    if get_tags(transformer).requires_fit:
        with pytest.raises(NotFittedError):
            transformer.transform(DOCUMENTS)
    else:
        output = transformer.transform(DOCUMENTS)
        _assert_equal(output, clone(transformer).fit(["x"]).transform(DOCUMENTS))


def check_tags(transformer: Any) -> None:
    tags = get_tags(transformer)
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.transformer_tags is not None


def check_bad_entries_are_named(transformer: Any) -> None:
    transformer.fit(DOCUMENTS)
    before = transformer.transform(DOCUMENTS)
    for bad, shown in (
        (None, "None"),
        (float("nan"), r"a float \(nan\)"),
        (pd.NA, "NA"),
        (b"bytes", r"a bytes \(b'bytes'\)"),
        (7, r"an int \(7\)"),
        (["nested"], "a list"),
        (list(range(1000)), r"a list \(\[0, 1, 2, .{25,30}\.\.\.\)"),
    ):
        documents = [*DOCUMENTS[:2], bad, "after"]
        for method in (transformer.transform, clone(transformer).fit):
            with pytest.raises(
                ValueError, match=rf"^document 2 is .*{shown}.*; pass text or drop"
            ):
                method(documents)
        column = np.empty(4, dtype=object)
        column[:] = documents
        jobs = pd.Series(column, index=[1, 5, 4711, 9], name="job_title", dtype=object)
        for X in (jobs, jobs.to_frame()):
            with pytest.raises(ValueError, match=rf"^job_title of job 4711 is .*{shown}"):
                transformer.transform(X)
    _assert_equal(transformer.transform(DOCUMENTS), before)


def check_bad_containers_are_refused(transformer: Any) -> None:
    transformer.fit(DOCUMENTS)
    who = type(transformer).__name__
    frame = pd.DataFrame({"job_title": DOCUMENTS, "job_description": DOCUMENTS})
    for bad, message in (
        ("one string", "single str"),
        (b"bytes", "single bytes"),
        (None, "NoneType"),
        (5, "an int"),
        ({"a": "b"}, "a dict"),
        ({"a", "b"}, "a set"),
        (np.array("zero dimensions"), "ndarray"),
        (np.array([DOCUMENTS, DOCUMENTS]), r"array of shape \(2, 6\)"),
        (frame, r"got 2 columns \('job_title', 'job_description'\).*X\['job_title'\]"),
    ):
        with pytest.raises(ValueError, match=f"^{who} expects .*{message}"):
            transformer.transform(bad)
    with pytest.raises(ValueError, match=r"document 0 is a float \(1\.0\)"):
        transformer.transform(np.ones(3))


def check_empty_input(transformer: Any) -> None:
    width = _values(transformer.fit_transform(["", " "])).shape[1:]
    for empty in ([], (), np.array([], dtype=object), _text([], index=[], dtype=object)):
        output = transformer.fit(empty).transform(empty)
        assert _values(output).shape == (0, *width)


def check_input_is_unchanged(transformer: Any) -> None:
    documents, column, jobs = list(DOCUMENTS), np.array(DOCUMENTS, dtype=object), _text()
    for X in (documents, column, jobs):
        transformer.fit_transform(X)
    assert documents == DOCUMENTS
    assert column.tolist() == DOCUMENTS
    pd.testing.assert_series_equal(jobs, _text())


def check_n_jobs_changes_nothing(transformer: Any) -> None:
    documents = [f"{document} {i}" for i in range(400) for document in DOCUMENTS]
    expected = transformer.fit_transform(documents)
    _assert_equal(transformer.set_params(n_jobs=2).fit_transform(documents), expected)


def check_any_unicode(transformer: Any) -> None:
    characters = map(chr, [*range(0x3000), *range(0xD7F0, 0xE010), *range(0xFF00, 0x1F700, 7)])
    everything = "".join(characters)
    documents = [
        everything,
        " ".join(everything),
        "lone \ud800 surrogate\udfff",
        "\x00\x01\x1a",
        "e\u0301 \u200b\xad\ufeff\u202e",
        "<p" + everything,
        "&" + everything + ";",
    ]
    output = _values(transformer.fit_transform(documents))
    assert len(output) == len(documents)
    if output.dtype == object:
        for text in output:
            text.encode()  # a vectorizer hashes bytes: no lone surrogates may be left


def yield_text_checks(estimator: Any) -> Iterator[tuple[Any, Callable[[Any], None]]]:
    """Yield a fresh copy of the estimator with each of the checks of this module."""
    for name, check in sorted(globals().items()):
        if name.startswith("check_"):
            yield pytest.param(clone(estimator), check, id=f"{type(estimator).__name__}-{name}")
