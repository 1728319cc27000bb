"""Numbers that a page or a comment promises, and states that a command must not leave behind.

Each was once changed by hand without any test noticing; one test for each of its kind.
"""

import re
import zlib
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from film_samples import small_steps
from PIL import Image
from quick import one_in

import backviz
from backviz import Figure, Value, load, scenes, scope, tensor, to_graph
from backviz.autodiff.recording import scoped
from backviz.diagrams.layout import Edge, Node, Plan, engines, rows
from backviz.diagrams.layout.layered import _weights, layered_layout
from backviz.diagrams.theme import THEMES
from backviz.errors import MissingPieceError, UsageError
from backviz.graphs import contract, fold_layers, fold_names, fold_repeats
from backviz.graphs.scopes import _runs
from backviz.movies import film_bytes
from backviz.movies.step_films import HOLD, PER_MOMENT, film_of
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.renderers.pdf import _contour
from backviz.stepping.breaks import Event, read_break
from backviz.stepping.commands import advance
from backviz.stepping.state import start
from backviz.telling.record import Record
from backviz.telling.run import Run
from backviz.text import NumberStyle

ROOT = Path(__file__).parent.parent


def play(state, *lines):
    text = ""
    for line in lines:
        state, result = advance(state, line)
        text = result.text
    return state, text


# The stepper ------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["set a=5", "undo", "reset"])
def test_whatever_changes_the_numbers_drops_an_open_question(line):
    state, _ = play(start(load("@diamond")), "set b=7", "set c=2", "undo", "quiz")
    assert state.question is not None
    state, _ = play(state, line)
    assert state.question is None
    assert "right" not in play(state, "10")[1]


def values(state, *names):
    return [state.run.values[state.record.find(name)].data for name in names]


def test_reset_and_set_forget_what_was_undone_and_only_that():
    state, _ = play(start(load("@diamond")), "c", "set a=5", "set b=7", "undo")
    after, _ = play(state, "reset")
    assert values(after, "a", "b") == [2.0, 3.0]
    assert play(after, "redo")[1].strip() == play(start(load("@diamond")), "redo")[1].strip()
    after, _ = play(after, "undo")
    assert values(after, "a", "b") == [5.0, 3.0]  # not the 7 that was taken back
    after, _ = play(state, "set c=1")
    assert values(play(after, "redo")[0], "a", "b", "c") == [5.0, 3.0, 1.0]
    assert values(play(after, "undo")[0], "a", "b", "c") == [5.0, 3.0, 4.0]


def test_saturated_begins_at_the_slope_that_the_page_names():
    page = (ROOT / "docs" / "stepper.md").read_text("utf-8")
    limit = float(re.search(r"\| `sat` \|.*a slope under ([0-9.]+)", page)[1])
    for share, stops in ((0.99, True), (1.01, False)):
        x = Value(float(np.arctanh(np.sqrt(1 - share * limit))), "x")
        run = Run(Record(x.tanh()))
        assert read_break("sat", run.record).stops(Event(run, 1)) == stops


# Pictures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("uses", [2, 3, 6, 7])
def test_a_sum_of_up_to_six_parts_is_written_out(uses):
    a = Value(2.0, "a")
    total = sum((a * float(k) for k in range(2, uses + 1)), a * 1.0)
    words = " ".join(line for m in backviz.steps(total, fold="none").moments for line in m.lines)
    parts = " + ".join(str(k) for k in range(uses, 0, -1))
    other = " + ".join(str(k) for k in range(1, uses + 1))
    written = f"{parts} = {sum(range(uses + 1))}" in words or f"{other} =" in words
    assert written == (uses <= 6), words


@pytest.mark.parametrize(("blocks", "folded"), [(2, False), (3, True), (4, True)])
def test_three_equal_blocks_in_a_row_are_one(blocks, folded):
    h = tensor([[1.0, 2.0]], "x")
    with scoped():
        for i in range(blocks):
            with scope("block"):
                h = (h @ tensor(np.eye(2), f"w{i}")).tanh()
        h = h.sum()
    graph = to_graph(h)
    parts = fold_repeats(graph, fold_layers(graph))
    view = contract(graph, parts.home, titles=parts.titles)
    assert (f"block ×{blocks}" in [d.get("title") for _, d in view.nodes(data=True)]) == folded


def test_a_letter_in_a_pdf_lies_within_its_box():
    """What is outside a form's /BBox is cut off; the path itself says what it needs."""
    L = load("L=fjÄ*Wy; fjÄ=2; Wy=3")
    L.backward()
    made = RENDERERS["pdf"](Figure(L))
    forms = re.findall(
        rb"/BBox \[ (\S+) (\S+) (\S+) (\S+) \] /Resources << >>(.*?)>>\nstream\n(.*?)\nendstream",
        made, re.DOTALL,
    )  # fmt: skip
    letters = 0
    for *box, about, stream in forms:
        path = zlib.decompress(stream) if b"Flate" in about else stream
        numbers = [float(n) for n in re.findall(rb"-?[0-9.]+", path)]
        left, low, right, high = map(float, box)
        assert left < min(numbers[::2]) and max(numbers[::2]) < right
        assert low < min(numbers[1::2]) and max(numbers[1::2]) < high
        letters += 1
    assert letters >= 8


def test_a_letter_s_bows_in_a_pdf_are_the_font_s():
    """TrueType has quadratic pieces, PDF cubic ones: the same points at the same shares."""
    start, bend, end = np.array([3.0, 4.0]), np.array([10.0, 40.0]), np.array([31.0, -2.0])
    written = _contour([("M", [tuple(start)]), ("Q", [tuple(bend), tuple(end)])])
    numbers = [float(n) for n in re.findall(r"-?[0-9.]+", written)]
    points = np.array(numbers).reshape(-1, 2)[-4:]
    assert points[[0, -1]].tolist() == [start.tolist(), end.tolist()]
    for t in (0.25, 0.5, 0.75):
        bow = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t * t * end
        shares = np.array([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3])
        assert shares @ points == pytest.approx(bow, abs=0.02)


@pytest.mark.parametrize(("nodes", "formula"), [(24, True), (25, False)])
def test_a_group_of_twenty_four_nodes_has_a_formula(nodes, formula):
    y = Value(0.5, "x")
    for _ in range(nodes):
        y = y.sin()
    y.label = "y"
    graph = to_graph(y)
    view = contract(graph, fold_names(graph))
    (group,) = (d for _, d in view.nodes(data=True) if "size" in d)
    assert group["size"] == nodes
    assert group["formula"] == ("sin(" * nodes + "x" + ")" * nodes if formula else f"{nodes} ops")


def test_a_folded_group_names_its_three_most_frequent_ops():
    y = Value(0.5, "x")
    for op, times in (("sin", 3), ("cos", 2), ("tanh", 4), ("exp", 1)):
        for _ in range(times):
            y = getattr(y, op)()
    y.label = "y"
    graph = to_graph(y)
    view = contract(graph, fold_names(graph))
    (ops,) = (d["ops"] for _, d in view.nodes(data=True) if "size" in d)
    assert ops == "tanh ×4, sin ×3, cos ×2, …"


def test_the_straightest_stretches_are_those_between_two_bends_then_the_spine():
    """Edge 0 has two bends, edge 1 one, edge 2 none; node 9 has its longest history by edge 1."""
    graph = SimpleNamespace(tail=np.array([0, 1, 2]), head=np.array([9, 9, 8]))
    depth = np.array([0, 5, 1, 0, 0, 0, 0, 0, 3, 6])
    bend = np.array([0, 1, 1, 0, 0, 1, 0, 0, 0], bool)
    mesh = SimpleNamespace(
        first=np.array([0, 4, 7, 9]), bend=bend, path=np.arange(9),
        inner=np.array([0, 1, 2, 4, 5, 7]),
    )  # fmt: skip
    assert _weights(graph, mesh, depth).tolist() == [2, 16, 2, 4, 4, 4]
    graph.tail, graph.head = np.array([0, 1, 2]), np.array([9, 9, 9])
    depth[[0, 1, 2]] = 5, 5, 5  # no history is the longest
    assert _weights(graph, mesh, depth).tolist() == [2, 16, 2, 2, 2, 1]


def test_a_sandbox_that_failed_is_thrown_away(monkeypatch):
    engine = engines.EmbeddedGraphviz()
    if engine.missing():
        pytest.skip("there is no embedded Graphviz here")
    plan = Plan((Node("a", 60, 40), Node("b", 80, 60)), (Edge("e0", "a", "b", 30, 16),))
    right = engine.lay_out(plan)
    old = engines._sandbox()
    with monkeypatch.context() as broken:
        broken.setattr(old, "_render", lambda _: (_ for _ in ()).throw(MissingPieceError("boom")))
        with pytest.raises(MissingPieceError, match="boom"):
            engine.lay_out(plan)
    assert engines._sandbox() is not old
    assert engine.lay_out(plan) == right


# Text -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "shown"),
    [
        (999_999.0, "999999"), (1e6, "1e6"), (-1e6, "-1e6"), (1_000_001.0, "1.000e6"),
        (0.001, "0.001"), (0.00099, "9.9e-4"), (123456.7, "123457"),
    ],
)  # fmt: skip
def test_an_exponent_begins_at_a_million_and_under_a_thousandth(x, shown):
    assert NumberStyle(4, minus="-").format(x) == shown


# Films ------------------------------------------------------------------------------------


def shown_at(path):
    """When each picture of an animation comes, in milliseconds, and when the last one ends."""
    with Image.open(path) as image:
        spans = []
        for k in range(image.n_frames):
            image.seek(k)
            image.load()
            spans.append(image.info["duration"])
    return [0, *accumulate(spans)]


@pytest.mark.parametrize("form", ["gif", "webp"])
@pytest.mark.parametrize("fps", one_in(2, [12.0, 30.0]))
def test_every_picture_of_an_animation_comes_in_its_time(form, fps, tmp_path):
    """GIF counts hundredths of a second: no picture is more than half of one away."""
    film = scenes.tangent(frames=7)
    times = shown_at(film.save(tmp_path / f"a.{form}", fps=fps, hold=1.0, scale=0.25))
    assert times[:7] == pytest.approx([1000 * k / fps for k in range(7)], abs=5.01)
    assert times[-1] == pytest.approx(1000 * (7 / fps + 1), abs=20)


def test_every_frame_of_an_mp4_comes_in_its_time(tmp_path):
    path = scenes.tangent(frames=7).save(tmp_path / "a.mp4", fps=12, hold=1.0, scale=0.25)
    with av.open(str(path)) as film:
        times = [Fraction(frame.pts) * frame.time_base for frame in film.decode(video=0)]
        length = Fraction(film.duration, av.time_base)
    assert times == [Fraction(k, 12) for k in range(7 + 12)]
    assert float(length) == pytest.approx(19 / 12, abs=0.01)


@pytest.mark.parametrize("form", one_in(3, ["gif", "webp", "mp4"]))
def test_a_film_of_steps_lasts_as_long_as_its_steps(form, tmp_path):
    steps = small_steps()
    path = tmp_path / "film"
    path.write_bytes(film_bytes(steps, form))
    if form == "mp4":
        with av.open(str(path)) as film:
            seconds = film.duration / av.time_base
    else:
        seconds = shown_at(path)[-1] / 1000
    assert (PER_MOMENT, HOLD) == (1.5, 2.0)
    assert seconds == pytest.approx(1.5 * len(steps.moments) + 2.0, abs=0.05)


@pytest.mark.parametrize(("period", "found"), [(1, True), (6, True), (7, False)])
def test_a_block_that_repeats_has_up_to_six_boxes(period, found):
    signs = [str(i) for i in range(period)] * 3
    assert _runs(signs) == ([(0, period, 3)] if found else [])


@pytest.mark.parametrize(("arrows", "broken"), [(2, True), (5, True), (6, False)])
def test_a_row_ends_where_at_most_five_arrows_pass(arrows, broken):
    names = [f"{side}{i}" for side in "lr" for i in range(arrows)]
    over = [(f"l{i}", f"r{i}") for i in range(arrows)]
    ends = [e for i in range(arrows) for e in (("s", f"l{i}"), (f"r{i}", "t"))]
    plan = Plan(
        tuple(Node(name, 40, 20) for name in ["s", *names, "t"]),
        tuple(Edge(f"e{i}", a, b) for i, (a, b) in enumerate([*over, *ends])),
    )
    found = [*rows.in_rows(plan, layered_layout(plan), most=2)]
    assert bool(found) is broken


def test_between_two_rows_there_is_room_for_the_arrow_and_its_corners():
    names = "abcdefgh"
    plan = Plan(
        tuple(Node(name, 40, 20) for name in names),
        tuple(Edge(f"e{i}", a, b) for i, (a, b) in enumerate(pairwise(names))),
    )
    first = next(rows.in_rows(plan, layered_layout(plan))).lay(layered_layout)
    heights = sorted({round(y, 3) for _, y in first.centers.values()})
    assert len(heights) == 2
    gap = heights[1] - heights[0] - 20
    assert gap >= 2 * rows.CORNER + rows.LANE


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_beamer_frame_of_tikz_is_no_larger_than_beamer_s_page(direction):
    y = Value(0.5, "x")
    for _ in range(9):
        y = y.sin()
    y.label = "y"
    steps = backviz.steps(y, direction=direction, fold="none")
    text = BUILDERS["tikz"](steps)[0].decode()
    sizes = re.findall(r"useasboundingbox \(0,0\) rectangle \(([0-9.]+),([0-9.]+)\)", text)
    assert sizes
    for wide, high in sizes:
        assert float(wide) <= 16 / 2.54 * 72 + 0.01
        assert float(high) <= 9 / 2.54 * 72 + 0.01


@pytest.mark.parametrize(("scale", "made"), [(4096 / 900, True), (4100 / 900, False)])
def test_a_film_has_at_most_4096_pixels_on_a_side(scale, made):
    """H.264 players decode no larger ones; the picture is 900 points wide, nothing is drawn."""
    drawing = SimpleNamespace(width=900.0, height=300.0, title="", description="")
    steps = SimpleNamespace(
        drawing_of=lambda _: drawing, moments=[None],
        figure=SimpleNamespace(style=SimpleNamespace(scale=scale, lang="en")),
        sheet=SimpleNamespace(theme=THEMES["light"]),
    )  # fmt: skip
    if made:
        assert film_of(steps).width == 4096
    else:
        with pytest.raises(UsageError, match="too large for players"):
            film_of(steps)
