"""Every formula that a box shows is read as a person reads it, and computed with the numbers of
the other boxes: it must come out at the engine's value and the engine's gradient."""

import re
from pathlib import Path

import numpy as np
import pytest
from formula_reader import read_with_parts
from picture_lint import objections
from quick import one_in

import backviz
from backviz import ops, tensor
from backviz.diagrams.figure import Figure
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Style
from backviz.ops import OPS
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.sources import load
from backviz.telling import chain
from backviz.telling.wording import slope_name

GRAPHS = sorted((Path(__file__).parents[2] / "examples" / "graphs").glob("*.py"))
LETTER = r"(?:(?![⁰¹²³⁴-⁹ᵀ⁻])[\w′])"
ENOUGH = {"rtol": 1e-6, "atol": 1e-9}


def judge(figure, why=""):
    """(formulas that were right, those that are cut or name a derivative that has no number)."""
    view, known = figure.view, figure.view.graph["formulas"].nodes
    numbers = {known[n].name: d["value"] for n, d in view.nodes(data=True) if "value" in d}
    slopes = {known[n].slope: d["grad"] for n, d in view.nodes(data=True) if "grad" in d}
    for tail, head, data in view.edges(data=True):  # of a box that holds several ops
        if isinstance(data.get("local"), float) and head != view.graph["output"]:
            slopes[slope_name(known[head].name, known[tail].name)] = data["local"]
    plain, right, cut = Plain({**numbers, **slopes}), 0, 0
    for box, (node, data) in zip(figure.diagram.boxes, view.nodes(data=True), strict=True):
        told = known[node]
        lines = []
        if box.value and box.value[0].startswith("= "):
            lines.append((box.value[0].removeprefix("= "), data["value"], ()))
        if box.gradient and box.gradient[0].startswith("∂"):
            slope, _, formula = " ".join(box.gradient).partition(" = ")
            assert slope == told.slope
            lines.append((formula, data["grad"], told.parts))
        for formula, true, parts in lines:
            if any(sign in formula for sign in "…⋯Σ"):
                cut += 1
                continue
            found = plain.value(formula, parts)
            if found is None:
                cut += 1
                continue
            found = np.broadcast_to(found, np.shape(true))
            np.testing.assert_allclose(
                found, true, err_msg=f"{why} {told.name}: {formula}", **ENOUGH
            )
            right += 1
    return right, cut


class Plain:
    """Formulas under names that every formula can bear, and the numbers of these."""

    def __init__(self, numbers):
        texts = sorted(numbers, key=len, reverse=True)
        self.tokens = {text: f"v{k}v" for k, text in enumerate(texts)}
        self.numbers = {self.tokens[text]: numbers[text] for text in texts}
        listed = "|".join(map(re.escape, texts))
        self.names = re.compile(rf"(?<!{LETTER})(?:{listed})(?!{LETTER}|\()")

    def said(self, formula):
        return self.names.sub(lambda found: self.tokens[found[0]], formula)

    def value(self, formula, parts):
        """The formula's number; `None` if it names a derivative that has none."""
        if "∂" in self.said(formula):
            return None
        parts = [(name, self.said(text)) for name, text in parts]
        try:
            return read_with_parts(self.said(formula), parts, self.numbers)
        except KeyError as unknown:  # the op itself, of which a value's formula is made
            assert str(unknown).strip("'") in OPS, (formula, unknown)
            return None


def figure_of(loss, **style):
    loss.backward()
    return Figure(loss, Style(show="formulas", digits=12, **style))


def random_loss(seed):
    """A small computation with fan-out, of numbers or of arrays, some of its steps named."""
    rng = np.random.default_rng(seed)
    scalar = seed % 2

    def leaf(name):
        made = rng.normal(size=() if scalar else rng.choice([1, 3], size=2)).round(2) + 0.125
        return tensor(made, name)

    pool = [leaf(name) for name in "abc"]
    ways = [
        lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / (y * y + 1),
        lambda x, y: (x * y).tanh(), lambda x, _: x**2, lambda x, _: 0.5 * x + 1,
        lambda x, _: (0.25 * x).exp(), lambda x, _: x.sigmoid(), lambda x, _: -x,
        lambda x, y: (x * x + 1).log() * y, lambda x, _: x.relu(),
    ]  # fmt: skip
    if not scalar:
        ways += [
            lambda x, _: x.sum(axis=1, keepdims=True), lambda x, _: x.mean(axis=0, keepdims=True),
            lambda x, y: x.T @ y if x.shape[0] == y.shape[0] else x * y,
            lambda x, _: ops.softmax(x), lambda x, _: x.reshape(-1, 1),
        ]  # fmt: skip
    for k in range(int(rng.integers(2, 7))):
        x, y = (pool[i] for i in rng.integers(max(0, len(pool) - 4), len(pool), size=2))
        try:
            made = ways[rng.integers(len(ways))](x, y)
        except Exception:  # shapes that do not fit
            continue
        if rng.random() < 0.6:
            made.label = f"h{k}"
        pool.append(made)
    loss = pool[-1] + pool[-2] if scalar else pool[-1].sum() + (pool[-2] ** 2).mean()
    loss.label = "L"
    return loss


@pytest.mark.parametrize("start", one_in(6, range(0, 300, 50)))
def test_every_formula_of_random_graphs_is_the_engine_s(start):
    right = cut = 0
    for seed in range(start, start + 50):
        for fold in ("constants", "names"):
            each = judge(figure_of(random_loss(seed), fold=fold), f"{seed} {fold}")
            right, cut = right + each[0], cut + each[1]
    assert right > 500 and cut < right / 15, (right, cut)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in GRAPHS])
@pytest.mark.parametrize("fold", one_in(2, ["constants", "names"]))
def test_every_formula_of_the_course_graphs_is_the_engine_s(path, fold):
    (name,) = re.findall(r"^def (\w+)\(", path.read_text(), re.M)[-1:]
    right, cut = judge(figure_of(load(f"{path}:{name}"), fold=fold))
    assert right >= 3 and cut <= right


def test_a_wrong_rule_is_found(monkeypatch):
    real = chain.contribution_formula

    def doubled(op, position, upstream, *rest, **more):
        return real(op, position, upstream, *rest, **more) * (2 if op.name == "tanh" else 1)

    loss = random_loss(1)
    loss = ((loss * 2 + 1).tanh() * 3) ** 2
    loss.label = "L"
    judge(figure_of(loss, fold="names"))
    monkeypatch.setattr(chain, "contribution_formula", doubled)
    with pytest.raises(AssertionError):
        judge(figure_of(loss, fold="names"))


SOURCE = "L=(w*x+b-y)**2; w=2.25; x=3; b=1; y=5"


def shown(show, **style):
    loss = load(SOURCE)
    loss.backward()
    return Figure(loss, Style(show=show, **style))


def test_the_derivation_of_a_neuron_reads_as_on_a_board():
    boxes = {b.title: b for b in shown("formulas", fold="names").diagram.boxes}
    assert boxes["L"].value == ("= (w·x + b − y)²",)
    assert boxes["w"].gradient == ("∂L/∂w = 2·(w·x + b − y)·x",)
    assert boxes["y"].gradient == ("∂L/∂y = −2·(w·x + b − y)",)
    each = {b.title: b.gradient for b in shown("formulas").diagram.boxes}
    assert each["w"] == ("∂L/∂w = ∂L/∂n4·x",) and each["L"] == ("∂L/∂L = 1",)
    twice = load("L=a*b+a; a=2; b=3")
    twice.backward()
    boxes = {b.title: b for b in Figure(twice, Style(show="formulas", fold="none")).diagram.boxes}
    assert boxes["a"].gradient == ("∂L/∂a = 1", "+ ∂L/∂n2·b")


def test_formulas_have_no_numbers_and_both_have_them():
    for show, there in (("formulas", False), ("both", True), ("values", True), ("shapes", False)):
        figure = shown(show)
        for form in ("text", "mermaid", "dot"):
            made = RENDERERS[form](figure.restyled(Style(show=show, text="keep"))).decode()
            assert ("16.5" in made) == there, (show, form)
            assert ("2.25" in made) == there, (show, form)
        assert list(objections(figure.drawing)) == []
        assert ("16.5" in figure.diagram.description) == (show in ("both", "values"))


def test_the_order_of_boxes_is_the_same_for_formulas_and_numbers():
    def order(figure):
        middles = {b.id: next(p for p in figure.drawing.parts if p.id == b.id).marks[0]
                   for b in figure.diagram.boxes}  # fmt: skip
        return sorted(middles, key=lambda n: middles[n].x + middles[n].width / 2)

    assert order(shown("formulas")) == order(shown("both"))
    ids = [[b.id for b in shown(show).diagram.boxes] for show in ("values", "formulas", "both")]
    assert ids[0] == ids[1] == ids[2]


def test_shapes_are_names_and_shapes_alone():
    x, w = tensor(np.ones((3, 2)), "x"), tensor(np.ones((2, 4)), "w")
    loss = (x @ w).sum()
    loss.backward()
    boxes = Figure(loss, Style(show="shapes")).diagram.boxes
    assert [b.note for b in boxes] == ["3×2", "2×4", "3×4", ""]
    assert all(b.value == b.gradient == () for b in boxes)
    small = Figure(loss, Style(show="values")).diagram.boxes
    assert [b.note for b in small] == ["", "", "", ""]  # written out


def test_a_build_in_formulas_collects_them_use_by_use():
    loss = load("@diamond")
    loss.backward()
    steps = Steps(Figure(loss, Style(show="formulas", fold="none")))
    said = " ".join(line for moment in steps.moments for line in moment.lines)
    assert "e = a·b" in said and "∂L/∂a += ∂L/∂e·b" in said and "= 6" not in said
    (a,) = (b.id for b in steps.diagram.boxes if b.title == "a")
    states = list(dict.fromkeys(m.boxes[a].gradient for m in steps.moments))
    assert ("∂L/∂a = ∂L/∂f", "+ …") in states and states[-1][-1] == "+ ∂L/∂e·b"
    both = Steps(Figure(loss, Style(show="both", fold="none")))
    halfway = {m.boxes[a].gradient for m in both.moments if m.boxes[a].gradient}
    assert ("∂L/∂a = ∂L/∂f", "= 10 + …") in halfway
    assert BUILDERS["html"](steps) and BUILDERS["tikz"](both)


def test_what_an_earlier_pass_left_stands_in_the_sum():
    a = backviz.Value(3.0, "a")
    loss = a * a
    loss.label = "L"
    loss.backward()
    loss.backward()
    (box,) = (b for b in Figure(loss, Style(show="formulas")).diagram.boxes if b.title == "a")
    assert box.gradient == ("∂L/∂a = 6", "+ a", "+ a")


def test_a_part_that_lies_in_a_fold_is_not_told():
    x = backviz.Value(0.5, "x")
    p = q = x
    for _ in range(200):
        p, q = p * x, q + x
    loss = p * q
    loss.label = "L"
    loss.backward()
    figure = Figure(loss, Style(show="formulas"))
    assert any("value" not in data for _, data in figure.view.nodes(data=True))
    (box,) = (b for b in figure.diagram.boxes if b.title == "x")
    assert "…" in box.gradient[-1]


def test_a_number_without_a_name_stays_a_number():
    loss = load("L=2*x+2; x=3")
    boxes = Figure(loss, Style(show="formulas", fold="none")).diagram.boxes
    assert [b.value for b in boxes if b.role == "constant"] == [("2",), ("2",)]


def test_what_is_transposed_twice_is_not_transposed():
    q, k = tensor(np.ones((3, 2)), "Q"), tensor(np.ones((3, 2)), "K")
    scores = q @ k.T
    scores.label = "S"
    loss = (scores**2).sum()
    loss.label = "L"
    figure = figure_of(loss, fold="names")
    boxes = {b.title: b.gradient for b in figure.diagram.boxes}
    assert boxes["Q"] == ("∂L/∂Q = ∂L/∂S @ K",)
    assert judge(figure)[0] >= 4


def test_numbers_that_give_way_on_a_slide_leave_the_formulas():
    """With `--arrays shapes` no number was left, and no formula either."""
    path = next(p for p in GRAPHS if p.stem == "two_layers")
    for style in ({"size": "slide"}, {"arrays": "shapes", "fold": "names"}):
        for show in ("formulas", "both"):
            loss = load(f"{path}:loss")
            loss.backward()
            boxes = {b.title: b for b in Figure(loss, Style(show=show, **style)).diagram.boxes}
            assert boxes["out"].gradient[0] == "∂mse/∂out = (1 / 3)·2·(out − Y)"
            assert boxes["h"].value[0] == "= tanh(X @ W1 + b1)"
    mlp = next(p for p in GRAPHS if p.stem == "micrograd_mlp")
    loss = load(f"{mlp}:loss")
    loss.backward()
    boxes = {b.title: b for b in Figure(loss, Style(show="formulas", size="slide")).diagram.boxes}
    assert boxes["W1"].value == () and boxes["loss"].value[0].startswith("= Σ ")


def test_a_mean_is_told_through_what_is_done_entry_by_entry_and_no_further():
    x = tensor([[1.0, 2.0, 4.0]], "x")
    for made, told in (
        (((x * 2) ** 2).mean(), "∂L/∂x = (1 / 3)·2·x·2·2"),
        ((x + 1).sum(), "∂L/∂x = 1"),
        ((x.sum(axis=1, keepdims=True) * tensor(np.ones((4, 1)))).sum(), "∂L/∂x = …"),
    ):
        made.label = "L"
        made.backward()
        figure = Figure(made, Style(show="formulas", fold="names"))
        (box,) = (b for b in figure.diagram.boxes if b.title == "x")
        assert box.gradient == (told,)
        x.grad = None
