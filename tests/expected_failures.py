"""scikit-learn's checks that an estimator of this package is known to fail, and why.

The only such list.
"""

_MORE_TAGS = (
    "scikeras' BaseWrapper defines _more_tags without __sklearn_tags__, and the check looks at "
    "every base class; both estimators define __sklearn_tags__"
)
_MINI_BATCHES = (
    "a row of weight 2 takes one place in a mini-batch and the same row twice takes two, so the "
    "batches differ; the same holds for every network that is trained in batches"
)

_OTHER_THRESHOLD = (
    "the check wants the class of the highest probability, and another threshold than 0.5 is "
    "what this estimator is for; the same holds for TunedThresholdClassifierCV"
)

_LIBLINEAR = (
    "liblinear stops at a tolerance, and reaches another point near the optimum for rows that are "
    "repeated than for their weights; the same holds for LinearSVC"
)
_OUT_OF_FOLD = (
    "fit_transform returns out-of-fold scores, which differ from those of transform; the same "
    "holds for TargetEncoder"
)

EXPECTED_FAILURES = {
    "MultiLabelLinearSVC": {
        "check_sample_weight_equivalence_on_dense_data": _LIBLINEAR,
        "check_sample_weight_equivalence_on_sparse_data": _LIBLINEAR,
        "check_transformer_data_not_an_array": _OUT_OF_FOLD,
        "check_transformer_general": _OUT_OF_FOLD,
    },
    "KerasMultiLabelClassifier": {
        "check_estimator_tags_renamed": _MORE_TAGS,
        "check_sample_weight_equivalence_on_dense_data": _MINI_BATCHES,
    },
    "ConvAutoencoderTransformer": {
        "check_estimator_tags_renamed": _MORE_TAGS,
    },
    "TunedMultiLabelThresholdClassifierCV": {
        "check_classifiers_train": _OTHER_THRESHOLD,
    },
}


def expected_failures(estimator):
    """Return what `parametrize_with_checks` takes as `expected_failed_checks`."""
    return EXPECTED_FAILURES.get(type(estimator).__name__, {})
