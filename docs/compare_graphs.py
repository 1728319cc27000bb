"""The same graphs by micrograd's draw_dot, torchviz, torchview, TorchLens and backviz.

Runs where these are installed (`pip install torch torchviz torchview torchlens` and the program
`dot`): draws each graph with each, writes small pictures, and prints the table of compare-graphs.md.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from graphviz import Digraph
from PIL import Image
from torch import nn

import backviz

HERE = Path(__file__).parent / "images"
WIDEST = 640  # pixels of a picture in the docs
SEED = 0


class TwoLayers(nn.Module):
    """Linear, tanh, linear, mean squared error: examples/graphs/two_layers.py as a module."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 3), nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The loss against a fixed target."""
        out = self.second(torch.tanh(self.first(x)))
        return ((out - torch.tensor([[1.0], [0.0], [1.0]])) ** 2).mean()


class Attention(nn.Module):
    """One head, written out: examples/graphs/attention.py as a module."""

    def __init__(self) -> None:
        super().__init__()
        self.W_Q, self.W_K, self.W_V = (nn.Parameter(torch.randn(4, 2) / 2) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum of the squares of what the head gives."""
        scores = (x @ self.W_Q) @ (x @ self.W_K).T / 2**0.5
        return ((torch.softmax(scores, 1) @ (x @ self.W_V)) ** 2).sum()


MODULES: dict[str, tuple[type[nn.Module], tuple[int, int]]] = {
    "two_layers": (TwoLayers, (3, 2)),
    "attention": (Attention, (3, 4)),
}


def neuron() -> tuple[object, backviz.Value]:
    """Karpathy's neuron in micrograd's own class, and in ours."""
    from micrograd.engine import Value

    x1, x2, w1, w2 = Value(2.0), Value(0.0), Value(-3.0), Value(1.0)
    theirs = (x1 * w1 + x2 * w2 + 6.8813735870195432).relu()
    theirs.backward()
    ours = backviz.load("@karpathy-neuron")
    ours.backward()
    return theirs, ours


def draw_dot(root: object) -> bytes:
    """micrograd's drawing, as its notebook trace_graph.ipynb has it."""
    nodes: dict[int, object] = {}
    waiting = [root]
    while waiting:
        v = waiting.pop()
        if id(v) not in nodes:
            nodes[id(v)] = v
            waiting += v._prev  # type: ignore[attr-defined]
    dot = Digraph(format="png", graph_attr={"rankdir": "LR"})
    for name, v in nodes.items():
        label = f"{{ data {v.data:.4f} | grad {v.grad:.4f} }}"  # type: ignore[attr-defined]
        dot.node(name=str(name), label=label, shape="record")
        if v._op:  # type: ignore[attr-defined]
            dot.node(name=f"{name}{v._op}", label=v._op)  # type: ignore[attr-defined]
            dot.edge(f"{name}{v._op}", str(name))  # type: ignore[attr-defined]
            for child in v._prev:  # type: ignore[attr-defined]
                dot.edge(str(id(child)), f"{name}{v._op}")  # type: ignore[attr-defined]
    return dot.pipe()


def by_torchviz(module: nn.Module, shape: tuple[int, int]) -> bytes:
    """The graph of autograd's functions."""
    from torchviz import make_dot

    dot = make_dot(module(torch.randn(shape)), params=dict(module.named_parameters()))
    dot.format = "png"
    return dot.pipe()


def by_torchview(module: nn.Module, shape: tuple[int, int]) -> bytes:
    """The graph of modules and functions, with shapes."""
    from torchview import draw_graph

    graph = draw_graph(module, input_size=shape, expand_nested=True).visual_graph
    graph.format = "png"
    return graph.pipe()


def by_torchlens(module: nn.Module, shape: tuple[int, int]) -> bytes:
    """The graph of every tensor operation, with shapes."""
    import torchlens

    with tempfile.TemporaryDirectory() as folder:
        trace = torchlens.trace(module, torch.randn(shape))
        trace.draw(vis_outpath=str(Path(folder) / "x"), vis_fileformat="png", vis_save_only=True)
        return next(Path(folder).glob("x*.png")).read_bytes()


def by_backviz(name: str) -> bytes:
    """The default picture."""
    loss = backviz.load(f"{Path(__file__).parents[1]}/examples/graphs/{name}.py:loss")
    loss.backward()
    return backviz.render(loss, "png", scale=1.0)


def keep(name: str, draw: Callable[[], bytes]) -> str:
    """A row of the table; the picture is kept small and in few colours."""
    try:
        draw()  # what is loaded once is not counted
        start = time.perf_counter()
        made = draw()
    except Exception as error:  # whatever a peer says of a graph belongs into the table
        return f"| {name} | {type(error).__name__}: {str(error)[:80]} | |"
    seconds = time.perf_counter() - start
    image = Image.open(io.BytesIO(made)).convert("RGB")
    wide, high = image.size
    image.thumbnail((WIDEST, WIDEST), Image.Resampling.LANCZOS)
    image.quantize(32).save(HERE / f"compare-{name.replace(' ', '-')}.png", optimize=True)
    return f"| {name} | {wide} × {high} | {seconds:.2f} s |"


def main() -> None:
    """Draw all of it."""
    torch.manual_seed(SEED)
    theirs, ours = neuron()
    print(keep("neuron micrograd", lambda: draw_dot(theirs)))
    print(keep("neuron backviz", lambda: backviz.render(ours, "png", scale=1.0)))
    for name, (made, shape) in MODULES.items():
        module = made()
        for peer, draw in (
            ("torchviz", by_torchviz), ("torchview", by_torchview), ("torchlens", by_torchlens),
        ):  # fmt: skip
            print(keep(f"{name} {peer}", partial(draw, module, shape)))
        print(keep(f"{name} backviz", partial(by_backviz, name)))


if __name__ == "__main__":
    sys.exit(main())
