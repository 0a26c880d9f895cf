"""Columns become codes, codes become tags: the two Keras estimators."""

from jobtag_sklearn.neural_network._autoencoder import ConvAutoencoderTransformer
from jobtag_sklearn.neural_network._classifier import KerasMultiLabelClassifier

__all__ = ["ConvAutoencoderTransformer", "KerasMultiLabelClassifier"]
