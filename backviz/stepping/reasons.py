"""`why` and `local`: the chain rule with numbers, path by path, and one op's derivatives.

Invariant: the products that are listed add up to the gradient, and are all there or are
said to be too many; then the last link of each, one for every use, takes their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.formula import Formula
from backviz.errors import InputError
from backviz.graphs.faults import Zero, why_zero
from backviz.ops import OPS
from backviz.stepping.answers import Answer, joined
from backviz.stepping.blocks import labelled, row, shapes_text
from backviz.stepping.causes import Cause, cause_of
from backviz.stepping.grids import in_line, is_tall, put, table
from backviz.stepping.look import Look
from backviz.stepping.paths import COUNTED, Path, count_paths, nth_path, paths_to
from backviz.stepping.state import State, arrived
from backviz.telling.order import added
from backviz.telling.step import Aligned, Stretched, equation
from backviz.telling.teller import number
from backviz.telling.zeros import uses_of
from backviz.text import equal_sign, padded, product, screen_width, written_sum

LISTED = 12  # paths, or uses, that are listed
MOST = 1_000  # uses among which the shapes to tell are looked for
LINKS = 12  # nodes of a path that are named

Shapes = tuple[Stretched | Aligned, ...]


@dataclass(frozen=True, eq=False, repr=False)
class PathAnswer(Answer):
    """One way back from the result: `nodes` has one more entry than the others.

    Link k leads from `nodes[k]` to `nodes[k + 1]`: its derivative is called `slopes[k]`, is
    computed by `rules[k]` and has the number `factors[k]` (None for an op on whole arrays);
    `products[k]` is what has been handed on so far, `product` what the path brings in all, and
    `formula` by which formula the last link hands it on. Where only a part of a node's gradient
    comes on the path, formulas call it `part`. A path in a list has number 0.
    """

    nodes: tuple[str, ...]
    slopes: tuple[str, ...]
    rules: tuple[Formula, ...]
    factors: tuple[Any, ...]
    products: tuple[Any, ...]
    product: Any
    formula: Formula
    number: int = 0
    shapes: Shapes = ()
    part: str = ""
    kind = "path"

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        lines = look.lines(f"{look.say('path {k}:', k=self.number)}  {_way(self, look)}", 2)
        rows = [self._link(k, look) for k in range(len(self.rules))]
        listed = rows[: 2 * LISTED]
        lines += table(look, listed)
        if len(rows) > len(listed):
            lines += look.lines("  " + look.say("… {n} more …", n=len(rows) - len(listed)), 2)
            lines += table(look, [rows[-1]])
        return lines + _part_lines(self.part, look) + _shapes_lines(self.shapes, look)

    def _link(self, k: int, look: Look) -> tuple[Any, ...]:
        """The rule of a link, its number, and the product so far."""
        rule, factor = self.rules[k], self.factors[k]
        if factor is None:
            way = f"{self.nodes[k]} → {self.nodes[k + 1]}"
            return way, rule, look.say("so far"), self.products[k]
        slope = "" if isinstance(factor, np.ndarray) else in_line(factor, look)
        said = rule.valued(slope) if slope and slope != rule else rule
        return self.slopes[k], said, look.say("so far"), self.products[k]


@dataclass(frozen=True, slots=True)
class Use:
    """What one use of a node hands back: through which node, by which formula, and how much.

    `slopes` and `factors` are the two factors where both are numbers.
    """

    through: str
    formula: Formula
    slopes: tuple[str, ...]
    factors: tuple[float, ...]
    contribution: Any


@dataclass(frozen=True, slots=True)
class Rest:
    """Uses that are not listed: how many, and what they bring together."""

    many: int
    total: Any


@dataclass(frozen=True, eq=False, repr=False)
class Why(Answer):
    """Why a gradient is what it is: the paths it comes on, with their products.

    `gradient` is `None` where none comes. `many` counts the paths (`more`: there are more than
    that); where they are too many to list, `uses` says what each use hands back, and `rest` is
    the sum of the others. So far `k` of `m` parts have come. `zero` says which op made the
    gradient, or some of its entries, exactly 0, `cause` what made all of it 0, tiny, huge or NaN.
    """

    node: str
    slope: str
    gradient: Any
    itself: bool = False
    many: int = 0
    more: bool = False
    paths: tuple[PathAnswer, ...] = ()
    uses: tuple[Use, ...] = ()
    rest: Rest | None = None
    total: Any = None
    shapes: Shapes = ()
    k: int = 0
    m: int = 0
    zero: Zero | None = None
    cause: Cause | None = None

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        if self.gradient is None:
            return look.lines(f"{self.slope}: {look.say('no gradient comes here')}", 2)
        head = f"{self.slope} ="
        if self.itself:
            said = look.say("the result itself, where the pass begins")
            return put(look, head, self.gradient, f": {said}", indent=2)
        lines = put(look, head, self.gradient, f"   {self._count(look)}", indent=2)
        if self.cause:
            lines += self.cause.lines(look)
        elif self.zero:
            lines += look.lines(
                f"  {look.say('0 comes from')} {self.zero.words().of(look.lang)}", 2
            )
        if self.paths:
            alone = len(self.paths) == 1 and is_tall(self.gradient)
            lines += joined(_path_lines(k, p, look, alone) for k, p in enumerate(self.paths, 1))
            lines += _sum_lines([p.product for p in self.paths], self.total, look)
            told = [p.part for p in self.paths if p.part and p.part in p.formula.text]
            lines += _part_lines("".join(told[:1]), look)
        else:
            said = look.say(
                "too many to list; each use of {name} (at most {n}); why {name} 1 is a path",
                n=LISTED,
                name=self.node,
            )
            lines += look.lines(f"  {said}", 2)
            lines += self._use_lines(look)
        lines += _shapes_lines(self.shapes, look)
        if self.k < self.m:
            said = look.say("so far {k} of {m} parts have come", k=self.k, m=self.m)
            lines += look.lines(f"  {said}", 2)
        return lines

    def _count(self, look: Look) -> str:
        if self.more:
            return look.say("the sum over more than {n} paths", n=f"{COUNTED:,}")
        if self.many == 1:
            return look.say("one path")
        return look.count("the sum over {n} path", "the sum over {n} paths", self.many)

    def _use_lines(self, look: Look) -> list[str]:
        rows = []
        for use in self.uses:
            said, sign = use.formula.text, "="
            if use.factors:
                said = f"{'·'.join(use.slopes)} = {product(use.factors, look.numbers)}"
                sign = equal_sign([use.factors], use.contribution, look.numbers)
            through = look.say("through {name}", name=use.through)
            rows.append((through, f"{said}{use.formula.where} {sign}", use.contribution))
        lines = table(look, rows)
        if self.rest is not None:
            total = in_line(self.rest.total, look)
            text = look.count("and {n:,} more use, {sum}", "and {n:,} more uses, together {sum}",
                              self.rest.many, sum=total)  # fmt: skip
            return lines + look.lines(f"  {text}", 2)
        return lines + _sum_lines([use.contribution for use in self.uses], self.total, look)


def why(state: State, name: str, path: int = 0) -> Why | PathAnswer:
    """`why NODE`: every path's product and their sum; `why NODE 2`: the second path in full.

    >>> from backviz import Value
    >>> from backviz.stepping.state import start
    >>> a = Value(3.0, "a")
    >>> found = why(start(a * a + a), "a")
    >>> [path.product for path in found.paths], found.total
    ([3.0, 3.0, 1.0], 7.0)
    """
    record, run, look = state.record, state.run, state.look
    node = record.about(name)
    said, slope = record.names[node], state.teller.partial(record.last, node)
    gradient = run.whole(node)
    if gradient is None or node == record.last:
        return Why(said, slope, gradient, gradient is not None)
    arrivals = record.arrivals(node)
    ways, many = dict[int, int](), COUNTED + 1  # as each arrival is the end of a path
    if path or len(arrivals) <= COUNTED:
        ways = count_paths(run, node)
        many = ways[record.last]
    if path:
        if not 1 <= path <= min(many, COUNTED):
            raise InputError(look.say("{name} has paths 1 to {many}", name=said, many=many))
        return _told(state, nth_path(run, node, ways, path), path)
    paths: tuple[PathAnswer, ...] = ()
    uses: tuple[Use, ...] = ()
    rest = None
    if many <= LISTED:
        paths = tuple(_told(state, way) for way in paths_to(run, node, ways))
        parts: Sequence[Any] | np.ndarray = [way.product for way in paths]
    else:
        uses = tuple(_use(state, node, use) for use in arrivals[:LISTED])
        parts = run.parts(node)
        left = len(parts) - LISTED
        rest = Rest(left, added(parts[LISTED:])) if left > 0 else None
    heads = dict.fromkeys(record.heads[run.owner(use)] for use in arrivals[:MOST])
    shapes = _shapes(state, [(head, node) for head in list(heads)[:LISTED]])
    k, m = arrived(state, node)
    more = many > COUNTED
    return Why(said, slope, gradient, False, min(many, COUNTED), more, paths, uses, rest,
               added(parts), shapes, k, m, why_zero(gradient, uses_of(run, node)),
               cause_of(state, node))  # fmt: skip


def _told(state: State, path: Path, asked: int = 0) -> PathAnswer:
    """A path by names; its links are told in full only where it was asked for by number."""
    record, teller = state.record, state.teller
    nodes = path.nodes
    links = list(zip(nodes, nodes[1:], path.uses, strict=False))
    arriving = _arriving(state, path)
    rules = [teller.rules(use, name) for use, name in zip(path.uses, arriving, strict=True)]
    return PathAnswer(
        tuple(record.names[n] for n in nodes),
        tuple(teller.partial(head, target) for head, target, _ in links),
        tuple(rule for rule, _formula in rules),
        tuple(map(number, path.local)),
        tuple(map(number, path.parts)),
        number(path.parts[-1]),
        rules[-1][1],
        asked,
        _shapes(state, [(head, target) for head, target, _ in links[:LISTED]]) if asked else (),
        next(filter(None, arriving), ""),
    )


def _arriving(state: State, path: Path) -> list[str]:
    """What arrives at each node of a path is called: "" for all of its gradient, else δ."""
    part = "δ"
    while part in state.record.taken:
        part += "′"
    whole = (state.run.whole(node) for node in path.nodes[1:-1])
    parts = [
        "" if np.array_equal(gradient, came, equal_nan=True) else part
        for gradient, came in zip(whole, path.parts, strict=False)
    ]
    return ["", *parts]


def _part_lines(part: str, look: Look) -> list[str]:
    if not part:
        return []
    said = look.say("{part} is the part of the gradient that comes on the path", part=part)
    return look.lines(f"  {said}", 4)


def _use(state: State, node: int, use: int) -> Use:
    record, teller = state.record, state.teller
    step = record.owner(use)
    part, upstream = teller.part(use, state.timeline.place(state.at)), teller.upstream(step)
    slopes: tuple[str, ...] = ()
    factors: tuple[float, ...] = ()
    if isinstance(upstream, float) and isinstance(part.local, float):
        slopes = teller.partial(record.last, record.heads[step]), part.slope
        factors = upstream, part.local
    through = record.names[record.heads[step]]
    return Use(through, part.formula, slopes, factors, part.contribution)


def _shapes(state: State, links: list[tuple[int, int]]) -> Shapes:
    """Where an input was broadcast, and how the shapes of a product fit, for some links."""
    notes: dict[Stretched | Aligned, None] = {}
    for head, target in links:
        found = state.teller.stretched(head, target), state.teller.aligned(head)
        notes |= {note: None for note in found if note is not None}
    return tuple(notes)


def _shapes_lines(shapes: Shapes, look: Look) -> list[str]:
    return joined(row(look, "shapes", [shapes_text(note).of(look.lang)]) for note in shapes)


def _path_lines(k: int, path: PathAnswer, look: Look, alone: bool) -> list[str]:
    """A line for a path, or two where one is too long; rows that stand above are not repeated."""
    way, (worth, last) = _way(path, look), _worth(path, look)
    if alone:
        return look.lines(f"  {k}  {way}", 5) + look.lines(f"     {worth.removesuffix(' =')}", 7)
    line = look.fit(f"  {k}  {padded(f'{way}  ', 18)} {worth}")
    if screen_width(f"{line} {in_line(last, look)}") <= look.width:
        return put(look, line, last, indent=7)
    return look.lines(f"  {k}  {way}", 5) + put(look, f"     {worth}", last, indent=7)


def _way(path: PathAnswer, look: Look) -> str:
    names = list(path.nodes)
    if len(names) > LINKS:
        left_out = look.say("… {n} more …", n=len(names) - LINKS + 1)
        names = [*names[: LINKS // 2], left_out, *names[1 - LINKS // 2 :]]
    return " ← ".join(reversed(names))


def _worth(path: PathAnswer, look: Look) -> tuple[str, Any]:
    """`∂L/∂d·∂d/∂c = (−2)·1 =` and −2; of arrays, what the path hands on."""
    last = path.product
    numbers = (*path.products, *path.factors)
    if any(x is None or isinstance(x, np.ndarray) for x in numbers):
        return f"{path.formula.text}{path.formula.where} =", last
    names = "·".join(path.slopes) if len(path.slopes) <= LINKS else "…"
    factors = [float(d) for d in path.factors]
    if len(factors) == 1:
        return f"{names} =", last
    if len(factors) > LINKS:
        return f"{names} = … =", last
    sign = equal_sign([factors], float(last), look.numbers)
    return f"{names} = {product(factors, look.numbers)} {sign}", last


def _sum_lines(parts: list[Any], whole: Any, look: Look) -> list[str]:
    if len(parts) < 2:
        return []
    said = whole
    if not isinstance(whole, np.ndarray):
        said = written_sum([[float(p)] for p in parts], float(whole), look.numbers, bare=True)
    return put(look, f"  {look.say('sum'):<4}", said, indent=7)


@dataclass(frozen=True, slots=True)
class Slope:
    """The rule for one input: `rule` is the local derivative, `local` its number.

    For an op on whole arrays both are empty, and `formula` says what is handed on. `blocked`
    says that nothing is.
    """

    to: str
    slope: str
    rule: Formula
    local: Any
    formula: Formula
    blocked: bool = False
    stretched: Stretched | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Local(Answer):
    """The rules and local derivatives of the op that made a node; `op` is "" for a leaf."""

    node: str
    formula: str
    op: str
    value: Any
    slopes: tuple[Slope, ...] = ()
    aligned: Aligned | None = None

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        if not self.op:
            said = look.say("{name} is a leaf: it was given, not computed", name=self.node)
            return look.lines(said, 2)
        lines = look.lines(f"{equation(self.node, self.formula)}   [{self.op}]")
        lines += joined(self._slope_lines(slope, look) for slope in self.slopes)
        lines += _shapes_lines((self.aligned,) if self.aligned else (), look)
        return lines + row(look, "rule", [look.say(OPS[self.op].gradient or OPS[self.op].note)])

    def _slope_lines(self, slope: Slope, look: Look) -> list[str]:
        if slope.blocked:
            return row(look, "local", [f"{slope.to}: {look.say('gets no gradient')}"])
        given = row(look, "gives", [f"{slope.to}.grad += {slope.formula}"])
        if not slope.rule:
            return given
        said = f"{slope.slope} ="
        if in_line(slope.local, look) != slope.rule:
            said += f" {slope.rule.text} ="
        lines = put(look, labelled(look, "local") + said, slope.local, slope.rule.where)
        if isinstance(self.value, np.ndarray):
            lines += given
        return lines + _shapes_lines((slope.stretched,) if slope.stretched else (), look)


def local(state: State, name: str) -> Local:
    """`local NODE`: each input's rule, as a formula and then with numbers."""
    record, run = state.record, state.run
    node = record.find(name)
    value = run.values[node]
    said, formula = record.names[node], state.teller.formula(node)
    if value.op is None:
        return Local(said, formula, "", value.data)
    told = list(enumerate(record.inputs(node)))
    named = [(p, i) for p, i in told if record.values[i].requires_grad or not record.nameless(i)]
    slopes = tuple(_slope(state, node, position, target) for position, target in named or told)
    return Local(said, formula, value.op.name, value.data, slopes, state.teller.aligned(node))


def _slope(state: State, node: int, position: int, target: int) -> Slope:
    record, run, teller = state.record, state.run, state.teller
    value = run.values[node]
    op, to, slope = value.op, record.names[target], teller.partial(node, target)
    assert op is not None
    if op.rule(position) is None:
        return Slope(to, slope, Formula(), None, Formula(), True)
    call = record.call(node, state.look.numbers)
    given = call.handed(position, teller.partial(record.last, node))
    if not op.elementwise:
        return Slope(to, slope, Formula(), None, given)
    args = [v.data for v in value.inputs]
    slope_now = op.local(position, value.data, args, value.params)  # type: ignore[attr-defined]
    rule = call.local(position)
    return Slope(to, slope, rule, number(slope_now), given, False, teller.stretched(node, target))
