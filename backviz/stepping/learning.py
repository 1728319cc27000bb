"""The rows of the commands that train: what they do is loaded when one of them is typed.

Invariant: the optimizers are not loaded for a session that takes no step.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import backviz.stepping.commands  # noqa: F401  (its rows come first)
from backviz.language import N_
from backviz.stepping.state import State
from backviz.stepping.vocabulary import COMMANDS, Act, Command, Result


def _late(name: str) -> Act:
    def act(state: State, text: str) -> tuple[State, Result]:
        new, answer = getattr(import_module("backviz.stepping.epochs"), name)(state, text)
        return new, Result(answer)

    return act


def _add(name: str, usage: str, example: str, about: str, *also: str, **how: Any) -> None:
    command = Command(name, usage, example, _late(name), about=about, subject="training", **how)
    COMMANDS.add(name, command, also)


_add("update", "update [NAME] [RATE]", "update 0.1", N_("a training step; the next pass"),
     again=True, ahead=True)  # fmt: skip
_add("before", "before", "before", N_("the passes around a step"), "after", ahead=True)
_add("epoch", "epoch [K]", "epoch 3", N_("to a training step; the list"))
