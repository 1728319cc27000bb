"""An ordinary Python function, run on recorded values, with the names of its own variables.

Invariant: only values without a label are named, the first variable that held a value
gives the name, and the function runs once, or again if a whole number has to be plain.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from backviz.autodiff.arguments import kind_of
from backviz.autodiff.counts import Places, settled
from backviz.autodiff.draws import standing
from backviz.autodiff.exits import whole_record
from backviz.autodiff.recording import scoped, source_lines
from backviz.autodiff.tape import recorded
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _
from backviz.sources.variables import Variables, descend, give_leaf, names_of_variables

Outputs = Value | Sequence[Value] | Mapping[str, Value]  # the first has the gradients
Given = tuple[tuple[Any, ...], dict[str, Any]]


def trace(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Value:
    """Run a function written for numbers or numpy, and return its recorded result.

    Numbers, arrays and lists of numbers among the arguments become leaves with the names of
    the parameters, also inside dicts, lists, tuples and dataclasses (`params.W`,
    `layers[0].b`). Booleans, numpy arrays of whole numbers and other arguments are passed on
    as they are, and so are whole numbers that the function uses as index, label, mask, axis
    or count, or divides by `//` or `%`; it is run again for that. Values get the names of the
    variables that hold them when the function returns, and every op notes its source
    line for error messages. Raises `InputError` if the result is no recorded value.

    >>> import numpy as np
    >>> def loss(x, w):
    ...     z = x @ w
    ...     return np.tanh(z).sum()
    >>> L = trace(loss, np.array([1.0, 2.0]), np.array([0.5, -0.25]))
    >>> from backviz import tape
    >>> L.data, [v.label for v in tape(L)]
    (0.0, ['x', 'w', 'z', '', 'loss'])
    """
    made: Value = _traced(f, args, kwargs)
    return made


def _traced(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], several: bool = False
) -> Any:
    """The recorded result, or with `several` a list, tuple or dict of results."""
    called = getattr(f, "__name__", "the function")
    try:
        bound = inspect.signature(f).bind(*args, **kwargs)
    except TypeError as error:
        raise InputError(f"{called}: {error}") from None
    except ValueError:  # a function without a signature
        bound = None
    plain_ones: dict[str, Any] = {}
    held: list[Variables] = []

    def build(plain: frozenset[int]) -> tuple[Given, Places]:
        places: Places = {}
        numbers = count()

        def leaf(label: str, given: Any) -> Any:
            place = next(numbers)
            made = _as_leaf(given, label) if place not in plain else given
            if made is not given and kind_of(given) == "whole":
                places[made.serial] = place
            elif made is given and label:
                plain_ones.setdefault(label, given)
            return made

        return _with_leaves(bound, args, kwargs, leaf), places

    def call(given: Given) -> Any:
        with source_lines(), scoped(), names_of_variables(f) as found, whole_record():
            held[:] = [found]
            return f(*given[0], **given[1])

    _other, output = settled(build, call, lambda: standing(f, args, kwargs))
    made = results_of(output) if several else None
    if made and not isinstance(output, Value):
        named(made, called)
        for value in made.values():
            held[0].name_constants(value, plain_ones)
        return output
    if type(output) in (int, float) and int in map(type, plain_ones.values()):
        raise InputError(
            _(
                "{called} returns {article}, not a recorded value: whole numbers that it counts "
                "with, or divides by // or %, stay plain; give floats, as in 3.0",
                called=called,
                article=article(output),
            )
        )
    if not isinstance(output, Value):
        raise InputError(
            _(
                "{called} returns {article}, not a recorded value; return one number or "
                "array that is computed from the arguments",
                called=called,
                article=article(output),
            )
        )
    if not output.label and called.isidentifier():
        output.label = called
    held[0].name_constants(output, plain_ones)
    return output


def trace_defaults(f: Callable[..., Any]) -> Any:
    """`trace` of a function on the defaults of its own arguments; it may have several results."""
    bound = inspect.signature(f).bind()
    bound.apply_defaults()
    return _traced(f, bound.args, bound.kwargs, several=True)


def results_of(given: Any) -> dict[str, Value]:
    """The results by their names in a dict, or their places in a list or tuple; none are none.

    >>> L, a = Value(2.0, "L"), Value(0.5)
    >>> [*results_of({"L": L, "acc": a})], [*results_of((L, a))], results_of([L, 0.5])
    (['L', 'acc'], ['[0]', '[1]'], {})
    """
    if isinstance(given, Mapping):
        made = {str(name): value for name, value in given.items()}
    elif isinstance(given, list | tuple):
        made = {f"[{i}]": value for i, value in enumerate(given)}
    else:
        made = {"": given}
    return made if all(isinstance(value, Value) for value in made.values()) else {}


def chosen(given: Outputs) -> tuple[Value, tuple[Value, ...], dict[int, str]]:
    """What is to be shown: the result with gradients, others, and names of those without a label.

    `given` is a recorded value, or several in a list, a tuple or a dict by name.
    """
    made = results_of(given)
    if not made or isinstance(given, Value):
        single: Any = given
        return recorded(single), (), {}
    called = {v.serial: n for n, v in made.items() if not (v.label or n.startswith("["))}
    first, *others = made.values()
    return first, tuple(others), called


def named(made: Mapping[str, Value], called: str) -> None:
    """Give results without a label their name, in a list that of the whole and their place."""
    for name, value in made.items():
        if not value.label:
            value.label = f"{called}{name}" if name.startswith("[") else name or called


def _with_leaves(
    bound: inspect.BoundArguments | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    leaf: Callable[[str, Any], Any],
) -> Given:
    """The arguments of a call with `leaf(name, given)` for all that they hold."""
    if bound is None:
        return tuple(descend(a, leaf, "") for a in args), kwargs
    made: dict[str, Any] = {}
    for name, given in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            made[name] = tuple(descend(a, leaf, f"{name}[{i}]") for i, a in enumerate(given))
        elif kind is inspect.Parameter.VAR_KEYWORD:
            made[name] = {k: descend(a, leaf, k) for k, a in given.items()}
        else:
            made[name] = descend(given, leaf, name)
    full = inspect.BoundArguments(bound.signature, made)
    return full.args, full.kwargs


def name(**values: Any) -> Any:
    """Give values the names of the keywords, and return them.

    >>> from backviz import Value
    >>> x, w = name(x=Value(2.0), w=Value(-1.0))
    >>> x.label, w.label
    ('x', 'w')
    """
    for label, value in values.items():
        if not isinstance(value, Value):
            raise InputError(
                _(
                    "name: {label} is {article}, not a recorded value",
                    label=label,
                    article=article(value),
                )
            )
        value.label = label
    return next(iter(values.values())) if len(values) == 1 else tuple(values.values())


def _as_leaf(given: Any, label: str) -> Any:
    """A leaf for what has a derivative; anything else as it is."""
    if isinstance(given, Value):
        return give_leaf(label, given)
    if not kind_of(given):
        return given
    try:
        return Value(given, label, requires_grad=True)
    except (TypeError, ValueError):  # complex numbers, rows of unequal length
        return given


def article(x: Any) -> str:
    """What kind of thing it is, with its article.

    >>> import numpy as np
    >>> article(3), article(2.0), article(np.zeros(2)), article(None)
    ('an int', 'a float', 'an ndarray', 'nothing')
    """
    kind = type(x).__name__
    vowel = kind[0] in "aeiouAEIO" or kind.startswith("nd")
    if x is None:
        return _("nothing")
    return _("an {kind}", kind=kind) if vowel else _("a {kind}", kind=kind)
