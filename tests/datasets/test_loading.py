import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.utils.multiclass import type_of_target

from jobtag_sklearn.datasets import load_job_postings, make_job_postings

REAL = Path(__file__).parents[3] / "shared" / "data"
needs_real_data = pytest.mark.skipif(
    not REAL.is_dir(), reason="the folder of real postings, ../shared/data, is absent"
)
NAMES = ["job_id", "job_title", "job_description", "job_tag_name"]


def long_table(*rows, columns=NAMES):
    return pd.DataFrame(list(rows), columns=columns)


def assert_loaded(loaded, expected):
    for frame, right in zip(loaded, expected, strict=True):
        pd.testing.assert_frame_equal(frame, right)


@pytest.mark.parametrize("dtype", [object, "string", "category"])
def test_string_and_category_types(rows, expected, dtype):
    loaded = load_job_postings(rows.astype(dict.fromkeys(NAMES[1:], dtype)))
    assert_loaded(loaded, expected)


def test_pandas_string_ids_and_category_ids(rows):
    for dtype in ("string", object):
        jobs, _ = load_job_postings(rows.assign(job_id=rows["job_id"].astype(str).astype(dtype)))
        assert jobs.index.tolist() == ["9", "4", "7", "5"]
    jobs, _ = load_job_postings(rows.astype({"job_id": "category"}))
    assert jobs.index.dtype == np.int64
    jobs, _ = load_job_postings(rows.astype({"job_id": "Int64"}))
    assert jobs.index.tolist() == [9, 4, 7, 5]


def test_tags_serve_scikit_learn(rows):
    jobs, tags = load_job_postings(rows)
    assert type_of_target(tags) == "multilabel-indicator"
    right = MultiLabelBinarizer().fit_transform([["H", "S"], ["H", "O"], [], []])
    assert tags.dtypes.unique().tolist() == [right.astype(np.int64).dtype]
    many = pd.concat([tags] * 100)
    assert (many.T @ many).loc["Health", "Health"] == 200
    assert jobs.attrs == {"n_dropped": 0}
    assert tags.attrs == {"left_out": {}}


def test_renamed_columns_and_ids_in_the_index(rows, expected):
    other = rows.set_axis(["Ref", "Title", "Text", "index"], axis=1)
    names = {"job_id": "Ref", "job_title": "Title", "job_description": "Text"}
    assert_loaded(load_job_postings(other, **names, job_tag_name="index"), expected)
    indexed = other.set_index("Ref")
    assert_loaded(load_job_postings(indexed, **names, job_tag_name="index"), expected)
    deep = other.set_index(["Ref", "Title"]).rename_axis(index=["Ref", None])
    with pytest.raises(ValueError, match="no column 'Title'"):
        load_job_postings(deep, **names, job_tag_name="index")


def test_other_columns(rows):
    rows = rows.assign(
        split=["a", "b", None, "c", "d", "e", "f"],
        pay=[np.nan, 1, 2, 3, np.nan, 5, 6],
        index=pd.Categorical(list("xyxyxyx")),
        job_title_old=[["not", "hashable"]] * 7,
    )
    jobs, _ = load_job_postings(rows)
    assert jobs.columns.tolist()[2:] == ["split", "pay", "index", "job_title_old"]
    assert jobs["split"].tolist() == ["a", "b", "d", "e"]
    np.testing.assert_array_equal(jobs["pay"], [2, 1, np.nan, 5])
    assert isinstance(jobs["index"].dtype, pd.CategoricalDtype)
    some, _ = load_job_postings(rows, keep_columns=["pay"])
    assert some.columns.tolist() == ["job_title", "job_description", "pay"]
    none, _ = load_job_postings(rows, keep_columns=[])
    assert none.columns.tolist() == ["job_title", "job_description"]
    # The title comes from another column, so the one of the standard name cannot stay.
    renamed, _ = load_job_postings(rows.assign(headline="H"), job_title="headline")
    assert renamed.columns.tolist() == jobs.columns.tolist()
    assert renamed["job_title"].unique().tolist() == ["H"]
    with pytest.raises(ValueError, match="keep_columns names 'job_title'"):
        load_job_postings(rows, job_title="job_description", keep_columns=["job_title"])
    with pytest.raises(ValueError, match=r"keep_columns names 'splt'.*did you mean 'split'"):
        load_job_postings(rows, keep_columns=["splt"])


def test_first_text_that_is_not_empty_wins_and_missing_text_is_empty():
    jobs, _ = load_job_postings(
        long_table(
            (1, None, " ", "a"),
            (1, "First", "Text", "b"),
            (1, "Second", "Other", "c"),
            (2, np.nan, pd.NA, "a"),
        )
    )
    assert jobs["job_title"].tolist() == ["First", ""]
    assert jobs["job_description"].tolist() == ["Text", ""]
    jobs, _ = load_job_postings(long_table((1, np.nan, "d", "x")))
    assert jobs["job_title"].tolist() == [""]


def test_dropping_empty_texts_counts_them(capsys):
    table = long_table(
        (1, "", "d", "a"), (2, "t", "d", "b"), (3, "t", None, "a"), (4, "t", "d", "a"),
        (4, "t", "d", "b"),
    )  # fmt: skip
    kept, _ = load_job_postings(table)
    assert len(kept) == 4
    jobs, tags = load_job_postings(table, empty_text="drop", min_examples=2, verbose=True)
    assert jobs.index.tolist() == tags.index.tolist() == [2, 4]
    assert jobs.attrs["n_dropped"] == 2
    assert tags.to_dict("list") == {"b": [1, 1]}
    assert tags.attrs["left_out"] == {"a": 1}
    assert "dropped 2 postings" in capsys.readouterr().out
    with pytest.raises(ValueError, match="All 1 jobs have an empty"):
        load_job_postings(table[:1], empty_text="drop")


def test_untagged_postings_have_no_tags_or_unknown_ones(rows):
    _, tags = load_job_postings(rows, untagged="unknown", min_examples=2)
    np.testing.assert_array_equal(tags, [[1], [1], [np.nan], [np.nan]])
    # Known to have another tag than the ones left: no missing value.
    _, tags = load_job_postings(rows, untagged="unknown", tags=["Office"])
    np.testing.assert_array_equal(tags, [[0], [1], [np.nan], [np.nan]])
    _, tags = load_job_postings(rows[:1], untagged="unknown")
    assert tags.dtypes.tolist() == [np.float64]


def test_a_table_without_tags(rows):
    jobs, tags = load_job_postings(rows[NAMES[:3]], job_tag_name=None)
    assert tags.shape == (4, 0)
    _, tags = load_job_postings(rows, job_tag_name=None, tags=["b", "a"])
    assert tags.columns.tolist() == ["b", "a"]
    assert not tags.to_numpy().any()
    jobs, tags = load_job_postings(rows.assign(job_tag_name=np.nan))
    assert (jobs.shape, tags.shape) == ((4, 2), (4, 0))


def test_fixed_tags(rows):
    _, tags = load_job_postings(rows, tags=np.array(["Shift work", "Unseen", "Health"]))
    assert tags.columns.tolist() == ["Shift work", "Unseen", "Health"]
    assert tags["Unseen"].tolist() == [0, 0, 0, 0]
    assert tags.attrs["left_out"] == {"Office": 1}
    first = load_job_postings(rows[:3])[1]
    assert load_job_postings(rows[3:], tags=first.columns)[1].columns.equals(first.columns)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["Health", "Health"], "'Health' more than once"),
        ([1], "tags= holds 1;"),
        ([" Health"], "tags= holds ' Health'"),
        ([""], "tags= holds ''"),
        (["health"], "tags= names 'health', which no posting has; .* writes it 'Health'"),
    ],
)
def test_wrong_fixed_tags(rows, tags, message):
    with pytest.raises(ValueError, match=message):
        load_job_postings(rows, tags=tags)


def test_min_examples(rows):
    assert load_job_postings(rows, min_examples=2)[1].columns.tolist() == ["Health"]
    with pytest.raises(ValueError, match=r"min_examples=3 postings; .* 'Health', has 2"):
        load_job_postings(rows, min_examples=3)
    with pytest.raises(ValueError, match="min_examples=2 cannot leave out any"):
        load_job_postings(rows, min_examples=2, tags=["Health"])


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([3, 10, 3], ["10", "3"]),
        ([3, np.nan, 10], ["10", "3"]),
        (["3", 3, 3.0], ["3"]),
        ([True, False, True], ["False", "True"]),
        (["Ärzte", "a,b", "\u00a0a,b"], ["a,b", "Ärzte"]),
        (["a|b", 'say "x"', None], ["a|b", 'say "x"']),
    ],
)
def test_names_of_tags(values, names):
    table = pd.DataFrame({"job_id": [1, 2, 3], "job_title": "t", "job_description": "d"})
    _, tags = load_job_postings(table.assign(job_tag_name=values))
    assert tags.columns.tolist() == sorted(names)


def test_odd_indexes_do_not_matter(rows, expected):
    assert_loaded(load_job_postings(rows.set_axis(["x"] * 7)), expected)
    assert_loaded(load_job_postings(rows.set_axis(range(0, 14, 2))), expected)
    assert_loaded(load_job_postings(rows.rename_axis(index="job_id", columns="c")), expected)


# Bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.rename(columns={"job_title": "Title"}),
         r"no column 'job_title', .*did you mean 'Title'\? Then pass job_title='Title'"),
        (lambda r: r.drop(columns="job_tag_name"), "pass job_tag_name=None"),
        (lambda r: r[:0], "no rows"),
        (lambda r: r.assign(job_id=[9, 4, None, 9, 7, None, 4]),
         r"job_id of row 2 \(counted from 0\) is missing, 2 in all"),
        (lambda r: r.assign(job_id=None), r"job_id of row 0 \(.*, 7 in all"),
        (lambda r: r.assign(job_id=["9", "4", " ", "9", "7", "5", "4"]), "job_id of row 2 "),
        (lambda r: r.assign(job_id=[9, 4, "9", 9, 7, 5, 4]), "job_id 9 occurs as a number and"),
        (lambda r: r.assign(job_id=[[1]] * 7), "job_id must hold numbers or text"),
        (lambda r: r.assign(job_title=["a", "b", "c", "d", 5, "e", "f"]),
         r"job_title of job 7 \(row 4, counted from 0\) is int, not text"),
        (lambda r: r.assign(job_description=[b"x"] * 7), "job_description of job 9 .* is bytes"),
        (lambda r: r.assign(job_description=[["x"]] * 7), "job_description of job 9 .* is list"),
        (lambda r: r.assign(job_tag_name=["a", "b", ["c"], "d", "e", "f", "g"]),
         "job_tag_name of row 2 .* is list; .*explode"),
        (lambda r: r.assign(job_tag_name=[b"a"] * 7), "job_tag_name of row 0 .* is bytes"),
        (lambda r: pd.concat([r, r["job_title"]], axis=1), "more than one column 'job_title'"),
        (lambda r: pd.concat([r, r["job_title"].rename("x"), r["job_title"].rename("x")], axis=1),
         "more than one column 'x'"),
    ],
)  # fmt: skip
def test_bad_tables_are_explained(rows, change, message):
    with pytest.raises(ValueError, match=message):
        load_job_postings(change(rows))


@pytest.mark.parametrize(
    "wrong", [{"empty_text": "skip"}, {"min_examples": 0}, {"untagged": "nan"}, {"tags": "Health"}]
)
def test_wrong_parameters_are_named(rows, wrong):
    with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter"):
        load_job_postings(rows, **wrong)


# Real postings and many of them


@needs_real_data
@pytest.mark.parametrize(
    ("name", "n_jobs", "min_examples"), [("nyc_jobs", 1691, 10), ("economist_jobs", 13922, 50)]
)
def test_real_postings(name, n_jobs, min_examples):
    path = REAL / f"{name}.csv.gz"
    jobs, tags = load_job_postings(path, min_examples=min_examples)
    rows = pd.read_csv(path)
    assert jobs.shape == (n_jobs, 5)
    assert jobs.index.tolist() == rows["job_id"].drop_duplicates().tolist()
    one = rows.groupby("job_id", sort=False).first()
    assert (jobs["job_title"] == one["job_title"]).all()
    assert (jobs["job_description"] == one["job_description"]).all()
    assert (jobs["split"] == one["split"]).all()
    counts = rows.drop_duplicates(["job_id", "job_tag_name"])["job_tag_name"].value_counts()
    counts = counts[counts >= min_examples].sort_index()
    assert tags.sum().to_dict() == counts.to_dict()
    pairs = rows.dropna(subset="job_tag_name").groupby("job_id")["job_tag_name"].agg(set)
    kept = set(tags.columns)
    for job, row in tags.sample(200, random_state=0).iterrows():
        assert set(row.index[row == 1]) == pairs.get(job, set()) & kept


def test_a_hundred_thousand_rows_take_seconds():
    rows = make_job_postings(80_000, return_long=True, random_state=0)
    assert len(rows) > 100_000
    shuffled = rows.sample(frac=1, random_state=0)
    start = time.perf_counter()
    jobs, tags = load_job_postings(shuffled, min_examples=10)
    assert time.perf_counter() - start < 5
    assert len(jobs) == 80_000
    assert tags.to_numpy().sum() == rows["job_tag_name"].notna().sum()
