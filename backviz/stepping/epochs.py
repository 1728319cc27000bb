"""Training at the prompt: take a step, look at the passes before and after it, go to another one.

Invariant: a step is the optimizer's own, made of the gradients that the leaves show at the end of
the present pass; the recorded values are never written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from backviz.autodiff.replay import Replay
from backviz.errors import InputError
from backviz.language import _
from backviz.stepping.answers import Answer
from backviz.stepping.conditions import read_number
from backviz.stepping.grids import in_line
from backviz.stepping.look import Look
from backviz.stepping.state import State
from backviz.stepping.whatif import Change, old_to_new
from backviz.telling.record import GRAD
from backviz.telling.run import Run
from backviz.training import Chosen, Recipe, Training, choose
from backviz.training.choice import SENTENCES
from backviz.training.kept import from_file
from backviz.training.result import spread
from backviz.training.track import Segment, Track, agree

ROWS = 40  # of a table of values
EPOCHS = 16  # that are listed


@dataclass(frozen=True, slots=True)
class Learned:
    """A leaf before and after a step, and the gradient that the step was made of."""

    name: str
    before: Any
    gradient: Any
    after: Any


@dataclass(frozen=True, eq=False, repr=False)
class Updated(Answer):
    """What `steps` training steps did: to the leaves, and to the loss.

    `formula` is that of the optimizer, `chosen` says once what learns, `passes` how many backward
    passes the gradients of the first step are the sum of, `ended` why it took fewer steps than
    were asked for.
    """

    epoch: int
    steps: int
    optimizer: str
    formula: tuple[str, ...]
    chosen: Chosen | None
    leaves: tuple[Learned, ...]
    output: str
    before: float
    after: float
    passes: int = 1
    ended: str = ""

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        made = look.lines(
            look.say("epoch {k}: {optimizer}", k=self.epoch, optimizer=self.optimizer)
        )
        if self.chosen is not None:
            said = look.say(SENTENCES[self.chosen.how], list=self.chosen.listed)
            made += look.lines(f"  {said}", 4)
        made += look.lines("  " + ",  ".join(self.formula), 4)
        if self.passes > 1:
            said = look.say(
                "the gradients are the sum of {n} passes: zero forgets the earlier ones",
                n=self.passes,
            )
            made += look.lines(f"  {said}", 4)
        slope = look.say("gradient") if self.steps == 1 else look.say("first gradient")
        heads = look.say("before"), slope, look.say("after")
        rows = [(r.name, (r.before, r.gradient, r.after)) for r in self.leaves[:ROWS]]
        made += _columns(look, heads, [*rows, (self.output, (self.before, "", self.after))])
        if len(self.leaves) > ROWS:
            made.append(look.fit("  …"))
        if self.ended:
            made += look.lines(f"! {self.ended}", 2)
        return made


@dataclass(frozen=True, slots=True)
class Side:
    """A value and its gradient in the pass before a training step and in the one after it."""

    name: str
    value: tuple[Any, Any]
    gradient: tuple[Any, Any]


@dataclass(frozen=True, eq=False, repr=False)
class Sides(Answer):
    """Two whole passes beside each other, before a training step and after it."""

    epochs: tuple[int, int]
    rows: tuple[Side, ...]

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        first, last = self.epochs
        value, grad = look.say("value"), look.say("gradient")
        when = [look.say("epoch {k}", k=k) for k in (first, last)]
        heads = (*(f"{value}, {w}" for w in when), *(f"{grad}, {w}" for w in when))
        rows = [(r.name, (*r.value, *r.gradient)) for r in self.rows[:ROWS]]
        cells = [(name, *(_shown(look, x) for x in four)) for name, four in rows]
        lines = look.table([("", *heads), *cells])
        if len(lines) > len(rows) + 1:  # too wide: values and gradients under each other
            changes = [
                Change(name, *both)
                for r in self.rows[:ROWS]
                for name, both in ((r.name, r.value), (f"{r.name}{GRAD}", r.gradient))
                if both[0] is not None
            ]
            lines = [look.fit(f"  {when[0]} → {when[1]}"), *old_to_new(look, changes)]
        left = len(self.rows) - ROWS
        if left > 0:
            lines += look.lines("  " + look.count("… {n} more value", "… {n} more values", left), 2)
        return lines


@dataclass(frozen=True, eq=False, repr=False)
class Epochs(Answer):
    """The epochs so far, some of many, with their losses; `now` is the present one."""

    output: str
    epochs: tuple[tuple[int, float], ...]
    now: int

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        heads = (look.say("epoch {k}", k="").strip(), self.output, "")
        here = look.say("here")
        rows = [(str(k), look.numbers.format(x), f"← {here}" if k == self.now else "")
                for k, x in self.epochs]  # fmt: skip
        return look.table([heads, *rows])


def _columns(
    look: Look, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[Any]]]
) -> list[str]:
    """A table of numbers; where a row is too long for the screen, a block for each name."""
    told = [(name, [_shown(look, x) for x in cells]) for name, cells in rows]
    table = look.table([("", *heads), *((name, *cells) for name, cells in told)])
    if len(table) == len(rows) + 1:
        return table
    blocks: list[str] = []
    for name, cells in told:
        said = [(f"  {head}", cell) for head, cell in zip(heads, cells, strict=True) if cell]
        blocks += look.lines(f"  {name}", 4) + look.table(said)
    return blocks


def _shown(look: Look, x: Any) -> str:
    return x if isinstance(x, str) else "—" if x is None else in_line(x, look)


def update(state: State, text: str) -> tuple[State, Answer]:
    """`update [OPTIMIZER] [RATE] [--steps N] [--wrt w,b]`, as it is typed."""
    words, given = _options(text)
    rate = read_number(words.pop()) if words and re.match(r"[-−+.\d]", words[-1]) else None
    if rate is not None and np.ndim(rate):
        raise InputError(_("the rate is one number, as in update 0.1"))
    if len(words) > 1 or (words and not words[0][0].isalpha()):
        raise InputError(_("write an optimizer and a rate, as in update 0.1 or update adam 0.01"))
    steps = given.get("steps", "1")
    if not re.fullmatch(r"\d{1,9}", steps) or int(steps) < 1:
        raise InputError(_("steps={n} does not work; give a whole number of at least 1", n=steps))
    return updated(state, words[0] if words else "", rate, int(steps), given.get("wrt", ""))


def _options(text: str) -> tuple[list[str], dict[str, str]]:
    """The words of a line, and its options."""
    words, given, rest = [], {}, text.split()
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            words.append(word)
            continue
        name, sign, value = word.removeprefix("--").partition("=")
        if name not in ("steps", "wrt") or not (sign or rest):
            raise InputError(_("update takes --steps N and --wrt w,b, not {word}", word=word))
        given[name] = value if sign else rest.pop(0)
    return words, given


def updated(
    state: State, optimizer: str = "", rate: float | None = None, steps: int = 1, wrt: Any = ""
) -> tuple[State, Updated]:
    """So many training steps, and the start of the next pass with the new numbers."""
    run, record = state.run, state.record
    track, epoch = track_of(run), run.epoch
    before = track.segment(epoch) if track.segments else None
    recipe = _recipe(before, optimizer, rate)
    replay = before.training.replay if before else Replay(record.values[record.last], record.values)
    chosen = choose(replay, record.names, wrt)
    if before is not None and not wrt:
        chosen = before.training.chosen
    passes = state.passes
    if passes > 1 or run.earlier:
        track = _summed(state, track, replay, chosen, recipe, steps)
    else:
        track = track.onward(epoch, replay, chosen, recipe, run.edits, steps)
    new = run.trained(track, track.last)
    changed = state.but(runs=(*state.runs[: state.number + 1], new), number=state.number + 1,
                        at=0, passes=1, stops=())  # fmt: skip
    known = before is not None and chosen.nodes == before.training.chosen.nodes
    return changed, replace(
        _told(state, run, new, chosen, passes, steps), chosen=None if known else chosen
    )


def _recipe(before: Segment | None, optimizer: str, rate: float | None) -> Recipe:
    """What was typed; what is left out is as in the step before."""
    last = before.training.recipe if before else None
    if last is None and not optimizer and rate is None:
        raise InputError(_("say the rate of the step, as in update 0.1 or update adam 0.01"))
    name = optimizer or (last.optimizer if last else "sgd")
    if rate is None and last is not None and name == last.optimizer:
        return last
    made = Recipe(name, rate)
    made.describe()  # a wrong name or rate is refused before anything moves
    return made


def track_of(run: Run) -> Track:
    """The training steps that led to a run; none at first."""
    return run.track or Track()


def _held(state: State, node: int) -> Any:
    """The gradient that a leaf holds when all passes that were begun are complete."""
    return state.run.shown(node, state.timeline.place(state.timeline.end(state.passes)))


def _summed(
    state: State, track: Track, replay: Replay, chosen: Chosen, recipe: Recipe, steps: int
) -> Track:
    """Steps of which the first is made of gradients that several passes have added up."""
    run, epoch = state.run, state.run.epoch
    data = {i: np.array(run.values[i].raw) for i in chosen.nodes}
    optimizer = recipe.made([*data.values()])
    segment = track.segment(epoch) if track.segments else None
    if segment and segment.training.recipe == recipe and segment.training.chosen == chosen:
        optimizer.load_state_dict(track.course(epoch).optimizer.state_dict())
    gradients = [_held(state, i) for i in chosen.nodes]
    if not any(g is not None for g in gradients):
        raise InputError(_("no gradient comes to what is to learn; diagnose says why"))
    optimizer.step([None if g is None else np.asarray(g) for g in gradients])
    moved = {i: x if x.ndim else float(x) for i, x in data.items()}
    begun = Training(replay, chosen, recipe, {**run.edits, **moved}, optimizer.state_dict())
    begun.go(steps - 1) if steps > 1 else begun.begin()
    kept = [s for s in track.segments if s.begin <= epoch]
    if not kept or not agree(track.edits(epoch), run.edits):  # so that one can go back to it
        first = Training(replay, chosen, recipe, dict(run.edits))
        first.begin()
        kept.append(Segment(epoch, first))
    return Track((*kept, Segment(epoch + 1, begun)), epoch + 1 + begun.steps)


def _told(state: State, run: Run, new: Run, chosen: Chosen, passes: int, steps: int) -> Updated:
    record = state.record
    segment = track_of(new).segment(new.epoch)
    assert segment is not None
    optimizer = segment.training.recipe.made([np.zeros(1)])
    leaves = tuple(
        Learned(record.names[i], run.values[i].data, _held(state, i), new.values[i].data)
        for i in chosen.nodes
    )
    taken, ended = new.epoch - run.epoch, segment.training.stopped
    return Updated(
        new.epoch, taken, optimizer.describe(), optimizer.formula(), None, leaves,
        record.names[record.last], float(run.output.data), float(new.output.data), passes,
        str(ended) if ended is not None and taken < steps else "",
    )  # fmt: skip


def before(state: State, _text: str) -> tuple[State, Answer]:
    """`before`, as it is typed."""
    return state, sides(state)


def sides(state: State) -> Sides:
    """`before`: the pass before the latest training step beside the one after it."""
    run, record = state.run, state.record
    if not run.epoch:
        raise InputError(_("no step was taken yet; update 0.1 takes one"))
    old = run.trained(track_of(run), run.epoch - 1)
    rows = [
        Side(
            record.names[i], (old.values[i].data, run.values[i].data), (old.whole(i), run.whole(i))
        )
        for i in range(record.last + 1)
        if not record.nameless(i)
    ]
    return Sides((run.epoch - 1, run.epoch), tuple(rows))


def epoch(state: State, text: str) -> tuple[State, Answer]:
    """`epoch [K]`: the epochs so far, or go to one of them, before its first step."""
    if not text:
        return state, epochs(state)
    if not re.fullmatch(r"\d{1,9}", text):
        raise InputError(_("{text!r} is no epoch; write a whole number, as in epoch 3", text=text))
    return go_to(state, int(text))


def epochs(state: State) -> Epochs:
    """The epochs so far with their losses."""
    run = state.run
    losses = dict(track_of(run).losses()) or {0: float(np.sum(run.output.data))}
    shown = sorted({*(list(losses)[k] for k in spread(len(losses) - 1, EPOCHS)), run.epoch})
    name = state.record.names[state.record.last]
    return Epochs(name, tuple((k, losses[k]) for k in shown), run.epoch)


def go_to(state: State, number: int) -> tuple[State, Epochs]:
    """The record as it is after so many training steps, before its first step."""
    run = state.run
    if number == run.epoch and run.track is None:
        return state, epochs(state)
    new = run.trained(track_of(run), number)
    changed = state.but(runs=(*state.runs[: state.number + 1], new), number=state.number + 1,
                        at=0, passes=1, stops=())  # fmt: skip
    return changed, epochs(changed)


def opened(state: State, path: str | Path) -> State:
    """A session that can go to every step of the training in a file; it begins at the first.

    Raises `InputError` if the file holds the training of another record.
    """
    record = state.record
    training = from_file(path, Replay(record.values[record.last], record.values))
    run = state.run.trained(Track((Segment(0, training),), training.steps), 0)
    return state.but(runs=(run,), number=0)
