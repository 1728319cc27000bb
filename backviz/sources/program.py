"""A person's file, run as `python file.py` runs it: folder, module, package, argv, streams.

Invariant: what the file sees holds while its code runs, at the first run and at every later
call of its functions, and is taken away again afterwards, also by an error. What it prints,
by Python, by C or by a child process, goes to standard error.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from importlib.abc import InspectLoader
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from backviz.autodiff.exits import whole_record
from backviz.autodiff.past import Past, keeping
from backviz.autodiff.recording import scoped, source_lines
from backviz.errors import BackvizError, InputError
from backviz.language import _
from backviz.sources.cells import cells_of
from backviz.text import clean

NOTEBOOK = ".ipynb"
LONGEST = 300  # characters of a message of the person's code that are shown


class Program:
    """A file and the module that it became.

    `__name__` is the file's name without the ending (`pkg.model` for a file in a package,
    `model_file` where a module of that name is loaded already), never `__main__`. The code
    cells of a notebook are run in order. `note` is told what of a notebook is left out.

    Raises `InputError`, one sentence, for whatever goes wrong in the file.
    """

    def __init__(self, given: str, note: Callable[[str], None] | None = None) -> None:
        self.given, self.path = given, Path(os.path.abspath(given))  # noqa: PTH100 (links stay)
        self.cells = [("", "")]
        if self.path.suffix.lower() == NOTEBOOK:
            self.cells, notes = cells_of(given, self.path)
            for each in notes if note is not None else ():
                note(each)  # type: ignore[misc]
        self.tree = _read(self.path, self.cells)
        name, self.root = _module_name(self.path)
        hidden = self.path.stem
        if hidden in {n.partition(".")[0] for n in _imports(self.tree)}:
            raise InputError(
                _(
                    "{given} has the name of the module {hidden} that it imports, and hides "
                    "it; rename the file",
                    given=given,
                    hidden=hidden,
                )
            )
        taken = name in sys.modules or name in sys.stdlib_module_names
        self.module = _module(f"{name}_file" if taken else name, self.path)
        self._modules: dict[str, ModuleType] = {self.module.__name__: self.module}
        folders = dict.fromkeys([str(self.path.parent), str(self.root)])
        self._search = [*folders, *sys.path]
        self._place, self._limit = _here(), sys.getrecursionlimit()
        self.past = Past()

    def run(self) -> dict[str, Any]:
        """Run the file, or the cells of the notebook one after the other; its variables."""
        found: dict[str, Any] = self.call(self._execute)
        return found

    def modules(self) -> list[ModuleType]:
        """The module that the file became, and those beside it that it has imported."""
        return [*self._modules.values()]

    def call(self, function: Callable[[], Any]) -> Any:
        """The result of a function of the file, called where the file finds all it needs."""
        with self._around():
            try:
                with source_lines(), scoped(), whole_record(), keeping(self.past):
                    return function()
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                raise self._sentence(error) from None
            finally:  # first of all: with the limit of the file there may be no room for more
                self._limit, limit = sys.getrecursionlimit(), self._limit
                sys.setrecursionlimit(limit)

    def _execute(self) -> dict[str, Any]:
        if any(isinstance(n, ast.ImportFrom) and n.level for n in ast.walk(self.tree)):
            package = self.module.__name__.rpartition(".")[0]
            if package:  # before the file, which the package may import itself
                mine = sys.modules.pop(self.module.__name__)
                importlib.import_module(package)
                sys.modules[self.module.__name__] = mine
        if self.path.suffix.lower() != NOTEBOOK:
            _Loader(self.module.__name__, str(self.path)).exec_module(self.module)
            return vars(self.module)
        vars(self.module).update(display=_nothing, get_ipython=_nothing)
        for place, text in self.cells:
            _Cell(text, place).exec_module(self.module)
        return vars(self.module)

    @contextlib.contextmanager
    def _around(self) -> Iterator[None]:
        """What the file finds around itself, for as long as the block lasts."""
        argv, search, place = sys.argv, sys.path, _here()
        others = {name: sys.modules.get(name) for name in self._modules}
        loaded = {*sys.modules, *self._modules}
        sys.argv, sys.path = [self.given], self._search
        sys.modules.update(self._modules)
        _go(self._place)
        limit, self._limit = self._limit, sys.getrecursionlimit()
        sys.setrecursionlimit(limit)
        try:
            with clean_stdout(), np.errstate():
                yield
        finally:
            self._place, self._search = _here(), sys.path
            _go(place)
            sys.argv, sys.path = argv, search
            new = [name for name in [*sys.modules] if name not in loaded]
            own = {n: sys.modules[n] for n in new if self._owns(n, sys.modules[n])}
            for name in own:
                del sys.modules[name]
            self._modules.update(own)
            for name, other in others.items():
                if other is not None:
                    sys.modules[name] = other
                else:
                    sys.modules.pop(name, None)

    def _owns(self, name: str, module: ModuleType) -> bool:
        """Whether a module lies beside the file, so that another file may have its own of it."""
        file = Path(getattr(module, "__file__", None) or os.devnull)
        inside = file.suffix == ".py" and file.is_relative_to(self.root)
        installed = {"site-packages", "dist-packages"} & {*file.parts}
        return inside and not installed and name.partition(".")[0] != "backviz"

    def _sentence(self, error: BaseException) -> BackvizError:
        """What the file's code raised, as an error that is one sentence."""
        if isinstance(error, BackvizError):
            where = "" if "(at " in str(error) else self._where(error)
            if not where:
                return error
            return InputError(_("{error} (at {where})", error=error, where=where))
        if isinstance(error, SyntaxError) and error.lineno:
            return _unreadable(error, self.given, self.path)
        if isinstance(error, SyntaxError) or "null bytes" in _said(error):
            said = getattr(error, "msg", "") or _said(error)
            return InputError(_("{given} cannot be read: {said}", given=self.given, said=said))
        if isinstance(error, SystemExit):
            said = _said(error) if isinstance(error.code, str) else ""
            if said:
                return InputError(
                    _("{given} stopped and says: {said}", given=self.given, said=said)
                )
            status = error.code or 0
            return InputError(_("{given} stopped with exit status {n}", given=self.given, n=status))
        where = self._where(error)
        lines = where.removeprefix(f"{self.path.name}:")
        told = {
            "given": self.given,
            "at": lines if lines.isdecimal() else where,
            "error": f"{type(error).__name__}: {_said(error) or _('no message')}",
        }
        if isinstance(error, ImportError) and "no known parent package" in str(error):
            return InputError(
                _(
                    "{given} failed at line {at}: {error}; put an empty __init__.py into {folder}, "
                    "or write the import without the dot",
                    folder=self.path.parent.name,
                    **told,
                )
            )
        if lines.isdecimal():
            return InputError(_("{given} failed at line {at}: {error}", **told))
        if where:
            return InputError(_("{given} failed at {at}: {error}", **told))
        return InputError(_("{given} failed: {error}", given=self.given, error=told["error"]))

    def _where(self, error: BaseException) -> str:
        """The last line of the file that the error passed through, as `file.py:3`."""
        frames = traceback.extract_tb(error.__traceback__)
        mine = {str(self.path), *(place for place, _other in self.cells)}
        lines = [f"{Path(f.filename).name}:{f.lineno}" for f in frames if f.filename in mine]
        return lines[-1] if lines else ""


class _Loader(SourceFileLoader):
    """Runs the file as it is now: nothing is kept beside it, no older code is taken."""

    def path_stats(self, path: Any) -> Any:
        raise OSError


class _Cell(InspectLoader):
    """A cell's code; its lines are counted within the cell."""

    def __init__(self, text: str, place: str) -> None:
        self.text, self.place = text, place

    def get_source(self, fullname: str) -> str:
        return self.text

    def get_code(self, fullname: str) -> Any:
        return self.source_to_code(self.text, self.place)


@contextlib.contextmanager
def clean_stdout() -> Iterator[None]:
    """Send to standard error what is printed meanwhile, also by C code and child processes."""
    ours = sys.stderr
    for stream in (sys.stdout, ours):  # what was printed before stays where it belongs
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    _flush_c()
    kept = _stdout_to_stderr()
    try:
        with contextlib.redirect_stdout(ours):
            yield
    finally:
        sys.stderr = ours
        if kept is not None:
            _flush_c()
            os.dup2(kept, 1)
            os.close(kept)


def _stdout_to_stderr() -> int | None:
    """A copy of descriptor 1 before it became descriptor 2; `None` where a program has none."""
    for descriptor in (1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # or the copy would take its number
            return None
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


def _flush_c() -> None:
    """Let C write what it holds back, while the descriptor still is what it was."""
    with contextlib.suppress(Exception):
        import ctypes

        (ctypes.CDLL("ucrtbase") if os.name == "nt" else ctypes.CDLL(None)).fflush(None)


def _here() -> Path | None:
    """The working folder; `None` if somebody has removed it."""
    try:
        return Path.cwd()
    except OSError:
        return None


def _go(place: Path | None) -> None:
    if place is not None:
        with contextlib.suppress(OSError):
            os.chdir(place)


def _nothing(*_other: Any, **__: Any) -> None:
    """Stands for what only a notebook's server has."""


def _read(path: Path, cells: list[tuple[str, str]]) -> ast.Module:
    """The code as a tree, for a look at what it imports; empty if it cannot be read."""
    try:
        if path.suffix.lower() == NOTEBOOK:
            return ast.parse("\n".join(text for _other, text in cells))
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
    except OSError as error:
        raise InputError(
            _("cannot read {path}: {strerror}", path=path, strerror=error.strerror)
        ) from None


def defined(tree: ast.Module) -> list[str]:
    """The public names that the top level of a file defines, without its imports."""
    names: dict[str, None] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names[node.name] = None
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.With | ast.For | ast.If | ast.Try):
            for each in ast.walk(node):
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                    names[each.id] = None
    return [name for name in names if not name.startswith("_")]


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _module_name(path: Path) -> tuple[str, Path]:
    """The module's full name, and the folder in which its outermost package lies."""
    parts, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    if parts[-1] == "__init__" and len(parts) > 1:
        del parts[-1]
    return ".".join(parts), folder


def _module(name: str, path: Path) -> ModuleType:
    inside = [str(path.parent)] if path.stem == "__init__" else None
    spec = importlib.util.spec_from_file_location(
        name, path, loader=_Loader(name, str(path)), submodule_search_locations=inside
    )
    assert spec is not None
    return importlib.util.module_from_spec(spec)


def _said(error: BaseException) -> str:
    """The first line of an error's message, of a bearable length."""
    try:
        text = str(error).strip()
    except BaseException:
        return _("its message cannot be shown")
    return clean(text.splitlines()[0], LONGEST) if text else ""


def _unreadable(error: SyntaxError, given: str, path: Path) -> InputError:
    place = error.filename or given
    place = given + place.removeprefix(str(path)) if place.startswith(str(path)) else place
    text = error.text if isinstance(error.text, str) else ""
    column = len(text.rstrip("\n")[: max(0, (error.offset or 1) - 1)])
    return InputError(
        _(
            "{place}: line {lineno} cannot be read: {msg}",
            place=place,
            lineno=error.lineno,
            msg=error.msg,
        ),
        line=text.rstrip("\n"),
        column=column,
    )
