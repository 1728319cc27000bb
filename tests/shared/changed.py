"""Which tests concern what git says is changed: those of the folder of the same name.

Invariant: nothing is guessed. A folder of the source has one folder of tests, a module directly
in `backviz/` one file of tests at most, and what concerns the whole package is always run.
"""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

ALWAYS = "tests/test_architecture.py"  # floors, doors, lengths of files
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff")


def changed(root: Path) -> list[str]:
    """The files that differ from the last commit; if none does, those of the last commit."""

    def git(*words: str) -> list[str]:
        command = ["git", "-C", str(root), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.splitlines()

    found = git("diff", "--name-only", "HEAD")
    found += git("ls-files", "--others", "--exclude-standard")
    return found or git("diff", "--name-only", "HEAD~1", "HEAD")


def concerned(paths: Iterable[str], root: Path) -> list[str]:
    """What to give to pytest for these files: folders and files that are there."""
    asked = (each for path in paths for each in _of(Path(path), root))
    return [*dict.fromkeys(each for each in (*asked, ALWAYS) if (root / each).exists())]


def _of(path: Path, root: Path) -> Iterator[str]:
    top, *inner = path.parts
    if top == "backviz":
        if path.suffix == ".py":
            yield path.as_posix()  # its doctests
        if inner[0] == "locale":
            yield "tests/test_catalogue.py"
        else:
            yield f"tests/{inner[0]}" if len(inner) > 1 else f"tests/test_{path.stem}.py"
    elif top == "tests" and path.name.startswith("test_"):
        yield path.as_posix()
    elif top == "tests" and inner[0] == "shared":
        for test in sorted((root / "tests").rglob("test_*.py")):
            measured = "benchmarks" in test.parts
            if not measured and f"from {path.stem} import" in test.read_text("utf-8"):
                yield test.relative_to(root).as_posix()
    elif top in ("docs", "examples"):
        yield f"tests/{top}"
    elif path.name in PAGES:
        yield "tests/docs"
    elif path.name in ("pyproject.toml", "conftest.py"):
        yield "tests/test_suite.py"
