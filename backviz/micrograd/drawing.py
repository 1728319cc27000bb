"""`draw_dot` and `trace` by the names that micrograd's notebooks use, drawn by backviz."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backviz.autodiff.copies import copied
from backviz.files import write_file
from backviz.micrograd.engine import before, changed_under

if TYPE_CHECKING:
    from backviz.autodiff.value import Value
    from backviz.diagrams.figure import Figure


def trace(root: Any) -> tuple[set[Any], set[tuple[Any, Any]]]:
    """All values under a value, and the pairs (input, result).

    >>> from backviz.micrograd import Value
    >>> nodes, edges = trace(Value(2.0) * Value(3.0) + 1)
    >>> len(nodes), len(edges)
    (5, 4)
    """
    nodes, edges, waiting = {root}, set(), [root]
    while waiting:
        v = waiting.pop()
        for each in v._prev:
            edges.add((each, v))
            if each not in nodes:
                nodes.add(each)
                waiting.append(each)
    return nodes, edges


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR", **style: Any) -> Picture:  # noqa: A002
    """The picture of a computation: shown by a notebook, written by `render`.

    `rankdir` is LR or TB; `style` takes the fields of `backviz.Style`. A value whose data was
    set since (`p.data -= …`) is drawn as it was, and its name says what it holds now;
    `InputError` if what it was is not known any more.

    >>> from backviz.micrograd import Value
    >>> a = Value(2.0, label="a")
    >>> draw_dot(a * 3).pipe()[:4]
    b'<svg'
    """
    from backviz.diagrams.figure import Figure
    from backviz.diagrams.style import Style

    look = Style.of(direction=rankdir, **style)  # type: ignore[arg-type]
    return Picture(Figure(_as_recorded(root), look), format)


def _as_recorded(root: Any) -> Any:
    """The same record; if values were set since, a copy with the numbers that it was made of."""
    changed = changed_under(root)
    if not changed:
        return root
    memo: dict[int, Any] = {}
    twin = copied(root, memo)
    for v in changed:
        old = memo[id(v)]
        old.raw = before(v, root)
        old.label = f"{v.label} (now {v.data:.4g})".strip()
        if old.first is None:
            old.second = None  # it holds what was recorded
    return twin


class Picture:
    """What `draw_dot` gives: as much of graphviz's `Digraph` as notebooks use."""

    def __init__(self, figure: Figure, form: str = "svg") -> None:
        self.figure = figure
        self.format = form

    @property
    def source(self) -> str:
        """The graph in the DOT language."""
        return self.pipe("dot").decode()

    def pipe(self, format: str | None = None) -> bytes:  # noqa: A002
        """The picture as bytes."""
        from backviz.renderers import RENDERERS

        return RENDERERS[format or self.format](self.figure)

    def render(
        self,
        filename: str | Path = "graph",
        directory: str | Path | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,  # noqa: A002
    ) -> str:
        """Write the picture beside its name: `render('gout')` writes gout.svg, and says so.

        `view` opens it. There is no second file with the source, so nothing is to `cleanup`.
        """
        form = format or self.format
        path = Path(directory or "") / filename
        if path.suffix != f".{form}":
            path = path.with_name(f"{path.name}.{form}")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, self.pipe(form))
        if view:
            webbrowser.open(path.absolute().as_uri())
        return str(path)

    def save(self, filename: str | Path) -> str:
        """Write it in the format that the name ends with."""
        path = Path(filename)
        return self.render(path, format=path.suffix.removeprefix(".") or None)

    def view(self, filename: str | Path = "graph") -> str:
        """Write and open it."""
        return self.render(filename, view=True)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self.figure._repr_mimebundle_(include, exclude)
