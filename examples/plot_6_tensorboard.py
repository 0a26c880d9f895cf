"""
Training in TensorBoard
=======================

With ``log_dir`` both networks write what TensorBoard shows: losses and learning rate, the weights
of every layer, the graph, and the codes with titles and tags for the projector.
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
model = make_job_tag_pipeline(
    n_hashed_features=4096,
    n_title_features=512,
    n_phrase_features=4096,
    log_dir=log_dir,
    random_state=0,
)
model.fit(jobs[:500], tags[:500])
for first in (500, 600, 700):
    model.partial_fit(jobs[first : first + 100], tags[first : first + 100])

# %%
# Each fit has a folder of its own for each network, which its updates go on writing. A second fit
# would begin ``autoencoder_2`` and ``classifier_2``, and so does each fit of a grid search.

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
# One panel shows both networks, with the updates behind the fit:
#
# .. image:: /images/tensorboard_scalars.png
#    :alt: Learning rate and loss of both networks in TensorBoard's time series
#
# In the projector choose the codes of the fit or of an update, and colour them by tag. A click on
# a point shows the title and what lies nearest:
#
# .. image:: /images/tensorboard_projector.png
#    :alt: Codes of 600 postings in TensorBoard's projector, coloured by tag
#
# Without TensorBoard
# -------------------
#
# The log can be read back as well. Weights of layers from the first epoch, above, to the last:

from jobtag_sklearn.inspection import WeightHistogramDisplay

WeightHistogramDisplay.from_log_dir(
    log_dir, layers=["autoencoder/code", "classifier/hidden_0", "classifier/wide"]
)

# %%
# What a model holds now needs no log:

WeightHistogramDisplay.from_estimator(model, layers=["hidden_0", "hidden_2", "output"])

# %%
# Other callbacks of Keras come in as scikit-learn's parameters do, by class with their own
# parameters behind two underscores, so that a search can set them and a clone has its own.

import keras

model = model.set_params(
    classifier__callbacks=keras.callbacks.TerminateOnNaN,
    classifier__log_dir=None,
)
