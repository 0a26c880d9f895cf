"""What the documentation must hold, without building it."""

import ast
import importlib
import importlib.util
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import jobtag_sklearn

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MODULES = [
    "jobtag_sklearn",
    *(
        f"jobtag_sklearn.{module.name}"
        for module in pkgutil.iter_modules(jobtag_sklearn.__path__)
        if module.ispkg and module.name != "utils"
    ),
]
#: A parameter that scikit-learn's ColumnTransformer had until 1.8.
GONE = "force_int_remainder_cols"


def public_names(module):
    names = importlib.import_module(module).__all__
    return [name for name in names if not name.startswith("__")]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_in_the_reference(module):
    reference = (DOCS / "api.rst").read_text(encoding="utf-8")
    _, found, section = reference.partition(f".. currentmodule:: {module}\n")
    assert found, f"docs/api.rst has no section for {module}"
    section = section.partition(".. currentmodule::")[0]
    listed = re.findall(r"^   (\w+)$", section, flags=re.MULTILINE)
    assert sorted(listed) == sorted(public_names(module))


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_in_an_example_or_a_guide(module):
    pages = [page for page in DOCS.glob("*.rst") if page.name != "api.rst"]
    texts = [path.read_text(encoding="utf-8") for path in (*pages, *ROOT.glob("examples/*.py"))]
    words = set(re.findall(r"\w+", "\n".join(texts)))
    assert not set(public_names(module)) - words


@pytest.mark.parametrize("module", MODULES)
def test_every_parameter_is_documented(module):
    for name in public_names(module):
        thing = getattr(importlib.import_module(module), name)
        callables = {name: thing} if callable(thing) else {}
        if isinstance(thing, type):
            methods = {key: getattr(thing, key) for key in vars(thing) if not key.startswith("_")}
            callables |= {f"{name}.{key}": method for key, method in methods.items()}
        for where, function in callables.items():
            # of a property, or what a named tuple brings along, nothing is passed
            if not callable(function) or not (getattr(function, "__doc__", None) or "").strip():
                continue
            documented = set(
                re.findall(r"^ *([\w*, ]+) : ", inspect.getdoc(function), flags=re.MULTILINE)
            )
            documented = {part.strip(" *") for names in documented for part in names.split(",")}
            passed = set(inspect.signature(function).parameters) - {"self", GONE}
            assert passed <= documented, f"{where}: {sorted(passed - documented)}"


def test_what_the_page_on_reliability_names_is_tested():
    page = (DOCS / "reliability.rst").read_text(encoding="utf-8")
    files = {path.name: path for path in (ROOT / "tests").rglob("*.py")}
    names = re.findall(r"``(?:tests/[\w/]*)?((?:test|check)_[\w*]+(?:\.py)?)``", page)
    assert len(names) > 30
    functions = "\n".join(path.read_text(encoding="utf-8") for path in files.values())
    for name in names:
        pattern = rf"def {name.replace('*', chr(92) + 'w*')}\("
        assert name in files or re.search(pattern, functions), name


def test_every_example_says_what_it_is_and_draws():
    examples = sorted((ROOT / "examples").glob("plot_*.py"))
    assert len(examples) >= 8
    pages = "\n".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.rst"))
    for path in examples:
        text = path.read_text(encoding="utf-8")
        title, underline, *_ = (ast.get_docstring(ast.parse(text)) or "").splitlines()
        assert underline == "=" * len(title), path.name
        assert "Display" in text or "plt." in text, f"{path.name} has no picture"
        assert f"sphx_glr_auto_examples_{path.name}" in pages + text or path.name[5] in "12", (
            f"no page leads to {path.name}"
        )


def test_links_that_lead_nowhere_are_found(tmp_path):
    specification = importlib.util.spec_from_file_location("links", DOCS / "check_links.py")
    links = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(links)
    (tmp_path / "a.html").write_text('<a id="x" href="b.html#y">b</a> <a href="#x">x</a>')
    (tmp_path / "b.html").write_text('<p id="y"><a href="https://else.where/">out</a>')
    assert links.broken_links(tmp_path) == []
    (tmp_path / "b.html").write_text('<img src="c.png"><a href="a.html#z">z</a>')
    assert links.broken_links(tmp_path) == [
        "a.html: b.html#y",
        "b.html: a.html#z",
        "b.html: c.png",
    ]


def test_every_estimator_shows_itself():
    from sklearn.base import BaseEstimator
    from sklearn.dummy import DummyClassifier

    from jobtag_sklearn import make_job_tag_pipeline

    made = {
        "CrossViewTransformer": lambda kind: kind(n_view_features=8),
        "JobColumnTransformer": lambda kind: kind([("a", "passthrough", "job_title")]),
        "JobTagPipeline": lambda kind: make_job_tag_pipeline(),
        "ThresholdGridSearchCV": lambda kind: kind(DummyClassifier(), {"strategy": ["prior"]}),
        "TunedMultiLabelThresholdClassifierCV": lambda kind: kind(DummyClassifier()),
    }
    for module in MODULES:
        for name in public_names(module):
            kind = getattr(importlib.import_module(module), name)
            if isinstance(kind, type) and issubclass(kind, BaseEstimator):
                estimator = made.get(name, lambda kind: kind())(kind)
                assert repr(estimator).startswith(f"{name}(")
                assert name in estimator._repr_html_()
