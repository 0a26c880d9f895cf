"""Whatever a text holds, it is text: what each text step promises for all of Unicode."""

import copy

import numpy as np
import pytest
from any_text import anything, documents
from fuzzing import for_all, fuzz
from hypothesis import strategies as st

from jobtag_sklearn.feature_extraction import (
    POSFeatures,
    StemmingCleaner,
    TextStatistics,
    check_documents,
    strip_markup,
)
from jobtag_sklearn.feature_extraction._chunks import seen
from jobtag_sklearn.feature_extraction._markup import strip_markup_with_spans
from jobtag_sklearn.feature_extraction._part_of_speech import lexicon_tagger
from jobtag_sklearn.feature_extraction._statistics import _is_mark
from jobtag_sklearn.feature_extraction._word_cleaner import _cached_word_cleaner

PROPERTIES = []
TRANSFORMERS = [StemmingCleaner, TextStatistics, POSFeatures]

switches = st.fixed_dictionaries(
    {
        name: st.booleans()
        for name in (
            "strip_html", "expand_contractions", "lowercase", "strip_punctuation", "strip_digits",
        )
    }
    | {
        "stop_words": st.sampled_from(["english", None, ("chef", "IT")]),
        "stemmer": st.sampled_from(["snowball", "porter", None]),
    }
)  # fmt: skip


class LexiconOfSentences:
    """The lexicon as a tagger of whole sentences: the long way round."""

    def tag(self, words):
        tag_of = lexicon_tagger()
        return [(word, tag_of(word, place == 0)) for place, word in enumerate(words)]


def forget():
    """Empty what the process remembers of words."""
    _cached_word_cleaner.cache_clear()
    seen.forget()


@for_all(PROPERTIES, document=documents, settings=switches)
def test_cleaned_text_is_stems_and_single_spaces(document, settings):
    cleaner = StemmingCleaner(**settings)
    (cleaned,) = cleaner.transform([document])
    assert cleaned.split() == [stem for stem in cleaned.split(" ") if stem]
    cleaned.encode()
    # white space around it and a posting beside it change nothing
    spaced, _ = cleaner.transform([f" {document}\n", "Chef wanted"])
    assert spaced == cleaned
    assert " ".join(token.stems for token in cleaner.tokenize(document)) == cleaned


@for_all(PROPERTIES, document=documents)
def test_every_character_without_markup_knows_where_it_stood(document):
    text, starts, stops = strip_markup_with_spans(document)
    assert text == strip_markup(document)
    assert len(text) == len(starts) == len(stops)
    assert starts == sorted(starts)
    for character, start, stop in zip(text, starts, stops, strict=True):
        assert 0 <= start < stop <= len(document)
        source = document[start:stop]
        assert source == character or source[0] in "&<"


@for_all(PROPERTIES, document=documents)
def test_text_without_signs_of_markup_stays(document):
    plain = document.replace("<", "").replace("&", "")
    assert strip_markup(plain) == plain


@for_all(PROPERTIES, document=documents)
def test_statistics_are_those_counted_one_by_one(document):
    names = ["n_characters", "n_words", "word_density", "n_punctuation", "n_uppercase_words"]
    counts = TextStatistics(statistics=names, strip_html=False).transform([document])[0]
    chunks = document.split()
    n_words = sum(any(map(str.isalnum, chunk)) for chunk in chunks)
    n_characters = len(" ".join(chunks))
    n_upper = sum(chunk.isupper() and sum(map(str.isalpha, chunk)) > 1 for chunk in chunks)
    assert counts.tolist() == [
        n_characters,
        n_words,
        n_characters / (n_words + 1),
        sum(map(_is_mark, document)),
        n_upper,
    ]
    all_counts = TextStatistics().transform([document])
    assert (np.isfinite(all_counts) & (all_counts >= 0)).all()
    assert all_counts[0, -1] <= all_counts[0, 1] or not all_counts[0, 1]


@for_all(PROPERTIES, document=documents)
def test_parts_of_speech_are_those_of_whole_sentences(document):
    fast = POSFeatures().fit([]).transform([document])
    slow = POSFeatures(tagger=LexiconOfSentences()).fit([]).transform([document])
    np.testing.assert_array_equal(fast, slow)
    shares = POSFeatures(normalize=True).fit_transform([document])
    assert (shares >= 0).all()
    assert shares.sum() <= 1 + 1e-9


@for_all(PROPERTIES, kind=st.sampled_from(TRANSFORMERS), texts=st.lists(documents, max_size=4))
def test_the_same_text_gives_the_same_output_and_stays(kind, texts):
    before = copy.copy(texts)
    transformer = kind().fit(texts)
    first = transformer.transform(texts)
    assert texts == before
    forget()
    np.testing.assert_array_equal(transformer.transform(texts), first)
    backwards = transformer.transform(np.array(texts[::-1], dtype=object))
    np.testing.assert_array_equal(backwards, first[::-1])


@for_all(PROPERTIES, texts=st.lists(anything))
def test_documents_come_out_of_validation_as_they_went_in(texts):
    column = np.array([*texts, None], dtype=object)[:-1]
    for container in (texts, tuple(texts), column, column.reshape(-1, 1)):
        assert check_documents(container) == texts


@pytest.mark.slow
@pytest.mark.parametrize(("function", "strategies"), PROPERTIES)
def test_fuzz(function, strategies, capsys):
    fuzz(function, strategies, capsys)
