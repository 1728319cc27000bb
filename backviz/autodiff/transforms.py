"""Functions of functions: gradients, Jacobians, products with them, Hessians, of any order.

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
from backviz.autodiff.backward import accumulate, data_of, gradients_of
from backviz.autodiff.containers import beside, is_leaf, leaves, mapped
from backviz.autodiff.exits import headline
from backviz.autodiff.recording import differentiating
from backviz.autodiff.table import OPS
from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import _

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
                    _(
                        "grad: the function returns an array of shape {shape}, not one number; sum "
                        "it, or use jacobian",
                        shape=output.shape,
                    )
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

            def of_one(_other: str, given: Any) -> Any:
                if given is None:
                    return None
                output = _one(given, "jacobian")
                rows = [
                    gradients_of(output, asked.values, seed, create_graph=recorded)
                    for seed in _one_hot(output.shape)
                ]
                shapes = [output.shape + v.shape for v in asked.values]
                columns = zip(*rows, strict=True) if rows else ([] for _other in shapes)
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
    pairs = [
        [*_fitting("hvp", "argument", "vector", *each)] for each in _zipped("hvp", args, vectors)
    ]

    def along(*xs: Any) -> Any:
        total: Any = 0.0
        for gradients, own in zip(grad(f, which)(*xs), pairs, strict=True):
            for (_other, gradient), (_other, v) in zip(leaves(gradients), own, strict=True):
                if gradient is not None:
                    total = total + (gradient * v).sum()
        return total

    products = grad(along, which)(*args)
    return products if several else products[0]


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """The value of a function, and its pullback: from a cotangent to one for each primal.

    A cotangent stands beside the result, with its shape, and is a weight for each of its entries;
    the pullback gives Jᵀ·cotangent, always a tuple with an entry for each primal, as in jax and
    torch.func. It can be called as often as one likes: the function runs once. Containers are
    taken and given back as by `grad`.

    >>> out, pullback = vjp(lambda x, y: x * y, np.array([1.0, 2.0]), 3.0)
    >>> out, pullback(np.array([1.0, 10.0]))
    (array([3., 6.]), (array([ 3., 30.]), 21.0))
    """
    with differentiating() as depth:
        which = tuple(range(len(primals)))
        within = depth > 0 or _recorded(primals, which)
        asked, outputs = _call("vjp", f, which, primals, {})
    values = {name: _one(given, "vjp") for name, given in leaves(outputs) if given is not None}

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        found: list[Any] = [None] * len(asked.values)
        with differentiating() as depth:
            recorded = within or depth > 0 or _recorded((cotangent,), (0,))
            for name, seed in _fitting("vjp", "result", "cotangent", outputs, cotangent):
                if name in values and seed is not None:
                    more = gradients_of(values[name], asked.values, seed, create_graph=recorded)
                    found = [accumulate(a, b) for a, b in zip(found, more, strict=True)]
        return asked.like(found)

    return _given(outputs, within), pullback


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of a function, and how it moves where the primals move along the tangents.

    `primals` and `tangents` are tuples of one length; a tangent has the shape of its primal, and
    the second result, J·tangents, has the shape of the first. As in jax and torch.func.

    Every op has one rule, for the way back. That rule is linear in the upstream gradient, so going
    back through it once more, from a seed that is a variable, gives the way forward: no op needs a
    second rule that could differ from the first. Costs a run and two backward passes for each
    array of the result, and not one for each of its entries.

    >>> jvp(lambda x: x**2, (np.array([1.0, 3.0]),), (np.array([1.0, 0.5]),))
    (array([1., 9.]), array([2., 3.]))
    >>> jvp(lambda x, y: {"sum": x + y, "product": x * y}, (2.0, 5.0), (1.0, 0.0))[1]
    {'sum': 1.0, 'product': 5.0}
    """
    along = [
        [*_fitting("jvp", "primal", "tangent", *each)]
        for each in _zipped("jvp", tuple(primals), tuple(tangents))
    ]
    with differentiating() as depth:
        which = tuple(range(len(along)))
        recorded = depth > 0 or any(_recorded(tuple(each), which) for each in (primals, tangents))
        asked, outputs = _call("jvp", f, which, tuple(primals), {})
        moves = [along[i][place][1] for i in which for place in asked.leaves[i]]

        def moved(_other: str, given: Any) -> Any:
            if given is None:
                return None
            output = _one(given, "jvp")
            start = np.zeros_like(output.raw) if output.shape else 0.0
            made = _pushed(output, asked.values, moves, Value(start, requires_grad=True), recorded)
            return made if recorded or not isinstance(made, Value) else made.raw

        return _given(outputs, recorded), mapped(outputs, moved)


def _pushed(
    output: Value, values: tuple[Value, ...], moves: list[Any], seed: Value, recorded: bool
) -> Any:
    """The tangent of an output: the derivative of seed ↦ Jᵀ·seed, back along the moves."""
    total: Any = 0.0
    for gradient, v in zip(
        gradients_of(output, values, seed, create_graph=True), moves, strict=True
    ):
        if v is not None and gradient.requires_grad:
            total = total + (gradient * v).sum()
    if not isinstance(total, Value):
        return Value(seed.raw, requires_grad=False)
    return gradients_of(total, (seed,), create_graph=recorded)[0]


def _given(outputs: Any, recorded: bool) -> Any:
    """What the function returned, as it is handed on: plain numbers outside of a record."""
    if recorded:
        return outputs
    return mapped(outputs, lambda _other, x: x.raw if isinstance(x, Value) else x)


def _zipped(
    asked: str, args: tuple[Any, ...], others: tuple[Any, ...]
) -> Iterator[tuple[Any, Any]]:
    if len(args) != len(others):
        raise InputError(
            _(
                "{asked}: {n} and {n2} were given; give as many of both",
                asked=asked,
                n=len(args),
                n2=len(others),
            )
        )
    return zip(args, others, strict=True)


def _fitting(asked: str, one: str, other: str, tree: Any, its: Any) -> Iterator[tuple[str, Any]]:
    """The parts of a tangent or a cotangent by name, each of the shape of what it stands beside."""
    try:
        for name, mine, part in beside(tree, its):
            shapes = np.shape(data_of(mine)), np.shape(data_of(part))
            if part is not None and shapes[0] != shapes[1]:
                at = name and f"at {name} "
                raise ShapeError(
                    _(
                        "{at}has shape {shapes}, but the {one} has {shapes2}",
                        at=at,
                        shapes=shapes[1],
                        one=one,
                        shapes2=shapes[0],
                    )
                )
            yield name, part
    except ShapeError as error:
        raise ShapeError(
            _("{asked}: the {other} {message}", asked=asked, other=other, message=error.message)
        ) from None


def _recorded(args: tuple[Any, ...], which: Sequence[int]) -> bool:
    """Whether there are recorded values among the arguments, or in the containers asked for."""
    for a in args:
        if isinstance(a, Value):
            return True
    for i in which:
        if not is_leaf(args[i]):
            return any(isinstance(leaf, Value) for k in which for _other, leaf in leaves(args[k]))
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
                _(
                    "argnums counts the arguments by position, as in argnums=0 or (0, 1), not "
                    "{given!r:.40}",
                    given=given,
                )
            ) from None
        if not -count <= i < count:
            raise InputError(
                _(
                    "argnums names argument {i}, but the call has {count} by position",
                    i=i,
                    count=count,
                )
            )
        positions.append(i % count)
    if not positions:
        raise InputError(_("argnums names no argument; give positions, as in argnums=0 or (0, 1)"))
    return tuple(positions)


def _one(output: Any, asked: str = "grad") -> Value:
    """What a function returned, as one value."""
    if isinstance(output, Value):
        return output
    try:
        return Value(output, requires_grad=False)  # it depends on nothing that is recorded
    except TypeError:
        kind = type(output).__name__
        raise InputError(
            _(
                "{asked}: the function returns a {kind}, not one number or array; put "
                "several results together with np.stack",
                asked=asked,
                kind=kind,
            )
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
