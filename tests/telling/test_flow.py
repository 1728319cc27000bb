"""A pass over numbers that is made at once is the stream of steps, to the bit; work is counted."""

import math
import random

import numpy as np
import pytest
from random_graphs import random_graph
from work import at_most, counted

from backviz import Value, stepper, tensor
from backviz.autodiff.backward import backward_steps
from backviz.stepping import moves, reasons, whatif
from backviz.stepping.commands import advance
from backviz.stepping.state import start
from backviz.telling.flow import flow_of
from backviz.telling.order import added
from backviz.telling.record import Record
from backviz.telling.run import Run


def chain(n, leaves=2):
    """A long computation: sums and products, with a function now and then."""
    dice = random.Random(n)
    values = [Value(dice.uniform(-1, 1), name) for name in "abcdef"[:leaves]]
    x = values[0]
    for k in range(n):
        other = dice.choice(values)
        x = (x + other, x * 0.5, other - x, (x * other).tanh(), x.relu())[k % 5]
    return x


def same(one, other):
    return (one is None) == (other is None) and (
        one == other or (math.isnan(one) and math.isnan(other))
    )


@pytest.mark.parametrize("seed", range(0, 100, 5))
def test_a_flow_has_the_contributions_of_the_stream_to_the_bit(seed):
    output = random_graph(seed) if seed % 2 else chain(200 + seed)
    record = Record(output)
    flow = flow_of(record, record.values, record.last)
    steps = [step for step in backward_steps(output) if step.contributions]
    if flow is None:
        assert any(np.ndim(v.data) for v in record.values)
        return
    assert list(flow.upstream) == [step.upstream for step in steps]
    assert list(flow.parts) == [c.value for step in steps for c in step.contributions]
    for number, step in enumerate(steps):
        made = flow.step(number)
        assert made.node is step.node
        assert [c[1:] for c in made.contributions] == [c[1:] for c in step.contributions]


def test_a_run_that_jumps_has_the_numbers_of_one_that_walks():
    output = chain(400)
    walking, jumping = (stepper(output, names=False) for _ in range(2))
    jumping.goto("bw 300")
    while walking.state.at < jumping.state.at:
        walking.next()
    assert walking.state.step == jumping.state.step
    for node in ("a", "b", "n17", "n200"):
        assert same(walking.grad(node), jumping.grad(node))
    for _ in range(20):
        assert walking.back().text == jumping.back().text
    jumping.go_on()
    output.backward()
    leaves = {v.label: v.grad for v in jumping.state.record.values if v.op is None and v.label}
    assert {name: jumping.grad(name) for name in leaves} == leaves


def test_parts_are_added_one_after_another_as_a_pass_adds_them():
    parts = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(-5, 5).repeat(100)
    total = 0.1
    for part in parts.tolist():
        total = total + part
    assert added(parts, 0.1) == total == added(parts.tolist(), 0.1)


@pytest.mark.parametrize("x", [math.nan, math.inf, 0.0, 1e300])
def test_a_flow_of_numbers_that_are_not_ordinary_raises_nothing(x):
    a = Value(x, "a")
    y = a
    for _ in range(100):
        y = (y * a).log() / a
    record = Record(y)
    flow = flow_of(record, record.values, record.last)
    true = [c.value for step in backward_steps(y) for c in step.contributions]
    assert np.array_equal(list(flow.parts), true, equal_nan=True)


def test_a_changed_leaf_is_refused_by_a_jump_too():
    output = chain(500)
    run = Run(Record(output))
    run.record.values[0].data = 7.0
    with pytest.raises(Exception, match="changed"):
        run.step(300)


# Work --------------------------------------------------------------------------------------------


def opened(n):
    output = chain(n)
    return output, start(output)


def test_opening_takes_little_more_than_a_call_for_each_value():
    output = chain(5_000)
    with at_most(6 * 5_000):
        start(output)


def test_a_move_is_independent_of_the_size():
    calls = []
    for n in (1_000, 8_000):
        _output, state = opened(n)
        state, _ = moves.goto(state, "bw 100")
        _walk(state)  # what is known once for all is known
        state, _ = moves.goto(state, "bw 600")
        with counted() as work:
            _walk(state)
        calls.append(work.calls)
    assert abs(calls[0] - calls[1]) < 0.1 * calls[0]


def _walk(state):
    for line in ("n", "s", "back", "n 3", "where", "list"):
        state, result = advance(state, line)
        assert result.text


def test_why_of_an_input_that_is_used_often_is_one_pass():
    a, x = Value(0.5, "a"), Value(0.0, "x")
    for _ in range(20_000):
        x = x + a * a
    state = start(x)
    with at_most(12_000):  # 60,000 values and 40,000 uses
        told = reasons.why(state, "a")
    assert told.more and told.gradient == 20_000.0
    assert (told.rest.many, told.rest.total) == (40_000 - 12, 19_994.0)


def test_a_watched_input_that_is_used_often_costs_a_move_nothing():
    a, x = Value(0.5, "a"), Value(0.0, "x")
    for _ in range(5_000):
        x = x + a
    state, _ = advance(start(x), "watch a")
    state, _ = moves.goto(state, "bw 50")
    with at_most(2_000):
        advance(state, "n")


def test_an_edit_of_a_thousand_nodes_is_a_call_or_two_for_each():
    state = moves.go_on(start(chain(1_000)))[0]
    with at_most(40 * 1_000):
        whatif.set_leaf(state, "a=0.25")


def test_arrays_still_come_as_a_stream():
    x = tensor(np.ones((2, 2)), "x")
    y = x
    for _ in range(200):
        y = (y * 0.5).tanh()
    s = stepper(y.sum(), names=False)
    s.go_on()
    assert s.grad("x").shape == (2, 2)
