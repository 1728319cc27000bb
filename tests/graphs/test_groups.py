"""Named groups: a frame around their boxes and no others, in every fold, layout and format."""

import random

import pytest
from picture_lint import objections
from quick import one_in

import backviz
from backviz import Figure, Style, Value, tensor, to_graph
from backviz.diagrams.page import lay
from backviz.errors import InputError
from backviz.graphs import groups_of

FORMS = ("svg", "tikz", "mermaid", "dot")


def net():
    x, W, b = tensor([1.0, -2.0], "x"), tensor([[0.5, -0.3], [0.2, 0.8]], "W"), tensor([0.1, 0.2])
    b.label = "b"
    with backviz.group("encoder"):
        h = (W @ x + b).tanh()
        h.label = "h"
        with backviz.group("норма"):
            n = h / (h * h).sum().sqrt()
            n.label = "n"
    with backviz.group("a <b>& $x$"):
        loss = (n - 1.0).square().sum()
        loss.label = "L"
    loss.backward()
    return loss


def framed(figure):
    """Every frame with the boxes inside of it, on the page as it was laid out."""
    sheet = lay(figure.diagram, figure.shown)
    for name, (left, top, right, bottom) in sheet.layout.frames:
        inside = {
            box
            for box, (a, b, c, d) in sheet._frames.items()
            if a < right and c > left and b < bottom and d > top
        }
        yield name, inside


@pytest.mark.parametrize(
    "options",
    [{}, {"direction": "TB"}, {"size": "slide"}, {"size": "beamer", "fold": "none"},
     {"fold": "names"}, {"size": "paper", "fold": "constants"}],
)  # fmt: skip
def test_no_foreign_box_is_in_a_frame(options):
    figure = Figure(net(), Style(**options))
    members = {c.id: {*c.boxes} for c in figure.diagram.clusters}
    found = {}
    for name, inside in framed(figure):
        assert inside <= members[name]
        found.setdefault(name, set()).update(inside)
    assert found == members


@pytest.mark.parametrize("engine", ["auto", "layered"])
@pytest.mark.parametrize("seed", one_in(3, range(6)))
def test_frames_of_random_graphs(seed, engine):
    rng = random.Random(seed)
    values = [Value(rng.uniform(0.5, 2), f"x{i}") for i in range(3)]
    for k in range(4):
        with backviz.group(f"part {k % 2}"):
            for _ in range(rng.randint(1, 4)):
                a, b = rng.sample(values, 2)
                values.append(a * b if rng.random() < 0.5 else (a + b).tanh())
    out = values[-1] + values[-2] * values[-3]
    out.backward()
    figure = Figure(out, Style(fold="none", engine=engine))
    members = {c.id: {*c.boxes} for c in figure.diagram.clusters}
    for name, inside in framed(figure):
        assert inside <= members[name]


def test_a_group_is_a_layer_of_the_fold():
    titles = [b.title for b in Figure(net(), Style(fold="layers")).diagram.boxes]
    assert "норма" in titles


def test_calls_are_numbered_in_each_graph_anew():
    def loop():
        x = Value(2.0, "x")
        for _ in range(2):
            with backviz.group("step"):
                x = x * 2.0 + 1.0
        return to_graph(x)

    first, second = loop(), loop()
    scopes = [s for _n, s in first.nodes(data="scope") if s]
    assert scopes == [s for _n, s in second.nodes(data="scope") if s]
    assert scopes == ["[step]", "[step]", "[step]#2", "[step]#2"]
    assert [g.title for g in groups_of(first, {n: n for n in first})] == ["step", "step"]


def test_a_layout_that_cannot_keep_others_out_says_so():
    x, w, v = Value(2.0, "x"), Value(3.0, "w"), Value(1.0, "v")
    with backviz.group("encoder"):
        h = (x * w + 1.0) * w
        h2 = (h * w + 2.0) * v
    with backviz.group("decoder"):
        y = (h2 * v - x) ** 2
    out = y + h
    out.backward()
    figure = Figure(out, Style(engine="layered"))
    assert any("the frames of encoder" in said for said in figure.drawing.warnings)
    named = {name for name, _ in figure.page.tidy.layout.frames}
    assert named == {"frame1"}  # no frame around a part of it, in one of several rows


def test_a_title_is_text_in_every_format_that_draws():
    made = {f: backviz.render(net(), f, text="keep").decode() for f in FORMS}
    assert "a &lt;b&gt;&amp; $x$" in made["svg"]
    assert r"\$x" in made["tikz"]
    assert 'subgraph frame0["encoder"]' in made["mermaid"]
    assert "subgraph cluster_frame0" in made["dot"]
    assert b"encoder" in backviz.renderers.builds.BUILDERS["html"](backviz.steps(net()))[0]


def test_a_group_needs_a_name():
    with pytest.raises(InputError, match="group: a name is some text"), backviz.group("a/b"):
        pass


def test_our_own_layout_frames_what_no_other_box_stands_in():
    x = Value(2.0, "x")
    with backviz.group("inside"):
        h = ((x * 2.0).tanh() + 1.0) * 3.0
    y = h.exp()
    y.backward()
    figure = Figure(y, Style(engine="layered"))
    frames = dict(framed(figure))
    boxes = {b.id: b.symbol for b in figure.diagram.boxes}
    assert {boxes[b] for b in frames["frame0"]} == {"x·2", "tanh", "□ + 1", "□·3"} | {
        boxes[b] for b in frames["frame0"] if b == figure.diagram.boxes[0].id
    }
    assert not figure.drawing.warnings and not [*objections(figure.drawing)]


def test_text_writes_the_groups_of_a_box_into_its_lower_border():
    text = backviz.render(net(), "text").decode()
    lower = [line for line in text.splitlines() if "└" in line or "╚" in line]
    assert sum("─ encoder ─" in line for line in lower) >= 2
    assert any("encoder / норма" in line for line in lower)
    assert "+- encoder -" in backviz.render(net(), "ascii").decode()
    x = Value(2.0, "x")
    with backviz.group("many"):
        h = x
        for _ in range(70):
            h = h * 1.5
    assert "  (many)" in backviz.render(h, "text", fold="constants").decode()
