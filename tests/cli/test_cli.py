"""The command line as people and programs meet it: exit codes, streams, files, consoles.

A process is started where one is needed to see the truth (pipes, signals, terminals,
imports); the rest calls the same entry point in this process.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import pytest
from command_line import BACKVIZ, Ran, call, is_one_sentence, on_a_terminal, refused, run
from portable_svg import problems
from quick import all_but, one_in, slow
from work import at_most

from backviz import __version__
from backviz.cli import _run, cli
from backviz.cli.listing import LISTS
from backviz.cli.terminal import fitted
from backviz.course import COURSE
from backviz.diagrams.layout import ENGINES
from backviz.diagrams.style import FOLDS
from backviz.diagrams.theme import PRESETS, THEMES
from backviz.lessons import LESSONS
from backviz.movies.formats import FORMATS
from backviz.ops import OPS
from backviz.optim import OPTIMIZERS, SCHEDULES
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.scenes import SCENES
from backviz.scenes.surfaces import SURFACES
from backviz.sources import EXAMPLES
from backviz.stepping.vocabulary import COMMANDS
from backviz.tables import TABLES
from backviz.words import LANGUAGES

SIMPLE = "L=a*b; a=2; b=3"
MODEL = """
import time
from pathlib import Path
from backviz import Value
a, b = Value(2.0), Value(3.0)
loss = a * b
number, _hidden = 3, a
def double(): return a * 2
def half(x): return x / 2
def optional(x=a): return x * 4
def fails(): raise ValueError("no way\\nat all")
def leaves(): raise SystemExit(7)
def ends(): raise SystemExit(0)
def misfit(): return Value([[1.0, 2.0]]) @ Value([[1.0, 2.0]])
def sleeps():
    Path("awake").touch()
    time.sleep(30)
"""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


# Bad expressions


BAD = {
    "L=a*(": (5, "the bracket is never closed\n  L=a*(\n      ^\n"),
    "L=a)": (5, "the bracket was never opened\n  L=a)\n     ^\n"),
    "L=a*": (5, "the expression cannot be read"),
    "L=2a; a=1": (5, "something is missing here"),
    "L=tnah(a); a=1": (5, "unknown function 'tnah'; did you mean 'tanh'?\n  L=tnah(a); a=1\n    ^"),
    "L=zzqq(1)": (5, "unknown function 'zzqq'; 'backviz list ops' shows what there is"),
    "L=eval(1)": (5, "unknown function 'eval'"),
    "L=__import__(1)": (5, "unknown function '__import__'"),
    "L=a*b; a=1": (5, "b has no value; add 'b=…' to the expression\n  L=a*b; a=1\n      ^"),
    "L=a.b; a=1": (5, "attributes are not allowed"),
    "L=a[0]; a=1": (5, "subscripts are not allowed"),
    "L=(lambda: 1)()": (5, "backviz: "),
    "L=[x for x in y]": (5, "backviz: "),
    "L='a'": (5, "only real numbers"),
    "L=f'{1}'": (5, "backviz: "),
    "L=a if a else a; a=1": (5, "conditions are not allowed"),
    "L=a^2; a=1": (5, "^ is not a power here; use **"),
    "L=tanh(a, a); a=1": (5, "tanh takes 1 operand, not 2"),
    "L=tanh; a=1": (5, "tanh is a function"),
    "L=a; L=b; a=1; b=2": (5, "L is given twice"),
    "L=M; M=L": (5, "each other"),
    "L=a*L; a=1": (5, "L"),
    "x=a*2; y=a*3; a=1": (5, "2 results (x, y)"),
    "import os": (5, "use assignments like a=2"),
    "a=b=1": (5, "one name stands to the left of ="),
    "L=log(a); a=-1": (6, "log gives NaN at node n1 (L): log(a) with a = -1; log needs x > 0"),
    "L=1/a; a=0": (6, "div gives infinity at node n2 (L): div(1, a) with a = 0"),
    "1/0": (6, "div gives infinity at node n2: div(1, 0)"),
    "0/0": (6, "div gives NaN at node n2"),
    "log(-1)": (6, "log gives NaN at node n1"),
    "L=sqrt(a); a=0": (6, "sqrt at node n1 (L) gives its input a = 0 the gradient infinity"),
    "L=a; a=1e999": (6, "a is not a finite number"),
    "L=A@B; A=[[1,2]]; B=[[1,2,3]]": (5, "matmul(A, B): the shapes (1, 2) and (1, 3) do not fit"),
    "L=a+b; a=[1,2]; b=[1,2,3]": (5, "add(a, b): the shapes (2,) and (3,) do not fit"),
    "L=[[1,2],[3]]": (5, "a list holds numbers"),
    "L=[]": (5, "the list is empty"),
    "9**9**9": (5, "the power is too large for a float64; use smaller numbers\n  9**9**9\n  ^"),
    "L=a; a=9**9**9": (5, "the power is too large"),
    "[0]*10**9": (5, "a list is a vector here and is not repeated by *"),
    "1e400**2": (5, "the power is too large"),
    "1" * 400: (5, "too large"),
    "1" * 5000: (5, "too long"),
    "(" * 100 + "1" + ")" * 100: (5, "brackets are nested more than 60 deep"),
    "+".join(["1"] * 10_001): (5, "the expression is 20,001 characters long (at most 20,000)"),
    # Python reads these two from 3.13 on
    "L=" + "-" * 5000 + "a;a=1": (5, "nested too deeply"),
    "L=" + "a+" * 4000 + "a;a=1": (5, "nested too deeply"),
    "": (5, "the expression is empty"),
    "  \n ; ": (5, "the expression is empty"),
    "L=a\0b": (5, "backviz: "),
    "@simpel": (2, "unknown example 'simpel'; did you mean 'simple'?"),
    "@": (2, "unknown example ''"),
}


@pytest.mark.parametrize("source", BAD, ids=lambda s: ascii(s[:30]))
def test_a_bad_expression_gets_one_sentence_and_no_file(source):
    code, said = BAD[source]
    call("graph", "x", "-o", "g.svg")  # what is imported at the first error
    with at_most(50_000):
        refused(call("graph", source, "-o", "g.svg"), code, said)


@pytest.mark.parametrize("command", ["graph", "describe", "table"])
def test_every_command_refuses_a_bad_expression(command):
    refused(call(command, "L=a*("), 5, "the bracket is never closed\n  L=a*(\n      ^")


def test_a_bad_expression_as_a_process():
    refused(run("graph", "L=a*(", "-o", "g.svg"), 5, "the bracket is never closed")


def test_the_caret_stands_under_the_token_on_the_right_line():
    ran = call("graph", "веса = a*b\na = 2\nb = сигмоида(1)", "-o", "g.svg")
    refused(ran, 5, "(line 3)\n  b = сигмоида(1)\n      ^\n")


def test_a_long_line_is_cut_around_the_caret():
    source = "L=" + "a+" * 100 + "foo(1)" + "+a" * 100 + ";a=1"
    ran = call("graph", source, "-o", "g.svg")
    refused(ran, 5, "unknown function 'foo'")
    line, caret = ran.err.splitlines()[1:]
    assert len(line) < 80
    assert line[caret.index("^") :].startswith("foo(1)")


# NaN and infinity


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("source", ["log(-1)", "1/0", "L=sqrt(a); a=0", "L=log(a)*a; a=-1"])
def test_the_picture_of_a_nan_is_drawn_on_request(source, form):
    ran = call("graph", source, "-o", f"g.{form}", "--allow-nan")
    assert ran.code == 6
    assert Path(f"g.{form}").stat().st_size > 30  # a box of characters is that small
    said = ran.err.splitlines()[-1]
    assert re.search(r"\b(log|div|sqrt)\b.*\bnode n\d", said), said
    assert "--allow-nan" not in said


@pytest.mark.parametrize("command", ["describe", "table"])
def test_text_of_a_nan_is_printed_with_exit_code_6(command):
    ran = call(command, "L=log(a)*a; a=-1")
    assert (ran.code, "NaN" in ran.text) == (6, True)
    assert is_one_sentence(ran.err)


# Bad files


@pytest.fixture
def model(tmp_path_factory):
    file = tmp_path_factory.mktemp("source") / "model.py"
    file.write_text(MODEL)
    return str(file)


@pytest.mark.parametrize("name", ["loss", "double", "optional"])
def test_a_value_or_function_in_a_file_is_drawn(model, name):
    ran = call("graph", f"{model}:{name}", "-o", "g.json", "-q")
    assert (ran.code, ran.err, ran.out) == (0, "", b"")
    assert json.loads(Path("g.json").read_bytes())["nodes"][-1]["label"] == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (":nope", "unknown name 'nope'"),
        (":lss", "unknown name 'lss'; did you mean 'loss'?"),
        ("", "needs a name: write"),
        (":number", "is an int, not a recorded value"),
        (":half", "needs arguments (x)"),
        (":fails", "failed at line 11: ValueError: no way\n"),
        (":misfit", "the shapes (1, 2) and (1, 2) do not fit"),
        (":leaves", "stopped with exit status 7"),
        (":ends", "stopped with exit status 0"),
    ],
)
def test_a_bad_name_in_a_file_gets_one_sentence(model, name, said):
    refused(call("graph", model + name, "-o", "g.svg"), 5, said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1/0", "failed at line 1: ZeroDivisionError"),
        ("x = (", "line 1 cannot be read"),
        ("import sys; sys.exit(3)", "stopped with exit status 3"),
        ("x = 1\nimport nothing_here", "failed at line 2: ModuleNotFoundError"),
    ],
)
def test_a_file_that_fails_gets_one_sentence(tmp_path_factory, text, said):
    file = tmp_path_factory.mktemp("source") / "bad.py"
    file.write_text(text)
    refused(call("graph", f"{file}:x", "-o", "g.svg"), 5, said)


@pytest.mark.parametrize("source", ["missing.py:x", "missing.py", "no/such.py:x"])
def test_a_file_that_is_not_there_gets_one_sentence(source):
    refused(call("graph", source, "-o", "g.svg"), 5, "there is no file")


def test_what_a_file_prints_does_not_get_into_the_picture(tmp_path_factory):
    file = tmp_path_factory.mktemp("source") / "talks.py"
    file.write_text(f"print('hello')\n{MODEL}\nprint('bye')")
    ran = run("graph", f"{file}:loss", "-F", "svg", "-o", "-")
    assert ran.code == 0
    assert problems(ran.out) == []


# Standard input


def test_an_expression_comes_from_standard_input():
    ran = call("graph", "-", "-F", "json", stdin=SIMPLE.encode())
    assert ran == call("graph", SIMPLE, "-F", "json")
    assert ran.code == 0


def test_a_byte_order_mark_and_line_breaks_are_welcome():
    text = "\ufeffL=a*b\r\na=2\r\nb=3\r\n"
    ran = call("graph", "-", "-F", "json", stdin=text.encode())
    assert ran == call("graph", SIMPLE, "-F", "json")


@pytest.mark.parametrize(
    ("stdin", "said"),
    [
        (b"", "the expression is empty"),
        (b"\n", "the expression is empty"),
        (b"\xff\xfe", "standard input is not UTF-8"),
        (b"L=\xe2\x28\xa1", "standard input is not UTF-8"),
    ],
)
def test_bad_standard_input_gets_one_sentence(stdin, said):
    refused(call("graph", "-", "-o", "g.svg", stdin=stdin), 5, said)


def test_no_standard_input_at_all_gets_one_sentence():
    ran = run("graph", "-", "-o", "g.svg", shell='"$@" <&-')
    refused(ran, 5)


def test_words_that_are_not_utf8_get_one_sentence():
    name = os.fsdecode(b"L=\xff; a=1")
    refused(call("graph", name, "-o", "g.svg"), 5)
    assert "nested" not in call("graph", name).err


def test_a_title_that_is_not_utf8_is_shown_all_the_same():
    title = os.fsdecode(b"\xff")
    ran = call("graph", SIMPLE, "--title", title, "-o", "g.svg")
    assert (ran.code, problems(Path("g.svg").read_bytes())) == (0, [])


def test_a_control_character_in_a_title_leaves_the_svg_whole():
    assert call("graph", SIMPLE, "--title", "a\x01b", "-o", "g.svg").code == 0
    assert problems(Path("g.svg").read_bytes()) == []


# Bad options


OPTIONS = {
    "--theme drak": "unknown theme 'drak'; did you mean 'dark'?",
    "--for slid": "unknown size 'slid'; did you mean 'slide'?",
    "--engine wams": "unknown layout engine 'wams'; did you mean 'wasm'?",
    "--fold x": "unknown fold 'x'; there is auto, none, constants, names",
    "--direction up": "unknown direction 'up'; there is auto, LR, TB",
    "--text words": "unknown text 'words'; there is outline, keep",
    "--lang de": "unknown language 'de'; there is en, ru",
    "--decimal ;": "unknown decimal sign ';'",
    "--digits 18": "digits 18 is out of range; use 0 to 17",
    "--digits -1": "digits -1 is out of range",
    "--scale 0": "scale 0 is out of range",
    "--scale 21": "scale 21 is out of range",
    "--scale nan": "scale nan is out of range",
    "--scale inf": "scale inf is out of range",
    "--salt 'a b'": "salt 'a b': use a letter, then letters, digits, - and _",
    "-F gif": "unknown format 'gif' for one picture, but steps have it: backviz steps SRC",
    "-F pngg": "unknown format 'pngg'; did you mean 'png'?",
    "-F png": "g.svg ends in .svg, but -F says png; drop one of the two",
}


@pytest.mark.parametrize("given", OPTIONS)
def test_a_bad_option_gets_one_sentence(given):
    ran = call("graph", SIMPLE, "-o", "g.svg", *shlex.split(given))
    refused(ran, 2, OPTIONS[given])


@pytest.mark.parametrize(
    "given", ["graph", "graph @simple --nope", "graph @simple --digits x", "grph", "list a b"]
)
def test_a_command_that_cannot_be_read_gets_usage_and_exit_code_2(given):
    ran = call(*given.split(), *(["-o", "g.svg"] if given.startswith("graph ") else []))
    assert (ran.code, ran.out) == (2, b"")
    assert "Traceback" not in ran.err
    assert ran.err.strip()
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("-F gif", "unknown format 'gif'"),
        ("-o t.xlsx", "unknown format 'xlsx'"),
        ("-o t.md -F csv", "t.md ends in .md, but -F says csv"),
        ("--digits 99", "digits 99 is out of range"),
        ("--decimal x", "unknown decimal sign 'x'"),
        ("--lang de", "unknown language 'de'"),
    ],
)
def test_a_bad_option_of_a_table_gets_one_sentence(given, said):
    refused(call("table", SIMPLE, *given.split()), 2, said)


@pytest.mark.parametrize("given", ["--lang de", "--digits 18", "--decimal x"])
def test_a_bad_option_of_a_description_gets_one_sentence(given):
    refused(call("describe", SIMPLE, *given.split()), 2)


def test_an_unknown_list_gets_one_sentence():
    refused(call("list", "theems"), 2, "unknown list 'theems'; did you mean 'themes'?")


@pytest.mark.parametrize("given", ["--json", "--open", "--watch"])
def test_what_needs_a_file_says_so(given):
    refused(call("graph", SIMPLE, given), 2, "need a file; add -o FILE")


# Where it is written


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("no/such/g.svg", "there is no folder"),
        ("/proc/nothing/g.svg", "there is no folder /proc/nothing"),
        ("/dev/null/g.svg", "cannot write /dev/null/g.svg"),
        ("g", "'g' has no extension, so the format is not known; use .svg, .pdf"),
        ("g.gif", "unknown format 'gif'"),
        ("/dev/full", "no extension"),
        ("", "no extension"),
    ],
)
def test_a_place_that_cannot_be_written_gets_one_sentence(target, said):
    refused(call("graph", SIMPLE, "-o", target), 2, said)


def test_a_folder_is_no_place_for_a_picture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("g") / "folder.svg"
    folder.mkdir()
    refused(call("graph", SIMPLE, "-o", str(folder)), 2, "it is a folder; add a file name")
    assert not list(folder.iterdir())


@pytest.mark.parametrize("given", ["graph @simple -F svg", "describe @simple", "table @simple"])
def test_a_full_device_gets_one_sentence(given):
    ran = call(*given.split(), "-o", "/dev/full")
    refused(ran, 1, "cannot write /dev/full: No space left on device")


@pytest.mark.parametrize("given", one_in(2, ["graph @simple -F svg", "list", "--help"], 1))
def test_full_standard_output_gets_one_sentence(given):
    refused(run(*given.split(), shell='"$@" >/dev/full'), 1, "cannot write to standard output")


@pytest.mark.parametrize("given", ["graph @mazur -F svg", "--help"])
def test_a_reader_that_leaves_is_no_complaint(given):
    ran = run(*given.split(), shell='"$@" | PATH=/bin:/usr/bin head -c1')
    assert ran.err == ""
    assert len(ran.out) == 1
    assert ran.code in (0, 141)


@pytest.mark.parametrize("given", one_in(2, ["graph @simple -F svg", "describe @simple"]))
def test_a_reader_that_never_was_is_no_complaint(given):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*BACKVIZ, *given.split()], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_failing_run_keeps_the_file_that_was_there():
    for form in RENDERERS:
        Path(f"g.{form}").write_text("mine")
        for source in ("L=a*(", "log(-1)", "L=A@B; A=[[1,2]]; B=[[1,2,3]]"):
            assert call("graph", source, "-o", f"g.{form}").code in (5, 6)
        assert Path(f"g.{form}").read_text() == "mine"
    assert len(list(Path().iterdir())) == len(RENDERERS)


def test_a_disk_that_fills_up_keeps_the_file_that_was_there():
    Path("g.dot").write_text("mine")
    ran = run("graph", "@micrograd", "-o", "g.dot", shell='ulimit -f 4; "$@"')
    assert ran.code == 1
    assert is_one_sentence(ran.err)
    assert "cannot write g.dot: File too large; nothing was kept" in ran.err
    assert [(p.name, p.read_text()) for p in Path().iterdir()] == [("g.dot", "mine")]


@pytest.mark.parametrize("limit", one_in(2, ["ulimit -v 4000000", "ulimit -f 0"]))
def test_an_embedded_engine_that_cannot_start_gives_way_to_the_next(limit):
    ran = run("graph", SIMPLE, "-F", "svg", shell=f'{limit}; "$@"', OPENBLAS_NUM_THREADS="1")
    assert (ran.code, problems(ran.out)) == (0, []), ran.err


@pytest.mark.parametrize("target", one_in(2, ["/dev/stdout", "/dev/fd/1"]))
def test_a_pipe_with_a_name_is_written(target):
    ran = run("graph", SIMPLE, "-F", "dot", "-o", target, "-q")
    assert (ran.code, ran.err) == (0, "")
    assert ran.text.startswith("digraph backviz {")


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_of_any_new_file(mask):
    before = os.umask(mask)
    try:
        assert call("graph", SIMPLE, "-o", "g.dot").code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("g.dot").stat().st_mode) == 0o666 & ~mask


def test_a_file_that_is_replaced_keeps_its_permissions():
    Path("g.dot").touch(0o640)
    assert call("graph", SIMPLE, "-o", "g.dot").code == 0
    assert stat.S_IMODE(Path("g.dot").stat().st_mode) == 0o640


def test_a_link_stays_and_what_it_names_is_replaced():
    Path("real").mkdir()
    Path("real/g.dot").write_text("old")
    Path("g.dot").symlink_to("real/g.dot")
    assert call("graph", SIMPLE, "-o", "g.dot").code == 0
    assert Path("g.dot").is_symlink()
    assert Path("real/g.dot").read_text().startswith("digraph")
    assert sorted(p.name for p in Path("real").iterdir()) == ["g.dot"]


def test_a_device_is_written_and_not_replaced():
    assert call("graph", SIMPLE, "-F", "svg", "-o", "/dev/null").code == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)  # noqa: PTH116


@pytest.mark.parametrize("name", ["веса и градиенты.svg", "a b.SVG", "-g.svg", "a.b.svg"])
def test_any_file_name_will_do(name):
    ran = call("graph", SIMPLE, "-o", name)
    assert (ran.code, [p.name for p in Path().iterdir()]) == (0, [name])
    assert f"wrote {name} (" in ran.err


def test_a_file_name_that_is_not_utf8_will_do():
    name = os.fsdecode(b"\xff.svg")
    ran = call("graph", SIMPLE, "-o", name, "--json")
    assert (ran.code, [p.name for p in Path().iterdir()]) == (0, [name])


@pytest.mark.parametrize("form", RENDERERS)
def test_the_format_follows_the_extension_or_the_option(form):
    for given in (("-o", f"g.{form}"), ("-o", "g", "-F", form), ("-o", f"h.{form}", "-F", form)):
        assert call("graph", SIMPLE, *given, "-q") == Ran(0, b"", "")
    written = {p.name: p.read_bytes() for p in Path().iterdir()}
    assert sorted(written) == sorted(["g", f"g.{form}", f"h.{form}"])
    printed = call("graph", SIMPLE, "-F", form)
    assert {*written.values(), printed.out} == {written["g"]}


def test_standard_output_gets_svg_unless_another_format_is_asked_for():
    plain, dash = call("graph", SIMPLE), call("graph", SIMPLE, "-o", "-")
    assert plain == dash
    assert (plain.code, plain.err, problems(plain.out)) == (0, "", [])
    assert call("graph", SIMPLE, "-o", "-", "-F", "dot").text.startswith("digraph backviz {")
    assert call("graph", SIMPLE, "-o", "-", "-F", "pdf").out.startswith(b"%PDF-")
    assert call("graph", SIMPLE, "-o", "-", "-F", "png").out.startswith(b"\x89PNG")
    assert not list(Path().iterdir())


# Messages


def test_a_written_file_is_reported_with_its_size():
    ran = call("graph", SIMPLE, "-o", "g.svg")
    size = Path("g.svg").stat().st_size
    assert (ran.code, ran.out, ran.err) == (0, b"", f"backviz: wrote g.svg ({size:,} bytes)\n")


def test_text_that_comes_out_too_small_is_said_with_the_remedy():
    given = (
        "graph",
        "@micrograd",
        "--for",
        "slide",
        "--fold",
        "none",
        "--pages",
        "1",
        "-o",
        "g.svg",
    )
    ran = call(*given)
    assert ran.code == 0
    assert re.search(r"the smallest text is [\d.]+ pt, less than the 18 pt", ran.err)
    assert "--fold" in ran.err
    assert call(*given, "-q") == Ran(0, b"", "")


def test_the_gradient_of_an_array_is_said_to_be_that_of_its_sum():
    given = ("graph", "y=a*2; a=[1,2]", "-F", "dot")
    assert "the result has shape (2,)" in call(*given).err
    assert call(*given, "-q").err == ""


def test_debug_shows_the_traceback_and_keeps_the_exit_code():
    ran = run("graph", "L=a*(", "-o", "g.svg", "--debug")
    assert "Traceback" in ran.err
    assert "the bracket is never closed" in ran.err
    assert ran.code == 5


def test_a_quiet_run_still_says_why_it_failed():
    assert is_one_sentence(call("graph", "L=a*(", "-q").err)


def test_a_picture_of_any_size_is_as_many_pixels_as_the_manifest_says():
    for scale in ("0.7", "1", "1.3", "2", "2.9"):
        ran = call("graph", "@diamond", "-o", "g.png", "--scale", scale, "--json", "-q")
        data = Path("g.png").read_bytes()
        found = [int.from_bytes(data[i : i + 4], "big") for i in (16, 20)]
        assert json.loads(ran.text)["px"] == found


@pytest.mark.parametrize("form", RENDERERS)
def test_the_manifest_tells_the_truth(form):
    name = f"g.{form}"
    given = ("--for", "half", "--scale", "1.5", "--title", "Вес", "--pages", "1", "-q")
    ran = call("graph", "@karpathy-l", "-o", name, "--json", *given)
    assert (ran.code, ran.err) == (0, "")
    about, data = json.loads(ran.text), Path(name).read_bytes()
    (file,) = about["files"]
    assert (file["path"], about["format"], about["defaults"]) == (name, form, None)
    assert file["bytes"] == len(data)
    assert file["sha256"] == hashlib.sha256(data).hexdigest()
    assert about["alt"].startswith("Вес. L = −8.")
    if RENDERERS[form].drawn:
        assert about["pt"] == [460.8, 432]
        kept = call("graph", "@karpathy-l", "--text", "keep", "-F", "svg", *given).out
        sizes = [float(e.get("font-size", "inf")) for e in ET.fromstring(kept).iter()]
        assert about["min_font_pt"] == min(sizes)
    if form == "png":
        width, height = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
        assert about["px"] == [width, height] == [691, 648]
    if form == "pdf":
        assert b"/Count 1" in data
        box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", data)
        assert box
        assert [float(x) for x in box.groups()] == [460.8, 432]
    if form == "svg":
        assert (ET.fromstring(data).get("width"), about["pt"][0]) == ("460.8pt", 460.8)


def test_open_shows_the_file_that_was_written(monkeypatch):
    shown = []
    monkeypatch.setattr(click, "launch", lambda path: shown.append(Path(path).is_file()))
    assert call("graph", SIMPLE, "-o", "g.dot", "--open").code == 0
    assert shown == [True]


# The same input, the same bytes


@pytest.mark.parametrize("forms", [["svg", "dot", "json", "text"], slow([*RENDERERS])], ids=len)
def test_the_same_input_gives_the_same_bytes_everywhere(forms, tmp_path):
    given = ("graph", "@mazur", "-q", "--title", "T", "--for", "slide", "-o")
    script = (
        "from backviz.cli import _run\n"
        f"assert not any([_run([*{given!r}, 'g.' + form]) for form in {forms!r}])"
    )

    def all_formats(seed: str) -> dict[str, bytes]:
        folder = tmp_path / seed
        folder.mkdir()
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC+{seed}"}
        subprocess.run([sys.executable, "-c", script], cwd=folder, env=env, check=True, timeout=60)
        return {p.name: p.read_bytes() for p in folder.iterdir()}

    with ThreadPoolExecutor() as pool:
        first, second = pool.map(all_formats, ["1", "2"])
    assert first == second
    assert sorted(first) == sorted(f"g.{form}" for form in forms)
    for name, data in first.items():
        assert str(tmp_path).encode() not in data, name


@pytest.mark.parametrize("form", RENDERERS)
def test_twice_in_one_process_gives_the_same_bytes(form):
    given = ("graph", "@karpathy-neuron", "-F", form, "-q", "--contributions")
    assert call(*given) == call(*given)


def test_the_source_date_is_the_date_of_a_pdf(monkeypatch):
    assert b"/CreationDate" not in call("graph", SIMPLE, "-F", "pdf").out
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    dated = call("graph", SIMPLE, "-F", "pdf").out
    assert b"/CreationDate (D:20010909014640Z)" in dated
    assert dated == call("graph", SIMPLE, "-F", "pdf").out


# Help


def commands() -> dict[str, click.Command]:
    return {"": cli, **cli.commands}


def help_of(name: str) -> str:
    ran = call(*name.split(), "--help")
    assert (ran.code, ran.err) == (0, "")
    return ran.text


@pytest.mark.parametrize("name", commands())
def test_help_describes_each_option_once(name):
    section = help_of(name).split("Options:\n")[1].split("Commands:")[0]
    defined = re.findall(r"^  (-.*?)(?:  |$)", section, re.MULTILINE)
    given = [o for line in defined for o in re.findall(r"--?[A-Za-z][\w-]*", line)]
    command = commands()[name]
    with click.Context(command, help_option_names=["-h", "--help"]) as context:
        options = [p for p in command.get_params(context) if isinstance(p, click.Option)]
    assert sorted(given) == sorted(o for p in options for o in [*p.opts, *p.secondary_opts])
    assert len(given) == len(set(given))
    assert all(getattr(p, "help", "") for p in options)


@pytest.mark.parametrize("name", commands())
def test_help_fits_eighty_columns_and_names_every_command(name):
    text = help_of(name)
    assert all(len(line) <= 80 for line in text.splitlines())
    if not name:
        assert all(f"\n  {c.name} " in text for c in cli.commands.values() if not c.hidden)


def examples_in_help() -> list[str]:
    lines = [
        line.strip()
        for command in cli.commands.values()
        for line in (command.help or "").splitlines()
    ]
    return [line for line in lines if line.startswith("backviz ")]


def test_help_has_examples():
    assert len(examples_in_help()) >= 3


FILMS = [
    line
    for line in examples_in_help()
    if line.endswith((".mp4", "out/%02d.png'")) or ".gif " in line
]


@pytest.mark.parametrize("example", all_but(FILMS, examples_in_help()))
def test_the_examples_in_help_run(example):
    Path("model.py").write_text(MODEL)
    _, *given = shlex.split(example)
    ran = call(*given)
    assert ran.code == 0
    if "-o" not in given:
        assert ran.text.count("\n") >= 3
        return
    assert ran.out == b""
    target = given[given.index("-o") + 1]
    if "%" in target:
        target %= 1
    assert f"wrote {target} " in ran.err
    assert Path(target).stat().st_size > 1000


def test_the_sources_named_in_help_work():
    said = " ".join(help_of("").split())
    assert "'L=(a*b+c)*(a-c); a=2; b=3; c=4'" in said
    assert call("describe", "L=(a*b+c)*(a-c); a=2; b=3; c=4").text.startswith("L = −20\n")
    for name in re.findall(r"@([\w-]+)", said):
        assert name in EXAMPLES


def names_in_help(command: str, option: str) -> list[str]:
    """The choices that an option's help lists: "a, b or c", or "a: …; b: …"."""
    (found,) = [p for p in cli.commands[command].params if option in p.opts]
    assert isinstance(found, click.Option)
    if "|" in (found.metavar or ""):
        return str(found.metavar).split("|")
    text = re.sub(r"\s+\[.*\]$", "", found.help or "").removesuffix(".")
    if ";" in text:
        return [re.match(r"\s*(\w+)", part)[1] for part in text.split(";")]
    return re.split(r", | or ", text.partition(":")[0])


@pytest.mark.parametrize(
    ("command", "option", "registry"),
    [
        ("graph", "--format", [*RENDERERS]),
        ("graph", "--for", [*PRESETS]),
        ("graph", "--theme", [*THEMES]),
        ("graph", "--engine", [*ENGINES]),
        ("graph", "--fold", [*FOLDS]),
        ("graph", "--lang", [*LANGUAGES]),
        ("graph", "--direction", ["LR", "TB"]),
        ("graph", "--text", ["outline", "keep"]),
        ("graph", "--decimal", [".", ","]),
        ("describe", "--lang", [*LANGUAGES]),
        ("table", "--lang", [*LANGUAGES]),
        ("table", "--format", [*TABLES]),
    ],
)
def test_the_names_in_help_are_those_that_work(command, option, registry):
    assert sorted(names_in_help(command, option)) == sorted(registry)


def test_the_lists_in_help_are_those_that_work():
    first = (cli.commands["list"].help or "").split("\n\n")[0]
    listed = re.split(r", | or ", " ".join(first.split()).removeprefix("List WHAT: ")[:-1])
    assert listed == [*LISTS]


def test_the_exit_codes_in_help_are_those_of_the_errors():
    from backviz import errors

    said = " ".join(help_of("").split())
    codes = {int(n) for n in re.findall(r"(\d+) \w", said.partition("Exit codes:")[2])}
    classes = [c for c in vars(errors).values() if isinstance(c, type)]
    assert {c.exit_code for c in classes if hasattr(c, "exit_code")} <= codes
    assert {0, 130} <= codes


def test_the_version_is_said():
    assert call("--version").text == f"backviz, version {__version__}\n"


def test_it_runs_as_a_module_and_as_a_program():
    program = Path(sys.executable).with_name("backviz")
    assert program.is_file()
    as_program = subprocess.run([program, "--version"], capture_output=True, check=True)
    assert as_program.stdout == run("--version").out == call("--version").out


# What there is


REGISTRIES = {
    "examples": [f"@{name}" for name in EXAMPLES],
    "scenes": [*SCENES],
    "ops": sorted(op.name for op in OPS.values() if op.public),
    "formats": [*dict.fromkeys((*RENDERERS, *BUILDERS, *FORMATS, *TABLES))],
    "builds": [*BUILDERS],
    "films": [*FORMATS],
    "tables": [*TABLES],
    "themes": [*THEMES],
    "sizes": [*PRESETS],
    "engines": [*ENGINES],
    "languages": [*LANGUAGES],
    "topics": [*LESSONS],
    "commands": [*COMMANDS],
    "optimizers": [*OPTIMIZERS],
    "schedules": [*SCHEDULES],
    "surfaces": [*SURFACES, "network"],
    "course": [*COURSE],
    "options": [name for name, c in cli.commands.items() if not c.hidden],
}


def test_every_registry_has_its_list():
    assert [*REGISTRIES] == [*LISTS]


@pytest.mark.parametrize("what", REGISTRIES)
def test_a_list_names_everything_in_order(what):
    ran = call("list", what, "--json")
    rows = json.loads(ran.text)["rows"]
    assert (ran.code, ran.err) == (0, "")
    assert [row["name"] for row in rows] == REGISTRIES[what]
    text = call("list", what).text
    heads = [line.split()[0] for line in text.splitlines() if not line.startswith(" ")]
    assert heads == REGISTRIES[what]
    assert all(len(line) <= 80 for line in text.splitlines())
    squeezed = "".join(text.split())
    cells = [cell for row in rows for cell in row.values() if not isinstance(cell, list)]
    assert all("".join(str(cell).split()) in squeezed for cell in cells)


def test_the_options_of_every_command_are_listed_for_programs():
    rows = {r["name"]: r for r in json.loads(call("list", "options", "--json").text)["rows"]}
    theme = next(o for o in rows["graph"]["options"] if "--theme" in o["names"])
    assert (theme["takes"], theme["default"], theme["heading"]) == ("NAME", "light", "")
    for name, command in cli.commands.items():
        given = {o for p in command.params if isinstance(p, click.Option) for o in p.opts}
        if not command.hidden:
            assert given <= {n for o in rows[name]["options"] for n in o["names"]}
    assert any("--still" in o["names"] for o in rows["animate"]["options"])


def test_the_list_of_lists_counts():
    rows = json.loads(call("list", "--json").text)["rows"]
    assert {r["name"]: r["count"] for r in rows} == {k: len(v) for k, v in REGISTRIES.items()}
    assert [line.split() for line in call("list").text.splitlines()] == [
        [k, str(len(v))] for k, v in REGISTRIES.items()
    ]


PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
DEPENDENCIES = [re.match(r"[\w-]+", each)[0] for each in PYPROJECT["project"]["dependencies"]]


@cache
def doctor(*options: str) -> Ran:
    """What the doctor says of this machine; it tries everything, which takes a second."""
    return call("doctor", *options)


@pytest.mark.slow
def test_the_doctor_finds_every_piece_in_order():
    ran, as_json = doctor(), doctor("--json")
    assert (ran.code, as_json.code) == (0, 0)
    findings = json.loads(as_json.text)["findings"]
    assert [f["what"] for f in findings] == [
        "Python",
        *(f"package {name}" for name in DEPENDENCIES),
        "font",
        *(f"layout engine {name}" for name in ENGINES),
        *(f"format {name}" for name in RENDERERS),
        *(f"build {name}" for name in BUILDERS),
        *(f"film {name}" for name in FORMATS),
        "console",
        "defaults",
    ]
    assert max(map(len, ran.text.splitlines())) <= 80
    whole = ran.text.replace("\n      ", " ")  # a finding goes on under itself
    for finding, line in zip(findings, whole.splitlines(), strict=True):
        sign = line[:4].strip()
        assert sign == ("ok" if finding["works"] else "MISS" if finding["needed"] else "-")
        assert finding["what"] in line
        assert finding["works"] or finding["remedy"] in line


def test_a_missing_engine_gives_exit_code_3_and_a_remedy(monkeypatch):
    monkeypatch.setenv("PATH", "")
    refused(call("graph", SIMPLE, "--engine", "dot", "-o", "g.svg"), 3, "install Graphviz")


# Consoles


@pytest.mark.parametrize("encoding", one_in(3, ["ascii", "cp1251", "cp866"]))
def test_a_terminal_of_any_encoding_shows_readable_text(encoding):
    given = "L=tanh(a**2*b)-1/2; a=2; b=-3"
    code, shown = on_a_terminal("describe", given, PYTHONIOENCODING=encoding)
    text = shown.decode(encoding)
    assert code == 0
    assert "Traceback" not in text
    assert text.startswith("L = -1.5\n")
    assert "?" not in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1251"])
def test_an_error_on_a_terminal_of_any_encoding_is_readable(encoding):
    code, shown = on_a_terminal("describe", "L=a*(", PYTHONIOENCODING=encoding)
    assert (code, shown.decode(encoding)) == (
        5,
        "backviz: the expression cannot be read: the bracket is never closed\n  L=a*(\n      ^\n",
    )


@pytest.mark.parametrize("name", commands())
@pytest.mark.parametrize("encoding", ["ascii", "cp1251", "cp866"])
def test_help_can_be_shown_in_any_encoding(name, encoding):
    out = io.TextIOWrapper(io.BytesIO(), encoding)
    kept, sys.stdout = sys.stdout, out
    try:
        assert _run([*name.split(), "--help"]) == 0
    finally:
        sys.stdout = kept
    out.flush()
    assert b"Usage: backviz" in out.buffer.getvalue()


@cache
def printed() -> dict[tuple[str, ...], str]:
    """What commands print, by their words."""
    given = [("list", what) for what in LISTS]
    given += [(word, f"@{name}") for name in EXAMPLES for word in ("describe", "table")]
    return {words: call(*words).text for words in given} | {("doctor",): doctor().text}


@pytest.mark.parametrize("encoding", ["ascii", "cp1251", "cp866"])
def test_every_sign_that_is_printed_has_a_readable_stand_in(encoding):
    for words, text in printed().items():
        assert fitted(text, encoding).count("?") == text.count("?"), words


@pytest.mark.parametrize("form", [r.name for r in RENDERERS.values() if r.drawn])
def test_a_picture_is_not_poured_into_a_terminal(form, monkeypatch):
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    screen, said = Terminal(io.BytesIO()), io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        patch.setattr(sys, "stderr", said)
        assert _run(["graph", SIMPLE, "-F", form]) == 2
    assert screen.buffer.getvalue() == b""
    assert said.getvalue().endswith(f"add -o FILE, for example -o graph.{form}\n")


@pytest.mark.slow
def test_a_picture_for_a_terminal_is_refused_with_a_hint():
    code, shown = on_a_terminal("graph", SIMPLE, "-F", "png")
    assert (code, shown) == (
        2,
        b"backviz: a picture is no text for a terminal; add -o FILE, for example -o graph.png\n",
    )


def test_text_formats_are_shown_on_a_terminal():
    code, shown = on_a_terminal("graph", SIMPLE, "-F", "json")
    assert (code, json.loads(shown)["nodes"][0]["label"]) == (0, "a")


@pytest.mark.parametrize("given", one_in(3, ["--help", "list ops", "graph L=a*("]))
def test_no_escapes_reach_a_terminal(given):
    _, shown = on_a_terminal(*given.split(), NO_COLOR="1")
    assert b"\x1b" not in shown


def test_no_escapes_reach_a_pipe():
    shown = [("describe", SIMPLE), ("list",), ("--help",), ("graph", "L=a*(")]
    for ran in (*(call(*given) for given in shown), doctor()):
        assert "\x1b" not in ran.err + ran.text


# Signals and imports


def test_an_interrupt_gives_exit_code_130_and_no_file(model):
    process = subprocess.Popen(
        [*BACKVIZ, "graph", f"{model}:sleeps", "-o", "g.svg"], stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 30
    while not Path("awake").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.lstrip()) == (130, b"backviz: interrupted\n")
    assert [p.name for p in Path().iterdir()] == ["awake"]


HEAVY = ("numpy", "networkx", "matplotlib", "graphviz", "wasmtime", "fontTools", "PIL")


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("from backviz.cli import _run; _run(['--help'])", HEAVY),
        ("from backviz.cli import _run; _run(['graph', '--help'])", HEAVY),
        ("import backviz", HEAVY[1:]),
        ("import backviz; backviz.Value(2.0)", HEAVY[1:]),
        slow(
            (
                "from backviz.cli import _run; _run(['describe', '@simple'])",
                ("matplotlib", "wasmtime"),
            )
        ),
        slow(
            (
                "from backviz.cli import _run; _run(['graph', '@simple', '-F', 'svg'])",
                ("matplotlib",),
            )
        ),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code, absent):
    script = f"import sys\n{code}\nprint([m for m in {absent!r} if m in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, timeout=60
    )
    assert ran.stdout.splitlines()[-1] == b"[]"
