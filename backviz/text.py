"""Numbers, arrays, shapes and labels in few characters.

Invariant: a number that is not zero never prints as zero, and a label never
carries a control character into an output format.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from weakref import ref

import numpy as np

from backviz.errors import InputError
from backviz.language import _
from backviz.signs import (
    FIGURE_SPACE,
    POINT_SPACE,
    SPACES,
    TEN,
    aligned_powers,
    with_powers,
    without_powers,
)

if TYPE_CHECKING:
    from fractions import Fraction

Arrays = Literal["values", "ranges", "shapes"]

NOT_COMPUTED = "—"
MINUS = "−"
CHUNK = 1 << 17  # entries of a large array that are read together, so that caches hold them
NOISE = 2e-15  # of the largest number: what rounding can leave of a difference
MORE_DIGITS = 2


_KNOWN: dict[int, tuple[ref[np.ndarray], tuple[float, float, float]]] = {}


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How numbers are written: significant digits, decimal sign, true or ASCII minus.

    `entries` is the longest side of a matrix and the longest vector that are written out;
    of other arrays `arrays` shows mean and span ("values"), the span alone ("ranges"), or
    nothing beside the shape ("shapes").

    >>> style = NumberStyle(digits=4)
    >>> [style.format(x) for x in (0.70710678, -20.0, 138.8338, 1e-12, 12345.678)]
    ['0.7071', '−20', '138.8', '1e−12', '12346']
    >>> style.format(1.35027e-6), style.format(0.00135027), style.format(1.5e-6)
    ('1.350e−6', '0.001350', '1.5e−6')
    >>> NumberStyle(decimal=",", minus="-").format(-0.25)
    '-0,25'
    >>> style.format(0.99999), style.format(1 - 1e-15)
    ('1.000', '1')
    >>> tens = NumberStyle(powers="10")
    >>> [tens.format(x) for x in (4.386e-4, -1e-12, 6.02e23, 0.5)]
    ['4.386·10⁻⁴', '−10⁻¹²', '6.02·10²³', '0.5']
    """

    digits: int = 4
    decimal: str = "."
    minus: str = MINUS
    entries: tuple[int, int] = (3, 3)
    arrays: Arrays = "values"
    powers: Literal["e", "10"] = "e"  # 4.4e−4, or 4.4·10⁻⁴

    def format(self, x: float) -> str:
        """One number; NaN and infinities by name."""
        if math.isnan(x):
            return "NaN"
        if math.isinf(x):
            return "∞" if x > 0 else f"{self.minus}∞"
        return self.dress(_digits(float(x), self.digits))

    def writes_out(self, array: np.ndarray) -> bool:
        """Whether every entry of an array is shown.

        >>> style = NumberStyle(entries=(6, 8))
        >>> [style.writes_out(np.zeros(shape)) for shape in (8, 9, (6, 6), (1, 7), (0, 2))]
        [True, False, True, False, False]
        """
        side, long = self.entries
        most = {1: long, 2: side}.get(array.ndim, 0)
        return most > 0 and min(array.shape) > 0 and max(array.shape) <= most

    def rows(self, array: np.ndarray) -> list[str]:
        """A vector or matrix row by row, in columns that are aligned on the decimal sign.

        >>> for row in NumberStyle().rows(np.array([[1.0, -0.25], [12.5, 3.0]])):
        ...     print(row.replace(FIGURE_SPACE, "_").replace(POINT_SPACE, "."))
        _1._  −0.25
        12.5  _3.__
        """
        matrix = array.reshape(1, -1) if array.ndim == 1 else array
        cells = [[self.format(float(x)) for x in row] for row in matrix]
        columns = [aligned(column, self.decimal) for column in zip(*cells, strict=True)]
        return ["  ".join(row) for row in zip(*columns, strict=True)]

    def summary(self, value: float | np.ndarray) -> str:
        """One line for a scalar or an array of any size.

        >>> NumberStyle().summary(np.array([1.0, 2.5]))
        '[1  2.5]'
        >>> NumberStyle().summary(np.arange(100.0))
        'mean 49.5, 0 … 99'
        """
        if not isinstance(value, np.ndarray):
            return self.format(value)
        if value.size == 0:
            return "[]"
        if is_small(value):
            return "[" + "; ".join(unpadded(row) for row in self.rows(value)) + "]"
        return f"mean {self.mean(value)}, {self.span(value)}"

    def mean(self, array: np.ndarray) -> str:
        """The mean of an array; 0 where it is no more than the rounding of the entries' sum.

        >>> NumberStyle().mean(np.array([0.1, 0.2, -0.3])), NumberStyle().mean(np.full(9, 4e-17))
        ('0', '4e−17')
        """
        mean, least, greatest = facts(array)
        return self.format(0.0 if is_noise(mean, least, greatest) else mean)

    def span(self, array: np.ndarray) -> str:
        """The least and the greatest entry of an array, one number if all are equal; NaN if any is.

        >>> NumberStyle().span(np.array([2.0, -1.0, 0.5])), NumberStyle().span(np.ones(9))
        ('−1 … 2', '1')
        """
        _other, least, greatest = facts(array)
        if self.format(least) == self.format(greatest):
            return self.format(least)
        return f"{self.format(least)} … {self.format(greatest)}"

    def printed(self, x: float) -> Fraction:
        """The number that a reader of the text of a finite number reads."""
        from fractions import Fraction  # with decimal behind it, which is slow to import

        shown = without_powers(self.format(x))
        return Fraction(shown.replace(self.minus, "-").replace(self.decimal, "."))

    def dress(self, plain: str) -> str:
        """A number that Python wrote with this style's signs."""
        shown = plain.replace("-", self.minus).replace(".", self.decimal)
        return with_powers(shown) if self.powers == "10" else shown


def aligned(column: Sequence[str], decimal: str) -> list[str]:
    """Numbers of one column with spaces as wide as a digit and as a point around them."""
    if any(TEN.search(cell) for cell in column):
        return aligned_powers(column, decimal)
    split = [cell.partition(decimal) for cell in column]
    left, right = (max(len(parts[side]) for parts in split) for side in (0, 2))
    point = POINT_SPACE if right else ""
    return [
        whole.rjust(left, FIGURE_SPACE) + (mark or point) + rest.ljust(right, FIGURE_SPACE)
        for whole, mark, rest in split
    ]


def with_decimal(text: str, decimal: str) -> str:
    """A sentence whose numbers have this decimal mark; its other points stay.

    >>> with_decimal("lr=.1 from (−5.5, 2): the loss is 0.25.", ",")
    'lr=,1 from (−5,5; 2): the loss is 0,25.'
    """
    if decimal == ".":
        return text
    listed = re.sub(r"\([^()]*\)", lambda found: re.sub(r"(?<=\d), ", "; ", found[0]), text)
    return re.sub(r"(?<![\w.])\.(?=\d)|(?<=\d)\.(?=\d)", decimal, listed)


def _digits(x: float, digits: int) -> str:
    """Significant digits, whole numbers whole, an exponent only where it saves reading."""
    if x == 0:
        return "0"
    size = abs(x)
    if x == int(x) and size < 1e6:
        return str(int(x))
    if size < 1e-3 or size >= 10 ** max(6, digits):
        mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
        return f"{_whole(mantissa, x, f'e{exponent}')}e{int(exponent)}"
    rounded = float(f"{size:.{digits - 1}e}")  # 0.99999 has the size of 1
    places = max(0, digits - 1 - math.floor(math.log10(rounded)))
    return _whole(f"{x:.{places}f}", x)


def _whole(shown: str, x: float, exponent: str = "") -> str:
    """Without zeros at the end, unless they say that it was rounded: 0.99999 is 1.000, not 1."""
    short = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return short if abs(float(short + exponent) - x) <= 1e-9 * abs(x) else shown


def facts(array: np.ndarray) -> tuple[float, float, float]:
    """The mean, the least and the greatest entry of an array; a large one is read once.

    What was found for an array that cannot be written to, as those of a graph, is kept.
    """
    known = _KNOWN.get(id(array))
    if known is not None and known[0]() is array:
        return known[1]
    with np.errstate(all="ignore"):
        if array.size <= CHUNK or not array.flags.c_contiguous:
            found = float(np.mean(array)), float(np.min(array)), float(np.max(array))
        else:
            flat = array.reshape(-1)
            parts = [flat[i : i + CHUNK] for i in range(0, flat.size, CHUNK)]
            rows = [(float(np.sum(p)), float(np.min(p)), float(np.max(p))) for p in parts]
            sums, least, greatest = zip(*rows, strict=True)
            found = sum(sums) / flat.size, float(np.min(least)), float(np.max(greatest))
    if array.size > CHUNK and not array.flags.writeable:
        key = id(array)
        _KNOWN[key] = ref(array, lambda _other: _KNOWN.pop(key, None)), found
    return found


def is_noise(x: float, *beside: float) -> bool:
    """Whether a number is so small beside others that it can come from their rounding.

    >>> is_noise(4e-17, -1.0, 0.5), is_noise(4e-17, 4e-17), is_noise(1e-12, 1.0)
    (True, False, False)
    """
    return abs(x) <= NOISE * max(map(abs, beside)) < math.inf


def written_sum(
    terms: Sequence[Sequence[float]],
    total: float,
    numbers: NumberStyle,
    *,
    bare: bool = False,
    more: int = MORE_DIGITS,
) -> str:
    """A sum with its total, `2·3 + (−2) = 4`; each term is a product of factors.

    What is printed holds: where the printed terms do not add up to the printed total, up to
    so many `more` digits are written, or else ≈. A product is as good as its total's digits.
    A `bare` first number has no brackets.

    >>> written_sum([[2.0, 3.0], [-2.0]], 4.0, NumberStyle())
    '2·3 + (−2) = 4'
    >>> written_sum([[0.12345], [0.5]], 0.62345, NumberStyle(digits=4))
    '0.12345 + 0.5 = 0.62345'
    >>> written_sum([[1 / 3], [1 / 3], [1 / 3]], 1.0, NumberStyle())
    '0.3333 + 0.3333 + 0.3333 ≈ 1'
    """
    for added in range(more + 1):
        style = replace(numbers, digits=numbers.digits + added)
        if equal_sign(terms, total, style) == "=":
            return f"{_written(terms, style, bare)} = {style.format(total)}"
    return f"{_written(terms, numbers, bare)} ≈ {numbers.format(total)}"


def equal_sign(terms: Sequence[Sequence[float]], total: float, numbers: NumberStyle) -> str:
    """`=` where the printed terms add up to the printed total, else `≈`.

    >>> equal_sign([[0.1], [0.2]], 0.1 + 0.2, NumberStyle())
    '='
    """
    from fractions import Fraction

    if not all(map(math.isfinite, (total, *(f for term in terms for f in term)))):
        return "="
    added = Fraction()
    for term in terms:
        worth = Fraction(1)
        for factor in term:
            worth *= numbers.printed(factor)
        added += worth
    return sum_sign(added, total, numbers, products=any(len(term) > 1 for term in terms))


def sum_sign(added: Fraction, total: float, numbers: NumberStyle, products: bool) -> str:
    """`=` where what printed numbers add up to is the printed total, else `≈`.

    With products among the terms it is enough that it rounds to the total.
    """
    from fractions import Fraction

    away = abs(added - numbers.printed(total))
    if not products or not total:
        return "≈" if away else "="
    place = math.floor(math.log10(abs(total))) + 1 - numbers.digits
    if abs(total) < 10 ** max(6, numbers.digits):  # written whole, with all its digits
        place = min(place, 0)
    unit = Fraction(10) ** place
    return "=" if 2 * away <= unit * (1 + Fraction(1, 10**9)) else "≈"


def _written(terms: Sequence[Sequence[float]], numbers: NumberStyle, bare: bool) -> str:
    shown = [product(term, numbers) for term in terms]
    if bare and len(terms[0]) == 1:
        shown[0] = numbers.format(terms[0][0])
    return " + ".join(shown)


def product(factors: Iterable[float], numbers: NumberStyle, *, bare: bool = False) -> str:
    """Numbers multiplied, wherever a product is written; a `bare` first one has no brackets.

    >>> product([-2.0, 3.0], NumberStyle()), product([-2.0, -3.0], NumberStyle(), bare=True)
    ('(−2)·3', '−2·(−3)')
    """
    first, *rest = (numbers.format(float(x)) for x in factors)
    shown = [first if bare else bracketed(first, numbers)]
    return "·".join([*shown, *(bracketed(text, numbers) for text in rest)])


def bracketed(text: str, numbers: NumberStyle) -> str:
    """A number among others: in brackets if it has a sign or is a product with a power of ten."""
    return f"({text})" if text.startswith(numbers.minus) or "·" in text else text


def unpadded(row: str) -> str:
    """A row of numbers without the spaces that align it with others."""
    return row.translate(dict.fromkeys(SPACES))


def is_small(value: np.ndarray) -> bool:
    """Whether every entry is shown: at most 3×3, or a vector of at most 3."""
    return NumberStyle().writes_out(value)


def shape_text(value: float | np.ndarray) -> str:
    """The shape as people write it: `2×3`, `3`, nothing for a scalar.

    >>> shape_text(np.zeros((2, 3))), shape_text(1.0)
    ('2×3', '')
    """
    if not isinstance(value, np.ndarray):
        return ""
    return "×".join(str(n) for n in value.shape)


def clean(label: str, limit: int = 0) -> str:
    r"""A label as one line of printable text, at most `limit` characters (0: no limit).

    Control characters become visible: a line break is shown as `⏎`, the rest as
    `�`. Nothing else is changed, so `<b>` and a backslash with an `n` stay.

    >>> clean("a\nb"), clean(r"a\nb"), clean("<b>x</b>"), clean("a_long_name", limit=6)
    ('a⏎b', 'a\\nb', '<b>x</b>', 'a_lon…')
    """
    shown = "".join(_visible(c) for c in label.replace("\r\n", "\n"))
    return shown[: limit - 1] + "…" if limit and len(shown) > limit else shown


def _visible(c: str) -> str:
    if c == "\n":
        return "⏎"
    if c == "\t":
        return " "
    # Cc control, Cs lone surrogate, Cn unassigned, Cf format (bidi overrides, zero width)
    return "�" if unicodedata.category(c) in ("Cc", "Cs", "Cn", "Cf", "Co") else c


def screen_width(text: str) -> int:
    """The columns of a console that a text takes: signs of east Asia and emoji take two.

    Signs that stand on the one before them take none (Unicode Standard Annex 11).

    >>> screen_width("gradient"), screen_width("勾配"), screen_width("e\u0301"), screen_width("🐍")
    (8, 4, 1, 2)
    """
    return len(text) if text.isascii() else sum(map(sign_width, text))


def sign_width(sign: str) -> int:
    """The columns of one sign: 0, 1 or 2."""
    if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def padded(text: str, width: int, right: bool = False) -> str:
    """The text with blanks after it, or before it, so that it takes so many columns.

    >>> padded("重み", 6), padded("重み", 6, right=True)
    ('重み  ', '  重み')
    """
    blanks = " " * (width - screen_width(text))
    return blanks + text if right else text + blanks


def within(text: str, width: int) -> int:
    """How many signs of a text fit into so many columns; at least one.

    >>> within("abcdef", 4), within("重み重み", 5)
    (4, 2)
    """
    taken = 0
    for k, sign in enumerate(text):
        taken += sign_width(sign)
        if taken > width:
            return max(k, 1)
    return len(text)


def count(n: int, noun: str) -> str:
    """A number and its noun.

    >>> count(1, "leaf"), count(2, "op"), count(12000, "box")
    ('1 leaf', '2 ops', '12,000 boxes')
    """
    irregular = {"leaf": "leaves", "box": "boxes"}
    return f"{n:,} {noun if n == 1 else irregular.get(noun, noun + 's')}"


def entries_within(things: Iterable[Any], most: int, remedy: str) -> None:
    """Raise `InputError` where the arrays among some things have more than `most` entries in all.

    >>> entries_within([np.zeros(9), 1.0], 8, "take fewer")
    Traceback (most recent call last):
        ...
    backviz.errors.InputError: 9 numbers are too many to write out (at most 8); take fewer
    """
    many = sum(x.size for x in things if isinstance(x, np.ndarray))
    if many > most:
        raise InputError(_("{n:,} numbers are too many to write out (at most {most:,}); {remedy}",
                           n=many, most=most, remedy=remedy))  # fmt: skip


def json_ready(x: Any) -> Any:
    """The same with arrays as nested lists and only finite numbers as numbers.

    >>> json_ready({"value": np.array([1.0, np.nan])})
    {'value': [1.0, 'NaN']}
    """
    if isinstance(x, dict):
        return {str(k): json_ready(v) for k, v in x.items()}
    if isinstance(x, np.ndarray):
        return json_ready(x.tolist())
    if isinstance(x, (list, tuple)):
        return [json_ready(v) for v in x]
    if isinstance(x, float) and not math.isfinite(x):
        return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
    return x
