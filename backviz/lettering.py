"""A name as it is written by hand: `theta_1` is θ with a lowered 1, `x_hat` is x̂.

Names are read word by word, by rules that are meant never to make a picture worse: only a
letter, or a Greek letter's name, bears something, and a long word stays as it was typed.
Invariant: two names that differ never become equal, and what is drawn can be typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

LOW, END = "\ufdd0", "\ufdd1"  # around what is lowered; no text of a person's has these signs
SHORT = 4  # letters of a word that may stand lowered: x_in, y_pred, h_prev
FEW = 3  # digits right behind a letter: W12
HAT, BAR, TILDE, DOT = "\u0302", "\u0304", "\u0303", "\u0307"
ACCENTS = {"hat": HAT, "bar": BAR, "tilde": TILDE, "dot": DOT}
RAISED = {"star": "*", "prime": "′"}
_SPELLED = """
α alpha β beta γ gamma δ delta ε epsilon ε eps ζ zeta η eta θ theta ι iota κ kappa λ lambda λ lam
λ lambda_ μ mu ν nu ξ xi π pi ρ rho σ sigma τ tau υ upsilon φ phi χ chi ψ psi ω omega Γ Gamma
Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Υ Upsilon Φ Phi Ψ Psi Ω Omega"""
GREEK: dict[str, str] = {name: letter for letter, name in re.findall(r"(\w) (\w+)", _SPELLED)}
_WORDS_OF_ENGLISH = {"what", "that", "chat", "crowbar"}  # no w, t or c with a hat
_PER_INCH = {"dpi"}
_HIGH = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀᵗᵏˣʸ"  # signs that may follow a name
_LOWERED = "₀₁₂₃₄₅₆₇₈₉"
_SIGN = rf"[^\W{_HIGH}{_LOWERED}]"
# a word of a name: no function, no option, no part of a path before the last, none that is cut
_WORD = re.compile(rf"(?<!\w)(?!\d){_SIGN}+(?!{_SIGN}|[({_LOWERED}…\u0300-\u036f]|=(?!=)|\.\w)")
_ANY_WORD = re.compile(rf"(?<!\w)(?!\d){_SIGN}+")
_LETTER = re.compile(
    rf"(?P<d>d?)(?P<letter>{'|'.join(sorted(GREEK, key=len, reverse=True))}|[^\W\d_])"
    rf"(?P<accent>{'|'.join(ACCENTS)})?(?P<digits>\d{{0,{FEW}}})"
)
_POWER = re.compile(r"[^\W\d_]+[23]")  # x2 may be meant as x²
_SLOPE = re.compile(r"d[^\W\d_].*")  # dL_dw
_ONE_OF_MANY = re.compile(r"[a-z]i")  # xi beside yi, or beside x, is no ξ
_LOW_SIGNS = str.maketrans("0123456789aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")
_LONG_BELOW = re.compile(r"[^\W\d]{3}")
_HAS_LOW_SIGN = re.compile("[0-9aehijklmnoprstuvxβγρφχ]*")


@dataclass(frozen=True, slots=True)
class Name:
    """A word as it is written: a letter with an accent over it and signs below and above.

    >>> Name("θ", lower=("1",)).signs, Name("w", lower=("1", "11")).signs
    ('θ₁', '')
    """

    letter: str
    accent: str = ""
    lower: tuple[str, ...] = ()
    upper: str = ""

    @property
    def head(self) -> str:
        """The letter with its accent."""
        return unicodedata.normalize("NFC", self.letter + self.accent)

    @property
    def below(self) -> str:
        """What stands lowered: single signs as in w₁₂, others with a comma."""
        return ("" if all(len(part) == 1 for part in self.lower) else ",").join(self.lower)

    @property
    def drawn(self) -> str:
        """With marks around what is lowered, for what draws letters itself."""
        return self.head + (f"{LOW}{self.below}{END}" if self.lower else "") + self.upper

    @property
    def has_letters_below(self) -> bool:
        """Whether letters stand lowered."""
        return any(map(str.isalpha, self.below))

    @property
    def signs(self) -> str:
        """In signs that a text has; "" where one is missing, or a word would be hard to read."""
        if not _HAS_LOW_SIGN.fullmatch(self.below) or _LONG_BELOW.search(self.below):
            return ""
        return self.head + self.below.translate(_LOW_SIGNS) + self.upper

    @property
    def key(self) -> str:
        """What is the same for all ways of typing the name."""
        return self.head + "".join(self.lower) + self.upper


@lru_cache(maxsize=100_000)
def parse(word: str) -> Name | None:
    """How a word is written by hand; `None` where it stays as it was typed.

    >>> [parse(word).signs for word in ("w_12", "theta_1", "W1", "x_hat", "h_t", "w_0_1", "dW2")]
    ['w₁₂', 'θ₁', 'W₁', 'x̂', 'hₜ', 'w₀₁', 'dW₂']
    >>> [parse(word) for word in ("loss1", "layer_norm", "x_train", "bet_a", "__x")]
    [None, None, None, None, None]
    """
    if word in GREEK:
        return Name(GREEK[word])
    first, *rest = word.split("_")
    found = _LETTER.fullmatch(first)
    if found is None or first in _WORDS_OF_ENGLISH | _PER_INCH:
        return None
    spelled = found["letter"]
    if found["d"] and (len(spelled) == 2 or any(map(_SLOPE.fullmatch, rest))):  # dxi, dL_dw
        return None
    accent = ACCENTS.get(found["accent"] or "", "")
    name = Name((found["d"] or "") + GREEK.get(spelled, spelled), accent)
    lower = [found["digits"]] if found["digits"] else []
    for i, part in enumerate(rest):
        last = i == len(rest) - 1
        if part in ACCENTS and not name.accent and not found["d"]:
            name = replace(name, accent=ACCENTS[part])
        elif part in RAISED and last:
            name = replace(name, upper=RAISED[part])
        elif part in GREEK or part.isdecimal() or (part.isalnum() and len(part) <= SHORT):
            lower.append(GREEK.get(part, part))
        else:
            return None
    made = replace(name, lower=tuple(lower))
    return made if made.drawn != word else None


@dataclass(frozen=True, eq=False)
class Letters:
    """How the words of a record's names are written: drawn, and in signs of a text.

    >>> letters = lettering(["w_1", "x_in", "loss"])
    >>> letters.text("∂loss/∂w_1 = x_in·g, tanh(w_1)")
    '∂loss/∂w₁ = xᵢₙ·g, tanh(w₁)'
    """

    by_hand: Mapping[str, str] = field(default_factory=dict)
    in_signs: Mapping[str, str] = field(default_factory=dict)

    def draw(self, text: str) -> str:
        """A text with its names as they are drawn."""
        return _replaced(text, self.by_hand)

    def text(self, text: str) -> str:
        """A text with its names in signs."""
        return _replaced(text, self.in_signs)


AS_TYPED = Letters()


def _replaced(text: str, words: Mapping[str, str]) -> str:
    if not words:
        return text
    return _WORD.sub(lambda found: words.get(found[0], found[0]), text)


def lettering(names: Iterable[str], taken: Iterable[str] = ()) -> Letters:
    """How the names of one record are written; `taken` are signs that mean something else in it.

    >>> written = lettering(["x", "x2", "xi", "w1", "w_1", "sigma", "b1", "b2"], taken=["σ"])
    >>> dict(written.in_signs)
    {'b1': 'b₁', 'b2': 'b₂'}
    """
    names = [*names]
    words = _Words(dict.fromkeys(word for name in names for word in _WORD.findall(name)))
    found = {word: made for word in words.all if (made := words.written(word)) is not None}
    used = Counter([*names, *taken])
    signs = {word: name.signs for word, name in found.items()}
    lettered = {word for word, name in found.items() if name.has_letters_below}
    if any(not signs[word] for word in lettered):  # W_q, W_k and W_v alike: there is no lowered q
        signs |= dict.fromkeys(lettered, "")
    return Letters(
        _unlike({word: name.drawn for word, name in found.items()}, used), _unlike(signs, used)
    )


def _unlike(written: dict[str, str], used: Counter[str]) -> dict[str, str]:
    """What is written like nothing else."""
    many = used + Counter(written.values())
    return {word: shown for word, shown in written.items() if shown and many[shown] == 1}


class _Words:
    """The words of one record, and what each means beside the others."""

    def __init__(self, words: Mapping[str, object]) -> None:
        self.all = words
        parsed = {word: parse(word) for word in words}
        self._numbered = Counter(
            name.head for name in parsed.values() if name and any(map(str.isdecimal, name.lower))
        )
        self._of_many = sum(map(bool, map(_ONE_OF_MANY.fullmatch, words)))
        ends = (word.partition("_") for word, name in parsed.items() if name is None)
        self._long = {first for first, _, rest in ends if rest.isalpha()}

    def written(self, word: str) -> Name | None:
        """How a word is written; `None` where it stays as it was typed."""
        name = parse(word)
        if name is None:
            return None
        if _POWER.fullmatch(word) and self._numbered[name.head] == 1:  # σ2 may be meant as σ²
            return Name(name.letter + word[-1]) if len(word) > 2 else None
        if _ONE_OF_MANY.fullmatch(word) and (word[0] in self.all or self._of_many > 1):
            return None
        if any(len(part) > 1 and part.isalpha() for part in name.lower):
            return None if word.partition("_")[0] in self._long else name  # x_test beside x_train
        return name


def key(name: str) -> str:
    """What all ways of typing a name have in common.

    >>> {key(name) for name in ("w_1", "w1", "w₁")}, key("theta_1") == key("θ₁")
    ({'w1'}, True)
    """
    typed = unicodedata.normalize("NFKC", name)

    def common(word: re.Match[str]) -> str:
        made = parse(word[0])
        return word[0] if made is None else made.key

    return unicodedata.normalize("NFKC", _ANY_WORD.sub(common, typed))
