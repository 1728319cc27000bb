"""What people need who add to backviz: ops, formats, themes, sizes, engines, examples.

Every table is a `Registry`: `add(name, row)` enters a row, and everything that lists,
checks or documents the table finds it there. Names are never overwritten.

>>> import math, numpy as np
>>> from backviz.extend import OPS, elementwise
>>> cube = elementwise(
...     "cube", lambda x: x**3, lambda out, x: 3 * x**2,
...     domain="all numbers", note="The third power.",
... )
>>> from backviz import Value, check_grads
>>> x = Value(2.0)
>>> y = cube(x)
>>> y.backward()
>>> y.data, x.grad, len(check_grads(cube, 2.0, order=2))
(8.0, 12.0, 2)
>>> del OPS._items["cube"]  # leave the table as it was
"""

from backviz.autodiff.op import Elementwise, Notation, Op, Structural, elementwise, structural
from backviz.diagrams.layout import ENGINES, Engine
from backviz.diagrams.theme import PRESETS, THEMES, Preset, Theme
from backviz.ops import OPS
from backviz.registry import Registry
from backviz.renderers import RENDERERS, Renderer
from backviz.renderers.builds import BUILDERS, Builder
from backviz.sources.examples import EXAMPLES, Example

__all__ = [
    "BUILDERS",
    "ENGINES",
    "EXAMPLES",
    "OPS",
    "PRESETS",
    "RENDERERS",
    "THEMES",
    "Builder",
    "Elementwise",
    "Engine",
    "Example",
    "Notation",
    "Op",
    "Preset",
    "Registry",
    "Renderer",
    "Structural",
    "Theme",
    "elementwise",
    "structural",
]
