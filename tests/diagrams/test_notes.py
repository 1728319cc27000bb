"""Notes and colours of single nodes: said in every format as they are, legible on every colour."""

import random

import pytest
from command_line import call
from quick import one_in

import backviz
from backviz import Figure, Style, load
from backviz.diagrams.drawing import Rect, Text
from backviz.diagrams.theme import THEMES, contrast
from backviz.errors import BackvizError

UGLY = r"a_1 <b> & $y$ {z} | \foo #5 %"


def solved(source="L=tanh(w*x+b); w=-3; x=2; b=6.8"):
    made = load(source)
    made.backward()
    return made


def test_a_function_of_a_node_writes_and_colours():
    figure = Figure(
        solved(),
        Style(
            fold="none",
            note=lambda n: f"|g| = {abs(n.grad):.2g}" if n.kind == "leaf" else None,
            colour=lambda n: "#003366" if n.op == "tanh" else None,
        ),
    )
    boxes = {b.title: b for b in figure.diagram.boxes}
    assert [r.text for r in boxes["w"].remarks] == ["|g| = 1.1"]
    assert boxes["L"].fill == "#003366"
    assert "|g| = 1.1" in boxes["w"].alt


@pytest.mark.parametrize("form", ["svg", "tikz", "mermaid", "dot", "text", "ascii"])
def test_text_is_text_in_every_format(form):
    made = backviz.render(
        solved(), form, note={"w": UGLY}, colour={"b": "red"}, text="keep"
    ).decode()
    made = "\n".join(line for line in made.splitlines() if not line.startswith("%"))
    assert "<b>" not in made or form in ("tikz", "text", "ascii")
    assert {"svg": "&lt;b&gt;", "tikz": r"\$y\$", "mermaid": "#60;b#62;", "dot": r"\<b\>",
            "text": "<b>", "ascii": "<b>"}[form] in made  # fmt: skip


@pytest.mark.parametrize("theme", one_in(2, THEMES))
def test_every_number_can_be_read_on_every_colour(theme):
    rng = random.Random(1)
    for _ in range(40):
        fill = "#" + "".join(rng.choice("0123456789abcdef") for _ in range(6))
        figure = Figure(solved(), Style(theme=theme, colour={"w": fill}, note={"w": "here"}))
        (part,) = (p for p in figure.drawing.parts if p.id == "n0")
        assert any(isinstance(m, Rect) and m.fill == fill for m in part.marks)
        for mark in part.marks:
            if isinstance(mark, Text):
                assert contrast(mark.fill, fill) >= 4.5


def test_a_note_stays_with_its_box_in_a_fold():
    figure = Figure(solved(), Style(fold="names", note={"w": "first", "L": "second"}))
    said = {b.title: [r.text for r in b.remarks] for b in figure.diagram.boxes}
    assert said["L"] == ["second"]
    assert said["w"] == ["first"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"note": {"ww": "x"}}, "unknown node 'ww'"),
        ({"colour": {"w": "rde"}}, "unknown colour 'rde'; did you mean 'red'"),
        ({"note": 3}, "note takes a function of a node, or a dict of names, not 3"),
        ({"colour": lambda n: 3}, "colour gives a text or None for a node, not 3"),
    ],
)
def test_what_is_wrong_is_one_sentence(given, said):
    with pytest.raises(BackvizError) as error:
        backviz.render(solved(), "svg", **given)
    assert said in str(error.value)


def test_notes_from_the_command_line():
    made = call("graph", "L=a*b; a=2; b=3", "--note", "a=learned", "--note", "L=x=y", "-F", "text")
    assert "learned" in made.out.decode()
    assert "x=y" in made.out.decode()
    assert "write NAME=TEXT" in call("graph", "L=a*b; a=2; b=3", "--note", "a", "-F", "text").err
