"""What an expression from the allow-list comes to: one walk for sources and for conditions.

Invariant: no recursion, operands before their op, and nothing but the ops of the table computes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from backviz.ops import OPS
from backviz.sources.allowlist import BINARY, as_array, as_float, postorder

Apply = Callable[[ast.AST, str, list[Any], dict[str, Any]], Any]

# What people paste from slides and papers; all but powers are one character: carets stay true.
_SIGNS = str.maketrans(
    {"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "\u00a0": " "}
)  # fmt: skip
_POWER = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")


def plain_signs(text: str) -> str:
    """The text with the signs of slides and papers as Python writes them.

    >>> plain_signs("3·x² − y⁻¹"), plain_signs("x¹⁰")
    ('3*x**2 - y**-1', 'x**10')
    """
    return _POWER.sub(lambda m: "**" + m[0].translate(_RAISED), text).translate(_SIGNS)


def apply_op(_: ast.AST, name: str, args: list[Any], params: dict[str, Any]) -> Any:
    """The op of that name on its operands."""
    return OPS[name](*args, **params)


def evaluate(
    expression: ast.expr,
    named: Callable[[str], Any],
    number: Callable[[Any], Any] = lambda x: x,
    apply: Apply = apply_op,
) -> Any:
    """The value of an expression that `find_refused` let pass.

    `named` gives the value of a name, `number` makes one of literal data, `apply` does an op.

    >>> evaluate(ast.parse("-a*(2 + b)", mode="eval").body, {"a": 3.0, "b": 1.0}.__getitem__)
    -9.0
    """
    made: dict[ast.AST, Any] = {}
    for node in postorder(expression):
        match node:
            case ast.Constant():
                made[node] = number(as_float(node))
            case ast.Name(id=name):
                made[node] = named(name)
            case ast.List():
                made[node] = number(as_array(node))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as operand):
                made[node] = number(-as_float(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                made[node] = apply(node, "neg", [made[operand]], {})
            case ast.UnaryOp(operand=operand):
                made[node] = made[operand]
            case ast.BinOp(left=left, op=op, right=right):
                made[node] = apply(node, BINARY[type(op)], [made[left], made[right]], {})
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                params = {str(k.arg): ast.literal_eval(k.value) for k in keywords}
                made[node] = apply(node, name, [made[a] for a in args], params)
            case _:
                raise AssertionError(f"{type(node).__name__} passed the check")
    return made[expression]
