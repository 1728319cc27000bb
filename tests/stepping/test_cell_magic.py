"""`%%backprop`: one cell, one picture, under the names of the cell's variables."""

import ast
import os
import re

import pytest

from backviz import Value
from backviz.sources.variables import name_values
from backviz.stepping.extension import load_ipython_extension
from backviz.stepping.pictures import style_of


class Cell:
    """As much of IPython as the extension needs."""

    def __init__(self):
        self.magics, self.user_ns, self.ast_transformers, self.shown = {}, {}, [], []
        self.displayhook = self.shown.append

    def register_magic_function(self, function, kind, name):
        self.magics[kind, name] = function

    def run_cell(self, cell):
        tree = ast.parse(cell)
        for transformer in self.ast_transformers:
            tree = transformer.visit(tree)
        exec(compile(tree, "<cell>", "exec"), self.user_ns)
        return type("Done", (), {"success": True, "result": None})


def test_the_cell_magic_shows_the_value_that_is_meant(capsys):
    ipython = Cell()
    load_ipython_extension(ipython)
    backprop = ipython.magics["cell", "backprop"]
    code = "from backviz import Value\na = Value(2.0)\nb = a * a\nc = b + a"
    made = backprop("", code)
    assert made.state.record.names == ["a", "b", "c"]
    assert made.grad("a") == 5
    assert backprop("b", code).grad("a") == 4
    assert backprop("nope", code) is None
    assert "'nope' is no value; name one: %%backprop NAME" in capsys.readouterr().out
    assert backprop("", "d = 3") is None
    assert "the cell recorded no value" in capsys.readouterr().out
    assert backprop("c", "d = 3").grad("a") == 5
    assert ipython.ast_transformers == []


def test_the_cell_magic_takes_the_last_line_s_value_under_its_variable_s_name():
    """As IPython: what other cells showed is kept in Out, under numbers."""
    ipython = Cell()
    load_ipython_extension(ipython)
    backprop = ipython.magics["cell", "backprop"]
    code = "from backviz import Value\nx = Value(1.0)\nloss = (x * x + 1).log()\nloss"
    ipython.run_cell("from backviz import Value\nold = Value(3.0)")
    ipython.user_ns |= {"Out": {1: ipython.user_ns["old"]}, "In": ["", "old"]}
    made = backprop("", code)
    ipython.user_ns["Out"][5] = ipython.user_ns["loss"]
    assert made.state.record.names[-1] == "loss"
    assert ipython.user_ns["loss"].label == ""  # for display only
    assert ipython.shown == []
    assert "_backprop_last" not in ipython.user_ns
    assert backprop("", code + "\n'not a value'").state.record.names[-1] == "loss"
    assert ipython.shown == ["not a value"]
    name_values({"Out": Value(2.0)} | (held := {"In": Value(4.0)}))
    assert held["In"].label == "In"


def test_the_cell_magic_takes_options_and_names_arrays(capsys):
    ipython = Cell()
    load_ipython_extension(ipython)
    backprop = ipython.magics["cell", "backprop"]
    code = (
        "import numpy as np\nfrom backviz import Value\nX = np.array([1.0, 2.0])\n"
        "w = Value(3.0)\nL = ((X * w) ** 2).sum()"
    )
    made = backprop("L theme=dark --for slide --no-legend lang=ru digits=6", code)
    assert {*made.state.record.names} >= {"w", "X", "L"}
    style = style_of(made.state)
    assert (style.theme, style.size, style.legend, style.lang) == ("dark", "slide", False, "ru")
    assert style.digits == 6
    assert "пришло" in made.show().text
    second = backprop("L order=2 wrt=w", code)
    assert second.state.record.names[-1] == "dL/dw"
    assert second.grad("w") == 10.0  # L = 5w²
    for line, said in {
        "L thme=dark": "unknown option 'thme'; did you mean 'theme'?",
        "L dpi=3": "unknown option 'dpi'; the pixels per point of a PNG are scale=2.0",
        "L theme=drak": "unknown theme 'drak'; did you mean 'dark'?",
        "L digits=many": "digits is a number, not 'many'",
        "L legend=perhaps": "legend is yes or no, not 'perhaps'",
        "L lang=xx": "unknown language 'xx'",
        "L wrt=w": "order=2 (at most 4) and wrt=NAME, the leaf to derive for, go together",
        "L order=2 wrt=q": "unknown leaf 'q'; there is w",
        "L theme": "%%backprop takes one name, not L and theme",
        "L --theme": "theme needs a value: theme=…",
        "'L": "No closing quotation",
    }.items():
        assert backprop(line, code) is None
        printed = capsys.readouterr().out
        assert said in printed, line
        assert printed.startswith("backviz: ") and printed.count("\n") == 1


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")  # the kernel's client has remarks of its own
def test_a_notebook_shows_text_and_pictures():
    if os.environ.get("CI_PEERS"):
        import nbclient
        import nbformat
    else:
        nbclient = pytest.importorskip("nbclient")
        nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(code)
        for code in (
            "from backviz import Value, load\nfrom backviz.stepping.session import stepper\n"
            "from backviz.stepping.extension import load_ipython_extension\n"
            "load_ipython_extension(get_ipython())\ns = stepper(load('@diamond'))",
            "s.goto('bw 2')",
            "s.why('a')",
            "%%backprop theme=dark\nx = Value(0.5)\ny = x * x\ny",
        )
    ]
    nbclient.NotebookClient(notebook, timeout=120).execute()
    assert [len(cell.outputs) for cell in notebook.cells[1:]] == [1, 1, 1]
    outputs = [cell.outputs[0]["data"] for cell in notebook.cells[1:]]
    assert all(out["image/png"] for out in outputs)
    assert all(out["image/svg+xml"].startswith("<svg") for out in outputs)
    assert "sum  −6 + 10 = 4" in outputs[1]["text/plain"]
    assert "y = x·x" in outputs[2]["text/plain"]
    assert "∂y/∂x" in outputs[2]["text/plain"]
    ids = [i for out in outputs for i in re.findall(r' id="([^"]+)"', out["image/svg+xml"])]
    assert len(set(ids)) == len(ids)


def test_a_cell_that_trains_shows_its_last_loss_with_the_numbers_of_then(capsys):
    ipython = Cell()
    load_ipython_extension(ipython)
    backprop = ipython.magics["cell", "backprop"]
    code = (
        "from backviz import Value\nw = Value(2.0)\nfor _ in range(2):\n    w.grad = None\n"
        "    loss = (w * 3 - 1) ** 2\n    loss.backward()\n    w.data -= 0.1 * w.grad\n"
    )
    made = backprop("loss", code)
    assert made.value("w") == 2.0 - 0.1 * 2 * 5 * 3
    assert made.grad("w") == 2 * (3 * made.value("w") - 1) * 3
    assert "w was changed afterwards" in capsys.readouterr().out
