import concurrent.futures
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.pipeline import make_pipeline

from jobtag_sklearn.feature_extraction import ENGLISH_STOP_WORDS, StemmingCleaner
from jobtag_sklearn.feature_extraction._words import Memo, expand_contraction

POSTINGS = Path(__file__).parents[3] / "shared" / "data" / "nyc_jobs.csv.gz"


@pytest.fixture(scope="module")
def postings():
    if not POSTINGS.exists():
        pytest.skip(f"the shared real postings are not at {POSTINGS}")
    jobs = pd.read_csv(POSTINGS).drop_duplicates("job_id").set_index("job_id")
    return jobs["job_description"].dropna().head(200)


def clean(text, **parameters):
    return StemmingCleaner(**parameters).transform([text])[0]


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("Managing the managers' managed manager", "manag manag manag manag"),
        ("You'll love it, won't you? We\u2019re hiring", "love hire"),
        ("shell and U.S. citizens", "shell us citizen"),
        ("go, system work: C or R", "go system work c r"),
        ("C/C++, C#; (.NET) Node.js! ASP.NET", "c c++ c# .net node.js asp.net"),
        ("(.NET)/.net, ..ASP.NET... network.net", ".net .net asp.net network net"),
        ("IT and it", "it"),
        ("R&amp;D at AT&T", "r&d at&t"),
        ("2019: 401k, B2B, 24/7 and $5,000", "401k b2b"),
        ("full-time position(s)", "full time posit"),
        ("Ph.D. e.g. B.S. 9 a.m.", "phd bs"),
        ("soft\xadware e\u0301lan \ufb01re", "softwar élan fire"),
        ("<p>Hello<br>World</p>", "hello world"),
        ("\x00 \ud800", ""),
    ],
)
def test_defaults(text, stems):
    assert clean(text) == stems


def test_each_step_can_be_switched_off():
    text = "<b>We'll</b> hire 2 chefs, IT!"
    assert clean(text) == "hire chef it"
    assert clean(text, strip_html=False) == "b b hire chef it"
    assert clean(text, stemmer=None) == "hire chefs it"
    assert clean(text, strip_digits=False) == "hire 2 chef it"
    assert clean(text, stop_words=None) == "we will hire chef it"
    assert clean(text, stop_words=None, expand_contractions=False) == "well hire chef it"
    assert clean(text, lowercase=False, stemmer=None) == "hire chefs IT"
    assert clean(text, lowercase=False, stemmer=None, stop_words=None) == "We will hire chefs IT"
    assert clean(text, strip_punctuation=False) == "hire chef , it !"
    assert clean(text, protected_tokens=None) == "hire chef"
    assert clean(text, protected_tokens=["we'll"]) == "we'll hire chef"
    assert clean(text, stop_words=["Hire"], protected_tokens=()) == "we will chef it"


@pytest.mark.parametrize(
    ("stemmer", "stem"),
    [
        ("snowball", "generous"),
        ("porter", "gener"),
        (None, "generously"),
        (str.upper, "GENEROUSLY"),
    ],
)
def test_stemmers(stemmer, stem):
    assert clean("generously", stemmer=stemmer) == stem


def test_stemmer_objects():
    from nltk.stem.snowball import SnowballStemmer

    german = StemmingCleaner(
        stemmer=SnowballStemmer("german"), stop_words=["für"], expand_contractions=False
    )
    assert german.transform(["Stellen für Köche"])[0] == "stell koch"
    assert clone(german).transform(["Köche"])[0] == "koch"
    assert pickle.loads(pickle.dumps(german)).transform(["Köche"])[0] == "koch"


def test_a_stemmer_that_is_no_key():
    class Unhashable:
        __hash__ = None

        def stem(self, word):
            return word[:3]

    assert clean("developers develop", stemmer=Unhashable()) == "dev dev"


def test_a_stemmer_without_a_stem_is_named():
    with pytest.raises(ValueError, match="stemmer must return text, got None for the word 'chef'"):
        clean("chef", stemmer=lambda word: None)


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("shell", "shell"),
        ("don't", "do not"),
        ("can't", "can not"),
        ("it's", "it is"),
        ("manager's", "manager"),
        ("i'd've", "i would have"),
        ("rock'n'roll", "rock'n'roll"),
        ("'", "'"),
    ],
)
def test_contractions(word, words):
    assert expand_contraction(word) == words


def test_stop_words_delete_no_trade():
    trades = {"go", "system", "work", "c", "r", "computer", "bill", "fire", "well", "sincere"}
    assert not trades & ENGLISH_STOP_WORDS


def test_tokens_are_what_transform_returns(postings):
    cleaner = StemmingCleaner()
    html = "<div>" + postings.str.replace(". ", ".<br>&nbsp;") + "</div>"
    escaped = html.str.replace("&", "&amp;").str.replace("<", "&lt;").str.replace(">", "&gt;")
    for documents in (postings, html, escaped):
        for document, stems in zip(documents.head(30), cleaner.transform(documents), strict=False):
            tokens = cleaner.tokenize(document)
            assert " ".join(token.stems for token in tokens) == stems
            assert all(token.text == document[token.start : token.stop] for token in tokens)


def test_tokens_point_into_the_document_as_it_came():
    document = "<p>Caf&eacute; Manager&#39;s &lt;b&gt;C++&lt;/b&gt;</p>"
    tokens = StemmingCleaner().tokenize(document)
    assert [(t.text, t.stems) for t in tokens] == [
        ("Café", "café"),
        ("Manager's", "manag"),
        ("C++", "c++"),
    ]
    assert [document[t.start : t.stop] for t in tokens] == ["Caf&eacute;", "Manager&#39;s", "C++"]
    without = document[: tokens[0].start] + document[tokens[0].stop :]
    assert StemmingCleaner().transform([without])[0] == "manag c++"


def test_markup_and_escapes_change_nothing(postings):
    cleaner = StemmingCleaner()
    plain = postings.str.replace("<", "").str.replace("&", "and")
    html = "<div><p>" + plain.str.replace(" • ", "</p>\n<p>• ") + "</p></div>"
    escaped = html.str.replace("<", "&lt;").str.replace(">", "&gt;")
    expected = cleaner.transform(plain)
    assert (cleaner.transform(html) == expected).all()
    assert (cleaner.transform(escaped) == expected).all()


def test_vectorizers_keep_protected_tokens():
    pipeline = make_pipeline(StemmingCleaner(), CountVectorizer(analyzer=str.split))
    pipeline.fit(["C++ or C#", "R"])
    assert pipeline.get_feature_names_out().tolist() == ["c#", "c++", "r"]
    bigrams = HashingVectorizer(
        tokenizer=str.split, token_pattern=None, lowercase=False, ngram_range=(1, 2)
    )
    assert make_pipeline(StemmingCleaner(), bigrams).fit_transform(["C++ chef"]).nnz == 3
    assert pickle.loads(pickle.dumps(pipeline)).transform(["C#"]).sum() == 1


def test_containers():
    jobs = pd.Series(["Chefs"], index=pd.Index([4711], name="job_id"), name="job_title")
    for X in (jobs, jobs.astype(object), jobs.astype("string")):
        output = StemmingCleaner().fit_transform(X)
        expected = pd.Series(["chef"], index=X.index, name="job_title", dtype=X.dtype)
        pd.testing.assert_series_equal(output, expected)
    assert StemmingCleaner().fit_transform(jobs.to_frame()).name == "job_title"
    assert isinstance(StemmingCleaner().fit_transform(["Chefs"]), np.ndarray)
    with pytest.raises(ValueError, match="transform must be"):
        StemmingCleaner().set_output(transform="arrow")
    assert StemmingCleaner().get_feature_names_out(["job_title"]).tolist() == ["job_title"]
    with pytest.raises(ValueError, match="one column"):
        StemmingCleaner().get_feature_names_out(["a", "b"])


def test_changed_parameters_take_effect_at_once():
    cleaner = StemmingCleaner()
    assert cleaner.transform(["Chefs"])[0] == "chef"
    assert cleaner.set_params(stemmer=None).transform(["Chefs"])[0] == "chefs"


def test_threads_share_what_is_remembered(postings):
    documents = postings.tolist()
    expected = StemmingCleaner(stop_words=None).transform(documents)
    cleaner = StemmingCleaner(stop_words=["no", "such", "list"])
    reference = clone(cleaner).set_params(stop_words=["such", "list", "no", "no"])
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(cleaner.transform, [documents] * 4))
    for result in results:
        assert (result == reference.transform(documents)).all()
    assert (StemmingCleaner(stop_words=None).transform(documents) == expected).all()


def test_few_documents_stay_in_this_process():
    here = str(os.getpid())
    cleaner = StemmingCleaner(stemmer=lambda word: str(os.getpid()), n_jobs=2)
    assert set(cleaner.transform(["chef"] * 1_999)) == {here}


def test_memo_is_capped():
    calls = []
    memo = Memo(lambda word: calls.append(word) or word.upper(), limit=3)
    assert [memo[word] for word in "abcab"] == list("ABCAB")
    assert calls == ["a", "b", "c"]
    assert memo["d"] == "D"
    assert len(memo) == 1
    assert memo["x" * 65] == "X" * 65
    assert len(memo) == 1
