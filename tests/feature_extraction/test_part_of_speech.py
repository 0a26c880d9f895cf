import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jobtag_sklearn.feature_extraction import POSFeatures, strip_markup
from jobtag_sklearn.feature_extraction._part_of_speech import lexicon_tagger
from jobtag_sklearn.feature_extraction._sentences import sentences

POSTINGS = Path(__file__).parents[3] / "shared" / "data" / "nyc_jobs.csv.gz"
FAMILIES = (
    "NN NNS NNP NNPS",
    "PRP PRP$ WP WP$",
    "VB VBD VBG VBN VBP VBZ",
    "JJ JJR JJS",
    "RB RBR RBS WRB",
)


@pytest.fixture(scope="module")
def documents():
    if not POSTINGS.exists():
        pytest.skip(f"the shared real postings are not at {POSTINGS}")
    jobs = pd.read_csv(POSTINGS).drop_duplicates("job_id")
    texts = jobs["job_description"].dropna().head(300)
    as_list = "<ul><li>" + texts.str.replace(" • ", "</li><li>& ") + "</li></ul>"
    return [*texts, *jobs["job_title"].head(300), *as_list.head(50)]


@pytest.fixture(scope="module")
def pattern_tagger():
    lexicon_tagger()  # loads TextBlob's lexicon, whose file it leaves open
    from textblob.taggers import PatternTagger

    return PatternTagger()


def count(tags):
    families = [family.split() for family in FAMILIES]
    return [sum(tag.split("|")[0] in family for tag in tags) for family in families]


def test_tags_are_those_of_textblob(documents, pattern_tagger):
    tag_of = lexicon_tagger()
    expected = []
    for document in documents:
        split = list(sentences(strip_markup(document)))
        ours = [tag_of(word, i == 0) for words in split for i, word in enumerate(words)]
        # TextBlob takes sentences a line and words between spaces when it need not split.
        theirs = pattern_tagger.tag("\n".join(map(" ".join, split)), tokenize=False)
        assert ours == [tag for _, tag in theirs]
        expected.append(count(ours))
    counts = POSFeatures().fit_transform(documents)
    np.testing.assert_array_equal(counts, expected)


def test_counts_are_close_to_textblob_with_its_own_tokens(documents, pattern_tagger):
    ours = POSFeatures().fit_transform(documents[:100])
    texts = [re.sub(r"[\u2018\u2019]", "'", document) for document in documents[:100]]
    theirs = np.array([count([tag for _, tag in pattern_tagger.tag(text)]) for text in texts])
    share = np.abs(ours - theirs).sum() / theirs.sum()
    assert share < 0.08


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("He can't. She didn\u2019t!", [["He", "ca", "n't"], ["She", "did", "n't"]]),
        ("The manager's U.S. office", [["The", "manager", "'s", "U.S.", "office"]]),
        ("Call Dr. Lee, e.g. now.", [["Call", "Dr", "Lee", "e.g.", "now"]]),
        ("Duties: Cook; Clean", [["Duties"], ["Cook"], ["Clean"]]),
        ("• Cook\n- Clean\n& Serve", [["Cook"], ["Clean"], ["Serve"]]),
        ("ends.Starts again", [["ends"], ["Starts", "again"]]),
        ("and/or full-time, $3,000.50", [["and", "or", "full-time", "3,000.50"]]),
        ("C++ and C# at AT&T", [["C++", "and", "C#", "at", "AT&T"]]),
        ('He said "Stop!" Then', [["He", "said", "Stop"], ["Then"]]),
        (" \n * -- \n", []),
    ],
)
def test_sentences_and_words(text, split):
    assert list(sentences(text)) == split


def test_punctuation_is_never_counted():
    pos = POSFeatures()
    bare = pos.fit_transform(["He really likes good food"])
    dressed = pos.transform(["\u201cHe\u201d -- really (likes), \u2018good\u2019 food... ! % •"])
    np.testing.assert_array_equal(bare, dressed)


def test_shares():
    pos = POSFeatures(normalize=True)
    shares = pos.fit_transform(["She has carefully repaired old boilers.", ""])
    np.testing.assert_allclose(shares, [[1 / 6, 1 / 6, 2 / 6, 1 / 6, 1 / 6], [0] * 5])
    assert pos.get_feature_names_out().tolist()[0] == "share_nouns"


def test_the_fitted_tagger_stays():
    from nltk.tag import DefaultTagger

    pos = POSFeatures().fit(["text"])
    expected = pos.transform(["She cooks well"])
    pos.set_params(tagger=DefaultTagger("VB"))
    np.testing.assert_array_equal(pos.transform(["She cooks well"]), expected)
    pos.fit(["text"])
    np.testing.assert_array_equal(pos.transform(["She cooks well"]), [[0, 0, 3, 0, 0]])
    again = pickle.loads(pickle.dumps(pos))
    np.testing.assert_array_equal(again.transform(["She cooks well"]), [[0, 0, 3, 0, 0]])


def test_any_nltk_tagger_sees_whole_sentences():
    from nltk.tag import BigramTagger, DefaultTagger

    training = [[("to", "TO"), ("cook", "VB")], [("the", "DT"), ("cook", "NN")]]
    tagger = BigramTagger(training, backoff=DefaultTagger(None))
    counts = POSFeatures(tagger=tagger).fit_transform(["<p>the cook</p> to cook"])
    np.testing.assert_array_equal(counts, [[1, 0, 1, 0, 0]])


def test_perceptron():
    from nltk.tag.perceptron import PerceptronTagger

    pos = POSFeatures(tagger="perceptron")
    try:
        PerceptronTagger()
    except LookupError:
        with pytest.raises(LookupError, match=r"python -m nltk\.downloader averaged_perceptron"):
            pos.fit(["text"])
        assert not hasattr(pos, "tagger_")
    else:
        assert pos.fit_transform(["She cooks well."])[0, 1] == 1


def test_a_trained_perceptron_is_pickled_with_the_model():
    from nltk.tag.perceptron import PerceptronTagger

    tagger = PerceptronTagger(load=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tagger.train([[("she", "PRP"), ("cooks", "VBZ"), ("well", "RB")]] * 5)
    pos = POSFeatures(tagger=tagger).fit(["text"])
    expected = pos.transform(["she cooks well"])
    assert expected.tolist() == [[0, 1, 1, 0, 1]]
    again = pickle.loads(pickle.dumps(pos))
    np.testing.assert_array_equal(again.transform(["she cooks well"]), expected)
