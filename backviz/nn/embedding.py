"""A table of vectors, one for each word or other thing that has a number.

Invariant: indices are whole numbers and get no gradient; rows that were not taken get 0.
"""

from __future__ import annotations

from operator import index
from typing import Any, ClassVar

import numpy as np

from backviz.errors import InputError
from backviz.language import N_, _
from backviz.nn.arguments import Seed, generator, refused, whole
from backviz.nn.module import Module
from backviz.nn.parameters import parameter
from backviz.ops import OPS

NOT_HERE = {
    "max_norm": N_("it would change weights while they are used; scale them before"),
    "norm_type": N_("it goes with max_norm"),
    "scale_grad_by_freq": N_("what it makes is not the derivative of the loss"),
    "sparse": N_("gradients are whole arrays"),
    "_weight": N_("give the numbers as init=…"),
    "_freeze": N_("write layer.weight.requires_grad = False"),
}


class Embedding(Module):
    """Takes a row of its weights, of shape (num_embeddings, embedding_dim), for each index.

    Indices of any shape give an array of that shape with one axis more. The row `padding_idx`
    starts at 0 and gets no gradient. Weights are drawn from N(0, 1) unless `init` says otherwise.
    Raises `InputError` for options that do not fit and `IndexError` for an index that has no row.

    >>> words = Embedding(3, 2, init=[[0, 1], [2, 3], [4, 5]])
    >>> words([2, 0, 2]).data.tolist()
    [[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]]
    """

    SYMBOLS: ClassVar[dict[str, str]] = {"weight": "E"}

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        seed: Seed | None = None,
        init: Any = "normal",
        **torchs: Any,
    ) -> None:
        refused("Embedding", torchs, NOT_HERE)
        n = self.num_embeddings = whole("Embedding", "num_embeddings", num_embeddings)
        self.embedding_dim = whole("Embedding", "embedding_dim", embedding_dim)
        if padding_idx is not None and not -n <= index(padding_idx) < n:
            raise InputError(
                _(
                    "Embedding: padding_idx is one of {n} rows, not {padding_idx}",
                    n=n,
                    padding_idx=padding_idx,
                )
            )
        self.padding_idx = None if padding_idx is None else index(padding_idx) % n
        random = None if seed is None else generator(seed)
        self.weight = parameter(init, (n, self.embedding_dim), random)
        if self.padding_idx is not None:
            np.asarray(self.weight.data)[self.padding_idx] = 0.0

    def forward(self, indices: Any) -> Any:
        """The rows of the indices."""
        return OPS["embedding"](indices, self.weight, self.padding_idx)

    def details(self) -> str:
        """The sizes and the row of the padding."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
