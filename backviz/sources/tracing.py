"""An ordinary Python function, run on recorded values, with the names of its own variables.

Invariant: only values without a label are named, the first variable that held a value
gives the name, and the function runs exactly once.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np

from backviz.autodiff.exits import whole_record
from backviz.autodiff.recording import scoped, source_lines
from backviz.autodiff.value import Value
from backviz.errors import InputError

_KEPT = ("In", "Out")  # where a notebook keeps every cell: no names of the user's
MOST = 1000  # entries of a list or a dict that are looked at for values to name


def trace(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Value:
    """Run a function written for numbers or numpy, and return its recorded result.

    Numbers and arrays among the arguments become leaves with the names of the
    parameters; other arguments are passed on as they are. Values get the names of the
    variables that hold them when the function returns, and every op notes its source
    line for error messages. Raises `InputError` if the result is no recorded value.

    >>> import numpy as np
    >>> def loss(x, w):
    ...     z = x @ w
    ...     return np.tanh(z).sum()
    >>> L = trace(loss, np.array([1.0, 2.0]), np.array([0.5, -0.25]))
    >>> from backviz import tape
    >>> L.data, [v.label for v in tape(L)]
    (0.0, ['x', 'w', 'z', '', 'loss'])
    """
    called = getattr(f, "__name__", "the function")
    try:
        bound = inspect.signature(f).bind(*args, **kwargs)
    except TypeError as error:
        raise InputError(f"{called}: {error}") from None
    except ValueError:  # a function without a signature
        bound = None
    if bound is None:
        args = tuple(_as_leaf(a, "") for a in args)
    else:
        kinds = {p.name: p.kind for p in bound.signature.parameters.values()}
        for name, given in bound.arguments.items():
            if kinds[name] is inspect.Parameter.VAR_POSITIONAL:
                bound.arguments[name] = tuple(
                    _as_leaf(a, f"{name}[{i}]") for i, a in enumerate(given)
                )
            elif kinds[name] is inspect.Parameter.VAR_KEYWORD:
                bound.arguments[name] = {k: _as_leaf(a, k) for k, a in given.items()}
            else:
                bound.arguments[name] = _as_leaf(given, name)
        args, kwargs = bound.args, bound.kwargs
    with source_lines(), scoped(), names_of_variables(f), whole_record():
        output = f(*args, **kwargs)
    if not isinstance(output, Value):
        raise InputError(
            f"{called} returns {article(output)}, not a recorded value; "
            "return one number or array that is computed from the arguments"
        )
    if not output.label and called.isidentifier():
        output.label = called
    return output


def name(**values: Any) -> Any:
    """Give values the names of the keywords, and return them.

    >>> from backviz import Value
    >>> x, w = name(x=Value(2.0), w=Value(-1.0))
    >>> x.label, w.label
    ('x', 'w')
    """
    for label, value in values.items():
        if not isinstance(value, Value):
            raise InputError(f"name: {label} is {article(value)}, not a recorded value")
        value.label = label
    return next(iter(values.values())) if len(values) == 1 else tuple(values.values())


@contextmanager
def names_of_variables(f: Any) -> Iterator[None]:
    """Name the values that a function's variables hold when it returns.

    A profiler finds the function's frame and is off again at once, because it would slow
    down every call inside; a frame that somebody holds keeps its variables.
    """
    code = getattr(inspect.unwrap(f) if callable(f) else f, "__code__", None)
    before = sys.getprofile()
    if not isinstance(code, CodeType) or before is not None:  # somebody else's profiler runs
        yield
        return

    entered: list[FrameType] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is code:
            entered.append(frame)
            sys.setprofile(None)

    sys.setprofile(watch)
    try:
        yield
        if entered:
            name_values(entered.pop().f_locals)
    finally:
        sys.setprofile(None)


def name_values(variables: Mapping[str, Any]) -> None:
    """Name the values that variables hold, also those in lists and dictionaries."""
    for label, held in variables.items():
        if label.startswith("_") or (label in _KEPT and not isinstance(held, Value)):
            continue
        if isinstance(held, Value):
            _give(held, label)
        elif isinstance(held, list | tuple):
            for i, each in enumerate(held[:MOST]):
                if isinstance(each, Value):
                    _give(each, f"{label}[{i}]")
        elif isinstance(held, dict):
            for key, each in list(held.items())[:MOST]:
                if isinstance(each, Value):
                    _give(each, f"{label}[{key!r}]")


def _give(value: Value, label: str) -> None:
    if not value.label:
        value.label = label


def _as_leaf(given: Any, label: str) -> Any:
    if isinstance(given, Value):
        _give(given, label)
        return given
    if isinstance(given, bool) or not isinstance(given, int | float | np.ndarray | np.generic):
        return given
    if isinstance(given, np.ndarray) and given.dtype.kind not in "fiu":
        return given
    return Value(given, label)


def article(x: Any) -> str:
    """What kind of thing it is, with its article.

    >>> article(3), article(2.0), article(np.zeros(2)), article(None)
    ('an int', 'a float', 'an ndarray', 'nothing')
    """
    kind = type(x).__name__
    vowel = kind[0] in "aeiouAEIO" or kind.startswith("nd")
    return "nothing" if x is None else f"{'an' if vowel else 'a'} {kind}"
