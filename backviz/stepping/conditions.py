"""Conditions such as `a*b > 3` or `abs(a.grad) >= 1e3`, read from the expression language.

Invariant: nothing is ever evaluated by Python; both sides go through the allow-list of
`sources.allowlist`, and the ops of the table compute them.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.data import quietly
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.sources.allowlist import CONSTANTS, find_refused, variables
from backviz.sources.evaluation import evaluate, plain_signs
from backviz.telling.record import GRAD

UNBOUNDED = {"nan": math.nan, "inf": math.inf}  # numbers that can be set
LONGEST = 4_000
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
    ast.GtE: operator.ge,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@dataclass(frozen=True)
class Condition:
    """A comparison of two expressions; `names` are the values it needs, `a` or `a.grad`.

    >>> condition = read_condition("a*b > 3")
    >>> condition.holds({"a": 2.0, "b": 1.0}), condition.holds({"a": 2.0, "b": 2.0})
    (False, True)
    """

    text: str
    left: ast.expr
    right: ast.expr
    compare: Callable[[Any, Any], Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The names whose values decide."""
        return tuple(sorted(variables(self.left) | variables(self.right)))

    def holds(self, values: dict[str, Any]) -> bool:
        """Whether it is true of these values; for arrays, of any entry."""
        left, right = (number_of(side, values) for side in (self.left, self.right))
        try:
            return bool(np.any(quietly(self.compare, left, right)))
        except ValueError:
            raise ShapeError(
                _(
                    "{text!r}: the sides have shapes {shape} and {shape2}, which cannot be "
                    "compared entry by entry; compare with a number",
                    text=self.text,
                    shape=np.shape(left),
                    shape2=np.shape(right),
                )
            ) from None


def read_condition(text: str) -> Condition:
    """Read `LEFT > RIGHT`; `InputError` with a caret for everything else."""
    tree = _parsed(text)
    try:
        body = _Gradients().visit(tree.body)
    except RecursionError:
        raise InputError(
            _("{text!r}… is nested too deeply; make it simpler", text=text[:40])
        ) from None
    if not isinstance(body, ast.Compare) or len(body.ops) != 1:
        raise InputError(
            _("{text!r} is no condition; write one comparison, as in a.grad > 1", text=text)
        )
    compare = _COMPARE.get(type(body.ops[0]))
    if compare is None:
        raise InputError(_("{text!r}: compare with one of > < >= <= == !=", text=text))
    for side in (body.left, body.comparators[0]):
        refuse(side, text)
    return Condition(text, body.left, body.comparators[0], compare)


def read_number(text: str) -> Any:
    """A number or a list of numbers, with arithmetic, as data: `5`, `-1/3`, `[1, nan]`.

    >>> read_number("-2*pi/4 + 1") < -0.5
    True
    >>> read_number("[[1, 1/4], [-inf, 0]]")
    array([[1.  , 0.25],
           [-inf, 0.  ]])
    """
    body = _parsed(text).body
    if not isinstance(body, ast.List) or not body.elts:
        return _entry(body, text)
    lists = [node for node in ast.walk(body) if isinstance(node, ast.List)]
    made: dict[ast.AST, list[Any]] = {}
    for node in reversed(lists):  # the inner ones first
        made[node] = [made[e] if e in made else _entry(e, text) for e in node.elts]
    try:
        return np.array(made[body], float)
    except ValueError:
        raise InputError(
            _("{text!r}: the rows of a list are equally long; this one's are not", text=text[:40])
        ) from None


def _entry(body: ast.expr, text: str) -> Any:
    refuse(body, text)
    if names := variables(body) - set(UNBOUNDED):
        raise InputError(
            _(
                "{text!r}: {limit} is no number; write numbers and functions only",
                text=text,
                limit=min(names),
            )
        )
    return number_of(body, UNBOUNDED)


def _parsed(text: str) -> ast.Expression:
    if len(text) > LONGEST:
        raise InputError(
            _(
                "the expression is longer than {longest} characters; make it shorter",
                longest=LONGEST,
            )
        )
    text = plain_signs(text.strip())
    try:
        return ast.parse(text, mode="eval")
    except SyntaxError as error:
        column = min(max((error.offset or 1) - 1, 0), len(text))
        raise InputError(_("this cannot be read"), line=text, column=column) from None
    except (ValueError, RecursionError, MemoryError):
        raise InputError(
            _("{text!r} cannot be read; use a simpler expression", text=text[:40])
        ) from None


class _Gradients(ast.NodeTransformer):
    """`a.grad` becomes a name of its own, before the allow-list looks at the rest."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.attr == "grad":
            return ast.copy_location(ast.Name(node.value.id + GRAD, ast.Load()), node)
        return node


def refuse(expression: ast.expr, text: str) -> None:
    """Raise `InputError` for syntax that is not on the allow-list."""
    if refused := find_refused(expression):
        node, why = refused
        raise InputError(why, line=text.strip(), column=getattr(node, "col_offset", 0))


def number_of(expression: ast.expr, values: dict[str, Any]) -> Any:
    """The data that an allowed expression comes to."""
    return evaluate(expression, lambda name: values[name] if name in values else CONSTANTS[name])
