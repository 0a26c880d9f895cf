"""Whatever a table holds is loaded as it is or refused with a reason."""

import csv
import io
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from any_text import anything
from fuzzing import for_all, fuzz
from hypothesis import assume
from hypothesis import strategies as st
from servers import postgresql_server
from sqlalchemy import NullPool, create_engine, text

from jobtag_sklearn.datasets import load_job_postings

PROPERTIES = []
NAMES = ["job_id", "job_title", "job_description", "job_tag_name"]

tag_names = st.one_of(
    st.sampled_from(
        ["Health", "health", "HEALTH", "a,b", 'say "x"', "'; DROP TABLE jobs; --", "🧑\u200d🍳",
         "NA", "None", "nan", "0", "1", "Köche", "Ko\u0308che", "-", "\u202eabc", "a\nb",
         " padded\t"]
    ),
    anything,
)  # fmt: skip
texts = st.one_of(
    st.none(), st.sampled_from(["", " ", "Cook", 'a "b", c\n', "<p>x</p>"]), anything
)
long_tables = st.lists(
    st.tuples(st.integers(-3, 3), texts, texts, st.one_of(st.none(), tag_names)),
    min_size=1,
    max_size=12,
)
#: What files in UTF-8 and databases can hold: no halves of surrogate pairs, no zeros.
storable = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"))
stored_tables = st.lists(
    st.tuples(st.integers(-3, 3), storable, storable, storable), min_size=1, max_size=8
)
names_in_sql = st.one_of(
    st.sampled_from(
        ['"; DROP TABLE jobs; --', "pay.range", "a:b", "100 %", "%(x)s", "select", "*", "x [blob]",
         "tag's", "(", "?", "a\\b", "名前", "[a]", "`a`", " a "]
    ),
    storable,
)  # fmt: skip


def long_table(rows):
    # strings of pandas that are backed by pyarrow cannot hold halves of surrogate pairs
    return pd.DataFrame(rows, columns=NAMES, dtype=object).astype({"job_id": int})


def collected(rows):
    """Collect a long table the slow and plain way."""
    jobs, tags = {}, {}
    for job, title, description, tag in rows:
        kept = jobs.setdefault(job, [None, None])
        for place, value in enumerate((title, description)):
            if value is not None and (kept[place] is None or not kept[place].strip()):
                # the first that is not empty, else the very first
                kept[place] = value if kept[place] is None or value.strip() else kept[place]
        tags.setdefault(job, set()).update({(tag or "").strip()} - {""})
    return jobs, tags


def assert_loaded(loaded, rows):
    jobs, tags = loaded
    expected, expected_tags = collected(rows)
    assert jobs.index.tolist() == tags.index.tolist() == list(expected)
    for name, place in (("job_title", 0), ("job_description", 1)):
        for job, value in jobs[name].items():
            right = expected[job][place] or ""
            assert value == right or not (value.strip() or right.strip())
    assert tags.columns.tolist() == sorted(set().union(*expected_tags.values()))
    for job, row in tags.iterrows():
        assert set(row.index[row == 1]) == expected_tags[job]


def write_sqlite(path, table, names, rows):
    quoted = ['"' + name.replace('"', '""') + '"' for name in (table, *names)]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE {quoted[0]} ({', '.join(quoted[1:])})")
        connection.executemany(f"INSERT INTO {quoted[0]} VALUES (?, ?, ?, ?)", rows)
        connection.commit()


def as_csv(rows, quoting=csv.QUOTE_MINIMAL, newline="\n"):
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=quoting, lineterminator=newline)
    writer.writerows([NAMES, *rows])
    return file.getvalue().encode()


def damaged(data, edits):
    data = bytearray(data)
    for kind, where, what in edits:
        place = int(where * len(data))
        if kind == "cut":
            del data[place:]
        elif kind == "insert":
            data[place:place] = what
        elif place < len(data):
            data[place] ^= 0x55
    return bytes(data)


@for_all(PROPERTIES, rows=long_tables)
def test_a_dataframe_is_loaded_as_collected_row_by_row(rows):
    table = long_table(rows)
    before = table.copy(deep=True)
    assert_loaded(load_job_postings(table), rows)
    pd.testing.assert_frame_equal(table, before)


@for_all(
    PROPERTIES,
    rows=stored_tables,
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_a_csv_file_is_loaded_as_it_was_written(rows, quoting, newline):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.csv"
        path.write_bytes(as_csv(rows, quoting, newline))
        assert_loaded(load_job_postings(path), rows)


@for_all(
    PROPERTIES,
    max_examples=30,
    rows=stored_tables,
    names=st.lists(names_in_sql, min_size=5, max_size=5),
)
def test_names_of_tables_and_columns_are_names_and_no_sql(rows, names):
    # SQLite takes names that differ in case for one
    assume(len({name.lower() for name in names if name.strip()}) == 5)
    assume(not names[0].lower().startswith("sqlite_"))
    options = dict(zip(NAMES, names[1:], strict=True))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.sqlite"
        write_sqlite(path, names[0], names[1:], rows)
        assert_loaded(load_job_postings(path, table=names[0], **options), rows)


@for_all(
    PROPERTIES,
    rows=stored_tables,
    suffix=st.sampled_from([".csv", ".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zip", ".csv.tar"]),
    edits=st.lists(
        st.tuples(
            st.sampled_from(["cut", "flip", "insert"]), st.floats(0, 1), st.binary(max_size=4)
        ),
        max_size=3,
    ),
)
def test_a_damaged_file_is_loaded_or_refused(rows, suffix, edits):
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"jobs{suffix}"
        pd.DataFrame(rows, columns=NAMES).to_csv(path, index=False)
        path.write_bytes(damaged(path.read_bytes(), edits))
        # nothing else is raised, and a table without rows is not returned
        with suppress(ValueError):
            jobs, tags = load_job_postings(path)
            assert len(jobs) == len(tags) > 0


ROWS = [(1, "Nurse", "Care.", "Health"), (2, 'A "cook"', "Stir,\nserve", "é"), (3, "x", "y", "z")]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_that_is_cut_off_anywhere_gives_no_wrong_row(tmp_path, newline):
    path = tmp_path / "jobs.csv"
    data = as_csv(ROWS, csv.QUOTE_ALL, newline)
    ends = {data.index(b'"2"'): 1, data.index(b'"3"'): 2, len(data): 3}
    ends |= {end - cut: n for end, n in ends.items() for cut in range(1, len(newline) + 1)}
    n_loaded = 0
    for stop in range(len(data) + 1):
        path.write_bytes(data[:stop])
        try:
            loaded = load_job_postings(path)
        except ValueError:
            assert stop not in ends
            continue
        n_loaded += 1
        # what ends with a comma may have an empty cell behind it
        if not data[:stop].endswith(b'",'):
            assert_loaded(loaded, ROWS[: ends[stop]])
    assert n_loaded >= len(ends)


@pytest.mark.parametrize(
    ("end", "n_tags"),
    [
        ("3,x,y,", 1),
        ('3,x,y,""', 1),
        ("3,x,y\n", 1),
        ("3,x,y", None),
        ("3,x", None),
        ("3,x,NA", None),
    ],
)
def test_the_last_row_may_end_with_an_empty_cell_but_not_before_it(tmp_path, end, n_tags):
    path = tmp_path / "jobs.csv"
    path.write_text(f"{','.join(NAMES)}\n1,a,b,c\n{end}")
    if n_tags is None:
        with pytest.raises(
            ValueError, match=r"jobs\.csv is cut off: its last row has fewer fields"
        ):
            load_job_postings(path)
    else:
        assert load_job_postings(path)[1].sum().to_dict() == {"c": n_tags}


def test_other_columns_may_end_with_any_sign_of_a_missing_value(tmp_path):
    path = tmp_path / "jobs.csv"
    for end in ('c,NA,"NULL"', "c,,", 'c,1,""', "c,NaN,<NA>"):
        path.write_text(f"{','.join(NAMES)},pay,place\n1,a,b,{end}")
        assert load_job_postings(path)[1].columns.tolist() == ["c"]
    for end in ("c", "c,", "c,1", "c,NA"):
        path.write_text(f"{','.join(NAMES)},pay,place\n1,a,b,{end}")
        with pytest.raises(ValueError, match="is cut off"):
            load_job_postings(path)


@pytest.mark.parametrize(
    "encoding", ["latin-1", "cp1252", "utf-16", "utf-32", "utf-7", "shift-jis"]
)
def test_other_encodings_are_refused_and_the_advice_works(tmp_path, encoding):
    word = "電気" if encoding == "shift-jis" else "Köche"
    rows = [(1, word, "plain", "tag")] * 2
    path = tmp_path / "jobs.csv"
    path.write_bytes(as_csv(rows).decode().encode(encoding))
    if encoding == "utf-7":  # nothing but ASCII: nobody can tell
        assert load_job_postings(path)[0]["job_title"].tolist() == ["K+APY-che"]
        return
    with pytest.raises(
        ValueError, match=r"is not encoded in UTF-8.*pandas\.read_csv\(path, encod"
    ):
        load_job_postings(path)
    assert_loaded(load_job_postings(pd.read_csv(path, encoding=encoding)), rows[:1])


def test_ten_thousand_tags(tmp_path):
    names = [f"tag {i:05}, \U0001f9d1 {'Aa'[i % 2]}" for i in range(10_000)]
    rows = long_table([(i // 20, "title", "text", name) for i, name in enumerate(names)])
    _, tags = load_job_postings(rows)
    assert tags.shape == (500, 10_000)
    assert (tags.sum(axis=1) == 20).all()
    _, again = load_job_postings(rows[:20], tags=tags.columns)
    np.testing.assert_array_equal(again, tags[:1])
    rows.to_csv(tmp_path / "jobs.csv", index=False)
    _, again = load_job_postings(tmp_path / "jobs.csv")
    assert again.columns.equals(tags.columns)
    np.testing.assert_array_equal(again, tags)


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_sqlite_table_that_is_rewritten_meanwhile_is_read_whole(tmp_path, journal):
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite")) as connection:
        connection.execute(f"PRAGMA journal_mode={journal}")
    assert_read_whole(url, "BEGIN IMMEDIATE")


@pytest.mark.slow
def test_a_postgresql_table_that_is_rewritten_meanwhile_is_read_whole():
    pytest.importorskip("psycopg")
    with postgresql_server() as url:
        assert_read_whole(url, "SELECT 1")


def assert_read_whole(url, begin):
    """Read a table again and again that another thread gives another version all the time."""
    n_rows, stop, errors = 100, threading.Event(), []
    engine = create_engine(url, poolclass=NullPool)
    titles = pd.DataFrame(
        [(i, "version 0", "text", f"tag {i}") for i in range(n_rows)], columns=NAMES
    )
    titles.to_sql("jobs", engine, index=False)

    def rewrite():
        version = 0
        while not stop.is_set():
            version += 1
            try:
                with engine.begin() as connection:
                    connection.exec_driver_sql(begin)
                    values = {"title": f"version {version}", "n": version % 5}
                    connection.execute(text("UPDATE jobs SET job_title = :title"), values)
                    connection.execute(text("DELETE FROM jobs WHERE job_id < :n"), values)
                    titles[: version % 5].assign(job_title=values["title"]).to_sql(
                        "jobs", connection, index=False, if_exists="append"
                    )
            except Exception as error:
                errors.append(error)
                return

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = set()
    try:
        for _ in range(10):
            jobs, tags = load_job_postings(url, table="jobs")
            assert len(jobs) == tags.to_numpy().sum() == n_rows
            (version,) = set(jobs["job_title"])
            seen.add(version)
    finally:
        stop.set()
        writer.join()
    assert not errors
    assert len(seen) > 1


@pytest.mark.slow
@pytest.mark.parametrize(("function", "strategies"), PROPERTIES)
def test_fuzz(function, strategies, capsys):
    fuzz(function, strategies, capsys)
