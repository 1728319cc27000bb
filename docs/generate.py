"""Write the generated pages: the op reference, numpy's functions, the gallery, the pictures.

    python docs/generate.py

The tests check that the pages are up to date and that no example is missing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import backviz
from backviz.autodiff.op import Op
from backviz.autodiff.orders import recorded_gradients
from backviz.autodiff.symbol import Symbol, as_symbol
from backviz.autodiff.table import FUNCTIONS
from backviz.diagrams.figure import Figure
from backviz.diagrams.style import Style
from backviz.explanations import derivatives
from backviz.ops import FAMILIES
from backviz.renderers import RENDERERS
from backviz.sources import EXAMPLES
from backviz.tables import escape_markdown

HERE = Path(__file__).parent
DARK = {"diamond": "half", "mazur": "slide", "mazur-scalar": "slide"}
LONGEST = 80  # characters of a rule that is shown
# ops that cannot be written down without their options
OPTIONS: dict[str, dict[str, Any]] = {
    "avg_pool1d": {"size": 2},
    "avg_pool2d": {"size": 2},
    "broadcast_to": {"shape": (2, 3)},
    "dropout": {"p": 0.5, "seed": 1},
    "einsum": {"subscripts": "ij,jk->ik"},
    "expand_dims": {"axis": 0},
    "getitem": {"key": 0},
    "max_pool1d": {"size": 2},
    "max_pool2d": {"size": 2},
    "moveaxis": {"source": 0, "destination": 2},
    "pad": {"pad_width": ((1, 1),)},
    "repeat": {"repeats": 2},
    "reshape": {"shape": (2, 3)},
    "roll": {"shift": 1},
    "swapaxes": {"axis1": 0, "axis2": 1},
    "tile": {"reps": (2,)},
}


def ops_page() -> str:
    """Every public op, read from the table, by family."""
    lines = [
        "# The ops",
        "",
        "Generated from the table of ops. `out` is the op's result. The rules are printed by",
        "running them on symbols. For an op that works entry by entry the rule is the local",
        "derivative: `d/dx = 1 − out²`. For an op on whole arrays it is what the operand gets,",
        "where `g` is the gradient of the result: `to a: g @ bᵀ`. An op without a rule passes no",
        "gradient; a rule that is too long to read is left out.",
        "",
        "Every op is a function in `backviz.ops` and, but for a few, a method of values. Options",
        "have numpy's names; `dim` and `keepdim`, torch's names, are taken as well.",
    ]
    shown: set[str] = set()
    for family in FAMILIES.split():
        module = import_module(f"backviz.ops.{family}")
        ops = [v for v in vars(module).values() if isinstance(v, Op) and v.name not in shown]
        shown |= {op.name for op in ops}
        rows = [_row(op) for op in sorted(ops, key=lambda op: op.name) if op.public]
        if rows:
            about = (module.__doc__ or family).partition("\n")[0].partition(". ")[0].rstrip(".")
            lines += ["", f"## {about}", ""]
            lines += ["| op | other names | formula | options | rules | domain | |"]
            lines += ["|---|---|---|---|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _row(op: Op) -> str:
    cells = [
        f"`{op.name}`",
        _code(op.aliases),
        escape_markdown(_formula(op)),
        _code(op.params),
        "<br>".join(map(escape_markdown, derivatives(op) or vjps(op))),
        escape_markdown(op.domain),
        escape_markdown(op.note),
    ]
    return "| " + " | ".join(cells) + " |"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _operands(op: Op) -> list[str]:
    """What the operands are called: by the op itself if it has names for them."""
    if op.variadic and op.bind is not None:
        parameters = list(inspect.signature(op.bind).parameters.values())
        if parameters[0].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD:
            return [p.name for p in parameters if p.name not in op.params]
    if op.variadic:
        return ["a", "b"]
    return ["x"] if op.arity == 1 else ["a", "b", "c"][: op.arity]


def _formula(op: Op) -> str:
    symbols = tuple(map(Symbol, _operands(op)))
    return str(symbols[0].interpret(op, symbols, OPTIONS.get(op.name, {})))


def vjps(op: Op) -> list[str]:
    """The rules of an op on whole arrays, each with the operand that the gradient goes to."""
    names = _operands(op)
    symbols, made = list(map(Symbol, names)), []
    for position, name in enumerate(names):
        rule = op.rule(position)
        if rule is not None:
            with suppress(TypeError):  # it needs an option that stands in no table here
                options = OPTIONS.get(op.name, {})
                text = str(as_symbol(rule(Symbol("g"), Symbol("out"), *symbols, **options)))
                made.append(f"to {name}: {text}")
    return [line for line in made if len(line) <= LONGEST]


def numpy_page() -> str:
    """Every function of numpy that records, and the ops that it records as."""
    lines = [
        "# numpy's functions",
        "",
        "Generated from the table. These functions of numpy take recorded values and record. All",
        "others refuse in one sentence; none makes a plain array of a value silently. `np.shape`,",
        "`np.ndim` and `np.size` answer, and record nothing. What the ops do, and which options",
        "they take, stands in [The ops](ops.md).",
        "",
        "| function | other names | records as |",
        "|---|---|---|",
    ]
    for function, op in sorted(FUNCTIONS.items(), key=lambda pair: _called(pair[0])):
        others = [n for n in _names(function) if n != _called(function)]
        ops = [op.name] if isinstance(op, Op) else _recorded_by(op)
        lines.append(f"| `{_called(function)}` | {_code(others)} | {_code(ops)} |")
    return "\n".join(lines) + "\n"


def _names(function: Callable[..., Any]) -> list[str]:
    """What a function is called in numpy, sorted."""
    modules = (("np.", np), ("np.linalg.", np.linalg))
    found = [f"{m}{n}" for m, module in modules for n, v in vars(module).items() if v is function]
    return sorted(found)


def _called(function: Callable[..., Any]) -> str:
    """The name that the function itself gives, if numpy has it under that."""
    names = _names(function)
    own = [n for n in names if n.rpartition(".")[2] == function.__name__]
    return (own or names)[0]


def _recorded_by(function: Callable[..., Any]) -> list[str]:
    """The ops that a function records which is not one itself: found by calling it."""
    x = backviz.tensor(np.eye(2) + 1)
    for args in (([x, x],), (x,), (x, 2)):
        with suppress(TypeError, ValueError):
            made = function(*args)
            values = backviz.tape(*(made if isinstance(made, list | tuple) else [made]))
            return sorted({v.op.name for v in values if v.op is not None})
    raise TypeError(f"{function.__name__} takes none of the arguments that were tried")


def gallery_page() -> str:
    """Every example with its picture and its source."""
    lines = ["# Gallery", "", "Generated by `python docs/generate.py`.", ""]
    for example in EXAMPLES.values():
        lines += [f"## @{example.name}", "", f"{example.about[0].upper()}{example.about[1:]}.", ""]
        lines += [f"![{example.about}](images/{example.name}.svg)", ""]
        if example.name in DARK:
            lines += [f"![the same, dark](images/{example.name}-dark.svg)", ""]
        source = "\n".join(line.strip() for line in example.expression.strip().splitlines())
        lines += ["```", source, "```", ""]
    return "\n".join(lines)


def pictures() -> None:
    """The pictures of the gallery."""
    for example in EXAMPLES.values():
        value = backviz.load(f"@{example.name}")
        value.backward()
        backviz.save(value, HERE / "images" / f"{example.name}.svg")
        if example.name in DARK:
            style = Style(theme="dark", size=DARK[example.name])
            path = HERE / "images" / f"{example.name}-dark.svg"
            backviz.save(value, path, theme=style.theme, size=style.size)
    _pictures_of_the_engine()


def _pictures_of_the_engine() -> None:
    """The backward pass as a graph, and an op opened into its parts."""
    value = backviz.load("@karpathy-neuron")
    figure = Figure(value, Style(), recorded_gradients(value))
    (HERE / "images" / "neuron-order2.svg").write_bytes(RENDERERS["svg"](figure))
    scores = backviz.tensor([1.0, 2.0, 3.0], "scores")
    with backviz.expanded():
        shares = backviz.name(shares=scores.softmax())
    shares.backward(np.ones(3))
    backviz.save(shares, HERE / "images" / "softmax-parts.svg")


if __name__ == "__main__":
    (HERE / "ops.md").write_text(ops_page(), encoding="utf-8")
    (HERE / "numpy.md").write_text(numpy_page(), encoding="utf-8")
    (HERE / "gallery.md").write_text(gallery_page(), encoding="utf-8")
    pictures()
