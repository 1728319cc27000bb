"""A wrong option gets one sentence, whatever the command."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from command_line import SIMPLE, call, refused

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
