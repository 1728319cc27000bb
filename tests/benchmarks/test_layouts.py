"""The layered layout against dot: time, crossings, and how it grows with the graph.

dot runs with its own settings, as a person runs it on the same source; where backviz
itself runs dot on more than 1,000 boxes, it asks it for less care (`nslimit`).
"""

import contextlib
import shutil
import statistics
import subprocess
import time
import tracemalloc

import pytest
from interleaved import Ratio, against_a_slow_run
from layouts import chords_crossed, curves_crossed, network, plan_of, random_dag, residual

from backviz.diagrams.layout import ENGINES
from backviz.diagrams.layout.source import dot_source

LABEL, BOX = (40.0, 17.0), (70.0, 54.0)  # what four digits and a local derivative take
LARGE = {
    "network": network([4, 19, 20, 9, 1]),
    "residual blocks": residual(83, 4),
    "random": random_dag(2000, 5, 1),
    "tangled": random_dag(2000, 30, 1),
}
LECTURED = {
    350: {
        "network": network([3, 8, 8, 1]),
        "residual blocks": residual(14, 4),
        "random": random_dag(350, 5, 2),
        "tangled": random_dag(350, 30, 1),
    },
    680: {
        "network": network([4, 11, 12, 3]),
        "residual blocks": residual(28, 4),
        "random": random_dag(680, 5, 2),
        "tangled": random_dag(680, 30, 1),
    },
}
HUGE = {
    "network": network([6, 44, 44, 24, 1]),
    "residual blocks": residual(416, 4),
    "random": random_dag(10_000, 50, 1),
}


def recorded(pairs, label=LABEL):
    return plan_of(pairs, (), "LR", label, BOX, ordered=False)


def own(plan):
    return lambda: ENGINES["layered"].lay_out(plan)


def by_dot(plan):
    """A run of dot with its own settings, or of the embedded one where there is none."""
    program = shutil.which("dot")
    if program is None:
        return lambda most: ENGINES["wasm"].lay_out(plan, most)
    source = dot_source(plan).replace("nslimit=1 nslimit1=1", "").encode()

    def run(most):
        command = [program, "-Tjson0"]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, input=source, check=True, capture_output=True, timeout=most)

    return run


@pytest.mark.parametrize("kind", LARGE)
def test_time_at_2000_boxes(record_ratio, kind):
    plan = recorded(LARGE[kind])
    what = f"layout of {len(plan.nodes):,} boxes, {kind} / dot"
    record_ratio(against_a_slow_run(what, own(plan), by_dot(plan), 1 / 20))


@pytest.mark.parametrize("kind", LARGE)
def test_time_at_2000_boxes_without_labels(record_ratio, kind):
    plan = recorded(LARGE[kind], (0.0, 0.0))
    what = f"layout of {len(plan.nodes):,} boxes, {kind}, no labels / dot"
    record_ratio(against_a_slow_run(what, own(plan), by_dot(plan), 1 / 5))


@pytest.mark.parametrize("kind", HUGE)
def test_time_at_10000_boxes(record_ratio, kind):
    plan = recorded(HUGE[kind])
    times = []
    for _ in range(3):
        start = time.process_time()
        own(plan)()
        times.append(time.process_time() - start)
    what = f"layout of {len(plan.nodes):,} boxes, {kind} / two seconds of CPU"
    record_ratio(Ratio(what, statistics.median(times[1:]), 2.0, 1.0))


@pytest.mark.parametrize("kind", ["residual blocks"])  # the most for each point
def test_memory_at_10000_boxes(record_ratio, kind):
    plan = recorded(HUGE[kind])
    tracemalloc.start()
    layout = own(plan)()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    points = sum(map(len, layout.curves.values()))
    what = f"memory of {len(plan.nodes):,} boxes, {kind} / points of the curves"
    record_ratio(Ratio(what, most, 1000 * points, 1.0, "bytes"))


@pytest.mark.parametrize(("size", "kind"), [(s, k) for s in LECTURED for k in LECTURED[s]])
def test_crossings(record_ratio, size, kind):
    plan = recorded(LECTURED[size][kind])
    ours, theirs = own(plan)(), ENGINES["wasm"].lay_out(plan, 600)
    for how, counted in (
        ("between centres", [chords_crossed(plan, layout) for layout in (ours, theirs)]),
        ("of curves", [curves_crossed(layout) for layout in (ours, theirs)]),
    ):
        what = f"crossings {how}, {len(plan.nodes)} boxes, {kind} / dot"
        record_ratio(Ratio(what, *counted, 1.5, "crossings"))
