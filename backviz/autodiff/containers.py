"""Containers of parameters: taken apart into leaves with names, and put together again.

Dictionaries, lists, tuples, named tuples, dataclasses, namespaces and the classes in `OBJECTS`
are containers, at any depth. A list or tuple of nothing but numbers is no container but an array.
Invariant: whatever is put together has the type, order and names of what was taken apart, and a
container in which nothing has changed is itself.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import _

OBJECTS: list[type] = []  # of which only the recorded values are leaves; `nn` adds its modules
DEEPEST = 100
MOST = 10_000_000  # rows of a list that can be an array
_LEAVES = (Value, np.ndarray, float, int)
_NUMBERS = (int, float, complex, np.number, np.bool_)


def mapped(tree: Any, change: Callable[[str, Any], Any], name: str = "") -> Any:
    """The same containers with `change(name, leaf)` in place of every leaf, in order.

    A leaf's name is how a program would write it.

    >>> seen = []
    >>> mapped({"W": 2.0, "layers": [{"b": 1.0}, None]}, lambda n, x: seen.append(n), "params")
    {'W': None, 'layers': [{'b': None}, None]}
    >>> seen
    ['params.W', 'params.layers[0].b', 'params.layers[1]']
    """
    return _mapped(tree, change, name, (), False)


def leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves with their names, in the order of `mapped`.

    >>> dict(leaves((2.0, "x"), "p"))
    {'p[0]': 2.0, 'p[1]': 'x'}
    """
    found: list[tuple[str, Any]] = []

    def note(label: str, leaf: Any) -> Any:
        found.append((label, leaf))
        return leaf

    mapped(tree, note, name)
    return iter(found)


def beside(tree: Any, other: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves of a container with their names, each with its like from another of that shape.

    A row of numbers beside a list or a tuple is taken as one. Raises `ShapeError` where the two
    do not hold the same parts.

    >>> [*beside({"w": np.ones(2), "b": 3.0}, {"w": np.zeros(2), "b": 1.0}, "p")][1]
    ('p.b', 3.0, 1.0)
    """
    mine, its = [*leaves(tree, name)], [*leaves(_like(tree, other), name)]
    for (label, leaf), (found, each) in zip(mine, its, strict=False):
        if label != found:
            raise ShapeError(
                _(
                    "holds other parts: {found} in the place of {label}",
                    found=found or "one",
                    label=label or "one",
                )
            )
        yield label, leaf, each
    if len(mine) != len(its):
        raise ShapeError(
            _("holds other parts: {n}, not {n2}; give the same", n=len(its), n2=len(mine))
        )


def _like(tree: Any, other: Any) -> Any:
    """The other container; rows of numbers, which are arrays else, as what they stand beside."""
    if type(other) is dict and isinstance(tree, dict):
        return {key: _like(tree.get(key), part) for key, part in other.items()}
    if type(other) in (list, tuple) and type(tree) in (list, tuple) and not is_numbers(tree):
        if is_numbers(other):
            return [np.asarray(part, float) for part in other]
        if len(other) == len(tree):
            return [_like(a, b) for a, b in zip(tree, other, strict=True)]
    return other


def is_leaf(tree: Any) -> bool:
    """Whether this is no container."""
    return isinstance(tree, _LEAVES) or _parts(tree) is None


def is_numbers(x: Any) -> bool:
    """Whether this is a list or tuple of numbers, or of such lists: an array as people type it.

    >>> is_numbers([[1, 2], [3, 4]]), is_numbers([np.ones(2), 1.0]), is_numbers([])
    (True, False, False)
    """
    rows = [x]
    while rows:
        row = rows.pop()
        if type(row) not in (list, tuple) or not row or len(rows) > MOST:
            return False
        if type(row[0]) in (list, tuple):
            rows += row
        elif not all(isinstance(each, _NUMBERS) for each in row):
            return False
    return True


def _mapped(
    tree: Any, change: Callable[[str, Any], Any], name: str, above: tuple[int, ...], recorded: bool
) -> Any:
    """`recorded` says that only recorded values are leaves here: what else a module holds stays."""
    parts = None if isinstance(tree, Value) else _parts(tree)
    if parts is None:
        return tree if recorded and not isinstance(tree, Value) else change(name, tree)
    if id(tree) in above or len(above) >= DEEPEST:
        called = name or type(tree).__name__
        raise InputError(
            _("the container {name} contains itself; give flatter ones", name=called)
            if id(tree) in above
            else _(
                "the container {name} is nested more than {n} deep; give flatter ones",
                name=called,
                n=DEEPEST,
            )
        )
    recorded = recorded or isinstance(tree, tuple(OBJECTS))
    above = (*above, id(tree))
    made = []
    for suffix, part in parts:  # parameters of a module have names of their own
        label = "" if recorded else name + suffix if name else suffix.lstrip(".")
        made.append(_mapped(part, change, label, above, recorded))
    if all(new is part for new, (_other, part) in zip(made, parts, strict=True)):
        return tree
    return _together(tree, made)


def _parts(tree: Any) -> list[tuple[str, Any]] | None:
    """What a container holds, with how it is written behind the name; `None` of a leaf."""
    if isinstance(tree, dict):
        return [(_suffix(key), part) for key, part in tree.items()]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return [(f".{field}", part) for field, part in zip(tree._fields, tree, strict=True)]
    if isinstance(tree, list | tuple):
        return None if is_numbers(tree) else [(f"[{i}]", part) for i, part in enumerate(tree)]
    names = _attributes(tree)
    return None if names is None else [(f".{n}", getattr(tree, n)) for n in names]


def _attributes(tree: Any) -> list[str] | None:
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        return [field.name for field in dataclasses.fields(tree) if hasattr(tree, field.name)]
    if isinstance(tree, (SimpleNamespace, *OBJECTS)):
        return [name for name in vars(tree) if not name.startswith("_")]
    return None


def _suffix(key: Any) -> str:
    return f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r}]"


def _together(tree: Any, parts: list[Any]) -> Any:
    if isinstance(tree, tuple):
        return tree._make(parts) if hasattr(tree, "_make") else tuple(parts)
    if type(tree) is list:
        return parts
    made = copy.copy(tree)
    if isinstance(made, list):
        made[:] = parts
    elif isinstance(made, dict):
        made.update(zip(tree, parts, strict=True))
    else:
        for name, part in zip(_attributes(tree) or (), parts, strict=True):
            object.__setattr__(made, name, part)
    return made
