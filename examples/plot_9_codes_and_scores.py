"""
Codes and scores, and from both to tags
=======================================

The default pipeline step by step: text becomes codes and tag scores, and a deep network turns both
into tags. What is each of them good for?
"""

# %%
# Text to scores and codes
# ------------------------
#
# The first step of the pipeline is a transformer. Its columns are
#
# - the linear model's score of each tag. ``fit_transform`` returns out-of-fold scores, so that a
#   network can be trained on them;
# - a hundred codes of the autoencoder, which learns without tags;
# - eleven counts of characters, words and parts of speech.

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.datasets import make_job_postings

jobs, tags = make_job_postings(1200, n_tags=10, random_state=0)
jobs, new_jobs, tags, new_tags = jobs[:900], jobs[900:], tags[:900], tags[900:]

model = make_job_tag_pipeline(n_hashed_features=4096, random_state=0)
features, classifier = model.named_steps.values()
columns = features.fit_transform(jobs, tags)
new_columns = features.transform(new_jobs)
print(*features.get_feature_names_out()[[0, 9, 10, 109, 110, 120]], sep="\n")

# %%
# What the codes keep
# -------------------
#
# The input of the autoencoder are hashed words, folded to ``n_hashed_features`` columns. Its
# explained variance is the share of the squared norm of new rows that it reconstructs. A truncated
# singular value decomposition with as many components is what it starts from.

from sklearn.decomposition import TruncatedSVD

text = features.named_transformers_["text"]
fold, autoencoder, _ = text["views"]["codes"].named_steps.values()
words, new_words = (fold.transform(text["columns"].transform(part)) for part in (jobs, new_jobs))

svd = TruncatedSVD(100, random_state=0).fit(words)
errors = new_words.toarray() - svd.inverse_transform(svd.transform(new_words))
print(f"TruncatedSVD {1 - (errors**2).sum() / (new_words**2).sum():.3f}")
print(f"autoencoder  {autoencoder.score(new_words):.3f}")

# %%
# The loss is one minus the explained variance of training rows of which the input dropout left out
# 30 %. It falls from epoch to epoch:

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.plot(range(1, autoencoder.n_epochs_ + 1), autoencoder.history_["loss"], "o-", color="#0072B2")
_ = ax.set(xlabel="epoch", ylabel="loss of the autoencoder", ylim=(0, None))

# %%
# From codes and scores to tags
# -----------------------------
#
# The same network three times, with hidden layers of 200, 150, 100, 50 and 25 units: on the codes
# alone; on scores, codes and counts; and started at the scores, as in the default pipeline. For
# comparison, the linear model.

import pandas as pd

from jobtag_sklearn.inspection import tag_scores
from jobtag_sklearn.neural_network import KerasMultiLabelClassifier

plain = {"input_dropout": 0.1, "epochs": 25, "cv": 2, "random_state": 0}
on_codes = KerasMultiLabelClassifier(**plain).fit(columns[:, 10:110], tags)
on_both = KerasMultiLabelClassifier(**plain).fit(columns, tags)
from_scores = classifier.fit(columns, tags)
linear = make_job_tag_pipeline(network=False, random_state=0).fit(jobs, tags)

predicted = {
    "network on codes": on_codes.predict(new_columns[:, 10:110]),
    "network on codes and scores": on_both.predict(new_columns),
    "network that starts at the scores": from_scores.predict(new_columns),
    "linear model alone": linear.predict(new_jobs),
}
pd.DataFrame({name: tag_scores(new_tags, y) for name, y in predicted.items()}).T[
    ["f1_micro", "f1_macro"]
].round(3)

# %%
# Codes keep what many words have in common, and not what tells tags apart: scores are better for
# tags. ``deep_share_`` is how much of its hidden layers the third network adds to the scores. It
# is chosen on out-of-fold predictions, and is 0 where the hidden layers do not help.

print(from_scores.deep_share_)

# %%
# Postings like this one
# ----------------------
#
# What codes are good for: ``similar_jobs`` finds neighbours of a posting, by codes and
# probabilities of tags together. Both steps of the pipeline are fitted by now, as by
# ``model.fit(jobs, tags)``.

from jobtag_sklearn.inspection import similar_jobs

found = similar_jobs(model, jobs, new_jobs[:1], n=5)
print(new_jobs["job_title"].iloc[0], "|", *new_tags.columns[new_tags.iloc[0] == 1])
found.assign(
    job_title=jobs["job_title"].loc[found["job"]].to_numpy(),
    tags=[", ".join(tags.columns[tags.loc[job] == 1]) for job in found["job"]],
)[["similarity", "job_title", "tags"]].round(2)
