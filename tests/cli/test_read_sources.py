"""Sources that are read: Python files, standard input, and words that are no text."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from command_line import (
    MODEL,
    SIMPLE,
    call,
    refused,
    run,
)
from portable_svg import problems


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
