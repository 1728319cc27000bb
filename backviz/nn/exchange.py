"""States to and from torch.

Invariant: names and shapes agree with those of torch's state_dict, but for matrices of weights
(`Module.TURNED`), which torch keeps as (out, in), and for `Dropout`, which has no state in torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from backviz.nn.layers import Dropout
from backviz.nn.module import Module, walk

M = TypeVar("M", bound=Module)


def to_torch(module: Module) -> dict[str, Any]:
    """The state as arrays for torch: `{k: torch.as_tensor(v) for k, v in to_torch(net).items()}`.

    >>> from backviz.nn import MLP
    >>> {name: a.shape for name, a in to_torch(MLP(2, [3], seed=0)).items()}
    {'0.weight': (3, 2), '0.bias': (3,)}
    """
    turned, ours_only = differences(module)
    return {
        name: np.array(held).T.copy() if name in turned else np.array(held)
        for name, held in module.state_dict().items()
        if name not in ours_only
    }


def load_torch(module: M, state: Mapping[str, Any]) -> M:
    """Take over the state_dict of a torch module with the same layers.

    Tensors are read as numpy arrays. Raises `InputError` as `load_state_dict` does.

    >>> from backviz.nn import Linear
    >>> layer = load_torch(Linear(2, 1, init="ones"), {"weight": [[3, 4]], "bias": [5]})
    >>> layer.weight.data.tolist(), layer.bias.data.tolist()
    ([[3.0], [4.0]], [5.0])
    """
    turned, ours_only = differences(module)
    ours = module.state_dict()
    given = {name: ours[name] for name in ours_only}
    for name, held in state.items():
        array = np.asarray(held)
        given[name] = array.T if name in turned else array
    module.load_state_dict(given)
    return module


def differences(module: Module) -> tuple[set[str], set[str]]:
    """The names that torch keeps transposed, and those that it has not."""
    turned: set[str] = set()
    ours_only: set[str] = set()
    for path, each in walk(module):  # a shared layer under each of its names
        prefix = f"{path}." if path else ""
        turned |= {prefix + name for name in vars(each) if name.startswith(each.TURNED)}
        if isinstance(each, Dropout):
            ours_only |= {prefix + name for name in each.BUFFERS}
    return turned, ours_only
