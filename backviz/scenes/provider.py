"""What a training scene learns from, and with what: data and network come from one object.

A scene asks its `Provider` and nobody else, so that one argument puts a person's own data, or
another network, in the place of what the scene makes itself. `own_data(n)` is the option that
reads a file. Invariant: what is read is whole, finite and of the asked width, or one sentence says
where it is not; nothing is left out silently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.language import _
from backviz.nn import MLP
from backviz.nn.module import Module
from backviz.scenes.artist import Array
from backviz.scenes.registry import Kind
from backviz.sources.files import is_file_source, object_of

MOST = 2000  # samples: a step of the training records all of them
LEAST = 2
Network = Callable[[Sequence[int], str, int], Module]  # of hidden widths, an activation, a seed


@dataclass(frozen=True, slots=True)
class Data:
    """Samples: inputs `x` (n, d) and targets `y` (n,); `source` is the file they came from.

    Targets that are `classes` are −1 and +1.

    >>> Data(np.array([[0.0], [4.0]]), np.array([1.0, 3.0])).column
    array([0., 4.])
    """

    x: Array
    y: Array
    source: str = ""
    classes: bool = False

    @property
    def column(self) -> Array:
        """The only input (n,)."""
        return self.x[:, 0]

    def inner(self, x: Any) -> Any:
        """Inputs as a network sees them: a person's own go from −1 to 1, others stay."""
        middle, reach = self._frame
        return (x - middle) / reach

    def outer(self, z: Any) -> Any:
        """The inputs that a network sees as these.

        >>> own = Data(np.array([[0.0], [4.0]]), np.array([1.0, 3.0]), source="a.csv")
        >>> own.inner(own.x).ravel(), own.outer(own.inner(own.x)).ravel()
        (array([-1.,  1.]), array([0., 4.]))
        """
        middle, reach = self._frame
        return middle + reach * z

    def standard(self) -> Array:
        """Targets (n,) less their mean, through their standard deviation.

        >>> Data(np.array([[0.0], [4.0]]), np.array([1.0, 3.0])).standard()
        array([-1.,  1.])
        """
        return np.asarray((self.y - self.y.mean()) / (float(np.std(self.y)) or 1.0))

    @property
    def _frame(self) -> tuple[Array, Array]:
        """Middle and half of each input's range, each (d,)."""
        low, high = self.x.min(axis=0), self.x.max(axis=0)
        if not self.source:
            return np.zeros(len(low)), np.ones(len(low))
        return (low + high) / 2, (high - low) / 2


class Scaled(Module):
    """A network around another, which sees the inputs of some data as numbers from −1 to 1.

    Targets that are no classes are divided by their standard deviation in the same way.
    """

    def __init__(self, inner: Module, data: Data) -> None:
        self.inner, self.data = inner, data

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """The inner network's answer (n, 1) in the units of the data."""
        data = self.data
        answer = self.inner(data.inner(inputs[0]))
        return answer if data.classes else answer * (float(np.std(data.y)) or 1.0) + np.mean(data.y)


@dataclass(frozen=True, slots=True)
class Provider:
    """Data, and the network that learns from them.

    >>> given = Provider(Data(np.zeros((3, 2)), np.zeros(3)))
    >>> given.network([4], "tanh", 0)
    MLP(
      (0): Linear(2, 4)
      (1): Tanh()
      (2): Linear(4, 1)
    )
    """

    data: Data
    make: Network | None = None

    def network(self, hidden: Sequence[int], activation: str, seed: int) -> Module:
        """A network with its first weights: from the inputs of the data to one output.

        For a person's own data, of whatever size, it is `Scaled`.
        """
        if self.make is not None:
            return self.make(hidden, activation, seed)
        inputs = self.data.x.shape[1]
        net = MLP(inputs, (*hidden, 1), activation, seed=seed, init="xavier_normal")
        return Scaled(net, self.data) if self.data.source else net


def provided(own: Data | None, x: Array, y: Array, classes: bool = False) -> Provider:
    """A person's own data, or else what the scene has made: x (n,) or (n, d), y (n,)."""
    made = Data(np.reshape(x, (len(y), -1)), np.asarray(y, float), classes=classes)
    return Provider(own or made)


@lru_cache
def own_data(inputs: int, classes: bool = False) -> Kind:
    """The option that reads a person's samples of so many inputs; `None` for an empty text.

    A CSV has a column for each input and one for the target; an NPZ has x and y; of a Python file
    `file.py:name` the name is a pair x, y, or a function that returns one. With `classes` the
    targets are two numbers or words, which become −1 and +1 in their order.
    """

    def read(option: str, text: str) -> Data | None:
        text = text.strip()
        return _checked(option, text, inputs, classes) if text else None

    columns = f"{inputs} columns and a class" if classes else f"{inputs + 1} columns"
    return Kind(f"data, {columns}", "FILE", read)


def _checked(option: str, source: str, inputs: int, classes: bool) -> Data:
    told = {"option": option, "source": source}
    x, y = _read(option, source)
    try:
        x = np.asarray(x, float)
        y = np.asarray(y) if classes else np.asarray(y, float)
    except (TypeError, ValueError):
        raise InputError(
            _("{option}: {source} has something that is no number; give numbers only", **told)
        ) from None
    x, y = (x[:, None] if x.ndim == 1 else x), y.reshape(-1) if y.ndim < 3 else y
    if x.ndim != 2 or x.shape[1] != inputs or y.shape != (len(x),):
        raise InputError(
            _(
                "{option}: {source} has inputs of shape {x} and targets of shape {y}; this scene "
                "takes n × {inputs} inputs and n targets",
                x=x.shape, y=y.shape, inputs=inputs, **told,
            )
        )  # fmt: skip
    if not LEAST <= len(x) <= MOST:
        raise InputError(
            _(
                "{option}: {source} has {n} samples; give {least} to {most}",
                n=len(x), least=LEAST, most=MOST, **told,
            )
        )  # fmt: skip
    if not np.isfinite(x).all() or (y.dtype.kind == "f" and not np.isfinite(y).all()):
        raise InputError(_("{option}: {source} has a number that is not finite", **told))
    if any(np.ptp(column) == 0 for column in x.T):
        raise InputError(
            _("{option}: in {source} an input is the same everywhere; give different ones", **told)
        )
    if classes:
        names = np.unique(y)
        if len(names) != 2:
            raise InputError(
                _(
                    "{option}: {source} has {n} different targets; this scene parts two classes",
                    n=len(names), **told,
                )
            )  # fmt: skip
        y = np.where(y == names[1], 1.0, -1.0)
    return Data(x, np.asarray(y, float), source, classes)


def _read(option: str, source: str) -> tuple[Any, Any]:
    """Inputs and targets of a file, as they stand there."""
    if is_file_source(source):
        return _pair(option, source, object_of(source))
    path = Path(source).expanduser()
    arrays = path.suffix.lower() in (".npz", ".npy")
    try:
        held = _loaded(path) if arrays else path.read_text("utf-8-sig")
    except OSError as error:
        why = error.strerror or str(error)
    except UnicodeDecodeError:
        why = _("it is no text")
    except (ValueError, EOFError, BadZipFile):
        why = _("it is no file of numpy's, or holds objects")
    else:
        return _pair(option, source, held) if arrays else _columns(option, source, held)
    raise InputError(
        _("{option}: cannot read {source}: {why}", option=option, source=source, why=why)
    )


def _loaded(path: Path) -> Any:
    """The arrays of a file of numpy's, all of them read."""
    with path.open("rb") as file:
        held = np.load(file, allow_pickle=False)
        return held if isinstance(held, np.ndarray) else dict(held)


def _pair(option: str, source: str, held: Any) -> tuple[Any, Any]:
    """x and y of what was held by a file: names, two arrays, or one with a column of targets."""
    if hasattr(held, "keys"):
        names = [*held.keys()]
        named = {name.lower(): name for name in names}
        if {"x", "y"} <= {*named}:
            return held[named["x"]], held[named["y"]]
        raise InputError(
            _(
                "{option}: {source} has the arrays {names}; call the inputs x and the targets y",
                option=option, source=source, names=", ".join(names) or "—",
            )
        )  # fmt: skip
    if isinstance(held, tuple | list) and len(held) == 2:
        return _plain(held[0]), _plain(held[1])
    table = np.asarray(_plain(held))
    if table.ndim == 2 and table.shape[1] > 1:
        return table[:, :-1], table[:, -1]
    raise InputError(
        _(
            "{option}: {source} gives neither a pair x, y nor a table with the targets in its last "
            "column",
            option=option, source=source,
        )
    )  # fmt: skip


def _plain(held: Any) -> Any:
    return held.data if isinstance(held, Value) else held


def _columns(option: str, source: str, text: str) -> tuple[Any, Any]:
    """The columns of a table of text; one line of heads may stand above it.

    With semicolons between the cells, a comma is a decimal sign.
    """
    x: list[list[float]] = []
    y: list[Any] = []
    for k, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = [cell.strip().strip('"') for cell in re.split(_between(line), line.strip())]
        try:
            row = [float(_dotted(cell, line)) for cell in cells[:-1]]
        except ValueError:
            row = []
        if not row or (x and len(row) != len(x[0])):
            if not x:
                continue  # the heads
            raise InputError(
                _(
                    "{option}: line {k} of {source} is no row like those above it: {line!r}",
                    option=option, k=k, source=source, line=line[:40],
                )
            )  # fmt: skip
        x.append(row)
        y.append(_target(_dotted(cells[-1], line)))
    if not x:
        raise InputError(
            _(
                "{option}: {source} has no rows of numbers; write inputs and target with commas",
                option=option, source=source,
            )
        )  # fmt: skip
    return x, y if all(isinstance(each, float) for each in y) else [str(each) for each in y]


def _between(line: str) -> str:
    return next((sign for sign in (";", "\t", ",") if sign in line), r"\s+")


def _dotted(cell: str, line: str) -> str:
    return cell.replace(",", ".") if _between(line) == ";" else cell


def _target(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell
