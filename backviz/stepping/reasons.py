"""`why` and `local`: the chain rule with numbers, path by path, and one op's derivatives.

Invariant: the products that are listed add up to the gradient, and are all there or are
said to be too many; then the last link of each, one for every use, takes their place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.errors import InputError
from backviz.stepping.blocks import equation, product_shapes, row, unbroadcast
from backviz.stepping.formulas import handed_back, local_rule, partial, product, short
from backviz.stepping.notes_ru import note_of
from backviz.stepping.paths import COUNTED, Path, count_paths, nth_path, paths_to
from backviz.stepping.state import State, arrived
from backviz.text import padded, screen_width, written_sum

LISTED = 12  # paths, or uses, that are listed
LINKS = 12  # nodes of a path that are named


def why(state: State, name: str, number: int = 0) -> list[str]:
    """`why NODE`: every path's product and their sum; `why NODE 2`: the second path in full."""
    record, run, look = state.record, state.run, state.look
    node = record.about(name)
    slope = partial(record, record.last, node)
    gradient = run.whole(node)
    if gradient is None:
        return look.lines(f"{slope}: {look.say('no gradient')}", 2)
    if node == record.last:
        return look.lines(f"{slope} = {short(gradient, look.numbers)}: {look.say('itself')}", 2)
    ways = count_paths(run, node)
    many = ways[record.last]
    if number:
        if not 1 <= number <= min(many, COUNTED):
            raise InputError(look.say("no such path", name=record.names[node], many=many))
        return path_lines(state, nth_path(run, node, ways, number), number)
    said = f"{many}" if many <= COUNTED else look.say("more", n=f"{COUNTED:,}")
    head = look.say("paths", n=said) if many > 1 else look.say("path")
    lines = look.lines(f"{slope} = {short(gradient, look.numbers)}   {head}", 2)
    if many <= LISTED:
        lines += _paths(state, list(paths_to(run, node, ways)))
    else:
        lines += look.lines(f"  {look.say('too many', n=LISTED, name=record.names[node])}", 2)
        lines += _uses(state, node)
    owners = dict.fromkeys(record.heads[run.owner(use)] for use in record.arrivals(node))
    lines += _shapes(state, [(head, node) for head in list(owners)[:LISTED]])
    got, of = arrived(state, node)
    if got < of:
        lines += look.lines(f"  {look.say('so far', k=got, m=of)}", 2)
    return lines


def _shapes(state: State, links: list[tuple[int, int]]) -> list[str]:
    """Where an input was broadcast, and how the shapes of a product fit, for some links."""
    notes: dict[str, None] = {}
    for head, target in links:
        value = state.run.values[head]
        if value.op is not None and value.op.elementwise:
            notes |= dict.fromkeys(unbroadcast(state, head, target))
        notes |= dict.fromkeys(product_shapes(state.run, head, state.look))
    return [line for note in notes for line in row(state.look, "shapes", [note])]


def _paths(state: State, paths: list[Path]) -> list[str]:
    """A line for each path, or two where one is too long, and the sum."""
    look = state.look
    lines = []
    for k, path in enumerate(paths, 1):
        way, sum_ = _way(state, path), _worth(state, path)
        line = look.fit(f"  {k}  {padded(way, 18)} {sum_}")
        if screen_width(line) <= look.width:
            lines.append(line)
        else:
            lines += look.lines(f"  {k}  {way}", 5) + look.lines(f"     {sum_}", 7)
    return lines + _sum(state, [p.parts[-1] for p in paths])


def _way(state: State, path: Path) -> str:
    names = [state.record.names[n] for n in path.nodes]
    if len(names) > LINKS:
        left_out = state.look.say("links", n=len(names) - LINKS + 1)
        names = [*names[: LINKS // 2], left_out, *names[1 - LINKS // 2 :]]
    return " ← ".join(reversed(names))


def _worth(state: State, path: Path) -> str:
    """`∂L/∂d·∂d/∂c = (−2)·1 = −2`; of arrays, what the path hands on."""
    record, numbers = state.record, state.look.numbers
    pairs = list(zip(path.nodes, path.nodes[1:], strict=False))
    listed = [partial(record, of, by) for of, by in pairs]
    last = short(path.parts[-1], numbers)
    arrays = any(isinstance(x, np.ndarray) for x in (*path.parts, *path.local))
    if arrays or any(d is None for d in path.local):
        head, use = path.nodes[-2], path.uses[-1]
        return f"{handed_back(record, head, record.positions[use], numbers)} = {last}"
    names = "·".join(listed) if len(listed) <= LINKS else "…"
    factors = [float(d) for d in path.local]
    if len(factors) == 1:
        return f"{names} = {last}"
    told = product(factors, numbers) if len(factors) <= LINKS else "…"
    return f"{names} = {told} = {last}"


def _sum(state: State, parts: list[Any]) -> list[str]:
    if len(parts) < 2:
        return []
    look, numbers = state.look, state.look.numbers
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    shown = short(whole, numbers)
    if not isinstance(whole, np.ndarray):
        shown = written_sum([[float(p)] for p in parts], float(whole), numbers, bare=True)
    return look.lines(f"  {look.say('sum')} {shown}", 7)


def _uses(state: State, node: int) -> list[str]:
    """What each use of a node hands back, as many as are listed, and the rest as one number."""
    record, run, look = state.record, state.run, state.look
    uses = record.arrivals(node)
    parts = [run.contribution(use) for use in uses]
    rows = []
    for use, part in zip(uses[:LISTED], parts[:LISTED], strict=True):
        head = record.heads[run.owner(use)]
        upstream = run.step(run.owner(use)).upstream
        if isinstance(upstream, float) and isinstance(part.local, int | float):
            names = f"{partial(record, record.last, head)}·{partial(record, head, node)}"
            names += f" = {product([upstream, part.local], look.numbers)}"
        else:
            names = handed_back(record, head, record.positions[use], look.numbers)
        shown = short(part.value, look.numbers)
        rows.append((look.say("through", name=record.names[head]), f"{names} = {shown}"))
    lines = look.table(rows)
    rest = parts[LISTED:]
    if rest:
        sum_ = rest[0].value
        for part in rest[1:]:
            sum_ = sum_ + part.value
        text = look.say("rest", n=f"{len(rest):,}", sum=short(sum_, look.numbers))
        lines += look.lines(f"  {text}", 2)
        return lines
    return lines + _sum(state, [p.value for p in parts])


def path_lines(state: State, path: Path, number: int) -> list[str]:
    """One path link by link: the rule, its number, and the product so far."""
    record, look = state.record, state.look
    numbers = look.numbers
    rows = []
    for k, use in enumerate(path.uses):
        head, target = path.nodes[k], path.nodes[k + 1]
        rule = local_rule(record, head, record.positions[use], numbers)
        local = path.local[k]
        if local is None:
            rows.append((f"{record.names[head]} → {record.names[target]}", rule,
                         short(path.parts[k], numbers)))  # fmt: skip
            continue
        slope = "" if isinstance(local, np.ndarray) else f" = {numbers.format(float(local))}"
        same = slope == f" = {rule}"
        rows.append((partial(record, head, target), f"{rule}{'' if same else slope}",
                     f"{look.say('product so far')} {short(path.parts[k], numbers)}"))  # fmt: skip
    shown = [*rows[: 2 * LISTED]]
    lines = look.lines(f"{look.say('path number', k=number)}  {_way(state, path)}", 2)
    lines += look.table(shown, 3)
    if len(rows) > len(shown):
        lines += look.lines("  " + look.say("links", n=len(rows) - len(shown)), 2)
        lines += look.table([rows[-1]], 3)
    links = list(zip(path.nodes, path.nodes[1:], strict=False))
    return lines + _shapes(state, links[:LISTED])


def local(state: State, name: str) -> list[str]:
    """`local NODE`: each input's rule, as a formula and then with numbers."""
    record, run, look = state.record, state.run, state.look
    node = record.find(name)
    value, numbers = run.values[node], look.numbers
    op = value.op
    if op is None:
        return look.lines(look.say("a leaf", name=record.names[node]), 2)
    lines = look.lines(f"{equation(state, node)}   [{op.name}]")
    args = [v.data for v in value.inputs]
    for position, target in enumerate(record.inputs(node)):
        rule = op.rule(position)
        if rule is None:
            lines += row(look, "local", [f"{record.names[target]}: {look.say('blocked')}"])
            continue
        said = local_rule(record, node, position, numbers)
        if op.elementwise:
            slope = op.local(position, value.data, args, value.params)  # type: ignore[attr-defined]
            shown = short(slope, numbers)
            equal = "" if shown == said else f" = {shown}"
            lines += row(look, "local", [f"{partial(record, node, target)} = {said}{equal}"])
            if isinstance(value.data, np.ndarray):
                given = handed_back(record, node, position, numbers)
                lines += row(look, "gives", [f"{record.names[target]}.grad += {given}"])
        else:
            lines += row(look, "gives", [f"{record.names[target]}.grad += {said}"])
        for note in unbroadcast(state, node, target) if op.elementwise else ():
            lines += row(look, "shapes", [note])
    for note in product_shapes(run, node, look):
        lines += row(look, "shapes", [note])
    return lines + row(look, "rule", [note_of(op, look.lang)])
