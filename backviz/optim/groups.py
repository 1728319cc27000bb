"""A group of parameters as torch's `param_groups` shows it: a mapping that can be written to.

Invariant: what is written is checked as it is when an optimizer is made.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from backviz.errors import InputError
from backviz.language import _
from backviz.optim.cells import Group
from backviz.optim.options import checked


class ParamGroup(MutableMapping[str, Any]):
    """The options of a group, and its `params`.

    >>> from backviz import Value
    >>> from backviz.optim import SGD
    >>> opt = SGD([Value(1.0)], lr=0.1)
    >>> for group in opt.param_groups:
    ...     group["lr"] *= 0.5
    >>> opt.lr
    0.05
    """

    def __init__(self, title: str, group: Group) -> None:
        self._title, self._group = title, group

    def __getitem__(self, name: str) -> Any:
        return self._group.members if name == "params" else self._group.options[name]

    def __setitem__(self, name: str, option: Any) -> None:
        group = self._group
        if name not in group.options:
            raise InputError(
                _(
                    "{title} has no option {name!r} to set; it has {list}",
                    title=self._title,
                    name=name,
                    list=", ".join(group.options),
                )
            )
        group.options[name] = option = checked(self._title, name, option)
        group.touched = True
        if name == "lr":
            group.schedule, group.base = None, option

    def __delitem__(self, name: str) -> None:
        raise InputError(
            _("{title}: the options of a group can be set, not deleted", title=self._title)
        )

    def __iter__(self) -> Iterator[str]:
        return iter(["params", *self._group.options])

    def __len__(self) -> int:
        return 1 + len(self._group.options)
