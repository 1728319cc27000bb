"""Named groups: a frame around their boxes and no others, in every fold, layout and format."""

import random

import pytest
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


@pytest.mark.parametrize("seed", one_in(3, range(6)))
def test_frames_of_random_graphs(seed):
    rng = random.Random(seed)
    values = [Value(rng.uniform(0.5, 2), f"x{i}") for i in range(3)]
    for k in range(4):
        with backviz.group(f"part {k % 2}"):
            for _ in range(rng.randint(1, 4)):
                a, b = rng.sample(values, 2)
                values.append(a * b if rng.random() < 0.5 else (a + b).tanh())
    out = values[-1] + values[-2] * values[-3]
    out.backward()
    figure = Figure(out, Style(fold="none"))
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
    figure = Figure(net(), Style(engine="layered"))
    assert any("the frames of encoder" in said for said in figure.drawing.warnings)


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
