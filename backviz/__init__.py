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

__version__ = "0.1.0"

if TYPE_CHECKING:
    from backviz.api import render, save
    from backviz.autodiff.backward import Step, backward_steps, gradients_of, tape
    from backviz.autodiff.check import check_grads
    from backviz.autodiff.recording import detect_anomaly, expanded, no_grad, source_lines
    from backviz.autodiff.value import Value, tensor
    from backviz.diagrams.figure import Figure
    from backviz.diagrams.style import Style
    from backviz.errors import BackvizError
    from backviz.explanations import describe
    from backviz.graphs import plain_graph, to_graph
    from backviz.ops import OPS
    from backviz.sources import load
    from backviz.tables import table

# Where each public name lives; a module is imported when its name is first used, so
# that `import backviz` and the command line's --help load nothing heavy.
_HOME = {
    "BackvizError": "errors",
    "Figure": "diagrams.figure",
    "OPS": "ops",
    "Step": "autodiff.backward",
    "Style": "diagrams.style",
    "Value": "autodiff.value",
    "backward_steps": "autodiff.backward",
    "check_grads": "autodiff.check",
    "describe": "explanations",
    "gradients_of": "autodiff.backward",
    "load": "sources",
    "no_grad": "autodiff.recording",
    "plain_graph": "graphs",
    "render": "api",
    "save": "api",
    "table": "tables",
    "tape": "autodiff.backward",
    "tensor": "autodiff.value",
    "to_graph": "graphs",
}

__all__ = [
    "OPS", "BackvizError", "Figure", "Step", "Style", "Value", "backward_steps", "check_grads",
    "describe", "gradients_of", "load", "no_grad", "plain_graph", "render", "save", "table", "tape",
    "tensor", "to_graph",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'backviz' has no attribute {name!r}")
    import_module("backviz.ops")  # the operators of a value look their rows up here
    return getattr(import_module(f"backviz.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
