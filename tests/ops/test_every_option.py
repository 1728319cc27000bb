"""Every option of every op, through every command: drawn, stepped and listed, or one sentence.

An option is infinite, zero, negative, huge, a text or a switch where a number belongs. What an op
takes goes through all readers in one process; which of the slow ones is chosen by the number
of the case, so that all meet all kinds over the walk.
"""

import numpy as np
import pytest
from all_readers import told
from quick import one_in

from backviz import OPS, Value, load, tensor
from backviz.autodiff.value import Value as Recorded
from backviz.errors import BackvizError

VALUES = [
    np.inf,
    -np.inf,
    np.nan,
    0,
    0.0,
    -1,
    -1.5,
    10**30,
    1e30,
    "x",
    "",
    True,
    (),
    (0, np.inf),
    [],
    "none",
]
LOSSES = [
    "mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
]  # fmt: skip
CASES = [
    (op.name, option)
    for op in (OPS[name] for name in sorted({OPS[n].name for n in OPS.names()}))
    for option in op.params
    if op.public
]


def leaves(args):
    """Arrays and floats as leaves with names, the rest as it is."""
    names = iter("abcdefgh")
    return [
        tensor(x, next(names)) if isinstance(x, np.ndarray) else
        Value(x, next(names)) if isinstance(x, float) else x
        for x in args
    ]  # fmt: skip


def refused_in_a_sentence(error, name):
    """Whether a refusal is one of ours, or names the op in one line."""
    said = str(error)
    assert isinstance(error, BackvizError) or (isinstance(error, TypeError) and name in said), (
        f"{type(error).__name__}: {said}"
    )
    assert said and len(said) < 400 and "object cannot be interpreted" not in said, said


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize("name, option", one_in(12, CASES), ids=str)
def test_an_option_of_any_kind_is_told_or_refused(name, option):
    call = OPS[name].sample
    for k, value in enumerate(VALUES):
        try:
            output = OPS[name](*leaves(call.args), **{**call.params, option: value})
        except Exception as error:
            refused_in_a_sentence(error, name)
            continue
        assert isinstance(output, Recorded), (name, option, value)
        if output.size < 1000:
            told(output, k + CASES.index((name, option)))


@pytest.mark.parametrize("name", one_in(6, LOSSES))
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_number_meets_computed_arrays_in_every_loss(name, reduction):
    for number in range(4):
        a, v = Value(0.5, "a"), tensor([0.0, 1.0], "v")
        told(OPS[name](a, v.sigmoid(), reduction=reduction), number)
        a, v = Value(0.5, "a"), tensor([0.2, 0.7], "v")
        told(OPS[name](v.sigmoid(), a * 1.0, reduction=reduction), number)


@pytest.mark.parametrize("expression", [
    "linear([1,2])", "linear([1,2],[3])", "sum([1,2],keepdims='yes')", "clip(1,low=True)",
    "hinge_loss([1,2],[1,-1],squared='no')", "roll([1,2],shift=1e30)", "roll([1,2],shift='a')",
    "huber_loss([1,2],[1,3],delta='a')", "norm([1,2],ord=-1e999)", "norm([1,2],ord='a')",
    "reshape([1,2],shape=1e30)", "softmax([1,2],axis='a')", "det(1)", "matmul(1)", "solve([1])",
    "cross_entropy([1,2])", "cross_entropy([1,2],'a')", "maxout([1,2],pieces=0)",
])  # fmt: skip
def test_an_expression_is_refused_in_one_sentence(expression):
    with pytest.raises(BackvizError) as caught:
        load(expression)
    said = str(caught.value).splitlines()[0]
    assert 10 < len(said) < 300 and "object cannot" not in said


@pytest.mark.parametrize(
    "expression",
    [
        "clip(a,low=-1e999); a=1",
        "leaky_relu(a,slope=1e400); a=1",
        "norm(v,ord=1e999); v=[1,2]",
        "softplus(a,threshold=1e999); a=1",
        "huber_loss(v,[0,9],delta=1e999); v=[1,2]",
    ],
)
def test_infinite_options_typed_in_an_expression_are_told(expression):
    for number in range(4):
        told(load(f"L={expression}"), number)
