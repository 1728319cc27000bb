r"""A figure as TikZ: a picture that compiles by itself, or a Beamer frame that builds it up.

The marks of the page are written down one by one, in points from the top left corner, so
that TeX decides nothing but the shapes of its letters. Invariant: what users wrote is set
as text, never run as a command, and `pdflatex` needs no package but TikZ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import groupby
from typing import TYPE_CHECKING

from backviz.diagrams import font
from backviz.diagrams.drawing import Curve, Drawing, Mark, Part, Polygon, Rect, Text, placed
from backviz.diagrams.theme import CM, THEMES, Theme, rgb
from backviz.errors import InputError
from backviz.language import _
from backviz.renderers.svg import number
from backviz.tex_signs import needs_cyrillic, tex

if TYPE_CHECKING:
    from backviz.diagrams.model import Diagram
    from backviz.diagrams.picture import Picture
    from backviz.diagrams.steps import Steps

FRAME = 16 * CM, 9 * CM  # Beamer's page at aspectratio=169
# LaTeX's own class and packages; the class "standalone" is in none of the smaller TeX systems
_ALONE = r"""\documentclass{{article}}
\usepackage[papersize={{{width}bp,{height}bp}},margin=0pt]{{geometry}}
\pagestyle{{empty}}\parindent=0pt \topskip=0pt"""
_FONTS = r"""\ifdefined\Umathchar % LuaLaTeX or XeLaTeX
  \usepackage{fontspec}
  \IfFontExistsTF{DejaVu Sans}{\setsansfont{DejaVu Sans}}{%
    \IfFontExistsTF{Arial}{\setsansfont{Arial}}{}}
\fi"""
_CYRILLIC = _FONTS.replace(r"\fi", "\\else\n  \\usepackage[T2A]{fontenc}\n\\fi")
_OPTIONS = r"""x=1bp, y=-1bp, line cap=butt, line join=miter,
  t/.style={anchor=base, inner sep=0pt, font=\fontsize{10bp}{12bp}\sffamily\mdseries\upshape},
  b/.style={t, font=\fontsize{10bp}{12bp}\sffamily\bfseries\upshape\boldmath},
  l/.style={t, anchor=base west}"""


def tikz(figure: Picture) -> bytes:
    r"""The figure as a LaTeX document that holds one `tikzpicture`, UTF-8.

    `pdflatex`, `lualatex` and `xelatex` make a page of the figure's size from it; the
    picture can be copied into another document that loads TikZ. Each box is also an
    invisible node of the diagram's name, so that `\draw (n0.east) …` can point at it.

    >>> from backviz import Figure, Value
    >>> lines = tikz(Figure(Value(2.0, "a_1"))).decode().split("\n")
    >>> [line.split()[-1] for line in lines if line.startswith(r"\node[b")]
    ['{a$_{1}$};']
    """
    drawing = figure.drawing
    theme, boxes = THEMES[figure.style.theme], _box_names(figure.diagram)
    lines = [line for part in drawing.parts for line in _part(part, theme, boxes)]
    picture = _picture(drawing, theme, lines)
    head = _ALONE.format(width=number(drawing.width), height=number(drawing.height))
    return _document(head, drawing.title, picture)


def tikz_steps(steps: Steps) -> bytes:
    r"""All steps as one Beamer frame: `\only` shows each part on the steps that it is on.

    A part is set once, into a box of the page's size, and every step lays copies of such
    boxes on each other: TeX's time grows with the parts, hardly with the steps. The page is
    scaled to Beamer's 16 cm × 9 cm if it is larger; nothing moves between steps.
    """
    figure = steps.figure
    theme, boxes = THEMES[figure.style.theme], _box_names(steps.diagram)
    page = steps.drawing_of(())
    scale = min(1.0, FRAME[0] / page.width, FRAME[1] / page.height)
    size = f"({number(page.width * scale)},{number(page.height * scale)})"
    shown: dict[int, tuple[Part, list[int]]] = {}
    for moment, parts in enumerate(map(steps.parts, steps.moments), 1):
        for part in parts:
            shown.setdefault(id(part), (part, []))[1].append(moment)
    piled = sorted(shown.values(), key=lambda each: _height(each[0], steps.diagram))
    saved = [_saved(0, _paper(page, theme, size))]
    overlays, nodes = [f"{_SHOWN}{{0}}%"], {}
    for on, run in groupby(piled, lambda each: each[1]):
        lines = []
        for part in (placed(each[0], scale, 0.0, 0.0) for each in run):
            lines += _marks(part, theme)
            nodes.update(_node(part, boxes))
        if lines:
            overlays.append(_only(f"{_SHOWN}{{{len(saved)}}}", on, len(steps.moments)))
            saved.append(_saved(len(saved), lines))
    body = [
        *_colours(theme),
        f"\\tikzset{{backviz/.style={{{_OPTIONS}}}}}",
        _BOXES.replace("SIZE", size),
        *saved,
        r"\begin{frame}[plain]",
        r"\makebox[\linewidth]{%",
        *overlays,
        r"\begin{tikzpicture}[backviz]",
        f"\\useasboundingbox (0,0) rectangle {size};",
        *nodes.values(),
        r"\end{tikzpicture}%",
        "}",
        r"\end{frame}",
    ]
    head = "\\documentclass[aspectratio=169]{beamer}\n\\setbeamertemplate{navigation symbols}{}"
    return _document(head, page.title, "\n".join(body))


_SHOWN = r"\backvizpart"
_BOXES = r"""\newcommand\backvizsave[2]{% a number and what is drawn, in a box of the page's size
  \expandafter\newsavebox\csname backviz#1\endcsname
  \expandafter\sbox\csname backviz#1\endcsname{\begin{tikzpicture}[backviz]
    \useasboundingbox (0,0) rectangle SIZE;#2\end{tikzpicture}}}
\newcommand\backvizpart[1]{\rlap{\expandafter\usebox\csname backviz#1\endcsname}}"""


def _saved(number: int, lines: list[str]) -> str:
    return "\n".join([f"\\backvizsave{{{number}}}{{%", *lines, "}"])


def beamer_snippet(path: str, pages: int) -> str:
    r"""The Beamer frame that shows a PDF of many pages, one page a step.

    >>> print(beamer_snippet("steps.pdf", 12))
    \begin{frame}[plain] % \usepackage{pgffor}
      \foreach \k in {1,...,12}{\only<\k>{\makebox[\linewidth]{%
        \includegraphics[page=\k,width=\paperwidth,height=\paperheight,keepaspectratio]{steps.pdf}}}}
    \end{frame}
    """
    if pages < 1:
        raise InputError(
            _("a frame of {pages} pages has nothing to show; use 1 page or more", pages=pages)
        )
    many = "1" if pages == 1 else f"1,...,{pages}"
    size = r"page=\k,width=\paperwidth,height=\paperheight,keepaspectratio"
    name = path.replace("\\", "/")
    return (
        "\\begin{frame}[plain] % \\usepackage{pgffor}\n"
        f"  \\foreach \\k in {{{many}}}{{\\only<\\k>{{\\makebox[\\linewidth]{{%\n"
        f"    \\includegraphics[{size}]{{{name}}}}}}}}}\n"
        "\\end{frame}"
    )


def _document(head: str, title: str, body: str) -> bytes:
    fonts = _CYRILLIC if needs_cyrillic(body) else _FONTS
    lines = [
        f"% {' '.join(title.split())}",
        "% Drawn by backviz; compile with pdflatex, lualatex or xelatex.",
        head,
        r"\usepackage{tikz}",
        fonts,
        r"\begin{document}",
        body,
        r"\end{document}",
    ]
    return ("\n".join(lines) + "\n").encode()


def _picture(drawing: Drawing, theme: Theme, lines: Iterable[str]) -> str:
    """The environment, with its colours inside so that it can be copied as it is."""
    size = f"({number(drawing.width)},{number(drawing.height)})"
    paper = _paper(drawing, theme, size)
    bounds = f"\\useasboundingbox (0,0) rectangle {size};"
    body = [*_colours(theme), *paper, bounds, *lines]
    return "\n".join([f"\\begin{{tikzpicture}}[{_OPTIONS}]", *body, r"\end{tikzpicture}"])


def _colours(theme: Theme) -> list[str]:
    names = _names(theme)
    return [f"\\definecolor{{{n}}}{{HTML}}{{{c[1:].upper()}}}" for c, n in names.items()]


def _paper(drawing: Drawing, theme: Theme, size: str) -> list[str]:
    fill = f"[fill={_colour(drawing.background, theme)}]" if drawing.background else ""
    return [f"\\path{fill} (0,0) rectangle {size};"]


def _names(theme: Theme) -> dict[str, str]:
    """What each of the theme's colours is called; the first name of two that are equal."""
    named = [(f.name, str(getattr(theme, f.name))) for f in fields(theme)]
    return {colour: f"bv-{name}" for name, colour in reversed(named) if colour.startswith("#")}


def _colour(colour: str, theme: Theme) -> str:
    return _names(theme).get(colour) or f"{{rgb,255:{_rgb(colour)}}}"


def _rgb(colour: str) -> str:
    return ";".join(f"{n},{x}" for n, x in zip(("red", "green", "blue"), rgb(colour), strict=True))


def _box_names(diagram: Diagram) -> frozenset[str]:
    return frozenset(box.id for box in diagram.boxes)


def _height(part: Part, diagram: Diagram) -> int:
    """Which parts lie on which: arrows, their labels, boxes, and what stands around."""
    if part.id in _box_names(diagram):
        return 2
    arrows = {arrow.id for arrow in diagram.arrows}
    return 0 if part.id in arrows else 1 if part.id.removesuffix("-label") in arrows else 3


def _only(shown: str, on: list[int], steps: int) -> str:
    r"""What is shown under `\only`, unless every step shows it."""
    if len(on) == steps:
        return f"{shown}%"
    runs = [
        [k for _other, k in run] for _other, run in groupby(enumerate(on), lambda p: p[1] - p[0])
    ]
    spans = (
        f"{run[0]}-" if run[-1] == steps else f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}"
        for run in runs
    )
    return f"\\only<{','.join(spans)}>{{{shown}}}%"


def _part(part: Part, theme: Theme, boxes: frozenset[str]) -> list[str]:
    lines = [f"% {' '.join(part.alt.split())}"] if part.alt and part.id in boxes else []
    lines += _marks(part, theme)
    return [*lines, *_node(part, boxes).values()]


def _node(part: Part, boxes: frozenset[str]) -> dict[str, str]:
    """An invisible node of a box's name and size."""
    frame = next((mark for mark in reversed(part.marks) if _is_frame(mark)), None)
    if part.id not in boxes or not isinstance(frame, Rect):
        return {}
    middle = _at((frame.x + frame.width / 2, frame.y + frame.height / 2))
    size = f"minimum width={number(frame.width)}bp,minimum height={number(frame.height)}bp"
    return {part.id: f"\\node[inner sep=0pt,{size}] ({part.id}) at {middle} {{}};"}


def _is_frame(mark: Mark) -> bool:
    return isinstance(mark, Rect) and bool(mark.stroke)


def _marks(part: Part, theme: Theme) -> list[str]:
    return [line for mark in part.marks for line in _mark(mark, theme, part.id == "legend")]


def _mark(mark: Mark, theme: Theme, legend: bool = False) -> Iterator[str]:
    match mark:
        case Rect():
            corners = f"rounded corners={number(mark.radius)}bp" if mark.radius else ""
            fill = f"fill={_colour(mark.fill, theme)}" if mark.fill else ""
            stroke = _stroke(mark.stroke, mark.line, mark.dash, theme) if mark.stroke else ""
            options = ",".join(filter(None, (fill, stroke, corners)))
            end = mark.x + mark.width, mark.y + mark.height
            yield f"\\path[{options}] {_at((mark.x, mark.y))} rectangle {_at(end)};"
        case Curve():
            start, *rest = mark.points
            pieces = zip(rest[::3], rest[1::3], rest[2::3], strict=True)
            path = "".join(
                f" .. controls {_at(a)} and {_at(b)} .. {_at(end)}" for a, b, end in pieces
            )
            yield (
                f"\\path[{_stroke(mark.stroke, mark.line, mark.dash, theme)}] {_at(start)}{path};"
            )
        case Polygon():
            corners = " -- ".join(map(_at, mark.points))
            yield f"\\fill[{_colour(mark.fill, theme)}] {corners} -- cycle;"
        case Text() if mark.text.strip():
            # TeX's letters have widths of their own, so a line keeps its middle; words in a
            # legend keep to the sign that they explain
            middle = 0 if legend else font.width(mark.text, mark.size, mark.bold) / 2
            place = _at((mark.x + middle, mark.y))
            kind = "l" if legend else "b" if mark.bold else "t"
            look = f"{kind},text={_colour(mark.fill, theme)}"
            yield f"\\node[{look},scale={number(mark.size / 10)}] at {place} {{{tex(mark.text)}}};"


def _stroke(colour: str, line: float, dash: tuple[float, ...], theme: Theme) -> str:
    drawn = f"draw={_colour(colour, theme)},line width={number(line)}bp"
    if not dash:
        return drawn
    on, off = dash
    return f"{drawn},dash pattern=on {number(on)}bp off {number(off)}bp"


def _at(point: tuple[float, float]) -> str:
    return f"({number(point[0])},{number(point[1])})"
