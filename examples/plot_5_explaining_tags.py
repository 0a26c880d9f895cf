"""
Why this tag?
=============

Leave a word out of a posting, predict the posting again, and see how much the probability of a tag
changes. Do this for each word. It works for every model.
"""

# %%
# A model
# -------

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings

jobs, tags = make_job_postings(1000, n_tags=8, random_state=0)
model = make_job_tag_pipeline(network=False, random_state=0)
model = model.fit(jobs[:800], tags[:800])

# %%
# One posting
# -----------
#
# Blue words speak for the tag; orange, underlined ones against it. The stronger the colour, the
# larger the effect. Hover over a word to see the change of the probability. By default, the
# predicted tags are explained.

from jobtag_sklearn.inspection import explain_tags

undecided = abs(model.predict_proba(jobs[800:]) - 0.5).min(axis=1).argmin()
job = jobs.iloc[800 + undecided]
likeliest = model.predict_proba(jobs.loc[[job.name]])[0].argsort()[-2:][::-1]
explanation = explain_tags(model, job, tags.columns[likeliest])
explanation

# %%
# The same as a table. ``without`` is the predicted probability of the posting without this word.

explanation.frame.round(3)

# %%
# Words are shown as they were written, not as stems or hashed columns, and HTML as a reader sees
# it. Of two words that say the same, each has little effect, since the other one remains.
#
# All postings
# ------------
#
# The words with the largest total effect on each tag over a set of postings:

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
# Look at this figure before you put a model into production. A tag that depends on words which
# have nothing to do with it was learnt from unusual postings.
#
# Other models
# ------------
#
# ``explain_tags`` needs ``predict_proba`` of a table of jobs, and nothing else.

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
