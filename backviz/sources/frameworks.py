"""Values of other frameworks: what a file gives may be one of theirs, and is read into a record.

A framework is a row, and its reader a file in this folder or outside. Invariant: nothing else in
backviz knows a framework, and no reader is imported before a file has given a value of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backviz.errors import MissingPieceError
from backviz.language import N_, _
from backviz.registry import Registry, loaded


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework: its name, the package of its values' types, and what makes a record of one.

    `read` takes a value and returns the recorded one; it may be named as `module:function`, and is
    imported then. Without it `instead` says what to write in place of the framework's own values.
    """

    name: str
    package: str
    read: str | Callable[[Any], Any] = ""
    instead: str = ""


FRAMEWORKS: Registry[Framework] = Registry("framework")
FRAMEWORKS.add(
    "torch",
    Framework(
        "torch",
        "torch",
        instead=N_(
            "backviz records its own values: begin with backviz.tensor(…) in place of torch's"
        ),
    ),
)


def framework_of(value: Any) -> Framework | None:
    """The framework that a value comes from, if there is a row for it.

    >>> framework_of(3.0) is None
    True
    """
    package = type(value).__module__.partition(".")[0]
    return next((row for row in FRAMEWORKS.values() if row.package == package), None)


def recorded(value: Any) -> Any:
    """A framework's value as a recorded one; what no framework reads stays what it is."""
    row = framework_of(value)
    if row is None or not row.read:
        return value
    try:
        read = loaded(row.name, row.read)
    except MissingPieceError as error:
        missing = getattr(error.__cause__, "name", row.package)
        raise MissingPieceError(
            _(
                "values of {framework} need {name}, which does not load; pip install {name}",
                framework=row.name,
                name=missing,
            )
        ) from error
    return read(value)
