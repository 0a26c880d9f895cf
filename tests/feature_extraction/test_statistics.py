import numpy as np
import pytest

from jobtag_sklearn.feature_extraction import TextStatistics


def counts(text, **parameters):
    transformer = TextStatistics(**parameters)
    names = transformer.get_feature_names_out()
    return dict(zip(names, transformer.transform([text])[0].tolist(), strict=True))


def test_counts_by_hand():
    assert counts("  NYC hires\n\na chef & I cook:  we don't! ") == {
        "n_characters": 36.0,
        "n_words": 8.0,
        "word_density": 4.0,
        "n_punctuation": 4.0,
        "n_uppercase_words": 1.0,
        "n_stop_words": 4.0,
    }


def test_nothing_in_nothing():
    assert set(counts("").values()) == set(counts(" \n ").values()) == {0.0}


def test_markup_is_not_counted_unless_asked():
    plain = "Cooks & bakers wanted."
    html = "<p>Cooks &amp; <b>bakers</b>\n wanted.</p>"
    assert counts(plain) == counts(html)
    assert counts(html, strip_html=False)["n_punctuation"] > counts(plain)["n_punctuation"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("the THE (the) \u201cthe\u201d the, e.g. i.e.", 7),
        ("it's we\u2019ll can't", 3),
        ("IT manager's go", 1),
    ],
)
def test_stop_words(text, number):
    assert counts(text)["n_stop_words"] == number


def test_own_stop_words():
    assert counts("the chef", stop_words=["CHEF"])["n_stop_words"] == 1
    assert counts("the chef", stop_words=None)["n_stop_words"] == 0


def test_columns_as_asked():
    transformer = TextStatistics(statistics=["n_words", "n_characters"])
    np.testing.assert_array_equal(transformer.fit_transform(["two words"]), [[2, 9]])
    assert transformer.get_feature_names_out().tolist() == ["n_words", "n_characters"]


def test_counts_do_not_spill_into_each_other():
    text = "! " * 100_000 + "A" * 100_000 + " THE" * 100_000
    assert counts(text) == {
        "n_characters": 700_000.0,
        "n_words": 100_001.0,
        "word_density": 700_000 / 100_002,
        "n_punctuation": 100_000.0,
        "n_uppercase_words": 100_001.0,
        "n_stop_words": 100_000.0,
    }
