"""Numbers that leave the record: refused, warned about, or remembered with their line.

Python tells a value only that somebody wants a plain float of it. Who does stands in the
caller's current instruction: a write into a buffer, a call of `math.exp`, a call of `float`.

Invariant: nothing here runs while ops are recorded, only when a plain number is asked for;
what cannot be told apart is remembered, never refused.
"""

from __future__ import annotations

import dis
import inspect
import sys
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FrameType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from backviz.autodiff.recording import is_ours, line_of, located, mode, transforming
from backviz.autodiff.remedies import code_for, remedy
from backviz.autodiff.returned import let_go
from backviz.autodiff.returned import told as returned
from backviz.autodiff.table import OPS
from backviz.errors import LostGradientError, LostGradientWarning
from backviz.language import N_, _

MOST = 1000  # lines that are remembered
MOST_NUMBERS = 1_000_000


@dataclass(slots=True)
class Watch:
    """The numbers that were let go in a block: what was called, by line.

    `left` notes the numbers, and `held` gives out those of an earlier run again, in order.
    """

    lines: dict[str, str] = field(default_factory=dict)
    left: list[float] = field(default_factory=list)
    held: Iterator[float] | None = None

    def note(self, said: str, number: float) -> float:
        """Remember an exit, and say what number leaves by it."""
        if len(self.lines) < MOST:
            frame = _users_frame()
            self.lines.setdefault(line_of(frame.f_code.co_filename, frame.f_lineno), said)
        if len(self.left) < MOST_NUMBERS:
            self.left.append(number)
        return number if self.held is None else next(self.held, number)


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)
_refused: ContextVar[list[LostGradientError] | None] = ContextVar("refused", default=None)

_STORES = ("STORE_SUBSCR", "STORE_SLICE")
_NUMPY = str(Path(np.__file__).parent)
_LIBRARY = str(Path(dis.__file__).parent)
_ARRAY = N_(
    "making a plain array of a recorded value would lose its gradient; "
    "use np.stack([…]) to keep the record, or x.numpy() for the numbers"
)
_OUTSIDE = {  # what stays out, by the folder of who asks for a plain array
    "/scipy/sparse/": N_(
        "a sparse array takes no recorded value, which is a whole one; write S.toarray() @ x with "
        "the sparse array for S"
    ),
    "/scipy/fft": N_(
        "there are no Fourier transforms that record; for the numbers alone use x.data"
    ),
}
# Questions about a number, as `v > 0` is one, and whole numbers, whose gradient is 0.
_ASKING = {"isnan", "isinf", "isfinite", "isclose"}
_WHOLE = {"floor", "ceil", "trunc"}
_WRITERS = {"fill", "put", "setfield", "__setitem__", "setitem", "fromiter"}


@contextmanager
def whole_record(watch: Watch | None = None) -> Iterator[Watch]:
    """A block whose record is to be whole: writes into plain arrays and `math` are refused.

    What cannot be judged, as `float(x)`, is let go and its line remembered, by the watch that is
    given or by that of the block around. numpy turns what is raised while it writes into an error
    of its own; the block raises ours.
    """
    watch = watch or _watch.get() or Watch()
    token = _watch.set(watch)
    try:
        with headline():
            yield watch
    finally:
        _watch.reset(token)


class headline:  # noqa: N801  (a block; written out, because every `grad` opens one)
    """A refusal that numpy has turned into an error of its own comes out as it was raised."""

    __slots__ = ("refused", "token")

    def __enter__(self) -> None:
        self.refused: list[LostGradientError] = []
        self.token = _refused.set(self.refused)

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            if (
                self.refused
                and isinstance(error, Exception)
                and not isinstance(error, LostGradientError)
                and self.refused[-1].where in _lines_of(error)
            ):
                raise self.refused[-1].with_traceback(error.__traceback__) from None
        finally:
            _refused.reset(self.token)
            self.refused.clear()  # or an error would hold its frames, and they the list


def _lines_of(error: Exception) -> set[str]:
    """The lines that an error passed through."""
    from traceback import walk_tb  # once in a refusal, not at every start

    walk = walk_tb(error.__traceback__)
    return {line_of(frame.f_code.co_filename, number) for frame, number in walk}


def leave(value: Any, number: float) -> float:
    """The plain number of a recorded value, for whoever called `float`, `math.exp`, `b[i] = v`.

    Raises `LostGradientError` where the gradient would be lost for certain and the record is to
    be whole; elsewhere that is a `LostGradientWarning`. Inside a transform every exit is refused.
    """
    if not value.origin.wants or not mode().record:
        return number
    frame, watch = sys._getframe(2), _watch.get()
    if watch is None and _is_conversion(frame) and not transforming():
        return let_go(value, number, f"float({_name(value, '…')})", frame)
    use = _use(frame, value)
    if use.kind is Kind.LOST:
        _refuse_or_warn(use.said)
    elif use.kind is Kind.OPEN and transforming():
        raise _refusal(
            _(
                "{said} inside a function that is being differentiated would lose the "
                "gradient; use functions of numpy instead of math, and np.stack instead of "
                "filling an array; x.item() is the plain number",
                said=use.said,
            )
        )
    elif use.kind is Kind.OPEN and watch is not None:
        return watch.note(use.said, number)
    elif use.kind is Kind.OPEN and not is_ours(frame.f_code.co_filename):
        return let_go(value, number, use.said, frame)
    return number


def tell_returned(values: Sequence[Any]) -> None:
    """Warn of numbers in a record that is shown which `float` took out of it."""
    for said in returned(values):
        _warn(said)


def refuse_array() -> LostGradientError:
    """The refusal of a plain array made of a recorded value, with its line where lines are kept."""
    asking = sys._getframe(2).f_code.co_filename.replace("\\", "/")
    frame = _users_frame()
    op, chain = _instruction(frame.f_code, frame.f_lasti)
    if op in _STORES:
        said = _written(chain)
    elif folder := next((each for each in _OUTSIDE if each in asking), ""):
        said = _(_OUTSIDE[folder])
    elif chain and chain[-1] in _WRITERS:
        said = _written((), chain[-1])
    else:
        said = (chain and remedy(f"array.{chain[-1]}")) or _(_ARRAY)
    return _refusal(said) if _strict() or mode().lines else LostGradientError(said)


def check_copy(value: Any) -> None:
    """A value made out of another starts a record of its own: a loss if that was computed."""
    frame = sys._getframe(2)
    if frame.f_code.co_name == "tensor" and frame.f_back is not None:
        frame = frame.f_back
    if not mode().record or is_ours(frame.f_code.co_filename):
        return
    if value.op is not None or transforming():
        _refuse_or_warn(
            _(
                "Value({name}) of a recorded value starts a new record and would lose the "
                "gradient; use the value itself, or x.detach() where no gradient is meant",
                name=_name(value),
            )
        )
    elif (watch := _watch.get()) is not None:
        watch.note(f"Value({_name(value, '…')})", 0.0)


def _strict() -> bool:
    return transforming() or _watch.get() is not None


def _refusal(said: str) -> LostGradientError:
    frame = _users_frame()
    where = line_of(frame.f_code.co_filename, frame.f_lineno)
    error = LostGradientError(located(said, where), where)
    if (refused := _refused.get()) is not None:
        refused[:] = [error]
    return error


def _refuse_or_warn(said: str) -> None:
    if _strict():
        raise _refusal(said)
    _warn(said)


def _warn(said: str) -> None:
    frame = _users_frame()
    warnings.warn_explicit(
        said,
        LostGradientWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


class Kind(Enum):
    """What becomes of a number that leaves: nothing to speak of, it is lost, or that is open."""

    SILENT = 0
    LOST = 1
    OPEN = 2


class Use(NamedTuple):
    """What a caller does with a number, and how that is said."""

    kind: Kind
    said: str = ""


def _use(frame: FrameType, value: Any) -> Use:
    path = frame.f_code.co_filename
    if is_ours(path):
        return Use(Kind.OPEN, "float(…)")
    if path.startswith(_NUMPY):
        return Use(Kind.LOST, _(_ARRAY))
    op, chain = _instruction(frame.f_code, frame.f_lasti)
    if op in _STORES:
        return Use(Kind.LOST, _written(chain))
    if op == "BINARY_OP":  # '%.3f' % x: operators on numbers and arrays never come here
        return Use(Kind.SILENT)
    if not chain:
        return Use(Kind.OPEN, "float(…)")
    called, last = _found(frame, chain), chain[-1]
    module = called.__module__ if isinstance(called, BuiltinFunctionType | type) else ""
    if module in ("math", "cmath") and called.__name__ in _ASKING:
        return Use(Kind.SILENT)
    if module in ("math", "cmath") and called.__name__ not in _WHOLE:
        return Use(Kind.LOST, _computed(module, called.__name__, value))
    array = called is _METHOD or isinstance(getattr(called, "__self__", None), np.ndarray)
    if array or last in _WRITERS or (module, last) == ("array", "array"):
        return Use(Kind.LOST, _written((), last))
    return Use(Kind.OPEN, f"{'.'.join(chain)}({_name(value, '…')})")


def _is_conversion(frame: FrameType) -> bool:
    """Whether this is `float(x)` or `int(x)` itself: open, and so without a word elsewhere."""
    code = frame.f_code
    op, chain = _instruction(code, frame.f_lasti)
    if chain not in (("float",), ("int",)) or op in _STORES or chain[0] in frame.f_globals:
        return False
    local = chain[0] in code.co_varnames + code.co_freevars + code.co_cellvars
    return not local and not code.co_filename.startswith(_NUMPY)


def _computed(module: str, name: str, value: Any) -> str:
    cure, given = code_for(name, "math"), "…"
    if not cure and name in OPS and OPS[name].elementwise:
        ours = f"backviz.ops.{OPS[name].name}"
        cure = _("np.{name} or {ours}", name=name, ours=ours) if hasattr(np, name) else ours
        given = _name(value) if OPS[name].arity == 1 else given
    return _(
        "{module}.{name}({given}) would lose the gradient, because {module} gives "
        "plain numbers; use {cure}, or x.item() where no gradient is meant",
        module=module,
        name=name,
        given=given,
        cure=cure or _("functions of numpy"),
    )


def _written(target: tuple[str, ...], call: str = "") -> str:
    into = ".".join(target) if target and "?" not in target else "array"
    by = f"{call}(…)" if call and not call.startswith("__") else f"{into}[…] = x"
    return _(
        "{by} writes a recorded value into a plain array and would lose the "
        "gradient; collect the values in a list and join them with np.stack([…]), "
        "or write x.item() where no gradient is meant",
        by=by,
    )


def _name(value: Any, nameless: str = "x") -> str:
    label: str = value.label
    plain = label and all(c.isalnum() or c in "_.[]'\"" for c in label)
    return label if plain else nameless


_METHOD = object()  # of a plain array


def _found(frame: FrameType, chain: tuple[str, ...]) -> Any:
    """What a name such as `math.exp` stands for in a frame; nothing of the person's runs."""
    first, *rest = chain
    code = frame.f_code
    local = first in code.co_varnames + code.co_freevars + code.co_cellvars
    scopes = [frame.f_locals] if local or not code.co_flags & inspect.CO_OPTIMIZED else []
    scopes += [frame.f_globals, frame.f_builtins]
    here = next((scope[first] for scope in scopes if first in scope), None)
    for name in rest:
        if isinstance(here, np.ndarray) or type(here).__module__ == "array":
            return _METHOD
        held = vars(here) if isinstance(here, ModuleType) or hasattr(here, "__dict__") else {}
        here = held.get(name)
    return here


_LOADS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_GLOBALS")


def _instruction(code: CodeType, lasti: int) -> tuple[str, tuple[str, ...]]:
    """The instruction that runs in a frame, and what it calls; read once, kept by identity."""
    known = _read.get((id(code), lasti))
    if known is None:
        if len(_read) >= MOST:
            _read.clear()
        known = _read[id(code), lasti] = (code, *_as_written(code, lasti))
    return known[1:]


_read: dict[tuple[int, int], tuple[CodeType, str, tuple[str, ...]]] = {}


def _as_written(code: CodeType, lasti: int) -> tuple[str, tuple[str, ...]]:
    """The instruction that runs, and the names of what it calls or writes into, as it is written.

    The callee of `math.exp(x)` was loaded by the instructions that begin where the call begins
    in the source. Without such positions, or for a callee that is computed, the names are
    unknown; of `a[0].fill` the last is known.
    """
    every = list(dis.get_instructions(code))
    place = bisect_right([i.offset for i in every], lasti) - 1
    current = every[place]
    op = current.opname
    at = current.positions
    calls = op.startswith(("CALL", "PRECALL", "INSTRUMENTED_CALL"))
    if at is None or at.col_offset is None or not (calls or op.startswith("STORE_S")):
        return op, ()
    start, end = (at.lineno, at.col_offset), (at.end_lineno, at.end_col_offset)
    parts: dict[Any, str] = {}
    for each in every[:place]:
        where = each.positions
        if where is None or (where.lineno, where.col_offset) != start:
            continue
        until = (where.end_lineno, where.end_col_offset)
        if None in until or not until < end:
            continue
        if each.opname in ("PUSH_NULL", "CACHE", "COPY_FREE_VARS", "RESUME", "EXTENDED_ARG", "NOP"):
            continue
        plain = each.opname in _LOADS or each.opname.startswith("LOAD_FAST")
        attribute = each.opname in ("LOAD_ATTR", "LOAD_METHOD")
        name = each.argval[0] if isinstance(each.argval, tuple) else each.argval  # two in one load
        parts[until] = str(name) if plain or attribute else "?"
    return op, tuple(parts[until] for until in sorted(parts))


def _users_frame() -> FrameType:
    """The nearest frame of the person's own program, or the nearest outside this package."""
    frame: FrameType | None = sys._getframe(1)
    nearest = None
    while frame is not None:
        path = frame.f_code.co_filename
        if not is_ours(path):
            nearest = nearest or frame
            if not _in_library(path):
                return frame
        frame = frame.f_back
    assert nearest is not None
    return nearest


@cache
def _in_library(path: str) -> bool:
    parts = Path(path).parts
    installed = "site-packages" in parts or "dist-packages" in parts
    return installed or path.startswith(("<frozen", _LIBRARY, _NUMPY))
