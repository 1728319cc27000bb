"""`breakpoint` in the learner's own program: what it shows of it, and how it lets go."""

import re

import numpy as np
import pytest
from quick import one_in
from typing_person import CTRL_C, CTRL_D, typed_into

import backviz
from backviz import Value, stepper, tensor
from backviz.autodiff.passes import ADDED, passes_in
from backviz.errors import InputError
from backviz.stepping import entry
from backviz.stepping.conditions import read_condition
from backviz.stepping.program import inside, programmed
from backviz.stepping.state import start

LOOP = """
import backviz
w = backviz.Value(3.0)
for epoch in range({epochs}):
    loss = (w - 1) ** 2
    {before}
    loss.backward()
    backviz.breakpoint(loss{more})
print("the end:", w.grad)
"""


def loop(before="pass", epochs=3, more=""):
    return LOOP.format(before=before, epochs=epochs, more=more)


@pytest.fixture
def opened(monkeypatch):
    """The sessions that breakpoints open, as if somebody went on at once."""
    found = []
    monkeypatch.setattr(entry, "_at_terminal", lambda: True)
    monkeypatch.setattr(entry, "_off", [])
    monkeypatch.setattr(entry, "_passed", {})

    def note(output, called, where, lang=None):
        found.append(inside(start(output, None, called), where))

    monkeypatch.setattr(entry, "open_in_program", note)
    return found


# What it shows


def test_a_forgotten_zero_grad_is_seen_with_two_commands():
    code, shown = typed_into(loop(), ["c", "p w", "off"])
    assert code == 0
    first, second = shown.split("breakpoint at")[1:3]
    assert "zero_grad" not in first
    said = " ".join(second.split())
    assert "w.grad = 8; 4 was there before, this pass adds 4: pass 2, no zero_grad" in said
    assert shown.rstrip().endswith("the end: 12.0")
    assert shown.count("breakpoint at") == 2


@pytest.mark.parametrize("reset", one_in(3, ["w.grad = None", "w.grad = 0.0", "w.zero_grad()"]))
def test_a_loop_that_sets_its_gradients_to_0_is_told_nothing(reset):
    code, shown = typed_into(loop(reset), ["c", "c", "program", "c"])
    assert code == 0
    assert "zero_grad" not in shown.replace("w.zero_grad()", "")
    assert "program: w.grad = 4\n" in shown


def test_the_pass_begins_with_what_the_program_holds(opened):
    w = Value(3.0)
    for _ in range(2):
        loss = (w - 1) ** 2
        loss.backward()
        backviz.breakpoint(loss)
    s = stepper(loss)
    s._shell.state = opened[1]
    assert s.grad("w") == 4.0
    s.backward()
    assert s.until("w").step.parts[0].total == 8.0
    s.zero()
    assert s.grad("w") is None
    s.go_on()
    assert (s.grad("w"), w.grad) == (4.0, 8.0)


@pytest.mark.parametrize("make", [lambda: Value(3.0), lambda: tensor([[1.0, 2.0], [3.0, -1.0]])])
def test_passes_are_counted_and_what_was_there_before_is_exact(make, opened):
    w = make()
    parts = []
    for k in range(1, 4):
        loss = (w * (k * 0.1)).tanh().sum()
        before = w.grad
        loss.backward()
        parts.append(w.grad if before is None else w.grad - before)
        backviz.breakpoint(loss)
        (leaf,) = programmed(opened[-1]).leaves
        assert leaf.passes == passes_in(w) == k
        assert np.array_equal(leaf.now, w.grad)
        assert np.allclose(leaf.adds, parts[-1], rtol=1e-12)
        if k > 1:
            assert np.allclose(leaf.before, sum(parts[:-1]), rtol=1e-9)
    assert ADDED[w.serial][0] == 3
    w.grad = None
    loss.backward()
    assert passes_in(w) == 1 and w.serial not in ADDED


def test_gradients_of_an_earlier_pass_are_told_from_this_one_s_before_it_has_run(opened):
    w = Value(3.0)
    (w * 5).backward()
    loss = (w - 1) ** 2
    backviz.breakpoint(loss)
    text = " ".join(programmed(opened[0]).lines(opened[0].look))
    assert "w.grad = 5 from 1 earlier pass" in text and "adds 4" in text


def test_a_clipped_gradient_is_no_earlier_pass(opened):
    w = Value(3.0)
    loss = (w - 1) ** 2
    loss.backward()
    w.grad *= 0.25
    backviz.breakpoint(loss)
    assert programmed(opened[0]).leaves[0].before is None
    assert programmed(opened[0], all=False).lines(opened[0].look) == []
    said = " ".join(programmed(opened[0]).lines(opened[0].look))
    assert "w.grad = 1, where this pass adds 4: changed since" in said


@pytest.mark.parametrize("change", ["clip", "seed"])
@pytest.mark.parametrize("make", [lambda: Value(3.0), lambda: tensor([1.0, 2.0])])
def test_what_was_there_before_is_not_made_up_of_changed_gradients(make, change, opened):
    w = make()
    loss = (w * w).sum()
    loss.backward()
    loss = (w * w).sum()
    loss.backward(2.0 if change == "seed" else None)
    if change == "clip":
        w.grad = w.grad * 0.5
    backviz.breakpoint(loss)
    (leaf,) = programmed(opened[0]).leaves
    assert leaf.passes == 2 and leaf.before is None
    said = " ".join(" ".join(programmed(opened[0], all=False).lines(opened[0].look)).split())
    assert "of 2 passes and changed since, or of another seed" in said


def test_values_and_arrays_are_called_by_their_variables_and_nothing_is_written(opened):
    X, params = np.array([[1.0, 2.0], [3.0, 4.0]]), {"W": tensor([[0.5], [1.0]])}
    loss = (X @ params["W"]).sum()
    backviz.breakpoint(loss)
    backviz.breakpoint(loss, names=False)
    assert opened[0].record.names == ["params.W", "X", "n2", "loss"]
    assert opened[1].record.names == ["n0", "n1", "n2", "n3"]
    assert params["W"].label == loss.label == ""


def test_an_array_of_ones_is_not_taken_for_another(opened):
    mask, x = np.ones(2), np.array([1.0, 2.0])
    w = tensor([3.0, 4.0])
    loss = (w * np.ones(2) * x).sum()
    backviz.breakpoint(loss)
    assert opened[0].record.names == ["w", "n1", "n2", "x", "n4", "loss"]
    assert mask.sum() == 2


def test_own_labels_come_before_variables(opened):
    a, b = Value(2.0, "alpha"), Value(3.0)
    product = a * b
    backviz.breakpoint(product)
    assert opened[0].record.names == ["alpha", "b", "product"]


def test_everything_that_shows_takes_the_caller_s_names(tmp_path, capsys):
    x = np.array([1.0, 2.0])
    weights = tensor([3.0, 4.0])
    error = (weights * x).sum()

    def texts(*, names, weights=weights, x=x, error=error):  # its own variables
        backviz.show(error, names=names)
        backviz.save(error, tmp_path / "a.txt", names=names)
        backviz.step(error, "list all", names=names)
        drawn = backviz.render(error, "text", names=names).decode()
        steps = backviz.steps(error, names=names)
        return [capsys.readouterr().out, (tmp_path / "a.txt").read_text("utf-8"), drawn,
                str(backviz.stepper(error, names=names).run("list all")),
                " ".join(str(moment.alt) for moment in steps.moments)]  # fmt: skip

    for named, bare in zip(texts(names=True), texts(names=False), strict=True):
        assert "weights" in named and "error" in named and re.search(r"\bx\b", named)
        assert "weights" not in bare and "error" not in bare and not re.search(r"\bx\b", bare)
    assert weights.label == error.label == ""


# How it lets go


def test_c_runs_to_a_break_that_lies_ahead_and_else_goes_on():
    code, shown = typed_into(loop(epochs=1), ["b w", "c", "c"])
    assert code == 0
    assert "stopped at w" in shown and shown.count("step> ") == 3
    assert "the end: 4.0" in shown


@pytest.mark.parametrize("keys", one_in(4, [["q"], ["exit"], [CTRL_D], [CTRL_C, CTRL_C]]))
def test_who_leaves_ends_the_program(keys):
    code, shown = typed_into(loop(epochs=1000), keys)
    assert code in (130, -2)
    assert "KeyboardInterrupt" in shown and "the end" not in shown
    assert shown.count("breakpoint at") == 1


def test_one_ctrl_c_drops_the_line_and_says_so():
    code, shown = typed_into(loop(epochs=1), [CTRL_C, "where", CTRL_C, "c"])
    assert code == 0
    assert shown.count("Ctrl-C once more ends the program") == 2
    assert "the end: 4.0" in shown


def test_the_builtin_breakpoint_can_be_this_one():
    program = loop(epochs=1).replace("backviz.breakpoint(loss)", "breakpoint()")
    code, shown = typed_into(program, ["p loss", "c"], PYTHONBREAKPOINT="backviz.breakpoint")
    assert code == 0
    assert "loss = 4" in shown and "the end: 4.0" in shown


# When it opens


def test_it_opens_each_nth_time_after_some(opened):
    seen = []
    for k in range(20):
        L = Value(float(k)) * 2
        backviz.breakpoint(L, every=5, after=3)
        seen.append(len(opened))
    assert [k for k in range(20) if seen[k] > (seen[k - 1] if k else 0)] == [3, 8, 13, 18]


@pytest.mark.parametrize(
    ("when", "opens"),
    [(True, 6), (False, 0), ("L > 5", 3), ("L > 5 and w < 5", 2), ("max(abs(w.grad)) > 3", 0),
     (lambda value: value.data == 4, 1), ("not L > 5 or w == 5", 4)],
)  # fmt: skip
def test_it_opens_when_a_condition_holds(when, opens, opened):
    for k in range(6):
        w = Value(float(k))
        L = w * 2
        backviz.breakpoint(L, when=when)
    assert len(opened) == opens


@pytest.mark.parametrize(
    ("options", "said"),
    [({"every": 0}, "every is a whole number from 1 on, not 0"),
     ({"after": -1}, "after is a whole number from 0 on, not -1"),
     ({"when": "L >"}, "cannot be read"), ({"when": "zz > 1"}, "unknown node 'zz'"),
     ({"when": "open(L) > 1"}, "unknown function")],
)  # fmt: skip
def test_what_cannot_be_meant_is_one_sentence(options, said, opened):
    L = Value(1.0) * 2
    with pytest.raises(InputError, match=re.escape(said)):
        backviz.breakpoint(L, **options)
    assert not opened


# Expressions at the prompt


@pytest.mark.parametrize("text", [
    "a*b - a", "a.grad + b.grad", "max(abs(W))", "W[0, 1] * 2", "sum(W)", "W[1] @ W[0]", "-a**2",
    "W.grad[0, 0] + W[0, 0]", "mean(W.data)",
])  # fmt: skip
def test_print_computes_what_python_does(text):
    a, b, W = Value(2.0, "a"), Value(-3.0, "b"), tensor([[1.0, -4.0], [2.0, 0.5]], "W")
    L = (W * a).sum() * b
    s = stepper(L)
    s.go_on()
    L.backward()

    class Known:
        def __init__(self, value):
            self.data, self.grad = value.data, value.grad

    names = {"a": 2.0, "b": -3.0, "W": W.data, "max": np.max, "abs": np.abs, "sum": np.sum,
             "mean": np.mean}  # fmt: skip
    for name, value in (("a", a), ("b", b), ("W", W)):
        text_in_python = text.replace(f"{name}.grad", f"{name}_grad").replace(".data", "")
        names[f"{name}_grad"] = value.grad
        text = text_in_python
    expected = eval(text, {}, names)
    asked = re.sub(r"_grad", ".grad", text)
    assert np.allclose(s.run(f"print {asked}").value, expected)


def test_shapes_are_printed():
    s = stepper(tensor([[1.0, 2.0]], "W") * 2)
    assert s.run("p W.shape").value == (1, 2)
    assert s.run("p W.ndim").text == "W.ndim = 2"


def test_random_conditions_agree_with_python():
    rng = np.random.default_rng(5)
    for _ in range(300):
        a, b = (float(x) for x in rng.integers(-3, 4, 2))
        ops = rng.choice(["<", ">", "<=", ">=", "==", "!="], 3)
        joined = rng.choice(["and", "or"], 2)
        no = rng.choice(["", "not "], 3)
        text = (
            f"{no[0]}a {ops[0]} {rng.integers(-3, 4)} {joined[0]} {no[1]}b {ops[1]} a "
            f"{joined[1]} {no[2]}(a + b {ops[2]} {rng.integers(-3, 4)})"
        )
        expected = eval(text, {}, {"a": a, "b": b})
        assert read_condition(text).holds({"a": a, "b": b}) == expected, text
