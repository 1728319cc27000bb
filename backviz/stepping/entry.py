"""Ways into the shell from Python: `step` on a value, `breakpoint` in the middle of a program.

Invariant: where no person sits at a terminal, `breakpoint` opens nothing and says so, and
`step` runs the lines that come in as a script.
"""

from __future__ import annotations

import os
import sys
from itertools import chain
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from backviz.autodiff.recording import outside
from backviz.autodiff.tape import NO_NAMES, Names
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _
from backviz.sources.frames import called_in, named_by
from backviz.stepping.program import inside, programmed
from backviz.stepping.shell import Shell, run_script, to_stdout
from backviz.stepping.state import start
from backviz.stepping.views import holds_in

_off: list[str] = []  # where somebody said that no breakpoint is to open any more
_passed: dict[tuple[CodeType, int], int] = {}  # how often each line with one was reached


def step(
    output: Value, commands: str | None = None, *, lang: str | None = None, names: bool = True
) -> int:
    """Go through a computation at a prompt, as a debugger does; the exit code.

    Values without a label are called by the variables that hold them where this is called, unless
    `names` is false.

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
    called = named_by(output, names)
    if commands is None and _at_terminal():
        return interact(Shell(start(output, look_for_terminal(lang), called), to_stdout, live=True))
    look = look_for_terminal(lang or "en")
    if commands is not None:
        return run_script(Shell(start(output, look, called), to_stdout), split_commands(commands))
    lines = iter(sys.stdin or ())
    first = next(lines, None)
    if first is None:
        print(_('backviz: no terminal and no commands here; use backviz.stepper(…), which '
                'notebooks show, or step(…, "n; why a")'), file=sys.stderr)  # fmt: skip
    given = chain([] if first is None else [first], lines)
    return run_script(
        Shell(start(output, look, called), to_stdout), (s.rstrip("\n") for s in given)
    )


def split_commands(text: str) -> list[str]:
    """The commands of one line, which are separated by `;`.

    >>> split_commands("n; set W=[[1, 2]]; why a")
    ['n', 'set W=[[1, 2]]', 'why a']
    """
    return [part.strip() for part in text.split(";")]


def breakpoint(  # noqa: A001
    value: Value | None = None,
    *,
    when: Any = True,
    every: int = 1,
    after: int = 0,
    lang: str | None = None,
    names: bool = True,
) -> None:
    """Stop here and step through a recorded value, as the built-in does.

    Without a value it is the one that was recorded last among the variables here, and values
    are called after the variables that hold them, unless `names` is false. The gradients that the
    program's leaves hold are shown beside those of this pass: a forgotten `zero_grad` is seen.

    At the prompt `c` runs to the next break, or goes on with the program; `off` goes on and opens
    no more; `q`, Ctrl-D, and Ctrl-C at an empty line twice, raise KeyboardInterrupt.

    It opens only if `when` is true: a condition, a function of the value, or a text such as
    "loss > 5" or "abs(w.grad) > 1e3"; of the times that are left, the first `after` are passed
    over, then each `every`-th one opens. Where nobody sits at a terminal nothing is opened, with a
    word on standard error; PYTHONBREAKPOINT=0 turns all of them off, and
    PYTHONBREAKPOINT=backviz.breakpoint makes the built-in one of these.
    """
    if os.environ.get("PYTHONBREAKPOINT") == "0" or _off:
        return
    _refuse_counts(every, after)
    frame = outside()
    found = value if value is not None else _latest(frame)
    called = called_in(found, frame) if names and isinstance(found, Value) else NO_NAMES
    if not _holds(when, found, called) or not _due(frame, every, after):
        return
    where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
    if not _at_terminal():
        print(
            _("backviz: breakpoint at {where}: no terminal here, so it goes on", where=where),
            file=sys.stderr,
        )
        return
    if found is None:
        print(
            _("backviz: breakpoint at {where}: no recorded value here", where=where),
            file=sys.stderr,
        )
        return
    print(_("backviz: breakpoint at {where}", where=where))
    open_in_program(found, called, where, lang)


def open_in_program(output: Value, called: Names, where: str, lang: str | None = None) -> None:
    """The prompt in the midst of a program; KeyboardInterrupt if the program is to end."""
    from backviz.stepping.prompt import interact, look_for_terminal

    state = inside(start(output, look_for_terminal(lang), called), where)
    shell = Shell(state, to_stdout, live=True)
    shell.say(programmed(state, all=False).lines(state.look))
    interact(shell)
    if shell.left == "off":
        _off.append(where)
    if shell.left in ("quit", ""):
        raise KeyboardInterrupt


def _holds(when: Any, value: Value | None, called: Names) -> bool:
    """Whether the condition of a breakpoint is true."""
    if isinstance(when, str):
        return value is not None and holds_in(start(value, None, called), when)
    return bool(when(value) if callable(when) else when)


def _due(frame: FrameType, every: int, after: int) -> bool:
    """Whether it is the turn of this line: how often each was passed is counted."""
    line = frame.f_code, frame.f_lineno
    _passed[line] = _passed.get(line, 0) + 1
    return _passed[line] > after and (_passed[line] - after - 1) % every == 0


def _refuse_counts(every: int, after: int) -> None:
    for name, count, least in (("every", every, 1), ("after", after, 0)):
        if not isinstance(count, int) or count < least:
            raise InputError(
                _("breakpoint: {name} is a whole number from {least} on, not {count!r}",
                  name=name, least=least, count=count)
            )  # fmt: skip


def _latest(frame: FrameType) -> Value | None:
    """The value among the variables that was recorded last."""
    held: list[Any] = [v for v in frame.f_locals.values() if isinstance(v, Value)]
    computed = [v for v in held if v.op is not None] or held
    return max(computed, key=lambda v: v.serial, default=None)


def _at_terminal() -> bool:
    return all(s is not None and s.isatty() for s in (sys.stdin, sys.stdout))
