"""The words around an explanation, in the users' languages.

Invariant: every entry has both languages.
"""

from __future__ import annotations

from backviz.lessons.model import Words

NO_LABEL = Words("", "")  # the label above goes on
RULE = Words("rule", "правило")
NUMBERS = Words("numbers", "числа")
NOTE = Words("note", "суть")
FLOWS = Words("gradient", "градиент")
DOMAIN = Words("domain", "область")
ALSO = Words("also", "имена")
OPTIONS = Words("options", "опции")
SHAPES = Words("shapes", "формы")
NO_GRADIENT = Words("Carries no gradient.", "Градиент не передаёт.")
ARRIVES = Words("g = {g} arrives", "приходит g = {g}")
GETS = Words("g·local", "g·производная")
OPERAND = Words("input", "вход")
VALUE = Words("value", "значение")
LOCAL = Words("local derivative", "локальная производная")
GRADIENT = Words("gradient", "градиент")
KINK = Words("at the kink {at}", "на изломе {at}")
LEFT = Words("slope left", "наклон слева")
RIGHT = Words("slope right", "наклон справа")
TAKEN = Words("the rule takes", "правило берёт")
WHERE = Words("where", "где")
LISTED = Words(
    "backviz explain TOPIC, or the name of an op (backviz list ops):",
    "backviz explain ТЕМА или имя операции (backviz list ops):",
)
YOURS = Words("your computation", "ваше вычисление")


def flat(saturates: tuple[str, ...]) -> Words:
    """Where an op saturates.

    >>> flat(("below", "above")).en
    'flat far below and above 0'
    """
    if len(saturates) == 2:
        return Words("flat far below and above 0", "вдали от 0 график почти плоский")
    side = saturates[0]
    there = {"below": "слева", "above": "справа"}[side]
    return Words(f"flat far {side} 0", f"далеко {there} от 0 график почти плоский")
