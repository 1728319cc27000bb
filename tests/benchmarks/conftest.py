"""Ratios are printed and kept, never asserted: machines differ.

    python -m pytest tests/benchmarks -s -o addopts=--import-mode=importlib --write-results

writes them to docs/benchmarks.md as well.
"""

import platform
from pathlib import Path

import numpy as np
import pytest

import backviz

RESULTS = Path(__file__).parents[2] / "docs" / "benchmarks.md"
HEAD = """# Measured

Written by the benchmarks in `tests/benchmarks` (`--write-results`). A ratio is our median
divided by the other's, both measured in turns in one run on one thread; below 1 is
faster or smaller. Only the ratios mean anything: the machine had other work to do.

Python {python}, numpy {numpy}.

| what | ratio | limit | ours | the other |
|---|---|---|---|---|
"""
_found = []


def pytest_addoption(parser):
    parser.addoption("--write-results", action="store_true", help="write docs/benchmarks.md")


@pytest.fixture
def record_ratio():
    def record(ratio):
        print(f"\n{ratio}")
        assert ratio.ours > 0
        _found.append(ratio)

    return record


def pytest_sessionfinish(session):
    if _found and session.config.getoption("--write-results"):
        head = HEAD.format(python=platform.python_version(), numpy=np.__version__)
        RESULTS.write_text(head + "".join(r.row() for r in _found), encoding="utf-8")


@pytest.fixture
def neuron():
    output = backviz.load("@karpathy-neuron")
    output.backward()
    return output
