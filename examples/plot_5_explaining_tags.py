"""
Why this tag?
=============

Whoever is given a tag asks what for. The answer here needs no theory of the model: each word is
left out, the model predicts the posting without it, and what changes is what the word did.
"""

# %%
# A model
# -------

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings

jobs, tags = make_job_postings(1000, n_tags=8, random_state=0)
model = make_job_tag_pipeline(
    n_hashed_features=8192, n_title_features=1024, n_phrase_features=8192, random_state=0
)
model = model.fit(jobs[:800], tags[:800])

# %%
# One posting
# -----------
#
# Blue words speak for the tag; orange, underlined ones against it; the stronger, the more they
# count. Rest the pointer on one to see by how much it changes the probability. Tags that the model
# gives are explained unless others are asked for.

from jobtag_sklearn.inspection import explain_tags

undecided = abs(model.predict_proba(jobs[800:]) - 0.5).min(axis=1).argmin()
job = jobs.iloc[800 + undecided]
likeliest = model.predict_proba(jobs.loc[[job.name]])[0].argsort()[-2:][::-1]
explanation = explain_tags(model, job, tags.columns[likeliest])
explanation

# %%
# The same as a table. ``without`` is the probability that the model gives to the posting without
# this word, so nothing here is an estimate.

explanation.frame.round(3)

# %%
# Words stand as people wrote them, not as stems or hashed columns, and HTML is explained by what a
# reader sees. Words that say the same thing each count little alone, since the other one remains.
#
# All postings
# ------------
#
# The words that move each tag most over a set of postings, whichever way:

from jobtag_sklearn.inspection import explain_global

words = explain_global(model, jobs[800:], top=8)

import matplotlib.pyplot as plt

figure, axes = plt.subplots(2, 4, figsize=(12, 5.5), layout="constrained")
for ax, (tag, rows) in zip(axes.flat, words.groupby("tag", sort=False), strict=True):
    rows = rows[::-1]
    colors = ["#0072B2" if total > 0 else "#E69F00" for total in rows["total"]]
    ax.barh(rows["word"], rows["total"], color=colors)
    ax.axvline(0, color="#000000", linewidth=0.6)
    ax.set_title(tag, fontsize="medium")
figure.supxlabel("sum of the changes in probability over 200 postings")

# %%
# A tag that leans on words which have nothing to do with it has learnt from postings that are not
# like the others: a look at this picture before a model goes into use is worth its minute.
#
# Any model will do
# -----------------
#
# ``explain_tags`` asks for ``predict_proba`` of a table of jobs and for nothing else.

from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

plain = make_pipeline(
    make_column_transformer((TfidfVectorizer(), "job_title")),
    OneVsRestClassifier(LogisticRegression()),
).fit(jobs, tags)
explain_tags(
    plain, {"job_title": "Nurse in sales"}, ["Nursing & Care", "Sales"], classes=tags.columns
)
