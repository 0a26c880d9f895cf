"""A posting's text is text: it is not run, not sent and not shown as markup."""

import os
from html.parser import HTMLParser

import pandas as pd
import pytest
from any_text import documents
from fuzzing import for_all, fuzz
from small_models import in_fresh_python

from jobtag_sklearn import JobTagPipeline
from jobtag_sklearn._main_job_text import tagged
from jobtag_sklearn.feature_extraction import JobColumnTransformer
from jobtag_sklearn.inspection._explanation import TagExplanation
from jobtag_sklearn.inspection._left_out import visible_text, words_of
from jobtag_sklearn.utils._replacing import replacing

PROPERTIES = []
HOSTILE = [
    "__import__('os').system('touch run')",
    "$(touch run) `touch run` ; touch run | touch run",
    "'; DROP TABLE jobs; --",
    "{0.__class__} %(x)s %n ${jndi:ldap://127.0.0.1/a}",
    "<script>fetch('http://127.0.0.1')</script><img src=x onerror=alert(1)>",
    "=HYPERLINK(A1) @SUM(1) +1 -1",
    "../../etc/passwd\x00 file:///etc/passwd",
    "\x1b]0;title\x07\x1b[2J \u202etxt.exe",
]


class Reader(HTMLParser):
    """Keeps what a browser would make of a page: elements, attributes and text."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.attributes, self.text = [], set(), ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        self.elements.append("comment")

    handle_decl = handle_pi = unknown_decl = handle_comment


def explained(tag, document):
    """Explain a tag by every word of a document, without a model."""
    words = words_of("job_title", document)
    rows = [(tag, "job_title", word.text, 1, 0.5 - n % 2, 0.5) for n, word in enumerate(words)]
    names = ["tag", "column", "word", "count", "effect", "without"]
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    probabilities = pd.Series([0.5], index=pd.Index([tag], dtype=object))
    return TagExplanation(frame, probabilities, {"job_title": visible_text(document)[0]}, words)


@for_all(PROPERTIES, tag=documents, document=documents)
def test_an_explanation_shows_text_and_no_markup(tag, document):
    explanation = explained(tag, document)
    page = Reader(explanation._repr_html_())
    assert set(page.elements) <= {"section", "div", "strong", "mark"}
    assert page.elements.count("section") == page.elements.count("strong") == 1
    assert page.attributes <= {"style", "title"}
    shown = f"{tag} 50% {explanation.texts['job_title']}"
    assert "".join(page.text.split()) == "".join(shown.split())


@pytest.mark.parametrize("hostile", HOSTILE)
def test_names_of_steps_are_no_markup_either(hostile):
    steps = [(hostile, "passthrough", "job_title")]
    for estimator in (JobColumnTransformer(steps), JobTagPipeline([(hostile, "passthrough")])):
        page = estimator._repr_html_()
        assert "<script>fetch" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize("hostile", HOSTILE)
def test_the_terminal_gets_no_commands(hostile):
    jobs = pd.DataFrame({"job_title": [hostile]})
    shown = tagged(jobs, [[hostile]], pd.Series([hostile]))
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert "touch" not in hostile or "touch" in shown


def test_a_file_that_somebody_put_in_the_way_is_left_alone(tmp_path, monkeypatch):
    target = tmp_path / "target"
    target.write_text("of somebody else")
    monkeypatch.setattr("secrets.token_hex", lambda size: "guessed")
    (tmp_path / ".model.guessed.part").symlink_to(target)
    with pytest.raises(FileExistsError), replacing(tmp_path / "model"):
        pass
    assert target.read_text() == "of somebody else"
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_nothing_is_run_sent_or_written(tmp_path):
    """Python's own audit of what a model does with hostile postings, from the fit to an update."""
    events = in_fresh_python(
        """
        import os, pickle, sys
        import keras, nltk, pandas as pd, sklearn.utils.estimator_checks, textblob.en
        from jobtag_sklearn.feature_extraction import POSFeatures
        from jobtag_sklearn.inspection import explain_tags
        sys.path.insert(0, given["tests"])
        from small_models import small_pipeline

        os.chdir(given["folder"])
        sys.dont_write_bytecode = True
        POSFeatures().fit_transform(["the lexicon is read"])
        hostile = given["hostile"]
        jobs = pd.DataFrame({"job_title": hostile, "job_description": hostile[::-1]}, dtype=object)
        jobs = pd.concat([jobs] * 10, ignore_index=True)
        tags = pd.DataFrame({name: (jobs.index % len(hostile) == n).astype(int)
                             for n, name in enumerate(hostile[:3])})
        result = []

        def hook(event, arguments):
            opened = event == "open" and not isinstance(arguments[0], int)
            if opened and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
            watched = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn",
                       "os.fork", "urllib.", "http.", "ftplib.", "smtplib.", "os.remove",
                       "os.rename", "os.mkdir", "shutil.", "tempfile.")
            if opened or event.startswith(watched):
                result.append((event, repr(arguments)[:200]))

        sys.addaudithook(hook)
        model = small_pipeline().fit(jobs, tags)
        model.partial_fit(jobs, tags)
        again = pickle.loads(pickle.dumps(model))
        assert (again.predict_proba(jobs) == model.predict_proba(jobs)).all()
        again.predict_tags(jobs)
        explain_tags(again, jobs.iloc[0])._repr_html_()
        result = list(result)
        """,
        {"hostile": HOSTILE, "folder": str(tmp_path), "tests": os.path.dirname(__file__)},
    )
    assert events == []
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize(("function", "strategies"), PROPERTIES)
def test_fuzz(function, strategies, capsys):
    fuzz(function, strategies, capsys)
