"""A file or a notebook as SRC: it finds what `python file.py` finds, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from command_line import call, run
from quick import one_in

FILE = """
from __future__ import annotations
import ctypes, os, subprocess, sys
from dataclasses import dataclass
from pathlib import Path
from backviz import Value

w = Value(2.0, "w")

def lazy():
    import helper
    return w * helper.K

def itself():
    return sys.modules[__name__].w * 3

def typed():
    @dataclass
    class Size:
        n: int = 4
    return w * Size().n

def placed():
    assert sys.argv == [os.environ["GIVEN"]], sys.argv
    assert sys.path[0] == str(Path(__file__).parent), sys.path
    assert __name__ == "model" and Path(__file__).is_absolute()
    return w * 5

def loud():
    print("python")
    subprocess.run([sys.executable, "-c", "print('child')"])
    os.write(1, b"raw\\n")
    ctypes.CDLL(None).puts(b"held back by C")
    return w * 6

def moved():
    os.chdir("/")
    sys.stderr = sys.stdout = __import__("io").StringIO()
    return w * 7

def shallow():
    sys.setrecursionlimit(sys.getrecursionlimit() // 10)
    return w * 8

class Mute(Exception):
    def __str__(self):
        raise ValueError("nothing to say")

def mute(): raise Mute
def base(): raise BaseException("the root of all")
def leaves(): raise GeneratorExit
def stops(): raise StopIteration
def group(): raise BaseExceptionGroup("several", [KeyboardInterrupt()])
def lengthy(): raise ValueError("z" * 5000)
def says(): sys.exit("there is no data")
def quits(): sys.exit()
def coloured(): raise ValueError("\\x1b[31mred\\x1b]0;title\\x07")
def whole(): return 3
def array(): return __import__("numpy").zeros(2)
def none(): pass
def deep(): return deep()
async def later(): return w
if __name__ == "__main__":
    raise SystemExit("not as a program")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the file and a helper; the work is done somewhere else."""
    place = tmp_path / "here"
    place.mkdir()
    (place / "model.py").write_text(FILE)
    (place / "helper.py").write_text("K = 10\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return place


def value(source):
    """The result that a description names, and what was said."""
    ran = call("describe", source)
    assert ran.code == 0, ran.err
    return float(ran.text.splitlines()[0].rpartition("= ")[2].replace("−", "-")), ran.err


def sentence(source, code=5):
    ran = call("describe", source)
    assert (ran.code, ran.out) == (code, b""), ran
    assert ran.err.startswith("backviz: ") and "Traceback" not in ran.err
    return ran.err


@pytest.mark.parametrize(
    ("name", "result"), [("lazy", 20), ("itself", 6), ("typed", 8), ("placed", 10), ("shallow", 16)]
)
def test_a_function_finds_what_it_finds_in_its_own_program(folder, name, result, monkeypatch):
    monkeypatch.setenv("GIVEN", "../here/model.py")
    assert value(f"../here/model.py:{name}") == (result, "")


def test_nothing_of_the_file_is_left_behind(folder):
    before = sys.argv, [*sys.path], Path.cwd(), sys.getrecursionlimit(), sys.stderr, {*sys.modules}
    for name in ("lazy", "moved", "shallow"):
        value(f"{folder}/model.py:{name}")
        after = sys.argv, [*sys.path], Path.cwd(), sys.getrecursionlimit(), sys.stderr
        assert after == before[:-1]
        assert not {"helper", "model"} & ({*sys.modules} - before[-1])
    sentence(f"{folder}/model.py:base")
    assert (sys.argv, [*sys.path], Path.cwd()) == before[:3]
    assert sorted(p.name for p in folder.iterdir() if p.suffix == ".py") == [
        "helper.py",
        "model.py",
    ]


def test_two_folders_have_a_helper_each(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "model.py").write_text(FILE)
    (other / "helper.py").write_text("K = 100\n")
    assert value(f"{folder}/model.py:lazy")[0] == 20
    assert value(f"{other}/model.py:lazy")[0] == 200


def test_a_folder_changed_by_the_file_does_not_change_where_pictures_go(folder):
    ran = run("graph", f"{folder}/model.py:moved", "-o", "g.dot")
    assert ran.code == 0
    assert "wrote g.dot" in ran.err
    assert Path("g.dot").is_file()


def test_whatever_prints_leaves_standard_output_clean(folder):
    ran = run("graph", f"{folder}/model.py:loud", "-F", "json")
    assert json.loads(ran.out)["nodes"]
    said = ran.err.splitlines()
    assert sorted(said) == ["child", "held back by C", "python", "raw"]


@pytest.mark.skipif(sys.platform == "win32", reason="closes descriptors as a POSIX shell does")
@pytest.mark.parametrize("closed", one_in(3, ["2>&- <&-", "2>&-", "<&-"]))
def test_a_file_runs_where_streams_are_closed(folder, closed):
    ran = run("graph", f"{folder}/model.py:loud", "-F", "json", shell=f'"$@" {closed}')
    assert (ran.code, bool(json.loads(ran.out)["nodes"])) == (0, True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mute", "Mute: its message cannot be shown"),
        ("base", "BaseException: the root of all"),
        ("leaves", "GeneratorExit: no message"),
        ("stops", "StopIteration: no message"),
        ("group", "BaseExceptionGroup: several (1 sub-exception)"),
        ("deep", "RecursionError: maximum recursion depth exceeded"),
        ("says", "model.py stopped and says: there is no data"),
        ("quits", "model.py stopped with exit status 0"),
        ("coloured", "ValueError: �[31mred�]0;title�"),
        ("whole", ":whole returns an int, not a recorded value; compute it from Value(…)"),
        ("array", ":array returns an ndarray, not a recorded value"),
        ("none", ":none returns nothing, not a recorded value"),
        ("later", ":later is an async function; name one that returns the value itself"),
    ],
)
def test_whatever_a_function_does_is_one_sentence(folder, name, said):
    err = sentence(f"{folder}/model.py:{name}")
    assert said in err
    assert err.count("\n") == 1


def test_a_long_message_is_cut(folder):
    assert len(sentence(f"{folder}/model.py:lengthy")) < 300 + len(str(folder)) + 60


@pytest.mark.peers
def test_a_tensor_of_torch_is_told_where_to_begin(folder):
    pytest.importorskip("torch")
    (folder / "t.py").write_text("import torch\nx = torch.ones(2)\n")
    said = "is a Tensor, not a recorded value; backviz records its own values: begin with backviz.t"
    assert said in sentence(f"{folder}/t.py:x")


def test_only_names_of_the_file_itself_are_offered(folder):
    (folder / "few.py").write_text(
        "import os\nfrom backviz import Value\na, b = Value(1.0), Value(2.0)\n"
        "def loss(): return a * b\nif a:\n    c = a\n"
    )
    assert "unknown name 'zzz'; there is a, b, loss, c\n" in sentence(f"{folder}/few.py:zzz")
    assert "few.py:NAME (a, b, loss, c)" in sentence(f"{folder}/few.py")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"x = 1\0\n", "cannot be read"),
        ("x = 1\n".encode("utf-16"), "cannot be read"),
        (b"# coding: nonsense\nx = 1\n", "unknown encoding: nonsense"),
        (b"x = '\xff'\n", "can't decode byte 0xff"),
        (b"x = (\n", "line 1 cannot be read: '(' was never closed"),
    ],
)
def test_a_file_that_is_no_python_is_one_sentence(folder, data, said):
    (folder / "odd.py").write_bytes(data)
    err = sentence(f"{folder}/odd.py:x")
    assert said in err
    assert "line None" not in err and "line 0" not in err


# Packages, and names that are in the way


PACKAGE = """
from backviz import Value
from .helper import K
import sys
a = Value(3.0, "a")
def loss():
    from . import helper
    from .deep.more import L
    assert helper.K == K and sys.modules[__name__].a is a and __package__ == "pkg"
    return a * K * L
"""


def test_a_file_in_a_package_imports_from_beside_itself(folder):
    package = folder / "pkg"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("from .model import loss\n")  # it imports the file itself
    (package / "helper.py").write_text("K = 2\n")
    (package / "deep" / "__init__.py").touch()
    (package / "deep" / "more.py").write_text("from ..helper import K\nL = K + 3\n")
    (package / "model.py").write_text(PACKAGE)
    assert value(f"{package}/model.py:loss") == (30, "")
    (package / "deep" / "up.py").write_text("from ..model import a\ny = a * 2\n")
    assert value(f"{package}/deep/up.py:y") == (6, "")
    assert not [name for name in sys.modules if name.partition(".")[0] == "pkg"]


def test_a_dot_without_a_package_is_told_what_to_do(folder):
    (folder / "dotted.py").write_text("from .helper import K\n")
    said = "put an empty __init__.py into here, or write the import without the dot"
    assert said in sentence(f"{folder}/dotted.py:K")


@pytest.mark.parametrize("module", ["backviz", "numpy", "statistics"])
def test_a_file_that_hides_what_it_imports_is_told_its_name(folder, module):
    (folder / f"{module}.py").write_text(f"import {module}\nfrom backviz import Value\n")
    said = f"{module}.py has the name of the module {module} that it imports, and hides it; rename"
    assert said in sentence(f"{folder}/{module}.py:x")


def test_a_file_may_have_the_name_of_a_module_that_it_leaves_alone(folder):
    (folder / "random.py").write_text(
        "import sys\nfrom backviz import Value\nx = Value(2.0)\n"
        "def f():\n    assert sys.modules[__name__].x is x\n    return x * 3\n"
    )
    known = __import__("random")
    assert value(f"{folder}/random.py:f") == (6, "")
    assert sys.modules["random"] is known


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{}/model:lazy", "model is no expression; did you mean {}/model.py:lazy?"),
        ("{}/model", "did you mean {}/model.py:NAME?"),
        ("{}:lazy", "{} is a folder; name a file in it, as {}/model.py:lazy"),
        ("{}/notes.txt", "notes.txt is a file, but no Python: a source file ends in .py or .ipynb"),
        ("{}/notes.txt:a", "SRC being -: - < {}/notes.txt"),
        ("{}/model.py", "needs a name: write {}/model.py:NAME (w, lazy"),
        ("{}/nb.ipynb", "there is no file '{}/nb.ipynb'"),
        ("diamond", "diamond is no expression; the example is @diamond"),
    ],
)
def test_what_was_meant_is_said(folder, source, said):
    (folder / "notes.txt").write_text("a*b; a=1; b=2\n")
    assert said.format(folder, folder) in sentence(source.format(folder))


def test_a_dotted_name_is_told_its_file(folder, monkeypatch):
    (folder / "pkg").mkdir()
    (folder / "pkg" / "model.py").touch()
    monkeypatch.chdir(folder)
    said = "pkg.model is no expression; did you mean pkg/model.py:loss?"
    assert said in sentence("pkg.model:loss").replace(os.sep, "/")


def test_the_ending_may_be_in_capitals(folder):
    (folder / "OLD.PY").write_text("from backviz import Value\nx = Value(4.0)\n")
    assert value(f"{folder}/OLD.PY:x")[0] == 4


# Notebooks


def book(*cells, language="python"):
    made = [{"cell_type": "markdown", "metadata": {}, "source": ["# Words\n"]}]
    made += [{"cell_type": "code", "metadata": {}, "outputs": [], "source": c} for c in cells]
    return json.dumps({"cells": made, "metadata": {"kernelspec": {"language": language}}})


@pytest.fixture
def notebook(folder):
    def write(*cells, **given):
        (folder / "nb.ipynb").write_text(book(*cells, **given))
        return f"{folder}/nb.ipynb"

    return write


def test_the_cells_of_a_notebook_run_in_order(notebook):
    path = notebook(
        ["import sys\n", "from backviz import Value\n", "a = Value(2.0)"],
        "a = a * 3\na",
        "import helper\ndef loss():\n    return sys.modules[__name__].a * helper.K",
    )
    assert value(f"{path}:loss") == (60, "")
    assert value(f"{path}:a") == (6, "")


def test_lines_for_the_server_are_left_out_with_a_note(notebook):
    path = notebook(
        "%matplotlib inline\nfrom backviz import Value\n!pip install it's\nx = Value(2.0)",
        "%%time\ny = x * 2\nget_ipython()\ndisplay(y)",
        "%%bash\necho this is (no Python",
        "if True:\n    %pip list\n%time z = y * 3\nnames = !ls\nz?\nls = '''\n%d\n!'''",
        "k = (7\n% 4)\nloss = z * k",
    )
    result, said = value(f"{path}:loss")
    assert result == 2 * 2 * 3 * (7 % 4)
    assert said.count("\n") == 1
    assert "left out (cell 1: %matplotlib inline; cell 1: !pip install it's; cell 2: %%ti" in said
    assert call("describe", "-q", f"{path}:loss").err == ""


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["x = 1", "y = 2\nx / 0"], "nb.ipynb failed at nb.ipynb cell 2:2: ZeroDivisionError"),
        (["x = 1", "x = = 2"], "nb.ipynb cell 2: line 1 cannot be read: invalid syntax\n  x = = 2"),
        (["def x():\n    return 1/0"], "nb.ipynb failed at nb.ipynb cell 1:2: ZeroDivisionError"),
        (["y = 1"], "nb.ipynb: unknown name 'x'; there is y"),
    ],
)
def test_a_cell_that_fails_is_named_by_its_number(notebook, cells, said):
    assert said in sentence(f"{notebook(*cells)}:x")


def test_a_shape_error_in_a_notebook_names_the_cell(notebook):
    path = notebook("from backviz import tensor\na = tensor([1.0, 2.0])", "b = a @ tensor([1.0])")
    assert "nb.ipynb cell 2:1" in sentence(f"{path}:b")


def test_what_is_no_notebook_in_python_is_one_sentence(notebook, folder):
    assert "is a notebook in julia; only Python can be run" in sentence(
        f"{notebook('x = 1', language='julia')}:x"
    )
    for text in ("", "{}", "[]", '{"cells": [{}]}', "nonsense", "[" * 100_000):
        (folder / "nb.ipynb").write_text(text)
        assert "is no notebook that can be read" in sentence(f"{folder}/nb.ipynb:x")


def test_a_notebook_of_the_third_format_runs(folder):
    cells = [{"cell_type": "code", "input": ["from backviz import Value\n", "x = Value(2.0)"]}]
    text = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3})
    (folder / "old.ipynb").write_text(text)
    assert value(f"{folder}/old.ipynb:x")[0] == 2


def test_a_name_of_a_branch_that_does_not_run_is_told_so(folder):
    """`unknown name 'L'; did you mean 'L'?` helps nobody."""
    program = "from backviz import Value\nif __name__ == '__main__':\n    L = Value(2.0) * 3\n"
    (folder / "program.py").write_text(program)
    cell = {"cell_type": "code", "source": program}
    (folder / "program.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4}))
    for ending in (".py", ".ipynb"):
        ran = call("describe", f"{folder / 'program'}{ending}:L")
        assert ran.code == 5 and "gives L no value" in ran.err and "__main__" in ran.err
        assert "did you mean" not in ran.err
