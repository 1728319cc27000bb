"""Every layout engine answers the same contract, and the chain never fails."""

import math
import shutil
import sys
from dataclasses import replace

import pytest

from backviz.diagrams.layout import (
    DOT_LIMIT,
    ENGINES,
    Edge,
    Layout,
    Node,
    Plan,
    TooSlowError,
    lay_out,
)
from backviz.diagrams.layout import engines as engines_module
from backviz.diagrams.layout.source import dot_source, read_layout
from backviz.errors import MissingPieceError, UsageError

PLAN = Plan(
    (Node("a", 60, 40), Node("b", 80, 60), Node("c", 60, 40, ordered=True)),
    (
        Edge("e0", "a", "c", 30, 16),
        Edge("e1", "a", "c", 30, 16),
        Edge("e2", "b", "c"),
        Edge("e3", "a", "b", 30, 16),
    ),
)
USABLE = [name for name in ENGINES if ENGINES[name].missing() is None]


def boxes(plan, layout):
    for node in plan.nodes:
        x, y = layout.centers[node.id]
        yield x - node.width / 2, y - node.height / 2, x + node.width / 2, y + node.height / 2


def problems(plan, layout):
    """What in a layout breaks the contract."""
    rectangles = list(boxes(plan, layout))
    for i, one in enumerate(rectangles):
        for other in rectangles[i + 1 :]:
            if min(one[2], other[2]) - max(one[0], other[0]) > 0.5 and (
                min(one[3], other[3]) - max(one[1], other[1]) > 0.5
            ):
                yield "boxes overlap"
        inside = one[0] >= -1 and one[1] >= -1
        if not (inside and one[2] <= layout.width + 1 and one[3] <= layout.height + 1):
            yield "a box is outside"
    by_id = dict(zip((n.id for n in plan.nodes), rectangles, strict=True))
    for edge in plan.edges:
        curve = layout.curves[edge.id]
        if len(curve) < 4 or len(curve) % 3 != 1:
            yield "a curve is not made of cubic pieces"
        for point, box in ((curve[0], by_id[edge.tail]), (curve[-1], by_id[edge.head])):
            off = max(box[0] - point[0], point[0] - box[2], box[1] - point[1], point[1] - box[3])
            if abs(off) > 2:
                yield f"an end of {edge.id} is {off:.1f} pt off its box's border"
        if bool(edge.label_width) != (edge.id in layout.labels):
            yield "labels are not those that were asked for"
    if layout.curves["e0"] == layout.curves["e1"]:
        yield "parallel edges coincide"


@pytest.mark.parametrize("name", USABLE)
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_every_engine_keeps_the_contract(name, direction):
    plan = Plan(PLAN.nodes, PLAN.edges, direction)
    layout = ENGINES[name].lay_out(plan)
    assert list(problems(plan, layout)) == []
    axis = 0 if direction == "LR" else 1
    centers = layout.centers
    assert centers["a"][axis] < centers["b"][axis] < centers["c"][axis]


def test_the_checker_finds_a_broken_layout():
    good = ENGINES["layered"].lay_out(PLAN)
    flat = Layout(good.width, good.height, dict.fromkeys("abc", (50.0, 50.0)), good.curves)
    assert {"boxes overlap", "labels are not those that were asked for"} <= set(
        problems(PLAN, flat)
    )


@pytest.mark.parametrize("name", USABLE)
def test_the_same_plan_gives_the_same_layout(name):
    assert ENGINES[name].lay_out(PLAN) == ENGINES[name].lay_out(PLAN)


def test_the_embedded_engine_works_here_without_any_program(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert ENGINES["wasm"].missing() is None
    assert ENGINES["dot"].missing() is not None
    assert len(lay_out(PLAN).centers) == 3
    with pytest.raises(MissingPieceError, match="engine 'dot' cannot run"):
        lay_out(PLAN, "dot")


def test_the_chain_falls_through_to_the_last_engine(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(engines_module, "_wasm_file", lambda: None)
    assert "not installed" in ENGINES["wasm"].missing()
    assert lay_out(PLAN) == ENGINES["layered"].lay_out(PLAN)
    with pytest.raises(MissingPieceError, match="pip install"):
        lay_out(PLAN, "wasm")


def test_a_broken_engine_is_passed_over(monkeypatch):
    def broken(self, source, time_limit):
        raise MissingPieceError("wasm: trap")

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(engines_module._Sandbox, "run", broken)
    assert lay_out(PLAN) == ENGINES["layered"].lay_out(PLAN)


def test_a_layout_that_takes_too_long_is_stopped_and_the_engine_works_again():
    nodes = tuple(Node(str(i), 80, 60) for i in range(3000))
    edges = tuple(Edge(f"e{i}", str(i), str(min(2999, i + 1 + i * 7919 % 97))) for i in range(2990))
    with pytest.raises(MissingPieceError, match=r"no layout within 0\.3 s"):
        ENGINES["wasm"].lay_out(Plan(nodes, edges), 0.3)
    assert len(ENGINES["wasm"].lay_out(PLAN).centers) == 3


def slow_plan():
    """What Graphviz needs seconds for."""
    nodes = tuple(Node(str(i), 80, 60) for i in range(1500))
    edges = [Edge(f"e{i}", str(i), str(min(1499, i + 1 + i * 7919 % 97))) for i in range(1490)]
    return Plan(nodes, tuple(edges))


@pytest.mark.parametrize("name", [name for name in USABLE if name != "layered"])
def test_the_layered_layout_takes_over_from_an_engine_that_takes_too_long(name):
    plan = slow_plan()
    layout = lay_out(plan, name, 0.05)
    (message,) = layout.messages
    assert f"{name}: no layout within 0.05 s; backviz's own layout is shown" in message
    assert replace(layout, messages=()) == ENGINES["layered"].lay_out(plan)
    assert lay_out(PLAN, name).messages == ()


def test_after_one_engine_took_too_long_no_other_is_waited_for(monkeypatch):
    asked = []

    def slow(self, plan, time_limit):
        asked.append(self.name)
        raise TooSlowError(f"{self.name}: no layout within {time_limit:g} s")

    for engine in (engines_module.EmbeddedGraphviz, engines_module.SystemDot):
        monkeypatch.setattr(engine, "lay_out", slow)
    layout = lay_out(PLAN, time_limit=7)
    assert asked == ["wasm"]
    assert "wasm: no layout within 7 s" in layout.messages[0]


STAND_IN = """
import subprocess, time
class AGraph:
    def __init__(self, string):
        self.string = string
    def draw(self, format, prog):
        {body}
"""
DRAWS = 'return subprocess.run([prog, "-T" + format], input=self.string.encode(), capture_output=True).stdout'  # noqa: E501


@pytest.fixture
def pygraphviz(monkeypatch, tmp_path):
    """A module that stands in for pygraphviz, with a given way to draw."""

    def write(body):
        (tmp_path / "pygraphviz.py").write_text(STAND_IN.format(body=body))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.syspath_prepend(tmp_path)

    yield write
    sys.modules.pop("pygraphviz", None)


@pytest.mark.skipif(not shutil.which("dot"), reason="the stand-in runs dot")
def test_pygraphviz_answers_like_dot(pygraphviz):
    pygraphviz(DRAWS)
    assert ENGINES["pygraphviz"].lay_out(PLAN) == ENGINES["dot"].lay_out(PLAN)


def test_pygraphviz_can_be_stopped_and_its_complaint_is_told(pygraphviz):
    pygraphviz("time.sleep(60)")
    with pytest.raises(TooSlowError, match=r"pygraphviz: no layout within 0\.5 s"):
        ENGINES["pygraphviz"].lay_out(PLAN, 0.5)
    pygraphviz('raise ValueError("no such program")')
    with pytest.raises(MissingPieceError, match="pygraphviz: ValueError: no such program"):
        ENGINES["pygraphviz"].lay_out(PLAN)


def test_a_pygraphviz_that_breaks_down_while_it_loads_is_a_sentence(pygraphviz, tmp_path):
    pygraphviz("pass")
    assert ENGINES["pygraphviz"].missing() is None
    assert "pygraphviz" not in sys.modules
    (tmp_path / "pygraphviz.py").write_text("import os; os.abort()")
    assert "pygraphviz: " in ENGINES["pygraphviz"].missing()
    (tmp_path / "pygraphviz.py").write_text("raise OSError('libcgraph is not there')")
    assert "libcgraph is not there" in ENGINES["pygraphviz"].missing()


def test_large_plans_go_straight_to_the_layered_layout():
    nodes = tuple(Node(str(i), 40, 30) for i in range(DOT_LIMIT + 1))
    edges = tuple(Edge(f"e{i}", str(i), str(i + 1)) for i in range(DOT_LIMIT))
    plan = Plan(nodes, edges)
    assert lay_out(plan) == ENGINES["layered"].lay_out(plan)


def test_an_empty_plan_is_an_empty_layout():
    assert lay_out(Plan((), ())) == Layout(0.0, 0.0, {}, {})


def test_an_unknown_engine_is_a_sentence():
    with pytest.raises(UsageError, match="unknown layout engine 'dott'; did you mean 'dot'"):
        lay_out(PLAN, "dott")


def test_an_answer_that_cannot_be_read_is_a_sentence():
    for answer in (b"", b"{}", b'{"bb": "0,0"}', b"[1]"):
        with pytest.raises(MissingPieceError, match="no usable answer"):
            read_layout(answer, PLAN)


def test_the_source_holds_sizes_and_no_text():
    source = dot_source(PLAN)
    assert source.count('label=""') == 1
    assert "fixedsize=true" in source
    assert all(math.isfinite(x) for box in boxes(PLAN, lay_out(PLAN)) for x in box)
