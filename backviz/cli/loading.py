"""A source, recorded and differentiated, with what a person must know about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backviz.language import _

if TYPE_CHECKING:
    from backviz.autodiff.value import Value


@dataclass(frozen=True, slots=True)
class Loaded:
    """A result and its tape, which was walked for once and serves whoever reads the record.

    `beside` are further results, which were not differentiated; they are in the tape, too.
    """

    value: Value
    values: list[Value]
    beside: tuple[Value, ...] = ()


def load_loaded(src: str, *, quiet: bool = False, lines: bool = False) -> Loaded:
    """The result of a source as text tells it, not differentiated; see `load_record`."""
    from backviz.cli.terminal import say
    from backviz.sources.files import is_file_source

    if lines and not quiet and not is_file_source(src):
        say(_("--lines changes nothing here: an expression has no lines"))
    return load_record(src, differentiate=False, quiet=quiet, lines=lines)


def load_record(
    src: str,
    *,
    differentiate: bool = True,
    quiet: bool = False,
    order: int = 1,
    wrt: str = "",
    expand: str = "",
    passes: int = 1,
    lines: bool = False,
) -> Loaded:
    """Record the source and run the backward pass on a clean slate.

    With `expand`, composite ops ("all", or names with commas) are recorded as their parts.
    With `wrt`, the derivative of order `order - 1` for that leaf takes the place of the result.
    `lines` notes the line of a file that computed each value.
    Several `passes` follow each other without `zero_grad`, so leaves add up.
    """
    from contextlib import nullcontext

    from backviz.autodiff.backward import backward, seed_for, tape
    from backviz.autodiff.orders import derivative
    from backviz.autodiff.recording import expanded, source_lines
    from backviz.cli.terminal import say
    from backviz.names import told_apart
    from backviz.sources import load_all
    from backviz.sources.files import is_file_source

    noted = source_lines() if lines and is_file_source(src) else nullcontext()
    names = [] if expand in ("", "all") else [name.strip() for name in expand.split(",")]
    with noted, expanded(*names) if expand else nullcontext() as met:
        value, *beside = load_all(src, None if quiet else say)
    if met is not None and not met and not quiet:
        say(_("--expand changes nothing here: there is no such op in the computation"))
    values = tape(value, *beside)
    if _forget_gradients(values) and not quiet:
        say(
            _(
                "the gradients that the file had computed are left out: shown are those of "
                "the result"
            )
        )
    if wrt:
        value = derivative(value, wrt, order - 1, values)
        values = tape(value, *beside)
        _forget_gradients(values)
    if differentiate and value.requires_grad:
        if value.shape and not quiet:
            say(
                _(
                    "the result has shape {shape}: the gradients are those of its sum",
                    shape=value.shape,
                )
            )
        for _each in range(passes):
            backward(value, seed_for(value))
    if beside and not quiet:
        called = told_apart({v.serial: v.label for v in (value, *beside)})
        say(
            _(
                "the gradients are those of {name}, the first of {n} results",
                name=called[value.serial],
                n=len(called),
            )
        )
    return Loaded(value, values, tuple(beside))


def check_order(order: int, wrt: str, needs_leaf: bool) -> None:
    """Whether --order and --wrt go together; `needs_leaf` if one function has to be picked."""
    from backviz.errors import UsageError

    if needs_leaf and order > 1 and not wrt:
        raise UsageError(_("--order needs --wrt NAME here: the leaf to derive for"))
    if wrt and order < 2:
        raise UsageError(
            _("--wrt goes with --order 2 or more, which says the order of derivatives")
        )


def check_passes(passes: int, order: int, forward_only: bool) -> None:
    """Whether there are backward passes that can be repeated."""
    from backviz.errors import UsageError

    if passes > 1 and (order > 1 or forward_only):
        raise UsageError(
            _("--passes repeats the backward pass of a graph; leave out --order, and forward alone")
        )


def _forget_gradients(values: Iterable[Value]) -> bool:
    """Clear what backward passes in a file have left; whether there was anything."""
    left = [v for v in values if v.grad is not None]
    for value in left:
        value.zero_grad()
    return bool(left)
