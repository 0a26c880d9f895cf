"""
From SQL to tags, and back
==========================

Load postings from a database, fit a model on those that have tags, and write the predicted tags of
the others back.
"""

# %%
# A database
# ----------
#
# Here it is an SQLite file with generated postings, one row for each tag of each posting. Any URL
# of SQLAlchemy works, such as ``postgresql+psycopg://user@host/board``.

import tempfile
from pathlib import Path

import pandas as pd
import sqlalchemy

from jobtag_sklearn.datasets import load_job_postings, make_job_postings

address = f"sqlite:///{Path(tempfile.mkdtemp()) / 'board.sqlite'}"
make_job_postings(1000, n_tags=8, to_sql=address, random_state=0)

engine = sqlalchemy.create_engine(address)
pd.read_sql("SELECT job_id, job_title, job_tag_name FROM job_postings LIMIT 5", engine)

# %%
# Load
# ----
#
# A table or a query becomes two DataFrames: jobs, and a column of 0 and 1 for each tag. If your
# columns have other names, pass them (``job_tag_name="category"``).

jobs, tags = load_job_postings(engine, table="job_postings")
print(jobs.shape, tags.shape)

# %%
# Fit
# ---
#
# The newest postings are treated as if they had no tags yet.

from jobtag_sklearn import make_job_tag_pipeline

known, new = jobs.index[:800], jobs.index[800:]
model = make_job_tag_pipeline(network=False, random_state=0)
model = model.fit(jobs.loc[known], tags.loc[known])

# %%
# Predict, and write back
# -----------------------
#
# One row for each predicted tag with its probability, so that people can check the least certain
# ones first.

probabilities = pd.DataFrame(model.predict_proba(jobs.loc[new]), index=new, columns=model.classes_)
predicted = pd.DataFrame(model.predict(jobs.loc[new]), index=new, columns=model.classes_)
rows = probabilities.where(predicted == 1).rename_axis("job_tag_name", axis=1).stack().dropna()
rows = rows.rename("probability").reset_index()
rows.to_sql("predicted_tags", engine, index=False)

pd.read_sql("SELECT * FROM predicted_tags ORDER BY abs(probability - 0.5) LIMIT 5", engine).round(
    2
)

# %%
# Are the probabilities calibrated? Where the points are on the line, a tag of probability 0.7 is
# true in 70 % of the postings.

import matplotlib.pyplot as plt
import numpy as np

from jobtag_sklearn.inspection import calibration_scores

truth, scores = tags.loc[new].to_numpy().ravel(), probabilities.to_numpy().ravel()
bins = np.clip((scores * 10).astype(int), 0, 9)
figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
ax.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
filled = [n for n in range(10) if (bins == n).sum() >= 5]
ax.scatter(
    [scores[bins == n].mean() for n in filled],
    [truth[bins == n].mean() for n in filled],
    s=[20 + 0.3 * (bins == n).sum() for n in filled],
    color="#0072B2",
)
ax.set(xlabel="probability", ylabel="share of true tags")
error = calibration_scores(tags.loc[new], probabilities)["expected_calibration_error"]
ax.set_title(f"expected calibration error {error:.3f}", fontsize="medium")
