"""Training of a compiled network: epochs, learning rate, early stopping."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from jobtag_sklearn.neural_network._batches import TrainingBatches

#: Share of the steps in which the learning rate rises to its peak.
_WARMUP = 0.1
#: Epochs without a lower validation loss before early stopping.
_PATIENCE = 5
_REMEDY = "lower learning_rate, or scale columns that are far larger than the others"


class LearningRate(keras.callbacks.Callback):
    """Set the learning rate: constant, or a linear warm-up and a cosine decay.

    The first steps of Adam, whose moments are still empty, are too long for a deep narrow
    network.

    Parameters
    ----------
    peak : float
        Highest learning rate.
    n_steps : int or None
        Steps of the schedule. None keeps the rate constant.
    """

    def __init__(self, peak: float, n_steps: int | None) -> None:
        super().__init__()
        self._peak = peak
        self._n_steps = n_steps
        self._step = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Set the first rate."""
        self.model.optimizer.learning_rate = self._peak

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the rate of the next step."""
        if self._n_steps is None:
            return
        self._step += 1
        n_warmup = _WARMUP * self._n_steps
        if self._step <= n_warmup:
            factor = self._step / n_warmup
        else:
            progress = (self._step - 1 - n_warmup) / (self._n_steps - n_warmup)
            factor = 0.5 * (1 + math.cos(math.pi * min(max(progress, 0.0), 1.0)))
        self.model.optimizer.learning_rate = factor * self._peak

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Put the rate into the history."""
        if logs is not None:
            logs["learning_rate"] = float(np.asarray(self.model.optimizer.learning_rate))


class StopAtBadLoss(keras.callbacks.Callback):
    """Raise where the loss is NaN or infinite."""

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Raise if the mean loss of the epoch so far is NaN or infinite."""
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise ValueError(
                f"the loss became {loss} in batch {batch}, and the network is what it was before; "
                f"{_REMEDY}"
            )


def train(
    network: keras.Model,
    batches: TrainingBatches,
    *,
    learning_rate: float | None,
    epochs: int,
    first_epoch: int = 0,
    schedule_epochs: int | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
    validation: TrainingBatches | None = None,
) -> dict[str, list[float]]:
    """Train a compiled network for some epochs more and return their history.

    Parameters
    ----------
    network : keras.Model
        Compiled network.
    batches : TrainingBatches
        Training rows.
    learning_rate : float or None
        Learning rate, at its peak. None keeps that of the optimizer, which may be a schedule.
    epochs : int
        Epochs to train.
    first_epoch : int, default=0
        Number of the first of them.
    schedule_epochs : int, default=None
        Epochs of the learning rate's warm-up and decay. None keeps the rate constant.
    callbacks : sequence of keras.callbacks.Callback, default=()
        More callbacks.
    verbose : int, default=0
        As in ``keras.Model.fit``.
    validation : TrainingBatches, default=None
        Rows for early stopping.

    Returns
    -------
    history : dict of str to list of float
        What was measured in each epoch.

    Raises
    ------
    ValueError
        If the loss or a weight becomes NaN or infinite.
    """
    own: list[keras.callbacks.Callback] = [StopAtBadLoss()]
    if learning_rate is not None:
        n_steps = None if schedule_epochs is None else schedule_epochs * len(batches)
        own.append(LearningRate(learning_rate, n_steps))
    if validation is not None:
        own.append(keras.callbacks.EarlyStopping(patience=_PATIENCE, restore_best_weights=True))
    try:
        history = network.fit(
            batches,
            validation_data=validation,
            initial_epoch=first_epoch,
            epochs=first_epoch + epochs,
            callbacks=[*own, *callbacks],
            verbose=verbose,
            # the batches shuffle by themselves; Keras would use Python's global generator
            shuffle=False,
        ).history
        # the loss of a batch is taken before the step that follows from it
        if not all(np.isfinite(weight).all() for weight in network.get_weights()):
            raise ValueError(
                "weights became infinite or no number in the last step, and the network is what "
                f"it was before; {_REMEDY}"
            )
    finally:
        # TensorFlow keeps every generator that Keras has not exhausted as long as the process
        # lives, and with it the rows
        for used in filter(None, (batches, validation)):
            used.release()
    return {name: [float(value) for value in values] for name, values in history.items()}
