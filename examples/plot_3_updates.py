"""
Learn from new batches
======================

New postings arrive every week, and people tag some of them. ``partial_fit`` learns from these
without fitting anew.
"""

# %%
# A first model
# -------------

import numpy as np

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.inspection import tag_scores

jobs, tags = make_job_postings(1500, n_tags=10, random_state=0)
test_jobs, test_tags = jobs[1100:], tags[1100:]

model = make_job_tag_pipeline(n_hashed_features=4096, random_state=0)
model = model.fit(jobs[:200], tags[:200])

# %%
# A batch a week
# --------------
#
# Each batch is learnt once; earlier postings are not kept. By default the weights of words, the
# linear model and the network are updated. With ``update_steps="all"`` the autoencoder is too.

import copy

everything = copy.deepcopy(model).set_params(update_steps="all")


def quality(model):
    return tag_scores(test_tags, model.predict(test_jobs))["f1_micro"]


seen, scores, everything_scores = [200], [quality(model)], [quality(everything)]
for first in range(200, 1100, 150):
    batch = slice(first, first + 150)
    model.partial_fit(jobs[batch], tags[batch])
    everything.partial_fit(jobs[batch], tags[batch])
    seen.append(first + 150)
    scores.append(quality(model))
    everything_scores.append(quality(everything))

# %%
# For comparison, models that are fitted anew on all postings so far. They need all of them again.

anew = [
    make_job_tag_pipeline(network=False, random_state=0).fit(jobs[:n_jobs], tags[:n_jobs])
    for n_jobs in (200, 500, 800, 1100)
]

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
ax.plot(seen, scores, "o-", color="#0072B2", label="updated")
ax.plot(seen, everything_scores, "s--", color="#E69F00", label='updated, update_steps="all"')
ax.plot((200, 500, 800, 1100), [quality(m) for m in anew], "^:", color="#000000", label="anew")
ax.set(xlabel="postings learnt so far", ylabel="micro F1 on 400 other postings")
ax.legend(frameon=False)

# %%
# Here the updates began with only 200 postings. ``python -m benchmarks.updating FILE`` measures
# updates on real postings, in order of date.
#
# How the updates went
# --------------------
#
# The updates of the network are shaded. The loss of an update is that of its own batch, so it need
# not continue the curve of the fit.

from jobtag_sklearn.inspection import TrainingHistoryDisplay

TrainingHistoryDisplay.from_estimator(model)

# %%
# Unknown is not zero
# -------------------
#
# A posting whose tags nobody has checked is a row of missing values. Zeros would teach that it has
# no tag. Here one tag was checked and the others were not.

partly = tags[:50].astype(float)
partly.loc[:, partly.columns != "Sales"] = np.nan
model = model.partial_fit(jobs[:50], partly)

# %%
# A new tag
# ---------
#
# A table with an unknown column raises an error that names it, unless new tags are allowed. The
# new tag starts from its name: postings that contain the word are likely to have it.

model = model.set_params(classifier__new_tags="add")
office = tags[:100].assign(Office=jobs[:100]["job_description"].str.contains("office").astype(int))
model = model.partial_fit(jobs[:100], office)
print(model.classes_[-1])
