"""Ways into the shell from Python: `step` on a value, `breakpoint` in the middle of a program.

Invariant: where no person sits at a terminal, `breakpoint` opens nothing and says so, and
`step` runs the lines that come in as a script.
"""

from __future__ import annotations

import os
import sys
from itertools import chain
from pathlib import Path
from types import FrameType
from typing import Any

from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _
from backviz.sources.variables import name_values
from backviz.stepping.shell import Shell, run_script, to_stdout
from backviz.stepping.state import start


def step(output: Value, commands: str | None = None, *, lang: str | None = None) -> int:
    """Go through a computation at a prompt, as a debugger does; the exit code.

    `commands` such as "n; n; why a" are run instead, one after another. At a prompt the language is
    that of the system (BACKVIZ_LANG, LANG) if none is asked for; elsewhere it is English.

    >>> a = Value(3.0, "a")
    >>> step(a * a, "next 3; print a")
    step> next 3
    (fw 1/1)      n1 = a·a
    (bw 0/1)      backward starts
    (bw 1/1)  --> n1 = a·a            [mul]   a: 3   n1: 9
      upstream  ∂n1/∂n1       = 1
      local     ∂n1/∂a = a    = 3        ∂n1/∂a = a = 3
      gives     a.grad += 1·3 = 3        a.grad += 1·3 = 3
      totals    a.grad 3 (1 of 2)        a.grad 6 (2 of 2)
      rule      Swaps its inputs: each one's local derivative is the other's value.
    step> print a
    a = 3
    a.grad = 6
    0
    """
    from backviz.stepping.prompt import interact, look_for_terminal

    if not isinstance(output, Value):
        raise InputError(
            _(
                "step takes a recorded value, not a {kind}; compute one from Value(…) or tensor(…)",
                kind=type(output).__name__,
            )
        )
    if commands is None and _at_terminal():
        return interact(Shell(start(output, look_for_terminal(lang)), to_stdout, live=True))
    look = look_for_terminal(lang or "en")
    if commands is not None:
        return run_script(Shell(start(output, look), to_stdout), split_commands(commands))
    lines = iter(sys.stdin or ())
    first = next(lines, None)
    if first is None:
        print(_('backviz: no terminal and no commands here; use backviz.stepper(…), which '
                'notebooks show, or step(…, "n; why a")'), file=sys.stderr)  # fmt: skip
    given = chain([] if first is None else [first], lines)
    return run_script(Shell(start(output, look), to_stdout), (s.rstrip("\n") for s in given))


def split_commands(text: str) -> list[str]:
    """The commands of one line, which are separated by `;`.

    >>> split_commands("n; set W=[[1, 2]]; why a")
    ['n', 'set W=[[1, 2]]', 'why a']
    """
    return [part.strip() for part in text.split(";")]


def breakpoint(value: Value | None = None, *, lang: str | None = None) -> None:  # noqa: A001
    """Stop here and step through a recorded value, as the built-in; quit goes on with the program.

    Without a value it is the one that was recorded last among the variables here, and values
    are called after the variables that hold them. Where nobody sits at a terminal nothing is
    opened, with a word on standard error; PYTHONBREAKPOINT=0 turns all of them off.
    """
    if os.environ.get("PYTHONBREAKPOINT") == "0":
        return
    frame = sys._getframe(1)
    where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
    if not _at_terminal():
        print(
            _("backviz: breakpoint at {where}: no terminal here, so it goes on", where=where),
            file=sys.stderr,
        )
        return
    name_values(frame.f_locals)
    found = value if value is not None else _latest(frame)
    if found is None:
        print(
            _("backviz: breakpoint at {where}: no recorded value here", where=where),
            file=sys.stderr,
        )
        return
    print(_("backviz: breakpoint at {where}", where=where))
    step(found, lang=lang)


def _latest(frame: FrameType) -> Value | None:
    """The value among the variables that was recorded last."""
    held: list[Any] = [v for v in frame.f_locals.values() if isinstance(v, Value)]
    computed = [v for v in held if v.op is not None] or held
    return max(computed, key=lambda v: v.serial, default=None)


def _at_terminal() -> bool:
    return all(s is not None and s.isatty() for s in (sys.stdin, sys.stdout))
