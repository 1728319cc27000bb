"""The syntax that an expression may use, and the sentences for what it may not.

Invariant: whatever is not named here is refused. Literal arithmetic is followed along
so that a power no float64 can hold is refused before it is computed.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from backviz.autodiff.remedies import unknown_op
from backviz.language import N_, _, ngettext
from backviz.ops import OPS

CONSTANTS = {"pi": math.pi}
BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
}


class _RefusedError(Exception):
    """Why a literal cannot be used."""


def find_refused(expression: ast.expr) -> tuple[ast.AST, str] | None:
    """The first node of an expression that is not allowed, and why; `None` if all are.

    >>> node, why = find_refused(ast.parse("a.b", mode="eval").body)
    >>> why
    'attributes are not allowed; use names, numbers and functions only'
    """
    numbers: dict[ast.AST, float] = {}
    for node in postorder(expression):
        try:
            reason = _why_not(node, numbers)
        except _RefusedError as refused:
            reason = str(refused)
        if reason:
            return node, reason
    return None


def _why_not(node: ast.AST, numbers: dict[ast.AST, float]) -> str | None:
    """Why a node is refused, or `None`; notes what literal arithmetic comes to."""
    match node:
        case ast.Constant():
            numbers[node] = as_float(node)
            return None
        case ast.Name(id=name):
            if name in CONSTANTS:
                numbers[node] = CONSTANTS[name]
            return None
        case ast.List():
            as_array(node)
            return None
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as operand):
            return _why_not(operand, numbers)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            return None
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return _why_no_product(left, op, right) or _note_number(node, numbers)
        case ast.Call():
            return _why_no_call(node)
    kind = getattr(node, "op", node)
    return _(
        _REFUSED.get(
            type(kind), N_("only numbers, names, lists, + − * / // % ** @ and functions fit here")
        )
    )


def as_float(node: ast.Constant) -> float:
    """A literal number as a float."""
    value = node.value
    if type(value) not in (int, float):
        raise _RefusedError(_("only real numbers can stand here"))
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        raise _RefusedError(_("the number is too large for a float64")) from None


def as_array(node: ast.List) -> np.ndarray:
    """Nested lists of numbers as an array; every row as long as the first."""
    for entry in map(_unsigned, _entries(node)):
        if not isinstance(entry, ast.Constant) or type(entry.value) not in (int, float):
            raise _RefusedError(_("a list holds numbers, or rows of numbers that are equally long"))
    try:
        array = np.array(ast.literal_eval(node), dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise _RefusedError(
            _("a list holds numbers, or rows of numbers that are equally long")
        ) from None
    if array.size == 0:
        raise _RefusedError(_("the list is empty; put numbers into it"))
    return array


def _unsigned(node: ast.expr) -> ast.expr:
    """A number without the sign in front of it."""
    signed = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd)
    return node.operand if signed else node  # type: ignore[attr-defined]


def _entries(node: ast.List) -> Iterator[ast.expr]:
    """The entries of nested lists, whatever they are."""
    stack: list[ast.expr] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, ast.List):
            stack += each.elts
        else:
            yield each


def _why_no_call(node: ast.Call) -> str | None:
    if not isinstance(node.func, ast.Name):
        return _("only the named functions of 'backviz list ops' can be called")
    name = node.func.id
    if name not in OPS or not OPS[name].public:
        public = [n for n in OPS.names() if OPS[n].public]
        said = unknown_op("function", name, public, _("'backviz list ops' shows what there is"))
        return said.replace("np.", "")  # functions have no module in an expression
    op = OPS[name]
    if any(isinstance(a, ast.Starred) for a in node.args) or any(
        k.arg is None for k in node.keywords
    ):
        return _("stars are not allowed in a call")
    if not op.written:
        return _("{name} cannot be used in an expression; put it into a Python file", name=name)
    if op.variadic and not node.args:
        return _("{name} needs operands", name=name)
    if len(node.args) != op.arity and not op.variadic:
        return ngettext(
            "{name} takes {n} operand, not {given}",
            "{name} takes {n} operands, not {given}",
            op.arity,
            name=name,
            given=len(node.args),
        )
    for word in node.keywords:
        if word.arg not in op.params:
            if not op.params:
                return _("{name} has no options, so no {word!r}", name=name, word=word.arg)
            options = ", ".join(op.params)
            return _(
                "{name} has no option {word!r}; it has {options}",
                name=name,
                word=word.arg,
                options=options,
            )
        if not _is_option(word.value):
            return _(
                "{arg} needs a number, several in brackets, a word in quotes, True or False",
                arg=word.arg,
            )
    names = [word.arg for word in node.keywords]
    twice = next((n for n in names if names.count(n) > 1), None)
    return _("the option {name} is given twice", name=twice) if twice else None


def _is_option(node: ast.expr) -> bool:
    """Whether a node is a number, a short word, True, False, or a tuple of numbers."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    for part in map(_unsigned, parts):
        if not isinstance(part, ast.Constant) or type(part.value) not in (int, bool, float, str):
            return False
    return True


def postorder(expression: ast.expr) -> list[ast.AST]:
    """The nodes of an expression, operands before what uses them, no recursion."""
    order: list[ast.AST] = []
    stack: list[ast.AST] = [expression]
    while stack:
        node = stack.pop()
        order.append(node)
        stack += _operands(node)
    return order[::-1]


def _operands(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return []  # −2 is a number, not a negation
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.Call(args=args):
            return args
    return []


def _why_no_product(left: ast.expr, op: ast.operator, right: ast.expr) -> str | None:
    lists = isinstance(left, ast.List) != isinstance(right, ast.List)
    if isinstance(op, ast.Mult) and lists and not variables(left) | variables(right):
        return _(
            "a list is a vector here and is not repeated by *; name it to multiply its "
            "entries: v=[…]; v*3"
        )
    return None


def _note_number(node: ast.BinOp, numbers: dict[ast.AST, float]) -> str | None:
    """Carry literal arithmetic along, and refuse a power that no float64 can hold."""
    base, exponent = numbers.get(node.left), numbers.get(node.right)
    if base is None or exponent is None:
        return None
    number = OPS[BINARY[type(node.op)]].compute((base, exponent), {})
    if isinstance(node.op, ast.Pow) and math.isinf(number) and base != 0:
        return _("the power is too large for a float64; use smaller numbers")
    if math.isfinite(number):
        numbers[node] = float(number)
    return None


def variables(expression: ast.expr) -> frozenset[str]:
    """The variables of an expression."""
    names = (n.id for n in postorder(expression) if isinstance(n, ast.Name))
    return frozenset(n for n in names if n not in CONSTANTS)


def has_ops(expression: ast.expr) -> bool:
    """Whether anything is computed, so that it is more than a literal."""
    return any(isinstance(n, (ast.BinOp, ast.Call)) for n in postorder(expression))


_REFUSED: dict[type[Any], str] = {
    ast.BitXor: N_("^ is not a power here; use **"),
    ast.Attribute: N_("attributes are not allowed; use names, numbers and functions only"),
    ast.Subscript: N_("subscripts are not allowed; use names, numbers and functions only"),
    ast.Tuple: N_("write a vector as a list, [1, 2]"),
    ast.Compare: N_("comparisons are not allowed; use = once, to give a name its value"),
    ast.IfExp: N_("conditions are not allowed; use max, min or relu"),
    ast.Constant: N_("only real numbers can stand here"),
}


def plainly(message: str, rest: str) -> str:
    """Python's words for a syntax error, for people who do not write Python."""
    if "never closed" in message:
        return _("the bracket is never closed")
    if "unmatched" in message:
        return _("the bracket was never opened")
    if "Exceeds the limit" in message:
        return _("the number is too long")
    if "invalid decimal literal" in message or "invalid syntax. Perhaps" in message:
        return _("something is missing here, perhaps a *")
    if message.startswith(("cannot assign", "invalid syntax. Maybe")):
        return _("one name stands to the left of =")
    if message == "invalid syntax" or not message:
        if not rest.strip():
            return _("it ends too early")
        return _("{sign!r} is not expected here", sign=rest[:1])
    return message
