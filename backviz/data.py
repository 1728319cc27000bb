"""Small data sets made by code, and batches of them.

Invariant: the same arguments give the same numbers; nothing is read from a file. Inputs come
as float64 arrays (n, features), classes as whole numbers (n,), the samples in mixed order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from backviz.errors import InputError
from backviz.language import _
from backviz.registry import Registry

Pair = tuple[np.ndarray, np.ndarray]
SETS: Registry[Callable[..., Pair]] = Registry("data set")


def _whole(given: Any, least: int) -> bool:
    """Whether something is a whole number, numpy's or Python's, and large enough."""
    number = isinstance(given, int | np.integer) and not isinstance(given, bool)
    return bool(number and given >= least)


def _seeded(seed: Any) -> int:
    if not _whole(seed, 0):
        raise InputError(
            _("the seed {seed!r} does not work; give a whole number ≥ 0, such as 0", seed=seed)
        )
    return int(seed)


def _begun(seed: int, n: int, noise: float, classes: int = 1) -> np.random.Generator:
    """The random numbers of a data set, if what it is asked for can be made."""
    if not _whole(classes, 1):
        raise InputError(_("{classes!r} classes cannot be made; use classes ≥ 1", classes=classes))
    if not _whole(n, classes):
        raise InputError(
            _("a data set of {n!r} samples cannot be made; use n ≥ {classes}", n=n, classes=classes)
        )
    number = isinstance(noise, int | float | np.integer | np.floating)
    if not (number and noise >= 0 and np.isfinite(noise)):
        raise InputError(
            _("noise {noise!r} is no standard deviation; use a number ≥ 0", noise=noise)
        )
    return np.random.default_rng(_seeded(seed))


def _numbers(**given: Any) -> None:
    """Refuse what is no finite number, by its name."""
    for name, x in given.items():
        number = isinstance(x, int | float | np.integer | np.floating)
        if not (number and np.isfinite(x)):
            raise InputError(_("{name}={x!r} does not work; give a finite number", name=name, x=x))


def _mixed(draw: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Pair:
    order = draw.permutation(len(x))
    return x[order], y[order]


def _parts(n: int, of: int) -> list[int]:
    """n in equal parts; the first ones take what is left over."""
    return [n // of + (i < n % of) for i in range(of)]


def moons(n: int = 200, *, noise: float = 0.1, seed: int) -> Pair:
    """Two half circles that reach into each other: inputs (n, 2), classes 0 and 1.

    >>> x, y = moons(100, seed=0)
    >>> x.shape, np.bincount(y)
    ((100, 2), array([50, 50]))
    """
    draw, (upper, lower) = _begun(seed, n, noise, 2), _parts(n, 2)
    a, b = np.linspace(0, np.pi, upper), np.linspace(0, np.pi, lower)
    x = np.concatenate(
        [np.stack([np.cos(a), np.sin(a)], 1), np.stack([1 - np.cos(b), 0.5 - np.sin(b)], 1)]
    )
    x += noise * draw.standard_normal(x.shape)
    return _mixed(draw, x, np.repeat([0, 1], [upper, lower]))


def spirals(
    n: int = 300, *, classes: int = 2, turns: float = 1.25, noise: float = 0.05, seed: int
) -> Pair:
    """Arms that wind around each other, a class each: inputs (n, 2) within about 1 of 0.

    >>> x, y = spirals(90, classes=3, seed=0)
    >>> np.bincount(y), bool(abs(x).max() < 1.5)
    (array([30, 30, 30]), True)
    """
    _numbers(turns=turns)
    draw, xs = _begun(seed, n, noise, classes), []
    for k, size in enumerate(_parts(n, classes)):
        radius = np.linspace(0.1, 1.0, size)
        angle = 2 * np.pi * (turns * radius + k / classes)
        xs.append(radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1))
    x = np.concatenate(xs)
    x += noise * draw.standard_normal(x.shape)
    return _mixed(draw, x, np.repeat(np.arange(classes), _parts(n, classes)))


def blobs(
    n: int = 200, *, classes: int = 3, spread: float = 0.4, radius: float = 2.0, seed: int
) -> Pair:
    """Round clouds with their middles on a circle, a class each: inputs (n, 2).

    >>> x, y = blobs(60, seed=0)
    >>> np.round(x[y == 0].mean(axis=0))
    array([2., 0.])
    """
    _numbers(radius=radius)
    draw, angles = _begun(seed, n, spread, classes), 2 * np.pi * np.arange(classes) / classes
    y = np.repeat(np.arange(classes), _parts(n, classes))
    middles = radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    return _mixed(draw, middles[y] + spread * draw.standard_normal((n, 2)), y)


def circles(n: int = 200, *, inner: float = 0.5, noise: float = 0.05, seed: int) -> Pair:
    """A ring (class 0) around a smaller ring (class 1): inputs (n, 2).

    >>> x, y = circles(80, noise=0, seed=0)
    >>> np.hypot(*x[y == 1].T).round(6).max()
    np.float64(0.5)
    """
    _numbers(inner=inner)
    draw, sizes = _begun(seed, n, noise, 2), _parts(n, 2)
    rings = []
    for size, radius in zip(sizes, (1.0, inner), strict=True):
        angle = 2 * np.pi * np.arange(size) / size
        rings.append(radius * np.stack([np.cos(angle), np.sin(angle)], 1))
    x = np.concatenate(rings)
    x += noise * draw.standard_normal(x.shape)
    return _mixed(draw, x, np.repeat([0, 1], sizes))


def linear(
    n: int = 100, *, slope: float = 2.0, intercept: float = -1.0, noise: float = 0.3, seed: int
) -> Pair:
    """Points around a line, for regression: inputs (n, 1) in [−2, 2], targets (n, 1).

    >>> x, y = linear(5, noise=0, seed=0)
    >>> bool(np.allclose(y, 2 * x - 1))
    True
    """
    _numbers(slope=slope, intercept=intercept)
    draw = _begun(seed, n, noise)
    x = draw.uniform(-2, 2, (n, 1))
    return x, slope * x + intercept + noise * draw.standard_normal((n, 1))


def xor(n: int = 200, *, noise: float = 0.2, seed: int) -> Pair:
    """Four clouds at the corners (±1, ±1); the class is 1 where the signs differ.

    >>> x, y = xor(8, noise=0, seed=0)
    >>> bool(np.all((x[:, 0] * x[:, 1] < 0) == y))
    True
    """
    draw = _begun(seed, n, noise, 4)
    corners = np.array([(1, 1), (-1, -1), (1, -1), (-1, 1)], float)
    which = np.repeat(np.arange(4), _parts(n, 4))
    x = corners[which] + noise * draw.standard_normal((n, 2))
    return _mixed(draw, x, (which >= 2).astype(np.int64))


def noisy_sine(n: int = 100, *, noise: float = 0.2, seed: int) -> Pair:
    """Points around one period of a sine, for regression: inputs (n, 1), targets (n, 1).

    >>> x, y = noisy_sine(4, noise=0, seed=0)
    >>> bool(np.allclose(y, np.sin(x)))
    True
    """
    draw = _begun(seed, n, noise)
    x = draw.uniform(-np.pi, np.pi, (n, 1))
    return x, np.sin(x) + noise * draw.standard_normal((n, 1))


for _make in (moons, spirals, blobs, circles, linear, xor, noisy_sine):
    SETS.add(_make.__name__, _make)


class Batches:
    """The samples in batches, in a new order in every epoch.

    Every pass through it is an epoch, and its order depends on the seed and the number of
    the epoch alone; so `epoch` is all the state that a resumed training needs. Without
    `shuffle` the order stays. With `drop_last` a smaller batch at the end is left out.

    >>> batches = Batches(np.arange(5), np.arange(5) * 10, size=2, seed=0)
    >>> len(batches), [len(x) for x, y in batches], batches.epoch
    (3, [2, 2, 1], 1)
    """

    def __init__(
        self,
        *arrays: Any,
        size: int,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
    ) -> None:
        if not arrays:
            raise InputError(_("Batches needs at least one array; give inputs and targets"))
        self.arrays = tuple(np.asarray(a) for a in arrays)
        if not all(a.ndim for a in self.arrays):
            raise InputError(_("a single number has no samples; give Batches arrays or lists"))
        lengths = [len(a) for a in self.arrays]
        if len(set(lengths)) != 1:
            raise InputError(
                _(
                    "the arrays have {list} samples; inputs and targets need as many",
                    list=" and ".join(map(str, lengths)),
                )
            )
        if not _whole(size, 1):
            raise InputError(_("a batch of {size!r} samples is none; use size ≥ 1", size=size))
        self.size, self.seed, self.shuffle, self.drop_last = size, _seeded(seed), shuffle, drop_last
        self.epoch = 0

    def __len__(self) -> int:
        many = len(self.arrays[0])
        return many // self.size if self.drop_last else -(-many // self.size)

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        order = np.arange(len(self.arrays[0]))
        if self.shuffle:
            order = np.random.default_rng((self.seed, epoch)).permutation(order)
        for k in range(len(self)):
            chosen = order[k * self.size : (k + 1) * self.size]
            yield tuple(a[chosen] for a in self.arrays)

    def state_dict(self) -> dict[str, int]:
        """What a resumed training needs: how many epochs were begun."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another one was between two epochs."""
        epoch = state.get("epoch")
        if epoch is None or not _whole(number := np.asarray(epoch).item(), 0):
            raise InputError(
                _("the state of Batches has an epoch from 0 on, not {dict}", dict=dict(state))
            )
        self.epoch = int(number)
