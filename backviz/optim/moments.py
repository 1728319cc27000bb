"""Moving averages of gradients and of their squares, in place: what Adam and its kin share."""

from __future__ import annotations

import numpy as np

BETAS = (0.9, 0.999)
TINY = 2e-38  # above the smallest float32; it changes no gradient, and 0 divided by it is 0


def average(m: np.ndarray, g: np.ndarray, new: float, s: np.ndarray) -> None:
    """Move an average towards g by the share `new`; s is worked in.

    >>> m = np.zeros(2)
    >>> average(m, np.array([1.0, 2.0]), 0.25, np.empty(2))
    >>> m
    array([0.25, 0.5 ])
    """
    np.subtract(g, m, out=s)
    s *= new
    m += s


def average_squares(v: np.ndarray, g: np.ndarray, beta: float, new: float, s: np.ndarray) -> None:
    """Move an average towards g² by the share `new` = 1 − beta; s is worked in.

    >>> v = np.ones(2)
    >>> average_squares(v, np.array([1.0, 2.0]), 0.75, 0.25, np.empty(2))
    >>> v
    array([1.  , 1.75])
    """
    np.multiply(g, g, out=s)
    s *= new
    v *= beta
    v += s
