"""What an index, a citation and a source distribution show of the package."""

import re
import tarfile
import tomllib
from email import message_from_string
from pathlib import Path

import pytest

import backviz

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"]
SHEETS = [path.name for path in (ROOT / "docs" / "images").glob("all-*.png")]
RELATIVE = re.compile(r"\]\((?!https?://|#)([^)]+)\)")


def page_of(text):
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("package_page", ROOT / "docs" / "package_page.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.page(text, REPOSITORY)


def test_the_package_page_has_no_relative_link_and_each_names_a_file():
    text = (ROOT / "README.md").read_text("utf-8")
    assert "](docs/images/" in text  # relative on the disk, where there is no network
    page = page_of(text)
    assert RELATIVE.findall(page) == []
    ours = re.findall(rf"\]\({re.escape(REPOSITORY)}/(raw|blob)/main/([^)#]+)", page)
    assert len(ours) > 15
    for kind, target in ours:
        assert (ROOT / target).is_file(), target
        assert (kind == "raw") == target.endswith((".svg", ".png")), target


def test_only_relative_links_are_changed():
    kept = "[a](https://x.org/y.png) [b](#part) `f[0](x)`"
    assert page_of(kept).startswith("[a](https://x.org/y.png) [b](#part)")
    assert page_of("![p](docs/a.svg)") == f"![p]({REPOSITORY}/raw/main/docs/a.svg)"


def test_the_addresses_of_the_project_are_of_one_place():
    assert {"Repository", "Documentation", "Changelog", "Issues"} <= {*PROJECT["urls"]}
    assert all(url.startswith(REPOSITORY) for url in PROJECT["urls"].values())


@pytest.fixture(scope="module")
def source_distribution(tmp_path_factory):
    sdist = pytest.importorskip("hatchling.builders.sdist", reason="hatchling builds the package")
    (built,) = sdist.SdistBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("sdist")))
    with tarfile.open(built) as packed:
        return {
            m.name.partition("/")[2]: packed.extractfile(m).read()
            for m in packed.getmembers()
            if m.isfile()
        }


def test_the_source_distribution_has_what_it_needs_and_no_contact_sheets(source_distribution):
    names = set(source_distribution)
    for path in ("pyproject.toml", "README.md", "LICENSE", "CITATION.cff", "CHANGELOG.md",
                 "docs/package_page.py", "docs/tutorial.md", "docs/images/simple.svg",
                 "tests/conftest.py", "examples/neuron.py", "backviz/py.typed"):  # fmt: skip
        assert path in names, path
    assert not [name for name in names if Path(name).name in SHEETS]
    assert not [n for n in names if "__pycache__" in n or n.startswith((".venv", "build/"))]
    inside = {f"backviz/{p.relative_to(ROOT / 'backviz').as_posix()}"
              for p in (ROOT / "backviz").rglob("*.py")}  # fmt: skip
    assert inside <= names
    # 1.5 million of them are the stills of the scenes, as much the catalogue and its tests;
    # half a million came with the tests of training, quiz, comparisons and topics
    assert sum(map(len, source_distribution.values())) < 10_500_000


def test_the_package_s_description_is_the_page(source_distribution):
    about = message_from_string(source_distribution["PKG-INFO"].decode())
    assert about["Description-Content-Type"] == "text/markdown"
    text = about.get_payload()
    assert RELATIVE.findall(text) == []
    assert f"in orange]({REPOSITORY}/raw/main/docs/images/karpathy-neuron.svg)" in text
    assert {f"{k}, {v}" for k, v in PROJECT["urls"].items()} == {*about.get_all("Project-URL")}


def test_the_change_log_is_dated_and_counts_nothing():
    """A count is wrong with the next change; what there is `backviz list` counts."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert heads
    for head in heads:
        assert re.fullmatch(r"Unreleased|\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)", head), head
    assert any(head.startswith(f"{backviz.__version__} (") for head in heads)
    counted = r"\b\d+ (?:\w+ )?(?:ops|examples|lessons|scenes|tests|optimizers|themes|commands)\b"
    assert re.findall(counted, text) == []


def test_the_citation_says_what_the_package_says():
    """The keys that version 1.2 of the format asks for, and the facts that stand elsewhere too."""
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    top = dict(re.findall(r"^([a-z-]+):[ \n]*(.*)$", text, re.MULTILINE))
    assert {"cff-version", "message", "title", "authors"} <= {*top}
    known = {"cff-version", "message", "title", "type", "authors", "version", "date-released",
             "license", "repository-code", "abstract", "keywords"}  # fmt: skip
    assert {*top} <= known
    assert top["cff-version"] == "1.2.0"
    assert top["type"] in {"software", "dataset"}
    assert top["version"] == backviz.__version__
    assert top["license"] == PROJECT["license"]
    assert top["repository-code"] == REPOSITORY
    log = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## {top['version']} ({top['date-released']})" in log
    assert re.search(r"^authors:\n  - name: \S", text, re.MULTILINE)


def test_hooks_run_programs_that_the_extras_install():
    text = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    extras = str(PROJECT["optional-dependencies"])
    entries = re.findall(r"entry: (\w+)", text)
    assert {"ruff", "mypy", "pytest"} <= {*entries}
    assert all(program in extras for program in entries)
    assert text.count("language: system") == len(entries)
    for path in re.findall(r"tests/\S+\.py", text):
        assert (ROOT / path).is_file()


def test_the_editor_s_settings_are_the_linter_s():
    text = (ROOT / ".editorconfig").read_text("utf-8")
    assert text.startswith("root = true\n")
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]
    assert f"max_line_length = {ruff['line-length']}" in text
