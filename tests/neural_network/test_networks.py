"""The networks' layers, against plain Keras layers of the same weights."""

import keras
import numpy as np

from jobtag_sklearn.neural_network._autoencoder_network import (
    DECODER,
    ENCODER,
    build_autoencoder,
)
from jobtag_sklearn.neural_network._networks import RECONSTRUCTION, tag_loss

COLUMNS = np.array([0, 3, 17, 40, 63])
SIZES = {
    "n_features": 64,
    "columns": COLUMNS,
    "n_components": 3,
    "filters": [2, 3],
    "pool_size": 4,
    "hidden_layer_sizes": [5],
    "input_dropout": 0.0,
    "dropout": 0.0,
    "input_scale": 1.0,
    "seed": 0,
}


def test_patches_are_strided_convolutions():
    encoder = build_autoencoder(**SIZES).get_layer(ENCODER)
    patches = keras.Model(encoder.input, encoder.get_layer("convolution_1").output)
    row = keras.Input((64, 1))
    first = keras.layers.Conv1D(2, 4, strides=4, use_bias=False, activation="relu")
    second = keras.layers.Conv1D(3, 4, strides=4, use_bias=False, activation="relu")
    convolutions = keras.Model(row, second(first(row)))
    first.set_weights([encoder.get_layer("convolution_0").get_weights()[0].reshape(4, 1, 2)])
    second.set_weights([encoder.get_layer("convolution_1").get_weights()[0].reshape(4, 2, 3)])
    x = np.random.RandomState(0).rand(5, 64).astype("float32")
    np.testing.assert_allclose(
        np.asarray(patches(x)), np.asarray(convolutions(x[:, :, None])), rtol=1e-5, atol=1e-6
    )


def test_decoder_mirrors_the_encoder():
    network = build_autoencoder(**SIZES)

    def shapes(part, kind):
        layers = [layer for layer in network.get_layer(part).layers if layer.name.startswith(kind)]
        return [layer.get_weights()[0].shape for layer in layers]

    down, up = shapes(ENCODER, "convolution"), shapes(DECODER, "deconvolution")
    assert [shape[::-1] for shape in reversed(down)] == up
    down, up = shapes(ENCODER, "encoder_hidden"), shapes(DECODER, "decoder_hidden")
    assert [shape[1] for shape in reversed(down)] == [shape[1] for shape in up]


def test_new_network_without_linear_weights_reconstructs_zeros():
    network = build_autoencoder(**SIZES | {"input_scale": 2.0})
    x = np.random.RandomState(0).rand(5, 64).astype("float32")
    assert not np.asarray(network.get_layer(ENCODER)(x)).any()
    assert not np.asarray(network.get_layer(DECODER)(np.ones((5, 3), "float32"))).any()
    np.testing.assert_allclose(
        np.asarray(network(x)[RECONSTRUCTION])[:, 0],
        np.square(2 * x[:, COLUMNS]).sum(axis=1),
        rtol=1e-5,
    )


def test_linear_path_beside_the_convolutions():
    network = build_autoencoder(**SIZES)
    rng = np.random.RandomState(0)
    encoder, decoder = network.get_layer(ENCODER), network.get_layer(DECODER)
    for part in (encoder, decoder):
        part.set_weights([rng.normal(size=weight.shape) for weight in part.get_weights()])
    weights = {
        f"{layer.name} {weight.name}": np.asarray(weight)
        for part in (encoder, decoder)
        for layer in part.layers
        for weight in layer.weights
    }

    def dense(x, name, use_bias=True):
        return x @ weights[f"{name} kernel"] + (weights[f"{name} bias"] if use_bias else 0)

    def relu(x):
        return np.maximum(x, 0)

    x = rng.rand(5, 64)
    maps = relu(dense(x.reshape(5, 16, 4), "convolution_0", use_bias=False))
    maps = relu(dense(maps.reshape(5, 4, 8), "convolution_1", use_bias=False))
    hidden = relu(dense(10 * maps.reshape(5, 12), "encoder_hidden_0"))
    linear = 3 * dense(x[:, COLUMNS], "linear_encoder", use_bias=False)
    codes = linear + dense(hidden, "code")
    np.testing.assert_allclose(np.asarray(encoder(x)), codes, rtol=1e-4, atol=1e-3)
    hidden = relu(dense(codes, "decoder_hidden_0"))
    maps = relu(dense(hidden, "unflatten")).reshape(5, 4, 3)
    maps = relu(dense(maps, "deconvolution_1", use_bias=False)).reshape(5, 16, 2)
    rows = dense(maps, "deconvolution_0", use_bias=False).reshape(5, 64)
    rows = relu(0.3 * dense(codes, "linear_decoder") + rows[:, COLUMNS])
    np.testing.assert_allclose(np.asarray(decoder(codes)), rows, rtol=1e-3, atol=1e-2)
    errors = np.square(x[:, COLUMNS] - rows).sum(axis=1)
    found = np.asarray(network(x)[RECONSTRUCTION])[:, 0]
    np.testing.assert_allclose(found, errors, rtol=1e-3)


def test_empty_patches_stay_zero():
    encoder = build_autoencoder(**SIZES).get_layer(ENCODER)
    x = np.zeros((1, 64), dtype="float32")
    x[0, 3] = 1.0
    patches = keras.Model(encoder.input, encoder.get_layer("convolution_1").output)(x)
    assert not np.asarray(patches)[0, 1:].any()


def test_loss_is_cross_entropy_of_what_is_known():
    tags = np.array([[1.0, 0.0, np.nan], [0.0, np.nan, np.nan]], dtype="float32")
    logits = np.array([[2.0, -1.0, 50.0], [0.5, -80.0, 3.0]], dtype="float32")
    loss = np.asarray(tag_loss()(tags, logits))
    p = 1 / (1 + np.exp(-logits))
    known = [-np.log(p[0, 0]) - np.log(1 - p[0, 1]), -np.log(1 - p[1, 0])]
    np.testing.assert_allclose(loss, np.array(known) / 3, rtol=1e-5)


def test_loss_stays_finite_for_huge_logits():
    tags = np.array([[1.0, 0.0]], dtype="float32")
    loss = np.asarray(tag_loss()(tags, np.array([[-1e4, 1e4]], dtype="float32")))
    np.testing.assert_allclose(loss, [1e4])
