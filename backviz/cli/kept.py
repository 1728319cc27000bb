"""The options of a command that take their defaults from the project's file.

Invariant: the file is read when a command needs the value of such an option that was not given,
so help, completion and `doctor` work whatever stands in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from backviz.errors import UsageError

if TYPE_CHECKING:
    from backviz.defaults import Defaults

_FIELDS = {"for": "size"}  # the names that the options' values have in a `Style`, if others


class Kept(Mapping[str, Any]):
    """The file's defaults by the names of a command's parameters; read at the first question."""

    def __init__(self, params: Iterable[click.Parameter]) -> None:
        self._params = {str(p.name): _key(p) for p in params}

    @cached_property
    def keys_of(self) -> dict[str, str]:
        """The settings of the parameters that have one, by the parameters' names."""
        from backviz.defaults import KEYS

        return {name: key for name, key in self._params.items() if key in KEYS}

    @cached_property
    def defaults(self) -> Defaults:
        """What the file says, checked as the options are."""
        return checked_defaults()

    def told(self, ctx: click.Context) -> dict[str, Any] | None:
        """The file and what of it was used, for a manifest; `None` without a file."""
        if not self.defaults.file:
            return None
        used = {
            key: self.defaults.given[key]
            for name, key in self.keys_of.items()
            if ctx.get_parameter_source(name) is ParameterSource.DEFAULT_MAP
        }
        return {"file": self.defaults.file, "used": used}

    def __getitem__(self, name: str) -> Any:
        return self.defaults.given[self.keys_of[name]]

    def __contains__(self, name: object) -> bool:
        return name in self.keys_of and self.keys_of[str(name)] in self.defaults.given

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.keys_of if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def told_defaults() -> dict[str, Any] | None:
    """The file that the running command took defaults from, and which."""
    context = click.get_current_context(silent=True)
    kept = context.default_map if context else None
    return kept.told(context) if context and isinstance(kept, Kept) else None


def _key(param: click.Parameter) -> str:
    return max(param.opts, key=len).lstrip("-")


def checked_defaults() -> Defaults:
    """The defaults in force here; a value that its option would refuse is refused.

    Raises `UsageError`, which names the file.
    """
    from backviz.defaults import in_force

    found = in_force()
    if not found.given:
        return found
    from backviz.diagrams.style import Style

    try:
        Style(**{_FIELDS.get(key, key): value for key, value in found.given.items()})
    except UsageError as error:
        raise UsageError(f"{found.file}: {error}") from None
    return found
