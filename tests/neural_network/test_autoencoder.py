"""ConvAutoencoderTransformer: codes of wide rows, there and back."""

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
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from small_models import in_fresh_python, small_autoencoder

from jobtag_sklearn.neural_network import ConvAutoencoderTransformer

RNG = np.random.RandomState(0)
TOPICS = RNG.uniform(size=(4, 300)) * (RNG.uniform(size=(4, 300)) < 0.1)
Y = np.eye(4, dtype=int)[np.arange(80) % 4]
X = sparse.csr_array(((Y @ TOPICS) * (RNG.uniform(size=(80, 300)) < 0.8)).astype(np.float32))
TABLE = pd.DataFrame(Y, columns=["a", "b", "c", "d"])


def assert_same(first, second, rows=X):
    np.testing.assert_array_equal(first.transform(rows), second.transform(rows))


@pytest.fixture(scope="module")
def fitted():
    return small_autoencoder().fit(X, TABLE)


@pytest.fixture(scope="module")
def trained():
    """Trained until it reconstructs something."""
    return small_autoencoder(
        n_components=8, filters=(8,), hidden_layer_sizes=(32,), optimizer="adam",
        learning_rate=0.01, epochs=30, batch_size=80, input_dropout=0.0, dropout=0.0,
    ).fit(X)  # fmt: skip


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


def convolutions(model):
    """Return length and channels before and after each step that changes the length."""
    outputs = [getattr(layer, "output", None) for layer in model.layers]
    shapes = [tuple(output.shape[1:]) for output in outputs if hasattr(output, "shape")]
    lengths = [shape[0] for shape in shapes if len(shape) == 2]
    return list(dict.fromkeys(lengths))


@pytest.mark.parametrize("pooling", ["stride", "max", "average"])
@pytest.mark.parametrize("kernel_size", [4, 7])
def test_four_steps_and_three_hidden_layers_mirrored(pooling, kernel_size):
    autoencoder = small_autoencoder(
        filters=(3, 4, 5, 6), hidden_layer_sizes=(9, 7), pooling=pooling, kernel_size=kernel_size
    ).fit(X)
    encoder = autoencoder.model_.get_layer("encoder")
    decoder = autoencoder.model_.get_layer("decoder")
    assert encoder.output_shape == (None, 3)
    assert decoder.get_layer("codes").output.shape == (None, 3)
    if pooling == "stride" and kernel_size == 4:
        # 512 columns are 8 blocks of 64, each by itself until the last step
        steps = [64, 16, 4, 1, 8, 2]
        assert convolutions(encoder) == steps
        assert convolutions(decoder) == steps[::-1]
    else:
        assert decoder.output_shape == (None, 300)
        steps = [300, 512, 128, 32, 8, 2]  # padded to 4 ** 4 times 2
        assert convolutions(encoder) == steps
        assert convolutions(decoder) == steps[:0:-1] + steps[:1]
    channels = [
        layer.output.shape[2] for layer in encoder.layers if layer.name.startswith("convolution_")
    ]
    assert channels == [3, 4, 5, 6]
    back = [
        layer.output.shape for layer in decoder.layers if layer.name.startswith("deconvolution_")
    ]
    assert len(back) == 4

    def hidden(model):
        return [
            layer.output.shape[1]
            for layer in model.layers
            if isinstance(layer, keras.layers.Dense) and len(layer.output.shape) == 2
        ]

    assert hidden(encoder) == [9, 7, 3]
    assert hidden(decoder) == [7, 9, 2 * 6]


@pytest.mark.parametrize(
    ("pooling", "kernel_size"), [("stride", 4), ("stride", 8), ("max", 3), ("average", 4)]
)
def test_steps_are_convolutions(pooling, kernel_size):
    """Move a row by a whole number of steps and the last feature map moves along."""
    autoencoder = small_autoencoder(filters=(6, 6, 6, 6), pooling=pooling, kernel_size=kernel_size)
    rows = np.zeros((2, 256 * 6), dtype=np.float32)
    pattern = np.random.RandomState(1).uniform(size=256)
    rows[0, 512:768] = pattern
    rows[1, 1024:1280] = pattern
    encoder = autoencoder.fit(rows).model_.get_layer("encoder")
    maps = keras.Model(encoder.input, encoder.get_layer("flatten").output)(rows)
    first, second = np.asarray(maps).reshape(2, 6, 6)
    assert np.abs(first).max() > 0
    np.testing.assert_allclose(first[1:4], second[3:6], atol=1e-6)
    np.testing.assert_array_equal(first[4:], 0, "there is no input near")


def test_dense_layer_stands_for_a_convolution_of_its_own_stride():
    """The same weights in Keras' own convolution give the same numbers."""
    autoencoder = small_autoencoder(kernel_size=4, pool_size=4).fit(X)
    encoder = autoencoder.model_.get_layer("encoder")
    rows = np.zeros((3, 512, 1), dtype=np.float32)
    rows[:, :300, 0] = X[:3].toarray() * autoencoder.scale_
    values = rows
    for step in range(4):
        kernel = encoder.get_layer(f"convolution_{step}").get_weights()[0]
        n_in = values.shape[-1]
        convolution = keras.layers.Conv1D(
            2, 4, strides=4, padding="same", use_bias=False, activation="relu"
        )
        convolution.build(values.shape)
        convolution.set_weights([kernel.reshape(4, n_in, 2)])
        values = np.asarray(convolution(values))
    maps = keras.Model(encoder.input, encoder.get_layer("flatten").output)(X[:3].toarray())
    np.testing.assert_allclose(np.asarray(maps), values.reshape(3, -1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {"filters": (2,)},
        {"filters": [3, 2], "kernel_size": 1},
        {"hidden_layer_sizes": np.array([5])},
        {"pool_size": 2, "kernel_size": 5},
        {"pool_size": 5, "kernel_size": 2, "filters": (2, 2)},
        {"n_components": 1},
        {"dropout": 0.0, "input_dropout": 0.0},
        {"pooling": "max", "kernel_size": 1, "filters": (2, 2)},
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
    expected = small_autoencoder().fit(X, Y)
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
        np.testing.assert_allclose(autoencoder.fit_transform(rows, Y), codes, atol=1e-6)
        np.testing.assert_allclose(autoencoder.reconstruction_error(rows), errors, rtol=1e-5)
        autoencoder.partial_fit(rows)


def test_one_code_a_row_whatever_is_beside_it(trained):
    codes = trained.transform(X)
    np.testing.assert_allclose(trained.transform(X[7:8]), codes[7:8], atol=1e-6)
    np.testing.assert_allclose(trained.transform(X[::-1]), codes[::-1], atol=1e-6)
    many = sparse.vstack([X] * 5).tocsr()
    np.testing.assert_allclose(trained.transform(many), np.tile(codes, (5, 1)), atol=1e-6)


@pytest.fixture(scope="module")
def compiled():
    """Dense rows go through Keras, sparse rows patch by patch."""
    return small_autoencoder(
        filters=(4, 6, 8, 8), hidden_layer_sizes=(300, 200), n_components=100, run_eagerly=False,
    ).fit(X)  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"filters": (3, 2)},
        {"pool_size": 2, "kernel_size": 2, "filters": (3, 5, 2)},
        {"pool_size": 5, "kernel_size": 5, "filters": (2, 3, 4)},
        {"hidden_layer_sizes": (7,), "n_components": 1},
        {"pool_size": 2, "kernel_size": 3},
        {"pooling": "max"},
        {"filters": (3,)},
    ],
    ids=str,
)
def test_patch_by_patch_and_through_keras(settings):
    autoencoder = small_autoencoder(run_eagerly=False, **settings).fit(X)
    for rows in (X, X * 0, X[:1]):
        np.testing.assert_allclose(
            autoencoder.transform(rows), autoencoder.transform(rows.toarray()), atol=1e-6
        )


def test_patches_of_any_csr_matrix(compiled):
    many = sparse.vstack([X] * 14).tocsr()  # more rows than are taken at once
    expected = compiled.transform(many.toarray())
    np.testing.assert_allclose(compiled.transform(many), expected, atol=1e-6)
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
    np.testing.assert_allclose(compiled.transform(rows), expected, atol=1e-6)
    for part, old in zip((rows.data, rows.indices, rows.indptr), before, strict=True):
        np.testing.assert_array_equal(part, old)


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden_layer_sizes": (300, 200), "n_components": 100},
        {"hidden_layer_sizes": (20,), "n_components": 5},
        {"filters": (3, 7, 9), "hidden_layer_sizes": (6, 33), "n_components": 1},
    ],
    ids=str,
)
def test_a_code_does_not_depend_on_the_rows_beside_it(settings):
    rows = sparse.random(
        1_000, 2_000, density=0.02, format="csr", dtype=np.float32, random_state=0
    )
    settings = {"filters": (8, 16, 32, 32), "run_eagerly": False} | settings
    autoencoder = small_autoencoder(**settings).fit(rows[:100])
    codes = autoencoder.transform(rows)
    for start, stop in ((0, 1), (3, 6), (500, 600), (999, 1000), (7, 900)):
        found = autoencoder.transform(rows[start:stop])
        # not to the bit: with AVX2, BLAS rounds a row by where it stands
        np.testing.assert_allclose(found, codes[start:stop], rtol=1e-5, atol=2e-7)


def test_duplicates_that_the_matrix_does_not_know_of(compiled):
    rows = X.copy()
    assert rows.has_canonical_format
    # the flag is kept by the matrix, and the arrays are the user's
    where = slice(rows.indptr[0], rows.indptr[1])
    rows.indices[where] = rows.indices[where][::-1].copy()
    rows.data[where] = rows.data[where][::-1].copy()
    np.testing.assert_allclose(compiled.transform(rows), compiled.transform(X), atol=1e-6)


class Reversed(ConvAutoencoderTransformer):
    """Encodes in a way of its own."""

    def _encode(self, x):
        return super()._encode(x)[:, ::-1]


class Shifted(ConvAutoencoderTransformer):
    """Has a network of its own, with the layers that the original has."""

    def _build_network(self, settings):
        network = super()._build_network(settings)
        encoder = network.get_layer("encoder")
        call = encoder.call
        encoder.call = lambda *args, **kwargs: call(*args, **kwargs) + 1
        return network


@pytest.mark.parametrize("kind", [Reversed, Shifted])
def test_methods_of_a_subclass_count_for_sparse_rows_too(kind):
    plain = small_autoencoder(run_eagerly=False)
    own = kind(**plain.get_params()).fit(X)
    codes = own.transform(X)
    np.testing.assert_allclose(codes, own.transform(X.toarray()), atol=1e-6)
    assert not np.allclose(codes, plain.fit(X).transform(X), atol=1e-3)


def test_set_output_and_names(fitted):
    autoencoder = copy.deepcopy(fitted).set_output(transform="pandas")
    frame = pd.DataFrame(X.toarray(), index=[f"job {i}" for i in range(80)])
    codes = autoencoder.transform(frame)
    assert isinstance(codes, pd.DataFrame)
    assert codes.index.equals(frame.index)
    names = [f"convautoencodertransformer{i}" for i in range(3)]
    assert codes.columns.tolist() == autoencoder.get_feature_names_out().tolist() == names
    assert autoencoder.inverse_transform(codes).shape == X.shape


# ---------------------------------------------------------------- there and back


def test_reconstructs(trained):
    back = trained.inverse_transform(trained.transform(X))
    rows = X.toarray().astype(float)
    errors = ((rows - back) ** 2).sum(axis=1) / (rows**2).sum(axis=1)
    np.testing.assert_allclose(trained.reconstruction_error(X), errors, rtol=1e-4)
    assert trained.score(X) == pytest.approx(1 - errors.mean(), rel=1e-5)
    assert trained.score(X) == trained.score(X, TABLE)
    assert trained.score(X) > 0.3
    assert trained.reconstruction_error(X).shape == (80,)


def test_scale_of_the_rows_does_not_matter():
    """The loss is relative, and the network scales its input: no unit is better."""
    plain = small_autoencoder(epochs=2, batch_size=40).fit(X)
    for factor in (1e-4, 1e4):
        scaled = small_autoencoder(epochs=2, batch_size=40).fit(X * np.float32(factor))
        np.testing.assert_allclose(
            scaled.transform(X * np.float32(factor)), plain.transform(X), rtol=0.01, atol=1e-4
        )
        assert scaled.score(X * np.float32(factor)) == pytest.approx(plain.score(X), abs=1e-3)
        back = scaled.inverse_transform(scaled.transform(X * np.float32(factor)))
        assert np.abs(back).max() < 100 * factor


def test_loss_is_one_for_an_answer_of_zeros():
    autoencoder = small_autoencoder(
        learning_rate=1e-12, epochs=1, batch_size=80, dropout=0.0, input_dropout=0.0
    ).fit(X)
    errors = autoencoder.reconstruction_error(X)
    assert autoencoder.history_["loss"][0] == pytest.approx(errors.mean(), abs=0.2)
    assert errors.mean() == pytest.approx(1.0, abs=0.2)


def test_rows_of_zeros(trained):
    """A posting without a word that is known has no norm that an error could be divided by."""
    rows = sparse.vstack([X, sparse.csr_array((1, 300), dtype=np.float32)]).tocsr()
    assert np.isfinite(trained.transform(rows)).all()
    assert np.isfinite(trained.reconstruction_error(rows)).all()
    assert trained.score(rows) > -10, "one empty row says nothing of the others"
    nothing = sparse.csr_array((4, 300), dtype=np.float32)
    empty = small_autoencoder().fit(nothing)
    assert np.isfinite(empty.transform(nothing)).all()
    assert np.isfinite(empty.score(nothing))
    assert empty.scale_ == 1.0


def test_codes_are_refused_by_shape(fitted):
    for codes in (np.zeros((2, 4)), np.zeros(3), X[:2, :4].toarray(), np.zeros((1, 1, 3))):
        with pytest.raises(
            ValueError, match=r"codes must have shape \(n_samples, 3\)|2D array|dim"
        ):
            fitted.inverse_transform(codes)
    assert fitted.inverse_transform([[0, 1, 2]]).shape == (1, 300)


# ---------------------------------------------------------------- tags


def test_codes_that_were_trained_with_tags_keep_them():
    """Tags that make up little of a row are lost on an autoencoder that does not know them."""
    rng = np.random.RandomState(0)
    rows = (rng.uniform(size=(200, 256)) < 0.05).astype(np.float32)
    label = rng.randint(0, 2, 200)
    rows[label == 1, 3] = rows[label == 0, 200] = 1.5
    settings = {
        "n_components": 2, "optimizer": "adam", "learning_rate": 0.02, "epochs": 15,
        "batch_size": 150, "input_dropout": 0.0, "dropout": 0.0, "filters": (4,),
        "hidden_layer_sizes": (16,),
    }  # fmt: skip
    scores = {}
    for weight in (0.0, 30.0):
        autoencoder = small_autoencoder(tag_loss_weight=weight, **settings)
        probe = make_pipeline(autoencoder, LogisticRegression())
        scores[weight] = probe.fit(rows[:150], label[:150]).score(rows[150:], label[150:])
    assert scores[30.0] > 0.8
    assert scores[30.0] > scores[0.0] + 0.2


def test_tags_may_be_labels_or_tables(fitted):
    assert fitted.classes_.tolist() == ["a", "b", "c", "d"]
    assert_same(small_autoencoder().fit(X, Y), fitted)
    assert_same(small_autoencoder().fit(X, sparse.csr_array(Y)), fitted)
    labels = small_autoencoder().fit(X, np.array(["x", "y"])[Y[:, 0]])
    assert labels.classes_.tolist() == ["x", "y"]
    without = small_autoencoder().fit(X)
    assert not hasattr(without, "classes_")
    assert not np.array_equal(without.transform(X), fitted.transform(X))


def test_without_weight_tags_are_passed_over():
    autoencoder = small_autoencoder(tag_loss_weight=0).fit(X, Y)
    assert_same(autoencoder, small_autoencoder().fit(X))
    assert not hasattr(autoencoder, "classes_")
    # refitting without tags forgets them
    assert not hasattr(small_autoencoder().fit(X, Y).fit(X), "classes_")


def test_rows_of_unknown_tags_are_only_reconstructed():
    some = TABLE.astype(float)
    some.iloc[40:] = np.nan
    autoencoder = small_autoencoder(epochs=2, batch_size=40).fit(X, some)
    assert np.isfinite(autoencoder.transform(X)).all()
    assert all(np.isfinite(values).all() for values in autoencoder.history_.values())
    # what unknown rows hold does matter
    other = sparse.vstack([X[:40], X[40:][::-1] * 2]).tocsr()
    assert not np.array_equal(
        small_autoencoder(epochs=2, batch_size=40).fit(other, some).transform(X),
        autoencoder.transform(X),
    )
    # the loss of tags is that of known ones: half of all
    whole = small_autoencoder(learning_rate=1e-9).fit(X, TABLE).history_["tags_loss"][0]
    half = small_autoencoder(learning_rate=1e-9).fit(X, some).history_["tags_loss"][0]
    assert half == pytest.approx(whole / 2, rel=0.3)
    nothing = TABLE.astype(float) * np.nan
    assert np.isfinite(small_autoencoder().fit(X, nothing).transform(X)).all()


# ---------------------------------------------------------------- going on


def test_partial_fit(fitted):
    autoencoder = copy.deepcopy(fitted)
    before = autoencoder.transform(X)
    autoencoder.partial_fit(X, TABLE)
    assert not np.array_equal(autoencoder.transform(X), before)
    assert autoencoder.n_epochs_ == 2
    # with other tags known, with none, and with columns in another order
    straight = copy.deepcopy(fitted).partial_fit(X, TABLE)
    assert_same(copy.deepcopy(fitted).partial_fit(X, TABLE[["d", "b", "a", "c"]]), straight)
    autoencoder.partial_fit(X).partial_fit(X, TABLE.astype(float) * np.nan)
    assert autoencoder.n_epochs_ == 4
    assert len(autoencoder.history_["loss"]) == 4
    # the first call makes the network
    first = small_autoencoder().partial_fit(X, TABLE)
    assert first.classes_.tolist() == ["a", "b", "c", "d"]
    assert small_autoencoder().partial_fit(X).transform(X).shape == (80, 3)


def test_updates_start_the_optimizer_anew():
    autoencoder = small_autoencoder(optimizer="adam", hidden_layer_sizes=(80, 60)).fit(X, TABLE)
    saved = pickle.dumps(autoencoder)
    size_of_weights = sum(weights.nbytes for weights in autoencoder.model_.get_weights())
    assert len(saved) < 1.2 * size_of_weights + 20_000  # without moments
    loaded = pickle.loads(saved)
    for _ in range(2):
        assert_same(autoencoder.partial_fit(X, TABLE), loaded.partial_fit(X, TABLE))
    n_batches = -(-X.shape[0] // autoencoder.batch_size)
    assert int(np.asarray(autoencoder.model_.optimizer.iterations)) == n_batches


def test_partial_fit_improves():
    autoencoder = small_autoencoder(
        optimizer="adam", batch_size=80, dropout=0.0, input_dropout=0.0
    ).fit(X)
    before = autoencoder.score(X)
    for _ in range(6):
        autoencoder.partial_fit(X)
    assert autoencoder.score(X) > before


def bad_input():
    dense = X.toarray()
    yield "unknown tag", X, TABLE.assign(e=1), "unknown tags.*'e'"
    yield "wider array", X, np.hstack([Y, Y]), "y has 8 tags, but .* 4"
    yield "another width", X[:, :200], TABLE, "200 features, but .* 300 features"
    yield "a tag of two", X, TABLE.replace({"b": {1: 2}}), "tag 'b' of row 1 is .*2"
    yield "fewer rows", X, TABLE[:10], "inconsistent numbers of samples"
    yield "missing number", np.where(dense > 0.9, np.nan, dense), TABLE, "NaN"
    yield "text", np.array([["a", "b"]] * 80), TABLE, "convert|numeric"
    yield "no rows", X[:0], TABLE[:0], "0 sample"


CASES = [pytest.param(*case, id=case[0]) for case in bad_input()]


@pytest.mark.parametrize(("what", "rows", "tags", "message"), CASES)
def test_bad_input_is_named_and_changes_nothing(fitted, what, rows, tags, message):
    updated = copy.deepcopy(fitted)
    methods = [updated.partial_fit]
    if what not in ("unknown tag", "wider array", "another width"):
        methods.append(updated.fit)
    for method in methods:
        with pytest.raises(ValueError, match=re.compile(message)):
            method(rows, tags)
    if what in ("another width", "missing number", "text", "no rows"):
        for use in (updated.transform, updated.reconstruction_error, updated.score):
            with pytest.raises(ValueError, match=re.compile(message)):
                use(rows)
    assert_same(updated, fitted)
    assert updated.n_features_in_ == 300
    assert_same(updated.partial_fit(X, TABLE), copy.deepcopy(fitted).partial_fit(X, TABLE))


def test_labels_and_tags_do_not_mix():
    autoencoder = small_autoencoder().fit(X, Y[:, 0])
    before = autoencoder.transform(X)
    for tags in (Y[:, :2], pd.DataFrame(Y[:, :2]), sparse.csr_array(Y[:, :2])):
        with pytest.raises(ValueError, match=r"tags|labels|dimension"):
            autoencoder.partial_fit(X, tags)
    np.testing.assert_array_equal(autoencoder.transform(X), before)


@pytest.mark.parametrize(
    "wrong",
    [
        {"filters": ()},
        {"filters": (2, -2)},
        {"filters": ("a",)},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (0,)},
        {"n_components": 0},
        {"pooling": "median"},
        {"pool_size": 1},
        {"kernel_size": 0},
        {"optimizer": "nonsense"},
        {"early_stopping": True, "validation_fraction": 0.001},
    ],
    ids=str,
)
def test_bad_parameter_is_named_and_leaves_the_fitted_model(fitted, wrong):
    broken = copy.deepcopy(fitted).set_params(**wrong)
    shown = "optimizer|nonsense" if "optimizer" in wrong else next(reversed(wrong))
    with pytest.raises((ValueError, TypeError), match=f"(?i){shown}|units|filters"):
        broken.fit(X[:, :100], TABLE.rename(columns={"a": "z"}))
    assert_same(broken, fitted)
    assert broken.n_features_in_ == 300
    assert broken.classes_.tolist() == ["a", "b", "c", "d"]
    assert broken.history_ == fitted.history_


def test_not_fitted_says_so():
    for method in ("transform", "inverse_transform", "reconstruction_error", "score"):
        with pytest.raises(NotFittedError):
            getattr(small_autoencoder(), method)(X)
    with pytest.raises(NotFittedError):
        small_autoencoder().get_feature_names_out()


def test_warm_start_goes_on():
    autoencoder = small_autoencoder(warm_start=True, epochs=2).fit(X, TABLE).fit(X, TABLE)
    assert autoencoder.n_epochs_ == 4
    with pytest.raises(ValueError, match="unknown tags"):
        autoencoder.fit(X, TABLE.assign(e=0))
    cold = small_autoencoder(epochs=2).fit(X, TABLE)
    before = cold.transform(X)
    np.testing.assert_array_equal(cold.fit(X, TABLE).transform(X), before)


def test_early_stopping_keeps_the_best_weights():
    rows = np.random.RandomState(0).normal(size=(24, 40)).astype(np.float32)
    autoencoder = small_autoencoder(
        early_stopping=True, n_iter_no_change=1, validation_fraction=0.5, epochs=40,
        batch_size=3, optimizer="adam", learning_rate=0.05, dropout=0.0, input_dropout=0.0,
    ).fit(rows)  # fmt: skip
    losses = autoencoder.history_["val_loss"]
    assert autoencoder.n_epochs_ == len(losses) == int(np.argmin(losses)) + 2 < 40


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
    autoencoder = small_autoencoder(optimizer="adamw").fit(X, TABLE)
    codes, errors, updated = in_fresh_python(
        """
        autoencoder, X, tags = given
        result = [autoencoder.transform(X), autoencoder.reconstruction_error(X)]
        result.append(autoencoder.partial_fit(X, tags).transform(X))
        """,
        (autoencoder, X, TABLE),
    )
    np.testing.assert_array_equal(codes, autoencoder.transform(X))
    np.testing.assert_array_equal(errors, autoencoder.reconstruction_error(X))
    np.testing.assert_array_equal(updated, autoencoder.partial_fit(X, TABLE).transform(X))


def test_only_one_batch_is_dense():
    """The rows would take 33 MB; a batch takes 2 MB, and one of `transform` 4 MB."""
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
    assert peak < 25, "MB"


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
    np.testing.assert_array_equal(autoencoder.transform(rows[70:75]), codes[70:75])


def test_copies_are_independent(fitted):
    before = fitted.transform(X)
    copy.deepcopy(fitted).partial_fit(X, TABLE)
    np.testing.assert_array_equal(fitted.transform(X), before)
    assert clone(fitted).get_params() == fitted.get_params()


def test_dropping_the_decoder(fitted):
    small = copy.deepcopy(fitted)
    assert small.drop_decoder() is small
    small.drop_decoder()
    assert_same(small, fitted)
    assert small.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()
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
    assert_same(small.fit(X, TABLE), fitted)
    assert small.score(X) == fitted.score(X)
    with pytest.raises(NotFittedError):
        small_autoencoder().drop_decoder()
