"""
Why 0.5 is the wrong threshold
==============================

A classifier says how likely a tag is. From which probability on is the tag given? With tags that
few postings have, the usual answer, one half, gives almost none.
"""

# %%
# A model that gives no tags
# --------------------------
#
# TF-IDF and one logistic regression a tag: what most people try first.

from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.inspection import tag_report, tag_scores

jobs, tags = make_job_postings(1500, random_state=0)
jobs, new_jobs, tags, new_tags = jobs[:1000], jobs[1000:], tags[:1000], tags[1000:]

plain = make_pipeline(
    make_column_transformer((TfidfVectorizer(sublinear_tf=True), "job_description")),
    OneVsRestClassifier(LogisticRegression()),
)
plain.fit(jobs, tags)
tag_report(new_tags, plain.predict(new_jobs))[["support", "predicted", "recall"]].tail(5)

# %%
# The rare tags are hardly ever given. Is the model bad?

from jobtag_sklearn.inspection import ThresholdCurveDisplay

ThresholdCurveDisplay.from_estimator(plain, new_jobs, new_tags)

# %%
# It is not: it ranks the tags well, and its best F1 lies far to the left of one half. The line is
# right, it is only cut in the wrong place.
#
# Tuned thresholds
# ----------------
#
# ``TunedMultiLabelThresholdClassifierCV`` goes around any classifier. It has the model score each
# fold of the training postings without having seen it, finds thresholds on these scores, and then
# fits the model on all of them.

from jobtag_sklearn.model_selection import TunedMultiLabelThresholdClassifierCV

tuned = TunedMultiLabelThresholdClassifierCV(plain, random_state=0).fit(jobs, tags)

import pandas as pd

pd.DataFrame(
    {
        "one half": tag_scores(new_tags, plain.predict(new_jobs)),
        "tuned": tag_scores(new_tags, tuned.predict(new_jobs)),
    }
).loc[["f1_micro", "f1_macro", "f1_samples", "subset_accuracy"]].round(3)

# %%
# Each tag has a threshold of its own, though rare ones lean on what suits all:

ThresholdCurveDisplay.from_estimator(
    tuned, new_jobs, new_tags, tags=["Software Development", "Education", "Legal"]
)

# %%
# When a false tag costs more than a missing one
# ----------------------------------------------
#
# On a page that everyone sees, a wrong tag annoys and a missing one does not. Then F1 is the wrong
# aim: ask for a precision, and take all the recall that goes with it.

sure = TunedMultiLabelThresholdClassifierCV(
    plain, scoring="recall", min_precision=0.95, strategy="common", random_state=0
).fit(jobs, tags)

from sklearn.metrics import precision_score, recall_score

for name, model in (("one half", plain), ("tuned for F1", tuned), ("95 % precision", sure)):
    given = model.predict(new_jobs)
    precision = precision_score(new_tags, given, average="micro")
    recall = recall_score(new_tags, given, average="micro")
    print(f"{name:15} {precision:.0%} of the given tags are right, {recall:.0%} of all are given")

# %%
# What was reached on the training postings holds for new ones on average, not for sure: ask for a
# little more than you need. The reverse, to miss nothing, is ``scoring="precision",
# min_recall=...``.
#
# Search the threshold with other parameters
# ------------------------------------------
#
# The default pipeline finds a threshold by itself (``classifier__threshold="auto"``). To search
# it in a grid, take ``ThresholdGridSearchCV`` in the place of ``GridSearchCV``: it fits each
# combination of the other parameters once, and tries all thresholds on that. Here the codes are
# left out (``autoencoder__codes="drop"``), which takes half of the time and costs nothing in F1.

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.model_selection import ThresholdGridSearchCV

pipeline = make_job_tag_pipeline(
    n_hashed_features=4096, n_title_features=512, n_phrase_features=4096, random_state=0
).set_params(autoencoder__codes="drop", classifier__epochs=5)

search = ThresholdGridSearchCV(
    pipeline,
    {
        "classifier__wide_C": [0.1, 1.0],
        "classifier__threshold": [0.05 * step for step in range(2, 17)],
    },
    scoring="f1_micro",
    cv=2,
).fit(jobs, tags)
search.best_params_

# %%
# Thirty combinations, and five fits, the last of which is the one that is kept. This pipeline
# gives rare tags more weight, so its best threshold may lie near one half after all; nobody knows
# before having looked.

import matplotlib.pyplot as plt

table = pd.DataFrame(search.cv_results_)
figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
for (C, rows), style in zip(table.groupby("param_classifier__wide_C"), ("-", "--"), strict=True):
    ax.plot(
        rows["param_classifier__threshold"],
        rows["mean_test_score"],
        style,
        marker=".",
        label=f"wide_C = {C}",
    )
ax.axvline(0.5, color="#666666", linewidth=0.8)
ax.set(xlabel="threshold", ylabel="micro F1, mean of two folds")
ax.legend(frameon=False)
