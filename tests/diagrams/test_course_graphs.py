"""The twelve graphs that a course draws first fit where they are shown, and say what they must.

`python -m pytest tests/diagrams/test_course_graphs.py -s -k size` prints the smallest text of each.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from picture_lint import objections, touched
from quick import one_in

from backviz.diagrams.boxes import EM
from backviz.diagrams.figure import Figure
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Style
from backviz.diagrams.theme import PRESETS
from backviz.renderers.builds import BUILDERS
from backviz.sources import load
from backviz.text import NOT_COMPUTED

GRAPHS = sorted((Path(__file__).parents[2] / "examples" / "graphs").glob("*.py"))
LEAST = {"slide": 18, "beamer": 8, "under-title": 18, "paper": 7}
SHOWN = {  # what must be seen, whatever gives way
    "attention": ["W_Q", "W_K", "W_V", "Q", "K", "V", "scores", "A", "out"],
    "batch_norm_by_hand": [
        "hprebn", "bnmeani", "bndiff", "bndiff2", "bnvar", "bnvar_inv", "bnraw", "hpreact", "h",
        "logits", "logit_maxes", "norm_logits", "counts", "counts_sum", "counts_sum_inv", "probs",
        "logprobs", "loss",
    ],
    "convolution": ["K", "z", "a", "p", "W", "out"],
    "layer_norm": ["x", "mu", "var", "x_hat", "gamma", "beta", "y", "out"],
    "logistic_regression": ["w", "b", "z", "p", "bce"],
    "lstm": ["f", "i", "g", "o", "c", "h"],
    "micrograd_mlp": [
        "W1", "b1", "layer 1", "W2", "b2", "layer 2", "W3", "b3", "layer 3", "loss",
    ],
    "polynomial_fit": ["a", "b", "c", "d", "fit", "mse"],
    "residual_block": ["x", "W1", "W2", "h", "f", "y"],
    "rnn": ["W", "U", "b", "h⁽¹⁾", "h⁽²⁾", "h⁽³⁾", "h⁽⁴⁾", "h⁽⁵⁾", "error"],
    "softmax_cross_entropy": ["z", "e", "p", "ce"],
    "two_layers": ["W1", "b1", "W2", "b2", "h", "out", "mse"],
}  # fmt: skip
STEPPED = [
    "@diamond", "@karpathy-neuron", "@micrograd", "@mazur", "@mazur-scalar", "@course-forward",
    "@sigmoid-neuron",
]  # fmt: skip
PAGES = {"batch_norm_by_hand": 4}
named = [pytest.param(path, id=path.stem) for path in GRAPHS]


@cache
def figure(path, **style):
    loss = load(f"{path}:loss")
    loss.backward()
    return Figure(loss, Style(**dict(style)))


@cache
def pages(path, size, theme="light"):
    return figure(path, size=size, theme=theme).pages


def test_there_are_twelve():
    assert len(GRAPHS) == 12
    assert [path.stem for path in GRAPHS] == sorted(SHOWN)


@pytest.mark.parametrize("size", ["slide", "beamer"])
@pytest.mark.parametrize("path", one_in(6, named))
def test_the_text_has_the_size_of_the_place(path, size):
    found = pages(path, size)
    text = min(page.drawing.least_text for page in found)
    print(f"{path.stem:24} {size:8} {text:5.1f} pt on {len(found)} page(s)")
    assert text >= 0.99 * LEAST[size]
    assert len(found) <= PAGES.get(path.stem, 1)


@pytest.mark.parametrize("size", ["slide", "beamer"])
@pytest.mark.parametrize("path", one_in(4, named))
def test_what_must_be_seen_is_seen(path, size):
    titles = [box.title for page in pages(path, size) for box in page.diagram.boxes]
    assert [name for name in SHOWN[path.stem] if name not in titles] == []


@pytest.mark.parametrize("size", ["slide", "beamer", "notebook"])
@pytest.mark.parametrize("path", one_in(6, named))
def test_nothing_overlaps_is_cut_or_passes_through_a_box(path, size):
    for page in pages(path, size):
        assert list(objections(page.drawing)) == []
        assert list(touched(page.drawing, page.diagram)) == []


@pytest.mark.parametrize("path", one_in(6, named, 4))
def test_a_build_says_all_contributions_and_ends_with_the_picture(path):
    """Also where arrays show no numbers, and where weights stand apart without arrows."""
    made = Steps(figure(path, size="slide"))
    last = made.moments[-1]
    shown = {box.id: box for box in made.figure.diagram.boxes}
    for name, state in last.boxes.items():
        assert state.value
        computed = tuple(line for line in shown[name].gradient if line != NOT_COMPUTED)
        assert state.gradient is None or state.gradient == computed
    passed = {name for name, state in last.arrows.items() if state.backward}
    assert {a.id for a in made.figure.diagram.arrows if a.backward} <= passed
    for form in ("html", "fragments"):
        assert len(BUILDERS[form](made)[0]) > 1000


@pytest.mark.parametrize("path", one_in(4, named))
def test_no_picture_of_the_default_size_is_wider_than_a_screen(path):
    assert figure(path, size="notebook").drawing.width <= 1600


@pytest.mark.parametrize("path", one_in(4, named))
def test_what_gave_way_is_said_and_can_be_asked_for(path):
    made = figure(path, size="slide")
    fewer = made.shown.arrays != "auto" or made.shown.entries or made.shown.local != "auto"
    assert bool(fewer) == any("gave way" in said for said in made.messages)
    whole = figure(path, size="slide", arrays="values", entries=6, local="show")
    assert (whole.shown.arrays, whole.shown.entries, whole.shown.local) == ("values", 6, "show")


def test_the_rule_of_softmax_with_cross_entropy_stands_whole_on_a_slide():
    loss = load("@softmax-ce")
    loss.backward()
    figure = Figure(loss, Style(size="slide"))
    (arrow,) = figure.diagram.arrows
    assert arrow.local == "g·(softmax(z) − y)" and figure.drawing.least_text >= 18
    p = np.exp([2, 0.5, -1]) / np.exp([2, 0.5, -1]).sum()
    np.testing.assert_allclose(loss.inputs[0].grad, p - [1, 0, 0])


@pytest.mark.parametrize("size", ["slide", "beamer"])
@pytest.mark.parametrize(
    "source",
    one_in(4, [*(f"{path}:loss" for path in GRAPHS), *STEPPED]),
    ids=lambda s: Path(s).stem,
)
def test_a_build_has_nearly_the_text_of_its_picture(source, size):
    """A tenth smaller at most, or as large as the place aims at: words stand under it."""
    loss = load(source)
    loss.backward()
    picture = Figure(loss, Style(size=size))
    picture, build = picture.page.tidy, Steps(picture).sheet
    assert build.scale >= 0.9 * picture.scale or EM * build.scale >= PRESETS[size].text
