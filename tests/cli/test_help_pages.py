"""Every help page is true: options once, names that work, examples that run."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from command_line import MODEL, call, run
from quick import all_but

from backviz import __version__
from backviz.cli import _run, cli
from backviz.cli.listing import LISTS
from backviz.diagrams.layout import ENGINES
from backviz.diagrams.style import FOLDS
from backviz.diagrams.theme import PRESETS, THEMES
from backviz.renderers import RENDERERS
from backviz.sources import EXAMPLES
from backviz.tables import TABLES
from backviz.words import LANGUAGES


def commands() -> dict[str, click.Command]:
    return {"": cli, **cli.commands}


def help_of(name: str) -> str:
    ran = call(*name.split(), "--help")
    assert (ran.code, ran.err) == (0, "")
    return ran.text


@pytest.mark.parametrize("name", commands())
def test_help_describes_each_option_once(name):
    section = help_of(name).split("Options:\n")[1].split("Commands:")[0]
    defined = re.findall(r"^  (-.*?)(?:  |$)", section, re.MULTILINE)
    given = [o for line in defined for o in re.findall(r"--?[A-Za-z][\w-]*", line)]
    command = commands()[name]
    with click.Context(command, help_option_names=["-h", "--help"]) as context:
        options = [p for p in command.get_params(context) if isinstance(p, click.Option)]
    assert sorted(given) == sorted(o for p in options for o in [*p.opts, *p.secondary_opts])
    assert len(given) == len(set(given))
    assert all(getattr(p, "help", "") for p in options)


@pytest.mark.parametrize("name", commands())
def test_help_fits_eighty_columns_and_names_every_command(name):
    text = help_of(name)
    assert all(len(line) <= 80 for line in text.splitlines())
    if not name:
        assert all(f"\n  {c.name} " in text for c in cli.commands.values() if not c.hidden)


def examples_in_help() -> list[str]:
    lines = [
        line.strip()
        for command in cli.commands.values()
        for line in (command.help or "").splitlines()
    ]
    return [line for line in lines if line.startswith("backviz ")]


def test_help_has_examples():
    assert len(examples_in_help()) >= 3


FILMS = [
    line
    for line in examples_in_help()
    if line.endswith((".mp4", "out/%02d.png'")) or ".gif " in line
]


@pytest.mark.parametrize("example", all_but(FILMS, examples_in_help()))
def test_the_examples_in_help_run(example):
    Path("model.py").write_text(MODEL)
    _, *given = shlex.split(example)
    ran = call(*given)
    assert ran.code == 0
    if "-o" not in given:
        assert ran.text.count("\n") >= 2
        return
    assert ran.out == b""
    target = given[given.index("-o") + 1]
    if "%" in target:
        target %= 1
    assert f"wrote {target} " in ran.err
    assert Path(target).stat().st_size > 1000


def test_the_sources_named_in_help_work():
    said = " ".join(help_of("").split())
    assert "'L=(a*b+c)*(a-c); a=2; b=3; c=4'" in said
    assert call("describe", "L=(a*b+c)*(a-c); a=2; b=3; c=4").text.startswith("L = −20\n")
    for name in re.findall(r"@([\w-]+)", said):
        assert name in EXAMPLES


def names_in_help(command: str, option: str) -> list[str]:
    """The choices that an option's help lists: "a, b or c", or "a: …; b: …"."""
    (found,) = [p for p in cli.commands[command].params if option in p.opts]
    assert isinstance(found, click.Option)
    if "|" in (found.metavar or ""):
        return str(found.metavar).split("|")
    text = re.sub(r"\s+\[.*\]$", "", found.help or "").removesuffix(".")
    if ";" in text:
        return [re.match(r"\s*(\w+)", part)[1] for part in text.split(";")]
    return re.split(r", | or ", text.partition(":")[0])


@pytest.mark.parametrize(
    ("command", "option", "registry"),
    [
        ("graph", "--format", [*RENDERERS]),
        ("graph", "--for", [*PRESETS]),
        ("graph", "--theme", [*THEMES]),
        ("graph", "--engine", [*ENGINES]),
        ("graph", "--fold", [*FOLDS]),
        ("graph", "--lang", [*LANGUAGES]),
        ("graph", "--direction", ["LR", "TB"]),
        ("graph", "--text", ["outline", "keep"]),
        ("graph", "--decimal", [".", ","]),
        ("describe", "--lang", [*LANGUAGES]),
        ("table", "--lang", [*LANGUAGES]),
        ("table", "--format", [*TABLES]),
    ],
)
def test_the_names_in_help_are_those_that_work(command, option, registry):
    assert sorted(names_in_help(command, option)) == sorted(registry)


def test_the_lists_in_help_are_those_that_work():
    first = (cli.commands["list"].help or "").split("\n\n")[0]
    listed = re.split(r", | or ", " ".join(first.split()).removeprefix("List WHAT: ")[:-1])
    assert listed == [*LISTS]


def test_the_exit_codes_in_help_are_those_of_the_errors():
    from backviz import errors

    said = " ".join(help_of("").split())
    codes = {int(n) for n in re.findall(r"(\d+) \w", said.partition("Exit codes:")[2])}
    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    assert {c.exit_code for c in classes if hasattr(c, "exit_code")} <= codes
    assert {0, 130} <= codes


def test_the_version_is_said():
    assert call("--version").text == f"backviz, version {__version__}\n"


def test_it_runs_as_a_module_and_as_a_program():
    program = Path(sys.executable).with_name("backviz")
    assert program.is_file()
    as_program = subprocess.run([program, "--version"], capture_output=True, check=True)
    assert as_program.stdout == run("--version").out == call("--version").out


@pytest.mark.parametrize("name", commands())
@pytest.mark.parametrize("encoding", ["ascii", "cp1251", "cp866"])
def test_help_can_be_shown_in_any_encoding(name, encoding):
    out = io.TextIOWrapper(io.BytesIO(), encoding)
    kept, sys.stdout = sys.stdout, out
    try:
        assert _run([*name.split(), "--help"]) == 0
    finally:
        sys.stdout = kept
    out.flush()
    assert b"Usage: backviz" in out.buffer.getvalue()
