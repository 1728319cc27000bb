"""What pyproject.toml says of the tests: which warnings are errors, which tests are left out."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OLD = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)


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
    [
        ([], True, False, False),
        (["test_a.py"], True, True, False),  # a file that is named is run whole
        (["part"], True, False, False),  # of a folder the quick ones
        (["part", "test_a.py"], True, True, False),
        (["-m", "not tex"], True, True, False),
        (["-m", ""], True, True, True),
        (["-m", "slow"], False, True, False),
        (["test_a.py", "-m", "tex"], False, False, True),
    ],
)
def test_which_tests_are_run(tmp_path, asked, quick, slow, tex):
    for name in ("conftest.py", "browser.py"):
        (tmp_path / name).write_text((ROOT / "tests" / name).read_text("utf-8"), "utf-8")
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    settings = settings.replace('testpaths = ["tests", "backviz"]', 'testpaths = ["."]')
    settings = settings.replace('pythonpath = ["tests", ', 'pythonpath = [".", ')
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
