"""Kept for pickles of the first edition, which name this module.

Without it they would fail before the Keras estimators can say that the model must be fitted anew.
"""


class CrossViewTransformer:
    """A transformer of the first edition; it does nothing."""
