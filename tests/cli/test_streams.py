"""Streams that are closed, steered or interrupted: a sentence, and nothing that steers back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import call, on_a_terminal, run
from quick import one_in

posix = pytest.mark.skipif(os.name == "nt", reason="closes descriptors as a POSIX shell does")
FILES = [
    "graph @simple -o a.png",
    "steps @simple -o a.pdf",
    "steps @simple -o %d.svg",
    "animate tangent --still 0 -o a.png",
    "table @simple -o a.csv",
]
TEXTS = [
    "graph @simple",
    "graph @simple -F text",
    "graph @simple -o a.json --json",
    "animate tangent -F csv -o -",
    "describe @simple",
    "check @simple",
    "explain accumulate",
    "list",
    "step @simple --commands n",
]


# Closed streams


@posix
@pytest.mark.parametrize("given", one_in(6, FILES, 1))
def test_a_file_is_written_whatever_is_closed(given):
    ran = run(*given.split(), shell='"$@" <&- >&- 2>&-')
    assert (ran.code, ran.out, ran.err) == (0, b"", "")
    assert all(made.stat().st_size > 100 for made in Path().iterdir())
    assert [*Path().iterdir()]


@posix
def test_what_was_written_is_said_where_standard_output_is_closed():
    ran = run("graph", "@simple", "-o", "a.svg", shell='"$@" >&-')
    assert (ran.code, ran.out) == (0, b"")
    assert ran.err.startswith("backviz: wrote a.svg (") and ran.err.count("\n") == 1


@posix
@pytest.mark.parametrize("given", one_in(9, TEXTS))
def test_text_that_nobody_can_read_is_a_sentence(given):
    ran = run(*given.split(), shell='"$@" >&-')
    assert (ran.code, ran.out) == (1, b"")
    assert ran.err == "backviz: cannot write to standard output: it is closed; add -o FILE\n"


@posix
@pytest.mark.parametrize(
    "given", one_in(3, ["check @simple", "graph @simple -F text", "step @simple --commands n"])
)
def test_text_is_printed_where_the_other_streams_are_closed(given):
    whole = call(*given.split())
    ran = run(*given.split(), shell='"$@" <&- 2>&-')
    assert (ran.code, ran.out, ran.err) == (0, whole.out, "")


@posix
def test_a_step_without_standard_input_asks_for_its_commands():
    ran = run("step", "@simple", shell='"$@" <&-')
    assert (ran.code, ran.out) == (2, b"")
    said = "standard input is closed; give the commands with --commands or --script"
    assert ran.err == f"backviz: {said}\n"


@pytest.mark.slow
@posix
def test_a_sentence_that_nobody_can_read_is_an_exit_code():
    for given, code in ((["graph", "L=a*("], 5), (["grph"], 2), (["graph", "@nope"], 2)):
        ran = run(*given, shell='"$@" 2>&-')
        assert (ran.code, ran.out, ran.err) == (code, b"", "")


@pytest.mark.parametrize(
    "given", one_in(3, ["graph @simple -o a.svg", "step @simple --commands n", "list"])
)
def test_without_a_console_there_are_no_streams_at_all(given):
    """As under pythonw, where all three are None and the descriptors are not there."""
    code = (
        "import sys; sys.stdin = sys.stdout = sys.stderr = None\n"
        "from backviz.cli import main; main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *given.split()], capture_output=True, text=True, check=False
    )
    expected = 0 if "-o" in given else 1
    assert (done.returncode, done.stdout, done.stderr) == (expected, "", "")


# What steers a terminal

EVIL = "\x1b]0;title\x07\x1b[31mred\x9b2J\u202e"
STEERING = [chr(c) for c in (*range(9), *range(11, 32), *range(127, 160)) if c != 13]
FILE = f"""
from backviz import Value, tensor
a, v = Value(2.0, {EVIL!r}), tensor([1.0, 2.0], {EVIL!r})
L = a * a + v.sum()
def shapes(): return v + tensor([1.0, 2.0, 3.0], {EVIL!r})
def fails(): raise ValueError({EVIL!r})
def leaves(): raise SystemExit({EVIL!r})
def wrong(): return (a - a) / (a - a)
"""


def steered(shown):
    text = shown.decode("utf-8", "replace").replace("\r", "")
    return [c for c in [*STEERING, "\u202e"] if c in text]


@pytest.mark.parametrize(
    "given",
    [
        ["check", "model.py:L"],
        ["describe", "model.py:L"],
        ["table", "model.py:L"],
        ["graph", "model.py:L", "-F", "text"],
        ["graph", "model.py:L", "-F", "json"],
        ["graph", "model.py:L", "-F", "dot"],
        ["graph", "model.py:L", "-F", "mermaid"],
        ["graph", "model.py:L", "-F", "tikz"],
        ["graph", "model.py:L", "-F", "graphml"],
        ["explain", "--break", "accumulate", "--src", "model.py:L"],
        ["check", "model.py:shapes"],
        ["check", "model.py:fails"],
        ["check", "--debug", "model.py:fails"],
        ["check", "model.py:leaves"],
        ["check", "model.py:wrong"],
        ["check", f"model.py:{EVIL}"],
        ["graph", f"L={EVIL}"],
        ["graph", f"L=a*b; a={EVIL}; b=1"],
        ["graph", EVIL],
        [EVIL],
        ["graph", "@simple", f"--{EVIL}"],
        ["list", EVIL],
        ["graph", "@simple", "-o", f"{EVIL}.svg"],
        ["graph", "@simple", "-o", f"no{EVIL}/a.svg"],
        ["steps", "@simple", "-o", f"{EVIL}%d.svg"],
        ["animate", "tangent", "--still", "0", "-o", f"{EVIL}.png"],
    ],
    ids=lambda given: ascii(" ".join(given)).replace(ascii(EVIL)[1:-1], "EVIL"),
)
def test_what_somebody_else_wrote_does_not_steer_the_terminal(given):
    Path("model.py").write_text(FILE)
    ran = call(*given)
    assert ran.out or ran.err
    assert steered(ran.out + ran.err.encode()) == []


@posix
@pytest.mark.parametrize(
    "given", one_in(2, [["check", "model.py:L"], ["graph", "model.py:L", "-F", "json"]])
)
def test_nothing_steers_a_real_terminal(given):
    Path("model.py").write_text(FILE)
    _, shown = on_a_terminal(*given)
    assert shown
    assert steered(shown) == []


def test_what_a_program_reads_keeps_every_sign():
    Path("model.py").write_text(FILE)
    assert call("graph", "@simple", "-o", f"{EVIL}.json").code == 0
    ran = call("graph", "@simple", "-o", f"{EVIL}.dot", "--json")
    assert json.loads(ran.out)["files"][0]["path"] == f"{EVIL}.dot"


@posix
@pytest.mark.slow
@pytest.mark.parametrize("name", ["L", "fails"])
def test_the_stepper_echoes_and_tells_without_steering(name):
    Path("model.py").write_text(FILE)
    commands = f"n;why {EVIL};list;{EVIL};print {EVIL};c;save {EVIL}.svg"
    _, shown = on_a_terminal("step", f"model.py:{name}", "--commands", commands, NO_COLOR="1")
    assert steered(shown) == []
    _, shown = on_a_terminal("step", f"model.py:{name}", "--commands", commands)
    coloured = [part for part in shown.split(b"\x1b")[1:] if not part.startswith(b"[")]
    assert coloured == []
    assert b"]0;title" not in shown.replace("�]0;title".encode(), b"")


def test_bad_words_from_standard_input_are_quoted_without_steering():
    ran = call("graph", "-", stdin=f"L=a*{EVIL}".encode())
    assert ran.code == 5
    assert not steered(ran.err.encode())
    assert "�]0;title�" in ran.err


# Libraries, and Ctrl-C


@posix
@pytest.mark.parametrize(
    "given", ["animate tangent --still 0 -o a.png", "list scenes", "steps @simple -o a.pdf"]
)
@pytest.mark.slow
def test_no_library_remarks_on_a_home_that_cannot_be_written(given):
    ran = run(*given.split(), HOME="/proc", MPLCONFIGDIR="")
    assert ran.code == 0
    assert [line for line in ran.err.splitlines() if "atplotlib" in line or "mkdir" in line] == []


INTERRUPTED = """
import os, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(self, name, *_):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv[1:] = ["list", "themes"]
runpy.run_module("backviz", run_name="__main__")
"""


@posix
@pytest.mark.parametrize("name", ["click", "backviz.cli.graph", "backviz.diagrams.theme"])
def test_ctrl_c_during_an_import_is_no_traceback(name):
    code = INTERRUPTED.format(name=name)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.strip() in ("", "backviz: interrupted")


@posix
def test_ctrl_c_after_the_last_byte_is_too_late():
    """What Python does at its end is not ours to interrupt: the file is there, the code is 0."""
    code = (
        "import atexit, os, signal, sys\n"
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "sys.argv[1:] = ['list', 'themes']\n"
        "from backviz.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_while_a_class_is_made_is_ctrl_c(tmp_path):
    """Python 3.11 makes it a RuntimeError; it comes while libraries are imported."""
    path = tmp_path / "classes.py"
    path.write_text(
        "class Field:\n"
        "    def __set_name__(self, owner, name):\n"
        "        raise KeyboardInterrupt\n"
        "class Owner:\n"
        "    field = Field()\n"
    )
    ran = call("describe", f"{path}:Owner")
    assert ran.code == 130 and ran.err.split() == ["backviz:", "interrupted"]
