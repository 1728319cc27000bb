"""Signs that a console may lack, and what stands in their place.

Invariant: text in other signs says the same; what has no other sign becomes a question mark.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from unicodedata import normalize

# What a console without the sign (cp1251, ascii) shows in its place.
PLAIN = str.maketrans(
    {
        "−": "-", "·": "*", "×": "x", "÷": "/", "—": "-", "…": "...", "∞": "inf", "∂": "d",
        "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "≠": "!=", "√": "sqrt", "σ": "sigmoid",
        "Σ": "sum", "─": "-", "□": "[]", "⋯": "...", "²": "^2", "³": "^3", "ᵀ": "^T", "⁻": "^-",
        "‖": "||", "ˣ": "^x", "ʸ": "^y", "⁰": "^0", "¹": "^1", "⁴": "^4", "′": "'", "’": "'",
        "π": "pi", "Π": "prod", "⊗": "outer", "∇": "grad", "⌊": "[", "⌋": "]", "⏎": "/",
        "≈": "~", "«": '"', "»": '"',
        **dict.fromkeys("\u2004\u2005\u2007\u2008\u2009", " "), "±": "+-",
        "–": "-", "⋅": "*",
        "½": "1/2", "°": " deg", "↑": "^", "\u0302": "^", "№": "no.", "ⁿ": "^n",
        "ᵗ": "^t", "ᵏ": "^k", "⚠": "!!", "△": "!", "∅": "o",
        **{sign: f"^{k}" for k, sign in enumerate("⁵⁶⁷⁸⁹", 5)},
        **{sign: f"_{k}" for k, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
        **dict(zip("αβγδεζηθκλμνξρτφχψω", (
            "alpha", "beta", "gamma", "delta", "eps", "zeta", "eta", "theta", "kappa", "lambda",
            "mu", "nu", "xi", "rho", "tau", "phi", "chi", "psi", "omega",
        ), strict=True)),
    }
)  # fmt: skip

_RAISED = r"(?<=\^-)\^|(?<=\^\d)\^(?=\d)"  # of ^-^1^2, what need not be said again


def once_raised(text: str) -> str:
    """Exponents of several signs with one `^`.

    >>> once_raised("10^-^1^2")
    '10^-12'
    """
    return re.sub(_RAISED, "", text)


def _in_other_signs(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = error.object[error.start : error.end].translate(PLAIN)
    shown = re.sub(r"[ʰ-ʸᴬ-ᵪ]+", lambda raised: f"^{normalize('NFKC', raised[0])}", shown)
    shown = once_raised(shown)
    fits = shown.isascii() and shown != error.object[error.start : error.end]
    return (shown if fits else "?" * (error.end - error.start)), error.end


codecs.register_error("backviz", _in_other_signs)


# What steers a terminal and is no text: controls (an escape begins with one), and signs that
# change the direction of writing. A line break and a tab are text.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""The text with a mark in the place of each sign that would steer a terminal.

    All that is printed goes this way: labels, errors and paths are somebody else's text.

    >>> printable("\x1b[31mred\x1b]0;title\x07\tand\n")
    '�[31mred�]0;title�\tand\n'
    """
    return _STEERING.sub("�", text.replace("\r\n", "\n"))


def escaped(text: str) -> str:
    r"""JSON with such signs as escapes, which a reader of JSON turns back.

    >>> escaped('"\u202e"')
    '"\\u202e"'
    """
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def fitted(text: str, encoding: str) -> str:
    """The text in signs that the encoding has.

    >>> fitted("∂L/∂a = −2·3", "ascii"), fitted("веса — −2", "cp1251")
    ('dL/da = -2*3', 'веса — -2')
    >>> fitted("β₁ = 10⁻⁶", "ascii")
    'beta_1 = 10^-6'
    >>> fitted("gammaᵏ", "ascii")
    'gamma^k'
    """
    return text.encode(encoding, "backviz").decode(encoding)


# Powers of ten, and blanks that are as wide as their signs are in our pictures.
FIGURE_SPACE, POINT_SPACE = "\u2007", "\u2008"  # as wide as a digit, as a point
RAISED_SPACE, MINUS_SPACE = "\u2004", "\u2005"  # in our pictures as wide as ⁴, as ⁻
_E = re.compile(r"(?<![\w.])(\d*[.,]?\d+)e([+−-]?)0*(\d+)(?![\w.])")
_HIGH = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
TEN = re.compile(r"(·)?(?<![\w.,])10(⁻?[⁰¹²³⁴-⁹]+)")


def with_powers(text: str) -> str:
    """The same text with powers of ten in place of every e.

    >>> with_powers("ε=1e-08 wd=0"), with_powers("a 8.6e11-fold"), with_powers("−2,5e−7")
    ('ε=10⁻⁸ wd=0', 'a 8.6·10¹¹-fold', '−2,5·10⁻⁷')
    """
    return _E.sub(_raised, text)


def _raised(found: re.Match[str]) -> str:
    factor, sign, power = found.groups()
    minus = "⁻" if sign in ("−", "-") else ""
    return f"{factor}·10{minus}{power.translate(_HIGH)}".removeprefix("1·")


def without_powers(text: str) -> str:
    """The same text with e in place of the powers of ten that `with_powers` writes.

    >>> without_powers("−10⁻¹² + 8.6·10¹¹")
    '−1e-12 + 8.6e11'
    """
    return TEN.sub(lambda ten: ("e" if ten[1] else "1e") + ten[2].translate(_LOWERED), text)


# The signs of a power of ten, and spaces as wide as they are in our pictures.
POWER_SPACES = {"⁻": MINUS_SPACE, "·": POINT_SPACE} | dict.fromkeys("⁰¹²³⁴⁵⁶⁷⁸⁹", RAISED_SPACE)
SPACES = str.maketrans(dict.fromkeys((FIGURE_SPACE, POINT_SPACE, RAISED_SPACE, MINUS_SPACE), " "))
_NUMBER = re.compile(r"([−-]?\d+)(?:[.,](\d+))?(.*)")


def aligned_powers(column: Sequence[str], decimal: str) -> list[str]:
    """Numbers of one column on their decimal sign, powers of ten behind their numbers."""
    split = [
        (m[1], m[2] or "", m[3]) if (m := _NUMBER.fullmatch(c)) else (c, "", "") for c in column
    ]
    left = max(len(whole) for whole, _rest, _power in split)
    point = POINT_SPACE if any(rest for _whole, rest, _power in split) else ""
    shown, behind = [], []
    for whole, rest, power in split:
        start = whole.rjust(left, FIGURE_SPACE)
        shown.append(start + (decimal + rest if rest else "") + power + ("" if rest else point))
        behind.append(Counter(POWER_SPACES.get(sign, FIGURE_SPACE) for sign in rest + power))
    most: Counter[str] = Counter()
    for spaces in behind:
        most |= spaces
    return [
        text + "".join(space * (most[space] - own[space]) for space in sorted(most))
        for text, own in zip(shown, behind, strict=True)
    ]
