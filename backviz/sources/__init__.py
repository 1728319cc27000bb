"""Where a computation comes from: an expression, a file, an example, standard input."""

from __future__ import annotations

import reprlib
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _
from backviz.sources.examples import EXAMPLES
from backviz.sources.expression import one_of, record_expression, record_results
from backviz.sources.files import file_results, is_file_source, record_file

__all__ = ["EXAMPLES", "load", "load_all", "record_expression", "record_file"]


def load(source: str, note: Callable[[str], None] | None = None) -> Value:
    """Record what `source` names: `@example`, `file.py:name`, `nb.ipynb:name`, `-`, or an
    expression.

    A file or a notebook is run as `python file.py` would, but that its `__name__` is the file's
    name: a block under `if __name__ == "__main__":` stays out. `note` is told what else a
    person should know, such as the lines of a notebook that are left out. Raises `InputError`
    where `source` names several results; see `load_all`.

    >>> load("@simple").data, load("x*x; x=3").data
    (-12.0, 9.0)
    """
    return one_of(load_all(source, note))


def load_all(source: str, note: Callable[[str], None] | None = None) -> list[Value]:
    """The same for a source with several results: `file.py:loss,acc`, or `…; L, acc`.

    >>> [v.label for v in load_all("L=a*b; M=a+b; a=2; b=3; L, M")]
    ['L', 'M']
    """
    if not isinstance(source, str):
        raise InputError(
            _(
                "a source is a text such as '@diamond' or 'file.py:loss', not {source}",
                source=reprlib.repr(source),
            )
        )
    if source.startswith("@"):
        return record_results(dedent(EXAMPLES[source[1:]].expression))
    if source == "-":
        return record_results(_stdin())
    if is_file_source(source):
        return file_results(source, note)
    try:
        return record_results(source)
    except InputError as error:
        if (meant := _meant(source)) is None:
            raise
        raise InputError(meant) from error


def _meant(source: str) -> str | None:
    """What a source that is no expression was probably meant to be: an example, a file."""
    if source in EXAMPLES:
        return _("{source} is no expression; the example is @{source}", source=source)
    head, colon, name = source.rpartition(":")
    path, name = (Path(head), name) if colon else (Path(source), "NAME")
    try:
        modules = [
            path.with_name(f"{path.name}.py"),
            Path(*path.name.split(".")).with_suffix(".py"),
        ]
        for module in modules:
            if module.is_file():
                return _(
                    "{path} is no expression; did you mean {module}:{name}?",
                    path=path,
                    module=module,
                    name=name,
                )
        if path.is_dir():
            return _(
                "{path} is a folder; name a file in it, as {n}:{name}",
                path=path,
                n=path / "model.py",
                name=name,
            )
        if path.is_file():
            return _(
                "{path} is a file, but no Python: a source file ends in .py or .ipynb; an "
                "expression in a file goes to standard input, SRC being -: - < {path}",
                path=path,
            )
    except (OSError, ValueError):
        pass
    return None


def _stdin() -> str:
    if sys.stdin is None:
        raise InputError(_("standard input is closed; send an expression, or give it as SRC"))
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(_("standard input is not UTF-8 text; send an expression")) from None
