"""The words around an explanation, in the users' languages.

Invariant: each is a marked sentence, said where it is shown.
"""

from __future__ import annotations

from backviz.words import Words

NO_LABEL = Words.same("")  # the label above goes on
RULE = Words("rule")
NUMBERS = Words("numbers")
NOTE = Words("note")
FLOWS = Words("gradient")
DOMAIN = Words("domain")
ALSO = Words("also")
SEE_TOO = Words("see too")
OPTIONS = Words("options")
SHAPES = Words("shapes")
NO_GRADIENT = Words("Carries no gradient.")
GETS = Words("g·local")
OPERAND = Words("input")
VALUE = Words("value")
LOCAL = Words("local derivative")
GRADIENT = Words("gradient")
LEFT = Words("slope left")
RIGHT = Words("slope right")
TAKEN = Words("the rule takes")
LISTED = Words(
    "backviz explain TOPIC, or the name of an op (backviz list ops):",
)
YOURS = Words("your computation")


def flat(saturates: tuple[str, ...]) -> Words:
    """Where an op saturates.

    >>> flat(("below", "above")).en
    'flat far below and above 0'
    """
    if len(saturates) == 2:
        return Words("flat far below and above 0")
    return Words("flat far below 0") if "below" in saturates else Words("flat far above 0")
