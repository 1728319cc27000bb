"""What a terminal gets: signs of any encoding, no pictures, no escapes; an interrupt."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest
from command_line import (
    BACKVIZ,
    SIMPLE,
    call,
    doctor,
    on_a_terminal,
)
from quick import one_in, slow

from backviz.cli import _run
from backviz.cli.listing import LISTS
from backviz.cli.terminal import fitted
from backviz.renderers import RENDERERS
from backviz.sources import EXAMPLES


@pytest.mark.parametrize("encoding", one_in(3, ["ascii", "cp1251", "cp866"]))
def test_a_terminal_of_any_encoding_shows_readable_text(encoding):
    given = "L=tanh(a**2*b)-1/2; a=2; b=-3"
    code, shown = on_a_terminal("describe", given, PYTHONIOENCODING=encoding)
    text = shown.decode(encoding)
    assert code == 0
    assert "Traceback" not in text
    assert text.startswith("L = -1.5\n")
    assert "?" not in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1251"])
def test_an_error_on_a_terminal_of_any_encoding_is_readable(encoding):
    code, shown = on_a_terminal("describe", "L=a*(", PYTHONIOENCODING=encoding)
    assert (code, shown.decode(encoding)) == (
        5,
        "backviz: the expression cannot be read: the bracket is never closed\n  L=a*(\n      ^\n",
    )


@cache
def printed() -> dict[tuple[str, ...], str]:
    """What commands print, by their words."""
    given = [("list", what) for what in LISTS]
    given += [(word, f"@{name}") for name in EXAMPLES for word in ("describe", "table")]
    return {words: call(*words).text for words in given} | {("doctor",): doctor().text}


@pytest.mark.parametrize("encoding", ["ascii", "cp1251", "cp866"])
def test_every_sign_that_is_printed_has_a_readable_stand_in(encoding):
    for words, text in printed().items():
        assert fitted(text, encoding).count("?") == text.count("?"), words


@pytest.mark.parametrize("form", [r.name for r in RENDERERS.values() if r.drawn])
def test_a_picture_is_not_poured_into_a_terminal(form, monkeypatch):
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    screen, said = Terminal(io.BytesIO()), io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        patch.setattr(sys, "stderr", said)
        assert _run(["graph", SIMPLE, "-F", form]) == 2
    assert screen.buffer.getvalue() == b""
    assert said.getvalue().endswith(f"add -o FILE, for example -o graph.{form}\n")


@pytest.mark.slow
def test_a_picture_for_a_terminal_is_refused_with_a_hint():
    code, shown = on_a_terminal("graph", SIMPLE, "-F", "png")
    assert (code, shown) == (
        2,
        b"backviz: a picture is no text for a terminal; add -o FILE, for example -o graph.png\n",
    )


def test_text_formats_are_shown_on_a_terminal():
    code, shown = on_a_terminal("graph", SIMPLE, "-F", "json")
    assert (code, json.loads(shown)["nodes"][0]["label"]) == (0, "a")


@pytest.mark.parametrize("given", one_in(3, ["--help", "list ops", "graph L=a*("]))
def test_no_escapes_reach_a_terminal(given):
    _, shown = on_a_terminal(*given.split(), NO_COLOR="1")
    assert b"\x1b" not in shown


def test_no_escapes_reach_a_pipe():
    shown = [("describe", SIMPLE), ("list",), ("--help",), ("graph", "L=a*(")]
    for ran in (*(call(*given) for given in shown), doctor()):
        assert "\x1b" not in ran.err + ran.text


def test_an_interrupt_gives_exit_code_130_and_no_file(model):
    process = subprocess.Popen(
        [*BACKVIZ, "graph", f"{model}:sleeps", "-o", "g.svg"], stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 30
    while not Path("awake").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.lstrip()) == (130, b"backviz: interrupted\n")
    assert [p.name for p in Path().iterdir()] == ["awake"]


HEAVY = ("numpy", "networkx", "matplotlib", "graphviz", "wasmtime", "fontTools", "PIL")


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("from backviz.cli import _run; _run(['--help'])", HEAVY),
        ("from backviz.cli import _run; _run(['graph', '--help'])", HEAVY),
        ("import backviz", HEAVY[1:]),
        ("import backviz; backviz.Value(2.0)", HEAVY[1:]),
        slow(
            (
                "from backviz.cli import _run; _run(['describe', '@simple'])",
                ("matplotlib", "wasmtime"),
            )
        ),
        slow(
            (
                "from backviz.cli import _run; _run(['graph', '@simple', '-F', 'svg'])",
                ("matplotlib",),
            )
        ),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code, absent):
    script = f"import sys\n{code}\nprint([m for m in {absent!r} if m in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, timeout=60
    )
    assert ran.stdout.splitlines()[-1] == b"[]"
