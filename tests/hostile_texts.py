"""Documents that are long and made to take long, for tests and benchmarks."""

import functools


def fill(piece, size):
    """Repeat a piece until it has `size` characters."""
    return (piece * (size // len(piece) + 1))[:size]


def of(piece):
    """Return what makes documents of nothing but one piece."""
    return functools.partial(fill, piece)


#: Documents that cost an expression with a careless repetition minutes, by name. Each is a
#: function of a size in characters.
HOSTILE = {
    "less than": of("<"),
    "open quotes": of('<a "'),
    "open comments": of("<!--"),
    "open scripts": of("<script>"),
    "open style attributes": of("<style "),
    "ampersands": of("&"),
    "numbered entities": of("&#"),
    "nested escapes": lambda size: "&" + fill("amp;", size),
    "escapes five deep": of("&amp;amp;amp;amp;lt;p&amp;amp;amp;amp;gt; "),
    "bold": of("<b>"),
    "open attributes": of('<a a=" '),
    "quotes without end": lambda size: "<a " + fill('"x" ', size),
    "words without end": lambda size: "<a " + fill("b ", size),
    "spaces without end": lambda size: "<a" + fill(" ", size),
    "equals without end": lambda size: "<a " + fill("b='c' ", size),
    "mixed quotes": of("<a \"'<a '\" \"'"),
    "comments": of("<!--x-->"),
    "declarations": of("<!a"),
    "closing tags cut off": of("</p "),
    "NUL": of("\0"),
    "lone surrogates": of("\ud800"),
    "cut off": lambda size: fill("word ", size) + '<a href="x',
    "comparison": of("C++ < 5 years "),
    "generics": of("List<String> "),
    "one long word": of("ay"),
    "one long number": of("7"),
    "clitics": lambda size: "a" + fill("'s", size),
    "full stops": lambda size: fill(".", size) + "a",
    "acronyms": of("U.S."),
    "initials in brackets": of("(A.) "),
    "commas": of("1,"),
    "plus signs": of("a++"),
    "ampersand names": of("a&"),
    "ligatures": of("\ufdfa"),
    "combining marks": lambda size: "e" + fill("\u0301\u0323", size),
    "soft hyphens": lambda size: "a" + fill("\xad", size),
    "right to left": of("\u202eشيف "),
    "emoji": of("👩\u200d🍳🏽"),
    "line breaks": of("\n"),
    "stop words": of("the of and "),
    "words of one use": lambda size: " ".join(f"{i:x}" for i in range(size // 6)),
}
