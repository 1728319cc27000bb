"""Misconceptions about what is recorded: old graphs, detached values, changes in place, choices.

Invariant: every number of a table is computed when the lesson runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.recording import no_grad
from backviz.autodiff.replay import leaves_of
from backviz.autodiff.tape import tape
from backviz.autodiff.value import Value
from backviz.lessons.judge import DIFFERENCES, GRADIENT, differences, rivals
from backviz.lessons.model import Table, same, topics_on
from backviz.lessons.views import NAME, VALUE
from backviz.ops import OPS
from backviz.telling.record import Record
from backviz.telling.run import Run
from backviz.words import Words

topic = topics_on("record")


def _carried(_: Any, steps: int = 4) -> Table:
    """A state that goes from step to step, with its past and without: ops behind each loss."""
    columns = []
    for detached in (True, False):
        w, h, column = Value(0.9, "w"), Value(0.5), []
        for _step in range(steps):
            h = (w * h + 0.2).tanh()
            loss = (h - 1.0) ** 2
            loss.backward(retain_graph=True)
            column.append((sum(v.op is not None for v in tape(loss)), w.grad))
            w.zero_grad()
            h = h.detach() if detached else h
        columns.append(column)
    rows = [(str(k), *a, *b) for k, (a, b) in enumerate(zip(*columns, strict=True), 1)]
    heads = (Words("step"), Words("ops, h detached"), same("∂L/∂w"),
             Words("ops, with retain_graph"), same("∂L/∂w"))  # fmt: skip
    title = Words("the state of the step before goes into the next, h = tanh(w·h + 0.2)")
    return Table(heads, tuple(rows), title, right=1, wrong=3)


topic(
    "retain-graph",
    Words("Is retain_graph=True the cure for backward a second time?"),
    Words(
        "torch frees a graph as backward goes through it, so the error says that a part of this "
        "loss is older than the step: here the state h. retain_graph=True keeps the past, and each "
        "step goes back through all before it. Detach the state, or record anew. Two losses that "
        "share a part: (L1 + L2).backward(), once.",
    ),
    "",
    (_carried,),
    also=Words(
        "Trying to backward through the graph a second time, freed graph, hidden state, "
        "truncated backpropagation, memory grows"
    ),
)


def _product(ways: tuple[str, ...] = (), frozen: str = "") -> tuple[Value, list[Value]]:
    """L = p·q with p = a·b and q = a·c, where p is cut off in one of these ways."""
    leaves = [Value(x, name) for x, name in ((2.0, "a"), (3.0, "b"), (4.0, "c"))]
    a, b, c = leaves
    for leaf in leaves:
        leaf.requires_grad = leaf.label != frozen
    if "no_grad" in ways:
        with no_grad():
            p = a * b
    else:
        p = (a * b).detach() if "detach" in ways else a * b
    return p * (a * c), leaves


def _ways(_: Any) -> Table:
    """The gradients of three leaves for each way of cutting."""
    ways = ((Words("as it is"), _product()), (same("p.detach()"), _product(("detach",))),
            (Words("p under no_grad()"), _product(("no_grad",))),
            (same("a.requires_grad = False"), _product(frozen="a")))  # fmt: skip
    rows = []
    for said, (output, leaves) in ways:
        output.backward()
        rows.append((said, output.item(), *(leaf.grad for leaf in leaves)))
    heads = (same(""), same("L"), *(same(f"∂L/∂{name}") for name in "abc"))
    return Table(heads, tuple(rows), Words("L = p·q, p = a·b, q = a·c at a = 2, b = 3, c = 4"))


def _lost(_: Any) -> Table:
    """What a detached p takes away, where it should not have been detached."""
    (whole, leaves), (cut, others) = _product(), _product(("detach",))
    whole.backward()
    cut.backward()
    rows = [(f"∂L/∂{v.label}", v.grad, w.grad, differences(whole, v))
            for v, w in zip(leaves, others, strict=True)]  # fmt: skip
    return rivals(rows, Words("p detached"))


topic(
    "detach",
    Words("detach, no_grad, requires_grad: which cuts what?"),
    Words(
        "The numbers stay, arrows go. detach() makes one value a constant for what comes after it; "
        "no_grad() records nothing inside its block; requires_grad = False makes a leaf a "
        "constant, for every use. Right for targets, frozen weights and evaluation. Where L does "
        "depend on p, the differences show what is lost.",
    ),
    "",
    (_ways, _lost),
    also=Words(
        "no_grad, requires_grad, stop_gradient, stop gradient, freeze, frozen weights, "
        "inference_mode, torch.no_grad, constant"
    ),
)


def _kept(output: Value) -> Table:
    """The gradient of every value of a record, and what torch keeps of it unasked."""
    run = Run(Record(output))
    rows = []
    for i, v in enumerate(run.record.values):
        if v.requires_grad:
            gradient = run.whole(i)
            kept = gradient if v.is_leaf else None
            rows.append((run.record.names[i], gradient, kept, differences(output, v)))
    return rivals(rows[:-1], Words("torch, unasked"), Words("computed"), Words(".grad of"))


topic(
    "inner-gradients",
    Words("Why is the .grad of an inner value None in torch?"),
    Words(
        "Its gradient was computed, for those of the leaves go through it, and then dropped to "
        "save memory. h.retain_grad() before backward keeps it; backviz keeps all. A weight that "
        "was computed, as in w = randn(3, requires_grad=True)*0.1, is an inner value too: its "
        ".grad stays None, and optimizers refuse it. Scale first, then require.",
    ),
    "h=w*x; z=h+b; L=z**2; w=2; x=3; b=-1",
    (_kept,),
    also=Words(
        "retain_grad, non-leaf, grad of a non-leaf tensor, can't optimize a non-leaf "
        "Tensor, intermediate gradient, inner value"
    ),
)


def _doubled(output: Value) -> Table:
    """What the rules need, and what stands there once the leaves were doubled."""
    rows: list[tuple[Any, ...]] = []
    for v in tape(output)[:-1]:
        now = v.data * 2 if v in leaves_of(output) else v.data
        rows.append((v.label, v.data, now))
    return Table((NAME, Words("in the forward pass"), Words("in the backward pass")), tuple(rows))


topic(
    "in-place",
    Words("May a value be changed in place before backward?"),
    Words(
        "Not while a rule still needs it: the derivative of a product is the other factor as it "
        "was in the forward pass. A wrong gradient would come out without a word, so torch counts "
        "versions and refuses: modified by an inplace operation. Here a += 1 records a new value, "
        "and the old one stays.",
    ),
    "h=a*b; L=h*a; a=2; b=3",
    (_doubled,),
    "in-place",
    also=Words(
        "inplace, in place, inplace operation, modified by an inplace operation, version counter"
    ),
)


def _choices(_: Any, at: float = 1.3) -> Table:
    """Values that were chosen or rounded: the gradient that comes out, and differences."""

    def stepped(w: Value) -> Any:
        return OPS["round"](w) * 1.0

    def through(w: Value) -> Any:
        return w + (OPS["round"](w) - w).detach()

    def branch(w: Value) -> Any:
        return w * 2.0 if w.data > 0 else -w

    rows = []
    for said, f in ((same("round(w)"), stepped),
                    (same("w + (round(w) − w).detach()"), through),
                    (same("2·w if w > 0 else −w"), branch)):  # fmt: skip
        w = Value(at)
        out = f(w)
        out.backward()
        h = 1e-5
        judged = (f(Value(at + h)).item() - f(Value(at - h)).item()) / (2 * h)
        rows.append((said, out.item(), w.grad, judged))
    heads = (Words("w = {w}", w=at), VALUE, GRADIENT, DIFFERENCES)
    return Table(heads, tuple(rows))


def _samples(_: Any) -> Table:
    """A sample drawn as a number, and as a function of mean and spread."""
    noise = float(np.random.default_rng(0).normal())
    mean, spread = Value(1.0, "μ"), Value(0.5, "σ")
    output = (mean + spread * noise) ** 2
    output.backward()
    drawn = Value(mean.data + spread.data * noise) ** 2  # a number: nothing leads to μ and σ
    drawn.backward()
    others = [Value(v.data) for v in (mean, spread)]
    rows = [(f"∂L/∂{v.label}", v.grad, other.grad, differences(output, v))
            for v, other in zip((mean, spread), others, strict=True)]  # fmt: skip
    title = Words("L = s², s a sample with mean μ = 1 and spread σ = 0.5, seed 0")
    return rivals(rows, Words("s drawn as a number"), same("s = μ + σ·ε"), title=title)


topic(
    "hard-choice",
    Words("Does a gradient pass argmax, rounding, sampling, if?"),
    Words(
        "argmax gives positions, which carry none. round is flat: its gradient is 0. A "
        "straight-through estimator passes 1 on purpose, and differences contradict it. if has "
        "the gradient of the branch that was taken; the condition gets none. A sample has one if "
        "the randomness stands apart: μ + σ·ε (reparametrization).",
    ),
    "",
    (_choices, _samples),
    also=Words(
        "sampling, if, straight-through, straight-through estimator, reparametrization, "
        "reparameterization trick, rounding, discrete choice, branch"
    ),
)
