"""What holds for a row of the table of ops because it is there: read from the row alone.

A row's sample, kink, interval, arity and torch's name are enough to check it, so an op that is
entered is tested by existing.
"""

from functools import reduce

import numpy as np
from all_readers import told
from formula_reader import read_with_parts

from backviz.autodiff.backward import gradients_of, tape
from backviz.autodiff.check import check_grads
from backviz.autodiff.data import quietly
from backviz.autodiff.formula import contribution_formula
from backviz.autodiff.symbol import Symbol, writing
from backviz.autodiff.value import Value
from backviz.lessons.op_page import record
from backviz.stepping.breaks import FLAT
from backviz.text import NumberStyle

SHAPES = ((), (), ()), ((2, 3), (3,), ()), ((2, 1), (1, 3), (3,))
FAR = 30.0
EXACT = NumberStyle(digits=17)
NAMES = "abcdefhjklmnopqr"


def options_of(v):
    """The arrays among the options, under the names that formulas use."""
    plain = {k: getattr(o, "array", None) for k, o in v.params.items()}
    named = {k: o for k, o in plain.items() if o is not None}
    return named | {k: np.array(v.params[k]) for k in ("mean", "var") if k in v.params}


def check(v, random):
    """Each rule of one recorded op: read, computed, compared with the engine."""
    op, checked = v.op, 0
    letters = [f"{NAMES[i % 16]}{i // 16 or ''}" for i in range(len(v.inputs))]
    args = [Symbol(n, data=u.data) for n, u in zip(letters, v.inputs, strict=True)]
    upstream = random.normal(size=v.shape) if v.shape else float(random.normal())
    known = {**dict(zip(letters, (u.data for u in v.inputs), strict=True)), "out": v.data,
             "g": upstream, **options_of(v)}  # fmt: skip
    pulled = quietly(op.pull, v, upstream, False)
    for position, _, expected in pulled:
        with writing(letters, EXACT):
            formula = contribution_formula(
                op, position, Symbol("g", shape=v.shape), Symbol("out", data=v.data), args, v.params
            )
        found = read_with_parts(str(formula), formula.parts, known)
        found = np.broadcast_to(found, np.shape(v.inputs[position].data))
        scale = np.max(np.abs(expected), initial=1e-300)
        assert np.allclose(found, expected, rtol=0, atol=1e-12 * scale, equal_nan=True), (
            f"{op.name} {v.params}: {formula} {formula.parts}: {found} is not {expected}"
        )
        checked += 1
    return checked


def is_operand(x):
    """Whether an argument of a call becomes a leaf; labels stay as they are."""
    return isinstance(x, float | np.ndarray)


def merged(call, operands):
    """The arguments of a call with these operands in the place of its own."""
    given = iter(operands)
    return [next(given) if is_operand(x) else x for x in call.args]


def gradients_hold(op):
    """The rules against differences, at the sample; of a smooth op to order 2."""
    call = op.sample
    operands = [x for x in call.args if is_operand(x)]
    if op.name == "guard":  # its condition is none of numbers
        return check_grads(lambda x: op(x, 0.0), operands[0])
    return check_grads(lambda *xs: op(*merged(call, xs), **call.params), *operands,
                       order=1 if op.kink else 2, tolerance=2e-6)  # fmt: skip


def formulas_hold(op):
    """What is printed is what ran: at the sample, at the kink, and on what broadcasts."""
    random, checked = np.random.default_rng(3), 0
    calls = [record(op, call) for call in (op.sample, op.kink) if call]
    if op.elementwise:
        for shapes in SHAPES:
            drawn = [Value(random.uniform(*op.interval, s)) for s in shapes[: op.arity]]
            calls.append(op(*drawn))
    for made in calls:
        for v in tape(made):
            if v.op is not None and v.op.differentiable:
                checked += check(v, random)
    return checked


def of_order(op, order):
    """The sample recorded, and for order 2 the sum of its gradient's squares; None if constant."""
    made = record(op, op.sample)
    if order == 1 or not made.requires_grad:
        return made if order == 1 else None
    leaves = [v for v in made.inputs if v.requires_grad]
    seed = Value(np.full(made.shape, 0.7) if made.shape else 0.7, "g")
    gradients = gradients_of(made, leaves, seed, create_graph=True)
    found = [(g * g).sum() for g in gradients if isinstance(g, Value) and g.requires_grad]
    return reduce(lambda a, b: a + b, found) if found else None


def told_everywhere(op, order):
    """Pictures, steps, player, stepper, tables and descriptions of the sample; how many outputs."""
    told_of = 0
    for number in (0, 1, 2, 3):  # the slow readers, one after the other
        output = of_order(op, order)
        if output is not None:
            told(output, number)
            told_of += 1
    return told_of


def fades_where_it_says(op):
    """The derivative is small far out on the sides that the row names, and only there."""
    for side, x in (("below", -FAR), ("above", FAR)):
        out = op.compute([x], {})
        slope = abs(float(quietly(op.local, 0, out, [x], {})))
        assert (slope < FLAT) == (side in op.saturates), (op.name, side, slope)


def in_torch(op, torch):
    """torch's function for a row, with our names of options."""
    words = {"axis": "dim", "keepdims": "keepdim", **op.torch_options}
    function = reduce(getattr, op.torch.split("."), torch)

    def call(*args, **params):
        return function(*args, **{words.get(k, k): v for k, v in params.items()})

    return call
