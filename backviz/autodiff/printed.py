"""Whether a number that a program read was only printed, as its code says.

Invariant: what is not plainly the argument of `print` or a part of a formatted text is not called
printed.
"""

from __future__ import annotations

from types import CodeType
from typing import Any

_SHOWING = {"print", "format", "str", "repr", "write", "info", "debug", "log"}


def only_printed(code: CodeType, at: int) -> bool:
    """Whether what the instruction at this place gives goes into `print` or a text.

    >>> code = compile("print(1, x.data)", "", "exec")
    >>> import dis
    >>> (read,) = [i.offset for i in dis.get_instructions(code) if i.argval == "data"]
    >>> only_printed(code, read)
    True
    """
    import dis  # in a refusal, not at every start

    every = list(dis.get_instructions(code))
    here = next((i for i in reversed(every) if i.offset <= at), None)
    if here is None or (place := _span(here)) is None:
        return False
    for each in every:
        span = _span(each)
        if span is None or span == place or not (span[0] <= place[0] and place[1] <= span[1]):
            continue
        if each.opname.startswith("FORMAT_"):
            return True
        if each.opname.startswith("CALL") and _callee(every, span) in _SHOWING:
            return True
    return False


def _span(instruction: Any) -> tuple[tuple[int, int], tuple[int, int]] | None:
    at = instruction.positions
    if at is None or None in (at.lineno, at.col_offset, at.end_lineno, at.end_col_offset):
        return None
    return (at.lineno, at.col_offset), (at.end_lineno, at.end_col_offset)


def _callee(every: list[Any], call: tuple[Any, Any]) -> str:
    """The last name of what a call calls: its longest part that begins where the call does."""
    found = ""
    end = call[0]
    for each in every:
        span = _span(each)
        named = each.opname.startswith(("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF",
                                        "LOAD_ATTR", "LOAD_METHOD"))  # fmt: skip
        if named and span is not None and span[0] == call[0] and end < span[1] < call[1]:
            found, end = str(each.argval), span[1]
    return found
