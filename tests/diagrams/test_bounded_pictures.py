"""The work for a picture is bounded: hubs, wide ops, long titles, large matrices and files."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from quick import one_in

import backviz
from backviz import OPS, Figure, Style, Value, load, tensor, to_graph
from backviz.diagrams import figure, font, frame, label_places, ways
from backviz.diagrams.page import compose
from backviz.diagrams.steps import Steps
from backviz.errors import InputError
from backviz.ops import assemble
from backviz.ops.shape import shape_of
from backviz.renderers import text_canvas, text_drawing
from backviz.telling import folded, formulas, record
from backviz.text import screen_width


def hub(readers):
    """One value that many ops read, each further away than the last."""
    x = Value(2.0, "x")
    total = x * 0.0
    for i in range(readers):
        total = total + x * float(i)
    total.backward()
    return total


@pytest.mark.parametrize("readers", one_in(2, [40, 220]))
def test_places_beside_a_hub_are_looked_for_within_bounds(readers, monkeypatch):
    looks = 0
    free = label_places._is_free

    def counted(*args):
        nonlocal looks
        looks += 1
        return free(*args)

    monkeypatch.setattr(label_places, "_is_free", counted)
    labels = len(Figure(hub(readers), Style(fold="none")).drawing.parts)
    assert looks <= label_places.MOST_TRIES + label_places.FEWEST_TRIES * labels


def test_where_lines_are_too_long_to_be_followed_nothing_is_sampled(monkeypatch):
    monkeypatch.setattr(label_places, "line", None)  # calling it would fail
    monkeypatch.setattr(label_places, "MOST_PLACES", 1_000)
    centers = {"e": (9.0, 9.0)}
    curves = {"e": ((0.0, 0.0), (1e4, 0.0), (2e4, 0.0), (3e4, 0.0))}
    drawn = {"e": (0.0, True)}
    page = (0.0, 0.0, 3e4, 20.0)
    assert label_places.free_labels(centers, {"e": (5, 5)}, curves, drawn, {}, page) == centers


@pytest.mark.slow
def test_five_thousand_readers_are_drawn():
    x = Value(2.0, "x")
    total = np.stack([x.tanh() for _ in range(4990)]).sum()
    total.backward()
    assert len(backviz.render(total, "svg", fold="none")) > 1e6


def test_a_drawing_of_characters_has_a_bounded_number_of_wires(monkeypatch):
    monkeypatch.setattr(text_drawing, "draw_grid", None)  # calling it would fail
    x = Value(2.0, "x")
    total = np.stack([x] * 500).sum()
    assert "(g[31]) x ↑" in backviz.render(total, "text").decode()


@pytest.mark.parametrize("title", ["word" * 5_000, "a word " * 3_000, "ж" * 20_000, "W"])
def test_a_long_title_is_cut_after_one_look_at_each_letter(title, monkeypatch):
    looked = 0
    glyph = font.glyph

    def counted(*args):
        nonlocal looked
        looked += 1
        return glyph(*args)

    monkeypatch.setattr(font, "glyph", counted)
    lines = frame.wrap(title, 10.0, 200.0)
    assert looked <= 12 * len(title)
    assert all(font.width(line, 10.0, True) <= 200 for line in lines)
    assert len(lines) <= frame.MOST_LINES
    monkeypatch.undo()
    a = Value(2.0, "a")
    drawing = compose(Figure(a * a, Style(title=title)).diagram, Style(title=title))
    assert drawing.width > 0


@pytest.mark.parametrize("room", range(60, 300, 7))
def test_no_line_parts_a_formula_or_a_number_from_its_percent(room):
    text = "After 8 steps 0.42 % are left — the slope is p = 0.25 and a − b ≈ 3, or 100 % of all"
    lines = frame.wrap(text, 10.0, room, most=40)
    assert " ".join(lines) == text
    assert not any(line.startswith(("%", "—")) for line in lines)
    whole = room / 2 >= font.width("a − b ≈ 3,", 10.0, True)
    assert not whole or any("p = 0.25" in line for line in lines)
    assert not whole or any("a − b ≈ 3," in line for line in lines)


@pytest.mark.parametrize("width", [1, 2, 3, 10])
@pytest.mark.parametrize("text", ["a long label", "重み重み重み", "áb" * 9, "ab", ""])
def test_a_cut_text_is_the_longest_that_fits(text, width):
    def slowly(text):
        if screen_width(text) <= width:
            return text
        while text and screen_width(text) > width - 1:
            text = text[:-1]
        return text + "…"

    assert text_canvas.cut(text, width) == slowly(text)


@pytest.mark.parametrize("room", [3.0, 20.0, 60.0, 500.0])
@pytest.mark.parametrize("line", ["a long label", "WWWW…", "i" * 50])
def test_a_cut_line_is_the_longest_that_fits(line, room):
    def slowly(line):
        while len(line) > 1 and font.width(line, 10, True) > room:
            line = line.removesuffix("…")[:-1] + "…"
        return line

    assert frame._cut(line, 10, room, True) == slowly(line)


def test_every_telling_of_an_op_with_many_operands_names_each_once(monkeypatch):
    named = 0
    operand = formulas.operand

    def counted(*args):
        nonlocal named
        named += 1
        return operand(*args)

    for module in (record, folded):
        monkeypatch.setattr(module, "operand", counted)
    x = Value(2.0, "x")
    total = np.stack([x * float(i) for i in range(100)]).sum()
    for tell in (backviz.table, backviz.describe, lambda y: backviz.stepper(y).run("c"),
                 lambda y: Steps(Figure(y)).moments):  # fmt: skip
        named = 0
        tell(total)
        assert named < 2_000  # 100 operands; a look at all of them for each would be 10,000


def test_a_folded_middle_has_few_arrows_to_one_box():
    """1,500 of them side by side made a page of 18 metres."""
    x = Value(2.0, "x")
    total = np.stack([x * float(i) for i in range(300)]).sum()
    total.backward()
    figure = Figure(total)
    between = Counter((arrow.tail, arrow.head) for arrow in figure.diagram.arrows)
    assert max(between.values()) <= 8
    assert figure.drawing.height < 3000
    assert backviz.steps(total).moments


@pytest.mark.parametrize("op", ["det", "inv", "logabsdet", "solve", "matmul"])
def test_the_work_of_matrices_is_bounded_as_their_size_is(op):
    ones = ",".join(["1"] * 1500)
    call = {"solve": "solve(m, m)", "matmul": "m@m@m"}.get(op, f"{op}(m)")
    column, row = (f"reshape([{ones}],shape={shape})" for shape in ("(1500,1)", "(1,1500)"))
    expression = f"{call}; m=u@v; u={column}; v={row}"
    with pytest.raises(InputError, match="multiplications"):
        load(expression)
    assert load("det(m); m=[[2,0],[0,3]]").item() == pytest.approx(6)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_table_that_writes_every_number_is_bounded(form, monkeypatch):
    from backviz import tables

    x = tensor(np.ones(100), "x")
    total = (x * 2.0).sum()
    assert tables.table(total, form)
    monkeypatch.setattr(tables, "MOST_ENTRIES", 99)
    with pytest.raises(InputError, match=r"too many to write out .* txt or md"):
        tables.table(total, form)
    assert "mean" in tables.table(total, "txt")


@pytest.mark.parametrize("form", ["json", "graphml"])
def test_a_graph_that_writes_every_number_is_bounded(form, monkeypatch):
    from backviz.graphs import recorded

    total = (tensor(np.ones(100), "x") * 2.0).sum()
    assert backviz.render(total, form)
    monkeypatch.setattr(recorded, "MOST_ENTRIES", 99)
    with pytest.raises(InputError, match="too many to write out"):
        backviz.render(total, form)
    assert backviz.render(total, "text")


@pytest.mark.parametrize("name", ["stack", "concatenate"])
def test_a_wide_op_is_looked_at_once_for_all_its_operands(name, monkeypatch):
    """A rule that looks at all operands for each of them makes 10,000 of them 100,000,000 looks."""
    op, looks = OPS[name], []
    pulls = op.pulls

    def counted(upstream, out, inputs, **options):
        looks.append(len(inputs))
        return pulls(upstream, out, inputs, **options)

    monkeypatch.setattr(assemble, "shape_of", lambda x: looks.append(1) or shape_of(x))
    object.__setattr__(op, "pulls", counted)
    try:
        wide = op([tensor([float(i)], f"x{i}") for i in range(300)]).sum()
        wide.backward()
        to_graph(wide)
        backviz.table(wide)
    finally:
        object.__setattr__(op, "pulls", pulls)
    assert sum(looks) < 20 * 300


GRAPHS = sorted((Path(__file__).parents[2] / "examples" / "graphs").glob("*.py"))
WORK = {"notebook": (285, 15), "slide": (565, 280)}  # layouts and diagrams of all twelve graphs


@pytest.mark.slow
@pytest.mark.parametrize("size", WORK)
def test_the_graphs_of_the_course_are_laid_out_no_more_often_than_today(size, monkeypatch):
    """What cannot win is not laid out, and no level of detail is built twice."""
    made = Counter()

    def counted(name, work):
        def count(*args):
            made[name] += 1
            return work(*args)

        return count

    monkeypatch.setattr(ways, "lay_out", counted("layouts", ways.lay_out))
    monkeypatch.setattr(figure, "build", counted("diagrams", figure.build))
    ways.laid.cache_clear()
    for path in GRAPHS:
        loss = load(f"{path}:loss")
        loss.backward()
        for page in Figure(loss, Style(size=size)).pages:
            assert page.drawing
    layouts, diagrams = WORK[size]
    assert made["layouts"] <= layouts
    assert made["diagrams"] <= diagrams
