"""Logs for TensorBoard: one folder for each fit, which its updates go on writing."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jobtag_sklearn.utils._groups import by_frequency, rarest_tags
from jobtag_sklearn.utils._tags import Tags, names_of_tags
from jobtag_sklearn.utils._weight_names import named_weights

#: Points that the projector draws without effort.
_MOST_CODES = 5000
_PROJECTOR = "projector_config.pbtxt"


def new_log_folder(log_dir: str | os.PathLike[str], name: str) -> str:
    """Make a folder for one fit: `name`, or with a number where there is one already.

    Several processes may do so at a time, as a grid search does.
    """
    os.makedirs(log_dir, exist_ok=True)
    number = 1
    while True:
        folder = os.path.join(log_dir, name if number == 1 else f"{name}_{number}")
        try:
            os.mkdir(folder)
        except FileExistsError:
            number += 1
        else:
            return folder


class TrainingLog(keras.callbacks.Callback):
    """Write what TensorBoard shows: scalars and weights of each epoch, and once the graph.

    Parameters
    ----------
    folder : str
        Where to write.
    estimator : KerasEstimator
        Whose network is trained.
    """

    def __init__(self, folder: str, estimator: Any) -> None:
        super().__init__()
        self._folder = folder
        self._estimator = estimator
        self._writer: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Open the log, and describe a network that was never trained."""
        self._writer = tf.summary.create_file_writer(self._folder)
        if not self._estimator.n_epochs_:
            with self._writer.as_default(step=0), tf.summary.record_if(True):
                tf.summary.graph(_graph_of(self._estimator.model_))
            self._write_weights(0)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write an epoch."""
        with self._writer.as_default(step=epoch + 1), tf.summary.record_if(True):
            for name, value in (logs or {}).items():
                tf.summary.scalar(name, float(value))
        self._write_weights(epoch + 1)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Close the log."""
        self._writer.close()

    def _write_weights(self, epoch: int) -> None:
        with self._writer.as_default(step=epoch), tf.summary.record_if(True):
            for name, values in named_weights(self._estimator).items():
                tf.summary.histogram(f"weights/{name}", values)


def _graph_of(network: keras.Model) -> Any:
    """Return the graph of a prediction."""
    signature = tf.nest.map_structure(
        lambda tensor: tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype), network.input
    )
    traced = tf.function(lambda x: network(x, training=False)).get_concrete_function(signature)
    # the weights themselves are not drawn, and would make the file large
    return traced.graph.as_graph_def()


def write_codes(
    folder: str, name: str, codes: npt.NDArray[Any], labels: dict[str, Sequence[Any]]
) -> None:
    """Write codes for the projector, with labels of their postings.

    Parameters
    ----------
    folder : str
        Folder of a fit.
    name : str
        Name of this set of codes, such as ``fit`` or ``update 1``.
    codes : ndarray of shape (n_jobs, n_codes)
        Codes.
    labels : dict of str to sequence of length n_jobs
        What can be written beside each point; two columns at least, since TensorBoard takes
        a single one for one without a header.
    """
    stem = re.sub(r"\W+", "_", name)
    rows = slice(None) if len(codes) <= _MOST_CODES else _spread(len(codes))
    np.savetxt(os.path.join(folder, f"codes_{stem}.tsv"), codes[rows], "%.5g", delimiter="\t")
    columns = [np.asarray(column, dtype=object)[rows] for column in labels.values()]
    path = os.path.join(folder, f"labels_{stem}.tsv")
    # a title may hold half of a surrogate pair, for which UTF-8 has nothing
    with open(path, "w", encoding="utf-8", errors="replace") as file:
        file.write("\t".join(labels) + "\n")
        for row in zip(*columns, strict=True):
            file.write("\t".join(" ".join(str(cell).split()) for cell in row) + "\n")
    entry = (
        "embeddings {\n"
        f'  tensor_name: "codes of {name}"\n'
        f'  tensor_path: "codes_{stem}.tsv"\n'
        f'  metadata_path: "labels_{stem}.tsv"\n'
        "}\n"
    )
    path = os.path.join(folder, _PROJECTOR)
    known = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = file.read()
    if entry not in known:
        with open(path, "a", encoding="utf-8") as file:
            file.write(entry)


def _spread(n_rows: int) -> npt.NDArray[np.intp]:
    return np.linspace(0, n_rows - 1, _MOST_CODES).astype(np.intp)


def log_codes(
    estimator: Any,
    X: Any,
    name: str,
    *,
    titles: Sequence[str] | None = None,
    tags: Tags | None = None,
) -> None:
    """Write the codes of rows for the projector, if a fitted autoencoder has a log.

    Parameters
    ----------
    estimator : ConvAutoencoderTransformer
        Fitted transformer. If its `log_dir` is None, nothing is written.
    X : csr_matrix or csr_array of shape (n_jobs, n_features)
        Rows.
    name : str
        Name of this set of codes.
    titles : sequence of str of length n_jobs, default=None
        Titles of the postings. None writes the numbers of the rows.
    tags : Tags, default=None
        Tags of the rows.
    """
    folder = getattr(estimator, "log_folder_", None)
    if estimator.log_dir is None or folder is None:
        return
    labels: dict[str, Sequence[Any]] = (
        {"row": range(X.shape[0])} if titles is None else {"title": titles}
    )
    labels |= {"tags": [""] * X.shape[0]} if tags is None else _labels(tags)
    write_codes(folder, name, np.asarray(estimator.transform(X)), labels)


def _labels(tags: Tags) -> dict[str, Sequence[Any]]:
    if tags.kind != "multilabel":
        multiclass = tags.kind == "multiclass"
        of_rows = tags.indicators.argmax(axis=1) if multiclass else tags.indicators[:, 0]
        return {"class": [str(tags.classes[int(value)]) for value in of_rows]}
    names = names_of_tags(tags.indicators == 1, tags.classes.tolist())
    return {
        "tags": [", ".join(map(str, of_row)) for of_row in names],
        # the projector gives colours to columns of few different values only
        "rarest tag": rarest_tags(tags, by_frequency(tags)).tolist(),
    }
