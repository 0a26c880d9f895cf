"""Training of a network and of nothing else: epochs, learning rate, early stopping."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from jobtag_sklearn.neural_network._batches import TrainingBatches

_REMEDY = "lower learning_rate, or scale columns that are far larger than the others"


class LearningRate(keras.callbacks.Callback):
    """Warm the learning rate up over the first steps, then let it fall along a cosine.

    Without a warm-up the first steps of Adam, whose moments are still empty, are too long
    for a deep narrow network; without the fall the last steps keep jumping around.

    Parameters
    ----------
    peak : float
        Highest learning rate.
    n_steps : int
        Steps of the whole training.
    warmup : float
        Share of the steps in which the rate rises from zero.
    decay : {"cosine", None}
        None keeps the peak after the warm-up.
    """

    def __init__(self, peak: float, n_steps: int, warmup: float, decay: str | None) -> None:
        super().__init__()
        self._peak = peak
        self._n_steps = n_steps
        self._n_warmup = warmup * n_steps
        self._decay = decay
        self._step = 0

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the rate of the next step."""
        self._step += 1
        rate = self._peak
        if self._step <= self._n_warmup:
            rate *= self._step / self._n_warmup
        elif self._decay == "cosine":
            progress = (self._step - 1 - self._n_warmup) / max(self._n_steps - self._n_warmup, 1)
            rate *= 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
        elif self._step > self._n_warmup + 1:
            # the peak is reached; what changes it now is a callback of the user's
            return
        self.model.optimizer.learning_rate = rate

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Put the rate into the history."""
        if logs is not None:
            rate = self.model.optimizer.learning_rate
            logs["learning_rate"] = float(np.asarray(rate))


class StopAtBadLoss(keras.callbacks.Callback):
    """End the training with an error where its loss is no number any more."""

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Raise if the loss so far is infinite or no number."""
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
    first_epoch: int,
    callbacks: list[keras.callbacks.Callback],
    verbose: int,
    validation: TrainingBatches | None = None,
    patience: int | None = None,
    warmup: float = 0.0,
    decay: str | None = None,
) -> dict[str, list[float]]:
    """Train a compiled network for some epochs more and return their history.

    A `learning_rate` of None leaves the optimizer its own, which may be a schedule.
    """
    if learning_rate is not None:
        network.optimizer.learning_rate = learning_rate
    own: list[keras.callbacks.Callback] = [StopAtBadLoss()]
    if learning_rate is not None:
        own.append(LearningRate(learning_rate, epochs * len(batches), warmup, decay))
    if validation is not None and patience is not None:
        own.append(keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True))
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
        # TensorFlow keeps every generator that Keras has not exhausted for as long as the process
        # lives, and it would keep the rows of each update, too
        for used in filter(None, (batches, validation)):
            used.release()
    for callback in callbacks:
        # a callback that was given as a parameter would keep the network, and pickle it
        callback._model = None
    return {name: [float(value) for value in values] for name, values in history.items()}
