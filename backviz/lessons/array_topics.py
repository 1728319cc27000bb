"""Misconceptions about arrays: shapes, transposes, order, seeds, ties, softmax.

Invariant: every number of a table is computed when the lesson runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backviz.autodiff.replay import leaves_of
from backviz.autodiff.transforms import jacobian
from backviz.autodiff.value import Value, tensor
from backviz.lessons.judge import GRADIENT, differences, rivals
from backviz.lessons.model import Table, same, topics_on
from backviz.lessons.views import product_rules, stretched_operands
from backviz.ops import OPS
from backviz.telling.record import Record
from backviz.telling.run import Run
from backviz.words import Words

topic = topics_on("arrays")


def _rows(output: Value) -> Table:
    """What every row of y hands to b, and the sum."""
    record = Record(output)
    run = Run(record)
    handed = run.whole(record.find("y"))
    rows: list[tuple[Any, ...]] = [
        (Words("row {k} of y", k=k), row) for k, row in enumerate(handed)
    ]
    rows += [(note, run.whole(record.find("b"))) for note in stretched_operands(output)]
    return Table((same(""), GRADIENT), tuple(rows))


topic(
    "broadcasting",
    Words(
        "What gradient does a broadcast bias get?",
    ),
    Words(
        "b is added to every row, so it is used once in each, and its gradient is the sum over "
        "the rows. Without the sum the gradient keeps the shape of y, and numpy broadcasts "
        "without complaint: the update turns b into a matrix.",
    ),
    "y=x+b; L=sum(y*y); x=[[1,0,2],[0,1,1],[2,1,0],[1,1,1]]; b=[1,-1,2]",
    (_rows,),
    "unbroadcast",
    aliases=["broadcast", "unbroadcast"],
    also=Words("unbroadcast, bias gradient, sum over the batch"),
)

topic(
    "matmul-transposes",
    Words(
        "Where do the transposes of matmul come from?",
    ),
    Words(
        "Y[i, j] is the sum over k of X[i, k]·W[k, j], so X[i, k] meets row k of W: summing "
        "over j gives g @ Wᵀ, with g = ∂L/∂Y. Shapes say the same: a gradient has the shape of "
        "its input. With square matrices the product without transposes fits too, and is "
        "wrong.",
    ),
    "Y=X@W; L=sum(Y**2); X=[[1,2],[0,1]]; W=[[1,3],[-1,0]]",
    (product_rules,),
    also=Words("transposes, matrix product, gradient of a matrix product"),
)


def _named(output: Value) -> dict[str, Any]:
    """The gradient of every named value of a record."""
    run = Run(Record(output))
    return {name: run.whole(i) for i, name in enumerate(run.record.names) if name}


def _leaves(output: Value) -> dict[str, Value]:
    return {leaf.label: leaf for leaf in leaves_of(output)}


def _orders(output: Value) -> Table:
    """A chain of two matrices: back through the last first, and through the first first."""
    got, leaves = _named(output), _leaves(output)
    first, last = leaves["W1"].data, leaves["W2"].data
    g = got["y"]
    wrong = {"x": last.T @ (first.T @ g), "W1": np.outer(first.T @ g, leaves["x"].data)}
    rows = [(name, got[name], wrong[name], differences(output, leaves[name])) for name in wrong]
    return rivals(rows, Words("W1ᵀ first"), Words("W2ᵀ first"))


topic(
    "matrix-order",
    Words("In which order do the matrices of a chain come back?"),
    Words(
        "Against the order of the forward pass. y = W2 @ (W1 @ x) meets W1 first, so the gradient "
        "g of y meets W2 first: x gets W1ᵀ @ (W2ᵀ @ g), for (W2 @ W1)ᵀ = W1ᵀ @ W2ᵀ. Matrices do "
        "not commute. With square ones the other order fits as well, and is wrong.",
    ),
    "h=W1@x; y=W2@h; L=sum(y**2); W1=[[1,2],[0,1]]; W2=[[1,0],[3,1]]; x=[1,2]",
    (_orders,),
    also=Words("order of matrices, chain of matrices, deep linear network, reverse order"),
)


def _deltas(output: Value) -> Table:
    """What a layer's δ is the gradient of, and what becomes of it in W and x."""
    got, leaves = _named(output), _leaves(output)
    rows = [(f"∂L/∂{name}", got[name], got["z"], differences(output, leaves[name]))
            for name in ("b", "W", "x")]  # fmt: skip
    return rivals(rows, Words("δ itself"), title=Words("δ = ∂L/∂z"))


topic(
    "delta",
    Words("Is a layer's δ the gradient of its weights?"),
    Words(
        "δ is the gradient of z, the sum before the activation. The bias gets δ as it is. W[i, j] "
        "multiplies x[j], so ∂L/∂W = δ ⊗ x, and x gets Wᵀ @ δ. Who subtracts δ from W hears "
        "nothing: numpy stretches it over the rows.",
    ),
    "z=W@x+b; h=tanh(z); L=sum(h**2); W=[[1,0.5],[0,1]]; x=[1,0.5]; b=[0,-1]",
    (_deltas,),
    also=Words("δ, error term, delta rule, backpropagated error"),
)


def _seeds(output: Value) -> Table:
    """What backward gives for a seed: the seed times the Jacobian."""
    (x,) = leaves_of(output)
    rows = []
    for seed in ([1.0, 0.0], [0.0, 1.0], [1.0, 1.0]):
        output.backward(np.array(seed))
        rows.append((same(f"[{seed[0]:g}  {seed[1]:g}]"), x.grad))
        x.zero_grad()
    return Table((Words("seed"), same("x.grad")), tuple(rows))


def _diagonal(output: Value) -> Table:
    """A seed of ones against the diagonal of the Jacobian."""
    (x,) = leaves_of(output)
    matrix = _named(output)  # with a seed of ones
    whole = jacobian(lambda v: OPS["mul"](OPS["cumsum"](v), v))(x.data)
    rows = [("x", matrix["x"], np.diag(whole), differences(output, x))]
    return rivals(rows, same("∂y[i]/∂x[i]"), Words("seed of ones"))


topic(
    "vjp",
    Words("What is backward() of a vector?"),
    Words(
        "A vector has a Jacobian, a row of derivatives for each output. backward gives no Jacobian "
        "but a seed times it (vjp), one row of numbers: a seed with a single 1 picks a row, ones "
        "add all rows up. That is the gradient of sum(y), not ∂y[i]/∂x[i]. torch asks for the seed "
        "where the result is no single number.",
    ),
    "c=cumsum(x); y=c*x; x=[1,2]",
    (_seeds, _diagonal),
    also=Words(
        "seed, jacobian, grad_outputs, vector-jacobian product, backward of a vector, "
        "grad can be implicitly created only for scalar outputs"
    ),
)


def _classes(output: Value) -> Table:
    """Scores, shares and targets of each class, and the gradient beside p − y."""
    got, leaves = _named(output), _leaves(output)
    z = leaves["z"].data
    p, y = OPS["softmax"](z), np.array([0.0, 1.0, 0.0])
    rows = [(str(k), z[k], p[k], y[k], p[k] - y[k], got["z"][k]) for k in range(len(z))]
    heads = (Words("class"), same("z"), same("p"), same("y"), same("p − y"), same("∂L/∂z"))
    return Table(heads, tuple(rows))


topic(
    "softmax-loss",
    Words("Why is the gradient of softmax with cross-entropy p − y?"),
    Words(
        "∂p[i]/∂z[j] is p[i]·(1 − p[i]) on the diagonal and −p[i]·p[j] off it, for every score "
        "changes all shares. Times ∂L/∂p = −y/p, the sum is p − y. With p(1 − p) alone only the "
        "right class learns: no other score is pushed down, and the gradient does not add up "
        "to 0.",
    ),
    "p=softmax(z); L=-sum([0,1,0]*log(p)); z=[1,2,0.5]",
    (_classes,),
    "softmax-diagonal",
    aliases=["softmax-diagonal"],
    also=Words("p - y, p−y, softmax jacobian, softmax with cross-entropy, off-diagonal, logits"),
)


def _shares(output: Value) -> Table:
    """Who gets the gradient where the largest entry is there twice, by op."""
    (x,) = leaves_of(output)
    rows: list[tuple[Any, ...]] = []
    for name, text in (("amax", "max(x)"), ("max_pool1d", "max_pool1d(x)")):
        v = tensor(x.data, requires_grad=True)
        row = v if name == "amax" else v.reshape((1, 1, -1))
        made = OPS[name](row) if name == "amax" else OPS[name](row, size=x.data.size)
        made.sum().backward()
        rows.append((text, v.grad))
    v = tensor(x.data, requires_grad=True)
    v[int(np.argmax(x.data))].backward()
    rows.append(("x[argmax(x)]", v.grad))
    return Table((same(""), GRADIENT), tuple(rows), Words("x = {x}", x="[2  2  1]"))


topic(
    "ties",
    Words("Who gets the gradient of max when two are the largest?"),
    Words(
        "There is no derivative at a tie; all rules of use hand out 1 in sum. max over an array "
        "shares it (torch.amax too), pooling and indexing give all to the first (torch's max_pool "
        "and max(dim) too). An engine that gives the whole to each makes the gradient of a tie "
        "twice as large.",
    ),
    "m=amax(x); L=3*m; x=[2,2,1]",
    (_shares,),
    "ties",
    also=Words("tie, maxpool, max pooling, max_pool, argmax of a tie, two maxima"),
)
