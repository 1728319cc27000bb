"""Expressions with assignments, read from an allow-list of syntax and recorded.

Invariant: nothing is ever evaluated by Python. A node of the syntax tree that is not
on the list is refused with a caret under it, and length, nesting, powers and sizes
are bounded before anything is computed.
"""

from __future__ import annotations

import ast
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.value import Value
from backviz.errors import InputError, NotFiniteError
from backviz.ops import OPS
from backviz.registry import unknown

MAX_LENGTH = 20_000
MAX_NESTING = 60
MAX_SIZE = 1_000_000
CONSTANTS = {"pi": math.pi}
BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
}
# What people paste from slides and papers, each one character so that carets stay true.
TYPOGRAPHY = str.maketrans(
    {"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "\u00a0": " "}
)


def record_expression(text: str) -> Value:
    """Record `'L=(a*b+c)*(a-c); a=2; b=3; c=4'` and return its result.

    Statements are separated by `;` or line breaks and may stand in any order. The
    result is the bare expression if there is one, else the one name that no other
    statement uses. Numbers and nested lists of numbers that are
    assigned become leaves with their names. `InputError` for everything else.

    >>> L = record_expression("L=(a*b+c)*(a-c); a=2; b=3; c=4")
    >>> L.data, L.label
    (-20.0, 'L')
    """
    return _Reader(text).result()


@dataclass(frozen=True, slots=True)
class _Statement:
    name: str
    value: ast.expr
    names: frozenset[str]


class _Reader:
    """One text being read; it knows the lines, to show carets under them."""

    def __init__(self, text: str) -> None:
        self.text = text.translate(TYPOGRAPHY).strip("\ufeff \t\r\n;")
        self.lines = self.text.splitlines() or [""]
        self.values: dict[str, Value] = {}

    def result(self) -> Value:
        statements = self._statements(self._parse())
        target = self._target(statements)
        for statement in self._in_order(statements, target):
            self._record(statement, target)
        return self.values[target]

    # Reading

    def _parse(self) -> list[ast.stmt]:
        if not self.text:
            raise InputError("the expression is empty; write for example 'L=a*b; a=2; b=3'")
        if len(self.text) > MAX_LENGTH:
            raise InputError(
                f"the expression is {len(self.text):,} characters long (at most {MAX_LENGTH:,}); "
                "put it into a Python file and use file.py:name"
            )
        self._check_nesting()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's remarks on odd but legal syntax
                return ast.parse(self.text).body
        except SyntaxError as error:
            raise self._syntax_error(error) from None
        except (RecursionError, MemoryError, ValueError):
            raise InputError(
                "the expression is nested too deeply; name some parts with assignments"
            ) from None

    def _check_nesting(self) -> None:
        depth, opened = 0, []
        for row, line in enumerate(self.lines, 1):
            for column, char in enumerate(line):
                if char in "([{":
                    depth += 1
                    opened.append((row, column))
                    if depth > MAX_NESTING:
                        raise self._refuse_at(
                            row, column, f"brackets are nested more than {MAX_NESTING} deep"
                        )
                elif char in ")]}" and opened:
                    depth -= 1
                    opened.pop()

    def _syntax_error(self, error: SyntaxError) -> InputError:
        row = min(max(error.lineno or 1, 1), len(self.lines))
        line = self.lines[row - 1]
        column = min(max((error.offset or 1) - 1, 0), len(line))
        message = _plainly(error.msg, line[column:])
        return self._refuse_at(row, column, f"the expression cannot be read: {message}")

    def _statements(self, body: list[ast.stmt]) -> list[_Statement]:
        statements: list[_Statement] = []
        for node in body:
            if isinstance(node, (ast.Assign, ast.Expr)):
                self._check(node.value)
            if isinstance(node, ast.Expr):
                if any(not s.name for s in statements):
                    raise self._refuse(node, "a second result; give one of the two a name")
                statements.append(_Statement("", node.value, _names(node.value)))
                continue
            if not isinstance(node, ast.Assign):
                raise self._refuse(node, "use assignments like a=2, and one bare expression")
            first = node.targets[0]
            if len(node.targets) > 1 or not isinstance(first, ast.Name):
                raise self._refuse(first, "one name stands to the left of =")
            if any(s.name == first.id for s in statements):
                raise self._refuse(first, f"{first.id} is given twice; use another name")
            statements.append(_Statement(first.id, node.value, _names(node.value)))
        return statements

    def _target(self, statements: list[_Statement]) -> str:
        if any(not s.name for s in statements):
            return ""
        used = frozenset().union(*(s.names for s in statements))
        unused = [s for s in statements if s.name not in used]
        computed = [s for s in unused if not _is_given(s)] or unused
        if len(computed) == 1:
            return computed[0].name
        if not computed:
            names = ", ".join(s.name for s in statements)
            raise InputError(f"{names} are defined by each other in a circle; give one a number")
        names = ", ".join(s.name for s in computed)
        raise InputError(
            f"the expression has {len(computed)} results ({names}); "
            f"name the one you want, as in '…; {computed[0].name}'"
        )

    def _in_order(self, statements: list[_Statement], target: str) -> list[_Statement]:
        """The statements that the target needs, each after those that it uses itself."""
        by_name = {s.name: s for s in statements}
        done: dict[str, _Statement] = {}
        path: dict[str, None] = {}
        stack = [target]
        while stack:
            name = stack[-1]
            if name in done:
                stack.pop()
                continue
            path[name] = None
            statement = by_name[name]
            pending = [u for u in self._used(statement, by_name) if u not in done]
            for each in pending:
                if each in path:
                    raise InputError(
                        f"{each} is defined by itself; use another name for the result"
                    )
            if pending:
                stack += reversed(pending)
            else:
                done[name] = statement
                del path[name]
                stack.pop()
        return list(done.values())

    def _used(self, statement: _Statement, by_name: dict[str, _Statement]) -> list[str]:
        """The assigned names that a statement uses, in the order in which they appear."""
        found: dict[str, None] = {}
        for node in _postorder(statement.value):
            if isinstance(node, ast.Name):
                if node.id in by_name:
                    found[node.id] = None
                elif node.id not in CONSTANTS:
                    raise self._missing(node, by_name)
        return list(found)

    def _missing(self, node: ast.Name, by_name: dict[str, _Statement]) -> InputError:
        if node.id in OPS:
            return self._refuse(node, f"{node.id} is a function; write {node.id}(…)")
        return self._refuse(node, f"{node.id} has no value; add '{node.id}=…' to the expression")

    # The allow-list

    def _check(self, expression: ast.expr) -> None:
        """Refuse whatever is not on the list, and literal arithmetic out of bounds."""
        numbers: dict[ast.AST, float] = {}
        for node in _postorder(expression):
            if reason := self._why_not(node, numbers):
                raise self._refuse(node, reason)
            if isinstance(node, ast.Call):
                for word in node.keywords:
                    self._param(word)

    def _why_not(self, node: ast.AST, numbers: dict[ast.AST, float]) -> str | None:
        """Why a node is refused, or `None`; notes what literal arithmetic comes to."""
        match node:
            case ast.Constant(value=value) if type(value) in (int, float):
                numbers[node] = self._float(node)
                return None
            case ast.Name(id=name):
                if name in CONSTANTS:
                    numbers[node] = CONSTANTS[name]
                return None
            case ast.List():
                self._array(node)
                return None
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                if isinstance(operand, ast.Constant):
                    return self._why_not(operand, numbers)
                return None
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return _why_no_product(left, op, right) or _note_number(node, numbers)
            case ast.Call():
                return check_call(node)
        return _REFUSED.get(
            type(getattr(node, "op", node)),
            "only numbers, names, lists, + − * / ** @ and functions can stand here",
        )

    # Recording

    def _record(self, statement: _Statement, target: str) -> None:
        name = statement.name
        given = _is_given(statement)
        if given and (name != target or not _has_ops(statement.value)):
            data = self._evaluate(statement.value, number=lambda x: x)
            data = data.data if isinstance(data, Value) else data
            if not np.all(np.isfinite(data)):
                raise NotFiniteError(
                    f"{name or 'the expression'} is not a finite number ({data}); "
                    "give it a value that float64 can hold"
                )
            self.values[name] = Value(data, name)
            return
        value = self._evaluate(statement.value, number=lambda x: Value(x, requires_grad=False))
        if not value.label:
            value.label = name
        self.values[name] = value

    def _evaluate(self, expression: ast.expr, number: Any) -> Any:
        """Walk the tree without recursion, operands before their op."""
        results: dict[ast.AST, Any] = {}
        for node in _postorder(expression):
            results[node] = self._one(node, results, number)
        return results[expression]

    def _one(self, node: ast.AST, results: dict[ast.AST, Any], number: Any) -> Any:
        match node:
            case ast.Constant():
                return number(self._float(node))
            case ast.Name(id=name):
                return self.values[name] if name in self.values else number(CONSTANTS[name])
            case ast.List():
                return number(self._array(node))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as operand):
                return number(-self._float(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._apply(node, "neg", [results[operand]], {})
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return results[operand]
            case ast.BinOp(left=left, op=op, right=right):
                return self._apply(node, BINARY[type(op)], [results[left], results[right]], {})
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                params = {str(k.arg): self._param(k) for k in keywords}
                return self._apply(node, name, [results[a] for a in args], params)
        raise AssertionError(f"{type(node).__name__} passed the check")

    def _apply(self, node: ast.AST, name: str, args: list[Any], params: dict[str, Any]) -> Any:
        op = OPS[name]
        self._check_size(node, op.elementwise, args)
        try:
            return op(*args, **params)
        except TypeError as error:
            raise self._refuse(node, f"{name}: {error}") from None

    def _float(self, node: ast.Constant) -> float:
        if type(node.value) not in (int, float):
            raise self._refuse(node, "only real numbers can stand here")
        try:
            return float(node.value)  # type: ignore[arg-type]
        except OverflowError:
            raise self._refuse(node, "the number is too large for a float64") from None

    def _array(self, node: ast.AST) -> np.ndarray:
        """Nested lists of numbers; every row as long as the first."""
        try:
            data = ast.literal_eval(node)
            array = np.array(data, dtype=np.float64)
        except (ValueError, TypeError):
            raise self._refuse(
                node, "a list holds numbers, or rows of numbers that are equally long"
            ) from None
        if array.size == 0:
            raise self._refuse(node, "the list is empty; put numbers into it")
        return array

    def _param(self, word: ast.keyword) -> Any:
        try:
            return ast.literal_eval(word.value)
        except ValueError:
            raise self._refuse(word.value, f"{word.arg} needs a plain number") from None

    def _check_size(self, node: ast.AST, elementwise: bool, args: list[Any]) -> None:
        shapes = [a.shape if isinstance(a, Value) else np.shape(a) for a in args]
        if not elementwise or len(shapes) < 2:
            return
        try:
            size = math.prod(np.broadcast_shapes(*shapes))
        except ValueError:
            return  # the op itself says which shapes do not fit
        if size > MAX_SIZE:
            raise self._refuse(
                node, f"the result would have {size:,} entries (at most {MAX_SIZE:,})"
            )

    # Complaining

    def _refuse(self, node: Any, message: str) -> InputError:
        row = getattr(node, "lineno", 1)
        line = self.lines[row - 1]
        column = len(line.encode()[: getattr(node, "col_offset", 0)].decode("utf-8", "ignore"))
        return self._refuse_at(row, column, message)

    def _refuse_at(self, row: int, column: int, message: str) -> InputError:
        where = f" (line {row})" if len(self.lines) > 1 else ""
        return InputError(message + where, line=self.lines[row - 1], column=column)


def check_call(node: ast.Call) -> str | None:
    """What is wrong with a call, or `None`."""
    if not isinstance(node.func, ast.Name):
        return "only the named functions of 'backviz list ops' can be called"
    name = node.func.id
    if name not in OPS or not OPS[name].public:
        public = [n for n in OPS.names() if OPS[n].public]
        return unknown("function", name, public, "'backviz list ops' shows what there is")
    op = OPS[name]
    if any(isinstance(a, ast.Starred) for a in node.args) or any(
        k.arg is None for k in node.keywords
    ):
        return "stars are not allowed in a call"
    if len(node.args) != op.arity:
        return f"{name} takes {op.arity} operand{'s' * (op.arity > 1)}, not {len(node.args)}"
    for word in node.keywords:
        if word.arg not in op.params:
            options = ", ".join(op.params) or "no options"
            return f"{name} has no option {word.arg!r}; it has {options}"
    return None


def _postorder(expression: ast.expr) -> list[ast.AST]:
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
        case ast.UnaryOp(operand=operand):
            return [] if isinstance(operand, ast.Constant) else [operand]
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.Call(args=args):
            return args
    return []


def _why_no_product(left: ast.expr, op: ast.operator, right: ast.expr) -> str | None:
    lists = isinstance(left, ast.List) != isinstance(right, ast.List)
    if isinstance(op, ast.Mult) and lists and not _names(left) | _names(right):
        return (
            "a list is a vector here and is not repeated by *; "
            "name it to multiply its entries: v=[…]; v*3"
        )
    return None


def _note_number(node: ast.BinOp, numbers: dict[ast.AST, float]) -> str | None:
    """Carry literal arithmetic along, and refuse a power that no float64 can hold."""
    base, exponent = numbers.get(node.left), numbers.get(node.right)
    if base is None or exponent is None:
        return None
    number = OPS[BINARY[type(node.op)]].compute((base, exponent), {})
    if isinstance(node.op, ast.Pow) and math.isinf(number) and base != 0:
        return "the power is too large for a float64; use smaller numbers"
    if math.isfinite(number):
        numbers[node] = float(number)
    return None


def _names(expression: ast.expr) -> frozenset[str]:
    """The variables of an expression."""
    names = (n.id for n in _postorder(expression) if isinstance(n, ast.Name))
    return frozenset(n for n in names if n not in CONSTANTS)


def _is_given(statement: _Statement) -> bool:
    return not statement.names


def _has_ops(expression: ast.expr) -> bool:
    return any(isinstance(n, (ast.BinOp, ast.Call)) for n in _postorder(expression))


_REFUSED: dict[type[Any], str] = {
    ast.BitXor: "^ is not a power here; use **",
    ast.Mod: "% is not an op; 'backviz list ops' shows what there is",
    ast.FloorDiv: "// is not an op; use /",
    ast.Attribute: "attributes are not allowed; use names, numbers and functions only",
    ast.Subscript: "subscripts are not allowed; use names, numbers and functions only",
    ast.Tuple: "write a vector as a list, [1, 2]",
    ast.Compare: "comparisons are not allowed; use = once, to give a name its value",
    ast.IfExp: "conditions are not allowed; use max, min or relu",
    ast.Constant: "only real numbers can stand here",
}


def _plainly(message: str, rest: str) -> str:
    """Python's words for a syntax error, for people who do not write Python."""
    if "never closed" in message:
        return "the bracket is never closed"
    if "unmatched" in message:
        return "the bracket was never opened"
    if "Exceeds the limit" in message:
        return "the number is too long"
    if "invalid decimal literal" in message or "invalid syntax. Perhaps" in message:
        return "something is missing here, perhaps a *"
    if message.startswith(("cannot assign", "invalid syntax. Maybe")):
        return "one name stands to the left of ="
    if message == "invalid syntax" or not message:
        return f"{rest[:1]!r} is not expected here" if rest.strip() else "it ends too early"
    return message
