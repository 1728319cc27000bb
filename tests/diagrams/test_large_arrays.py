"""Arrays of many entries in a picture: read once, piece by piece, with the same numbers."""

import numpy as np
import pytest

import backviz
from backviz import tensor, to_graph
from backviz import text as texts
from backviz.text import CHUNK, facts

SIZES = [CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_facts_of_pieces_are_those_of_the_whole(size, dtype):
    x = np.random.default_rng(size).normal(size=size).astype(dtype)
    mean, least, greatest = facts(x)
    assert mean == pytest.approx(np.mean(x, dtype=np.float64), rel=1e-3, abs=1e-6)
    assert (least, greatest) == (x.min(), x.max())
    x[size // 2] = np.nan
    assert all(map(np.isnan, facts(x)))


def test_facts_are_kept_for_what_nobody_writes_to_and_let_go_with_it():
    x = np.arange(2.0 * CHUNK)
    assert facts(x)[0] == pytest.approx(CHUNK - 0.5)
    x[:] = 7.0
    assert facts(x) == (7.0, 7.0, 7.0)  # nothing was kept of an array that can change
    view = x.view()
    view.flags.writeable = False
    before = len(texts._KNOWN)
    assert facts(view) == (7.0, 7.0, 7.0)
    assert len(texts._KNOWN) == before + 1
    del view
    assert len(texts._KNOWN) == before


def test_a_picture_reads_each_large_array_once(monkeypatch):
    x = tensor(np.arange(4.0 * CHUNK).reshape(4, -1), "x")
    total = (x * 2.0).sum()
    total.backward()
    read = 0
    least = np.min

    def counted(part, *args, **kwargs):
        nonlocal read
        read += np.size(part)
        return least(part, *args, **kwargs)

    monkeypatch.setattr(np, "min", counted)
    backviz.render(total, "dot")
    assert read <= 4 * x.size + 100  # values and gradients of x and x·2, each once


@pytest.mark.parametrize("at", [0, CHUNK + 3, 3 * CHUNK - 1])
def test_an_earlier_pass_is_found_in_any_piece(at):
    x = tensor(np.ones(3 * CHUNK), "x")
    total = (x * 2.0).sum()
    total.backward()
    assert "earlier" not in to_graph(total).nodes[0]
    x.grad[at] += 1.0
    earlier = to_graph(total).nodes[0]["earlier"]
    assert earlier[at] == 1.0 and np.count_nonzero(earlier) == 1
