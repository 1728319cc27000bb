"""Every row of the table of ops: complete, right to order 2, and IEEE at the edges."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from quick import slow
from samples import all_samples

from backviz.autodiff.backward import backward_steps, gradients_of
from backviz.autodiff.check import KinkWarning, check_grads
from backviz.autodiff.formula import derivatives
from backviz.autodiff.op import Elementwise, Structural
from backviz.autodiff.symbol import Symbol
from backviz.autodiff.value import Value, tensor
from backviz.errors import CheckFailedError, ShapeError
from backviz.ops import OPS, add, maximum, minimum, mul, relu, sum_to

RANDOM = np.random.default_rng(7)
ROWS = list(OPS.values())
SMOOTH = [op for op in ROWS if op.elementwise and op.differentiable]
SAMPLES = all_samples()


def sample(op, shape):
    """A shape drawn from the op's interval; data as it is."""
    if not isinstance(shape, tuple):
        return np.array(shape, dtype=float) if np.ndim(shape) else float(shape)
    low, high = op.interval
    drawn = RANDOM.uniform(low, high, shape)
    return float(drawn) if shape == () else drawn


def test_the_table_is_complete():
    assert len(ROWS) >= 25
    for op in ROWS:
        assert op.note.endswith("."), op.name
        assert op.differentiable == bool(op.gradient), op.name
        if op.gradient:  # one sentence, and not the other one again
            assert op.gradient.endswith(".") and ". " not in op.gradient, op.name
            assert op.gradient != op.note, op.name
        assert op.domain, op.name
        assert op.symbol, op.name
        assert op.variadic or op.notation.write or len(op.notation.operands) == op.arity, op.name
        assert isinstance(op, (Elementwise, Structural)), op.name
        assert len(op.rules) in (0, 1 if op.variadic else op.arity), op.name
    assert not set(SAMPLES) - {op.name for op in ROWS}


def test_the_required_ops_are_there():
    """What a course computes with; dropping one of them is no slip of a table."""
    required = (
        "add sub mul div pow neg exp log log1p expm1 sqrt abs sign sin cos tan arcsin arccos "
        "arctan arcsinh arccosh arctanh arctan2 hypot logaddexp log2 log10 exp2 copysign floor "
        "ceil round trunc mod fmod floor_divide sinh cosh tanh sigmoid relu leaky_relu prelu elu "
        "selu gelu silu softplus mish softsign hardtanh maximum minimum clip where sum mean prod "
        "max min var std logsumexp "
        "norm cumsum reshape ravel transpose swapaxes expand_dims squeeze broadcast_to "
        "concatenate stack getitem pad repeat tile flip matmul dot outer einsum trace inv solve "
        "det slogdet_sign logabsdet softmax log_softmax linear maxout dropout layer_norm "
        "batch_norm conv1d conv2d max_pool1d max_pool2d avg_pool1d avg_pool2d"
    )
    assert [name for name in required.split() if name not in OPS] == []
    assert [part.data.tolist() for part in np.split(tensor([1.0, 2.0]), 2)] == [[1.0], [2.0]]
    sign, size = np.linalg.slogdet(tensor([[0.0, 2.0], [1.0, 0.0]]))
    assert (float(sign), float(size)) == (-1.0, np.log(2.0))


def test_a_misspelt_op_gets_a_suggestion():
    from backviz import ops

    with pytest.raises(AttributeError, match=r"softmx.*did you mean 'softmax'"):
        _ = ops.softmx
    assert not hasattr(ops, "__path_hook__")


@pytest.mark.blas
@pytest.mark.parametrize("op", SMOOTH, ids=lambda op: op.name)
@pytest.mark.parametrize("shapes", ["scalar", "array", "broadcast"])
def test_gradients_match_differences_to_order_2(op, shapes):
    order = 1 if op.kink else 2
    kinds = {"scalar": [()] * 3, "array": [(2, 3)] * 3, "broadcast": [(2, 3), (3,), ()]}[shapes]
    args = [sample(op, s) for s in kinds[: op.arity]]
    if op.name == "guard":
        args[1] = np.zeros_like(args[1]) if np.ndim(args[1]) else 0.0
        assert check_grads(lambda x: op(x, args[1]), args[0])
        return
    assert check_grads(op, *args, order=order, tolerance=2e-6)
    if op.arity == 2:  # broadcast the other way round, so that each operand is the smaller
        assert check_grads(op, *args[::-1], order=order, tolerance=2e-6)


def calls(names=None):
    return [
        pytest.param(OPS[name], each, id=f"{name}-{i}")
        for name, samples in SAMPLES.items()
        for i, each in enumerate(samples)
        if names is None or name in names
    ]


def of_sample(op, each):
    """The call of a sample, and what it is given."""
    return each.call or partial(op, **each.params), [sample(op, s) for s in each.given]


CALLS = [case for case in calls() if case.values[0].differentiable]
FURTHER = [case for case in CALLS if not case.id.endswith("-0")]


@pytest.mark.blas
@pytest.mark.parametrize(("op", "each"), FURTHER)
def test_sample_calls_match_differences(op, each):
    call, args = of_sample(op, each)
    assert check_grads(call, *args, order=1, tolerance=2e-6)


@pytest.mark.blas
@pytest.mark.parametrize(("op", "each"), [slow(c) if c in FURTHER else c for c in CALLS])
def test_sample_calls_match_differences_to_order_2(op, each):
    (call, args), order = of_sample(op, each), 1 if op.kink else 2
    assert check_grads(call, *args, order=order, tolerance=2e-6)
    # squared, so that the second order is not zero
    assert check_grads(lambda *xs: call(*xs) ** 2, *args, order=order, tolerance=2e-6)


@pytest.mark.parametrize(
    "op",
    [op for op in SMOOTH if op.arity == 2 and op.public and all(op.rules)],  # a mask gets none
    ids=lambda op: op.name,
)
def test_a_reused_operand_gets_both_contributions(op):
    x = sample(op, ())
    assert check_grads(lambda v: op(v, v) * v, x, order=1)
    v = Value(x)
    steps = list(backward_steps(op(v, v)))
    assert len(steps[0].contributions) == 2
    assert steps[1].upstream == sum(c.value for c in steps[0].contributions)


@pytest.mark.parametrize("op", SMOOTH, ids=lambda op: op.name)
def test_scalars_and_arrays_agree(op):
    args = [sample(op, ()) for _ in range(op.arity)]
    scalar = op(*map(Value, args))
    array = op(*(tensor([a]) for a in args))
    assert type(scalar.data) is float
    assert scalar.data == pytest.approx(array.data[0], rel=4e-16)


@pytest.mark.blas
@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_one_number_is_always_a_python_float(op):
    if op.elementwise:
        made = op.compute([0.5] * op.arity, {})
    else:
        made = op(*op.sample.args, **op.sample.params)
    assert type(made) is float or (isinstance(made, np.ndarray) and made.ndim > 0)


def test_rules_print_what_they_compute():
    assert derivatives(OPS["tanh"]) == ["d/dx = 1 − out²"]
    assert derivatives(OPS["div"]) == ["d/da = 1 / b", "d/db = −out / b"]
    assert derivatives(OPS["relu"]) == ["d/dx = [x > 0]"]
    a = Symbol("a")
    assert str((a + 1) * (a - (a - 2)) / (a / 2)) == "(a + 1)·(a − (a − 2)) / (a / 2)"
    assert str((-a) ** 2) == "(−a)²"
    assert str(a * -a - -a + (-2.0) * a) == "a·(−a) − (−a) + (−2·a)"
    assert str(a ** Symbol("n")) == "a^n"


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        ("log", [-1.0], math.nan),
        ("log", [0.0], -math.inf),
        ("sqrt", [-1.0], math.nan),
        ("div", [1.0, 0.0], math.inf),
        ("div", [0.0, 0.0], math.nan),
        ("exp", [1000.0], math.inf),
        ("pow", [-8.0, 1 / 3], math.nan),
        ("pow", [0.0, -1.0], math.inf),
        ("pow", [1e200, 2.0], math.inf),
        ("sigmoid", [-1000.0], 0.0),
        ("sigmoid", [1000.0], 1.0),
        ("relu", [math.nan], math.nan),
        ("maximum", [math.nan, 1.0], math.nan),
        ("sin", [math.inf], math.nan),
        ("tanh", [1e308], 1.0),
    ],
)
def test_edges_follow_ieee_and_never_raise(name, args, expected):
    for value in (OPS[name](*map(Value, args)), OPS[name](*(tensor([a]) for a in args))):
        value.backward(None if value.shape == () else [1.0])
        assert float(value.item()) == pytest.approx(expected, nan_ok=True)


def test_kinks_follow_torch():
    def slopes(f, *args):
        leaves = [Value(a) for a in args]
        return gradients_of(f(*leaves), tuple(leaves))

    assert slopes(relu, 0.0) == [0.0]
    assert slopes(abs, 0.0) == [0.0]
    assert slopes(maximum, 2.0, 2.0) == [0.5, 0.5]
    assert slopes(minimum, 2.0, 2.0) == [0.5, 0.5]
    assert slopes(lambda x: x**0, 0.0) == [0.0]
    assert slopes(lambda a, b: a**b, 0.0, 2.0) == [0.0, 0.0]
    assert slopes(lambda x: x**2, -3.0) == [-6.0]


def test_shapes_that_do_not_fit_are_named():
    x, w = tensor([[1.0, 2.0, 3.0]], "x"), tensor([[1.0, 2.0]], "w")
    with pytest.raises(
        ShapeError, match=r"matmul\(x, w\): the shapes \(1, 3\) and \(1, 2\).*3 ≠ 1"
    ):
        x @ w
    with pytest.raises(ShapeError, match=r"add\(x, w\): the shapes \(1, 3\) and \(1, 2\)"):
        x + w
    with pytest.raises(ShapeError, match=r"sum\(x\).*axis=5"):
        x.sum(axis=5)
    with pytest.raises(ShapeError, match="use \\* to multiply by a number"):
        x @ 2.0


# The checker itself: planted faults that it must catch ----------------------------


def planted(rule_a, rule_b=lambda out, a, b: a, forward=np.multiply):
    """A multiplication with other rules, outside the table."""
    return Elementwise("planted", forward, (rule_a, rule_b), mul.notation, "?", "all", "Wrong.", 2)


def test_the_checker_catches_a_wrong_rule():
    with pytest.raises(CheckFailedError, match=r"input 0.*by the rule but"):
        check_grads(planted(lambda out, a, b: -b), 2.0, 3.0)


def test_the_checker_catches_a_wrong_second_order():
    # right number, but the rule hides that it depends on a
    cube = Elementwise(
        "cube",
        lambda x: x**3,
        (lambda out, x: 3 * (x.data if isinstance(x, Value) else x) ** 2,),
        OPS["neg"].notation,
        "?",
        "all",
        "Wrong.",
        1,
    )
    assert check_grads(cube, 2.0)
    with pytest.raises(CheckFailedError, match="order 2"):
        check_grads(cube, 2.0, order=2)


def test_the_checker_catches_a_missing_unbroadcast():
    lazy = replace(sum_to, array=lambda x, shape: x)
    with OPS.temporarily({"sum_to": lazy}), pytest.raises(CheckFailedError, match="shape"):
        check_grads(lambda a, b: a + b, np.ones((2, 3)), np.ones(3))


def test_the_checker_catches_overwriting_instead_of_accumulating():
    def overwriting(f):
        """f, but its gradient keeps only the last contribution to each input."""

        def rule(out, x):
            v = Value(x if not isinstance(x, Value) else x.data)
            last = {}
            for step in backward_steps(f(v)):
                for part in step.contributions:
                    last[part.input.serial] = part.value
            return last[v.serial]

        return Elementwise(
            "overwriting",
            lambda x: f(Value(x)).data,
            (rule,),
            OPS["neg"].notation,
            "?",
            "",
            "W.",
            1,
        )

    distinct, diamond = (lambda x: x.exp()), (lambda x: x * x)
    assert check_grads(overwriting(distinct), 2.0)
    with pytest.raises(CheckFailedError):
        check_grads(overwriting(diamond), 2.0)


def test_the_checker_reports_a_kink_and_does_not_judge_it():
    with pytest.warns(KinkWarning, match="lies at a kink"):
        (check,) = check_grads(relu, 0.0)
    assert check.kink
    (check,) = check_grads(relu, 1.0)
    assert not check.kink
    assert check.error < 1e-9


def test_numpy_functions_and_arrays_on_the_left_record():
    x = tensor([1.0, 2.0])
    for made in (np.ones(2) * x, np.ones(2) + x, np.eye(2) @ x, np.tanh(x), np.add(3, x), 2 - x):
        assert isinstance(made, Value)
        assert made.op is not None
        assert made.data.dtype == np.float64
    assert isinstance(np.float64(2.0) * Value(3.0), Value)
    with pytest.raises(TypeError):
        np.heaviside(x, x)


def test_add_is_exported_under_its_own_name():
    assert add is OPS["add"]
    with pytest.raises(ValueError, match="already registered"):
        OPS.add("add", add)
