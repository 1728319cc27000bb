"""How operations are recorded in a block: not at all, in parts, with lines, scopes, checks.

Invariant: the mode belongs to the thread or task that opened the block. `SPECIAL` is
only a hint for everybody that some block is open somewhere, so that the plain way need
not ask for the mode.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache, reduce
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from backviz.autodiff.table import OPS
from backviz.errors import InputError
from backviz.language import _

if TYPE_CHECKING:
    from backviz.autodiff.value import Value


class Mode(NamedTuple):
    """What a block asks for; `expand` holds names of composite ops, or "all".

    `calls` counts how often each scope was opened; `None` if scopes are not noted. `met` collects
    the composite ops that were recorded as their parts.
    """

    record: bool = True
    expand: frozenset[str] = frozenset()
    lines: bool = False
    anomaly: bool = False
    scope: str = ""
    calls: dict[str, int] | None = None
    met: set[str] | None = None

    def expands(self, op: str) -> bool:
        """Whether a composite op is recorded as its parts; noted if it is."""
        chosen = "all" in self.expand or op in self.expand
        if chosen and self.met is not None:
            self.met.add(op)
        return chosen


PLAIN = Mode()
_NO_GRAD = Mode(record=False)
SPECIAL: list[None] = []
TAKEN: list[dict[int, Any]] = []  # plain arrays in each block that notes them, by serial number
_mode: ContextVar[Mode] = ContextVar("mode", default=PLAIN)
_blocks: ContextVar[tuple[dict[str, Any], ...]] = ContextVar("blocks", default=())
_depth: ContextVar[int] = ContextVar("depth", default=0)
_PACKAGE = os.path.realpath(__file__).rpartition("autodiff")[0]  # to import pathlib takes 4 ms


def mode() -> Mode:
    """The mode of this thread or task."""
    return _mode.get()


def _with(mode: Mode, changes: dict[str, Any]) -> Mode:
    return _NO_GRAD if mode is PLAIN and changes == {"record": False} else mode._replace(**changes)


@contextmanager
def _changed(**changes: Any) -> Iterator[None]:
    around, before = _mode.get(), _blocks.get()
    _mode.set(_with(around, changes))
    blocks = (*before, changes)
    _blocks.set(blocks)
    SPECIAL.append(None)
    try:
        yield
    finally:
        SPECIAL.pop()
        if _blocks.get() is blocks:
            _blocks.set(before)
            _mode.set(around)
        else:  # a generator has closed its block after one that was opened later
            left = tuple([block for block in _blocks.get() if block is not changes])
            _blocks.set(left)
            _mode.set(reduce(_with, left, PLAIN))


@contextmanager
def noting_arrays() -> Iterator[dict[int, Any]]:
    """Note which plain arrays become constants: what was given, by the constant's serial number.

    The arrays are held as long as the answer is, so that no other has their identity.

    >>> import numpy as np
    >>> from backviz import Value
    >>> x = np.ones(2)
    >>> with noting_arrays() as taken:
    ...     y = Value(2.0) * x
    >>> [given is x for given in taken.values()]
    [True]
    """
    taken: dict[int, Any] = {}
    TAKEN.append(taken)
    try:
        yield taken
    finally:
        TAKEN[:] = [each for each in TAKEN if each is not taken]


def noted(own: Value, given: Any) -> Value:
    """A constant, noted where somebody asks what it was made from."""
    if TAKEN:
        TAKEN[-1][own.serial] = given
    return own


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording.

    >>> from backviz import Value
    >>> with no_grad():
    ...     y = Value(2.0) * 3
    >>> y.is_leaf, y.requires_grad
    (True, False)
    """
    with _changed(record=False):
        yield


@contextmanager
def recorded() -> Iterator[None]:
    """Record, also inside `no_grad`: what a derivative is asked of has to be recorded."""
    if _mode.get().record:
        yield
    else:
        with _changed(record=True):
            yield


class differentiating:  # noqa: N801  (a block; written out, because every `grad` opens one)
    """A block that runs a function to differentiate it; gives how many such blocks are around."""

    __slots__ = ("recorded",)

    def __enter__(self) -> int:
        depth = _depth.get()
        self.recorded = None if _mode.get().record else _changed(record=True)
        if self.recorded is not None:
            self.recorded.__enter__()
        _depth.set(depth + 1)
        return depth

    def __exit__(self, *error: Any) -> None:
        _depth.set(max(0, _depth.get() - 1))
        if self.recorded is not None:
            self.recorded.__exit__(*error)


def transforming() -> bool:
    """Whether a function is being differentiated right now."""
    return _depth.get() > 0


@contextmanager
def expanded(*names: str) -> Iterator[set[str]]:
    """Record composite ops as their parts: all of them, or those that are named.

    The block gets the set of those that were met.

    >>> from backviz import tape, tensor
    >>> from backviz.ops import softmax
    >>> with expanded():
    ...     y = softmax(tensor([1.0, 2.0]))
    >>> [v.op.name for v in tape(y) if v.op]
    ['amax', 'sub', 'exp', 'sum', 'div']
    """
    for name in names:
        if OPS[name].parts is None:
            composite = [op.name for op in OPS.values() if op.parts is not None]
            raise InputError(
                _(
                    "the op {name} has no parts to record; these have: {list}",
                    name=name,
                    list=", ".join(composite),
                )
            )
    named = [OPS[name].name for name in names]
    met: set[str] = set()
    with _changed(expand=frozenset(named or ["all"]), met=met):
        yield met


@contextmanager
def source_lines() -> Iterator[None]:
    """Note for every op the line of the program that called it; error messages show it."""
    with _changed(lines=True):
        yield


@contextmanager
def scoped() -> Iterator[None]:
    """Note for every op the scope that it is recorded in, as `value.origin.scope`.

    >>> from backviz import Value
    >>> x = Value(2.0)
    >>> with scoped():
    ...     with scope("block"):
    ...         with scope("inner"):
    ...             y = x * 3
    ...         z = y * x
    >>> y.origin.scope, z.origin.scope
    ('block/inner', 'block')
    """
    if scoping():
        yield
    else:
        with _changed(calls={}):
            yield


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Mark what is recorded in the block as one part of the whole, such as a layer.

    Noted inside `scoped()` only. Every block is a part of its own: when the same name is
    opened again, the part is called `name#2`.
    """
    calls = _mode.get().calls
    if calls is None:
        yield
        return
    if not name or "/" in name or "#" in name:
        raise InputError(_("scope: a name is some text without / and #, not {name!r}", name=name))
    with _part(name, calls):
        yield


@contextmanager
def group(name: str) -> Iterator[None]:
    """Mark what is recorded in the block as a group that pictures frame under this title.

    A group is a scope that is noted everywhere, also outside `scoped()`, and stays open: its boxes
    stand in a frame, and `fold="layers"` makes one box of it. In the scope it is in brackets.

    >>> from backviz import Value
    >>> x = Value(2.0)
    >>> with group("encoder"):
    ...     y = x * 3
    >>> y.origin.scope.startswith("[encoder]")
    True
    """
    if not name or "/" in name or "#" in name:
        raise InputError(_("group: a name is some text without / and #, not {name!r}", name=name))
    calls = _mode.get().calls
    if calls is not None:
        with _part(f"[{name}]", calls):
            yield
        return
    with _changed(calls=_groups), _part(f"[{name}]", _groups):
        yield


_groups: dict[str, int] = {}  # calls outside of `scoped()`; a graph numbers them anew


@contextmanager
def _part(name: str, calls: dict[str, int]) -> Iterator[None]:
    around = _mode.get().scope
    path = f"{around}/{name}" if around else name
    calls[path] = again = calls.get(path, 0) + 1
    with _changed(scope=path if again == 1 else f"{path}#{again}"):
        yield


def scoping() -> bool:
    """Whether scopes are noted right now."""
    return bool(SPECIAL) and _mode.get().calls is not None


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Stop at the first op that gives NaN or infinity, in the line that called it.

    Raises `NotFiniteError` from inside the block.

    >>> from backviz import Value
    >>> with detect_anomaly():  # doctest: +ELLIPSIS
    ...     y = Value(-1.0, "x").log() * 2
    Traceback (most recent call last):
    ...
    backviz.errors.NotFiniteError: log gives NaN: log(x) with x = -1; log needs x > 0 (at <doc...
    """
    with _changed(lines=True, anomaly=True):
        yield


def caller() -> str:
    """The nearest line outside this package that called, as `file.py:17`.

    >>> caller().startswith("<doctest")
    True
    """
    frame = outside()
    return line_of(frame.f_code.co_filename, frame.f_lineno)


def located(said: str, line: str) -> str:
    """A sentence with the line of the program it is about, where that is known.

    >>> located("shapes do not fit", "model.py:17")
    'shapes do not fit (at model.py:17)'
    """
    return _("{said} (at {line})", said=said, line=line) if line else said


@lru_cache(maxsize=1024)
def line_of(path: str, number: int) -> str:
    """A place in a source as messages write it: `file.py:17`."""
    return f"{os.path.basename(path)}:{number}"  # noqa: PTH119


def name_in_caller(value: object) -> str:
    """The variable that holds a value where this package was called, or ""."""
    held = outside().f_locals.items()
    return next((name for name, each in held if each is value and not name.startswith("_")), "")


def outside() -> FrameType:
    """The nearest frame of a program that called this package."""
    frame = sys._getframe(1)
    while is_ours(frame.f_code.co_filename) and frame.f_back is not None:
        frame = frame.f_back
    return frame


@cache
def is_ours(path: str) -> bool:
    """Whether a source file belongs to this package."""
    return path.startswith(_PACKAGE)
