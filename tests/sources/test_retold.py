"""After a training the function is called once more: a record that is not all of it is said."""

import pytest
from command_line import call

PROGRAM = """
import numpy as np
from backviz import Value, nn
state = {"k": 0}
mlp = nn.MLP(2, [3, 1], seed=0)
X = np.array([[1., 2.], [0.5, -1.]])

def counts(w=2.0):
    state["k"] += 1
    return w * state["k"]

def noisy(w=2.0):
    return w * np.random.rand()

def square(w=2.0, b=1.0):
    print("hello")
    return (w * 3 + b) ** 2

def net():
    return (mlp(X) ** 2).mean()

def arrays(W=np.ones((2, 3)), x=np.array([1.0, 2.0])):
    return ((x @ W) ** 2).sum()

def branches(w=2.0):
    return w * w if w > 0 else -w

value = (Value(2.0, "w") * 3 + 1) ** 2
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


@pytest.mark.parametrize("name", ["counts", "noisy"])
def test_what_a_record_does_not_hold_is_said(program, name):
    done = call("train", f"{program}:{name}", "--steps", "3")
    assert done.code == 0 and "called again after step 3 the function gives" in done.err
    assert "called again" not in call("train", f"{program}:{name}", "--steps", "3", "-q").err


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("name", ["square", "net", "arrays", "branches", "value"])
def test_a_healthy_training_stays_silent(program, name, optimizer):
    source = ["train", f"{program}:{name}", "--steps", "4", "--rate", "0.01"]
    done = call(*source, "--optimizer", optimizer)
    assert done.code == 0 and "called again" not in done.err
    plain = call("describe", f"{program}:{name}")
    assert done.err.count("hello") == plain.err.count("hello")  # nothing is printed once more


def test_an_expression_has_nothing_to_call(program):
    assert "called again" not in call("train", "L=(w-1)**2; w=3", "--steps", "3").err
