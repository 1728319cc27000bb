"""What people need who add to backviz: each table, and what its rows are made of.

Every table is a `Registry`: `add(name, row)` enters a row, and everything that lists,
checks or documents the table finds it there. Names are never overwritten. A file is loaded
by `--plugin FILE` on the command line, an installed package by an entry point of the group
`backviz`; in Python an import is enough.

>>> import math, numpy as np
>>> from backviz.extend import OPS, elementwise
>>> from backviz import Value, check_grads
>>> x = Value(2.0)
>>> with OPS.temporarily():  # the table stays as it was
...     cube = elementwise(
...         "cube", lambda x: x**3, lambda out, x: 3 * x**2,
...         domain="all numbers", note="The third power.",
...         gradient="Multiplies the gradient by three times the square.",
...     )
...     y = cube(x)
...     y.backward()
...     y.data, x.grad, len(check_grads(cube, 2.0, order=2))
(8.0, 12.0, 2)
"""

from backviz.autodiff.calls import Call
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import Elementwise, Op, Structural, elementwise, structural
from backviz.course import COURSE, CourseTopic
from backviz.diagrams.layout import ENGINES, Engine, Layout, Plan
from backviz.diagrams.theme import PRESETS, THEMES, Preset, Theme
from backviz.lessons.broken import BREAKS, Break
from backviz.lessons.model import LESSONS, Lesson
from backviz.movies.formats import FORMATS, FilmFormat, film_format
from backviz.ops import OPS
from backviz.optim import OPTIMIZERS, SCHEDULES, Optimizer, convention, optimizer
from backviz.registry import Registry
from backviz.renderers import RENDERERS, Renderer
from backviz.renderers.builds import BUILDERS, Builder
from backviz.scenes import SCENES, Axis, Claim, Film, Frame, Panel, Within, artists, scene
from backviz.scenes.artists import Line
from backviz.scenes.provider import own_data, provided
from backviz.scenes.registry import Kind, said
from backviz.sources.examples import EXAMPLES, Example
from backviz.sources.frameworks import FRAMEWORKS, Framework
from backviz.stepping.answers import Answer
from backviz.stepping.handout import HANDOUTS, Handout
from backviz.stepping.state import State
from backviz.stepping.vocabulary import COMMANDS, Command, Result, Wish
from backviz.tables import TABLES, TableFormat
from backviz.training.formats import TRAININGS, TrainingFormat
from backviz.words import LANGUAGES, Words

__all__ = [
    "BREAKS",
    "BUILDERS",
    "COMMANDS",
    "COURSE",
    "ENGINES",
    "EXAMPLES",
    "FORMATS",
    "FRAMEWORKS",
    "HANDOUTS",
    "LANGUAGES",
    "LESSONS",
    "OPS",
    "OPTIMIZERS",
    "PRESETS",
    "RENDERERS",
    "SCENES",
    "SCHEDULES",
    "TABLES",
    "THEMES",
    "TRAININGS",
    "Answer",
    "Axis",
    "Break",
    "Builder",
    "Call",
    "Claim",
    "Command",
    "CourseTopic",
    "Elementwise",
    "Engine",
    "Example",
    "Film",
    "FilmFormat",
    "Frame",
    "Framework",
    "Handout",
    "Kind",
    "Layout",
    "Lesson",
    "Line",
    "Notation",
    "Op",
    "Optimizer",
    "Panel",
    "Plan",
    "Preset",
    "Registry",
    "Renderer",
    "Result",
    "State",
    "Structural",
    "TableFormat",
    "Theme",
    "TrainingFormat",
    "Wish",
    "Within",
    "Words",
    "artists",
    "convention",
    "elementwise",
    "film_format",
    "optimizer",
    "own_data",
    "provided",
    "said",
    "scene",
    "structural",
]  # fmt: skip
