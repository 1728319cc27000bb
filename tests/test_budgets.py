"""What a command loads, and how large wheel, page and help are: no more than today.

A limit that is reached is a question, not a wall: raise it in the change that needs it, and
say why.
"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest
from quick import all_but

import backviz
from backviz.cli import cli
from backviz.cli import help as headings
from backviz.cli.help import FIRST, listed
from backviz.renderers.builds import BUILDERS
from backviz.scenes import SCENES

PACKAGE = Path(backviz.__file__).parent
HEAVY = ("numpy", "networkx", "graphviz", "wasmtime", "fontTools", "matplotlib", "PIL", "av")

# The steps are told on a floor of its own, nine small modules. The legend and what is blank stand
# in modules of their own; arrays on the screen, entries of a gradient and steps over blocks, and
# the folds that a style allows, too. What a program asked about recorded numbers is remembered, an
# archive of arrays is packed in one place, training has its rows among the commands, and `train`
# and `compare` are commands of their own.
# Every command is known by its module, `compare` too. Films say which letters no font has.
# Arguments, modules of backviz at most, all modules at most, and which heavy packages may load.
GRAPH = "numpy networkx graphviz"
DRAWN = f"{GRAPH} wasmtime fontTools"
COMMANDS = [
    ("--help", 26, 150, ""),
    ("graph --help", 26, 150, ""),
    ("doctor --help", 26, 150, ""),
    ("list ops", 96, 690, "numpy networkx"),
    ("graph @simple -F text", 185, 815, GRAPH),
    ("graph @simple -F dot", 182, 815, GRAPH),
    ("graph @simple -o g.svg", 182, 900, DRAWN),
    ("graph @simple -o g.png", 185, 1080, f"{DRAWN} matplotlib PIL"),
    ("steps @simple -o b.pdf", 191, 906, DRAWN),
    ("steps @simple -o b.html", 192, 906, DRAWN),
    ("steps @simple -o b.mp4", 293, 1240, " ".join(HEAVY)),
    ("animate tangent --frames 2 -o t.png", 321, 1274,
     f"{GRAPH} fontTools matplotlib PIL"),
    ("step @simple --commands n", 253, 890, GRAPH),
    ("describe @simple", 144, 785, GRAPH),
    ("table @simple", 147, 785, GRAPH),
    ("check @simple", 117, 375, "numpy"),
    ("explain tanh", 255, 880, GRAPH),
]  # fmt: skip
QUICK = ("--help", "graph @simple -o g.svg", "check @simple")
MOST = [row for row in COMMANDS if row[0] not in QUICK]
COUNT = """
import json, sys
from backviz.cli import _run
code = _run(json.loads(sys.argv[1]))
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("given", "own", "total", "heavy"), all_but(MOST, COMMANDS), ids=[c[0] for c in COMMANDS]
)
def test_a_command_loads_no_more_than_it_needs(given, own, total, heavy, tmp_path):
    path = os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
    around = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", COUNT, json.dumps(given.split())],
        capture_output=True, text=True, check=True, cwd=tmp_path, env=around,
    )  # fmt: skip
    code, loaded = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    assert {*HEAVY} & {*loaded} <= {*heavy.split()}
    assert sum(name.partition(".")[0] == "backviz" for name in loaded) <= own
    assert len(loaded) <= total


START = """
import sys
import numpy
before = {*sys.modules}
import backviz
(backviz.Value(2.0) * 3).backward()
print(*{*sys.modules} - before)
"""


def test_two_numbers_are_multiplied_without_what_only_errors_and_pictures_need():
    path = os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
    around = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", START], capture_output=True, text=True, check=True, env=around
    )
    loaded = {*done.stdout.split()}
    ours = {name for name in loaded if name.partition(".")[0] == "backviz"}
    assert sum(not name.startswith("backviz.ops") for name in ours) <= 33  # and the rows
    assert len(loaded - ours) <= 12
    engine = {f"backviz.autodiff.{n}" for n in ("exits", "misfit", "reruns", "check", "transforms")}
    assert not loaded & (engine | {"decimal", "difflib", "dis", "fractions", "string", "pathlib"})


def test_the_wheel_stays_small(tmp_path):
    """The package, packed as a wheel packs it; what is added has to be worth its bytes."""
    with zipfile.ZipFile(tmp_path / "w.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(PACKAGE.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".po":
                packed.write(path, path.relative_to(PACKAGE.parent))
    # 165,000 of them are the Russian of help, errors and scenes, 225,000 the scenes of the course,
    # 60,000 the topics of `explain` with their Russian, 40,000 training with its commands, its page
    # and its film, 25,000 two graphs beside each other
    assert (tmp_path / "w.zip").stat().st_size < 1_450_000


@pytest.mark.parametrize(
    ("source", "limit"), [("@simple", 52_000), ("@diamond", 60_000), ("@mazur", 147_000)]
)
def test_a_player_s_page_stays_small(source, limit):
    (page,) = BUILDERS["html"](backviz.steps(backviz.load(source)))
    assert len(page) < limit


OPTIONS = {
    "graph": 50, "compare": 48, "steps": 49, "train": 48, "step": 18, "describe": 9, "table": 10,
    "check": 9,
    "diagnose": 11, "explain": 9, "list": 4, "doctor": 4, "animate": 2,
}  # fmt: skip


def test_a_help_screen_lists_no_more_options_than_today():
    """A new option takes the place of one that nobody needs, or comes from what is there."""
    for name, command in cli.commands.items():
        shown = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
        assert len(shown) <= OPTIONS.get(name, 5), name


def help_lists(command):
    """The lists of a help screen by heading; `--help` is among them."""
    with click.Context(command, help_option_names=["-h", "--help"]) as context:
        return listed(command, context)


@pytest.mark.parametrize("name", [*cli.commands, *(f"animate {scene}" for scene in SCENES)])
def test_help_begins_with_twelve_options_at_most(name):
    """What a person reads first; the rest stands under headings, all of it."""
    command = cli.commands[name.split()[0]]
    if name.startswith("animate "):
        command = command.get_command(None, name.split()[1])
    lists = help_lists(command)
    assert len(next(iter(lists.values()))) <= FIRST == 12
    assert len(lists[""]) <= FIRST
    assert sum(map(len, lists.values())) == sum(
        isinstance(p, click.Option) and not p.hidden for p in command.params
    ) + 1  # fmt: skip


def test_a_command_of_few_options_has_no_headings():
    assert [*help_lists(cli.commands["table"])] == [""]
    assert [*help_lists(cli.commands["graph"])] == [
        "", headings.GRAPH, headings.PART, headings.LOOK, headings.MESSAGES,
    ]  # fmt: skip
