"""A part of a network: what it holds, what it computes, and its state.

Invariant: what a module holds is read from its attributes, in the order of assignment, and
nowhere else. Recorded values that are leaves are parameters, modules are submodules, both
also inside lists, tuples and dictionaries; buffers are the attributes that `BUFFERS` names.
An attribute that begins with an underscore is the module's own affair. State is loaded as a
whole or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any, ClassVar, Self

import numpy as np

from backviz.autodiff.containers import OBJECTS
from backviz.autodiff.data import as_data
from backviz.autodiff.recording import scope, scoping
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import N_, _

State = dict[str, Any]
_around: ContextVar[Module | None] = ContextVar("module", default=None)


class Module:
    """A layer or a network: a subclass sets attributes and writes `forward`.

    Calling a module runs `forward`. `training` says whether dropout and batch norm behave as in
    training. Parameters get a label for pictures at the first call, unless they have one: W1, b1, …
    by `SYMBOLS`, else the attribute's dotted name.

    >>> from backviz import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope = Value(2.0)
    ...     def forward(self, x):
    ...         return self.slope * x
    >>> line = Line()
    >>> y = line(3.0)
    >>> y.data, line.slope.label, line.state_dict()
    (6.0, 'slope', {'slope': 2.0})
    """

    BUFFERS: ClassVar[tuple[str, ...]] = ()
    SYMBOLS: ClassVar[Mapping[str, str]] = {}  # how parameters are called in pictures
    TURNED: ClassVar[tuple[str, ...]] = ()  # beginnings of names that torch keeps transposed

    training: bool = True
    _labelled: bool = False

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module computes; a subclass writes it."""
        raise NotImplementedError(_("{name} has no forward(self, x)", name=type(self).__name__))

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run `forward`; inside `scoped()` what it records is marked as this module's."""
        if not self._labelled:
            self.label_parameters()
        if not scoping():
            return self.forward(*inputs, **options)
        outer = _around.get()
        token = _around.set(self)
        try:
            with scope(_name_within(outer, self)):
                return self.forward(*inputs, **options)
        finally:
            _around.reset(token)

    # What it holds -------------------------------------------------------------------

    def named_modules(self) -> list[tuple[str, Module]]:
        """This module, named "", and all inside it with dotted names; each once.

        >>> from backviz.nn import MLP
        >>> [name for name, _ in MLP(2, [3, 1], seed=0).named_modules()]
        ['', '0', '1', '2']
        """
        first: dict[int, tuple[str, Module]] = {}
        for name, module in walk(self):
            first.setdefault(id(module), (name, module))
        return list(first.values())

    def modules(self) -> list[Module]:
        """This module and all inside it, each once."""
        return [module for _other, module in self.named_modules()]

    def named_parameters(self) -> list[tuple[str, Value]]:
        """The parameters with their dotted names; a shared one once.

        A module's own stand before those of its submodules, as in torch.

        >>> from backviz.nn import MLP
        >>> [name for name, _ in MLP(2, [3, 1], seed=0).named_parameters()]
        ['0.weight', '0.bias', '2.weight', '2.bias']
        """
        first: dict[int, tuple[str, Value]] = {}
        for name, owner, attribute in _state(self):
            if not attribute:
                first.setdefault(id(owner), (name, owner))
        return list(first.values())

    def parameters(self) -> list[Value]:
        """The parameters in the order of their names; a shared one once."""
        return [value for _other, value in self.named_parameters()]

    def label_parameters(self) -> Self:
        """Give every parameter without a label a short name for pictures.

        The first call of a module does this. Layers of one kind are numbered, if there are
        several: W1, b1, W2, b2.

        >>> from backviz.nn import MLP
        >>> [p.label for p in MLP(2, [3, 1], seed=0).label_parameters().parameters()]
        ['W1', 'b1', 'W2', 'b2']
        """
        named = self.named_modules()
        kinds = [next(iter(m.SYMBOLS.values()), "") for _other, m in named]
        in_all, so_far = Counter(kinds), Counter[str]()
        for (path, module), kind in zip(named, kinds, strict=True):
            so_far[kind] += 1
            number = str(so_far[kind]) if in_all[kind] > 1 else ""
            for name, held in _held(module):
                if isinstance(held, Value):
                    dotted = f"{path}.{name}" if path else name
                    label = held.label or module.symbol(name, number) or dotted
                    held.origin = held.origin.but(label=label, learns=True)
            module._labelled = True
        return self

    def symbol(self, name: str, number: str) -> str:
        """How a parameter is called in pictures, or "" for its dotted name."""
        return self.SYMBOLS[name] + number if name in self.SYMBOLS else ""

    # State ---------------------------------------------------------------------------

    def state_dict(self) -> State:
        """Copies of all parameters and buffers under their dotted names, as in torch.

        Arrays are numpy arrays, single numbers are plain ones; `np.savez(path, **state)` stores it.

        >>> from backviz.nn import Linear
        >>> Linear(2, 1, init="ones").state_dict()
        {'weight': array([[1.],
               [1.]]), 'bias': array([0.])}
        """
        return {name: _copied(_current(*at)) for name, *at in _state(self)}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over a state, in place: parameters stay the same values with new numbers.

        Raises `InputError` if names are missing or unexpected or a shape is wrong, and has
        loaded nothing then. Gradients are left alone.

        >>> from backviz.nn import Linear
        >>> Linear(2, 1, init="ones").load_state_dict({"weight": [[1], [2]]})
        Traceback (most recent call last):
        ...
        backviz.errors.InputError: the state does not fit Linear(2, 1): missing bias
        """
        entries = list(_state(self))
        fitting, wrong = _fitting({name: _current(*at) for name, *at in entries}, state)
        if wrong:
            title = repr(self).partition("\n")[0].rstrip("(")
            raise InputError(
                _("the state does not fit {title}: {list}", title=title, list="; ".join(wrong))
            )
        for name, owner, attribute in entries:
            new = fitting[name]
            if attribute:
                setattr(owner, attribute, new)
            elif owner.shape:
                owner.data[...] = new
            else:
                owner.data = new
        return self

    def train(self, training: bool = True) -> Self:
        """Behave as in training, here and in all modules inside."""
        for module in self.modules():
            module.training = training
        return self

    def eval(self) -> Self:
        """Behave as in use: dropout passes everything, batch norm takes its running numbers."""
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or make them 0."""
        for value in self.parameters():
            value.zero_grad(set_to_none)

    # Looks ---------------------------------------------------------------------------

    def details(self) -> str:
        """What stands between the brackets of the repr, for a module without submodules."""
        return ""

    def __repr__(self) -> str:
        parts = [(name, held) for name, held in _held(self) if isinstance(held, Module)]
        if not parts:
            return f"{type(self).__name__}({self.details()})"
        lines = [f"  ({name}): {held!r}".replace("\n", "\n  ") for name, held in parts]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])


OBJECTS.append(Module)  # `grad` gives the gradients of a module as a module


def _held(module: Module) -> Iterator[tuple[str, Value | Module]]:
    """The parameters and submodules among the attributes, also inside lists and dictionaries."""
    waiting = [(n, h) for n, h in reversed(vars(module).items()) if not n.startswith("_")]
    while waiting:
        name, held = waiting.pop()
        if isinstance(held, Module) or (isinstance(held, Value) and held.is_leaf):
            yield name, held
        elif isinstance(held, list | tuple):
            waiting += [(f"{name}.{i}", each) for i, each in enumerate(held)][::-1]
        elif isinstance(held, dict):
            waiting += [(f"{name}.{key}", each) for key, each in held.items()][::-1]


def walk(root: Module) -> Iterator[tuple[str, Module]]:
    """All modules in order, with their names; a shared one as often as it has names."""
    waiting: list[tuple[str, Module, frozenset[int]]] = [("", root, frozenset())]
    while waiting:
        path, module, above = waiting.pop()
        yield path, module
        inside = above | {id(module)}
        prefix = f"{path}." if path else ""
        waiting += [
            (prefix + name, held, inside)
            for name, held in _held(module)
            if isinstance(held, Module) and id(held) not in inside
        ][::-1]


def _state(root: Module) -> Iterator[tuple[str, Any, str]]:
    """Every name of the state: with a parameter and "", or a module and the buffer's attribute."""
    for path, module in walk(root):
        prefix = f"{path}." if path else ""
        for name, held in _held(module):
            if isinstance(held, Value):
                yield prefix + name, held, ""
        for name in module.BUFFERS:
            if getattr(module, name) is not None:
                yield prefix + name, module, name


def _current(owner: Any, attribute: str) -> Any:
    return getattr(owner, attribute) if attribute else owner.raw


def _copied(data: Any) -> Any:
    return data.copy() if isinstance(data, np.ndarray) else data


def _fitting(current: State, state: Mapping[str, Any]) -> tuple[State, list[str]]:
    """The new numbers, each of the kind that is there now, and what does not fit."""
    wrong = []
    for what, names in (
        (N_("missing {names}"), [n for n in current if n not in state]),
        (N_("unexpected {names}"), [n for n in state if n not in current]),
    ):
        if names:
            wrong.append(_(what, names=", ".join(map(str, names))))
    made: State = {}
    for name, old in current.items():
        if name not in state:
            continue
        given = state[name].raw if isinstance(state[name], Value) else state[name]
        try:
            new = as_data(given)
        except (TypeError, ValueError):
            wrong.append(_("{name} is no array of numbers", name=name))
            continue
        if np.shape(new) != np.shape(old):
            wrong.append(
                _("{name} has the shape {shape} instead of {wanted}", name=name,
                  shape=np.shape(new), wanted=np.shape(old))
            )  # fmt: skip
        elif isinstance(old, int):
            number = np.asarray(given).item()
            if not float(number).is_integer():
                wrong.append(_("{name} is a whole number, not {number}", name=name, number=number))
                continue
            made[name] = int(number)  # of the number as given: exact beyond 2⁵³ as well
        else:
            made[name] = _copied(new)
    return made, wrong


def _name_within(outer: Module | None, inner: Module) -> str:
    """What a module is called in the one that calls it."""
    for name, each in outer.named_modules()[1:] if outer is not None else ():
        if each is inner:
            return name
    return type(inner).__name__
