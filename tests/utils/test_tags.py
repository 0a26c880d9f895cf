"""One place validates tags."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from jobtag_sklearn.utils._tags import (
    check_same_index,
    check_tags,
    in_order_of,
    warn_of_constant_tags,
)

TABLE = pd.DataFrame({"Nursing": [1, 0, 0, 1], "Sales": [0, 0, 1, 1]}, index=[4711, 12, 7, 3])


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t,
        lambda t: t.astype(bool),
        lambda t: t.astype("boolean"),
        lambda t: t.astype("Int64"),
        lambda t: t.astype("Float32"),
        lambda t: t.astype(np.float16),
        lambda t: t.astype(np.uint8),
        lambda t: t.astype(object),
        lambda t: t.astype(bool).astype(object),
        lambda t: t.astype("category"),
        lambda t: t.astype(pd.SparseDtype(int, 0)),
    ],
)
def test_table(change):
    tags = check_tags(change(TABLE))
    assert tags.kind == "multilabel"
    assert tags.classes.tolist() == ["Nursing", "Sales"]
    assert tags.indicators.dtype == np.float32
    assert tags.indicators.tolist() == TABLE.to_numpy().tolist()
    assert tags.known.all()


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA])
def test_missing_values_are_unknown(missing):
    table = TABLE.astype(object)
    table.iloc[1] = missing
    table.iloc[2, 0] = missing
    for given_tags in (table, table.to_numpy()):
        tags = check_tags(given_tags)
        expected = TABLE.to_numpy(dtype=float, copy=True)
        expected[1], expected[2, 0] = np.nan, np.nan
        np.testing.assert_array_equal(tags.indicators, expected)
        assert tags.known.tolist() == [True, False, True, True]
    true = TABLE.astype(bool).astype(object)
    true.iloc[1] = missing
    np.testing.assert_array_equal(
        check_tags(true).indicators[[0, 2, 3]], TABLE.to_numpy()[[0, 2, 3]]
    )


@pytest.mark.parametrize(
    "bad", [2, -1, 0.5, "1", "yes", b"1", 1j, np.inf, (1,), pd.Timestamp("2024-01-01")], ids=repr
)
def test_other_values_are_named_with_row_and_tag(bad):
    table = TABLE.astype(object)
    table.iloc[:, 1] = pd.Series([0, 0, bad, 1], index=table.index, dtype=object)
    message = r"^tag 'Sales' of row 7 is .*{}.*; a tag must be 0, 1, or missing"
    shown = re.escape(str(bad)) if isinstance(bad, str | int | float) else ""
    with pytest.raises(ValueError, match=message.format(shown)):
        check_tags(table)
    with pytest.raises(ValueError, match=r"^tag '1' of row 2 is"):
        check_tags(table.to_numpy())


def test_value_in_the_message_is_as_people_write_it():
    with pytest.raises(ValueError, match=r"^tag 'Sales' of row 7 is 2; "):
        check_tags(TABLE.replace({"Sales": {1: 2}}))


def test_columns_are_matched_by_name():
    known = np.array(["Cooking", "Sales", "Nursing"])
    tags = check_tags(TABLE, classes=known, kind="multilabel")
    assert tags.classes.tolist() == known.tolist()
    assert tags.indicators.tolist() == [[0, 0, 1], [0, 0, 0], [0, 1, 0], [0, 1, 1]]
    with pytest.raises(ValueError, match=r"unknown tags.*\['Sales'\].*knows \['Nursing'\]"):
        check_tags(TABLE, classes=np.array(["Nursing"]), kind="multilabel")
    many = pd.DataFrame(0, index=[0], columns=[f"tag {i}" for i in range(500)])
    with pytest.raises(ValueError, match="and 480 more") as error:
        check_tags(many, classes=np.array(["other"]), kind="multilabel")
    assert len(str(error.value)) < 1000


def test_only_columns_of_the_very_tags_are_put_in_order():
    names = ["Sales", "Nursing"]
    assert list(in_order_of(TABLE, names).columns) == names
    for other in (TABLE.assign(Cooking=0), TABLE[["Sales"]], TABLE.to_numpy()):
        assert in_order_of(other, names) is other


def test_bad_tables():
    with pytest.raises(ValueError, match="'a' has more than one column"):
        check_tags(TABLE.set_axis(["a", "a"], axis=1))
    with pytest.raises(ValueError, match="no column"):
        check_tags(TABLE[[]])
    with pytest.raises(ValueError, match="no column"):
        check_tags(np.zeros((3, 0)))
    with pytest.raises(ValueError, match=r"MultiLabelBinarizer"):
        check_tags([["Sales"], [], ["Sales", "Nursing"]])
    with pytest.raises(ValueError, match="one or two dimensions"):
        check_tags(np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="y"):
        check_tags(None)


def test_lists_of_tag_names_point_to_the_binarizer():
    """Of equal length they look like a table of text."""
    with pytest.raises(ValueError, match=r"MultiLabelBinarizer|tag '0' of row 0 is 'Sales'"):
        check_tags([["Sales", "Nursing"], ["Cooking", "Sales"]])


def test_labels():
    tags = check_tags(["b", "a", "c", "a"])
    assert (tags.kind, tags.classes.tolist()) == ("multiclass", ["a", "b", "c"])
    assert tags.indicators.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 0, 0]]
    tags = check_tags(pd.Series([True, False, True]))
    assert (tags.kind, tags.classes.tolist()) == ("binary", [False, True])
    assert tags.indicators.tolist() == [[1], [0], [1]]
    with pytest.warns(UserWarning, match="column-vector"):
        assert check_tags(np.array([["x"], ["y"]])).kind == "binary"
    with pytest.raises(ValueError, match="one class only, 'a'"):
        check_tags(["a", "a"])
    with pytest.raises(ValueError, match="NaN"):
        check_tags([1.0, np.nan, 0.0])
    with pytest.raises(ValueError, match="Unknown label type"):
        check_tags([0.5, 1.5])
    with pytest.raises(ValueError, match="unknown tags or classes"):
        check_tags(["a", "d"], classes=np.array(["a", "b"]), kind="binary")


@pytest.mark.parametrize("classes", [["c", "a", "b"], ["b", "a"], [30, 4, 100], ["a", "b", "c"]])
def test_labels_with_known_classes_in_any_order(classes):
    tags = check_tags(np.array([classes[0], classes[1]]), classes=np.array(classes))
    column = tags.classes.tolist().index
    if tags.kind == "binary":
        expected = [[float(column(name))] for name in classes[:2]]
    else:
        expected = [[float(column(name) == i) for i in range(3)] for name in classes[:2]]
    assert tags.indicators.tolist() == expected
    assert sorted(tags.classes.tolist()) == sorted(classes)


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
def test_sparse(container):
    tags = check_tags(container(TABLE.to_numpy()))
    assert tags.indicators.tolist() == TABLE.to_numpy().tolist()
    with pytest.raises(ValueError, match=r"y has 2 tags, but .* 3"):
        check_tags(container(TABLE.to_numpy()), classes=np.arange(3), kind="multilabel")


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.lists(st.sampled_from([0, 1, np.nan]), min_size=2, max_size=2), min_size=1, max_size=8
    )
)
def test_any_table(rows):
    array = np.array(rows, dtype=float)
    as_table = check_tags(pd.DataFrame(array, columns=["x", "y"]))
    np.testing.assert_array_equal(as_table.indicators, array)
    np.testing.assert_array_equal(check_tags(array).indicators, array)
    np.testing.assert_array_equal(as_table.known, (~np.isnan(array)).any(axis=1))


def test_input_is_left_as_it_was():
    table, classes = TABLE.copy(), np.array(["Sales", "Nursing"])
    tags = check_tags(table, classes=classes, kind="multilabel")
    tags.indicators[:] = 5
    array = TABLE.to_numpy(dtype=np.float32)
    check_tags(array).indicators[:] = 5
    pd.testing.assert_frame_equal(table, TABLE)
    assert array.tolist() == TABLE.to_numpy().tolist()


# ---------------------------------------------------------------- the same rows


def test_equal_indexes_pass():
    check_same_index(TABLE, TABLE)
    check_same_index(TABLE, TABLE["Sales"])
    check_same_index(TABLE, TABLE.to_numpy())
    check_same_index(["a"] * 4, TABLE)
    check_same_index(TABLE.to_numpy(), TABLE.to_numpy().tolist())
    check_same_index(TABLE.set_axis([1.0, 2, 3, 4]), TABLE.set_axis([1, 2, 3, 4]))
    pairs = pd.MultiIndex.from_product([["a", "b"], [1, 2]])
    check_same_index(TABLE.set_axis(pairs), TABLE.set_axis(pairs))


@pytest.mark.parametrize(
    ("jobs", "tags", "message"),
    [
        ([1, 2, 3], [1, 2, 4], "row 2 is job 3 in jobs and 4 in tags"),
        ([1, 2, 3], [1, 3, 2], "row 1 is job 2 in jobs and 3 in tags"),
        (["a", "b"], ["a", "c"], "row 1 is job 'b' in jobs and 'c' in tags"),
        ([1, 2], ["1", "2"], "row 0 is job 1 in jobs and '1' in tags"),
        ([1, 2, 3], [1, 2], "3 jobs but 2 rows of tags"),
        ([np.nan, 1.0, 2.0], [np.nan, 1.0, 3.0], "row 2 is job 2.0 in jobs and 3.0 in tags"),
        (pd.MultiIndex.from_tuples([(1, 2), (3, 4)]), [1, 3], "row 0"),
        (
            pd.MultiIndex.from_tuples([(1, 2), (3, 4)]),
            pd.MultiIndex.from_tuples([(1, 2), (3, 5)]),
            r"row 1 is job \(3, 4\) in jobs and \(3, 5\)",
        ),
        (pd.CategoricalIndex(["a", "b"]), pd.CategoricalIndex(["b", "a"]), "row 0 is job 'a'"),
    ],
    ids=str,
)
def test_first_difference_is_named(jobs, tags, message):
    jobs, tags = pd.DataFrame(index=jobs), pd.DataFrame(index=tags)
    with pytest.raises(ValueError, match=message) as error:
        check_same_index(jobs, tags)
    assert "tags.loc[jobs.index]" in str(error.value)


# ---------------------------------------------------------------- constant tags


def test_constant_tags_are_named():
    table = TABLE.assign(none=0, every=1, unknown=np.nan)
    with pytest.warns(UserWarning, match=r"3 tag\(s\).*: 'none', 'every', 'unknown'; leave"):
        warn_of_constant_tags(check_tags(table))
    wide = pd.DataFrame(0, index=[0, 1], columns=range(9))
    with pytest.warns(UserWarning, match=r"9 tag\(s\).*: 0, 1, 2, 3, 4 and 4 more"):
        warn_of_constant_tags(check_tags(wide))
    warn_of_constant_tags(check_tags(TABLE))
    warn_of_constant_tags(check_tags(["a", "b"]))
