"""One step on the screen: what was computed or handed on, in formulas and then in numbers.

Invariant: what is said is in the told step; the two sides of a step stand in two columns where
they fit, else one under the other; no number and no row is cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backviz.autodiff.formula import Formula
from backviz.diagrams.model import Lines, Sentence
from backviz.ops import OPS
from backviz.stepping.grids import in_line, is_tall, put, rows_of, together
from backviz.stepping.look import INDENT, TIED, Look
from backviz.telling.step import (
    Aligned,
    Computed,
    Given,
    Handed,
    Part,
    Seeded,
    Step,
    Stretched,
    equation,
)
from backviz.telling.timeline import Place
from backviz.telling.wording import brief, short
from backviz.text import equal_sign, padded, product, screen_width
from backviz.words import Words

ARROW = "-->"
GAP = 8  # between the two columns of a step
GIVEN = 12  # leaves that are named before the first step


@dataclass(frozen=True)
class Cell:
    """One equation of a step, `left = right`; without a right side, plain words.

    The right side is a number's text, or an array; `after` is said behind it, as what defines a
    name of the left side.
    """

    left: str
    right: Any = ""
    after: str = ""
    sign: str = " ="

    @property
    def array(self) -> np.ndarray | None:
        """The right side, if it is an array."""
        return self.right if isinstance(self.right, np.ndarray) else None


def heading(place: Place, look: Look) -> str:
    """`(bw 3/5)`: the phase, and how many of its steps are done."""
    short_name = look.say("fw") if place.phase == "forward" else look.say("bw")
    turn = f" {look.say('pass {k}', k=place.turn + 1)}" if place.turn else ""
    return f"({short_name} {place.step}/{place.of}{turn})"


def step_lines(step: Step, look: Look) -> list[str]:
    """A told step as the prompt shows it."""
    match step:
        case Given():
            said = given_text(step, look).replace(" = ", f"{TIED}={TIED}")
            return look.lines(f"{heading(step.place, look)}  {said}")
        case Seeded():
            return seed_lines(step, look)
        case Computed():
            return headline(step, look) + _worth(step, look)
        case Handed():
            return handed_lines(step, look)


def caption(step: Step, look: Look) -> Lines:
    """A told step in two lines, for under a picture."""
    match step:
        case Given():
            return (Sentence(given_text(step, look)),)
        case Seeded():
            return (Sentence(seed_text(step, look)),)
        case Computed():
            value = short(step.value, look.numbers)
            return (Sentence(f"{equation(step.node, step.formula)} = {value}"),)
        case Handed():
            arriving = f"{step.slope} = {short(step.upstream, look.numbers)}"
            given = ";  ".join(plain(_brief(gives(step, part, look), look)) for part in step.parts)
            said = f"{equation(step.node, step.formula)};  {arriving}"
            return Sentence(said), Sentence(given)


def _brief(cell: Cell, look: Look) -> Cell:
    """A cell as it stands in one line under a picture."""
    return cell if cell.array is None else replace(cell, right=short(cell.array, look.numbers))


def headline(step: Computed | Handed, look: Look) -> list[str]:
    """`(bw 3/5)  --> c = q·z   [mul]   q: 3   z: −4   c: −12`."""
    said = padded(look.fit(equation(step.node, step.formula)), 18)
    told = {x.name: x.value for x in step.inputs if not x.nameless} | {step.node: step.value}
    values = "   ".join(
        f"{name}: {brief(x, look.numbers)}".replace(" ", TIED) for name, x in told.items()
    )
    first = f"{look.fit(heading(step.place, look))}  {ARROW} {said}"
    return look.lines(f"{first}  [{step.op}]   {values}")


def given_text(step: Given, look: Look) -> str:
    """`given: a = 2,  b = 3`."""
    listed = [f"{leaf.name} = {brief(leaf.value, look.numbers)}" for leaf in step.leaves[:GIVEN]]
    more = ["…"] if len(step.leaves) > GIVEN else []
    if not listed:
        return look.say("given: numbers")
    return look.say("given: {list}", list=",  ".join([*listed, *more]))


def _worth(step: Computed, look: Look) -> list[str]:
    """`2·3 = 6`, or the name and an array."""
    if step.numeric:
        return row(look, "value", [f"{step.numeric} {step.sign} {look.numbers.format(step.value)}"])
    said = f"{step.node} ="
    return put(look, f"{labelled(look, 'value')}{said}", _right(step.value, look))


def seed_text(step: Seeded, look: Look) -> str:
    """`backward starts: ∂L/∂L = 1`."""
    if step.shape:
        return look.say("backward starts: {of} = 1 for every entry", of=step.slope)
    return look.say("backward starts: {of} = 1", of=step.slope)


def seed_lines(step: Seeded, look: Look) -> list[str]:
    """The beginning of a backward pass, and, from the second on, what leaves keep."""
    lines = look.lines(f"{heading(step.place, look)}  {seed_text(step, look)}")
    if not (turn := step.place.turn):
        return lines
    kept = look.say(
        "pass {k}: leaves keep the gradients that they have, and these add up; zero forgets them",
        k=turn + 1,
    )
    return [*lines, *look.lines(f"  {kept}", 2)]


def handed_lines(step: Handed, look: Look) -> list[str]:
    """What arrives at a node, and what each input is given."""
    arriving = Cell(step.slope, _right(step.upstream, look))
    lines = headline(step, look) + columns(look, [
        ("upstream", [arriving]),
        ("local", [_slope(part, look) for part in step.parts] if step.elementwise else []),
        ("gives", [gives(step, part, look) for part in step.parts]),
        ("totals", [_total(part, look) for part in step.parts]),
    ])  # fmt: skip
    notes: list[Stretched | Aligned | None] = [part.stretched for part in step.parts]
    for note in (*notes, step.aligned):
        lines += row(look, "shapes", [shapes_text(note).of(look.lang)]) if note else []
    return _with_rule(step.op, lines, look)


def _right(x: Any, look: Look) -> Any:
    """A number as text, an array as it is."""
    return x if isinstance(x, np.ndarray) and x.ndim else in_line(x, look)


def gives(step: Handed, part: Part, look: Look) -> Cell:
    """What one contribution is: `q.grad += 1·(−4) = −4`; rows that stand above are not repeated."""
    if is_tall(part.contribution) and part.formula.text == step.slope:
        return Cell(f"{part.to}.grad += {step.slope}")
    factors, sign = step.factors(part), "="
    if factors:
        said = Formula(product(factors, look.numbers))
        sign = equal_sign([factors], part.contribution, look.numbers)
    else:
        said = part.formula
    return Cell(f"{part.to}.grad += {said.text}", _right(part.contribution, look), said.where,
                f" {sign}")  # fmt: skip


def _slope(part: Part, look: Look) -> Cell:
    """`∂c/∂q = z = −4`, or without a formula where it is the number itself."""
    if in_line(part.local, look) == part.rule:
        return Cell(part.slope, _right(part.local, look))
    return Cell(f"{part.slope} = {part.rule.text}", _right(part.local, look), part.rule.where)


def _total(part: Part, look: Look) -> Cell:
    """What an input has received so far, as k of m; not once more what it has just been given."""
    count, name = f" ({look.say('{k} of {m}', k=part.k, m=part.m)})", f"{part.to}.grad"
    total = part.total
    if is_tall(total) and part.m == 1 and part.before is None:
        return Cell(f"{name}{count}")
    if isinstance(total, np.ndarray) and total.ndim:
        return Cell(name, total, count, "")
    return Cell(f"{name} {in_line(total, look)}{count}")


def _with_rule(op: str, lines: list[str], look: Look) -> list[str]:
    """The lines and what becomes of the gradient, on the last line where it fits."""
    said = look.say(OPS[op].gradient or OPS[op].note)
    beside = look.fit(f"{look.label('rule')}: {said}")
    if screen_width(lines[-1]) + GAP + screen_width(beside) <= look.width:
        return [*lines[:-1], f"{lines[-1]}{' ' * GAP}{beside}"]
    return lines + row(look, "rule", [said])


def shapes_text(note: Stretched | Aligned) -> Words:
    """`b: (3,) summed over axis 0 of (4, 3)`, or `x (4, 3) @ W (3, 2) → z (4, 2)`."""
    if isinstance(note, Stretched):
        return Words.counted(
            "{name}: {shape} summed over axis {axes} of {of}",
            "{name}: {shape} summed over axes {axes} of {of}",
            len(note.axes),
            name=note.name,
            shape=note.shape,
            axes=", ".join(map(str, note.axes)),
            of=note.of,
        )
    factors = [f"{name} {shape}" for name, shape in note.factors]
    shapes = " + ".join([" @ ".join(factors[:2]), *factors[2:]])
    return Words(
        "{shapes} → {out}; a gradient has the shape of its input",
        shapes=shapes,
        out=f"{note.out[0]} {note.out[1]}",
    )


def row(look: Look, label: str, cells: list[str]) -> list[str]:
    """A line with its label in front, broken at blanks where it is too long."""
    return look.lines(labelled(look, label) + "   ".join(cells))


def labelled(look: Look, label: str) -> str:
    """The place before a row, with its label."""
    said = look.label(label) if label else ""
    return f"  {look.fit(said):<{INDENT - 2}}"


def columns(look: Look, rows: list[tuple[str, list[Cell]]]) -> list[str]:
    """Rows of cells under each other: the left one set by its "=", the right one beside it."""
    rows = [
        (label, [_fitted(cell, look) for cell in cells])
        for label, cells in rows
        if cells
    ]  # fmt: skip
    if any(cell.array is not None for _, cells in rows for cell in cells):
        return _with_arrays(look, rows)
    left = [cells[0] for _, cells in rows if cells[0].right]
    if any(cell.after for cell in left):
        return _stacked(look, rows)
    width, right = (max(screen_width(side) for side in sides) for sides in zip(*(
        (c.left, c.right) for c in left), strict=True))  # fmt: skip
    wide = max((screen_width(plain(cells[1])) for _, cells in rows if len(cells) > 1), default=0)
    first = max(width + 3 + right, *(screen_width(plain(cells[0])) for _, cells in rows))
    room = look.width - INDENT - first - wide
    if max(len(cells) for _, cells in rows) > 2 or (wide and room < 3):
        return _stacked(look, rows)
    gap = min(GAP, room)
    lines = []
    for label, cells in rows:
        cell = cells[0]
        said = cell.left
        if cell.right:
            said = f"{padded(said, width)}{cell.sign} {padded(cell.right, right, True)}"
        if len(cells) > 1:
            said = padded(said, first + gap) + plain(cells[1])
        lines += row(look, label, [said])
    return lines


def _fitted(cell: Cell, look: Look) -> Cell:
    """A cell in signs that the console has."""
    right = cell.right if cell.array is not None else look.fit(cell.right)
    return Cell(look.fit(cell.left), right, cell.after, look.fit(cell.sign))


def _stacked(look: Look, rows: list[tuple[str, list[Cell]]]) -> list[str]:
    """The same, one cell to a line."""
    lines = []
    for label, cells in rows:
        for k, cell in enumerate(cells):
            lines += row(look, label if not k else "", [plain(cell)])
    return lines


def _with_arrays(look: Look, rows: list[tuple[str, list[Cell]]]) -> list[str]:
    """One cell under the other, the right sides in one column where all of them fit there."""
    flat = [cell for _, cells in rows for cell in cells if cell.array is not None or cell.right]
    vectors = _under_each_other([cell for cell in flat if cell.array is not None], look)
    width = max(screen_width(cell.left) for cell in flat)
    rights = [vectors.get(id(cell)) or rows_of(cell.right, look) for cell in flat]
    right = max(screen_width(line) for lines in rights for line in lines)
    common = INDENT + width + 3 + right <= look.width
    lines = []
    for label, cells in rows:
        for k, cell in enumerate(cells):
            before = labelled(look, label if not k else "")
            if cell.array is None and not cell.right:
                lines += look.lines(before + cell.left)
            elif common:
                before += f"{padded(cell.left, width)}{cell.sign or '  '}"
                text = vectors.get(id(cell))
                lines += put(look, before, *(text or [cell.right]), cell.after)
            else:
                lines += put(look, f"{before}{cell.left}{cell.sign}", cell.right, cell.after)
    return lines


def _under_each_other(cells: list[Cell], look: Look) -> dict[int, list[str]]:
    """The rows of vectors of one length, aligned with each other; by the cells' identity."""
    found = [cell for cell in cells if cell.right.ndim == 1 and cell.right.size]
    if len({cell.right.size for cell in found}) != 1:
        return {}
    told = together([cell.right for cell in found], look)
    return {id(cell): [text] for cell, text in zip(found, told, strict=True)}


def plain(cell: Cell) -> str:
    """A cell as text."""
    return f"{cell.left}{cell.sign} {cell.right}{cell.after}" if cell.right else cell.left
