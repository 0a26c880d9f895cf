import numpy as np
import pytest
from sklearn.metrics import f1_score
from small_models import make_tags, small_classifier

from jobtag_sklearn.neural_network._metrics import MicroF1

RNG = np.random.RandomState(0)


def test_f1_is_that_of_scikit_learn_and_leaves_out_what_is_unknown():
    tags = (RNG.uniform(size=(40, 3)) < 0.4).astype(np.float32)
    logits = RNG.normal(size=tags.shape).astype(np.float32)
    unknown = RNG.uniform(size=tags.shape) < 0.3
    metric = MicroF1()
    seen = np.where(unknown, np.nan, tags)
    for rows in (slice(0, 15), slice(15, 40)):
        metric.update_state(seen[rows], logits[rows])
    expected = f1_score(tags[~unknown], logits[~unknown] > 0)
    assert float(metric.result()) == pytest.approx(expected)
    metric.reset_state()
    assert float(metric.result()) == 0


def test_history_has_f1_of_every_epoch_and_of_held_out_rows():
    X, Y = make_tags()
    # a network that does not move is measured with the weights that it has
    settings = {"learning_rate": 1e-12, "scores_first": True, "epochs": 2}
    classifier = small_classifier(early_stopping=True, **settings).fit(X, Y)
    assert len(classifier.history_["f1"]) == len(classifier.history_["val_f1"]) == 2
    classifier = small_classifier(**settings).fit(X, Y)
    before = f1_score(Y, classifier.predict(X), average="micro")
    # an update is measured by the predictions of its rows before they are learnt
    assert classifier.partial_fit(X, Y).history_["f1"][2] == pytest.approx(before)
