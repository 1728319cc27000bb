"""Ordered tables of named things that users can list and extend.

Invariant: a name is never silently overwritten, and asking for an unknown name
says which names come close.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Generic, TypeVar

from backviz.errors import MissingPieceError, UsageError

T = TypeVar("T")


class Registry(Generic[T]):
    """A table from names to things, in the order in which they were added.

    >>> shapes = Registry[int]("shape")
    >>> shapes.add("triangle", 3)
    3
    >>> shapes["triangel"]
    Traceback (most recent call last):
    ...
    backviz.errors.UsageError: unknown shape 'triangel'; did you mean 'triangle'?

    `home` is the module that enters the items; it is imported when the table is asked for
    something that it does not have yet, so that nothing depends on what was imported before.
    """

    def __init__(self, kind: str, home: str = "") -> None:
        self.kind = kind
        self._home = home
        self._items: dict[str, T] = {}
        self._aliases: dict[str, str] = {}

    def fill(self) -> None:
        """Import the module that enters the items, if that has not happened."""
        home, self._home = self._home, ""
        if home:
            import_module(home)

    def add(self, name: str, item: T, aliases: Iterable[str] = ()) -> T:
        """Enter an item under its name and its other names; a taken name is an error."""
        for each in (name, *aliases):
            if each in self._items or each in self._aliases:
                raise ValueError(f"the {self.kind} {each!r} is already registered")
        self._items[name] = item
        self._aliases.update(dict.fromkeys(aliases, name))
        return item

    def __getitem__(self, name: str) -> T:
        try:
            return self._items[name]
        except KeyError:
            self.fill()
        try:
            return self._items[self._aliases.get(name, name)]
        except KeyError:
            raise UsageError(unknown(self.kind, name, [*self._items, *self._aliases])) from None

    def __contains__(self, name: object) -> bool:
        self.fill()
        return name in self._items or name in self._aliases

    def __iter__(self) -> Iterator[str]:
        self.fill()
        return iter(self._items)

    def __len__(self) -> int:
        self.fill()
        return len(self._items)

    def values(self) -> Iterable[T]:
        """All items, in order."""
        self.fill()
        return self._items.values()

    def names(self) -> list[str]:
        """All names by which an item can be asked for, aliases last."""
        self.fill()
        return [*self._items, *self._aliases]


def loaded(form: str, place: str) -> Any:
    """What a format's row names as `module:function`; the module is imported now.

    Raises `MissingPieceError` if it needs what does not load.

    >>> loaded("json", "json:dumps")(1)
    '1'
    """
    module, _, function = place.partition(":")
    try:
        return getattr(import_module(module), function)
    except ImportError as error:
        raise MissingPieceError(
            f"the format {form} needs {error.name}, which does not load; "
            f"pip install --upgrade {error.name}"
        ) from error


def unknown(kind: str, name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Say that a name is unknown and which one was probably meant.

    >>> unknown("theme", "drak", ["light", "dark"])
    "unknown theme 'drak'; did you mean 'dark'?"
    >>> unknown("theme", "x", ["light", "dark"])
    "unknown theme 'x'; there is light, dark"
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"unknown {kind} {name!r}; did you mean {close[0]!r}?"
    if otherwise:
        return f"unknown {kind} {name!r}; {otherwise}"
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"unknown {kind} {name!r}; there is {listed or 'none'}"
