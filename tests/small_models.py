"""Networks and pipelines small enough for a test, and a fresh Python for what needs one."""

import os
import pickle
import subprocess
import sys
import textwrap

import numpy as np

#: Plain gradient descent takes half the time of Adam where operations run one by one.
FAST = {"optimizer": "sgd", "run_eagerly": True, "random_state": 0}


def small_classifier(**settings):
    from jobtag_sklearn.neural_network import KerasMultiLabelClassifier

    defaults = {
        "hidden_layer_sizes": (6,),
        "dropout": 0.0,
        "input_dropout": 0.0,
        # a number, so that no folds are needed to choose one
        "threshold": 0.5,
        "learning_rate": 0.5,
        "epochs": 3,
        "batch_size": 64,
    }
    return KerasMultiLabelClassifier(**(defaults | FAST | settings))


def small_autoencoder(**settings):
    from jobtag_sklearn.neural_network import ConvAutoencoderTransformer

    defaults = {
        "n_components": 3,
        "filters": (2, 2, 2, 2),
        "hidden_layer_sizes": (8, 6),
        "learning_rate": 0.01,
        "epochs": 1,
        "batch_size": 64,
    }
    return ConvAutoencoderTransformer(**(defaults | FAST | settings))


def small_pipeline(**settings):
    """Make the default pipeline with networks that train in a second."""
    from jobtag_sklearn import make_job_tag_pipeline

    sizes = {
        "n_word_features": 1024,
        "n_pair_features": 2048,
        "n_title_features": 512,
        "n_hashed_features": 256,
        "n_components": 8,
        "random_state": 0,
    }
    model = make_job_tag_pipeline(**(sizes | settings))
    networks = {
        "features__text__views__codes__autoencoder": {
            "filters": (2, 2, 2, 2),
            "hidden_layer_sizes": (12, 10),
            "learning_rate": 0.01,
            "epochs": 1,
            "batch_size": 128,
        },
        "classifier": {
            "hidden_layer_sizes": (8,),
            "learning_rate": 0.1,
            "epochs": 1,
            "batch_size": 128,
            "cv": 2,
        },
    }
    shared = {name: value for name, value in FAST.items() if name != "random_state"}
    return model.set_params(
        **{
            f"{step}__{name}": value
            for step, parameters in networks.items()
            for name, value in (shared | parameters).items()
        }
    )


def make_tags(n_samples=60, n_features=12, n_tags=3, seed=0):
    """Return rows and tags that depend on them, every tag with and without."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_samples, n_features)).astype(np.float32)
    Y = (X @ rng.normal(size=(n_features, n_tags)) > 0.3).astype(int)
    return X, Y


def in_fresh_python(program, given=None):
    """Run `program` in a new process; it finds `given` and leaves what it has as `result`."""
    prologue = "import pickle, sys\ngiven = pickle.load(sys.stdin.buffer)\nresult = None\n"
    epilogue = "\nsys.stdout.flush()\nsys.stdout.buffer.write(b'RESULT' + pickle.dumps(result))\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", prologue + textwrap.dedent(program) + epilogue],
        input=pickle.dumps(given),
        capture_output=True,
        # another seed of the hashes of strings than this process has
        env=os.environ | {"PYTHONHASHSEED": "12345", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr.decode()
    return pickle.loads(done.stdout.partition(b"RESULT")[2])
