"""The floors, doors and files of the package hold, and the checker can fail."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from posix_names import POSIX

import backviz

PACKAGE = Path(backviz.__file__).parent
# From the ground up; a module may import from its own floor's package or from below.
FLOORS = [
    {"errors", "language"},
    {"stability", "signs"},
    {"plugins"},
    {"registry"},
    {"displays", "lettering", "text", "words", "files", "defaults"},
    {"formats", "tex_signs"},
    {"names", "course", "archives"},
    {"autodiff"},
    {"ops"},
    {"graphs", "sources", "nn", "optim", "data"},
    {"training"},
    {"telling"},
    {"explanations", "diagrams", "diagnosis"},
    {"scenes"},
    {"tables"},
    {"renderers"},
    {"stepping"},
    {"lessons"},
    {"movies"},
    {"api", "extend", "notebook"},
    {"micrograd"},
    {"cli"},
    {"__main__", "__init__"},
]
DOORS = {
    "networkx": {"graphs/*", "renderers/json_graph", "renderers/graphml"},
    "graphviz": {"renderers/dot"},
    "wasmtime": {"diagrams/layout/engines"},
    "pygraphviz": {"diagrams/layout/engines"},
    "matplotlib": {"renderers/marks", "renderers/pixels", "movies/*"},
    "av": {"movies/*"},
    "PIL": {"renderers/pixels", "movies/*"},
    "fontTools": {"diagrams/font", "diagrams/system_fonts"},
    "click": {"cli/*"},
}


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).with_suffix("").as_posix(), path.read_text("utf-8")


@cache
def parsed(source):
    return ast.parse(source)


@cache
def walked(tree):
    return tuple(ast.walk(tree))


def head(called):
    """The last name of what is called: Registry for registry.Registry[Op](…)."""
    while isinstance(called, ast.Subscript):
        called = called.value
    return getattr(called, "id", getattr(called, "attr", ""))


NAMED = re.compile(r"backviz(\.\w+)+(:\w+)?")  # a module that a text names, as "module:function"
# Where a module is imported whose name is not written there: it comes from a row or a registry's
# home (registry), from a table of the package's own modules, or from a person.
BY_NAME = {
    "registry", "__init__", "ops/__init__", "scenes/__init__", "movies/__init__", "optim/__init__",
    "sources/program", "cli/completion",
}  # fmt: skip
SAID = {"autodiff/exits"}  # its message names a function; nothing is imported


def homes(tree):
    """The texts in `Registry(…, home=…)` and `Formats`: the one allowed door upwards."""
    for call in walked(tree):
        if isinstance(call, ast.Call) and (
            "Registry" in head(call.func) or head(call.func) == "Formats"
        ):
            for given in call.keywords:
                if given.arg == "home":
                    yield from (id(node) for node in ast.walk(given.value))


def texts(tree):
    """Every text of a source that names one of our modules; not those in docstrings."""
    told = {
        id(node.value)
        for node in walked(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    called = {
        id(a)
        for call in walked(tree)
        if isinstance(call, ast.Call) and "import_module" in head(call.func)
        for a in call.args
    }
    for node in walked(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            if NAMED.fullmatch(node.value) or re.fullmatch(r"backviz\.(\w+\.)*", node.value):
                yield node, node.value.partition(":")[0]
            elif node.value in DOORS and id(node) in called:
                yield node, node.value


def by_name(tree):
    """Every call that imports a module whose name is not a plain text."""
    for node in walked(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            written = node.args and isinstance(node.args[0], ast.Constant)
            if called in ("import_module", "__import__") and not written:
                yield f"line {node.lineno}"


def imports(source):
    """Every module that a source imports at run time, anywhere in it, by text as well."""
    tree = parsed(source)
    allowed = {*homes(tree)}
    typing = {
        id(node)
        for block in walked(tree)
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    yield from (name for node, name in texts(tree) if id(node) not in allowed)
    for node in walked(tree):
        if id(node) in typing:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor(name):
    top = name.split("/")[0]
    (level,) = (i for i, names in enumerate(FLOORS) if top in names)
    return level


def faults(name, source):
    """What a module imports that it may not."""
    top = name.split("/")[0]
    for target in imports(source):
        first, *rest = target.split(".")
        if rest and not rest[-1]:  # as in f"backviz.{name}"
            if name not in BY_NAME | SAID:
                yield f"{name} makes the name of a module from {target!r} at run time"
            continue
        ours = first == "backviz" and rest and rest[0] in set().union(*FLOORS)
        if ours and rest[0] != top and floor(rest[0]) >= floor(name):
            yield f"{name} imports {target} from its own floor or above"
        allowed = DOORS.get(first)
        if allowed is not None and not {name, f"{top}/*"} & allowed:
            yield f"{name} imports {target}, which has its own door"
    if name not in BY_NAME:
        for line in by_name(parsed(source)):
            yield f"{name} imports a module by a name that is made at run time, in {line}"


def test_every_module_has_a_floor_and_imports_only_from_below():
    assert [fault for name, source in modules() for fault in faults(name, source)] == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("text", "from backviz.graphs import to_graph"),
        ("graphs", "import matplotlib"),
        ("diagrams/build", "def f():\n    from backviz.renderers import RENDERERS"),
        ("explanations", "from backviz.diagrams import font"),
        ("ops/linalg", "import networkx as nx"),
        ("renderers/svg", "import click"),
        ("autodiff/value", 'def f():\n    return import_module("backviz.notebook").media()'),
        ("renderers/builds", '_FILMS = "backviz.movies"'),
        ("renderers/builds", 'Builder("mp4", "a film", "backviz.movies:steps_mp4")'),
        ("renderers/builds", 'Builder("mp4", "a film", f"backviz.{films}:steps_mp4")'),
        ("scenes/model", 'import_module("".join(("backviz", ".movies")))'),
        ("text", '__import__(f"backviz.{name}")'),
        ("ops/linalg", 'import_module("networkx")'),
    ],
)
def test_a_planted_import_is_found(name, source):
    assert list(faults(name, source))


def test_the_home_of_a_registry_is_the_one_way_up():
    home = 'OPS: Registry[Op] = Registry("op", home=("backviz.ops", "backviz.movies"))'
    assert list(faults("autodiff/table", home)) == []
    assert list(faults("autodiff/table", home.replace("home=", "away=")))


def test_imports_for_type_checking_do_not_count():
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import networkx"
    assert list(faults("diagrams/build", source)) == []


def test_modules_have_docstrings_and_stay_short():
    for name, source in modules():
        assert ast.get_docstring(parsed(source)), name
        assert len(source.splitlines()) <= 450, name


def loaded_by(code):
    script = f"import sys; {code}; print(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split("\n")[-2].split())


def test_import_loads_numpy_at_most():
    heavy = {"networkx", "matplotlib", "graphviz", "wasmtime", "click", "fontTools"}
    assert loaded_by("import backviz") & (heavy | {"numpy"}) == set()
    assert loaded_by("import backviz; backviz.Value(1.0)") & heavy == set()


def test_help_loads_click_and_nothing_heavy():
    heavy = {"numpy", "networkx", "matplotlib", "graphviz", "wasmtime", "fontTools"}
    assert loaded_by("import backviz.cli; backviz.cli._run(['--help'])") & heavy == set()
    assert loaded_by("import backviz.cli; backviz.cli._run(['graph', '--help'])") & heavy == set()


def test_an_svg_needs_no_matplotlib():
    code = "import backviz; x = backviz.Value(2.0); backviz.render(x * x, 'svg')"
    assert "matplotlib" not in loaded_by(code)


def called_names(node):
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            if isinstance(call.func, ast.Name):
                yield call.func.id
            elif isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in (
                "self",
                "cls",
            ):
                yield f"self.{call.func.attr}"


def own_calls(source):
    """Functions and methods that call themselves."""
    for node in parsed(source).body:
        if isinstance(node, ast.FunctionDef) and node.name in called_names(node):
            yield node.name
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                name = getattr(method, "name", "")
                if isinstance(method, ast.FunctionDef) and f"self.{name}" in called_names(method):
                    yield f"{node.name}.{name}"


def test_nothing_recurses_but_over_the_nesting_of_arrays_and_literals():
    # json_ready, _array_text: the nesting of an array; _why_not: one sign in front of a number;
    # _mapped, _like: the nesting of containers, at most 100; as_data: the fields of an answer;
    # _in_words: the rows and cells of a table in a panel
    allowed = {"json_ready", "_array_text", "_why_not", "_mapped", "_like", "as_data", "_in_words"}
    found = {name for _, source in modules() for name in own_calls(source)}
    assert found <= allowed
    assert list(own_calls("def f(x):\n    return f(x - 1)")) == ["f"]


def test_nothing_evaluates_text():
    for name, source in modules():
        assert not {"eval", "exec", "compile"} & set(called_names(parsed(source))), name


def unguarded(source):
    """POSIX's names that a source takes for granted: write getattr(os, "fork", None)."""
    tree = parsed(source)
    tried = {
        id(node) for block in walked(tree) if isinstance(block, ast.Try) for node in ast.walk(block)
    }
    for node in walked(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in POSIX.get(node.value.id, "").split():
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and id(node) not in tried:
            named = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            yield from (name for name in named if name in POSIX[""].split())


def test_nothing_takes_posix_for_granted():
    assert {name: found for name, s in modules() if (found := list(unguarded(s)))} == {}
    assert list(unguarded("import os\nos.fork()\nimport fcntl")) == ["fcntl", "os.fork"]
    assert list(unguarded("try:\n    import readline\nexcept ImportError:\n    pass")) == []
