"""What shapes look like, as classes of a style sheet that has a day and a night.

Invariant: a look's class is named after what it says, so players that share a page cannot
disagree about it, and every colour has a value by day and one by night.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields

from backviz.diagrams.theme import THEMES, Theme, rgb

ROOT = ".backviz-player"


class Looks:
    """The looks that have been asked for, under the colours of a theme and its counterpart.

    >>> looks = Looks("light")
    >>> looks.colour("#1a1a1a", "#f0f3f6"), looks.colour("#123456", "#654321")
    ('var(--ink)', 'light-dark(#123456,#654321)')
    >>> looks.add({"stroke": "var(--ink)", "stroke-width": "1.5"})
    'in-ink-1-5'
    """

    def __init__(self, theme: str) -> None:
        asked = THEMES[theme]
        self.day = THEMES["light"] if is_dark(asked) else asked
        self.night = asked if is_dark(asked) else THEMES["dark"]
        names = [field.name for field in fields(Theme) if field.name != "name"]
        self._variables = {n: (getattr(self.day, n), getattr(self.night, n)) for n in names}
        self._rules: dict[str, str] = {}

    def colour(self, day: str, night: str) -> str:
        """A colour by day and by night: the theme's by its name, a mixed one by its values."""
        known = (name for name, pair in self._variables.items() if pair == (day, night))
        return next((f"var(--{name})" for name in known), f"light-dark({day},{night})")

    def add(self, declared: Mapping[str, str]) -> str:
        """The class of a look."""
        said = " ".join(declared.values()).replace("var(", "").replace("light-dark", "")
        name = re.sub(r"[^a-z0-9]+", "-", f"in {said}").strip("-")
        self._rules[name] = ";".join(f"{key}:{value}" for key, value in declared.items())
        return name

    def css(self) -> str:
        """Colours by day, by night and on paper, which is always day; then the looks."""
        day, night = (
            "".join(f"--{name}:{pair[i]};" for name, pair in self._variables.items())
            for i in (0, 1)
        )
        rules = [f"{ROOT} .{name}{{{self._rules[name]}}}" for name in sorted(self._rules)]
        return "\n".join([
            f"{ROOT}{{color-scheme:light;{day}}}",
            "@media screen and (prefers-color-scheme:dark)"
            f'{{{ROOT}:not([data-theme="light"]){{color-scheme:dark;{night}}}}}',
            f'@media screen{{{ROOT}[data-theme="dark"]{{color-scheme:dark;{night}}}}}',
            *rules,
            "",
        ])  # fmt: skip


def is_dark(theme: Theme) -> bool:
    """Whether the theme has a dark background."""
    return sum(rgb(theme.background)) < 3 * 128
