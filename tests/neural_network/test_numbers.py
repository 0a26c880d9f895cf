"""Whatever form numbers come in: right, or an error that says what is wrong with them."""

import copy

import joblib
import numpy as np
import pytest
from scipy import sparse
from small_models import make_tags, small_autoencoder, small_classifier

from jobtag_sklearn.feature_extraction import ColumnFolder, IncrementalTfidfTransformer
from jobtag_sklearn.linear_model import MultiLabelLinearSVC

X, Y = make_tags(n_samples=50)
COUNTS = np.maximum(np.round(2 * X), 0).astype(np.float32)
DENSE_ONLY = ("classifier",)

ESTIMATORS = {
    "classifier": small_classifier(scores_first=True, epochs=1),
    "autoencoder": small_autoencoder(),
    "folder": ColumnFolder(4),
    "linear model": MultiLabelLinearSVC(C=1.0, balance=0.0, random_state=0),
    "weights of words": IncrementalTfidfTransformer(),
}


def outputs(fitted, rows):
    answers = (fitted.predict_proba if hasattr(fitted, "predict_proba") else fitted.transform)(
        rows
    )
    return answers.toarray() if sparse.issparse(answers) else answers


def learn(fitted, rows):
    return fitted.partial_fit(rows, Y) if hasattr(fitted, "partial_fit") else fitted.fit(rows, Y)


@pytest.fixture(scope="module")
def fitted():
    return {name: copy.deepcopy(model).fit(COUNTS, Y) for name, model in ESTIMATORS.items()}


def from_disk(rows, tmp_path):
    """Return rows as joblib hands them to its workers: mapped into memory, to be read only."""
    joblib.dump(rows, tmp_path / "rows.joblib")
    return joblib.load(tmp_path / "rows.joblib", mmap_mode="r")


def with_long_indices(rows):
    rows = sparse.csr_array(rows)
    rows.indices, rows.indptr = rows.indices.astype(np.int64), rows.indptr.astype(np.int64)
    return rows


def untidy(rows):
    """Return rows with zeros that are stored, indices without order, and sums of two."""
    whole = sparse.coo_array(rows)
    twice = [np.concatenate([array, array]) for array in (whole.row, whole.col)]
    data = np.concatenate([whole.data - 1, np.ones_like(whole.data)])
    order = np.random.RandomState(0).permutation(len(data))
    lines = twice[0][order], twice[1][order]
    untidy = sparse.csr_array((data[order], lines), shape=rows.shape)
    untidy.data = np.append(untidy.data, np.float32(0))
    untidy.indices = np.append(untidy.indices, untidy.indices.dtype.type(0))
    untidy.indptr[-1] += 1
    return untidy


FORMS = {
    "float64": lambda rows, _: rows.astype(np.float64),
    "int8": lambda rows, _: rows.astype(np.int8),
    "Fortran order": lambda rows, _: np.asfortranarray(rows),
    "every second row": lambda rows, _: np.repeat(rows, 2, axis=0)[::2],
    "read only": from_disk,
    "sparse, read only": lambda rows, folder: from_disk(sparse.csr_matrix(rows), folder),
    "sparse int8": lambda rows, _: sparse.csr_array(rows.astype(np.int8)),
    "64-bit indices": lambda rows, _: with_long_indices(rows),
    "untidy": lambda rows, _: untidy(rows),
    "by columns": lambda rows, _: sparse.csc_matrix(rows),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_form_gives_the_same(name, fitted, tmp_path):
    expected = outputs(fitted[name], COUNTS)
    updated = outputs(learn(copy.deepcopy(fitted[name]), COUNTS), COUNTS)
    for form, make in FORMS.items():
        if form == "untidy" and name == "weights of words":
            continue  # like scikit-learn's, it counts what is stored
        rows = make(COUNTS, tmp_path)
        if name in DENSE_ONLY and sparse.issparse(rows):
            continue
        before = rows.toarray() if sparse.issparse(rows) else np.array(rows)
        model = copy.deepcopy(ESTIMATORS[name]).fit(rows, Y)
        np.testing.assert_allclose(outputs(model, rows), expected, atol=1e-5, err_msg=form)
        learn(model, rows)
        np.testing.assert_allclose(outputs(model, rows), updated, atol=1e-5, err_msg=form)
        after = rows.toarray() if sparse.issparse(rows) else np.array(rows)
        np.testing.assert_array_equal(after, before)


def spoilt(value, container):
    rows = COUNTS.astype(np.float64)
    rows[3, 5] = value
    return container(rows)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("name", ["classifier", "autoencoder"])
def test_what_is_no_number_changes_nothing(name, value, container, fitted):
    """1e300 is a number, but none that a network's 32 bits hold."""
    if name in DENSE_ONLY and container is not np.asarray:
        return
    model = copy.deepcopy(fitted[name])
    with np.errstate(over="ignore"):
        for use in (model.fit, model.partial_fit):
            with pytest.raises(ValueError, match="contains (NaN|infinity)"):
                use(spoilt(value, container), Y)
        with pytest.raises(ValueError, match="contains (NaN|infinity)"):
            outputs(model, spoilt(value, container))
    np.testing.assert_array_equal(outputs(model, COUNTS), outputs(fitted[name], COUNTS))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_no_row_one_row_and_one_column(name, fitted):
    model = copy.deepcopy(fitted[name])
    for container in (np.asarray,) if name in DENSE_ONLY else (np.asarray, sparse.csr_array):
        with pytest.raises(ValueError, match="0 sample"):
            outputs(model, container(COUNTS[:0]))
        one = outputs(model, container(COUNTS[:1]))
        np.testing.assert_allclose(one, outputs(model, COUNTS)[:1], atol=1e-5)
        with pytest.raises(ValueError, match="1 features?, but .* 12 features"):
            outputs(model, container(COUNTS[:, :1]))
