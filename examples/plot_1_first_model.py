"""
A first model
=============

From postings that people have tagged to tags for new postings, and how right they are.

The postings are generated, so this example runs anywhere. Your own come from a table in a file or
a database: see :ref:`sphx_glr_auto_examples_plot_7_sql_to_tags.py`.
"""

# %%
# Postings and their tags
# -----------------------
#
# Two tables with the same index: what is known of a posting, and a column of 0 and 1 for each
# tag.

from sklearn.model_selection import train_test_split

from jobtag_sklearn.datasets import make_job_postings

jobs, tags = make_job_postings(1200, n_tags=10, random_state=0)
jobs.head(3)

# %%
tags.head(3)

# %%
# A quarter of them is kept aside, to see what the model makes of postings that it has not seen.

jobs, new_jobs, tags, new_tags = train_test_split(jobs, tags, test_size=0.25, random_state=0)

# %%
# Learn
# -----
#
# The default pipeline reads raw titles and descriptions, HTML included. The three numbers make it
# narrower than the default, which is meant for more postings than these; leave them out for your
# own.

from jobtag_sklearn import make_job_tag_pipeline

model = make_job_tag_pipeline(
    n_hashed_features=8192, n_title_features=1024, n_phrase_features=8192, random_state=0
)
model.fit(jobs, tags)

# %%
# Predict
# -------
#
# ``predict`` returns 0 and 1 as scikit-learn does, ``predict_proba`` probabilities, and
# ``predict_tags`` what people want to read.

for title, names in zip(new_jobs["job_title"][:5], model.predict_tags(new_jobs[:5]), strict=True):
    print(f"{title:45} {names}")

# %%
# How right are they?
# -------------------
#
# Precision is the share of given tags that are right, recall the share of right tags that are
# given. Accuracy looks splendid for rare tags whatever a model does: the crosses show what
# answering "no" to everything gets.

from jobtag_sklearn.inspection import TagReportDisplay

TagReportDisplay.from_estimator(model, new_jobs, new_tags)

# %%
# The same as figures, tag by tag and all together:

from jobtag_sklearn.inspection import tag_report, tag_scores

given = model.predict(new_jobs)
tag_report(new_tags, given)[["support", "predicted", "precision", "recall", "f1"]].round(2)

# %%
tag_scores(new_tags, given, model.predict_proba(new_jobs)).round(3)

# %%
# Keep it
# -------
#
# A model is pickled like any scikit-learn model, and goes on learning where it stopped.

import pickle

again = pickle.loads(pickle.dumps(model))
(again.predict(new_jobs) == given).all()
