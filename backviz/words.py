"""The languages that there are, and sentences that are said in any of them later.

What is drawn, described or tabled says `LANGUAGES[lang].gettext("…")`; where data carries a
sentence, it carries `Words`. Invariant: what a language lacks is said in English, sentence by
sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from backviz.language import Language, known, languages, named
from backviz.registry import Registry


class _Languages(Registry[Language]):
    def add(
        self, name: str, item: Language | Mapping[str, str], aliases: Iterable[str] = ()
    ) -> Language:
        """Enter what a language says, each sentence under its English, as far as it says it."""
        known[name] = super().add(name, self._row(item, name), aliases)
        return known[name]

    def _row(self, item: Language | Mapping[str, str], name: str = "") -> Language:
        return item if isinstance(item, Language) else Language(name, item)


LANGUAGES = _Languages("language")
for _name in ("en", *languages()):
    LANGUAGES.add(_name, named(_name))


class Words:
    """A sentence in English, marked, that is said later in the language of whoever reads it.

    Its gaps are filled by `values`; one that is itself `Words` is said in the same language.

    >>> Words("at the kink {at}", at="x = 0").of("ru"), Words("There is none.").of("ru")
    ('на изломе x = 0', 'There is none.')
    """

    __slots__ = ("many", "n", "sentence", "values")

    def __init__(self, sentence: str, /, **values: object) -> None:
        self.sentence, self.values = sentence, values
        self.many, self.n = "", 0

    @classmethod
    def counted(cls, one: str, many: str, n: int, /, **values: object) -> Self:
        """A sentence in the form that goes with the number n, which fills the gap `{n}`."""
        made = cls(one, n=n, **values)
        made.many, made.n = many, n
        return made

    @classmethod
    def same(cls, text: str) -> Self:
        """Text that is the same in every language, such as a formula."""
        return cls("{text}", text=text)

    @property
    def en(self) -> str:
        """The sentence in English."""
        return self.of("en")

    def of(self, lang: str) -> str:
        """The sentence in a language."""
        values = {k: v.of(lang) if isinstance(v, Words) else v for k, v in self.values.items()}
        if self.many:
            return LANGUAGES[lang].ngettext(self.sentence, self.many, self.n, **values)
        return LANGUAGES[lang].gettext(self.sentence, **values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and (self.sentence, self.many, self.values) == (
            other.sentence, other.many, other.values
        )  # fmt: skip

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Words({self.en!r})"
