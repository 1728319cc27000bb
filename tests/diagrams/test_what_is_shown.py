"""Values, gradients, local derivatives and forward arrows are each drawn or left out."""

import re

import pytest
from command_line import call
from picture_lint import objections

import backviz
from backviz.diagrams.drawing import Curve
from backviz.diagrams.figure import Figure
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import HIDES, Style
from backviz.errors import UsageError
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.sources import load

SOURCE = "L=(w*x+b-y)**2; w=2.25; x=3; b=1; y=5"
DRAWN = [name for name in RENDERERS if RENDERERS[name].drawn or name in ("text", "ascii", "dot")]


def figure(hide="", source=SOURCE, **style):
    loss = load(source)
    loss.backward()
    return Figure(loss, Style(hide=hide, **style))


@pytest.mark.parametrize("hide", ["", *HIDES, "values,gradients", "gradients,locals"])
def test_what_is_hidden_is_in_no_box_and_on_no_arrow(hide):
    diagram = figure(hide).diagram
    kinds = {kind for kind, _words in diagram.legend}
    assert any(b.value for b in diagram.boxes) == ("values" not in hide)
    assert any(b.gradient for b in diagram.boxes) == ("gradients" not in hide)
    assert any(a.backward for a in diagram.arrows) == ("gradients" not in hide)
    assert any(a.local for a in diagram.arrows) == ("locals" not in hide)
    assert all(a.forward for a in diagram.arrows) == ("forward" not in hide)
    assert ("gradient" in kinds, "local" in kinds) == (
        "gradients" not in hide,
        "locals" not in hide,
    )
    assert list(objections(figure(hide).drawing)) == []


def test_the_value_of_a_hidden_half_is_in_no_words_either():
    for words, number in (("gradients", "16.5"), ("values", "7.75")):
        shown, hidden = figure(), figure(words)
        for form in (*DRAWN, "mermaid"):
            if form not in ("pdf", "png", "svg"):
                assert number in RENDERERS[form](shown).decode()
                assert number not in RENDERERS[form](hidden).decode(), form
        assert number not in hidden.diagram.description
        assert all(number not in box.alt for box in hidden.diagram.boxes)


def test_values_alone_have_no_empty_half_in_any_format():
    """Every box had an empty lower half with a dash in it."""
    for form in ("svg", "text", "ascii", "tikz", "dot"):
        done = call("graph", SOURCE, "--forward-only", "-F", form, "--text", "keep")
        assert done.code == 0
        assert "—" not in done.text, form
        assert not re.search(r"\bgrad\b", done.text), form
    made = figure("gradients,locals").drawing
    dashed = [m for part in made.parts for m in part.marks if isinstance(m, Curve) and m.dash]
    assert dashed == []
    page = call("steps", SOURCE, "--pass", "forward", "-F", "html").text
    assert "—" not in re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)


def test_a_gradient_that_nobody_asked_for_yet_is_still_a_dash_in_python():
    assert {box.gradient for box in Figure(load(SOURCE), Style()).diagram.boxes} == {("—",)}


def test_a_build_without_gradients_in_its_boxes_keeps_their_size():
    steps = Steps(figure("gradients"))
    whole = {b.id: b for b in figure("gradients").diagram.boxes}
    assert all(box.reserve == () for box in steps.diagram.boxes)
    assert all(not s.gradient for m in steps.moments for s in m.boxes.values() if s.gradient)
    assert {b.id for b in steps.diagram.boxes} == set(whole)
    assert BUILDERS["html"](Steps(figure("forward,gradients")))
    (page,) = BUILDERS["html"](steps)
    assert b'"grad"' not in page


def test_one_direction_takes_one_line():
    for hide, many in (("forward", 1), ("gradients", 1), ("", 2)):
        made = figure(hide).drawing
        arrow = next(p for p in made.parts if p.id == "e0")
        assert sum(isinstance(m, Curve) for m in arrow.marks) == many


def test_an_unknown_thing_to_hide_is_a_sentence():
    with pytest.raises(UsageError, match="did you mean 'gradients'"):
        Style(hide="gradient")
    with pytest.raises(UsageError, match="hide='gradients,locals'"):
        backviz.render(load(SOURCE), forward_only=True)
