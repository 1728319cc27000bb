"""Which nodes of two graphs are partners: names first, then what they are computed from."""

import random

import networkx as nx
import numpy as np
import pytest
from random_graphs import random_graph

from backviz import Value, load, to_graph
from backviz.autodiff.backward import tape
from backviz.autodiff.recording import recorded
from backviz.diagrams.differences import differences
from backviz.graphs.matching import disjoint, laid_over, matched
from backviz.ops import OPS
from backviz.telling.variants import again, with_op


def graph(source):
    return to_graph(load(source))


def names(one, other):
    """The partners by label, or by op where there is none."""
    return {
        one.nodes[a]["label"] or f"{one.nodes[a]['op']} {a}":
        other.nodes[b]["label"] or f"{other.nodes[b]['op']} {b}"
        for a, b in matched(one, other).items()
    }  # fmt: skip


def test_a_graph_matches_itself():
    for seed in range(10):
        made = to_graph(random_graph(seed))
        assert matched(made, made) == {n: n for n in made}


def test_names_come_before_structure():
    one = graph("a=x*y; b=x+y; L=a-b; x=1; y=2")
    other = graph("a=x+y; b=x*y; L=a-b; x=1; y=2")
    assert names(one, other)["a"] == "a"
    assert names(one, other)["b"] == "b"


def test_an_op_that_stands_in_between_is_alone():
    one, other = graph("L=tanh(w*x)*x; w=1; x=2"), graph("L=tanh(-(w*x))*x; w=1; x=2")
    pairs = matched(one, other)
    (alone,) = {*other} - {*pairs.values()}
    assert other.nodes[alone]["op"] == "neg"
    assert len(pairs) == len(one)


def test_names_that_would_lead_in_a_circle_are_given_up():
    one = graph("a=tanh(x); b=a*2; L=b+x; x=1")
    other = graph("b=x*2; a=tanh(b); L=a+x; x=1")
    pairs = matched(one, other)
    assert nx.is_directed_acyclic_graph(laid_over(one, other, pairs))
    assert len(pairs) >= len(one) - 2


def test_another_name_for_the_same_is_no_other_node():
    one, other = graph("L=exp(w*x); w=1; x=2"), graph("L=exp(v*x); v=1; x=2")
    assert names(one, other)["w"] == "v"


def changed(value, number, change):
    """The computation with one node changed, and which that is by its place on the tape."""
    made = {}
    with recorded():
        for i, old in enumerate(tape(value)):
            args = tuple(made[v.serial] for v in old.inputs)
            if old.op is None:
                new = Value(change(old.data) if i == number else old.data, old.label)
                new.requires_grad = old.requires_grad
            elif i == number:
                new = change(old, args)
            else:
                new = old.interpret(old.op, args, old.params)
            if i != number or old.op is None:
                new.label = old.label
            made[old.serial] = new
    return made[value.serial]


@pytest.mark.parametrize("seed", range(40))
def test_exactly_the_op_that_was_planted_is_found(seed):
    """An op of the same kind in place of another: the only op that differs, and nobody is alone."""
    dice = random.Random(seed)
    value = random_graph(seed)
    values = tape(value)
    others = {"tanh": "sin", "exp": "cos", "sigmoid": "tanh", "relu": "abs", "mul": "add",
              "add": "mul", "sub": "add"}  # fmt: skip
    able = [
        i for i, v in enumerate(values)
        if v.op is not None and v.op.name in others and not v.params and np.ndim(v.data) == 0
        and all(np.ndim(u.data) == 0 for u in v.inputs)
    ]  # fmt: skip
    if not able:  # a graph of arrays: one op, wherever it stands
        used = [v.op.name for v in values if v.op is not None and v.op.name == "tanh"]
        if used:
            other = with_op(value, "tanh", "sin")
            one, two = to_graph(value), to_graph(other)
            found = differences(one, two, matched(one, two))
            assert sum("op" in kinds for kinds in found.of.values()) == len(used)
            assert not any(found.only)
        return
    number = dice.choice(able)

    def change(old, args):
        made = old.interpret(OPS[others[old.op.name]], args, {})
        made.label = old.label
        return made

    one, two = to_graph(value), to_graph(changed(value, number, change))
    found = differences(one, two, matched(one, two))
    assert [n for n, kinds in found.of.items() if "op" in kinds] == [number]
    assert found.only == (frozenset(), frozenset())


@pytest.mark.parametrize("seed", range(40))
def test_exactly_the_op_that_was_put_in_is_alone(seed):
    """A −(−…) around an op would change nothing: here one op more, whatever it computes."""
    dice = random.Random(seed)
    value = random_graph(seed)
    able = [i for i, v in enumerate(tape(value)) if v.op is not None]
    number = dice.choice(able)

    def change(old, args):
        inner = old.interpret(old.op, args, old.params)
        inner.label = old.label
        return inner.sin()

    one, two = to_graph(value), to_graph(changed(value, number, change))
    found = differences(one, two, matched(one, two))
    assert not found.only[0]
    assert [two.nodes[n]["op"] for n in found.only[1]] == ["sin"]
    assert not any("op" in kinds for kinds in found.of.values())


@pytest.mark.parametrize("seed", range(20))
def test_a_leaf_that_was_moved_is_the_only_leaf_that_differs(seed):
    value = random_graph(seed)
    values = tape(value)
    leaves = [i for i, v in enumerate(values) if v.op is None and v.label]
    number = random.Random(seed).choice(leaves)
    one = to_graph(again(value))
    two = to_graph(again(value, {number: values[number].data + 0.5}))
    found = differences(one, two, matched(one, two))
    moved = [
        n for n, kinds in found.of.items() if "value" in kinds and one.nodes[n]["kind"] == "leaf"
    ]
    assert moved == [number]
    # what does not depend on it has the same value
    assert {n for n, kinds in found.of.items() if "value" in kinds} <= nx.descendants(
        one, number
    ) | {number}


def test_the_same_record_run_again_differs_in_nothing():
    for seed in range(20):
        value = random_graph(seed)
        one, two = to_graph(value), to_graph(again(value))
        assert not differences(one, two, matched(one, two))


def test_both_graphs_as_one_know_their_partners():
    one, other = graph("L=a*b; a=2; b=3"), graph("L=a*b; a=2; b=4")
    whole = disjoint(one, other, matched(one, other), {1: ("value",)})
    assert [whole.nodes[n]["side"] for n in whole] == ["a"] * 3 + ["b"] * 3
    assert [whole.nodes[n]["like"] for n in whole] == [3, 4, 5, 0, 1, 2]
    assert [whole.nodes[n]["differing"] for n in whole] == ["", "value", "", "", "value", ""]
    assert nx.number_weakly_connected_components(whole) == 2
