"""A value or a function in a Python file. The file runs because the person named it."""

from __future__ import annotations

import ast
import contextlib
import inspect
import runpy
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backviz.autodiff.exits import whole_record
from backviz.autodiff.recording import scoped, source_lines
from backviz.autodiff.value import Value
from backviz.errors import BackvizError, InputError
from backviz.registry import unknown
from backviz.sources.tracing import name_values, names_of_variables


def is_file_source(source: str) -> bool:
    """Whether the source looks like `file.py:name` or `file.py`."""
    path, _, name = source.rpartition(":")
    return path.endswith(".py") or (source.endswith(".py") and not name.isidentifier())


def record_file(source: str) -> Value:
    """Run `file.py` and take `name` from it: a value, or a function that returns one.

    Values that have no label get the name of the module's variable that holds them.
    Raises `InputError` if the file or the name is not there, or the file fails.
    """
    path_text, _, name = source.rpartition(":")
    if not path_text.endswith(".py"):
        path_text, name = source, ""
    path = Path(path_text)
    if not path.is_file():
        raise InputError(f"there is no file {path_text!r}; check the path")
    if not name:
        raise InputError(f"{path_text} needs a name: write {path_text}:NAME{_offer(path)}")
    found = _run(path)
    if name not in found:
        public = [n for n in found if not n.startswith("_")]
        raise InputError(f"{path_text}: {unknown('name', name, public)}")
    value = _call(found[name], name, path) if callable(found[name]) else found[name]
    if not isinstance(value, Value):
        raise InputError(
            f"{source} is a {type(value).__name__}, not a recorded value; "
            "compute it from Value(…) or tensor(…)"
        )
    name_values(found)
    if not value.label:
        value.label = name
    return value


def _offer(path: Path) -> str:
    """The names that a file defines, read without running it."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    names: dict[str, None] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            names[node.name] = None
        elif isinstance(node, ast.Assign):
            names |= {t.id: None for t in node.targets if isinstance(t, ast.Name)}
    listed = [n for n in names if not n.startswith("_")]
    return f" ({', '.join(listed[:8])})" if listed else ""


def _run(path: Path) -> dict[str, Any]:
    """Run the file as a module of its own, with its folder first on the path."""
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        found: dict[str, Any] = _guarded(
            path, lambda: runpy.run_path(str(path), run_name=path.stem)
        )
        return found
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _call(function: Any, name: str, path: Path) -> Any:
    try:
        required = [
            p.name
            for p in inspect.signature(function).parameters.values()
            if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]
    except (TypeError, ValueError):
        required = []
    if required:
        raise InputError(
            f"{path}:{name} needs arguments ({', '.join(required)}); "
            "give them defaults, or name a function without any"
        )
    with names_of_variables(function):
        return _guarded(path, function)


def _guarded(path: Path, run: Callable[[], Any]) -> Any:
    """Run the person's code; what it prints goes to standard error, its errors to a sentence."""
    try:
        with contextlib.redirect_stdout(sys.stderr), source_lines(), scoped(), whole_record():
            return run()
    except SyntaxError as error:
        raise InputError(
            f"{error.filename or path}: line {error.lineno} cannot be read: {error.msg}",
            line=(error.text or "").rstrip("\n"),
            column=max(0, (error.offset or 1) - 1),
        ) from None
    except BackvizError as error:
        raise _at(path, error) from None
    except SystemExit as error:
        raise InputError(f"{path} stopped with exit status {error.code}") from None
    except Exception as error:
        raise _failure(path, error) from None


def _line(path: Path, error: BaseException) -> int | None:
    """The last line of the person's own file that the error passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    here = path.resolve()
    lines = [f.lineno for f in frames if Path(f.filename).resolve() == here]
    return lines[-1] if lines else None


def _failure(path: Path, error: Exception) -> InputError:
    line = _line(path, error)
    where = f" at line {line}" if line else ""
    said = str(error).splitlines()[0] if str(error) else "no message"
    return InputError(f"{path} failed{where}: {type(error).__name__}: {said}")


def _at(path: Path, error: BackvizError) -> BackvizError:
    line = None if "(at " in str(error) else _line(path, error)
    return InputError(f"{error} (at {path.name}:{line})") if line else error
