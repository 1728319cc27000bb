"""`backviz.explain`: the screen of a topic or an op, as an object that prints itself.

Invariant: the text is that of `backviz explain` on a console of 80 columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backviz.lessons import explanation
from backviz.lessons.command import topic_lines
from backviz.lessons.model import Explanation
from backviz.lessons.screen import data, lines
from backviz.stepping.look import Look
from backviz.text import NumberStyle
from backviz.words import LANGUAGES


@dataclass(frozen=True)
class Screen:
    """What was explained; prints itself, in a notebook too."""

    text: str
    explained: Explanation | None = field(default=None, repr=False)
    lang: str = "en"

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__

    def data(self) -> dict[str, Any]:
        """The same as tables and words for a program; numbers in full precision."""
        return {} if self.explained is None else data(self.explained, self.lang)


def explain(
    name: str = "",
    wrong: str = "",
    src: str | None = None,
    *,
    lang: str = "en",
    digits: int = 4,
    decimal: str = ".",
) -> Screen:
    """A topic or an op on one screen, with numbers computed now; without a name the topics.

    `wrong` is a mistake that an engine runs with beside the right one, `src` a computation to
    run it on. Raises `UsageError` for unknown names.

    >>> print(str(explain("accumulate")).splitlines()[0])
    accumulate: Why does backward add (+=) and not overwrite (=)?
    >>> explain("accumulate").data()["tables"][1]["rows"][0][:3]
    ['a', 7.0, 3.0]
    """
    LANGUAGES[lang]  # an unknown one raises its own sentence
    look = Look(lang=lang, numbers=NumberStyle(digits, decimal))
    if not (name or wrong or src is not None):
        return Screen("\n".join(topic_lines(look)), lang=lang)
    made = explanation(name, wrong, src)
    return Screen("\n".join(lines(made, look)), made, lang)
