"""The idea of the engine on one screen: a table of ops, a record, a stream of steps.

Called with numbers an op computes, with values it records, with symbols it prints. So the rule
that is read is the rule that ran, and a derivative has a derivative. `backviz/ops` and
`backviz/autodiff` are this with arrays, checks and care; a test holds the two equal.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

SERIAL = count()  # a value is younger than its inputs: this order is the way back


class Operand:
    """What has operators, which are ops; values and symbols are its two kinds."""


@dataclass
class Symbol(Operand):
    text: str

    def __format__(self, spec: str) -> str:
        return self.text


@dataclass(eq=False)
class Value(Operand):
    data: float
    label: str = ""
    op: "Op | None" = None
    inputs: tuple["Value", ...] = ()
    wants: bool = True  # whether a gradient is asked for; of a constant none is
    serial: int = field(default_factory=lambda: next(SERIAL))


@dataclass(frozen=True)
class Op:
    """One row: its text, its forward function, and for each input the local derivative."""

    text: str
    forward: Callable
    rules: tuple[Callable, ...]  # each takes (out, *inputs)

    def __call__(self, *given):
        if any(isinstance(x, Symbol) for x in given):
            return Symbol(self.text.format(*given))
        if not any(isinstance(x, Value) for x in given):
            return self.forward(*given)
        inputs = tuple(x if isinstance(x, Value) else Value(x, wants=False) for x in given)
        data = self.forward(*(x.data for x in inputs))
        return Value(data, "", self, inputs, any(x.wants for x in inputs))


add = Op("({} + {})", lambda a, b: a + b, (lambda out, a, b: 1.0, lambda out, a, b: 1.0))
sub = Op("({} − {})", lambda a, b: a - b, (lambda out, a, b: 1.0, lambda out, a, b: -1.0))
mul = Op("({}·{})", lambda a, b: a * b, (lambda out, a, b: b, lambda out, a, b: a))
div = Op(
    "({} / {})", lambda a, b: a / b, (lambda out, a, b: 1 / b, lambda out, a, b: -1.0 * out / b)
)
power = Op("({}^{})", pow, (lambda out, a, n: n * power(a, n - 1), lambda out, a, n: out * log(a)))
exp = Op("exp({})", math.exp, (lambda out, x: out,))
log = Op("log({})", math.log, (lambda out, x: 1 / x,))
tanh = Op("tanh({})", math.tanh, (lambda out, x: 1 - out * out,))
SIGNS = {"add": add, "sub": sub, "mul": mul, "truediv": div, "pow": power}
for name, op in SIGNS.items():
    setattr(Operand, f"__{name}__", lambda a, b, op=op: op(a, b))
    setattr(Operand, f"__r{name}__", lambda a, b, op=op: op(b, a))
OPS = SIGNS | {"exp": exp, "log": log, "tanh": tanh}


def steps(output: Value, record: bool = False) -> Iterator[tuple]:
    """Each value with its whole gradient, output first, and what it adds to its inputs."""
    found, todo = {output}, [output]
    while todo:
        new = set(todo.pop().inputs) - found
        found |= new
        todo += new
    gradients = {output: 1.0}
    for v in sorted(found, key=lambda v: -v.serial):
        if v not in gradients:
            continue
        known = (v, *v.inputs) if record else (v.data, *(x.data for x in v.inputs))
        shares = []
        for rule, x in zip(v.op.rules if v.op else (), v.inputs, strict=True):
            if x.wants:  # the rule of an exponent that is a number is never run
                shares.append((x, gradients[v] * rule(*known)))
                gradients[x] = gradients[x] + shares[-1][1] if x in gradients else shares[-1][1]
        yield v, gradients[v], shares


if __name__ == "__main__":
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    for v, gradient, shares in steps(tanh(a * b / 10) + a * a):
        print(f"{v.label or 'n' + str(v.serial):3} {gradient:8.4f}", [s for _, s in shares])
    first = {v: gradient for v, gradient, _ in steps(a * a * a, record=True)}[a]
    print("d²(a³)/da² =", {v: gradient for v, gradient, _ in steps(first)}[a])
    print("tanh' =", f"{tanh.rules[0](Symbol('out'), Symbol('x'))}")
