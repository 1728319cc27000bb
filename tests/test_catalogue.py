"""Catalogues hold every sentence of the code, up to date, and what they lack is English."""

import ast
import os
import pickle
import re
import string
import subprocess
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from catalogues import catalogue, catalogues, strings
from command_line import call
from quick import slow

import backviz
from backviz import language
from backviz.language import Language, languages, spoken
from backviz.words import LANGUAGES

PACKAGE = Path(backviz.__file__).parent
CYRILLIC = re.compile("[А-Яа-яЁё]")
IN_CODE = {  # Russian letters that stand in Python, and why
    "signs.py": "what a console of that encoding can show is shown in an example",
    "tex_signs.py": "Cyrillic in TeX needs a font, which an example shows",
    "words.py": "an example says a sentence in Russian",
}


@pytest.fixture(scope="module")
def found():
    """What the code says, asked of a process in which no test has entered anything."""
    code = (
        "import pickle, sys; sys.path.insert(0, sys.argv[1]); import catalogue; "
        "sys.stdout.buffer.write(pickle.dumps([*catalogue.extracted()]))"
    )
    docs = PACKAGE.parent / "docs"
    ran = subprocess.run([sys.executable, "-c", code, docs], check=True, capture_output=True)
    return pickle.loads(ran.stdout)


def gaps(text):
    """The gaps of a sentence with how they are written, `{name!r}` and `{n:,}`, each as often.

    A merge of catalogues can put two translations of a sentence behind each other.
    """
    return Counter((name, spec, how) for _, name, spec, how in string.Formatter().parse(text)
                   if name is not None)  # fmt: skip


@pytest.mark.parametrize("path", catalogues(), ids=lambda path: path.parts[-3])
class TestCatalogue:
    def test_it_has_what_the_code_says_and_nothing_else(self, path, found):
        made = catalogue.read(path)
        asked = {(m.context, m.id) for m in found if m.id}
        told = {(m.context, m.id) for m in made if m.id}
        assert asked - told == set(), "run python docs/catalogue.py"
        assert told - asked == set(), "run python docs/catalogue.py"
        assert not made.obsolete
        assert path.read_bytes() == catalogue.po(catalogue.updated(made, found))

    def test_all_is_translated_and_nothing_is_a_guess(self, path):
        for message in catalogue.read(path):
            if message.id:
                assert all(strings(message.string)), message.id
                assert not message.fuzzy, message.id

    def test_translations_have_the_gaps_of_the_sentence(self, path):
        for message in catalogue.read(path):
            if message.id and "{" in "".join(strings(message.id)):
                *_, english = strings(message.id)
                for text in strings(message.string):
                    assert gaps(text) == gaps(english), message.id

    def test_what_is_compiled_is_what_is_written(self, path):
        compiled = read_mo(BytesIO(path.with_suffix(".mo").read_bytes()))
        sides = [
            {(m.context, *strings(m.id)): strings(m.string) for m in each if m.id}
            for each in (catalogue.read(path), compiled)
        ]
        assert sides[0] == sides[1], "run python docs/catalogue.py"
        assert path.with_suffix(".mo").read_bytes() == catalogue.mo(path)

    def test_every_sentence_is_said_as_the_catalogue_has_it(self, path):
        said = LANGUAGES[path.parts[-3]]
        for message in catalogue.read(path):
            if message.context:
                assert said.pgettext(message.context, message.id) == message.string
            elif message.pluralizable:
                forms = {said.catalogue.ngettext(*message.id, n) for n in range(200)}
                assert forms == set(message.string)
            elif message.id:
                assert said.gettext(message.id) == message.string


def test_no_russian_stands_in_the_code():
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")
             if CYRILLIC.search(path.read_text("utf-8"))}  # fmt: skip
    assert found == set(IN_CODE)


@pytest.mark.slow
def test_who_says_underscore_binds_no_other():
    """`for _ in …` in a function would hide the function that says sentences."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        imported = any(
            isinstance(node, ast.ImportFrom)
            and node.module == "backviz.language"
            and any(name.name == "_" for name in node.names)
            for node in ast.walk(tree)
        )
        names = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "_"]
        arguments = [a for a in ast.walk(tree) if isinstance(a, ast.arg) and a.arg == "_"]
        if imported and path.name != "language.py":
            bound = [n.lineno for n in names if not isinstance(n.ctx, ast.Load)]
            assert not bound and not arguments, (path.name, bound)


def test_a_gap_is_named_and_an_f_string_is_noticed():
    source = 'from backviz.language import _\nx = _(f"there is no {name}")'
    with pytest.raises(ValueError, match="f-string"):
        list(catalogue.marked(source))
    assert not list(catalogue.marked('_("of somebody else")'))


# At run time ---------------------------------------------------------------------------------


def own_catalogue(folder, name, said, plural="nplurals=2; plural=(n != 1);"):
    """A compiled catalogue where gettext looks for it."""
    made = Catalog(locale=name)
    for sentence, text in said.items():
        made.add(sentence, text)
    path = folder / name / "LC_MESSAGES" / "backviz.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, made)


def ran(line, **env):
    """A command in a process of its own, as the language and a folder of catalogues are read."""
    around = {k: v for k, v in os.environ.items() if k not in language._VARIABLES}
    around |= {"PYTHONPATH": str(PACKAGE.parent), "PYTHONIOENCODING": "utf-8", **env}
    done = subprocess.run(
        [sys.executable, "-m", "backviz", *line], capture_output=True, env=around, check=False
    )
    return done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def said(monkeypatch):
    """What a command says in this process, where the environment names a language."""

    def say(line, **env):
        for name in language._VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        done = call(*line)
        return done.text, done.err

    return say


def test_a_third_catalogue_is_dropped_into_a_folder(tmp_path):
    own_catalogue(tmp_path, "de", {
        "Forward": "Vorwärts",
        "Backward: gradients of {output}": "Rückwärts: Gradienten von {wrong}",
    })  # fmt: skip
    out, err = ran(["describe", "@simple", "--lang", "de"], BACKVIZ_LOCALE=str(tmp_path))
    assert "Vorwärts" in out and not err
    assert "Backward: gradients of" in out  # its gap cannot be filled
    assert "leaves: " in out  # it has no such sentence
    assert '"de"' in ran(["list", "languages", "--json"], BACKVIZ_LOCALE=str(tmp_path))[0]
    assert "unknown language" in ran(["describe", "@simple", "--lang", "de"])[1]


def test_a_sentence_of_ones_own_stands_before_the_package_s(tmp_path):
    own_catalogue(tmp_path, "ru", {"Forward": "Туда"})
    out, _ = ran(["describe", "@simple", "--lang", "ru"], BACKVIZ_LOCALE=str(tmp_path))
    assert "Туда" in out and "Назад: градиенты" in out


@pytest.mark.parametrize(
    ("given", "lang"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "C", "BACKVIZ_LANG": "ru"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "BACKVIZ_LANG": "en"}, "en"),
        ({"LANG": "ru_RU", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "xx_YY.UTF-8"}, "en"),
        ({"LANGUAGE": "xx:ru:en", "LANG": "en_US.UTF-8"}, "ru"),
    ],
    ids=str,
)
def test_the_system_says_which_language_is_spoken(given, lang, monkeypatch):
    for name in language._VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert spoken() == lang


@pytest.mark.parametrize("line", [
    ["graph", "@simple", "-F", "svg"], ["steps", "@simple", "-F", "html"], ["describe", "@simple"],
    ["table", "@simple"], ["explain", "tanh"], ["step", "@simple", "--commands", "n;why x"],
], ids=" ".join)  # fmt: skip
def test_a_file_never_asks_the_environment(line, said):
    assert said(line, LANG="ru_RU.UTF-8") == said(line, LANG="C")


@pytest.mark.parametrize("line", [
    ["list", "engines"], slow(["doctor"]), ["check", "@simple"], ["explain", "tanh"],
    ["describe", "@simple"], ["table", "@simple"], ["list", "nothing"],
    ["step", "@simple", "--commands", "n;why x"], ["graph", "@simple", "-F", "text"],
], ids=" ".join)  # fmt: skip
def test_every_command_that_says_something_says_it_in_russian(line, said):
    assert not CYRILLIC.search("".join(said(line)))
    if line[0] in ("list", "doctor", "check"):
        assert CYRILLIC.search("".join(said(line, BACKVIZ_LANG="ru")))
    out, err = said([*line, "--lang", "ru"])
    assert CYRILLIC.search(out + err) and "Traceback" not in err


def test_errors_are_said_in_the_language_that_is_spoken_when_they_are_raised():
    with language.speaking("ru"), pytest.raises(backviz.errors.InputError, match="формы"):
        backviz.Value([1.0, 2.0]) + backviz.Value([1.0, 2.0, 3.0])
    with pytest.raises(backviz.errors.InputError, match="do not fit"):
        backviz.Value([1.0, 2.0]) + backviz.Value([1.0, 2.0, 3.0])


def test_help_is_russian_and_the_prompt_answers_in_its_own_language():
    out, _err = ran(["graph", "--help"], BACKVIZ_LANG="ru")
    assert "Запуск:" in out and "Параметры:" in out and "Без легенды." in out
    stepper = backviz.stepper(backviz.load("@simple"), lang="ru")
    with pytest.raises(backviz.errors.InputError, match="неизвестно"):
        stepper.run("why zz")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_data_for_programs_keeps_its_points(form, said):
    for command in ("table", "graph") if form == "json" else ("table",):
        plain = said([command, "a*b; a=2.5; b=0.5", "-F", form])
        comma = said([command, "a*b; a=2.5; b=0.5", "-F", form, "--decimal", ","])
        assert plain[0] == comma[0]  # graph says besides that json has nothing for the option
        assert "2.5" in plain[0]


@pytest.mark.parametrize("form", ["dot", "graphml"])
def test_graphs_for_programs_keep_their_points(form, said):
    given = ["graph", "a*b; a=2.5; b=0.5", "-F", form]
    assert "2.5" in said([*given, "--decimal", ","])[0]


def test_english_opens_no_catalogue(monkeypatch):
    def refuse(name):
        raise AssertionError(name)

    monkeypatch.setattr(language, "read_catalogues", refuse)
    monkeypatch.setitem(language.known, "xx", Language("xx"))
    assert Language("en").gettext("Forward") == "Forward"
    assert "ru" in languages()
    with pytest.raises(AssertionError):
        Language("ru").gettext("Forward")
