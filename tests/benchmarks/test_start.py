"""How fast the command line starts, and what a long chain costs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from interleaved import compare

import backviz

PYTHON = sys.executable


def process(*command):
    # compiled files are written on the first turn, which does not count
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(command, check=True, capture_output=True, env=env)


def script():
    """The installed command, as a person starts it."""
    beside = Path(PYTHON).with_name("backviz")
    return str(beside) if beside.exists() else shutil.which("backviz")


def test_help_against_importing_click(record_ratio):
    if script() is None:
        pytest.fail("the command backviz is not installed")
    click = process(PYTHON, "-c", "import click")
    record_ratio(compare("backviz --help / import click", process(script(), "--help"), click, 1.6))


def test_import_against_importing_numpy(record_ratio):
    numpy = process(PYTHON, "-c", "import numpy")
    ours = process(PYTHON, "-c", "import backviz; backviz.Value(1.0) * 2")
    record_ratio(compare("first Value / import numpy", ours, numpy, 1.6))


def test_drawing_against_the_dot_program(record_ratio, neuron):
    dot = shutil.which("dot")
    if dot is None:
        pytest.skip("there is no dot on PATH to compare with")
    source = backviz.render(neuron, "dot")

    def theirs():
        subprocess.run([dot, "-Tsvg"], input=source, check=True, capture_output=True)

    def ours():
        backviz.render(neuron, "svg")

    record_ratio(compare("SVG of the neuron / dot -Tsvg", ours, theirs, 1.0))
