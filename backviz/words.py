"""The languages that there are, and sentences that are said in any of them later.

What is drawn, described or tabled says `LANGUAGES[lang].gettext("…")`; where data carries a
sentence, it carries `Words`. Invariant: what a language lacks is said in English, sentence by
sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from backviz.language import Language, _, known, languages, named, spoken
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
for _each in ("en", *languages()):
    LANGUAGES.add(_each, named(_each))


class Words(str):
    """A sentence in English, marked, that is said later in the language of whoever reads it.

    It is its English text. Its gaps are filled by `values`; one that is itself `Words` is said in
    the same language.

    >>> Words("at the kink {at}", at="x = 0").of("ru"), Words("There is none.").of("ru")
    ('на изломе x = 0', 'There is none.')
    >>> Words("at the kink {at}", at="x = 0") == "at the kink x = 0"
    True
    """

    __slots__ = ("many", "n", "sentence", "values")
    sentence: str
    values: dict[str, object]
    many: str
    n: int

    def __new__(cls, sentence: str, /, **values: object) -> Self:
        """The sentence with its gaps filled in English."""
        return cls._made(sentence, "", 0, values)

    @classmethod
    def _made(cls, sentence: str, many: str, n: int, values: dict[str, object]) -> Self:
        english = many if many and n != 1 else sentence
        made = super().__new__(cls, english.format(**values) if values else english)
        made.sentence, made.values, made.many, made.n = sentence, values, many, n
        return made

    @classmethod
    def counted(cls, one: str, many: str, n: int, /, **values: object) -> Self:
        """A sentence in the form that goes with the number n, which fills the gap `{n}`."""
        return cls._made(one, many, n, {"n": n, **values})

    @classmethod
    def joined(cls, parts: Iterable[str], between: str = ", ") -> Self:
        """Several things one after another, each said in the language.

        >>> Words.joined(["step", "layer"]).of("ru")
        'шаг, слой'
        """
        told = {f"p{i}": Words(part) if type(part) is str else part for i, part in enumerate(parts)}
        return cls(between.join(f"{{{name}}}" for name in told), **told)

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

    def __reduce__(self) -> tuple[object, ...]:
        """Copies and pickles keep sentence and values."""
        return type(self)._made, (self.sentence, self.many, self.n, self.values)


def voiced(text: str) -> str:
    """A marked sentence, or `Words`, in the language of prompt, errors and captions.

    >>> voiced(Words("at the kink {at}", at="x = 0"))
    'at the kink x = 0'
    """
    return text.of(spoken()) if isinstance(text, Words) else _(text)
