"""
Learn from new batches
======================

New postings arrive every week, and people tag some of them. ``partial_fit`` learns from those
without starting again, and tells what it does not know from what is not there.
"""

# %%
# A first model, of what there is
# -------------------------------

import numpy as np

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.inspection import tag_scores

jobs, tags = make_job_postings(1500, n_tags=10, random_state=0)
test_jobs, test_tags = jobs[1100:], tags[1100:]

model = make_job_tag_pipeline(
    n_hashed_features=4096, n_title_features=512, n_phrase_features=4096, random_state=0
)
model = model.fit(jobs[:200], tags[:200])

# %%
# A batch a week
# --------------
#
# Each batch is learnt once and then forgotten: nothing but the model is kept. The steps before the
# classifier stay as they are, so what it has learnt keeps its meaning.
#
# A batch moves the weights of words that the model has seldom seen as far as it asks for; those of
# words that it has seen often are held. With ``update_memory=0`` it moves all alike.

import copy

forgetful = copy.deepcopy(model).set_params(classifier__update_memory=0.0)


def quality(model):
    return tag_scores(test_tags, model.predict(test_jobs))["f1_micro"]


seen, scores, forgetful_scores = [200], [quality(model)], [quality(forgetful)]
for first in range(200, 1100, 100):
    batch = slice(first, first + 100)
    model.partial_fit(jobs[batch], tags[batch])
    forgetful.partial_fit(jobs[batch], tags[batch])
    seen.append(first + 100)
    scores.append(quality(model))
    forgetful_scores.append(quality(forgetful))

# %%
# For comparison, models that are fitted anew on everything so far. They need all postings and many
# times as long, though here they have no codes and fewer epochs, so that this page is soon made.

anew = [
    make_job_tag_pipeline(
        n_hashed_features=4096, n_title_features=512, n_phrase_features=4096, random_state=0
    )
    .set_params(autoencoder__codes="drop", classifier__epochs=10)
    .fit(jobs[:n_jobs], tags[:n_jobs])
    for n_jobs in (200, 500, 800, 1100)
]

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
ax.plot(seen, scores, "o-", color="#0072B2", label="updated")
ax.plot(seen, forgetful_scores, "s--", color="#E69F00", label="updated, update_memory=0")
ax.plot((200, 500, 800, 1100), [quality(m) for m in anew], "^:", color="#000000", label="anew")
ax.set(xlabel="postings learnt so far", ylabel="micro F1 on 400 other postings")
ax.legend(frameon=False)

# %%
# The distance between the lines is what fitting anew is worth: here the updates began with 200
# postings, of which little is known. ``python -m benchmarks.updating FILE`` measures it on real
# postings, in order of date.

# %%
# How the updates went
# --------------------
#
# The updates are shaded. Each loss is that of the batch's own postings, so it need not go on where
# the fit has ended.

from jobtag_sklearn.inspection import TrainingHistoryDisplay

TrainingHistoryDisplay.from_estimator(model)

# %%
# Unknown is not zero
# -------------------
#
# A posting whose tags nobody has looked at yet is a row of missing values, not of zeros: zeros
# would teach that it has no tag. Here one tag was checked and the others were not.

partly = tags[:50].astype(float)
partly.loc[:, partly.columns != "Sales"] = np.nan
model = model.partial_fit(jobs[:50], partly)

# %%
# A tag that did not exist before
# -------------------------------
#
# A table with a new column is an error that names it, unless it is asked for.

model = model.set_params(classifier__new_tags="add")
office = tags[:100].assign(Office=jobs[:100]["job_description"].str.contains("office").astype(int))
model = model.partial_fit(jobs[:100], office)
print(model.classes_[-1])
