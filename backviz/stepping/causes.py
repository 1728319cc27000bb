"""Why a gradient is 0, tiny, huge or not finite: the op that made it so, and what to read.

Invariant: the way that is named is that of the largest contribution at every node, and the
factors on it are those of the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.finite import find_not_finite, is_finite
from backviz.graphs.faults import Reason, sign_of
from backviz.stepping.look import Look
from backviz.stepping.state import State
from backviz.telling.run import Run
from backviz.telling.zeros import where_it_died

TINY, HUGE = 1e-3, 1e3  # beside the seed
TOPICS: dict[Reason, str] = {
    "off": "dead-relu",
    "flat": "loud-but-deaf",
    "too small": "quarter",
    "not chosen": "gates",
    "masked": "gates",
    "factor 0": "gates",
    "slope 0": "zero-or-none",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """What made a gradient what it is: `kind` is "zero", "tiny", "huge" or "not finite".

    `node` is where it died, or where the smallest or largest `factor` is, `op` the op's sign there.
    Of `factors` on the way of the largest contributions `below` are under 1. `said` is a sentence
    of its own where there is one; `topic` what `explain` has to read.
    """

    kind: str
    node: str = ""
    op: str = ""
    factor: float = 0.0
    factors: int = 0
    below: int = 0
    said: str = ""
    topic: str = ""
    way: tuple[str, ...] = ()

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        read = look.say("explain {topic} says more", topic=self.topic) if self.topic else ""
        told = {"node": self.node, "op": self.op, "factor": look.numbers.format(self.factor),
                "n": self.factors, "below": self.below}  # fmt: skip
        match self.kind:
            case "not finite":
                said = self.said
            case "zero":
                said = look.say("it died at {node}: {why}", node=self.node, why=self.said)
            case "tiny":
                said = look.say(
                    "tiny: on the way of most of it {below} of {n} factors are below 1; the "
                    "smallest is {factor}, {op} at {node}", **told)  # fmt: skip
            case _:
                said = look.say(
                    "huge: on the way of most of it the largest of {n} factors is {factor}, {op} "
                    "at {node}", **told)  # fmt: skip
        return look.lines(f"  {said}{'; ' if read else ''}{read}", 4)


def cause_of(state: State, node: int) -> Cause | None:
    """What made the gradient of a node 0, tiny, huge or NaN; `None` if it is none of these."""
    run, record, gradient = state.run, state.record, state.run.whole(node)
    if gradient is None or node == record.last:
        return None
    if not (is_finite(gradient) and is_finite(run.values[node].data)):
        return Cause("not finite", said=find_not_finite(run.output) or "", topic="nan-where")
    if not np.any(gradient):
        death = where_it_died(run, node)
        if death is None:
            return None
        op = run.values[death.node].op
        assert op is not None
        if death.why.reason == "slope 0" and not op.elementwise:  # parts that cancel
            return None
        return Cause("zero", record.names[death.node], death.why.op,
                     said=death.why.words().of(state.look.lang),
                     topic=TOPICS[death.why.reason])  # fmt: skip
    size = _size(gradient) / max(_size(run.whole(record.last)), 1e-300)
    if TINY < size < HUGE:
        return None
    way = _way(run, node)
    tiny = size <= TINY
    at, factor = (min if tiny else max)(way, key=lambda link: link[1])
    op = run.values[at].op
    assert op is not None
    topic = ("quarter" if op.saturates else "init-variance") if tiny else "clipping"
    return Cause("tiny" if tiny else "huge", record.names[at], sign_of(op), factor, len(way),
                 sum(each < 1 for _node, each in way), topic=topic,
                 way=tuple(record.names[each] for each, _factor in way))  # fmt: skip


def _way(run: Run, node: int) -> list[tuple[int, float]]:
    """The heads on the way of the largest contributions, up to the result, with factors."""
    record, found = run.record, []
    while node != record.last:
        parts = run.parts(node)
        sizes = np.abs(parts) if isinstance(parts, np.ndarray) else [_size(part) for part in parts]
        best = record.arrivals(node)[int(np.argmax(sizes))]
        node = record.heads[record.owner(best)]
        arriving = _size(run.whole(node))
        found.append((node, _size(run.contribution(best).value) / arriving if arriving else 0.0))
    return found


def _size(x: Any) -> float:
    """The length of a gradient, also where its square would be infinite or 0."""
    largest = float(np.max(np.abs(x), initial=0.0))
    if not 0 < largest < np.inf:
        return largest
    return largest * float(np.sqrt(np.sum(np.square(np.divide(x, largest)))))
