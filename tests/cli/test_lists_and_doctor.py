"""`backviz list` and `backviz doctor` name all there is, in order."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import click
import pytest
from command_line import (
    SIMPLE,
    call,
    doctor,
    refused,
)

from backviz.cli import cli
from backviz.cli.listing import LISTS
from backviz.course import COURSE
from backviz.diagrams.layout import ENGINES
from backviz.diagrams.theme import PRESETS, THEMES
from backviz.formats import WRITTEN
from backviz.lessons import LESSONS
from backviz.movies.formats import FORMATS
from backviz.ops import OPS
from backviz.optim import OPTIMIZERS, SCHEDULES
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.scenes import SCENES
from backviz.scenes.surfaces import SURFACES
from backviz.sources import EXAMPLES
from backviz.stepping.vocabulary import COMMANDS
from backviz.tables import TABLES
from backviz.words import LANGUAGES

REGISTRIES = {
    "examples": [f"@{name}" for name in EXAMPLES],
    "scenes": [*SCENES],
    "ops": sorted(op.name for op in OPS.values() if op.public),
    "formats": [*dict.fromkeys(name for column in WRITTEN.values() for name in column)],
    "builds": [*BUILDERS],
    "films": [*FORMATS],
    "tables": [*TABLES],
    "themes": [*THEMES],
    "sizes": [*PRESETS],
    "engines": [*ENGINES],
    "languages": [*LANGUAGES],
    "topics": [*LESSONS],
    "commands": [*COMMANDS],
    "optimizers": [*OPTIMIZERS],
    "schedules": [*SCHEDULES],
    "surfaces": [*SURFACES, "network"],
    "course": [*COURSE],
    "options": [name for name, c in cli.commands.items() if not c.hidden],
}


def test_every_registry_has_its_list():
    assert [*REGISTRIES] == [*LISTS]


@pytest.mark.parametrize("what", REGISTRIES)
def test_a_list_names_everything_in_order(what):
    ran = call("list", what, "--json")
    rows = json.loads(ran.text)["rows"]
    assert (ran.code, ran.err) == (0, "")
    assert [row["name"] for row in rows] == REGISTRIES[what]
    text = call("list", what).text
    heads = [line.split()[0] for line in text.splitlines() if not line.startswith(" ")]
    assert heads == REGISTRIES[what]
    assert all(len(line) <= 80 for line in text.splitlines())
    squeezed = "".join(text.split())
    cells = [cell for row in rows for cell in row.values() if not isinstance(cell, list)]
    assert all("".join(str(cell).split()) in squeezed for cell in cells)


def test_the_options_of_every_command_are_listed_for_programs():
    rows = {r["name"]: r for r in json.loads(call("list", "options", "--json").text)["rows"]}
    theme = next(o for o in rows["graph"]["options"] if "--theme" in o["names"])
    assert (theme["takes"], theme["default"], theme["heading"]) == ("NAME", "light", "")
    for name, command in cli.commands.items():
        given = {o for p in command.params if isinstance(p, click.Option) for o in p.opts}
        if not command.hidden:
            assert given <= {n for o in rows[name]["options"] for n in o["names"]}
    assert any("--still" in o["names"] for o in rows["animate"]["options"])


def test_the_list_of_lists_counts():
    rows = json.loads(call("list", "--json").text)["rows"]
    assert {r["name"]: r["count"] for r in rows} == {k: len(v) for k, v in REGISTRIES.items()}
    assert [line.split() for line in call("list").text.splitlines()] == [
        [k, str(len(v))] for k, v in REGISTRIES.items()
    ]


PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))


DEPENDENCIES = [re.match(r"[\w-]+", each)[0] for each in PYPROJECT["project"]["dependencies"]]


@pytest.mark.slow
def test_the_doctor_finds_every_piece_in_order():
    ran, as_json = doctor(), doctor("--json")
    assert (ran.code, as_json.code) == (0, 0)
    findings = json.loads(as_json.text)["findings"]
    assert [f["what"] for f in findings] == [
        "Python",
        *(f"package {name}" for name in DEPENDENCIES),
        "font",
        *(f"layout engine {name}" for name in ENGINES),
        *(f"format {name}" for name in RENDERERS),
        *(f"build {name}" for name in BUILDERS),
        *(f"film {name}" for name in FORMATS),
        "console",
        "defaults",
    ]
    assert max(map(len, ran.text.splitlines())) <= 80
    whole = ran.text.replace("\n      ", " ")  # a finding goes on under itself
    for finding, line in zip(findings, whole.splitlines(), strict=True):
        sign = line[:4].strip()
        assert sign == ("ok" if finding["works"] else "MISS" if finding["needed"] else "-")
        assert finding["what"] in line
        assert finding["works"] or finding["remedy"] in line


def test_a_missing_engine_gives_exit_code_3_and_a_remedy(monkeypatch):
    monkeypatch.setenv("PATH", "")
    refused(call("graph", SIMPLE, "--engine", "dot", "-o", "g.svg"), 3, "install Graphviz")
