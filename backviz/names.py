"""What the values of a record are called, and which one a typed name means.

Invariant: a name is borne by one value only, and every name can be typed on any keyboard.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from backviz.errors import InputError
from backviz.language import _
from backviz.registry import unknown
from backviz.text import clean

SUGGESTED = 500  # names among which a mistyped one is looked for
LISTED = 4  # values of one name that are listed


def told_apart(labels: Mapping[Any, str], limit: int = 0) -> dict[Any, str]:
    """A name for every node of a record by its number: its label, or `n` and the number.

    A label that several nodes bear is followed by the number; no name is longer than `limit` (0: no
    limit). Tables, descriptions, the stepper, pictures and their words all call the nodes so.

    >>> told_apart({0: "x", 1: "x", 2: "", 3: "L"})
    {0: 'x (n0)', 1: 'x (n1)', 2: 'n2', 3: 'L'}
    """
    shown = {node: clean(label, limit).strip() if label else "" for node, label in labels.items()}
    many = Counter(filter(None, shown.values()))
    return {
        node: f"n{node}" if not name else name if many[name] == 1 else _numbered(name, node, limit)
        for node, name in shown.items()
    }


def _numbered(name: str, node: Any, limit: int) -> str:
    number = f" (n{node})"
    return clean(name, max(2, limit - len(number)) if limit else 0) + number


def typed(name: str) -> str:
    """A name as it can be typed: signs that are written high or low stand on the line.

    >>> typed("h⁽²⁾"), typed("W₁")
    ('h(2)', 'W1')
    """
    return unicodedata.normalize("NFKC", name).strip()


def meant(names: Iterable[str], name: str) -> str:
    """The one of the names that a typed one means, or the typed one itself.

    A name may be typed as it was given, as pictures draw it, or without the signs in between.

    >>> meant(["x", "h⁽¹⁾"], "h(1)"), meant(["x"], "y"), meant(["w_1", "theta"], "w₁")
    ('h⁽¹⁾', 'y', 'w_1')
    """
    known = [*names]
    if name in known:
        return name
    from backviz.lettering import key  # only for names that are not typed as they are

    for common in (typed, key):
        alike = [n for n in known if common(n) == common(name)]
        if alike and (common is typed or len(alike) == 1):
            return alike[0]
    return name


def find(called: Mapping[int, str], name: str, offered: Iterable[str]) -> int:
    """The node of a name, as pictures and tables write it or as it can be typed.

    `n3` is always the node with number 3. Raises `InputError` for a name that several bear, and
    for one that nothing has, with what was probably meant of those `offered`.

    >>> find({0: "x", 1: "h⁽¹⁾"}, "h(1)", []), find({0: "x", 1: "h⁽¹⁾"}, "n0", [])
    (1, 0)
    """
    exact = meant(called.values(), name)
    for node, known in called.items():
        if known == exact:
            return node
    if (number := re.fullmatch(r"n(\d{1,9})", name)) and int(number[1]) in called:
        return int(number[1])
    alike = [node for node, known in called.items() if typed(known).startswith(f"{typed(name)} (n")]
    if alike:
        listed = ", ".join(f"n{node}" for node in alike[:LISTED])
        raise InputError(
            _("several values are called {name}; say which: {listed}", name=name, listed=listed)
        )
    raise InputError(unknown("node", name, ([*offered] or [*called.values()])[:SUGGESTED]))
