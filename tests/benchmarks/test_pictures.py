"""What pictures cost: frames of a build against dot, and the formats against each other."""

import contextlib
import random
import shutil
import subprocess

import pytest
from interleaved import against_a_slow_run, compare

import backviz
from backviz.diagrams.steps import Steps
from backviz.renderers.builds import BUILDERS

DOT = shutil.which("dot")


def computation(boxes, seed=0):
    """A random expression of so many boxes: leaves, sums and products."""
    draw = random.Random(seed)
    leaves = [backviz.Value(draw.uniform(-1, 1), f"x{i}") for i in range(boxes // 6)]
    values = list(leaves)
    while len(values) < boxes - 1:
        a, b = draw.choice(values[-40:]), draw.choice(values)
        values.append(draw.choice((a + b, a * b, a.tanh())))
    total = values[-1]
    for loose in [v for v in values[:-1] if not used(v, values)]:
        total = total + loose
    total.label = "L"
    total.backward()
    return total


def used(value, values):
    return any(value is operand for v in values for operand in v.inputs)


def dot_on(source):
    def run(most):
        command = [DOT, "-Tsvg"]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, input=source, check=True, capture_output=True, timeout=most)

    return run


@pytest.fixture(scope="module")
def drawn():
    if DOT is None:
        pytest.skip("there is no dot on PATH to compare with")
    output = computation(200)
    figure = backviz.Figure(output, backviz.Style(fold="constants"))
    source = backviz.render(output, "dot", fold="constants")
    return figure, source, len(figure.diagram.boxes)


def test_a_frame_of_a_build_against_dot(record_ratio, drawn):
    figure, source, boxes = drawn
    steps = Steps(figure, last=100)
    pages = BUILDERS["svg"](steps)  # the layout is found once, as dot's is not

    def ours():
        BUILDERS["svg"](steps)

    # a thousandth of dot a frame is, for a hundred frames, a tenth of one run
    what = f"{len(pages)} SVG frames of {boxes} boxes / a run of dot"
    record_ratio(against_a_slow_run(what, ours, dot_on(source), 0.1))


def test_svg_of_300_boxes_against_dot(record_ratio, drawn):
    figure, source, _ = drawn
    output, style = figure.output, figure.style

    def ours():
        backviz.render(output, "svg", fold=style.fold)

    what = "SVG of 300 boxes / dot -Tsvg"
    record_ratio(against_a_slow_run(what, ours, dot_on(source), 1.0, turns=1))


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_other_formats_against_svg(record_ratio, drawn, form):
    output, given = drawn[0].output, {"fold": "constants", "engine": "layered", "size": "slide"}
    record_ratio(
        compare(
            f"{form} of 300 boxes on a slide / SVG",
            lambda: backviz.render(output, form, **given),
            lambda: backviz.render(output, "svg", **given), 3.0, turns=3,
        )
    )  # fmt: skip
