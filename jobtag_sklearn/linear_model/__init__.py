"""Columns become tag scores: linear models, which need no TensorFlow."""

from jobtag_sklearn.linear_model._multilabel_linear_svc import MultiLabelLinearSVC

__all__ = ["MultiLabelLinearSVC"]
