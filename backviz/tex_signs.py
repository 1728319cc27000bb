r"""Text as TeX that sets it letter by letter, in `pdflatex`, `lualatex` and `xelatex` alike.

Invariant: whatever the text holds, the answer has no command of the text's own and no
letter at which `pdflatex` stops; a letter that it cannot set is a framed question mark.
"""

from __future__ import annotations

import re
import unicodedata

# what pdflatex sets without a package; Cyrillic with the encoding T2A
_CYRILLIC = re.compile("[\u0400-\u045fҐґ№]")
_PLAIN = re.compile(
    "[ -~\u00a1-\u00aa\u00ac-\u00ba\u00bc-\u00cf\u00d1-\u00dd\u00df-\u00ef\u00f1-\u00fd\u00ff"
    "\u0100-\u0103\u0106-\u010f\u0112-\u0117\u011a-\u0125\u0128-\u012d\u0130\u0131\u0134-\u0137"
    "\u0139-\u013e\u0141-\u0148\u014c-\u0165\u0168-\u0171\u0174-\u017e\u2013-\u2026"
    "\u0400-\u045fҐґ№]"
)
_HAT = "\u0302"  # a combining sign, which pdflatex lacks
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
    "·": r"\cdot", "°": r"^{\circ}", "∏": r"\prod", "∙": r"\cdot", "−": "-", "×": r"\times",
    **{sign: rf"\{name}" for sign, name in _GREEK},
    **{sign: f"^{{{digit}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{sign: f"_{{{digit}}}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}  # fmt: skip
_SIGNS = {
    **{sign: f"${text}$" for sign, text in _MATH.items()},
    "□": r"\raisebox{.1ex}{\fboxsep=.35ex\fbox{}}",  # \Box needs a package
    "⏎": r"$\hookleftarrow$", "�": r"{\fboxsep=1pt\fbox{?}}",
    "\u2007": r"\hphantom{0}", "\u2008": r"\hphantom{.}",
    "\u2009": r"\,", "\u00a0": "~", "–": "--", "„": r"\quotedblbase{}",
    '"': r"{\ttfamily\char34}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "‐": "-{}", "‑": "-{}",
}  # fmt: skip


def tex(text: str) -> str:
    r"""One line of text for the body of a LaTeX document.

    >>> print(tex("a_1 − σ² веса"))
    a\_1 $-$ $\sigma$$^{2}$ веса
    >>> print(tex("日"))
    \ifdefined\Umathchar 日\else{\fboxsep=1pt\fbox{?}}\fi{}
    >>> print(tex("x̂·σ̂"))
    \^{x}$\cdot$$\hat{\sigma}$
    """
    signs = (_hatted(part) if part.endswith(_HAT) else _sign(part) for part in _parts(text))
    # a second blank would be lost
    return re.sub(r"(?<=[ ~]) |^ | $", r"\\ ", "".join(signs))


def _parts(text: str) -> list[str]:
    """Signs one by one, a letter together with the hat over it."""
    return re.findall(rf"\w{_HAT}|.", unicodedata.normalize("NFC", text), re.DOTALL)


def _hatted(pair: str) -> str:
    letter = pair[0]
    if letter in _MATH:
        return rf"$\hat{{{_MATH[letter]}}}$"
    return rf"\^{{{_sign(letter)}}}" if _PLAIN.fullmatch(letter) else "".join(map(_sign, pair))


def _sign(char: str) -> str:
    known = _SIGNS.get(char)
    if known is not None:
        return known
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
