"""What holds for every test."""

import os
import signal
from pathlib import Path

import pytest
from browser import chrome, page  # noqa: F401  (fixtures: a browser, and a page in it)
from changed import changed, concerned
from passed import leave_out, listen

os.environ["BACKVIZ_LANG"] = "en"  # what tests read, and what they start, on every machine
PEERS = {"torch", "chrome"}  # fixtures that hand out a peer
os.environ["COLUMNS"] = "80"  # how wide screens are, also where tests run in a wide terminal
collect_ignore = ["shared/one_of_each.py"]  # a plugin: what imports it gets its rows
ABSENT = ("torch is not installed", "runs with the peers")  # what a test says that wants one


def pytest_addoption(parser: pytest.Parser) -> None:
    said = "run the quick tests of what git says is changed"
    parser.addoption("--changed", action="store_true", help=said)


def pytest_configure(config: pytest.Config) -> None:
    listen(config)
    if config.option.changed:  # the workers of pytest-xdist find the same
        config.args = concerned(changed(config.rootpath), config.rootpath)
    # Let programs that tests start be interrupted, also where tests run in the background.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Who names files or tests wants all of them; of folders, and by `pytest` alone, the quick ones.
    # A worker of pytest-xdist takes the expression of the one that hands out the tests.
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    named = named and not all(Path(given).is_dir() for given in config.args)
    usual = config.option.markexpr == marks_left_out(config)
    if named and usual and not hasattr(config, "workerinput"):
        config.option.markexpr = "not tex"


def marks_left_out(config: pytest.Config) -> str:
    """The -m of pyproject.toml; "" where other options stand in its place."""
    options = config.getini("addopts")
    return str(options[options.index("-m") + 1]) if "-m" in options else ""


@pytest.hookimpl(tryfirst=True)  # before the marks are read
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out(config, items)
    for item in items:
        skips = (str(mark.kwargs.get("reason")) for mark in item.iter_markers("skipif"))
        if PEERS & set(getattr(item, "fixturenames", ())) or set(ABSENT) & set(skips):
            item.add_marker(pytest.mark.peers)
