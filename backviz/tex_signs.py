r"""Text as TeX that sets it letter by letter, in `pdflatex`, `lualatex` and `xelatex` alike.

Invariant: whatever the text holds, the answer has no command of the text's own and no
letter at which `pdflatex` stops; a letter that it cannot set is a framed question mark.
"""

from __future__ import annotations

import re
import unicodedata

from backviz.lettering import END, LOW

# what pdflatex sets without a package; Cyrillic with the encoding T2A
_CYRILLIC = re.compile("[\u0400-\u045fҐґ№]")
_PLAIN = re.compile(
    "[ -~\u00a1-\u00aa\u00ac-\u00ba\u00bc-\u00cf\u00d1-\u00dd\u00df-\u00ef\u00f1-\u00fd\u00ff"
    "\u0100-\u0103\u0106-\u010f\u0112-\u0117\u011a-\u0125\u0128-\u012d\u0130\u0131\u0134-\u0137"
    "\u0139-\u013e\u0141-\u0148\u014c-\u0165\u0168-\u0171\u0174-\u017e\u2013-\u2026"
    "\u0400-\u045fҐґ№]"
)
# combining signs, which pdflatex lacks: the command in text and the one in formulas
_ACCENTS = {"\u0302": ("^", "hat"), "\u0304": ("=", "bar"), "\u0303": ("~", "tilde"),
            "\u0307": (".", "dot")}  # fmt: skip
_GREEK = (
    ("α", "alpha"), ("β", "beta"), ("γ", "gamma"), ("δ", "delta"), ("ε", "varepsilon"),
    ("ζ", "zeta"), ("η", "eta"), ("θ", "theta"), ("ι", "iota"), ("κ", "kappa"), ("λ", "lambda"),
    ("μ", "mu"), ("ν", "nu"), ("ξ", "xi"), ("π", "pi"), ("ρ", "rho"), ("σ", "sigma"),
    ("τ", "tau"), ("υ", "upsilon"), ("φ", "varphi"), ("χ", "chi"), ("ψ", "psi"), ("ω", "omega"),
    ("Γ", "Gamma"), ("Δ", "Delta"), ("Θ", "Theta"), ("Λ", "Lambda"), ("Ξ", "Xi"), ("Π", "Pi"),
    ("Σ", "Sigma"), ("Υ", "Upsilon"), ("Φ", "Phi"), ("Ψ", "Psi"), ("Ω", "Omega"),
)  # fmt: skip
_MATH = {
    "∂": r"\partial", "∇": r"\nabla", "√": r"\surd", "‖": r"\Vert", "′": r"'", "≤": r"\le",
    "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "⊗": r"\otimes", "→": r"\to", "←": r"\leftarrow",
    "±": r"\pm", "÷": r"\div", "∈": r"\in", "∫": r"\int", "□": r"\Box", "⋯": r"\cdots",
    "⌊": r"\lfloor", "⌋": r"\rfloor", "ᵀ": "^{T}", "ˣ": "^{x}", "ʸ": "^{y}", "⁻": "^{-}",
    "«": r"\ll", "»": r"\gg", "ϕ": r"\phi", "ϵ": r"\epsilon", "∑": r"\sum",
    "∅": r"\emptyset", "△": r"\triangle",
    "∓": r"\mp", "↑": r"\uparrow", "↓": r"\downarrow", "↦": r"\mapsto", "⋅": r"\cdot",
    "·": r"\cdot", "°": r"^{\circ}", "∏": r"\prod", "∙": r"\cdot", "−": "-", "×": r"\times",
    **{sign: rf"\{name}" for sign, name in _GREEK},
    **{sign: f"^{{{digit}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{sign: f"_{{{digit}}}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}  # fmt: skip
_MARKS = {"<super>": "^", "<sub>": "_"}  # as Unicode calls letters that stand for others
_SIGNS = {
    **{sign: f"${text}$" for sign, text in _MATH.items()},
    "□": r"{\fboxsep=0pt\fbox{\rule{0pt}{1.2ex}\kern1.2ex}}",  # \Box needs a package
    # an ! in a triangle, bold as the text is
    "⚠": r"\hbox{\rlap{\hbox to 1.9ex{\hss\raisebox{.15ex}{\scalebox{.6}{!}}\hss}}"
    r"\hbox to 1.9ex{\hss$\triangle$\hss}}",
    "⏎": r"$\hookleftarrow$", "�": r"{\fboxsep=1pt\fbox{?}}",
    "\u2004": r"\hphantom{$^{0}$}", "\u2005": r"\hphantom{$^{-}$}",
    "\u2007": r"\hphantom{0}", "\u2008": r"\hphantom{.}",
    "\u2009": r"\,", "\u00a0": "~", "–": "--", "„": r"\quotedblbase{}",
    '"': r"{\ttfamily\char34}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "‐": "-{}", "‑": "-{}",
}  # fmt: skip


def tex(text: str) -> str:
    r"""One line of text for the body of a LaTeX document.

    >>> print(tex("a_1 − σ² веса"))
    a\_1 $-$ $\sigma^{2}$ веса
    >>> print(tex("xₜ aⁿ"))
    x$_{\mathsf{t}}$ a$^{\mathsf{n}}$
    >>> print(tex("日"))
    \ifdefined\Umathchar 日\else{\fboxsep=1pt\fbox{?}}\fi{}
    >>> print(tex("x̂·σ̂"))
    \^{x}$\cdot$$\hat{\sigma}$

    >>> print(tex("4.4·10⁻¹² A⁻¹"))
    4.4$\cdot$10$^{-12}$ A$^{-1}$

    What is lowered or raised in a name is so in a formula:

    >>> print(tex(f"θ{LOW}1{END} w{LOW}in{END} h⁽²⁾ h{LOW}1{END}⁽²⁾"))
    $\theta_{1}$ w$_{\mathsf{in}}$ h$^{(2)}$ h$_{1}^{(2)}$
    """
    signs = "".join(_piece(found) for found in _PIECES.finditer(_composed(text)))
    for one in ("_", "^"):  # one formula
        signs = signs.replace(f"$${one}{{", f"{one}{{")
    signs = _AGAIN.sub(_as_one, signs)
    # a second blank would be lost
    return re.sub(r"(?<=[ ~]) |^ | $", r"\\ ", signs)


_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_AGAIN = re.compile(rf"(\^|_){_GROUP}(?:\1{_GROUP})+")  # TeX takes one exponent, not two


def _as_one(found: re.Match[str]) -> str:
    return f"{found[1]}{{{''.join(re.findall(_GROUP, found[0]))}}}"


_PIECES = re.compile(
    rf"{LOW}(?P<low>[^{END}]*){END}?|(?P<high>[⁰¹²³⁴-⁹⁺⁻⁽⁾]*[⁽⁾][⁰¹²³⁴-⁹⁺⁻⁽⁾]*)"
    rf"|(?P<letter>\w)(?P<accent>[{''.join(_ACCENTS)}])|(?P<sign>.)",
    re.DOTALL,
)


def _composed(text: str) -> str:
    """Letters and accents as one sign where there is one that `pdflatex` sets, else apart."""
    return "".join(
        apart if not _PLAIN.fullmatch(sign) and apart[-1] in _ACCENTS else sign
        for sign in unicodedata.normalize("NFC", text)
        for apart in (unicodedata.normalize("NFD", sign),)
    )


def _piece(found: re.Match[str]) -> str:
    """One sign, a letter with its accent, or what stands lowered or raised together."""
    if found["low"] is not None:
        return f"$_{{{_in_formula(found['low'])}}}$"
    if found["high"] is not None:
        return f"$^{{{_in_formula(unicodedata.normalize('NFKC', found['high']))}}}$"
    if found["accent"] is None:
        return _sign(found["sign"])
    letter, (above, command) = found["letter"], _ACCENTS[found["accent"]]
    if letter in _MATH:
        return rf"$\{command}{{{_MATH[letter]}}}$"
    if _PLAIN.fullmatch(letter):
        return rf"\{above}{{{_sign(letter)}}}"
    return _sign(letter) + _sign(found["accent"])


def _in_formula(text: str) -> str:
    """What stands lowered or raised: numbers and Greek as in formulas, words in the text's font."""
    words = re.findall(r"[^\W\d_]+|.", text)
    return "".join(
        "".join(_MATH[c] for c in word) if all(c in _MATH for c in word)
        else rf"\mathsf{{{word}}}" if word.isascii() and word.isalpha()
        else word if word.isascii()
        else rf"\hbox{{\scalebox{{.7}}{{{''.join(map(_sign, word))}}}}}"
        for word in words
    )  # fmt: skip


def _sign(char: str) -> str:
    known = _SIGNS.get(char)
    if known is not None:
        return known
    mark, *letters = unicodedata.decomposition(char).split() or [""]
    if mark in _MARKS:  # a letter that is written high or low, as in xₜ
        return f"${_MARKS[mark]}{{{_in_formula(''.join(chr(int(x, 16)) for x in letters))}}}$"
    escaped = escape_latex(char)
    if escaped != char or _PLAIN.fullmatch(char):
        return escaped
    # only engines with fonts of Unicode have this command, and only they can try the letter
    return rf"\ifdefined\Umathchar {char}\else{_SIGNS['�']}\fi{{}}"


def escape_latex(text: str) -> str:
    r"""Text that stays itself in LaTeX.

    >>> escape_latex("a_1 & 50%"), escape_latex("−2")
    ('a\\_1 \\& 50\\%', '$-$2')
    """
    return "".join(_LATEX.get(c, c) for c in text)


_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\char34{}",
    "`": r"\char96{}", "'": r"\char39{}", "-": "-{}",
    "−": "$-$", "·": r"$\cdot$", "∞": r"$\infty$", "…": r"\dots{}", "×": r"$\times$", "—": "---",
}  # fmt: skip


def needs_cyrillic(text: str) -> bool:
    """Whether `pdflatex` needs the encoding T2A for the text.

    >>> needs_cyrillic("веса"), needs_cyrillic("σ")
    (True, False)
    """
    return _CYRILLIC.search(text) is not None
