"""What one run of the tests has passed, so that another run of the same tree need not repeat it.

Invariant: a test is left out only if this very test, by its whole name, has passed before.
"""

import os
from pathlib import Path

import pytest

TOLD, KNOWN = "TESTS_PASSED_TO", "TESTS_PASSED_IN"  # variables that name a file


class Passed:
    """Writes the names of the tests that passed, where the results of all workers come together."""

    def __init__(self, path: Path) -> None:
        self.path, self.names = path, set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.names.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.path.write_text("".join(f"{name}\n" for name in sorted(self.names)), "utf-8")


def listen(config: pytest.Config) -> None:
    """Note what passes, if somebody wants to know."""
    if path := os.environ.pop(TOLD, ""):  # neither workers nor what tests start see it
        config.pluginmanager.register(Passed(Path(path).absolute()))


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take the tests out that have passed before."""
    if not (path := os.environ.get(KNOWN)):
        return
    known = set(Path(path).read_text("utf-8").splitlines())
    left = [item for item in items if item.nodeid not in known]
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in known])
    items[:] = left
