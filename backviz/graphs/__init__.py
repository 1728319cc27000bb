"""The graph of a computation, whole and folded; the door to networkx."""

from backviz.graphs.cut import Choice, chosen, cut_out
from backviz.graphs.faults import Fault, find_faults, in_boxes
from backviz.graphs.folds import (
    NO_TITLES,
    Home,
    contract,
    fold_constants,
    fold_middle,
    fold_names,
    group_symbols,
    hide_data,
    hide_weights,
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
    written_out,
)
from backviz.graphs.rolled import layers, roll, roll_home
from backviz.graphs.scopes import Parts, fold_layers, fold_repeats, has_scopes

__all__ = [
    "CONSTANT",
    "GROUP",
    "LEAF",
    "NO_TITLES",
    "OP",
    "Choice",
    "Fault",
    "Home",
    "Parts",
    "chosen",
    "contract",
    "cut_out",
    "find_faults",
    "fold_constants",
    "fold_layers",
    "fold_middle",
    "fold_names",
    "fold_repeats",
    "group_symbols",
    "has_scopes",
    "hide_data",
    "hide_weights",
    "in_boxes",
    "layers",
    "operands",
    "plain_graph",
    "roll",
    "roll_home",
    "size",
    "to_graph",
    "written_out",
]
