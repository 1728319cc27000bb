"""Ordered tables of named things that users can list and extend.

Invariant: a name is never silently overwritten, asking for an unknown name says which names
come close, and what is found does not depend on what was imported before.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from backviz import plugins
from backviz.errors import MissingPieceError, UsageError
from backviz.language import _

T = TypeVar("T")
MOST_LISTED = 60  # names in a sentence: all of every table but that of the ops
_TABLES: WeakSet[Registry[Any]] = WeakSet()


class Registry(Generic[T]):
    """A table from names to things, in the order in which they were added.

    >>> shapes = Registry[int]("shape")
    >>> shapes.add("triangle", 3)
    3
    >>> shapes["triangel"]
    Traceback (most recent call last):
    ...
    backviz.errors.UsageError: unknown shape 'triangel'; did you mean 'triangle'?

    `home` names the modules that enter the items, in order. They are imported when the table
    is asked for something that it does not have yet, and after them the plugins that are
    installed. This is the one way in which a module may name what stands on a floor above.
    `order` is what the table is sorted by; without it the order is that of the entering.
    """

    def __init__(
        self,
        kind: str,
        home: str | tuple[str, ...] = (),
        order: Callable[[T], Any] | None = None,
    ) -> None:
        self.kind = kind
        self._order = order
        self._homes = [home] if isinstance(home, str) else [*home]
        self._items: dict[str, T] = {}
        self._aliases: dict[str, str] = {}
        self._askers: dict[str, plugins.Asker] = {}  # who entered what came from outside
        _TABLES.add(self)

    def fill(self) -> None:
        """Import what enters the items, if that has not happened."""
        while self._homes:
            self._go_home()
        plugins.load_installed()

    def _go_home(self) -> None:
        home = self._homes[0]
        import_module(home)
        if home in self._homes:  # else it has asked this table itself
            self._homes.remove(home)

    def add(self, name: str, item: T, aliases: Iterable[str] = ()) -> T:
        """Enter an item under its name and its other names; a taken name is an error.

        A file of yours that runs again enters its items again: they take the place of the old.
        """
        asks = file, run = plugins.asker()
        before, earlier = self._askers.get(name, ("", None))
        if file and file == before and (run is not earlier or run is None):
            self._remove(name)
        for each in (name, *aliases):
            if each in self._items or each in self._aliases:
                raise ValueError(
                    _("the {kind} {each!r} is already registered", kind=self.kind, each=each)
                )
        self._items[name] = item
        if (order := self._order) is not None:
            self._items = dict(sorted(self._items.items(), key=lambda each: order(each[1])))
        self._aliases.update(dict.fromkeys(aliases, name))
        self._askers[name] = asks
        return item

    def _remove(self, name: str) -> None:
        del self._items[name]
        self._aliases = {a: n for a, n in self._aliases.items() if n != name}

    def _row(self, item: T) -> T:
        """What stands in the table for an item."""
        return item

    @contextmanager
    def temporarily(self, items: Mapping[str, T] | None = None) -> Iterator[Registry[T]]:
        """Within `with`, these items stand in the table, also over others of the same name.

        Afterwards the table is as it was: what was entered inside is gone as well. It is for
        tests and notebooks.

        >>> shapes = Registry[int]("shape")
        >>> with shapes.temporarily({"square": 4}):
        ...     pentagon = shapes.add("pentagon", 5)
        ...     list(shapes)
        ['square', 'pentagon']
        >>> list(shapes)
        []
        """
        self.fill()  # what comes later than now would be lost
        kept = {**self._items}, {**self._aliases}, {**self._askers}
        self._items.update({name: self._row(item) for name, item in (items or {}).items()})
        try:
            yield self
        finally:
            self._items, self._aliases, self._askers = kept

    def __getitem__(self, name: str) -> T:
        if not isinstance(name, str):
            raise UsageError(unknown(self.kind, name, self))
        try:
            return self._items[name]
        except KeyError:
            pass
        while name not in self._items and self._homes:
            self._go_home()
        if self._aliases.get(name, name) not in self._items:
            self.fill()
        try:
            return self._items[self._aliases.get(name, name)]
        except KeyError:
            raise UsageError(unknown(self.kind, name, [*self._items, *self._aliases])) from None

    def name_of(self, name: str) -> str:
        """The name under which the item of a name or another name of it was entered.

        >>> shapes = Registry[int]("shape")
        >>> square = shapes.add("square", 4, aliases=["quad"])
        >>> shapes.name_of("quad")
        'square'
        """
        self[name]  # an unknown name raises its own sentence
        return name if name in self._items else self._aliases[name]

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

    def items(self) -> ItemsView[str, T]:
        """All names with their items, in order; aliases are left out."""
        self.fill()
        return self._items.items()

    def names(self) -> list[str]:
        """All names by which an item can be asked for, aliases last."""
        self.fill()
        return [*self._items, *self._aliases]


def added() -> dict[str, list[str]]:
    """What plugins have entered, by kind: `{"theme": ["mine"]}`."""
    found: dict[str, dict[str, None]] = {}
    for table in sorted(_TABLES, key=lambda table: table.kind):
        own = [
            name for name, (file, _other) in table._askers.items() if file and name in table._items
        ]
        if own:
            found.setdefault(table.kind, {}).update(dict.fromkeys(own))
    return {kind: [*names] for kind, names in found.items()}


def loaded(form: str, place: str | Callable[..., Any]) -> Any:
    """What a format's row names as `module:function`, imported now; a function is taken as it is.

    Raises `MissingPieceError` if it needs what does not load.

    >>> loaded("json", "json:dumps")(1)
    '1'
    """
    if not isinstance(place, str):
        return place
    module, _other, function = place.partition(":")
    try:
        return getattr(import_module(module), function)
    except ImportError as error:
        raise MissingPieceError(
            _(
                "the format {form} needs {name}, which does not load; pip install --upgrade {name}",
                form=form,
                name=error.name,
            )
        ) from error


def kinds() -> list[str]:
    """What the items of all tables are called, such as "theme"."""
    return sorted({table.kind for table in _TABLES})


class Unknown(str):
    """A sentence that says that a name is unknown."""

    __slots__ = ()


def unknown(kind: str, name: str, known: Iterable[str], otherwise: str = "") -> Unknown:
    """Say that a name is unknown and which one was probably meant.

    >>> unknown("theme", "drak", ["light", "dark"])
    "unknown theme 'drak'; did you mean 'dark'?"
    >>> unknown("theme", "x", ["light", "dark"])
    "unknown theme 'x'; there is light, dark"
    >>> unknown("schedule", "cosine_decay", ["constant", "cosine"])
    "unknown schedule 'cosine_decay'; did you mean 'cosine'?"
    """
    import difflib  # when a name is wrong, not at every start

    names = list(known)
    inside = [each for each in names if len(each) > 2 and f"_{each}_" in f"_{name}_"]
    close = inside or difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    told = {"kind": _(kind), "name": name}
    if close:
        meant = max(close, key=len)
        return Unknown(_("unknown {kind} {name!r}; did you mean {meant!r}?", meant=meant, **told))
    if otherwise:
        return Unknown(_("unknown {kind} {name!r}; {otherwise}", otherwise=otherwise, **told))
    if not names:
        return Unknown(_("unknown {kind} {name!r}; there is none", **told))
    listed = ", ".join(names[:MOST_LISTED])
    if len(names) > MOST_LISTED:
        return Unknown(
            _(
                "unknown {kind} {name!r}; there is {list}, … ({n} in all)",
                list=listed,
                n=len(names),
                **told,
            )
        )
    return Unknown(_("unknown {kind} {name!r}; there is {list}", list=listed, **told))
