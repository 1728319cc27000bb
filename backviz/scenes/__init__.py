"""Scenes: films as data. `backviz.scenes.NAME(option=…)` makes a `Film`; `SCENES` lists them.

To add one: write a module with a function under `@scene` that returns a `Film`, and name
the module in `registry.MODULES`. Artists are in `artists`, panels, frames and films in `model`.

>>> from backviz import scenes
>>> film = scenes.tangent(curve="sine", frames=5)
>>> film.count, [frame.caption for frame, _ in film.states()][2]
(5, 'At x = 0 the tangent has slope 1: the derivative is positive, the curve rises.')
"""

from __future__ import annotations

from backviz.registry import unknown
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import SCENES, Claim, Scene, Within, scene

__all__ = ["SCENES", "Axis", "Claim", "Film", "Frame", "Panel", "Scene", "Within", "scene", "span"]


def __getattr__(name: str) -> Scene:
    if name not in SCENES:
        raise AttributeError(unknown("scene", name, SCENES))
    return SCENES[name]


def __dir__() -> list[str]:
    return [*globals(), *SCENES]
