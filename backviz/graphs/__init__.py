"""The graph of a computation, whole and folded; the door to networkx."""

from backviz.graphs.folds import (
    Home,
    contract,
    fold_constants,
    fold_middle,
    fold_names,
    group_symbols,
    size,
)
from backviz.graphs.recorded import (
    CONSTANT,
    GROUP,
    LEAF,
    OP,
    operands,
    plain_graph,
    to_graph,
)

__all__ = [
    "CONSTANT",
    "GROUP",
    "LEAF",
    "OP",
    "Home",
    "contract",
    "fold_constants",
    "fold_middle",
    "fold_names",
    "group_symbols",
    "operands",
    "plain_graph",
    "size",
    "to_graph",
]
