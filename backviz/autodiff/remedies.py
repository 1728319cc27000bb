"""What to write instead, where a name of numpy or torch does not record: made by hand.

Invariant: a sentence comes from `remedies.txt` or says only that the name is not there. It is
never chosen by spelling: nanmean is spelt like mean, and is another function. It is said in the
language of errors; where it is "write " and code, the code is a gap of one sentence for all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from typing import Any

from backviz.language import N_, _
from backviz.registry import unknown

OPEN = N_("'backviz list ops' shows what there is")


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
    written = _row(name, home)
    if not written:
        return ""
    sentence, values = parted(written)
    return _(sentence, name=name, **values)


def _row(name: str, home: str) -> str:
    said = remedies()
    wanted = (f"{home}.{name}", f"{home}.*", name) if home else (name,)
    return next((said[each] for each in wanted if each in said), "")


def parted(written: str) -> tuple[str, dict[str, str]]:
    """A sentence of the table as it is looked up, and the code that fills its gap.

    >>> parted("write np.sort(x)"), parted("of a vector, write np.sort(x)")
    (('write {code}', {'code': 'np.sort(x)'}), ('of a vector, write np.sort(x)', {}))
    """
    import ast  # when something is refused, not at every start

    code = written.removeprefix("write ")
    if code != written:
        try:
            ast.parse(code, mode="eval")
        except SyntaxError:
            return written, {}
        return N_("write {code}"), {"code": code}
    return written, {}


def code_for(name: str, home: str = "") -> str:
    """What the sentence for a name says to write, or "".

    >>> code_for("partition"), code_for("lgamma")
    ('np.sort(x)', '')
    """
    return _row(name, home).partition("write ")[2].partition(";")[0]


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
    if said := remedy(name, home):
        return _("{called} does not record; {remedy}", called=called, remedy=said)
    return _("{called} does not record; 'backviz list ops' shows what there is. For plain numbers "
             "without a record use x.numpy()", called=called)  # fmt: skip


def operator_refusal(sign: str) -> str:
    """What is said when an operator of Python does not record.

    >>> operator_refusal("<<").partition(";")[0]
    'x << y does not record'
    """
    return _("{called} does not record; {remedy}", called=f"x {sign} y", remedy=remedy(sign))


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
        return _("{kind} has no {name}, which would write into it; write x = x.{base}(…)",
                 kind=_(kind), name=name, base=base)  # fmt: skip
    if not said and name.endswith("_") and not name.startswith("_"):
        base = name.removesuffix("_")
        if found := remedy(base):
            said = _("it would write into the value, and {base} is not there: {remedy}", base=base,
                     remedy=found)  # fmt: skip
    return _("{kind} has no {name}; {remedy}", kind=_(kind), name=name, remedy=said or _(OPEN))


_OPTIONS = {
    "name": N_("the name in pictures is label="),
    "dtype": N_("an array keeps its own precision: tensor(np.asarray(x, np.float32))"),
    "device": N_("numpy computes everything; leave it out"),
    "grad": N_("a gradient is computed by backward(), or set afterwards: x.grad = …"),
    "_children": N_("backviz.micrograd has micrograd's Value"),
    "_op": N_("backviz.micrograd has micrograd's Value"),
}


def made_with(label: Any, option: str = "", *_others: str) -> str:
    """What is said when a value is made with an option that there is not, or with no name.

    >>> made_with("", "name")
    'a value takes no name=; the name in pictures is label='
    >>> made_with(3)
    'a label is a text, not 3; the data come first, the name second: Value(2.0, "a")'
    """
    if option:
        said = _(_OPTIONS.get(option, N_("there are label= and requires_grad=")))
        return _("a value takes no {option}=; {said}", option=option, said=said)
    import reprlib  # not at every start

    return _(
        'a label is a text, not {label}; the data come first, the name second: Value(2.0, "a")',
        label=reprlib.repr(label),
    )
