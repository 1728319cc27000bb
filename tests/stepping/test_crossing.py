"""`over`, `into`, `finish`: whole blocks of a program at once, forward and backward."""

import numpy as np
import pytest

from backviz import Value, group, load, nn, scoped, stepper
from backviz.errors import InputError
from backviz.stepping.commands import advance
from backviz.stepping.state import start

PROGRAM = """
import numpy as np
import backviz
from backviz import nn

x = np.ones((4, 3))
model = nn.Sequential(nn.Linear(3, 4, seed=1), nn.Tanh(), nn.Linear(4, 2, seed=2))
h = model(x)
with backviz.group("loss"):
    e = h - 1.0
    loss = (e * e).sum() / 4
"""


def nested():
    """Two blocks of which one holds another, a loop of three rounds, and ops outside."""
    x = Value(0.5, "x")
    a = x * 2.0
    with group("outer"):
        b = a * a
        with group("inner"):
            c = b.tanh() + 1.0
        d = c * a
    for _ in range(3):
        with group("round"):
            d = d * 0.5
            d = d + x
    return d * d


def walked(s, move):
    """The nodes at work after each move, until nothing moves any more."""
    seen, at = [], -1
    while s.state.at != at:
        at = s.state.at
        answer = move()
        if s.state.at != at:
            seen.append(answer)
    return seen


def test_over_goes_by_the_outermost_blocks_and_into_opens_them():
    s = stepper(nested(), names=False)
    told = [(a.block, a.nodes) for a in walked(s, s.over) if a.kind == "crossed"]
    forward = [("", 1), ("outer", 4), ("round", 2), ("round 2", 2), ("round 3", 2), ("", 1)]
    assert told == [*forward, *reversed(forward)]
    s.restart()
    s.over()
    assert s.into().block == "outer"
    assert [(a.block, a.nodes) for a in (s.over(), s.over())] == [("inner", 2), ("", 1)]


def test_finish_leaves_a_block_then_the_one_around_then_the_loop():
    s = stepper(nested(), names=False)
    s.goto(3)
    assert s.where().blocks == ("outer", "inner")
    assert "in the block outer › inner" in s.where().text
    assert [(a.block, a.nodes) for a in (s.finish(), s.finish())] == [("inner", 1), ("outer", 1)]
    assert s.into().block == "round"
    assert [(a.block, a.nodes) for a in (s.finish(), s.finish())] == [("round", 1), ("round", 4)]
    with pytest.raises(InputError, match="the block ends here; next goes on"):
        s.finish()
    s.next()
    with pytest.raises(InputError, match="n17 is in no block; into goes into the next one"):
        s.finish()


def test_nothing_is_finished_before_a_pass_has_begun():
    with group("all"):
        y = Value(2.0, "x") * 3.0
    s = stepper(y, names=False)
    for _ in range(2):
        with pytest.raises(InputError, match="the start is in no block; into goes into the next"):
            s.finish()
        s.backward()


def test_every_node_is_crossed_once_and_the_numbers_are_those_of_single_steps():
    output = nested()
    s, t = stepper(output, names=False), stepper(output, names=False)
    crossings = walked(s, s.over)
    t.go_on()
    assert s.state.at == t.state.at and s.grad("x") == t.grad("x")
    crossed = [a for a in crossings if a.kind == "crossed"]
    assert sum(a.nodes for a in crossed) == 2 * len(s.state.record.ops)
    output.backward()
    x = next(v for v in s.state.record.values if v.label == "x")
    assert s.grad("x") == x.grad


def test_into_goes_where_next_goes():
    s, t = stepper(nested(), names=False), stepper(nested(), names=False)
    assert [a.state.at for a in walked(s, s.into)] == [a.state.at for a in walked(t, t.next)]


def test_modules_of_a_file_are_blocks_and_so_are_its_lines(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(PROGRAM)
    state = start(load(f"{path}:loss"))
    said = []
    for line in ("over", "over", "restart", "into", "over", "over", "into", "over"):
        state, result = advance(state, line)
        said.append(result.lines[0])
    assert said[:2] == ["over Sequential: 3 nodes, n5 … h", "over loss: 4 nodes, e … loss"]
    assert said[3] == "into Sequential.0"
    assert said[4] == "over Sequential.1: 1 node, n6"
    assert said[6:] == ["into loss", "over net.py:11: 3 nodes, n10 … loss"]
    state, _ = advance(state, "backward")
    state, _ = advance(state, "over")
    _, result = advance(state, "over")
    assert result.lines[0] == "over Sequential: 3 nodes, h … n5; gradients to W2, b2, W1, b1"


def test_modules_are_blocks_in_python_inside_scoped_only():
    model = nn.Sequential(nn.Linear(2, 3, seed=1), nn.Tanh())
    with scoped():
        inside = model(np.ones((4, 2))).sum()
    assert stepper(inside).over().block == "Sequential"
    s = stepper(model(np.ones((4, 2))).sum())
    for move in (s.over, s.into, s.finish):
        assert move().text.startswith("nothing here was recorded as a block: put with ")
    assert s.state.at == 0


def test_a_break_inside_a_block_stops_there():
    s = stepper(nested(), names=False)
    s.over()
    s.break_at("op:tanh")
    stopped = s.over()
    assert (stopped.moved.stopped, stopped.nodes, stopped.block) == ("op:tanh", 2, "outer")
    assert s.over().nodes == 1


def test_a_crossing_is_data_and_enter_repeats_it():
    state = start(nested())
    state, _ = advance(state, "over")
    state, result = advance(state, "")
    told = result.answer.data()
    assert (told["kind"], told["how"], told["block"], told["nodes"]) == (
        "crossed",
        "over",
        "outer",
        4,
    )
    assert told["moved"]["step"]["node"] == told["last"]


def test_a_name_that_is_a_block_s_command_can_still_be_printed():
    over, x = Value(2.0, "over"), Value(3.0, "x")
    state = start(over * x)
    assert advance(state, "print over")[1].text.startswith("over = 2")
    assert advance(state, "over = 5")[1].text.startswith("  over  2  →  5")


def test_seed_and_end_are_passed_and_watches_tell_what_changed():
    s = stepper(nested(), names=False)
    s.watch("x")
    s.forward()
    assert "backward starts" in s.over().text
    s.over()
    assert "watch" in s.over().text
    s.go_on()
    assert s.over().what == "the end"
