"""scikit-learn's own checks of the classifier."""

import keras
import pytest
from expected_failures import EXPECTED_FAILURES, expected_failures
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from small_models import small_classifier

from jobtag_sklearn.linear_model import MultiLabelLinearSVC


class ClippedSGD(keras.optimizers.SGD):
    """A class, since an object would give every worker's tests another name."""

    def __init__(self, learning_rate=0.5, clipnorm=1.0, **settings):
        super().__init__(learning_rate, clipnorm=clipnorm, **settings)


# one batch holds all the rows of a check, and a few steps along the gradient are enough; clipped,
# since rows of weight 1000 would make them too long
CLASSIFIER = small_classifier(batch_size=512, epochs=4, optimizer=ClippedSGD)


def names_of_checks(estimator):
    return [check.func.__name__ for _, check in estimator_checks_generator(estimator)]


@parametrize_with_checks([CLASSIFIER], expected_failed_checks=expected_failures)
def test_sklearn_contract(estimator, check):
    check(estimator)


def test_as_many_checks_as_for_sklearns_own_network():
    assert len(names_of_checks(CLASSIFIER)) >= max(67, len(names_of_checks(MLPClassifier())))


def test_few_failures_are_expected_and_each_is_a_check():
    assert sum(map(len, EXPECTED_FAILURES.values())) <= 8
    assert set(EXPECTED_FAILURES) == {
        "MultiLabelLinearSVC",
        "KerasMultiLabelClassifier",
        "ConvAutoencoderTransformer",
        "TunedMultiLabelThresholdClassifierCV",
    }
    known = {*names_of_checks(CLASSIFIER), *names_of_checks(MultiLabelLinearSVC())}
    for reasons in EXPECTED_FAILURES.values():
        assert set(reasons) <= known
        assert all(len(reason) > 20 for reason in reasons.values())


@pytest.mark.parametrize("check", ["check_sample_weights_shape", "check_classifiers_train"])
def test_checks_of_a_classifier_are_among_them(check):
    assert check in names_of_checks(CLASSIFIER)
