"""A person who types at the prompt of a program, at a terminal of 80 columns."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Sequence

PROMPT = b"step> "
CTRL_C, CTRL_D = "\x03", "\x04"


def typed_into(program: str, lines: Sequence[str], **env: str) -> tuple[int, str]:
    """The exit code of a Python program and what its terminal shows.

    A line is typed at each prompt; one of a single control character is sent as it is.
    """
    keys = [x.encode() + (b"" if x in (CTRL_C, CTRL_D) else b"\n") for x in lines]
    code, shown = keys_into([sys.executable, "-c", program], keys, **{"NO_COLOR": "1"} | env)
    return code, shown.decode()


def keys_into(command: Sequence[str], keys: Sequence[bytes], **env: str) -> tuple[int, bytes]:
    """The same for any command and keys, some for each prompt."""
    ours, theirs = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "NO_COLOR": ""}
    around = {k: v for k, v in os.environ.items() if k != "PYTHONIOENCODING"}
    process = subprocess.Popen(
        [*command], stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, env=around | settings | env,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  (no threads)
    )  # fmt: skip
    os.close(theirs)
    shown, waiting, seen = b"", list(keys), 0
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                chunk = os.read(ours, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
        elif waiting and shown.count(PROMPT) > seen and shown.endswith(PROMPT):
            seen = shown.count(PROMPT)
            os.write(ours, waiting.pop(0))
        elif process.poll() is not None:
            break
    os.close(ours)
    process.kill()
    return process.wait(10), shown.replace(b"\r\n", b"\n")
