"""What pyproject.toml says of the tests: which warnings are errors, which tests are left out."""

import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from changed import concerned
from quick import one_in

ROOT = Path(__file__).parent.parent
OLD = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)

SHARED = Path(__file__).parent / "shared"


@pytest.mark.parametrize("kind", OLD)
@pytest.mark.parametrize("module", ["backviz", "backviz.graphs", "tests.test_ops", "test_ops"])
def test_a_deprecation_is_an_error_where_it_is_ours(module, kind):
    with pytest.raises(kind):
        warnings.warn_explicit("old", kind, "file.py", 1, module=module)


@pytest.mark.parametrize("kind", OLD)
@pytest.mark.parametrize("module", ["matplotlib.font_manager", "pyparsing.core", "networkx"])
def test_what_a_library_says_of_another_is_none(module, kind):
    with warnings.catch_warnings(record=True) as seen:
        warnings.warn_explicit("old", kind, "file.py", 1, module=module)
    assert [w.category for w in seen] == [kind]


def test_other_warnings_are_errors_wherever_they_come_from():
    for kind in (RuntimeWarning, UserWarning, ResourceWarning, SyntaxWarning):
        with pytest.raises(kind):
            warnings.warn_explicit("odd", kind, "file.py", 1, module="numpy")


@pytest.mark.parametrize(
    ("asked", "quick", "slow", "tex"),
    one_in(3, [
        ([], True, False, False),
        (["test_a.py"], True, True, False),  # a file that is named is run whole
        (["part"], True, False, False),  # of a folder the quick ones
        (["part", "test_a.py"], True, True, False),
        (["-m", "not tex"], True, True, False),
        (["-m", ""], True, True, True),
        (["-m", "slow"], False, True, False),
        (["test_a.py", "-m", "tex"], False, False, True),
    ]),
)  # fmt: skip
def test_which_tests_are_run(tmp_path, asked, quick, slow, tex):
    for name in ("conftest.py", "shared/browser.py", "shared/changed.py", "shared/passed.py"):
        text = (ROOT / "tests" / name).read_text("utf-8")
        (tmp_path / Path(name).name).write_text(text, "utf-8")
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    settings = settings.replace('testpaths = ["tests", "backviz"]', 'testpaths = ["."]')
    settings = settings.replace('pythonpath = ["tests/shared", ', 'pythonpath = [".", ')
    (tmp_path / "pyproject.toml").write_text(settings, "utf-8")
    (tmp_path / "part").mkdir()
    text = (
        "import pytest\ndef test_quick(): pass\n"
        "@pytest.mark.slow\ndef test_slow(): pass\n"
        "@pytest.mark.tex\ndef test_tex(): pass\n"
        "@pytest.fixture\ndef torch(): pass\n"
        "def test_peer(torch): pass\n"
    )
    for file in ("test_a.py", "part/test_b.py"):
        (tmp_path / file).write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *asked],
        cwd=tmp_path, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    found = {name: f"::test_{name}" in done.stdout for name in ("quick", "slow", "tex", "peer")}
    peers = slow and quick  # a fixture that hands out a peer is mark enough
    assert found == {"quick": quick, "slow": slow, "tex": tex, "peer": peers}


def folders(root):
    return {path.name for path in root.iterdir() if any(path.glob("*.py"))}


def test_the_tests_of_a_folder_are_in_the_folder_of_the_same_name():
    """What concerns the whole package, or a module of its own, is directly in tests/."""
    sources = folders(ROOT / "backviz")
    tests = folders(ROOT / "tests") - {"shared", "benchmarks"}
    assert tests == sources | {"docs", "examples"}
    for folder in tests:
        assert list((ROOT / "tests" / folder).glob("test_*.py")), folder
    strays = [p for p in (ROOT / "tests").rglob("test_*.py") if len(p.relative_to(ROOT).parts) > 3]
    assert strays == []


def test_what_tests_share_is_in_one_place():
    """So that no test is imported by another, which would run it twice."""
    for path in (ROOT / "tests").rglob("*.py"):
        if "benchmarks" not in path.parts:
            assert not re.search(r"^from test_|^import test_", path.read_text("utf-8"), re.M), path
    names = {path.name for path in (ROOT / "tests").glob("*.py")}
    assert {name for name in names if not name.startswith("test_")} == {"conftest.py"}


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("backviz/ops/losses/entries.py", {"backviz/ops/losses/entries.py", "tests/ops"}),
        ("backviz/registry.py", {"backviz/registry.py", "tests/test_registry.py"}),
        ("backviz/signs.py", {"backviz/signs.py"}),
        ("backviz/locale/ru/LC_MESSAGES/backviz.po", {"tests/test_catalogue.py"}),
        ("docs/tutorial.md", {"tests/docs"}),
        ("README.md", {"tests/docs"}),
        ("examples/neuron.py", {"tests/examples"}),
        ("tests/ops/test_rows.py", {"tests/ops/test_rows.py"}),
        (
            "tests/shared/layouts.py",
            {
                "tests/diagrams/test_layered.py",
                "tests/diagrams/test_order.py",
                "tests/diagrams/test_random_pictures.py",
            },
        ),
        ("pyproject.toml", {"tests/test_suite.py"}),
        ("LICENSE", set()),
        ("backviz/ops/gone.py", {"tests/ops"}),  # deleted: there is nothing to give
    ],
)
def test_a_change_asks_for_the_tests_of_its_folder(path, asked):
    assert {*concerned([path], ROOT)} == asked | {"tests/test_architecture.py"}


@pytest.mark.skipif(shutil.which("git") is None, reason="asks git what changed")
def test_changed_runs_the_folders_of_what_git_says(tmp_path):
    for name in ("conftest.py", "shared/browser.py", "shared/changed.py", "shared/passed.py"):
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tests" / name).write_text((ROOT / "tests" / name).read_text("utf-8"), "utf-8")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder in ("a", "b"):
        for top, file in (("backviz", "x.py"), ("tests", "test_x.py")):
            (tmp_path / top / folder).mkdir(parents=True)
            (tmp_path / top / folder / file).write_text(f"def test_{folder}(): pass\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@x.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True)
    (tmp_path / "backviz/b/x.py").write_text("# other\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider",
         "--changed"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert "tests/b/test_x.py::test_b" in done.stdout
    assert "test_a" not in done.stdout


def test_what_has_passed_is_left_out_of_another_run_and_nothing_else(tmp_path):
    """CI's second run of the tests, beside the peers, takes what the first one did not pass."""
    (tmp_path / "conftest.py").write_text(
        f"import sys\nsys.path.insert(0, {str(SHARED)!r})\n"
        "from passed import leave_out, listen\n"
        "def pytest_configure(config): listen(config)\n"
        "def pytest_collection_modifyitems(config, items): leave_out(config, items)\n"
    )
    (tmp_path / "test_a.py").write_text(
        "import os, pytest\n"
        "@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_good(n): pass\n"
        "def test_needs(): assert 'PEER' in os.environ or pytest.skip('later')\n"
        "def test_bad(): assert 'PEER' in os.environ\n"
    )

    def run(*more, **env):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *more]
        env = {**os.environ, **env}
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )

    for more in ((), ("-n", "2")):
        first = run(*more, TESTS_PASSED_TO=str(tmp_path / "passed"))
        assert "1 failed, 2 passed, 1 skipped" in first.stdout
        names = (tmp_path / "passed").read_text().split()
        assert names == ["test_a.py::test_good[1]", "test_a.py::test_good[2]"]
        second = run(*more, TESTS_PASSED_IN=str(tmp_path / "passed"), PEER="here")
        assert "2 passed" in second.stdout and "failed" not in second.stdout
