"""
A first model
=============

Fit the default pipeline, predict tags of new postings, and report how good they are.

The postings are generated. Your own come from a file or a database: see
:ref:`sphx_glr_auto_examples_plot_7_sql_to_tags.py`.
"""

# %%
# Postings and their tags
# -----------------------
#
# Two tables with the same index: the texts of each posting, and a column of 0 and 1 for each tag.

from sklearn.model_selection import train_test_split

from jobtag_sklearn.datasets import make_job_postings

jobs, tags = make_job_postings(1200, n_tags=10, random_state=0)
jobs.head(3)

# %%
tags.head(3)

# %%
# A quarter of the postings is held out for the report.

jobs, new_jobs, tags, new_tags = train_test_split(jobs, tags, test_size=0.25, random_state=0)

# %%
# Fit
# ---
#
# The pipeline reads raw titles and descriptions, HTML included. ``n_hashed_features`` is smaller
# than the default here, which makes the autoencoder faster; leave it out for your own postings.

from jobtag_sklearn import make_job_tag_pipeline

model = make_job_tag_pipeline(n_hashed_features=8192, random_state=0)
model.fit(jobs, tags)

# %%
# In a hurry? ``network=False`` leaves out both networks. The linear model alone predicts nearly
# the same tags, and is fitted in a second.

fast = make_job_tag_pipeline(network=False, random_state=0)
fast.fit(jobs, tags)

# %%
# Predict
# -------
#
# ``predict`` returns 0 and 1, ``predict_proba`` probabilities, and ``predict_tags`` names.

for title, names in zip(new_jobs["job_title"][:5], model.predict_tags(new_jobs[:5]), strict=True):
    print(f"{title:45} {names}")

# %%
# How good are the tags?
# ----------------------
#
# Precision is the share of predicted tags that are true, recall the share of true tags that are
# predicted. Accuracy is high for every rare tag: the crosses show that of predicting no tag.

from jobtag_sklearn.inspection import TagReportDisplay

TagReportDisplay.from_estimator(model, new_jobs, new_tags)

# %%
# The same as numbers, for each tag and for all together:

from jobtag_sklearn.inspection import tag_report, tag_scores

predicted = model.predict(new_jobs)
tag_report(new_tags, predicted)[["support", "predicted", "precision", "recall", "f1"]].round(2)

# %%
import pandas as pd

pd.DataFrame(
    {
        "default": tag_scores(new_tags, predicted, model.predict_proba(new_jobs)),
        "network=False": tag_scores(
            new_tags, fast.predict(new_jobs), fast.predict_proba(new_jobs)
        ),
    }
).round(3)

# %%
# Save it
# -------
#
# A model is pickled like any scikit-learn model. After loading, ``partial_fit`` continues as if it
# had never been saved.

import pickle

loaded = pickle.loads(pickle.dumps(model))
(loaded.predict(new_jobs) == predicted).all()
