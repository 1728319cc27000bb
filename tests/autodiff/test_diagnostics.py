"""What a person is told: shapes that clash, the op that made NaN, names, source lines."""

import math

import numpy as np
import pytest

import backviz
from backviz import Value, detect_anomaly, expanded, name, source_lines, tape, tensor, trace
from backviz.autodiff.finite import find_not_finite
from backviz.errors import InputError, NotFiniteError, ShapeError, UsageError


def refused(call):
    with pytest.raises(ShapeError) as caught:
        call()
    return str(caught.value).splitlines()


def test_shapes_are_shown_aligned_with_a_caret_at_the_clash():
    x, w = tensor(np.ones((4, 3)), "x"), tensor(np.ones(2), "weights")
    assert refused(lambda: x + w) == [
        "add(x, weights): the shapes (4, 3) and (2,) do not fit: 3 ≠ 2 in the last axis, "
        "and neither is 1",
        "  x        (4, 3)",
        "               ^",
        "  weights    (2,)",
        "              ^",
    ]
    W = tensor(np.ones((4, 5)), "W")
    lines = refused(lambda: x @ W)
    assert lines[0].endswith("the inner sizes must be equal, 3 ≠ 4")
    assert lines[2].index("^") == lines[1].index("3")
    assert lines[4].index("^") == lines[3].index("4")
    assert "7 ≠ 2 in axis −3" in refused(lambda: tensor(np.ones((7, 4, 3))) @ np.ones((2, 3, 5)))[0]


def test_every_operand_of_a_misfit_is_named_or_marked():
    x = tensor(np.ones((2, 3)), "x")
    unnamed = tensor(np.ones(5))
    assert refused(lambda: x + unnamed)[0].startswith("add(x, unnamed): the shapes")
    assert refused(lambda: x + np.ones((4, 1, 2)))[0].startswith("add(x, ·): the shapes")
    assert refused(lambda: x @ 2.0)[0].startswith("matmul(x, ·): the shapes (2, 3) and ()")
    assert "use * to multiply by a number" in refused(lambda: x @ 2.0)[0]
    assert refused(lambda: x.sum(axis=5))[0].startswith("sum(x): the shape (2, 3), axis=5")


def test_the_line_of_the_program_is_named_where_it_is_noted():
    x = tensor(np.ones((2, 3)), "x")
    with source_lines():
        assert "(at test_diagnostics.py:" in refused(lambda: x + np.ones(2))[0]
    assert "(at " not in refused(lambda: x + np.ones(2))[0]


def test_the_first_nan_is_named_with_inputs_shapes_and_line():
    with source_lines():
        x = tensor(np.array([[1.0, 4.0, 9.0, 2.0], [2.0, -3.0, 5.0, 1.0]]), "x")
        y = np.sqrt(x)
        z = (y * 2).sum()
    said = find_not_finite(z)
    assert said.startswith("sqrt gives NaN at node n1: sqrt(x) with x = array (2, 4) from -3 to 9;")
    assert "sqrt needs x ≥ 0" in said
    assert "(at test_diagnostics.py:" in said
    assert find_not_finite(Value(2.0) * 3) is None
    assert "the gradient infinity" in find_not_finite(Value(0.0, "a").sqrt() * 2)


def test_anomalies_stop_at_the_op_that_made_them():
    x = Value(-1.0, "x")
    with (
        detect_anomaly(),
        pytest.raises(NotFiniteError, match=r"log\(x\) with x = -1.*at test_diag"),
    ):
        (x.log() * 2).tanh()
    assert math.isnan((x.log() * 2).tanh().data)
    with detect_anomaly(), pytest.raises(NotFiniteError, match="mul gives infinity"):
        Value(1e300) * Value(1e300)


def test_only_composite_ops_can_be_expanded():
    with pytest.raises(UsageError, match="did you mean 'softmax'"), expanded("sofmax"):
        pass
    with pytest.raises(InputError, match="the op tanh has no parts"), expanded("tanh"):
        pass


def test_blocks_leave_no_trace():
    with source_lines():
        noted = Value(1.0) * 2
    plain = Value(1.0) * 2
    assert noted.origin.where
    assert not plain.origin.where


def test_names():
    x, w = name(x=Value(1.0), w=Value(2.0))
    assert (x.label, w.label) == ("x", "w")
    assert name(b=Value(0.0)).label == "b"
    with pytest.raises(InputError, match="y is a float, not a recorded value"):
        name(y=2.0)


def test_trace_takes_names_from_parameters_and_variables():
    def loss(x, w, *, rate=0.1):
        hidden = np.tanh(x @ w)
        parts = [hidden * 2, hidden * rate]
        table = {"sum": parts[0] + parts[1]}
        _private = hidden * 3
        return (table["sum"] * _private).sum()

    L = trace(loss, np.ones((2, 2)), np.eye(2))
    labels = {v.label for v in tape(L)} - {""}
    assert labels == {
        "x",
        "w",
        "hidden",
        "parts[0]",
        "parts[1]",
        "table.sum",  # the entry of a dictionary is named as in params.W
        "rate",
        "loss",
    } - {
        "rate"  # a default is a plain number
    }
    assert all(v.origin.where.startswith("test_diagnostics.py:") for v in tape(L) if v.op)


def test_trace_runs_plain_numpy_functions():
    def rosenbrock(p):
        x, y = p
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    L = trace(rosenbrock, np.array([1.0, 1.0]))
    assert L.data == 0.0
    L.backward()
    assert (tape(L)[0].grad == 0).all()
    assert trace(lambda x: np.exp(-(x**2)), 0.0).data == 1.0
    assert trace(np.tanh, 0.5).op.name == "tanh"


def test_trace_says_what_is_wrong():
    with pytest.raises(InputError, match="returns nothing, not a recorded value"):
        trace(lambda x: None, 1.0)
    with pytest.raises(InputError, match="missing a required argument: 'y'"):
        trace(lambda x, y: x, 1.0)


def test_names_come_from_the_variables_of_a_function_in_a_file(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(
        "from backviz import Value\n"
        "a = Value(2.0)\n"
        "def loss():\n"
        "    weight = Value(3.0)\n"
        "    product = a * weight\n"
        "    return product.tanh()\n"
    )
    L = backviz.load(f"{path}:loss")
    assert [v.label for v in tape(L)] == ["a", "weight", "product", "loss"]
    path.write_text(
        "import numpy as np\nfrom backviz import Value\nx = Value(-1.0)\ny = np.log(x)\n"
    )
    assert find_not_finite(backviz.load(f"{path}:y")).endswith("(at model.py:4)")


@pytest.mark.parametrize(
    "use",
    [
        backviz.to_graph, backviz.render, backviz.show, backviz.table, backviz.describe,
        lambda x: list(backviz.backward_steps(x)), backviz.stepper, backviz.step,
    ],
)  # fmt: skip
@pytest.mark.parametrize("given", ["@diamond", 3.0, np.ones(2), None])
def test_what_is_not_recorded_is_refused_in_a_sentence(use, given):
    with pytest.raises(InputError, match="recorded value"):
        use(given)
