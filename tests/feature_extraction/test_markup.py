import time

import pytest

from jobtag_sklearn.feature_extraction import POSFeatures, StemmingCleaner, TextStatistics
from jobtag_sklearn.feature_extraction._markup import strip_markup, strip_markup_with_spans

MEGABYTE = 10**6


def fill(piece):
    return (piece * (MEGABYTE // len(piece) + 1))[:MEGABYTE]


HOSTILE = {
    "less than": fill("<"),
    "open quotes": fill('<a "'),
    "open comments": fill("<!--"),
    "open scripts": fill("<script>"),
    "open style attributes": fill("<style "),
    "ampersands": fill("&"),
    "numbered entities": fill("&#"),
    "nested escapes": "&" + fill("amp;"),
    "bold": fill("<b>"),
    "open attributes": fill('<a a=" '),
    "quotes without end": "<a " + fill('"x" '),
    "words without end": "<a " + fill("b "),
    "spaces without end": "<a" + fill(" "),
    "mixed quotes": fill("<a \"'<a '\" \"'"),
    "comments": fill("<!--x-->"),
    "declarations": fill("<!a"),
    "NUL": fill("\0"),
    "lone surrogates": fill("\ud800"),
    "cut off": fill("word ") + '<a href="x',
    "comparison": fill("C++ < 5 years "),
    "generics": fill("List<String> "),
    "one long word": fill("ay"),
    "clitics": "a" + fill("'s"),
    "full stops": fill(".") + "a",
    "commas": fill("1,"),
    "plus signs": fill("a++"),
    "ligatures": fill("\ufdfa"),
    "soft hyphens": "a" + fill("\xad"),
    "line breaks": fill("\n"),
}


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


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_input_takes_linear_time(kind):
    """About 0.1 s each on a quiet machine; anything worse than linear would take minutes."""
    document = HOSTILE[kind]
    steps = [StemmingCleaner(), TextStatistics(), POSFeatures()]
    for step in steps:
        step.fit([]).transform(["imports come first"])
    for function in (strip_markup, *(lambda text, s=s: s.transform([text]) for s in steps)):
        start = time.process_time()
        function(document)
        assert time.process_time() - start < 5
