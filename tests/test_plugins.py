"""One file adds one of each thing, and everything finds it; what fails is one sentence.

The file is `one_of_each.py`, outside of the package. Nothing else is edited or told.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from quick import one_in

import backviz
import backviz.extend
from backviz import plugins
from backviz.cli import _run, cli
from backviz.cli.animate import SHARED
from backviz.cli.plugin import Named
from backviz.errors import InputError
from backviz.registry import Registry

HERE = Path(__file__).parent
PLUGIN = HERE / "shared" / "one_of_each.py"
ADDED = {
    "ops": {"plug_op", "plug_loss"},
    "optimizers": {"plug_optimizer"},
    "formats": {"plug_picture"},
    "films": {"plug_film"},
    "builds": {"plug_film"},
    "themes": {"plug_theme"},
    "sizes": {"plug_size"},
    "scenes": {"plug_scene"},
    "commands": {"plug_command"},
    "topics": {"plug_lesson"},
    "course": {"plug_topic"},
    "languages": {"plug_language"},
    "engines": {"plug_engine"},
}
ALL = set().union(*ADDED.values())  # one of each thing that can be added


def python(code, folder, *args, **more):
    """What a program prints that has nothing but the package; its errors come with it."""
    path = os.pathsep.join([str(Path(backviz.__file__).parents[1]), *more.pop("path", [])])
    around = os.environ | {"PYTHONPATH": path} | more.pop("env", {})
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        capture_output=True, text=True, check=False, cwd=folder, env=around, **more,
    )  # fmt: skip
    return done.stdout + done.stderr


MANY = r"""
import json, sys
from contextlib import redirect_stdout
from io import BytesIO, TextIOWrapper
from backviz.cli import _run
said = []
for line in json.loads(sys.argv[1]):
    out = TextIOWrapper(BytesIO(), encoding="utf-8")
    with redirect_stdout(out):
        code = _run(line)
    out.flush()
    said.append([code, out.buffer.getvalue().decode()])
print("\nRESULT" + json.dumps(said))
"""


def run_all(folder, lines, **more):
    """Code and output of each command line, one after the other in a program of their own."""
    said = python(MANY, folder, json.dumps(lines), **more)
    assert "\nRESULT" in said, said
    return json.loads(said.partition("\nRESULT")[2].splitlines()[0])


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A folder with the plugin and nothing else."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "mine.py").write_text(PLUGIN.read_text("utf-8"), "utf-8")
    return folder


def test_every_list_has_what_the_plugin_adds(mine):
    lines = [["list", what, "--json", "--plugin", "mine.py"] for what in ADDED]
    for (what, names), (code, text) in zip(ADDED.items(), run_all(mine, lines), strict=True):
        assert code == 0
        assert names <= {row["name"] for row in json.loads(text)["rows"]}, what


USES = [
    ["graph", "L=plug_op(a)+plug_loss(b); a=2; b=1", "--theme", "plug_theme", "--for", "plug_size",
     "--engine", "plug_engine", "--lang", "plug_language", "-o", "a.svg"],
    ["graph", "L=plug_loss(a); a=2", "-F", "plug_picture"],
    ["graph", "L=plug_loss(a); a=2", "-o", "a.plug_picture"],
    ["steps", "@simple", "-o", "b.plug_film", "--theme", "plug_theme"],
    ["animate", "plug_scene", "--rate", "0.5", "-o", "c.plug_film", "--theme", "plug_theme"],
    ["animate", "plug_scene", "-o", "c.png", "--theme", "plug_theme"],
    ["animate", "optimizers", "--optimizers", "plug_optimizer", "--still", "1", "--steps", "3",
     "-o", "d.svg"],
    ["animate", "plug_scene", "-o", "c.html", "--theme", "plug_theme", "--for", "plug_size"],
    ["animate", "plug_scene", "-o", "c.mp4", "--theme", "plug_theme", "--for", "plug_size"],
    ["animate", "plug_scene", "-o", "e.svg", "--lang", "plug_language", "--for", "plug_size"],
    ["steps", "@simple", "-o", "b.html", "--theme", "plug_theme", "--for", "plug_size"],
    ["steps", "@simple", "-o", "b%d.svg", "--theme", "plug_theme", "--for", "plug_size"],
    ["step", "@simple", "--commands", "n 2; save f.plug_picture --for plug_size; save f.svg "
     "--theme plug_theme --for=plug_size --lang plug_language; save f.html --theme plug_theme"],
    ["explain", "plug_lesson", "--lang", "plug_language"],
    ["explain", "plug_op", "--lang", "plug_language"],
    ["step", "@simple", "--commands", "plug_command;help;help plug_command;n", "--lang",
     "plug_language"],
    ["describe", "@simple", "--lang", "plug_language"],
    ["table", "@simple", "--lang", "plug_language"],
    ["check", "L=plug_op(a)+plug_loss(b); a=2; b=1"],
]  # fmt: skip


def test_every_command_takes_what_the_plugin_adds(mine):
    said = run_all(mine, [[line[0], "--plugin", "mine.py", *line[1:]] for line in USES])
    assert [code for code, _ in said] == [0] * len(USES)
    text = "\n".join(out for _, out in said)
    parts = (
        "a: 2; 32", "Er fügt eine Zeile hinzu.", "Wie tanh, aber langsamer.", "5 values",
        "plug_command\n", "counts the values", "Vorwärts", "Backward: gradients of f",
    )  # fmt: skip
    for part in parts:
        assert part in text
    assert "#f6eedd" in (mine / "a.svg").read_text("utf-8")  # the theme's paper
    assert (mine / "a.plug_picture").read_text("utf-8").startswith("a: 2; 32")
    assert (mine / "c.plug_film").read_text("utf-8").splitlines()[-1] == "After 3 steps."
    assert "q = x + y" in (mine / "b.plug_film").read_text("utf-8")
    assert b"plug_optimizer" in (mine / "d.svg").read_bytes()
    for page in ("b.html", "b1.svg", "c.html", "f.svg", "f.html"):
        assert "#f6eedd" in (mine / page).read_text("utf-8"), page
    for picture in ("b1.svg", "f.svg"):  # 886 × 432 points
        assert 'width="886pt" height="432pt"' in (mine / picture).read_text("utf-8"), picture
    assert 'width="1182" height="576"' in (mine / "c.html").read_text("utf-8")  # in pixels
    assert "Fallend" in (mine / "e.svg").read_text("utf-8")  # the film's title in the language
    assert len((mine / "f.plug_picture").read_text("utf-8").splitlines()) == 5


HELPS = {
    (): ALL,
    ("graph",): {"plug_picture", "plug_size", "plug_theme", "plug_engine", "plug_language"},
    ("steps",): {"plug_film", "plug_size", "plug_theme", "plug_engine", "plug_language"},
    ("animate",): {"plug_scene"},
    ("animate", "plug_scene"): {"plug_scene", "--rate", "plug_theme", "plug_film"},
    ("explain",): {"plug_language", "plug_lesson", "plug_op", "plug_loss"},
    ("step",): {"plug_command", "plug_language"},
    ("animate", "optimizers"): {"plug_optimizer"},
}


@pytest.mark.parametrize(
    ("first", "last"),
    one_in(2, [((), ("--help", "--plugin=mine.py")), (("--plugin", "mine.py"), ("--help",))]),
    ids=["last", "first"],
)
def test_help_names_it_wherever_the_plugin_stands_on_the_line(mine, first, last):
    said = run_all(mine, [[*first, *words, *last] for words in HELPS])
    for (words, names), (code, text) in zip(HELPS.items(), said, strict=True):
        assert code == 0
        assert names <= {word.strip(".,") for word in text.split()}, words


TABS = [
    ("graph --plugin mine.py --theme plug", "plug_theme"),
    ("graph --plugin mine.py --for plug", "plug_size"),
    ("graph --plugin mine.py --engine plug", "plug_engine"),
    ("graph --plugin mine.py --lang plug", "plug_language"),
    ("graph --plugin mine.py -F plug", "plug_picture"),
    ("steps --plugin mine.py -F plug", "plug_film"),
    ("animate --plugin mine.py plug", "plug_scene"),
    ("animate plug_scene --plugin mine.py -F plug", "plug_film"),
    ("animate plug_scene --plugin mine.py --theme plug", "plug_theme"),
    ("animate optimizers --plugin mine.py --optimizers plug", "plug_optimizer"),
    ("animate optimizers --plugin mine.py --optimizers sgd,plug", "sgd,plug_optimizer"),
    ("explain --plugin mine.py plug", "plug_lesson plug_loss plug_op"),
]  # the stepper's own prompt completes its commands


OFFERED = """
import json, sys
from click.shell_completion import BashComplete
from backviz.cli import cli
shell = BashComplete(cli, {}, "backviz", "_BACKVIZ_COMPLETE")
said = []
for line in json.loads(sys.argv[1]):
    *args, word = line.split()
    said.append([item.value for item in shell.get_completions(args, word)])
import backviz
from backviz.stepping.prompt import completions
from backviz.stepping.state import start
said.append(completions(start(backviz.Value(2.0) * 3), "plug", "plug"))
print(json.dumps(said))
"""


def test_tab_offers_it(mine):
    *said, prompt = json.loads(python(OFFERED, mine, json.dumps([line for line, _ in TABS])))
    for (line, offered), names in zip(TABS, said, strict=True):
        assert sorted(names) == offered.split(), line
    assert prompt == ["plug_command "]


def test_nothing_that_can_be_added_is_left_out_above():
    used = {word for line in USES for word in re.findall(r"plug_\w+", " ".join(line))}
    offered = {word for _, names in TABS for word in re.findall(r"plug_\w+", names)}
    used |= {"plug_topic"}  # `list course` names it
    assert used == ALL
    assert offered == ALL - {"plug_command", "plug_topic"}  # at the stepper's prompt
    assert len(ALL) == 13


@pytest.mark.slow
def test_the_shell_s_own_question_is_answered_too(mine):
    given = {"COMP_WORDS": "backviz graph --plugin mine.py --theme plug", "COMP_CWORD": "5"}
    code = "from backviz.cli import cli; cli.main(prog_name='backviz')"
    text = python(code, mine, env=given | {"_BACKVIZ_COMPLETE": "bash_complete"})
    assert text == "plain,plug_theme\n"


def test_a_shell_that_completes_hears_nothing_of_a_broken_plugin(tmp_path):
    (tmp_path / "bad.py").write_text("1/0")
    given = {"COMP_WORDS": "backviz graph --plugin bad.py --theme da", "COMP_CWORD": "5"}
    code = "from backviz.cli import cli; cli.main(prog_name='backviz')"
    text = python(code, tmp_path, env=given | {"_BACKVIZ_COMPLETE": "bash_complete"})
    assert text == "plain,dark\n"


@pytest.mark.slow
def test_the_stepper_s_help_and_prompt_know_its_command(mine):
    code = (
        "import mine, backviz; s = backviz.stepper(backviz.Value(2.0, 'a') * 3); "
        "print(s.run('plug_command')); print(s.run('help plug_command'))"
    )
    assert "3 values\nplug_command   counts the values" in python(code, mine)


DOCS = """
import sys, runpy
import mine
pages = runpy.run_path(sys.argv[1])
for name in ("ops", "lists", "optimizers", "lessons", "scenes", "course"):
    print(pages[f"{name}_page"]())
"""


@pytest.mark.slow
def test_the_generated_pages_have_it(mine):
    text = python(DOCS, mine, HERE.parent / "docs" / "generate.py", path=[str(mine)])
    for name in ALL - {"plug_topic"}:
        assert name in text, name
    assert "| A plugin adds | a row |" in text  # a topic is called by its words


def test_python_needs_an_import_and_no_more(mine):
    code = (
        "import mine, backviz; from backviz import scenes; x = backviz.Value(2.0, 'x')\n"
        "L = x.plug_op(); print(backviz.render(L, 'plug_picture', theme='plug_theme').decode())\n"
        "print(scenes.plug_scene(rate=0.5).settings, backviz.ops.plug_loss(x).data)\n"
        "print(backviz.explain('plug_lesson', lang='plug_language'))\n"
        "print(backviz.describe(L, lang='plug_language'))"
    )
    text = python(code, mine)
    for part in ("x: 2", "{'rate': 0.5} 16.0", "Er fügt", "Vorwärts"):
        assert part in text


# An installed package


def install(folder, name, text, points):
    """A package as an installer leaves it: a module, and what its metadata say of it."""
    (folder / f"{name}.py").write_text(text, "utf-8")
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[backviz]\n{points}\n")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder of installed packages, one of which has an entry point."""
    folder = tmp_path_factory.mktemp("site")
    install(folder, "installed_plugin", PLUGIN.read_text("utf-8"), "mine = installed_plugin")
    return folder


@pytest.mark.slow
def test_an_installed_package_is_found_on_the_command_line(site, tmp_path):
    lines = [["list", what, "--json"] for what in ADDED]
    said = run_all(tmp_path, [*lines, *USES, ["graph", "--help"]], path=[str(site)])
    assert {code for code, _ in said} == {0}
    for names, (_, text) in zip(ADDED.values(), said, strict=False):
        assert names <= {row["name"] for row in json.loads(text)["rows"]}
    assert "plug_theme" in said[-1][1]


FOUND = [
    "from backviz.diagrams.theme import THEMES; print(THEMES['plug_theme'].name)",
    "from backviz.autodiff.table import OPS; print(OPS['plug_op'].name)",
    "from backviz.ops import plug_op; print(plug_op.name)",
    "import backviz; print(backviz.Style(theme='plug_theme').theme)",
    "from backviz import scenes; print(scenes.plug_scene.name)",
    "from backviz.stepping.vocabulary import COMMANDS; print(COMMANDS['plug_command'].name)",
    "import backviz; s = backviz.stepper(backviz.Value(1.0) * 2); print(s.run('plug_command'))",
    "from backviz.words import LANGUAGES; print([*LANGUAGES])",
    "from backviz.optim import OPTIMIZERS; print(OPTIMIZERS['plug_optimizer'].title)",
]


@pytest.mark.parametrize("code", one_in(9, FOUND))
def test_an_installed_package_is_found_in_python_whatever_is_imported_first(code, site, tmp_path):
    text = python(code, tmp_path, path=[str(site)])
    assert "plug_" in text or text == "3 values\n"
    assert "Warning" not in text
    assert "Error" not in text


def test_a_broken_package_is_a_sentence_and_nothing_else_breaks(tmp_path):
    install(tmp_path, "broken_plugin", "1/0", "broken = broken_plugin")
    said = "the plugin broken (broken_plugin) fails: ZeroDivisionError: division by zero"
    code = (
        "import sys; from backviz.cli import _run; sys.exit(_run(['graph', '@simple', '-Ftext']))"
    )
    text = python(code, tmp_path, path=[str(tmp_path)])
    assert text.count(said) == 1
    assert "Traceback" not in text
    assert "f = −12" in text
    code = "from backviz.diagrams.theme import THEMES; print([*THEMES], [*THEMES])"
    text = python(code, tmp_path, path=[str(tmp_path)])
    assert text.count(f"RuntimeWarning: {said}") == 1
    assert "'contrast'] ['light'" in text


def test_nobody_looks_for_packages_before_a_table_is_asked(site, tmp_path):
    code = "import backviz, sys; print('installed_plugin' in sys.modules, 'numpy' in sys.modules)"
    assert python(code, tmp_path, path=[str(site)]) == "False False\n"


# What fails


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1/0", "the plugin bad.py fails: ZeroDivisionError: division by zero (line 1)"),
        ("\nx = (", "the plugin bad.py fails: SyntaxError: '(' was never closed (line 2)"),
        ("import nothing_like_it", "fails: ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("raise SystemExit(3)", "the plugin bad.py fails: SystemExit: 3 (line 1)"),
        ("from backviz.extend import THEMES\nTHEMES.add('dark', 1)",
         "ValueError: the theme 'dark' is already registered (line 2)"),
        ("from backviz.extend import THEMES\nTHEMES['drak']", "fails: unknown theme 'drak'; did"),
    ],
)  # fmt: skip
def test_a_broken_plugin_is_one_sentence(text, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("bad.py").write_text(text, "utf-8")
    assert _run(["graph", "@simple", "--plugin", "bad.py"]) == InputError.exit_code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


@pytest.mark.parametrize("file", ["nowhere.py", ".", "notes.txt"])
def test_what_is_no_plugin_is_said(file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("x")
    assert _run(["list", "--plugin", file]) == InputError.exit_code
    assert "plugin" in capsys.readouterr().err
    assert _run(["list", "--", "--plugin", file]) == 2  # no option


def test_a_name_that_the_source_would_add_says_what_to_do(mine, monkeypatch, capsys):
    monkeypatch.chdir(mine)
    assert _run(["graph", "mine.py:L", "--theme", "plug_thing"]) == 2
    assert capsys.readouterr().err.endswith("; if mine.py adds it, say --plugin mine.py\n")


@pytest.mark.slow
def test_a_file_may_be_plugin_and_source_at_once(mine):
    (mine / "both.py").write_text(PLUGIN.read_text("utf-8") + "\nfrom backviz import Value\n"
                                  "L = Value(2.0, 'a').plug_op()\n", "utf-8")  # fmt: skip
    lines = [["graph", "both.py:L", "--plugin", "both.py", "--theme", "plug_theme", "-Ftext"],
             ["check", "both.py:L"], ["graph", "both.py:L", "-Ftext"]]  # fmt: skip
    assert [code for code, _ in run_all(mine, lines)] == [0, 0, 0]


# What is built in


def every_command():
    for name, command in cli.commands.items():
        yield name, command.params
    yield "a scene", list(SHARED)


def test_every_command_takes_a_plugin():
    for command in (cli, *cli.commands.values()):
        assert any(option.name == "plugin" for option in command.params), command.name


def test_help_says_all_names_that_are_built_in():
    for name, params in every_command():
        for option in params:
            if isinstance(option, Named):
                assert option.unsaid() == [], (name, option.name)


def test_every_table_of_extend_can_be_listed_or_is_known():
    tables = {n for n, t in vars(backviz.extend).items() if isinstance(t, Registry)}
    assert tables == {
        "BREAKS", "BUILDERS", "COMMANDS", "COURSE", "ENGINES", "EXAMPLES", "FORMATS", "FRAMEWORKS",
        "HANDOUTS", "LANGUAGES", "LESSONS", "OPS", "OPTIMIZERS", "PRESETS", "RENDERERS", "SCENES",
        "SCHEDULES", "TABLES", "THEMES", "TRAININGS",
    }  # fmt: skip


def test_the_quick_look_finds_what_python_finds(site, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(site)])
    assert plugins._anything_installed()
    monkeypatch.setattr(sys, "path", [str(HERE), "/nowhere"])
    assert not plugins._anything_installed()
