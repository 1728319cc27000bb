"""Scenes: films as data. `backviz.scenes.NAME(option=…)` makes a `Film`; `SCENES` lists them.

To add one: write a module with a function under `@scene` that returns a `Film`, and name
the module in `_MODULES`. Artists are in `artists`, panels, frames and films in `model`.

>>> from backviz import scenes
>>> film = scenes.tangent(curve="sine", frames=5)
>>> film.count, [frame.caption for frame, _ in film.states()][2]
(5, 'At x = 0 the tangent has slope 1: the derivative is positive, the curve rises.')
"""

from __future__ import annotations

from importlib import import_module

from backviz.registry import unknown
from backviz.scenes.model import Axis, Film, Frame, Panel, span
from backviz.scenes.registry import SCENES, Claim, Scene, Within, scene

_MODULES = (
    "slopes",
    "fitted_line",
    "boundaries",
    "vanishing",
    "gradient_on_graph",
    "factors",
    "long_gradients",
    "short_gradients",
    "units",
    "unit_slopes",
    "choices",
    "shared_axes",
    "pulling_losses",
    "class_bars",
    "outliers",
    "saturated_unit",
    "scaled_inputs",
    "early_stopping",
    "dying_units",
    "variances",
    "symmetry",
    "phases",
    "optimizer_paths",
    "basin_maps",
    "surface_view",
    "step_parts",
    "stability_ruler",
    "rate_schedules",
    "moving_averages",
    "comparisons",
    "network_view",
)

for _name in _MODULES:
    import_module(f"{__name__}.{_name}")

__all__ = ["SCENES", "Axis", "Claim", "Film", "Frame", "Panel", "Scene", "Within", "scene", "span"]


def __getattr__(name: str) -> Scene:
    if name not in SCENES:
        raise AttributeError(unknown("scene", name, SCENES))
    return SCENES[name]


def __dir__() -> list[str]:
    return [*globals(), *SCENES]
