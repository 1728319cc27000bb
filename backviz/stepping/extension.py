"""`%load_ext backviz`: the cell magic `%%backprop`, sugar for a stepper on the cell's result.

Invariant: without the extension nothing is missing; it only saves a line. The cell shows one
picture: a value in its last line is taken, not shown a second time.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from backviz.autodiff.orders import derivative
from backviz.autodiff.past import Past, keeping, told
from backviz.autodiff.tape import Names, values_under
from backviz.autodiff.value import Value
from backviz.diagrams.typed import typed
from backviz.errors import BackvizError, UsageError
from backviz.language import _
from backviz.signs import printable
from backviz.sources.frames import called_by
from backviz.stepping.session import Stepper
from backviz.telling.record import Record
from backviz.telling.run import Run, again

_LAST = "_backprop_last"  # the variable that takes the value of a cell's last line
_OWN: dict[str, type] = {"wrt": str, "order": int}


def load_ipython_extension(ipython: Any) -> None:
    """What IPython calls for `%load_ext backviz`."""

    def backprop(line: str, cell: str) -> Stepper | None:
        """`%%backprop [NAME] [OPTION=VALUE …]`: run the cell, then show backpropagation.

        NAME is a variable; without it, the value of the last line counts, or the value that
        the cell recorded last. Options are those of a figure (theme=dark size=slide lang=ru
        digits=5 fold=names …); order=2 wrt=a shows the derivative for the leaf a.
        """
        try:
            name, options = typed(line, "%%backprop", _OWN)
        except BackvizError as error:
            print(printable(f"backviz: {error}"))
            return None
        before = Value(0.0).serial
        past = Past()
        with _last_line_kept(ipython), keeping(past):
            done = ipython.run_cell(cell)
        last = ipython.user_ns.pop(_LAST, None)
        if not done.success:
            return None
        if last is not None and not isinstance(last, Value):
            ipython.displayhook(last)
        output = result_of(name, last, ipython.user_ns, before)
        if output is None:
            if name:
                said = _("backviz: {name!r} is no value; name one: %%backprop NAME", name=name)
            else:
                said = _("backviz: the cell recorded no value; name one: %%backprop NAME")
            print(printable(said))
            return None
        called, recorded = called_by(output, ipython.user_ns), output
        output, changed = past.as_recorded(output)
        if changed:
            print(printable(f"backviz: {told(changed, called)}"))
            pairs = zip(values_under(recorded), values_under(output), strict=True)
            called = {twin.serial: called[v.serial] for v, twin in pairs if v.serial in called}
        try:
            made = _stepper(output, options, called)
        except BackvizError as error:
            print(printable(f"backviz: {error}"))
            return None
        made.go_on()
        return made

    ipython.register_magic_function(backprop, "cell", "backprop")


def _stepper(output: Value, options: dict[str, Any], called: Names) -> Stepper:
    order, wrt = options.pop("order", 1), options.pop("wrt", "")
    if (order > 1) != bool(wrt) or not 1 <= order <= 4:
        raise UsageError(_("order=2 (at most 4) and wrt=NAME, the leaf to derive for, go together"))
    if wrt:  # on a copy: a derivative clears the gradients of what it derives
        output = derivative(again(Run(Record(output, called)), {}).output, wrt, order - 1)
    return Stepper(output, names=called, **options)


class _Keeping(ast.NodeTransformer):
    """Turns a last line that is an expression into an assignment."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        if node.body and isinstance(last := node.body[-1], ast.Expr):
            target = ast.Name(_LAST, ast.Store())
            node.body[-1] = ast.copy_location(ast.Assign([target], last.value), last)
            ast.fix_missing_locations(node)
        return node


@contextmanager
def _last_line_kept(ipython: Any) -> Iterator[None]:
    keeping = _Keeping()
    ipython.ast_transformers.append(keeping)
    try:
        yield
    finally:
        ipython.ast_transformers.remove(keeping)


def result_of(name: str, last: Any, variables: dict[str, Any], since: int = -1) -> Value | None:
    """The value that is meant: by name, as the last line, or as the one recorded last.

    What was recorded up to number `since` is meant only if it is named.
    """
    if name:
        found = variables.get(name)
        return found if isinstance(found, Value) else None
    if isinstance(last, Value):
        return last
    held = [
        v
        for k, v in variables.items()
        if isinstance(v, Value) and not k.startswith("_") and v.serial > since
    ]
    return max(held, key=lambda v: v.serial, default=None)
