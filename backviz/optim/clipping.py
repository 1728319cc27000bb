"""Gradients that are too long or too large, cut down before a step.

Invariant: clipping changes gradients only, in place where they are arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.data import quietly
from backviz.autodiff.value import Value
from backviz.errors import NotFiniteError
from backviz.language import _
from backviz.optim.options import Kind, number
from backviz.optim.parameters import check_array, members_of

Clipped = Value | np.ndarray | Iterable[Value] | Iterable[np.ndarray]
LIMIT: Kind = ("a number above 0", lambda x: x > 0)  # or infinity, which clips nothing
ORDER: Kind = ("1, 2 or inf", lambda x: x > 0)


def _norm(arrays: list[Any], norm_type: float) -> float:
    """The norm of all entries together, by way of the norms of the arrays."""
    if norm_type == math.inf:
        norms = [np.max(np.abs(a), initial=0.0) for a in arrays]
        return float(np.max(norms, initial=0.0))
    norms = [np.linalg.norm(np.ravel(a), norm_type) for a in arrays]
    return float(np.linalg.norm(np.array(norms, dtype=float), norm_type)) if norms else 0.0


def clip_by_norm(
    params: Clipped,
    max_norm: float,
    norm_type: float = 2.0,
    *,
    error_if_nonfinite: bool = True,
) -> float:
    """Scale all gradients by min(1, max_norm/(norm + 1e−6)); returns the norm before.

    `params` are recorded leaves, whose gradients are scaled (those without one are
    skipped), or the gradients themselves as arrays. The norm is that of all entries
    together: 1, 2, inf or any other order. A norm that is NaN or infinite is an error
    unless `error_if_nonfinite` is false; then it scales as torch does, to NaN or 0.
    torch's `clip_grad_norm_`; Pascanu, Mikolov and Bengio (2013).

    >>> g = np.array([3.0, 4.0])
    >>> clip_by_norm([g], max_norm=1.0), g.round(4)
    (5.0, array([0.6, 0.8]))
    """
    max_norm = number("clip_by_norm", "max_norm", max_norm, LIMIT)
    norm_type = number("clip_by_norm", "norm_type", norm_type, ORDER)
    listed = _listed(params)
    gradients = [p if isinstance(p, np.ndarray) else data_of(p.grad) for p in listed]
    norm: float = quietly(_norm, [g for g in gradients if g is not None], norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        raise NotFiniteError(
            _(
                "the norm of the gradients is {norm}, so they cannot be clipped; look for "
                "what overflows, or say error_if_nonfinite=False",
                norm=norm,
            )
        )
    factor = max_norm / (norm + 1e-6)
    if not factor >= 1:  # NaN too
        _change(listed, lambda g, out: np.multiply(g, factor, out=out))
    return norm


def clip_by_value(params: Clipped, clip_value: float) -> None:
    """Cut every entry of the gradients to −clip_value … clip_value; `clip_grad_value_`.

    >>> g = np.array([3.0, -0.5])
    >>> clip_by_value([g], 1.0)
    >>> g
    array([ 1. , -0.5])
    """
    most = number("clip_by_value", "clip_value", clip_value, LIMIT)
    _change(_listed(params), lambda g, out: np.clip(g, -most, most, out=out))


def _listed(params: Clipped) -> list[Any]:
    """The recorded leaves or the gradients themselves, if that is what they are."""
    listed = members_of(params)
    for i, p in enumerate(listed):
        if not isinstance(p, Value):
            check_array(f"gradient {i}", p)
    return listed


def _change(listed: list[Any], change: Callable[[Any, Any], Any]) -> None:
    """Put changed gradients in the place of the old ones."""
    for p in listed:
        if isinstance(p, np.ndarray):
            quietly(change, p, p)
            continue
        g = p.grad
        if g is None:
            continue
        if isinstance(g, np.ndarray) and g.dtype.kind == "f":
            quietly(change, g, g)
        else:
            new = quietly(change, data_of(g), None)
            p.grad = new if np.ndim(new) else float(new)
