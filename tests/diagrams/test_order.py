"""Few crossings first, the written order of operands next; both are counted on what is drawn."""

from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from layouts import crossed, curves_crossed, sampled
from quick import one_in

from backviz.diagrams import tidy, ways
from backviz.diagrams.figure import Figure
from backviz.diagrams.layout import ENGINES
from backviz.diagrams.layout.ports import apart
from backviz.diagrams.page import Page, lay
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Style
from backviz.diagrams.ways import CLEARLY, best, plan, scale_of
from backviz.sources import EXAMPLES, load

GRAPHS = sorted((Path(__file__).parents[2] / "examples" / "graphs").glob("*.py"))
NAMES = [*(f"@{name}" for name in EXAMPLES), *(f"{path}:loss" for path in GRAPHS)]
# A crossing that is left has a reason: an input that boxes on both sides read, four arrows between
# two pairs of boxes, or arrows from row to row. Elsewhere there is none.
CROSSINGS = {
    ("@micrograd", "notebook"): 3,
    ("@mazur-scalar", "notebook"): 1,  # two boxes that two boxes read, both in between: no less
    ("batch_norm_by_hand", "notebook"): 2,
    ("layer_norm", "notebook"): 1,
    ("logistic_regression", "notebook"): 1,
    ("@order", "notebook"): 2, ("@order", "slide"): 1, ("@order", "beamer"): 1,
    ("attention", "notebook"): 2, ("attention", "slide"): 1, ("attention", "beamer"): 1,  # one X
    ("lstm", "notebook"): 1, ("lstm", "beamer"): 2,  # one xh, which four gates read
    ("@course-forward", "beamer"): 1,  # without it the text would be 7.5 pt of 8
}  # fmt: skip
SHARED = {  # pairs of operands that cannot both stand as they are written without a crossing
    ("@diamond", "notebook"): 2, ("@diamond", "slide"): 2, ("@diamond", "beamer"): 2,
    ("@course-forward", "notebook"): 2, ("@course-forward", "beamer"): 2,
    ("@mazur-scalar", "notebook"): 7,
    ("@order", "notebook"): 1, ("@order", "slide"): 1, ("@order", "beamer"): 1,
    ("@micrograd", "notebook"): 3,
    ("attention", "slide"): 1, ("attention", "beamer"): 1,
    ("lstm", "notebook"): 2, ("lstm", "beamer"): 2,
    ("batch_norm_by_hand", "notebook"): 2,
    ("layer_norm", "notebook"): 1, ("layer_norm", "slide"): 1, ("layer_norm", "beamer"): 1,
}  # fmt: skip
cases = [
    pytest.param(name, size, id=f"{Path(name).stem}-{size}")
    for size in ("notebook", "slide", "beamer")
    for name in NAMES
]


@cache
def pages(name, size):
    value = load(name)
    value.backward()
    found = Figure(value, Style(size=size)).pages
    assert all(page.drawing.parts for page in found)
    return found


def sheets(name, size):
    return [lay(page.diagram, page.shown) for page in pages(name, size)]


def short(name):
    return name if name.startswith("@") else Path(name).stem


def out_of_order(sheet):
    """Neighbouring operands that arrive at their op in another order than they are written."""
    axis, into = (0 if sheet.way.plan.direction == "TB" else 1), {}
    for arrow in sheet.diagram.arrows:
        into.setdefault(arrow.head, []).append(arrow)
    for operands in into.values():
        for one, other in pairwise(operands):
            if one.tail != other.tail:
                a, b = (sheet.layout.curves[arrow.id][-1][axis] for arrow in (one, other))
                if a > b + 0.1:
                    yield one, other


@pytest.mark.parametrize(("name", "size"), one_in(7, cases))
def test_arrows_cross_only_where_they_have_to(name, size):
    found = sum(curves_crossed(sheet.layout) for sheet in sheets(name, size))
    assert found <= CROSSINGS.get((short(name), size), 0)


@pytest.mark.parametrize(("name", "size"), one_in(7, cases))
def test_operands_stand_in_their_written_order(name, size):
    found = sum(len(list(out_of_order(sheet))) for sheet in sheets(name, size))
    assert found <= SHARED.get((short(name), size), 0)


@pytest.mark.parametrize("name", ["@karpathy-neuron", "@sigmoid-neuron"])
def test_w_stands_above_x_in_every_neuron(name):
    (sheet,) = sheets(name, "notebook")
    at = {b.title: sheet.layout.centers[b.id][1] for b in sheet.diagram.boxes}
    for w, x in [(w, w.replace("w", "x")) for w in at if w.startswith("w")]:
        if x in at:
            written = list(at).index(w) < list(at).index(x)
            assert (at[w] < at[x]) is written


def test_max_of_z_and_w_has_z_on_top():
    (sheet,) = sheets("@gates", "notebook")
    at = {b.title: sheet.layout.centers[b.id][1] for b in sheet.diagram.boxes}
    assert at["z"] < at["w"]


@pytest.mark.parametrize("name", one_in(7, NAMES))
def test_no_picture_has_more_crossings_than_dot_draws(name):
    (page,) = pages(name, "notebook")
    sheet, asked = lay(page.diagram, page.shown), plan(page.diagram, page.shown, "LR")
    loose = replace(asked, nodes=tuple(replace(n, ordered=False) for n in asked.nodes))
    theirs = ENGINES["wasm"].lay_out(loose)
    from_row_to_row = CROSSINGS.get((short(name), "notebook"), 0)  # theirs is in one row
    assert curves_crossed(sheet.layout) <= max(curves_crossed(theirs), from_row_to_row)


def test_a_second_engine_is_asked_only_for_what_the_first_leaves(monkeypatch):
    asked = []
    answer = tidy.laid
    monkeypatch.setattr(
        tidy, "laid", lambda plan, engine: asked.append(engine) or answer(plan, engine)
    )
    for name, again in (("@karpathy-neuron", False), ("@mazur-scalar", True)):
        value = load(name)
        value.backward()
        asked.clear()
        assert Figure(value).drawing.parts
        assert bool(asked) is again
        assert asked.count("layered") <= 12
    asked.clear()
    assert Figure(value, Style(engine="wasm")).drawing.parts
    assert "layered" not in asked


@pytest.mark.parametrize(("graph", "most"), [("attention", 160), ("residual_block", 60)])
def test_few_of_the_possible_layouts_are_made(graph, most, monkeypatch):
    """Each of them was once: 600 and 146 on a slide."""
    asked = []
    answer = ways.lay_out
    ways.laid.cache_clear()
    monkeypatch.setattr(ways, "lay_out", lambda *args: asked.append(1) or answer(*args))
    value = load(f"{next(path for path in GRAPHS if path.stem == graph)}:loss")
    value.backward()
    assert all(page.drawing.parts for page in Figure(value, Style(size="slide")).pages)
    print(len(asked))
    assert 0 < len(asked) <= most


def test_the_search_is_bounded(monkeypatch):
    tries = []
    take = tidy._Search._take
    monkeypatch.setattr(
        tidy._Search, "_take", lambda self, place: tries.append(1) or take(self, place)
    )
    value = load("@micrograd")
    value.backward()
    assert Figure(value).drawing.parts
    assert 0 < len(tries) <= 3 * (tidy.MOST_TRIES + 6)  # in one row, and in two ways in rows


@pytest.mark.parametrize(("name", "size"), one_in(7, cases))
def test_ends_of_arrows_at_one_box_are_apart(name, size):
    """Heads that lie on one another look like one."""
    for sheet in sheets(name, size):
        ends = {}
        for arrow in sheet.diagram.arrows:
            curve = sheet.layout.curves[arrow.id]
            ends.setdefault((arrow.head, "in"), []).append(curve[-1])
            ends.setdefault((arrow.tail, "out"), []).append(curve[0])
        for (box, _side), points in ends.items():
            high = sheet._frames[box][3] - sheet._frames[box][1]
            room = high / len(points)
            for i, (x, y) in enumerate(points):
                for a, b in points[i + 1 :]:
                    assert abs(x - a) + abs(y - b) >= min(9.0, room / 2)


def test_places_are_moved_apart_as_little_as_it_takes():
    assert apart([0, 20, 40], -50, 50) == [0, 20, 40]
    assert apart([0, 0, 40], -50, 50) == [-7, 7, 40]
    assert apart([48, 50], -50, 50) == [36, 50]
    assert apart([0] * 5, -10, 10) == [-10, -5, 0, 5, 10]


@pytest.mark.parametrize("names", one_in(4, [NAMES[k::4] for k in range(4)]), ids=range(4))
@pytest.mark.parametrize("size", one_in(3, ["slide", "beamer", "paper"]))
def test_no_layout_is_smaller_than_its_bound_and_the_best_is_the_best_of_all(size, names):
    """What is left out because of its bound could not have been taken."""
    for name in names:
        value = load(name)
        value.backward()
        figure = Figure(value, Style(size=size))
        if not 2 < len(figure.diagram.boxes) <= 40:
            continue
        page = Page(figure.diagram, figure.shown)
        frame = page._column
        bounds = [way.most(frame) for way in page._ways]
        scales = [scale_of(frame, way.layout) for way in page._ways]
        assert all(most >= scale for most, scale in zip(bounds, scales, strict=True))
        fresh = Page(figure.diagram, figure.shown)
        taken = scale_of(frame, best(fresh._ways, frame).layout)
        assert taken == (max(scales) if max(scales) > CLEARLY * scales[0] else scales[0])


@pytest.mark.parametrize(("name", "size"), one_in(7, cases))
def test_the_smallest_text_is_known_before_it_is_drawn(name, size):
    for sheet in sheets(name, size):
        assert sheet.least_text == pytest.approx(sheet.drawing().least_text)
        assert Page(sheet.diagram, sheet.style).most_text >= sheet.least_text * 0.94


def test_two_curves_that_cross_twice_count_twice():
    flat = sampled(((0.0, 5.0), (3.0, 5.0), (6.0, 5.0), (9.0, 5.0)))
    bow = sampled(((1.1, 0.3), (3.0, 12.0), (6.2, 12.0), (8.0, 0.1)))
    assert crossed([flat, bow]) == 2


@pytest.mark.parametrize(("name", "size"), one_in(7, cases))
def test_a_build_stands_as_its_picture(name, size):
    """In the same rows and the same order, at the same places where its boxes are as large."""
    value = load(name)
    value.backward()
    build = Steps(Figure(value, Style(size=size)))
    figure, ours = build.figure.page.tidy, build.sheet
    assert figure.layout.centers.keys() == ours.layout.centers.keys()
    assert ours.way.rows is None or ours.way.rows.row_of == figure.way.rows.row_of
    sizes = [{n.id: (n.width, n.height) for n in sheet.way.plan.nodes} for sheet in (figure, ours)]
    places = [sheet.layout.centers for sheet in (figure, ours)]
    if sizes[0] == sizes[1]:
        assert places[0] == places[1]
    for axis in (0, 1):
        for a, b in combinations(places[0], 2):
            apart = [p[b][axis] - p[a][axis] for p in places]
            assert apart[0] * apart[1] >= 0 or min(map(abs, apart)) < sizes[0][a][axis]
    words = ours.frame._words_height(ours.width)
    small = size == "notebook" and ours.height < 300  # a page that is as small as what is drawn
    assert small or words <= ours.height / 5
    assert ours.scale >= 0.87 * figure.scale
