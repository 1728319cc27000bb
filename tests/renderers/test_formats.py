"""TikZ, Mermaid, drawings of characters and GraphML, each read back by its own grammar."""

import io
import os
import re
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest
from catalogues import catalogues, texts
from quick import one_in

import backviz
from backviz import OPS, Figure, Style, Value, load, save, tensor
from backviz.autodiff.formula import derivatives
from backviz.autodiff.orders import recorded_gradients
from backviz.diagrams.drawing import Curve, Rect, Text
from backviz.diagrams.steps import Steps
from backviz.diagrams.theme import THEMES
from backviz.errors import InputError
from backviz.ops import layer_norm
from backviz.renderers import RENDERERS
from backviz.renderers.graphml import graphml
from backviz.renderers.mermaid import mermaid
from backviz.renderers.tikz import FRAME, beamer_snippet, tikz, tikz_steps
from backviz.sources import EXAMPLES
from backviz.tex_signs import tex


def figure(source="@diamond", **style):
    output = load(source)
    output.backward()
    return Figure(output, Style(**style))


# TikZ ------------------------------------------------------------------------------------


NUMBER = r"(-?[0-9.]+)"
FRAME_NODE = re.compile(
    rf"\\node\[inner sep=0pt,minimum width={NUMBER}bp,minimum height={NUMBER}bp\] "
    rf"\((n\d+)\) at \({NUMBER},{NUMBER}\) \{{\}};"
)
TEXT_NODE = re.compile(
    rf"\\node\[([tbl]),text=bv-(\w+),scale={NUMBER}\] at \({NUMBER},{NUMBER}\) \{{(.*)\}};"
)


def balanced(source):
    """Braces outside of escapes and comments open and close."""
    plain = re.sub(r"\\[\\{}%]", "", re.sub(r"(?<!\\)%.*", "", source))
    depth = 0
    for sign in plain:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    return depth == 0


@pytest.mark.parametrize("name", one_in(4, EXAMPLES))
def test_tikz_puts_everything_where_the_page_has_it(name):
    picture = figure(f"@{name}", size="slide", title="A & B")
    drawing, source = picture.drawing, tikz(picture).decode()
    assert balanced(source)
    assert f"\\useasboundingbox (0,0) rectangle ({drawing.width:g},{drawing.height:g});" in source
    frames = {
        m[3]: tuple(map(float, (m[1], m[2], m[4], m[5]))) for m in FRAME_NODE.finditer(source)
    }
    assert frames.keys() == {b.id for b in picture.diagram.boxes}
    for part in drawing.parts:
        if part.id in frames:
            (*_, rect) = (m for m in part.marks if isinstance(m, Rect) and m.stroke)
            middle = rect.x + rect.width / 2, rect.y + rect.height / 2
            assert frames[part.id] == pytest.approx((rect.width, rect.height, *middle), abs=0.006)
    texts = [m for m in drawing.marks() if isinstance(m, Text) and m.text.strip()]
    nodes = TEXT_NODE.findall(source)
    assert len(nodes) == len(texts)
    theme = THEMES["light"]
    for mark, (look, colour, scale, _, y, shown) in zip(texts, nodes, strict=True):
        assert (look == "b", getattr(theme, colour)) == (mark.bold, mark.fill)
        assert float(scale) * 10 == pytest.approx(mark.size, abs=0.06)
        assert float(y) == pytest.approx(mark.y, abs=0.006)
        if mark.text.isalnum() and mark.text.isascii():
            assert shown == mark.text
    curves = sum(isinstance(m, Curve) for m in drawing.marks())
    assert len(re.findall(r"\\path\[draw=.* \.\. controls ", source)) == curves


def test_tikz_names_the_theme_s_colours():
    for theme in THEMES.values():
        source = tikz(figure(theme=theme.name)).decode()
        named = dict(re.findall(r"\\definecolor\{bv-(\w+)\}\{HTML\}\{(\w{6})\}", source))
        assert {f"#{c.lower()}" for c in named.values()} <= set(vars_of(theme))
        for name, colour in named.items():
            assert getattr(theme, name) == f"#{colour.lower()}"
        assert set(re.findall(r"bv-(\w+)", source)) == named.keys()


def vars_of(theme):
    return [getattr(theme, name) for name in theme.__slots__]


def test_a_colour_that_is_no_theme_s_is_spelled_out():
    x = tensor(np.arange(12.0).reshape(3, 4), "x")
    y = (x * x).sum()
    y.backward()
    source = tikz(Figure(y, Style(heat=True))).decode()
    assert re.search(r"fill=\{rgb,255:red,\d+;green,\d+;blue,\d+\}", source)


def test_tikz_has_letters_for_every_sign_that_figures_use():
    words = "".join(text for path in catalogues() for text in texts(path, "diagrams/"))
    ops = "".join(op.symbol + "".join(derivatives(op)) for op in OPS.values())
    for sign in sorted({*words, *ops, *"□⋯…∞−—·²³⁴⁵⁶⁷⁸⁹⁰¹⁻ᵀ√×÷σΣ⏎�\u2007\u2009"}):
        assert "Umathchar" not in tex(sign), sign
    assert "Umathchar" in tex("日")


def test_a_latex_table_has_letters_for_every_sign_of_a_formula():
    """`pdflatex` stops at a ∂, a ᵀ or a hat over a letter that stand there as they are."""
    x, w = tensor(np.arange(6.0).reshape(3, 2), "x"), tensor([[1.0, 2.0], [0.5, 3.0]], "w")
    told = backviz.table(layer_norm(x @ w).sum(), "latex")
    assert told.isascii() and "Umathchar" not in told
    for sign in (r"$\partial$", "$^{T}$", "$_{1}$", r"\^{x}", r"$\surd$", r"$\sigma$"):
        assert sign in told, sign
    assert tex("日̂").count("Umathchar") == 2  # no hat over what pdflatex has no letter for


def test_cyrillic_loads_its_encoding_and_nothing_else_does():
    assert "T2A" in tikz(figure(title="Граф")).decode()
    assert "T2A" not in tikz(figure()).decode()


def test_every_step_of_the_frame_shows_what_its_page_shows():
    steps = Steps(figure("@karpathy-neuron"))
    source = tikz_steps(steps).decode()
    assert balanced(source)
    assert source.count(r"\begin{frame}") == 1
    head, frame = source.split(r"\begin{frame}")
    saved = {
        k: [(text[5], text[1]) for text in TEXT_NODE.findall(drawn)]
        for k, drawn in re.findall(r"(?ms)^\\backvizsave\{(\d+)\}\{%\n(.*?)^\}$", head)
    }
    shown = {k: [] for k in range(1, len(steps.moments) + 1)}
    for line in frame.split("\n"):
        if part := re.fullmatch(r"(?:\\only<(.*)>\{)?\\backvizpart\{(\d+)\}\}?%", line):
            for k in shown:
                if part[1] is None or on(k, part[1]):
                    shown[k] += saved[part[2]]
    for k, moment in enumerate(steps.moments, 1):
        drawing = steps.drawing(moment)
        names = {getattr(THEMES["light"], n): n for n in reversed(THEMES["light"].__slots__)}
        wanted = [(tex(m.text), names[m.fill]) for m in drawing.marks() if isinstance(m, Text)]
        assert sorted(shown[k]) == sorted(w for w in wanted if w[0].strip())


def on(step, spec):
    """Whether Beamer's overlay specification holds the step."""
    for part in spec.split(","):
        first, dash, last = part.partition("-")
        if int(first) <= step <= (int(last) if last else 10**6 if dash else int(first)):
            return True
    return False


def test_a_part_of_the_frame_is_set_once_and_its_boxes_lie_on_its_arrows():
    steps = Steps(figure("@diamond"), pace="contribution")
    head, frame = tikz_steps(steps).decode().split(r"\begin{frame}")
    distinct = {id(part): part for moment in steps.moments for part in steps.parts(moment)}
    marks = [mark for part in distinct.values() for mark in part.marks]
    texts = [m for m in marks if isinstance(m, Text) and m.text.strip()]
    curves = [i for i, line in enumerate(head.split("\n")) if " .. controls " in line]
    letters = [i for i, line in enumerate(head.split("\n")) if TEXT_NODE.fullmatch(line)]
    assert (len(letters), len(curves)) == (len(texts), sum(isinstance(m, Curve) for m in marks))
    assert not re.search(r"\\(?:path|fill)|text=", frame)  # drawn again on every step
    assert [n for *_, n, _, _ in FRAME_NODE.findall(frame)] == [b.id for b in steps.diagram.boxes]
    numbers = list(map(int, re.findall(r"backvizpart\{(\d+)\}", frame)))
    assert numbers == sorted(numbers) == list(range(head.count("\n\\backvizsave{")))
    labels = sum(p.id.endswith("-label") for p in distinct.values())
    assert sum(i < max(curves[:-2]) for i in letters) <= labels  # the legend has two samples


def test_a_frame_is_no_larger_than_beamer_s_page():
    source = tikz_steps(Steps(figure(size="slide"))).decode()
    width, height = map(
        float, re.search(rf"box \(0,0\) rectangle \({NUMBER},{NUMBER}\)", source).groups()
    )
    assert (width, height) == pytest.approx(FRAME, abs=0.01)


def test_the_snippet_shows_every_page_once():
    snippet = beamer_snippet(r"build\steps.pdf", 12)
    assert r"\foreach \k in {1,...,12}" in snippet
    assert "{build/steps.pdf}" in snippet
    assert balanced(snippet)
    assert r"in {1}{" in beamer_snippet("a.pdf", 1)
    with pytest.raises(InputError, match="use 1 page or more"):
        beamer_snippet("a.pdf", 0)


# Mermaid ---------------------------------------------------------------------------------


LINES = {
    "box": r'  (n\d+)(?:\("[^"]*"\)|\["[^"]*"\]|\[\["[^"]*"\]\]):::([a-z]+)',
    "arrow": r'  (n\d+) -->(?:\|"([^"]*)"\|)? (n\d+)',
    "class": r"  classDef (\w+) fill:(#\w{6}),stroke:(#\w{6}),color:(#\w{6})(?:,[\w-]+:[\w ]+)*",
    "legend": r'  legend\["[^"]*"\]:::legend',
    "of the legend": r"  classDef legend fill:none,stroke:none,color:#\w{6}",
    "links": r"  linkStyle default stroke:#\w{6},color:#\w{6}",
    "head": r"---|title: \".*\"|config: \{.*\}|flowchart (?:LR|TB)|  acc(?:Title|Descr): [^:{}]*",
}


def orders():
    """A function and its derivatives in one graph; the boxes of these have a role of their own."""
    output = load("@karpathy-neuron")
    output.backward(create_graph=True)
    return Figure(output, more=recorded_gradients(output))


@pytest.mark.parametrize("form", one_in(2, RENDERERS))
def test_every_format_draws_a_graph_with_its_derivatives(form):
    assert "derivative" in {b.role for b in orders().diagram.boxes}
    assert RENDERERS[form](orders())


@pytest.mark.parametrize("name", EXAMPLES)
def test_mermaid_keeps_to_its_grammar_and_has_every_arrow(name):
    picture = figure(f"@{name}", title="y = f(x)")
    lines = mermaid(picture).decode().rstrip("\n").split("\n")
    found = {kind: [] for kind in LINES}
    for line in lines:
        (kind,) = (k for k, rule in LINES.items() if re.fullmatch(rule, line))
        found[kind].append(re.fullmatch(LINES[kind], line).groups())
    diagram = picture.diagram
    assert [name for name, _ in found["box"]] == [b.id for b in diagram.boxes]
    assert [(t, h) for t, _, h in found["arrow"]] == [(a.tail, a.head) for a in diagram.arrows]
    classes = {role: fill for role, fill, *_ in found["class"]}
    assert classes == {b.role: THEMES["light"].fill(b.role) for b in diagram.boxes}


def test_mermaid_shows_values_gradients_and_local_derivatives():
    source = mermaid(figure("@diamond")).decode()
    assert '["L ' in source
    assert "<br/>−20<br/>grad 1" in source
    assert 'n4 -->|"−2"| n6' in source
    assert "flowchart TB" in mermaid(figure("@diamond", direction="TB")).decode()


# GraphML ---------------------------------------------------------------------------------


def read_graphml(data):
    return nx.read_graphml(
        io.BytesIO(data), node_type=int, edge_key_type=int, force_multigraph=True
    )


@pytest.mark.parametrize("name", ["diamond", "karpathy-neuron", "micrograd", "mazur-scalar"])
def test_graphml_gives_a_graph_of_scalars_back(name):
    picture = figure(f"@{name}")
    read, graph = read_graphml(graphml(picture)), picture.graph
    assert dict(read.nodes(data=True)) == dict(graph.nodes(data=True))
    assert sorted(read.edges(keys=True, data=True), key=lambda e: e[:3]) == sorted(
        graph.edges(keys=True, data=True), key=lambda e: e[:3]
    )
    assert read.graph["output"] == graph.graph["output"]


def test_graphml_holds_arrays_as_text_and_what_is_not_finite():
    x = tensor([1.0, 2.5], "x")
    y = (x * x).sum()
    y.backward()
    read = read_graphml(graphml(Figure(y)))
    assert read.nodes[0]["value"] == "[1.0, 2.5]"
    assert read.nodes[0]["grad"] == "[2.0, 5.0]"
    strange = read_graphml(graphml(Figure(Value(float("inf"), "a") * Value(float("nan"), "b"))))
    assert strange.nodes[0]["value"] == float("inf")
    assert np.isnan(strange.nodes[1]["value"])


# Files and the command line --------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "begins"),
    [
        ("tex", "% Computation graph of L\n% Drawn by backviz"),
        ("mmd", "---\nconfig: "),
        ("txt", "┌"),
        ("asc", "+-"),
        ("graphml", "<?xml"),
        ("tikz", "% Computation graph of L"),
    ],
)
def test_the_ending_of_a_file_says_its_format(tmp_path, ending, begins):
    output = load("@diamond")
    output.backward()
    path = save(output, tmp_path / f"g.{ending}")
    assert path.read_text("utf-8").startswith(begins)


def run(*given, **environment):
    command = [sys.executable, "-m", "backviz", *given]
    env = os.environ | environment
    return subprocess.run(command, capture_output=True, env=env, check=False)


def test_the_command_line_prints_the_drawing():
    done = run("graph", "@diamond", "-F", "text")
    assert done.stdout.decode() == RENDERERS["text"](figure("@diamond")).decode()
    assert done.stderr == b""


def test_a_console_without_the_lines_gets_others():
    done = run("graph", "веса*2; веса=3", "-F", "text", PYTHONIOENCODING="cp1251")
    shown = done.stdout.decode("cp1251")
    assert "| веса = 3 |" in shown
    assert "?" not in shown


def test_help_lists_every_format():
    said = run("graph", "--help").stdout.decode()
    assert all(name in said for name in RENDERERS)
