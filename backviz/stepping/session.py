"""The stepper as an object: every command a method, every answer data with its text and picture.

Invariant: the object holds one frozen state and replaces it; methods call the commands' own
functions, with arguments and not with lines of text; what is shown in a notebook is the
picture of the state at that moment, and showing never raises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import numpy as np

from backviz.autodiff.custody import refuse_changed
from backviz.autodiff.tape import Names
from backviz.autodiff.value import Value
from backviz.displays import DISPLAYS
from backviz.errors import InputError
from backviz.language import _
from backviz.sources.frames import named_by
from backviz.stepping import crossing, moves, points, quiz, reasons, single, views, whatif
from backviz.stepping.answers import DRAWN, Answer, Script
from backviz.stepping.look import Look, screen_columns
from backviz.stepping.state import State, gradient, start
from backviz.stepping.vocabulary import COMMANDS
from backviz.text import NumberStyle

if TYPE_CHECKING:
    from backviz.diagrams.style import Options
    from backviz.stepping.epochs import Sides

A = TypeVar("A", bound=Answer)


class Stepper:
    """A computation that is gone through by hand, forward and backward.

    It writes nothing onto the recorded values: gradients live in the stepper, and edits in
    copies. Values without a label are called by the variables that hold them where it is made,
    unless `names` is false. `record` is an NPZ file of a training of this value, to any step of
    which `epoch` goes. Options are the fields of `Style`, for text and pictures: `lang` is
    "en" or "ru", `digits` how many digits numbers have (4 unless given).

    What a method returns is an answer: its fields are numbers, names and formulas, `text` is what
    the prompt prints, `data()` what `--json` prints, and a notebook shows the picture too.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> L = a * b
    >>> s = Stepper(L)
    >>> s.next()
    (fw 1/1)  --> L = a·b             [mul]   a: 2   b: 3   L: 6
      value     2·3 = 6
    >>> s.backward(), s.next().state.at
    ((bw 0/1)  backward starts: ∂L/∂L = 1, 4)
    >>> s.set(a=5)
      a       2  →  5
      L       6  →  15
      b.grad  2  →  5
    >>> s.grad("b"), a.data, a.grad
    (5.0, 2.0, None)
    >>> why = s.why("a")
    >>> why.total, [(path.nodes, path.rules, path.factors) for path in why.paths]
    (3.0, [(('L', 'a'), ('b',), (3.0,))])
    """

    def __init__(
        self,
        output: Value,
        *,
        names: bool | Names = True,
        record: str | Path = "",
        **style: Unpack[Options],
    ) -> None:
        if not isinstance(output, Value):
            raise InputError(
                _(
                    "stepper takes a recorded value, not a {kind}; compute one from Value(…) "
                    "or tensor(…)",
                    kind=type(output).__name__,
                )
            )
        digits = style.get("digits", 4)
        if not 1 <= digits <= 17:
            raise InputError(_("digits says how many, 1 to 17, not {digits!r}", digits=digits))
        from backviz.diagrams.style import Style
        from backviz.stepping.shell import Shell

        Style.of(**style)  # a wrong option is refused before anything is shown
        style.pop("digits", None)
        numbers = NumberStyle(digits, style.pop("decimal", "."), powers=style.pop("powers", "e"))
        look = Look(screen_columns(), lang=style.pop("lang", "en"), numbers=numbers, pictures=style)
        self._heard: list[tuple[str, Answer]] = []
        hear = lambda line, answer: self._heard.append((line, answer))  # noqa: E731
        state = start(output, look, named_by(output, names))
        if record:
            from backviz.stepping.epochs import opened

            state = opened(state, record)
        self._shell = Shell(state, lambda text: None, heard=hear)

    @property
    def state(self) -> State:
        """The present state; every answer holds its own.

        `InputError` once a leaf was changed: the numbers here are those of the record.
        """
        state = self._shell.state
        for value in state.record.values:
            if value.first is not None:
                refuse_changed(value)
        return state

    def run(self, line: str) -> Answer:
        """Run a line as at the prompt; raises what the prompt would print as an error."""
        before = self.state
        self._heard.clear()
        answer, _other = self._shell.answer(line)
        self._shell.follow(before)
        if self._heard:
            return replace(Script(tuple(self._heard)), state=self.state)
        self._shell.told.append((line, answer))
        return answer

    def _move(self, line: str, move: Callable[..., tuple[State, A]], *args: Any) -> A:
        """Call a command's function; `line` is how a prompt would have it, for the history."""
        before, command = self.state, COMMANDS[line.partition(" ")[0]]
        quiz.refuse_if_it_shows(before, command)
        state, answer = move(before, *args)
        state = quiz.noticed(before, state, command)
        last = line if command.again else ""
        self._shell.state = state.but(history=(*state.history, line), last=last)
        self._shell.note(line)
        self._shell.follow(before)
        told = replace(answer, state=self.state)
        self._shell.told.append((line, told))
        return told

    def _look(self, line: str, view: Callable[..., A], *args: Any) -> A:
        """The same for a command that leaves the state as it is."""
        return self._move(line, lambda state: (state, view(state, *args)))

    def next(self, count: int = 1) -> Answer:
        """The next node; forward first, then backward."""
        return self._move(f"next {count}", moves.next_steps, count)

    def step(self, count: int = 1) -> Answer:
        """The next contribution, finer than a node."""
        return self._move(f"step {count}", moves.part_steps, count)

    def back(self, count: int = 1) -> Answer:
        """Undo exactly so many visible steps."""
        return self._move(f"back {count}", moves.back_steps, count)

    def go_on(self) -> Answer:
        """To the next breakpoint, or to the end: `continue`."""
        return self._move("continue", moves.go_on)

    def over(self) -> Answer:
        """The whole of the next block: a module, a `backviz.group`, a line of the program."""
        return self._move("over", crossing.over)

    def into(self) -> Answer:
        """The first node of the next block."""
        return self._move("into", crossing.into)

    def finish(self) -> Answer:
        """To the end of the block at work; at its end, to that of the loop or block around."""
        return self._move("finish", crossing.finish)

    def until(self, node: str) -> Answer:
        """To where a node is computed, or its gradient complete."""
        return self._move(f"until {node}", moves.until, node)

    def goto(self, where: int | str) -> Answer:
        """To step `where` from the start; "bw 2" counts in the backward pass."""
        return self._move(f"goto {where}", moves.goto, where)

    def forward(self) -> Answer:
        """To the end of the forward phase."""
        return self._move("forward", moves.forward)

    def backward(self) -> Answer:
        """To the seed of the backward pass; at its end, to that of another one."""
        return self._move("backward", moves.backward)

    def restart(self) -> Answer:
        """Before the first step."""
        return self._move("restart", moves.restart)

    def break_at(self, what: str) -> Answer:
        """Stop `go_on` there: a node, "op:tanh", "nan", "absg>1e3", "a.grad > 1"."""
        return self._move(f"break {what}", points.break_at, what)

    def breaks(self) -> points.Breaks:
        """The breaks that are set."""
        return self._look("break", points.breaks)

    def clear(self, number: int = 0) -> Answer:
        """Drop a break by its number; 0 drops all, and ends all watching."""
        return self._move(f"clear {number or 'all'}", points.clear, number)

    def watch(self, node: str) -> Answer:
        """Say it when a node's value or gradient changes."""
        return self._move(f"watch {node}", points.watch, node)

    def why(self, node: str, path: int = 0) -> reasons.Why | reasons.PathAnswer | single.WhyEntry:
        """The chain rule with numbers: every path's product, and their sum.

        Of one entry, as in "W[0, 1]", the sum over the samples or whatever else arrives.
        """
        return self._look(f"why {node} {path or ''}".rstrip(), single.why, node, path)

    def explain(self, name: str = "") -> Answer:
        """A misconception or an op on one screen; without a name, the topics."""
        view = lambda state: COMMANDS["explain"].act(state, name)[1].told  # noqa: E731
        return self._look(f"explain {name}".rstrip(), view)

    def local(self, node: str) -> reasons.Local | single.LocalEntry:
        """The rules and local derivatives of the op that made a node, or one entry: "z[0, 1]"."""
        return self._look(f"local {node}", single.local, node)

    def print(self, node: str) -> views.Printed:
        """Value and gradient of a node, or of a part of it: "W[0, :]"."""
        return self._look(f"print {node}", views.printed, node)

    def list(self, what: str = "") -> views.Listing:
        """The tape around the present node, or another one; "all" is the whole of it."""
        return self._look(f"list {what}".rstrip(), views.listing, what)

    def where(self) -> views.Where:
        """The step, the line of the program, and what has been set."""
        return self._look("where", views.where)

    def check(self, node: str = "") -> whatif.Checked:
        """The gradients of a node, or of all leaves, against finite differences."""
        return self._look(f"check {node}".rstrip(), whatif.check, node)

    def zero(self) -> Answer:
        """Forget the gradients of all passes."""
        return self._move("zero", points.zero)

    def quiz(self, topic: str = "", seed: int | None = None) -> Answer:
        """Ask what comes next; of one topic only, or with other numbers in the leaves."""
        said = f"{topic} {'' if seed is None else f'--seed {seed}'}".strip()
        return self._move(f"quiz {said}".rstrip(), quiz.ask, said)

    def answer(self, given: Any) -> Answer:
        """Judge an answer, a number, a list, a shape or a node, and ask the next question."""
        return self._move(f"answer {given}", quiz.answer, given)

    def hint(self) -> Answer:
        """A rule, then its numbers; each costs half of the point."""
        return self._move("hint", quiz.hint)

    def skip(self) -> Answer:
        """Show the answer to the question, which counts as none, and ask the next one."""
        return self._move("skip", quiz.skip)

    def score(self) -> Answer:
        """How the quiz has gone so far."""
        return self._look("score", quiz.score)

    def history(self) -> points.History:
        """The commands so far, as a prompt would have them."""
        return self._look("history", points.history)

    def set(self, **leaves: Any) -> whatif.Changes:
        """Set leaves to other data, all in one edit, and run again to the same place."""
        edits = [(name, _numbers(name, data)) for name, data in leaves.items()]
        if not edits:
            raise InputError(
                self.state.look.say("write a leaf and its value, as in set a=5 or set W[0, 1] = 2")
            )
        before = self.state
        changed, answer = whatif.edited(before, edits)
        lines = [f"set {name}={np.asarray(data).tolist()!r}" for name, data in edits]
        changed = quiz.noticed(before, changed, COMMANDS["set"])
        self._shell.state = changed.but(history=(*changed.history, *lines), last="")
        for line in lines:
            self._shell.note(line)
        self._shell.follow(before)
        return replace(answer, state=self.state)

    def undo(self) -> Answer:
        """Take the last edit back."""
        return self._move("undo", whatif.undo)

    def redo(self) -> Answer:
        """The edit that was taken back, again."""
        return self._move("redo", whatif.redo)

    def diff(self) -> whatif.Changes:
        """What differs from the computation as it was recorded."""
        return self._look("diff", whatif.diff)

    def reset(self) -> Answer:
        """All leaves as recorded."""
        return self._move("reset", whatif.reset)

    def update(
        self, rate: float | None = None, optimizer: str = "", *, steps: int = 1, wrt: Any = ""
    ) -> Answer:
        """Training steps with the gradients of this pass, and the start of the next one.

        Rate and optimizer are those of the step before unless they are given, "sgd" at first.
        `wrt` names what learns, as "w,b" or a list; else the parameters of modules learn, or all
        leaves.

        >>> s = Stepper((Value(4.0, "w") - 1) ** 2)
        >>> s.update(0.25).after, s.value("w"), s.epoch(0).now, s.value("w")
        (2.25, 2.5, 0, 4.0)
        """
        words = [optimizer, "" if rate is None else repr(float(rate))]
        words += [f"--steps {steps}"] if steps != 1 else []
        words += [f"--wrt {wrt if isinstance(wrt, str) else ','.join(wrt)}"] if wrt else []
        line = " ".join(["update", *filter(None, words)])
        from backviz.stepping.epochs import updated  # optimizers, not at every start

        return self._move(line, updated, optimizer, rate, steps, wrt)

    def before(self) -> Sides:
        """The passes before and after the latest training step, side by side."""
        from backviz.stepping.epochs import sides

        return self._look("before", sides)

    def epoch(self, number: int | None = None) -> Answer:
        """Go to where so many training steps led; without a number, the steps so far."""
        from backviz.stepping.epochs import epochs, go_to

        if number is None:
            return self._look("epoch", epochs)
        return self._move(f"epoch {number}", go_to, number)

    def nudge(self, node: str, h: float = whatif.STEP) -> whatif.Nudged:
        """What the gradient predicts for a small change, and what comes of it."""
        by = float(_numbers("h", h))
        return self._look(f"nudge {node} {by!r}", whatif.nudge, node, by)

    def value(self, node: str) -> Any:
        """The data of a node under the present edits."""
        data = self.state.run.values[self.state.record.find(node)].data
        return data.copy() if isinstance(data, np.ndarray) else data

    def grad(self, node: str) -> Any:
        """What has arrived at a node so far; `None` if nothing has."""
        found = gradient(self.state, self.state.record.find(node))
        return found.copy() if isinstance(found, np.ndarray) else found

    def show(self) -> moves.Moved:
        """The present step, and in a notebook its picture."""
        return moves.Moved(self.state.step, state=self.state)

    def save(self, path: str, **style: Unpack[Options]) -> None:
        """Write the picture of the present state; the extension says the format.

        Formats are those of `backviz.save`, but for data, and .html: a page that loads itself
        anew. `style` takes the fields of `Style`, for this picture alone.
        """
        from backviz.stepping.pictures import save_picture

        save_picture(self.state, path, style)

    def export(self, path: str) -> None:
        """Write all that was asked and answered so far as a hand-out: .html, .md or .ipynb.

        Raises `InputError` where nothing was shown yet.

        >>> s = Stepper(Value(2.0, "a") * 3.0)
        >>> s.next().state.at
        1
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     s.export(f"{folder}/steps.md")
        ...     print(pathlib.Path(folder, "steps.md").read_text().splitlines()[0])
        # Step by step through `n2`
        """
        self._shell.export(path)

    def __repr__(self) -> str:
        try:
            return repr(self.show())
        except InputError as error:  # a leaf was changed; showing does not fail
            return f"<stepper: {error}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """Text and picture of the present step, and a page with buttons that goes on from there."""
        try:
            made, about = self.show()._repr_mimebundle_(include, exclude)
        except InputError:
            return {"text/plain": repr(self)}
        asked = {"text/html"} & set(include or ("text/html",)) - set(exclude or ())
        if asked and len(self._shell.state.record.values) <= DRAWN:
            from backviz.stepping.pictures import playing

            made |= DISPLAYS["steps"](playing(self._shell.state), asked)[0]
        return made, about


def _numbers(name: str, data: Any) -> Any:
    """What somebody gave for a leaf, as a value holds it."""
    try:
        return Value(data.data if isinstance(data, Value) else data).data
    except (TypeError, ValueError):
        raise InputError(
            _("{name} is a number or an array here, not {data!r}", name=name, data=str(data)[:40])
        ) from None


def stepper(
    output: Value,
    *,
    names: bool | Names = True,
    record: str | Path = "",
    **style: Unpack[Options],
) -> Stepper:
    """A stepper for a recorded value; see `Stepper`.

    >>> stepper(Value(3.0, "a") ** 2).next()
    (fw 1/1)  --> n2 = a²             [pow]   a: 3   n2: 9
      value     3² = 9
    """
    return Stepper(output, names=names, record=record, **style)


__all__ = ["Stepper", "stepper"]
