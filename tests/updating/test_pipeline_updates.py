"""Updates of the real pipeline, small."""

import numpy as np
import pytest
from small_models import in_fresh_python, small_pipeline

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.updating import ModelFiles, ModelUpdater, PostingStore


def test_a_model_from_its_file_learns_on_as_one_that_stayed_in_memory(tmp_path):
    jobs, tags = make_job_postings(180, n_tags=2, random_state=0)
    model = small_pipeline().fit(jobs[:80], tags[:80])
    store = PostingStore(tmp_path / "store.sqlite").create()
    files = ModelFiles(tmp_path / "models")
    updater = ModelUpdater(store, files, min_corrections=20, tolerance=1)
    updater.adopt(model)
    store.correct(tags[80:130], jobs[80:130])
    assert updater.update().outcome == "accepted"

    # the same training, without a file in between
    learnt = store.learnt()
    trained = learnt.loc[learnt["role"] == "trained", "posting_id"]
    # corrected at the same time, they are learnt in order of their ids, which are text
    in_order = [int(key) for key in sorted(trained)]
    model.partial_fit(jobs.loc[in_order], tags.loc[in_order])
    here, _ = updater.load()
    np.testing.assert_array_equal(here.predict_proba(jobs), model.predict_proba(jobs))

    there = in_fresh_python(
        """
        from jobtag_sklearn.updating import ModelFiles
        folder, jobs, tags = given
        model = ModelFiles(folder).load().partial_fit(jobs[130:], tags[130:])
        result = model.predict_proba(jobs)
        """,
        (str(files.folder), jobs, tags),
    )
    model.partial_fit(jobs[130:], tags[130:])
    np.testing.assert_array_equal(there, model.predict_proba(jobs))
    assert there[0, 0] != pytest.approx(here.predict_proba(jobs)[0, 0], abs=1e-12)
