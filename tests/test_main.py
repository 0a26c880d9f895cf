import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from jobtag_sklearn import _main_job_text as text
from jobtag_sklearn.__main__ import main
from jobtag_sklearn._main_job import MainJobError, divide
from jobtag_sklearn.datasets import load_job_postings, make_job_postings
from jobtag_sklearn.inspection import tag_report, tag_scores

COMMAND = [sys.executable, "-m", "jobtag_sklearn"]
SMALL = ["--epochs", "2", "--n-hashed-features", "1024", "--n-jobs", "1"]
TIMEOUT = 300

LOAD = """
import json, pickle, sys
from jobtag_sklearn.datasets import load_job_postings
jobs, _ = load_job_postings(sys.argv[2], job_id="number", job_tag_name="category")
jobs = jobs[jobs["split"] == "test"]
model = pickle.load(open(sys.argv[1], "rb"))
predicted = [model.predict_tags(jobs), model.predict_proba(jobs).tolist()]
print(json.dumps([list(model.classes_), *predicted]))
"""

# a shell's background jobs, which tests may be run as, ignore Ctrl-C
INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("jobtag_sklearn", run_name="__main__")
"""


def run(*arguments, cwd):
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )


def indicators(tags, index, names):
    return pd.DataFrame([[int(name in row) for name in names] for row in tags], index, names)


def long_table(n_jobs, **options):
    return make_job_postings(n_jobs, n_tags=4, return_long=True, random_state=0, **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run on a file with a split, renamed columns and a tag that is too rare to learn."""
    folder = tmp_path_factory.mktemp("main")
    rows = long_table(200)
    rows["split"] = np.where(rows["job_id"] % 4 == 0, "test", "train")
    rare = rows.tail(1).assign(job_tag_name="Rare")
    rows = pd.concat([rows, rare]).rename(columns={"job_id": "number", "job_tag_name": "category"})
    rows.to_csv(folder / "postings.csv.gz", index=False)
    done = run(
        *("--data", "postings.csv.gz", "--job-id", "number", "--job-tag-name", "category"),
        *("--output", "results/first", *SMALL),
        cwd=folder,
    )
    return folder, done


def test_it_ends_well_and_writes_only_to_its_folder(finished):
    folder, done = finished
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in folder.iterdir()} == {"postings.csv.gz", "results"}
    assert {path.name for path in (folder / "results" / "first").iterdir()} == {
        "model.pickle",
        "predictions.csv",
        "scores.csv",
        "tag_report.csv",
    }


def test_it_says_what_it_does(finished):
    folder, done = finished
    words = " ".join(done.stdout.split())
    for said in (
        "200 postings from postings.csv.gz 5 tags;",
        '150 postings to train on, 50 to test on, as the column "split" says',
        "1 tag left out, with fewer than 10 postings to train on: Rare (",
        "Epoch 2/2",
        "it explains",
        "Network: ",
        "Trained in",
        "On 50 test postings",
        "macro F1",
        "single decisions that are right",
        str(folder / "results" / "first"),
    ):
        assert said in words
    assert done.stdout.count("  predicted ") == done.stdout.count("  true      ") == 5
    assert "\b" not in done.stdout, "a progress bar in a file"


def test_the_loss_of_the_autoencoder_falls(finished):
    words = " ".join(finished[1].stdout.split())
    found = re.search(r"loss ([\d.]+) in the first epoch, ([\d.]+) in the last; it", words)
    first, last = map(float, found.groups())
    assert last < first
    # they are the first ones that Keras showed
    shown = list(map(float, re.findall(r" - loss: ([\d.e-]+)", words)))[:2]
    assert shown == pytest.approx([first, last], abs=1e-3)


@pytest.mark.parametrize(
    ("share", "use"),
    [(0.75, "0.75 of what the network learnt is added"), (0.0, "does not help on held-out rows")],
)
def test_the_share_of_the_network_is_shown(share, use):
    said = " ".join(text.trained(share, 61).split())
    assert use in said
    assert "Trained in 1 min 1 s" in said


def test_the_tables_on_the_terminal_are_aligned(finished):
    lines = finished[1].stdout.splitlines()
    start = next(n for n, line in enumerate(lines) if line.split()[:1] == ["tag"])
    table = lines[start : lines.index("", start)]
    assert len(table) == 1 + 4
    assert len(set(map(len, table))) == 1
    assert len(table[0]) <= 100


def test_the_saved_model_predicts_what_was_reported(finished):
    folder, _ = finished
    results = folder / "results" / "first"
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, str(results / "model.pickle"), "postings.csv.gz"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=True,
    )
    names, tags, probabilities = json.loads(loaded.stdout.splitlines()[-1])
    saved = pd.read_csv(results / "predictions.csv", index_col="job_id", keep_default_na=False)
    assert saved["predicted_tags"].tolist() == [" | ".join(row) for row in tags]
    np.testing.assert_allclose(saved[[f"P: {name}" for name in names]], probabilities, rtol=1e-5)

    true = indicators(saved["true_tags"].str.split(" | ", regex=False), saved.index, names)
    _, own = load_job_postings(
        folder / "postings.csv.gz", job_id="number", job_tag_name="category", tags=names
    )
    pd.testing.assert_frame_equal(true, own.loc[true.index], check_names=False, check_dtype=False)
    given = indicators(tags, saved.index, names)
    scores = pd.read_csv(results / "scores.csv", index_col="score")
    expected = tag_scores(true, given, np.array(probabilities))
    for name, row in scores.iterrows():
        assert row["model"] == pytest.approx(expected[name], rel=1e-5)
        assert row["majority_answer"] == pytest.approx(expected[f"majority_{name}"], rel=1e-5)
    report = pd.read_csv(results / "tag_report.csv", index_col="tag")
    pd.testing.assert_frame_equal(
        report.drop(columns=["average_precision", "threshold"]),
        tag_report(true, given),
        check_dtype=False,
        rtol=1e-5,
    )


@pytest.mark.skipif(os.name != "posix", reason="signals are sent in another way elsewhere")
def test_interrupted_with_its_generated_postings_in_sqlite(tmp_path):
    # so many epochs that the signal comes before their end on any machine
    arguments = ["--n-postings", "60", "--min-examples", "3", *SMALL, "--epochs", "1000"]
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            # not before: what is imported until then may take the signal for a failure of its own
            if line.startswith("Epoch 2/"):
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, errors) == (130, "\njobtag_sklearn: interrupted\n")
    output = tmp_path / "jobtag_output"
    assert [path.name for path in output.iterdir()] == ["job_postings.sqlite"]
    jobs, tags = load_job_postings(output / "job_postings.sqlite", table="job_postings")
    assert jobs.shape[0] == tags.shape[0] == 60


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = long_table(60)
    rows.to_csv("postings.csv", index=False)
    rows.rename(columns={"job_title": "title"}).to_csv("renamed.csv", index=False)
    rows.assign(job_tag_name="").to_csv("untagged.csv", index=False)
    rows.head(12).to_csv("few.csv", index=False)
    long_table(60, to_sql="sqlite:///board.sqlite")
    return sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--data posting.csv", "no file posting.csv; did you mean postings.csv"),
        ("--data renamed.csv", "no column 'job_title', .* Then pass --job-title 'title'"),
        (
            "--data postings.csv --job-tag-name Tags",
            r"no column 'Tags', only .*job_tag_name'[^;]*$",
        ),
        ("--data untagged.csv", "No posting has a tag"),
        ("--data few.csv", r"few to learn from; at least \d+ are needed"),
        ("--data postings.csv --min-examples 50", "No tag has 50 training postings; .*, has"),
        ("--data postings.csv --table t", "--table is for databases"),
        ("--data board.sqlite", "either --table .* or --query"),
        ("--data sqlite:///board.sqlite --table posting", "no table 'posting'"),
        ("--data sqlite:///board.sqlit --table job_postings", "no SQLite file board.sqlit;"),
        ("--table job_postings", "--table and --query need --data"),
        ("--data postings.csv --output few.csv", "few.csv is a file, but --output"),
        ("--data nodb://me:hunter2@host/b?password=hunter2 --table t", "nodb://me:.* opened"),
    ],
)
def test_an_error_is_one_line_without_a_trace(files, tmp_path, capsys, arguments, message):
    assert main(arguments.split()) == 2
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("jobtag_sklearn: error: ")
    assert re.search(message, lines[0])
    assert "hunter2" not in shown.out + shown.err
    assert sorted(path.name for path in tmp_path.iterdir()) == files


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("postgresql://me:hunter2@host/board", "unrecognized arguments: "),
        ("--data x.csv --table t --query q", "--query: not allowed with argument --table"),
        ("--test-size 1", "--test-size: 1.0 is not between 0 and 1"),
        ("--test-size half", "--test-size: invalid number value: 'half'"),
        ("--min-examples 0", "--min-examples: 0 is not a number from 1"),
        ("--epochs 1.5", "--epochs: invalid whole number value: '1.5'"),
        ("--n-jobs 0", "--n-jobs: 0 processes do nothing"),
    ],
)
def test_wrong_arguments(capsys, arguments, message):
    with pytest.raises(SystemExit) as exit_info:
        main(arguments.split())
    assert exit_info.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert "hunter2" not in error


def test_errors_come_before_anything_slow_is_imported(tmp_path):
    code = (
        "import sys; from jobtag_sklearn.__main__ import main; "
        "code = main(['--data', 'nothing.csv']); "
        "sys.exit(3 if 'tensorflow' in sys.modules else code)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, timeout=TIMEOUT)
    assert done.returncode == 2
    assert not list(tmp_path.iterdir())


def test_quiet_and_a_folder_that_cannot_be_written(files, tmp_path, capsys):
    (tmp_path / "file").touch()
    arguments = ["--data", "postings.csv", "--output", "file/results", "--min-examples", "2"]
    assert main([*arguments, "--quiet"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "file/results" in shown.err


def test_help(capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(["--help"])
    assert exit_info.value.code == 0
    assert "examples:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("values", "how"),
    [
        (None, "at random (seed 0)"),
        (["early", "late"], 'at random (seed 0), since the column "split" says'),
        (["train", None], 'at random (seed 0), since the column "split" says'),
        (["train", "test"], 'as the column "split" says'),
    ],
)
def test_the_split_of_the_data_comes_first(values, how):
    jobs, tags = make_job_postings(60, random_state=0)
    if values is not None:
        jobs["split"] = values * 30
    split = divide(jobs, tags, test_size=0.25, seed=0)
    assert split.how.startswith(how)
    own = how.startswith("as")
    assert (len(split.train_jobs), len(split.test_jobs)) == ((30, 30) if own else (45, 15))
    if own:
        assert set(split.test_jobs["split"]) == {"test"}
    assert sorted([*split.train_jobs.index, *split.test_jobs.index]) == jobs.index.tolist()
    assert split.train_jobs.index.equals(split.train_tags.index)
    assert split.test_jobs.index.equals(split.test_tags.index)


@pytest.mark.parametrize("test_size", [0.001, 0.999])
def test_neither_part_of_a_split_is_empty(test_size):
    jobs, tags = make_job_postings(30, random_state=0)
    if test_size < 0.5:
        assert len(divide(jobs, tags, test_size, seed=0).test_jobs) == 1
    else:
        with pytest.raises(MainJobError, match="Of 30 postings 1 are left to train on"):
            divide(jobs, tags, test_size, seed=0)


def test_the_source_is_shown_without_secrets(tmp_path):
    source = "postgresql://me:hunter2@host/board?sslpassword=hunter2"
    shown = text.collected(*make_job_postings(5, random_state=0), source, tmp_path)
    assert "postgresql:***@host/board" in shown
    assert "hunter2" not in shown


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="processor time is measured in another way")
def test_the_generated_postings_take_two_minutes_of_two_cores_at_most(tmp_path):
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*COMMAND, "--quiet"], cwd=tmp_path, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.stdout, done.stderr) == (b"", b"")
    # processor time, since what else runs on the machine is not the command's fault
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 2 * 120
    scores = pd.read_csv(tmp_path / "jobtag_output" / "scores.csv", index_col="score")["model"]
    assert scores["f1_micro"] > 0.8
    assert scores["f1_macro"] > 0.75
