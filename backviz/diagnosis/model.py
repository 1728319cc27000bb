"""What a diagnosis says: findings, each with its number and the limit that it passed.

Invariant: a finding is data; its sentence is said in the language of whoever reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from backviz.errors import UsageError
from backviz.language import N_, _
from backviz.registry import unknown
from backviz.text import NumberStyle
from backviz.words import LANGUAGES, Words

SHOWN = 4  # names that a sentence lists


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is remarked upon.

    `dead` and `saturated` are shares of the units and entries of a layer, `flat` the slope below
    which an entry counts as saturated, `ratio` by how much the gradient may grow or shrink from the
    first layer to the last. With a `rate` the step, relative to the weights, lies between
    `smallest` and `largest`.
    """

    dead: float = 0.75
    saturated: float = 0.7
    flat: float = 0.01
    ratio: float = 1e3
    rate: float = 0.0
    smallest: float = 1e-6
    largest: float = 0.1

    @classmethod
    def of(cls, **given: float) -> Self:
        """The limits with some of them changed.

        >>> Limits.of(dead=0.9).dead
        0.9
        """
        names = [field.name for field in fields(cls)]
        for name, x in given.items():
            if name not in names:
                raise UsageError(unknown("limit", name, names))
            if isinstance(x, bool) or not isinstance(x, int | float) or not x >= 0:
                raise UsageError(
                    _("{name} is a number from 0 on, not {value!r}", name=name, value=x)
                )
        return replace(cls(), **{name: float(x) for name, x in given.items()})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps parameters from learning.

    `check` found it, at the values called `where` (nodes `nodes` of the record); `measure` is the
    number that passed `limit`, `said` the sentence, `topic` what `explain` has to read about it,
    `line` the line of the program, if it is known.
    """

    check: str
    where: tuple[str, ...]
    measure: float
    limit: float
    said: Words
    topic: str = ""
    line: str = ""
    nodes: frozenset[int] = frozenset()

    def data(self) -> dict[str, Any]:
        """The finding as JSON holds it."""
        return {
            "check": self.check,
            "where": list(self.where),
            "measure": self.measure,
            "limit": self.limit,
            "said": self.said.en,
            "topic": self.topic,
            "line": self.line,
        }


@dataclass(frozen=True)
class Diagnosis:
    """The findings, the limits, and how much was looked at: `layers`, `units`, `parameters`."""

    findings: tuple[Finding, ...]
    limits: Limits
    looked: Mapping[str, int]

    def __bool__(self) -> bool:
        """Whether anything was found."""
        return bool(self.findings)

    def lines(self, lang: str = "en") -> list[str]:
        """The findings as sentences, and at the end what was looked at, and the limits."""
        words = LANGUAGES[lang]
        made = [] if self.findings else [words.gettext(N_("nothing found"))]
        for k, finding in enumerate(self.findings, 1):
            made.append(f"{k}. {finding.said.of(lang)}")
            more = [words.gettext(N_("at {line}"), line=finding.line)] if finding.line else []
            if finding.topic:
                more.append(words.gettext(N_("read: backviz explain {topic}"), topic=finding.topic))
            if more:
                made.append("   " + "; ".join(more))
        counted = words.gettext(
            N_("looked at: layers {layers}, activations {activations}, parameters {parameters}"),
            **self.looked,
        )
        limits = ", ".join(f"{k} {NUMBERS.format(x)}" for k, x in self.used().items())
        return [*made, counted, words.gettext(N_("limits: {limits}"), limits=limits)]

    def used(self) -> dict[str, float]:
        """The limits that were looked at: those of a step only where a rate is known."""
        step = () if self.limits.rate else ("rate", "smallest", "largest")
        return {k: x for k, x in asdict(self.limits).items() if k not in step}

    def text(self, lang: str = "en") -> str:
        """The lines as one text."""
        return "\n".join(self.lines(lang))

    def data(self) -> dict[str, Any]:
        """The diagnosis as JSON holds it."""
        return {
            "findings": [finding.data() for finding in self.findings],
            "limits": asdict(self.limits),
            "looked": dict(self.looked),
        }

    def __repr__(self) -> str:
        return self.text()


NUMBERS = NumberStyle(digits=3)


def listed(names: list[str]) -> str:
    """Names with commas, the first few."""
    more = ["…"] if len(names) > SHOWN else []
    return ", ".join([*names[:SHOWN], *more])
