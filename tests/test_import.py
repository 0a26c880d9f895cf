"""What an import costs: nothing that is slow before it is needed."""

import ast
import subprocess
import sys
import textwrap

import pytest

SLOW = ("tensorflow", "keras", "scikeras", "nltk", "textblob", "matplotlib")


def slow_modules_after(program):
    listing = f"import sys\nprint([name for name in {SLOW} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program) + "\n" + listing],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()[-1], done.stderr


@pytest.mark.parametrize(
    "program",
    [
        "import jobtag_sklearn",
        """
        from jobtag_sklearn import JobTagPipeline, make_job_tag_pipeline
        import jobtag_sklearn
        assert jobtag_sklearn.__version__
        assert set(jobtag_sklearn.__all__) <= set(dir(jobtag_sklearn))
        """,
        """
        import jobtag_sklearn.datasets, jobtag_sklearn.model_selection, jobtag_sklearn.updating
        from jobtag_sklearn.datasets import make_job_postings
        from jobtag_sklearn.feature_extraction import StemmingCleaner, TextStatistics
        from jobtag_sklearn.pipeline import JobTagPipeline
        from sklearn.feature_extraction.text import HashingVectorizer
        jobs, tags = make_job_postings(40, n_tags=2, random_state=0)
        steps = [("clean", StemmingCleaner()), ("hash", HashingVectorizer())]
        model = JobTagPipeline(steps)
        """,
    ],
    ids=["package", "names", "text steps"],
)
def test_nothing_slow_is_imported_before_it_is_used(program):
    modules, errors = slow_modules_after(program)
    assert modules == "[]"
    assert errors == ""


def test_text_alone_needs_no_tensorflow():
    modules, errors = slow_modules_after("""
        from jobtag_sklearn import JobTagPipeline
        from jobtag_sklearn.datasets import make_job_postings
        from jobtag_sklearn.feature_extraction import StemmingCleaner
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.naive_bayes import MultinomialNB
        jobs, tags = make_job_postings(40, n_tags=2, random_state=0)
        titles, label = jobs["job_title"], tags.iloc[:, 0]
        steps = [("clean", StemmingCleaner()), ("count", CountVectorizer()),
                 ("classify", MultinomialNB())]
        model = JobTagPipeline(steps).fit(titles, label)
        assert model.partial_fit(titles, label).predict(["chef"]).shape == (1,)
        """)
    assert not {"tensorflow", "keras", "scikeras"} & set(ast.literal_eval(modules))
    assert errors == ""


def test_the_linear_model_needs_no_tensorflow():
    modules, errors = slow_modules_after("""
        import pickle
        from jobtag_sklearn import make_job_tag_pipeline
        from jobtag_sklearn.datasets import make_job_postings
        from jobtag_sklearn.inspection import explain_tags, similar_jobs, tag_report
        from jobtag_sklearn.streaming import partial_fit_stream
        from jobtag_sklearn.updating import ModelUpdater
        jobs, tags = make_job_postings(60, n_tags=2, random_state=0)
        model = make_job_tag_pipeline(network=False, random_state=0).fit(jobs, tags)
        model = pickle.loads(pickle.dumps(model.partial_fit(jobs, tags)))
        partial_fit_stream(model, [(jobs, tags)])
        explain_tags(model, jobs.iloc[0])
        similar_jobs(model, jobs, jobs[:2])
        assert tag_report(tags, model.predict(jobs)).shape[0] == 2
        """)
    assert not {"tensorflow", "keras", "scikeras", "matplotlib"} & set(ast.literal_eval(modules))
    assert errors == ""


def test_names_that_are_not_there():
    import jobtag_sklearn

    with pytest.raises(AttributeError, match="no attribute 'make_pipeline'"):
        getattr(jobtag_sklearn, "make_pipeline")  # noqa: B009
    with pytest.raises(ImportError):
        from jobtag_sklearn import make_pipeline  # noqa: F401
