"""A function in a file whose numbers left the record: whatever draws it says so, not only check."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from backviz import load
from backviz.errors import LostGradientWarning
from backviz.sources.files import record_file

HEAD = """
import math, functools
import numpy as np
from backviz import Value, tensor
from backviz.optim import SGD
x = [1.0, 2.0, 3.0]
W = tensor([0.5, -0.2], label="W")
w0 = Value(0.5, "w0")
opt = SGD([W], lr=0.1)
"""
LOST = {  # with the truth and what the record has
    "a list of floats": (
        "def f(w=0.5):\n    errors = []\n    for v in x:\n"
        "        errors.append(float((w * v - 1) ** 2))\n    return np.mean(errors) + 0.1 * w * w",
        "0.7666666667, but its record 0.1",
    ),
    "mapped": (
        "def f(w=0.5):\n    return sum(map(math.exp, [w * v for v in x])) + 0.1 * w * w",
        "20.63035214, but its record 0.1",
    ),
    "a leaf of the file": (
        "def f():\n    return float(w0) * w0",
        "1, but its record 0.5",
    ),
    "an array of the file": (
        "def f():\n    return sum(float(v) ** 2 for v in W) + W[0]",
        "but its record",
    ),
}
WHOLE = {
    "logged": "def f(w=0.5):\n    print(float(w), f'{w:.2f}')\n    return w * w",
    "compared": "def f():\n    return w0 if float(w0) > 0 else -w0",
    "counted": "def f():\n    return w0 * [1, 2, 3][int(w0 * 3)]",
    "until": "def f(w=0.5):\n    while float(w) < 9:\n        w = w * 2\n    return w",
    "random": "def f(w=0.5):\n    return float(w) * w + np.random.default_rng().normal() * w",
    "trains": (
        "def f():\n    for _ in range(3):\n        loss = (W * W).sum()\n        opt.zero_grad()\n"
        "        loss.backward()\n        opt.step()\n        print(float(loss))\n"
        "    return (W * W).sum()"
    ),
    "trains a net of its own": (
        "def f():\n    v = Value(2.0, 'v')\n    for _ in range(3):\n        loss = v * v\n"
        "        v.grad = None\n        loss.backward()\n        v.data -= 0.1 * v.grad\n"
        "        print(float(loss))\n    return float(loss) * 0 + v * v"
    ),
    "taken out on purpose": "def f():\n    float(w0)\n    return (w0 * w0).detach() * w0",
}


@pytest.mark.parametrize(("code", "said"), LOST.values(), ids=LOST)
def test_a_picture_of_a_record_with_a_hole_says_so(tmp_path: Path, code: str, said: str) -> None:
    (tmp_path / "model.py").write_text(HEAD + code)
    notes: list[str] = []
    record_file(f"{tmp_path}/model.py:f", notes.append)
    assert len(notes) == 1
    assert "numbers left the record by" in notes[0]
    assert "at model.py:" in notes[0]
    assert said in notes[0]
    with pytest.warns(LostGradientWarning, match="numbers left the record"):
        load(f"{tmp_path}/model.py:f").backward()  # it can still be used


@pytest.mark.parametrize("code", WHOLE.values(), ids=WHOLE)
def test_a_healthy_function_is_drawn_without_a_word(tmp_path: Path, code: str) -> None:
    (tmp_path / "model.py").write_text(HEAD + code)
    notes: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = record_file(f"{tmp_path}/model.py:f", notes.append)
    assert notes == []
    value.backward()
    assert np.isfinite(value.data)
