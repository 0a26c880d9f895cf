"""
The parts alone
===============

Every part is a scikit-learn transformer or classifier that can be used in pipelines of your own.
"""

# %%
# Codes for clustering
# --------------------
#
# The autoencoder turns thousands of hashed columns into a few numbers. It learns without tags.

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

words = make_pipeline(
    StemmingCleaner(),
    HashingVectorizer(n_features=4096, analyzer=str.split, norm=None, alternate_sign=False),
    IncrementalTfidfTransformer(sublinear_tf=True),
)
columns = words.fit_transform(jobs["job_description"])
codes = ConvAutoencoderTransformer(10, random_state=0).fit_transform(columns)
clusters = KMeans(6, n_init=5, random_state=0).fit_predict(codes)

# %%
# The same map twice. Colours are clusters on the left, and tags on the right.

import matplotlib.pyplot as plt
import pandas as pd

from jobtag_sklearn.inspection import CodeMapDisplay

of_clusters = pd.get_dummies(clusters, prefix="cluster", prefix_sep=" ", dtype=int)
figure, axes = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
CodeMapDisplay.from_codes(codes, of_clusters, ax=axes[0])
CodeMapDisplay.from_codes(codes, tags.set_index(of_clusters.index), ax=axes[1])

# %%
# Mutual information of clusters and tags, from 0 (none) to 1:

first_tag = tags.to_numpy().argmax(axis=1)
print(f"{normalized_mutual_info_score(first_tag, clusters):.2f}")

# %%
# The linear model alone
# ----------------------
#
# ``MultiLabelLinearSVC`` takes any columns, sparse or dense. It needs no TensorFlow. Folds that
# hold examples of every tag come from ``MultiLabelStratifiedKFold``.

from sklearn.model_selection import cross_val_score

from jobtag_sklearn.linear_model import MultiLabelLinearSVC
from jobtag_sklearn.model_selection import MultiLabelStratifiedKFold

folds = MultiLabelStratifiedKFold(3, random_state=0)
linear = MultiLabelLinearSVC(random_state=0)
cross_val_score(linear, columns, tags, scoring="f1_micro", cv=folds).round(2)

# %%
# It is a transformer too. ``fit_transform`` returns out-of-fold scores, on which another model can
# be trained: :ref:`sphx_glr_auto_examples_plot_9_codes_and_scores.py`.

linear.fit_transform(columns, tags).shape

# %%
# The network alone
# -----------------
#
# ``KerasMultiLabelClassifier`` takes dense columns, here the codes.

from jobtag_sklearn.neural_network import KerasMultiLabelClassifier

network = KerasMultiLabelClassifier((50, 25), input_dropout=0.0, epochs=30, cv=2, random_state=0)
scaled = make_pipeline(StandardScaler(), network)
cross_val_score(scaled, codes, tags, scoring="f1_micro", cv=folds).round(2)

# %%
# Style with a linear model
# -------------------------
#
# Counts of parts of speech, and of characters, capitals and punctuation, say how a posting is
# written. They say little about its tags, but more than nothing.

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
# The columns have names, as in scikit-learn:

print(*make_union(POSFeatures(), TextStatistics()).fit(["text"]).get_feature_names_out())
