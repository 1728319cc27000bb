"""Functions of functions: gradients, Jacobians, Hessians, of any order.

Invariant: a transform differentiates with respect to values of its own, never the
caller's, so that nested transforms do not mix their variables up. Inside another
transform, or given recorded values, it returns recorded values; else plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of, gradients_of
from backviz.autodiff.exits import headline
from backviz.autodiff.recording import differentiating
from backviz.autodiff.table import OPS
from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError

Function = Callable[..., Any]
Which = int | Sequence[int]


def grad(f: Function, argnums: Which = 0) -> Function:
    """The gradient of a scalar function, as a function of the same arguments.

    `argnums` says with respect to which arguments; for several, the result is a tuple.
    The gradient has the shape of the argument. Raises `InputError` if `f` does not
    return one number.

    >>> square = lambda x: x**2
    >>> grad(square)(3.0), grad(grad(square))(3.0)
    (6.0, 2.0)
    >>> grad(lambda a, b: a * b, argnums=(0, 1))(2.0, 5.0)
    (5.0, 2.0)
    """
    both = value_and_grad(f, argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def value_and_grad(f: Function, argnums: Which = 0) -> Function:
    """The value of a scalar function and its gradient, from one run.

    >>> value_and_grad(lambda x: (x * x).sum())(np.array([1.0, 2.0]))
    (5.0, array([2., 4.]))
    """

    def run(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        with _inside(args) as recorded:
            variables, output = _call(f, argnums, args, kwargs)
            if output.shape:
                raise InputError(
                    f"grad: the function returns an array of shape {output.shape}, not one "
                    "number; sum it, or use jacobian"
                )
            gradients = gradients_of(output, variables, create_graph=recorded)
        return output if recorded else output.raw, _as_asked(argnums, gradients)

    return run


def jacobian(f: Function, argnums: Which = 0) -> Function:
    """All partial derivatives of an array-valued function.

    The shape is that of the result followed by that of the argument: entry
    `[i, j]` is d out[i] / d x[j]. Costs one backward pass for each entry of the result.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])
    """

    def run(*args: Any, **kwargs: Any) -> Any:
        with _inside(args) as recorded:
            variables, output = _call(f, argnums, args, kwargs)
            rows = [
                gradients_of(output, variables, seed, create_graph=recorded)
                for seed in _one_hot(output.shape)
            ]
            shapes = [output.shape + v.shape for v in variables]
            columns = zip(*rows, strict=True) if rows else ([] for _ in variables)
            stacked = [
                _stack(list(c), shape, recorded) for c, shape in zip(columns, shapes, strict=True)
            ]
        return _as_asked(argnums, stacked)

    return run


def hessian(f: Function, argnums: int = 0) -> Function:
    """The matrix of second derivatives of a scalar function of one argument.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, at: Any, vector: Any) -> Any:
    """The product of the Hessian of a scalar function with a vector, without the Hessian.

    `at` and `vector` have the same shape, or are tuples of arrays for a function of
    several arguments. Costs two backward passes (Pearlmutter 1994).

    >>> hvp(lambda x: (x**3).sum(), np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([  6., 120.])
    """
    several = isinstance(at, tuple)
    args, vectors = (at, vector) if several else ((at,), (vector,))
    which = tuple(range(len(args)))
    for a, v in zip(args, vectors, strict=True):
        if np.shape(data_of(a)) != np.shape(data_of(v)):
            raise ShapeError(
                f"hvp: the vector has shape {np.shape(data_of(v))}, "
                f"but the argument has {np.shape(data_of(a))}"
            )

    def along(*xs: Any) -> Any:
        total: Any = 0.0
        for gradient, v in zip(grad(f, which)(*xs), vectors, strict=True):
            total = total + (gradient * v).sum()
        return total

    products = grad(along, which)(*args)
    return products if several else products[0]


@contextmanager
def _inside(args: tuple[Any, ...]) -> Iterator[bool]:
    """Whether the derivatives are to be recorded: in another transform, or for recorded values."""
    with differentiating() as depth:
        yield depth > 0 or any(isinstance(a, Value) for a in args)


def _call(
    f: Function, argnums: Which, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Value, ...], Value]:
    """Run `f` on values of our own in the places that are asked for."""
    which = list(argnums) if isinstance(argnums, list | tuple) else [int(argnums)]  # type: ignore[arg-type]
    changed = list(args)
    for i in which:
        if not -len(args) <= i < len(args):
            raise InputError(
                f"argnums names argument {i}, but the call has {len(args)} by position"
            )
        given = args[i]
        changed[i] = OPS["identity"](given) if isinstance(given, Value) else Value(given)
    with headline():
        output = f(*changed, **kwargs)
    if not isinstance(output, Value):
        try:
            output = Value(output, requires_grad=False)  # it depends on nothing that is recorded
        except TypeError:
            kind = type(output).__name__
            raise InputError(
                f"grad: the function returns a {kind}, not one number or array; "
                "put several results together with np.stack"
            ) from None
    return tuple(changed[i] for i in which), output


def _as_asked(argnums: Which, gradients: list[Any]) -> Any:
    return tuple(gradients) if isinstance(argnums, list | tuple) else gradients[0]


def _one_hot(shape: tuple[int, ...]) -> Iterator[Any]:
    """A seed for each entry of an output: 1 there, 0 elsewhere."""
    if not shape:
        yield 1.0
        return
    for index in np.ndindex(shape):
        seed = np.zeros(shape)
        seed[index] = 1.0
        yield seed


def _stack(rows: list[Any], shape: tuple[int, ...], recorded: bool) -> Any:
    if not shape:
        return rows[0]
    if not rows:
        return np.zeros(shape)
    if recorded:
        return OPS["reshape"](OPS["stack"](rows), shape=shape)
    return np.array(rows).reshape(shape)
