"""
From SQL to tags, and back
==========================

Postings lie in a database, one row for each tag of each posting. They are loaded, a model learns
from those that have tags, and the tags of the others go back into the database.
"""

# %%
# A database
# ----------
#
# Here it is a file of SQLite with generated postings. Any address that SQLAlchemy understands will
# do, such as ``postgresql+psycopg://user@host/board``.

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
# A table or a query becomes two tables: jobs, and a column of 0 and 1 for each tag. Columns with
# other names are renamed on the way (``job_tag_name="category"``).

jobs, tags = load_job_postings(engine, table="job_postings")
print(jobs.shape, tags.shape)

# %%
# Learn
# -----
#
# The newest postings have come in without tags, or so we say.

from jobtag_sklearn import make_job_tag_pipeline

known, new = jobs.index[:800], jobs.index[800:]
model = make_job_tag_pipeline(
    n_hashed_features=8192, n_title_features=1024, n_phrase_features=8192, random_state=0
)
model = model.fit(jobs.loc[known], tags.loc[known])

# %%
# Tag, and write back
# -------------------
#
# One row for each tag, with its probability, so that people can begin with the doubtful ones.

probabilities = pd.DataFrame(model.predict_proba(jobs.loc[new]), index=new, columns=model.classes_)
given = pd.DataFrame(model.predict(jobs.loc[new]), index=new, columns=model.classes_)
rows = probabilities.where(given == 1).rename_axis("job_tag_name", axis=1).stack().dropna()
rows = rows.rename("probability").reset_index()
rows.to_sql("predicted_tags", engine, index=False)

pd.read_sql("SELECT * FROM predicted_tags ORDER BY abs(probability - 0.5) LIMIT 5", engine).round(
    2
)

# %%
# How sure the model is of the tags that it gives, and how often it is right. Where the points lie
# on the line, a probability can be taken at its word.

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
ax.set(xlabel="probability", ylabel="share of tags that are right")
error = calibration_scores(tags.loc[new], probabilities)["expected_calibration_error"]
ax.set_title(f"expected calibration error {error:.3f}", fontsize="medium")
