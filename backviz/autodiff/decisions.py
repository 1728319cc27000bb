"""Where a program looked at a recorded number: in a condition, as an index, as a plain number.

A record holds what was computed, not why. `if x > 1` leaves no trace in it, so a record that is
run again on other numbers would go on along the branch of the old ones. What was asked is kept
here in a small form, from which it can be asked anew.

Invariant: no record is kept alive; a question that cannot be asked anew counts as one that may
have another answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backviz.autodiff.custody import serials, since_of
from backviz.autodiff.data import quietly
from backviz.autodiff.recording import is_ours, line_of, mode, outside
from backviz.errors import BackvizError
from backviz.language import _

if TYPE_CHECKING:
    from backviz.autodiff.op import Op
    from backviz.autodiff.operand import Params
    from backviz.autodiff.value import Value

MOST = 10_000  # questions that are kept, the latest
NEAR = 8  # values behind one that are kept with it
LARGEST = 1_000  # entries of an array that is kept


class Link(NamedTuple):
    """A value behind a question; `raw` is `None` if it was computed, or is too large to keep."""

    serial: int
    op: Op | None
    params: Params
    inputs: tuple[int, ...]
    raw: Any


class Asked(NamedTuple):
    """A question: when, where, about the last of these values, and what the answer was.

    It is `sure` to have to do with what is recorded next if it was asked for an index, or by a
    program that was run in order to be recorded.
    """

    when: float
    sure: bool
    answer: Any
    place: str
    links: tuple[Link, ...]
    code: CodeType
    at: int


_asked: deque[Asked] = deque(maxlen=MOST)


def note(value: Value, answer: Any, *, ours: bool = False, sure: bool = False) -> None:
    """A program has looked at the number of a value: `answer` is the truth or the number it got.

    Questions of this package itself are passed over, unless they hand on what a person asked
    (`ours`).
    """
    if (value.first is None and not value.origin.wants) or not mode().record:
        return
    import sys

    if not ours and is_ours(sys._getframe(2).f_code.co_filename):
        return
    frame = outside()
    place = line_of(frame.f_code.co_filename, frame.f_lineno)
    answer = _kept(answer) if isinstance(answer, np.ndarray) else answer
    _asked.append(Asked(next(serials), sure or mode().lines, answer, place, _links(value),
                        frame.f_code, frame.f_lasti))  # fmt: skip


class Large(NamedTuple):
    """What is kept of a large array: enough to tell whether it is still the same."""

    shape: tuple[int, ...]
    total: float
    ends: tuple[float, float]


def _kept(array: np.ndarray) -> np.ndarray | Large:
    if array.size <= LARGEST:
        return array.copy()
    ends = float(array.flat[0]), float(array.flat[-1])
    return Large(array.shape, float(quietly(np.sum, array)), ends)


def _links(value: Value) -> tuple[Link, ...]:
    """The value and those next behind it, in the order in which they were made."""
    found = {value.serial: value}
    waiting = [value]
    for node in waiting:
        for each in node.inputs:
            if each.serial not in found and len(found) < NEAR:
                found[each.serial] = each
                waiting.append(each)
    return tuple([_link(found[serial]) for serial in sorted(found)])


def _link(v: Value) -> Link:
    raw = v.raw if v.first is None and np.size(v.raw) <= LARGEST else None
    raw = raw.copy() if isinstance(raw, np.ndarray) else raw
    return Link(v.serial, v.op, v.params, tuple([i.serial for i in v.inputs]), raw)


def follow(copies: Mapping[int, int]) -> None:
    """Ask of copies of values what was asked of them: new serial numbers by old ones."""
    made, end = {*copies.values()}, max(copies, default=-1)
    about = (a for a in _asked if a.when < end)
    for asked in [a for a in about if any(link.serial in copies for link in a.links)]:
        links = tuple(
            [
                link._replace(
                    serial=copies.get(link.serial, link.serial),
                    inputs=tuple([copies.get(i, i) for i in link.inputs]),
                )
                for link in asked.links
            ]
        )
        when = 0.5 + max(link.serial for link in links if link.serial in made)
        _asked.append(asked._replace(when=when, links=links))


def questions(values: Sequence[Value]) -> list[Asked]:
    """What was asked while a record was made, and before by what its leaves belong to."""
    if not values:
        return []
    begin, end = values[0].serial, values[-1].serial
    return [asked for asked in _asked if begin < asked.when < end]


def departures(
    values: Sequence[Value], made: Mapping[int, Any], asked_then: Sequence[Asked]
) -> Iterator[str]:
    """Sentences on questions that would be answered otherwise, by these numbers.

    `values` are a record, as `tape` lists it, `made` the data that are other ones now, by serial
    number, `asked_then` its `questions`.
    """
    if not asked_then:
        return
    moved = [v for v in values if v.first is None and v.serial in made]
    moved = moved or [v for v in values if v.serial in made][:1]  # a value that was put in between
    if not moved:
        return
    # what was asked before the latest change of a leaf was asked about other numbers
    since = max(min(v.serial for v in moved), *[since_of(v) for v in moved if v.first is None], -1)
    from backviz.autodiff.printed import only_printed  # in a replay, not at a start

    begin = next((v.serial for v in values if v.first is not None), values[-1].serial)
    end = values[-1].serial
    fixed = [v.raw for v in values if v.first is None and not v.origin.wants]
    held: dict[int, Any] = {}
    if len(_asked) == MOST and since < _asked[0].when < end:
        yield _("this program asks about more numbers than are remembered ({n}), so whether it "
                "would do the same with other numbers cannot be told", n=MOST)  # fmt: skip
    for asked in asked_then:
        if not since < asked.when < end or not _matters(asked, begin, fixed):
            continue
        held = held or {v.serial: v.raw for v in values}
        known, touched = _now(asked, made, held)
        if asked.links[-1].serial not in known:
            yield _("what the program asked at {place} is not in the record, so whether it would "
                    "do the same with other numbers cannot be told", place=asked.place)  # fmt: skip
        elif touched and (said := _departs(asked, known[asked.links[-1].serial])):
            then, _same = _now(asked, {}, held)
            if _departs(asked, then[asked.links[-1].serial]):
                continue  # it was asked about other numbers
            if type(asked.answer) is bool or not only_printed(asked.code, asked.at):
                yield said


def _matters(asked: Asked, begin: int, fixed: Sequence[Any]) -> bool:
    """Whether a question may have had to do with the record that began there.

    A number that somebody read before it, perhaps to print it, has only if it came into it.
    """
    answer = asked.answer
    if asked.sure or asked.when > begin or type(answer) in (bool, int):
        return True
    if isinstance(answer, Large):
        return any(isinstance(x, np.ndarray) and _kept(x) == answer for x in fixed)
    return any(np.shape(x) == np.shape(answer) and np.all(x == answer) for x in fixed)


def _now(
    asked: Asked, made: Mapping[int, Any], held: Mapping[int, Any]
) -> tuple[dict[int, Any], bool]:
    """What the values behind a question hold now, and whether any of it was made anew."""
    known: dict[int, Any] = {}
    touched = False
    for link in asked.links:
        if link.serial in made:
            known[link.serial], touched = made[link.serial], True
        elif link.serial in held:
            known[link.serial] = held[link.serial]
        elif link.op is None:
            if link.raw is not None:
                known[link.serial] = link.raw
        elif all(i in known for i in link.inputs):
            try:
                known[link.serial] = link.op.compute([known[i] for i in link.inputs], link.params)
            except BackvizError:
                continue
    return known, touched


def _departs(asked: Asked, now: Any) -> str:
    """What is said if the answer is another one now; "" if it is the same."""
    before = asked.answer
    if type(before) is bool:
        if bool(np.all(np.not_equal(now, 0))) == before:
            return ""
        if before:
            return _("the condition at {place} was true when this was recorded and is false with "
                     "the new numbers, so the program would take another branch",
                     place=asked.place)  # fmt: skip
        return _("the condition at {place} was false when this was recorded and is true with the "
                 "new numbers, so the program would take another branch",
                 place=asked.place)  # fmt: skip
    if type(before) is int:
        now = np.trunc(now)
    if isinstance(before, Large):
        if isinstance(now, np.ndarray) and repr(_kept(now)) == repr(before):  # NaN is NaN
            return ""
        return _array_departs(asked)
    if np.array_equal(before, now, equal_nan=True):
        return ""
    if np.ndim(before):
        return _array_departs(asked)
    return _("the program read the number {before:.6g} at {place}, where it would read {now:.6g} "
             "now, and what it made of it is not in the record",
             before=float(before), place=asked.place, now=float(now))  # fmt: skip


def _array_departs(asked: Asked) -> str:
    return _("the program read an array at {place} that would hold other numbers now, and "
             "what it made of it is not in the record", place=asked.place)  # fmt: skip
