"""The networks' layers, against plain Keras layers of the same weights."""

import keras
import numpy as np

from jobtag_sklearn.neural_network._networks import (
    DECODER,
    ENCODER,
    build_autoencoder,
    tag_loss,
)

SIZES = {
    "n_features": 64,
    "n_tags": 0,
    "n_components": 3,
    "filters": [2, 3],
    "pool_size": 4,
    "kernel_size": 4,
    "pooling": "stride",
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
