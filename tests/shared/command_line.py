"""The command line as tests use it: in this process, as a process, at a terminal."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backviz.cli import _run

BACKVIZ = (sys.executable, "-m", "backviz")
SIMPLE = "L=a*b; a=2; b=3"
MODEL = """
import time
from pathlib import Path
from backviz import Value
a, b = Value(2.0), Value(3.0)
loss = a * b
number, _hidden = 3, a
def double(): return a * 2
def half(x): return x / 2
def optional(x=a): return x * 4
def fails(): raise ValueError("no way\\nat all")
def leaves(): raise SystemExit(7)
def ends(): raise SystemExit(0)
def misfit(): return Value([[1.0, 2.0]]) @ Value([[1.0, 2.0]])
def sleeps():
    Path("awake").touch()
    time.sleep(30)
"""


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


def call(*given: str, stdin: bytes = b"") -> Ran:
    """The command in this process, with streams like those of a pipe."""
    kept = sys.stdin, sys.stdout, sys.stderr
    buffers = [io.BytesIO(data) for data in (stdin, b"", b"")]
    streams = [io.TextIOWrapper(buffer, "utf-8", errors="strict") for buffer in buffers]
    sys.stdin, sys.stdout, sys.stderr = streams
    sys.stderr.reconfigure(errors="backslashreplace")
    try:
        code = _run(list(given))
        for stream in streams[1:]:
            stream.flush()
        return Ran(code, buffers[1].getvalue(), buffers[2].getvalue().decode())
    finally:
        sys.stdin, sys.stdout, sys.stderr = kept


def run(*given: str, stdin: bytes = b"", shell: str = "", **env: str) -> Ran:
    """The command as a process; `shell` is a line in which "$@" stands for it."""
    command = ["/bin/bash", "-o", "pipefail", "-c", shell, "-", *BACKVIZ] if shell else [*BACKVIZ]
    done = subprocess.run(
        [*command, *given],
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, **env},
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())


def on_a_terminal(*given: str, **env: str) -> tuple[int, bytes]:
    """The exit code and what appears when all three streams are a terminal."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **env}
    process = subprocess.Popen(
        [*BACKVIZ, *given], stdin=theirs, stdout=theirs, stderr=theirs, env=env
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        pass  # Linux says so when the last writer has gone
    os.close(ours)
    return process.wait(60), shown.replace(b"\r\n", b"\n")


def is_one_sentence(err: str) -> bool:
    """One line, or one line and under it the source, or the operands' shapes, with carets."""
    _, *shown = err.splitlines()
    carets = shown[1::2]
    under = all(re.fullmatch(r" {2,}\^+", line) for line in carets) and bool(carets)
    source = under and len(shown) == 2 and shown[0].startswith("  ")
    shapes = under and all(re.fullmatch(r"  \S.*\(.*\)", line) for line in shown[::2])
    told = not shown or source or shapes
    return err.startswith("backviz: ") and err.endswith("\n") and told


def refused(ran: Ran, code: int, *said: str) -> None:
    assert ran.code == code, ran
    assert ran.out == b""
    assert is_one_sentence(ran.err), ran.err
    assert "Traceback" not in ran.err
    for words in said:
        assert words in ran.err
    assert not list(Path().iterdir())


@cache
def doctor(*options: str) -> Ran:
    """What the doctor says of this machine; it tries everything, which takes a second."""
    return call("doctor", *options)
