"""scikit-learn's own checks of the autoencoder."""

from expected_failures import EXPECTED_FAILURES, expected_failures
from sklearn.decomposition import TruncatedSVD
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from small_models import small_autoencoder

# the checks fit a hundred networks, and none of them looks at more than one step of the four
AUTOENCODER = small_autoencoder(
    filters=(2,), hidden_layer_sizes=(4,), input_dropout=0.0, dropout=0.0, batch_size=512
)


def names_of_checks(estimator):
    return [check.func.__name__ for _, check in estimator_checks_generator(estimator)]


@parametrize_with_checks([AUTOENCODER], expected_failed_checks=expected_failures)
def test_sklearn_contract(estimator, check):
    check(estimator)


def test_as_many_checks_as_for_linear_codes_of_sparse_rows():
    names = names_of_checks(AUTOENCODER)
    assert len(names) >= len(names_of_checks(TruncatedSVD()))
    assert set(names_of_checks(TruncatedSVD())) <= set(names)


def test_expected_failures_are_checks():
    names = names_of_checks(AUTOENCODER)
    assert set(EXPECTED_FAILURES["ConvAutoencoderTransformer"]) <= set(names)
