"""`backviz doctor`: what works here, and the remedy for what does not."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import asdict, dataclass

import click

from backviz.cli import options


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: what came of it and what to do."""

    what: str
    works: bool
    found: str
    remedy: str = ""
    needed: bool = True


@click.command(short_help="What works on this machine, and how to mend what does not.")
@options.as_json
@options.debug
def doctor(as_json: bool, debug: bool) -> int:
    """Try everything that a picture needs; exit 3 if a needed piece is missing."""
    from backviz.cli.terminal import print_json, print_text, quiet_libraries
    from backviz.errors import MissingPieceError

    quiet_libraries()
    findings = examine()
    if as_json:
        print_json([asdict(f) for f in findings], indent=1)
    else:
        print_text("\n".join(map(_line, findings)))
    missing = any(f.needed and not f.works for f in findings)
    return MissingPieceError.exit_code if missing else 0


def examine() -> list[Finding]:
    """Every finding, in the order in which a picture is made."""
    return [_python(), *_engines(), *_formats(), _console()]


def _line(finding: Finding) -> str:
    sign = "ok  " if finding.works else "MISS" if finding.needed else "-   "
    remedy = f"; to have it: {finding.remedy}" if finding.remedy and not finding.works else ""
    text = f"{sign}  {finding.what}: {finding.found}{remedy}"
    return textwrap.fill(text, 80, subsequent_indent=" " * 6, break_on_hyphens=False)


def _python() -> Finding:
    import platform
    from importlib.metadata import version

    parts = [f"{name} {version(name)}" for name in ("numpy", "networkx", "graphviz", "matplotlib")]
    return Finding("Python", True, f"{platform.python_version()} with {', '.join(parts)}")


def _engines() -> list[Finding]:
    from backviz.diagrams.layout import ENGINES, Edge, Node, Plan

    plan = Plan((Node("a", 40, 30), Node("b", 40, 30)), (Edge("e", "a", "b", 20, 12),))
    findings = []
    for engine in ENGINES.values():
        reason = engine.missing()
        if reason is None:
            reason = _complaint(lambda e=engine: e.lay_out(plan, 10.0))  # type: ignore[misc]
        found = reason or engine.about
        needed = engine.name == "layered"
        findings.append(
            Finding(f"layout engine {engine.name}", reason is None, found, engine.remedy, needed)
        )
    return findings


def _formats() -> list[Finding]:
    from backviz.autodiff.value import Value
    from backviz.diagrams.figure import Figure
    from backviz.renderers import RENDERERS

    import_ops()
    x = Value(2.0, label="x")
    figure = Figure(x * x)
    findings = []
    for renderer in RENDERERS.values():
        reason = _complaint(lambda r=renderer: r(figure))  # type: ignore[misc]
        remedy = "pip install --force-reinstall backviz"
        findings.append(
            Finding(f"format {renderer.name}", reason is None, reason or renderer.about, remedy)
        )
    return findings


def import_ops() -> None:
    """Fill the table of ops."""
    import backviz.ops  # noqa: F401


def _console() -> Finding:
    import sys

    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    from backviz.cli.terminal import fitted

    signs = "∂ · → −"
    whole = fitted(signs, encoding) == signs
    said = (
        "shows every sign" if whole else f"shows {fitted(signs, encoding)} for {len(signs)} signs"
    )
    return Finding("console", whole, f"{encoding}, {said}", "set PYTHONUTF8=1", needed=False)


def _complaint(attempt: Callable[[], object]) -> str | None:
    """What went wrong when something was tried, in one line, or `None`."""
    try:
        attempt()
    except Exception as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return None
