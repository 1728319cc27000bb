"""From a recorded value to bytes or a file in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backviz.autodiff.value import Value
from backviz.diagrams.figure import Figure
from backviz.diagrams.style import Style
from backviz.files import extension_of, write_file
from backviz.renderers import RENDERERS


def render(output: Value, form: str = "svg", **style: Any) -> bytes:
    """The figure of a computation in a format: svg, pdf, png, tikz, mermaid, text, dot and so on.

    `style` takes the fields of `Style`: theme, size, fold, title and so on. Gradients
    are drawn where a backward pass has computed them.

    >>> x = Value(3.0, label="x")
    >>> render(x * x, "dot", theme="dark")[:16]
    b'digraph backviz '
    """
    return RENDERERS[form](Figure(output, Style(**style)))


def save(output: Value, path: str | Path, **style: Any) -> Path:
    """Write the figure to a file; the extension says the format.

    The file appears whole or not at all. Raises `UsageError` for an unknown
    extension or a place that cannot be written.
    """
    form = format_of(str(path))
    write_file(path, render(output, form, **style))
    return Path(path)


def format_of(path: str) -> str:
    """The format that a file name's extension stands for."""
    return RENDERERS[extension_of(path, RENDERERS)].name
