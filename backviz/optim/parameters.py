"""What an optimizer is given: recorded leaves, or plain arrays, perhaps in groups.

Invariant: after `groups_of` every parameter is a leaf or a writable float array, all are
of one kind, and none is there twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _

Parameter = Value | np.ndarray
Parameters = (
    Parameter | Iterable[Value] | Iterable[np.ndarray] | Iterable[Mapping[str, Any]]
)  # groups: {"params": …, "lr": …}


def groups_of(params: Parameters) -> list[tuple[list[Parameter], dict[str, Any]]]:
    """The groups of parameters, each with the options of its own.

    >>> groups_of(Value(1.0))
    [([Value(1.0, grad=None)], {})]
    >>> groups_of([])
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: there is nothing to optimize: the list of parameters is empty
    """
    groups = []
    for members, own in _split(params):
        if not members:
            raise InputError(_("there is nothing to optimize: the list of parameters is empty"))
        groups.append((members, own))
    every = [p for members, _other in groups for p in members]
    for i, p in enumerate(every):
        _check(i, p)
    if len({id(p) for p in every}) < len(every):
        raise InputError(_("a parameter is in the list twice; give each one once"))
    if len({isinstance(p, Value) for p in every}) > 1:
        raise InputError(_("the parameters are values and plain arrays; give one kind only"))
    return groups


def members_of(params: Any) -> list[Any]:
    """What was given as a list; a single parameter is one of one.

    >>> members_of(Value(1.0)), members_of((2.0, 3.0))
    ([Value(1.0, grad=None)], [2.0, 3.0])
    """
    if isinstance(params, Value | np.ndarray):
        return [params]
    if not isinstance(params, Iterable):
        raise InputError(
            _(
                "{kind} is no parameter and no list of them; give a network's "
                "parameters(), or a list of values or of float arrays",
                kind=type(params).__name__,
            )
        )
    return list(params)


def _split(params: Parameters) -> list[tuple[list[Parameter], dict[str, Any]]]:
    given = members_of(params)
    if not given or not isinstance(given[0], Mapping):
        return [(given, {})]
    groups = []
    for i, group in enumerate(given):
        if not isinstance(group, Mapping) or "params" not in group:
            raise InputError(
                _('group {i} has no parameters; write {{"params": […], "lr": …}}', i=i)
            )
        groups.append(
            (members_of(group["params"]), {k: v for k, v in group.items() if k != "params"})
        )
    return groups


def _check(i: int, p: Any) -> None:
    if isinstance(p, Value):
        if not p.is_leaf:
            named = f" ({p.label})" if p.label else ""
            raise InputError(
                _(
                    "parameter {i}{named} was computed; give the leaves that it was computed from",
                    i=i,
                    named=named,
                )
            )
    else:
        check_array(f"parameter {i}", p)


def check_array(what: str, p: Any) -> None:
    """Refuse what is no array of floats that can be written to.

    >>> check_array("parameter 0", np.array([1, 2]))
    Traceback (most recent call last):
    ...
    backviz.errors.InputError: parameter 0 is an array of int64; give a writable float array
    """
    if not isinstance(p, np.ndarray):
        raise InputError(
            _(
                "{what} is a {kind}, which cannot be changed in place; give backviz.Value, "
                "backviz.tensor or a float array",
                what=what,
                kind=type(p).__name__,
            )
        )
    if p.dtype.char not in "df" or not p.flags.writeable:
        kind = f"of {p.dtype}" if p.dtype.char not in "df" else "read-only"
        raise InputError(
            _("{what} is an array {kind}; give a writable float array", what=what, kind=kind)
        )
