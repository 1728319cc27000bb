"""The stepper's commands: moving both ways, breakpoints, reasons, what-ifs, on known truth.

Truth comes from the engine's own `backward` cut at a step, from published numbers, from
formulas, and from recordings made anew with other numbers.
"""

import itertools
import math
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quick import one_in
from work import at_most

from backviz import Value, backward_steps, load, tape, tensor
from backviz.autodiff.backward import accumulate, seed_for
from backviz.ops import OPS
from backviz.sources import EXAMPLES
from backviz.stepping.commands import advance
from backviz.stepping.look import Look, painted
from backviz.stepping.paths import count_paths, paths_to
from backviz.stepping.session import Stepper
from backviz.stepping.state import arrived, gradient, gradients, start
from backviz.stepping.vocabulary import COMMANDS
from backviz.telling.record import Record
from backviz.telling.run import Run
from backviz.text import NumberStyle


def play(state, *lines):
    """The state after some lines, and the text of the last."""
    text = ""
    for line in lines:
        state, result = advance(state, line)
        assert result.code in (0, 6), result.text
        text = result.text
    return state, text


def said(source, *lines, **look):
    return play(start(load(source), Look(**look)), *lines)[1]


def refused(source, *lines, code=5):
    state, _ = play(start(load(source)), *lines[:-1])
    after, result = advance(state, lines[-1])
    assert result.code == code, result
    assert result.text.startswith("! ")
    assert (after.at, after.runs, after.breaks) == (state.at, state.runs, state.breaks)
    return result.text


def same(a, b):
    return (a.at, a.passes, a.stops, a.number, a.runs) == (
        b.at,
        b.passes,
        b.stops,
        b.number,
        b.runs,
    )


def numbers(state):
    """Everything that the present place shows, to the bit."""
    shown = [(v.data, gradient(state, i)) for i, v in enumerate(state.run.values)]
    return [(np.asarray(x).tobytes(), g if g is None else np.asarray(g).tobytes())
            for x, g in shown]  # fmt: skip


def cut_backward(output, done):
    """The gradients after the first `done` contributions, by the engine's own stream."""
    found = {output.serial: 1.0 if seed_for(output) is None else seed_for(output)}
    parts = (c for s in backward_steps(output, seed_for(output)) for c in s.contributions)
    for part in itertools.islice(parts, done):
        found[part.input.serial] = accumulate(found.get(part.input.serial), part.value)
    return [found.get(v.serial) for v in tape(output)]


# The order of the stream --------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_record_foretells_the_stream_and_the_last_place_has_its_gradients(name):
    output = load(f"@{name}")
    record = Record(output)
    index = {v.serial: i for i, v in enumerate(record.values)}
    steps = [s for s in backward_steps(output, seed_for(output)) if s.contributions]
    assert [index[s.node.serial] for s in steps] == list(record.heads)
    parts = [c for s in steps for c in s.contributions]
    assert [index[c.input.serial] for c in parts] == list(record.targets)
    assert [c.position for c in parts] == list(record.positions)
    state, _ = play(start(output), "continue")
    output.backward(seed_for(output))
    for i, value in enumerate(record.values):
        np.testing.assert_array_equal(gradient(state, i), value.grad)


def test_every_place_shows_backward_cut_there_and_every_step_comes_back():
    output = load("@mazur")
    state = start(output)
    seen = []
    for _ in range(100):
        seen.append(state)
        state, _ = advance(state, "step")
        if same(state, seen[-1]):
            break
    assert len(seen) == state.timeline.end() + 1
    for each in seen[state.timeline.seed :]:
        truth = cut_backward(output, each.place.done)
        for i, gradient_here in enumerate(truth):
            np.testing.assert_array_equal(gradient(each, i), gradient_here)
    for each in reversed(seen[:-1]):
        state, _ = advance(state, "back")
        assert state.at == each.at
        assert numbers(state) == numbers(each)


def test_all_gradients_at_once_are_those_of_single_nodes_to_the_bit():
    for name in ("diamond", "mazur", "gates"):
        first = start(load(f"@{name}")).but(passes=2)
        for at in range(first.timeline.end(2) + 1):
            state = first.but(at=at)
            for node, found in enumerate(gradients(state, state.run)):
                single = gradient(state, node)
                assert (found is None) == (single is None)
                assert found is None or np.asarray(found).tobytes() == np.asarray(single).tobytes()


def test_back_and_next_come_to_the_same_state_also_inside_a_node():
    state = start(load("@diamond"))
    for line in ("n", "n 4", "s", "s", "n", "s", "s", "n 2"):
        state, _ = advance(state, line)
        there, _ = play(state, "back", "next")
        assert same(there, state), line
    counts = [play(state, f"back {k}")[0].at for k in range(1, 11)]
    one_by_one, at = [], state
    for _ in counts:
        at, _ = advance(at, "r")
        one_by_one.append(at.at)
    assert counts == one_by_one


def test_what_is_partial_is_told_from_what_is_complete():
    state, _ = play(start(load("@diamond")), "goto bw 2")
    a = state.record.find("a")
    assert arrived(state, a) == (1, 2)
    assert gradient(state, a) == 10
    listed = play(state, "list all")[1]
    assert re.search(r"a +2 +10 +partial \(1 of 2\)", listed)
    assert re.search(r"e = a·b +6 +— +value known", listed)
    assert re.search(r"--> .*f = a − c", listed)
    assert "not reached" in play(state, "restart", "list all")[1]
    assert "complete (2 of 2)" in play(state, "c", "list")[1]


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        (["forward"], ("forward", 4)),
        (["backward"], ("backward", 0)),
        (["n 3", "backward", "restart"], ("forward", 0)),
        (["goto 3"], ("forward", 3)),
        (["goto 6"], ("backward", 1)),
        (["goto bw 3"], ("backward", 3)),
        (["goto fw 2"], ("forward", 2)),
        (["until f"], ("forward", 3)),
        (["forward", "until f"], ("backward", 2)),
        (["until a"], ("backward", 4)),
        (["goto d"], ("forward", 2)),
        (["n 2  # a remark", "# one more"], ("forward", 2)),
        (["c"], ("backward", 4)),
        (["n 999999"], ("backward", 4)),
        (["c", "r 999999"], ("forward", 0)),
        (["n", "", ""], ("forward", 3)),
    ],
)
def test_moves(lines, place):
    state, _ = play(start(load("@diamond")), *lines)
    assert (state.place.phase, state.place.step) == place


def test_enter_repeats_moves_and_nothing_else():
    state, _ = play(start(load("@diamond")), "n", "why a", "")
    assert state.at == 1


# One step on the screen -----------------------------------------------------------------


def test_a_backward_step_is_laid_out_as_promised():
    shown = said("q=x+y; c=q*z; x=-2; y=5; z=-4", "goto bw 1", encoding="ascii")
    assert shown.splitlines() == [
        "(bw 1/2)  --> c = q*z             [mul]   q: 3   z: -4   c: -12",
        "  upstream  dc/dc            =  1",
        "  local     dc/dq = z        = -4        dc/dz = q = 3",
        "  gives     q.grad += 1*(-4) = -4        z.grad += 1*3 = 3",
        "  totals    q.grad -4 (1 of 1)           z.grad 3 (1 of 1)",
        "  rule      Swaps its inputs: each one's local derivative is the other's value.",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "ascii", "cp866"])
@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("name", one_in(9, EXAMPLES))
def test_nothing_is_wider_than_80_columns_in_any_encoding(name, lang, encoding):
    state = start(load(f"@{name}"), Look(encoding=encoding, lang=lang))
    nodes = state.record.names
    lines = ["where", "help", "h break", "forward", "n", "list all", "c", "list all", "where"]
    lines += [f"{word} {node}" for node in nodes[:8] for word in ("why", "local", "print")]
    lines += [f"set {nodes[0]}=1", "diff", "undo", f"nudge {nodes[1]}", "check", "restart"]
    lines += ["n"] * 2 * len(nodes)
    for line in lines:
        state, result = advance(state, line)
        for shown in result.lines:
            shown.encode(encoding)
            assert len(shown) <= 80, (line, shown)


def test_broadcasts_and_products_are_told_with_shapes():
    x, w, b = tensor(np.ones((4, 2)), "x"), tensor(np.ones((2, 3)), "w"), tensor([1.0, 2, 3], "b")
    h = x @ w + b
    h.label = "h"
    state, shown = play(start(h), "goto bw 1")
    assert "b: (3,) summed over axis 0 of (4, 3)" in shown
    assert re.search(r"b.grad +\[4  4  4\] \(1 of 1\)", shown)
    shown = play(state, "n")[1]
    assert "x (4, 2) @ w (2, 3) → n3 (4, 3)" in shown
    assert "w.grad += xᵀ @ ∂h/∂n3" in shown
    assert "x.grad += ∂h/∂n3 @ wᵀ" in shown


def test_colour_adds_escapes_and_nothing_else():
    shown = said("@diamond", "goto bw 2")
    for line in shown.splitlines():
        assert re.sub(r"\x1b\[\d*m", "", painted(line)) == line
    assert "\x1b[1m-->" in "".join(map(painted, shown.splitlines()))


def test_every_command_says_what_it_is_for():
    for name, command in COMMANDS.items():
        assert command.about, name


def test_every_command_has_an_example_that_runs():
    source = "d=a*b; L=tanh(d)*a; a=2; b=3"
    for command in COMMANDS.values():
        state = start(load(source))
        lines = {"answer -6": ["quiz", "answer -6"], "clear 1": ["b nan", "clear 1"],
                 "before": ["update 0.1", "before"], "hint": ["quiz", "hint"],
                 "skip": ["quiz", "skip"],
                 "epoch 3": [*["update 0.1"] * 3, "epoch 3"]}  # fmt: skip
        example = command.example.replace("W1[0, :]", "a")
        if command.name == "epoch":
            lines[example] = ["update 0.1"] * 3 + [example]
        _, result = advance(*[play(state, *lines.get(example, [example])[:-1])[0]]
                            if example in lines else [state], example)  # fmt: skip
        assert result.code == (4 if example == "diagnose" else 0), (command.name, result.text)
        assert command.name in said(source, "help")
        assert example.split()[0] in said(source, f"help {command.name}")


# Reasons ----------------------------------------------------------------------------------


def test_why_lists_the_products_of_the_diamond_and_they_sum_to_four():
    shown = said("@diamond", "backward", "n", "why a")
    assert "∂L/∂a = 4   the sum over 2 paths" in shown
    assert "a ← e ← d ← L      ∂L/∂d·∂d/∂e·∂e/∂a = (−2)·1·3 = −6" in shown
    assert "a ← f ← L          ∂L/∂f·∂f/∂a = 10·1 = 10" in shown
    assert "sum  −6 + 10 = 4" in shown
    assert "so far 0 of 2 parts have come" in shown
    assert "so far" not in said("@diamond", "c", "why a")


@pytest.mark.parametrize(
    "name", ["diamond", "mazur", "mazur-scalar", "micrograd", "order", "gates"]
)
def test_paths_are_all_there_and_add_up_to_the_gradient(name):
    run = Run(Record(load(f"@{name}")))
    for node, value in enumerate(run.values):
        whole = run.whole(node)
        if value.op is None and whole is not None:
            ways = count_paths(run, node)
            paths = list(paths_to(run, node, ways))
            assert len(paths) == ways[run.record.last] == len({p.uses for p in paths})
            np.testing.assert_allclose(sum(p.parts[-1] for p in paths), whole, rtol=1e-12)


def test_too_many_paths_are_said_to_be_and_single_ones_can_be_asked_for():
    a = Value(1.0, "a")
    y = a
    for _ in range(60):
        y = y + y
    y.label = "y"
    state, shown = play(start(y), "c", "why a")
    assert "more than 10,000 paths" in shown
    assert "too many to list" in shown
    assert "∂y/∂a = 1.153e18" in shown  # 2**60
    one = play(state, "why a 10000")[1]
    assert one.startswith("path 10000:")
    assert len(one.splitlines()) < 40
    code, text = advance(state, "why a 10001")[1].code, advance(state, "why a 10001")[1].text
    assert code == 5
    assert "paths 1 to" in text


def test_uses_beyond_the_list_are_one_number():
    a = Value(2.0, "a")
    y = a * 1.0
    for k in range(2, 31):
        y = y + a * float(k)
    shown = play(start(y), "c", "why a")[1]
    assert "and 18 more uses, together 171" in shown  # 30 + 29 + … − 12 first by the pass
    assert 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 + 11 + 12 + 13 + 14 + 15 + 16 + 17 + 18 == 171


def test_where_no_gradient_comes_it_is_said():
    assert "no gradient comes here" in said("L=a**2; a=3", "c", "why n1")
    assert "the result itself" in said("@diamond", "why L")


# What-if -----------------------------------------------------------------------------------


def test_an_edit_equals_a_recording_with_that_number_and_undo_is_exact():
    source = "e=a*b; d=e+c; f=a-c; L=tanh(d*f/100); a={}; b=3; c=4"
    state, _ = play(start(load(source.format(2))), "c")
    before = numbers(state)
    edited, shown = play(state, "set a=5")
    truth, _ = play(start(load(source.format(5))), "c")
    assert numbers(edited) == numbers(truth)
    assert re.search(r"a +2 +→ +5\n", shown)
    back, _ = play(edited, "undo")
    assert numbers(back) == before
    assert back.run is state.run
    again, _ = play(back, "redo")
    assert numbers(again) == numbers(truth)
    reset, _ = play(again, "reset")
    assert numbers(reset) == before
    assert numbers(play(reset, "undo")[0]) == numbers(truth)
    assert play(reset, "diff")[1] == "nothing differs"


def test_the_recorded_values_are_never_written():
    output = load("@mazur")
    kept = [(np.array(v.data), v.label, v.serial, v.origin) for v in tape(output)]
    play(start(output), "c", "set W1[0, 1]=9", "set b1=-1", "nudge W2[0,0] 0.1", "check", "undo")
    for value, (data, label, serial, origin) in zip(tape(output), kept, strict=True):
        np.testing.assert_array_equal(value.data, data)
        assert (value.label, value.serial, value.grad) == (label, serial, None)
        assert value.origin is origin


def test_entries_and_slices_can_be_set_and_printed():
    state, _ = play(start(load("@mazur")), "set W1[0, 1]=-2*3", "set W2[:, 0] = 0")
    values = {state.record.names[i]: v.data for i, v in enumerate(state.run.values)}
    assert values["W1"][0, 1] == -6
    np.testing.assert_array_equal(values["W2"], [[0, 0.45], [0, 0.55]])
    assert "W1[0, 1] = −6" in play(state, "p W1[0, 1]")[1]
    assert "W1.grad[0, 1] = —" in play(state, "p W1[0, 1]")[1]


def test_a_nudge_is_predicted_by_the_gradient_up_to_the_second_order():
    shown = said("L=a**3; a=2", "nudge a 0.1")
    assert "∂L/∂a·h = 12·0.1" in shown
    assert "1.2" in shown
    assert "8 → 9.261" in shown
    assert "= 0.061" in shown  # 3·2·h² + h³
    inner = said("e=a*b; L=e*e; a=2; b=3", "nudge e 0.5")
    assert "36 → 42.25" in inner


def test_check_agrees_and_finds_a_planted_wrong_rule(monkeypatch):
    state = start(load("L=tanh(a)*a; a=0.3"))
    assert "ok" in play(state, "check a")[1]
    wrong = (lambda out, x: 1 - out,)
    object.__setattr__(OPS["tanh"], "rules", wrong + OPS["tanh"].rules[1:])
    try:
        _, result = advance(start(load("L=tanh(a)*a; a=0.3")), "check")
    finally:
        object.__setattr__(OPS["tanh"], "rules", (lambda out, x: 1 - out**2,))
    assert result.code == 4
    assert "WRONG" in result.text


# More than one pass ------------------------------------------------------------------------


def test_a_second_pass_adds_up_on_leaves_as_backward_does():
    output = load("@diamond")
    state, shown = play(start(output), "c", "backward")
    assert "pass 2" in shown
    assert "leaves keep" in shown
    state, _ = play(state, "c")
    output.backward()
    output.backward()
    for i, value in enumerate(tape(output)):
        assert gradient(state, i) == value.grad
    back, _ = play(state, "back 5")
    assert gradient(back, back.record.find("a")) == 4
    zeroed, _ = play(state, "zero")
    assert all(gradient(zeroed, i) is None for i in range(len(zeroed.record.values)))
    assert zeroed.place.phase == "forward"


# Breakpoints --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "what", "places"),
    [
        ("@diamond", "d", [2, 11]),
        ("@diamond", "op:mul", [1, 4, 7, 13]),
        ("@diamond", "shared", [9, 11, 13]),
        ("@diamond", "absg>9", [7, 9]),
        ("@diamond", "|g|>9.5", [7, 9]),
        ("@diamond", "absg>=10", [7, 9]),
        ("@diamond", "|g|<3", [7, 11]),
        ("@diamond", "absg > 10−1", [7, 9]),
        ("@diamond", "a.grad > 5", [9, 11]),
        ("@diamond", "if abs(L) > 19", [4, 7, 9, 11, 13]),
        ("@diamond", "a", [13]),
        ("L=log(x)*2; x=-1", "nan", [1, 2]),
        ("L=1/x+y; x=0; y=1", "inf", [1, 2, 6]),
        ("L=tanh(x)+tanh(y); x=9; y=0.1", "sat", [1, 8]),
        ("L=relu(x)+relu(y); x=-1; y=1", "dead", [1, 8]),
    ],
)
def test_breakpoints_stop_where_they_should(source, what, places):
    state, _ = play(start(load(source)), f"break {what}")
    stops = []
    for _ in range(20):
        state, result = advance(state, "c")
        if "stopped at" not in result.text:
            break
        stops.append(state.at)
    assert stops == places


def test_breaks_are_listed_and_cleared_and_watches_tell_changes():
    state, shown = play(start(load("@diamond")), "b nan", "b d", "b")
    assert shown.split() == ["1", "nan", "2", "d"]
    state, _ = play(state, "clear 1")
    assert [b.text for b in state.breaks] == ["d"]
    state, _ = play(state, "clear")
    state, shown = play(state, "watch a", "backward")
    assert "watch" not in shown
    shown = play(state, "c")[1]
    assert "(bw 2/4) a = 2, a.grad — → a = 2, a.grad 10 (1 of 2)" in shown
    assert "a = 2, a.grad 10 (1 of 2) → a = 2, a.grad 4 (2 of 2)" in " ".join(shown.split())


def test_nan_gives_the_exit_code_of_nan():
    _, result = advance(play(start(load("L=log(x); x=-1")), "b nan")[0], "c")
    assert result.code == 6


# Wrong use -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "code", "words_"),
    [
        (["nxt"], 2, "did you mean 'next'?"),
        (["qwerty"], 2, "help lists the commands"),
        (["why bb"], 5, "unknown node 'bb'; did you mean 'b'?"),
        (["why"], 5, "write it as why NODE"),
        (["next 0"], 5, "is no number of steps"),
        (["back x"], 5, "is no number of steps"),
        (["goto 99"], 5, "there is no step 99; use 0 to 9"),
        (["goto bw 9"], 5, "there is no step 9; use 0 to 4"),
        (["until e", "until e", "until e"], 5, "e is not ahead"),
        (["set e=1"], 5, "e is computed (a·b), so it cannot be set; set one of a, b"),
        (["set a"], 5, "set a=5"),
        (["set a=x"], 5, "x is no number"),
        (["set a=[1, 2]"], 5, "has shape (), but the value has (2,)"),
        (["set a[0]=2"], 5, "there is no such entry"),
        (["set a=eval(1)"], 5, "unknown function"),
        (["set a="], 5, "set a=5"),
        (["p a[x]"], 5, "is no index"),
        (["break op:tnah"], 2, "did you mean 'tanh'?"),
        (["break a > b and c + 1"], 5, "one comparison"),
        (["break a.b > 1"], 5, "unknown node 'a.b'"),
        (["break abs(a).b > 1"], 5, "attributes are not allowed"),
        (["break a[b] > 1"], 5, "is no index"),
        (["p a.__class__"], 5, "unknown node"),
        (["p a + zz"], 5, "unknown node 'zz'"),
        (["p a + "], 5, "cannot be read"),
        (["p open(a)"], 5, "unknown function"),
        (["break zz > 1"], 5, "unknown node 'zz'"),
        (["break (a > 1"], 5, "cannot be read"),
        (["clear 3"], 5, "there is no break 3"),
        (["nudge a 0"], 5, "by how much"),
        (["answer 3"], 5, "nothing was asked"),
        (["help nope"], 2, "unknown command"),
        (["save"], 5, "needs a file name"),
        (["c", "why a 7"], 5, "a has paths 1 to 2"),
        (["set a=5", "undo 3"], 2, "undo stands alone, without '3'"),
        (["continue d"], 2, "continue stands alone"),
        (["goto -1"], 5, "there is no step -1; use 0 to 9"),
        (["goto bw"], 5, "goto bw 1"),
        (["set a.grad=3"], 5, "a gradient follows from the values"),
        (["break a > [1, 2]", "break [1, 2, 3] > [1, 2]"], 5, "shapes (3,) and (2,)"),
        (["save a\0.svg"], 5, "needs a file name"),
    ],
)
def test_wrong_use_is_one_sentence_and_changes_nothing(lines, code, words_):
    text = " ".join(refused("@diamond", *lines, code=code).split())
    assert words_ in text


def test_one_value_and_no_gradient_at_all():
    state, shown = play(start(load("a; a=3")), "n", "n")
    assert "the end" in shown
    constant = Value(2.0, requires_grad=False) * 3
    state, shown = play(start(constant), "n", "n")
    assert "no backward pass" in shown
    assert advance(state, "backward")[1].code == 5
    assert advance(state, "check")[1].code == 5


def test_a_node_named_like_a_command_can_be_set():
    state, _ = play(start(load("@diamond")), "c = 5")
    assert (state.at, state.run.edits) == (0, {state.record.find("c"): 5.0})
    assert play(state, "b=4")[0].run.edits[1] == 4
    assert "c = 5" in play(state, "print c")[1]


def test_a_gradient_is_understood_by_its_name_and_a_number_names_the_same_node():
    for line in ("print c", "c.grad", "p c.grad", "p n3", "n3"):
        assert said("@diamond", "goto bw 2", line).split()[:6] == [
            *("c", "=", "4", "c.grad", "=", "−10"),
        ]
    assert said("@diamond", "why a.grad") == said("@diamond", "why a")
    assert said("@mazur", "c", "p n1.grad[1, −1]") == said("@mazur", "c", "p W2[1,-1]").replace(
        "[1,-1]", "[1, −1]"
    )


def test_numbers_are_read_as_the_screens_show_them_and_lists_may_compute():
    state, _ = play(start(load("@diamond")), "set a=−2·4")
    assert state.run.edits == {0: -8.0}
    state, _ = play(state, "set a=−inf")
    assert state.run.edits == {0: -math.inf}
    assert play(state, "set a=nan")[0].run.edits[0] != 0
    assert "predicted" in said("@diamond", "nudge a −0.5")
    state, _ = play(start(load("@mazur")), "W1[0, :] = [1, -pi/2]")
    assert state.run.values[state.record.find("W1")].data.tolist()[0] == [1, -math.pi / 2]


def test_a_nudge_into_infinity_differs_by_infinity():
    assert said("L=log(a); a=1", "nudge a -1").endswith("= −∞")


def test_every_backward_step_says_its_rule():
    """Also where the rule fits beside the totals."""
    for name in EXAMPLES:
        state = start(load(f"@{name}"))
        state, _ = play(state, "backward")
        while state.at < state.timeline.end():
            state, shown = play(state, "n")
            assert re.search(r"\brule\b", shown), shown
    beside = said("L=-x; x=3", "c").splitlines()
    assert beside[-2].endswith("rule: Changes the sign of the gradient.")


def test_a_layer_is_told_as_product_and_sum():
    x, w, b = tensor([[1.0, 2.0]], "x"), tensor([[1.0], [3.0]], "W"), tensor([0.5], "b")
    shown = play(start(OPS["linear"](x, w, b)), "c")[1]
    assert "x (1, 2) @ W (2, 1) + b (1,) → n3 (1, 1)" in shown


# Size ---------------------------------------------------------------------------------------


def test_ten_thousand_steps_are_instant():
    x = Value(0.5, "x")
    y = x
    for k in range(10_000):
        y = y * 0.999 if k % 2 else y + x
    state = start(y)
    with at_most(500_000):  # some 50 a node for all of it
        state, _ = advance(state, "next 20000")
        for line in ("back 15000", "next 15000", "step 100", "back 30", "list", "why x", "where"):
            state, _ = advance(state, line)
    y.backward()
    state, _ = advance(state, "c")
    assert gradient(state, 0) == x.grad


# Random sessions -----------------------------------------------------------------------------

UNARY = ["tanh", "exp", "relu", "sum", "neg", "log"]
program = st.tuples(
    st.lists(st.sampled_from([(), (3,), (2, 3)]), min_size=1, max_size=3),
    st.lists(
        st.tuples(
            st.sampled_from([*UNARY, "add", "mul", "sub"]), st.integers(0, 99), st.integers(0, 99)
        ),
        min_size=1,
        max_size=10,
    ),
    st.integers(0, 2**32 - 1),
)


def recorded(made):
    """A random computation with reused values."""
    shapes, steps, seed = made
    rng = np.random.default_rng(seed)
    values = [tensor(rng.uniform(-2, 2, s), f"x{i}") for i, s in enumerate(shapes)]
    for op, i, j in steps:
        a, b = values[i % len(values)], values[j % len(values)]
        values.append(OPS[op](a) if op in UNARY else OPS[op](a, b))
    output = values[-1]
    for value in values[len(shapes) : -1]:
        output = output + value.sum()
    return output


@settings(max_examples=200, deadline=None, derandomize=True)
@given(program, st.lists(st.sampled_from(["n", "s", "n 2", "s 3"]), max_size=30))
def test_as_many_steps_back_as_forward_lead_to_the_start(made, moves):
    first = start(recorded(made))
    seen, state = [first], first
    for move in moves:
        state, _ = advance(state, move.partition(" ")[0])
        if state.at != seen[-1].at:
            seen.append(state)
    truth = cut_backward(first.run.output, state.place.done)
    if state.place.phase == "backward":
        for i, there in enumerate(truth):
            np.testing.assert_array_equal(gradient(state, i), there)
    for before in reversed(seen[:-1]):
        state, _ = advance(state, "back")
        assert state.at == before.at
    assert state.at == 0
    assert numbers(state) == numbers(first)


PHRASES = [
    *["next", "step", "back", "continue", "until {n}", "goto {k}", "goto bw {k}", "forward"],
    *["backward", "restart", "break {n}", "break nan", "break inf", "break sat", "break dead"],
    *["break shared", "break absg>{k}", "break {n}.grad > {k}", "break {n} < 1", "break op:add"],
    *["break {n}*{n} > abs({n})", "clear", "clear 1", "watch {n}", "list", "list all"],
    *["print {n}", "print {n}[0]", "print {n}[:, 1]", "local {n}", "why {n}", "why {n} {k}"],
    *["where", "set {n}={k}", "set {n}[0]=-1.5", "set {n}=[1, 2, 3]", "set {n}=1/0", "undo"],
    *["redo", "diff", "reset", "nudge {n} 0.01", "check", "zero", "quiz", "answer {k}", "{k}"],
    *["(3,)", "history", "help", "help why", "next {k}", "back {k}", "step {k}", "{n}", ""],
    *["nonsense", "why", "set", "show", "draw", "quit", "source nowhere", "record x"],
]
phrase = st.tuples(st.sampled_from(PHRASES), st.integers(0, 15), st.integers(0, 12))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(program, st.lists(phrase, max_size=25))
@pytest.mark.filterwarnings("ignore")
def test_no_sequence_of_commands_crashes(made, lines):
    state = start(recorded(made))
    names = state.record.names
    for line, n, k in lines:
        before = state
        state, result = advance(state, line.format(n=names[n % len(names)], k=k))
        assert 0 <= state.at <= state.timeline.end(state.passes)
        assert all(len(shown) <= 80 for shown in result.lines), result.text
        if result.code not in (0, 4, 6):
            assert same(state, before)
            assert result.text.startswith("! ")


def test_the_object_answers_like_the_prompt():
    L = load("@diamond")
    s = Stepper(L)
    s.goto("bw 4")
    assert s.grad("a") == 4
    assert "sum  −6 + 10 = 4" in repr(s.why("a"))
    s.set(a=5)
    assert s.value("L") == (5 * 3 + 4) * (5 - 4)
    assert s.undo().state.run is s.state.original
    with pytest.raises(ValueError, match="did you mean"):
        s.why("aa")
    with pytest.raises(ValueError, match="unknown node 'zz'"):
        s.set(a=1, zz=2)
    assert s.value("a") == 2
    for wrong in ("x", None, [1, [2]]):
        with pytest.raises(ValueError, match="a is a number or an array here"):
            s.set(a=wrong)
    assert math.isnan(s.set(a=float("nan"), b=4).state.run.values[0].data)
    assert s.undo().state.run is s.state.original
    assert "predicted" in repr(s.nudge("a", np.float64(0.1)))
    with pytest.raises(ValueError, match="digits"):
        Stepper(L, digits=-3)
    with pytest.raises(ValueError, match="not a float"):
        Stepper(3.0)
    s.break_at("f")
    s.restart()
    assert "f = a − c" in repr(s.go_on())


def test_the_object_takes_large_arrays_and_gives_copies():
    w = tensor(np.ones((30, 40)), "w")
    s = Stepper((w * w).sum())
    s.go_on()
    s.set(w=np.full((30, 40), 1 / 3))
    assert s.value("w").tolist() == [[1 / 3] * 40] * 30
    s.grad("w")[:] = 7
    assert s.grad("w").tolist() == [[2 / 3] * 40] * 30


# Numbers, wide letters, Russian ---------------------------------------------------------------


@given(st.floats(1e-300, 1e300), st.integers(1, 12))
def test_zeros_at_the_end_say_how_exact_a_number_is(x, digits):
    shown = NumberStyle(digits).format(x).replace("−", "-")
    mantissa = shown.partition("e")[0].replace(".", "").lstrip("0")
    exact = abs(float(shown) - x) <= 1e-9 * x
    assert exact or len(mantissa) >= digits
    assert abs(float(shown) - x) <= 0.51 * 10.0 ** (math.floor(math.log10(x)) - digits + 1)


def test_small_and_large_numbers_keep_their_digits_alike():
    style = NumberStyle(4)
    for exponent in (-9, -6, -4, -3, -1, 1, 7, 12):
        mantissa = style.format(float(f"1.35027e{exponent}")).partition("e")[0]
        assert len(mantissa.replace(".", "").lstrip("0")) == 4, mantissa
    assert style.format(1.5e-6) == "1.5e−6"


WIDE = ("重み", "勾配の値", "🐍🐍", "入力データ層その一", "학습률", "e\u0301")


def display_width(text):
    """Columns of a console, by the terminal's own tables (UAX 11)."""
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_wide_letters_stay_within_the_console_and_its_columns(lang):
    a, b = Value(1 / 3, WIDE[0]), Value(2 / 7, WIDE[1])
    x = tensor(np.arange(9.0).reshape(3, 3) / 7e5, WIDE[2])
    c = a * b
    c.label = WIDE[3]
    d = (x * c).tanh()
    d.label = WIDE[4] * 6
    state = start((d @ x).sum() + a * c + c, Look(lang=lang))
    for line in ["n", "n 2", "s", "c", "list all", "goto bw 2", f"why {WIDE[0]}",
                 f"why {WIDE[0]} 1", f"local {d.label}", f"set {WIDE[0]}=5", "diff", "check",
                 f"nudge {WIDE[0]} 0.01", "where", "restart", "n 30"]:  # fmt: skip
        state, result = advance(state, line)
        assert max(map(display_width, result.lines)) <= 80, line


def test_columns_stand_under_each_other_behind_wide_letters():
    a, b = Value(2.0, WIDE[0]), Value(3.0, WIDE[5])
    c = a * b
    c.label = WIDE[3]
    state, _ = play(start(c), "c", f"set {WIDE[0]}=5")
    diff = play(state, "diff")[1].splitlines()
    assert len(diff) == 3
    assert len({display_width(s.partition("→")[0]) for s in diff}) == 1
    check = play(state, "check")[1].splitlines()
    assert len({display_width(s[: re.search(r"\d(\.\d)?e−\d", s).start()]) for s in check[1:]}) == 1
    tape = play(state, "list all")[1].splitlines()
    last = re.compile(r"edited|complete")
    assert len({display_width(s[: last.search(s).start()]) for s in tape}) == 1


@pytest.mark.parametrize(
    ("op", "kept"), [("relu6", "Между 0 и 6 градиент проходит"), ("selu", "При x > 0 проходит")]
)
def test_rules_are_in_the_language_of_the_session(op, kept):
    text = said(f"L={op}(a)*b; a=0.5; b=2", "c", lang="ru")
    assert f"правило   {kept}" in text
    assert said(f"y={op}(a); L=y*b; a=0.5; b=2", "local y", lang="ru").count("правило") == 1


@pytest.mark.parametrize(
    "source", ["L=a*b; a=2; b=3", "L=sum(x@y); x=[[1]]; y=[[2]]", "L=exp(a); a=1"]
)
def test_a_russian_step_has_no_english_sentence(source):
    for line in ("n", "c", "local L", "check"):
        shown = said(source, line, lang="ru")
        words_of = set(re.findall(r"[A-Za-z]{4,}", shown))
        assert words_of <= {"grad", "matmul", "restart", "goto", "back", "backward"}, (line, shown)


def test_the_table_of_check_is_in_the_language_of_the_session():
    assert said("L=relu(a)*b; a=0; b=2", "check", lang="ru").splitlines()[1].endswith("излом")
    lines = said("@diamond", "check", lang="ru").splitlines()
    assert lines[0].split("  ")[0] == "порядок"
    assert all(line.endswith("верно") for line in lines[1:])
    english = said("@diamond", "check").splitlines()
    assert " ".join(english[0].split()) == ("order worst entry by the rule by differences error")
    assert all(line.endswith("ok") for line in english[1:])


def test_why_shows_shapes_of_products_and_of_what_was_broadcast():
    layer = "y=linear(x,W,b); L=sum(y); x=[[1,2],[3,4],[5,6]]; W=[[1,2],[3,4]]; b=[1,2]"
    for line in ("why W", "why W 1", "why b"):
        assert "x (3, 2) @ W (2, 2) + b (2,) → y (3, 2)" in said(layer, line)
    plain = "y=linear(x,W); L=sum(y); x=[1,2]; W=[[1,2,0],[3,4,1]]"
    assert "x (2,) @ W (2, 3) → y (3,)" in said(plain, "why x")
    bias = "y=x+b; L=sum(y); x=[[1,2],[3,4]]; b=[1,2]"
    assert "b: (2,) summed over axis 0 of (2, 2)" in said(bias, "why b")
    assert "summed" not in said(bias, "why x")
