"""A value or a function in a Python file or a notebook. It runs because the person named it."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from backviz.autodiff.arguments import kind_of
from backviz.autodiff.containers import leaves
from backviz.autodiff.custody import serials
from backviz.autodiff.exits import Watch, whole_record
from backviz.autodiff.past import told
from backviz.autodiff.reruns import Births, following, random_state
from backviz.autodiff.value import Value
from backviz.errors import InputError, LostGradientWarning
from backviz.language import N_, _
from backviz.registry import unknown
from backviz.sources.expression import one_of
from backviz.sources.program import NOTEBOOK, Program, defined
from backviz.sources.tracing import article, named, results_of, trace_defaults
from backviz.sources.variables import Variables, name_values, names_of_variables

ENDINGS = (".py", NOTEBOOK)


def is_file_source(source: str) -> bool:
    """Whether the source looks like `file.py:name`, `nb.ipynb:name` or a file without a name."""
    path, _other, name = source.rpartition(":")
    return _ends(path) or (_ends(source) and not name.isidentifier())


def path_of(source: str) -> Path:
    """The file that a source names."""
    return Path(_split(source)[0])


def names_in(path: str) -> list[str]:
    """The public names that a file or notebook defines, read without running it; none if it fails.

    >>> names_in("nothing.py")
    []
    """
    try:
        return defined(Program(path).tree)
    except InputError:
        return []


def record_file(source: str, note: Callable[[str], None] | None = None) -> Value:
    """The one result that a file's name stands for; see `file_results`."""
    return one_of(file_results(source, note))


def file_results(source: str, note: Callable[[str], None] | None = None) -> list[Value]:
    """Run the file and take the names from it: values, or functions that return one or several.

    Values that have no label get the name of the module's variable that holds them. `note`
    is told what of a notebook is left out, which leaves were changed since, and where numbers
    have left the record of a function, if its result moves with them; without it that is a
    `LostGradientWarning`. Raises `InputError` if the file or the name is not there, or the file
    fails.
    """
    program, name = program_of(source, note)
    found = program.run()
    restore = random_state(*program.modules(), found, found.get(name))
    births, left, start = Births(), Watch(), next(serials)
    with whole_record(left), following(births):
        recorded = [
            value for each in filter(None, map(str.strip, name.split(",")))
            for value in values_of(program, each, found, source)
        ]  # fmt: skip
    made = [program.past.as_recorded(value) for value in recorded]
    module = Variables()
    module.last = [found]
    for value, _changed in made:
        module.name_constants(value)
    changed = next((changed for _value, changed in made if changed), None)
    if changed and note is not None:
        note(told(changed))
    whole = len(made) == 1 and name in found
    if left.lines and not changed and whole and is_function(found[name]):  # rare: takes the check
        again = import_module("backviz.sources.again")
        called = again.Called(source, program, found, made[0][0], births, left, restore, start)
        for lost in again.what_is_lost(called):
            if note is None:
                warnings.warn(lost, LostGradientWarning, stacklevel=2)
            else:
                note(lost)
    return [value for value, _changed in made]


def program_of(source: str, note: Callable[[str], None] | None = None) -> tuple[Program, str]:
    """The file that a source names, not yet run, and the name in it."""
    path_text, name = _split(source)
    if not Path(path_text).is_file():
        raise InputError(_("there is no file {path_text!r}; check the path", path_text=path_text))
    program = Program(path_text, note)
    if not name:
        offered = defined(program.tree)
        offer = f" ({', '.join(offered[:8])})" if offered else ""
        raise InputError(
            _(
                "{path_text} needs a name: write {path_text}:NAME{offer}",
                path_text=path_text,
                offer=offer,
            )
        )
    return program, name


def value_of(program: Program, name: str, found: dict[str, Any], source: str) -> Value:
    """The value of that name among the variables of a file that has run, the first of several."""
    return values_of(program, name, found, source)[0]


def values_of(program: Program, name: str, found: dict[str, Any], source: str) -> list[Value]:
    """The value of that name, or the several that a list, a tuple or a dict of it holds."""
    held = _held(program, name, found)
    value: Any = _call(program, held, name) if is_function(held) else held
    if (made := results_of(value)) and not isinstance(value, Value):
        name_values(found)
        named(made, name)
        return [*made.values()]
    if not isinstance(value, Value):
        value = import_module("backviz.sources.frameworks").recorded(value)
    if not isinstance(value, Value):
        told = {"source": source, "what": article(value), "cure": _cure(value)}
        if is_function(held):
            raise InputError(_("{source} returns {what}, not a recorded value; {cure}", **told))
        raise InputError(_("{source} is {what}, not a recorded value; {cure}", **told))
    if value is held and not value.label:  # before losses[2] gets it, the same value
        value.label = name
    name_values(found)
    if not value.label:
        value.label = name
    return [value]


def object_of(source: str) -> Any:
    """What a name in a file stands for; a function is called, without arguments.

    It need not be a recorded value: data sets and networks come this way. Raises `InputError` as
    `record_file` does.
    """
    program, name = program_of(source)
    held = _held(program, name, program.run())
    if isinstance(held, type) or not is_function(held):
        return held
    _no_arguments(program, held, name)
    return program.call(held)


def _held(program: Program, name: str, found: dict[str, Any]) -> Any:
    """What that name stands for among the variables of a file that has run."""
    if name not in found:
        names = defined(program.tree)
        if name in names:
            raise InputError(
                _(
                    "{given} gives {name} no value: the line that does has not run, as under "
                    'if __name__ == "__main__":; put it into a function and name that',
                    given=program.given,
                    name=name,
                )
            )
        raise InputError(f"{program.given}: {unknown(N_('name'), name, names)}")
    return found[name]


def _split(source: str) -> tuple[str, str]:
    path, _other, name = source.rpartition(":")
    return (path, name) if _ends(path) else (source, "")


def _ends(path: str) -> bool:
    return path.lower().endswith(ENDINGS)


def is_function(held: Any) -> bool:
    """Whether what a name stands for is to be called: a value can be called, too."""
    return callable(held) and not isinstance(held, Value)


def _cure(value: Any) -> str:
    row = import_module("backviz.sources.frameworks").framework_of(value)
    if row is not None and row.instead:
        return _(row.instead)
    return _("compute it from Value(…) or tensor(…)")


def _has_defaults(function: Any) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
        return any(kind_of(leaf) for p in parameters for _other, leaf in leaves(p.default))
    except (TypeError, ValueError):  # no signature, or a container that holds itself
        return False


def _no_arguments(program: Program, function: Any, name: str) -> None:
    """Refuse a function that cannot be called without arguments."""
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
            _(
                "{given}:{name} needs arguments ({list}); give them defaults, or name a "
                "function without any",
                given=program.given,
                name=name,
                list=", ".join(required),
            )
        )


def _is_plain(value: Any) -> bool:
    """Whether a function has given numbers back, one or several, in which nothing is recorded."""
    each = [*value.values()] if isinstance(value, dict) else value
    each = each if isinstance(each, list | tuple) else [each]
    return bool(each) and all(isinstance(x, int | float | np.generic | np.ndarray) for x in each)


def _call(program: Program, function: Any, name: str) -> Any:
    _no_arguments(program, function, name)
    again = random_state(*program.modules(), function)
    with names_of_variables(function) as found:
        value = program.call(function)
    for each in results_of(value).values():
        found.name_constants(each)
    if _is_plain(value) and _has_defaults(function):
        again()  # nothing in it is recorded yet: its own arguments are the leaves
        value = program.call(partial(trace_defaults, function))
    if inspect.iscoroutine(value):
        value.close()
        raise InputError(
            _(
                "{given}:{name} is an async function; name one that returns the value itself",
                given=program.given,
                name=name,
            )
        )
    return value
