import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import column, create_engine, select
from sqlalchemy import table as sql_table

from jobtag_sklearn.datasets import load_job_postings

NAMES = ["job_id", "job_title", "job_description", "job_tag_name"]


def long_table(*rows, columns=NAMES):
    return pd.DataFrame(list(rows), columns=columns)


def assert_loaded(loaded, expected):
    for frame, right in zip(loaded, expected, strict=True):
        pd.testing.assert_frame_equal(frame, right)


def test_dataframe(rows, expected):
    before = rows.copy()
    assert_loaded(load_job_postings(rows), expected)
    pd.testing.assert_frame_equal(rows, before)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "csv.bz2", "csv.xz", "csv.zip"])
@pytest.mark.parametrize("as_type", [str, Path])
def test_csv(tmp_path, rows, expected, suffix, as_type):
    path = tmp_path / f"jobs.{suffix}"
    rows.to_csv(path, index=False)
    assert_loaded(load_job_postings(as_type(path)), expected)


def test_csv_with_byte_order_mark_and_line_breaks(tmp_path):
    path = tmp_path / "jobs.csv"
    table = long_table((1, "Köchin", 'One\n"two", three', "Küche, kalt"))
    table.to_csv(path, index=False, encoding="utf-8-sig")
    jobs, tags = load_job_postings(path)
    assert jobs.loc[1, "job_description"] == 'One\n"two", three'
    assert tags.columns.tolist() == ["Küche, kalt"]


def test_csv_cells_stay_as_they_are_written(tmp_path):
    path = tmp_path / "jobs.csv"
    path.write_text(
        "job_id,job_title,job_description,job_tag_name,posted_on\n"
        "007,1984,None,NA,\n7,nan,null,1,2024-01-01\n"
    )
    jobs, tags = load_job_postings(path)
    assert jobs.index.tolist() == ["007", "7"]
    assert jobs["job_title"].tolist() == ["1984", "nan"]
    assert jobs["job_description"].tolist() == ["None", "null"]
    assert tags.columns.tolist() == ["1", "NA"]
    assert jobs["posted_on"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        (["12", "-3"], [12, -3]),
        (["12", "1e3"], ["12", "1e3"]),
        (["1.0", "2.0"], ["1.0", "2.0"]),
        (["99999999999999999999", "1"], ["99999999999999999999", "1"]),
        (["a-1", " a-1"], ["a-1", " a-1"]),
    ],
)
def test_csv_ids_become_integers_only_without_loss(tmp_path, written, ids):
    path = tmp_path / "jobs.csv"
    long_table(*[(i, "t", "d", "x") for i in written]).to_csv(path, index=False)
    assert load_job_postings(path)[0].index.tolist() == ids


@pytest.fixture
def database(tmp_path, rows):
    path = tmp_path / "board.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        rows.to_sql("job postings", connection, index=False)
        connection.execute('CREATE VIEW everything AS SELECT * FROM "job postings"')
        connection.commit()
    return path


def test_sqlite_table_view_query_path_engine_and_connection(database, expected):
    url = f"sqlite:///{database}"
    engine = create_engine(url)
    named = sql_table("everything", *map(column, NAMES))
    assert_loaded(load_job_postings(url, table="job postings"), expected)
    assert_loaded(load_job_postings(url, table="everything"), expected)
    assert_loaded(load_job_postings(url, table="main.everything"), expected)
    assert_loaded(load_job_postings(database, table="everything"), expected)
    assert_loaded(load_job_postings(engine, query="SELECT * FROM everything"), expected)
    assert_loaded(load_job_postings(engine, query=select(named)), expected)
    with engine.connect() as connection:
        assert_loaded(load_job_postings(connection, table="everything"), expected)
        assert not connection.closed
    engine.dispose()


def test_queries_are_sent_as_they_are(database):
    jobs, tags = load_job_postings(
        f"sqlite:///{database}",
        query="SELECT job_id, '100 % :x 12:30 ::y :a:b' AS job_title, job_description,"
        " job_tag_name FROM everything WHERE job_title LIKE 'N%' AND job_tag_name <> ':tag'",
    )
    assert jobs["job_title"].tolist() == ["100 % :x 12:30 ::y :a:b"]
    assert tags.columns.tolist() == ["Health", "Shift work"]


def test_a_query_that_changes_something_changes_nothing(database):
    with pytest.raises(ValueError, match="query could not be read"):
        load_job_postings(f"sqlite:///{database}", query='DELETE FROM "job postings"')
    assert len(load_job_postings(database, table="everything")[0]) == 4


def test_sqlalchemy_is_imported_for_databases_only():
    code = (
        "import sys, pandas as pd\n"
        "from jobtag_sklearn.datasets import load_job_postings\n"
        f"rows = pd.DataFrame([(1, 't', 'd', 'x')], columns={NAMES})\n"
        "load_job_postings(rows)\n"
        "assert 'sqlalchemy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


# Bad input


@pytest.mark.parametrize("source", [None, 3, ["job_id"], {"job_id": [1]}, np.zeros((2, 4))])
def test_sources_of_another_type(source):
    with pytest.raises(TypeError, match=f"source must be .* got {type(source).__name__}"):
        load_job_postings(source)


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("empty.csv", b"", ValueError, "is empty: it has no header"),
        ("head.csv", ",".join(NAMES).encode(), ValueError, "no rows"),
        ("latin.csv", "job_id\né".encode("latin-1"), ValueError, "not encoded in UTF-8"),
        ("torn.csv.gz", b"job_id\n1", ValueError, "cannot be read"),
        ("torn.csv.zip", b"job_id\n1", ValueError, "cannot be read"),
        ("torn.csv.xz", b"job_id\n1", ValueError, "cannot be read"),
        ("torn.csv.bz2", b"job_id\n1", ValueError, "cannot be read"),
        ("torn.csv.tar", b"job_id\n1", ValueError, "cannot be read"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3\n", ValueError, "not a valid CSV"),
        ("jobs.xlsx", b"PK", ValueError, "pandas.read_excel"),
        ("semi.csv", b"job_id;job_title\n1;2", ValueError, "separated by ';', not by commas"),
        ("null.csv", b"job_id,job_title,job_description,job_tag_name\n1,t,d,x\n,t,d,x",
         ValueError, "job_id of row 1 "),
    ],
)  # fmt: skip
def test_bad_files_are_explained(tmp_path, name, content, error, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        load_job_postings(tmp_path / name)


def test_missing_files(tmp_path, rows):
    rows.to_csv(tmp_path / "postings.csv")
    with pytest.raises(FileNotFoundError, match=r"did you mean .*postings\.csv\?"):
        load_job_postings(tmp_path / "posting.csv")
    with pytest.raises(FileNotFoundError, match="its folder does not exist either"):
        load_job_postings(tmp_path / "nowhere" / "x.csv")
    with pytest.raises(IsADirectoryError):
        load_job_postings(tmp_path)
    with pytest.raises(FileNotFoundError, match="no SQLite file"):
        load_job_postings(f"sqlite:///{tmp_path}/new.sqlite", table="x")
    assert not (tmp_path / "new.sqlite").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "got neither"),
        ({"table": "everything", "query": "SELECT 1"}, "got both"),
        ({"table": "everythng"}, "no table 'everythng' in sqlite:.*did you mean 'everything'"),
        ({"table": "other"}, "it has 'everything', 'job postings'"),
        ({"query": "SELEC 1"}, "query could not be read from sqlite.*syntax error"),
        ({"query": "SELECT 1 AS job_id"}, "no column 'job_title', only 'job_id'"),
        ({"query": "SELECT * FROM everything WHERE 0"}, "no rows"),
        ({"query": "SELECT a.job_id, b.* FROM everything a, everything b"},
         "more than one column 'job_id'"),
    ],
)  # fmt: skip
def test_bad_database_requests_are_explained(database, options, message):
    with pytest.raises(ValueError, match=message):
        load_job_postings(f"sqlite:///{database}", **options)


def test_a_file_that_is_no_database_is_explained(tmp_path, database):
    torn = tmp_path / "torn.sqlite"
    for content, reason in (
        (b"no database" * 100, "file is not a database"),
        (database.read_bytes()[:-4096], "malformed|no table"),
    ):
        torn.write_bytes(content)
        with pytest.raises(ValueError, match=reason):
            load_job_postings(torn, table="everything")


def test_tables_and_queries_are_for_databases(tmp_path, rows):
    rows.to_csv(tmp_path / "jobs.csv")
    with pytest.raises(ValueError, match="table= is for databases, but source is a CSV file"):
        load_job_postings(tmp_path / "jobs.csv", table="x")
    with pytest.raises(ValueError, match="query= is for databases, but source is a DataFrame"):
        load_job_postings(rows, query="x")


@pytest.mark.parametrize(
    "source",
    [
        "postgresql+psycopg://me:s3cret@127.0.0.1:1/db",
        "postgresql+psycopg://me:s3cret@127.0.0.1:port/db",
        "postgresql+psycopg://me@127.0.0.1:1/db?password=s3cret",
        "postgresql+nodriver://me:s3cret@host/db",
        "nosuch://me:s3cret@host/db",
        "postgresql:/me:s3cret@host/db",
        "postgresql:/me:s3cret/@host/db",
        "host=localhost password=s3cret",
        "https://me:s3cret@host/jobs.csv",
        "://me:s3cret@host",
    ],
)
def test_passwords_never_show(source):
    pytest.importorskip("psycopg")
    with pytest.raises((ValueError, OSError, ImportError)) as caught:
        load_job_postings(source, table="job_postings")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_missing_driver_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ModuleNotFoundError, match=r"jobtag-sklearn\[postgresql\]"):
        load_job_postings("postgresql+psycopg://me:s3cret@host/db", table="x")
