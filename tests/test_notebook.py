"""Inside a notebook: the kernel's event loop, its output, its processes and its interrupts."""

import ast
import os

import pytest
from small_models import small_pipeline

from jobtag_sklearn.datasets import make_job_postings

nbformat = pytest.importorskip("nbformat", reason="tox -e slow installs Jupyter")
nbclient = pytest.importorskip("nbclient", reason="tox -e slow installs Jupyter")

pytestmark = pytest.mark.slow

FIT = """
from small_models import small_pipeline
from jobtag_sklearn.datasets import make_job_postings

jobs, tags = make_job_postings(120, random_state=0)
model = small_pipeline(verbose=True).fit(jobs, tags)
found = model.predict_proba(jobs)
"""

# the scorer is a function of the notebook, which no other process can import
SEARCH = """
from sklearn.metrics import f1_score
from jobtag_sklearn.model_selection import ThresholdGridSearchCV

def score(model, jobs, tags):
    return f1_score(tags, model.predict(jobs), average="micro")

search = ThresholdGridSearchCV(
    small_pipeline(),
    {"classifier__threshold": [0.2, 0.5]},
    cv=2,
    scoring=score,
    n_jobs=2,
).fit(jobs, tags)
search.cv_results_["mean_test_score"].tolist()
"""

# the signal is what the button that stops a cell sends
STOPPED = """
import os, signal
import keras

class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        os.kill(os.getpid(), signal.SIGINT)

try:
    model.set_params(classifier__callbacks=[Stop()]).fit(jobs, tags)
except KeyboardInterrupt:
    print("stopped")
"""

CELLS = {
    "fit": FIT,
    "model": "model",
    "explanation": (
        "from jobtag_sklearn.inspection import explain_tags\nexplain_tags(model, jobs.iloc[0])"
    ),
    "search": SEARCH,
    "stopped": STOPPED,
    "unchanged": "(model.predict_proba(jobs) == found).all()",
    "found": "found.tolist()",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Return the outputs of each cell: what is printed, and what the last line is as data."""
    home = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, CELLS.values())))
    client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.path.dirname(__file__))
        # the kernel's history and files
        patch.setenv("IPYTHONDIR", str(home))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(home))
        client.execute(cwd=str(home))
    return {
        name: (
            "".join(o.text for o in cell.outputs if o.output_type == "stream"),
            next((o.data for o in cell.outputs if o.output_type == "execute_result"), {}),
        )
        for name, cell in zip(CELLS, notebook.cells, strict=True)
    }


def test_the_same_as_outside(outputs):
    jobs, tags = make_job_postings(120, random_state=0)
    outside = small_pipeline().fit(jobs, tags).predict_proba(jobs)
    assert ast.literal_eval(outputs["found"][1]["text/plain"]) == outside.tolist()


def test_progress_of_both_networks_is_printed(outputs):
    printed, _ = outputs["fit"]
    assert "[MultiLabelLinearSVC] C=" in printed
    assert printed.count("learning_rate: ") >= 2


def test_models_and_explanations_are_shown_as_html(outputs):
    model, explanation = (outputs[cell][1] for cell in ("model", "explanation"))
    assert "KerasMultiLabelClassifier" in model["text/html"]
    assert "<mark" in explanation["text/html"]


def test_search_in_two_processes(outputs):
    scores = ast.literal_eval(outputs["search"][1]["text/plain"])
    assert len(scores) == 2
    assert all(0 < score < 1 for score in scores)


def test_a_stopped_cell_leaves_the_model(outputs):
    assert "stopped" in outputs["stopped"][0]
    assert "True" in outputs["unchanged"][1]["text/plain"]
