"""A part of a graph, and a graph on several pages, from the command line to the boxes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import call
from picture_lint import objections

from backviz.diagrams.figure import Figure
from backviz.diagrams.pages import split
from backviz.diagrams.style import Style
from backviz.errors import InputError, UsageError
from backviz.sources import load

CHAIN = "L=tanh(f); f=e*w; e=exp(d); d=c*c; c=a*b; a=.5; b=.3; w=2"


def boxes(source, **part):
    loss = load(source)
    loss.backward()
    made = Figure(loss, Style(fold="names", **part))
    assert list(objections(made.drawing)) == []
    return [box.title or box.symbol for box in made.diagram.boxes]


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ({"start": "d", "end": "f"}, ["c", "d", "e", "w", "f", "L"]),
        ({"start": "e"}, ["d", "e", "w", "f", "L"]),
        ({"end": "d"}, ["a", "b", "c", "d", "L"]),
        ({"around": "d", "hops": 1}, ["a", "b", "c", "d", "e", "L"]),
        ({"around": "d", "hops": 0}, ["c", "d", "L"]),
    ],
)
def test_a_part_is_drawn_and_the_rest_is_counted(part, shown):
    assert boxes(CHAIN, **part) == shown


def test_what_is_kept_keeps_its_numbers():
    loss = load(CHAIN)
    loss.backward()
    whole = {b.title: b for b in Figure(loss, Style(fold="names")).diagram.boxes}
    part = {b.title: b for b in Figure(loss, Style(fold="names", start="d", end="f")).diagram.boxes}
    for name in ("d", "e", "w", "f"):
        assert (part[name].value, part[name].gradient) == (whole[name].value, whole[name].gradient)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"start": "q"}, "unknown node 'q'"),
        ({"start": "f", "end": "d"}, "no way leads from f to d"),
        ({"only": "enc"}, "there is no layer 'enc'"),
        ({"hops": -1}, "hops"),
    ],
)
def test_a_part_that_is_none_is_one_sentence(part, said):
    with pytest.raises((InputError, UsageError), match=said):
        boxes(CHAIN, **part)


def test_two_values_of_one_name_are_asked_apart():
    from backviz import Value

    a, b = Value(2.0, "x"), Value(3.0, "x")
    loss = a * b
    loss.backward()
    with pytest.raises(InputError, match="several values are called x; say which: n0, n1"):
        Figure(loss, Style(start="x")).diagram  # noqa: B018
    titles = [box.title for box in Figure(loss, Style(start="x (n1)")).diagram.boxes]
    assert "x" in titles[1]


def test_a_layer_is_drawn_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        "from backviz import nn, tensor\n"
        "net = nn.MLP(2, [3, 3, 1], 'tanh', seed=0)\n"
        "loss = (net(tensor([[1., 2.]], 'x')) ** 2).sum()\n"
    )
    done = call("graph", "net.py:loss", "--only", "1", "-F", "text")
    assert done.code == 0, done.err


@pytest.mark.slow
def test_pages_are_written_numbered_all_or_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = Path(__file__).parents[2] / "examples" / "graphs" / "batch_norm_by_hand.py"
    done = call("graph", f"{source}:loss", "--for", "slide", "-o", "x.svg", "--json")
    assert done.code == 0, done.err
    written = [entry["path"] for entry in json.loads(done.text)["files"]]
    assert written == [f"x-{k}.svg" for k in range(1, len(written) + 1)] and 2 <= len(written) <= 4
    assert sorted(p.name for p in tmp_path.glob("*.svg")) == written
    one = call("graph", f"{source}:loss", "--for", "slide", "--pages", "1", "-o", "one.svg")
    assert one.code == 0 and "smallest text" in one.err and (tmp_path / "one.svg").exists()


def test_every_box_is_on_one_page_and_every_arrow_is_followed():
    loss = load(CHAIN)
    loss.backward()
    whole = Figure(loss, Style(fold="names")).diagram
    for many in (2, 3, 4):
        found = split(whole, many, "goes on there")
        assert len(found) == many
        own = [b.id for page in found for b in page.boxes if b.id in {x.id for x in whole.boxes}]
        assert sorted(own) == sorted(b.id for b in whole.boxes)
        heads = [a.head for page in found for a in page.arrows if not a.head.endswith("-to")]
        assert sorted(heads) == sorted(a.head for a in whole.arrows)
        for k, page in enumerate(found, 1):
            names = {b.id for b in page.boxes}
            assert all({a.tail, a.head} <= names for a in page.arrows)
            assert (f"{k}/{many}", "") in page.legend
        leaving = {b.title for b in found[0].boxes if b.id.endswith("-to")}
        assert leaving == {"→ 2"}


def test_a_twentieth_of_the_text_is_no_reason_for_more_pages():
    source = Path(__file__).parents[2] / "examples" / "graphs" / "rnn.py"
    loss = load(f"{source}:loss")
    loss.backward()
    made = Figure(loss, Style(size="slide", lang="ru"))
    assert 0.95 * 18 <= made.drawing.least_text < 0.99 * 18
    assert len(made.pages) == 1
    assert any("smallest text" in said for said in made.drawing.warnings)


@pytest.mark.parametrize(("size", "least"), [("slide", 18), ("beamer", 8)])
def test_a_graph_of_few_names_takes_two_pages_of_names_not_six_of_ops(size, least):
    value = load("@micrograd")
    value.backward()
    pages = Figure(value, Style(size=size)).pages
    assert len(pages) == 2
    assert all(page.drawing.least_text >= 0.99 * least for page in pages)
    names = {b.title for page in pages for b in page.diagram.boxes}
    assert names > {"a", "b", "c0", "c1", "c2", "d0", "d1", "d2", "e", "f", "g"}
    assert any("one per name" in said for said in pages[0].messages)
    for page in pages:
        assert not [*objections(page.drawing)]


@pytest.mark.parametrize("pages", [2, 3])
def test_boxes_without_arrows_stand_side_by_side_and_touch_no_row(pages):
    value = load("@micrograd")
    value.backward()
    page = Figure(value, Style(size="slide", fold="names", pages=pages)).pages[0]
    layout, sizes = page.page.sheet.layout, {n.id: n for n in page.page.tidy.way.plan.nodes}
    joined = {end for a in page.diagram.arrows for end in (a.tail, a.head)}
    apart = [b.id for b in page.diagram.boxes if b.id not in joined]
    assert {b.title for b in page.diagram.boxes if b.id in apart} == {"a", "b"}
    (x, y), (far, level) = (layout.centers[name] for name in apart)
    assert abs(y - level) < 1 and abs(x - far) > sizes[apart[0]].width
    for name in apart:
        for other in set(layout.centers) - {*apart}:
            gap = abs(layout.centers[name][1] - layout.centers[other][1])
            assert gap >= (sizes[name].height + sizes[other].height) / 2 + 3


def test_each_page_explains_what_is_on_it():
    value = load("@micrograd")
    value.backward()
    pages = Figure(value, Style(size="slide")).pages
    for page in pages:
        kinds = {kind for kind, _words in page.diagram.legend}
        marked = any(remark.kind == "off" for box in page.diagram.boxes for remark in box.remarks)
        assert ("∅" in kinds) == marked
        assert ("local" in kinds) == any(arrow.local for arrow in page.diagram.arrows)
    assert len({page.diagram.legend for page in pages}) > 1


def test_pages_are_taken_whose_text_is_much_larger_though_not_enough():
    source = Path(__file__).parents[2] / "examples" / "graphs" / "batch_norm_by_hand.py"
    value = load(f"{source}:loss")
    value.backward()
    style = Style(size="half")
    one = Figure(value, replace(style, pages=1)).drawing.least_text
    pages = Figure(value, style).pages
    assert len(pages) > 1 and one < 8  # a page of a third of the wanted size
    for page in pages:
        assert page.drawing.least_text >= 1.5 * one
        assert any("less than the 18 pt" in said for said in page.drawing.warnings) == (
            page.drawing.least_text < 17.8
        )
