"""Where a computation comes from: an expression, a file, an example, standard input."""

from __future__ import annotations

import sys
from textwrap import dedent

from backviz.autodiff.value import Value
from backviz.errors import InputError
from backviz.sources.examples import EXAMPLES
from backviz.sources.expression import record_expression
from backviz.sources.files import is_file_source, record_file

__all__ = ["EXAMPLES", "load", "record_expression", "record_file"]


def load(source: str) -> Value:
    """Record what `source` names: `@example`, `file.py:name`, `-`, or an expression.

    >>> load("@simple").data, load("x*x; x=3").data
    (-12.0, 9.0)
    """
    if source.startswith("@"):
        return record_expression(dedent(EXAMPLES[source[1:]].expression))
    if source == "-":
        return record_expression(_stdin())
    if is_file_source(source):
        return record_file(source)
    return record_expression(source)


def _stdin() -> str:
    if sys.stdin is None:
        raise InputError("standard input is closed; send an expression, or give it as SRC")
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("standard input is not UTF-8 text; send an expression") from None
