"""Letters that do not stand in a file as they should, said in a sentence.

Invariant: no letter becomes an empty frame, or an unjoined one, without a word. SVG and pages
keep such letters as text, for which the reader's system has fonts, so nothing is said there.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

from backviz.diagrams import font
from backviz.diagrams.drawing import Part, Text
from backviz.errors import LetterWarning
from backviz.language import _
from backviz.lettering import END, LOW

if TYPE_CHECKING:
    from backviz.diagrams.figure import Figure
    from backviz.diagrams.steps import Steps

SHOWN = 8  # letters of a sentence
OUTLINES = ("png", "pdf", "mp4", "gif", "webp")  # formats in which every letter is drawn
# scripts whose letters change their form or place beside others in ways that no table has
JOINED = (
    "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA",
    "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "TIBETAN", "SYRIAC", "MONGOLIAN",
)  # fmt: skip


def said_of_figure(figure: Figure, form: str) -> tuple[str, ...]:
    """What a person should know of the letters of a picture in a format."""
    return said_of_letters(figure.drawing.parts, form) if form in (*OUTLINES, "tikz") else ()


def said_of_steps(steps: Steps, form: str) -> tuple[str, ...]:
    """The same of a build, whose last moment shows all of its names."""
    if form not in (*OUTLINES, "tikz"):
        return ()
    return said_of_letters(steps.parts(steps.moments[-1]), form)


def warn_of_letters(sentences: Iterable[str]) -> None:
    """Say the sentences as Python's warnings, at the line that asked for the picture."""
    from backviz.stability import outside

    for sentence in sentences:
        warnings.warn(sentence, LetterWarning, stacklevel=outside())


def said_of_letters(parts: Iterable[Part], form: str) -> tuple[str, ...]:
    """A sentence for letters that no font has, and one for letters that should be joined."""
    marks = (mark for part in parts for mark in part.marks)
    return said_of_signs({c for m in marks if isinstance(m, Text) for c in m.text}, form)


def said_of_signs(letters: set[str], form: str) -> tuple[str, ...]:
    """The same of letters, as many as there are."""
    strange = sorted(c for c in letters if not (c.isascii() or c in (LOW, END)))
    if form == "tikz":
        from backviz.tex_signs import tex

        borne = {c: f"x{c}" if unicodedata.combining(c) else c for c in strange}
        untyped = [c for c in strange if r"\ifdefined" in tex(borne[c])]
        said = untyped and _(
            "pdflatex cannot set {signs}: it shows a framed question mark there; use lualatex or "
            "xelatex with a font that has them (\\setsansfont)",
            signs=_some(untyped),
        )
        return (said,) if said else ()
    lost = [c for c in strange if font.missing(c)]
    apart = [c for c in strange if c not in lost and unicodedata.name(c, "").startswith(JOINED)]
    sentences = []
    if lost:
        sentences.append(
            _(
                "no font here can draw {signs}: shown as empty frames; name a font that has "
                "them with --font FILE, or use SVG, which keeps them as text",
                signs=_some(lost),
            )
        )
    if apart:
        sentences.append(
            _(
                "{signs} are drawn one by one, not joined as their script wants it; SVG keeps "
                "them as text, which a browser joins",
                signs=_some(apart),
            )
        )
    return tuple(sentences)


def _some(letters: list[str]) -> str:
    more = " …" if len(letters) > SHOWN else ""
    return " ".join(letters[:SHOWN]) + more
