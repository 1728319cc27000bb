"""A training as figures: the same graph after several training steps, on one layout.

Invariant: boxes and arrows stand where they stand in the first figure, whatever the numbers become;
room for all of them is made before anything is laid out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backviz.autodiff.backward import backward, seed_for
from backviz.diagrams import font
from backviz.diagrams.figure import Figure
from backviz.diagrams.lettered import drawn
from backviz.diagrams.model import Arrow, Box, Diagram, Moment, Sentence
from backviz.diagrams.page import Sheet
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Style
from backviz.text import clean
from backviz.training import Training
from backviz.words import LANGUAGES

Lines = tuple[str, ...]
UNFOLDED = 60  # values of a graph that is not folded
LOSS = "L"  # where it has no name


@dataclass(frozen=True)
class Frame:
    """The pass after so many training steps: its loss, its steps, laid out as those of all."""

    step: int
    loss: float
    steps: Steps

    def told(self, last: int) -> str:
        """`step 12 of 60: L = 0.0646`."""
        figure = self.steps.figure
        words = LANGUAGES[figure.style.lang]
        return words.gettext(
            "training step {k} of {n}: {name} = {loss}",
            k=self.step,
            n=last,
            name=self.name,
            loss=figure.style.numbers.format(self.loss),
        )

    @property
    def name(self) -> str:
        """What the loss is called."""
        graph = self.steps.figure.graph
        return clean(graph.nodes[graph.graph["output"]]["label"]) or LOSS

    def whole(self, last: int) -> Moment:
        """All values and gradients at once, under the words of `told`."""
        moment, said = self.steps.moments[-1], (Sentence(self.told(last)),)
        boxes = {name: replace(state, accent="") for name, state in moment.boxes.items()}
        arrows = {name: replace(state, accent="") for name, state in moment.arrows.items()}
        return replace(
            moment, phase="forward", node="", lines=said, told=said, alt=said[0], boxes=boxes,
            arrows=arrows,
        )  # fmt: skip


def frames(training: Training, style: Style | Mapping[str, Any], most: int) -> list[Frame]:
    """At most so many passes of a training, from its first step to its last.

    What learns has boxes of its own unless the style says otherwise: it is what moves. Where the
    text of all ops would be too small, each name has one box, with its numbers still.
    """
    style = style if isinstance(style, Style) else Style.of(**style)
    names = replace(style, fold="names", weights="show")
    if style.fold == "auto" and len(training.replay.values) <= UNFOLDED:
        arrays = "values" if style.arrays == "auto" else style.arrays
        whole = replace(names, fold="constants", arrays=arrays)
        if not warnings_of(found := _on_one_page(_frames(training, whole, most))):
            return found
        return _on_one_page(_frames(training, replace(names, arrays=arrays), most))
    found = _frames(training, style, most)
    if len({_drawn(frame.steps.diagram) for frame in found}) > 1:  # folded as each one fits
        found = _frames(training, names, most)
    return _on_one_page(found)


def warnings_of(shown: Sequence[Frame]) -> tuple[str, ...]:
    """What a person should know of these pictures: how small their text is."""
    steps = shown[0].steps
    return tuple(steps.drawing(steps.moments[-1]).warnings)


def _on_one_page(found: list[Frame]) -> list[Frame]:
    alike([frame.steps for frame in found])
    return found


def _frames(training: Training, style: Style, most: int) -> list[Frame]:
    """The passes, each as it is drawn alone."""
    found: list[Frame] = []
    for step in training.shown_steps(most):
        course = training.at(step)
        output = course.run[training.replay.last]
        backward(output, seed_for(output))
        figure = Figure(output, style, values=[*course.run], called=training.called)
        steps = Steps(figure)
        if not found:
            style = steps.figure.style  # folded as the first one is
        found.append(Frame(step, course.loss, steps))
    return found


def _drawn(diagram: Diagram) -> tuple[str, ...]:
    return (*[box.id for box in diagram.boxes], *[arrow.id for arrow in diagram.arrows])


def alike(steps: Sequence[Steps]) -> None:
    """Let all of them stand on the page of the first one, with room for what any of them shows."""
    diagrams = _roomy([each.diagram for each in steps])
    for each, diagram in zip(steps, diagrams, strict=True):
        vars(each)["diagram"] = diagram
    first = steps[0].sheet
    for each, diagram in zip(steps[1:], diagrams[1:], strict=True):
        vars(each)["sheet"] = on_sheet(first, diagram)


def on_sheet(sheet: Sheet, diagram: Diagram) -> Sheet:
    """A diagram of the same boxes on a sheet that has room for it."""
    return replace(sheet, diagram=drawn(diagram))


def _roomy(diagrams: Sequence[Diagram]) -> list[Diagram]:
    boxes = [_alike(several) for several in zip(*(d.boxes for d in diagrams), strict=True)]
    arrows = [_as_wide(several) for several in zip(*(d.arrows for d in diagrams), strict=True)]
    said = tuple(lines for d in diagrams for lines in d.said)
    legend = tuple(dict.fromkeys(item for d in diagrams for item in d.legend))
    return [
        replace(d, boxes=tuple(b[k] for b in boxes), arrows=tuple(a[k] for a in arrows), said=said,
                legend=legend)
        for k, d in enumerate(diagrams)
    ]  # fmt: skip


def _alike(several: Sequence[Box]) -> list[Box]:
    """The same box at several times, each with the room of the largest."""
    values, gradients = (_filled([lines(b) for b in several]) for lines in (_value, _gradient))
    remarks = max((b.remarks for b in several), key=lambda r: sum(len(x.line) + 9 for x in r))
    room = replace(
        several[0],
        value=_longest(values),
        gradient=_longest(gradients),
        reserve=tuple(sorted({line for b in several for line in b.reserve})),
        remarks=remarks,
    )
    return [
        replace(b, value=value, gradient=gradient, room=room)
        for b, value, gradient in zip(several, values, gradients, strict=True)
    ]


def _value(box: Box) -> Lines:
    return box.value


def _gradient(box: Box) -> Lines:
    return box.gradient


def _filled(several: Sequence[Lines]) -> list[Lines]:
    """As many lines in each, the missing ones empty."""
    most = max(map(len, several))
    return [(*lines, *[""] * (most - len(lines))) for lines in several]


def _longest(several: Sequence[Lines]) -> Lines:
    return tuple(_widest(line) for line in zip(*several, strict=True))


def _widest(texts: Iterable[str]) -> str:
    width: Callable[[str], float] = lambda text: font.width(text, 1.0)  # noqa: E731
    return max(texts, key=width)


def _as_wide(several: Sequence[Arrow]) -> list[Arrow]:
    room = _widest([a.product or a.local for a in several])
    return [replace(a, room=room) if room else a for a in several]
