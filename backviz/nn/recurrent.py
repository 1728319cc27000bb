"""Recurrent layers: RNN, LSTM and GRU, with torch's names and numbers.

Invariant: every step is recorded op by op, with the letters of the usual equations (i, f, g, o, c
and h for LSTM), and numbered from 1. Matrices of weights are (in, out); torch keeps the transpose.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from backviz.autodiff.value import Value
from backviz.errors import InputError, ShapeError
from backviz.language import N_, _
from backviz.nn.arguments import HOW, Seed, generator, refused, whole, within
from backviz.nn.init import uniform
from backviz.nn.layers import Dropout
from backviz.nn.module import Module
from backviz.nn.parameters import parameter
from backviz.ops import OPS
from backviz.ops.assemble import along
from backviz.ops.shape import shape_of
from backviz.registry import unknown

State = tuple[Any, ...]  # h, and of an LSTM c
NOT_HERE = {
    **HOW,
    "proj_size": N_("of these layers only LSTM has a projection"),
}


def called(label: str, value: Any) -> Any:
    """The value with a name for pictures; a number or a plain array as it is."""
    if isinstance(value, Value):
        value.label = label
    return value


class Recurrent(Module):
    """What RNN, LSTM and GRU share: layers, directions, and the way through the steps.

    x has the shape (steps, batch, input_size), with `batch_first` (batch, steps, input_size), or
    (steps, input_size) without a batch. `forward(x, h0)` gives the output of every step and the
    last state of every layer; the first state is 0 if none is given. `dropout` drops entries
    between layers, in training. `seed` and `init` are as for `Linear`; unless told otherwise
    weights are uniform in ±1/√hidden_size, as in torch, and biases 0. Raises `InputError` for
    options that do not fit and `ShapeError` for an input or a state of another shape.
    """

    GATES: ClassVar[int]
    SYMBOLS: ClassVar[Mapping[str, str]] = {
        "weight_ih": "Wx", "weight_hh": "Wh", "bias_ih": "bx", "bias_hh": "bh", "weight_hr": "Wr",
    }  # fmt: skip
    TURNED: ClassVar[tuple[str, ...]] = ("weight_",)
    STATES: ClassVar[tuple[str, ...]] = ("h",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        seed: Seed | None = None,
        init: Any = None,
        bias_init: Any = "zeros",
        proj_size: int = 0,
    ) -> None:
        who = type(self).__name__
        self.input_size = whole(who, "input_size", input_size)
        self.hidden_size = whole(who, "hidden_size", hidden_size)
        self.num_layers = whole(who, "num_layers", num_layers)
        self.batch_first, self.bidirectional = bool(batch_first), bool(bidirectional)
        self._bias = bool(bias)
        self.proj_size = whole(who, "proj_size", proj_size, 0)
        if self.proj_size >= self.hidden_size:
            raise InputError(
                _(
                    "{who}: proj_size is smaller than hidden_size, not {proj_size}",
                    who=who,
                    proj_size=proj_size,
                )
            )
        bound = 1 / math.sqrt(self.hidden_size)
        made = partial(uniform, low=-bound, high=bound) if init is None else init
        random = None if seed is None else generator(seed)
        width, out = self.GATES * self.hidden_size, self.proj_size or self.hidden_size
        for layer in range(self.num_layers):
            n_in = self.input_size if not layer else out * len(self._directions)
            for direction in self._directions:
                ends = f"_l{layer}{direction}"
                setattr(self, f"weight_ih{ends}", parameter(made, (n_in, width), random))
                setattr(self, f"weight_hh{ends}", parameter(made, (out, width), random))
                if bias:
                    setattr(self, f"bias_ih{ends}", parameter(bias_init, (width,), random))
                    setattr(self, f"bias_hh{ends}", parameter(bias_init, (width,), random))
                if self.proj_size:
                    shape = (self.hidden_size, self.proj_size)
                    setattr(self, f"weight_hr{ends}", parameter(made, shape, random))
        self.dropout = within(who, "dropout", dropout, 0, 1)
        if self.dropout and self.num_layers > 1:
            self.drop = Dropout(self.dropout, seed=random)

    @property
    def _directions(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def symbol(self, name: str, number: str) -> str:
        """The letters of the equations, with the layer where there are several."""
        stem, ends = name.split("_l")
        alone = self.num_layers == 1 and not self.bidirectional
        return self.SYMBOLS[stem] + number + ("" if alone else f"_l{ends}")

    def forward(self, x: Any, hx: Any = None) -> tuple[Any, Any]:
        """The output of every step, and the last state of every layer and direction."""
        shape = shape_of(x)
        if len(shape) not in (2, 3) or shape[-1] != self.input_size:
            order = "batch, steps" if self.batch_first else "steps, batch"
            raise ShapeError(
                _(
                    "{it!r}: the input has the shape {shape}, but the layer takes ({order}, "
                    "{input_size}), or (steps, {input_size}) without a batch",
                    it=self,
                    shape=shape,
                    order=order,
                    input_size=self.input_size,
                )
            )
        time = 1 if self.batch_first and len(shape) == 3 else 0
        batch = shape[:-1][:time] + shape[:-1][time + 1 :]
        if not shape[time]:
            raise ShapeError(
                _("{it!r}: there is no step in an input of the shape {shape}", it=self, shape=shape)
            )
        given = self._first_states(hx, batch)
        inputs = [OPS["getitem"](x, along(time, t)) for t in range(shape[time])]
        last: list[State] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                inputs = [self.drop(each) for each in inputs]
            rows = []
            for direction in self._directions:
                ends = f"_l{layer}{direction}"
                outs, state = self._run(inputs, given[len(last)], ends)
                rows.append(outs)
                last.append(state)
            inputs = rows[0]
            if len(rows) > 1:
                inputs = [OPS["concatenate"](both, axis=-1) for both in zip(*rows, strict=True)]
        states = tuple(OPS["stack"](list(each)) for each in zip(*last, strict=True))
        return OPS["stack"](inputs, axis=time), states[0] if len(states) == 1 else states

    def _run(self, inputs: Sequence[Any], state: State, ends: str) -> tuple[list[Any], State]:
        """One layer in one direction: all its outputs in order, and its last state."""
        back = ends.endswith("_reverse")
        outs = []
        for t in range(len(inputs))[:: -1 if back else 1]:
            named = self._named(f"{t + 1}", ends)
            state = self._step(inputs[t], state, ends, named)
            outs.append(state[0])
        return outs[::-1] if back else outs, state

    def _named(self, step: str, ends: str) -> Any:
        alone = self.num_layers == 1 and not self.bidirectional
        return lambda sign, value: called(f"{sign}{step}" + ("" if alone else ends), value)

    def _step(self, x: Any, state: State, ends: str, named: Any) -> State:
        """The next state; `named` gives a value its letter."""
        raise NotImplementedError

    def _summed(self, what: str, x: Any, ends: str) -> Any:
        """x or h times its weights, plus the bias."""
        bias = getattr(self, f"bias_{what}{ends}") if self._bias else None
        return OPS["linear"](x, getattr(self, f"weight_{what}{ends}"), bias)

    def _gate(self, sums: Any, i: int) -> Any:
        n = self.hidden_size
        return OPS["getitem"](sums, (..., slice(i * n, (i + 1) * n)))

    def _first_states(self, hx: Any, batch: tuple[int, ...]) -> list[State]:
        """The first state of every layer and direction: zeros, or the rows of what is given."""
        count = self.num_layers * len(self._directions)
        widths = [self.proj_size or self.hidden_size, self.hidden_size][: len(self.STATES)]
        if hx is None:
            zeros = [np.zeros((*batch, n)) for n in widths]
            named = zip(zeros, self.STATES, strict=True)
            return [tuple(Value(z, f"{s}0", requires_grad=False) for z, s in named)] * count
        several = hx if len(widths) > 1 else (hx,)
        if not isinstance(several, tuple | list) or len(several) != len(widths):
            raise InputError(_("{it!r}: the first state is a pair, (h, c)", it=self))
        for name, each, n in zip(self.STATES, several, widths, strict=True):
            if shape_of(each) != (count, *batch, n):
                raise ShapeError(
                    _(
                        "{it!r}: the first {name} has the shape {shape}, but the layer takes {x}",
                        it=self,
                        name=name,
                        shape=shape_of(each),
                        x=(count, *batch, n),
                    )
                )
        return [tuple(OPS["getitem"](each, (k,)) for each in several) for k in range(count)]

    def details(self) -> str:
        """The sizes and what differs from the defaults."""
        shown = [f"{self.input_size}, {self.hidden_size}"]
        plain = {
            "num_layers": 1, "batch_first": False, "dropout": 0.0, "bidirectional": False,
            "proj_size": 0,
        }  # fmt: skip
        shown += [f"{k}={getattr(self, k)}" for k, v in plain.items() if getattr(self, k) != v]
        return ", ".join(shown + self._more_details())

    def _more_details(self) -> list[str]:
        return [] if self._bias else ["bias=False"]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.details()})"


class RNN(Recurrent):
    """Steps h ← tanh(x @ Wx + bx + h @ Wh + bh), or with relu (Elman, 1990).

    Options and errors are those of `Recurrent`; `nonlinearity` is "tanh" or "relu".

    >>> out, h = RNN(2, 3, seed=0)(np.ones((4, 1, 2)))
    >>> out.shape, h.shape
    ((4, 1, 3), (1, 1, 3))
    """

    GATES = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        seed: Seed | None = None,
        init: Any = None,
        bias_init: Any = "zeros",
        **torchs: Any,
    ) -> None:
        refused("RNN", torchs, NOT_HERE)
        if nonlinearity not in ("tanh", "relu"):
            what = _("{what} of {name}", what="nonlinearity", name="RNN")
            raise InputError(unknown(what, str(nonlinearity), ["tanh", "relu"]))
        self.nonlinearity = nonlinearity
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            seed=seed, init=init, bias_init=bias_init,
        )  # fmt: skip

    def _step(self, x: Any, state: State, ends: str, named: Any) -> State:
        total = self._summed("ih", x, ends) + self._summed("hh", state[0], ends)
        return (named("h", OPS[self.nonlinearity](total)),)

    def _more_details(self) -> list[str]:
        bent = [] if self.nonlinearity == "tanh" else [f"nonlinearity={self.nonlinearity!r}"]
        return bent + super()._more_details()


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997, with forget gates).

    i, f, o = σ(…), g = tanh(…) of x @ Wx + bx + h @ Wh + bh; c ← f·c + i·g, h ← o·tanh(c), with
    `proj_size` times Wr. The state is the pair (h, c). Options and errors are those of
    `Recurrent`.

    >>> out, (h, c) = LSTM(2, 3, seed=0)(np.ones((4, 1, 2)))
    >>> out.shape, h.shape, c.shape
    ((4, 1, 3), (1, 1, 3), (1, 1, 3))
    """

    GATES = 4
    STATES = ("h", "c")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        seed: Seed | None = None,
        init: Any = None,
        bias_init: Any = "zeros",
        **torchs: Any,
    ) -> None:
        refused("LSTM", torchs, NOT_HERE)
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            seed=seed, init=init, bias_init=bias_init, proj_size=proj_size,
        )  # fmt: skip

    def _step(self, x: Any, state: State, ends: str, named: Any) -> State:
        h, c = state
        sums = self._summed("ih", x, ends) + self._summed("hh", h, ends)
        i, f, g, o = (
            named(sign, OPS[bent](self._gate(sums, k)))
            for k, (sign, bent) in enumerate(
                (("i", "sigmoid"), ("f", "sigmoid"), ("g", "tanh"), ("o", "sigmoid"))
            )
        )
        c = named("c", f * c + i * g)
        h = o * OPS["tanh"](c)
        if self.proj_size:
            h = OPS["matmul"](h, getattr(self, f"weight_hr{ends}"))
        return named("h", h), c


class GRU(Recurrent):
    """Gated recurrent units (Cho et al., 2014), as torch has them.

    r, z = σ(x @ Wx + bx + h @ Wh + bh), n = tanh(x @ Wx + bx + r·(h @ Wh + bh));
    h ← (1 − z)·n + z·h. Options and errors are those of `Recurrent`.

    >>> out, h = GRU(2, 3, seed=0)(np.ones((4, 1, 2)))
    >>> out.shape, h.shape
    ((4, 1, 3), (1, 1, 3))
    """

    GATES = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        seed: Seed | None = None,
        init: Any = None,
        bias_init: Any = "zeros",
        **torchs: Any,
    ) -> None:
        refused("GRU", torchs, NOT_HERE)
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            seed=seed, init=init, bias_init=bias_init,
        )  # fmt: skip

    def _step(self, x: Any, state: State, ends: str, named: Any) -> State:
        (h,) = state
        of_x, of_h = self._summed("ih", x, ends), self._summed("hh", h, ends)
        r, z = (
            named(sign, OPS["sigmoid"](self._gate(of_x, k) + self._gate(of_h, k)))
            for k, sign in enumerate("rz")
        )
        n = named("n", OPS["tanh"](self._gate(of_x, 2) + r * self._gate(of_h, 2)))
        return (named("h", (1 - z) * n + z * h),)
