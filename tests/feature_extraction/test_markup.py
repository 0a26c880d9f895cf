import time

import pytest
from hostile_texts import HOSTILE

from jobtag_sklearn.feature_extraction import POSFeatures, StemmingCleaner, TextStatistics
from jobtag_sklearn.feature_extraction._markup import strip_markup, strip_markup_with_spans


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<p>Chef</p><p>Cook</p>", "Chef Cook"),
        ("Chef<br>Cook<BR/>Baker<br />Host", "Chef Cook Baker Host"),
        ("<ul><li>one</li><li>two</li></ul>", "one two"),
        ("Java<b>Script</b>", "JavaScript"),
        ("R&amp;D, caf&eacute;, 5&nbsp;%, &#8364;9, &#x20AC;9", "R&D, café, 5 %, €9, €9"),
        ("&lt;p&gt;R&amp;amp;D&amp;nbsp;team&lt;/p&gt;", "R&D team"),
        ("AT&T and R&D, a&b;c", "AT&T and R&D, a&b;c"),
        ("?job=1&copy=2&section=3", "?job=1&copy=2&section=3"),
        ("a<b or x<5", "a<b or x<5"),
        ("if a <b or c> d", "if a <b or c> d"),
        ("C++ < 5 years > 2", "C++ < 5 years > 2"),
        ("List<String> and Map<K, V>", "List<String> and Map<K, V>"),
        ("see <a href=\"x>y\" title='a'>here</a>", "see here"),
        ("<a title=Bob's>Bob's</a> <img alt='it's'> grill", "Bob's grill"),
        ("<td nowrap>cell</td>", "cell"),
        ('paid <a href="https://exam', "paid"),
        ("paid </stron", "paid </stron"),
        ("<!-- not <b>shown</b> --><!DOCTYPE html><?xml version='1'?>shown", "shown"),
        ("shown <!-- never closed", "shown never closed"),
        ("<script>var a = '<p>';</script><style>p {}</style >shown", "shown"),
        ("know <script> and <style> well", "know and well"),
        ("<![CDATA[text]] stays", "text]] stays"),
        ("<o:p></o:p><font color=red>red</font>", "red"),
        ("", ""),
    ],
)
def test_plain_text(document, text):
    assert " ".join(strip_markup(document).split()) == text


def test_blocks_leave_line_breaks():
    assert strip_markup("<li>Cook<li>Clean") == "\nCook\nClean"


@pytest.mark.parametrize(
    "document",
    [
        "<p>R&amp;D &lt;b&gt;now&lt;/b&gt;</p> <!-- a --> caf&eacute; a<b",
        "&lt;p&gt;R&amp;amp;D&lt;/p&gt;<<b>p>",
        "no markup",
        "",
        "<script>x</script>&&amp;&#65;",
    ],
)
def test_every_character_knows_where_it_stood(document):
    text, starts, stops = strip_markup_with_spans(document)
    assert text == strip_markup(document)
    assert len(text) == len(starts) == len(stops)
    assert starts == sorted(starts)
    for character, start, stop in zip(text, starts, stops, strict=True):
        source = document[start:stop]
        assert source == character or source[0] in "&<"


def seconds(function, document):
    start = time.process_time()
    function(document)
    return time.process_time() - start


def steps_of_text():
    """Return the text steps as functions of a document, with their imports done."""
    steps = [StemmingCleaner(), TextStatistics(), POSFeatures()]
    for step in steps:
        step.fit([]).transform(["imports come first"])
    return [strip_markup, *(lambda text, step=step: step.transform([text]) for step in steps)]


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_input_does_not_hang(kind):
    """A few hundredths of a second each; what tries again and again would take minutes."""
    document = HOSTILE[kind](2 * 10**5)
    for step in steps_of_text():
        assert seconds(step, document) < 5


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_ten_megabytes_take_ten_times_as_long_as_one(kind):
    small, large = (HOSTILE[kind](size) for size in (10**6, 10**7))
    for step in steps_of_text():
        of_large = seconds(step, large)
        assert of_large < 10 * 5
        of_small = min(seconds(step, small) for _ in range(3))
        # a tenth of a second more, for clocks and garbage
        assert of_large < 30 * (of_small + 0.1)
