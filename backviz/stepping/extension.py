"""`%load_ext backviz`: the cell magic `%%backprop`, sugar for a stepper on the cell's result.

Invariant: without the extension nothing is missing; it only saves a line.
"""

from __future__ import annotations

from typing import Any

from backviz.autodiff.value import Value
from backviz.sources.tracing import name_values
from backviz.stepping.session import Stepper


def load_ipython_extension(ipython: Any) -> None:
    """What IPython calls for `%load_ext backviz`."""

    def backprop(line: str, cell: str) -> Stepper | None:
        """`%%backprop [NAME]`: run the cell, then show backpropagation from its last value.

        NAME is a variable; without it, the value of the last line counts, or the value that
        the cell recorded last.
        """
        before = Value(0.0).serial
        done = ipython.run_cell(cell)
        if not done.success:
            return None
        name_values(ipython.user_ns)
        output = result_of(line.strip(), done.result, ipython.user_ns, before)
        if output is None:
            wrong = f"{line.strip()!r} is" if line.strip() else "the cell recorded"
            print(f"backviz: {wrong} no value; name one: %%backprop NAME")
            return None
        made = Stepper(output)
        made.go_on()
        return made

    ipython.register_magic_function(backprop, "cell", "backprop")


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
