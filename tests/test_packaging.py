import configparser
import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import jobtag_sklearn

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()
TOX = configparser.ConfigParser(interpolation=None)
TOX.read(ROOT / "tox.ini")


def commands_of_readme():
    blocks = re.findall(r"^```bash\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    return "".join(blocks).splitlines()[:2]


def lower_bounds(*extras):
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    bounds = {}
    for requirement in map(Requirement, lines):
        (specifier,) = requirement.specifier
        assert specifier.operator == ">=", f"{requirement} has no plain lower bound"
        bounds[requirement.name] = Version(specifier.version)
    return bounds


def test_oldest_environment_installs_the_lower_bounds():
    lines = TOX["testenv:oldest"]["deps"].split()
    pins = {}
    for requirement in map(Requirement, lines):
        (specifier,) = requirement.specifier
        assert specifier.operator == "=="
        pins[requirement.name] = Version(specifier.version)
    assert pins == lower_bounds("dask", "parquet", "plot", "postgresql", "tensorboard")


@pytest.mark.skipif(os.environ.get("TOX_ENV_NAME") != "oldest", reason="for `tox -e oldest`")
def test_oldest_environment_has_the_lower_bounds():
    bounds = lower_bounds("dask", "parquet", "plot", "postgresql", "tensorboard")
    assert {name: Version(version(name)) for name in bounds} == bounds


def test_oldest_python_is_tested():
    oldest = PROJECT["requires-python"].removeprefix(">=")
    named = re.findall(r":: (3\.\d+)$", "\n".join(PROJECT["classifiers"]), flags=re.MULTILINE)
    assert named[0] == oldest
    assert TOX["testenv:oldest"]["base_python"] == f"python{oldest}"
    environments = TOX["tox"]["env_list"].split(", ")
    assert {f"py{number.replace('.', '')}" for number in named} <= set(environments)
    assert f"Python {', '.join(named[:-1])} or {named[-1]}" in README


def test_readme_names_the_lower_bounds():
    rows = re.findall(r"^\| ([\w-]+) \| ([\d.]+) \|$", README, flags=re.MULTILINE)
    assert {name: Version(number) for name, number in rows} == lower_bounds()


def test_readme_opens_with_the_two_commands():
    main_job, tests = commands_of_readme()
    assert re.match(r"python3 -m venv (\S+) && \1/bin/pip install .*-m jobtag_sklearn$", main_job)
    assert re.match(r"python3 -m venv (\S+) && \1/bin/pip install .*-m pytest\b", tests)
    assert README.index(tests) < README.index("\n## ")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_ci_runs_the_command_of_the_readme(tmp_path):
    # A clone whose README has another test command, which only says that it ran.
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    for status, ending in ((0, "1 passed"), (3, "1 failed, 2 passed")):
        command = f"echo '=== {ending} in 0.01s ==='; exit {status} # -m pytest"
        readme = README.replace(commands_of_readme()[1], command)
        assert readme.count(command) == 1
        (tmp_path / "README.md").write_text(readme)
        run = subprocess.run(
            ["bash", ".ci/run"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert run.returncode == status, run.stderr
        assert run.stdout.splitlines()[0] == f"+ {command}"
        assert run.stdout.splitlines()[-1] == f"=== {ending} in 0.01s ==="
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_links_of_readme_lead_somewhere():
    targets = [t for t in re.findall(r"\]\(([^)#]+)", README) if "://" not in t]
    assert targets
    for target in targets:
        assert (ROOT / target).is_file(), target


def python_of_readme():
    return re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_example_of_readme_runs_on_fewer_postings():
    example = python_of_readme()[0]
    assert example.count("make_job_postings(1000,") == 1
    exec(example.replace("make_job_postings(1000,", "make_job_postings(100,"), {})


@pytest.mark.slow
def test_example_of_readme_runs():
    exec(python_of_readme()[0], {})


def test_sources_of_readme_can_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    long_table = pd.DataFrame(
        {
            "job_id": [1, 1, 2],
            "job_title": ["Nurse", "Nurse", "Cook"],
            "job_description": ["Night shifts.", "Night shifts.", "Our kitchen."],
            "job_tag_name": ["Nursing", "Shift work", "Kitchen"],
        }
    )
    long_table.to_csv("postings.csv.gz", index=False)
    renamed = long_table.rename(columns={"job_id": "id", "job_tag_name": "category"})
    renamed.to_csv("board.csv", index=False)
    with contextlib.closing(sqlite3.connect("board.sqlite")) as connection:
        long_table.to_sql("job_postings", connection, index=False)
    lines = python_of_readme()[1].splitlines()
    # needs a server, which tests/datasets/test_postgresql.py has
    (postgresql,) = (line for line in lines if "postgresql" in line)
    lines.remove(postgresql)
    (imported,) = (line for line in lines if line.startswith("from "))
    calls = [line for line in lines if line.startswith("jobs, tags = ")]
    assert sorted([imported, *calls]) == sorted(filter(None, lines))
    for call in calls:
        found = {"long_table": long_table}
        exec(f"{imported}\n{call}", found)
        assert found["jobs"].shape == (2, 2)
        assert sorted(found["tags"].columns) == ["Kitchen", "Nursing", "Shift work"]


def test_wheel_holds_the_package_and_nothing_else(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("jobtag_sklearn", "tests"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    run = subprocess.run(
        [sys.executable, "-c", build, tmp_path],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert any(name.endswith("/licenses/LICENSE") for name in archive.namelist())
    files = (path for path in (source / "jobtag_sklearn").rglob("*") if path.is_file())
    assert names == {path.relative_to(source).as_posix() for path in files}
    assert "jobtag_sklearn/py.typed" in names


def test_version():
    assert jobtag_sklearn.__version__ == version("jobtag-sklearn") == PROJECT["version"]
    first = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert first.group(1) == ("Unreleased" if ".dev" in PROJECT["version"] else PROJECT["version"])


def test_what_coverage_leaves_out_has_a_reason():
    for path in (ROOT / "jobtag_sklearn").rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert "pragma: no" not in line or re.search(r"# pragma: no \w+ - \w.{10,}", line), (
                line
            )


def test_no_file_names_a_machine():
    # Folders of one machine, and indexes of packages other than the default.
    foreign = re.compile(
        r"(?<![\w.~/-])/(?:home|root|Users|work|opt|tmp)/\w|--(?:extra-)?index-url|PIP_INDEX_URL"
    )
    suffixes = {".py", ".md", ".rst", ".toml", ".ini", ".cfg", ".yml", ".yaml", ".sh", ""}
    folders = ("jobtag_sklearn", "tests", "docs", "examples", "benchmarks", ".ci")
    paths = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in suffixes - {""}]
    for folder in folders:
        paths += (p for p in (ROOT / folder).rglob("*") if p.is_file() and p.suffix in suffixes)
    built = {"_build", "generated", "auto_examples", "__pycache__"}
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        if path != Path(__file__) and not built & set(path.relative_to(ROOT).parts)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if foreign.search(line)
    ]
    assert not found
