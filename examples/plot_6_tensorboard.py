"""
Training in TensorBoard
=======================

With ``log_dir`` both networks write logs for TensorBoard: losses and learning rate, the weights of
every layer, the graph, and the codes with titles and tags for the projector.
"""

# %%
# Fit and update with a log
# -------------------------

import tempfile
from pathlib import Path

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings

log_dir = Path(tempfile.mkdtemp()) / "logs"
jobs, tags = make_job_postings(800, n_tags=8, random_state=0)
model = make_job_tag_pipeline(n_hashed_features=4096, log_dir=log_dir, random_state=0)
model.fit(jobs[:500], tags[:500])
for first in (500, 600, 700):
    model.partial_fit(jobs[first : first + 100], tags[first : first + 100])

# %%
# Each fit writes to a folder of its own for each network, and its updates write to the same one. A
# second fit would write to ``autoencoder_2`` and ``classifier_2``.

sorted(path.name for path in log_dir.iterdir())

# %%
# Look
# ----
#
# .. code-block:: bash
#
#    pip install 'jobtag-sklearn[tensorboard]'
#    tensorboard --logdir logs
#
# One panel shows both networks, the fit and then the updates:
#
# .. image:: /images/tensorboard_scalars.png
#    :alt: Learning rate and loss of both networks in TensorBoard's time series
#
# In the projector choose the codes of the fit or of an update, and colour them by tag. A click on
# a point shows its title and its nearest neighbours:
#
# .. image:: /images/tensorboard_projector.png
#    :alt: Codes of 600 postings in TensorBoard's projector, coloured by tag
#
# Without TensorBoard
# -------------------
#
# The logs can be drawn without TensorBoard's page. Weights of some layers, from the first epoch at
# the top to the last:

from jobtag_sklearn.inspection import WeightHistogramDisplay

WeightHistogramDisplay.from_log_dir(
    log_dir, layers=["autoencoder/encoder_hidden_0", "classifier/hidden_0"]
)

# %%
# The present weights of a model need no logs. ``linear`` are those of the linear model:

WeightHistogramDisplay.from_estimator(model, layers=["linear", "hidden_0", "output"])

# %%
# Other Keras callbacks are passed as classes. Their parameters are set with two underscores, so
# that a grid search can set them and each clone has its own.

import keras

model = model.set_params(
    classifier__callbacks=keras.callbacks.TerminateOnNaN,
    classifier__log_dir=None,
)
