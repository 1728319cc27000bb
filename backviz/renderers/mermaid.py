"""The figure as a Mermaid flowchart: text that GitHub, GitLab, Quarto and Obsidian draw.

Invariant: every sign of a label that Mermaid, Markdown or HTML could read as its own is
written as a numeric entity, so a label is shown as it is and never ends its quotes.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from backviz.diagrams.lettered import in_signs
from backviz.diagrams.model import FAULT, PASSED, UNLIKE, ZERO, Box, Diagram, Role, enclosed
from backviz.diagrams.theme import THEMES, Theme
from backviz.text import screen_width

if TYPE_CHECKING:
    from backviz.diagrams.picture import Picture

_SHAPES: dict[Role, tuple[str, str]] = {
    "leaf": ("(", ")"),
    "constant": ("(", ")"),
    "group": ("[[", "]]"),
}
_PLAIN = "[", "]"
_LOOKS = {"constant": ",stroke-dasharray:5 4", "output": ",stroke-width:3px"}
# signs with a meaning, if only at the start of a line; a blank after another would be lost
_SPECIAL = re.compile(r"[!-+/:-@\[-`{-~]|-(?!\d)|[.](?!\d)|(?<= ) |^ | $|\u2060")
# what Mermaid looks for once it has read the entities: line break, formula, icon
_LATE = re.compile(r"\\(?=n)|\$(?=\$)|:(?=fa-)")
LEAST_ROOM = 200  # pixels before Mermaid breaks a line, its own default
A_SIGN = 14  # pixels, more than a letter takes at Mermaid's 16 px
_JOINER = "\u2060"  # parts them and has no width


def mermaid(figure: Picture) -> bytes:
    """The figure as a `flowchart`, UTF-8.

    A box holds name and op, the value, and `grad` with the gradient; an arrow bears the
    local derivative, in the gradient's colour.

    >>> from backviz import Figure, Value
    >>> x = Value(3.0, "x")
    >>> made = mermaid(Figure(x * x)).decode().split("\\n")
    >>> print(*made[-7:-5], sep="\\n")
      n1["×<br/>9<br/>grad —"]:::output
      n0 -->|"3"| n1
    """
    style, diagram = figure.style, in_signs(figure.diagram)
    theme = THEMES[style.theme]
    lines = _head(diagram, theme)
    lines.append(f"flowchart {'TB' if style.direction == 'TB' else 'LR'}")
    lines += [f"  accTitle: {escape_mermaid(diagram.title)}"]
    lines += [f"  accDescr: {escape_mermaid(diagram.description)}"]
    for box in diagram.boxes:
        opening, closing = _SHAPES.get(box.role, _PLAIN)
        text = "<br/>".join(map(escape_mermaid, _lines(box)))
        lines.append(f'  {box.id}{opening}"{text}"{closing}:::{box.role}')
    lines += enclosed(
        diagram.clusters, lambda c: [f'subgraph {c.id}["{escape_mermaid(c.title)}"]'], "end"
    )
    lines += [f"  style {c.id} fill:none,stroke:{theme.muted}" for c in diagram.clusters]
    for arrow in diagram.arrows:
        text = escape_mermaid(arrow.product or arrow.local)
        label = f'|"{text}"|' if text else ""
        lines.append(f"  {arrow.tail} -->{label} {arrow.head}")
    lines += [
        f"  classDef {role} fill:{theme.fill(role)},stroke:{theme.border},color:{theme.ink}"
        f"{_LOOKS.get(role, '')}"
        for role in dict.fromkeys(box.role for box in diagram.boxes)
    ]
    lines += _classes(diagram, theme)
    lines += [*_links(diagram, theme), *_legend(diagram, theme)]
    return ("\n".join(lines) + "\n").encode()


def _classes(diagram: Diagram, theme: Theme) -> list[str]:
    """The looks that single boxes have besides their role's."""
    pale = theme.paled()
    looks = {
        "begins": f"stroke:{theme.alarm},stroke-width:4px",
        "passed": f"stroke:{theme.alarm},stroke-width:2px,stroke-dasharray:5 4",
        "strong": f"stroke:{theme.ink},stroke-width:4px",
        "pale": f"stroke:{pale.border},color:{pale.ink}",
    }
    lines = []
    for name, look in looks.items():
        if held := [box.id for box in diagram.boxes if name in (box.fault, box.emphasis)]:
            lines += [f"  classDef {name} {look}", f"  class {','.join(held)} {name}"]
    for box in diagram.boxes:
        if box.fill:
            worn = theme.on(box.fill)
            lines.append(f"  style {box.id} fill:{box.fill},color:{worn.ink}")
    return lines


def _legend(diagram: Diagram, theme: Theme) -> list[str]:
    """What signs and highlights mean, in a box of its own without a frame."""
    said = _explained(diagram)
    if not said:
        return []
    text = "<br/>".join(map(escape_mermaid, said))
    return [
        f'  legend["{text}"]:::legend',
        f"  classDef legend fill:none,stroke:none,color:{theme.muted}",
    ]


def _explained(diagram: Diagram) -> list[str]:
    return [
        words if sign == "strong" else f"{sign} {words}"
        for sign, words in diagram.legend
        if sign in (FAULT, PASSED, ZERO, UNLIKE, "strong")
    ]


def _links(diagram: Diagram, theme: Theme) -> list[str]:
    """The looks of arrows, by their numbers."""
    if not diagram.arrows:
        return []
    pale = theme.paled()
    looks = {
        "strong": "stroke-width:4px",
        "pale": f"stroke:{pale.forward},color:{pale.gradient}",
    }
    lines = [f"  linkStyle default stroke:{theme.forward},color:{theme.gradient}"]
    for name, look in looks.items():
        if held := [str(i) for i, arrow in enumerate(diagram.arrows) if arrow.emphasis == name]:
            lines.append(f"  linkStyle {','.join(held)} {look}")
    return lines


def _head(diagram: Diagram, theme: Theme) -> list[str]:
    """What stands before the graph: the caption, the colours behind the labels, their width.

    Mermaid breaks lines that are longer than its `wrappingWidth`, and so a matrix's rows; it
    is set to more than the longest line takes.
    """
    caption = diagram.caption
    texts = [line for box in diagram.boxes for line in _lines(box)]
    texts += [arrow.product or arrow.local for arrow in diagram.arrows]
    room = max(LEAST_ROOM, A_SIGN * max(map(screen_width, texts), default=0))
    colours = {
        "lineColor": theme.forward,
        "edgeLabelBackground": theme.background,
        "titleColor": theme.ink,
    }
    flowchart = {"wrappingWidth": room}
    settings = {"theme": "base", "themeVariables": colours, "flowchart": flowchart}
    shown = json.dumps(caption.replace("<", "‹"), ensure_ascii=False)  # < opens a tag even here
    title = [f"title: {shown}"] if caption else []
    return ["---", *title, f"config: {json.dumps(settings)}", "---"]


def _lines(box: Box) -> list[str]:
    header = "  ".join(w for w in (box.title, box.symbol, box.note) if w)
    gradient = [f"grad {box.gradient[0]}", *box.gradient[1:]] if box.gradient else []
    remarks = [remark.line for remark in box.remarks]
    return [line for line in (header, *box.value, *gradient, *remarks) if line]


def escape_mermaid(text: str) -> str:
    """Text for between quotes: whatever has a meaning as an entity, `#60;` for `<`.

    >>> escape_mermaid("<b>&#60;"), escape_mermaid("a_1 = −0.5"), escape_mermaid("1. x")
    ('#60;b#62;#38;#35;60#59;', 'a#95;1 #61; −0.5', '1#46; x')
    """
    apart = _LATE.sub(lambda sign: sign[0] + _JOINER, text)
    return _SPECIAL.sub(lambda sign: f"#{160 if sign[0] == ' ' else ord(sign[0])};", apart)
