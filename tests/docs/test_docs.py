"""What the README, the docs and the examples say is true."""

import doctest
import io
import os
import re
import subprocess
import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from command_line import call
from PIL import Image
from quick import all_but, one_in

import backviz
from backviz import extend
from backviz.autodiff.table import FUNCTIONS
from backviz.diagrams.theme import THEMES
from backviz.ops import OPS
from backviz.scenes import SCENES
from backviz.sources import EXAMPLES

ROOT = Path(__file__).parents[2]
REQUIRES = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
README = (ROOT / "README.md").read_text("utf-8")
ENGINE = (ROOT / "docs" / "engine.md").read_text("utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def blocks(text, language):
    """The fenced blocks of a page that are marked with a language."""
    found, inside = [], None
    for line in text.splitlines(keepends=True):
        if line.startswith("```"):
            if inside is not None and inside[0] == language:
                found.append("".join(inside[1:]))
            inside = [line[3:].strip()] if inside is None else None
        elif inside is not None:
            inside.append(line)
    return found


def run(command, where):
    """A line of a page, run as a person would run it."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    }
    return subprocess.run(
        command, check=False, shell=True, cwd=where, env=environment, capture_output=True, text=True
    )


VENV = "python3 -m venv .venv && "


def test_the_readme_has_two_set_up_commands_each_complete():
    setup = README.split("## Set-up")[1].split("\n## ")[0]
    # pip installs nothing outside a virtual environment on Debian and Ubuntu (PEP 668)
    assert [b.strip() for b in blocks(setup, "sh")] == [
        f"{VENV}.venv/bin/pip install . && .venv/bin/backviz graph @karpathy-neuron -o neuron.svg",
        f"{VENV}.venv/bin/pip install -e '.[test]' && .venv/bin/pytest -n auto",
    ]
    for said in ("python3-venv", "py -m venv .venv;", "pipx install .", "uvx --from . backviz"):
        assert said in setup
    assert f"Python {REQUIRES.removeprefix('>=')} or newer" in README


RECIPES = {
    "an op", "a loss", "an optimizer", "a film format", "a picture format", "a theme",
    "a slide size", "the gradient colour", "a scene", "a stepper command", "a lesson",
    "a Russian term", "a layout engine", "another framework",
}  # fmt: skip


def test_contributing_has_a_recipe_for_each_thing_and_names_files_that_exist():
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = [line.split("|")[1].split("(")[0].strip() for line in page.splitlines() if "|" in line]
    assert {*rows} >= RECIPES
    named = re.findall(
        r"(a file )?`(?:pytest )?([\w-]+/[\w/.-]*\w\.(?:py|md|po)|tests/\w+/?)`", page
    )
    assert len(named) > 25
    for new, path in named:
        there = (ROOT / path).exists() or (ROOT / "backviz" / path).exists()
        assert there != bool(new), path
    for where in re.findall(r"`python docs/(\w+\.py)", page):
        assert (ROOT / "docs" / where).is_file()


@pytest.mark.slow
def test_the_readme_s_commands_run(tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    lines = [line for b in blocks(README, "") for line in b.splitlines()]
    assert len(lines) >= 4
    for line in lines:
        done = run(line, tmp_path)
        assert done.returncode == 0, (line, done.stderr)
        assert "less than" not in done.stderr, line  # the text is as large as --for asks
        assert (tmp_path / line.split()[-1]).stat().st_size > 1000


def test_the_readme_s_session_is_true():
    (session,) = blocks(README, "python")
    test = doctest.DocTestParser().get_doctest(session, {}, "README", None, 0)
    assert doctest.DocTestRunner().run(test).failed == 0
    assert test.examples


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_and_pictures_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in target and target != "g.svg":
            assert (page.parent / target).exists(), target


def test_the_tutorial_s_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("tutorial.md", "graph.md", "extend.md", "python.md"):
        space = {}
        with ExitStack() as stack:
            for table in vars(extend).values():
                if isinstance(table, extend.Registry):
                    stack.enter_context(table.temporarily())
            for block in blocks((ROOT / "docs" / name).read_text("utf-8"), "python"):
                exec(block, space)
    assert (tmp_path / "L.svg").exists()
    assert (tmp_path / "diamond.graphml").exists()
    assert (tmp_path / "decay.gif").read_bytes()[:3] == b"GIF"


class UpToRounding(doctest.OutputChecker):
    """Tiny numbers are rounding errors, which differ between machines."""

    def check_output(self, want, got, optionflags):
        return super().check_output(tiny(want), tiny(got), optionflags)


def tiny(text):
    return re.sub(r"-?[0-9][0-9.]*e-[0-9]+", "tiny", text)


def test_the_engine_page_s_sessions_are_true(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space = {}
    for block in blocks(ENGINE, "python"):
        test = doctest.DocTestParser().get_doctest(block, space, "engine.md", None, 0)
        runner = doctest.DocTestRunner(UpToRounding(), optionflags=doctest.ELLIPSIS)
        assert test.examples
        assert runner.run(test, clear_globs=False).failed == 0, block
        space = test.globs


@pytest.mark.slow
def test_the_engine_page_s_commands_are_true(tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for line in (line for block in blocks(ENGINE, "") for line in block.splitlines()):
        done = run(line, tmp_path)
        assert done.returncode == 0, (line, done.stderr)
        assert (tmp_path / line.split()[-1]).stat().st_size > 1000
    for block in blocks(ENGINE, "console"):
        for part in block.removeprefix("$ ").split("\n$ "):
            line, _, said = part.partition("\n")
            done = run(line, tmp_path)
            assert tiny(done.stdout + done.stderr).rstrip() == tiny(said).rstrip(), line


def generator():
    space = {"__name__": "generate", "__file__": str(ROOT / "docs" / "generate.py")}
    exec((ROOT / "docs" / "generate.py").read_text("utf-8"), space)
    return space


def test_the_generated_pages_are_up_to_date():
    pages = generator()
    assert (ROOT / "docs" / "ops.md").read_text("utf-8") == pages["ops_page"]()
    assert (ROOT / "docs" / "gallery.md").read_text("utf-8") == pages["gallery_page"]()
    assert (ROOT / "docs" / "lists.md").read_text("utf-8") == pages["lists_page"]()


def test_the_page_of_the_course_is_up_to_date():
    assert (ROOT / "docs" / "course.md").read_text("utf-8") == generator()["course_page"]()


@pytest.mark.slow
def test_the_page_of_the_course_s_graphs_is_up_to_date():
    page = (ROOT / "docs" / "course-graphs.md").read_text("utf-8")
    assert page == generator()["course_graphs_page"]()


@pytest.mark.skipif(not hasattr(np, "unstack"), reason="the page lists functions of numpy 2.1")
def test_the_page_of_numpy_s_functions_is_up_to_date():
    assert (ROOT / "docs" / "numpy.md").read_text("utf-8") == generator()["numpy_page"]()


def test_every_function_of_numpy_that_records_is_in_its_page():
    page = (ROOT / "docs" / "numpy.md").read_text("utf-8")
    for function in FUNCTIONS:
        assert re.search(rf"`np\.(linalg\.)?{function.__name__}`", page), function.__name__


def test_every_public_op_is_in_its_page_and_the_rules_are_printed():
    page = (ROOT / "docs" / "ops.md").read_text("utf-8")
    for op in OPS.values():
        if op.public:
            assert page.count(f"| `{op.name}` |") == 1
        if op.public and op.differentiable:
            assert re.search(rf"\| `{op.name}` \|.*(∂out/∂|grad \+= )", page), op.name


def test_every_example_is_in_the_gallery_with_its_picture():
    for name in EXAMPLES:
        assert (ROOT / "docs" / "images" / f"{name}.svg").stat().st_size > 1000


@pytest.mark.parametrize("theme", THEMES)
def test_every_example_is_on_the_sheet_of_every_theme(theme):
    columns, cell = generator()["SHEET"], generator()["CELL"]
    with Image.open(ROOT / "docs" / "images" / f"all-{theme}.png") as sheet:
        assert sheet.text["examples"].split() == [*EXAMPLES]
        assert sheet.size == (len(columns) * cell[0], len(EXAMPLES) * cell[1])


@pytest.mark.parametrize("name", one_in(12, SCENES, first=5))
def test_the_still_of_a_scene_is_of_the_scene_as_it_is(name):
    """By its title and the command that draws it."""
    film = SCENES[name]()
    with Image.open(io.BytesIO(film.still(film.stills[-1], scale=0.1))) as drawn:
        wanted = drawn.text
    with Image.open(ROOT / "docs" / "images" / f"scene-{name}.png") as image:
        told = image.text
    assert [told[key] for key in ("Title", "Comment")] == [
        wanted[key] for key in ("Title", "Comment")
    ]


def test_the_page_of_scenes_is_up_to_date_and_has_a_picture_of_each():
    assert (ROOT / "docs" / "scenes.md").read_text("utf-8") == generator()["scenes_page"]()
    images = sorted((ROOT / "docs" / "images").glob("scene-*.png"))
    assert [p.stem for p in images] == sorted(f"scene-{name}" for name in SCENES)
    assert sum(p.stat().st_size for p in images) < 3_000_000
    for path in images:
        with Image.open(path) as image:
            assert image.size == (640, 360)


@pytest.mark.parametrize(
    "path",
    all_but([ROOT / "examples" / "networks.py"], sorted((ROOT / "examples").glob("*.py"))),
    ids=lambda p: p.name,
)
def test_examples_run(path, tmp_path):
    done = run(f"{sys.executable} {path}", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_examples_can_be_drawn_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("o", "squared_error"):
        done = call("graph", f"{ROOT / 'examples' / 'neuron.py'}:{name}", "-o", f"{name}.svg")
        assert done.code == 0, done.err


def test_the_graph_page_names_every_attribute():
    page = (ROOT / "docs" / "graph.md").read_text("utf-8")
    output = backviz.load("@mazur")
    output.backward()
    graph = backviz.to_graph(output.reshape(1, 1))
    nodes = {k for _, data in graph.nodes(data=True) for k in data}
    edges = {k for *_, data in graph.edges(data=True) for k in data}
    assert all(f"`{k}`" in page for k in nodes | edges)


@pytest.mark.parametrize("page", [p for p in PAGES if p.name != "engine.md"], ids=lambda p: p.name)
def test_what_the_pages_type_into_python_gives_what_they_print(page):
    found = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.failed == 0
