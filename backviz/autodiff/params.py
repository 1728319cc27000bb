"""The options of a call: those that were given, and how they are written for people and files.

Invariant: a record and its graph carry the options as the op takes them; text is made last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backviz.autodiff.operand import Params
from backviz.errors import BackvizError, InputError
from backviz.language import _, ngettext

# What an option holds, by its name; one that is not here its op looks at itself.
FLAGS = frozenset({
    "keepdims", "squared", "reverse", "equal_nan", "training", "ceil_mode", "count_include_pad",
    "align_corners", "upper",
})  # fmt: skip
NUMBERS = frozenset({
    "low", "high", "min_val", "max_val", "slope", "alpha", "beta", "threshold", "delta", "margin",
    "eps", "ddof", "rtol", "atol", "label_smoothing",
})  # fmt: skip
WHOLE = frozenset({
    "shift", "shape", "axis1", "axis2", "source", "destination", "offset", "k", "pieces",
    "start_dim", "end_dim", "repeats", "reps", "size", "stride", "dilation", "groups",
})  # fmt: skip
TEXTS = frozenset({"subscripts"})
_NOT_WHOLE = (
    r"'(\w+)' object cannot be interpreted as an integer|integer argument expected, got (\w+)"
)


def kinds_checked(name: str, options: Params) -> None:
    """Raise `TypeError` where an option is of another kind than its op can use.

    >>> kinds_checked("sum", {"keepdims": "yes"})
    Traceback (most recent call last):
        ...
    TypeError: sum: keepdims is True or False, not 'yes'
    """
    for option, x in options.items():
        kind = _KINDS.get(option)
        if kind is None:
            continue
        wanted, fits = kind
        if not fits(x):
            wanted = "whole numbers" if option == "shape" else wanted
            raise TypeError(
                _(
                    "{name}: {option} is {wanted}, not {x!r:.40}",
                    name=name,
                    option=option,
                    wanted=wanted,
                    x=x,
                )
            )


def _is_whole(x: Any) -> bool:
    entries = x if isinstance(x, tuple | list) else (x,)
    return not any(isinstance(n, bool | str | float) for n in entries)


_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(
        FLAGS,
        ("True or False", lambda x: isinstance(x, bool | np.bool_) or x is None or x in (0, 1)),
    ),
    **dict.fromkeys(NUMBERS, ("a number", lambda x: not isinstance(x, bool | np.bool_ | str))),
    **dict.fromkeys(WHOLE, ("a whole number", _is_whole)),
    **dict.fromkeys(TEXTS, ("text", lambda x: isinstance(x, str))),
}


def in_words(error: Exception, name: str, bind: Any = None) -> Exception:
    """An error of Python or numpy inside the op `name`, or its `bind`, said plainly; ours as it is.

    >>> in_words(TypeError("'float' object cannot be interpreted as an integer"), "roll")
    TypeError('roll: a whole number belongs here, not a float')
    """
    if isinstance(error, BackvizError):
        return error
    if "float16" in str(error):
        return InputError(
            _(
                "{name}: numpy has none for float16; give it float32, as most libraries do",
                name=name,
            )
        )
    import re  # when something is wrong: patterns are not compiled at every start

    said = str(error).replace(f"{getattr(bind, '__qualname__', '<lambda>')}()", name)
    if found := re.search(_NOT_WHOLE, said):
        whole = _("a whole number belongs here, not a {kind}", kind=found[1] or found[2])
        said = said[: found.start()] + whole + said[found.end() :]
    if said.startswith("ufunc "):
        said = _("an operand or an option is no number that can be computed with")
    said = said if said.startswith(name) else f"{name}: {said}"
    return TypeError(said) if isinstance(error, TypeError) else InputError(said)


def takes(name: str, arity: int, params: tuple[str, ...], given: int) -> str:
    """Says how many operands an op takes, and which options.

    >>> takes("add", 2, (), 3)
    'add takes 2 operands, not 3 arguments'
    """
    told = {"name": name, "given": given, "options": ", ".join(params)}
    if params:
        return ngettext(
            "{name} takes {n} operand and the options {options}, not {given} arguments",
            "{name} takes {n} operands and the options {options}, not {given} arguments",
            arity,
            **told,
        )
    return ngettext(
        "{name} takes {n} operand, not {given} arguments",
        "{name} takes {n} operands, not {given} arguments",
        arity,
        **told,
    )


def no_option(name: str, option: str, params: tuple[str, ...]) -> str:
    """Says that an op has no such option, and which it has."""
    if not params:
        return _("{name} has no option {option!r} here; it has none", name=name, option=option)
    return _(
        "{name} has no option {option!r} here; it has {options}",
        name=name,
        option=option,
        options=", ".join(params),
    )


def given(params: Params) -> Params:
    """The options that were given, without defaults, as the op takes them.

    >>> given({"axis": 0, "keepdims": False})
    {'axis': 0}
    """
    return {k: v for k, v in params.items() if v is not None and v is not False}


def plain_params(params: Params) -> Params:
    """The options that were given as plain Python literals, for people and files to read.

    >>> plain_params({"axis": np.int64(0), "keepdims": False})
    {'axis': 0}
    """
    return {k: _plain(v) for k, v in given(params).items()}


def _plain(option: Any) -> Any:
    if isinstance(option, tuple | list):
        return tuple([x.item() if isinstance(x, np.generic) else x for x in option])
    if isinstance(option, np.generic):
        return option.item()
    if isinstance(option, np.ndarray):
        return str(np.array2string(option, threshold=6, edgeitems=2, separator=", "))
    if isinstance(option, bool | int | float | str) or option is None or option is Ellipsis:
        return option
    return str(option)
