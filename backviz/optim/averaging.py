"""The moving average of the weights, which is often the better network.

Invariant: while the averages stand in for the weights, the weights are kept apart and
nothing is averaged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from backviz.autodiff.backward import data_of
from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _
from backviz.optim.options import SHARE, number
from backviz.optim.parameters import Parameters, groups_of


class EMA:
    """An average a ← d·a + (1 − d)·θ of every parameter; call `update()` after each step.

    The average begins at the parameters as they are. With `bias_correction` it begins at 0
    and is divided by 1 − dᵗ, as Adam's are: then the start is forgotten at once. With
    `warmup` d is at most (1 + t)/(10 + t) at update t, counted from 1.
    Polyak and Juditsky (1992); torch's `AveragedModel` with `get_ema_multi_avg_fn`.

    >>> w = Value(1.0)
    >>> ema = EMA(w, decay=0.5)
    >>> w.data = 3.0
    >>> ema.update()
    >>> with ema.swapped():
    ...     w.data
    2.0
    >>> w.data
    3.0
    """

    def __init__(
        self,
        params: Parameters,
        decay: float = 0.999,
        *,
        bias_correction: bool = False,
        warmup: bool = False,
    ) -> None:
        decay = number("EMA", "decay", decay, SHARE)
        self.params = [p for members, _other in groups_of(params) for p in members]
        self.decay, self.bias_correction, self.warmup = decay, bias_correction, warmup
        self.updates = 0
        self.left = 1.0  # the share of the start that is still in the averages
        start = [np.array(data_of(p)) for p in self.params]
        self.kept = [np.zeros_like(a) for a in start] if bias_correction else start
        self._scratch = [np.empty_like(a) for a in start]
        self._apart: list[np.ndarray] | None = None

    def update(self) -> None:
        """Take the parameters, as they are now, into the averages."""
        if self._apart is not None:
            raise InputError(_("the averages stand in for the weights; swap back before update()"))
        self.updates = t = self.updates + 1
        decay = min(self.decay, (1 + t) / (10 + t)) if self.warmup else self.decay
        self.left *= decay
        for p, a, s in zip(self.params, self.kept, self._scratch, strict=True):
            np.subtract(data_of(p), a, out=s)
            np.multiply(s, 1 - decay, out=s)
            np.add(a, s, out=a)

    def averages(self) -> list[Any]:
        """The averages, one for each parameter; single numbers are floats."""
        if not self.bias_correction:
            return [a.copy() if a.ndim else a.item() for a in self.kept]
        if not self.updates:
            raise InputError(_("nothing has been averaged yet; call update() after a step"))
        return [a / (1 - self.left) if a.ndim else a.item() / (1 - self.left) for a in self.kept]

    def swap(self) -> None:
        """Put the averages in the place of the weights; at the second call the weights back."""
        if self._apart is None:
            new = self.averages()
            self._apart = [np.array(data_of(p)) for p in self.params]
        else:
            new, self._apart = self._apart, None
        for p, x in zip(self.params, new, strict=True):
            if not isinstance(p, Value):
                p[...] = x
            elif p.shape:
                p.data[...] = x
            else:
                p.data = float(x)

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """A block in which the parameters are the averages; not inside another such block."""
        if self._apart is not None:
            raise InputError(_("the averages stand in for the weights already; swap back first"))
        self.swap()
        try:
            yield
        finally:
            if self._apart is not None:
                self.swap()

    def state_dict(self) -> dict[str, Any]:
        """The count of updates and the averages as kept; without the parameters."""
        averages = {f"{i}.average": a.copy() if a.ndim else a.item() for i, a in self._places()}
        return {"updates": self.updates, "left": self.left, **averages}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        for key, a in {f"{i}.average": a for i, a in self._places()}.items():
            if key not in state or np.shape(state[key]) != a.shape:
                raise InputError(
                    _("the state is one of other parameters: {key} does not fit", key=key)
                )
        if set(state) != set(self.state_dict()):
            raise InputError(_("the state does not fit: it is not one of as many averages"))
        self.updates, self.left = int(state["updates"]), float(state["left"])
        for i, a in self._places():
            a[...] = state[f"{i}.average"]

    def _places(self) -> Iterator[tuple[int, np.ndarray]]:
        return enumerate(self.kept)
