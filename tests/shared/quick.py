"""Which cases of a walk are run by `pytest` alone: the others are marked slow, and run in CI.

Invariant: every walk keeps cases in the quick run, so that a whole kind of fault is never left
to the slow one.
"""

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(n: int, cases: Iterable[Any], first: int = 0) -> list[Any]:
    """Each n-th case is quick, beginning with the one numbered `first`."""
    return [each if k % n == first else slow(each) for k, each in enumerate(cases)]


def all_but(heavy: Iterable[Any], cases: Iterable[Any]) -> list[Any]:
    """The heavy ones are slow, by name."""
    heavy = set(heavy)
    return [slow(each) if each in heavy else each for each in cases]


def slow(case: Any) -> Any:
    """A case, or a tuple of arguments, that is left to the slow run."""
    return _marked(case, pytest.mark.slow)


def deep(case: Any) -> Any:
    """A case of a walk so long that CI takes a part of it: `pytest -m deep` takes the rest."""
    return _marked(case, pytest.mark.deep)


def _marked(case: Any, mark: pytest.MarkDecorator) -> Any:
    if isinstance(case, type(pytest.param())):
        return case._replace(marks=(*case.marks, mark))
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=mark)
