"""Updates of the real pipeline, small."""

import hashlib
import warnings
from pathlib import Path

import numpy as np
import pytest
from small_models import in_fresh_python, small_pipeline

from jobtag_sklearn import make_job_tag_pipeline
from jobtag_sklearn.__main__ import main
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


@pytest.mark.parametrize("network", [True, False])
def test_new_tags_are_learnt_by_all_that_learns_tags(tmp_path, network):
    jobs, tags = make_job_postings(180, n_tags=2, random_state=0)
    model = small_pipeline() if network else make_job_tag_pipeline(network=False, random_state=0)
    store = PostingStore(tmp_path / "store.sqlite").create()
    updater = ModelUpdater(
        store,
        ModelFiles(tmp_path / "models"),
        min_corrections=20,
        tolerance=1,
        unknown_tags="learn",
    )
    updater.adopt(model.fit(jobs[:80], tags[:80]))
    store.correct(tags[80:130].assign(Diving=np.arange(50) % 2), jobs[80:130])
    report = updater.update()
    assert (report.outcome, list(report.new_tags)) == ("accepted", ["Diving"])
    after, _ = updater.load()
    assert after.classes_.tolist() == [*tags.columns, "Diving"]
    assert after.tag_scores(jobs[:5]).shape == after.predict_proba(jobs[:5]).shape == (5, 3)
    assert after[-1].new_tags == "error"


@pytest.fixture
def first_edition(tmp_path):
    """Return a folder whose current model was saved by the first edition."""
    data = (Path(__file__).parents[1] / "saved" / "first_edition.pickle").read_bytes()
    checksum = hashlib.sha256(data).hexdigest()[:16]
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / f"model-000001-{checksum}.pickle").write_bytes(data)
    ModelFiles(folder).point_to(f"model-000001-{checksum}.pickle")
    return folder


def test_models_of_the_first_edition_must_be_fitted_anew(first_edition, tmp_path, capsys):
    message = "this model was saved by the first edition of jobtag_sklearn and must be fitted anew"
    with warnings.catch_warnings():
        # of another scikit-learn
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=f"^{message}$"):
            ModelFiles(first_edition).load()
        (model,) = first_edition.glob("*.pickle")
        store = ["--store", str(tmp_path / "store.sqlite")]
        folder = ["--models", str(tmp_path / "new")]
        assert main(["init", *store, *folder, "--model", str(model)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"holds no model that can be loaded: {message}")
