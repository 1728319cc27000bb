"""Functions of functions: gradients, Jacobians, Hessians, of any order.

Invariant: a transform differentiates with respect to values of its own, never the
caller's, so that nested transforms do not mix their variables up. Inside another
transform, or given recorded values, it returns recorded values; else plain numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from backviz.autodiff.arguments import Leaves, Taken, run_on_leaves, taken_apart
from backviz.autodiff.backward import data_of, gradients_of
from backviz.autodiff.containers import is_leaf, leaves, mapped
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
    The gradient has the shape of the argument; of a dict, a list, a tuple, a dataclass or a
    module of parameters it is one of gradients, with `None` for what has no derivative.
    Raises `InputError` if `f` does not return one number, or nothing that is asked for has
    a derivative.

    >>> square = lambda x: x**2
    >>> grad(square)(3.0), grad(grad(square))(3.0)
    (6.0, 2.0)
    >>> grad(lambda a, b: a * b, argnums=(0, 1))(2.0, 5.0)
    (5.0, 2.0)
    >>> grad(lambda p: p["w"] ** 2 * p["b"])({"w": 3.0, "b": 2.0, "act": "tanh"})
    {'w': 12.0, 'b': 9.0, 'act': None}
    """
    both = value_and_grad(f, argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def value_and_grad(f: Function, argnums: Which = 0) -> Function:
    """The value of a scalar function and its gradient, from one run.

    >>> value_and_grad(lambda x: (x * x).sum())(np.array([1.0, 2.0]))
    (5.0, array([2., 4.]))
    """

    def run(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        with differentiating() as depth:
            which = _positions(argnums, len(args))
            recorded = depth > 0 or _recorded(args, which)
            asked, output = _call("grad", f, which, args, kwargs)
            output = _one(output)
            if output.shape:
                raise InputError(
                    f"grad: the function returns an array of shape {output.shape}, not one "
                    "number; sum it, or use jacobian"
                )
            gradients = gradients_of(output, asked.values, create_graph=recorded)
        made = asked.like(gradients)
        return output if recorded else output.raw, made if _several(argnums) else made[0]

    return run


def jacobian(f: Function, argnums: Which = 0) -> Function:
    """All partial derivatives of an array-valued function.

    The shape is that of the result followed by that of the argument: entry
    `[i, j]` is d out[i] / d x[j]. Costs one backward pass for each entry of the result. A
    container that `f` returns or takes stays one: each result has a Jacobian for each leaf.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])
    """

    def run(*args: Any, **kwargs: Any) -> Any:
        with differentiating() as depth:
            which = _positions(argnums, len(args))
            recorded = depth > 0 or _recorded(args, which)
            asked, outputs = _call("jacobian", f, which, args, kwargs)

            def of_one(_: str, given: Any) -> Any:
                if given is None:
                    return None
                output = _one(given)
                rows = [
                    gradients_of(output, asked.values, seed, create_graph=recorded)
                    for seed in _one_hot(output.shape)
                ]
                shapes = [output.shape + v.shape for v in asked.values]
                columns = zip(*rows, strict=True) if rows else ([] for _ in shapes)
                made = asked.like(
                    [_stack(list(c), s, recorded) for c, s in zip(columns, shapes, strict=True)]
                )
                return made if _several(argnums) else made[0]

            return mapped(outputs, of_one)

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
    several = isinstance(at, tuple) and not hasattr(at, "_fields")
    args, vectors = (at, vector) if several else ((at,), (vector,))
    which = tuple(range(len(args)))
    for a, v in zip(args, vectors, strict=True):
        for (name, mine), (other, its) in zip(leaves(a), leaves(v), strict=False):
            if name != other or np.shape(data_of(mine)) != np.shape(data_of(its)):
                raise ShapeError(
                    f"hvp: the vector{name and f' at {other}'} has shape {np.shape(data_of(its))}, "
                    f"but the argument{name and f' at {name}'} has {np.shape(data_of(mine))}"
                )
        if len(list(leaves(a))) != len(list(leaves(v))):
            raise ShapeError("hvp: the vector holds other parts than the argument; give the same")

    def along(*xs: Any) -> Any:
        total: Any = 0.0
        for gradients, its in zip(grad(f, which)(*xs), vectors, strict=True):
            for (_, gradient), (_, v) in zip(leaves(gradients), leaves(its), strict=True):
                if gradient is not None:
                    total = total + (gradient * v).sum()
        return total

    products = grad(along, which)(*args)
    return products if several else products[0]


def _recorded(args: tuple[Any, ...], which: Sequence[int]) -> bool:
    """Whether there are recorded values among the arguments, or in the containers asked for."""
    for a in args:
        if isinstance(a, Value):
            return True
    for i in which:
        if not is_leaf(args[i]):
            return any(isinstance(leaf, Value) for k in which for _, leaf in leaves(args[k]))
    return False


class _Asked(NamedTuple):
    """The variables of the arguments that are asked for, and how results are given back."""

    which: tuple[int, ...]
    taken: dict[int, Taken]
    leaves: dict[int, Leaves]

    @property
    def values(self) -> tuple[Value, ...]:
        """All variables in order."""
        return tuple([v for own in self.leaves.values() for v in own.values()])

    def like(self, results: list[Any]) -> tuple[Any, ...]:
        """A result for each variable, in the shape in which the arguments were given."""
        following = iter(results)
        trees = {}
        for i, own in self.leaves.items():
            trees[i] = self.taken[i].results(dict(zip(own, following)))  # noqa: B905  (stops there)
        return tuple([trees[i] for i in self.which])


def _call(
    asked: str, f: Function, which: tuple[int, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[_Asked, Any]:
    """Run `f` on values of our own in the places that are asked for."""
    taken = taken_apart(asked, f, which, args)
    with headline():
        own, output = run_on_leaves(asked, f, taken, args, kwargs)
    return _Asked(which, taken, own), output


def _several(argnums: Which) -> bool:
    """Whether the result is a tuple with an entry for each argument that is asked for."""
    return isinstance(argnums, (list, tuple))


def _positions(argnums: Which, count: int) -> tuple[int, ...]:
    """The arguments that are asked for, counted from the first."""
    if type(argnums) is int and 0 <= argnums < count:  # the usual case
        return (argnums,)
    positions = []
    every: Sequence[Any] = argnums if _several(argnums) else (argnums,)  # type: ignore[assignment]
    for given in every:
        try:
            i = operator.index(given)
        except TypeError:
            raise InputError(
                f"argnums counts the arguments by position, as in argnums=0 or (0, 1), "
                f"not {given!r:.40}"
            ) from None
        if not -count <= i < count:
            raise InputError(f"argnums names argument {i}, but the call has {count} by position")
        positions.append(i % count)
    if not positions:
        raise InputError("argnums names no argument; give positions, as in argnums=0 or (0, 1)")
    return tuple(positions)


def _one(output: Any) -> Value:
    """What a function returned, as one value."""
    if isinstance(output, Value):
        return output
    try:
        return Value(output, requires_grad=False)  # it depends on nothing that is recorded
    except TypeError:
        kind = type(output).__name__
        raise InputError(
            f"grad: the function returns a {kind}, not one number or array; "
            "put several results together with np.stack"
        ) from None


def _one_hot(shape: tuple[int, ...]) -> Iterator[Any]:
    """A seed for each entry of an output: 1 there, 0 elsewhere."""
    if not shape:
        yield 1.0
        return
    for place in np.ndindex(shape):
        seed = np.zeros(shape)
        seed[place] = 1.0
        yield seed


def _stack(rows: list[Any], shape: tuple[int, ...], recorded: bool) -> Any:
    if not shape:
        return rows[0]
    if not rows:
        return np.zeros(shape)
    if recorded:
        return OPS["reshape"](OPS["stack"](rows), shape=shape)
    return np.array(rows).reshape(shape)
