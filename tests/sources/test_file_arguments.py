"""A function in a file with parameters as defaults: its leaves, from the command line."""

import pytest
from quick import one_in

from backviz import load, tape
from backviz.cli import main
from backviz.errors import BackvizError

MODEL = """
import math
import random
import numpy as np
from dataclasses import dataclass
from backviz import Value
from backviz.ops import cross_entropy

PARAMS = {"W": np.array([[0.1, 0.5, -0.3], [-0.3, 0.8, 0.2]]), "layers": [{"b": np.zeros(3)}],
          "act": "tanh"}
X = np.array([[0.2, 0.4], [1.0, -1.0], [0.5, 0.3]])
GLOBAL = Value(3.0)
random.seed(5)

@dataclass
class Line:
    slope: float = 2.0
    steps: int = 3

def loss(params=PARAMS, X=X, y=[0, 1, 1]):
    z = X @ params["W"] + params["layers"][0]["b"]
    return cross_entropy(np.tanh(z), y)

def power(w=2.0, n=3):
    out = 1.0
    for _ in range(n):
        out = out * w
    return out

def line(line=Line(), x=4.0):
    return sum(line.slope * x for _ in range(line.steps))

def own(w=2.0):
    return GLOBAL * w

def drawn(w=2.0):
    return w * random.random()

def plain():
    return 3.0

def count(n=3):
    return np.ones(n).sum()

def lossy(w=2.0):
    return math.exp(w)
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    return path


def leaves(value):
    return {v.label: v.data for v in tape(value) if v.is_leaf and v.requires_grad}


def test_defaults_are_the_leaves(model):
    assert list(leaves(load(f"{model}:loss"))) == ["params.W", "params.layers[0].b", "X"]
    assert leaves(load(f"{model}:power")) == {"w": 2.0}
    traced = load(f"{model}:line")
    assert (traced.data, leaves(traced)) == (24.0, {"line.slope": 2.0, "x": 4.0})


def test_a_function_that_records_by_itself_is_taken_as_it_is(model):
    assert leaves(load(f"{model}:own")) == {"GLOBAL": 3.0}


def test_random_numbers_are_those_of_one_call(model):
    import random

    random.seed(5)
    wanted = 2.0 * random.random()
    assert load(f"{model}:drawn").data == wanted


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("plain", "plain returns a float, not a recorded value"),
        ("count", r"count returns a float.*, not a recorded value"),
        ("lossy", r"math\.exp\(w\) would lose the gradient.*model\.py:"),
    ],
)
def test_what_cannot_be_recorded_is_said(model, name, says):
    with pytest.raises(BackvizError, match=says):
        load(f"{model}:{name}")


@pytest.mark.parametrize("name", one_in(3, ["loss", "power", "line"]))
def test_every_command_takes_it(model, name, tmp_path, capsys, monkeypatch):
    source = f"{model}:{name}"
    monkeypatch.chdir(tmp_path)
    for words in (
        ["graph", source, "-o", "g.svg"],
        ["steps", source, "-o", "s.html"],
        ["check", source],
        ["table", source],
        ["describe", source],
    ):
        with pytest.raises(SystemExit) as stopped:
            main(words)
        assert not stopped.value.code, words
    assert ("params.layers[0].b" in capsys.readouterr().out) == (name == "loss")
