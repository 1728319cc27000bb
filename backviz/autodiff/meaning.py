"""What the numbers of a recorded value stand for: a mask, positions, or just numbers.

Invariant: data are floats always; what they stand for follows numpy's rules for booleans and
whole numbers, from the op that made them (`Op.gives`) or, for a constant, from its origin.
A gradient never depends on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.autodiff.counts import used_whole
from backviz.autodiff.decisions import note
from backviz.autodiff.origin import CONSTANT, MASK, POSITIONS, Origin
from backviz.language import N_, _

if TYPE_CHECKING:
    from backviz.autodiff.op import Op
    from backviz.autodiff.value import Value

MOST = 1000  # values that are looked at; what is made of more is just numbers


def meaning_of(value: Value) -> str:
    """ "mask", "positions", or "" for numbers.

    >>> from backviz import tensor
    >>> x = tensor([3.0, 1.0])
    >>> meaning_of(x > 2), meaning_of((x > 0) * (x > 2)), meaning_of(x.argmax()), meaning_of(x)
    ('mask', 'mask', 'positions', '')
    """
    found: dict[int, str] = {}
    stack = [value]
    while stack:
        node = stack[-1]
        inputs = _passed_on(node)
        waiting = [v for v in inputs if v.serial not in found]
        if not waiting:
            found[node.serial] = _of_one(node, [found[v.serial] for v in inputs])
            stack.pop()
        elif len(found) + len(stack) > MOST:
            return ""
        else:
            stack.append(waiting[0])
    return found[value.serial]


def constant_origin(op: Op, inputs: tuple[Value, ...]) -> Origin:
    """The origin of a result that is not recorded: it keeps what it stands for."""
    gives = op.gives
    if gives in CONSTANTS:
        return CONSTANTS[gives]
    if inputs[-1].origin.wants:  # what has a derivative is a number, and makes numbers
        return CONSTANT
    for v in inputs:
        origin = v.origin
        if origin.meaning or (origin.op is not None and origin.op.gives):
            break
    else:  # the usual case: numbers only
        return CONSTANT
    passed = inputs[1:] if op.name == "where" else inputs
    return CONSTANTS[_joined(op.gives, passed, [meaning_of(v) for v in passed])]


def meaning_of_data(data: Any) -> str:
    """What plain data stand for: booleans are a mask, a numpy array of whole numbers positions.

    Whole numbers of Python are numbers, as they are in `x**2` and `2 * x`.

    >>> meaning_of_data([True, False]), meaning_of_data(np.arange(3)), meaning_of_data([0, 1])
    ('mask', 'positions', '')
    """
    if type(data) is int:
        return ""
    if isinstance(data, np.ndarray):
        kind = data.dtype.kind
        return "mask" if kind == "b" else "positions" if kind in "iu" else ""
    first = data
    while isinstance(first, list | tuple) and first:
        first = first[0]
    return "mask" if isinstance(first, bool | np.bool_) and np.asarray(data).dtype == bool else ""


def plain_array(value: Value) -> np.ndarray:
    """The data as numpy would hold them: booleans for a mask, whole numbers for positions."""
    note(value, value.raw, ours=True)
    meaning = meaning_of(value)
    if meaning == "mask":
        return np.asarray(np.not_equal(value.raw, 0))
    whole = meaning == "positions" or (
        used_whole(value) and np.all(value.raw == np.rint(value.raw))
    )
    made: np.ndarray = np.array(value.raw, dtype=np.intp if whole else None)
    return made


_NUMBER = {
    "&": N_(
        "{sign} combines conditions, as in (x > 1) {sign} (x < 3) with these brackets; here is a "
        "number, of which x != 0 would make a condition"
    ),
    "^": N_(
        "{sign} combines conditions, as in (x > 1) {sign} (x < 3) with these brackets; here is a "
        "number, of which x != 0 would make a condition; a power is written **"
    ),
    "~": N_(
        "{sign} turns a condition round, as in ~(x > 1) with these brackets; here is a number, of "
        "which x != 0 would make a condition"
    ),
}


def refuse_numbers(sign: str, operands: tuple[Any, ...]) -> None:
    """Refuse `&`, `|`, `^` and `~` of what is no condition, as numpy does for floats."""
    from backviz.autodiff.value import Value

    for each in operands:
        if isinstance(each, Value):
            fits = meaning_of(each) == "mask"
        elif isinstance(each, bool | int | float | np.ndarray | np.generic | list):
            fits = np.asarray(each).dtype.kind == "b"
        else:  # a symbol
            continue
        if not fits:
            raise TypeError(_(_NUMBER.get(sign, _NUMBER["&"]), sign=sign))


def _passed_on(node: Value) -> tuple[Value, ...]:
    """The inputs that decide what a value stands for, if the op itself does not."""
    op = node.op
    if op is None or op.gives in CONSTANTS:
        return ()
    return node.inputs[1:] if op.name == "where" else node.inputs


def _of_one(node: Value, inputs: list[str]) -> str:
    op = node.op
    if op is None:
        return node.origin.meaning
    return op.gives if op.gives in CONSTANTS else _joined(op.gives, _passed_on(node), inputs)


def _joined(gives: str, inputs: tuple[Value, ...], meanings: list[str]) -> str:
    """What the operands are, all of them; a whole number beside positions is one as well."""
    if gives == "alike" and meanings and all(m == "mask" for m in meanings):
        return "mask"
    whole = (m or (v.is_leaf and _is_whole(v)) for m, v in zip(meanings, inputs, strict=True))
    return "positions" if any(meanings) and all(whole) else ""


def _is_whole(value: Value) -> bool:
    return not value.requires_grad and bool(np.all(np.rint(value.raw) == value.raw))


CONSTANTS = {"": CONSTANT, "mask": MASK, "positions": POSITIONS}
