"""`backviz.toml`: what stands once for all commands, and where it is looked for."""

import json
import re
from pathlib import Path

import pytest
from command_line import call
from quick import one_in

from backviz.cli import cli
from backviz.cli.help import Command
from backviz.cli.kept import Kept
from backviz.defaults import KEYS, Defaults, in_force
from backviz.diagrams.style import Style

SOURCE = "L=a*b; a=2.5; b=3"
FILE = Path("backviz.toml")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A project that begins here, whatever lies above."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    return tmp_path


def manifest(*given):
    ran = call(*given, "-q", "--json")
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


@pytest.mark.parametrize(
    "command", [["graph", SOURCE], ["steps", SOURCE], ["animate", "tangent", "--frames", "2"]]
)
def test_a_file_is_as_if_its_options_were_given(command):
    end = {"graph": "svg", "steps": "html", "animate": "png"}[command[0]]
    given = ["--theme", "dark", "--for", "half", "--lang", "ru", "--decimal", ","]
    assert call(*command, *given, "-o", f"given.{end}").code == 0
    FILE.write_text('theme = "dark"\nfor = "half"\nlang = "ru"\ndecimal = ","\n')
    told = manifest(*command, "-o", f"kept.{end}")
    assert Path(f"kept.{end}").read_bytes() == Path(f"given.{end}").read_bytes()
    used = {"theme": "dark", "for": "half", "lang": "ru", "decimal": ","}
    assert told["defaults"] == {"file": "backviz.toml", "used": used}


@pytest.mark.parametrize(
    "command",
    [["describe", SOURCE], ["table", SOURCE], ["step", SOURCE, "--commands", "n;p a"],
     ["explain", "tanh"]],
)  # fmt: skip
def test_text_takes_its_language_and_mark_from_it_too(command):
    plain = call(*command)
    expected = call(*command, "--lang", "ru", "--decimal", ",")
    FILE.write_text('lang = "ru"\ndecimal = ","\n')
    assert call(*command) == expected != plain
    assert call(*command, "--lang", "en", "--decimal", ".") == plain


def test_what_is_given_goes_before_the_file():
    FILE.write_text('theme = "dark"\nlang = "ru"\n')
    told = manifest("graph", SOURCE, "--theme", "light", "-o", "g.svg")
    assert told["defaults"]["used"] == {"lang": "ru"}
    assert b"#14181d" not in Path("g.svg").read_bytes()


def test_without_a_file_the_manifest_says_so():
    assert manifest("graph", SOURCE, "-o", "g.svg")["defaults"] is None


# Where it is looked for


def test_the_file_of_the_project_s_root_counts_wherever_one_works_in_it(folder, monkeypatch):
    FILE.write_text('theme = "dark"')
    (folder / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(folder / "a" / "b")
    assert in_force() == Defaults(str(Path("..", "..", "backviz.toml")), {"theme": "dark"})


@pytest.mark.parametrize("marker", [".git", "pyproject.toml"])
def test_nothing_above_the_root_counts(folder, monkeypatch, marker):
    FILE.write_text('theme = "dark"')
    inner = folder / "inner"
    (inner / "deep").mkdir(parents=True)
    (inner / marker).write_text("")
    monkeypatch.chdir(inner / "deep")
    assert in_force() == Defaults()


def test_pyproject_has_a_table_and_the_own_file_goes_before():
    shared = Path("pyproject.toml")
    shared.write_text('[project]\nname = "x"\n[tool.backviz]\nlang = "ru"\n')
    assert in_force() == Defaults("pyproject.toml", {"lang": "ru"})
    FILE.write_text("digits = 5")
    assert in_force() == Defaults("backviz.toml", {"digits": 5})


@pytest.mark.parametrize("text", ["[tool.black]\n", "this is no TOML"])
def test_somebody_else_s_pyproject_says_nothing(text):
    Path("pyproject.toml").write_text(text)
    assert in_force() == Defaults()


# What is wrong in it


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('them = "dark"', "backviz.toml: unknown setting 'them'; did you mean 'theme'?"),
        ('theme = "drak"', "backviz.toml: unknown theme 'drak'; did you mean 'dark'?"),
        ('for = "slid"', "backviz.toml: unknown size 'slid'; did you mean 'slide'?"),
        ("digits = true", "backviz.toml: digits takes a whole number, as in digits = 3, not True"),
        ("digits = 99", "backviz.toml: digits 99 is out of range; use 0 to 17"),
        ("lang = 1", 'backviz.toml: lang takes a text, as in theme = "dark", not 1'),
        ("lang = ", "backviz.toml is no TOML: "),
        ("[graph]\n", "backviz.toml: unknown setting 'graph'"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(folder, text, said):
    FILE.write_text(text)
    ran = call("graph", SOURCE, "-o", "g.svg")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, b"", 1)
    assert ran.err.startswith(f"backviz: {said}")
    assert not Path("g.svg").exists()


def test_other_signs_than_utf_8_are_one_sentence():
    FILE.write_bytes(b'lang = "\xff"')
    assert call("describe", SOURCE).err == "backviz: backviz.toml is not UTF-8; save it as UTF-8\n"


@pytest.mark.slow
@pytest.mark.parametrize("text", one_in(2, ['theme = "drak"', "theme = "]))
def test_help_and_doctor_work_whatever_stands_in_it(text):
    plain = {name: call(*name.split(), "--help") for name in ("graph", "animate tangent")}
    FILE.write_text(text)
    assert {name: call(*name.split(), "--help") for name in plain} == plain
    ran = call("doctor")
    assert ran.code == 3 and "MISS  defaults: backviz.toml" in ran.out.decode()
    FILE.write_text('theme = "dark"')
    assert "ok    defaults: backviz.toml: theme = 'dark'\n" in call("doctor").out.decode()


# What there is


def test_every_setting_is_an_option_and_a_part_of_the_style():
    options = {
        option.lstrip("-")
        for command in cli.commands.values()
        if isinstance(command, Command)
        for param in command.params
        for option in param.opts
    }
    assert KEYS.keys() <= options
    assert {"size" if key == "for" else key for key in KEYS} <= {*Style.__dataclass_fields__}
    assert all(
        Kept(command.params).keys_of for name, command in cli.commands.items()
        if name in ("graph", "steps", "step", "describe", "table", "explain")
    )  # fmt: skip


def test_the_page_lists_every_setting():
    page = Path(__file__).parents[1].joinpath("docs", "command-line.md").read_text("utf-8")
    section = page.partition("## Defaults for a project")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert rows == [*KEYS]
