"""What a person types: one letter for two things, numbers as they are shown, help on one screen."""

import re
from pathlib import Path

import pytest
from typing_person import typed_into

from backviz import Value, load, tensor
from backviz.stepping.commands import advance
from backviz.stepping.look import Look
from backviz.stepping.prompt import completions
from backviz.stepping.shell import Shell, run_script
from backviz.stepping.state import start
from backviz.stepping.vocabulary import COMMANDS, SUBJECTS
from backviz.text import NumberStyle

COMMA = {"lang": "ru", "numbers": NumberStyle(decimal=",")}


def said(source, *lines, code=0, **look):
    state = start(load(source) if isinstance(source, str) else source, Look(**look))
    for line in lines:
        state, result = advance(state, line)
    assert result.code == code, result.text
    return " ".join(result.text.split())


def letters(*names):
    """A sum of leaves that are called as commands are."""
    values = [Value(float(k + 2), name) for k, name in enumerate(names)]
    total = values[0] * 1
    for value in values[1:]:
        total = total + value
    total.label = "L"
    return total


# One letter for two things -----------------------------------------------------------------


NEEDING = [n for n in COMMANDS.names() if COMMANDS[n].needs and n != "set"]
ALONE = [n for n in COMMANDS.names() if not COMMANDS[n].needs and len(n) == 1 and n.isalpha()]


@pytest.mark.parametrize("word", NEEDING)
def test_a_node_named_like_a_command_that_needs_more_is_printed(word):
    assert said(letters("x", word), word).startswith(f"{word} = 3")


@pytest.mark.parametrize("word", ["n", "c", "b", "q", "s", "l", "f", "d", "r", "w"])
def test_a_name_before_a_sign_is_the_node(word):
    for more, shown in (("*2", 6), (" * 2", 6), (" - 1", 2), (" + x", 5)):
        assert said(letters("x", word), f"{word}{more}").endswith(f" = {shown}")


def test_every_letter_that_is_a_command_and_a_node_says_so_once():
    lines = ["a=7", *[x for letter in ALONE if letter not in "qdl" for x in (letter, letter)]]
    shown = []
    shell = Shell(start(letters(*ALONE, "a")), shown.append, live=True)
    for line in lines:
        shell.run(line)
    text = "".join(shown)
    for letter in ALONE:
        note = f"{letter} is the command {COMMANDS[letter].name} here; print {letter} shows"
        assert text.count(note) == (letter not in "qdl"), letter


def test_scripts_are_told_nothing_of_it():
    shown = []
    run_script(Shell(start(load("@diamond")), shown.append), ["c", "c"])
    assert "is the command" not in "".join(shown)


def test_a_person_is_told_which_is_which_and_leaves_with_q():
    code, shown = typed_into(
        "import backviz\nq = backviz.Value(2.0, 'q')\nn = q * q\nn.label = 'n'\nbackviz.step(n)",
        ["n", "print n", "q"], BACKVIZ_LANG="en",
    )  # fmt: skip
    assert code == 0
    assert "n is the command next here; print n shows the node" in shown
    assert "n = 4" in shown


# What would be read ------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_command_that_needs_more_shows_how_it_is_written(name):
    command = COMMANDS[name]
    if command.needs:
        text = said("@diamond", name, code=5)
        assert command.usage in text and command.example in text


@pytest.mark.parametrize(
    ("line", "shown"),
    [("set a=2+", "as in 5, -1/3 or [1, 2]"), ("b a <", "as in a.grad > 1"),
     ("p a*", "as in a*b or sum(W.grad)"), ("b a=2", "== 2"), ("set a=2,5", "2.5"),
     ("nudge a x", "nudge a 0.01"), ("nudge a +", "-1/3"), ("b absg>", "absg"),
     ("next x", "next 3"), ("goto bw", "goto bw 1"), ("xyz", "help lists")],
)  # fmt: skip
def test_what_cannot_be_read_shows_what_would_be(line, shown):
    _, result = advance(start(load("@diamond")), line)
    assert result.code in (2, 5)
    assert shown in " ".join(result.text.split())


# Numbers as they are shown -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "truth"),
    [("set a=2,5", 2.5), ("a = -0,25", -0.25), ("set a=1,5e-3", 0.0015), ("a=2.5", 2.5),
     ("a=maximum(0,5, 1,5)", 1.5), ("a=−∞", float("-inf"))],
)  # fmt: skip
def test_the_decimal_comma_is_read_where_it_is_shown(line, truth):
    state, result = advance(start(load("@diamond"), Look(**COMMA)), line)
    assert result.code == 0, result.text
    assert state.run.values[0].data == truth


def test_conditions_and_steps_take_the_comma_too():
    state = start(load("@diamond"), Look(**COMMA))
    for line in ("b absg>9,5", "b a > 1,5 and b < 3,5", "nudge a 0,01", "p a*0,5"):
        state, result = advance(state, line)
        assert result.code == 0, result.text
    assert result.text == "a*0.5 = 1"
    assert [b.stops is not None for b in state.breaks] == [True, True]
    state, result = advance(state.but(breaks=state.breaks[:1]), "c")
    assert state.place.step == 1 and state.place.phase == "backward"  # f.grad is 10


def test_indices_keep_their_commas():
    W = tensor([[1.0, 2.0], [3.0, 4.0]], "W")
    state = start((W * W).sum(), Look(**COMMA))
    state, result = advance(state, "set W[0,1] = 0,5")
    assert result.code == 0 and state.run.values[0].data.tolist() == [[1, 0.5], [3, 4]]
    state, result = advance(state, "b W[0,1] < 0,75")
    assert result.code == 0
    assert advance(state, "c")[0].at == 1


@pytest.mark.parametrize("decimal", [".", ","])
def test_an_array_is_read_back_as_it_is_shown(decimal):
    W = tensor([[1.25, -2.5], [0.0, 1e-5]], "W")
    look = Look(numbers=NumberStyle(17, decimal))
    shown = look.numbers.format
    text = "; ".join("  ".join(shown(float(x)) for x in row) for row in W.data * 3)
    state, result = advance(start((W * W).sum(), look), f"set W=[{text}]")
    assert result.code == 0, result.text
    assert state.run.values[0].data.tolist() == (W.data * 3).tolist()


@pytest.mark.parametrize(
    ("what", "place"), [("d>5 and a>1", 2), ("W[0,0]>1", 1), ("max(abs(W))>3.5", 1)]
)
def test_conditions_are_joined_and_speak_of_entries(what, place):
    if "W" in what:
        W = tensor([[1.5, 2.0], [3.0, -4.0]], "W")
        state = start((W * W).sum())
    else:
        state = start(load("@diamond"))
    state, result = advance(state, f"b {what}")
    assert result.code == 0, result.text
    assert advance(state, "c")[0].at == place


# Pages -------------------------------------------------------------------------------------


def test_show_keeps_the_watched_page_fresh_and_opens_it(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    page, other = str(tmp_path / "live.html"), str(tmp_path / "other.html")
    shell = Shell(start(load("@diamond")), lambda text: None, live=True, watched=(page,))
    shell.follow()
    for line in ("n", f"show {other}", "n 3", "bw"):
        shell.run(line)
    for each in (page, other):
        assert "(bw 0/4)" in Path(each).read_text("utf-8")
    opened.clear()
    shell.opened = False
    shell.run("show")
    assert [url.rpartition("/")[2] for url in opened] == ["live.html"]


# Help --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("word", ["", *SUBJECTS, *COMMANDS])
def test_help_fits_a_terminal(word, lang):
    _, result = advance(start(load("@diamond"), Look(lang=lang)), f"help {word}")
    lines = result.lines  # beside the line that was typed, and the next prompt
    assert len(lines) + 2 <= 24 or word == "all", result.text
    assert all(len(line) <= 80 for line in lines)
    if lang == "ru" and word not in ("", *COMMANDS):
        assert re.search("[а-я]", result.text)


def test_help_names_every_command_under_one_subject():
    overview = said("@diamond", "help")
    for name, command in COMMANDS.items():
        assert command.subject in SUBJECTS and command.about, name
        assert re.search(rf"\b{name}\b", overview), name
        assert command.usage in said("@diamond", f"help {command.subject}")
        assert command.usage in said("@diamond", "help all")
    assert sum(len(said("@diamond", f"help {s}")) > 0 for s in SUBJECTS) == len(SUBJECTS)


def test_a_subject_is_understood_in_the_language_it_is_shown_in():
    look = Look(lang="ru")
    titles = [look.say(title) for title in SUBJECTS.values()]
    assert len(set(titles)) == len(titles) and not {*titles} & {*COMMANDS.names()}
    for name, title in zip(SUBJECTS, titles, strict=True):
        assert said("@diamond", f"help {title}", lang="ru") == said(
            "@diamond", f"help {name}", lang="ru"
        )
    assert "did you mean 'moving'" in said("@diamond", "help movin", code=2)


def test_tab_offers_what_may_follow():
    state = start(load("@diamond"))
    assert completions(state, "set ", "") == ["a", "b", "c"]
    assert completions(state, "undo ", "") == []
    assert "moving" in completions(state, "help m", "m")
    assert {"d", "nan", "op:mul", "absg>"} <= {*completions(state, "break ", "")}
    assert "e" in completions(state, "watch ", "")
