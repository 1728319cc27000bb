"""How things show and write themselves: functions of higher floors, asked for by name.

A value, a figure or a film is made on a low floor and drawn on a high one. What draws enters
itself here below; nothing below imports it. Invariant: each row is entered by the module that
holds it, and the tables import these modules when they are first asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backviz.registry import Registry

# what a notebook shows of a value, a figure, steps, an answer of the stepper, a film, a player
DISPLAYS: Registry[Callable[..., Any]] = Registry(
    "display", home=("backviz.notebook", "backviz.movies.notebook")
)
# what writes a picture and steps into files, and a film into a file or a picture
WRITERS: Registry[Callable[..., Any]] = Registry(
    "writer", home=("backviz.api", "backviz.renderers.build_files", "backviz.movies.saving")
)
