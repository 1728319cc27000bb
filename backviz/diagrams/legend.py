"""What is explained under a figure: lines, signs, and the parts that formulas name.

Invariant: a legend explains only what is in the figure, and every sign that nobody chose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from backviz.autodiff.symbol import OUT, UNNAMED
from backviz.diagrams.model import FAULT, PASSED, RESULT_SIGN, ZERO, Arrow, Box
from backviz.graphs import RESULT
from backviz.language import Language
from backviz.text import NOT_COMPUTED, clean

if TYPE_CHECKING:
    import networkx as nx

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


def pointed(
    graph: nx.MultiDiGraph[Any], names: Mapping[int, str], words: Language
) -> tuple[tuple[str, str], ...]:
    """What is said of a highlight, and of results that were not differentiated."""
    items = tuple(
        (RESULT_SIGN, words.gettext("{name}: a result without gradients", name=name))
        for name in _results(graph, names)[:MOST_EXPLAINED]
    )
    lit = graph.graph.get("lit_said")
    return (*items, ("strong", lit)) if lit else items


def results_said(
    graph: nx.MultiDiGraph[Any], names: Mapping[int, str], words: Language
) -> list[str]:
    """The results that were not differentiated, in words."""
    listed = ", ".join(_results(graph, names))
    return [words.gettext("Results without gradients: {list}.", list=listed)] if listed else []


def _results(graph: nx.MultiDiGraph[Any], names: Mapping[int, str]) -> list[str]:
    return [names[n] for n, role in graph.nodes(data="role") if role == RESULT]


def _remarked(boxes: tuple[Box, ...], words: Language) -> list[tuple[str, str]]:
    """What the signs of remarks mean."""
    kinds = {remark.kind for box in boxes for remark in box.remarks}
    said = {
        "begins": (FAULT, words.gettext("NaN or infinity begins")),
        "passed": (PASSED, words.gettext("NaN or infinity passed on")),
        "off": (ZERO, words.gettext("gradient that an op made 0")),
    }
    return [item for kind, item in said.items() if kind in kinds]
