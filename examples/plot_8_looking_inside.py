"""
Looking inside
==============

Codes of postings, tags that are confused with each other, and what the autoencoder reconstructs of
a posting.
"""

# %%

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings

jobs, tags = make_job_postings(1300, n_tags=10, random_state=0)
model = make_job_tag_pipeline(n_hashed_features=4096, random_state=0)
model.fit(jobs[:1000], tags[:1000])
new_jobs, new_tags = jobs[1000:], tags[1000:]

# %%
# Codes
# -----
#
# A row is a posting, a column one of the hundred codes, minus its mean. Postings of the same tag
# are next to each other. Where codes differ between tags, they show as stripes.

from jobtag_sklearn.inspection import CodeHeatmapDisplay

CodeHeatmapDisplay.from_estimator(model, new_jobs, new_tags)

# %%
# One posting alone:

CodeHeatmapDisplay.from_estimator(model, new_jobs[:1])

# %%
# A map
# -----
#
# The first two principal components keep little of a hundred dimensions. ``TSNE`` takes longer and
# keeps neighbours together.

from sklearn.manifold import TSNE

from jobtag_sklearn.inspection import CodeMapDisplay

CodeMapDisplay.from_estimator(model, new_jobs, new_tags)

# %%

CodeMapDisplay.from_estimator(
    model, new_jobs, new_tags, transformer=TSNE(random_state=0, init="pca")
)

# %%
# Tags that are confused
# ----------------------
#
# On the left, how often postings with one tag have another one too. On the right, how often the
# model predicts the other one for them. The diagonal on the right is recall. Cells that are
# brighter on the right than on the left are tags that the model confuses.

from jobtag_sklearn.inspection import TagCooccurrenceDisplay

TagCooccurrenceDisplay.from_estimator(model, new_jobs, new_tags)

# %%
# What the autoencoder reconstructs
# ---------------------------------
#
# The columns of a posting, and what the decoder makes of its code. A hundred numbers keep the
# words that many postings share, and lose most words that are rare.

from jobtag_sklearn.inspection import ReconstructionDisplay

ReconstructionDisplay.from_estimator(model, new_jobs[:1])

# %%
# How the training went
# ---------------------

from jobtag_sklearn.inspection import TrainingHistoryDisplay

TrainingHistoryDisplay.from_estimator(model)
