"""Words of Hebrew, Arabic and their kin, as they are drawn letter by letter from the left.

Invariant: a word, or several with blanks between them, turns round in its own place; a formula
keeps its operands from left to right. Joined letters are Unicode's own presentation forms, so
only scripts that have these are joined.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_LETTERS = "\u0590-\u05ff\u0600-\u065f\u066e-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
WORD = f"[{_LETTERS}](?:[{_LETTERS} ]*[{_LETTERS}])?"  # as a regular expression
ALONE, FINAL, INITIAL, MEDIAL = "isolated", "final", "initial", "medial"
LAM = "\u0644"


def apart(text: str) -> str:
    """A sentence for a program that turns words round: none of them takes its neighbours along.

    >>> ascii(apart("א = 2")), apart("x = 2")
    ("'\\\\u2068\\\\u05d0\\\\u2069 = 2'", 'x = 2')
    """
    return re.sub(WORD, lambda word: f"\u2068{word[0]}\u2069", text)


def in_order(word: str) -> str:
    """The letters of a word from left to right, each in the form that its neighbours give it.

    >>> in_order("שלום") == "םולש"
    True
    >>> [hex(ord(c)) for c in in_order("باب")]  # beh at the end, alef joined, beh at the beginning
    ['0xfe8f', '0xfe8e', '0xfe91']
    """
    letters = _clusters(word)
    shown = []
    k = 0
    while k < len(letters):
        base, marks = letters[k][0], letters[k][1:]
        after = letters[k + 1][0] if k + 1 < len(letters) else ""
        before = _joins_on(letters[k - 1][0]) if k else False
        if base == LAM and (pair := _forms().get(base + after)) and after:
            base, marks, k = base + after, marks + letters[k + 1][1:], k + 1
            shown.append(pair.get(FINAL if before else ALONE, base) + marks)
        else:
            shown.append(_form(base, before, after) + marks)
        k += 1
    return "".join(reversed(shown))


def _clusters(word: str) -> list[str]:
    """Letters, each with the marks that stand on it."""
    made: list[str] = []
    for sign in word:
        if made and unicodedata.category(sign) in ("Mn", "Me"):
            made[-1] += sign
        else:
            made.append(sign)
    return made


def _form(base: str, joined: bool, after: str) -> str:
    forms = _forms().get(base, {})
    before = joined and FINAL in forms
    onward = _joins_on(base) and FINAL in _forms().get(after, {})
    kind = (MEDIAL if onward else FINAL) if before else INITIAL if onward else ALONE
    return forms.get(kind, base)


def _joins_on(letter: str) -> bool:
    """Whether a letter is joined to the one behind it."""
    return letter == "\u0640" or INITIAL in _forms().get(letter, {})


@cache
def _forms() -> dict[str, dict[str, str]]:
    """The forms of every joined letter, and of lam with alef, by what they stand for."""
    found: dict[str, dict[str, str]] = {}
    for code in (*range(0xFB50, 0xFDFC), *range(0xFE80, 0xFEFD)):
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        name = "".join(chr(int(letter, 16)) for letter in letters)
        if kind.strip("<>") in (ALONE, FINAL, INITIAL, MEDIAL) and (
            len(name) == 1 or (len(name) == 2 and code >= 0xFEF5)
        ):
            found.setdefault(name, {})[kind.strip("<>")] = chr(code)
    return found
