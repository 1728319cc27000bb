"""Sums of products along shared axes: einsum and its relatives.

The gradient of every contraction is a contraction again: the upstream gradient takes
the place of the operand that is asked about.
"""

from __future__ import annotations

import math
from functools import lru_cache
from operator import index
from typing import Any

import numpy as np

from backviz.autodiff.calls import MATRIX, WEIGHTS, Call
from backviz.autodiff.notation import Notation
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.operand import Params
from backviz.autodiff.symbol import constant
from backviz.errors import ShapeError
from backviz.language import _
from backviz.ops.linalg import alike, matmul, outer, pull_left, pull_right, transposed
from backviz.ops.shape import shape_of, sum_to, summed_to

DOTS = "..."
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
NAIVE = 2**15  # up to so many steps one loop is faster than planning the contraction

# Subscripts -----------------------------------------------------------------------


def _bind(
    *args: Any, subscripts: str | None = None, optimize: Any = None
) -> tuple[tuple[Any, ...], Params]:
    """The subscripts come first; `optimize` is left to us."""
    if subscripts is None:
        if not args or not isinstance(args[0], str):
            raise TypeError(_('the subscripts come first: einsum("ij,jk->ik", a, b)'))
        subscripts, *rest = args
        args = tuple(rest)
    if len(args) == 1 and isinstance(args[0], tuple | list):
        args = tuple(args[0])
    return args, {"subscripts": explicit(subscripts, len(args))}


@lru_cache(maxsize=512)
def explicit(subscripts: str, operands: int) -> str:
    """The subscripts with the result written out and without spaces, if they can be right.

    >>> explicit("ij, jk", 2), explicit("...ii", 1)
    ('ij,jk->ik', '...ii->...')
    """
    text = subscripts.replace(" ", "")
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    letters = left.replace(DOTS, "").replace(",", "")
    if not arrow:
        once = [c for c in sorted(set(letters)) if letters.count(c) == 1]
        result = DOTS * (DOTS in left) + "".join(once)
    named = result.replace(DOTS, "")
    if len(terms) != operands:
        raise ShapeError(
            _(
                "einsum: {subscripts!r} names {n} operands, but there are {operands}",
                subscripts=subscripts,
                n=len(terms),
                operands=operands,
            )
        )
    if not set(letters + named) <= set(LETTERS):
        raise ShapeError(
            _(
                "einsum: {subscripts!r} has more in it than letters, commas, … and ->",
                subscripts=subscripts,
            )
        )
    if any(t.count(DOTS) > 1 for t in (*terms, result)):
        raise ShapeError(
            _("einsum: {subscripts!r} has ... twice in one operand", subscripts=subscripts)
        )
    if len(set(named)) < len(named) or not set(named) <= set(letters):
        raise ShapeError(
            _(
                "einsum: each letter of the result {result!r} must be in an operand, and "
                "only once in the result",
                result=result,
            )
        )
    return f"{left}->{result}"


@lru_cache(maxsize=512)
def _letters(subscripts: str, axes: tuple[int, ...]) -> tuple[list[str], str, str]:
    """The terms and the result with a letter for every axis, and the letters left over."""
    left, _other, result = subscripts.partition("->")
    free = [c for c in LETTERS if c not in subscripts]
    terms = left.split(",")
    widths = [n - len(t.replace(DOTS, "")) for t, n in zip(terms, axes, strict=True)]
    for term, wide, n in zip(terms, widths, axes, strict=True):
        if wide < 0 or (wide and DOTS not in term):
            raise ValueError(
                _("the subscripts {term!r} do not fit an operand of {n} axes", term=term, n=n)
            )
    most = max(widths)
    dots = "".join(free[:most])
    expanded = [t.replace(DOTS, dots[most - w :]) for t, w in zip(terms, widths, strict=True)]
    return expanded, result.replace(DOTS, dots), "".join(free[most:])


def _sizes(terms: list[str], shapes: list[tuple[int, ...]]) -> dict[str, int]:
    """The size that each letter stands for; operands of size 1 are broadcast."""
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, n in zip(term, shape, strict=True):
            sizes[letter] = n if sizes.get(letter, 1) == 1 else sizes[letter]
    return sizes


# einsum itself --------------------------------------------------------------------


def _einsum(*arrays: Any, subscripts: str) -> Any:
    shapes = [np.shape(a) for a in arrays]
    terms, result, _other = _letters(subscripts, tuple(map(len, shapes)))
    steps = math.prod(_sizes(terms, shapes).values())
    text = f"{','.join(terms)}->{result}"
    made = np.einsum(text, *alike(*arrays), optimize=steps > NAIVE)
    return np.array(made) if len(arrays) == 1 else made  # of one operand it can be a view


def _pull(upstream: Any, out: Any, *inputs: Any, position: int, subscripts: str) -> Any:
    """The contraction of the upstream gradient with all other operands."""
    others = [x for i, x in enumerate(inputs) if i != position]
    shapes = [shape_of(x) for x in inputs]
    terms, result, free = _letters(subscripts, tuple(map(len, shapes)))
    sizes = _sizes(terms, shapes)
    target, operands = "", [upstream, *others]
    named = [result, *(t for i, t in enumerate(terms) if i != position)]
    for letter in terms[position]:
        if letter not in target:
            target += letter
            continue
        other, free = free[0], free[1:]  # a diagonal: the second i is an axis j with I[i, j]
        target += other
        named.append(letter + other)
        n = sizes[letter]
        operands.append(constant(f"eye({n})", np.eye(n), upstream))
        sizes[other] = sizes[letter]
    reached = _sizes(named, [shape_of(x) for x in operands])
    if missing := [c for c in target if reached.get(c, 1) != sizes[c] or c not in reached]:
        named.append("".join(missing))  # summed over: every entry gets the same
        ones = tuple([sizes[c] for c in missing])
        operands.append(constant(f"ones({ones})", np.ones(ones), upstream))
    gradient = einsum(f"{','.join(named)}->{target}", *operands)
    shape = shapes[position]
    return summed_to(gradient, shape)


einsum: Structural = structural(
    "einsum",
    _einsum,
    _pull,
    arity=0,
    variadic=True,
    bind=_bind,
    params=("subscripts",),
    notation=Notation('einsum("{subscripts}", {})'),
    domain="equal sizes for equal letters",
    note="Sums products over all letters that are not in the result.",
    gradient="The gradient is the same kind of sum, with the upstream gradient in place of the "
    "operand.",
    sample=Call((MATRIX, WEIGHTS), {"subscripts": "ij,jk->ik"}),
    torch="einsum",
    numpy=(np.einsum,),
    written=False,
    method=False,
    interval=(0.3, 2.0),
)

# Relatives ------------------------------------------------------------------------


def _paired(axes: Any, a: int, b: int) -> tuple[list[int], list[int]]:
    """The axes of the two operands that are summed together."""
    try:
        if isinstance(axes, tuple | list):
            first, second = (list(x) if isinstance(x, tuple | list) else [x] for x in axes)
            return [range(a)[index(i)] for i in first], [range(b)[index(i)] for i in second]
        n = index(axes)
    except TypeError:
        raise ValueError(
            _("axes is a number or two lists of axes, not {axes!r}", axes=axes)
        ) from None
    return list(range(a))[a - n :], list(range(b))[:n]


def _as_subscripts(axes: Any, a: int, b: int) -> tuple[str, str, str]:
    """A tensordot in letters: two operands and the result."""
    first, second = _paired(axes, a, b)
    left = LETTERS[:a]
    fresh = list(LETTERS[a : a + b])
    for i, j in zip(first, second, strict=True):
        fresh[j] = left[i]
    right = "".join(fresh)
    return left, right, "".join(c for c in left + right if (c in left) != (c in right))


def _pull_contraction(upstream: Any, a: Any, b: Any, axes: Any, position: int) -> Any:
    left, right, result = _as_subscripts(axes, len(shape_of(a)), len(shape_of(b)))
    if position == 0:
        return einsum(f"{result},{right}->{left}", upstream, b)
    return einsum(f"{result},{left}->{right}", upstream, a)


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    paired: Any = _paired(axes, np.ndim(a), np.ndim(b))
    left, right = alike(a, b)
    return np.tensordot(left, right, axes=paired)


tensordot = structural(
    "tensordot",
    _tensordot,
    lambda upstream, out, a, b, axes=2: _pull_contraction(upstream, a, b, axes, 0),
    lambda upstream, out, a, b, axes=2: _pull_contraction(upstream, a, b, axes, 1),
    domain="equal sizes along the summed axes",
    note="A matrix product along any axes.",
    gradient="The gradient goes back through the other factor.",
    sample=Call((MATRIX, WEIGHTS), {"axes": 1}),
    torch="tensordot",
    torch_options={"axes": "dims"},
    params=("axes",),
    numpy=(np.tensordot,),
    written=False,
    interval=(0.3, 2.0),
)


def _by_number(upstream: Any, own: Any, other: Any) -> Any:
    """The gradient of a product of which one factor is a number; `None` if neither is."""
    if shape_of(own) and shape_of(other):
        return None
    product = upstream * other
    return product if shape_of(product) == shape_of(own) else sum_to(product, shape=())


def _pull_dot(upstream: Any, a: Any, b: Any, position: int) -> Any:
    """Numbers multiply; up to matrices it is matmul; the rest is a tensordot."""
    product = _by_number(upstream, *((a, b) if position == 0 else (b, a)))
    if product is not None:
        return product
    if len(shape_of(b)) < 3:
        return (pull_left, pull_right)[position](upstream, None, a, b)
    return _pull_contraction(upstream, a, b, (-1, -2), position)


dot = structural(
    "dot",
    lambda a, b: np.dot(*alike(a, b)),
    lambda upstream, out, a, b: _pull_dot(upstream, a, b, 0),
    lambda upstream, out, a, b: _pull_dot(upstream, a, b, 1),
    notation=matmul.notation,
    symbol="·",
    domain="inner sizes equal",
    note="The inner product of vectors, the product of matrices, or a number times an array.",
    gradient="The gradient goes back through the other factor.",
    torch="dot",
    numpy=(np.dot,),
    interval=(0.3, 2.0),
)


def _pull_inner(upstream: Any, a: Any, b: Any, position: int) -> Any:
    own, other = (a, b) if position == 0 else (b, a)
    product = _by_number(upstream, own, other)
    if product is not None:
        return product
    axes = len(shape_of(a)), len(shape_of(b))
    if axes in ((1, 2), (2, 2)):  # a @ bᵀ
        if position == 0:
            return upstream @ b
        return outer(upstream, a) if axes[0] == 1 else transposed(upstream) @ a
    if axes in ((1, 1), (2, 1)):
        return (pull_left, pull_right)[position](upstream, None, a, b)
    return _pull_contraction(upstream, a, b, (-1, -1), position)


inner = structural(
    "inner",
    lambda a, b: np.inner(*alike(a, b)),
    lambda upstream, out, a, b: _pull_inner(upstream, a, b, 0),
    lambda upstream, out, a, b: _pull_inner(upstream, a, b, 1),
    domain="last sizes equal",
    note="The products along the last axis of both, summed.",
    gradient="The gradient goes back through the other factor.",
    torch="inner",
    numpy=(np.inner,),
    interval=(0.3, 2.0),
)
