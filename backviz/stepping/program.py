"""The learner's own program at a breakpoint: what its leaves hold, beside what this pass adds.

Invariant: the program's values are looked at and never written to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.passes import is_as_left, passes_in
from backviz.autodiff.value import Value
from backviz.stepping.answers import Answer
from backviz.stepping.grids import in_line
from backviz.stepping.look import Look
from backviz.stepping.state import ALL_SEEN, Kept, Program, State

SAID = 4  # leaves that are named when a session opens


def inside(state: State, where: str) -> State:
    """The same session in the midst of a program, whose values are computed: its leaves begin with
    what they hold there.

    >>> from backviz import Value
    >>> from backviz.stepping.state import start
    >>> w = Value(3.0, "w")
    >>> for _ in range(2):
    ...     loss = (w - 1) ** 2
    ...     loss.backward()
    >>> inside(start(loss), "loop.py:7").program.leaves[0]
    Kept(now=8.0, before=4.0, passes=2)
    """
    run, record = state.original, state.record
    done = record.values[record.last].grad is not None
    leaves = {}
    for node, value in enumerate(record.values):
        if value.op is not None or not value.requires_grad or not (passes := passes_in(value)):
            continue
        now = data_of(value.grad)
        before = now
        if done:
            whole = is_as_left(value) and seeded_by_one(record.values[record.last])
            before = _rest(now, run.whole(node)) if passes > 1 and whole else None
        leaves[node] = Kept(now, before, passes)
    run.earlier = {node: held.before for node, held in leaves.items() if held.before is not None}
    at = state.timeline.ops
    seen = ALL_SEEN if done else at  # a pass that has run shows its gradients
    return replace(state, at=at, seen=seen, program=Program(where, done, leaves))


def seeded_by_one(output: Value) -> bool:
    """Whether the pass of the program began with 1, as that of a session does."""
    return bool(np.all(np.equal(data_of(output.grad), 1)))


def _rest(now: Any, added: Any) -> Any:
    """What was there before; rounding is no rest."""
    if added is None:
        return now
    rest = now - added
    noise = 1e-9 * (abs(now) + abs(added))
    kept = np.where(abs(rest) > noise, rest, 0.0)
    return kept if isinstance(rest, np.ndarray) else float(kept)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of the program: its gradient `now`, what was there `before`, what this pass `adds`."""

    name: str
    now: Any
    before: Any
    adds: Any
    passes: int


@dataclass(frozen=True, eq=False, repr=False)
class Programmed(Answer):
    """What the program holds at `where`; `done` says that its backward pass has run."""

    where: str
    done: bool
    leaves: tuple[Leaf, ...]
    all: bool = True

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        if not self.where:
            return look.lines(look.say("this session was not opened inside a program"), 2)
        shown = [leaf for leaf in self.leaves if self.all or leaf.before is not None
                 or leaf.passes > 1]  # fmt: skip
        lines: list[str] = []
        for leaf in shown if self.all else shown[:SAID]:
            lines += look.lines(f"  {leaf_text(leaf, self.done, look)}", 4)
        if len(shown) > SAID and not self.all:
            more = look.count(
                "and {n} more: program shows it", "and {n} more: program shows them",
                len(shown) - SAID,
            )  # fmt: skip
            lines += look.lines(f"  {more}", 4)
        if self.all and not lines:
            return look.lines(look.say("no leaf of the program holds a gradient"), 2)
        return lines


def leaf_text(leaf: Leaf, done: bool, look: Look) -> str:
    """`program: w.grad = 8: 4 + 4, …`: what was there, what this pass adds, and since when."""
    now = in_line(leaf.now, look)
    if leaf.before is None and leaf.passes > 1:
        return look.say("program: {name}.grad = {now}, of {k} passes and changed since, or of "
                        "another seed", name=leaf.name, now=now, k=leaf.passes)  # fmt: skip
    if leaf.before is None and np.allclose(leaf.now, leaf.adds, rtol=1e-9, atol=0, equal_nan=True):
        return look.say("program: {name}.grad = {now}", name=leaf.name, now=now)
    if leaf.before is None:
        return look.say("program: {name}.grad = {now}, where this pass adds {adds}: changed since, "
                        "or of another seed", name=leaf.name, now=now,
                        adds=in_line(leaf.adds, look))  # fmt: skip
    if not done:
        return look.count(
            "program: {name}.grad = {now} from {n} earlier pass; without zero_grad this one adds "
            "{adds} to it",
            "program: {name}.grad = {now} from {n} earlier passes; without zero_grad this one "
            "adds {adds} to it",
            leaf.passes,
            name=leaf.name,
            now=now,
            adds=in_line(leaf.adds, look),
        )
    return look.say(
        "program: {name}.grad = {now}; {before} was there before, this pass adds {adds}: pass "
        "{k}, no zero_grad since pass 1",
        name=leaf.name,
        now=now,
        before=in_line(leaf.before, look),
        adds=in_line(leaf.adds, look),
        k=leaf.passes,
    )


def programmed(state: State, *, all: bool = True) -> Programmed:  # noqa: A002
    """`program`: the gradients that the leaves of the program hold."""
    program = state.program
    if program is None:
        return Programmed("", False, ())
    leaves = tuple(_leaf(state, node, kept) for node, kept in program.leaves.items())
    return Programmed(program.where, program.done, leaves, all)


def held_by(state: State, node: int) -> Leaf | None:
    """What the program holds on one leaf; `None` if nothing, or if there is no program."""
    program = state.program
    if program is None or node not in program.leaves:
        return None
    return _leaf(state, node, program.leaves[node])


def _leaf(state: State, node: int, kept: Kept) -> Leaf:
    whole = state.original.whole(node)
    return Leaf(state.record.names[node], kept.now, kept.before, whole, kept.passes)
