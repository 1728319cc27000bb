"""The defaults of a folder of work: `backviz.toml`, or `[tool.backviz]` of pyproject.toml.

Rule: the nearest folder, from the working directory upwards, that holds `backviz.toml`,
`pyproject.toml` or `.git` is the project's root, and its file alone counts; `backviz.toml` goes
before pyproject.toml. Invariant: what a command writes depends on its options and that file
only, and the file holds no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os.path import relpath
from pathlib import Path
from typing import Any

from backviz.errors import UsageError
from backviz.language import N_, _
from backviz.registry import unknown

FILE, SHARED = "backviz.toml", "pyproject.toml"
_ROOT = (FILE, SHARED, ".git")
# What may stand in the file: long names of options, and what their values are.
KEYS: dict[str, type] = {
    "for": str, "theme": str, "lang": str, "digits": int, "decimal": str, "powers": str,
    "text": str, "fold": str, "weights": str, "show": str, "direction": str, "engine": str,
}  # fmt: skip
_SAID = {str: N_('a text, as in theme = "dark"'), int: N_("a whole number, as in digits = 3")}


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the file in force says; `file` is "" if there is none, else how to get there."""

    file: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)


def in_force(start: str | Path = ".") -> Defaults:
    """The defaults for work in a folder.

    Raises `UsageError`, which names the file, if it cannot be read or holds what it must not.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "backviz.toml").write_text('theme = "dark"')
    ...     dict(in_force(folder).given)
    {'theme': 'dark'}
    """
    place = _file(Path(start).resolve())
    if place is None:
        return Defaults()
    name = relpath(place, Path.cwd()) if place.drive == Path.cwd().drive else str(place)
    found = _read(place, name)
    if place.name == SHARED:
        tool = found.get("tool", {})
        if "backviz" not in tool:
            return Defaults()
        found = tool["backviz"]
    return Defaults(name, _checked(found, name))


def _file(folder: Path) -> Path | None:
    """The file of the project's root, if it has one."""
    for each in (folder, *folder.parents):
        if any((each / name).exists() for name in _ROOT):
            return next((each / n for n in (FILE, SHARED) if (each / n).is_file()), None)
    return None


def _read(place: Path, name: str) -> Mapping[str, Any]:
    import tomllib

    try:
        return tomllib.loads(place.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            _("cannot read {name}: {strerror}", name=name, strerror=error.strerror or error)
        ) from None
    except UnicodeDecodeError:
        raise UsageError(_("{name} is not UTF-8; save it as UTF-8", name=name)) from None
    except tomllib.TOMLDecodeError as error:
        if place.name == SHARED:
            ours = "[tool.backviz" in place.read_text("utf-8")
            if not ours:  # somebody else's file: what is wrong in it is not ours to say
                return {}
        raise UsageError(_("{name} is no TOML: {error}", name=name, error=error)) from None


def _checked(found: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise UsageError(_("{name}: backviz is no table; write [tool.backviz]", name=name))
    for key, value in found.items():
        if key not in KEYS:
            raise UsageError(f"{name}: {unknown(N_('setting'), key, KEYS)}")
        if not isinstance(value, KEYS[key]) or isinstance(value, bool):
            raise UsageError(
                _(
                    "{name}: {key} takes {said}, not {value!r}",
                    name=name,
                    key=key,
                    said=_(_SAID[KEYS[key]]),
                    value=value,
                )
            )
    return found
