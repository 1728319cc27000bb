"""What to write instead, where a name of numpy or torch does not record: made by hand.

Invariant: a sentence comes from `remedies.txt` or says only that the name is not there. It is
never chosen by spelling: nanmean is spelt like mean, and is another function.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from typing import Any

from backviz.registry import unknown

OPEN = "'backviz list ops' shows what there is"


@cache
def remedies() -> dict[str, str]:
    """The sentence for each name, `{name}` unfilled.

    >>> remedies()["ptp"]
    'write np.max(x) - np.min(x)'
    """
    table: dict[str, str] = {}
    place = os.path.join(os.path.dirname(__file__), "remedies.txt")  # noqa: PTH118, PTH120
    with open(place, encoding="utf-8") as file:  # noqa: PTH123  (to import pathlib takes 4 ms)
        text = file.read()
    for line in text.splitlines():
        names, bar, sentence = line.partition(" | ")
        if bar and not line.startswith("#"):
            table |= dict.fromkeys(names.split(), sentence)
    return table


def remedy(name: str, home: str = "") -> str:
    """The sentence for a name, or "" if nobody has written one; `home` is its module.

    A line for `fft.*` goes for every name of that module.

    >>> remedy("trace", "linalg")[:12], remedy("arcsin")
    ('write np.sum', '')
    """
    said = remedies()
    wanted = (f"{home}.{name}", f"{home}.*", name) if home else (name,)
    return next((said[each] for each in wanted if each in said), "").format(name=name)


def code_of(sentence: str) -> str:
    """What a sentence says to write, or "".

    >>> code_of(remedy("partition")), code_of(remedy("lgamma"))
    ('np.sort(x)', '')
    """
    return sentence.partition("write ")[2].partition(";")[0]


def unknown_op(kind: str, name: str, known: Iterable[str], otherwise: str = "") -> str:
    """As `registry.unknown`, but a name that numpy or torch has gets its sentence, no guess.

    >>> unknown_op("op", "ptp", ["pow", "tanh"])
    "unknown op 'ptp'; write np.max(x) - np.min(x)"
    >>> unknown_op("op", "tahn", ["arcsin", "tanh"])
    "unknown op 'tahn'; did you mean 'tanh'?"
    """
    said = remedy(name)
    return unknown(kind, name, (), said) if said else unknown(kind, name, known, otherwise)


def function_refusal(name: str, module: str = "numpy") -> str:
    """What is said when a function of numpy does not record.

    >>> function_refusal("ptp")
    'np.ptp does not record; write np.max(x) - np.min(x)'
    """
    home = module.removeprefix("numpy").removeprefix(".").removeprefix("_")
    called = f"{module.replace('numpy', 'np', 1)}.{name}"
    said = remedy(name, home) or f"{OPEN}. For plain numbers without a record use x.numpy()"
    return f"{called} does not record; {said}"


def operator_refusal(sign: str) -> str:
    """What is said when an operator of Python does not record.

    >>> operator_refusal("<<").partition(";")[0]
    'x << y does not record'
    """
    return f"x {sign} y does not record; {remedy(sign)}"


def attribute_refusal(name: str, kind: str, has: bool) -> str:
    """What is said when a value has no such attribute; `has` says that in-place name_ is known.

    >>> attribute_refusal("ptp", "a recorded value", False)
    'a recorded value has no ptp; write np.max(x) - np.min(x)'
    >>> attribute_refusal("tanh_", "a recorded value", True)
    'a recorded value has no tanh_, which would write into it; write x = x.tanh(…)'
    """
    said = remedy(name, "x")
    if not said and has:
        base = name.removesuffix("_")
        return f"{kind} has no {name}, which would write into it; write x = x.{base}(…)"
    if not said and name.endswith("_") and not name.startswith("_"):
        base = name.removesuffix("_")
        said = remedy(base) and f"it would write into the value, and {base} is not there: " + (
            remedy(base)
        )
    return f"{kind} has no {name}; {said or OPEN}"


_OPTIONS = {
    "name": "the name in pictures is label=",
    "dtype": "an array keeps its own precision: tensor(np.asarray(x, np.float32))",
    "device": "numpy computes everything; leave it out",
    "grad": "a gradient is computed by backward(), or set afterwards: x.grad = …",
    "_children": "backviz.micrograd has micrograd's Value",
    "_op": "backviz.micrograd has micrograd's Value",
}


def made_with(label: Any, option: str = "", *_: str) -> str:
    """What is said when a value is made with an option that there is not, or with no name.

    >>> made_with("", "name")
    'a value takes no name=; the name in pictures is label='
    >>> made_with(3)
    'a label is a text, not 3; the data come first, the name second: Value(2.0, "a")'
    """
    if option:
        said = _OPTIONS.get(option, "there are label= and requires_grad=")
        return f"a value takes no {option}=; {said}"
    import reprlib  # not at every start

    return (
        f"a label is a text, not {reprlib.repr(label)}; the data come first, the name second: "
        'Value(2.0, "a")'
    )
