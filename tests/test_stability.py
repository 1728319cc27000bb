"""What docs/stability.md promises is there, what is public stands there, and a name goes in words.

A test that fails here because a name is new wants it on the page; because one is gone, it wants
the name back, deprecated.
"""

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import click
import pytest
from command_line import call
from quick import all_but

import backviz
import backviz.extend
from backviz import errors
from backviz.cli import INTERRUPTED, cli
from backviz.cli.animate import SHARED
from backviz.stability import SCHEMA, deprecated
from backviz.stepping.scores import COLUMNS
from backviz.stepping.vocabulary import COMMANDS

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "stability.md").read_text("utf-8")
SOURCE = "L=a*b; a=2; b=3"
FILM = ["animate", "tangent", "--frames", "2"]


def section(title):
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(title):
    """The words of each list in a section."""
    return [block.split() for block in re.findall(r"```\n(.*?)```", section(title), re.DOTALL)]


def rows(title):
    """The first cell of each row of a section's table, and what is marked in the second."""
    for line in section(title).splitlines():
        if (found := re.match(r"\| `([^`]+)`(.*?)\| (.*) \|", line)) is not None:
            yield found[1] + found[2].rstrip(), re.findall(r"`([^`]+)`", found[3])


def test_the_names_in_python():
    ours, extenders = blocks("Python")
    assert sorted(ours) == sorted(backviz.__all__)
    assert sorted(extenders) == sorted(backviz.extend.__all__)
    assert all(hasattr(backviz, name) for name in ours)


def test_the_options_of_every_command():
    said = {name: set(options) for name, options in rows("The command line")}
    commands = {n: c.params for n, c in cli.commands.items() if not c.hidden}
    commands["animate SCENE"] = [*SHARED, *cli.commands["completion"].params]
    there = {
        name: {
            option
            for param in params
            if isinstance(param, click.Option)
            for option in (*param.opts, *param.secondary_opts)
        }
        for name, params in commands.items()
    }
    assert said == there


def test_the_exit_codes():
    told = {int(n) for n in re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)}
    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    codes = {c.exit_code for c in classes if hasattr(c, "exit_code")}
    assert told == codes | {0, INTERRUPTED}


def test_the_columns_of_a_score_file():
    (names,) = blocks("The score file of a quiz")
    assert tuple(names) == COLUMNS


def test_the_commands_of_scripts():
    (names,) = blocks("Scripts of the stepper")
    assert sorted(names) == sorted(COMMANDS)


PRINTED = {
    "graph -o FILE --json": ["graph", SOURCE, "-o", "g.png", "--json"],
    "steps -o FILE --json": ["steps", SOURCE, "-o", "b.pdf", "--json"],
    "compare -o FILE --json": ["compare", SOURCE, "L=a+b; a=2; b=3", "-o", "c.png", "--json"],
    "animate SCENE -o FILE --json": [*FILM, "-o", "t.png", "--json"],
    "step --json": ["step", SOURCE, "--commands", "n", "--json"],
    "explain NAME --json": ["explain", "tanh", "--json"],
    "explain --json": ["explain", "--json"],
    "check --json": ["check", SOURCE, "--json"],
    "diagnose --json": ["diagnose", SOURCE, "--json"],
    "train --json": ["train", SOURCE, "--steps", "3", "--json"],
    "list WHAT --json": ["list", "themes", "--json"],
    "doctor --json": ["doctor", "--json"],
    "graph -F json": ["graph", SOURCE, "-F", "json"],
    "table -F json": ["table", SOURCE, "-F", "json"],
    "animate SCENE -F json": [*FILM, "-F", "json", "-o", "-"],
}  # fmt: skip


def test_the_fields_of_all_that_is_json(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told, made = dict.fromkeys(PRINTED), {}
    for name, fields in rows("JSON"):
        if name in PRINTED:
            made = json.loads(call(*PRINTED[name]).out)
            assert made["schema"] == SCHEMA == 1
            assert fields == [*made], name
            told[name] = fields
        else:
            key = name.removesuffix(" of it, each")
            assert all(fields == [*row] for row in made[key]), key
    assert all(told.values())
    assert f"now {SCHEMA}." in section("JSON")


@pytest.mark.parametrize("name", all_but(["doctor --json"], PRINTED))
def test_json_is_the_same_whatever_language_the_system_speaks(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKVIZ_LANG", "en")
    english = call(*PRINTED[name]).out
    monkeypatch.setenv("BACKVIZ_LANG", "ru")
    assert call(*PRINTED[name]).out == english


def test_every_option_json_and_every_json_format_is_promised():
    promised = {line[0] for line in PRINTED.values() if "--json" in line}
    options = {n for n, c in cli.commands.items() if any("--json" in p.opts for p in c.params)}
    assert promised == options | {"animate"}
    formats = {"graph": "RENDERERS", "table": "TABLES", "animate": "FORMATS"}
    for command, table in formats.items():
        assert "json" in getattr(backviz.extend, table)
        assert any(line[0] == command and "-F" in line for line in PRINTED.values())


def test_the_pages_agree_on_the_exit_codes():
    page = (DOCS / "command-line.md").read_text("utf-8").partition("## Exit codes")[2]
    numbers = re.findall(r"^\| (\d+) \|", page, re.MULTILINE)
    assert numbers == re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)


# How a name goes


def test_a_deprecated_name_warns_at_the_line_that_uses_it():
    with pytest.warns(backviz.BackvizDeprecationWarning, match="gone in 0.4; use new") as said:
        deprecated("old", "new", since="0.2", gone="0.4")
    assert [warning.filename for warning in said] == [__file__]


def test_a_person_sees_it_in_their_own_program(tmp_path):
    program = tmp_path / "lecture.py"
    program.write_text("from backviz.stability import deprecated\ndeprecated('a', 'b', '1', '2')\n")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    assert "lecture.py:2: BackvizDeprecationWarning: a is deprecated" in done.stderr


@pytest.mark.slow
def test_nothing_that_is_promised_is_deprecated_now(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", backviz.BackvizDeprecationWarning)
        for line in PRINTED.values():
            assert call(*line).code == 0
