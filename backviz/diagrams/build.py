"""A graph becomes a diagram: numbers become text, nodes and edges get their roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backviz.autodiff.formula import Formula
from backviz.autodiff.notation import ATOM
from backviz.autodiff.symbol import UNNAMED, name_symbol
from backviz.diagrams.blanks import BLANK, NONE, Blanks, blank_out
from backviz.diagrams.clusters import clusters_of, groups_said
from backviz.diagrams.legend import legend_of, pointed, results_said
from backviz.diagrams.model import (
    Arrow,
    Box,
    Diagram,
    Emphasis,
    Heat,
    Remark,
    Role,
    box_id,
)
from backviz.graphs import CONSTANT, GROUP, LEAF, RESULT, operands
from backviz.language import Language
from backviz.names import told_apart
from backviz.ops import OPS
from backviz.text import (
    NOT_COMPUTED,
    NumberStyle,
    clean,
    product,
    shape_text,
    written_sum,
)
from backviz.words import LANGUAGES

if TYPE_CHECKING:
    import networkx as nx

    from backviz.diagrams.style import Style
    from backviz.diagrams.written import Formulas, Written

MAX_TITLE = 18
MAX_FORMULA = 30
MAX_RULE = 18
SHORT_NAME = 6  # signs of a longer name in a rule that is too long
_SIGN = r"(?:(?![ᵀ⁻⁰-⁹¹²³₀-₉])\w)"  # of a name
_LONG_NAME = re.compile(rf"{_SIGN}{{{SHORT_NAME + 2},}}(?!{_SIGN}|\()")
MAX_NUMBERS = 2
MAX_ENTRIES = 4  # of a contribution that an arrow writes out
MOST_CLASSES = 4  # of a loss's target that a box names
_NUMERIC = "−-.0123456789∞N"
HEAT_ROWS, HEAT_COLUMNS = 12, 20


def build(
    graph: nx.MultiDiGraph[Any], style: Style, names: Mapping[int, str] | None = None
) -> Diagram:
    """The diagram of a graph made by `backviz.graphs`.

    Ids follow the node ids, so the same graph gives the same diagram. `names` are what the nodes
    are called, short enough for a box, where they were told apart in a larger graph.
    """
    words = LANGUAGES[style.lang]
    output = graph.graph["output"]
    names = names or told_apart(dict(graph.nodes(data="label")), MAX_TITLE)
    boxes = tuple(_box(graph, n, style, words, names) for n in graph)
    apart = graph.graph.get("apart", ())
    arrows = tuple(
        _arrow(graph, u, v, k, d, name, style)
        for name, u, v, k, d in arrow_order(graph) if u not in apart
    )  # fmt: skip
    name = names[output] if graph.nodes[output]["label"].strip() else ""
    called = name or words.gettext("the output")
    caption = "" if style.title == "none" else clean(style.title)  # as for films
    legend = legend_of(boxes, arrows, called, words, _parts(graph, style), style.show == "formulas")
    legend += pointed(graph, names, words)
    made = Diagram(
        boxes,
        arrows,
        title=caption or words.gettext("Computation graph of {output}", output=called),
        description=_description(graph, boxes, arrows, style, words, names),
        caption=caption,
        legend=legend if style.legend else (),
        clusters=clusters_of(graph),
    )
    blanks: Blanks | None = graph.graph.get("blanks")
    return blank_out(made, graph, blanks, graph.graph["formulas"]) if blanks else made


def arrow_order(graph: nx.MultiDiGraph[Any]) -> list[tuple[str, Any, Any, int, dict[str, Any]]]:
    """The edges in the order of their arrows: id, tail, head, position and attributes of each.

    `e0` is the first, `e1` the second.
    """
    edges = graph.edges(keys=True, data=True)
    ordered = sorted(edges, key=lambda edge: (edge[1], edge[2], edge[0]))
    return [(f"e{i}", *edge) for i, edge in enumerate(ordered)]


def _box(
    graph: nx.MultiDiGraph[Any], node: Any, style: Style, words: Language, names: Mapping[int, str]
) -> Box:
    data, numbers = graph.nodes[node], style.numbers
    title = clean(data.get("title", ""), MAX_TITLE)
    if not title and data["label"].strip():
        title = names[node]
    value = data.get("value")
    shown = value is not None and "values" not in style.hidden
    lines = number_lines(value, numbers, words) if shown else ()
    gradient = () if "gradients" in style.hidden else _gradient(data, numbers, words)
    symbol = _symbol(graph, node, words)
    literal = data["kind"] == CONSTANT and not title
    if (told := _told(graph, node, style)) and value is not None and not literal:
        title = title or told.name
        symbol = "" if told.value else symbol
        lines = in_formulas(style, told.forward() if shown else (), lines)
        if "grad" in data and "gradients" not in style.hidden:  # also where its numbers gave way
            gradient = in_formulas(style, told.backward(), gradient)
    if value is None:
        gradient = ()
        symbol = f"⋯ {symbol}"
        hidden = words.gettext("leaf ×{n}", n=data["leaves"])
        lines = (data["ops"], hidden) if data["leaves"] else (data["ops"],)
    note = (
        shape_text(value)
        if isinstance(value, np.ndarray)
        and style.show != "formulas"
        and not (numbers.writes_out(value) and shown)
        else ""
    )
    if node in graph.graph.get("apart", ()):
        note = f"{note}  {words.gettext('used {n}×', n=len(graph.succ[node]))}".strip()
    said = f"{title or symbol}: {numbers.summary(value)}" if shown else title or symbol
    if shown and style.show == "formulas":
        said = " ".join((title or symbol, *lines))
    parts = {"value": "values", "gradient": "gradients"}
    remarks = tuple(
        Remark(fault.kind, fault.text.of(style.lang), fault.about)
        for fault in graph.graph.get("faults", {}).get(node, ())
        if parts[fault.about] not in style.hidden
    )
    if style.lines and (where := data.get("where")):
        remarks += (Remark("note", where),)
    remarks += tuple(Remark("note", line) for line in graph.graph.get("notes", {}).get(node, ()))
    aside = [said, " ".join(gradient), *(remark.text for remark in remarks)]
    return Box(
        id=box_id(node),
        role="output" if node == graph.graph["output"] else _role(data),
        title=title,
        symbol=symbol,
        value=lines,
        gradient=gradient,
        note=note,
        stacked=data.get("size", 1) > 1,
        ordered=bool(data["op"]) and not OPS[data["op"]].commutes,
        counted=value is None,
        heat=heat_of(value, numbers) if style.heat and style.show == "values" else None,
        alt="; ".join(filter(None, aside)),
        remarks=remarks,
        fill=graph.graph.get("fills", {}).get(node, ""),
        emphasis=_emphasis(graph, node, 0),
    )


def _emphasis(graph: nx.MultiDiGraph[Any], what: Any, kind: int) -> Emphasis:
    """Whether a box (kind 0) or a pair of boxes (1) is highlighted, or something else is."""
    lit = graph.graph.get("lit")
    return "" if lit is None else "strong" if what in lit[kind] else "pale"


def _symbol(graph: nx.MultiDiGraph[Any], node: Any, words: Language) -> str:
    """An op's sign, the formula of a small group, or how many ops a larger one holds.

    A sign is written around the operand's name: `−z`, and `−□` where the operand has none.
    """
    data = graph.nodes[node]
    if data["op"] and "formula" not in data:
        sign = OPS[data["op"]].symbol
        if (target := data.get("params", {}).get("target")) is not None:
            return clean(f"{sign}, target = {_classes(target)}", MAX_FORMULA)
        if UNNAMED not in sign:
            return sign
        (operand,) = operands(graph, node)
        label = graph.nodes[operand]["label"].strip()
        named = label and name_symbol(label).level == ATOM
        return clean(sign.replace(UNNAMED, label if named else UNNAMED), MAX_FORMULA)
    if data["kind"] == GROUP and "inside" not in data:
        return ops_text(data["size"], words)
    return clean(data.get("formula", ""), MAX_FORMULA)


def _classes(target: Any) -> str:
    """The class that a loss compares with, or the first few of several."""
    if np.ndim(target) == 0:
        return str(target)
    listed = [str(x) for x in np.ravel(target)[: MOST_CLASSES + 1]]
    return f"[{', '.join([*listed[:MOST_CLASSES], *['…' for _more in listed[MOST_CLASSES:]]])}]"


def ops_text(n: int, words: Language) -> str:
    """`2 820 ops`: a thin space parts the thousands, because a comma may be the decimal sign."""
    return words.ngettext("{n} op", "{n} ops", n, n=f"{n:,}".replace(",", "\u2009"))


def heat_of(value: Any, numbers: NumberStyle, limit: float = 0.0) -> Heat | None:
    """A small map of every entry, or of means of blocks; `limit` is the strongest colour's."""
    if (
        not isinstance(value, np.ndarray)
        or value.ndim > 2
        or numbers.writes_out(value)
        or not value.size
    ):
        return None
    matrix = np.atleast_2d(value).astype(float)
    with np.errstate(all="ignore"):
        for axis, most in ((0, HEAT_ROWS), (1, HEAT_COLUMNS)):
            blocks = np.array_split(matrix, min(most, matrix.shape[axis]), axis=axis)
            matrix = np.concatenate([b.mean(axis=axis, keepdims=True) for b in blocks], axis=axis)
        limit = limit or float(np.max(np.abs(matrix), initial=0.0, where=np.isfinite(matrix)))
        shares = np.clip(matrix / (limit or 1.0), -1, 1)
    cells = tuple(tuple(None if np.isnan(x) else float(x) for x in row) for row in shares)
    return Heat(cells, f"±{numbers.format(limit)}")


def _gradient(data: dict[str, Any], numbers: NumberStyle, words: Language) -> tuple[str, ...]:
    """The gradient's lines; what an earlier backward pass had left is spelled out."""
    if "grad" not in data:
        return (NOT_COMPUTED,)
    grad, earlier = data["grad"], data.get("earlier")
    lines = number_lines(grad, numbers, words)
    if earlier is None:
        return lines
    if isinstance(grad, np.ndarray):
        return (*lines, words.gettext("with an earlier pass"))
    return (written_sum([[earlier], [grad - earlier]], grad, numbers, bare=True),)


def _told(graph: nx.MultiDiGraph[Any], node: Any, style: Style) -> Written | None:
    """A node's formulas, where the figure shows formulas."""
    known = _formulas(graph, style)
    return known.nodes[node] if known else None


def _formulas(graph: nx.MultiDiGraph[Any], style: Style) -> Formulas | None:
    return graph.graph.get("formulas") if style.formulas else None


def in_formulas(
    style: Style, formula: tuple[str, ...], numbers: tuple[str, ...]
) -> tuple[str, ...]:
    """The lines of a box: the formula, and with "both" the numbers under it.

    >>> from backviz.diagrams.style import Style
    >>> in_formulas(Style(show="both"), ("= a·b",), ("6",))
    ('= a·b', '= 6')
    """
    if style.show == "formulas":
        return formula
    if formula and len(numbers) == 1:
        said = formula[-1].endswith(f"= {numbers[0]}")  # the gradient of the result is 1
        return formula if said else (*formula, f"= {numbers[0]}")
    return (*formula, *numbers)


def _role(data: dict[str, Any]) -> Role:
    if data.get("role", RESULT) != RESULT and (data["op"] or data["kind"] == GROUP):
        role: Role = data["role"]
        return role
    if data["kind"] == GROUP and data["size"] > 1:
        return "group"
    kinds: dict[str, Role] = {LEAF: "leaf", CONSTANT: "constant"}
    return kinds.get(data["kind"], "op")


def number_lines(
    value: float | np.ndarray, numbers: NumberStyle, words: Language
) -> tuple[str, ...]:
    """A number, the rows of a small matrix, or of a large array what the style shows of it."""
    if not isinstance(value, np.ndarray):
        return (numbers.format(value),)
    if numbers.writes_out(value):
        return tuple(numbers.rows(value))
    if value.size == 0:
        return ("[]",)
    if numbers.arrays != "values":
        return (numbers.span(value),) if numbers.arrays == "ranges" else ()
    return (words.gettext("mean {number}", number=numbers.mean(value)), numbers.span(value))


def _arrow(
    graph: nx.MultiDiGraph[Any],
    tail: Any,
    head: Any,
    position: int,
    data: dict[str, Any],
    name: str,
    style: Style,
) -> Arrow:
    numbers, local = style.numbers, data.get("local")
    upstream, contribution = graph.nodes[head].get("grad"), data.get("contribution")
    if contribution is not None and _shape(upstream) != _shape(contribution):
        local = None  # the formula, which says over what is summed; of several ops there is none
    text = _local(local, data.get("rule", ""), numbers)
    where = data.get("where", ())
    known = _formulas(graph, style)
    if known:
        rule = known.edges.get((tail, head, position), Formula())
        text, where = _local_in_formulas(style, rule.text, text), rule.parts
    if "locals" in style.hidden or (style.local == "numbers" and not isinstance(local, float)):
        text = ""
    told = ""
    factors = (
        [] if style.show == "formulas" else [x for x in (upstream, local) if isinstance(x, float)]
    )
    if style.products and text and len(factors) == 2 and contribution is not None:
        said = product(factors, numbers, bare=True)
        told = f"{said} = {numbers.format(contribution)}"
    elif (
        style.products
        and style.show != "formulas"
        and contribution is not None
        and (isinstance(contribution, np.ndarray) or isinstance(upstream, np.ndarray))
    ):
        told = _array_product(local, data.get("rule", ""), contribution, numbers)
    return Arrow(
        id=name,
        tail=box_id(tail),
        head=box_id(head),
        local=text,
        product=told,
        backward="gradients" not in style.hidden
        and ("contribution" in data or _grads_on_both(graph, tail, head)),
        forward="forward" not in style.hidden,
        alt=told or text,
        parts=_named_parts(text, where),
        emphasis=_emphasis(graph, (tail, head), 1),
    )


def _array_product(local: Any, rule: str, contribution: Any, numbers: NumberStyle) -> str:
    """What an op hands back by its rule, and its numbers: `W2ᵀ @ g = [0.036  0.041]`."""
    if local is not None and rule:  # of an op entry by entry, the local derivative
        alone = {"1": "g", "−1": "−g"}
        loose = re.search(r" [+−] ", re.sub(r"\([^()]*\)", "", rule))
        rule = alone.get(rule) or (f"g·({rule})" if loose else f"g·{rule}")
    few = np.size(contribution) <= MAX_ENTRIES
    shown = numbers.summary(contribution) if few else numbers.span(contribution)
    return f"{clean(rule, MAX_RULE)} = {shown}".strip()


def _local_in_formulas(style: Style, formula: str, number: str) -> str:
    """The local derivative as a formula; with "both" and its number, if that says more."""
    formula = clean(formula, MAX_RULE)
    if style.show == "formulas" or not formula or not number or number[0] not in _NUMERIC:
        return formula
    return number if formula[0] in _NUMERIC else f"{formula} = {number}"


def _named_parts(text: str, parts: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The parts that a formula names, and those that these name."""
    found = []
    for name, said in reversed(list(parts)):  # a part is named by those behind it only
        if re.search(rf"(?<![\w′]){re.escape(name)}(?![\w′])", text):  # not `m` in `max`
            found.append((name, said))
            text = f"{text} {said}"
    return tuple(found)


def _shape(value: Any) -> tuple[int, ...]:
    return value.shape if isinstance(value, np.ndarray) else ()


def _local(local: Any, rule: str, numbers: NumberStyle) -> str:
    """The number, a few numbers, or the rule where there would be too many."""
    if isinstance(local, float):
        return numbers.format(local)
    if isinstance(local, np.ndarray) and local.ndim == 1 and local.size <= MAX_NUMBERS:
        return "  ".join(map(numbers.format, local.tolist()))
    if len(rule) > MAX_RULE:  # a name in full would leave no room for what is done with it
        rule = _LONG_NAME.sub(lambda found: f"{found[0][:SHORT_NAME]}…", rule)
    return clean(rule, MAX_RULE)


def _grads_on_both(graph: nx.MultiDiGraph[Any], tail: Any, head: Any) -> bool:
    """Whether the gradient has passed: true also where a fold hides the numbers."""
    ends = graph.nodes[tail], graph.nodes[head]
    return all("grad" in d or "value" not in d for d in ends)


def _description(
    graph: nx.MultiDiGraph[Any],
    boxes: tuple[Box, ...],
    arrows: tuple[Arrow, ...],
    style: Style,
    words: Language,
    names: Mapping[int, str],
) -> str:
    numbers = style.numbers
    output = graph.nodes[graph.graph["output"]]
    called = clean(output["label"]) or words.gettext("the output")
    blanks: Blanks = graph.graph.get("blanks", NONE)
    unknown = graph.graph["output"] in blanks.values
    value = BLANK if unknown else numbers.summary(output["value"])
    said = (
        []
        if "values" in style.hidden
        else [words.gettext("{output} = {value}.", output=called, value=value)]
    )
    said += [
        words.gettext("Boxes: {boxes}, arrows: {arrows}.", boxes=len(boxes), arrows=len(arrows)),
    ]
    leaves = [
        _leaf_gradient(graph, n, style)
        for n, d in graph.nodes(data=True)
        if d["kind"] == LEAF and d["label"] and "grad" in d
    ]
    if lit := graph.graph.get("lit_said"):
        said.append(f"{lit[:1].upper()}{lit[1:]}.")
    begun = [box.alt.split(":")[0] for box in boxes if box.fault == "begins"]
    if begun:
        said.append(words.gettext("NaN or infinity begins in {list}.", list=", ".join(begun)))
    said += results_said(graph, names, words)
    said += groups_said(graph, names, words)
    if leaves and "gradients" not in style.hidden:
        listed = ", ".join(leaves[:40]) + (", …" if len(leaves) > 40 else "")
        said.append(words.gettext("Gradients: {list}.", list=listed))
    return " ".join(said)


def _leaf_gradient(graph: nx.MultiDiGraph[Any], node: Any, style: Style) -> str:
    data, told = graph.nodes[node], _told(graph, node, style)
    unknown = node in graph.graph.get("blanks", NONE).gradients
    number = BLANK if unknown else style.numbers.summary(data["grad"])
    if unknown and told is not None:
        return f"{told.slope} = {BLANK}"
    if told is None:
        return f"{clean(data['label'])} {number}"
    formula = " ".join(told.backward())
    return formula if style.show == "formulas" else f"{formula} = {number}"


def _parts(graph: nx.MultiDiGraph[Any], style: Style) -> list[tuple[str, str]]:
    """What the formulas in boxes name and do not say."""
    known = _formulas(graph, style)
    return [part for told in known.nodes.values() for part in told.parts] if known else []
