"""
Own parts in other pipelines
============================

Every part is a scikit-learn transformer or classifier, so each can be taken by itself. Here codes
are clustered, and counts of words and of parts of speech go into a linear model.
"""

# %%
# Codes for clustering
# --------------------
#
# The autoencoder turns thousands of hashed columns into a few numbers. Without tags it only learns
# to reconstruct; with some tags, it learns which differences matter. Here one posting in three is
# tagged: the tags of the others are unknown, which are missing values.

import numpy as np
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.metrics import normalized_mutual_info_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.feature_extraction import IncrementalTfidfTransformer, StemmingCleaner
from jobtag_sklearn.neural_network import ConvAutoencoderTransformer

jobs, tags = make_job_postings(900, n_tags=6, random_state=0)
some_tags = tags.astype(float)
some_tags[np.arange(len(tags)) % 3 > 0] = np.nan

codes = make_pipeline(
    StemmingCleaner(),
    HashingVectorizer(n_features=4096, analyzer=str.split, norm=None, alternate_sign=False),
    IncrementalTfidfTransformer(sublinear_tf=True),
    ConvAutoencoderTransformer(30, epochs=15, random_state=0),
    StandardScaler(),
)
table = codes.fit_transform(jobs["job_description"], some_tags)
clusters = KMeans(6, n_init=5, random_state=0).fit_predict(table)

# %%
# Where do the clusters lie, and where do the tags? Colours on the left are clusters, on the right
# the tags that people gave, of which the codes knew a third.

import matplotlib.pyplot as plt
import pandas as pd

from jobtag_sklearn.inspection import CodeMapDisplay

of_clusters = pd.get_dummies(clusters, prefix="cluster", prefix_sep=" ", dtype=int)
figure, axes = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
CodeMapDisplay.from_codes(table, of_clusters, ax=axes[0])
CodeMapDisplay.from_codes(table, tags.set_index(of_clusters.index), ax=axes[1])

# %%
# How much the clusters say about a posting's tag, from 0 (nothing) to 1:

first_tag = tags.to_numpy().argmax(axis=1)
print(f"{normalized_mutual_info_score(first_tag, clusters):.2f}")

# %%
# Style with a linear model
# -------------------------
#
# How a posting is written, without a single one of its words: counts of parts of speech, and of
# characters, capitals and punctuation. They say little about tags, but more than nothing.

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_union

from jobtag_sklearn.feature_extraction import POSFeatures, TextStatistics

models = {
    "parts of speech": make_pipeline(POSFeatures(), StandardScaler()),
    "and statistics": make_pipeline(make_union(POSFeatures(), TextStatistics()), StandardScaler()),
    "stems": make_pipeline(StemmingCleaner(), TfidfVectorizer(analyzer=str.split)),
}
figure, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
for place, features in enumerate(models.values()):
    model = make_pipeline(features, OneVsRestClassifier(LogisticRegression(max_iter=1000)))
    model.fit(jobs["job_description"][:600], tags[:600])
    scores = model.predict_proba(jobs["job_description"][600:])
    areas = roc_auc_score(tags[600:], scores, average=None)
    ax.barh(place, areas.mean(), color="#56B4E9")
    ax.plot(areas, np.full(len(areas), place), "o", color="#0072B2", markersize=4)
ax.axvline(0.5, color="#000000", linewidth=0.8)
ax.set(xlabel="area under the ROC curve; a point is a tag, the line is chance", xlim=(0.3, 1.01))
_ = ax.set_yticks(range(len(models)), models)

# %%
# Names of the columns that come out, as scikit-learn's tools expect them:

print(*make_union(POSFeatures(), TextStatistics()).fit(["text"]).get_feature_names_out())

# %%
# The classifier alone
# --------------------
#
# ``KerasMultiLabelClassifier`` takes any columns, dense or sparse. Folds that hold examples of
# every tag come from ``MultiLabelStratifiedKFold``.

from sklearn.model_selection import cross_val_score

from jobtag_sklearn.model_selection import MultiLabelStratifiedKFold
from jobtag_sklearn.neural_network import KerasMultiLabelClassifier

classifier = KerasMultiLabelClassifier((50, 25), epochs=20, random_state=0)
folds = MultiLabelStratifiedKFold(3, random_state=0)
cross_val_score(classifier, table, tags, scoring="f1_micro", cv=folds).round(2)
