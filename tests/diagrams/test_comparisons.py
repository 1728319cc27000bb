"""Two graphs beside each other: equal parts at equal places, what differs marked, nothing else."""

import json
import re

import networkx as nx
import numpy as np
import pytest
from command_line import call
from picture_lint import extent, objections
from quick import one_in
from random_graphs import random_graph

import backviz
from backviz import Figure, Style, Value, load, tensor
from backviz.diagrams.comparison import Comparison
from backviz.diagrams.drawing import Rect, Text
from backviz.diagrams.model import UNLIKE
from backviz.diagrams.theme import THEMES, contrast
from backviz.errors import InputError, UsageError
from backviz.renderers import RENDERERS
from backviz.telling.variants import after_step, again, with_leaves, with_op

RELU, TANH = (f"L=({f}(w*x+b)-y)**2; w=-2; x=3; b=1; y=2" for f in ("relu", "tanh"))


def pair(one=RELU, other=TANH, titles=("one", "other"), **style):
    values = [load(each) if isinstance(each, str) else each for each in (one, other)]
    for value in values:
        if value.grad is None:
            value.backward()
    return Comparison(*(Figure(v, Style(**style)) for v in values), titles)


def signed(diagram):
    """The names or signs of boxes, with what of them has the sign."""
    return {
        (box.title or box.symbol).removesuffix(f" {UNLIKE}"): tuple(
            part for part in ("symbol", "value", "gradient", "note")
            if UNLIKE in " ".join(getattr(box, part))
        )
        for box in diagram.boxes
    }  # fmt: skip


def test_what_differs_has_the_sign_and_nothing_else():
    first, second = pair().diagram.panels
    assert signed(first) == {
        "w": ("gradient",), "x": ("gradient",), "b": ("gradient",), "y": ("gradient",),
        "×": ("gradient",), "+": ("gradient",), "−": ("value", "gradient"),
        "ReLU": ("symbol", "value", "gradient"), "L": ("value",),
    }  # fmt: skip
    assert list(signed(first).values()) == list(signed(second).values())
    assert not any(box.fill for box in pair().diagram.boxes)


def test_rounding_is_no_difference():
    one, other = load("L=(a+b)+c; a=0.1; b=0.2; c=0.3"), load("L=a+(b+c); a=0.1; b=0.2; c=0.3")
    assert one.data != other.data
    first, _second = pair(one, other).diagram.panels
    assert not any(signed(first).values())


def test_entries_that_differ_are_found_row_by_row():
    def value(entry):
        y = (tensor([[1.0, 2.0], [3.0, entry]], "W") ** 2).sum()
        y.backward()
        return y

    first, _second = pair(value(4.0), value(5.0)).diagram.panels
    (box,) = (b for b in first.boxes if b.title == "W")
    assert [UNLIKE in line for line in (*box.value, *box.gradient)] == [False, True, False, True]


def test_a_box_that_stands_alone_says_so_in_every_format():
    both = pair("L=tanh(w*x); w=1; x=2", "L=tanh(-(w*x)); w=1; x=2")
    alone = [box for box in both.diagram.boxes if box.fill]
    assert [box.symbol for box in alone] == ["−□"]
    assert [remark.text for remark in alone[0].remarks] == ["only here"]
    for form in ("text", "ascii", "mermaid", "dot"):
        assert "only here" in RENDERERS[form](both).decode().replace("#160;", " ").replace(
            "\\ ", " "
        )
    drawn = [m.text for m in both.drawing.marks() if isinstance(m, Text)]
    assert drawn.count("only here") == 2  # in the box, and of the arrow that it stands in for


def test_an_arrow_that_stands_alone_is_strong():
    both = pair("L=tanh(w*x)*x+y; w=1; x=2; y=3", "L=tanh(w*y)*x+y; w=1; x=2; y=3")
    strong = [(a.tail[:-1], a.head[:-1], a.id[-1]) for a in both.diagram.arrows if a.emphasis]
    assert [side for *_, side in strong] == ["a", "b"]
    assert ("strong", "only here") in both.diagram.legend


def places(both):
    """Where every box stands in its half, by side and id."""
    found = {}
    for part in both.drawing.parts:
        if name := re.fullmatch(r"(n\d+b?|half)([ab])(-\d+)?", part.id):
            stroked = next(m for m in part.marks if isinstance(m, Rect) and m.stroke)
            found[name[2], name[1]] = extent(stroked)
    halves = {side: found.pop((side, "half")) for side in "ab"}
    return {
        (side, name): tuple(round(at[k] - halves[side][k % 2], 3) for k in range(4))
        for (side, name), at in found.items()
    }


LOOKS = [
    {}, {"size": "slide", "theme": "dark"}, {"size": "beamer", "direction": "LR"},
    {"size": "half", "direction": "TB"}, {"size": "paper", "theme": "print", "lang": "ru"},
    {"direction": "TB", "title": "Сравнение"}, {"size": "under-title", "theme": "contrast"},
    {"engine": "layered"}, {"products": True}, {"show": "formulas"}, {"heat": True},
]  # fmt: skip


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_nothing_overlaps_and_partners_stand_at_equal_places(look):
    value = load("h=relu(w*x+b); L=(h*v-y)**2; w=-2; x=3; b=1; v=2; y=1")
    both = pair(value, with_op(value, "relu", "tanh"), ("до шага", "после: w₁ ≠ w₂"), **look)
    assert list(objections(both.drawing)) == []
    found = places(both)
    assert len({side for side, _name in found}) == 2
    ids = {name for side, name in found if side == "a"}
    assert {found["a", name] for name in ids} == {found["b", name] for name in ids}


@pytest.mark.parametrize("seed", one_in(10, range(20)))
def test_random_graphs_after_a_step_lie_on_each_other(seed):
    value = random_graph(seed)
    both = pair(value, after_step(value, 0.1), size=("notebook", "slide")[seed % 2])
    assert list(objections(both.drawing)) == []
    found = places(both)
    ids = {name for side, name in found if side == "a"}
    assert [found["a", name] for name in ids] == [found["b", name] for name in ids]


@pytest.mark.parametrize("rate", ["nan", "inf", "-inf"])
def test_a_rate_that_is_no_number_is_named(rate, tmp_path):
    done = call("compare", "L=a*b; a=2; b=3", "--rate", rate, "-o", str(tmp_path / "a.svg"))
    assert done.code and f"a finite number, not {rate}" in done.err
    assert list(tmp_path.iterdir()) == []


def test_one_graph_again_differs_in_nothing():
    value = load("@karpathy-neuron")
    value.backward()
    both = pair(value, again(value))
    assert both.messages == ("nothing differs",)
    assert UNLIKE not in str(both.diagram)


def test_nan_is_a_difference_only_where_it_is_new():
    one = load("L=log(x)*y; x=1; y=2")
    first, second = pair(one, with_leaves(one, {"x": -1.0})).diagram.panels
    assert signed(first)["x"] == ("value", "gradient")
    assert signed(first)["L"] == ("value",)
    assert [box.fault for box in second.boxes].count("begins") >= 1
    nan = with_leaves(one, {"x": float("nan")})
    assert pair(nan, again(nan)).messages == ("nothing differs",)


def test_maps_of_partners_have_one_scale():
    def value(scale):
        y = (tensor(scale * np.arange(48.0).reshape(6, 8), "W") * 2).sum()
        y.backward()
        return y

    boxes = [b for b in pair(value(1.0), value(10.0), heat=True).diagram.boxes if b.title == "W"]
    assert [box.heat.limit for box in boxes] == ["±470", "±470"]
    assert boxes[0].heat.cells[-1][-1] == pytest.approx(0.1)


def test_a_blank_is_not_given_away():
    both = pair(blank="gradients,L")
    texts = str([(b.gradient, b.value) for b in both.diagram.boxes if b.title == "L"])
    assert UNLIKE not in texts
    assert "0.003" not in RENDERERS["text"](both).decode()
    whole = json.loads(RENDERERS["json"](both))
    assert not any("grad" in node for node in whole["nodes"])
    assert not any("gradient" in node.get("differing", "") for node in whole["nodes"])


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_format_has_both(form, lang):
    both = pair(titles=("<relu> & 50%", "tanh_1"), lang=lang)
    made = RENDERERS[form](both)
    assert made == RENDERERS[form](pair(titles=("<relu> & 50%", "tanh_1"), lang=lang))
    if form == "json":
        data = json.loads(made)
        data.pop("schema")
        graph = nx.node_link_graph(data, edges="edges")
        assert [d["side"] for _n, d in graph.nodes(data=True)].count("a") == len(graph) / 2
        assert [d["op"] for _n, d in graph.nodes(data=True) if "op" in d["differing"]] == [
            "relu", "tanh",
        ]  # fmt: skip
    elif form in ("text", "ascii"):
        text = made.decode()
        assert text.index("<relu> & 50%") < text.index("tanh_1")
        assert ("отличается" if lang == "ru" else "differs") in text


@pytest.mark.parametrize("theme", THEMES)
def test_what_differs_can_be_read_in_every_theme(theme):
    theme = THEMES[theme]
    for colour in (theme.ink, theme.forward, theme.gradient, theme.muted):
        assert contrast(theme.on_unlike(colour), theme.unlike) >= 4.5
    assert theme.unlike not in (theme.background, theme.box, theme.leaf, theme.output)


def test_a_large_graph_is_folded_on_both_sides_alike():
    value = backviz.nn.MLP(3, [4, 4, 1], seed=0)(tensor([[1.0, 2.0, 3.0]], "x")).sum()
    value.label = "L"
    both = pair(value, after_step(value, 0.1), size="slide")
    assert any("folded" in said for said in both.messages)
    first, second = both.diagram.panels
    assert [b.title for b in first.boxes] == [b.title for b in second.boxes]


# Python ----------------------------------------------------------------------------------


def test_values_of_two_engines_are_compared_as_they_are(tmp_path):
    values = []
    for slope in (1.0, 2.0):
        x = Value(3.0)
        y = x * x
        y.grad, x.grad = 1.0, slope
        values.append(y)
    both = backviz.compare(*values, ("right", "wrong"))
    assert both.messages == ("1 gradient differs",)
    assert both.save(tmp_path / "both.svg") == str(tmp_path / "both.svg")
    assert b"right" in (tmp_path / "both.svg").read_bytes()
    assert "right" in repr(both)


def test_what_has_no_gradients_is_differentiated_on_a_copy():
    a = Value(2.0, "a")
    one, other = a * a, a.exp()
    assert "gradient differs" in backviz.compare(one, other).messages[0]
    assert (one.grad, a.grad) == (None, None)


def test_one_thing_is_no_pair():
    a = Value(2.0, "a") * 3
    with pytest.raises(InputError, match="one computation and nothing to compare it with"):
        backviz.compare(a, a)
    with pytest.raises(UsageError, match="two recorded values, not a float"):
        backviz.compare(a, 3.0)
    with pytest.raises(UsageError, match="unknown option 'thme'"):
        backviz.compare(a, Value(2.0) * 3, thme="dark")


def test_a_notebook_shows_both():
    bundle, about = pair()._repr_mimebundle_()
    assert sorted(bundle) == ["image/png", "image/svg+xml", "text/plain"]
    assert "no picture" not in bundle["text/plain"]
    assert about["image/png"]["width"] > 100
    assert bundle["image/svg+xml"] != pair(theme="dark")._repr_mimebundle_()[0]["image/svg+xml"]


def test_what_is_high_stands_side_by_side():
    value = "L=tanh(tanh(tanh(tanh(tanh(tanh(a+b))))))*a; a=1; b=2"
    both = pair(value, value.replace("b=2", "b=3"), direction="TB").drawing
    first, second = (p.marks[0] for p in both.parts if p.id.startswith("half"))
    assert first.y == second.y
    assert first.x < second.x


# The command line ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([RELU, TANH], "1 op differs, 3 values differ, 8 gradients differ"),
        (["L=a*a+a; a=3", "--break", "accumulate"], "1 gradient differs"),
        (["L=a*a+a; a=3", "--set", "a=4"], "3 values differ, 1 gradient differs"),
        (["L=a*a+a; a=3", "--rate", "0"], "nothing differs"),
        (["L=tanh(a)*2; a=3", "--swap", "tanh=sin"], "1 op differs"),
        ([RELU, "--swap", "relu=tanh", "--set", "w=1", "--rate", "0.1"], "1 op differs"),
    ],
)
def test_a_source_is_compared_with_another_or_with_itself_changed(given, said):
    told = call("compare", *given, "-F", "text")
    assert said in told.err
    assert told.code == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([RELU], "nothing to compare"),
        ([RELU, RELU], "both are"),
        ([RELU, TANH, "--rate", "1"], "leave one of them out"),
        ([RELU, "--set", "L=3"], "L is computed"),
        ([RELU, "--set", "q=3"], "unknown node 'q'"),
        ([RELU, "--set", "w"], "write NAME=VALUE"),
        ([RELU, "--swap", "relu"], "write OLD=NEW"),
        ([RELU, "--swap", "exp=tanh"], "there is no exp in the computation"),
        ([RELU, "--swap", "relu=mul"], "swap ops of as many"),
        ([RELU, "--swap", "relu=foo"], "unknown op 'foo'"),
        ([RELU, "--break", "nothing"], "unknown break"),
        ([RELU, "--break", "accumulate", "--rate", "1"], "leave out --rate"),
        (["L=2*3", "--rate", "1"], "no named leaf has a gradient"),
        ([RELU, "--set", "w=nan"], "add --allow-nan"),
    ],
)
def test_bad_input_is_one_sentence(given, said):
    told = call("compare", *given, "-F", "text")
    assert said in told.err
    assert told.code in (2, 5, 6)
    assert len(told.err.splitlines()) == 1
