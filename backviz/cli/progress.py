"""How far a long work is: a bar on standard error, if a person watches.

Invariant: nothing is drawn into a pipe or a file, and the line is clear when the work is done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from backviz.language import _

WIDE = 30  # signs of the bar


class Progress:
    """A block in which a work of so many parts tells how many are done.

    `said` is a marked sentence with the gaps `{done}` and `{n}`.
    """

    def __init__(self, count: int, said: str, quiet: bool) -> None:
        self.count, self.said, self.drawn = count, said, -1
        self.shown = not quiet and sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> Callable[[int], None]:
        return self.tell

    def tell(self, done: int) -> None:
        """Draw the bar, at most a thousand times in all."""
        step = 1000 * done // max(1, self.count)
        if self.shown and step != self.drawn:
            self.drawn = step
            full = WIDE * done // max(1, self.count)
            bar = "#" * full + "." * (WIDE - full)
            said = _(self.said, done=done, n=self.count)
            click.echo(f"\r{bar} {said}", nl=False, err=True)

    def __exit__(self, *_other: object) -> None:
        if self.shown:
            click.echo("\r" + " " * 60 + "\r", nl=False, err=True)
