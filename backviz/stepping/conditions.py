"""Conditions and expressions of a record's names: `a*b > 3 and W[0, 0] < 1`, `abs(a.grad)`.

Invariant: nothing is ever evaluated by Python; all goes through the allow-list of
`sources.allowlist`, and the ops of the table compute it.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.data import quietly
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.sources.allowlist import CONSTANTS, find_refused, variables
from backviz.sources.evaluation import evaluate, plain_signs
from backviz.stepping.entries import read_index, taken
from backviz.stepping.numerals import listed
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
_OF_ONE = {"max": "amax", "min": "amin"}  # as Python has them, of the entries of one array


@dataclass(frozen=True)
class Expression:
    """Something to compute of a record's values; `names` are those it needs, `a` or `a.grad`.

    >>> read_expression("a*b - a.grad").value({"a": 2.0, "b": 1.0, "a.grad": 0.5})
    1.5
    """

    text: str
    body: ast.expr
    parts: Mapping[str, tuple[str, Any]]  # a name in `body` → one of `names`, and an index

    @property
    def names(self) -> tuple[str, ...]:
        """The names whose values are needed."""
        return tuple(sorted({name for name, _index in self.parts.values()}))

    def value(self, values: Mapping[str, Any]) -> Any:
        """What it comes to."""
        return number_of(self.body, self.held(values))

    def held(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The numbers by their names in `body`."""
        return {key: taken(values[n], index, key) for key, (n, index) in self.parts.items()}


@dataclass(frozen=True)
class Condition(Expression):
    """Comparisons of expressions, joined by `and`, `or`, `not`.

    >>> condition = read_condition("a*b > 3 and not 1 < b < 2")
    >>> condition.holds({"a": 2.0, "b": 1.0}), condition.holds({"a": 2.0, "b": 2.0})
    (False, True)
    """

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it is true of these values; for arrays, of any entry."""
        held = self.held(values)
        found: dict[ast.AST, Any] = {}
        for node in _joined(self.body):
            match node:
                case ast.BoolOp(op=ast.And(), values=parts):
                    found[node] = all(found[part] for part in parts)
                case ast.BoolOp(values=parts):
                    found[node] = any(found[part] for part in parts)
                case ast.UnaryOp(operand=part):
                    found[node] = not found[part]
                case ast.Compare():
                    found[node] = self._compared(node, held)
        return bool(found[self.body])

    def _compared(self, node: ast.Compare, held: dict[str, Any]) -> bool:
        sides = [number_of(side, held) for side in (node.left, *node.comparators)]
        true: Any = True
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
            try:
                true = true & np.asarray(quietly(_COMPARE[type(op)], left, right))
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
        return bool(np.any(true))


def _joined(body: ast.expr) -> list[ast.expr]:
    """The comparisons of a condition and what joins them, the inner ones first."""
    order, stack = [], [body]
    while stack:
        node = stack.pop()
        order.append(node)
        if isinstance(node, ast.BoolOp):
            stack += node.values
        elif isinstance(node, ast.UnaryOp):
            stack.append(node.operand)
    return order[::-1]


def read_condition(text: str) -> Condition:
    """Read a condition; `InputError` with a caret for everything else.

    >>> read_condition("max(abs(W)) > 10 or W.grad[0, 1] == 0").names
    ('W', 'W.grad')
    """
    body, parts = _named(text, _("write a comparison, as in a.grad > 1 or max(abs(W)) > 10"))
    for node in _joined(body):
        if isinstance(node, ast.BoolOp) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        ):
            continue
        if not isinstance(node, ast.Compare):
            raise InputError(
                _("{text!r} is no condition; write one comparison, as in a.grad > 1", text=text)
            )
        if any(type(op) not in _COMPARE for op in node.ops):
            raise InputError(_("{text!r}: compare with one of > < >= <= == !=", text=text))
        for side in (node.left, *node.comparators):
            refuse(side, text)
    return Condition(text, body, parts)


def read_expression(text: str) -> Expression:
    """Read an expression such as `a+b` or `W[0] @ x`; `InputError` for what is not allowed."""
    body, parts = _named(text, _("write an expression, as in a*b or sum(W.grad)"))
    refuse(body, text)
    return Expression(text, body, parts)


def _named(text: str, hint: str) -> tuple[ast.expr, dict[str, tuple[str, Any]]]:
    """A text as a tree, in which entries and gradients are names, and what these stand for."""
    tree = _parsed(text, hint)
    reader = _Names()
    try:
        body = reader.visit(tree.body)
    except RecursionError:
        raise InputError(
            _("{text!r}… is nested too deeply; make it simpler", text=text[:40])
        ) from None
    used: set[str] = set()
    for node in _joined(body):
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else [node]
        if not isinstance(node, ast.BoolOp | ast.UnaryOp):
            for side in sides:
                used |= variables(side)
    if isinstance(body, ast.UnaryOp) and not isinstance(body.op, ast.Not):
        used |= variables(body)
    return body, {name: reader.parts.get(name, (name, None)) for name in used}


def read_number(text: str) -> Any:
    """A number or a list of numbers, with arithmetic, as data: `5`, `-1/3`, `[1, nan]`.

    >>> read_number("-2*pi/4 + 1") < -0.5
    True
    >>> read_number("[[1, 1/4], [-inf, 0]]"), read_number("[1  0.25; −∞  0]")[1]
    (array([[1.  , 0.25],
           [-inf, 0.  ]]), array([-inf,   0.]))
    """
    text = listed(text)
    if re.fullmatch(r"[-+−]?\d+,\d+", text):
        raise InputError(
            _("{text!r}: the decimal sign is a point here: {point}", text=text,
              point=text.replace(",", "."))
        )  # fmt: skip
    body = _parsed(text, _("write a number or a list, as in 5, -1/3 or [1, 2]")).body
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


def _parsed(text: str, hint: str) -> ast.Expression:
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
        said = _("this cannot be read; {hint}", hint=hint)
        raise InputError(said, line=text, column=column) from None
    except (ValueError, RecursionError, MemoryError):
        raise InputError(_("{text!r} cannot be read; {hint}", text=text[:40], hint=hint)) from None


class _Names(ast.NodeTransformer):
    """`a.grad` and `W[0, 1]` become names of their own before the allow-list looks at the rest."""

    def __init__(self) -> None:
        self.parts: dict[str, tuple[str, Any]] = {}

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        inner = self.visit(node.value)
        if not isinstance(inner, ast.Name):
            return ast.copy_location(ast.Attribute(inner, node.attr, node.ctx), node)
        if node.attr == "data":
            return inner
        if node.attr != "grad":  # a name of a program, as params.W
            return self._part(node, f"{inner.id}.{node.attr}", None)
        name, index = self.parts.get(inner.id, (inner.id, None))
        return self._part(node, name + GRAD, index)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        inner = self.visit(node.value)
        if not isinstance(inner, ast.Name) or self.parts.get(inner.id, ("", None))[1]:
            return node
        name, _index = self.parts.get(inner.id, (inner.id, None))
        return self._part(node, name, read_index(ast.unparse(node.slice).strip("()")))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Name) and len(node.args) == 1:
            node.func.id = _OF_ONE.get(node.func.id, node.func.id)
        node.args = [self.visit(each) for each in node.args]
        return node

    def _part(self, node: ast.expr, name: str, index: Any) -> ast.expr:
        shown = "" if index is None else f"[{', '.join(map(_index_text, index))}]"
        self.parts[name + shown] = name, index
        return ast.copy_location(ast.Name(name + shown, ast.Load()), node)


def _index_text(part: Any) -> str:
    if isinstance(part, slice):
        return ":".join("" if x is None else str(x) for x in (part.start, part.stop))
    return "..." if part is Ellipsis else str(part)


def refuse(expression: ast.expr, text: str) -> None:
    """Raise `InputError` for syntax that is not on the allow-list."""
    if refused := find_refused(expression):
        node, why = refused
        raise InputError(why, line=text.strip(), column=getattr(node, "col_offset", 0))


def number_of(expression: ast.expr, values: Mapping[str, Any]) -> Any:
    """The data that an allowed expression comes to."""
    return evaluate(expression, lambda name: values[name] if name in values else CONSTANTS[name])
