"""The stepper as an object: every command a method, every answer text and picture.

Invariant: the object holds one frozen state and replaces it; what is shown in a notebook is
the picture of the state at that moment, and showing never raises.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from backviz.autodiff.value import Value
from backviz.displays import DISPLAYS
from backviz.errors import InputError
from backviz.stepping.look import Look
from backviz.stepping.state import State, start
from backviz.text import NumberStyle

if TYPE_CHECKING:
    from backviz.diagrams.style import Options

DRAWN = 150  # values of a computation that is drawn under every answer


@dataclass(frozen=True)
class Shown:
    """What a command said, with the picture of the state that it left."""

    text: str
    state: State

    def __repr__(self) -> str:
        return self.text

    def svg(self) -> str:
        """The picture of the state as SVG; its ids are its own on a page with several."""
        from backviz.stepping.pictures import picture

        state = self.state
        about = (
            f"{state.record.names} {state.run.edits} {state.at} {self.text}"
            f"{state.look.pictures or ''}"
        )
        return picture(
            self.state, "svg", salt=f"s{sha256(about.encode()).hexdigest()[:10]}"
        ).decode()

    def png(self) -> bytes:
        """The picture of the state as PNG."""
        from backviz.stepping.pictures import picture

        return picture(self.state, "png")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """Text, and the picture where the graph is small enough."""
        makers: dict[str, Callable[[], str]] = {"text/plain": lambda: self.text}
        if len(self.state.record.values) <= DRAWN:
            makers["image/svg+xml"] = self.svg
            makers["image/png"] = lambda: b64encode(self.png()).decode()
        return DISPLAYS["answer"](makers, include, exclude, self._page)

    def _page(self) -> Any:
        from backviz.stepping.pictures import present

        return present(self.state).drawing_of(())


class Stepper:
    """A computation that is gone through by hand, forward and backward.

    It writes nothing onto the recorded values: gradients live in the stepper, and edits in
    copies. Options are the fields of `Style`, for text and pictures: `lang` is "en" or "ru",
    `digits` how many digits numbers have (4 unless given).

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> L = a * b
    >>> s = Stepper(L)
    >>> s.next()
    (fw 1/1)  --> n2 = a·b            [mul]   a: 2   b: 3   n2: 6
      value     2·3 = 6
    >>> s.backward(), s.next().state.at
    ((bw 0/1)  backward starts: ∂n2/∂n2 = 1, 4)
    >>> s.set(a=5)
      a       2  →  5
      n2      6  →  15
      b.grad  2  →  5
    >>> s.grad("b"), a.data, a.grad
    (5.0, 2.0, None)
    """

    def __init__(self, output: Value, **style: Unpack[Options]) -> None:
        if not isinstance(output, Value):
            raise InputError(
                f"stepper takes a recorded value, not a {type(output).__name__}; "
                "compute one from Value(…) or tensor(…)"
            )
        digits = style.get("digits", 4)
        if not 1 <= digits <= 17:
            raise InputError(f"digits says how many, 1 to 17, not {digits!r}")
        from backviz.diagrams.style import Style
        from backviz.stepping.shell import Shell

        Style.of(**style)  # a wrong option is refused before anything is shown
        style.pop("digits", None)
        numbers = NumberStyle(digits, style.pop("decimal", "."))
        look = Look(lang=style.pop("lang", "en"), numbers=numbers, pictures=style)
        self._said: list[str] = []
        state = start(output, look)
        self._shell = Shell(state, self._said.append)

    @property
    def state(self) -> State:
        """The present state; every answer holds its own."""
        return self._shell.state

    def run(self, line: str) -> Shown:
        """Run a line as at the prompt; raises what the prompt would print as an error."""
        self._said.clear()
        self._shell.code = 0
        self._shell.run(line)
        text = "".join(self._said).rstrip("\n")
        if self._shell.code and text.startswith("! "):
            raise InputError(text.removeprefix("! "))
        return Shown(text, self.state)

    def next(self, count: int = 1) -> Shown:
        """The next node; forward first, then backward."""
        return self.run(f"next {count}")

    def step(self, count: int = 1) -> Shown:
        """The next contribution, finer than a node."""
        return self.run(f"step {count}")

    def back(self, count: int = 1) -> Shown:
        """Undo exactly so many visible steps."""
        return self.run(f"back {count}")

    def go_on(self) -> Shown:
        """To the next breakpoint, or to the end: `continue`."""
        return self.run("continue")

    def until(self, node: str) -> Shown:
        """To where a node is computed, or its gradient complete."""
        return self.run(f"until {node}")

    def goto(self, where: int | str) -> Shown:
        """To step `where` from the start; "bw 2" counts in the backward pass."""
        return self.run(f"goto {where}")

    def forward(self) -> Shown:
        """To the end of the forward phase."""
        return self.run("forward")

    def backward(self) -> Shown:
        """To the seed of the backward pass; at its end, to that of another one."""
        return self.run("backward")

    def restart(self) -> Shown:
        """Before the first step."""
        return self.run("restart")

    def break_at(self, what: str) -> Shown:
        """Stop `go_on` there: a node, "op:tanh", "nan", "absg>1e3", "a.grad > 1"."""
        return self.run(f"break {what}")

    def watch(self, node: str) -> Shown:
        """Say it when a node's value or gradient changes."""
        return self.run(f"watch {node}")

    def why(self, node: str, path: int = 0) -> Shown:
        """The chain rule with numbers: every path's product, and their sum."""
        return self.run(f"why {node} {path}" if path else f"why {node}")

    def explain(self, name: str = "") -> Shown:
        """A misconception or an op on one screen; without a name, the topics."""
        return self.run(f"explain {name}")

    def local(self, node: str) -> Shown:
        """The rules and local derivatives of the op that made a node."""
        return self.run(f"local {node}")

    def print(self, node: str) -> Shown:
        """Value and gradient of a node, or of a part of it: "W[0, :]"."""
        return self.run(f"print {node}")

    def list(self, what: str = "") -> Shown:
        """The tape around the present node; "all" is the whole of it."""
        return self.run(f"list {what}")

    def set(self, **leaves: Any) -> Shown:
        """Set leaves to other data, all in one edit, and run again to the same place."""
        from backviz.stepping.whatif import edited

        edits = [(name, _numbers(name, data)) for name, data in leaves.items()]
        texts = [f"set {name}={np.asarray(data).tolist()!r}" for name, data in edits]
        if not edits:
            raise InputError(self.state.look.say("set how"))
        before = self.state
        changed, lines = edited(before, edits)
        self._shell.state = changed.but(history=(*changed.history, *texts), last="")
        for text in texts:
            self._shell.note(text)
        self._shell.follow(before)
        return Shown("\n".join(lines), self.state)

    def undo(self) -> Shown:
        """Take the last edit back."""
        return self.run("undo")

    def redo(self) -> Shown:
        """The edit that was taken back, again."""
        return self.run("redo")

    def diff(self) -> Shown:
        """What differs from the computation as it was recorded."""
        return self.run("diff")

    def reset(self) -> Shown:
        """All leaves as recorded."""
        return self.run("reset")

    def nudge(self, node: str, h: float = 0.01) -> Shown:
        """What the gradient predicts for a small change, and what comes of it."""
        return self.run(f"nudge {node} {float(_numbers('h', h))!r}")

    def value(self, node: str) -> Any:
        """The data of a node under the present edits."""
        data = self.state.run.values[self.state.record.find(node)].data
        return data.copy() if isinstance(data, np.ndarray) else data

    def grad(self, node: str) -> Any:
        """What has arrived at a node so far; `None` if nothing has."""
        from backviz.stepping.state import gradient

        found = gradient(self.state, self.state.record.find(node))
        return found.copy() if isinstance(found, np.ndarray) else found

    def show(self) -> Shown:
        """The present step, and in a notebook its picture."""
        from backviz.stepping.blocks import step_lines

        return Shown("\n".join(step_lines(self.state, self.state.at)), self.state)

    def save(self, path: str) -> None:
        """Write the picture of the present state: .svg, .pdf, .png or .html."""
        from backviz.stepping.pictures import save_picture

        save_picture(self.state, path)

    def __repr__(self) -> str:
        return repr(self.show())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self.show()._repr_mimebundle_(include, exclude)


def _numbers(name: str, data: Any) -> Any:
    """What somebody gave for a leaf, as a value holds it."""
    try:
        return Value(data.data if isinstance(data, Value) else data).data
    except (TypeError, ValueError):
        raise InputError(f"{name} is a number or an array here, not {str(data)[:40]!r}") from None


def stepper(output: Value, **style: Unpack[Options]) -> Stepper:
    """A stepper for a recorded value; see `Stepper`.

    >>> stepper(Value(3.0, "a") ** 2).next()
    (fw 1/1)  --> n2 = a²             [pow]   a: 3   n2: 9
      value     3² = 9
    """
    return Stepper(output, **style)


__all__ = ["Shown", "Stepper", "stepper"]
