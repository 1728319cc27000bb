"""What a newcomer types first: help, a wrong name, TAB, and a doctor that names the right cure."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete
from command_line import BACKVIZ, call, run

from backviz import __version__
from backviz.cli import cli
from backviz.cli.completion import VARIABLE
from backviz.diagrams.layout import ENGINES
from backviz.diagrams.theme import PRESETS, THEMES
from backviz.lessons import LESSONS
from backviz.movies.formats import FORMATS
from backviz.ops import OPS
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.scenes import SCENES
from backviz.sources import EXAMPLES
from backviz.tables import TABLES
from backviz.words import LANGUAGES


def test_the_name_alone_shows_help_with_three_examples():
    ran = run()
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == run("--help").out
    examples = [line for line in ran.text.splitlines() if line.startswith("  backviz ")]
    assert len(examples) == 3
    assert max(map(len, ran.text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("given", "same"),
    [("help", "--help"), ("help graph", "graph --help"), ("version", "--version")],
)
def test_words_without_dashes_work_too(given, same):
    ran = call(*given.split())
    assert (ran.code, ran.err) == (0, "")
    assert ran == call(*same.split())
    assert ran.out


def test_help_for_a_scene_and_for_nothing_that_is():
    assert b"--curve" in call("help", "animate", "tangent").out
    ran = call("help", "grph")
    assert (ran.code, ran.out) == (2, b"")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["grph"], "no such command 'grph'; did you mean 'graph'? See backviz --help"),
        (["zzz"], "no such command 'zzz'; see backviz --help"),
        (
            ["graph", "@simple", "--tehme", "x"],
            "no such option '--tehme'; did you mean one of: ",
        ),
        (["graph", "-a"], "no such option '-a'; an expression that begins with - goes after --"),
        (["animate", "list"], "there is no scene 'list'; backviz animate --list shows the scenes"),
        (["animate", "tangnt"], "unknown scene 'tangnt'; did you mean 'tangent'?"),
        (["graph", "@simple", "-o", "x.mp4"], "backviz steps SRC -o x.mp4"),
        (["graph", "@simple", "-F", "gif"], "backviz steps SRC -o graph.gif"),
        (["graph", "@simple", "-o", "x.pptx"], "PowerPoint takes a picture: -o graph.png"),
        (["steps", "@simple", "-o", "x.pptx"], "a PNG for each step: -o 'out/%02d.png'"),
        (["steps", "@simple", "-F", "key"], "Keynote takes a PNG for each step"),
        (["completion", "bsh"], "unknown shell 'bsh'; did you mean 'bash'?"),
    ],
)
def test_a_near_miss_is_told_the_way(given, said):
    ran = call(*given)
    assert (ran.code, ran.out) == (2, b"")
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert not [*Path().iterdir()]


def test_counts_are_numbers():
    assert all(type(row["count"]) is int for row in json.loads(call("list", "--json").out)["rows"])


# TAB


def offered(*words):
    """What completion offers for the last word, as a shell asks for it."""
    complete = BashComplete(cli, {}, "backviz", VARIABLE)
    return [item.value for item in complete.get_completions([*words[:-1]], words[-1])]


COMPOSITE = [op.name for op in OPS.values() if op.parts is not None and op.public]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("graph", "@"), [f"@{name}" for name in EXAMPLES]),
        (("graph", ""), [f"@{name}" for name in EXAMPLES]),
        (("steps", "@simple", "--theme", ""), [*THEMES]),
        (("graph", "@simple", "--for", ""), [*PRESETS]),
        (("graph", "@simple", "--engine", ""), [*ENGINES]),
        (("graph", "@simple", "--lang", ""), [*LANGUAGES]),
        (("graph", "@simple", "-F", ""), [*RENDERERS]),
        (("steps", "@simple", "-F", ""), [*BUILDERS]),
        (("table", "@simple", "-F", ""), [*TABLES]),
        (("animate", "tangent", "-F", ""), [*FORMATS]),
        (("graph", "@simple", "--expand", ""), ["all", *COMPOSITE]),
        (("graph", "@simple", "--expand", "softmax,li"), ["softmax,linear"]),
        (("animate", "or"), [name for name in SCENES if name.startswith("or")]),
        (("animate", "tangent", "--curve", "s"), ["sine"]),
        (("explain", "accum"), ["accumulate"]),
        (("explain", "tanh"), ["tanh"]),
        (("explain", ""), [*LESSONS, *sorted(op.name for op in OPS.values() if op.public)]),
        (("list", "th"), ["themes"]),
        (("des",), ["describe"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
    ],
)
def test_tab_offers_what_there_is(words, names):
    found = offered(*words)
    assert [name for name in names if name not in found] == []
    assert {name for name in found if not name.startswith(words[-1])} == set()


def test_tab_offers_the_names_of_a_file():
    Path("model.py").write_text("from backviz import Value\nloss = Value(1.0)\ndef lost(): ...\n")
    assert offered("graph", "model.py:lo") == ["model.py:loss", "model.py:lost"]
    assert offered("graph", "nothing.py:lo") == []


def test_every_option_with_a_choice_offers_it():
    """An option whose help lists names offers them after TAB."""
    plain = click.Option(["-x"])
    for command in cli.commands.values():
        for param in command.params:
            listed = param.metavar and ("|" in param.metavar or param.metavar in ("PLACE", "PACE"))
            if listed and param.metavar != "[TOPIC|OP]":
                assert param._custom_shell_complete is not plain._custom_shell_complete, param
    assert offered("steps", "@simple", "--pass", "") == ["forward", "backward", "both"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "reply"),
    [("backviz graph @dia", "@diamond"), ("backviz graph @diamond --theme d", "dark")],
)
def test_bash_completes(words, reply, tmp_path):
    program = tmp_path / "bin" / "backviz"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {" ".join(BACKVIZ)} "$@"\n')
    program.chmod(0o755)
    script = (
        f'PATH={program.parent}:$PATH; eval "$(backviz completion bash)"\n'
        f"COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
        '_backviz_completion backviz; echo "${COMPREPLY[*]}"; echo "$COMP_WORDBREAKS"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[0] == reply, done.stderr
    assert not {"@", ":"} & {*done.stdout.split("\n", 1)[1]}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_lines_for_a_shell_call_back(shell):
    ran = call("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert f"{VARIABLE}={shell}_complete" in ran.text


# The doctor


@pytest.fixture
def fails(monkeypatch):
    """The findings that do not work, once something is broken."""

    def found():
        ran = call("doctor", "--json")
        rows = {row["what"]: row for row in json.loads(ran.out)["findings"] if not row["works"]}
        assert "pip install backviz" not in ran.text and "reinstall" not in ran.text
        return ran.code, {k: v for k, v in rows.items() if "engine" not in k}

    return found


@pytest.mark.slow
def test_the_doctor_names_a_package_that_is_too_old(fails, monkeypatch):
    real = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "3.1" if name == "networkx" else real(name)
    )
    code, found = fails()
    assert (code, [*found]) == (3, ["package networkx"])
    assert found["package networkx"]["found"].startswith("3.1 is older than 3.")
    assert found["package networkx"]["remedy"].startswith("pip install --upgrade 'networkx>=3.")


def test_the_doctor_names_a_package_that_is_missing(fails, monkeypatch):
    real = importlib.metadata.version

    def version(name):
        if name == "av":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setitem(sys.modules, "av", None)
    for name in ("video", "gif", "pipe", "scrubber", "stills", "data_files"):  # as in a new process
        monkeypatch.delitem(sys.modules, f"backviz.movies.{name}", raising=False)
    code, found = fails()
    films = [f"{kind} {name}" for kind in ("build", "film") for name in ("mp4", "gif", "webp")]
    assert (code, {*found}) == (3, {"package av", *films})
    assert {found[film]["remedy"] for film in films} == {"pip install --upgrade av"}


@pytest.mark.slow
def test_the_doctor_names_the_package_that_an_error_came_from(fails, monkeypatch):
    """As networkx before 3.4, which did not know the keyword."""
    import networkx

    real = networkx.node_link_data
    monkeypatch.setattr(networkx, "node_link_data", lambda *a, **k: real(*a, **k, nonsense=1))
    code, found = fails()
    assert (code, [*found]) == (3, ["format json"])
    assert "unexpected keyword argument" in found["format json"]["found"]


@pytest.mark.slow
def test_the_doctor_does_not_blame_a_package_for_our_own_fault(fails, monkeypatch):
    def broken(figure):
        raise OSError("no font here")

    monkeypatch.setattr("backviz.renderers.svg.svg", broken)
    code, found = fails()
    assert (code, [*found]) == (3, ["format svg"])
    assert found["format svg"]["found"] == "no font here"
    assert found["format svg"]["remedy"] == "backviz doctor --debug, and tell what it shows"
    assert 'raise OSError("no font here")' in call("doctor", "--debug").err


def test_the_version_is_that_of_the_package():
    assert call("version").text == f"backviz, version {__version__}\n"
