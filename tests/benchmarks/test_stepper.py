"""What stepping costs against recording and against a pass: opening, a move, why, an edit."""

from collections import deque

import pytest
from interleaved import compare

from backviz import Value
from backviz.autodiff.backward import backward_steps
from backviz.stepping import moves, reasons, whatif
from backviz.stepping.state import start

LONG = 100_000


def chain(n=LONG):
    """Sums and products one after another, all with the same input."""
    a = Value(0.5, "a")
    x = a
    for k in range(n):
        x = x * a if k % 2 else x + a
    return x


@pytest.fixture(scope="module")
def fan():
    """An input that is used 250,000 times."""
    a, x = Value(0.5, "a"), Value(0.0, "x")
    for _ in range(125_000):
        x = x + a * a
    return x


def test_opening_against_recording(record_ratio):
    output = chain()
    what = f"opening a session on {LONG:,} ops / recording them"
    record_ratio(compare(what, lambda: start(output), chain, 2, turns=7))


def test_a_move_does_not_grow_with_the_record(record_ratio):
    short, long = (moves.goto(start(chain(n)), "bw 500")[0] for n in (1_000, LONG))

    def moved(state):
        return lambda: [moves.next_steps(state)[1].lines(state.look) for _ in range(20)]

    what = f"a move among {LONG:,} ops / among 1,000"
    record_ratio(compare(what, moved(long), moved(short), 1.5))


def test_why_of_an_input_that_is_used_often(record_ratio, fan):
    def ours():
        reasons.why(start_of[0], "a").lines(start_of[0].look)

    def anew():
        start_of[0] = start(fan)

    start_of = [start(fan)]
    steps = lambda: deque(backward_steps(fan), 0)  # noqa: E731
    what = "why of an input used 250,000 times / the steps of a backward pass"
    record_ratio(compare(what, ours, steps, 1, turns=3, before=anew))
    what = "the same / `backward()`, which tells nothing"
    record_ratio(compare(what, ours, fan.backward, 6, turns=3, before=anew))


def test_an_edit_of_a_thousand_ops(record_ratio):
    state = moves.go_on(start(chain(1_000)))[0]
    what = "an edit of 1,000 ops with all that it changes / recording them"
    job = lambda: whatif.set_leaf(state, "a=0.6")  # noqa: E731
    record_ratio(compare(what, job, lambda: chain(1_000), 60))
