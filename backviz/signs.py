"""Signs that a console may lack, and what stands in their place.

Invariant: text in other signs says the same; what has no other sign becomes a question mark.
"""

from __future__ import annotations

import codecs
import re
from unicodedata import normalize

# What a console without the sign (cp1251, ascii) shows in its place.
PLAIN = str.maketrans(
    {
        "−": "-", "·": "*", "×": "x", "÷": "/", "—": "-", "…": "...", "∞": "inf", "∂": "d",
        "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "≠": "!=", "√": "sqrt", "σ": "sigmoid",
        "Σ": "sum", "─": "-", "□": "[]", "⋯": "...", "²": "^2", "³": "^3", "ᵀ": "^T", "⁻": "^-",
        "‖": "||", "ˣ": "^x", "ʸ": "^y", "⁰": "^0", "¹": "^1", "⁴": "^4", "′": "'", "’": "'",
        "π": "pi", "Π": "prod", "⊗": "outer", "∇": "grad", "⌊": "[", "⌋": "]", "⏎": "/",
        "≈": "~", "«": '"', "»": '"', "\u2007": " ", "\u2008": " ", "\u2009": " ", "±": "+-",
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


def _in_other_signs(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = error.object[error.start : error.end].translate(PLAIN)
    shown = re.sub(r"[ʰ-ʸᴬ-ᵪ]+", lambda raised: f"^{normalize('NFKC', raised[0])}", shown)
    shown = re.sub(_RAISED, "", shown)
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
