import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import NullPool, column, create_engine, event, select
from sqlalchemy import table as sql_table

from jobtag_sklearn.datasets import JobPostingStream, load_job_postings, make_job_postings

NAMES = ["job_id", "job_title", "job_description", "job_tag_name"]


def long_table(*rows, columns=NAMES):
    return pd.DataFrame(list(rows), columns=columns)


def whole(stream):
    """Put the chunks below each other, after a look at each."""
    assert isinstance(stream, JobPostingStream)
    chunks = list(stream)
    for jobs, tags in chunks:
        assert jobs.index.equals(tags.index)
        assert tags.columns.tolist() == stream.tags
    assert len(chunks) > 1
    jobs = pd.concat([jobs for jobs, _ in chunks])
    assert jobs.index.is_unique
    return jobs, pd.concat([tags for _, tags in chunks])


def assert_same(loaded, expected):
    for frame, right in zip(loaded, expected, strict=True):
        pd.testing.assert_frame_equal(frame, right, check_index_type=False)


@pytest.fixture(scope="module")
def rows():
    return make_job_postings(300, return_long=True, random_state=0)


@pytest.fixture(scope="module")
def expected(rows):
    return load_job_postings(rows)


def save(rows, folder, kind):
    """Write a long table as files, each of which ends in the middle of a job."""
    has_two = rows["job_id"].value_counts().loc[lambda n: n > 1].index
    folder.mkdir()
    cuts = [np.flatnonzero(rows["job_id"] == job)[0] + 1 for job in has_two[[5, 40]].sort_values()]
    pieces = np.split(np.arange(len(rows)), cuts)
    for number, piece in enumerate(pieces):
        part = rows.iloc[piece]
        if kind == "parquet":
            part.to_parquet(folder / f"{number}.parquet", index=False)
        else:
            part.to_csv(folder / f"{number}.{kind}", index=False)
    (folder / "_SUCCESS").write_text("")
    return folder


@pytest.mark.parametrize("chunksize", [9, 150, 1000])
def test_chunks_are_the_whole_table(rows, expected, chunksize):
    stream = load_job_postings(rows, chunksize=chunksize)
    assert stream.n_jobs == len(expected[0])
    sizes = [len(jobs) for jobs, _ in stream]
    assert set(sizes[:-1]) <= {chunksize}
    assert sum(sizes) == 300
    # a second time, since it can be read again
    jobs = pd.concat([jobs for jobs, _ in stream])
    tags = pd.concat([tags for _, tags in stream])
    assert_same((jobs, tags), expected)


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_folders(tmp_path, rows, expected, kind):
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    jobs, tags = whole(load_job_postings(save(rows, tmp_path / "folder", kind), chunksize=40))
    jobs = jobs.assign(posted_on=pd.to_datetime(jobs["posted_on"]).astype("datetime64[s]"))
    assert_same((jobs, tags), expected)


def test_files_alone(tmp_path, rows, expected):
    pytest.importorskip("pyarrow")
    rows.drop(columns="posted_on").to_csv(tmp_path / "a.csv.gz", index=False)
    rows.drop(columns="posted_on").set_index("job_id").to_parquet(tmp_path / "a.parquet")
    right = expected[0].drop(columns="posted_on"), expected[1]
    assert_same(whole(load_job_postings(tmp_path / "a.csv.gz", chunksize=40)), right)
    assert_same(whole(load_job_postings(tmp_path / "a.parquet", chunksize=40)), right)


@pytest.fixture
def database(tmp_path, rows):
    url = f"sqlite:///{tmp_path / 'board.sqlite'}"
    engine = create_engine(url, poolclass=NullPool)
    # no job's rows follow each other
    rows.sample(frac=1, random_state=0).to_sql("job postings", engine, index=False)
    return url


def test_databases_sort_by_job(database, expected):
    right = expected[0].drop(columns="posted_on"), expected[1]
    options = {"chunksize": 40, "keep_columns": []}
    engine = create_engine(database, poolclass=NullPool)
    named = select(*map(column, NAMES)).select_from(sql_table("job postings"))
    text = 'SELECT * FROM "job postings" ORDER BY job_title; '
    commented = f"WITH these AS ({text.rstrip('; ')}) SELECT * FROM these -- all ':of' them"
    for query in (text, commented, named):
        assert_same(whole(load_job_postings(engine, query=query, **options)), right)
    assert_same(whole(load_job_postings(database, table="job postings", **options)), right)
    with engine.connect() as connection:
        stream = load_job_postings(connection, table="job postings", **options)
        assert_same(whole(stream), right)
        assert not connection.closed
        # what was asked of the stream is not asked of the caller's own statements
        assert not connection.get_execution_options().get("stream_results")


def test_named_tags_need_no_first_pass(database, expected):
    engine = create_engine(database)
    sent = []
    event.listen(engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    tags = ["Sales", "Never given", "Legal"]
    stream = load_job_postings(engine, table="job postings", tags=tags, chunksize=100)
    assert stream.tags == tags
    assert stream.n_jobs is None
    assert not [statement for statement in sent if "ORDER BY" in statement]
    _, loaded = whole(stream)
    assert loaded.columns.tolist() == tags
    assert (loaded["Legal"] == expected[1]["Legal"]).all()
    assert (loaded["Never given"] == 0).all()
    assert stream.n_jobs == 300
    assert stream.left_out["Marketing"] == expected[1]["Marketing"].sum()
    engine.dispose()


def test_a_tag_that_is_written_otherwise_is_found_at_the_end(database):
    stream = load_job_postings(database, table="job postings", tags=["sales"], chunksize=100)
    with pytest.raises(ValueError, match="names 'sales', which no posting has; .*'Sales'"):
        list(stream)


def test_memory_is_that_of_a_chunk(tmp_path):
    path = tmp_path / "jobs.csv"
    text = "x" * 2_000
    with path.open("w") as file:
        file.write(",".join(NAMES) + "\n")
        file.writelines(f"{job},{text},{text},{job % 3}\n" for job in range(5_000))
    # what Arrow holds, no one would see
    with pd.option_context("mode.string_storage", "python"):
        tracemalloc.start()
        n_jobs = sum(len(jobs) for jobs, _ in load_job_postings(path, chunksize=100))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert n_jobs == 5_000
    assert peak < path.stat().st_size / 4


# What a job is, and what its tags are


def test_empty_texts_rare_tags_and_unknown_tags(tmp_path):
    table = long_table(
        *[(job, "", "d", "a") for job in range(10)],
        *[(job, "t", "d", "a" if job % 2 else None) for job in range(10, 20)],
        (20, "t", "d", "rare"),
    )
    table.to_csv(tmp_path / "jobs.csv", index=False)
    for source in (table, tmp_path / "jobs.csv"):
        stream = load_job_postings(
            source, chunksize=4, empty_text="drop", min_examples=2, untagged="unknown"
        )
        jobs, tags = whole(stream)
        right = load_job_postings(source, empty_text="drop", min_examples=2, untagged="unknown")
        assert_same((jobs, tags), right)
        assert stream.tags == ["a"]
        assert stream.left_out == {"rare": 1}


def test_postings_without_a_column_of_tags(tmp_path, rows):
    rows[NAMES[:3]].drop_duplicates().to_csv(tmp_path / "jobs.csv", index=False)
    stream = load_job_postings(tmp_path / "jobs.csv", job_tag_name=None, chunksize=100)
    assert [tags.shape for _, tags in stream] == [(100, 0)] * 3


@pytest.mark.parametrize(
    ("ids", "right"), [(["8", "9", "10"], [8, 9, 10]), (["8", "9", "010"], ["8", "9", "010"])]
)
def test_ids_have_one_type_in_all_chunks(tmp_path, ids, right):
    long_table(*[(i, "t", "d", "x") for i in ids]).to_csv(tmp_path / "jobs.csv", index=False)
    assert whole(load_job_postings(tmp_path / "jobs.csv", chunksize=2))[0].index.tolist() == right


def test_columns_that_are_empty_in_some_parts(tmp_path):
    columns = [*NAMES, "pay", "note"]
    table = long_table(
        *[(job, "t", "d", "x", None, None) for job in range(5)],
        *[(job, "t", "d", "x", 2, "n") for job in range(5, 9)],
        columns=columns,
    )
    table.to_csv(tmp_path / "jobs.csv", index=False)
    with warnings.catch_warnings(action="error"):
        chunks = list(load_job_postings(tmp_path / "jobs.csv", chunksize=3))
    assert chunks[1][0]["pay"].isna().tolist() == [True, True, False]
    assert chunks[1][0]["note"].tolist()[2] == "n"


# Bad input


def test_rows_that_are_apart_are_found_before_anything_is_learnt(tmp_path):
    jobs = [(job, "t", "d", "x") for job in range(50)]
    long_table(*jobs, (7, "t", "d", "y")).to_csv(tmp_path / "jobs.csv", index=False)
    with pytest.raises(ValueError, match="rows of job 7 do not follow each other.*Sort the file"):
        load_job_postings(tmp_path / "jobs.csv", chunksize=10)
    assert len(load_job_postings(tmp_path / "jobs.csv")[0]) == 50


def test_a_database_that_sorts_otherwise_is_found_out(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/board.sqlite", poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE jobs (job_id TEXT COLLATE NOCASE, job_title, job_description,"
            " job_tag_name)"
        )
        for job in ("a", "A", "a"):
            connection.exec_driver_sql(f"INSERT INTO jobs VALUES ('{job}', 't', 'd', 'x')")
    with pytest.raises(ValueError, match="rows of job a do not follow each other"):
        list(load_job_postings(engine, table="jobs", chunksize=2))


def test_errors_name_the_part_of_the_table(tmp_path):
    jobs = [(job, "t", "d", "x") for job in range(50)]
    path = tmp_path / "jobs.csv"
    long_table(*jobs, (None, "t", "d", "y")).astype({"job_id": "Int64"}).to_csv(path, index=False)
    with pytest.raises(ValueError, match="job_id of row 50 .* is missing"):
        load_job_postings(path, chunksize=10)
    numbers = long_table(*jobs[:25], (26, 3, "d", "x"))
    stream = load_job_postings(numbers, chunksize=10)
    with pytest.raises(ValueError, match="rows from row 20 on: job_title of job 26 .* is int"):
        list(stream)


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("jobs.csv", None, FileNotFoundError, "no file"),
        ("jobs.parquet", None, FileNotFoundError, "no file"),
        ("jobs.parquet", "no", ValueError, "cannot be read as Parquet"),
        ("jobs.csv", "", ValueError, "is empty"),
        ("jobs.csv", ",".join(NAMES), ValueError, "no rows"),
        (
            "jobs.csv",
            "job_id,title\n1,t\n",
            ValueError,
            "no column 'job_title'.*job_title='title'",
        ),
        ("jobs.csv", ",".join(NAMES) + "\n1,t,d,x,y\n", ValueError, "more fields than its header"),
    ],
)
def test_bad_files(tmp_path, name, content, error, message):
    if "parquet" in name:
        pytest.importorskip("pyarrow")
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(error, match=message):
        load_job_postings(tmp_path / name, chunksize=10)


def test_bad_folders(tmp_path):
    with pytest.raises(ValueError, match="has 0 CSV files and 0 Parquet files"):
        load_job_postings(tmp_path, chunksize=10)
    long_table((1, "t", "d", "x")).to_csv(tmp_path / "a.csv", index=False)
    long_table((1, "t", "d", "x")).assign(more=1).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(ValueError, match=r"b\.csv has not the same columns as .*a\.csv.*more"):
        load_job_postings(tmp_path, chunksize=10)
    with pytest.raises(IsADirectoryError, match="chunksize="):
        load_job_postings(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"table": "postings"}, "no table 'postings'"),
        ({"query": "SELEC 1"}, "query could not be read from sqlite.*syntax error"),
        ({"query": "SELECT 1 AS job_id"}, "no column 'job_title'"),
        ({"query": 'SELECT * FROM "job postings" WHERE 0'}, "no rows"),
        ({"query": 'DELETE FROM "job postings"'}, "could not be read"),
        ({"table": "job postings", "tags": ["a", "a"]}, "more than once"),
        ({"table": "job postings", "min_examples": 9999}, "No tag has min_examples=9999"),
        ({}, "got neither"),
    ],
)
def test_bad_database_requests(database, options, message):
    with pytest.raises(ValueError, match=message):
        load_job_postings(database, chunksize=10, **options)


def test_chunksize_is_a_positive_number(rows):
    with pytest.raises(ValueError, match="'chunksize' parameter of load_job_postings must be"):
        load_job_postings(rows, chunksize=0)


def test_verbose(capsys, database):
    load_job_postings(database, table="job postings", chunksize=10, verbose=1)
    assert "300 postings with 16 tags in chunks of 10" in capsys.readouterr().out
