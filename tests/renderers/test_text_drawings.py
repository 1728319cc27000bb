"""Drawings of characters, read back by who looks at them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_tracing import Page

from backviz import Figure, Style, Value, load
from backviz.diagrams.model import Arrow, Box, Diagram
from backviz.diagrams.steps import Steps
from backviz.renderers.text_canvas import ASCII, UNICODE
from backviz.renderers.text_drawing import MOST, draw_text
from backviz.renderers.text_grid import Tile, Wire, draw_grid
from backviz.sources import EXAMPLES
from backviz.text import screen_width as columns


def figure(source="@diamond", **style):
    output = load(source)
    output.backward()
    return Figure(output, Style(**style))


# Drawings of characters ------------------------------------------------------------------


@st.composite
def diagrams(draw):
    """Boxes in the order of recording, each made of earlier ones; all lead to the last."""
    count = draw(st.integers(1, 11))
    pairs = []
    for head in range(1, count):
        tails = draw(st.lists(st.integers(0, head - 1), max_size=3))
        pairs += [(tail, head) for tail in tails]
    used = {tail for tail, _ in pairs}
    pairs += [(i, count - 1) for i in range(count - 1) if i not in used]
    words = st.sampled_from(["", "1", "−0.25", "g @ xᵀ"])
    arrows = [
        Arrow(f"e{k}", f"n{t}", f"n{h}", draw(words).replace(" ", ""))
        for k, (t, h) in enumerate(pairs)
    ]
    boxes = [
        Box(
            f"n{i}",
            "op",
            f"v{i}",
            draw(st.sampled_from(["", "×", "tanh"])),
            ("1",) * draw(st.integers(1, 3)),
            ("—",) * draw(st.integers(0, 2)),
            ordered=draw(st.booleans()),
        )
        for i in range(count)
    ]
    return Diagram(tuple(boxes), tuple(arrows), "t", "d")


@settings(max_examples=60, deadline=None)
@given(diagrams(), st.booleans())
def test_every_wire_leads_from_its_box_to_its_box(diagram, downwards):
    texts = {b.id: (b.title, *b.value, *b.gradient) for b in diagram.boxes}
    tiles = [
        Tile(b.id, b.symbol, texts[b.id], (6, len(texts[b.id])), ordered=b.ordered)
        for b in diagram.boxes
    ]
    wires = [Wire(a.tail, a.head, a.local) for a in diagram.arrows]
    lines = draw_grid(tiles, wires, UNICODE, downwards=downwards)
    assert lines is not None
    read = sorted((tail[0], head[0], label) for tail, head, label in Page(lines).wires())
    wanted = sorted(
        (a.tail.replace("n", "v"), a.head.replace("n", "v"), a.local) for a in diagram.arrows
    )
    assert read == wanted


@settings(max_examples=15, deadline=None)
@given(diagrams(), st.integers(24, 100), st.booleans())
def test_no_line_is_wider_than_asked_for(diagram, width, ascii_only):
    text = draw_text(diagram, width=width, ascii=ascii_only)
    assert max(map(columns, text.split("\n"))) <= width
    for box in diagram.boxes:
        assert re.search(rf"\b{box.title}\b", text)
    if ascii_only:
        assert set(text) <= {*map(chr, range(32, 127)), "\n"}


def test_the_tracer_sees_a_wire_that_leads_elsewhere():
    tiles = [Tile(f"n{i}", "", (f"v{i}",), (6, 1)) for i in range(3)]
    wires = [Wire("n0", "n2"), Wire("n1", "n2")]
    lines = draw_grid(tiles, wires, UNICODE, downwards=False)
    broken = [line.replace("╰", " ").replace("╭", " ") for line in lines]
    with pytest.raises(AssertionError):
        Page(broken).wires()
    assert len(Page(lines).wires()) == 2


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_s_drawing_shows_its_numbers_and_arrows(name):
    diagram = figure(f"@{name}", legend=False).diagram
    text = draw_text(diagram)
    lines = text.split("\n")
    assert max(map(columns, lines)) <= 80
    for box in diagram.boxes:
        for line in (*box.value, *box.gradient):
            assert line.replace("\u2007", " ") in text
    if "┌" in text:
        assert len(Page(lines).wires()) == len(diagram.arrows)
        assert len(Page(lines).boxes) == len(diagram.boxes)
    else:
        assert len(lines) >= len(diagram.boxes)


def test_a_narrow_terminal_gets_ranks_downwards_then_a_tree():
    diagram = figure("@diamond").diagram
    across, down, tree = (draw_text(diagram, width=w) for w in (80, 50, 30))
    assert "►" in across.split("\n\n")[0]
    assert "▼" in down.split("\n\n")[0]
    assert tree.split("\n")[:3] == [
        "L = −20  [×]  grad 1",
        "├─(−2) d = 10  [+]  grad −2",
        "│  ├─(1) e = 6  [×]  grad −2",
    ]
    assert "a ↑" in tree, "what was told before is named again, and told only once"
    assert tree.count("a = 2") == 1


def test_a_large_or_deep_graph_is_a_tree_within_the_width():
    y = Value(0.5, "x")
    for _ in range(MOST + 200):
        y = y.sin()
    text = draw_text(Figure(y, Style(fold="none")).diagram)
    lines = text.split("\n")
    assert len([line for line in lines if " = " in line]) == MOST + 201
    assert max(map(len, lines)) <= 80
    assert "x = 0.5" in text


def test_a_moment_marks_its_box_and_moves_nothing():
    steps = Steps(figure("@karpathy-neuron"))
    drawn = [draw_text(steps.diagram, states=m.boxes) for m in steps.moments]

    def frame(text):
        """The drawing without what stands in the boxes."""
        plain = text.translate(str.maketrans("╔╗╝╚═║", "┌┐┘└─│"))
        page = Page(plain.split("\n\n")[0].split("\n"))
        return [
            "".join(" " if (y, x) in page.owner else s for x, s in enumerate(row))
            for y, row in enumerate(page.rows)
        ]

    assert all(frame(text) == frame(drawn[0]) for text in drawn)
    for moment, text in zip(steps.moments, drawn, strict=True):
        accents = sum(bool(s.accent) for s in moment.boxes.values())
        assert text.count("╔") == accents
    assert "n =\n" in re.sub(
        r" +│.*", "", drawn[0].replace("│ n = ", "n =").replace("│ n =", "n =")
    )
    assert "n = 0.8814" not in drawn[0]
    assert "n = 0.8814" in drawn[-1]
    assert "grad 0.5" in drawn[-1]
    assert "grad" not in drawn[0].split("\n\n")[0]


def test_a_marked_box_has_double_lines_and_a_star_in_a_tree():
    diagram = figure("@diamond").diagram
    assert "╔═ + ═" in draw_text(diagram, mark="n4")
    assert "#= + =" in draw_text(diagram, mark="n4", ascii=True)
    assert "(−2) * d = 10" in draw_text(diagram, mark="n4", width=30)


def test_wide_letters_take_two_columns():
    text = draw_text(Figure(Value(2.0, "日本")).diagram)
    assert {columns(line) for line in text.split("\n")[:3]} == {len("│ 日本 = 2 │") + 2}


def test_ascii_s_wires_are_unicode_s_in_other_signs():
    assert len(ASCII.wires) == len(UNICODE.wires) == 16
    upright = {i for i in range(16) if UNICODE.wires[i] == "│"}
    assert {i for i in range(16) if ASCII.wires[i] == "|"} == upright
    assert ASCII.wires.isascii()
