"""The arguments of a function, taken apart into the leaves that have a derivative and the rest.

Floats and arrays of floats have one. So have whole numbers of Python, until they are used as
such (`autodiff.counts`). Booleans, numpy arrays of whole numbers, text and the rest are
constants: they stay as they were given.
Invariant: for what has no derivative a result holds `None`, never a zero.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from backviz.autodiff.containers import is_leaf, is_numbers, leaves, mapped
from backviz.autodiff.counts import Places, settled
from backviz.autodiff.draws import standing
from backviz.autodiff.meaning import meaning_of
from backviz.autodiff.table import OPS
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _

_NAMELESS = (Value, np.ndarray, float, int)  # what gets no name of its own
Leaves = dict[int, Value]  # by their place in the argument


def kind_of(leaf: Any) -> str:
    """ "number", "whole" for numbers that may turn out to be places, "" for constants.

    >>> [kind_of(x) for x in (2.0, [1.5, 2], 3, [0, 1, 1], np.array([0, 1]), True, "tanh")]
    ['number', 'number', 'whole', 'whole', '', '', '']
    """
    if type(leaf) is float or type(leaf) is int:
        return "number" if type(leaf) is float else "whole"
    if isinstance(leaf, Value):
        return "number" if leaf.requires_grad or not meaning_of(leaf) else ""
    if isinstance(leaf, bool | np.bool_):
        return ""
    if isinstance(leaf, int | np.integer):
        return "whole"
    if isinstance(leaf, float | complex | np.number):
        return "number"
    if is_numbers(leaf):
        try:
            kind = np.asarray(leaf).dtype.kind
        except ValueError:  # rows of unequal length, which `Value` refuses
            return "number"
        return {"b": "", "i": "whole", "u": "whole"}.get(kind, "number")
    return "number" if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fcO" else ""


class Taken:
    """One argument: its leaves, their kinds, and how it is put together again."""

    def __init__(self, tree: Any, name: str) -> None:
        self.tree = tree
        self.is_container = not is_leaf(tree)
        if not self.is_container:
            self.names, self.leaves, self.kinds = [name], [tree], [kind_of(tree)]
            return
        found = [*leaves(tree, name)]
        self.names = [label for label, _other in found]
        self.leaves = [leaf for _other, leaf in found]
        self.kinds = [kind_of(leaf) for leaf in self.leaves]

    def variables(self, plain: Iterable[int] = ()) -> list[int]:
        """The places of the leaves with a derivative, without those that are to stay plain."""
        return [i for i, kind in enumerate(self.kinds) if kind and i not in plain]

    def put(self, new: Mapping[int, Any]) -> Any:
        """The argument with these leaves in their places."""
        return self._mapped(new.get) if self.is_container else new.get(0, self.tree)

    def results(self, made: Mapping[int, Any]) -> Any:
        """The same container with a result for each variable and `None` elsewhere."""
        if not self.is_container:
            return made.get(0)
        return self._mapped(lambda place, leaf: made.get(place))

    def _mapped(self, change: Callable[[int, Any], Any]) -> Any:
        places = iter(range(len(self.leaves)))
        return mapped(self.tree, lambda _other, leaf: change(next(places), leaf))


def taken_apart(
    asked: str, f: Callable[..., Any], which: Sequence[int], args: Sequence[Any]
) -> dict[int, Taken]:
    """The arguments that are asked for, each once; refused if nothing in them has a derivative."""
    taken: dict[int, Taken] = {}
    for i in which:
        given = args[i]
        simple = isinstance(given, _NAMELESS)
        taken[i] = Taken(given, "" if simple else name_of_argument(f, i))
    if not any(any(each.kinds) for each in taken.values()):
        first = next(iter(taken))
        raise InputError(
            _(
                "{asked}: argument {first} is {what}, which has no derivative; {cure}",
                asked=asked,
                first=first,
                what=_said(args[first]),
                cure=_cure(args[first], taken[first].is_container),
            )
        )
    return taken


def run_on_leaves(
    asked: str,
    f: Callable[..., Any],
    taken: Mapping[int, Taken],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> tuple[dict[int, Leaves], Any]:
    """Run `f` on leaves of our own; these, by argument and place, and what it gave."""
    made, output = _run(f, taken, args, kwargs)
    if not any(made.values()):
        raise InputError(
            _(
                "{asked}: the function uses argument {next} as a whole number (an index, a "
                "label, an axis or a count), which has no derivative; name another "
                "argument in argnums, or give floats, as in 3.0",
                asked=asked,
                next=next(iter(made)),
            )
        )
    return made, output


def plain_places(
    f: Callable[..., Any], taken: Mapping[int, Taken], args: Sequence[Any]
) -> frozenset[tuple[int, int]]:
    """Argument and place of the whole numbers that `f` uses as such, found by a run."""
    made, _other = _run(f, taken, args, {})
    return frozenset(
        (i, k) for i, each in taken.items() for k in each.variables() if k not in made[i]
    )


def _run(
    f: Callable[..., Any],
    taken: Mapping[int, Taken],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> tuple[dict[int, Leaves], Any]:
    def build(plain: frozenset[Any]) -> tuple[tuple[list[Any], dict[int, Leaves]], Places]:
        changed, made = list(args), dict[int, Leaves]()
        places: Places = {}
        for i, argument in taken.items():
            own: Leaves = {}
            for k, kind in enumerate(argument.kinds):
                if kind and (i, k) not in plain:
                    own[k] = v = _leaf(argument.leaves[k], argument.names[k])
                    if kind == "whole":
                        places[v.serial] = (i, k)
            changed[i], made[i] = argument.put(own), own
        return (changed, made), places

    (_other, made), output = settled(
        build, lambda built: f(*built[0], **kwargs), lambda: standing(f, args, kwargs)
    )
    return made, output


def name_of_argument(f: Callable[..., Any], position: int) -> str:
    """What a function calls its argument; "" if it does not say.

    >>> name_of_argument(lambda params, x: x, 0)
    'params'
    """
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return ""
    for place, parameter in enumerate(parameters):
        if parameter.kind is parameter.VAR_POSITIONAL:
            return f"{parameter.name}[{position - place}]"
        if place == position:
            return parameter.name
    return ""


def _leaf(given: Any, name: str) -> Value:
    """A value of our own; it has a history if the given one wants a gradient."""
    if isinstance(given, Value):
        made: Value = OPS["identity"](given) if given.requires_grad else Value(given.raw)
        return made
    return Value(given, name, requires_grad=True)


def _said(given: Any) -> str:
    if isinstance(given, np.ndarray):
        return _("an array of {dtype}", dtype=given.dtype)
    if isinstance(given, Value):
        return _("a constant ({meaning})", meaning=meaning_of(given))
    kind = type(given).__name__
    if is_numbers(given):
        return _("of type {kind}, of booleans", kind=kind)
    return _("of type {kind}", kind=kind)


def _cure(given: Any, container: bool) -> str:
    if isinstance(given, np.ndarray) and given.dtype.kind in "iu":
        return _("give floats, as x.astype(float) does, or name another argument in argnums")
    if container:
        return _("put floats or arrays of floats into it, or name another argument in argnums")
    return _(
        "differentiate with respect to numbers, arrays of floats, or dicts, lists, tuples and "
        "dataclasses of them"
    )
