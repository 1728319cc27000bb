"""How much a move, an edit and a watch print, and what a jump forgets."""

import re

import pytest

from backviz import Value, load, stepper, tensor
from backviz.errors import InputError
from backviz.stepping.commands import advance
from backviz.stepping.state import gradient, start


def play(state, *lines):
    text = ""
    for line in lines:
        state, result = advance(state, line)
        text = result.text
    return state, text


def chain(length):
    x = y = Value(0.5, "x")
    for _ in range(length):
        y = y.sin()
    return start(y) if y is not x else None


def test_a_move_of_many_steps_prints_twelve_of_them_by_a_line_each():
    for steps, brief in ((13, 12), (14, 12), (5, 4)):
        _, shown = play(chain(20), f"next {steps}")
        lines = [x for x in shown.splitlines() if x.startswith("(fw")]
        assert len(lines) == brief + 1
        assert [int(line[4:].split("/")[0]) for line in lines] == [*range(1, brief + 1), steps]
        assert ("…" in [line.strip() for line in shown.splitlines()]) == (steps == 14)


def test_a_watched_value_tells_twenty_changes_and_the_last():
    a = Value(2.0, "a")
    total = sum((a * float(k) for k in range(2, 31)), a * 1.0)
    _, shown = play(start(total), "watch a", "c")
    told = [line for line in shown.splitlines() if line.startswith("  watch")]
    assert len(told) == 21
    assert told[19].endswith("(20 of 30)")
    assert told[20].endswith("(30 of 30)")


def test_an_edit_prints_forty_changes_and_how_many_more():
    """Of x and 41 sines all change; of x and 39 all fit."""
    for length, more in ((39, 0), (41, 2)):
        state, _ = play(chain(length), f"goto fw {length}")
        record = state.record
        _, shown = play(state, "set x=0.25")
        rows = [line for line in shown.splitlines() if "→" in line and "grad" not in line]
        assert len(rows) == 40
        assert len(record.values) == length + 1
        assert ("more" in shown) == bool(more), shown
        assert not more or re.search(rf"\b{more}\b", shown.splitlines()[-1])


def test_continue_forgets_where_somebody_stopped_inside_a_node():
    inside, _ = play(start(load("@diamond")), "goto bw 0", "step")
    assert inside.stops
    for line in ("c", "goto bw 4", "until a"):
        after, _ = play(inside, line)
        assert after.stops == (), line
    ends = inside.timeline.ends
    back, _ = play(inside, "c", "back 3")
    assert back.timeline.place(back.at).done == ends[0]  # whole nodes


@pytest.mark.parametrize("number", ["-1", "−1", "+99"])
def test_a_step_that_is_not_there_is_said_whatever_the_minus(number):
    _, result = advance(start(load("@diamond")), f"goto {number}")
    assert "step" in result.text
    assert result.code == 5, result.text


def test_a_small_curvature_is_no_rounding():
    """(1 + h)² − 1 − 2h = h²: 10⁻¹² of the value is far above what rounding leaves."""
    _, shown = play(start(Value(1.0, "a") ** 2), "c", "nudge a 0.000001")
    left = float(re.search(r"difference.*= *(\S+)$", shown, re.MULTILINE)[1].replace("−", "-"))
    assert left == pytest.approx(1e-12, rel=1e-3, abs=0)
    _, shown = play(start(Value(1.0, "a") * 3.0), "c", "nudge a 0.1")
    assert re.search(r"difference.*= *0$", shown, re.MULTILINE), shown


@pytest.mark.parametrize(("leaves", "named"), [(6, "a0, a1, a2, a3, a4, a5"), (7, "a4, a5, …")])
def test_a_computed_value_names_up_to_six_leaves_to_set(leaves, named):
    total = sum((Value(float(k), f"a{k}") for k in range(1, leaves)), Value(0.0, "a0"))
    total.label = "L"
    _, result = advance(start(total), "set L=3")
    assert named in " ".join(result.text.split())


def test_a_break_on_gradients_lets_values_pass_and_dead_means_every_entry():
    a = Value(100.0, "a")
    state, _ = play(start(a * 2.0), "break absg>50", "c")
    assert state.place.phase == "backward"
    for data, stops in (([-1.0, 2.0], False), ([-1.0, -2.0], True)):
        y = tensor(data, "v").relu().sum()
        state, shown = play(start(y), "break dead", "c")
        assert ("dead" in shown) == stops


def test_a_session_ends_where_a_leaf_is_changed_meanwhile():
    x = tensor([2.0, 3.0], "x")
    session = stepper((x * x).sum())
    session.forward()
    x.data[0] = 7.0
    for ask in (session.next, lambda: session.value("x"), lambda: session.grad("x")):
        with pytest.raises(InputError, match="the data of x was changed"):
            ask()
    assert "the data of x was changed" in repr(session)


def test_its_check_says_what_it_could_not_judge():
    said = str(stepper(load("L=a+b; a=0.1; b=1e18")).run("check"))
    assert "differences cannot tell about a" in said


def test_zero_leaves_each_run_its_own_stream():
    """The runs before and after shared the steps of one list, so that why counted steps twice."""
    state, _ = play(start(load("@diamond")), "forward", "zero", "bw", "n", "why f", "why c", "c")
    assert gradient(state, state.record.find("a")) == 4
