"""Expressions with assignments, read from an allow-list of syntax and recorded.

Invariant: nothing is ever evaluated by Python. A node of the syntax tree that is not
on the list is refused with a caret under it, and length, nesting, powers and sizes
are bounded before anything is computed.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backviz.autodiff.counts import watching
from backviz.autodiff.op import Op
from backviz.autodiff.value import Value
from backviz.errors import InputError, NotFiniteError
from backviz.language import N_, _
from backviz.ops import OPS
from backviz.ops.shape import shape_of
from backviz.registry import unknown
from backviz.sources.allowlist import (
    CONSTANTS,
    find_refused,
    has_ops,
    plainly,
    postorder,
    variables,
)
from backviz.sources.evaluation import apply_op, evaluate, plain_signs

MAX_LENGTH = 20_000
MAX_NESTING = 60
MAX_DEPTH = 2_500  # of the tree; Python's own limit differs from version to version
MAX_SIZE = 10_000_000
MAX_WORK = 5_000_000_000  # multiplications of matrix ops: a second or two
FACTORED = frozenset({"det", "logabsdet", "slogdet_sign", "inv", "solve"})  # n³ each, thrice


def record_results(text: str) -> list[Value]:
    """The result of an expression, or those that it names in the end: `…; L, acc`.

    >>> [v.label for v in record_results("L=a*b; M=a+b; a=2; b=3; L, M")]
    ['L', 'M']
    """
    return _Reader(text).results()


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
    return one_of(record_results(text))


def one_of(made: Sequence[Value]) -> Value:
    """The only result; raises `InputError` where there are several."""
    if len(made) > 1:
        raise InputError(
            _(
                "there are {n} results ({names}); name one. Several are drawn by backviz graph and "
                "steps, in Python by backviz.save([L, M], …)",
                n=len(made),
                names=", ".join(value.label for value in made),
            )
        )
    return made[0]


def _depth(tree: ast.AST) -> int:
    """The levels of a tree; no recursion."""
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [c for node in level for c in ast.iter_child_nodes(node)]
    return depth


@dataclass(frozen=True, slots=True)
class _Statement:
    name: str
    value: ast.expr
    names: frozenset[str]


class _Reader:
    """One text being read; it knows the lines, to show carets under them."""

    def __init__(self, text: str) -> None:
        rows = plain_signs(text).strip("\ufeff \t\r\n;").split("\n")
        self.text = "\n".join(row.strip() for row in rows)  # assignments on lines may be indented
        self.lines = self.text.splitlines() or [""]
        self.values: dict[str, Value] = {}
        self.entries = self.work = 0

    def results(self) -> list[Value]:
        body = self._parse()
        named = _names(body)
        statements = self._statements(body[:-1] if named else body)
        known = {s.name for s in statements}
        for name in named:
            if name.id not in known:
                raise self._refuse(name, unknown(N_("name"), name.id, [*known]))
        targets = [name.id for name in named] or [self._target(statements)]
        whole: dict[int, str] = {}
        with watching(whole) as used:
            for statement in self._in_order(statements, targets):
                self._record(statement, targets)
                if _is_whole(statement.value):
                    whole[self.values[statement.name].serial] = statement.name
        for name in used:  # a list of zeros and ones that chooses
            self.values[name].requires_grad = False
        return [self.values[target] for target in dict.fromkeys(targets)]

    # Reading

    def _parse(self) -> list[ast.stmt]:
        if not self.text:
            raise InputError(_("the expression is empty; write for example 'L=a*b; a=2; b=3'"))
        if len(self.text) > MAX_LENGTH:
            raise InputError(
                _(
                    "the expression is {n:,} characters long (at most {max_length:,}); put it "
                    "into a Python file and use file.py:name",
                    n=len(self.text),
                    max_length=MAX_LENGTH,
                )
            )
        self._check_nesting()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's remarks on odd but legal syntax
                tree = ast.parse(self.text)
            if _depth(tree) > MAX_DEPTH:
                raise RecursionError
        except SyntaxError as error:
            raise self._syntax_error(error) from None
        except ValueError:  # bytes that are no text, and zero bytes
            raise InputError(_("the expression holds characters that are no text")) from None
        except (RecursionError, MemoryError):
            raise InputError(
                _("the expression is nested too deeply; name some parts with assignments")
            ) from None
        return tree.body

    def _check_nesting(self) -> None:
        depth, opened = 0, []
        for row, line in enumerate(self.lines, 1):
            for column, char in enumerate(line):
                if char in "([{":
                    depth += 1
                    opened.append((row, column))
                    if depth > MAX_NESTING:
                        raise self._refuse_at(
                            row,
                            column,
                            _(
                                "brackets are nested more than {max_nesting} deep",
                                max_nesting=MAX_NESTING,
                            ),
                        )
                elif char in ")]}" and opened:
                    depth -= 1
                    opened.pop()

    def _syntax_error(self, error: SyntaxError) -> InputError:
        row = min(max(error.lineno or 1, 1), len(self.lines))
        line = self.lines[row - 1]
        column = min(max((error.offset or 1) - 1, 0), len(line))
        message = plainly(error.msg, line[column:])
        return self._refuse_at(
            row, column, _("the expression cannot be read: {message}", message=message)
        )

    def _statements(self, body: list[ast.stmt]) -> list[_Statement]:
        statements: list[_Statement] = []
        for node in body:
            if isinstance(node, (ast.Assign, ast.Expr)):
                self._check(node.value)
            if isinstance(node, ast.Expr):
                if any(not s.name for s in statements):
                    raise self._refuse(node, _("a second result; give one of the two a name"))
                statements.append(_Statement("", node.value, variables(node.value)))
                continue
            if not isinstance(node, ast.Assign):
                raise self._refuse(node, _("use assignments like a=2, and one bare expression"))
            first = node.targets[0]
            if len(node.targets) > 1 or not isinstance(first, ast.Name):
                raise self._refuse(first, _("one name stands to the left of ="))
            if first.id in CONSTANTS:
                raise self._refuse(first, _("{id} is a constant; use another name", id=first.id))
            if any(s.name == first.id for s in statements):
                raise self._refuse(first, _("{id} is given twice; use another name", id=first.id))
            statements.append(_Statement(first.id, node.value, variables(node.value)))
        return statements

    def _target(self, statements: list[_Statement]) -> str:
        if any(not s.name for s in statements):
            return ""
        used = frozenset().union(*(s.names for s in statements))
        unused = [s for s in statements if s.name not in used]
        computed = [s for s in unused if not _is_given(s)] or unused
        if len(computed) == 1:
            return computed[0].name
        if len(statements) == 1:
            raise InputError(
                _("{name} is defined by itself; give it a number", name=statements[0].name)
            )
        if not computed:
            names = ", ".join(s.name for s in statements)
            raise InputError(
                _("{names} are defined by each other in a circle; give one a number", names=names)
            )
        names = ", ".join(s.name for s in computed)
        raise InputError(
            _(
                "the expression has {n} results ({names}); name the one you want, as in "
                "'…; {name}', or several to draw, as in '…; {names}'",
                n=len(computed),
                names=names,
                name=computed[0].name,
            )
        )

    def _in_order(self, statements: list[_Statement], targets: list[str]) -> list[_Statement]:
        """The statements that the targets need, each after those that it uses itself."""
        by_name = {s.name: s for s in statements}
        done: dict[str, _Statement] = {}
        path: dict[str, None] = {}
        stack = [*reversed(targets)]
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
                        _("{each} is defined by itself; use another name for the result", each=each)
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
        for node in postorder(statement.value):
            if isinstance(node, ast.Name):
                if node.id in by_name:
                    found[node.id] = None
                elif node.id not in CONSTANTS:
                    raise self._missing(node, by_name)
        return list(found)

    def _missing(self, node: ast.Name, by_name: dict[str, _Statement]) -> InputError:
        if node.id in OPS:
            return self._refuse(node, _("{id} is a function; write {id}(…)", id=node.id))
        return self._refuse(
            node, _("{id} has no value; add '{id}=…' to the expression", id=node.id)
        )

    def _check(self, expression: ast.expr) -> None:
        """Refuse whatever is not on the allow-list, before anything is computed."""
        refused = find_refused(expression)
        if refused:
            raise self._refuse(*refused)

    # Recording

    def _record(self, statement: _Statement, targets: list[str]) -> None:
        name = statement.name
        given = _is_given(statement)
        if given and (name not in targets or not has_ops(statement.value)):
            data = self._evaluate(statement.value, number=lambda x: x)
            data = data.data if isinstance(data, Value) else data
            if not np.all(np.isfinite(data)):
                raise NotFiniteError(
                    _(
                        "{name} is not a finite number ({data}); give it a value that float64 can "
                        "hold",
                        name=name or "the expression",
                        data=data,
                    )
                )
            self.values[name] = Value(data, name)
            return
        value = self._evaluate(statement.value, number=lambda x: Value(x, requires_grad=False))
        if not value.label:
            value.label = name
        self.values[name] = value

    def _evaluate(self, expression: ast.expr, number: Any) -> Any:
        def named(name: str) -> Any:
            return self.values[name] if name in self.values else number(CONSTANTS[name])

        return evaluate(expression, named, number, self._apply)

    def _apply(self, node: ast.AST, name: str, args: list[Any], params: dict[str, Any]) -> Any:
        op = OPS[name]
        shapes = [shape_of(a) for a in args]
        entries = _result_size(op, shapes)
        self.entries += entries
        self.work += _work(op, shapes, entries)
        if self.entries > MAX_SIZE:
            raise self._refuse(
                node,
                _(
                    "the results would have {entries:,} entries in all (at most {max_size:,}); "
                    "use smaller arrays, or a Python file",
                    entries=self.entries,
                    max_size=MAX_SIZE,
                ),
            )
        if self.work > MAX_WORK:
            raise self._refuse(
                node,
                _(
                    "the matrices would take {work:,} multiplications (at most {max_work:,}); "
                    "use smaller ones, or a Python file",
                    work=self.work,
                    max_work=MAX_WORK,
                ),
            )
        try:
            return apply_op(node, name, args, params)
        except TypeError as error:
            said = str(error)
            said = said if said.startswith(f"{name}") else f"{name}: {said}"
            raise self._refuse(node, said) from None

    # Complaining

    def _refuse(self, node: Any, message: str) -> InputError:
        row = getattr(node, "lineno", 1)
        line = self.lines[row - 1]
        column = len(line.encode()[: getattr(node, "col_offset", 0)].decode("utf-8", "ignore"))
        return self._refuse_at(row, column, message)

    def _refuse_at(self, row: int, column: int, message: str) -> InputError:
        if len(self.lines) > 1:
            message = _("{message} (line {n})", message=message, n=row)
        return InputError(message, line=self.lines[row - 1], column=column)


def _names(body: list[ast.stmt]) -> list[ast.Name]:
    """The names of several results, if the last line lists them."""
    last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    named = last.elts if isinstance(last, ast.Tuple) and len(body) > 1 else []
    found = [name for name in named if isinstance(name, ast.Name)]
    return found if len(found) == len(named) else []


def _is_given(statement: _Statement) -> bool:
    return not statement.names


def _is_whole(expression: ast.expr) -> bool:
    """Whether this is a whole number or a list of such, as typed."""
    return isinstance(expression, ast.List | ast.Constant) and all(
        isinstance(n.value, int) for n in ast.walk(expression) if isinstance(n, ast.Constant)
    )


def _work(op: Op, shapes: list[tuple[int, ...]], entries: int) -> int:
    """How many multiplications an op on matrices takes, about; 0 for the others."""
    if not shapes or not shapes[0]:
        return 0
    if op.name in FACTORED:
        return 3 * math.prod(shapes[0]) * shapes[0][-1]
    if op.name in ("matmul", "dot", "inner", "tensordot", "linear"):
        return entries * shapes[0][-1]
    return 0


def _result_size(op: Op, shapes: list[tuple[int, ...]]) -> int:
    """How many entries a result will have; 0 if the shapes do not fit, which the op says."""
    try:
        if op.name == "matmul" and min(map(len, shapes)) > 1:
            (*a, m, _other), (*b, _other, n) = shapes
            return math.prod((*np.broadcast_shapes(tuple(a), tuple(b)), m, n))
        if op.elementwise:
            return math.prod(np.broadcast_shapes(*shapes))
        if op.name in ("dot", "inner", "tensordot", "linear") and min(map(len, shapes)) > 0:
            inner = shapes[0][-1] or 1  # what two operands share is summed away
            return math.prod(shapes[0]) * math.prod(shapes[1]) // inner**2
        return sum(map(math.prod, shapes))
    except (ValueError, IndexError):  # too few operands are the op's to refuse, too
        return 0
