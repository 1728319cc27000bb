"""The line that computed a value stands at it, in pictures, builds, tables and descriptions."""

import csv
import io
import json

import pytest
from command_line import call
from picture_lint import objections

import backviz
from backviz import Value
from backviz.diagrams.figure import Figure
from backviz.diagrams.style import Style
from backviz.renderers.builds import BUILDERS

PROGRAM = """import backviz

def loss(w=0.5, x=3.0):
    z = w * x
    a = backviz.ops.tanh(z)
    return (a - 1) ** 2
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "train.py"
    path.write_text(PROGRAM)
    return f"{path}:loss"


@pytest.mark.parametrize("form", ["text", "dot", "mermaid", "svg", "json"])
def test_every_format_of_a_picture_has_the_lines(program, form):
    given = ("graph", program, "-F", form, "--text", "keep")
    shown = call(*given, "--lines").text.replace("#46;", ".").replace("#58;", ":")
    for line in (4, 5, 6):
        assert f"train.py:{line}" in shown
    assert "train.py:4" not in call(*given).text


def test_tables_and_descriptions_have_them(program):
    for form in ("txt", "md", "latex"):
        assert "train.py:5" in call("table", program, "--lines", "-F", form).text
        assert "train.py" not in call("table", program, "-F", form).text
    rows = [*csv.DictReader(io.StringIO(call("table", program, "--lines", "-F", "csv").text))]
    assert {(row["node"], row["line"]) for row in rows} >= {
        ("z", "train.py:4"),
        ("a", "train.py:5"),
    }
    rows = json.loads(call("table", program, "--lines", "-F", "json").text)["rows"]
    assert all(row["line"].startswith("train.py:") for row in rows)
    assert "line" not in json.loads(call("table", program, "-F", "json").text)["rows"][0]
    assert "z = w·x = 1.5   train.py:4" in call("describe", program, "--lines").text


def test_the_cell_of_a_notebook_is_named(tmp_path):
    cells = ["import backviz", "a = backviz.Value(2.0, 'a')\nb = a * 3\nL = b.tanh()"]
    made = [{"cell_type": "code", "source": s, "metadata": {}, "outputs": [],
             "execution_count": None} for s in cells]  # fmt: skip
    path = tmp_path / "nb.ipynb"
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert "nb.ipynb cell 2:2" in call("graph", f"{path}:L", "--lines", "-F", "text").text


def test_an_expression_has_none_and_says_so():
    for command in ("graph", "table", "describe"):
        done = call(command, "L=a*b; a=2; b=3", "--lines")
        assert "--lines changes nothing here: an expression has no lines" in done.err
        assert ".py:" not in done.text


def test_in_python_they_are_there_where_they_were_noted():
    a = Value(2.0, "a")
    with backviz.source_lines():
        loss = a * a + 1
    loss.backward()
    figure = Figure(loss, Style(lines=True))
    assert [r.text.split(":")[0] for b in figure.diagram.boxes for r in b.remarks] == [
        "test_lines.py", "test_lines.py",
    ]  # fmt: skip
    assert list(objections(figure.drawing)) == []
    assert not any(b.remarks for b in Figure(loss, Style()).diagram.boxes)
    (page,) = BUILDERS["html"](backviz.steps(loss, lines=True))
    assert b"test_lines.py:" in page
