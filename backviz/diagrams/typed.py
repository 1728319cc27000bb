"""Options of a figure as a person types them: `theme=dark`, `--theme dark` or `--theme=dark`.

Invariant: the words are those of Python and of the command line, and mean the same.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_type_hints

from backviz.diagrams.style import Options, wrong_option
from backviz.errors import UsageError
from backviz.language import _

_SHORT = {"for": "size", "contributions": "products"}  # as the command line says it
_FLAGS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_CODE = ("note", "colour")  # functions, which no line holds
_NONE: Mapping[str, type] = {}


def typed(line: str, what: str, own: Mapping[str, type] = _NONE) -> tuple[str, dict[str, Any]]:
    """The name and the options of a line; `what` asks for them, `own` are more than a style has.

    >>> typed("loss theme=dark --for slide legend=no digits=5", "%%backprop")
    ('loss', {'theme': 'dark', 'size': 'slide', 'legend': False, 'digits': 5})
    """
    name, options = "", {}
    try:
        words = iter(shlex.split(line))
    except ValueError as error:
        raise UsageError(f"{what} {line.strip()}: {error}") from None
    types = {k: t for k, t in get_type_hints(Options).items() if k not in _CODE} | {**own}
    for word in words:
        key, equals, text = word.removeprefix("--").partition("=")
        key = _SHORT.get(key.replace("-", "_"), key.replace("-", "_"))
        if not word.startswith("--") and not equals:
            if name:
                raise UsageError(
                    _(
                        "{what} takes one name, not {name} and {word}",
                        what=what,
                        name=name,
                        word=word,
                    )
                )
            name = word
        elif key == "no_legend":
            options["legend"] = False
        else:
            options[key] = _read(key, types, text if equals else None, words)
    return name, options


def _read(key: str, types: Mapping[str, Any], text: str | None, rest: Iterator[str]) -> Any:
    """The value of an option in the type that it has."""
    if key not in types:
        raise UsageError(wrong_option(key, types))
    kind = types[key]
    if kind is bool:
        if text is None:
            return True
        if text.lower() not in _FLAGS:
            raise UsageError(_("{key} is yes or no, not {text!r}", key=key, text=text))
        return _FLAGS[text.lower()]
    if text is None:
        text = next(rest, None)
    if text is None:
        raise UsageError(_("{key} needs a value: {key}=…", key=key))
    if get_args(kind):  # one of some words
        return text
    try:
        return kind(text)
    except ValueError:
        raise UsageError(_("{key} is a number, not {text!r}", key=key, text=text)) from None
