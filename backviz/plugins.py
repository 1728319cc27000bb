"""What is added from outside: files that are named, and packages that are installed.

A plugin is Python that enters rows into the tables of `backviz.extend` when it is imported:
a file after `--plugin`, or a module that an installed package names as an entry point of the
group `backviz`. Invariant: a plugin that fails is one sentence; a named file that fails is an
error, an installed package that fails is a warning, and everything else goes on.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from types import FrameType

from backviz.errors import BackvizError, InputError
from backviz.language import _

GROUP = "backviz"
LOADED: list[str] = []  # files and packages, in the order in which they were loaded
_HERE = os.path.dirname(__file__) + os.sep  # noqa: PTH120  (to import pathlib takes 4 ms)
_state = {"looked": False}
Asker = tuple[str, object]


def load_file(given: str) -> None:
    """Run a plugin file, once; raises `InputError` if it is not there or fails."""
    from importlib import util
    from pathlib import Path

    path = Path(given).resolve()
    if str(path) in LOADED:
        return
    if not path.is_file():
        raise InputError(
            _("there is no plugin {given!r}; --plugin takes a Python file", given=given)
        )
    name = path.stem
    spec = util.find_spec(name) if name.isidentifier() and name not in sys.modules else None
    if name in sys.modules or (spec is not None and spec.origin != str(path)):
        name = f"backviz_plugin_{name}"  # somebody else's name
    spec = util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(
            _("the plugin {given} is no Python file; its name has to end in .py", given=given)
        )
    module = sys.modules[name] = util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # at the end: what lies beside it shadows nothing
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(
            _("the plugin {given} fails: {said}", given=given, said=_said(error, str(path)))
        ) from error
    LOADED.append(str(path))


def load_installed(tell: Callable[[str], None] | None = None) -> None:
    """Import what installed packages name in the group `backviz`, once.

    `tell` is told what fails; without it that is a warning. While a module of ours is being
    imported nothing happens, because a plugin needs all of it; whoever asks next does it.
    """
    if _state["looked"] or _importing():
        return
    _state["looked"] = True
    if not _anything_installed():
        return
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        try:
            point.load()
            LOADED.append(f"{point.name} ({point.value})")
        except (Exception, SystemExit) as error:
            said = _(
                "the plugin {name} ({value}) fails: {said}",
                name=point.name,
                value=point.value,
                said=_said(error),
            )
            if tell is None:
                warnings.warn(said, RuntimeWarning, stacklevel=3)
            else:
                tell(said)


def asker() -> Asker:
    """The nearest file outside of backviz that asks, and which of its runs; "" if there is none.

    Its variables stand for a run; held by whoever asks, they are not taken for those of another.
    """
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(_HERE) and frame.f_back is not None:
        frame = frame.f_back
    file = frame.f_code.co_filename
    if "ipykernel" in file or file.startswith("<ipython"):
        return "a cell", None
    return ("", None) if file.startswith(("<", _HERE)) else (file, frame.f_globals)


def _importing() -> bool:
    """Whether a module of ours is being imported by whoever asks."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        ours = code.co_filename.startswith(_HERE) and code.co_name == "<module>"
        if ours and frame.f_globals.get("__name__") != "__main__":  # that is python -m backviz
            return True
        frame = frame.f_back
    return False


def _anything_installed() -> bool:
    """Whether an installed package has entry points for us.

    Python's own way to find out costs 40 ms and 60 modules, so it goes only where this quick
    look has found something.
    """
    for folder in dict.fromkeys(sys.path):
        try:
            with os.scandir(folder or ".") as found:
                names = [e.path for e in found if e.name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
        for name in names:
            try:
                with open(os.path.join(name, "entry_points.txt"), encoding="utf-8") as listed:  # noqa: PTH118, PTH123 (a path object for each costs twice the time)
                    if f"[{GROUP}]" in listed.read():
                        return True
            except (OSError, ValueError):
                continue
    return False


def _said(error: BaseException, path: str = "") -> str:
    """An error in one line, with the line of the file where it came up."""
    told = error.msg if isinstance(error, SyntaxError) else str(error).strip().partition("\n")[0]
    kind = "" if isinstance(error, BackvizError) else type(error).__name__
    said = ": ".join(filter(None, (kind, told)))
    lines, trace = [], error.__traceback__
    while trace is not None:
        lines += [trace.tb_lineno] if trace.tb_frame.f_code.co_filename == path else []
        trace = trace.tb_next
    at = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    return f"{said} (line {at})" if at and path else said
