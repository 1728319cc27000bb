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
from backviz.graphs.groups import Group, Opened, groups_of
from backviz.graphs.highlight import Highlight, find_highlight, said_way
from backviz.graphs.recorded import (
    CONSTANT,
    GROUP,
    LEAF,
    OP,
    RESULT,
    operands,
    plain_graph,
    to_graph,
    written_out,
)
from backviz.graphs.rolled import layers, name_of, roll, roll_home
from backviz.graphs.said import colours_in_boxes, notes_in_boxes, read_colour, said_of
from backviz.graphs.scopes import Parts, around_of, fold_layers, fold_repeats, has_scopes

__all__ = [
    "CONSTANT",
    "GROUP",
    "LEAF",
    "NO_TITLES",
    "OP",
    "RESULT",
    "Choice",
    "Fault",
    "Group",
    "Highlight",
    "Home",
    "Opened",
    "Parts",
    "around_of",
    "chosen",
    "colours_in_boxes",
    "contract",
    "cut_out",
    "find_faults",
    "find_highlight",
    "fold_constants",
    "fold_layers",
    "fold_middle",
    "fold_names",
    "fold_repeats",
    "group_symbols",
    "groups_of",
    "has_scopes",
    "hide_data",
    "hide_weights",
    "in_boxes",
    "layers",
    "name_of",
    "notes_in_boxes",
    "operands",
    "plain_graph",
    "read_colour",
    "roll",
    "roll_home",
    "said_of",
    "said_way",
    "size",
    "to_graph",
    "written_out",
]
