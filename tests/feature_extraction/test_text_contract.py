"""Every transformer of raw text keeps scikit-learn's contract and our own checks for text."""

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import SkipTestWarning
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator
from text_checks import yield_text_checks

from jobtag_sklearn import feature_extraction
from jobtag_sklearn.feature_extraction import (
    IncrementalTfidfTransformer,
    POSFeatures,
    StemmingCleaner,
    TextStatistics,
)

TEXT_TRANSFORMERS = [StemmingCleaner(), TextStatistics(), POSFeatures()]


def sklearn_checks(estimators):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)  # scikit-learn says that it has but one
        return [
            pytest.param(copy, check, id=f"{type(copy).__name__}-{check.func.__name__}")
            for estimator in estimators
            for copy, check in estimator_checks_generator(estimator)
        ]


SKLEARN_CHECKS = sklearn_checks(
    [*TEXT_TRANSFORMERS, IncrementalTfidfTransformer(), feature_extraction.HashingVectorizer()]
)
TEXT_CHECKS = [check for estimator in TEXT_TRANSFORMERS for check in yield_text_checks(estimator)]


@pytest.mark.parametrize(("estimator", "check"), SKLEARN_CHECKS)
def test_sklearn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize(("estimator", "check"), TEXT_CHECKS)
def test_text_contract(estimator, check):
    check(estimator)


def test_no_fewer_checks_than_expected():
    assert len(SKLEARN_CHECKS) >= 4 + 40
    assert len(TEXT_CHECKS) >= 3 * 18


@pytest.mark.parametrize(
    ("estimator", "parameters"),
    [
        (StemmingCleaner(), {"stemmer": "lancaster"}),
        (StemmingCleaner(), {"stop_words": "german"}),
        (StemmingCleaner(), {"strip_html": "yes"}),
        (StemmingCleaner(), {"stop_words": [1]}),
        (StemmingCleaner(), {"protected_tokens": ["two words"]}),
        (TextStatistics(), {"statistics": "some"}),
        (TextStatistics(), {"statistics": ["n_vowels"]}),
        (TextStatistics(), {"statistics": []}),
        (POSFeatures(), {"tagger": "auto"}),
        (POSFeatures(), {"normalize": 2}),
        (IncrementalTfidfTransformer(), {"norm": "max"}),
    ],
)
def test_bad_parameters_are_named(estimator, parameters):
    (name,) = parameters
    X = np.eye(2) if isinstance(estimator, IncrementalTfidfTransformer) else ["text"]
    with pytest.raises(ValueError, match=name.removesuffix("s")):
        estimator.set_params(**parameters).fit(X)


def test_columns_side_by_side():
    jobs = pd.DataFrame(
        {
            "job_title": ["C++ developer", "Head chef"],
            "job_description": ["<p>She writes fast code.</p>", "He cooks."],
        },
        index=pd.Index([4711, 12], name="job_id"),
    )
    words = make_pipeline(StemmingCleaner(), HashingVectorizer(n_features=32, analyzer=str.split))
    counts = FeatureUnion([("statistics", TextStatistics()), ("pos", POSFeatures())])
    features = ColumnTransformer(
        [
            ("title", words, "job_title"),
            ("words", words, "job_description"),
            ("counts", counts, "job_description"),
        ]
    )
    assert features.fit_transform(jobs).shape == (2, 32 + 32 + 6 + 5)

    union = FeatureUnion([("statistics", TextStatistics()), ("pos", POSFeatures())])
    framed = ColumnTransformer([("counts", union, "job_description")]).set_output(
        transform="pandas"
    )
    table = framed.fit_transform(jobs)
    assert list(table.index) == [4711, 12]
    assert list(table.columns[:2]) == [
        "counts__statistics__n_characters",
        "counts__statistics__n_words",
    ]


def test_pandas_output_still_feeds_a_vectorizer():
    """A frame would be read as the list of its column names."""
    cleaner = StemmingCleaner().set_output(transform="pandas")
    pipeline = Pipeline([("clean", cleaner), ("hash", HashingVectorizer(analyzer=str.split))])
    assert pipeline.fit_transform(["a chef", "a cook", "a baker"]).shape[0] == 3


def test_import_loads_neither_nltk_nor_tensorflow():
    program = (
        "import sys, jobtag_sklearn.feature_extraction; "
        "print([m for m in ('nltk', 'textblob', 'tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
