"""Reads a formula as a person does and computes it: numpy, and nothing of backviz.

The words that a formula may use are `WORDS`; each is a few lines of numpy. The signs are
+ − · / // @ ⊗ ^ ², ᵀ, ⁻¹, √, |x|, comparisons in brackets ([a > b] is 1 or 0), indexing, and
`sum₁(x)`, the sum along axis 1, which stays with size 1.
"""

import math
import re

import numpy as np

SIGN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-−+]?\d+)?|∞|NaN)"
    r"|(?P<name>[^\W\d⁰¹²³⁴-⁹ᵀ][\w′\u0300-\u036f]*?(?=[⁰¹²³⁴-⁹⁻ᵀ]|[^\w′\u0300-\u036f]|$))"
    r'|(?P<text>"[^"]*")'
    r"|(?P<power>[⁻]?[⁰¹²³⁴-⁹]+)"
    r"|(?P<sign>\.\.\.|//|[-+−·/@⊗^ᵀ√|()\[\],=:<>≥≤≠]))"
)
SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
COMPARISONS = {
    ">": np.greater, "<": np.less, "=": np.equal, "≥": np.greater_equal, "≤": np.less_equal,
    "≠": np.not_equal,
}  # fmt: skip


class Bracket(tuple):
    """What stands between [ and ]: a list of numbers, or the key of an index."""


def numbers(x):
    return np.array([numbers(e) for e in x], float) if isinstance(x, Bracket) else x


# Words -------------------------------------------------------------------------------


def scatter(x, key, shape):
    return added(x, index(key), shape)


def added(x, at, shape):
    made = np.zeros(shape)
    np.add.at(made, at, x)
    return made


def mask(p, seed, shape):
    return (np.random.default_rng(seed).random(shape) >= p) / (1 - p or 1)


def cumulate(ufunc, x, axis=None, reverse=False):
    x, axis = (np.ravel(x), 0) if axis is None else (x, axis)
    turn = np.flip if reverse else lambda x, axis: x
    return turn(ufunc.accumulate(turn(x, axis), axis=axis), axis)


def softmax(x, axis=-1):
    raised = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def all_but_one(n):
    return np.stack([np.delete(np.eye(n), i, axis=0) for i in range(n)])


def cofactors(a):
    n, minor = a.shape[-1], lambda i, j: np.delete(np.delete(a, i, -2), j, -1)
    each = [[(-1) ** (i + j) * np.linalg.det(minor(i, j)) for j in range(n)] for i in range(n)]
    return np.moveaxis(np.array(each), (0, 1), (-2, -1))


def solve(a, b):
    return np.linalg.solve(a, b[..., None])[..., 0] if np.ndim(b) == 1 else np.linalg.solve(a, b)


def each(option, n):
    return option if isinstance(option, tuple) else (option,) * n


def steps(extent, size, stride, padding, dilation, ceil_mode=False):
    """How many windows there are along each axis, counted one by one."""
    counts = []
    options = (each(o, len(extent)) for o in (stride, padding, dilation))
    for n, k, s, p, d in zip(extent, size, *options, strict=True):
        behind = s - 1 if ceil_mode else 0  # a window may end so far outside, but begins before
        span, starts = d * (k - 1) + 1, range(0, n + (p if ceil_mode else 2 * p + 1), s)
        counts.append(sum(at + span <= n + 2 * p + behind for at in starts))
    return counts


def places(counts, size, stride, dilation):
    """For every step and place in the window, the entry of a padded axis, along each axis."""
    options = zip(counts, size, *(each(o, len(size)) for o in (stride, dilation)), strict=True)
    return [np.add.outer(np.arange(k) * d, np.arange(m) * s) for m, k, s, d in options]


def windows(x, size, stride=1, padding=0, dilation=1, lowest=False, ceil_mode=False):
    """(batch, channels, places in the window …, steps …)"""
    at = places(steps(x.shape[2:], size, stride, padding, dilation, ceil_mode),
                size, stride, dilation)  # fmt: skip
    ends = zip(each(padding, len(size)), at, strict=True)
    around = [(0, 0), (0, 0), *((p, p + i.max()) for p, i in ends)]
    x = np.pad(x, around, constant_values=-np.inf if lowest else 0.0)
    return x[(..., *crossed(at))]


def crossed(axes):
    """An index of axes that have two each: of the place in the window, and of the step."""
    n = len(axes)
    return [np.expand_dims(i, [k for k in range(2 * n) if k % n != a]) for a, i in enumerate(axes)]


def overlap_add(x, extent, stride=1, padding=0, dilation=1):
    n, around = len(extent), each(padding, len(extent))
    at = crossed(places(x.shape[2 + n :], x.shape[2 : 2 + n], stride, dilation))
    ends = [e + 2 * p + i.max() for e, p, i in zip(extent, around, at, strict=True)]
    made = added(x, (..., *at), (*x.shape[:2], *ends))  # with room for a last window half outside
    return made[(..., *[slice(p, p + e) for p, e in zip(around, extent, strict=True)])]


def _conv(x, kernel, groups, **steps):
    """Windows and kernel with an axis for the groups, and the letters of the window's axes."""
    size, inner = kernel.shape[2:], "uv"[: kernel.ndim - 2]
    taken = windows(x, size, **steps)
    return taken.reshape(len(x), groups, -1, *taken.shape[2:]), inner


def conv(x, kernel, groups=1, **steps):
    taken, k = _conv(x, kernel, groups, **steps)
    by_group = kernel.reshape(groups, -1, *kernel.shape[1:])
    made = np.einsum(f"bgi{k}...,goi{k}->bgo...", taken, by_group)
    return made.reshape(len(x), len(kernel), *made.shape[3:])


def conv_to_kernel(x, g, size, groups=1, **steps):
    k, s = "uv"[: len(size)], "yz"[: len(size)]
    taken = windows(x, size, **steps).reshape(len(x), groups, -1, *size, *g.shape[2:])
    by_group = g.reshape(len(g), groups, -1, *g.shape[2:])
    made = np.einsum(f"bgi{k}{s},bgo{s}->goi{k}", taken, by_group)
    return made.reshape(g.shape[1], -1, *size)


def conv_to_input(g, kernel, extent, groups=1, **steps):
    k, s = "uv"[: len(extent)], "yz"[: len(extent)]
    by_group = kernel.reshape(groups, -1, *kernel.shape[1:])
    spread = np.einsum(
        f"bgo{s},goi{k}->bgi{k}{s}", g.reshape(len(g), groups, -1, *g.shape[2:]), by_group
    )
    return overlap_add(spread.reshape(len(g), -1, *kernel.shape[2:], *g.shape[2:]), extent, **steps)


def not_first_largest(x, size, stride=None, padding=0, **more):
    size = size if isinstance(size, tuple) else (size,) * (x.ndim - 2)
    taken = windows(x, size, stride or size, padding, lowest=True, **more)
    flat = taken.reshape(*taken.shape[:2], math.prod(size), -1)
    first = np.arange(flat.shape[2])[:, None] == np.argmax(flat, axis=2, keepdims=True)
    return 1.0 - first.reshape(taken.shape)


def one_hot(labels, classes, axis):
    return np.moveaxis(np.equal.outer(labels, np.arange(classes)).astype(float), -1, axis)


def apart(x):
    return ((x == 0) | ~np.isfinite(x)) * 1.0


def alone(x):
    x = np.asarray(x)
    at = np.argwhere(apart(x))
    return np.array([[tuple(i) == tuple(j) for j in np.ndindex(x.shape)] for i in at]).reshape(
        len(at), *x.shape) * 1.0  # fmt: skip


def extreme(ufunc):
    return lambda a, b=None, axis=None: ufunc.reduce(a, axis=axis) if b is None else ufunc(a, b)


WORDS = {
    "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "sign": np.sign, "σ": lambda x: np.exp(-np.logaddexp(0.0, -x)),
    "softplus": lambda x: np.logaddexp(0.0, x), "erfc": np.vectorize(math.erfc, otypes="d"),
    "log σ": lambda x: -np.logaddexp(0.0, -x), "ReLU": lambda x: np.maximum(x, 0.0),
    "trunc": np.trunc, "where": np.where,
    "clip": lambda x, low=None, high=None: np.clip(x, low, high),
    "max": extreme(np.maximum), "min": extreme(np.minimum),
    "sum": np.sum, "mean": np.mean, "prod": np.prod,
    "cumsum": lambda x, **o: cumulate(np.add, x, **o),
    "cumprod": lambda x, **o: cumulate(np.multiply, x, **o),
    "softmax": softmax, "log_softmax": lambda x, axis=-1: np.log(softmax(x, axis)),
    "reshape": np.reshape, "broadcast_to": np.broadcast_to, "squeeze": np.squeeze,
    "transpose": np.transpose, "swapaxes": np.swapaxes, "moveaxis": np.moveaxis,
    "flip": np.flip, "roll": np.roll, "tril": np.tril, "triu": np.triu, "scatter": scatter,
    "einsum": np.einsum, "solve": solve, "cofactors": cofactors,
    "eigenvectors": lambda a: np.linalg.eigh((a + np.swapaxes(a, -1, -2)) / 2)[1],
    "left_vectors": lambda a: np.linalg.svd(a, full_matrices=False)[0],
    "right_vectors": lambda a: np.linalg.svd(a, full_matrices=False)[2],
    "eye": np.eye, "ones": np.ones, "all_but_one": all_but_one, "alone": alone,
    "apart": apart, "isnan": lambda x: np.isnan(x) * 1.0,
    "signs": lambda n: (-1.0) ** np.add.outer(np.arange(n), np.arange(n)),
    "one_hot": one_hot, "dropout": lambda x, p, seed: x * mask(p, seed, np.shape(x)),
    "windows": windows, "overlap_add": overlap_add, "not_first_largest": not_first_largest,
    "conv1d": conv, "conv2d": conv, "conv_to_input": conv_to_input,
    "conv_to_kernel": conv_to_kernel,
}  # fmt: skip
KEPT = re.compile(r"(sum|mean|max|min|prod)([₀-₉]+)")


def index(key):
    """A bracket as numpy takes it."""

    def plain(part):
        if isinstance(part, Bracket):
            array = np.array([plain(p) for p in part])
            return array if array.dtype == bool else array.astype(int)
        return int(part) if isinstance(part, float) else part

    return () if key == ((),) else tuple(plain(p) for p in key)


# Reading -----------------------------------------------------------------------------


class Reader:
    def __init__(self, text, names):
        self.names = names
        self.signs, at = [], 0
        while at < len(text.rstrip()):
            found = SIGN.match(text, at)
            if not found:
                raise ValueError(f"{text!r} at {at}")
            self.signs.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self.signs.append(("end", ""))
        self.at = 0

    def see(self, *signs):
        kind, text = self.signs[self.at]
        return kind in ("sign",) and text in signs

    def take(self, *signs):
        if signs and not self.see(*signs):
            raise ValueError(f"{signs} expected, not {self.signs[self.at]}")
        self.at += 1
        return self.signs[self.at - 1][1]

    def whole(self):
        made = self.sum()
        if self.signs[self.at][0] != "end":
            raise ValueError(f"left over: {self.signs[self.at :]}")
        return numbers(made)

    def chain(self, below, **signs):
        made = below()
        while self.see(*signs):
            how = signs[self.take()]
            made = how(numbers(made), numbers(below()))
        return made

    def sum(self):
        return self.chain(self.quotient, **{"+": np.add, "−": np.subtract, "-": np.subtract})

    def quotient(self):
        return self.chain(self.matrices, **{"/": np.divide, "//": np.floor_divide})

    def matrices(self):
        return self.chain(self.product, **{"@": np.matmul, "⊗": np.outer})

    def product(self):
        return self.chain(self.signed, **{"·": np.multiply})

    def signed(self):
        if self.see("−", "-"):
            self.take()
            return -numbers(self.signed())
        return self.power()

    def power(self):
        base = self.behind()
        if self.see("^"):
            self.take()
            return np.power(numbers(base), numbers(self.signed()))
        return base

    def behind(self):
        made = self.atom()
        while True:
            kind, text = self.signs[self.at]
            if kind == "power":
                self.at += 1
                made = np.linalg.inv(made) if text == "⁻¹" and np.ndim(made) > 1 else np.power(
                    numbers(made), float(text.translate(SUPER)))  # fmt: skip
            elif self.see("ᵀ"):
                self.take()
                made = np.swapaxes(numbers(made), -1, -2)
            elif self.see("["):
                made = np.asarray(numbers(made))[index(self.bracket())]
            else:
                return made

    def bracket(self):
        self.take("[")
        parts = []
        while not self.see("]"):
            parts.append(self.part())
            if self.see(*COMPARISONS):
                how = COMPARISONS[self.take()]
                parts[-1] = how(numbers(parts[-1]), numbers(self.sum())) * 1.0
                self.take("]")
                return parts[-1]
            if self.see(","):
                self.take()
        self.take("]")
        return Bracket(parts)

    def part(self):
        """An entry of a list, or a part of a key."""
        if self.see("..."):
            self.take()
            return ...
        ends = [None]
        while not self.see(",", "]"):
            if self.see(":"):
                self.take()
                ends.append(None)
            else:
                ends[-1] = self.sum()
                if self.see(*COMPARISONS):
                    return ends[-1]
        if len(ends) == 1:
            return ends[0]
        return slice(*[None if e is None else int(e) for e in ends])

    def atom(self):
        kind, text = self.signs[self.at]
        if kind == "number":
            self.at += 1
            return {"∞": math.inf, "NaN": math.nan}.get(text) or float(text.replace("−", "-"))
        if kind == "text":
            self.at += 1
            return text.strip('"')
        if kind == "name":
            return self.name()
        if text == "√":
            self.take()
            return np.sqrt(numbers(self.atom()))
        if text == "|":
            self.take()
            inside = self.sum()
            self.take("|")
            return np.abs(numbers(inside))
        if text == "[":
            return self.bracket()
        self.take("(")
        listed, comma = [], self.see(")")
        while not self.see(")"):
            listed.append(self.sum())
            if self.see(","):
                comma = bool(self.take())
        self.take(")")
        if comma:
            return tuple(int(x) if isinstance(x, float) and x.is_integer() else x for x in listed)
        return listed[0]

    def name(self):
        name = self.take()
        if name == "log" and self.signs[self.at] == ("name", "σ"):
            self.take()
            name = "log σ"
        if name in ("True", "False", "None"):
            return {"True": True, "False": False, "None": None}[name]
        if not self.see("("):
            return math.pi if name == "π" else self.names[name]
        self.take("(")
        given, options = [], {}
        while not self.see(")"):
            if self.signs[self.at][0] == "name" and self.signs[self.at + 1] == ("sign", "="):
                option = self.take()
                self.take("=")
                options[option] = self.option(self.sum())
            else:
                given.append(self.option(self.sum()))
            if self.see(","):
                self.take()
        self.take(")")
        if kept := KEPT.fullmatch(name):
            axes = tuple(ord(c) - ord("₀") for c in kept[2])
            return getattr(np, kept[1])(numbers(given[0]), axis=axes, keepdims=True)
        if name != "scatter":
            given = [numbers(x) for x in given]
        return WORDS[name](*given, **options)

    @staticmethod
    def option(x):
        return int(x) if isinstance(x, float) and x.is_integer() and abs(x) < 1e6 else x


def read(text, names):
    """The value of a formula; `names` are the numbers of what it names."""
    return Reader(text, names).whole()


def read_with_parts(text, parts, names):
    """The same, of a formula with named parts, which may name each other."""
    known = dict(names)
    for name, said in parts:
        known[name] = read(said, known)
    return read(text, known)
