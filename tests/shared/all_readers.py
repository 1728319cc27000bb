"""A value through every reader: pictures, steps, player, stepper, descriptions and tables."""

import numpy as np

import backviz
from backviz import Figure, Style, describe
from backviz.diagrams.steps import Steps
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.tables import TABLES, table

TEXTS = [name for name in RENDERERS if name not in ("svg", "pdf", "png")]


def told(output, number):
    """The output through all readers; the slow ones in turns."""
    if output.requires_grad:
        output.backward(np.ones(output.shape) if output.shape else None)
    for form in TEXTS:
        assert backviz.render(output, form)
    slow = number % 4
    if slow == 0:
        assert backviz.render(output, "svg", fold=("none", "names")[number // 4 % 2])
    elif slow == 1:
        assert BUILDERS["html"](Steps(Figure(output, Style())))
    elif slow == 2:
        assert Steps(Figure(output, Style(fold="none")), pace="contribution").moments
    else:
        session = backviz.stepper(output)
        for command in ("c", "list", f"local n{len(session.state.record.values) - 1}"):
            session.run(command)
        if output.requires_grad:
            session.run("why " + session.state.record.names[0])
    assert describe(output)
    for form in TABLES:
        table(output, form)
