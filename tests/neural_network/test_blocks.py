"""Blocks of columns: the same numbers from those that hold anything."""

import keras
import numpy as np
import pytest
from scipy import sparse

from jobtag_sklearn.neural_network._blocks import GatherBlocks, SampleBlocks, ScatterBlocks
from jobtag_sklearn.neural_network._networks import (
    DECODER,
    ENCODER,
    RECONSTRUCTION,
    build_autoencoder,
    decode,
)

SETTINGS = {
    "n_features": 1000,
    "n_tags": 2,
    "n_components": 4,
    "filters": [3, 4, 5, 6],
    "kernel_size": 4,
    "pool_size": 4,
    "pooling": "stride",
    "hidden_layer_sizes": [8],
    "input_dropout": 0.0,
    "dropout": 0.0,
    "input_scale": 2.0,
    "seed": 0,
}


@pytest.fixture(scope="module")
def rows():
    X = sparse.random(9, 1000, 0.02, random_state=0, dtype=np.float32).toarray()
    X[4] = 0
    return X


def test_there_and_back(rows):
    blocks, where = GatherBlocks(8, 1000)(rows)
    assert len(where) == (rows.reshape(-1, 8) != 0).any(axis=1).sum() < len(blocks)
    back = ScatterBlocks(125)([blocks, where, rows])
    np.testing.assert_array_equal(np.asarray(back).reshape(rows.shape), rows)


def test_codes_are_those_of_plain_convolutions(rows):
    encoder = build_autoencoder(**SETTINGS).get_layer(ENCODER)
    row = keras.Input((1024, 1))
    x = row
    for step, n_filters in enumerate(SETTINGS["filters"]):
        convolution = keras.layers.Conv1D(
            n_filters, 4, strides=4, use_bias=False, activation="relu"
        )
        x = convolution(x)
        kernel = encoder.get_layer(f"convolution_{step}").get_weights()[0]
        convolution.set_weights([kernel.reshape(4, -1, n_filters)])
    x = keras.layers.Flatten()(x)
    for name in ("encoder_hidden_0", "code"):
        layer = encoder.get_layer(name)
        dense = keras.layers.Dense(layer.units, activation=layer.activation)
        x = dense(x)
        dense.set_weights(layer.get_weights())
    plain = keras.Model(row, x)
    padded = 2.0 * np.pad(rows, ((0, 0), (0, 24)))[..., None]
    np.testing.assert_allclose(np.asarray(encoder(rows)), np.asarray(plain(padded)), atol=1e-5)


@pytest.mark.parametrize("pooling", ["stride", "average"])
def test_error_is_that_of_the_decoded_row(rows, pooling):
    network = build_autoencoder(**(SETTINGS | {"pooling": pooling}))
    back = decode(network.get_layer(DECODER), network.get_layer(ENCODER)(rows), 1000)
    error = np.asarray(network(rows, training=False)[RECONSTRUCTION])
    # what lies beyond the last column is reconstructed too, and should be zero
    expected = np.square(2 * rows - np.asarray(back)).sum(axis=1, keepdims=True)
    assert error.shape == (9, 1)
    assert np.all(error >= expected * (1 - 1e-5))
    np.testing.assert_allclose(error, expected, rtol=0.05)


def test_sampled_error_is_right_on_average(rows):
    network = build_autoencoder(**SETTINGS)
    full = np.asarray(network(rows, training=False)[RECONSTRUCTION])
    drawn = [np.asarray(network(rows, training=True)[RECONSTRUCTION]) for _ in range(60)]
    assert np.std(drawn, axis=0).max() > 0
    np.testing.assert_allclose(np.mean(drawn), np.mean(full), rtol=0.1)


def test_sample_has_all_that_hold_anything(rows):
    where, weight = SampleBlocks(8, 1000, seed=0)(rows, training=True)
    full = np.flatnonzero((rows.reshape(-1, 8) != 0).any(axis=1))
    assert set(full) < set(np.asarray(where)) < set(range(9 * 125))
    np.testing.assert_array_equal(
        np.asarray(weight), np.where(np.isin(np.asarray(where), full), 1, 8)
    )


def test_one_kind_of_block_at_the_edge():
    """Every row full, or every row empty."""
    network = build_autoencoder(**SETTINGS)
    for rows in (np.zeros((3, 1000), np.float32), np.ones((3, 1000), np.float32)):
        for training in (False, True):
            error = np.asarray(network(rows, training=training)[RECONSTRUCTION])
            assert error.shape == (3, 1)
            assert np.isfinite(error).all()
