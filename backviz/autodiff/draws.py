"""Whether a function can come to a random number, as far as its code tells.

Where the random numbers stand is dear to remember: it takes as long as differentiating a
small function several times. So a function that draws none is run again without.
Invariant: whatever is not known to draw none may draw. Ops draw from seeds that they are given.
"""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dis import opmap
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from backviz.autodiff.op import Op
from backviz.autodiff.operand import Operand
from backviz.autodiff.reruns import random_state

MOST = 20  # functions that are looked into
_MODULES = (np, math, cmath, operator)  # but for np.random
_PLAIN = (int, float, complex, str, Operand, np.ndarray, np.generic, np.ufunc, type(None), Op)
_IMPORT = opmap["IMPORT_NAME"]
_WAYS = {  # by which code gets at what it does not name
    "random", "eval", "exec", "getattr", "globals", "vars", "__import__", "methodcaller",
    "attrgetter", "gc", "sys",
}  # fmt: skip


def standing(f: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Callable[[], None] | None:
    """What sets the random numbers of such a call to where they stand; `None` if it draws none."""
    if not may_draw(f, (*args, *kwargs.values()) if kwargs else args):
        return None
    return random_state(f, dict(enumerate(args)), kwargs)


def may_draw(f: Any, given: Iterable[Any] = ()) -> bool:
    """Whether `f`, called with these arguments, may draw random numbers.

    >>> may_draw(lambda x: np.tanh(x) ** 2), may_draw(lambda x: x + np.random.normal())
    (False, True)
    """
    return not _draw_none((f, *given), set())


def _draw_none(held: Iterable[Any], seen: set[int]) -> bool:
    for x in held:
        if type(x) is FunctionType:
            if id(x) not in seen and not _code_draws_none(x, seen):
                return False
        elif type(x) is ModuleType:
            if x not in _MODULES:
                return False
        elif type(x) is BuiltinFunctionType:
            if x.__module__ not in ("math", "cmath"):
                return False
        elif not isinstance(x, _PLAIN):
            return False
    return True


def _code_draws_none(f: FunctionType, seen: set[int]) -> bool:
    seen.add(id(f))
    if len(seen) > MOST:
        return False
    held = [*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()]
    codes = [f.__code__]
    for code in codes:
        codes += [each for each in code.co_consts if type(each) is CodeType]
        names = code.co_names
        if names:
            if _IMPORT in code.co_code[::2] or not _WAYS.isdisjoint(names):
                return False
            held += [f.__globals__[name] for name in names if name in f.__globals__]
    for cell in f.__closure__ or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # not filled yet
            return False
    return not held or _draw_none(held, seen)
