"""backviz records a computation, runs backpropagation over it, and draws both.

The way of every figure:

1. a table of ops (`backviz.ops`): forward, rule, notation, domain, a note
2. recorded values (`Value`, `tensor`) that remember their op and inputs
3. a plain networkx graph of the record (`to_graph`)
4. one stream of backward steps (`backward_steps`)
5. a diagram, its layout, and a page of marks (`Figure`)
6. a renderer for each format (`render`, `save`)

>>> import backviz
>>> a, b = backviz.Value(2.0, label="a"), backviz.Value(-3.0, label="b")
>>> L = (a * b).tanh()
>>> L.backward()
>>> backviz.to_graph(L).number_of_nodes()
4
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from backviz.language import _

__version__ = "0.1.0"

if TYPE_CHECKING:
    from backviz.api import compare, render, save, steps, train
    from backviz.autodiff.backward import Step, backward_steps, gradients_of, tape
    from backviz.autodiff.check import KinkWarning, check_grads
    from backviz.autodiff.recording import (
        detect_anomaly,
        expanded,
        group,
        no_grad,
        scope,
        scoped,
        source_lines,
    )
    from backviz.autodiff.replay import as_function
    from backviz.autodiff.transforms import (
        grad,
        hessian,
        hvp,
        jacobian,
        jvp,
        value_and_grad,
        vjp,
    )
    from backviz.autodiff.value import Value, tensor
    from backviz.diagnosis import diagnose
    from backviz.diagrams.figure import Figure
    from backviz.diagrams.font import use_font
    from backviz.diagrams.steps import Steps
    from backviz.diagrams.style import Style
    from backviz.errors import (
        BackvizDeprecationWarning,
        BackvizError,
        LostGradientError,
        LostGradientWarning,
    )
    from backviz.explanations import describe
    from backviz.graphs import plain_graph, to_graph
    from backviz.lessons.told import explain
    from backviz.notebook import show
    from backviz.ops import OPS
    from backviz.sources import load
    from backviz.sources.checking import check
    from backviz.sources.tracing import name, trace
    from backviz.stepping.entry import breakpoint, step  # noqa: A004
    from backviz.stepping.extension import load_ipython_extension
    from backviz.stepping.session import Stepper, stepper
    from backviz.tables import table

# Where each public name lives; a module is imported when its name is first used, so
# that `import backviz` and the command line's --help load nothing heavy.
_HOME = {
    "BackvizDeprecationWarning": "errors",
    "BackvizError": "errors",
    "Figure": "diagrams.figure",
    "KinkWarning": "autodiff.check",
    "LostGradientError": "errors",
    "LostGradientWarning": "errors",
    "OPS": "ops",
    "Step": "autodiff.backward",
    "Steps": "diagrams.steps",
    "Style": "diagrams.style",
    "Value": "autodiff.value",
    "Stepper": "stepping.session",
    "as_function": "autodiff.replay",
    "backward_steps": "autodiff.backward",
    "breakpoint": "stepping.entry",
    "check": "sources.checking",
    "check_grads": "autodiff.check",
    "compare": "api",
    "describe": "explanations",
    "detect_anomaly": "autodiff.recording",
    "diagnose": "diagnosis",
    "expanded": "autodiff.recording",
    "explain": "lessons.told",
    "grad": "autodiff.transforms",
    "gradients_of": "autodiff.backward",
    "group": "autodiff.recording",
    "hessian": "autodiff.transforms",
    "hvp": "autodiff.transforms",
    "jacobian": "autodiff.transforms",
    "jvp": "autodiff.transforms",
    "load": "sources",
    "load_ipython_extension": "stepping.extension",
    "name": "sources.tracing",
    "no_grad": "autodiff.recording",
    "plain_graph": "graphs",
    "render": "api",
    "save": "api",
    "scope": "autodiff.recording",
    "scoped": "autodiff.recording",
    "show": "notebook",
    "source_lines": "autodiff.recording",
    "step": "stepping.entry",
    "stepper": "stepping.session",
    "steps": "api",
    "table": "tables",
    "tape": "autodiff.backward",
    "tensor": "autodiff.value",
    "to_graph": "graphs",
    "trace": "sources.tracing",
    "train": "api",
    "use_font": "diagrams.font",
    "value_and_grad": "autodiff.transforms",
    "vjp": "autodiff.transforms",
}

__all__ = [
    "OPS",
    "BackvizDeprecationWarning",
    "BackvizError",
    "Figure",
    "KinkWarning",
    "LostGradientError",
    "LostGradientWarning",
    "Step",
    "Stepper",
    "Steps",
    "Style",
    "Value",
    "as_function",
    "backward_steps",
    "breakpoint",
    "check",
    "check_grads",
    "compare",
    "describe",
    "detect_anomaly",
    "diagnose",
    "expanded",
    "explain",
    "grad",
    "gradients_of",
    "group",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "load",
    "load_ipython_extension",
    "name",
    "no_grad",
    "plain_graph",
    "render",
    "save",
    "scope",
    "scoped",
    "show",
    "source_lines",
    "step",
    "stepper",
    "steps",
    "table",
    "tape",
    "tensor",
    "to_graph",
    "trace",
    "train",
    "use_font",
    "value_and_grad",
    "vjp",
]  # fmt: skip


_PACKAGES = (
    "data",
    "micrograd",
    "movies",
    "nn",
    "ops",
    "optim",
    "scenes",
)  # backviz.nn without a second import


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"backviz.{name}")
    if name not in _HOME:
        raise AttributeError(_("module 'backviz' has no attribute {name!r}", name=name))
    return getattr(import_module(f"backviz.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME, *_PACKAGES]
