"""A language that is added: what it lacks is English, sentence by sentence, and nothing breaks."""

import pytest

import backviz
from backviz.cli import _run
from backviz.errors import UsageError
from backviz.lessons import LESSONS
from backviz.ops import OPS
from backviz.stepping.vocabulary import COMMANDS
from backviz.words import LANGUAGES

EMPTY = {"xx": {}}
COMMANDS_RUN = [
    ["graph", "@diamond", "-F", "text"],
    ["graph", "@diamond", "-o", "g.svg"],
    ["steps", "@diamond", "-o", "b.html"],
    ["steps", "@diamond", "-o", "out/%02d.svg"],
    ["describe", "@diamond"],
    ["table", "@diamond"],
    ["explain"],
    ["explain", "tanh"],
    ["explain", "matmul"],
    ["explain", "--break", "accumulate"],
    ["step", "@diamond", "--commands", "help;n;list;c;why a;local L;check;quiz;where;diff"],
]


@pytest.mark.parametrize("line", COMMANDS_RUN, ids=" ".join)
def test_an_empty_language_says_what_english_says(line, tmp_path, monkeypatch, capsysbinary):
    monkeypatch.chdir(tmp_path)
    said = []
    with LANGUAGES.temporarily(EMPTY):
        for lang in ("en", "xx"):
            code = _run([*line, "--lang", lang])
            files = {p.name: p.read_bytes() for p in sorted(tmp_path.rglob("*.*"))}
            said.append((code, capsysbinary.readouterr(), files))
    (code, english, files), (other, text, others) = said
    assert (code, other) == (0, 0)
    assert text.out == english.out
    assert files.keys() == others.keys()
    for name, data in files.items():  # an SVG says its language where it is not English
        spoken = others[name].replace(b' xml:lang="xx"', b"").replace(b'lang="xx"', b'lang="en"')
        assert spoken == data, name


def test_every_screen_and_every_help_can_be_said_in_it():
    with LANGUAGES.temporarily(EMPTY):
        for name in (*LESSONS, "relu", "softmax", "mse_loss", "conv2d"):
            screens = [str(backviz.explain(name, lang=lang)) for lang in ("xx", "en")]
            assert screens[0] == screens[1], name
        stepper = backviz.stepper(backviz.load("@diamond"), lang="xx")
        for name in COMMANDS:
            assert stepper.run(f"help {name}").text


def test_one_table_holds_what_each_language_says():
    words = {
        "Forward": "Vorwärts",
        "names:": "Namen:",
        OPS["tanh"].note: "Notiz.",
        LESSONS["accumulate"].question.en: "Warum?",
    }
    with LANGUAGES.temporarily({"de": words}):
        assert "Vorwärts" in backviz.describe(backviz.load("@simple"), lang="de")
        assert "Warum?" in str(backviz.explain("accumulate", lang="de"))
        assert "Warum?" in str(backviz.explain(lang="de"))
        assert "Notiz." in str(backviz.explain("tanh", lang="de"))
        stepper = backviz.stepper(backviz.load("@simple"), lang="de")
        assert "Namen: next" in stepper.run("help next").text
    for use in (backviz.explain, lambda lang: backviz.stepper(backviz.load("@simple"), lang=lang)):
        with pytest.raises(UsageError, match="unknown language 'de'"):
            use(lang="de")
