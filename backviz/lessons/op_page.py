"""One op on one screen: formula, note, domain, rule, numbers forward and backward, kink, shapes.

Invariant: formulas are the op's notation and rules, run on symbols; the numbers are those of
the recorded call, so that neither can drift from what the engine does.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from backviz.autodiff.backward import gradients_of
from backviz.autodiff.calls import Call
from backviz.autodiff.data import quietly
from backviz.autodiff.formula import contribution_formula, listed_parts, local_formula
from backviz.autodiff.op import TORCH_WORDS, Elementwise, Op
from backviz.autodiff.recording import recorded
from backviz.autodiff.symbol import Symbol, as_symbol, writing
from backviz.autodiff.table import FUNCTIONS
from backviz.autodiff.value import Value
from backviz.lessons import words
from backviz.lessons.model import Block, Dress, Explanation, Fact, Table, same
from backviz.lessons.screen import cell_text
from backviz.lessons.views import stretched_operands
from backviz.ops import OPS
from backviz.stepping.blocks import shapes_text
from backviz.telling.record import Record
from backviz.telling.run import Run
from backviz.telling.teller import RunTeller
from backviz.telling.wording import shape_of, short
from backviz.text import NumberStyle
from backviz.words import Words

UPSTREAM = 2.0  # the gradient that arrives at a number; entries of an array get 1, 2, 3 …
LONGEST = 130  # characters of a formula
NUMBERS = NumberStyle()
STEP = 1e-6


def operand_names(op: Op) -> list[str]:
    """What the operands are called: by the op itself if it has names for them.

    >>> operand_names(OPS["mul"]), operand_names(OPS["linear"])
    (['a', 'b'], ['x', 'weight', 'bias'])
    """
    if op.bind is not None and not op.elementwise:
        parameters = list(inspect.signature(op.bind).parameters.values())
        if parameters[0].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
            options = (*op.params, *TORCH_WORDS)
            named = [p.name for p in parameters if p.name not in options]
            return named if op.variadic else named[: op.arity]
    if op.variadic:
        return ["a", "b"]
    return ["x"] if op.arity == 1 else ["a", "b", "c"][: op.arity]


def explain_op(op: Op) -> Explanation:
    """The explanation of any op of the table."""
    made = record(op, op.sample)
    blocks: list[Block] = [_about(op, made)]
    if not op.differentiable:
        blocks.append(_values(made))
    elif isinstance(op, Elementwise):
        blocks += [_in_numbers(op, made), _points(op) if op.is_function else _operands(op, made)]
    else:
        blocks.append(_arrays(made))
    if op.kink is not None:
        blocks.append(_kink(op))
    if shapes := _shapes(op, made):
        blocks.append(shapes)
    return Explanation(op.name, same(f"out = {call_text(op, made)}"), "", tuple(blocks))


def record(op: Op, call: Call) -> Value:
    """The result of a call, with its operands as leaves that bear names."""
    names = iter(operand_names(op))
    args = [
        Value(arg, next(names)) if isinstance(arg, float | np.ndarray) else arg for arg in call.args
    ]
    with recorded():
        made: Value = op(*args, **call.params)
    made.label = "out"
    return made


def upstream_of(made: Value) -> Any:
    """The gradient that arrives in an explanation: 2, or 1, 2, 3 … for the entries."""
    if not made.shape:
        return UPSTREAM
    return np.arange(1.0, made.size + 1).reshape(made.shape)


# In words and formulas ----------------------------------------------------------------------


def _symbols(made: Value) -> list[Symbol]:
    return [Symbol(v.label, data=v.data) for v in made.inputs]


def call_text(op: Op, made: Value) -> str:
    """How the call is written, with its operands' names."""
    symbols = tuple(_symbols(made))
    return str(symbols[0].interpret(op, symbols, made.params))


def _about(op: Op, made: Value) -> tuple[Fact, ...]:
    facts = [
        Fact(words.NOTE, Words(op.note)),
        Fact(words.FLOWS, _flows(op)),
        Fact(words.DOMAIN, _domain(op)),
    ]
    if named := (*op.aliases, *_elsewhere(op)):
        facts.append(Fact(words.ALSO, same(", ".join(named))))
    if alike := _written_alike(op):
        facts.append(Fact(words.SEE_TOO, same(", ".join(alike))))
    if op.params:
        facts.append(Fact(words.OPTIONS, same(", ".join(op.params))))
    if not op.differentiable:
        return tuple(facts)
    return (*facts, *(Fact(words.RULE, said) for said in rules(op, made)))


def _written_alike(op: Op) -> list[str]:
    """Other ops that formulas call by the same name: max of two, and max of an array.

    >>> _written_alike(OPS["maximum"])
    ['amax']
    """
    word, call, _other = op.notation.template.partition("(")
    begins = (each for each in OPS.values() if each is not op and each.public and word and call)
    return [each.name for each in begins if each.notation.template.startswith(f"{word}(")]


def _flows(op: Op) -> Words:
    """What becomes of the gradient."""
    if not op.differentiable:
        return words.NO_GRADIENT
    return Words(op.gradient or op.note)


def _domain(op: Op) -> Words:
    """Where the op is finite, and where it is flat."""
    if not op.saturates:
        return Words(op.domain)
    return Words("{domain}; {flat}", domain=Words(op.domain), flat=words.flat(op.saturates))


def _elsewhere(op: Op) -> tuple[str, ...]:
    """What numpy and torch call it, and its options, where that is something else."""
    found = [_in_numpy(f.__name__) for f in (*op.numpy, op.array) if f in FUNCTIONS]
    renamed = ", ".join(f"{ours} → {theirs}" for ours, theirs in op.torch_options.items())
    if op.torch:
        found.append(f"torch.{op.torch}" + (f" ({renamed})" if renamed else ""))
    own = {f"{home}.{name}" for home in ("np", "torch") for name in (op.name, *op.aliases)}
    return tuple(name for name in dict.fromkeys(found) if name not in own)


def _in_numpy(name: str) -> str:
    return f"np.{name}" if hasattr(np, name) else f"np.linalg.{name}"


def rules(op: Op, made: Value) -> list[Words]:
    """The rule of each operand on symbols: the local derivative, or what the operand gets.

    Steps that have names of their own stand in a last line.
    """
    listed = []
    parts: dict[str, str] = {}
    out, args = Symbol("out", data=made.data), _symbols(made)
    for position, v in enumerate(made.inputs):
        if op.rule(position) is None:
            continue
        if op.elementwise:
            head = f"∂out/∂{v.label} = "
            formula = local_formula(op, position, out, args, made.params)
        else:
            g = Symbol("g", shape=made.shape)
            head = f"{v.label}.grad += "
            formula = contribution_formula(op, position, g, out, args, made.params)
        parts |= dict(formula.parts)
        listed.append(same(f"{head}{formula}"))
    if parts:
        said = listed_parts(tuple(parts.items()))
        listed.append(Words("where {list}", list=said))
    return listed


def _in_numbers(op: Elementwise, made: Value) -> tuple[Fact, ...]:
    """`out = 2·3 = 6`, and each rule with numbers in the place of names."""
    places = [k for k in range(len(made.inputs)) if op.rule(k) is not None]
    said = [_result(op, made), *(_slope(op, made, k) for k in places)]
    return tuple(Fact(words.NUMBERS, dress) for dress in said)


def _result(op: Elementwise, made: Value) -> Dress:
    def dressed(numbers: NumberStyle) -> str:
        args = tuple(as_symbol(v.data, numbers) for v in made.inputs)
        said, result = str(args[0].interpret(op, args, made.params)), short(made.data, numbers)
        return f"out = {result}" if said == result else f"out = {said} = {result}"

    return dressed


def _slope(op: Elementwise, made: Value, position: int) -> Dress:
    def dressed(numbers: NumberStyle) -> str:
        data = [v.data for v in made.inputs]
        local = short(op.local(position, made.data, data, made.params), numbers)
        rule = op.rule(position)
        assert rule is not None
        args = [as_symbol(x, numbers) for x in (made.data, *data)]
        with writing((), numbers, parts=False):
            formula = str(as_symbol(rule(*args, **made.params), numbers))
        middle = "" if formula == local or len(formula) > LONGEST else f"{formula} = "
        return f"∂out/∂{made.inputs[position].label} = {middle}{local}"

    return dressed


# In tables ----------------------------------------------------------------------------------


def _arriving(made: Value) -> Words:
    shown = short(upstream_of(made), NUMBERS)
    return Words("g = {g} arrives", g=shown)


def _points(op: Elementwise) -> Table:
    """A function of one number at several places."""
    call, rows = op.sample, []
    for x in points_of(op):
        made = record(op, Call((x,), call.params))
        (gradient,) = gradients_of(made, made.inputs, UPSTREAM)
        local = float(quietly(op.local, 0, made.data, [x], made.params))
        rows.append((x, made.data, local, gradient))
    heads = (same("x"), same("out"), words.LOCAL, words.GETS)
    return Table(heads, tuple(rows), _arriving(made))


def _operands(op: Elementwise, made: Value) -> Table:
    """Each operand of an op of several: its value, its local derivative, what it gets."""
    data = [v.data for v in made.inputs]
    gradients = gradients_of(made, made.inputs, UPSTREAM)
    rows: list[tuple[Any, ...]] = []
    for position, (v, gradient) in enumerate(zip(made.inputs, gradients, strict=True)):
        if op.rule(position) is None:
            rows.append((v.label, v.data, None, None))
        else:
            local = float(op.local(position, made.data, data, made.params))
            rows.append((v.label, v.data, local, gradient))
    return Table(
        (words.OPERAND, words.VALUE, words.LOCAL, words.GETS), tuple(rows), _arriving(made)
    )


def _arrays(made: Value) -> Table:
    """Values, shapes and gradients of an op on whole arrays."""
    gradients = gradients_of(made, made.inputs, upstream_of(made))
    rows: list[tuple[Any, ...]] = [
        (f"{v.label} {shape_of(v.data)}", v.data, gradient)
        for v, gradient in zip(made.inputs, gradients, strict=True)
    ]
    rows.append((f"out {shape_of(made.data)}", made.data, upstream_of(made)))
    return Table((same(""), words.VALUE, words.GRADIENT), tuple(rows))


def _values(made: Value) -> Table:
    """Inputs and result of an op that carries no gradient."""
    rows = tuple((v.label, v.data) for v in (*made.inputs, made))
    return Table((same(""), words.VALUE), rows)


def points_of(op: Op) -> tuple[float, ...]:
    """Inputs of a function of one number, inside its interval and at its kink.

    >>> points_of(OPS["log"]), points_of(OPS["relu"])
    ((0.5, 1.0, 2.0), (-2.0, -0.5, 0.0, 0.5, 2.0))
    """
    low, high = op.interval
    return tuple(x for x in (-2.0, -0.5, 0.0, 0.5, 1.0, 2.0) if low <= x <= high and
                 (low > 0 or op.name in ("log1p", "tan") or x != 1.0))  # fmt: skip


def slopes_at_kink(op: Op) -> tuple[float, float, float]:
    """The slope to the left, to the right, and the rule's: of the sum, in the first entry.

    >>> [round(s, 6) for s in slopes_at_kink(OPS["relu"])]
    [0.0, 1.0, 0.0]
    """
    call = op.kink
    assert call is not None
    made = record(op, call)
    first = made.inputs[0]
    (gradient,) = gradients_of(made, (first,), np.ones(made.shape) if made.shape else None)

    def moved(h: float) -> float:
        x = np.array(call.args[0])
        x.flat[0] += h
        return float(np.sum(record(op, Call((x if x.ndim else float(x), *call.args[1:]),
                                            call.params)).data))  # fmt: skip

    here = moved(0.0)
    left, right = (here - moved(-STEP)) / STEP, (moved(STEP) - here) / STEP
    return left, right, float(np.ravel(gradient)[0])


def _kink(op: Op) -> Table:
    assert op.kink is not None
    made = record(op, op.kink)
    at = ", ".join(f"{v.label} = {cell_text(v.data, '', NUMBERS)}" for v in made.inputs)
    title = Words("at the kink {at}", at=at)
    return Table((words.LEFT, words.RIGHT, words.TAKEN), (slopes_at_kink(op),), title)


def _shapes(op: Op, made: Value) -> tuple[Fact, ...]:
    """How the shapes of a product fit, and what becomes of an operand that is stretched."""
    if isinstance(op, Elementwise):
        if op.arity != 2 or not op.differentiable:
            return ()
        notes = stretched_operands(record(op, Call((np.ones((4, 3)), np.ones(3)))))
        return tuple(
            Fact(words.SHAPES, Words("a: (4, 3) → out: (4, 3); {note}", note=note))
            for note in notes
        )
    at = Record(made)
    fit = RunTeller(Run(at)).aligned(at.last)
    return (Fact(words.SHAPES, shapes_text(fit)),) if fit else ()
