"""The stepper's faces: command line, terminal, pages, programs, notebooks, and its page of docs."""

import base64
import doctest
import io
import os
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
from quick import one_in
from typing_person import keys_into

from backviz import Value, load
from backviz.cli import _run
from backviz.stepping import entry
from backviz.stepping.commands import advance
from backviz.stepping.look import Look
from backviz.stepping.pictures import moment_of, picture, present, steps_of, style_of
from backviz.stepping.prompt import completions, history_file
from backviz.stepping.session import Stepper, stepper
from backviz.stepping.shell import Shell, run_script
from backviz.stepping.state import start
from backviz.stepping.vocabulary import COMMANDS

ROOT = Path(__file__).parents[2]
STEP = (sys.executable, "-m", "backviz", "step")
SESSION = b"n\nn\nbackward\nn\nwhy a\nback\nset a=5\ndiff\nundo\nbreak nan\nc\nq\n"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)


def run(*given, stdin=b"", **env):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONIOENCODING"} | env
    return subprocess.run(
        [*STEP, *given], input=stdin, capture_output=True, env=environment, timeout=60, check=False
    )


@pytest.fixture
def call(monkeypatch, capsys):
    """The command in this process: exit code, standard output, standard error."""

    def run_here(*given, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        code = _run(["step", *given])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run_here


def shell(source, *lines, **look):
    said = []
    made = Shell(start(load(source), Look(**look)), said.append)
    code = run_script(made, lines, echo=False)
    return made, "".join(said), code


# The command line ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_piped_session_is_the_same_transcript_twice():
    first, second = run("@diamond", stdin=SESSION), run("@diamond", stdin=SESSION)
    assert first.stdout == second.stdout
    assert (first.returncode, first.stderr) == (0, b"")
    text = first.stdout.decode()
    assert text.count("step> ") == 12
    assert "sum  −6 + 10 = 4" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    state = start(load("@diamond"))
    for line in SESSION.decode().splitlines():
        state, result = advance(state, line)
        assert f"step> {line}\n{result.text}" in text


def test_commands_from_a_pipe_are_run_as_they_come():
    process = subprocess.Popen([*STEP, "@diamond"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdin.write(b"n\n")
        process.stdin.flush()
        assert select.select([process.stdout], [], [], 30)[0]
        assert process.stdout.readline() == b"step> n\n"
    finally:
        process.communicate(timeout=30)


def test_commands_and_scripts_give_what_stdin_gives(tmp_path, call):
    (tmp_path / "s.txt").write_text("# a session\nn\n\nwhy a  # the chain rule\n", "utf-8")
    by_stdin = call("@diamond", stdin=b"n\nwhy a\n")
    assert "∂L/∂a = 4" in by_stdin[1]
    assert call("@diamond", "--commands", "n; why a") == by_stdin
    assert call("@diamond", "--script", "s.txt") == by_stdin


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (["@diamond", "--commands", "n; bogus; n"], 2, ""),
        (["@diamond", "--commands", "set e=1"], 5, ""),
        (["L=log(x); x=-1", "--commands", "break nan; c"], 6, ""),
        (["L=log(x); x=-1", "--commands", "c"], 0, ""),
        (["@diamond", "--commands", "source nowhere.txt"], 5, ""),
        (["@diamond", "--commands", "save x.mp3"], 2, ""),
        (["@diamond", "--script", "nowhere.txt"], 5, "cannot read nowhere.txt"),
        (["@diamond", "--script", "a", "--commands", "n"], 2, "drop one of them"),
        (["@diamond", "--watch", "x.svg", "--commands", "n"], 2, "does not end in .html"),
        (["@diamnd", "--commands", "n"], 2, "did you mean 'diamond'?"),
        (["@diamond", "--lang", "de", "--commands", "n"], 2, "there is en, ru"),
        (["-"], 2, "--commands or --script"),
        (["L=a*", "--commands", "n"], 5, "cannot be read"),
    ],
)
def test_exit_codes(given, code, words, call):
    done, _, err = call(*given)
    assert done == code
    assert words in err
    assert bool(err) == bool(words)
    assert err.count("\n") <= 3


@pytest.mark.parametrize("encoding", one_in(2, ["cp1251", "ascii"]))
def test_a_console_without_the_signs_gets_others_in_straight_columns(encoding):
    done = run("@diamond", "--lang", "ru", "--commands", "goto bw 1;why a;draw;help",
               PYTHONIOENCODING=encoding)  # fmt: skip
    assert done.returncode == 0
    text = done.stdout.decode(encoding)
    shown = text.splitlines()
    assert "dL/dL" in text
    (local,) = (line for line in shown if "dL/dd = f " in line)
    (upstream,) = (line for line in shown if "dL/dL  " in line)
    assert local.index("= -2") == upstream.index("=  1")
    assert not set("∂→−┌─") & set(text)
    assert max(map(len, shown)) <= 80
    if encoding != "ascii":
        assert "обратный проход" not in text
        assert "вклад" in text


# A terminal ---------------------------------------------------------------------------------


def type_in(keys, *given, **env):
    """What the stepper's terminal shows when a person types."""
    return keys_into([*STEP, *given], keys, **env)


def test_a_person_at_a_terminal_has_colour_completion_repeats_and_ctrl_d():
    code, shown = type_in([b"n\n", b"\n", b"wher\t\n", b"junk\x03", b"\x04"], "@diamond")
    assert code == 0
    text = shown.decode()
    assert "\x1b[1m-->" in text
    assert "(fw 2/4)" in text
    assert "step 2 of 9" in text
    assert "given: a = 2,  b = 3,  c = 4" in text
    assert "junk" not in history_file().read_text("utf-8")
    assert history_file().read_text("utf-8").split() == ["n", "where"]


def test_history_is_kept_and_no_color_and_cp1251_are_respected():
    history_file().parent.mkdir(parents=True)
    history_file().write_text("why a\n", "utf-8")
    code, shown = type_in([b"\x1b[A\n", b"q\n"], "@diamond", "--lang", "ru", NO_COLOR="1",
                          PYTHONIOENCODING="cp1251")  # fmt: skip
    assert code == 0
    text = shown.decode("cp1251")
    assert "dL/da = 4   сумма по 2 путям" in text
    assert not re.search(r"\x1b\[\d*m", text)


def test_ctrl_c_leaves_the_state_as_it_was():
    def interrupt(*_):
        raise KeyboardInterrupt

    made, _, _ = shell("@diamond", "n")
    made.live, before = True, made.state
    command = COMMANDS["continue"]
    object.__setattr__(command, "act", interrupt)
    try:
        made.run("c")
    finally:
        from backviz.stepping.commands import _continue

        object.__setattr__(command, "act", _continue)
    assert made.state is before
    made.run("c")
    assert made.state.at == made.state.timeline.end()


def test_an_interrupted_stream_goes_on_where_it_was(monkeypatch):
    import backviz.telling.run as run_module

    state = start(load("@diamond"))
    stream = run_module.backward_steps
    calls = []

    def broken(output, seed):
        for k, step in enumerate(stream(output, seed)):
            if k == 2 and not calls:
                calls.append(k)
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr(run_module, "backward_steps", broken)
    with pytest.raises(KeyboardInterrupt):
        state.run.whole(0)
    assert [state.run.whole(i) for i in range(3)] == [
        stepper(load("@diamond")).state.run.whole(i) for i in range(3)
    ]
    assert calls


def test_words_are_completed_with_commands_nodes_and_files(tmp_path):
    state = start(load("@mazur"))
    assert sorted(completions(state, "w", "w")) == ["w ", "watch ", "where ", "why "]
    assert completions(state, "why W", "W") == ["W2", "W1"]
    assert {"nan", "op:sigmoid"} <= set(completions(state, "break ", ""))
    assert completions(state, "break op:ma", "op:ma") == ["op:matmul"]
    (tmp_path / "one.txt").touch()
    (tmp_path / "folder").mkdir()
    assert completions(state, "source o", "o") == ["one.txt"]
    assert completions(state, "save ", "") == ["folder/", "one.txt"]


# Files ----------------------------------------------------------------------------------------


def test_a_recording_plays_back(tmp_path):
    lines = ["n", "", "set a=5", "bogus", "why a"]
    shell("@diamond", "record r.txt", *lines, "record off")
    assert (tmp_path / "r.txt").read_text("utf-8") == "n\nn\nset a=5\nwhy a\n"
    first, _, _ = shell("@diamond", *lines)
    second, _, code = shell("@diamond", "source r.txt")
    assert code == 0
    assert (first.state.at, first.state.run.edits) == (second.state.at, second.state.run.edits)


def test_a_second_recording_ends_the_first(tmp_path):
    shell("@diamond", "record one.txt", "n", "record two.txt", "n 2")
    assert (tmp_path / "one.txt").read_text("utf-8") == "n\n"
    assert (tmp_path / "two.txt").read_text("utf-8") == "n 2\n"


def test_the_object_records_too(tmp_path):
    s = stepper(load("@diamond"))
    s.run("record r.txt")
    s.next(2)
    s.set(a=5, b=-1)
    s.run("record off")
    assert (tmp_path / "r.txt").read_text("utf-8") == "next 2\nset a=5.0\nset b=-1.0\n"
    _, said, code = shell("@diamond", "source r.txt", "p d")
    assert code == 0
    assert said.endswith(f"d = −{-(5 * -1 + 4)}\nd.grad = —   (not computed)\n")


def test_files_that_source_each_other_end(tmp_path):
    (tmp_path / "a.txt").write_text("n\nsource a.txt\n", "utf-8")
    _, said, code = shell("@diamond", "source a.txt")
    assert code == 5
    assert "too deep" in said


FORMS = {"svg": b"<svg", "pdf": b"%PDF", "png": b"\x89PNG", "html": b"<!doctype"}


@pytest.mark.parametrize(("form", "begins"), FORMS.items())
def test_pictures_are_saved_in_every_form_and_are_the_same_twice(form, begins, tmp_path):
    shell("@diamond", "goto bw 2", f"save one.{form}")
    shell("@diamond", "goto bw 2", f"save two.{form}")
    one = (tmp_path / f"one.{form}").read_bytes()
    assert one.startswith(begins)
    assert one == (tmp_path / f"two.{form}").read_bytes()


def test_a_watched_page_follows_the_cursor(tmp_path, call):
    assert call("@diamond", "--watch", "page.html", "--commands", "n")[0] == 0
    first = (tmp_path / "page.html").read_text("utf-8")
    assert 'http-equiv="refresh"' in first
    assert "(fw 1/4)" in first
    assert "http" not in re.sub(r'http-equiv|xmlns="[^"]*"', "", first)
    call("@diamond", "--watch", "page.html", "--commands", "goto bw 3")
    assert "(bw 3/4)" in (tmp_path / "page.html").read_text("utf-8")


def test_show_opens_once_and_then_refreshes(monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda uri: opened.append(uri) or True)
    made, _, _ = shell("@diamond")
    made.live = True
    for line in ("show page.html", "n", "show page.html", "n"):
        made.run(line)
    assert opened == [(tmp_path / "page.html").as_uri()]
    assert "(fw 2/4)" in (tmp_path / "page.html").read_text("utf-8")
    _, said, code = shell("@diamond", "show")
    assert code == 5
    assert "show step.svg" in said


# The picture's state ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["diamond", "mazur", "mazur-scalar", "micrograd", "gates"])
def test_the_picture_shows_what_the_figure_s_own_build_shows(name):
    """At the end of every node the boxes and arrows are those of `backviz steps`."""
    state = start(load(f"@{name}"))
    steps = steps_of(state.run, style_of(state))
    line = state.timeline
    places = [line.at(k) for k in range(line.rank(line.end()) + 1)]
    assert len(steps.moments) == len(places)
    for at, truth in zip(places, steps.moments, strict=True):
        mine = moment_of(state.but(at=at), steps)
        for box, shown in truth.boxes.items():
            assert mine.boxes[box].value == shown.value, (at, box)
            assert mine.boxes[box].gradient == shown.gradient, (at, box)
        for arrow, shown in truth.arrows.items():
            passed = mine.arrows[arrow].forward, mine.arrows[arrow].backward
            assert passed == (shown.forward, shown.backward), (at, arrow)


def test_nothing_moves_between_steps():
    state = start(load("@diamond"))
    sizes = set()
    for at in range(state.timeline.end() + 1):
        (moment,) = present(state.but(at=at)).moments
        drawing = present(state.but(at=at)).drawing(moment)
        sizes.add((drawing.width, drawing.height))
    assert len(sizes) == 1


def test_the_terminal_drawing_marks_the_node_at_work():
    _, said, code = shell("@diamond", "goto bw 3", "draw")
    assert code == 0
    assert "╔═ + ═" in said
    assert max(map(len, said.splitlines())) <= 80
    _, said, _ = shell("@diamond", "draw", encoding="ascii")
    assert said.isascii()


def test_what_is_too_large_to_draw_is_said():
    x = Value(1.0, "x")
    for _ in range(2100):
        x = x + 1.0
    said = []
    made = Shell(start(x), said.append)
    made.run("draw")
    assert "too many to draw" in " ".join("".join(said).split())
    assert "image/svg+xml" not in Stepper(x)._repr_mimebundle_()[0]


# Python -----------------------------------------------------------------------------------------


def test_step_runs_lines_and_does_not_touch_the_value(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    L = load("@diamond")
    assert entry.step(L, "n; why a; bogus") == 2
    assert entry.step(L) == 0
    said, hint = capsys.readouterr()
    assert "sum  −6 + 10 = 4" in said
    assert "backviz.stepper(…)" in hint
    assert L.grad is None
    with pytest.raises(ValueError, match="step takes a recorded value"):
        entry.step(3.0)


def test_breakpoint_opens_nothing_without_a_terminal(capsys, monkeypatch):
    entry.breakpoint()
    assert "no terminal here, so it goes on" in capsys.readouterr().err
    monkeypatch.setenv("PYTHONBREAKPOINT", "0")
    entry.breakpoint()
    assert capsys.readouterr().err == ""


def test_a_display_never_raises(monkeypatch):
    s = stepper(load("@diamond"))
    made, about = s._repr_mimebundle_()
    assert set(made) == {"text/plain", "text/html", "image/svg+xml", "image/png"}
    assert base64.b64decode(made["image/png"])[:4] == b"\x89PNG"
    assert about["image/png"]["width"] > 100
    assert s.why("a")._repr_mimebundle_()[0]["text/plain"].startswith("∂L/∂a = 4")

    def fails(*_, **__):
        raise RuntimeError("no way")

    monkeypatch.setattr("backviz.stepping.pictures.picture", fails)
    made, _ = s._repr_mimebundle_()
    assert set(made) == {"text/plain", "text/html"}  # the page has pictures of its own
    assert "no picture: no way" in made["text/plain"]


def test_ids_of_different_states_differ_and_pictures_are_the_same_twice():
    s = stepper(load("@diamond"))
    shown = [s.next().svg() for _ in range(5)]
    assert shown[0] == stepper(load("@diamond")).next().svg()
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in shown]
    assert not set.intersection(*ids[:2])
    assert picture(s.state, "svg", salt="x1").count(b'id="x1-')


# The page ----------------------------------------------------------------------------------------


def sessions():
    """The sessions of the page: source and lines."""
    page = (ROOT / "docs" / "stepper.md").read_text("utf-8")
    return re.findall(r"^```session (\S+)\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def test_the_sessions_of_the_page_are_true():
    states = {}
    assert len(sessions()) >= 7
    for source, text in sessions():
        state = states.get(source) or start(load(source))
        made = []
        for line in text.splitlines():
            if line.startswith("step> "):
                state, result = advance(state, line.removeprefix("step> "))
                made += [line, *result.lines]
        assert list(map(tiny, made)) == list(map(tiny, text.splitlines()))
        states[source] = state


def tiny(line):
    """Rounding errors of differences are others on another processor."""
    return re.sub(r" *\d(\.\d)?e−(9|1\d)\b", " tiny", line)


def test_the_python_of_the_page_is_true():
    page = (ROOT / "docs" / "stepper.md").read_text("utf-8")
    block = "\n".join(re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
    code = block.replace("import backviz\n", "import backviz\n>>> from backviz.stepping.session "
                         "import stepper\n").replace("backviz.stepper(", "stepper(")  # fmt: skip
    test = doctest.DocTestParser().get_doctest(code, {}, "stepper.md", None, 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0


def test_the_page_names_every_command():
    page = (ROOT / "docs" / "stepper.md").read_text("utf-8")
    for name in COMMANDS:
        assert f"`{name}" in page, name


def test_the_backward_pass_is_a_computation_that_can_be_stepped(call):
    """y = w³x: dy/dw = 3w²x, and what goes through the second pass is 6wx."""
    given = ("y=w**3*x; w=2; x=5", "--order", "2", "--wrt", "w")
    code, out, _ = call(*given, "--commands", "c;c;print dy/dw;print w.grad;why w")
    assert code == 0
    assert "dy/dw = 60" in out and "w.grad = 60" in out and "∂(dy/dw)/∂w" in out
    assert call("@diamond", "--order", "2", "--commands", "n")[0] == 2
    assert "--wrt NAME" in call("@diamond", "--order", "2", "--commands", "n")[2]
    assert "--order 2" in call("@diamond", "--wrt", "a", "--commands", "n")[2]
