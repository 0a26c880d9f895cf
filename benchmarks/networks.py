"""Measure how fast both networks train and encode: python -m benchmarks.speed networks."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
from keras import layers

from benchmarks.measuring import interleave, measure, report
from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.neural_network import ConvAutoencoderTransformer, KerasMultiLabelClassifier
from jobtag_sklearn.neural_network._networks import ENCODER

N_ENCODED = 512
N_TRAINED = 2000
#: A batch of the original takes seconds.
N_ORIGINAL = 20


def original_autoencoder(n_features: int) -> keras.Model:
    """Build the network that this package began with, at its sizes."""
    row = x = keras.Input((n_features,))
    x = layers.Reshape((n_features, 1))(x)
    shape = ((100, 10), (80, 8), (60, 6), (40, 4))
    for filters, kernel in shape:
        x = layers.Conv1D(filters, kernel, padding="same")(x)
        x = layers.MaxPooling1D(2)(x)
    length = x.shape[1]
    x = layers.Flatten()(x)
    for size in (300, 200, 100, 200, 300):
        x = layers.Dense(size)(x)
    x = layers.Dense(length * 40)(x)
    x = layers.Reshape((length, 40))(x)
    for filters, kernel in reversed(shape):
        x = layers.Conv1D(filters, kernel, padding="same")(x)
        x = layers.UpSampling1D(2)(x)
    x = layers.Conv1D(1, 10, padding="same")(x)
    network = keras.Model(row, layers.Reshape((n_features,))(x))
    network.compile("adam", "mse", jit_compile=False)
    return network


def plain_encoder(encoder: keras.Model, settings: dict) -> keras.Model:
    """Build an encoder of dense Keras layers, convolutions included, with the same weights."""
    row = keras.Input((settings["n_features"],))
    kernel = settings["kernel_size"]
    x = layers.Rescaling(settings["input_scale"])(row)
    x = layers.Reshape((settings["n_features"], 1))(x)
    for filters in settings["filters"]:
        x = layers.Conv1D(
            filters, kernel, strides=settings["pool_size"], use_bias=False, activation="relu"
        )(x)
    x = layers.Flatten()(x)
    for size in settings["hidden_layer_sizes"]:
        x = layers.Dense(size, activation="relu")(x)
    network = keras.Model(row, layers.Dense(settings["n_components"])(x))
    weights = [np.asarray(variable) for variable in encoder.trainable_variables]
    # the kernel of a step is a matrix of all columns of a patch
    network.set_weights(
        [
            weight.reshape(like.shape)
            for weight, like in zip(weights, network.get_weights(), strict=True)
        ]
    )
    return network


def fitted_autoencoder(X, tags) -> ConvAutoencoderTransformer:
    """Fit the autoencoder of the default pipeline for one epoch."""
    return ConvAutoencoderTransformer(epochs=1, random_state=0).fit(X, tags)


def measure_autoencoder(X, tags) -> None:
    """Print how fast an epoch is beside the original network."""
    network, batches = _training(fitted_autoencoder(X, tags), X, tags.to_numpy(dtype=np.float32))
    dense = X[:N_ORIGINAL].toarray()
    original = original_autoencoder(X.shape[1])
    functions = {
        "ours": lambda: network.fit(batches, shuffle=False, verbose=0),
        "original": lambda: original.fit(dense, dense, batch_size=10, verbose=0),
    }
    # the first epochs trace the networks
    interleave(functions, 1)
    times = interleave(functions, 3)
    ours, other = X.shape[0] / times["ours"].best, N_ORIGINAL / times["original"].best
    report(
        "train the autoencoder, one epoch",
        f"{ours:.0f}/s",
        f"{other:.1f}/s",
        ours / other,
        ">= 100 x the original network",
    )


def measure_encoding(X, tags) -> None:
    """Print how fast encoding is beside the same weights in plain dense layers."""
    transformer = fitted_autoencoder(X, tags)
    encoder = transformer.model_.get_layer(ENCODER)
    plain = plain_encoder(encoder, transformer._network_settings)
    rows = X[:N_ENCODED]
    dense = rows.toarray()
    difference = np.abs(transformer.transform(rows) - plain.predict(dense, verbose=0)).max()
    times = interleave(
        {
            "ours": lambda: transformer.transform(rows),
            "plain": lambda: plain.predict(dense, batch_size=128, verbose=0),
        },
        9,
    )
    ours, other = (N_ENCODED / times[name].best for name in ("ours", "plain"))
    report(
        f"encode (largest difference {difference:.0e})",
        f"{ours:.0f}/s",
        f"{other:.0f}/s",
        ours / other,
        ">= 5 x plain dense layers",
    )


def measure_loop(X, tags) -> None:
    """Print what training from sparse batches takes beside dense arrays in memory."""
    Y = tags.to_numpy(dtype=np.float32)
    dense = X.toarray()
    transformer = fitted_autoencoder(X, tags)
    network, batches = _training(transformer, X, Y)
    everything = [batches[position] for position in range(len(batches))]
    targets = {
        name: np.concatenate([given[name] for _, given in everything]) for name in everything[0][1]
    }
    _compare_loops("training loop, autoencoder", network, batches, dense, targets)
    columns = np.random.RandomState(0).normal(size=(len(Y), 111)).astype(np.float32)
    classifier = KerasMultiLabelClassifier(epochs=1, random_state=0).fit(columns, Y)
    network, batches = _training(classifier, columns, Y)
    inputs = {"features": columns, "offset": np.zeros_like(Y)}
    _compare_loops("training loop, classifier", network, batches, inputs, Y)


def _training(estimator, X, Y):
    """Return an estimator's network and the batches that it is trained with."""
    rows = np.arange(X.shape[0])
    if isinstance(estimator, ConvAutoencoderTransformer):
        _, tags = estimator._validate(X, Y, reset=False)
        return estimator.model_, estimator._batches(X, tags, rows, shuffle=True)
    offset = np.zeros_like(Y)
    tags = estimator._known_tags(Y)
    return estimator.model_, estimator._batches(X, tags, None, offset, rows, shuffle=True)


def _compare_loops(what, network, batches, inputs, targets) -> None:
    size = batches[0][0]
    size = len(size["features"] if isinstance(size, dict) else size)
    functions = {
        "ours": lambda: network.fit(batches, shuffle=False, verbose=0),
        "arrays": lambda: network.fit(inputs, targets, batch_size=size, verbose=0),
    }
    interleave(functions, 1)
    times = interleave(functions, 7)
    ours, other = times["ours"].best, times["arrays"].best
    report(what, f"{ours:.2f} s", f"{other:.2f} s", ours / other, "<= 1.1 x arrays in memory")


def main(jobs: pd.DataFrame, tags: pd.DataFrame) -> None:
    """Print the lines on networks."""
    jobs, tags = jobs[:N_TRAINED], tags[:N_TRAINED]
    pipeline = make_job_tag_pipeline(n_jobs=1, random_state=0)
    words = pipeline.named_steps["features"].fit_transform(jobs)[:, : 2**15].tocsr()
    for part in (measure_encoding, measure_loop, measure_autoencoder):
        clock, processor = measure(lambda part=part: part(words, tags))
        print(f"  ({clock:.0f} s, of the processor {processor:.0f} s)")
