"""What all artists share: a key, read-only arrays, a color that exists.

Invariant: an artist is frozen, its arrays are read-only copies, and it knows nothing of
pixels. It is checked when it is made, so that drawing never meets a wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backviz.errors import InputError, ShapeError
from backviz.language import _

Array = NDArray[np.float64]
Color = int | str
COLORS = ("ink", "muted", "forward", "gradient")


@dataclass(frozen=True, slots=True, eq=False)
class Artist:
    """The part that all artists share; use one of its kinds.

    Two artists are equal if they have the same kind and the same data.
    """

    arrays: ClassVar[tuple[str, ...]] = ()
    alike: ClassVar[tuple[str, ...]] = ()  # vectors that must have one length
    facts: ClassVar[tuple[str, ...]] = ()  # what else is data, not looks

    key: str

    def __post_init__(self) -> None:
        for name in self.arrays:
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, self._frozen(name, given))
        lengths = {n: getattr(self, n).shape for n in self.alike if getattr(self, n) is not None}
        if any(len(shape) != 1 for shape in lengths.values()) or len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} {shape}" for name, shape in lengths.items())
            raise ShapeError(
                _(
                    "{kind} {key!r} needs vectors of one length; it got {listed}",
                    kind=type(self).__name__,
                    key=self.key,
                    listed=listed,
                )
            )
        color = getattr(self, "color", 0)
        if isinstance(color, str) and color not in COLORS:
            raise InputError(
                _(
                    "{kind} {key!r}: unknown color {color!r}; use a series number or one of "
                    "{known}",
                    kind=type(self).__name__,
                    key=self.key,
                    color=color,
                    known=", ".join(COLORS),
                )
            )

    def _frozen(self, name: str, given: ArrayLike) -> Array:
        try:
            array = np.array(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(
                _(
                    "{kind} {key!r}: {name} is no array of numbers",
                    kind=type(self).__name__,
                    key=self.key,
                    name=name,
                )
            ) from None
        array.setflags(write=False)
        return array

    def data(self) -> dict[str, Any]:
        """What the artist shows, without its looks.

        >>> from backviz.scenes.artists import Line
        >>> sorted(Line("loss", [0, 1], [3, 2], label="training").data())
        ['x', 'y']
        """
        told = {name: getattr(self, name) for name in (*self.arrays, *self.facts)}
        return {name: value for name, value in told.items() if value is not None}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Artist) or type(self) is not type(other):
            return False
        return all(
            np.array_equal(a, b, equal_nan=True) if isinstance(a, np.ndarray) else bool(a == b)
            for a, b in ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        )

    __hash__ = None  # type: ignore[assignment]
