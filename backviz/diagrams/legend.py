"""What is explained under a figure: lines, signs, and the parts that formulas name.

Invariant: a legend explains only what is in the figure, and every sign that nobody chose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from backviz.autodiff.symbol import OUT, UNNAMED
from backviz.diagrams.model import FAULT, PASSED, ZERO, Arrow, Box
from backviz.language import Language
from backviz.text import NOT_COMPUTED, clean

MAX_PART = 40
MOST_EXPLAINED = 4  # signs of one kind
_KEPT = re.compile(r"(sum|mean|max|min)([₀-₉]+)")
_OUT = re.compile(rf"(?<!\w){OUT}(?!\w)")
_GRADIENT = re.compile(r"(?<!\w)g(?!\w)")


def legend_of(
    boxes: tuple[Box, ...],
    arrows: tuple[Arrow, ...],
    output: str,
    words: Language,
    more: Iterable[tuple[str, str]] = (),
    bare: bool = False,
) -> tuple[tuple[str, str], ...]:
    """What is explained under the figure; `more` are named parts of the formulas in boxes.

    `bare` says that arrows bear formulas and no numbers.
    """
    items = []
    if any(a.forward for a in arrows) or any(b.value for b in boxes):
        items.append(("value", words.gettext("value")))
    known = any(b.gradient and NOT_COMPUTED not in b.gradient for b in boxes)
    if any(a.backward for a in arrows) or known:
        items.append(("gradient", words.gettext("gradient of {output}", output=output)))
    if any(a.product for a in arrows):
        items.append(("local", words.gettext("upstream · local = contribution")))
    elif any(a.local for a in arrows):
        items.append(("∂" if bare else "local", words.gettext("local derivative")))
    named = (*more, *(part for a in arrows for part in a.parts))
    parts = list(dict.fromkeys(named))[:MOST_EXPLAINED]
    rules = [a.local for a in arrows] + [text for _name, text in parts]
    if any(map(_GRADIENT.search, rules)):
        items.append(("g", words.gettext("gradient that arrives")))
    if any(UNNAMED in text for text in (*rules, *(b.symbol for b in boxes))):
        items.append((UNNAMED, words.gettext("input without a name")))
    if any(map(_OUT.search, rules)) and output != OUT:
        items.append((OUT, words.gettext("the op's result")))
    formulas = [line for b in boxes for line in b.gradient if "∂" in line]
    kept = [found for text in (*rules, *formulas) for found in _KEPT.finditer(text)]
    for sign, word, axes in dict.fromkeys((f[0], f[1], f[2]) for f in kept[:MOST_EXPLAINED]):
        listed = ", ".join(str(ord(axis) - ord("₀")) for axis in axes)
        items.append(
            (sign, words.gettext("{word} along axis {axis}, which stays", word=word, axis=listed))
        )
    items += [(name, f"= {clean(text, MAX_PART)}") for name, text in parts]
    return (*items, *_remarked(boxes, words))


def _remarked(boxes: tuple[Box, ...], words: Language) -> list[tuple[str, str]]:
    """What the signs of remarks mean."""
    kinds = {remark.kind for box in boxes for remark in box.remarks}
    said = {
        "begins": (FAULT, words.gettext("NaN or infinity begins")),
        "passed": (PASSED, words.gettext("NaN or infinity passed on")),
        "off": (ZERO, words.gettext("gradient that an op made 0")),
    }
    return [item for kind, item in said.items() if kind in kinds]
