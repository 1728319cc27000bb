"""One way to choose a format: names and endings mean the same to every command."""

import json
import subprocess
import sys
from typing import get_args

import pytest
from command_line import call

from backviz import extend
from backviz.formats import WRITTEN, Format, Kind, every_format, resolve
from backviz.renderers.build_files import build_format

SOURCE = "L=a*b; a=2; b=3"
EVERY = dict(WRITTEN.items())


@pytest.mark.parametrize(
    ("command", "form", "ending"),
    [
        ("graph", "tex", "tex"), ("graph", "tikz", "tex"), ("graph", "mmd", "mmd"),
        ("steps", "tex", "tex"), ("steps", "tikz", "tex"), ("steps", "htm", "htm"),
        ("steps", "html", "htm"), ("steps", "htm", "html"), ("steps", "fragments", "svg"),
        ("table", "tex", "tex"), ("table", "latex", "tex"), ("table", "md", "md"),
    ],
)  # fmt: skip
def test_a_format_and_its_other_name_are_one(command, form, ending, tmp_path):
    place = tmp_path / f"a.{ending}"
    done = call(command, SOURCE, "-F", form, "-o", str(place))
    assert done.code == 0, done.err
    assert place.stat().st_size > 50


def test_a_film_too(tmp_path):
    place = tmp_path / "a.htm"
    done = call("animate", "tangent", "--frames", "2", "-F", "htm", "-o", str(place))
    assert done.code == 0 and place.read_bytes().startswith(b"<!doctype html>")


@pytest.mark.parametrize("formats", EVERY.values(), ids=list(EVERY))
def test_every_name_is_its_own_ending_or_agrees_with_it(formats):
    for name in formats:
        assert resolve(f"x.{name}", None, formats) == name
        assert resolve("-", name, formats) == resolve("x", name, formats) == name
        assert resolve(f"x.{name}", name, formats) == name


@pytest.mark.parametrize("command", ["graph", "steps", "table"])
def test_two_that_disagree_are_one_sentence(command, tmp_path):
    first, other = (name for name in list(EVERY[command])[:2])
    done = call(command, SOURCE, "-F", other, "-o", str(tmp_path / f"a.{first}"))
    assert done.code == 2 and "drop one of the two" in done.err and done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_disagrees_is_the_same_sentence(tmp_path):
    done = call("animate", "tangent", "-F", "gif", "-o", str(tmp_path / "a.mp4"))
    assert done.code == 2 and "ends in .mp4, but -F says gif; drop one of the two" in done.err


def test_the_ending_svg_is_fragments_or_numbered_files():
    assert build_format("a.svg") == "fragments" and build_format("%d.svg") == "svg"
    assert build_format("a.svg", "fragments") == "fragments"


@pytest.mark.parametrize("formats", EVERY.values(), ids=list(EVERY))
def test_every_format_is_one_kind_of_row(formats):
    for name, row in formats.items():
        assert isinstance(row, Format) and row.name == name and row.about
        assert row.kind in get_args(Kind)
        assert {formats.name_of(ending) for ending in row.endings} <= {name}
        assert callable(row.make)


def test_the_tables_of_extend_are_the_columns_of_one():
    """What a command writes is in the list of formats, whichever table it was entered in."""
    tables = (
        extend.RENDERERS, extend.BUILDERS, extend.FORMATS, extend.TRAININGS, extend.HANDOUTS,
        extend.TABLES,
    )  # fmt: skip
    assert [*WRITTEN] == ["graph", "steps", "animate", "train", "step", "table"]
    assert all(one is other for one, other in zip(WRITTEN.values(), tables, strict=True))
    row = extend.TableFormat("rows", "how many", lambda made, numbers, lang: str(len(made)), "data")
    with extend.TABLES.temporarily():
        extend.TABLES.enter(row)
        assert every_format()["rows"] == {"table": row}
        (listed,) = (r for r in read("list", "formats") if r["name"] == "rows")
        assert listed["written"] == [
            {"command": "table", "kind": "data", "endings": "rows", "about": "how many"}
        ]
        assert call("table", SOURCE, "-F", "rows").out == b"2\n"


def test_the_columns_stand_in_one_order_whatever_is_imported_first():
    program = "import backviz.tables; from backviz.formats import every_format, WRITTEN; "
    program += "print([*WRITTEN], every_format()['png'].keys())"
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.stdout.startswith("['graph', 'steps', 'animate', 'train', 'step', 'table'] "), (
        done.stderr
    )
    assert done.stdout.endswith("dict_keys(['graph', 'steps', 'animate'])\n")


def read(*words):
    return json.loads(call(*words, "--json").out)["rows"]


def test_the_list_of_formats_says_kinds_endings_and_commands():
    rows = {row["name"]: row for row in read("list", "formats")}
    assert rows["html"]["kinds"] == "page" and rows["html"]["endings"] == "html, htm"
    assert rows["svg"]["kinds"] == "picture, build"
    assert rows["tikz"]["commands"] == "graph, steps" and rows["tikz"]["kinds"] == "code"
    films = {row["name"] for row in read("list", "films") if row["kind"] == "film"}
    assert films == {"mp4", "gif", "webp"}
    assert [(one["command"], one["kind"]) for one in rows["png"]["written"]] == [
        ("graph", "picture"), ("steps", "build"), ("animate", "picture"),
    ]  # fmt: skip
    for command, of_one in (("steps", "builds"), ("animate", "films"), ("table", "tables")):
        for row in read("list", of_one):
            assert {"command": command} | row == {"name": row["name"]} | next(
                one for one in rows[row["name"]]["written"] if one["command"] == command
            )


def test_a_name_that_several_commands_know_gives_the_same_kind_in_each():
    """`tex` is code for TeX, `txt` text, `htm` a page: whoever writes it."""
    names = {name for table in EVERY.values() for name in table.names()}
    for name in names - {"svg", "png", "pdf"}:  # a picture, or the pages of a build
        kinds = {table[name].kind for table in EVERY.values() if name in table}
        assert len(kinds) == 1, (name, kinds)
    for several in (("tex", "latex"), ("txt", "text"), ("html", "htm")):
        for command, table in EVERY.items():
            assert len({name in table for name in several}) == 1, (command, several)
            assert len({table.name_of(name) for name in several if name in table}) <= 1
