"""An exercise and its solution are one picture, and the exercise tells nothing of the solution."""

import json
import re
from dataclasses import replace

import pytest
from command_line import call
from picture_lint import objections
from quick import one_in

import backviz
from backviz.diagrams.blanks import written
from backviz.diagrams.drawing import Curve, Polygon, Rect, Text
from backviz.diagrams.figure import Figure
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Style
from backviz.errors import InputError
from backviz.graphs import to_graph
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.sources import load

SOURCE = "L=(w*x+b-y)**2; w=2.25; x=3; b=1; y=5"
GRADIENTS = ("16.5", "5.5", "12.38", "12.375", "−5.5", "-5.5")
GIVEN_ONE = [g for g in GRADIENTS if g != "5.5"]  # which n4 has too
VALUES = ("6.75", "7.75", "2.75", "7.562", "5.5")


def figure(blank="", source=SOURCE, **style):
    loss = load(source)
    loss.backward()
    return Figure(loss, Style(blank=blank, **style))


def geometry(drawing):
    """All that has a place but letters: frames, lines and heads, part by part."""
    kinds = (Rect, Curve, Polygon)
    return [
        (part.id, [replace(m, fill="") if isinstance(m, Rect) else m for m in part.marks
                   if isinstance(m, kinds)])
        for part in drawing.parts
    ]  # fmt: skip


OFF = "L=v*relu(w*x+b); w=2; x=1; b=-5; v=3"
SOURCES = [SOURCE, "@diamond", "@mazur", "@karpathy-neuron", OFF]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "more", one_in(2, [{}, {"show": "both"}, {"size": "slide"}, {"products": True}])
)
def test_everything_stands_where_it_stands_in_the_solution(source, more):
    asked = figure("gradients,values,locals", source, **more)
    solved = figure("", source, **more)
    assert geometry(asked.drawing) == geometry(solved.drawing)
    assert (asked.drawing.width, asked.drawing.height) == (
        solved.drawing.width, solved.drawing.height)  # fmt: skip
    assert list(objections(asked.drawing)) == []
    texts = [len(RENDERERS["text"](f).decode().splitlines()) for f in (asked, solved)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("form", ["svg", "text", "mermaid", "dot", "tikz"])
def test_a_legend_does_not_tell_that_a_gradient_is_zero(form):
    style = {"text": "keep"} if form == "svg" else {}
    solved, asked = (
        RENDERERS[form](figure(blank, OFF, **style)).decode() for blank in ("", "gradients")
    )
    assert "an op made 0" in solved.replace("#160;", " ") and "an op made 0" not in asked
    assert "∅" not in asked


@pytest.mark.parametrize("source", SOURCES)
def test_a_build_keeps_its_places_too(source):
    asked, solved = Steps(figure("gradients", source)), Steps(figure("", source))
    for k in (0, len(asked.moments) // 2, -1):
        one, other = (geometry(s.drawing(s.moments[k])) for s in (asked, solved))
        assert [p for p in one if p[0]] == [p for p in other if p[0]]


@pytest.mark.parametrize(
    ("blank", "secrets"), [("gradients", GRADIENTS), ("values", VALUES), ("w,x,y", GIVEN_ONE)]
)
def test_no_format_tells_the_answer(blank, secrets):
    options = {"products": True} if blank == "gradients" else {}
    asked = figure(blank, **options)
    for form in ("text", "ascii", "mermaid", "dot", "json", "graphml"):
        made = RENDERERS[form](asked).decode()
        if blank == "values" and form not in ("json", "graphml"):
            made = re.sub(r"grad −?5\.5", "", made)  # the gradients are given
        shown = [s for s in secrets if re.search(rf"(?<![\d.]){re.escape(s)}(?!\d)", made)]
        if blank == "values":
            shown = [s for s in shown if s != "5.5"]
        assert shown == [], (form, shown)
    marks = [m for part in asked.drawing.parts for m in part.marks]
    words = [asked.diagram.description, *(b.alt for b in asked.diagram.boxes),
             *(a.alt for a in asked.diagram.arrows),
             *(m.text for m in marks if isinstance(m, Text))]  # fmt: skip
    for secret in secrets:
        if (blank, secret) != ("values", "5.5"):
            assert not any(secret in text.split() for text in words), secret


def test_the_player_and_the_manifest_keep_the_secret(tmp_path):
    for blank, secrets in (("gradients", GRADIENTS), ("values", VALUES[:4])):
        steps = Steps(figure(blank))
        (page,) = BUILDERS["html"](steps)
        text = re.sub(r"<style.*?</style>", "", page.decode(), flags=re.DOTALL)
        text = re.sub(r' (d|points|x|y|width|height|rx|textLength|viewBox)="[^"]*"', "", text)
        for secret in secrets:
            assert not re.search(rf"(?<![\d.]){re.escape(secret)}(?!\d)", text), secret
        done = call("graph", SOURCE, "--blank", blank, "-o", str(tmp_path / "a.svg"), "--json")
        assert done.code == 0 and not any(secret in done.text for secret in secrets)
        done = call("steps", SOURCE, "--blank", blank, "-o", str(tmp_path / "a.pdf"), "--json")
        assert done.code == 0 and not any(secret in done.text for secret in secrets)
        assert not any(secret in repr(steps) for secret in secrets)


def test_what_a_name_leaves_blank():
    def blank(words):
        boxes = figure(words).diagram.boxes
        return [(b.title or b.symbol, b.value == ("?",), b.gradient == ("?",)) for b in boxes
                if b.room]  # fmt: skip

    assert blank("w") == [("w", False, True)]  # its value is given
    assert blank("L") == [("L", True, True)]
    assert blank("n4.grad, w.value") == [("w", True, False), ("×", False, True)]
    with pytest.raises(InputError, match="unknown node 'q'"):
        figure("q").diagram  # noqa: B018
    assert blank("") == []


def test_a_formula_is_blank_behind_its_name():
    boxes = {b.title: b for b in figure("gradients,L", show="formulas").diagram.boxes}
    assert boxes["w"].gradient == ("∂L/∂w = ?",)
    assert boxes["L"].value == ("= ?",)
    assert boxes["w"].value == ()
    assert "∂L/∂w = ?" in figure("gradients", show="formulas").diagram.description


def test_the_local_derivative_that_gives_a_value_away_is_blank_with_it():
    labels = [a.local for a in figure("n6", fold="constants").diagram.arrows]
    assert labels.count("?") == 1 and "3" in labels and "1" in labels
    products = [a.product for a in figure("gradients", products=True).diagram.arrows]
    assert "?·3 = ?" in products and "?·(−1) = ?" in products
    assert products[-1] == "?"  # 1·5.5 is the gradient


def test_the_graph_itself_lacks_what_is_blank():
    made = json.loads(RENDERERS["json"](figure("w.grad")).decode())
    (w,) = (n for n in made["nodes"] if n["label"] == "w")
    assert "grad" not in w and w["value"] == 2.25
    assert all("contribution" not in e for e in made["edges"] if e["source"] == w["id"])
    loss = load(SOURCE)
    loss.backward()
    whole = to_graph(loss)
    figure_ = Figure(loss, Style())
    assert written(figure_) is figure_.graph and len(whole) == len(made["nodes"])


def test_a_heat_map_and_a_large_array_are_blank_with_their_room():
    x = backviz.tensor([[float(i * j) for i in range(9)] for j in range(9)], "x")
    loss = (x * x).sum()
    loss.backward()
    for style in ({"heat": True}, {}):
        asked, solved = (Figure(loss, Style(blank=b, **style)) for b in ("values,gradients", ""))
        assert geometry_size(asked) == geometry_size(solved)
        assert [b.heat for b in asked.diagram.boxes if b.role != "leaf"] == [None, None]


def test_the_length_of_a_layer_s_gradients_and_a_dead_relu_are_no_hint():
    loss = load("examples/graphs/micrograd_mlp.py:loss")
    loss.backward()
    for style in ({"fold": "layers"}, {"size": "slide"}):
        asked, solved = (Figure(loss, Style(blank=b, **style)).diagram for b in ("gradients", ""))
        assert [b.symbol for b in asked.boxes if re.search(r"‖∂θ‖ \d", b.symbol)] == []
        assert any(r.kind == "off" for b in solved.boxes for r in b.remarks)
        assert all(r.kind != "off" for b in asked.boxes for r in b.remarks)


def geometry_size(figure):
    return [next(m for m in p.marks if isinstance(m, Rect))
            for p in figure.drawing.parts if p.id.startswith("n")]  # fmt: skip
