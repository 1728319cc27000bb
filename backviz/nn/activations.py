"""Activation functions as modules, under torch's names.

Invariant: a module here only names its op in the table and keeps the options; every
activation of the table has one, and `ACTIVATIONS` finds it by the op's names. A function of the
table that has no class here, such as one of your own, gets one from its row: `activation_of`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from backviz.autodiff.op import Op
from backviz.errors import InputError, ShapeError
from backviz.language import _
from backviz.nn.arguments import whole
from backviz.nn.module import Module
from backviz.nn.parameters import parameter
from backviz.ops import OPS
from backviz.ops.shape import reshape, shape_of
from backviz.registry import Registry


class Activation(Module):
    """An op of the table as a module, with its options.

    Raises `InputError` for options that the op does not have.

    >>> from backviz import tensor
    >>> Tanh()(tensor([0.0, 1.0])).op.name
    'tanh'
    """

    OP: ClassVar[str]

    def __init__(self, **options: Any) -> None:
        self._options = options
        try:
            self.op.arguments((0.0,) * self.op.arity, options)
        except TypeError as error:
            raise InputError(f"{type(self).__name__}: {error}") from None

    @property
    def op(self) -> Op:
        """The row of the table."""
        return OPS[self.OP]

    def forward(self, x: Any) -> Any:
        """The op of x."""
        return OPS[self.OP](x, **self._options)

    def details(self) -> str:
        """The options."""
        return ", ".join(f"{name}={given!r}" for name, given in self._options.items())


class Tanh(Activation):
    """The hyperbolic tangent, between −1 and 1."""

    OP = "tanh"


class Sigmoid(Activation):
    """The logistic function, between 0 and 1."""

    OP = "sigmoid"


class ReLU(Activation):
    """x where x > 0, else 0."""

    OP = "relu"


class ReLU6(Activation):
    """ReLU that stops at 6."""

    OP = "relu6"


class Hardtanh(Activation):
    """x between two bounds, else the bound."""

    OP = "hardtanh"

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        super().__init__(min_val=min_val, max_val=max_val)
        if not min_val < max_val:
            raise InputError(
                _(
                    "Hardtanh: max_val has to be above min_val={min_val}, not {max_val}",
                    min_val=min_val,
                    max_val=max_val,
                )
            )


class Hardsigmoid(Activation):
    """A sigmoid of straight lines: x/6 + 0.5 between 0 and 1."""

    OP = "hardsigmoid"


class Hardswish(Activation):
    """x·hardsigmoid(x)."""

    OP = "hardswish"


class LeakyReLU(Activation):
    """x where x > 0, else a small part of it."""

    OP = "leaky_relu"

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__(negative_slope=negative_slope)


class PReLU(Activation):
    """Leaky ReLU whose slope below 0 is learned: one for all, or one for each channel (axis 1).

    Raises `ShapeError` if x has another number of channels.

    >>> PReLU(init=0.5)(np.array([-2.0, 3.0])).data
    array([-1.,  3.])
    """

    OP = "prelu"
    SYMBOLS: ClassVar[dict[str, str]] = {"weight": "a"}

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__()
        self.num_parameters = whole("PReLU", "num_parameters", num_parameters)
        self.weight = parameter(np.full(num_parameters, init), (num_parameters,))

    def forward(self, x: Any) -> Any:
        """x where x > 0, else slope·x."""
        slope, shape, n = self.weight, shape_of(x), self.num_parameters
        if n > 1 and shape[1:2] != (n,):
            raise ShapeError(
                _(
                    "{it!r} needs {n} channels along axis 1, not the shape {shape}",
                    it=self,
                    n=n,
                    shape=shape,
                )
            )
        if n > 1 and len(shape) > 2:
            slope = reshape(slope, shape=(n,) + (1,) * (len(shape) - 2))
        elif not shape:
            slope = reshape(slope, shape=())
        return OPS["prelu"](x, slope)

    def details(self) -> str:
        """How many slopes."""
        return f"{self.num_parameters}"


class ELU(Activation):
    """x where x > 0, else alpha·(e^x − 1)."""

    OP = "elu"

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__(alpha=alpha)


class CELU(Activation):
    """x where x > 0, else alpha·(e^(x/alpha) − 1): smooth for any alpha."""

    OP = "celu"

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__(alpha=alpha)
        if not alpha > 0:
            raise InputError(_("CELU: alpha has to be above 0, not {alpha}", alpha=alpha))


class SELU(Activation):
    """ELU, scaled so that deep networks keep mean 0 and variance 1 (with `lecun_normal`)."""

    OP = "selu"


class SiLU(Activation):
    """x·σ(x), also called swish."""

    OP = "silu"


class Softplus(Activation):
    """log(1 + e^(beta·x))/beta, a smooth ReLU; x itself where beta·x is above the threshold."""

    OP = "softplus"

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(beta=beta, threshold=threshold)


class LogSigmoid(Activation):
    """The logarithm of the sigmoid."""

    OP = "log_sigmoid"


class Mish(Activation):
    """x·tanh(softplus(x))."""

    OP = "mish"


class Softsign(Activation):
    """x/(1 + |x|)."""

    OP = "softsign"


class GELU(Activation):
    """x times the chance that a normal random number is below x; "tanh" is GPT-2's form."""

    OP = "gelu"

    def __init__(self, approximate: str = "none") -> None:
        super().__init__(approximate=approximate)


class Softmax(Activation):
    """Positive shares that add up to 1 along an axis."""

    OP = "softmax"

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim=dim)


class Softmin(Activation):
    """The softmax of −x along an axis."""

    OP = "softmin"

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim=dim)


class LogSoftmax(Activation):
    """The logarithm of softmax."""

    OP = "log_softmax"

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim=dim)


class Maxout(Activation):
    """The largest of each group of neighbours along an axis; torch has no such class."""

    OP = "maxout"

    def __init__(self, pieces: int = 2, dim: int = -1) -> None:
        super().__init__(pieces=whole("Maxout", "pieces", pieces), dim=dim)


ACTIVATIONS: Registry[type[Activation]] = Registry("activation")
for _each in (
    Tanh, Sigmoid, ReLU, ReLU6, Hardtanh, Hardsigmoid, Hardswish, LeakyReLU, PReLU, ELU, CELU, SELU,
    SiLU, Softplus, LogSigmoid, Mish, Softsign, GELU, Softmax, Softmin, LogSoftmax, Maxout,
):  # fmt: skip
    ACTIVATIONS.add(_each.OP, _each, OPS[_each.OP].aliases)


def activation_of(name: str) -> type[Activation]:
    """The module of an op by its name: a class of this file, or one made from the op's row.

    Raises `UsageError` for a name that no activation and no function of one number has.

    >>> activation_of("relu"), activation_of("arctan")()
    (<class 'backviz.nn.activations.ReLU'>, Arctan())
    """
    if name in ACTIVATIONS or name not in OPS or not OPS[name].is_function:
        return ACTIVATIONS[name]
    row = OPS[name]
    called = "".join(word.capitalize() for word in row.name.split("_"))
    about = {"OP": row.name, "__doc__": row.note, "__module__": __name__}
    return type(called, (Activation,), about)
