"""
Learn from new batches
======================

New postings arrive every week, and people tag some of them. ``partial_fit`` learns from those
without starting again, and tells what it does not know from what is not there.
"""

# %%
# A first model, of what there is in the first week
# -------------------------------------------------

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


def quality():
    scores = tag_scores(test_tags, model.predict(test_jobs))
    return scores["f1_micro"], scores["f1_macro"]


seen, scores = [200], [quality()]
for first in range(200, 1100, 100):
    batch = slice(first, first + 100)
    model.partial_fit(jobs[batch], tags[batch])
    seen.append(first + 100)
    scores.append(quality())

# %%
# For comparison, a model that is fitted anew on everything. That is what updates have to come
# near to, and it takes all postings and many times as long.

all_at_once = make_job_tag_pipeline(
    n_hashed_features=4096, n_title_features=512, n_phrase_features=4096, random_state=0
).fit(jobs[:1100], tags[:1100])
best = tag_scores(test_tags, all_at_once.predict(test_jobs))["f1_micro"]

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
micro, macro = np.transpose(scores)
ax.plot(seen, micro, "o-", color="#0072B2", label="micro F1, updated")
ax.plot(seen, macro, "s--", color="#E69F00", label="macro F1, updated")
ax.axhline(best, color="#000000", linewidth=0.8, label="micro F1, fitted anew on all")
ax.set(xlabel="postings learnt so far", ylabel="F1 on 400 other postings")
ax.legend(frameon=False)

# %%
# How the updates went
# --------------------
#
# The updates are shaded. Their losses are those of their own postings before they are learnt by
# heart, so they need not go on where the fit has ended.

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
