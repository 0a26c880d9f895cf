"""Text as nobody writes it, for hypothesis."""

from hypothesis import strategies as st

_PIECES = st.sampled_from(
    [
        # markup, whole and torn
        "<p>", "</p>", "<br/>", "<b", "</", "<", ">", "<a href=\"x>y\" title='a'>", "<a a=\" ",
        "<td nowrap>", "<!--", "-->", "<!", "<?xml version='1'?>", "<![CDATA[", "]]>", "<script>",
        "</script>", "<STYLE>", "</style >", "<o:p>", "List<String>", "a<b", "x<5", "<p/", "='",
        # entities, up to five deep
        "&", "&amp;", "&lt;p&gt;", "&#39;", "&#x1F600;", "&#0;", "&#xD800;", "&#9999999;",
        "&nbsp;", "&bogus;", "&copy=2", "&lt", "&amp;amp;lt;",
        "&amp;amp;amp;amp;lt;b&amp;amp;amp;amp;gt;",
        # words that steps treat in ways of their own
        "C++", ".NET", "asp.net", "IT", "it", "R&D", "AT&T", "401(k)", "U.S.", "Ph.D.", "e.g.",
        "don't", "We\u2019ll", "rock'n'roll", "the", "not", "2019", "3,000.50", "full-time", "'s",
        "chef", "Chefs", "NURSING", "quickly", "x" * 70, "1" * 70, "-" * 70, "a'" * 40,
        # characters that look like nothing, or turn the others around
        "\x00", "\x1a", "\x1c", "\x85", "\u2028", "\xa0", "\u3000", "\u200b", "\u200d", "\ufeff",
        "\u202e", "\xad", "\ud800", "\udfff", "\ufffe", "\u0301", "\u0130", "\ufb03", "\ufdfa",
        "ß", "Σ", "ς", "ǅ", "Ⅷ", "²", "½", "٣", "१", "電気", "שלום", "👩\u200d🍳", "🏽", "🇩🇪", "·",
        # what stands between words
        "_", " ", "\n", "\t", ".", "!", ";", ":", "'", "`", '"', "(", ")", "•", "-", "/", "=", "+",
        "#",
    ]
)  # fmt: skip

#: All of Unicode, halves of surrogate pairs included.
anything = st.text(st.characters(exclude_categories=()))

#: Documents that reach every branch of the text steps sooner than `anything` does.
documents = st.one_of(
    anything,
    st.lists(_PIECES, max_size=30).map("".join),
    st.lists(st.one_of(_PIECES, anything), max_size=12).map(" ".join),
)
