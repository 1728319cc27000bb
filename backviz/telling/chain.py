"""What a use hands back as one formula, also through a box that holds several ops.

Invariant: every factor is an op's own rule, run on the names of the boxes; what cannot be told
by rules is named (`∂L/∂h·∂h/∂x`) or not told at all, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backviz.autodiff.formula import Formula, contribution_formula, formula_of, local_formula
from backviz.autodiff.op import Op
from backviz.autodiff.operand import Params
from backviz.autodiff.symbol import Symbol, writing
from backviz.graphs import operands
from backviz.ops import OPS
from backviz.telling.folded import FoldedTeller

LONGEST = 56  # signs of a formula through a box; a longer one names the inner derivative


def handed_back(teller: FoldedTeller, use: int) -> Formula | None:
    """The contribution of a use in terms of upstream; `None` where no rule tells it.

    The gradient of the result is 1 and is left away, and so is every other factor 1.

    >>> from backviz import Value, to_graph
    >>> from backviz.graphs import contract, fold_names
    >>> from backviz.text import NumberStyle
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> L = (a * b + a).tanh()
    >>> L.backward()
    >>> G = to_graph(L)
    >>> names = {**dict(G.nodes(data="label")), 4: "L"}
    >>> teller = FoldedTeller(contract(G, fold_names(G)), G, NumberStyle(), names, names)
    >>> [str(handed_back(teller, use)) for use in (0, 1)]
    ['1 − L² + (1 − L²)·b', '(1 − L²)·a']
    """
    tail, head, _key = teller.edges[use]
    last = teller.order.last
    seed = head == last and np.shape(teller.value(head)) == ()
    arriving, called = "1" if seed else teller.partial(last, head), teller.call(use)
    if called is not None:
        call, position = called
        if call.op.rule(position) is None:
            return None
        return _tidy(call.handed(position, arriving, ones=False), seed)
    found = _through(teller, head, arriving).get(tail)
    if found is not None and len(found.text) <= LONGEST:
        return _tidy(found, seed)
    return None if seed else Formula(str(Symbol(arriving) * Symbol(teller.partial(head, tail))))


def _tidy(formula: Formula, seed: bool) -> Formula:
    """Without a first factor that is the 1 with which backward starts, and without `Kᵀᵀ`."""
    text = formula.text.replace("ᵀᵀ", "")
    return Formula(text.removeprefix("1·") if seed else text, formula.parts)


def _through(teller: FoldedTeller, head: int, arriving: str) -> dict[int, Formula]:
    """What each input of a small group gets: the rules of its ops, run backward on symbols."""
    whole, inside = teller.whole, teller.view.nodes[head].get("inside", ())
    if not inside:
        return {}
    forward = teller.symbols(head)
    with writing(teller.taken, teller.numbers):
        back: dict[int, Any] = {head: Symbol(arriving, shape=forward[head].shape)}
        for node in reversed(inside):
            if node not in back or not whole.nodes[node]["op"]:
                continue
            data, inputs = whole.nodes[node], operands(whole, node)
            args = [
                forward[u] if u in forward and whole.nodes[u]["op"] else teller.operand_of(u)
                for u in inputs
            ]
            out = teller.operand_of(node) if node == head else forward[node]
            # one entry for all, as of a mean: what adds up behind it would count it once
            thin = back[node].shape != forward[node].shape
            back_at = _rules(OPS[data["op"]], back[node], out, args, data.get("params", {}), thin)
            for position, u in enumerate(inputs):
                if "contribution" not in whole.edges[u, node, position]:
                    continue
                alike = np.shape(whole.nodes[u]["value"]) == forward[node].shape
                if thin and not (OPS[data["op"]].elementwise and alike):
                    return {}
                part = back_at(position)
                back[u] = back[u] + part if u in back else part
    return {u: formula_of(symbol) for u, symbol in back.items() if u not in forward}


def _rules(
    op: Op, upstream: Symbol, out: Symbol, args: list[Any], params: Params, thin: bool
) -> Callable[[int], Symbol]:
    """What each operand gets; of a gradient that is 1, the local derivative alone."""
    pulled = op.by_position(upstream, out, args, params) if op.variadic and not thin else None

    def rule_at(position: int) -> Symbol:
        if not (op.elementwise and (thin or upstream.text == "1")):
            return contribution_formula(
                op, position, upstream, out, args, params, by_position=pulled
            )
        local = local_formula(op, position, out, args, params)
        if upstream.text == "1":
            return local
        signs = {"1": upstream, "−1": -upstream}
        return signs.get(local.text) or upstream * local

    return rule_at
