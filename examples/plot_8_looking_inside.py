"""
Looking inside
==============

What the codes of postings look like, which tags are taken for each other, and what the network
keeps of a posting.
"""

# %%

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings

jobs, tags = make_job_postings(1300, n_tags=10, random_state=0)
model = make_job_tag_pipeline(
    n_hashed_features=4096, n_title_features=512, n_phrase_features=4096, random_state=0
)
model.set_params(autoencoder__codes__encode__epochs=15)
model.fit(jobs[:1000], tags[:1000])
new_jobs, new_tags = jobs[1000:], tags[1000:]

# %%
# Codes
# -----
#
# A row is a posting, a column one of the hundred codes, minus its mean. Postings of the same tag
# stand together, and show the same stripes where the codes have learnt what the tag is.

from jobtag_sklearn.inspection import CodeHeatmapDisplay

CodeHeatmapDisplay.from_estimator(model, new_jobs, new_tags)

# %%
# One posting alone:

CodeHeatmapDisplay.from_estimator(model, new_jobs[:1])

# %%
# A map
# -----
#
# The first two principal components are a shadow of a hundred dimensions. ``TSNE`` takes longer
# and keeps neighbours together.

from sklearn.manifold import TSNE

from jobtag_sklearn.inspection import CodeMapDisplay

CodeMapDisplay.from_estimator(model, new_jobs, new_tags)

# %%

CodeMapDisplay.from_estimator(
    model, new_jobs, new_tags, transformer=TSNE(random_state=0, init="pca")
)

# %%
# Tags that stand together
# ------------------------
#
# On the left, which tags truly go together; on the right, what the model gives where a tag is
# true. Its diagonal is recall. What is brighter on the right than on the left is a habit of the
# model's, not of the postings'.

from jobtag_sklearn.inspection import TagCooccurrenceDisplay

TagCooccurrenceDisplay.from_estimator(model, new_jobs, new_tags)

# %%
# What is left of a posting
# -------------------------
#
# A hundred numbers cannot hold all words of a posting, and are not meant to: trained with tags,
# they keep what tells the tags apart, and after a thousand postings next to nothing of single
# words.

from jobtag_sklearn.inspection import ReconstructionDisplay

ReconstructionDisplay.from_estimator(model, new_jobs[:1])

# %%
# How the training went
# ---------------------

from jobtag_sklearn.inspection import TrainingHistoryDisplay

TrainingHistoryDisplay.from_estimator(model)
