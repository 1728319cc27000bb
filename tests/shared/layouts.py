"""Layouts for tests: graphs to lay out, and what can be measured on what comes back."""

from __future__ import annotations

import random
from functools import cache
from itertools import combinations

import numpy as np

from backviz.autodiff.backward import backward
from backviz.diagrams.boxes import EM, SMALL
from backviz.diagrams.figure import Figure
from backviz.diagrams.layout.layered import layered_layout
from backviz.diagrams.layout.plan import Direction, Edge, Layout, Node, Plan, Point
from backviz.diagrams.style import Style
from backviz.diagrams.ways import plan as plan_of_diagram
from backviz.sources import EXAMPLES, load

Box = tuple[float, float, float, float]
EPS = 1e-6


def plan_of(
    pairs: list[tuple[str, str]],
    alone: tuple[str, ...] = (),
    direction: Direction = "LR",
    label: tuple[float, float] = (0.0, 0.0),
    size: tuple[float, float] = (50.0, 30.0),
    ordered: bool = True,
) -> Plan:
    """A plan of equal boxes whose nodes are named by the edges."""
    names = dict.fromkeys([*(name for pair in pairs for name in pair), *alone])
    nodes = tuple(Node(name, *size, ordered) for name in names)
    edges = tuple(Edge(f"e{i}", t, h, *label) for i, (t, h) in enumerate(pairs))
    return Plan(nodes, edges, direction)


def network(sizes: list[int]) -> list[tuple[str, str]]:
    """The scalar graph of a multilayer perceptron: products, sums and tanh."""
    pairs: list[tuple[str, str]] = []
    values = [f"x{i}" for i in range(sizes[0])]
    for layer, width in enumerate(sizes[1:]):
        fresh = []
        for j in range(width):
            total = f"b{layer}.{j}"
            for i, value in enumerate(values):
                name = f"{layer}.{j}.{i}"
                pairs += [(f"w{name}", f"mul{name}"), (value, f"mul{name}")]
                pairs += [(total, f"add{name}"), (f"mul{name}", f"add{name}")]
                total = f"add{name}"
            pairs.append((total, f"tanh{layer}.{j}"))
            fresh.append(f"tanh{layer}.{j}")
        values = fresh
    return pairs


def residual(blocks: int, width: int) -> list[tuple[str, str]]:
    """Residual blocks one after another: each line takes a turn through tanh and is added."""
    pairs: list[tuple[str, str]] = []
    values = [f"x{i}" for i in range(width)]
    for b in range(blocks):
        fresh = []
        for j, value in enumerate(values):
            name = f"{b}.{j}"
            pairs += [(f"w{name}", f"mul{name}"), (values[(j + b) % width], f"mul{name}")]
            pairs += [(f"mul{name}", f"add{name}"), (f"b{name}", f"add{name}")]
            pairs += [(f"add{name}", f"tanh{name}"), (f"tanh{name}", f"sum{name}")]
            pairs.append((value, f"sum{name}"))
            fresh.append(f"sum{name}")
        values = fresh
    return pairs


def random_dag(count: int, reach: float, seed: int) -> list[tuple[str, str]]:
    """Nodes with one or two inputs each, some `reach` nodes back on the average."""
    dice = random.Random(seed)
    return [
        (f"n{max(0, i - 1 - int(dice.expovariate(1 / reach)))}", f"n{i}")
        for i in range(1, count)
        for _ in range(dice.choice([1, 1, 2, 2]))
    ]


def tangle(seed: int, direction: Direction) -> Plan:
    """A random multigraph with boxes of many sizes, some labels and isolated nodes."""
    dice = random.Random(seed)
    count = dice.randint(2, 45)
    nodes = tuple(
        Node(f"n{i}", dice.uniform(8, 90), dice.uniform(8, 60), dice.random() < 0.5)
        for i in range(count)
    )
    edges = []
    for i in range(dice.randint(0, 2 * count)):
        a, b = sorted(dice.sample(range(count), 2))
        label = (dice.uniform(10, 70), 11.0) if dice.random() < 0.3 else (0.0, 0.0)
        copies = range(dice.choice([1, 1, 2]))
        edges += [Edge(f"e{i}.{k}", f"n{a}", f"n{b}", *label) for k in copies]
    return Plan(nodes, tuple(edges), direction, dice.uniform(10, 60), dice.uniform(2, 30))


PLANS = [
    *(tangle(seed, "LR" if seed % 2 else "TB") for seed in range(24)),
    plan_of(network([2, 2, 2])),
    plan_of(network([3, 4, 3, 1]), direction="TB", label=(40.0, 11.0)),
]


@cache
def laid(plan: Plan) -> Layout:
    """The layout of a plan that several tests look at."""
    return layered_layout(plan)


def box_at(center: Point, width: float, height: float) -> Box:
    """The sides of a box: left, top, right, bottom."""
    (x, y), w, h = center, width / 2, height / 2
    return x - w, y - h, x + w, y + h


def boxes_of(plan: Plan, layout: Layout) -> dict[str, Box]:
    """Every node's box."""
    return {n.id: box_at(layout.centers[n.id], n.width, n.height) for n in plan.nodes}


def labels_of(plan: Plan, layout: Layout) -> dict[str, Box]:
    """Every label's box."""
    return {
        e.id: box_at(layout.labels[e.id], e.label_width, e.label_height)
        for e in plan.edges
        if e.id in layout.labels
    }


def distance(a: Box, b: Box) -> tuple[float, float]:
    """How far two boxes are apart in x and in y; negative where they share a range."""
    return max(a[0], b[0]) - min(a[2], b[2]), max(a[1], b[1]) - min(a[3], b[3])


def overlapping(boxes: dict[str, Box]) -> list[tuple[str, str]]:
    """The pairs of boxes with common area."""
    return [
        (one, two)
        for one, two in combinations(boxes, 2)
        if max(distance(boxes[one], boxes[two])) < -EPS
    ]


def sampled(curve: tuple[Point, ...], steps: int = 24) -> np.ndarray:
    """Points along a chain of cubic pieces."""
    t = np.linspace(0, 1, steps + 1)[:, None]
    pieces = []
    for i in range(0, len(curve) - 1, 3):
        a, b, c, d = (np.array(point) for point in curve[i : i + 4])
        outer, inner = (1 - t) ** 3 * a + t**3 * d, (1 - t) * b + t * c
        pieces.append(outer + 3 * (1 - t) * t * inner)
    return np.concatenate(pieces)


def hits(points: np.ndarray, box: Box) -> bool:
    """Whether a point lies strictly inside a box."""
    x, y = points[:, 0], points[:, 1]
    inside = (x > box[0] + EPS) & (x < box[2] - EPS) & (y > box[1] + EPS) & (y < box[3] - EPS)
    return bool(inside.any())


def crossed(paths: list[np.ndarray]) -> int:
    """Counts the crossings of polylines; each straight piece meets those beside it in x."""
    owner = np.repeat(np.arange(len(paths)), [len(path) - 1 for path in paths])
    a = np.concatenate([path[:-1] for path in paths])
    b = np.concatenate([path[1:] for path in paths])
    by_left = np.argsort(np.minimum(a, b)[:, 0], kind="stable")
    a, b, owner = a[by_left], b[by_left], owner[by_left]
    low, high = np.minimum(a, b), np.maximum(a, b)
    last = np.searchsorted(low[:, 0], high[:, 0], "right")

    def side(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        one, two = b - a, c - a
        return np.asarray(one[..., 0] * two[..., 1] - one[..., 1] * two[..., 0])

    total = 0
    for i, end in enumerate(last.tolist()):
        beside = slice(i + 1, end)
        near = (low[beside, 1] <= high[i, 1]) & (high[beside, 1] >= low[i, 1])
        met = np.flatnonzero(near & (owner[beside] != owner[i])) + i + 1
        if met.size:
            c, d = a[met], b[met]
            apart = side(a[i], b[i], c) * side(a[i], b[i], d) < 0
            total += int((apart & (side(c, d, a[i]) * side(c, d, b[i]) < 0)).sum())
    return total


def chords_crossed(plan: Plan, layout: Layout) -> int:
    """Counts the crossings of straight lines between the centres of joined boxes."""
    at = layout.centers
    return crossed([np.array([at[edge.tail], at[edge.head]]) for edge in plan.edges])


def curves_crossed(layout: Layout) -> int:
    """Counts the crossings of the drawn curves."""
    return crossed([sampled(curve, 5) for curve in layout.curves.values()])


def text_of(edge: Edge, center: Point) -> Box:
    """The letters of a label, without the padding that its reserved size includes."""
    return box_at(center, edge.label_width - 0.9 * EM, 0.84 * SMALL * EM)


def misread(plan: Plan, layout: Layout) -> dict[str, list[str]]:
    """The labels that a reader may give to a wrong edge, or that hide something."""
    paths = {name: sampled(curve) for name, curve in layout.curves.items()}
    turn = {name: i for i, name in enumerate(paths)}
    owner = np.repeat(np.arange(len(paths)), [len(path) for path in paths.values()])
    points = np.concatenate(list(paths.values()))
    texts = {e.id: text_of(e, layout.labels[e.id]) for e in plan.edges if e.id in layout.labels}
    faults: dict[str, list[str]] = {"nearer": [], "crossed": [], "covered": []}
    for name, (left, top, right, bottom) in texts.items():
        x, y = points.T
        away = np.hypot(
            np.maximum(0, np.maximum(left - x, x - right)),
            np.maximum(0, np.maximum(top - y, y - bottom)),
        )
        other = np.min(away[owner != turn[name]], initial=np.inf)
        faults["nearer"] += [name] if other < np.min(away[owner == turn[name]]) - EPS else []
        faults["crossed"] += [name] if other == 0 else []
    for node in plan.nodes:
        box = box_at(layout.centers[node.id], node.width, node.height)
        faults["covered"] += [n for n, text in texts.items() if max(distance(text, box)) < -EPS]
    faults["covered"] += [one for one, _ in overlapping(texts)]
    return faults


@cache
def example_plans(direction: Direction, products: bool) -> list[Plan]:
    """The plans of all built-in examples, every op and every node."""
    plans = []
    for name in EXAMPLES:
        value = load(f"@{name}")
        backward(value)
        for fold in ("constants", "none"):
            style = Style(fold=fold, products=products)
            plans.append(plan_of_diagram(Figure(value, style).diagram, style, direction))
    return plans
