"""Factors of matrices, or of stacks of them: Cholesky's, eigenvalues, singular values.

Invariant: of a matrix that should be symmetric its symmetric part is taken, so that the gradient is
symmetric; vectors that are not unique have no gradient, and say so in a sentence. Signs of vectors
are LAPACK's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from backviz.autodiff.calls import MATRIX, SQUARE, Call
from backviz.autodiff.op import Structural, structural
from backviz.autodiff.symbol import constant, numbers_behind, part
from backviz.autodiff.table import FUNCTIONS
from backviz.errors import InputError
from backviz.language import _
from backviz.ops.assemble import tril
from backviz.ops.linalg import transposed
from backviz.ops.reduce import sum as sum_op
from backviz.ops.shape import expand_dims, shape_of
from backviz.ops.solve import solve

NEAR = 1e-10  # two values that differ by less, beside the largest, count as equal


def _symmetric(a: Any) -> Any:
    """The symmetric part of square matrices; a `ValueError` for others."""
    if np.ndim(a) < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(_("a square matrix belongs here, or a stack of them"))
    return (a + np.swapaxes(a, -1, -2)) / 2


def _eye(n: int, beside: Any) -> Any:
    return constant(f"eye({n})", np.eye(n), beside)


# Cholesky ---------------------------------------------------------------------------


def _cholesky(a: Any, upper: bool = False) -> Any:
    lower = np.linalg.cholesky(_symmetric(a))
    return np.swapaxes(lower, -1, -2) if upper else lower


def _pull_cholesky(upstream: Any, out: Any, a: Any, upper: bool = False) -> Any:
    """Murray (2016): L⁻ᵀ S L⁻¹, where S is the symmetric matrix with the lower half of Lᵀ g."""
    factor, g = (transposed(out), transposed(upstream)) if upper else (out, upstream)
    half = part("h", tril(transposed(factor) @ g))
    both = (half + transposed(half) - half * _eye(shape_of(a)[-1], half)) / 2
    left = solve(transposed(factor), both)
    return solve(transposed(factor), transposed(left))


cholesky: Structural = structural(
    "cholesky",
    _cholesky,
    _pull_cholesky,
    domain="symmetric and positive definite",
    note="The lower triangle L with L @ Lᵀ = the symmetric part of the matrix; with `upper` Lᵀ.",
    gradient="The gradient goes back through Lᵀ and its inverse on both sides, and is symmetric.",
    sample=Call((SQUARE,)),
    torch="linalg.cholesky",
    params=("upper",),
    bind=lambda a, upper=False: ((a,), {"upper": True} if upper else {}),
    numpy=(np.linalg.cholesky,),
)

# Eigenvalues -------------------------------------------------------------------------


def _distinct(values: Any, what: str) -> None:
    """`InputError` where two neighbours are equal: their vectors can be turned in a plane."""
    found = np.sort(np.asarray(numbers_behind(values)), axis=-1)
    gaps = np.diff(found, axis=-1)
    if np.any(gaps <= NEAR * np.abs(found).max(axis=-1, keepdims=True, initial=0.0)):
        raise InputError(
            _(
                "two {what} are equal ({nearest}), so the vectors that belong to them are "
                "not unique and have no gradient; use the values alone, or move the matrix "
                "a little",
                what=what,
                nearest=_nearest(found, gaps),
            )
        )


def _nearest(found: np.ndarray, gaps: np.ndarray) -> str:
    at = np.unravel_index(np.argmin(gaps), gaps.shape)
    return f"{found[at]:.6g}"


def _differences(values: Any) -> Any:
    """value j − value i at (i, j), and 1 on the diagonal."""
    row, column = expand_dims(values, axis=-2), expand_dims(values, axis=-1)
    return part("E", row - column + _eye(shape_of(values)[-1], values))


def _turning(vectors: Any, upstream: Any) -> Any:
    """How the gradient would turn the vectors into each other: half of VᵀG − GᵀV."""
    turned = part("T", transposed(vectors) @ upstream)
    return (turned - transposed(turned)) / 2


def _pull_eigenvalues(upstream: Any, out: Any, a: Any) -> Any:
    vectors = part("V", eigenvectors(a))
    return vectors * expand_dims(upstream, axis=-2) @ transposed(vectors)


def _pull_eigenvectors(upstream: Any, out: Any, a: Any) -> Any:
    values = part("λ", sum_op(out * (a @ out), axis=-2))
    _distinct(values, "eigenvalues")
    return out @ (_turning(out, upstream) / _differences(values)) @ transposed(out)


eigenvectors: Structural = structural(
    "eigenvectors",
    lambda a: np.linalg.eigh(_symmetric(a))[1],
    _pull_eigenvectors,
    domain="symmetric, with different eigenvalues",
    note="The eigenvectors of the symmetric part of a matrix, as columns of length 1, in the "
    "order of the eigenvalues.",
    gradient="The gradient turns the vectors into each other, the more the nearer their "
    "eigenvalues; with two equal ones there is none.",
    sample=Call((SQUARE,)),
    torch="",
)

eigvalsh: Structural = structural(
    "eigvalsh",
    lambda a: np.linalg.eigvalsh(_symmetric(a)),
    _pull_eigenvalues,
    domain="symmetric matrices",
    note="The eigenvalues of the symmetric part of a matrix, the smallest first.",
    gradient="The gradient of each eigenvalue goes to its eigenvector times itself, as a matrix; "
    "of equal ones each gets one of several directions.",
    sample=Call((SQUARE,)),
    torch="linalg.eigvalsh",
    bind=lambda a, UPLO="L": (_one(a, UPLO), {}),  # noqa: N803  (numpy's and torch's name)
    numpy=(np.linalg.eigvalsh,),
)


def _one(a: Any, triangle: Any) -> tuple[Any]:
    """Which triangle holds the numbers makes no difference: the symmetric part is taken."""
    if triangle not in ("L", "U", "l", "u"):
        raise TypeError(_("UPLO is 'L' or 'U', not {triangle!r:.40}", triangle=triangle))
    return (a,)


class Eigen(NamedTuple):
    """What `eigh` gives, with numpy's names."""

    eigenvalues: Any
    eigenvectors: Any


def eigh(a: Any, UPLO: Any = "L") -> Eigen:  # noqa: N803
    """Eigenvalues and eigenvectors of a symmetric matrix, as `np.linalg.eigh`.

    >>> from backviz.autodiff.value import tensor
    >>> eigh(tensor([[2, 1], [1, 2]])).eigenvalues.data.round(6).tolist()
    [1.0, 3.0]
    """
    return Eigen(eigvalsh(a, UPLO), eigenvectors(a))


# Singular values -----------------------------------------------------------------------


def _thin(a: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.linalg.svd(a, full_matrices=False)


def _pull_singular_values(upstream: Any, out: Any, a: Any) -> Any:
    return left_vectors(a) * expand_dims(upstream, axis=-2) @ right_vectors(a)


def _pull_left(upstream: Any, out: Any, a: Any) -> Any:
    """Turns the vectors into each other, and out of their plane where there are more rows."""
    beside = part("B", transposed(out) @ a)  # singular values times right vectors
    squares = part("s", sum_op(beside * beside, axis=-1))
    _distinct(squares, "singular values")
    gradient = out @ (2 * _turning(out, upstream) / _differences(squares)) @ beside
    rows, columns = shape_of(out)[-2:]
    if rows == columns:
        return gradient
    found = np.asarray(numbers_behind(squares))
    if (found <= NEAR**2 * found.max(axis=-1, keepdims=True, initial=0.0)).any():
        raise InputError(
            _("a singular value is 0, so its vectors are not unique and have no gradient")
        )
    away = upstream - out @ (transposed(out) @ upstream)
    return gradient + away / expand_dims(squares, axis=-2) @ beside


left_vectors: Structural = structural(
    "left_vectors",
    lambda a: _thin(a)[0],
    _pull_left,
    domain="different singular values",
    note="The left singular vectors, as columns of length 1: the U of a = U diag(s) Vᵀ.",
    gradient="The gradient turns the vectors into each other, the more the nearer their singular "
    "values; with two equal ones there is none.",
    sample=Call((MATRIX,)),
    torch="",
)

right_vectors: Structural = structural(
    "right_vectors",
    lambda a: _thin(a)[2],
    lambda upstream, out, a: transposed(
        _pull_left(transposed(upstream), transposed(out), transposed(a))
    ),
    domain="different singular values",
    note="The right singular vectors, as rows of length 1: the Vᵀ of a = U diag(s) Vᵀ.",
    gradient="The gradient turns the vectors into each other, the more the nearer their singular "
    "values; with two equal ones there is none.",
    sample=Call((MATRIX,)),
    torch="",
)

svdvals: Structural = structural(
    "svdvals",
    lambda a: np.linalg.svd(a, compute_uv=False),
    _pull_singular_values,
    domain="all matrices; the derivative jumps where a value is 0",
    note="The singular values of a matrix, the largest first.",
    gradient="The gradient of each singular value goes to its left vector times its right one, as "
    "a matrix.",
    sample=Call((MATRIX,)),
    torch="linalg.svdvals",
    numpy=(np.linalg.svdvals,) if hasattr(np.linalg, "svdvals") else (),  # from numpy 2.0 on
)


class Singular(NamedTuple):
    """What `svd` gives, with numpy's names."""

    U: Any
    S: Any
    Vh: Any


def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """Singular values and vectors, as `np.linalg.svd`; the values alone with `compute_uv=False`.

    Raises `InputError` for `full_matrices` of a matrix that is not square: the vectors beyond
    the singular values are not unique.

    >>> from backviz.autodiff.value import tensor
    >>> svd(tensor([[3, 0], [0, 4]])).S.tolist()
    [4.0, 3.0]
    """
    if hermitian:
        raise InputError(_("svd: hermitian=True is not there; take np.linalg.eigh(x)"))
    if not compute_uv:
        return svdvals(a)
    rows, columns = (*shape_of(a), 0, 0)[-2:] if len(shape_of(a)) < 2 else shape_of(a)[-2:]
    if full_matrices and rows != columns:
        raise InputError(
            _(
                "svd: of a matrix of the shape {x} the vectors beyond the {limit} singular "
                "values are not unique and have no gradient; write full_matrices=False",
                x=(rows, columns),
                limit=min(rows, columns),
            )
        )
    return Singular(left_vectors(a), svdvals(a), right_vectors(a))


# tuples of values, so these are no rows
FUNCTIONS.update({np.linalg.eigh: eigh, np.linalg.svd: svd})
