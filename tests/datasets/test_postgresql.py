import pandas as pd
import pytest
from servers import postgresql_server
from sqlalchemy import create_engine, event, text
from sqlalchemy.pool import NullPool

from jobtag_sklearn.datasets import load_job_postings, make_job_postings

pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def url():
    with postgresql_server() as url:
        yield url


@pytest.fixture
def engine(url):
    engine = create_engine(url, poolclass=NullPool)
    yield engine
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS board CASCADE"))
        connection.execute(text("DROP TABLE IF EXISTS job_postings CASCADE"))
    engine.dispose()


def assert_same(loaded, expected):
    # PostgreSQL gives the rows of a table in no certain order.
    (jobs, tags), (right_jobs, right_tags) = map(pd.DataFrame.sort_index, loaded), expected
    pd.testing.assert_frame_equal(tags, right_tags)
    jobs = jobs.assign(posted_on=pd.to_datetime(jobs["posted_on"]).astype("datetime64[s]"))
    pd.testing.assert_frame_equal(jobs, right_jobs)


def test_there_and_back(url, engine):
    made = make_job_postings(500, to_sql=url, random_state=0)
    assert_same(load_job_postings(url, table="job_postings"), made)
    assert_same(load_job_postings(engine, table="public.job_postings"), made)
    with engine.connect() as connection:
        loaded = load_job_postings(
            connection, query="SELECT * FROM job_postings ORDER BY posted_on, job_id"
        )
        assert_same(loaded, made)
        assert loaded[0].index.equals(made[0].index)
        assert not connection.closed


def test_chunks_are_sent_as_they_are_asked_for(url, engine):
    made = make_job_postings(300, to_sql=url, random_state=0)
    cursors = []
    event.listen(
        engine, "before_cursor_execute", lambda *given: cursors.append(type(given[1]).__name__)
    )
    stream = load_job_postings(engine, table="job_postings", chunksize=40)
    chunks = list(stream)
    assert [len(jobs) for jobs, _ in chunks] == [40] * 7 + [20]
    assert_same(tuple(map(pd.concat, zip(*chunks, strict=True))), made)
    # once to collect the tags, once for the chunks
    assert cursors.count("ServerCursor") == 2


def test_schemas_views_and_capital_letters(url, engine):
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA board"))
    made = make_job_postings(100, to_sql=url, table="board.Job Postings", random_state=0)
    with engine.begin() as connection:
        connection.execute(
            text('CREATE MATERIALIZED VIEW board.kept AS SELECT * FROM board."Job Postings"')
        )
    assert_same(load_job_postings(url, table="board.Job Postings"), made)
    assert_same(load_job_postings(url, table="board.kept"), made)
    with pytest.raises(ValueError, match=r"no table 'Job Postings'.*'board\.Job Postings'"):
        load_job_postings(url, table="Job Postings")
    with pytest.raises(ValueError, match=r"no table 'bord\.Job Postings'.*'board\.Job Postings'"):
        load_job_postings(url, table="bord.Job Postings")


def test_types_of_a_real_board(url, engine):
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA board"))
        connection.execute(
            text(
                "CREATE TABLE board.jobs (id uuid PRIMARY KEY, title varchar(40),"
                " body text, pay numeric(8, 2), places text[], posted timestamptz, more jsonb)"
            )
        )
        connection.execute(text("CREATE TABLE board.tags (id uuid, tag char(12))"))
        connection.execute(
            text(
                "INSERT INTO board.jobs VALUES"
                " ('00000000-0000-0000-0000-000000000007', 'Cook', NULL, 9.50, '{a,b}', now(),"
                " '{\"a\": 1}'),"
                " ('00000000-0000-0000-0000-000000000003', 'Nurse', '100 % care', NULL, NULL,"
                " now(), NULL)"
            )
        )
        connection.execute(
            text("INSERT INTO board.tags VALUES ('00000000-0000-0000-0000-000000000003', 'Care')")
        )
    jobs, tags = load_job_postings(
        url,
        query="SELECT *, body::text AS words, ' :no % parameter' AS note"
        " FROM board.jobs LEFT JOIN board.tags USING (id)"
        " WHERE title NOT LIKE 'x%' ORDER BY title",
        job_id="id",
        job_title="title",
        job_description="body",
        job_tag_name="tag",
        untagged="unknown",
    )
    assert list(map(str, jobs.index.map(str).str[-1])) == ["7", "3"]
    assert jobs["job_description"].tolist() == ["", "100 % care"]
    assert jobs["note"].tolist() == [" :no % parameter"] * 2
    assert jobs["places"].iloc[0] == ["a", "b"]
    assert tags.columns.tolist() == ["Care"]
    assert tags["Care"].isna().tolist() == [True, False]


def test_errors_hide_the_password(url, engine):
    secret = engine.url.set(username="nobody", password="s3cr%t/@")
    with pytest.raises(ConnectionError, match="No connection to postgresql") as caught:
        load_job_postings(secret.render_as_string(hide_password=False), table="x")
    assert "s3cr" not in str(caught.value)
    with_password = engine.url.set(password="s3cr%t/@").render_as_string(hide_password=False)
    with pytest.raises(ValueError, match=r"There is no table 'x' in .*\*\*\*") as caught:
        load_job_postings(with_password, table="x")
    assert "s3cr" not in str(caught.value)
    with pytest.raises(ValueError, match="query could not be read") as caught:
        load_job_postings(with_password, query="SELECT * FROM nowhere")
    assert "s3cr" not in str(caught.value)
