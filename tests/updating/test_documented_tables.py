"""The user guide's SQL and tables, against real ones."""

import re
from pathlib import Path

from light_models import LightModel
from servers import execute as execute_at
from sqlalchemy import make_url

from jobtag_sklearn.updating import PostingStore

GUIDE = (Path(__file__).parents[2] / "docs" / "updating.rst").read_text(encoding="utf-8")


def blocks(language):
    found = re.findall(rf"^\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)", GUIDE, re.MULTILINE)
    return [[part.strip() for part in block.split(";") if part.strip()] for block in found]


def test_the_sql_of_the_guide_does_what_it_says(store, execute, postings):
    jobs, tags = postings
    jobs = jobs[:2].set_axis(["4711", "4712"])
    model = LightModel().fit(*postings)
    names = list(tags.columns)
    store.add_predictions(jobs, names, model.predict_proba(jobs), model.predict(jobs), version=1)

    first, without_tags, again, with_text, asked, delete = blocks("sql")
    execute(*first)
    execute(*without_tags)
    assert store.n_waiting() == 2
    execute(*again)
    rows = "SELECT posting_id, revision, tag FROM jobtag_corrected_tags ORDER BY 2, 3"
    corrected = [("4711", 1, "Nursing"), ("4711", 1, "Shift work"), ("4711", 2, "Nursing")]
    assert execute(rows) == corrected
    execute(*with_text)
    assert store.n_waiting() == 4
    given, waiting = asked
    assert sorted(tag for tag, _ in execute(given)) == sorted(
        name for name, has in zip(names, model.predict(jobs)[0], strict=True) if has
    )
    assert sorted(execute(waiting)) == [("4711", 1), ("4711", 2), ("4712", 1), ("4713", 1)]
    execute(*delete)
    assert store.n_waiting() == 3
    assert execute(rows) == corrected


def test_the_grants_of_the_guide_are_enough(server_url, postings):
    execute_at(server_url, "DROP SCHEMA IF EXISTS public CASCADE", "CREATE SCHEMA public")
    store = PostingStore(server_url).create()
    store.add_postings(postings[0][:2].set_axis(["4711", "4712"]))
    ((grants),) = blocks("postgresql")
    execute_at(server_url, "DROP ROLE IF EXISTS board", "CREATE ROLE board LOGIN")
    execute_at(server_url, "GRANT USAGE ON SCHEMA public TO board", *grants)
    board = make_url(server_url).set(username="board")
    first, without_tags, again, _, asked, _ = blocks("sql")
    for statements in (first, without_tags, again, asked):
        execute_at(board, *statements)
    assert store.n_waiting() == 3
    execute_at(server_url, "DROP OWNED BY board", "DROP ROLE board")


def test_all_tables_and_columns_are_in_the_guide(store):
    section = GUIDE.split("\nThe tables\n")[1].split("\nWhat an update does\n")[0]
    entries = dict(re.findall(r"^``(\w+)``: .*\n((?:   .*\n)+)", section, re.MULTILINE))
    tables = store._ledger.tables.metadata.tables
    assert {f"jobtag_{name}" for name in entries} == set(tables)
    for name, text in entries.items():
        columns = {column.name for column in tables[f"jobtag_{name}"].columns}
        assert columns == set(re.findall(r"``(\w+)``", text))
