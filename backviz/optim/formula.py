"""The notation of an optimizer's formula: a generator of named lines over operands.

A line is `name ←`, which changes what is kept, `name =`, which names something on the way, or
`rate`, the effective rate, which is not printed. What is yielded is answered with the operand
that has the name from then on. Who runs it decides what the operands are: with symbols it
prints, with arrays it computes, and `program` makes the step out of it that runs in place.

Invariant: there is one text of a formula, and nothing reads it but by running it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from types import SimpleNamespace
from typing import Any

from backviz.autodiff.notation import LOOSE
from backviz.autodiff.symbol import Symbol, as_symbol, numbers_behind
from backviz.language import _
from backviz.optim.options import OPTIONS

Lines = Generator[tuple[str, Any], Any, None]
Hear = Callable[[str, str, Any], Any]  # name, sign and value of a line: what has the name now
NUMBER = "Π"  # the one kept thing that is a number, not an array; it begins at 1

_NEAT = ((re.compile(r"√\(([^()\s·/]+)\)"), r"√\1"), (re.compile(r" / "), "/"),
         (re.compile(r"\^t\b"), "ᵗ"))  # fmt: skip


class Names(SimpleNamespace):
    """What a formula may read: `x.θ`, `x.g`, `x.t` and what is kept, as they are at the line.

    A name that nobody has set yet is made when it is asked for.
    """

    def __init__(self, make: Callable[[str], Any], **known: Any) -> None:
        super().__init__(**known)
        self.__dict__["_make"] = make

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        made = self.__dict__[name] = self._make(name)
        return made


def run(lines: Lines, x: Names, hear: Hear) -> None:
    """Run a formula to its end; `hear` gets every line and answers with what has the name now."""
    answer = None
    while True:
        try:
            label, value = lines.send(answer)
        except StopIteration:
            return
        name, _other, sign = label.partition(" ")
        answer = hear(name, sign, value)
        if sign == "←":
            setattr(x, name, answer)


def given(option: Any) -> bool:
    """Whether an option is there and not 0: a formula asks so, whatever its operands are.

    >>> given(Symbol("μ", data=0.9)), given(0.0)
    (True, False)
    """
    return bool(numbers_behind(option)) if isinstance(option, Symbol) else bool(option)


def when(condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """One or the other, by a condition on numbers; printed as `a if t > 1 else b`.

    >>> when(3 > 1, lambda: 5.0, lambda: 6.0)
    5.0
    >>> str(when(Symbol("t") > 1, lambda: Symbol("a"), lambda: 0))
    'a if t > 1 else 0'
    """
    if isinstance(condition, Symbol):
        asked = str(condition).strip("[]")
        return Symbol(f"{as_symbol(then())} if {asked} else {as_symbol(otherwise())}", LOOSE)
    return then() if condition else otherwise()


def letters(options: Mapping[str, Any]) -> dict[str, Any]:
    """Every option as its letter, which knows the number; flags as they are."""
    made: dict[str, Any] = {}
    for name, option in options.items():
        if name not in OPTIONS:
            made[name] = option
        elif isinstance(option, tuple):
            each = zip(OPTIONS[name].letters, option, strict=True)
            made[name] = tuple(Symbol(letter, data=number) for letter, number in each)
        else:
            made[name] = Symbol(OPTIONS[name].letters[0], data=option)
    return made


def printed(lines: Callable[[Any, Any], Lines], options: Mapping[str, Any]) -> list[str]:
    """The lines of a formula with these options as text, those that are not printed left out."""
    texts: list[str] = []

    def hear(name: str, sign: str, value: Any) -> Any:
        if sign:
            text = str(as_symbol(value))
            for pattern, neat in _NEAT:
                text = pattern.sub(neat, text)
            texts.append(f"{name} {sign} {text}")
        return Symbol(name)

    x = Names(Symbol)
    run(lines(x, SimpleNamespace(**letters(options), base=Symbol("lr₀"))), x, hear)
    return texts


def computed(
    lines: Callable[[Any, Any], Lines], options: Mapping[str, Any], known: Mapping[str, Any]
) -> dict[str, Any]:
    """All that a formula names, by running it on plain arrays and numbers."""
    found: dict[str, Any] = {}

    def hear(name: str, sign: str, value: Any) -> Any:
        found[name] = value
        return value

    def missing(name: str) -> Any:
        raise AttributeError(_("the formula reads {name}, and nothing has that name", name=name))

    x = Names(missing, **known)
    run(lines(x, SimpleNamespace(**options)), x, hear)
    return found
