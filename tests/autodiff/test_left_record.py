"""Numbers that leave the record are refused, warned about or remembered; some stay silent."""

import array
import math
import operator
import statistics
import subprocess
import sys
import warnings
from math import exp

import numpy as np
import pytest

import backviz
from backviz import LostGradientError, LostGradientWarning, Value, grad, no_grad, tensor, trace
from backviz.autodiff.exits import whole_record

NUMBERS = array.array("d")
BUFFER = np.zeros(3)


class Holder:
    errors = BUFFER


def entry(v):
    BUFFER[0] = v


def augmented(v):
    BUFFER[0] += v


def attribute(v):
    Holder.errors[1] = v


def computed_target(v):
    [BUFFER][0][1] = v


def all_entries(v):
    BUFFER[:] = v


def entries_of_a_list(v):
    BUFFER[:2] = [v, v * v]


def flat(v):
    BUFFER.flat[0] = v


def memory(v):
    memoryview(BUFFER).cast("B").cast("d")[0] = v


def fill(v):
    BUFFER.fill(v)


def fill_by_a_name(v):
    write = BUFFER.fill
    write(v)


def fill_what_is_computed(v):
    [BUFFER][0].fill(v)


def put(v):
    BUFFER.put(0, v)


def setitem(v):
    operator.setitem(BUFFER, 0, v)


def one_entry_array(v):
    BUFFER[0] = tensor([1.0]) * v


def standard_array(v):
    array.array("d", [v])


def standard_array_grows(v):
    NUMBERS.append(v)


def from_iterator(v):
    np.fromiter((x for x in [v]), float)


def from_list(v):
    np.array([v, v])


def full(v):
    np.full(3, v)


def tensor_of_values(v):
    BUFFER[0] = tensor([v]).sum()


def plain_function(v):
    BUFFER.max(initial=v)


def module_function(v):
    math.exp(v)


def imported_function(v):
    exp(v)


def in_a_lambda(v):
    wave = lambda x: 1 + math.sin(x)  # noqa: E731
    wave(v)


def in_a_comprehension(v):
    [math.log10(x) for x in [v]]


def over_lines(v):
    math.hypot(
        v,
        1.0,
    )


def in_the_library(v):
    statistics.fmean([v, v])


def new_value(v):
    Value(v * v)


def new_tensor(v):
    tensor(v * v, "again")


LOST = [
    entry, augmented, attribute, computed_target, all_entries, entries_of_a_list, flat, memory,
    fill, fill_by_a_name, fill_what_is_computed, put, setitem, one_entry_array, standard_array,
    standard_array_grows, from_iterator, from_list, full, tensor_of_values, plain_function,
    module_function, imported_function, in_a_lambda, in_a_comprehension, over_lines,
    in_the_library, new_value, new_tensor,
]  # fmt: skip


def line_of(f, inside=1):
    return f"test_left_record.py:{f.__code__.co_firstlineno + inside}"


@pytest.mark.parametrize("f", LOST, ids=lambda f: f.__name__)
def test_a_certain_loss_is_refused_with_its_line_in_traces_and_transforms(f):
    def loss(v):
        f(v)
        return v * v

    for run in (lambda: trace(loss, 0.5), lambda: grad(loss)(0.5)):
        with pytest.raises(LostGradientError, match="would lose") as caught:
            run()
        said = str(caught.value)
        assert said.endswith(f"(at {line_of(f, 1 + (f is fill_by_a_name))})")
        assert "use " in said or "np.stack" in said
        assert "\n" not in said


@pytest.mark.parametrize("f", LOST, ids=lambda f: f.__name__)
def test_elsewhere_it_is_a_warning_once_a_line_or_a_refusal(f):
    v = Value(0.5, "v")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        globals().pop("__warningregistry__", None)
        try:
            for _ in range(3):
                f(v)
        except LostGradientError:  # an array of it was never made
            assert not caught
            return
    (warning,) = caught
    assert warning.category is LostGradientWarning
    assert f"{warning.filename}:{warning.lineno}".endswith(line_of(f, 1 + (f is fill_by_a_name)))


def test_the_cure_names_what_records():
    for f, cure in [
        (math.exp, "use np.exp or backviz.ops.exp"),
        (math.erf, "use backviz.ops.erf"),
        (math.cbrt, "use np.sign(x) * np.abs(x) ** (1 / 3)"),
        (
            math.log2,
            "math.log2(w) would lose the gradient, because math gives plain numbers; use "
            "np.log2 or backviz.ops.log2",
        ),
        (lambda w: math.atan2(w, 2), "backviz.ops.arctan2"),
        (lambda w: math.fmod(w, 2), "math.fmod(…)"),
        (lambda w: math.remainder(w, 2), "use x - y * np.round(x / y)"),
        (lambda w: math.pow(w, 3), "use x ** y"),
        (entry, "join them with np.stack([…])"),
        (new_value, "use the value itself, or x.detach()"),
    ]:
        with pytest.raises(LostGradientError) as caught, whole_record():
            f(Value(0.5, "w"))
        assert cure in str(caught.value)


def test_the_message_names_the_value_where_it_has_a_name():
    for label, shown in [("w", "w"), ("p['w']", "p['w']"), ("a b", "x"), ("\x1b[31m", "x")]:
        with pytest.raises(LostGradientError) as caught, whole_record():
            math.exp(Value(0.5, label))
        assert str(caught.value).startswith(f"math.exp({shown}) would lose")


SILENT = [
    lambda v: (v.item(), v.data, v.numpy(), v.tolist(), v.detach()),
    lambda v: f"{v:.3f} {v} {v!r}",
    lambda v: "%.3f %d" % (v, v),  # noqa: UP031
    lambda v: f"{v:.3f}",
    lambda v: format(v, ".2f"),
    lambda v: 1 if v > 0 else 2,
    bool,
    lambda v: math.isnan(v) or math.isclose(v, 1.0),
    lambda v: [1, 2, 3][v],
    lambda v: Value(v * v, requires_grad=False),
    lambda v: float(v.detach()),
    lambda v: math.exp(v.item()),
    lambda v: print(v, file=sys.stderr),
    lambda v: [v, v * v].append(v),
]


@pytest.mark.parametrize("number", range(len(SILENT)))
def test_silent_exits_stay_silent(number):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SILENT[number](Value(1.0, "v"))
        with whole_record() as watch:
            SILENT[number](Value(1.0, "v"))
    assert watch.lines == {}


def test_without_recording_there_is_nothing_to_lose():
    v = Value(0.5)
    with warnings.catch_warnings(), whole_record() as watch, no_grad():
        warnings.simplefilter("error")
        BUFFER[0] = v
        math.exp(v)
        float(v)
        BUFFER[0] = Value(1.0, requires_grad=False)
    assert watch.lines == {}


@pytest.mark.parametrize(
    "f",
    [float, int, complex, np.float64, math.floor, lambda v: max(map(math.exp, [v]))],
)
def test_what_becomes_of_a_float_cannot_be_seen_so_it_is_remembered(f):
    with warnings.catch_warnings(), whole_record() as watch:
        warnings.simplefilter("error")
        f(Value(0.5, "v"))
    assert list(watch.lines) == [next(iter(watch.lines))]
    assert next(iter(watch.lines)).startswith("test_left_record.py:")


def errors_in_a_buffer(w, x):
    errors = np.zeros(3)
    for i in range(3):
        errors[i] = (w * x[i] - 1) ** 2
    return errors.mean() + 0.1 * w * w


def errors_in_a_list(w, x):
    errors = [(w * x[i] - 1) ** 2 for i in range(3)]
    return np.stack(errors).mean() + 0.1 * w * w


def test_the_buffer_of_errors_and_its_cure():
    x = np.array([1.0, 2.0, 3.0])
    with pytest.raises(LostGradientError, match=r"errors\[…\] = x writes a recorded value"):
        trace(errors_in_a_buffer, 0.5, x)
    L = trace(errors_in_a_list, 0.5, x)
    L.backward()
    (w,) = [v for v in backviz.tape(L) if v.label == "w"]
    # by hand: 2/3·Σ(w·xᵢ − 1)·xᵢ + 0.2·w = 2/3·(−0.5 + 0 + 1.5) + 0.1
    assert w.grad == pytest.approx(2 / 3 + 0.1)


def run_file(tmp_path, text, name="L", command="graph"):
    path = tmp_path / "model.py"
    path.write_text(text, "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "backviz", command, f"{path}:{name}"]
        + (["-F", "text"] if command == "graph" else []),
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


def test_a_file_is_refused_in_one_sentence_with_the_line(tmp_path):
    done = run_file(
        tmp_path,
        "import numpy as np\nfrom backviz import Value\nw = Value(0.5)\n"
        "buf = np.zeros(2)\nbuf[0] = w * w\nL = buf.sum() + w\n",
    )
    assert done.returncode == 5
    assert done.stderr.startswith("backviz: buf[…] = x writes a recorded value into a plain array")
    assert done.stderr.rstrip().endswith("(at model.py:5)")
    assert done.stdout == ""


def test_a_training_loop_that_logs_draws_without_a_word(tmp_path):
    done = run_file(
        tmp_path,
        "from backviz import Value\n"
        "w, history = Value(0.5), []\n"
        "for step in range(3):\n"
        "    loss = (w * 3 - 1) ** 2\n"
        "    loss.backward()\n"
        "    history.append(float(loss))\n"
        "    print(f'{step} {loss:.3f} {float(loss)} %.2f' % loss)\n"
        "    w.data -= 0.1 * w.grad\n"
        "    w.zero_grad()\n"
        "L = (w * 3 - 1) ** 2\n",
    )
    assert done.returncode == 0
    assert "backviz:" not in done.stderr
    assert "Warning" not in done.stderr


def test_source_without_positions_is_still_told_apart_where_it_can_be():
    script = (
        "import numpy as np, math, backviz\n"
        "b = np.zeros(2)\n"
        "def f(v):\n    b[0] = v\n    return v * v\n"
        "def g(v):\n    return v * float(v)\n"
        "try:\n    backviz.trace(f, 1.0)\n"
        "except backviz.LostGradientError as e:\n    print('refused', str(e)[-11:])\n"
        "print(backviz.trace(g, 2.0).data)\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "no_debug_ranges", "-c", script],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["refused <string>:4)", "4.0"]
