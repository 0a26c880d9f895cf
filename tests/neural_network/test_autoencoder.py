"""ConvAutoencoderTransformer: codes of wide rows, and their reconstruction."""

import copy
import pickle
import re
import tracemalloc

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from small_models import in_fresh_python, small_autoencoder

from jobtag_sklearn.neural_network import _autoencoder

RNG = np.random.RandomState(0)
TOPICS = RNG.uniform(size=(4, 300)) * (RNG.uniform(size=(4, 300)) < 0.1)
Y = np.eye(4, dtype=int)[np.arange(80) % 4]
X = sparse.csr_array(((Y @ TOPICS) * (RNG.uniform(size=(80, 300)) < 0.8)).astype(np.float32))
#: Columns that some row holds.
SEEN = np.unique(X.indices)
#: With these a fit changes next to nothing.
AT_START = {"learning_rate": 1e-12, "dropout": 0.0, "input_dropout": 0.0, "batch_size": 80}


def assert_same(first, second, rows=X):
    np.testing.assert_array_equal(first.transform(rows), second.transform(rows))


def topics(n_rows, seed=0):
    """Return rows that each mix some of 30 topics, in which words are missing at random."""
    rng = np.random.RandomState(0)
    words = rng.uniform(size=(30, 500)) * (rng.uniform(size=(30, 500)) < 0.08)
    rng = np.random.RandomState(seed)
    mixed = (rng.uniform(size=(n_rows, 30)) < 0.1) @ words
    rows = mixed * (rng.uniform(size=mixed.shape) < 0.7)
    return sparse.csr_array(rows.astype(np.float32))


@pytest.fixture(scope="module")
def fitted():
    return small_autoencoder().fit(X)


@pytest.fixture(scope="module")
def trained():
    """Trained until it reconstructs more than the decomposition that it starts from."""
    return small_autoencoder(
        n_components=8, optimizer="adam", learning_rate=3e-3, epochs=8, batch_size=64,
        hidden_layer_sizes=(32, 16), filters=(4, 8, 8, 8), run_eagerly=False,
    ).fit(topics(400))  # fmt: skip


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize("width", [1, 2, 15, 16, 17, 255, 256, 257, 1000])
def test_any_width(width):
    rows = np.random.RandomState(0).uniform(size=(5, width)).astype(np.float32)
    autoencoder = small_autoencoder().fit(rows)
    codes = autoencoder.transform(rows)
    assert codes.shape == (5, 3)
    assert codes.dtype == np.float32
    back = autoencoder.inverse_transform(codes)
    assert back.shape == (5, width)
    assert back.dtype == np.float32


def test_four_steps_and_three_hidden_layers_mirrored():
    autoencoder = small_autoencoder(filters=(3, 4, 5, 6), hidden_layer_sizes=(9, 7)).fit(X)
    encoder = autoencoder.model_.get_layer("encoder")
    decoder = autoencoder.model_.get_layer("decoder")

    def shapes(model, prefix):
        found = [layer for layer in model.layers if layer.name.startswith(prefix)]
        return [tuple(layer.output.shape[1:]) for layer in found if hasattr(layer, "kernel")]

    # 300 columns are padded to 4 ** 4 times 2
    assert shapes(encoder, "convolution") == [(128, 3), (32, 4), (8, 5), (2, 6)]
    assert shapes(decoder, "deconvolution") == [(2, 4 * 5), (8, 4 * 4), (32, 4 * 3), (128, 4)]
    assert shapes(encoder, "encoder_hidden") + shapes(encoder, "code") == [(9,), (7,), (3,)]
    assert shapes(decoder, "decoder_hidden") + shapes(decoder, "unflatten") == [(7,), (9,), (12,)]
    assert encoder.output_shape == (None, 3)
    assert decoder.output_shape == (None, len(SEEN))


def test_steps_are_convolutions():
    """If a row moves by a whole number of steps, the last feature map moves along."""
    rows = np.zeros((2, 256 * 6), dtype=np.float32)
    pattern = np.random.RandomState(1).uniform(size=256)
    rows[0, 512:768] = pattern
    rows[1, 1024:1280] = pattern
    encoder = small_autoencoder(filters=(6, 6, 6, 6)).fit(rows).model_.get_layer("encoder")
    maps = keras.Model(encoder.input, encoder.get_layer("flatten").output)(rows)
    first, second = np.asarray(maps).reshape(2, 6, 6)
    assert np.abs(first).max() > 0
    np.testing.assert_allclose(first[2], second[4], atol=1e-6)
    np.testing.assert_array_equal(np.delete(first, 2, axis=0), 0)


@pytest.mark.parametrize(
    "settings",
    [
        {"filters": (2,)},
        {"hidden_layer_sizes": np.array([5])},
        {"pool_size": 2},
        {"pool_size": 5, "filters": [3, 2]},
        {"n_components": 1},
        {"dropout": 0.0, "input_dropout": 0.0},
        {"filters": np.array([2, 3])},
    ],
    ids=str,
)
def test_other_shapes(settings):
    autoencoder = small_autoencoder(**settings).fit(X)
    n_components = settings.get("n_components", 3)
    assert autoencoder.transform(X).shape == (80, n_components)
    assert autoencoder.inverse_transform(autoencoder.transform(X)).shape == X.shape
    assert_same(pickle.loads(pickle.dumps(clone(autoencoder).fit(X))), autoencoder)


# ---------------------------------------------------------------- containers


def test_containers_agree():
    expected = small_autoencoder().fit(X)
    codes = expected.transform(X)
    errors = expected.reconstruction_error(X)
    for container in (
        sparse.csr_matrix,
        sparse.csr_array,
        sparse.csc_matrix,
        sparse.coo_array,
        lambda rows: rows.toarray(),
        lambda rows: np.asfortranarray(rows.toarray().astype(np.float64)),
        lambda rows: pd.DataFrame(rows.toarray()),
        lambda rows: rows.toarray().tolist(),
    ):
        rows = container(X)
        autoencoder = small_autoencoder()
        np.testing.assert_allclose(autoencoder.fit_transform(rows), codes, atol=1e-6)
        np.testing.assert_allclose(autoencoder.reconstruction_error(rows), errors, rtol=1e-5)
        autoencoder.partial_fit(rows)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"filters": (3, 2)},
        {"filters": (3,)},
        {"pool_size": 2, "filters": (3, 5, 2)},
        {"pool_size": 5, "filters": (2, 3, 4)},
        {"hidden_layer_sizes": (7,), "n_components": 1},
        {"hidden_layer_sizes": (300, 200), "n_components": 40, "filters": (8, 16, 32, 32)},
    ],
    ids=str,
)
def test_transform_is_what_the_encoder_computes(settings):
    # a rate at which the convolutional path has some output
    autoencoder = small_autoencoder(optimizer="adam", epochs=3, **settings).fit(X)
    encoder = autoencoder.model_.get_layer("encoder")
    rows = X.toarray()
    rows[0] = 0
    # columns that were not there in training
    rows[1, np.delete(np.arange(300), SEEN)[:5]] = 1
    rows[2] *= -1
    expected = np.asarray(encoder(rows))
    np.testing.assert_allclose(autoencoder.transform(rows), expected, rtol=1e-5, atol=1e-5)
    for row in range(4):
        codes = autoencoder.transform(sparse.csr_matrix(rows[row : row + 1]))
        np.testing.assert_allclose(codes[0], expected[row], rtol=1e-5, atol=1e-5)
    assert not np.array_equal(expected[0], autoencoder.transform(X[:1])[0])


def test_any_csr_matrix(fitted):
    many = sparse.vstack([X] * 14).tocsr()
    expected = fitted.transform(many)
    # each value in two entries, in descending order, zeros between them, 64-bit indices
    row, column = many.nonzero()
    row = np.concatenate([row, row, np.arange(many.shape[0])])
    column = np.concatenate([column, column, np.full(many.shape[0], 7)])
    values = np.concatenate([many.data / 2, many.data / 2, np.zeros(many.shape[0], np.float32)])
    order = np.lexsort((-column, row))
    starts = np.append(0, np.bincount(row).cumsum())
    rows = sparse.csr_array((values[order], column[order], starts), shape=many.shape)
    assert rows.nnz == 2 * many.nnz + many.shape[0]
    before = [part.copy() for part in (rows.data, rows.indices, rows.indptr)]
    np.testing.assert_allclose(fitted.transform(rows), expected, atol=1e-6)
    np.testing.assert_array_equal(small_autoencoder().fit(rows).columns_, SEEN)
    for part, old in zip((rows.data, rows.indices, rows.indptr), before, strict=True):
        np.testing.assert_array_equal(part, old)


def test_indices_that_the_matrix_takes_for_sorted(fitted):
    rows = X.copy()
    assert rows.has_canonical_format
    # the flag is kept by the matrix, and the arrays are the user's
    where = slice(rows.indptr[0], rows.indptr[1])
    rows.indices[where] = rows.indices[where][::-1].copy()
    rows.data[where] = rows.data[where][::-1].copy()
    np.testing.assert_allclose(fitted.transform(rows), fitted.transform(X), atol=1e-6)


def test_a_code_does_not_depend_on_the_rows_beside_it():
    rows = sparse.random(
        1_000, 2_000, density=0.02, format="csr", dtype=np.float32, random_state=0
    )
    autoencoder = small_autoencoder(
        filters=(8, 16, 32, 32), hidden_layer_sizes=(300, 200), n_components=50
    ).fit(rows[:100])
    codes = autoencoder.transform(rows)
    for start, stop in ((0, 1), (3, 6), (500, 600), (999, 1000), (7, 900)):
        # BLAS rounds differently for another number of rows
        np.testing.assert_allclose(
            autoencoder.transform(rows[start:stop]), codes[start:stop], rtol=1e-5, atol=1e-5
        )


def test_set_output_and_names(fitted):
    autoencoder = copy.deepcopy(fitted).set_output(transform="pandas")
    frame = pd.DataFrame(X.toarray(), index=[f"job {i}" for i in range(80)])
    codes = autoencoder.transform(frame)
    assert isinstance(codes, pd.DataFrame)
    assert codes.index.equals(frame.index)
    names = [f"convautoencodertransformer{i}" for i in range(3)]
    assert codes.columns.tolist() == autoencoder.get_feature_names_out().tolist() == names
    assert autoencoder.inverse_transform(codes).shape == X.shape


# ---------------------------------------------------------------- the start


def test_starts_from_the_singular_value_decomposition():
    autoencoder = small_autoencoder(**AT_START).fit(X)
    svd = TruncatedSVD(3, random_state=0).fit(X)
    codes, expected = autoencoder.transform(X), svd.transform(X)
    np.testing.assert_allclose(np.square(codes).mean(axis=0), 1, rtol=1e-4)
    correlations = np.corrcoef(codes.T, expected.T)[:3, 3:]
    np.testing.assert_allclose(np.abs(correlations).max(axis=1), 1, atol=1e-4)
    reconstructed = autoencoder.inverse_transform(codes)
    np.testing.assert_allclose(
        reconstructed, np.maximum(svd.inverse_transform(expected), 0), atol=1e-4
    )


def test_training_explains_more_than_the_decomposition(trained):
    rows = topics(200, seed=1)
    svd = TruncatedSVD(8, random_state=0).fit(topics(400))
    lost = np.square(rows - svd.inverse_transform(svd.transform(rows))).sum()
    explained = 1 - lost / np.square(rows.toarray()).sum()
    start = clone(trained).set_params(**AT_START, epochs=1).fit(topics(400))
    assert start.score(rows) > explained, "by the ReLU"
    assert trained.score(rows) > start.score(rows) + 0.005
    losses = trained.history_["loss"]
    assert all(np.diff(losses) < 0)
    assert losses[-1] < losses[0] - 0.03


def test_linear_layers_learn_at_their_own_rates():
    settings = {"optimizer": "adam", "batch_size": 80, "dropout": 0.0, "input_dropout": 0.0}
    start, moved = (
        small_autoencoder(**settings | {"learning_rate": rate}).fit(X) for rate in (1e-12, 1e-3)
    )
    # the first step of Adam changes each weight by the learning rate
    for part, layer, rate in (
        ("encoder", "linear_encoder", 3e-3),
        ("decoder", "linear_decoder", 3e-4),
        ("decoder", "deconvolution_0", 1e-3),
    ):
        before, after = (
            autoencoder.model_.get_layer(part).get_layer(layer).get_weights()[0]
            for autoencoder in (start, moved)
        )
        factor = {"linear_encoder": 3, "linear_decoder": 0.3}.get(layer, 1)
        assert factor * np.abs(after - before).max() == pytest.approx(rate, rel=0.01)


@pytest.mark.parametrize("n_rows", [1, 2, 5])
def test_fewer_rows_than_components(n_rows):
    autoencoder = small_autoencoder(n_components=12).partial_fit(X[:n_rows])
    codes = autoencoder.transform(X)
    assert codes.shape == (80, 12)
    # every code says something, and can be learnt
    assert (codes.std(axis=0) > 0.01).all()
    assert autoencoder.score(X[:n_rows]) > 0.9
    for first in range(0, 80, 20):
        autoencoder.partial_fit(X[first : first + 20])
    assert np.isfinite(autoencoder.transform(X)).all()
    assert np.isfinite(autoencoder.score(X))
    same = sparse.vstack([X[:1]] * 20).tocsr()
    assert np.isfinite(small_autoencoder().fit(same).transform(same)).all()


# ---------------------------------------------------------------- columns of the training rows


def test_columns_that_never_occurred(fitted):
    np.testing.assert_array_equal(fitted.columns_, SEEN)
    unseen = np.delete(np.arange(300), SEEN)
    codes = fitted.transform(X)
    back = fitted.inverse_transform(codes)
    np.testing.assert_array_equal(back[:, unseen], 0)
    assert (back[:, SEEN] != 0).any()
    # what they hold cannot be reconstructed, so all of it is error
    rows = X.toarray()
    errors = np.square(rows - back).sum(axis=1)
    rows[:, unseen[0]] = 2
    lost = np.square(rows - fitted.inverse_transform(fitted.transform(rows))).sum(axis=1)
    np.testing.assert_allclose(
        fitted.reconstruction_error(rows), lost / np.square(rows).sum(axis=1), rtol=1e-4
    )
    assert (lost > errors + 3.9).all()


def test_updates_read_new_columns_but_do_not_reconstruct_them(fitted):
    unseen = np.delete(np.arange(300), SEEN)
    rows = X.toarray()
    rows[:, unseen[:9]] = 1
    autoencoder = copy.deepcopy(fitted).partial_fit(rows)
    np.testing.assert_array_equal(autoencoder.columns_, SEEN)
    np.testing.assert_array_equal(
        autoencoder.inverse_transform(autoencoder.transform(rows))[:, unseen], 0
    )
    assert not np.array_equal(autoencoder.transform(rows), autoencoder.transform(X))
    np.testing.assert_array_equal(autoencoder.fit(rows).columns_, np.union1d(SEEN, unseen[:9]))


# ---------------------------------------------------------------- there and back


def test_reconstructs(trained):
    rows = topics(200, seed=1)
    back = trained.inverse_transform(trained.transform(rows))
    assert back.min() >= 0
    dense = rows.toarray().astype(float)
    lost, norms = ((dense - back) ** 2).sum(axis=1), (dense**2).sum(axis=1)
    held = norms > 0
    errors = trained.reconstruction_error(rows)
    np.testing.assert_allclose(errors[held], (lost / norms.clip(1e-9))[held], rtol=1e-4)
    assert errors.shape == (200,)
    assert trained.score(rows) == pytest.approx(1 - lost.sum() / norms.sum(), rel=1e-5)
    assert trained.score(rows) == trained.score(rows, "ignored")


def test_explained_variance_is_the_score_of_training_rows(monkeypatch):
    autoencoder = small_autoencoder().fit(X)
    assert autoencoder.explained_variance_ == pytest.approx(autoencoder.score(X), abs=1e-6)
    before = autoencoder.explained_variance_
    assert autoencoder.partial_fit(X[:40]).explained_variance_ == before
    updated = small_autoencoder().partial_fit(X)
    assert updated.explained_variance_ == pytest.approx(updated.score(X), abs=1e-6)
    monkeypatch.setattr(_autoencoder, "_MOST_EXPLAINED", 8)
    autoencoder.fit(X)
    some = np.linspace(0, 79, 8).astype(int)
    assert autoencoder.explained_variance_ == pytest.approx(autoencoder.score(X[some]), abs=1e-6)


def test_loss_is_relative_to_the_norm_of_rows():
    for factor in (1, 1e4):
        rows = X * np.float32(factor)
        autoencoder = small_autoencoder(**AT_START).fit(rows)
        lost = 1 - autoencoder.explained_variance_
        assert autoencoder.history_["loss"][0] == pytest.approx(lost, rel=1e-4)


def test_scale_of_the_rows_does_not_matter():
    plain = small_autoencoder(epochs=2, batch_size=40).fit(X)
    for factor in (1e-4, 1e4):
        rows = X * np.float32(factor)
        scaled = small_autoencoder(epochs=2, batch_size=40).fit(rows)
        np.testing.assert_allclose(scaled.transform(rows), plain.transform(X), atol=1e-3)
        assert scaled.score(rows) == pytest.approx(plain.score(X), abs=1e-4)
        back = scaled.inverse_transform(scaled.transform(rows))
        np.testing.assert_allclose(
            back / factor, plain.inverse_transform(plain.transform(X)), atol=1e-3
        )


def test_rows_of_zeros(trained):
    """A posting without a known word has no norm that an error could be divided by."""
    rows = sparse.vstack([topics(50), sparse.csr_array((1, 500), dtype=np.float32)]).tocsr()
    assert np.isfinite(trained.transform(rows)).all()
    assert np.isfinite(trained.reconstruction_error(rows)).all()
    assert trained.score(rows) == pytest.approx(trained.score(rows[:50]), abs=0.05)
    nothing = sparse.csr_array((4, 300), dtype=np.float32)
    empty = small_autoencoder().fit(nothing)
    assert np.isfinite(empty.transform(nothing)).all()
    assert np.isfinite(empty.transform(X)).all()
    assert empty.score(nothing) == 1.0
    assert len(empty.columns_) == 1


def test_codes_are_refused_by_shape(fitted):
    for codes in (np.zeros((2, 4)), np.zeros(3), X[:2, :4].toarray(), np.zeros((1, 1, 3))):
        with pytest.raises(
            ValueError, match=r"codes must have shape \(n_samples, 3\)|2D array|dim"
        ):
            fitted.inverse_transform(codes)
    assert fitted.inverse_transform([[0, 1, 2]]).shape == (1, 300)


def test_tags_are_ignored(fitted):
    for y in (Y, pd.DataFrame(Y, columns=list("abcd")), "anything"):
        autoencoder = small_autoencoder().fit(X, y)
        assert_same(autoencoder, fitted)
        assert not hasattr(autoencoder, "classes_")
        assert_same(autoencoder.partial_fit(X, y), copy.deepcopy(fitted).partial_fit(X))


# ---------------------------------------------------------------- going on


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "epochs"),
    [(20, 64, 10), (1_271, 64, 6), (2_000, 64, 4), (4_000, 128, 4), (11_424, 128, 3)],
)
def test_automatic_sizes(n_rows, batch_size, epochs):
    autoencoder = small_autoencoder(epochs="auto", batch_size="auto")
    assert autoencoder._batch_size_for(n_rows) == batch_size
    assert autoencoder._epochs_for(n_rows) == epochs
    if n_rows < 80:
        assert autoencoder.fit(X[:n_rows]).n_epochs_ == epochs
        assert autoencoder.get_params()["epochs"] == "auto"


def test_partial_fit(fitted):
    autoencoder = copy.deepcopy(fitted)
    before = autoencoder.transform(X)
    autoencoder.partial_fit(X).partial_fit(X[:30])
    assert not np.array_equal(autoencoder.transform(X), before)
    assert autoencoder.n_epochs_ == 3
    assert len(autoencoder.history_["loss"]) == 3
    assert autoencoder.update_epochs_ == [1, 2]
    # the first call makes the network
    first = small_autoencoder().partial_fit(X)
    assert first.n_epochs_ == 1
    assert first.transform(X).shape == (80, 3)


def test_updates_start_the_optimizer_anew():
    autoencoder = small_autoencoder(optimizer="adam", hidden_layer_sizes=(80, 60)).fit(X)
    saved = pickle.dumps(autoencoder)
    size_of_weights = sum(weights.nbytes for weights in autoencoder.model_.get_weights())
    assert len(saved) < 1.2 * size_of_weights + 20_000  # without moments
    loaded = pickle.loads(saved)
    for _ in range(2):
        assert_same(autoencoder.partial_fit(X), loaded.partial_fit(X))
    n_batches = -(-X.shape[0] // autoencoder.batch_size)
    assert int(np.asarray(autoencoder.model_.optimizer.iterations)) == n_batches


def test_partial_fit_improves():
    rows = topics(100)
    autoencoder = small_autoencoder(
        optimizer="adam", update_learning_rate=1e-3, n_components=8, batch_size=25
    ).fit(rows)
    before = autoencoder.score(rows)
    for _ in range(4):
        autoencoder.partial_fit(rows)
    assert autoencoder.score(rows) > before + 0.01


def bad_input():
    dense = X.toarray()
    yield "another width", X[:, :200], "200 features, but .* 300 features"
    yield "missing number", np.where(dense > 0.9, np.nan, dense), "NaN"
    yield "text", np.array([["a", "b"]] * 80), "convert|numeric"
    yield "no rows", X[:0], "0 sample"


CASES = [pytest.param(*case, id=case[0]) for case in bad_input()]


@pytest.mark.parametrize(("what", "rows", "message"), CASES)
def test_bad_input_is_named_and_changes_nothing(fitted, what, rows, message):
    updated = copy.deepcopy(fitted)
    uses = [
        updated.partial_fit, updated.transform, updated.reconstruction_error, updated.score,
    ]  # fmt: skip
    for use in uses if what == "another width" else [*uses, updated.fit]:
        with pytest.raises(ValueError, match=re.compile(message)):
            use(rows)
    assert_same(updated, fitted)
    assert updated.n_features_in_ == 300
    assert_same(updated.partial_fit(X), copy.deepcopy(fitted).partial_fit(X))


@pytest.mark.parametrize(
    "wrong",
    [
        {"filters": ()},
        {"filters": (2, -2)},
        {"filters": ("a",)},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (0,)},
        {"n_components": 0},
        {"pool_size": 1},
        {"epochs": "many"},
        {"batch_size": 0},
        {"optimizer": "nonsense"},
        {"early_stopping": True, "validation_fraction": 0.001},
    ],
    ids=str,
)
def test_bad_parameter_is_named_and_leaves_the_fitted_model(fitted, wrong):
    broken = copy.deepcopy(fitted).set_params(**wrong)
    shown = "optimizer|nonsense" if "optimizer" in wrong else next(reversed(wrong))
    with pytest.raises((ValueError, TypeError), match=f"(?i){shown}|units|filters"):
        broken.fit(X[:, :100])
    assert_same(broken, fitted)
    assert broken.n_features_in_ == 300
    assert broken.columns_.tolist() == SEEN.tolist()
    assert broken.history_ == fitted.history_


def test_not_fitted_says_so():
    for method in ("transform", "inverse_transform", "reconstruction_error", "score"):
        with pytest.raises(NotFittedError):
            getattr(small_autoencoder(), method)(X)
    with pytest.raises(NotFittedError):
        small_autoencoder().get_feature_names_out()
    assert not hasattr(small_autoencoder(), "columns_")


def test_warm_start_goes_on():
    autoencoder = small_autoencoder(warm_start=True, epochs=2).fit(X).fit(X)
    assert autoencoder.n_epochs_ == 4
    cold = small_autoencoder(epochs=2).fit(X)
    before = cold.transform(X)
    np.testing.assert_array_equal(cold.fit(X).transform(X), before)


def test_early_stopping_keeps_the_best_weights():
    rows = np.random.RandomState(0).uniform(size=(24, 40)).astype(np.float32)
    autoencoder = small_autoencoder(
        early_stopping=True, validation_fraction=0.5, epochs=40, batch_size=6, optimizer="adam",
        learning_rate=0.05, dropout=0.0,
    ).fit(rows)  # fmt: skip
    losses = autoencoder.history_["val_loss"]
    assert autoencoder.n_epochs_ == len(losses) == int(np.argmin(losses)) + 6 < 40


def test_held_out_rows_do_not_count_for_the_start():
    """Columns of the linear layers are those of the rows that are not held out."""
    rows = np.eye(10, dtype=np.float32)
    autoencoder = small_autoencoder(early_stopping=True, validation_fraction=0.3).fit(rows)
    assert len(autoencoder.columns_) == 7


# ---------------------------------------------------------------- kept


def test_settings_of_a_fitted_network_are_its_own(fitted):
    """Parameters that are set after fit hold for the next fit."""
    changed = copy.deepcopy(fitted).set_params(n_components=5, filters=(2,), pool_size=2)
    assert_same(changed, fitted)
    assert len(changed.get_feature_names_out()) == 3
    copied = pickle.loads(pickle.dumps(changed))
    assert_same(copied, fitted)
    assert copied.fit(X).transform(X).shape == (80, 5)


def test_new_process_goes_on_alike():
    autoencoder = small_autoencoder(optimizer="adamw").fit(X)
    codes, errors, updated = in_fresh_python(
        """
        autoencoder, X = given
        result = [autoencoder.transform(X), autoencoder.reconstruction_error(X)]
        result.append(autoencoder.partial_fit(X).transform(X))
        """,
        (autoencoder, X),
    )
    np.testing.assert_array_equal(codes, autoencoder.transform(X))
    np.testing.assert_array_equal(errors, autoencoder.reconstruction_error(X))
    np.testing.assert_array_equal(updated, autoencoder.partial_fit(X).transform(X))


@pytest.mark.parametrize("number", [1, 2])
def test_models_of_the_first_edition_must_be_fitted_anew(fitted, number):
    state = fitted.__getstate__()
    state["_saved_network"] = state["_saved_network"] | {"format": number}
    with pytest.raises(ValueError, match="must be fitted anew$"):
        small_autoencoder().__setstate__(state)


def test_only_one_batch_is_dense():
    """The rows would take 33 MB; a mini-batch takes 2 MB, and 128 of `transform` 4 MB."""
    rows = sparse.random(
        1_000, 2**13, density=1e-3, format="csr", dtype=np.float32, random_state=0
    )
    autoencoder = small_autoencoder(filters=(1,), early_stopping=True).fit(rows[:128])
    tracemalloc.start()
    try:
        autoencoder.fit(rows)
        autoencoder.partial_fit(rows[:400])
        autoencoder.reconstruction_error(rows)
        assert autoencoder.transform(rows).shape == (1_000, 3)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    assert peak < 30, "MB"


def test_wide_rows_are_encoded_fewer_at_a_time():
    """A row has 512 kB behind the convolutions, so that 256 rows at once would take 128 MB."""
    rows = sparse.random(300, 2**16, density=1e-3, format="csr", dtype=np.float32, random_state=0)
    autoencoder = small_autoencoder(filters=(4, 32), hidden_layer_sizes=(2,), run_eagerly=False)
    autoencoder.fit(rows[:4])
    tracemalloc.start()
    try:
        codes = autoencoder.transform(rows)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
    assert peak < 60, "MB"
    np.testing.assert_allclose(autoencoder.transform(rows[70:75]), codes[70:75], atol=1e-5)


def test_copies_are_independent(fitted):
    before = fitted.transform(X)
    copy.deepcopy(fitted).partial_fit(X)
    np.testing.assert_array_equal(fitted.transform(X), before)
    assert clone(fitted).get_params() == fitted.get_params()


def test_dropping_the_decoder(fitted):
    small = copy.deepcopy(fitted)
    assert small.drop_decoder() is small
    small.drop_decoder()
    assert_same(small, fitted)
    assert small.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()
    assert small.columns_.tolist() == fitted.columns_.tolist()
    assert len(pickle.dumps(small)) < len(pickle.dumps(fitted))
    for kept in (small, pickle.loads(pickle.dumps(small)), copy.deepcopy(small)):
        for method, argument in (
            (kept.inverse_transform, np.zeros((1, 3))),
            (kept.reconstruction_error, X),
            (kept.score, X),
            (kept.partial_fit, X),
            (copy.deepcopy(kept).set_params(warm_start=True).fit, X),
        ):
            with pytest.raises(ValueError, match="decoder was dropped"):
                method(argument)
        assert_same(kept, fitted)
    assert_same(small.fit(X), fitted)
    assert small.score(X) == fitted.score(X)
    with pytest.raises(NotFittedError):
        small_autoencoder().drop_decoder()
