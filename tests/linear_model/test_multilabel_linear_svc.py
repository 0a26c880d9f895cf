"""MultiLabelLinearSVC: scikit-learn's contract, optimum, out-of-fold scores, names, context."""

import pickle

import numpy as np
import pandas as pd
import pytest
from expected_failures import expected_failures
from scipy import sparse
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.metrics import f1_score, log_loss
from sklearn.model_selection import ShuffleSplit, StratifiedKFold
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from jobtag_sklearn.linear_model import MultiLabelLinearSVC
from jobtag_sklearn.model_selection import MultiLabelStratifiedKFold, choose_thresholds

RNG = np.random.RandomState(0)
WORDS = np.array(["nurse", "ward", "weld", "pipe", "tax", "audit", "and", "of", "with", "good"])
TOPICS = {"nurse": [0, 1], "weld": [2, 3], "tax": [4, 5]}


def make_texts(n=240, seed=0):
    """Return texts whose words say, with some noise, which of three tags they have."""
    rng = np.random.RandomState(seed)
    tags = np.zeros((n, 3), dtype=int)
    texts = []
    for row in range(n):
        tags[row, rng.choice(3, rng.choice([1, 2], p=[0.8, 0.2]), replace=False)] = 1
        words = list(rng.choice(WORDS[6:], 6))
        for topic, has in zip(TOPICS.values(), tags[row], strict=True):
            if has:
                words += list(rng.choice(WORDS[topic], 2))
            elif rng.rand() < 0.3:
                words.append(WORDS[topic[1]])
        texts.append(" ".join(words))
    return texts, pd.DataFrame(tags, columns=list(TOPICS))


VECTORIZER = HashingVectorizer(n_features=2**12, alternate_sign=False)
TEXTS, TAGS = make_texts()
X = VECTORIZER.transform(TEXTS)
TRAIN, TEST = slice(0, 160), slice(160, None)


@parametrize_with_checks([MultiLabelLinearSVC()], expected_failed_checks=expected_failures)
def test_sklearn_contract(estimator, check):
    check(estimator)


def test_each_tag_is_a_support_vector_machine_at_its_optimum():
    model = MultiLabelLinearSVC(C=1.0, balance=0.0, random_state=0).fit(X, TAGS)
    for tag, name in enumerate(TAGS):
        peer = LinearSVC(C=1.0, tol=1e-6, random_state=0).fit(X, TAGS[name])
        of_peer, ours = peer.coef_[0][model.columns_], model.coef_[tag]
        # the shared calibration multiplies all weights with one number
        slope = (of_peer @ ours) / (of_peer @ of_peer)
        assert slope > 0
        np.testing.assert_allclose(ours, slope * of_peer, atol=2e-3 * np.abs(ours).max())


def test_balance_is_the_exponent_of_balanced_weights():
    whole = MultiLabelLinearSVC(C=1.0, balance=1.0, random_state=0).fit(X, TAGS)
    balanced = MultiLabelLinearSVC(C=1.0, class_weight="balanced", random_state=0).fit(X, TAGS)
    peer = LinearSVC(C=1.0, tol=1e-6, class_weight="balanced", random_state=0).fit(X, TAGS["tax"])
    for model in (whole, balanced):
        ours, of_peer = model.coef_[2], peer.coef_[0][model.columns_]
        assert np.corrcoef(ours, of_peer)[0, 1] > 0.9999
    assert balanced.balance_ == 0


def test_class_weight_takes_the_place_of_balance():
    weights = {"nurse": 5.0}
    fits = [
        MultiLabelLinearSVC(C=1.0, balance=b, class_weight=weights, random_state=0).fit(X, TAGS)
        for b in (0.0, 1.0)
    ]
    np.testing.assert_array_equal(fits[0].coef_, fits[1].coef_)


def test_numbers_given_are_numbers_used():
    model = MultiLabelLinearSVC(C=0.7, balance=0.25).fit(X, TAGS)
    assert (model.C_, model.balance_) == (0.7, 0.25)
    chosen = MultiLabelLinearSVC(random_state=0).fit(X, TAGS)
    assert (chosen.C_, chosen.balance_) in [(0.3, 0.5), (1.0, 0.0), (1.0, 0.5)]


def test_candidates_are_compared_out_of_fold(capsys):
    model = MultiLabelLinearSVC(random_state=0, verbose=1).fit(X, TAGS)
    lines = capsys.readouterr().out.splitlines()
    reached = {
        line.partition("] ")[2].partition(":")[0]: float(line.split()[-2].strip(","))
        for line in lines
    }
    assert len(reached) == 3
    assert reached[f"C={model.C_:g}, balance={model.balance_:g}"] == max(reached.values())


def test_fit_transform_returns_scores_of_rows_that_were_not_fitted():
    noise = sparse.csr_array(RNG.rand(120, 400) * (RNG.rand(120, 400) < 0.2))
    tags = (RNG.rand(120, 2) < 0.5).astype(int)
    model = MultiLabelLinearSVC(random_state=0)
    out_of_fold = expit(model.fit_transform(noise, tags))
    # nothing can be learnt: honest scores know that, scores of fitted rows do not
    assert log_loss(tags.ravel(), out_of_fold.ravel()) > 0.68
    svm = MultiLabelLinearSVC(C=1.0, random_state=0).fit(X[TRAIN], TAGS[TRAIN])
    honest = clone(svm).fit_transform(X[TRAIN], TAGS[TRAIN])
    fitted, new = svm.transform(X[TRAIN]), svm.transform(X[TEST])
    truth, true_new = TAGS[TRAIN].to_numpy().ravel(), TAGS[TEST].to_numpy().ravel()
    losses = [
        log_loss(y, expit(scores.astype(float)).ravel())
        for y, scores in ((truth, honest), (truth, fitted), (true_new, new))
    ]
    assert losses[1] < losses[0]
    assert abs(losses[0] - losses[2]) < 0.1


def test_probabilities_are_calibrated_and_thresholds_come_from_them():
    model = MultiLabelLinearSVC(random_state=0)
    out_of_fold = model.fit_transform(X[TRAIN], TAGS[TRAIN])
    np.testing.assert_allclose(
        model.predict_proba(X[TEST]), expit(model.transform(X[TEST])), atol=1e-6
    )
    rate = expit(out_of_fold).mean()
    assert rate == pytest.approx(TAGS[TRAIN].to_numpy().mean(), abs=0.02)
    chosen = choose_thresholds(TAGS[TRAIN], expit(out_of_fold.astype(np.float64)))
    np.testing.assert_allclose(model.threshold_, chosen, atol=1e-5)
    assert f1_score(TAGS[TEST], model.predict(X[TEST]), average="micro") > 0.85


def test_the_name_of_a_tag_helps_where_it_has_few_examples():
    few = TAGS[:40].copy()
    few.loc[few.index[4:], "tax"] = 0
    texts = TEXTS[:40]
    with_names = MultiLabelLinearSVC(tag_vectorizers=[VECTORIZER], random_state=0)
    with_names.fit(VECTORIZER.transform(texts), few)
    assert with_names.name_weights_.shape == (1,)
    rows = VECTORIZER.transform(["good tax with", "good with of"])
    gain = np.subtract(*with_names.transform(rows)[:, 2])
    without = MultiLabelLinearSVC(random_state=0).fit(VECTORIZER.transform(texts), few)
    assert gain > np.subtract(*without.transform(rows)[:, 2])


def test_tags_without_names_need_no_vectorizer():
    model = MultiLabelLinearSVC(tag_vectorizers=[VECTORIZER], random_state=0)
    model.fit(X, TAGS.to_numpy())
    assert model.name_weights_.shape == (0,)


def test_a_vectorizer_of_another_width_is_refused():
    wide = HashingVectorizer(n_features=2**13)
    with pytest.raises(ValueError, match=r"shape \(3, 8192\), but X has 4096 columns"):
        MultiLabelLinearSVC(tag_vectorizers=[wide]).fit(X, TAGS)


def test_the_context_knows_that_a_row_has_one_tag():
    rng = np.random.RandomState(1)
    right = rng.randint(4, size=1500)
    tags = np.eye(4, dtype=int)[right]
    rows = tags + rng.normal(scale=0.6, size=tags.shape)
    model = MultiLabelLinearSVC(C=1.0, balance=0.0, random_state=0).fit(rows[:1000], tags[:1000])
    base = model._linear.logits(sparse.csr_array(rows[1000:].astype(np.float32)))
    with_context = model.transform(rows[1000:]).astype(np.float64)
    truth = tags[1000:].ravel()
    assert log_loss(truth, expit(with_context).ravel()) < log_loss(truth, expit(base).ravel())


def test_folds_of_the_users_own():
    stratified = MultiLabelLinearSVC(cv=StratifiedKFold(3)).fit(X, TAGS["tax"])
    assert stratified.predict(X).shape == (240,)
    by_tags = MultiLabelLinearSVC(cv=MultiLabelStratifiedKFold(3, random_state=0)).fit(X, TAGS)
    assert by_tags.predict(X).shape == (240, 3)
    with pytest.raises(ValueError, match="cv must hold out each sample exactly once"):
        MultiLabelLinearSVC(cv=ShuffleSplit(2, random_state=0)).fit(X, TAGS)


def test_rows_without_any_column_get_the_frequency():
    tags = pd.DataFrame({"often": [1, 1, 1, 0] * 10, "seldom": [0, 0, 0, 1] * 10})
    model = MultiLabelLinearSVC(random_state=0).fit(sparse.csr_array((40, 30)), tags)
    often, seldom = model.predict_proba(sparse.csr_array((1, 30)))[0]
    assert often > 0.6
    assert seldom < 0.4


def test_columns_that_never_occur_take_no_space():
    model = MultiLabelLinearSVC(random_state=0).fit(X, TAGS)
    assert len(model.columns_) == len(np.unique(X.indices)) < 20
    assert model.coef_.shape == (3, len(model.columns_))
    wide = HashingVectorizer(n_features=2**20, alternate_sign=False).transform(TEXTS)
    small = len(pickle.dumps(MultiLabelLinearSVC(random_state=0).fit(wide, TAGS)))
    assert small < 10_000  # all columns would take 12 MB


def test_unknown_tags_train_a_little_and_get_scores():
    hidden = TAGS.astype(float)
    hidden.iloc[40:] = np.nan
    model = MultiLabelLinearSVC(random_state=0)
    scores = model.fit_transform(X, hidden)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores[40:], model.transform(X[40:]), atol=1e-5)
    alone = MultiLabelLinearSVC(random_state=0, unlabeled_weight=0).fit(X, hidden)
    tagged = MultiLabelLinearSVC(random_state=0).fit(X[:40], hidden[:40])
    np.testing.assert_allclose(alone.coef_[:, :5], tagged.coef_[:, :5], rtol=1e-4, atol=1e-5)
    assert not np.allclose(model.coef_, alone.coef_)


def test_rows_of_weight_zero_take_no_part():
    weight = np.ones(240)
    weight[160:] = 0
    weighted = MultiLabelLinearSVC(C=1.0, balance=0.0, random_state=0)
    weighted.fit(X, TAGS, sample_weight=weight)
    fewer = MultiLabelLinearSVC(C=1.0, balance=0.0, random_state=0).fit(X[TRAIN], TAGS[TRAIN])
    np.testing.assert_allclose(weighted.transform(X), fewer.transform(X), atol=1e-5)


def test_processes_give_the_same_model():
    fits = [
        MultiLabelLinearSVC(C=1.0, balance=0.0, n_jobs=n, random_state=0).fit(X, TAGS)
        for n in (None, 2)
    ]
    np.testing.assert_array_equal(fits[0].coef_, fits[1].coef_)


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array, np.asarray])
def test_containers_and_types_give_the_same(container):
    rows = X.toarray().astype(np.float32)
    model = MultiLabelLinearSVC(random_state=0).fit(container(rows), TAGS)
    expected = MultiLabelLinearSVC(random_state=0).fit(X, TAGS).transform(X)
    np.testing.assert_allclose(model.transform(X), expected, atol=1e-3)


def test_names_of_the_columns_that_come_out():
    model = MultiLabelLinearSVC(random_state=0).fit(X, TAGS)
    assert model.get_feature_names_out().tolist() == list(TAGS)
    table = model.set_output(transform="pandas").transform(X)
    assert list(table.columns) == list(TAGS)


def test_updates_come_near_to_a_fit_on_everything():
    model = MultiLabelLinearSVC(random_state=0).fit(X[:80], TAGS[:80])
    before = f1_score(TAGS[TEST], model.predict(X[TEST]), average="micro")
    for start in range(80, 160, 20):
        model.partial_fit(X[start : start + 20], TAGS[start : start + 20])
    after = f1_score(TAGS[TEST], model.predict(X[TEST]), average="micro")
    whole = MultiLabelLinearSVC(random_state=0).fit(X[TRAIN], TAGS[TRAIN])
    assert after > before - 0.01
    assert after > f1_score(TAGS[TEST], whole.predict(X[TEST]), average="micro") - 0.03


def test_batches_alone_are_enough():
    model = MultiLabelLinearSVC(random_state=0)
    for start in range(0, 160, 40):
        rows = slice(start, start + 40)
        model.partial_fit(X[rows], TAGS[rows], classes=list(TAGS))
    assert model.threshold_ == 0.5
    assert f1_score(TAGS[TEST], model.predict(X[TEST]), average="micro") > 0.8


def test_words_that_come_later_get_weights():
    model = MultiLabelLinearSVC(random_state=0).fit(X, TAGS)
    later = VECTORIZER.transform(["astronaut good"] * 10)
    table = pd.DataFrame({"nurse": 0, "weld": 0, "tax": 1}, index=range(10))
    n_before = len(model.columns_)
    before = model.predict_proba(later[:1])[0, 2]
    model.partial_fit(later, table)
    assert len(model.columns_) == n_before + 1
    assert model.predict_proba(later[:1])[0, 2] > before


def test_a_new_tag_starts_at_the_similarity_to_its_name():
    # also where its word comes for the first time
    model = MultiLabelLinearSVC(tag_vectorizers=[VECTORIZER], new_tags="add", random_state=0)
    model.fit(X, TAGS)
    update = pd.DataFrame({"nurse": 0, "weld": 0, "tax": 0, "law": [1, 0]}, index=[0, 1])
    new = VECTORIZER.transform(["law good", "good"])
    assert model.partial_fit(new, update).classes_.tolist() == [*TAGS, "law"]
    probability = model.predict_proba(new)[:, 3]
    assert probability[0] > probability[1]
    with pytest.raises(ValueError, match="unknown tags"):
        MultiLabelLinearSVC(random_state=0).fit(X, TAGS).partial_fit(new, update)


def test_a_failed_update_changes_nothing():
    model = MultiLabelLinearSVC(new_tags="add", random_state=0).fit(X, TAGS)
    before = pickle.dumps(model)
    table = TAGS[:5].assign(law=7)
    with pytest.raises(ValueError, match="must be 0, 1, or missing"):
        model.partial_fit(X[:5], table)
    assert pickle.dumps(model) == before


def test_same_seed_same_model_also_from_a_pickle():
    fits = [MultiLabelLinearSVC(random_state=3).fit(X, TAGS) for _ in range(2)]
    fits.append(pickle.loads(pickle.dumps(fits[0])))
    for model in fits:
        model.partial_fit(X[:30], TAGS[:30])
    for other in fits[1:]:
        np.testing.assert_array_equal(fits[0].transform(X), other.transform(X))


def test_one_tag_and_constant_tags():
    one = MultiLabelLinearSVC(random_state=0).fit(X, TAGS[["tax"]])
    assert one.predict_proba(X).shape == (240, 1)
    constant = TAGS.assign(always=1, never=0)
    with pytest.warns(UserWarning, match="nothing can be learnt of 2 tag"):
        model = MultiLabelLinearSVC(random_state=0).fit(X, constant)
    assert model.predict_proba(X)[:, 3].min() > model.predict_proba(X)[:, 4].max()


def test_thresholds_of_any_form():
    model = MultiLabelLinearSVC(random_state=0, threshold=0.5).fit(X, TAGS)
    probabilities = model.predict_proba(X)
    np.testing.assert_array_equal(model.predict(X), probabilities >= 0.5)
    of_tags = pd.Series({"tax": 0.9, "nurse": 0.1, "weld": 0.5})
    model.set_params(threshold=of_tags)
    np.testing.assert_array_equal(model.predict(X), probabilities >= [0.1, 0.5, 0.9])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_labels_of_one_dimension(n_classes):
    rng = np.random.RandomState(0)
    labels = rng.randint(n_classes, size=150)
    rows = np.eye(n_classes)[labels] + rng.normal(scale=0.3, size=(150, n_classes))
    names = np.array(["a", "b", "c"])[labels]
    model = MultiLabelLinearSVC(random_state=0).fit(rows[:100], names[:100])
    assert (model.predict(rows[100:]) == names[100:]).mean() > 0.9
    probabilities = model.predict_proba(rows[100:])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert logit(probabilities).shape == (50, n_classes)
