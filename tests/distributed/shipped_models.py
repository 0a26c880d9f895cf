"""Models whose arrival in a worker can be told; workers import this module."""

import os
import time

from light_models import LightModel

arrivals = []


class TellingModel(LightModel):
    """Leaves a trace in the process that unpickles it."""

    def __setstate__(self, state):
        self.__dict__.update(state)
        arrivals.append(os.getpid())

    def predict_proba(self, jobs):
        time.sleep(self.seconds)
        return super().predict_proba(jobs)


def number_of_arrivals():
    return len(arrivals)


def tensorflow_threads():
    import tensorflow as tf

    threading = tf.config.threading
    return (
        threading.get_intra_op_parallelism_threads(),
        threading.get_inter_op_parallelism_threads(),
    )
