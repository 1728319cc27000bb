"""What all checks look at: the record, its gradients, its layers, its activations, measured once.

Invariant: the values of the program are read and never written; every number comes from the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from backviz.autodiff.data import quietly
from backviz.autodiff.op import Op
from backviz.autodiff.value import Value
from backviz.diagnosis.model import Limits
from backviz.telling.run import Run

WEIGHING = frozenset({"mul", "matmul", "linear", "conv2d", "conv1d", "conv_transpose2d", "einsum"})
LOGS = frozenset(
    {"log", "log2", "log10", "log1p", "bce_loss", "nll_loss", "logaddexp", "binary_cross_entropy"}
)


@dataclass(frozen=True, slots=True)
class Layer:
    """The ops that put the same number of weights between themselves and the result.

    `weights` are the leaves, `nodes` the ops that use them, `norm` the length of the gradient that
    arrives at these, `line` that of the program.
    """

    weights: tuple[int, ...]
    nodes: tuple[int, ...]
    norm: float


@dataclass(frozen=True, slots=True)
class Activation:
    """One application of an elementwise function to a layer, or the scalar ones of one depth.

    `nodes` are the values, `local` the slopes as rows of samples by units, `upstream` the gradients
    that arrive, of that shape. `level` is how many layers of weights come after it.
    """

    op: Op
    nodes: tuple[int, ...]
    local: np.ndarray
    upstream: np.ndarray
    level: int


class Case:
    """A run of a record with its gradients, a model's parameters by name, and the limits."""

    def __init__(self, run: Run, parameters: Mapping[str, Value], limits: Limits) -> None:
        self.run, self.record = run, run.record
        self.values, self.names = run.values, run.record.names
        self.parameters, self.limits = parameters, limits

    @cached_property
    def gradients(self) -> list[Any]:
        """The gradient of every node after a whole pass; `None` where none arrives."""
        found: list[Any] = quietly(self.run.gradients, len(self.record.targets))
        return found

    @cached_property
    def leaves(self) -> list[int]:
        """The leaves that want a gradient."""
        return [i for i, v in enumerate(self.values) if v.op is None and v.requires_grad]

    @property
    def looked(self) -> dict[str, int]:
        """How much there was to look at."""
        return {
            "layers": len(self.layers),
            "activations": len(self.activations),
            "parameters": len(self.leaves),
        }

    def _weighs(self, node: int) -> list[int]:
        """The trainable leaves with which an op weighs something else; [] for other ops."""
        value = self.values[node]
        if value.op is None or value.op.name not in WEIGHING:
            return []
        inputs = self.record.inputs(node)
        own = [i for i in inputs if self.values[i].op is None and self.values[i].requires_grad]
        return own if len(own) < len({*inputs}) else []

    @cached_property
    def _levels(self) -> tuple[list[int], list[bool]]:
        """How many weights lie at most between each node and the result, and if a log does."""
        level, logs = [-1] * len(self.values), [False] * len(self.values)
        level[self.record.last] = 0
        for node in range(self.record.last, -1, -1):
            value = self.values[node]
            if level[node] < 0 or value.op is None:
                continue
            weighs = level[node] + bool(self._weighs(node))
            log = logs[node] or value.op.name in LOGS
            for i in self.record.inputs(node):
                level[i] = max(level[i], weighs)
                logs[i] = logs[i] or log
        return level, logs

    def before_a_logarithm(self, node: int) -> bool:
        """Whether a logarithm of a node is taken on the way to the result."""
        return self._levels[1][node]

    @cached_property
    def layers(self) -> list[Layer]:
        """The layers of weights, the one next to the result first."""
        level, _logs = self._levels
        found: dict[int, list[int]] = {}
        for node in self.record.ops:
            if self.gradients[node] is not None and self._weighs(node):
                found.setdefault(level[node], []).append(node)
        return [self._layer(nodes) for _depth, nodes in sorted(found.items())]

    def _layer(self, nodes: list[int]) -> Layer:
        weights = dict.fromkeys(i for node in nodes for i in self._weighs(node))
        squares = [float(np.sum(np.square(self.gradients[node]))) for node in nodes]
        return Layer(tuple(weights), tuple(nodes), float(np.sqrt(sum(squares))))

    @cached_property
    def activations(self) -> list[Activation]:
        """The functions that let no gradient through somewhere: relu, tanh, sigmoid and such."""
        level, _logs = self._levels
        single: dict[tuple[str, int], list[int]] = {}
        found: list[Activation] = []
        for node in self.record.ops:
            value, gradient = self.values[node], self.gradients[node]
            assert value.op is not None
            if gradient is None or not value.op.is_function:
                continue
            if not (value.op.masks or value.op.saturates):
                continue
            if len(value.shape) < 2:
                single.setdefault((value.op.name, level[node]), []).append(node)
            else:
                found.append(self._activation([node], level[node]))
        found += [self._activation(nodes, depth) for (_op, depth), nodes in single.items()]
        return sorted(found, key=lambda each: each.nodes[0])

    def _activation(self, nodes: list[int], depth: int) -> Activation:
        op = self.values[nodes[0]].op
        assert op is not None
        if len(self.values[nodes[0]].shape) < 2:  # entries are units of one sample
            local = np.concatenate([np.ravel(self.slope(node)) for node in nodes])[None, :]
            arriving = np.concatenate([np.ravel(self._arriving(node)) for node in nodes])[None, :]
        else:
            local, arriving = (by_unit(x(nodes[0])) for x in (self.slope, self._arriving))
        return Activation(op, tuple(nodes), local, arriving, depth)

    def slope(self, node: int) -> Any:
        """The local derivatives of an elementwise function, in the shape of its result."""
        value = self.values[node]
        args = [v.data for v in value.inputs]
        slope = quietly(value.op.local, 0, value.data, args, value.params)  # type: ignore[union-attr]
        return np.broadcast_to(slope, value.shape)

    def _arriving(self, node: int) -> Any:
        return np.broadcast_to(self.gradients[node], self.values[node].shape)

    def named(self, nodes: tuple[int, ...] | list[int]) -> list[str]:
        """What nodes are called."""
        return [self.names[node] for node in nodes]

    def line(self, node: int) -> str:
        """The line of the program that made a node, or ""."""
        return self.values[node].origin.where


def by_unit(x: Any) -> np.ndarray:
    """Entries as rows of samples by units: the last axis is the units, of images the channels.

    >>> by_unit(np.zeros((5, 2, 3))).shape, by_unit(np.zeros((5, 2, 3, 4))).shape
    ((10, 3), (60, 2))
    """
    array = np.asarray(x)
    if array.ndim == 4:
        array = np.moveaxis(array, 1, -1)
    return array.reshape(-1, array.shape[-1])
