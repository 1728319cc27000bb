"""The page of a training: the player with a second slider, the training step.

Invariant: from step to step the numbers change and nothing moves, for all levels of the page are
on one layout; the page holds as many steps as fit into its size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

from backviz.diagrams.learning import Frame, frames, on_sheet
from backviz.diagrams.page import Sheet
from backviz.diagrams.style import Style
from backviz.language import N_
from backviz.renderers.player import Extra, Shown, drawn, page
from backviz.renderers.player.levels import Level
from backviz.renderers.player.looks import Looks
from backviz.training import Training
from backviz.training.result import spread
from backviz.words import LANGUAGES

MOST = 2_000_000  # bytes of all steps together
WIDE, HIGH = 100.0, 26.0  # of the curve of the loss
LEARN, STEP = N_("Train"), N_("Training step")


@dataclass(frozen=True)
class Pass(Level):
    """A pass of a training, on the sheet of the first one."""

    first: Level | None = None

    @cached_property
    def sheet(self) -> Sheet:
        """Where everything stands."""
        if self.first is None:
            return super().sheet
        return on_sheet(self.first.sheet, self.steps.diagram)


def html(training: Training, style: Style | Mapping[str, Any], most: int) -> bytes:
    """One HTML page that goes through a training and through each of its passes."""
    shown = frames(training, style, most)
    looks = Looks(shown[0].steps.figure.style.theme)
    fold = shown[0].steps.figure.style.fold
    first = Pass(fold, shown[0].steps)
    passes = [drawn(first, "", looks, "t0")]
    room = max(2, int(MOST / (len(passes[0][1]) + len(str(passes[0][2])))))
    if room < len(shown):
        shown = [shown[k] for k in spread(len(shown) - 1, room)]
    passes += [
        drawn(Pass(fold, frame.steps, first), "", looks, f"t{frame.step}") for frame in shown[1:]
    ]
    return _page(shown, passes, looks)


def _page(shown: Sequence[Frame], passes: list[Shown], looks: Looks) -> bytes:
    words = LANGUAGES[shown[0].steps.figure.style.lang]
    last = shown[-1].step
    points = curve([(f.step, f.loss) for f in shown])
    told = [{"told": f.told(last), "x": x, "y": y} for f, (x, y) in zip(shown, points, strict=True)]
    line = " ".join(f"{x},{y}" for x, y in points)
    step = escape(words.gettext(STEP))
    more = (
        f'<div class="epochs" role="group" aria-label="{step}" hidden>'
        f'<button type="button" class="learn" data-do="learn">{escape(words.gettext(LEARN))}'
        f'</button><input type="range" class="epoch" min="0" max="{len(shown) - 1}" value="0" '
        f'step="1" aria-label="{step}"><output class="epoch-told"></output>'
        f'<svg class="curve-box" viewBox="0 0 {WIDE:g} {HIGH:g}" aria-hidden="true">'
        f'<polyline class="curve" points="{line}"/><circle class="curve-dot" r="3"/></svg></div>\n'
    )
    extra = Extra("learning.js", "learning.css", {"passes": told})
    return page(shown[0].steps, passes, looks, more, extra)


def curve(losses: Sequence[tuple[int, float]]) -> list[tuple[float, float]]:
    """The places of losses on a small chart, on a log scale where they span more than ten times.

    >>> curve([(0, 1.0), (10, 0.0)])
    [(0.0, 0.0), (100.0, 26.0)]
    """
    values = [loss for _step, loss in losses]
    if min(values) > 0 and max(values) > 10 * min(values):
        values = [math.log(x) for x in values]
    low, high = min(values), max(values)
    last = max(1, losses[-1][0])
    return [
        (
            round(WIDE * step / last, 1),
            round(HIGH * (high - value) / (high - low), 1) if high > low else HIGH / 2,
        )
        for (step, _loss), value in zip(losses, values, strict=True)
    ]
