"""Two values with the same label have the same two names wherever words speak of them."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backviz
from backviz import Figure, Style, Value
from backviz.diagrams.drawing import Text
from backviz.diagrams.steps import Steps
from backviz.explanations import describe
from backviz.names import told_apart
from backviz.renderers.builds import BUILDERS
from backviz.tables import rows, table


def alike():
    """L = x·x + x of two leaves that are both called x."""
    first, second = Value(2.0, "x"), Value(3.0, "x")
    total = first * second + second
    total.label = "L"
    total.backward()
    return total


def shown(steps):
    return {m.text for m in steps.drawing(steps.moments[-1]).marks() if isinstance(m, Text)}


def test_tables_stepper_captions_and_boxes_say_the_same_names():
    output = alike()
    names = {"x (n0)", "x (n1)", "n2", "L"}
    steps = Steps(Figure(output, Style()))
    said = "\n".join(line for moment in steps.moments for line in moment.lines)
    assert "n2 = x (n0)·x (n1) = 2·3 = 6" in said
    assert "∂L/∂x (n0) += ∂L/∂n2·x (n1) = 1·3 = 3   (1 of 1)" in said
    assert set(re.findall(r"∂L/∂(x \(n\d\)|\w+) \+=", said)) == names - {"L"}
    assert names <= shown(steps) and "x" not in shown(steps)
    assert {box.title for box in steps.diagram.boxes} == names
    assert {r.input for r in rows(output)} == names - {"L"}
    assert "n2 = x (n0)·x (n1) = 6" in describe(output)
    assert "x (n0)·x (n1)" in backviz.stepper(output).next().text


def test_a_player_calls_them_so_on_every_level():
    page = BUILDERS["html"](Steps(Figure(alike(), Style())))[0].decode()
    assert "x (n0) = 2,  x (n1) = 3" in page and "x (n0)·x (n1) + x (n1)" in page
    assert "x·x" not in page and "∂L/∂x +=" not in page


def test_boxes_that_hold_several_ops_have_formulas_with_these_names():
    steps = Steps(Figure(alike(), Style(fold="names")))
    assert "x (n0)·x (n1) + x (n1)" in shown(steps)
    plain = Steps(Figure(backviz.load("@diamond"), Style(fold="names")))
    assert [b.symbol for b in plain.diagram.boxes] == [b.symbol for b in plain.figure.diagram.boxes]


def test_a_picture_without_words_says_them_too():
    """It kept the labels that were given, and a reader of picture and table saw two schemes."""
    boxes = Figure(alike(), Style()).diagram.boxes
    assert [box.title for box in boxes] == ["x (n0)", "x (n1)", "", "L"]
    labels = [n["label"] for n in json.loads(backviz.render(alike(), "json"))["nodes"]]
    assert labels == ["x (n0)", "x (n1)", "", "L"]


def test_a_long_name_keeps_its_number():
    long = "encoder.layers.weight"
    names = told_apart({0: long, 10: long}, 18)
    assert names == {0: "encoder.laye… (n0)", 10: "encoder.lay… (n10)"}
    x, y = Value(2.0, long), Value(3.0, long)
    titles = {box.title for box in Steps(Figure(x * y, Style())).diagram.boxes}
    assert {"encoder.laye… (n0)", "encoder.laye… (n1)"} <= titles


def test_a_name_is_the_same_whatever_is_folded():
    """`--fold names` hides n2; the two leaves are told apart by the numbers of the whole graph."""
    steps = Steps(Figure(alike(), Style(fold="names")))
    said = "\n".join(line for moment in steps.moments for line in moment.lines)
    assert "L = x (n0)·x (n1) + x (n1) = 2·3 + 3 = 9" in said


def test_a_name_that_is_borne_once_stays_as_it_is():
    assert told_apart({3: "w", 4: "w ", 5: "b"}) == {3: "w (n3)", 4: "w (n4)", 5: "b"}
    steps = Steps(Figure(backviz.load("@diamond"), Style()))
    assert {b.title for b in steps.diagram.boxes} == set("abcdefL")


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_prompt_captions_and_lessons_share_the_words_for_what_they_share(lang):
    """k of m, the seed, what is given: worded once, the prompt begins them with a small letter."""
    output = backviz.load("@diamond")
    output.backward()
    steps = Steps(Figure(output, Style(lang=lang)), pace="contribution")
    captions = [moment.lines for moment in steps.moments]
    s = backviz.stepper(output, lang=lang)
    for caption, moved in ((captions[0][0], s.show()), (captions[5][0], s.backward())):
        said = moved.text.partition(")  ")[2].splitlines()[0]
        assert said == caption[:1].lower() + caption[1:]
    s.next(2)
    (use,) = {found for c in captions for found in re.findall(r"\((1 \S+ 2)\)", c[0])}
    assert f"a.grad 10 ({use})" in s.show().text
    assert use in s.list("all").text and use in table(output, "md", lang=lang)
    assert use.replace("2", "3") in backviz.explain("accumulate", lang=lang).text


@pytest.mark.parametrize("name", ["h⁽²⁾", "h(2)"])
def test_a_step_of_a_loop_can_be_typed_wherever_a_name_is(name):
    def rnn(w):
        h = w * 1.0
        for _ in range(3):
            h = np.tanh(w * h)
        return h * h

    loss = backviz.trace(rnn, 0.5)
    loss.backward()
    assert "h⁽²⁾" in str(backviz.stepper(loss).why(name))
    assert "h⁽²⁾" in [b.title for b in Figure(loss, Style(around=name, hops=1)).diagram.boxes]


LONG = st.builds(
    lambda start, middle, end: start * 20 + middle + end * 12,
    st.sampled_from("ab"), st.sampled_from(["x", "y", "", "_1"]), st.sampled_from("ab"),
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.text("abw_12θ日é", min_size=1, max_size=40) | LONG, min_size=2, unique=True),
    st.sampled_from([10, 18, 30]),
)
def test_names_that_differ_stay_different_however_they_are_cut(names, limit):
    shown = [*told_apart(dict(enumerate(names)), limit).values()]
    assert len({*shown}) == len(names)
    assert max(map(len, shown)) <= limit
