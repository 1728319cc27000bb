"""What the quiz says: a question, a hint, a verdict, the score.

Invariant: all are data; the sentences are made when they are shown, in the language of the console.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backviz.errors import InputError
from backviz.graphs.faults import Zero
from backviz.stepping.answers import Answer
from backviz.stepping.conditions import read_number
from backviz.stepping.grids import in_line
from backviz.stepping.look import TIED, Look
from backviz.stepping.slips import Slip
from backviz.telling.step import Operand, equation


@dataclass(frozen=True, eq=False, repr=False)
class Asked(Answer):
    """A question: `asks` is its kind, `node` what it is about, `to` what is handed a gradient.

    `given` are the numbers that the answer follows from, `among` the nodes one of which is asked
    for; `shape` says that the shape is. `fresh` says that the leaves have other numbers since.
    `number` counts the questions.
    """

    node: str
    formula: str
    to: str
    given: tuple[Operand, ...]
    shape: bool
    asks: str = "value"
    among: tuple[str, ...] = ()
    had: Any = None
    number: int = 1
    fresh: bool = False

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        told = ",   ".join(
            f"{x.name} = {in_line(x.value, look)}".replace(" ", TIED) for x in self.given
        )
        given = look.say("with {given}", given=told) if told else ""
        lines = look.lines(f"{self.number}. {self._asking(look)}   {given}".rstrip(), 3)
        if not self.fresh:
            return lines
        said = look.say("nothing new lies ahead: the leaves have other numbers now; undo brings "
                        "the old ones back")  # fmt: skip
        return look.lines(said, 2) + lines

    def _asking(self, look: Look) -> str:
        what, among = equation(self.node, self.formula), ", ".join(self.among)
        match self.asks:
            case "shape":
                what = f"{self.to}.grad += ?   {what}" if self.to else what
                return look.say("which shape?  {what}", what=what)
            case "part":
                return look.say("which number?  {to}.grad += ?   {what}", to=self.to, what=what)
            case "total":
                had = in_line(self.had, look)
                return look.say("{to}.grad is {had}; what is it after this step?   {what}",
                                to=self.to, had=had, what=what)  # fmt: skip
            case "next":
                return look.say("which node hands its gradient on next, {among}?", among=among)
            case "zero":
                return look.say("{name}.grad is 0: at which node did it become 0?", name=self.node)
            case "factor":
                return look.say("{name}.grad = {had}: which node has the smallest factor, {among}?",
                                name=self.node, had=in_line(self.had, look),
                                among=among)  # fmt: skip
        return look.say("which number?  {what}", what=what)


@dataclass(frozen=True, slots=True)
class Score:
    """`right` of `asked` answers, and the points: a hint costs half of one."""

    right: int
    asked: int
    points: float

    def text(self, look: Look) -> str:
        """As it stands behind a verdict."""
        said = look.say("{k} of {m} right", k=self.right, m=self.asked)
        if self.points == self.right:
            return said
        points = look.numbers.format(self.points)
        return look.say("{score}, {points} points", score=said, points=points)


@dataclass(frozen=True, eq=False, repr=False)
class Scored(Answer):
    """How the quiz has gone so far."""

    score: Score

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        return look.lines(self.score.text(look), 2)


@dataclass(frozen=True, eq=False, repr=False)
class Verdict(Answer):
    """Whether an answer was right, what is right, and how it comes about; `k` of `m` so far.

    `given` is the learner's answer ("" if it was given up), `slip` what was done instead, by its
    key, and `remark` that or what else there is to say. `formula` of numbers gives `expected`,
    `why` the reason for a 0. `next` is the question that comes now; `None` if all were asked.
    """

    right: bool
    asks: str
    node: str
    to: str
    given: str
    expected: Any
    formula: str
    rule: str
    k: int
    m: int
    points: float
    slip: str = ""
    remark: Slip | None = None
    why: Zero | None = None
    next: Asked | None = None

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        score = Score(self.k, self.m, self.points).text(look)
        begin = look.say("right:") if self.right else look.say("no:")
        if not self.given:
            begin = look.say("given up:")
        shown = f"{begin} {self._because(look)}   ({score})"
        lines = []
        if self.remark is not None:
            lines = look.lines(f"{begin} {self.remark.said(self._given(look), look)}", 4)
            shown = f"  {self._because(look)}   ({score})"
        lines += look.lines(shown, 4)
        if self.next is None:
            return lines + look.lines(look.say("that was all; quiz begins with other numbers"), 2)
        return lines + self.next.lines(look)

    def _given(self, look: Look) -> str:
        """The learner's answer as the console shows numbers."""
        try:
            return in_line(read_number(self.given), look)
        except InputError:
            return self.given

    def _because(self, look: Look) -> str:
        match self.asks:
            case "shape":
                rule = look.say("a gradient has the shape of its input") if self.to else ""
                return f"{self.expected}   {rule}".rstrip()
            case "next":
                rule = look.say("(all parts of the gradient have come)")
                return f"{', '.join(self.expected)}   {rule}"
            case "zero" | "factor":
                rule = self.rule if self.why is None else self.why.words().of(look.lang)
                return f"{', '.join(self.expected)}   ({rule})"
        name = {"value": self.node, "part": f"{self.to}.grad +", "total": f"{self.to}.grad"}
        formula = f"{self.formula} = " if self.formula else ""
        rule = f"   {self.rule}" if self.rule else ""
        space = "" if self.asks == "part" else " "
        return f"{name[self.asks]}{space}= {formula}{in_line(self.expected, look)}{rule}"


@dataclass(frozen=True, eq=False, repr=False)
class Hinted(Answer):
    """A hint, number `k` of `m`."""

    hint: str
    k: int
    m: int

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        cost = look.say("{k} of {m} hints, half a point each", k=self.k, m=self.m)
        return look.lines(f"{look.say('hint:')} {self.hint}   ({cost})", 4)
