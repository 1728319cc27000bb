"""One step told once, as data: who hands what to whom, by which formula, and what has come.

Invariant: a layout adds words and columns to these fields and computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backviz.autodiff.formula import Formula
from backviz.telling.timeline import Place

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Operand:
    """A name and its number; `nameless` says that it is a constant which is written as a number."""

    name: str
    value: Any
    nameless: bool = False


@dataclass(frozen=True, slots=True)
class Stretched:
    """An input was broadcast, so its gradient is the sum over `axes` of an array of shape `of`."""

    name: str
    shape: Shape
    axes: tuple[int, ...]
    of: Shape


@dataclass(frozen=True, slots=True)
class Aligned:
    """How the shapes of a matrix product fit: names and shapes of the factors, and of the result.

    Two factors are multiplied; further ones are added.
    """

    factors: tuple[tuple[str, Shape], ...]
    out: tuple[str, Shape]


@dataclass(frozen=True, slots=True)
class Part:
    """One contribution: `to` receives it as part `k` of `m`, and has `total` with it.

    `slope` is what the local derivative is called, `rule` its formula and `local` its number
    (None for an op on whole arrays); `formula` is what is handed on, `contribution` its number.
    `grad` is what the gradient of `to` is called, `before` what an earlier pass had left of it.
    """

    to: str
    slope: str
    rule: Formula
    local: Any
    formula: Formula
    contribution: Any
    k: int
    m: int
    total: Any
    grad: str = ""
    before: Any = None
    stretched: Stretched | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Before the first step: the leaves and constants that have names."""

    place: Place
    leaves: tuple[Operand, ...]
    kind = "given"


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that has just been computed; `numeric` is the formula with numbers, if all are.

    `sign` is ≈ where the printed numbers of a sum do not add up to its printed value.
    """

    place: Place
    node: str
    formula: str
    op: str
    value: Any
    inputs: tuple[Operand, ...]
    numeric: str
    sign: str = "="
    kind = "computed"


@dataclass(frozen=True, slots=True)
class Seeded:
    """The beginning of a backward pass: the gradient of the result is 1, for each entry."""

    place: Place
    slope: str
    shape: Shape
    kind = "seeded"


@dataclass(frozen=True, slots=True)
class Handed:
    """A node hands its gradient `upstream`, called `slope`, on to its inputs."""

    place: Place
    node: str
    formula: str
    op: str
    elementwise: bool
    value: Any
    inputs: tuple[Operand, ...]
    slope: str
    upstream: Any
    parts: tuple[Part, ...]
    aligned: Aligned | None = None
    kind = "handed"

    def factors(self, part: Part) -> tuple[float, float] | None:
        """Upstream and local derivative, where both are numbers."""
        if isinstance(self.upstream, float) and isinstance(part.local, float):
            return self.upstream, part.local
        return None


Step = Given | Computed | Seeded | Handed


def equation(name: str, formula: str) -> str:
    """`c = q·z`, or the name alone for a leaf."""
    return name if name == formula else f"{name} = {formula}"
