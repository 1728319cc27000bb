"""What the command line makes, Python makes: builds, options and their words."""

import dataclasses
import inspect
import io
import json
import re
import subprocess
import sys
import typing
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from quick import one_in

import backviz
from backviz import Style, Value
from backviz.cli import _run, cli
from backviz.diagrams.style import OTHER_WORDS, Options
from backviz.errors import UsageError
from backviz.renderers.builds import BUILDERS

ENDINGS = {"fragments": "svg", "tikz": "tex"}


def name_of(form):
    ending = ENDINGS.get(form, form)
    return f"out/%02d.{ending}" if BUILDERS[form].each else f"b.{ending}"


@pytest.mark.parametrize("form", one_in(3, BUILDERS))
def test_a_build_from_python_is_the_build_of_the_command(form, tmp_path, monkeypatch):
    looks = {"theme": "dark", "legend": False, "digits": 5}
    monkeypatch.chdir(tmp_path)
    steps = backviz.steps(backviz.load("@simple"), pace="contribution", first=2, last=5, **looks)
    paths = steps.save(name_of(form))
    assert len(paths) == (4 if BUILDERS[form].each else 1)
    made = [Path(p).read_bytes() for p in paths]
    words = ["--theme", "dark", "--no-legend", "--digits", "5", "--by", "contribution", "-q"]
    words += ["--range", "2-5", "-o", name_of(form)]
    assert _run(["steps", "@simple", *words]) == 0
    assert [Path(p).read_bytes() for p in paths] == made


def test_steps_leave_the_values_alone_and_take_gradients_that_are_there():
    a = Value(2.0, "a")
    L = a * a
    assert "(2 of 2: 2 + 2 = 4)" in repr(backviz.steps(L))
    assert (a.grad, L.grad) == (None, None)
    assert len(backviz.steps(L, passes="forward").moments) == 2
    L.backward()
    assert "(2 of 2: 2 + 2 = 4)" in repr(backviz.steps(L))
    assert a.grad == 4.0
    plain = backviz.tensor([1.0, 2.0], requires_grad=False) * 2.0
    assert "Backward" not in repr(backviz.steps(plain))


def test_many_steps_are_printed_up_to_forty():
    x = y = Value(0.5, "x")
    for _ in range(60):
        y = y.sin()
    printed = repr(backviz.steps(y, fold="none")).splitlines()
    assert len(printed) == 41
    assert printed[-1] == "… and 82 more steps"
    assert x.grad is None


def test_a_build_in_a_notebook_is_the_player_over_a_picture():
    steps = backviz.steps(backviz.load("@simple"), theme="dark")
    data, about = steps._repr_mimebundle_()
    assert data.keys() == {"text/plain", "text/html", "image/png"}
    assert b64decode(data["image/png"])[:4] == b"\x89PNG"
    assert data["text/html"].index(data["image/png"]) < data["text/html"].index("<iframe srcdoc=")
    assert "src=" not in data["text/html"].replace('<img src="data:image/png;base64,', "")
    assert about["image/png"]["width"] == round(steps.drawing_of(()).width)
    assert steps._repr_mimebundle_()[0] == data
    assert steps._repr_mimebundle_(include=["text/plain"])[0] == {"text/plain": repr(steps)}
    huge, _ = backviz.steps(backviz.load("@simple"), size="slide", scale=20.0)._repr_mimebundle_()
    assert "(no picture: a picture of" in huge["text/plain"]


# Options ----------------------------------------------------------------------------------


def test_options_are_the_fields_of_a_style_with_their_types():
    assert typing.get_type_hints(Options) == typing.get_type_hints(Style)
    assert list(Options.__annotations__) == [f.name for f in dataclasses.fields(Style)]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("thme", "unknown option 'thme'; did you mean 'theme'?"),
        ("ledgend", "unknown option 'ledgend'; did you mean 'legend'?"),
        ("dpi", "unknown option 'dpi'; the pixels per point of a PNG are scale=2.0"),
        ("contributions", "unknown option 'contributions'; the numbers on arrows are products="),
        ("no_legend", "unknown option 'no_legend'; leave the legend out with legend=False"),
        ("format", "unknown option 'format'; the format is backviz.render(L, 'svg')"),
    ],
)
def test_a_wrong_option_is_one_sentence_with_the_right_one(option, said, tmp_path):
    L = backviz.load("@simple")
    for call in (
        lambda **k: backviz.render(L, **k),
        lambda **k: backviz.save(L, tmp_path / "x.svg", **k),
        lambda **k: backviz.show(L, **k),
        lambda **k: backviz.steps(L, **k),
    ):
        with pytest.raises(UsageError) as caught:
            call(**{option: 1})
        assert str(caught.value).startswith(said)
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_no_other_word_hides_an_option():
    assert not {*OTHER_WORDS} & {*Options.__annotations__}


def test_one_picture_in_a_format_of_builds_names_the_steps(tmp_path):
    for form in BUILDERS:
        if form not in ("html", "mp4", "gif", "webp"):
            continue
        path = str(tmp_path / f"b.{form}")
        with pytest.raises(UsageError, match="but steps have it") as caught:
            backviz.save(backviz.load("@simple"), path)
        assert f"backviz.steps(L).save({path!r})" in str(caught.value)


TYPED = """
import backviz

L = backviz.Value(2.0) * 3.0
backviz.save(L, "x.svg", theme="dark", size="slide", digits=4)
backviz.render(L, "svg", weights="hide", scale=1.5)
backviz.show(L, legend=False)
backviz.steps(L, passes="forward", pace="contribution", first=2, theme="dark").save("b.html")
"""
WRONG = {
    'backviz.save(L, "x.svg", thme="dark")': '"thme"',
    'backviz.render(L, "svg", sise="slide")': '"sise"',
    "backviz.show(L, legend=0.5)": '"legend"',
    'backviz.steps(L, weights="none")': '"weights"',
    'backviz.steps(L, passes="forwards")': '"passes"',
}


@pytest.mark.slow
def test_a_type_checker_finds_a_wrong_option(tmp_path):
    pytest.importorskip("mypy")
    script = tmp_path / "typed.py"
    script.write_text(TYPED + "\n".join(WRONG) + "\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--ignore-missing-imports",
         "--follow-imports=silent", f"--cache-dir={tmp_path}/cache", str(script)],
        capture_output=True, text=True, check=False, cwd=Path(backviz.__file__).parent.parent,
    )  # fmt: skip
    found = [line for line in done.stdout.splitlines() if "error:" in line]
    start = TYPED.count("\n") + 1
    assert [int(line.split(":")[1]) for line in found] == [*range(start, start + len(WRONG))], found
    for line, named in zip(found, WRONG.values(), strict=True):
        assert named in line


# One word for one thing ---------------------------------------------------------------------

PAGE = (Path(__file__).parent.parent / "docs" / "python.md").read_text("utf-8")


def rows(heading):
    """The rows of the table under a heading, cell by cell."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_lists_every_option_of_a_picture():
    assert [row[0].strip("`") for row in rows("Options")] == [*Options.__annotations__]


def test_the_page_maps_every_command_and_option_to_python():
    told = " ".join(row[0] for row in rows("From the command line to Python"))
    for name, command in cli.commands.items():
        assert f"`{name} " in told or f"`{name}`" in told, name
        for parameter in command.params:
            longest = max(parameter.opts, key=len)
            assert not longest.startswith("--") or f"`{longest}`" in told, (name, longest)
    known = {o for c in cli.commands.values() for p in c.params for o in p.opts}
    assert {*re.findall(r"`(--[a-z-]+)`", told)} <= known


def test_what_the_page_calls_the_same_word_is_one():
    """An option whose row says so is a keyword of the function that does the command's work."""
    accepted = {*Options.__annotations__}
    for function in (
        backviz.check,
        backviz.check_grads,
        backviz.explain,
        backviz.steps,
        backviz.describe,
        backviz.diagnose,
        backviz.stepper,
        backviz.train,
    ):
        accepted |= {*inspect.signature(function).parameters}
    for options, python in rows("From the command line to Python"):
        for option in re.findall(r"`--([a-z-]+)`", options):
            assert not python.startswith("the same word") or option in accepted, option
        for word in re.findall(r"`?(\w+)=", python):
            assert word in accepted | {"numbers", "create_graph"}, word


@pytest.mark.parametrize(
    ("name", "more"),
    [("tanh", ()), ("accumulate", ("--lang", "ru")), ("", ()), ("clipping", ("--digits", "6"))],
)
def test_explain_says_what_the_command_says(name, more, capsys):
    assert _run(["explain", *([name] if name else []), *more]) == 0
    given = {more[0][2:]: int(more[1]) if more[1].isdigit() else more[1]} if more else {}
    told = backviz.explain(name, **given)
    assert f"{told}\n" == capsys.readouterr().out
    assert repr(told) == str(told)
    if name:
        _run(["explain", name, *more, "--json"])
        if "--digits" not in more:
            assert {"schema": 1, **told.data()} == json.loads(capsys.readouterr().out)


def test_explain_runs_a_mistake_on_a_computation():
    told = str(backviz.explain(wrong="accumulate", src="L=a*a; a=3"))
    assert "finite differences" in told
    with pytest.raises(UsageError, match="did you mean 'accumulate'"):
        backviz.explain("accumulat")
    with pytest.raises(UsageError, match="unknown language"):
        backviz.explain("tanh", lang="xx")


# The check ---------------------------------------------------------------------------------

LEAVES_THE_RECORD = """
import math
from backviz import Value
def loss():
    w = Value(0.5, "w")
    return w * w + float(w) ** 3
"""


@pytest.mark.parametrize("source", ["L=a*b+tanh(a); a=2; b=1e6", "L=abs(a); a=0", "file", "@mazur"])
def test_a_check_from_python_has_the_verdict_of_the_command(source, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if source == "file":
        Path("m.py").write_text(LEAVES_THE_RECORD, "utf-8")
        source = "m.py:loss"
    code = _run(["check", source])
    printed, said = capsys.readouterr()
    report = backviz.check(source)
    assert f"{report}\n" == printed
    assert bool(report.wrong) == (code == 4)
    assert report.wrong in said
    if source == "m.py:loss":
        assert code == 4  # float(w) left the record


def test_a_check_of_a_function_runs_it_and_of_a_value_says_that_it_does_not():
    def loss(w):
        return w * w + float(w.data) ** 3

    assert backviz.check(loss, 0.5).wrong
    value = loss(Value(0.5, "w"))
    report = backviz.check(value)
    assert not report.wrong
    assert "only the record was run again" in str(report)
    assert value.grad is None
    for call, said in (
        (lambda: backviz.check(Value(1.0) ** 2, step=2), "step lies between 0 and 1"),
        (lambda: backviz.check(backviz.tensor([1.0], requires_grad=False) * 2), "nothing to check"),
        (lambda: backviz.check(Value(0.0, "a") ** -1), "finite numbers"),
    ):
        with pytest.raises(backviz.BackvizError, match=said):
            call()


OTHER_KINDS = [
    {"theme": 3}, {"size": None}, {"scale": "big"}, {"scale": True}, {"digits": 2.5},
    {"title": 5}, {"legend": "no"}, {"transparent": 1}, {"fold": None}, {"lang": ["en"]},
    {"engine": {}}, {"salt": 0}, {"decimal": 1}, {"text": True}, {"direction": 1},
]  # fmt: skip


@pytest.mark.parametrize("style", OTHER_KINDS, ids=str)
def test_an_option_of_another_kind_is_refused_in_a_sentence(style):
    (name,) = style
    with pytest.raises(UsageError, match=f"^{name} takes .*, not "):
        backviz.render(backviz.Value(2.0), "svg", **style)


def test_options_take_numpys_numbers():
    x = backviz.Value(2.0, "x")
    given = {"digits": np.int64(3), "scale": np.float32(2), "legend": np.True_}
    assert backviz.render(x, "svg", **given) == backviz.render(x, "svg", digits=3)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda x: backviz.steps(5), "no recorded value"),
        (lambda x: backviz.check(5), "cannot be checked"),
        (lambda x: backviz.load(5), "a source is a text"),
        (lambda x: backviz.explain(5), "unknown topic or op 5"),
        (lambda x: backviz.save(x, io.BytesIO()), "a path, not to a BytesIO"),
        (lambda x: backviz.save(x, 5), "a path, not to an int"),
        (lambda x: backviz.render(x, 5), "unknown .*5"),
        (lambda x: backviz.render(x, None), "unknown .*None"),
        (lambda x: backviz.table(x, ["md"]), "unknown format"),
    ],
)
def test_a_call_with_something_else_is_refused_in_a_sentence(call, says):
    with pytest.raises(backviz.errors.BackvizError, match=says):
        call(backviz.Value(2.0, "x"))
