"""Every estimator is checked, by no fewer checks than scikit-learn's own of its kind."""

import importlib
import re
import warnings
from pkgutil import iter_modules

import pytest
from sklearn.base import BaseEstimator
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import SkipTestWarning
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import MaxAbsScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import estimator_checks_generator

import jobtag_sklearn

#: What scikit-learn has that takes the same input and gives the same kind of output.
OF_SCIKIT_LEARN = {
    "ColumnFolder": MaxAbsScaler(),
    "ConvAutoencoderTransformer": TruncatedSVD(),
    "HashingVectorizer": HashingVectorizer(),
    "IncrementalTfidfTransformer": TfidfTransformer(),
    "KerasMultiLabelClassifier": MLPClassifier(),
    "MultiLabelLinearSVC": LinearSVC(),
    "TunedMultiLabelThresholdClassifierCV": TunedThresholdClassifierCV(LogisticRegression()),
}
#: scikit-learn has one check for transformers of raw text; text_checks.py has the others.
OF_TEXT = ("POSFeatures", "StemmingCleaner", "TextStatistics")
N_TEXT_CHECKS = 18
#: They take tables that no check of scikit-learn makes, and inherit from what it checks itself.
OF_TABLES = ("JobColumnTransformer", "JobTagPipeline", "ThresholdGridSearchCV")


def public_estimators():
    names = ("", *(f".{module.name}" for module in iter_modules(jobtag_sklearn.__path__)))
    packages = [f"jobtag_sklearn{name}" for name in names if not name.startswith("._")]
    for module in map(importlib.import_module, packages):
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if isinstance(thing, type) and issubclass(thing, BaseEstimator):
                yield name


def n_checks(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        return len(list(estimator_checks_generator(estimator)))


def test_every_public_estimator_stands_in_one_of_the_lists():
    lists = (*OF_SCIKIT_LEARN, *OF_TEXT, *OF_TABLES)
    assert sorted(set(public_estimators())) == sorted(lists)


def test_a_run_of_all_tests_has_all_checks(request):
    items = request.session.items
    if len({item.path for item in items}) < 30:
        pytest.skip("for a run of all tests")
    expected = {name: n_checks(estimator) for name, estimator in OF_SCIKIT_LEARN.items()}
    expected |= dict.fromkeys(OF_TEXT, N_TEXT_CHECKS + 1)
    names = "\n".join(item.nodeid for item in items)
    for name, least in expected.items():
        found = re.findall(rf"::test_(?:sklearn|text)_contract\[{name}\b", names)
        assert len(found) >= least, name
