"""A source, recorded and differentiated, with what a person must know about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backviz.autodiff.value import Value


def load_value(src: str, *, differentiate: bool = True, quiet: bool = False) -> Value:
    """Record the source and run the backward pass, unless the source has done so."""
    from backviz.autodiff.backward import backward
    from backviz.cli.terminal import say
    from backviz.explanations import seed_for
    from backviz.sources import load

    value = load(src)
    if differentiate and value.requires_grad and value.grad is None:
        if value.shape and not quiet:
            say(f"the result has shape {value.shape}: the gradients are those of its sum")
        backward(value, seed_for(value))
    return value
