import io
import os
import pickle
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from light_models import ForgettingModel
from servers import execute as execute_at

from jobtag_sklearn.__main__ import main
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.updating import ModelFiles, PostingStore

STORE = "sqlite:///jobtag_store.sqlite"


@pytest.fixture
def folder(tmp_path, monkeypatch, fitted):
    """A folder with a fitted model and postings of which nobody knows the tags."""
    monkeypatch.chdir(tmp_path)
    with open("model.pickle", "wb") as file:
        pickle.dump(fitted, file)
    jobs = make_job_postings(300, n_tags=3, random_state=0)[0][100:]
    jobs.index.name = "number"
    jobs[["job_title", "job_description"]].to_csv("new.csv")
    return tmp_path


@pytest.fixture
def run(folder, capsys):
    def run(line, code=0):
        assert main(line.split()) == code
        shown = capsys.readouterr()
        assert shown.err if code else not shown.err
        return " ".join((shown.err if code else shown.out).split())

    return run


def correct(tags):
    store = PostingStore(STORE)
    store.correct(tags)
    return store


def test_night_after_night(run, folder, fitted, postings):
    jobs, tags = postings
    said = run("init --model model.pickle")
    assert said == "Version 1 is current, in jobtag_models; the store is jobtag_store.sqlite."
    said = run("predict --data new.csv --job-id number --output tags.csv")
    assert said == "200 postings tagged by version 1, written to jobtag_store.sqlite."
    written = pd.read_csv("tags.csv", index_col="job_id", keep_default_na=False)
    names = list(tags.columns)
    given = fitted.predict(jobs[100:])
    expected = [" | ".join(np.array(names)[row == 1]) for row in given]
    assert written["predicted_tags"].tolist() == expected
    np.testing.assert_allclose(
        written[[f"P: {name}" for name in names]], fitted.predict_proba(jobs[100:]), rtol=1e-4
    )

    assert run("update") == "0 corrections waiting, 100 needed; version 1 stays."
    store = correct(tags[100:150].assign(Astronaut=1))
    said = run("update --min-corrections 20 --tolerance 1")
    n_out = int(store.history()["n_held_out"].iloc[-1])
    assert re.fullmatch(
        rf"Version 2 takes the place of version 1\. 50 corrections: {50 - n_out} postings learnt, "
        rf"{n_out} held out, 0 replaced by later ones micro F1 on {n_out} held-out postings: "
        r"0\.\d{3} before, 0\.\d{3} after tags that the model does not know were left out: "
        r"'Astronaut' \(50\)",
        said,
    )
    assert run("rollback") == "Version 1 is current again."
    assert run("rollback --version 2") == "Version 2 is current again."
    lines = run("history").split()
    assert lines.count("accepted") == 1
    assert lines.count("rolled") == 2
    assert run("update --quiet") == ""
    said = run("init --model model.pickle --replace")
    assert said.startswith("Version 3 is current")
    assert {path.name for path in folder.iterdir()} == {
        *("model.pickle", "new.csv", "tags.csv"),
        *("jobtag_store.sqlite", "jobtag_models"),
    }


def test_only_new_postings_and_none(run, postings):
    run("init --model model.pickle")
    pd.read_csv("new.csv").head(5).to_csv("first.csv", index=False)
    run("predict --data first.csv --job-id number")
    said = run("predict --data new.csv --job-id number --only-new")
    assert said.startswith("195 postings tagged")
    said = run("predict --data new.csv --job-id number --only-new")
    assert said == "No new postings."
    pd.read_csv("new.csv").head(0).to_csv("none.csv", index=False)
    assert run("predict --data none.csv --job-id number") == "No new postings."


def test_tags_on_stdout_and_nothing_else(folder, run, capsys):
    run("init --model model.pickle")
    assert main(["predict", "--data", "new.csv", "--job-id", "number", "--output", "-"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert len(table) == 200
    assert list(table.columns[:3]) == ["job_id", "job_title", "predicted_tags"]


def test_a_worse_model_is_no_error(run, postings):
    jobs, tags = postings
    with open("worse.pickle", "wb") as file:
        pickle.dump(ForgettingModel().fit(jobs[:100], tags[:100]), file)
    run("init --model worse.pickle")
    run("predict --data new.csv --job-id number")
    correct(tags[100:150])
    said = run("update --min-corrections 20")
    assert said.startswith(
        "Version 1 stays: the new model is worse. The corrections wait until 20 more have come. "
        "50 corrections: "
    )
    assert run("update --min-corrections 20").startswith("50 corrections waiting, 70 needed;")
    assert run("update --min-corrections 20 --tolerance 1 --retry").startswith("Version 2 takes")


def test_an_update_at_work_is_no_error(run):
    from jobtag_sklearn.updating._process_lock import process_lock

    run("init --model model.pickle")
    with process_lock(ModelFiles("jobtag_models").lock_file):
        assert run("update") == "Another update is at work; nothing was done."


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("update", "no SQLite file jobtag_store.sqlite"),
        ("history --store postgresql+psycopg://me:hunter2@/x?host=/nowhere", "No connection to"),
        ("init", "no file jobtag_output/model.pickle; --model takes the pickle of a fitted"),
        ("init --model new.csv", "new.csv holds no model that can be loaded"),
        ("init --model dict.pickle", "dict has no partial_fit and no predict"),
        ("init --model model.pickle --models new.csv", "new.csv is a file, but models need a"),
        ("update --store empty.sqlite", "no model yet; pass a fitted one to ModelUpdater.adopt"),
        ("update --store empty.sqlite --prefix x_", "no table 'x_state', so it is no store yet"),
        ("rollback --store empty.sqlite", "no earlier version to roll back to"),
        ("predict --store empty.sqlite --data absent.csv", "no file absent.csv"),
        (
            "predict --store empty.sqlite --data new.csv",
            "There is no column 'job_id', only 'number'",
        ),
    ],
)
def test_an_error_is_one_line_without_a_trace(folder, run, line, message):
    PostingStore("empty.sqlite").create()
    (folder / "dict.pickle").write_bytes(pickle.dumps({}))
    said = run(line, code=2)
    assert said.startswith("jobtag_sklearn: error: ")
    assert re.search(message, said)
    assert "hunter2" not in said


def test_a_damaged_model_is_one_line(folder, capsys):
    whole = (folder / "model.pickle").read_bytes()
    damaged = [whole[: len(whole) * part // 8] for part in range(8)]
    # where types and names stand, not the numbers, of which one is as good as another
    for place in np.random.RandomState(0).randint(0, 200, size=16):
        damaged.append(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
    codes = []
    for number, data in enumerate(damaged):
        (folder / "damaged.pickle").write_bytes(data)
        codes.append(main(f"init --model damaged.pickle --store {number}.sqlite".split()))
        said = capsys.readouterr()
        assert (said.out == "") == (codes[-1] == 2)
        if codes[-1]:
            assert said.err.startswith("jobtag_sklearn: error: ")
            assert said.err.count("\n") < 6
    assert set(codes) <= {0, 2}
    assert codes[:8] == [2] * 8
    assert codes.count(2) > 16


def test_errors_of_a_store_in_use(run, postings):
    run("init --model model.pickle")
    assert "pass --replace to put another" in run("init --model model.pickle", code=2)
    run("predict --data new.csv --job-id number")
    correct({key: ["Astronaut"] for key in postings[0].index[100:150]})
    said = run("update --min-corrections 20 --unknown-tags error", code=2)
    assert "'Astronaut' (50). Nothing was learnt; correct them, or pass --unknown-tags" in said
    assert "no version 7; there are: 1" in run("rollback --version 7", code=2)
    (model,) = ModelFiles("jobtag_models").names()
    with open(f"jobtag_models/{model}", "ab") as file:
        file.write(b"x")
    for line in ("update --min-corrections 20", "predict --data new.csv --job-id number"):
        assert "is damaged: its content does not match" in run(line, code=2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("predict", "the following arguments are required: --data"),
        ("update --min-corrections 0", "--min-corrections: 0 is not a number from 1"),
        ("update --tolerance 2", "--tolerance: 2.0 is not from 0 to 1"),
        ("update --unknown-tags add", "invalid choice: 'add'"),
        ("update postgresql://me:hunter2@host/board", "unrecognized arguments: "),
        ("history --models x", "unrecognized arguments: --models x"),
    ],
)
def test_wrong_arguments(capsys, line, message):
    with pytest.raises(SystemExit) as exit_info:
        main(line.split())
    assert exit_info.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert "hunter2" not in error


def test_help(capsys):
    for line in ("update --help", "predict --help"):
        with pytest.raises(SystemExit) as exit_info:
            main(line.split())
        assert exit_info.value.code == 0
        assert "--store FILE_OR_URL" in capsys.readouterr().out


def test_cron_sees_nothing_of_tensorflow_before_it_is_needed(folder, postings):
    """A process of its own, as cron starts it, from the first to the last command."""
    code = (
        "import sys; from jobtag_sklearn.__main__ import main\n"
        "for line in sys.argv[1:]:\n"
        "    assert main(line.split()) == 0, line\n"
        "sys.exit(3 if 'tensorflow' in sys.modules else 0)"
    )
    lines = ["init --model model.pickle", "predict --data new.csv --job-id number", "update"]
    done = subprocess.run(
        [sys.executable, "-c", code, *lines],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 3
    ((n_postings,),) = execute_at(STORE, "SELECT COUNT(*) FROM jobtag_postings")
    assert n_postings == 200
