"""A value of another framework is read by its row, and a source of a new framework is one file."""

import json

import pytest
from command_line import call

from backviz import Value, load
from backviz.errors import InputError, MissingPieceError
from backviz.extend import FRAMEWORKS, Framework

# A framework as small as can be, with a record of its own.
TINY = """
class Number:
    def __init__(self, data, parts=(), op="", label=""):
        self.data, self.parts, self.op, self.label = data, parts, op, label
    def __add__(self, other):
        return Number(self.data + other.data, (self, other), "add")
    def __mul__(self, other):
        return Number(self.data * other.data, (self, other), "mul")
"""
FILE = """
from tiny import Number
a, b = Number(2.0, label="a"), Number(3.0, label="b")
def loss(): return a * b + a * a
L = a * b
"""
PLUGIN = '''
from backviz import Value
from backviz.extend import FRAMEWORKS, OPS, Framework

def record(number):
    """The computation again, on recorded values; each of its numbers once."""
    made, todo = {}, [number]
    while todo:
        now = todo[-1]
        missing = [part for part in now.parts if id(part) not in made]
        if not missing and id(now) not in made:
            parts = [made[id(part)] for part in now.parts]
            made[id(now)] = OPS[now.op](*parts) if now.op else Value(now.data, now.label)
        todo = todo + missing if missing else todo[:-1]
    return made[id(number)]

FRAMEWORKS.add("tiny", Framework("tiny", "tiny", record))
'''


@pytest.fixture(autouse=True)
def _files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("tiny", TINY), ("model", FILE), ("reader", PLUGIN)):
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
    with FRAMEWORKS.temporarily():
        yield


def test_one_file_lets_every_command_read_a_framework():
    shown = json.loads(call("graph", "model.py:loss", "--plugin", "reader.py", "-F", "json").out)
    leaves = {n["label"]: n["grad"] for n in shown["nodes"] if n["kind"] == "leaf"}
    assert leaves == {"a": 3.0 + 2 * 2.0, "b": 2.0}
    for command in ("describe", "table", "check"):
        ran = call(command, "model.py:loss")
        assert ran.code == 0 and " a " in ran.text, command


def test_without_the_file_the_value_is_refused_in_a_sentence():
    with pytest.raises(InputError, match=r"model.py:L is a Number, not a recorded value; compute"):
        load("model.py:L")
    row = Framework("tiny", "tiny", instead="write Value(…) for Number(…)")
    with FRAMEWORKS.temporarily({"tiny": row}), pytest.raises(InputError, match="for Number"):
        load("model.py:L")


def test_a_reader_is_imported_when_it_is_needed():
    with FRAMEWORKS.temporarily({"tiny": Framework("tiny", "tiny", "nowhere_at_all:record")}):
        assert isinstance(load("x*x; x=2"), Value)
        with pytest.raises(MissingPieceError, match="values of tiny need nowhere_at_all"):
            load("model.py:L")
