"""A check checks the function: it runs it again, and says what its record lacks."""

import random

import numpy as np
import pytest

from backviz import LostGradientError, Value, check_grads
from backviz.autodiff.check import gradient_checks
from backviz.autodiff.reruns import Births, following, random_state
from backviz.cli import main
from backviz.errors import CheckFailedError

HEAD = """
import random, time
import numpy as np
from backviz import Value, no_grad, tensor
W = Value(0.5, "W")
rng = np.random.default_rng(0)
H = W * W
count = [0]
"""


@pytest.fixture
def check(tmp_path, capsys):
    def run(body, *options, name="f"):
        path = tmp_path / "model.py"
        path.write_text(HEAD + body, "utf-8")
        with pytest.raises(SystemExit) as left:
            main(["check", f"{path}:{name}", *options])
        said = capsys.readouterr()
        return left.value.code, said.out, said.err

    return run


ERRORS = """
def f():
    w, x = Value(0.5, "w"), [1.0, 2.0, 3.0]
    errors = np.zeros(3)
    for i in range(3):
        errors[i] = float((w * x[i] - 1) ** 2)
    return errors.mean() + 0.1 * w * w
"""


def test_the_errors_that_left_by_float_are_found_with_their_line(check):
    code, out, err = check(ERRORS)
    assert code == 4
    # by hand: 2/3·Σ(w·xᵢ − 1)·xᵢ + 0.2·w = 0.76667; the record has 0.1
    assert out.splitlines()[-1].split() == [
        "1", "w,", "run", "again", "0.1", "0.76666667", "8.7e-01", "WRONG",
    ]  # fmt: skip
    line = 1 + (HEAD + ERRORS).splitlines().index("        errors[i] = float((w * x[i] - 1) ** 2)")
    assert f"numbers left the record by float(…) at model.py:{line}" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "body",
    [
        "def f():\n    w = Value(0.5, 'w')\n    return w * float(w)\n",
        "def f():\n    w = Value(0.5, 'w')\n    return Value(w) * w\n",
        "def f():\n    w = Value(0.5, 'w')\n    return w * Value(float(w) * 2, 'v')\n",
        "def f():\n    w = tensor([0.5, 1.0], 'w')\n    return w * w * float(w[0])\n",
        "def f():\n    return W * complex(W).real\n",
        "def f():\n    return W * np.float64(W)\n",
        "def f():\n    return H * float(H)\n",
        "f = W * float(W)\n",
        "def f():\n    ws = [Value(i / 10) for i in range(1, 21)]\n"
        "    return sum(w * w for w in ws) * float(ws[7])\n",
    ],
)
def test_what_left_and_was_used_again_is_wrong(check, body):
    code, out, err = check(body)
    assert code == 4
    assert "run again" in out
    assert "numbers left the record by" in err


@pytest.mark.parametrize(
    "body",
    [
        "def f():\n    w = Value(0.5, 'w')\n    L = (w * 3 - 1) ** 2 * W\n"
        "    print(float(L), f'{L:.3f}')\n    return L\n",
        "def f():\n    w = Value(0.5, 'w')\n"
        "    return w * random.random() + w * np.random.rand() * W + w * rng.normal()\n",
        "def f(r=np.random.default_rng(1), q=random.Random(2)):\n"
        "    return W * r.normal() + W * q.random()\n",
        "def f():\n    w = Value(0.5, 'w')\n    return w * H\n",
        "def f():\n    w = Value(0.5, 'w')\n    return w if w > 0 else -w\n",
        "def f():\n    W2 = tensor(np.random.normal(size=(3, 2)), 'W2')\n"
        "    return (W2 @ [1.0, W.item()]).tanh() * 1e6\n",
        "def f():\n    return sum(Value(i / 10) ** 2 for i in range(30)) + 1e6\n",
    ],
)
def test_right_functions_stay_right(check, body):
    code, out, err = check(body)
    assert code == 0
    assert all(line.endswith("ok") for line in out.splitlines()[1:])
    assert "backviz:" not in err


def test_what_is_printed_is_printed_once(check):
    _, _, err = check("def f():\n    print('loss', float(W * W))\n    return W * W\n")
    assert err.count("loss") == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def f():\n    return W * time.perf_counter()\n", "f is not repeatable: two runs at one"),
        ("def f():\n    count[0] += 1\n    return W * count[0]\n", "gave 0.5 and 1.0; the record"),
        ("def f():\n    return W * W.item()\n", "the record holds fixed what .data, .item()"),
        ("def f():\n    with no_grad():\n        t = W * 2\n    return W * t\n", "no_grad()"),
        (
            "def f():\n    if W.item() == 0.5:\n        return W * 2\n    raise KeyError('no')\n",
            "cannot be run on other numbers: ",
        ),
        (
            "def f():\n    w = Value(0.5, 'w')\n    w.data -= 0.1\n    return w * w\n",
            "w was changed after it was made, as by training",
        ),
        ("f = W * 2\n", "the record of f was checked, not the program: name a function"),
        (
            "def f():\n    return tensor(np.ones(2, np.float32), 'v') * W\n",
            "differences of float32 numbers say nothing",
        ),
    ],
)
def test_what_cannot_be_compared_is_said_and_never_wrong(check, body, said):
    code, out, err = check(body)
    assert code == 0
    assert said in out
    assert "WRONG" not in out
    assert "Traceback" not in err


def test_notes_come_with_json_too(check):
    code, out, err = check("f = W * 2\n", "--json")
    assert code == 0
    assert out.startswith('{"schema": 1, "checks": [')
    assert "the record of f was checked" in err
    code, out, err = check("f = W * 2\n", "--quiet")
    assert (code, out, err) == (0, "", "")


def test_from_python_the_function_itself_is_checked_and_exits_are_named():
    with pytest.raises(CheckFailedError, match=r"left the record by float\(…\) at test_check_ag"):
        check_grads(lambda w: float(w) * w, 0.5)
    buffer = np.zeros(2)

    def written(w):
        buffer[0] = w * w
        return buffer.sum() + w

    with pytest.raises(LostGradientError, match=r"buffer\[…\] = x"):
        check_grads(written, 0.5)


def test_from_python_random_numbers_are_the_same_in_every_run():
    rng = np.random.default_rng(3)
    assert check_grads(lambda w: w * rng.normal() + w * random.random() + w * np.random.rand(), 0.5)
    counts = []

    def counting(w):
        counts.append(1)
        return w * float(len(counts))

    report = gradient_checks(counting, [0.5], ["w"])
    assert [c.unsure for c in report] == [True]
    assert not report[0].fault
    assert report.notes[0].startswith("the function is not repeatable: two runs at one point gave")


def test_generators_stand_where_they_stood():
    default, legacy, python = np.random.default_rng(1), np.random.RandomState(2), random.Random(3)

    def draw(given=default):
        return [given.normal(), legacy.normal(), python.random(), random.random(), np.random.rand()]

    again = random_state(draw, {"legacy": legacy})
    first = draw()
    assert draw() != first
    again()
    assert draw() == first


def test_leaves_are_followed_in_the_order_they_are_made():
    with following(Births()) as births:
        a = Value(1.0)
        Value(2.0, requires_grad=False)
        b = Value(np.ones(2))
    Value(3.0)
    assert [leaf is made for leaf, made in zip(births.leaves, (a, b), strict=True)] == [True, True]
    with following(Births(moved={1: np.zeros(2)}, held=[5.0, np.full(2, 7.0)])):
        assert Value(1.0).data == 5.0
        assert (Value(np.ones(2)).data == 0).all()
        assert Value(4.0).data == 4.0
