"""How a value came about: its op and all that is rarely set.

Invariant: an origin is never changed once values share it; a value that gets a label
gets an origin of its own. So a plain result costs no memory beyond its slots.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, final

from backviz.autodiff.operand import NO_PARAMS, Params

if TYPE_CHECKING:
    from collections.abc import Callable

    from backviz.autodiff.op import Op


@final
class Origin:
    """The op (None for a leaf), its params, the label, and where in the source it was called.

    `scope` is the part of the whole, such as a layer, in which it was recorded, where that is
    noted. `wants` says whether the value wants a gradient; `slope` is the rule of a function of
    one operand without params, which the sweep calls by itself; `freed` marks a value whose
    inputs were given up; `meaning` is what a constant stands for (`autodiff.meaning`); `learns`
    marks a parameter of a module.
    """

    __slots__ = (
        "freed",
        "label",
        "learns",
        "meaning",
        "op",
        "params",
        "scope",
        "slope",
        "wants",
        "where",
    )

    op: Op | None
    params: Params
    label: str
    wants: bool
    where: str
    scope: str
    freed: bool
    meaning: str
    learns: bool
    slope: Callable[..., Any] | None

    def __init__(
        self,
        op: Op | None = None,
        params: Params = NO_PARAMS,
        label: str = "",
        *,
        wants: bool = True,
        where: str = "",
        scope: str = "",
        freed: bool = False,
        meaning: str = "",
        learns: bool = False,
    ) -> None:
        self.freed = freed
        self.learns = learns
        self.meaning = meaning
        self.op = op
        self.params = params
        self.label = label
        self.wants = wants
        self.where = where
        self.scope = scope
        self.slope = None if params or op is None or not op.is_function else op.rules[0]

    def but(self, **changes: Any) -> Origin:
        """The same origin with something changed.

        >>> Origin(label="a").but(label="b").label
        'b'
        """
        names = ("op", "params", "label", "wants", "where", "scope", "freed", "meaning", "learns")
        return Origin(**{**{name: getattr(self, name) for name in names}, **changes})

    def __deepcopy__(self, memo: Any) -> Origin:
        return self

    def __reduce__(self) -> Any:
        for name in ("SUM", "PRODUCT", "LEAF", "CONSTANT", "MASK", "POSITIONS", "FREED"):
            if self is globals()[name]:
                return name
        kept = (
            self.op,
            self.params,
            self.label,
            self.wants,
            self.where,
            self.scope,
            self.meaning,
            self.learns,
        )
        return Origin._again, kept

    @staticmethod
    def _again(
        op: Op | None,
        params: Params,
        label: str,
        wants: bool,
        where: str,
        scope: str = "",
        meaning: str = "",
        learns: bool = False,
    ) -> Origin:
        return Origin(
            op, params, label, wants=wants, where=where, scope=scope, meaning=meaning, learns=learns
        )


def place(origin: Origin, where: str, scope: str) -> Origin:
    """The same origin in a line of the source and in a part of the whole.

    Ops without options that a line records in a loop share one origin, as they do elsewhere.
    """
    return _placed(origin, where, scope) if not origin.params else _at(origin, where, scope)


def _at(origin: Origin, where: str, scope: str) -> Origin:
    return origin.but(where=where, scope=scope)


_placed = lru_cache(maxsize=1024)(_at)

LEAF = Origin()
CONSTANT = Origin(wants=False)
MASK = Origin(wants=False, meaning="mask")
POSITIONS = Origin(wants=False, meaning="positions")
FREED = Origin(freed=True)  # a value whose inputs were given up by a backward pass
# The sum and the product of two floats that both want gradients, as recorded by the operators
# themselves. `ops.arithmetic` says which ops they are.
SUM = Origin()
PRODUCT = Origin()
