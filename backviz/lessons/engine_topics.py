"""Misconceptions about the backward pass itself: sums, order, repeated passes, updates.

Invariant: every number of a table is computed when the lesson runs.
"""

from __future__ import annotations

from typing import Any

from backviz.autodiff.backward import gradients_of
from backviz.autodiff.replay import as_function, leaves_of
from backviz.autodiff.value import Value
from backviz.lessons.broken import early_update
from backviz.lessons.judge import GRADIENT
from backviz.lessons.model import Table, same, topics_on
from backviz.lessons.views import NAME, VALUE, contributions
from backviz.optim.sgd import SGD
from backviz.sources import EXAMPLES
from backviz.words import Words

topic = topics_on("pass")

topic(
    "accumulate",
    Words(
        "Why does backward add (+=) and not overwrite (=)?",
    ),
    Words(
        "a is used three times, and a change of a reaches L through every use. By the chain "
        "rule the gradient is the sum over all of them. An engine that overwrites keeps the "
        "last part only, and is right only where every value is used once.",
    ),
    "d=a*a; L=d+a; a=3",
    (contributions("a"),),
    "accumulate",
    also=Words("sum of gradients, used twice, fan-out, multivariable chain rule"),
)

topic(
    "topological-order",
    Words(
        "Why not simply recurse from the result to its inputs?",
    ),
    Words(
        "c and d are used twice. The recursion hands the gradient of c on when one part has "
        "come, and again when the other has: what came first is counted twice. In topological "
        "order a value waits until all its consumers have handed back their part.",
    ),
    EXAMPLES["order"].expression,
    (contributions("c", "d"),),
    "topo",
    aliases=["topo", "order"],
    also=Words("recursion, topological sort, DAG, order of nodes"),
)


def _two_passes(output: Value) -> Table:
    """What stands on every named value after one backward and after a second."""
    made = as_function(output, leaves_of(output))
    leaves = [Value(v.data, v.label) for v in leaves_of(output)]
    again = made(*leaves)
    inside = next(v for v in again.inputs if not v.is_leaf)
    inside.label = next(v.label for v in output.inputs if not v.is_leaf)
    shown, rows = [*leaves, inside], []
    again.backward()
    first = [v.grad for v in shown]
    again.backward()
    for v, once in zip(shown, first, strict=True):
        kind = Words("leaf") if v.is_leaf else Words("inside")
        rows.append((v.label, kind, once, v.grad))
    heads = (NAME, same(""), Words("after one pass"),
             Words("after two"))  # fmt: skip
    return Table(heads, tuple(rows))


topic(
    "backward-twice",
    Words("What does a second backward() do?"),
    Words(
        "Leaves add the second pass to the first: two passes are the gradient of L + L. Values "
        "inside the graph begin anew. An engine that keeps their old gradients as well hands "
        "them on a second time, and the leaves get too much. torch frees what the first pass "
        "has used and refuses a second, unless the first had retain_graph=True.",
    ),
    "d=a*b; L=d*c; a=2; b=3; c=4",
    (_two_passes,),
    "inner-grads",
    aliases=["inner-grads"],
    also=Words("second backward, backward a second time, two backward passes"),
)


def _descents(output: Value, rate: float = 0.1, steps: int = 4) -> Table:
    """Gradient descent with zero_grad and without, step by step."""
    start = leaves_of(output)
    f = as_function(output, start)
    columns: list[list[tuple[float, float]]] = []
    for forget in (True, False):
        (w,) = (Value(v.data, v.label) for v in start)
        optimizer, column = SGD(w, lr=rate), []
        for _ in range(steps):
            if forget:
                optimizer.zero_grad()
            f(w).backward()
            column.append((w.item(), float(w.grad)))
            optimizer.step()
        columns.append(column)
    rows = tuple((str(k), *a, *b) for k, (a, b) in enumerate(zip(*columns, strict=True), 1))
    heads = (Words("step"), same("w"), Words("gradient"),
             Words("w, no zero_grad"),
             Words("gradient, no zero_grad"))  # fmt: skip
    return Table(heads, rows)


topic(
    "zero-grad",
    Words("What if zero_grad is forgotten?"),
    Words(
        "backward adds to what the leaves have, so without zero_grad every step follows the "
        "sum of all gradients so far. It looks like a training with too large a rate: w runs "
        "past the minimum at 1 and swings.",
    ),
    "L=(w-1)**2; w=3",
    (_descents,),
    "zero-grad",
    also=Words("optimizer.zero_grad, gradients add up, forgotten zero_grad"),
)


def _after_decay(output: Value) -> Table:
    """Leaves with gradient 0, with one, and with none, before and after a step with decay."""
    a, b = (Value(v.data, v.label) for v in leaves_of(output))
    unused, filled = Value(5.0, "u"), Value(5.0, "u")
    as_function(output, leaves_of(output))(a, b).backward()
    gradients = [a.grad, b.grad, unused.grad]
    filled.grad = 0.0
    SGD([a, b, unused, filled], lr=0.1, weight_decay=0.1).step()
    heads = (NAME, VALUE, GRADIENT, Words("after the step"),
             Words("after it, with 0 for —"))  # fmt: skip
    old = [v.data for v in leaves_of(output)] + [5.0]
    new = [a.data, b.data, unused.data]
    taken = [a.data, b.data, filled.data]
    rows = zip(("a", "b", "u"), old, gradients, new, taken, strict=True)
    title = Words(
        "u is a parameter of another branch; a step with weight decay",
    )
    return Table(heads, tuple(rows), title, right=3, wrong=4)


topic(
    "zero-or-none",
    Words(
        "Is a gradient of 0 the same as no gradient?",
    ),
    Words(
        "The gradient of a was computed, and is 0: L does not change with a here. u is not a "
        "part of L, so its gradient was never computed (—, None). An optimizer skips it; with "
        "a 0 in its place weight decay and momentum would move a parameter that took no part.",
    ),
    "L=relu(a)+b*b; a=-1; b=2",
    (_after_decay,),
    aliases=["not-computed"],
    also=Words("None, grad is None, set_to_none, zero gradient, unused parameter"),
)


def _mazur(output: Value, rate: float = 0.5) -> Table:
    """One step of the eight weights: after the pass, and during it."""
    leaves = leaves_of(output)
    weights = [v for v in leaves if v.label.startswith("w")]
    f = as_function(output, weights)
    right = gradients_of(output, tuple(weights))
    early = early_update(output, rate, lambda leaf: leaf.label.startswith("w"))[1]
    wrong = [early[v.serial] for v in weights]

    def after(gradients: list[Any]) -> float:
        pairs = zip(weights, gradients, strict=True)
        return f(*(Value(v.data - rate * g) for v, g in pairs)).item()

    found = zip(weights, right, wrong, strict=True)
    shown = sorted((f"∂E/∂{v.label}", float(a), float(b)) for v, a, b in found)
    last = (Words("E before the step"), output.data, output.data)
    rows = (*shown[4:6], *shown[:2], last,
            (Words("E after the step"), after(right), after(wrong)))  # fmt: skip
    heads = (same(""), Words("update after backward"),
             Words("update during backward"))  # fmt: skip
    return Table(heads, rows, digits=9, right=1, wrong=2)


topic(
    "update-after",
    Words(
        "May weights be updated during the backward pass?",
    ),
    Words(
        "No: the gradient of w1 goes through w5 … w8, and it is the gradient at the weights of "
        "the forward pass. If the last layer moves first, the first layer gets the gradient of "
        "no function at all. A well-known worked example (Mazur) publishes 0.291027924, the "
        "number on the right.",
    ),
    EXAMPLES["mazur-scalar"].expression,
    (_mazur,),
    aliases=["update-early"],
    also=Words("update during backward, when to update, mazur"),
)

topic(
    "shared-weights",
    Words("What gradient does a weight get that time steps share?"),
    Words(
        "One number, used three times: its gradient is the sum of what the three steps hand back, "
        "the last step first (backpropagation through time). An engine that overwrites keeps the "
        "first step alone, as if the others had a weight of their own. In long sequences early "
        "parts fade: each step back multiplies by w·tanh′.",
    ),
    "z1=w*h0; h1=tanh(z1+1); z2=w*h1; h2=tanh(z2-1); z3=w*h2; L=z3**2; w=0.8; h0=0.5",
    (contributions("w"),),
    "accumulate",
    also=Words(
        "bptt, backpropagation through time, rnn, recurrent, tied weights, weight sharing, "
        "weight tying, shared parameters"
    ),
)
