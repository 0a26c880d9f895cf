"""Reasons: exact with respect to the model, in the user's words, and safe to show."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from small_models import small_pipeline

from jobtag_sklearn.datasets import make_job_postings
from jobtag_sklearn.feature_extraction import HashingVectorizer, StemmingCleaner
from jobtag_sklearn.inspection import explain_global, explain_tags
from jobtag_sklearn.inspection._left_out import left_out, words_of

JOBS, TAGS = make_job_postings(120, n_tags=3, random_state=0)
POSTING = {
    "job_title": "Nurse (IT)",
    "job_description": (
        "<p>It&rsquo;s a <b>nurse</b>&#39;s job, nurse!</p>\n\n"
        "&lt;ul&gt;&lt;li&gt;R&amp;amp;D in C++ &lt;/li&gt;&lt;/ul&gt;"
        "<script>alert('selling')</script>"
        " selling, selling 1 < 2 <unknown>"
    ),
}


def linear_model(n_features=2**12, classifier=None):
    text = make_pipeline(
        StemmingCleaner(),
        HashingVectorizer(n_features=n_features, analyzer=str.split, alternate_sign=False),
    )
    columns = make_column_transformer((text, "job_title"), (text, "job_description"))
    if classifier is None:
        classifier = OneVsRestClassifier(LogisticRegression(C=10))
    return make_pipeline(columns, classifier).fit(JOBS, TAGS)


@pytest.fixture(scope="module")
def linear():
    return linear_model()


def test_effects_are_the_models_own_differences():
    model = small_pipeline().fit(JOBS, TAGS)
    job = JOBS.iloc[3]
    tags = TAGS.columns.tolist()
    explanation = explain_tags(model, job, tags, top=5)
    whole = model.predict_proba(JOBS.iloc[[3]])[0]
    # a few postings are not predicted as one table, so the last bits may differ
    near = partial(pytest.approx, abs=1e-6)
    assert explanation.probabilities.tolist() == near(whole.tolist())
    assert explanation.frame["tag"].value_counts().tolist() == [5, 5, 5]
    words, variants = left_out(JOBS.iloc[[3]], ["job_title", "job_description"])
    rows = {(word.column, word.text): row for row, word in enumerate(words, start=1)}
    for row in explanation.frame.itertuples():
        variant = variants.iloc[[rows[row.column, row.word]]]
        probability = model.predict_proba(variant)[0, tags.index(row.tag)]
        assert row.without == near(probability)
        assert row.effect == near(whole[tags.index(row.tag)] - probability)
        text = variant[row.column].iloc[0]
        assert (
            row.word.casefold()
            not in StemmingCleaner(stemmer=None, stop_words=None, strip_digits=False)
            .transform([text])[0]
            .split()
        )


def test_words_that_share_a_bucket_have_effects_of_their_own():
    # with 2 columns nearly all words collide
    model = linear_model(n_features=2)
    job = {"job_title": "x", "job_description": "patients selling software"}
    frame = explain_tags(model, job, 0, classes=range(3)).frame
    for row in frame.itertuples():
        other = job | {row.column: job[row.column].replace(row.word, "")}
        assert row.without == model.predict_proba(pd.DataFrame([other]))[0, 0]


def test_words_stand_as_they_stand_and_all_their_places_go_together(linear):
    frame = explain_tags(linear, POSTING, [0, 1, 2], top=100, classes=range(3)).frame
    found = set(zip(frame["column"], frame["word"], frame["count"], strict=True))
    assert ("job_description", "selling", 2) in found
    assert ("job_description", "nurse", 1) in found
    assert ("job_description", "C++", 1) in found
    assert ("job_description", "R&D", 1) in found
    assert not {"alert", "script", "li", "p"} & set(frame["word"])
    # stop words change nothing in this model
    assert not {"a", "in", "1", "2"} & set(frame["word"])


def test_the_trade_it_is_another_word_than_it():
    words = words_of("job_title", "IT helps you: it's IT! It does, Nurse and nurse")
    counts = {word.text: len(word.seen) for word in words}
    assert counts["IT"] == 2
    assert counts["It"] == 1
    assert counts["Nurse"] == 2


def test_html_is_escaped_and_marks_the_visible_text(linear):
    job = POSTING | {
        "job_title": "Sales &lt;script&gt;alert(1)&lt;/script&gt; <img src=x> selling"
    }
    explanation = explain_tags(linear, job, "<b>x</b>", classes=["<b>x</b>", "y", "z"])
    html = explanation._repr_html_()
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    for markup in ("<script", "<b>", "<img", "<unknown", "<li", "alert("):
        assert markup not in html
    assert "1 &lt; 2 &lt;" in html
    assert html.count(">selling</mark>") == 3
    assert "R&amp;D" in html
    # escaped three times, it is text to whoever reads the posting
    deep = {"job_title": "a &amp;lt;script&amp;gt;", "job_description": "b & <c>"}
    plain = explain_tags(linear, deep, 0, classes=range(3))
    assert "a &lt;script&gt;" in plain._repr_html_()
    assert "<script" not in plain._repr_html_()


def test_words_against_are_told_apart_without_colour(linear):
    explanation = explain_tags(linear, JOBS.iloc[0], list(TAGS), classes=TAGS.columns, top=50)
    assert (explanation.frame["effect"] < 0).any()
    html = explanation._repr_html_()
    assert html.count("underline") == html.count("rgba(230") > 0
    text = repr(explanation)
    for tag in TAGS:
        assert f"{tag}: " in text
    for _, rows in explanation.frame.groupby("tag"):
        assert rows["effect"].is_monotonic_decreasing
        assert (rows["effect"] != 0).all()


def test_default_tags_are_those_given_or_the_likeliest(linear):
    given = linear.predict(JOBS)
    one = int(np.flatnonzero(given.sum(axis=1) > 1)[0]) if (given.sum(axis=1) > 1).any() else 0
    names = explain_tags(linear, JOBS.iloc[one]).probabilities.index.tolist()
    assert sorted(names) == np.flatnonzero(given[one]).tolist()
    nothing = {"job_title": "", "job_description": ""}
    explanation = explain_tags(linear, nothing)
    assert len(explanation.probabilities) == 1
    assert explanation.frame.empty
    assert "nothing" in repr(explanation)
    assert explanation._repr_html_()


def test_any_model_with_probabilities():
    forest = linear_model(classifier=RandomForestClassifier(5, random_state=0))
    frame = explain_tags(forest, JOBS.iloc[0], [0], classes=range(3)).frame
    assert set(frame.columns) == {"tag", "column", "word", "count", "effect", "without"}
    titles = make_pipeline(
        make_column_transformer((CountVectorizer(), "title")),
        OneVsRestClassifier(LogisticRegression()),
    ).fit(JOBS.rename(columns={"job_title": "title"}), TAGS)
    frame = explain_tags(titles, {"title": "Sales nurse"}, [0], columns=["title"]).frame
    assert set(frame["column"]) == {"title"}


def test_global_sums_what_each_posting_says(linear):
    jobs = JOBS[:15]
    table = explain_global(linear, jobs, [0, 2], top=4, min_jobs=2)
    assert table["tag"].tolist() == [0] * 4 + [2] * 4
    for row in table.itertuples():
        effects = []
        for _, job in jobs.iterrows():
            frame = explain_tags(linear, job, [row.tag], top=1000).frame
            same = frame["word"].str.casefold() == row.word.casefold()
            effects.append(frame.loc[same, "effect"].sum())
        assert row.total == pytest.approx(sum(effects))
        assert row.effect == pytest.approx(sum(effects) / row.n_jobs)
        assert row.n_jobs >= max(2, np.count_nonzero(effects))


def test_global_in_batches_is_the_same_and_says_how_far_it_is(linear, monkeypatch, capsys):
    whole = explain_global(linear, JOBS[:12])
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("jobtag_sklearn.inspection._explain._BATCH", 100)
    pd.testing.assert_frame_equal(explain_global(linear, JOBS[:12], verbose=1), whole)
    assert "explained 12 of 12 postings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"job": JOBS[:2]}, ValueError, "one is explained at a time"),
        ({"job": "Nurse"}, TypeError, r"a row of a table \(jobs.iloc\[0\]\).*got str"),
        ({"job": {"title": "x"}}, ValueError, "none of the columns"),
        ({"job": {"job_title": 3.0}}, ValueError, "job_title of job 0 is 3.0; pass text"),
        ({"tags": ["Lax"]}, ValueError, "there is no tag 'Lax'; known are"),
        ({"classes": ["a"], "tags": ["a"]}, ValueError, "has 3 tags, but there are 1 names"),
    ],
)
def test_bad_input_is_named(linear, change, error, message):
    given = {"model": linear, "job": POSTING} | change
    with pytest.raises(error, match=message):
        explain_tags(**given)


def test_a_margin_is_no_probability():
    with pytest.raises(TypeError, match="no predict_proba.*CalibratedClassifierCV"):
        explain_tags(linear_model(classifier=OneVsRestClassifier(LinearSVC())), POSTING, [0])
