"""An explanation as a table, and as text with the words marked."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from jobtag_sklearn.inspection._left_out import Word

#: Blue speaks for a tag, orange against it; against is underlined too, for those who see no
#: colours. The rest of the page, light or dark, is left as it is.
_FOR, _AGAINST = "86, 180, 233", "230, 159, 0"


class TagExplanation:
    """Which words of a posting speak for its tags, and which against them.

    :func:`explain_tags` returns one. A notebook shows it as the posting's text with the words
    marked: blue for the tag, orange and underlined against it, the stronger the more it counts.

    Parameters
    ----------
    frame : DataFrame
        See the attribute.
    probabilities : Series
        See the attribute.
    texts : dict of str to str
        The visible text of each column.
    words : list of Word
        The words and where they stand.

    Attributes
    ----------
    frame : DataFrame of shape (n_rows, 6)
        One row for each word of each explained tag, the strongest in favour first and the
        strongest against last, with the columns ``tag``, ``column``, ``word``, ``count`` (how
        often it stands there), ``effect`` and ``without`` (the tag's probability for the posting
        without this word; the effect is the probability minus this one).
    probabilities : Series of shape (n_tags,)
        The probability of each explained tag for the posting as it is.
    texts : dict of str to str
        The visible text of each column.

    See Also
    --------
    explain_tags : Makes one.

    Examples
    --------
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.naive_bayes import BernoulliNB
    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> import pandas as pd
    >>> from jobtag_sklearn.inspection import explain_tags
    >>> jobs = pd.DataFrame({"job_title": ["Night nurse", "Sales lead", "Nurse", "Sales"]})
    >>> words = make_column_transformer((CountVectorizer(), "job_title"))
    >>> model = make_pipeline(words, OneVsRestClassifier(BernoulliNB()))
    >>> model = model.fit(jobs, [[1, 0], [0, 1], [1, 0], [0, 1]])
    >>> explain_tags(model, {"job_title": "Nurse & sales"}, ["Care"], classes=["Care", "Sales"])
    Care: 0.50
      for: Nurse (+0.40)
      against: sales (-0.40)
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        probabilities: pd.Series,
        texts: Mapping[str, str],
        words: list[Word],
    ) -> None:
        self.frame = frame
        self.probabilities = probabilities
        self.texts = texts
        self._words = words

    def __repr__(self) -> str:
        lines = []
        for tag, probability in self.probabilities.items():
            rows = self.frame[self.frame["tag"] == tag]
            lines.append(f"{tag}: {probability:.2f}")
            for sign, title in ((1, "for"), (-1, "against")):
                part = rows[sign * rows["effect"] > 0]
                if sign < 0:
                    part = part[::-1]
                words = ", ".join(
                    f"{word} ({effect:+.2f})"
                    for word, effect in zip(part["word"], part["effect"], strict=True)
                )
                lines.append(f"  {title}: {words or 'nothing'}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "".join(self._section(tag) for tag in self.probabilities.index)

    def _section(self, tag: Any) -> str:
        rows = self.frame[self.frame["tag"] == tag]
        effects = {
            (column, word): float(effect)
            for column, word, effect in zip(
                rows["column"], rows["word"], rows["effect"], strict=True
            )
        }
        strongest = max(map(abs, effects.values()), default=0.0) or 1.0
        parts = [
            '<section style="margin: 0 0 1em; max-width: 50em">'
            f"<div><strong>{html.escape(str(tag))}</strong> "
            f"{self.probabilities[tag]:.0%}</div>"
        ]
        for column, text in self.texts.items():
            places = sorted(
                (start, stop, effects[column, word.text])
                for word in self._words
                if word.column == column and (column, word.text) in effects
                for start, stop in word.seen
            )
            parts.append(
                '<div style="white-space: pre-line; margin-top: 0.4em">'
                f"{_marked(text, places, strongest)}</div>"
            )
        return "".join([*parts, "</section>"])


def _marked(text: str, places: list[tuple[int, int, float]], strongest: float) -> str:
    """Return a text as HTML with words marked, without its empty lines."""
    pieces, position = [], 0
    for start, stop, effect in places:
        pieces.append(html.escape(text[position:start]))
        # the weakest can still be seen
        strength = 0.15 + 0.75 * abs(effect) / strongest
        style = f"background: rgba({_FOR if effect > 0 else _AGAINST}, {strength:.2f})"
        if effect < 0:
            style += "; text-decoration: underline"
        pieces.append(
            f'<mark style="color: inherit; border-radius: 0.2em; {style}" '
            f'title="{effect:+.3f}">{html.escape(text[start:stop])}</mark>'
        )
        position = stop
    marked = "".join(pieces) + html.escape(text[position:])
    return re.sub(r"\s*\n\s*", "\n", marked.strip())
