"""A step is told once: every layout shows what the telling says, under one scheme of names."""

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import backviz
from backviz import Figure, Style, Value, tensor
from backviz.autodiff.backward import seed_for
from backviz.autodiff.finite import find_not_finite
from backviz.autodiff.orders import derivative, recorded_gradients
from backviz.cli import _run
from backviz.diagrams.steps import Steps
from backviz.lessons.op_page import record
from backviz.lessons.views import contributions
from backviz.ops import OPS
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.tables import TABLES, table
from backviz.telling.teller import Teller

PACKAGE = Path(backviz.__file__).parent
NAMES = re.compile(r"(?<!\w)hid(?!\w)(?!\s*\(n\d\))")  # one that is not told apart


def alike():
    """L = u·v + v of two leaves that are both called hid."""
    first, second = Value(2.0, "hid"), Value(3.0, "hid")
    total = first * second + second
    total.label = "L"
    total.backward()
    return total


def plain(data):
    """Bytes of a picture as text, without what a format writes around names."""
    text = data.decode() if isinstance(data, bytes) else data
    text = text.replace("\\(", "(").replace("\\)", ")").replace("\\ ", " ")
    text = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


# One telling ------------------------------------------------------------------------------


@pytest.fixture
def planted(monkeypatch):
    """A telling in which every contribution is 1000 too large, and so every total."""
    right = Teller.part

    def wrong(self, use, place):
        part = right(self, use, place)
        return replace(part, contribution=part.contribution + 1000, total=part.total + 1000)

    monkeypatch.setattr(Teller, "part", wrong)


def layouts(output):
    """Every text in which the contribution 3 to hid (n0) stands, by name."""
    s = backviz.stepper(output)
    steps, each = (
        Steps(Figure(output, Style())),
        Steps(Figure(output, Style()), pace="contribution"),
    )
    yield "slides", "\n".join(line for m in steps.moments for line in m.lines)
    yield "slides, each", "\n".join(line for m in each.moments for line in m.lines)
    yield "steps in words", repr(steps)
    yield "numbers in boxes", str([m.boxes["n0"].gradient for m in steps.moments])
    yield "player", BUILDERS["html"](steps)[0].decode()
    for name in TABLES:
        yield f"table {name}", table(output, name)
    yield "describe", backviz.describe(output)
    yield "prompt", s.run("goto bw 2").text
    yield "prompt as JSON", json.dumps(s.run("goto bw 2").data())
    yield "caption of the stepper", str(s.run("goto bw 2").svg())
    yield "lesson", str(contributions("hid (n0)")(output).rows)


def test_a_wrong_contribution_in_the_telling_is_seen_in_every_layout(planted):
    for name, text in layouts(alike()):
        assert "1003" in text, name


def test_it_is_seen_where_why_lists_uses(planted):
    x = Value(2.0, "x")
    assert "1003" in str(backviz.stepper(sum([x * 3.0 for _ in range(20)])).why("x"))


def test_without_it_no_layout_shows_that_number():
    for name, text in layouts(alike()):
        assert "1003" not in text, name


def test_a_table_writes_what_was_told_as_it_is_told():
    """The prompt's part, the caption and the row have the same formula, numbers, and use."""
    output = backviz.load("@diamond")
    output.backward()
    s = backviz.stepper(output)
    steps = iter(Steps(Figure(output, Style(fold="none")), pace="contribution").moments[-9:])
    captions = [m.lines[0] for m in steps if "+=" in m.lines[0]]
    rows = json.loads(table(output, "json"))["rows"]
    told = [
        part for k in range(1, 5) for part in s.run(f"goto bw {k}").data()["step"]["parts"]
    ]  # fmt: skip
    assert len(told) == len(rows) == len(captions) == 8
    for row, part, caption in zip(rows, told, captions, strict=True):
        assert (row["input"], row["contribution"], row["total"], row["use"], row["uses"]) == (
            part["to"], part["contribution"], part["total"], part["k"], part["m"]
        )  # fmt: skip
        assert row["rule"] == part["formula"]
        assert f"{part['grad']} += {part['formula']} = " in caption
        assert f"({part['k']} of {part['m']})" in caption


def test_what_an_earlier_pass_left_is_a_term_of_the_sum():
    """It said `1 + 2 ≈ 6` in the second pass, and nothing where there is one contribution."""
    a, b = Value(2.0, "a"), Value(-8.0, "b")
    output = a * b + b
    output.backward(retain_graph=True)
    output.backward()
    said = repr(Steps(Figure(output, Style())))
    assert "(1 of 1: (−8) + (−8) = −16)" in said and "(2 of 2: 3 + 1 + 2 = 6)" in said


def test_what_a_caption_has_no_room_for_is_told_by_player_table_and_description():
    x, w, b = tensor([[1.0, 2.0]], "x"), tensor([[1.0], [3.0]], "W"), tensor([0.5], "b")
    output = backviz.ops.linear(x, w, b).sum()
    output.backward()
    steps = Steps(Figure(output, Style(fold="none")))
    last, said = steps.moments[-1].lines, "∂n4/∂b += sum(∂n4/∂n3, axis=0)"
    assert last[-1].asides[-1] == "…+1" and not any(said in line for line in last)
    page = BUILDERS["html"](steps)[0].decode()
    (shown,) = re.findall(r'<div class="words".*?</div>', page, re.DOTALL)  # its last step
    assert said in shown and "…+1" not in shown
    assert said in repr(steps)
    assert "sum(∂n4/∂n3, axis=0)" in backviz.describe(output)
    assert "sum(∂n4/∂n3, axis=0)" in table(output, "md")


def test_no_code_takes_a_sentence_apart():
    """Three blanks and `where` are how lines print; whoever needs the parts has them as data."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                how = node.func.attr in ("split", "partition", "rpartition", "removesuffix")
                given = [a.value for a in node.args if isinstance(a, ast.Constant)]
                assert not (how and set(given) & {"   ", ": ", "   where ", "where"}), path
    for path in PACKAGE.rglob("*.js"):
        assert 'split("   ")' not in path.read_text("utf-8"), path


# One scheme of names ----------------------------------------------------------------------


@pytest.mark.parametrize("form", [f for f in RENDERERS if f not in ("png", "pdf", "svg")])
@pytest.mark.parametrize("fold", ["constants", "names"])
def test_pictures_in_every_format_tell_two_values_of_one_name_apart(form, fold):
    shown = plain(backviz.render(alike(), form, fold=fold))
    assert "hid (n0)" in shown and "hid (n1)" in shown
    assert not NAMES.search(shown), shown


@pytest.mark.parametrize("form", TABLES)
def test_tables_in_every_format_do(form):
    shown = table(alike(), form)
    assert "hid (n0)" in shown and "hid (n1)" in shown and not NAMES.search(shown)


@pytest.mark.parametrize("form", ["svg", "fragments", "tikz", "html"])
def test_builds_in_every_format_do(form):
    pages = BUILDERS[form](Steps(Figure(alike(), Style(text="keep"))))
    shown = "\n".join(page.decode() for page in pages)
    assert "hid (n0)" in shown and "hid (n1)" in shown


def test_arrows_with_rules_name_them_so():
    a, b = tensor(np.ones((2, 2)), "w"), tensor(np.eye(2), "w")
    y = (a @ b).sum()
    y.backward()
    arrows = Figure(y, Style()).diagram.arrows
    assert [arrow.local for arrow in arrows] == ["g @ w (n1)ᵀ", "w (n0)ᵀ @ g", "g"]


def test_words_prompt_and_lessons_do():
    output = alike()
    s = backviz.stepper(output)
    said = [backviz.describe(output), s.run("n 9").text, s.run("list all").text]
    said += [s.run("why n0").text, repr(Steps(Figure(output, Style()))), backviz.check(output)]
    for text in map(str, said):
        assert "hid (n0)" in text and not NAMES.search(text), text


def test_errors_do():
    x, y = Value(2.0, "x"), Value(-3.0, "x")
    fault = find_not_finite(x / x * (x * y).log())
    assert "x (n0)" not in fault and "log(n3)" in fault
    fault = find_not_finite(x**0.5 + y**0.5 + x)
    assert "pow(x (n1), 0.5) with x (n1) = -3" in fault
    with pytest.raises(backviz.errors.InputError, match="several values are called hid; say which"):
        backviz.stepper(alike()).why("hid")


def test_derivatives_are_called_by_these_names_and_asked_for_by_them():
    x, y = Value(2.0, "x"), Value(3.0, "x")
    output = x * y
    output.label = "L"
    assert [g.label for g in recorded_gradients(output)] == ["dL/dx (n0)", "dL/dx (n1)"]
    x, y = Value(2.0, "x"), Value(3.0, "x")
    assert derivative(x * x * y, "x (n1)").data == 4.0
    with pytest.raises(backviz.errors.UsageError, match="x \\(n0\\)"):
        derivative(x * x * y, "x")


def test_a_name_is_the_place_on_the_tape_in_every_process(tmp_path, capsys):
    """A leaf without a name was called by a number that grows with every value ever made."""
    source = tmp_path / "m.py"
    source.write_text("import backviz\nL = backviz.Value(2.) * backviz.Value(3., 'b')\n", "utf-8")
    assert _run(["check", f"{source}:L"]) == 0
    assert re.search(r"^1 +n0 ", capsys.readouterr().out, re.MULTILINE)


# A second pass ----------------------------------------------------------------------------


def test_a_forgotten_zero_grad_is_a_picture_from_the_command_line(tmp_path, capsys):
    """By hand: ∂L/∂a = b = −8 in each pass, ∂L/∂b = a + 1 = 3."""
    source = "L=a*b+b; a=2; b=-8"
    assert _run(["graph", source, "--passes", "2", "-F", "text"]) == 0
    shown = capsys.readouterr().out
    assert "grad −8 + (−8) = −16" in shown and "grad 3 + 3 = 6" in shown
    page = tmp_path / "b.html"
    assert _run(["steps", source, "--passes", "3", "-o", str(page), "-q"]) == 0
    said = page.read_text("utf-8")
    assert "Backward starts again: ∂L/∂L = 1; leaves keep what they have" in said
    assert "(1 of 1: (−16) + (−8) = −24)" in said and "(2 of 2: 6 + 1 + 2 = 9)" in said


def test_leaves_show_what_they_keep_from_the_first_step_on():
    a, b = Value(2.0, "a"), Value(-8.0, "b")
    output = a * b + b
    output.backward()
    output.backward()
    moments = Steps(Figure(output, Style())).moments
    assert [m.boxes["n1"].gradient for m in moments] == [("3",)] * 4 + [("4 + …",), None]


@pytest.mark.parametrize("alone", [["--order", "2"], ["--forward-only"]])
def test_passes_need_a_backward_pass(alone, capsys):
    assert _run(["graph", "L=a*b; a=2; b=3", "--passes", "2", "-F", "text", *alone]) == 2
    assert "--passes repeats the backward pass" in capsys.readouterr().err


# Signs ------------------------------------------------------------------------------------

SIGNS = {"□": r"□", "out": r"(?<!\w)out(?!\w)", "g": r"(?<!\w)g(?!\w)"}


@pytest.mark.parametrize("fold", ["none", "constants", "names"])
def test_the_legend_explains_every_sign_that_a_picture_of_an_op_has(fold):
    """Those in its own explanations too: `h = broadcast_to(g / 2)` left g open."""
    for name in [name for name in OPS if "/" not in name]:  # none that a test made by hand
        made = record(OPS[name], OPS[name].sample)
        if not made.requires_grad:
            continue
        made.label = ""
        twice = made * 2
        twice.backward(seed_for(twice))
        diagram = Figure(twice, Style(fold=fold)).diagram
        legend = dict(diagram.legend)
        texts = [a.local for a in diagram.arrows] + [b.symbol for b in diagram.boxes]
        shown = " ; ".join([*texts, *(said for said in legend.values() if said[0] == "=")])
        for sign, pattern in SIGNS.items():
            assert sign in legend or not re.search(pattern, shown), (name, sign, shown)
