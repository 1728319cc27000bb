"""The stepper's answers are data: the engine's numbers, JSON for each command, text made last."""

import io
import json
import math
import random
import sys
from dataclasses import dataclass, fields, is_dataclass

import numpy as np
import pytest
from quick import one_in

import backviz
from backviz import Value, gradients_of, load, stepper, tensor
from backviz.autodiff.backward import tape
from backviz.cli import _run
from backviz.errors import InputError, UsageError
from backviz.stability import SCHEMA
from backviz.stepping.answers import Answer, Note, Refused, Text
from backviz.stepping.commands import advance
from backviz.stepping.look import Look
from backviz.stepping.reasons import PathAnswer, Why
from backviz.stepping.state import start
from backviz.stepping.vocabulary import COMMANDS, Result
from backviz.telling.step import Handed

SOURCE = "d=a*b; L=tanh(d)*a; a=2; b=3"
BEFORE = {
    "answer": ["quiz"], "hint": ["quiz"], "skip": ["quiz"], "clear": ["b nan"], "undo": ["a=5"],
    "redo": ["a=5", "undo"], "diff": ["a=5"], "reset": ["a=5"], "why": ["bw", "n"],
    "list": ["bw", "n"], "step": ["bw"], "back": ["bw", "n 2"], "break": ["b a"],
    "history": ["n"], "before": ["update 0.1"], "epoch": ["update 0.1 --steps 3"],
}  # fmt: skip


def played(source, *lines):
    state, result = start(load(source) if isinstance(source, str) else source), Result()
    for line in lines:
        state, result = advance(state, line)
    return state, result


WISHES = ("quit", "off", "source", "record", "export", "show", "draw")  # the shell grants them


def example(command):
    """The commands that lead to a command's example, and the example."""
    return [*BEFORE.get(command.name, []), command.example.replace("W1[0, :]", "a")]


@pytest.mark.parametrize("name", [c.name for c in COMMANDS.values()])
def test_every_command_answers_data_that_is_json(name):
    _, result = played(SOURCE, *example(COMMANDS[name]))
    assert isinstance(result.told, Answer)
    told = result.told.data()
    assert told["kind"] == result.told.kind
    json.dumps(told, allow_nan=False)


def test_no_command_words_its_answer_before_it_is_shown(monkeypatch):
    """With no way to lay lines out every command still answers; only showing the answer fails."""
    ready = [(c, played(SOURCE, *example(c)[:-1])[0]) for c in COMMANDS.values()]

    def planted(*given, **named):
        raise AssertionError("laid out too early")

    for layout in ("lines", "table"):
        monkeypatch.setattr(Look, layout, planted)
    for command, state in ready:
        _, result = advance(state, example(command)[-1])
        assert not isinstance(result.told, Refused), command.name
        if command.name not in (*WISHES, "save", "explain"):
            with pytest.raises(AssertionError, match="too early"):
                _ = result.text


def texts_in(x):
    """Every text that an answer holds."""
    if isinstance(x, str):
        yield x
    elif is_dataclass(x):
        hidden = getattr(x, "hidden", ())
        for part in fields(x):
            if part.name not in hidden:
                yield from texts_in(getattr(x, part.name))
    elif isinstance(x, tuple):
        for part in x:
            yield from texts_in(part)


@pytest.mark.parametrize("line", ["n", "bw; n", "why a", "why a 1", "local d", "list", "nudge a",
                                  "set a=5", "where", "quiz; 5", "check"])  # fmt: skip
def test_what_is_said_in_russian_is_the_same_data(line):
    """An answer has no words: two languages differ only in their text."""
    told = []
    for lang in ("en", "ru"):
        state, result = start(load(SOURCE), Look(lang=lang)), Result()
        for part in ["n", *line.split("; ")]:
            state, result = advance(state, part)
        told.append((result.told.data(), result.text))
        assert not any("\n" in text or "   " in text for text in texts_in(result.told))
    assert told[0][0] == told[1][0]


# Numbers ----------------------------------------------------------------------------------


def random_scalar(rng):
    """A computation with reused values: every value is bounded, so nothing overflows."""
    known = [Value(rng.uniform(-1, 1), name) for name in "abc"]
    for _ in range(rng.randint(3, 12)):
        x, y = rng.choice(known), rng.choice(known)
        known.append(rng.choice([x * y, x + y, x - y, x.tanh(), x.sin(), x / (y * y + 1)]))
    known.append(sum(known[1:], known[0]))
    return known[-1]


def random_array(rng):
    numbers = np.random.default_rng(rng.randrange(10**6))
    x, w = tensor(numbers.normal(size=(4, 3)), "x"), tensor(numbers.normal(size=(3, 2)), "W")
    b = tensor(numbers.normal(size=2), "b")
    known = [x @ w + b]
    for _ in range(rng.randint(1, 6)):
        u, v = rng.choice(known), rng.choice(known)
        known.append(rng.choice([u * v, u + v, u.tanh(), u - b, u * (v.sum(axis=0)) * 0.1]))
    return (sum(known[1:], known[0]) ** 2).mean()


@pytest.mark.parametrize("seed", one_in(10, range(100)))
def test_the_numbers_of_answers_are_the_engines_gradients(seed):
    rng = random.Random(seed)
    output = (random_scalar if seed % 2 else random_array)(rng)
    names = {i: v for i, v in enumerate(tape(output)) if v.requires_grad}
    wanted = tuple(names.values())
    engine = dict(zip((v.serial for v in wanted), gradients_of(output, wanted), strict=True))
    s = stepper(output)
    s.backward()
    for node, value in names.items():
        if value.serial == output.serial:
            continue
        why = s.why(f"n{node}")
        assert isinstance(why, Why)
        np.testing.assert_allclose(why.gradient, engine[value.serial], rtol=1e-12)
        np.testing.assert_allclose(why.total, why.gradient, rtol=1e-9, atol=1e-12)
        for path in why.paths:
            if all(isinstance(x, float) for x in (*path.factors, *path.products)):
                assert math.prod(path.factors) == pytest.approx(path.product, rel=1e-9, abs=1e-15)
    last = {}
    while isinstance(answer := s.next(), backviz.stepping.moves.Moved):
        assert isinstance(answer.step, Handed)
        last |= {part.to: part for part in answer.step.parts}
        for part in answer.step.parts:
            if isinstance(part.local, float) and isinstance(answer.step.upstream, float):
                by_chain_rule = answer.step.upstream * part.local
                assert part.contribution == pytest.approx(by_chain_rule, rel=1e-12, abs=1e-300)
    for part in last.values():
        node = s.state.record.find(part.to)
        assert part.k == part.m
        np.testing.assert_allclose(part.total, engine[names[node].serial], rtol=1e-12)
        np.testing.assert_allclose(s.grad(f"n{node}"), part.total, rtol=1e-12)


def test_paths_of_the_diamond_by_hand():
    """∂L/∂a = f·1·b + d·1 = (−2)·3 + 10 = 4."""
    why = stepper(load("@diamond")).why("a")
    assert [p.nodes for p in why.paths] == [("L", "d", "e", "a"), ("L", "f", "a")]
    assert [p.rules for p in why.paths] == [("f", "1", "b"), ("d", "1")]
    assert [p.factors for p in why.paths] == [(-2.0, 1.0, 3.0), (10.0, 1.0)]
    assert [p.product for p in why.paths] == [-6.0, 10.0]
    assert (why.total, why.gradient, why.k, why.m) == (4.0, 4.0, 0, 2)


# The object -------------------------------------------------------------------------------


def test_methods_say_what_the_prompt_says():
    pairs = [
        ("n 2", lambda s: s.next(2)), ("backward", lambda s: s.backward()),
        ("step", lambda s: s.step()), ("n", lambda s: s.next()), ("r", lambda s: s.back()),
        ("why a", lambda s: s.why("a")), ("why a 2", lambda s: s.why("a", 2)),
        ("local L", lambda s: s.local("L")), ("print a", lambda s: s.print("a")),
        ("list all", lambda s: s.list("all")), ("where", lambda s: s.where()),
        ("watch a", lambda s: s.watch("a")), ("b nan", lambda s: s.break_at("nan")),
        ("b", lambda s: s.breaks()), ("clear 1", lambda s: s.clear(1)),
        ("set a=5", lambda s: s.set(a=5)), ("undo", lambda s: s.undo()),
        ("redo", lambda s: s.redo()), ("diff", lambda s: s.diff()),
        ("reset", lambda s: s.reset()), ("nudge a 0.1", lambda s: s.nudge("a", 0.1)),
        ("check", lambda s: s.check()), ("quiz", lambda s: s.quiz()), ("7", lambda s: s.answer(7)),
        ("goto 1", lambda s: s.goto(1)), ("goto bw 1", lambda s: s.goto("bw 1")),
        ("until a", lambda s: s.until("a")), ("zero", lambda s: s.zero()),
        ("forward", lambda s: s.forward()), ("c", lambda s: s.go_on()),
        ("restart", lambda s: s.restart()), ("explain add", lambda s: s.explain("add")),
    ]  # fmt: skip
    typed, called = stepper(load("@diamond")), stepper(load("@diamond"))
    for line, call in pairs:
        expected, got = typed.run(line), call(called)
        assert type(got) is type(expected) and got.text == str(got) == expected.text, line
        assert (got.state.at, got.state.run.edits) == (expected.state.at, expected.state.run.edits)
    assert len(called.history().commands) == len(pairs)


def test_no_method_goes_through_a_line_of_text(monkeypatch):
    s = stepper(load("@diamond"))
    monkeypatch.setattr("backviz.stepping.commands.read_line", None)
    s.next(5)
    assert s.why("a", 2).product == 10
    assert s.nudge("a").rate == 4 and s.local("f").slopes[1].local == -1


def test_a_name_that_looks_like_a_count_is_a_name():
    """`why x 2` at the prompt is path 2 of x; the method knows which is which."""
    x = Value(3.0, "x 2")
    L = x * x
    assert stepper(L).why("x 2").total == 6


@pytest.mark.parametrize(("call", "kind", "said"), [
    (lambda s: s.why("q"), InputError, "unknown node 'q'"),
    (lambda s: s.break_at("op:tahn"), UsageError, "unknown op 'tahn'"),
    (lambda s: s.next(0), InputError, "no number of steps"),
    (lambda s: s.clear(3), InputError, "there is no break 3"),
    (lambda s: s.run("bogus"), UsageError, "unknown command 'bogus'"),
    (lambda s: s.explain("bogus"), UsageError, "bogus"),
])  # fmt: skip
def test_errors_keep_their_class_and_leave_the_state(call, kind, said):
    s = stepper(load("@diamond"))
    before = s.state
    with pytest.raises(kind, match=said) as caught:
        call(s)
    assert type(caught.value) is kind and s.state is before


def test_errors_keep_their_caret():
    s = stepper(load("@diamond"))
    with pytest.raises(InputError) as caught:
        s.run("set a=2+*3")
    assert caught.value.line is not None and "^" in str(caught.value)


def test_a_picture_belongs_to_every_answer():
    answer = stepper(load("@diamond")).why("a")
    assert "<svg" in answer.svg() and answer.png().startswith(b"\x89PNG")
    shown, _ = answer._repr_mimebundle_()
    assert shown["text/plain"] == answer.text and "<svg" in shown["image/svg+xml"]


def test_a_command_from_outside_answers_data_of_its_own(objects):
    from backviz import extend

    @dataclass(frozen=True, eq=False, repr=False)
    class Counted(extend.Answer):
        values: int

        def lines(self, look):
            return [f"{self.values} values"]

    def count(state, text):
        return state, extend.Result(Counted(len(state.record.values)))

    many = extend.Command("many", "many", "many", count)
    with extend.COMMANDS.temporarily({"many": many}):
        answer = stepper(load("@diamond")).run("many")
        assert (answer.values, answer.text) == (7, "7 values")
        _, told = objects("@diamond", "many")
        assert told[0]["answer"] == {"kind": "counted", "values": 7}


def test_lines_from_a_command_outside_are_an_answer_too():
    told = Result(("one", "two")).told
    assert isinstance(told, Text) and told.data() == {"kind": "text", "said": ["one", "two"]}


# The command line -------------------------------------------------------------------------


@pytest.fixture
def objects(monkeypatch, capsys, tmp_path):
    """`backviz step … --json`: the exit code and the objects, one to a line."""
    monkeypatch.chdir(tmp_path)

    def call(source, commands, *more):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b""), "utf-8"))
        code = _run(["step", source, "--commands", commands, "--json", *more])
        shown = capsys.readouterr()
        refuse = {"parse_constant": lambda name: pytest.fail(f"{name} is no JSON")}
        return code, [json.loads(line, **refuse) for line in shown.out.splitlines()]

    return call


def test_json_has_one_object_for_each_command(objects):
    lines = [line for c in COMMANDS.values() if c.name not in WISHES for line in example(c)]
    code, told = objects(SOURCE, ";".join(lines))
    assert [o["command"] for o in told] == lines
    assert {o["schema"] for o in told} == {SCHEMA}
    assert all(o["answer"]["kind"] and o["place"]["phase"] for o in told)
    assert code == next((o["code"] for o in told if o["code"]), 0)


def test_json_of_why_has_the_paths(objects):
    code, told = objects("@diamond", "bw; n 2; why a")
    assert code == 0
    why = told[-1]["answer"]
    assert [(p["nodes"], p["product"]) for p in why["paths"]] == [
        (["L", "d", "e", "a"], -6.0),
        (["L", "f", "a"], 10.0),
    ]
    assert (why["total"], why["k"], why["m"]) == (4.0, 1, 2)


def test_json_of_an_error_has_its_class_sentence_and_place(objects):
    code, told = objects("@diamond", "bogus; set a=2+*3; n")
    assert code == 2
    first, second, third = (o["answer"] for o in told)
    assert first["kind"] == "refused" and first["error"] == "UsageError"
    assert "bogus" in first["message"] and first["at"] is None
    assert second["error"] == "InputError" and isinstance(second["column"], int)
    assert third["kind"] == "moved"


def test_json_has_no_number_that_json_does_not_know(objects):
    _, told = objects("L=log(x); x=0", "c; print L; why x; check")
    assert told[1]["answer"]["value"] == "-Infinity"
    assert told[2]["answer"]["gradient"] == "Infinity"


def test_json_of_too_many_numbers_is_refused_in_a_sentence(objects, tmp_path):
    (tmp_path / "m.py").write_text(
        "import numpy as np, backviz\n"
        "x = backviz.tensor(np.ones((1500, 1500)), 'x')\nL = (x * x).sum()\n"
    )
    code, told = objects("m.py:L", "print x; print x[0, :3]; n")
    assert code == 5
    assert "too many to write out" in told[0]["answer"]["message"]
    assert told[1]["answer"]["value"] == [1.0, 1.0, 1.0]
    assert told[2]["answer"]["kind"] == "refused" and told[2]["place"]["step"] == 1


def test_json_of_files_that_were_written(objects, tmp_path):
    (tmp_path / "more.txt").write_text("n\nwhy a\n")
    _, told = objects("@diamond", "save step.svg; source more.txt")
    assert told[0]["answer"] == {"kind": "note", "what": "wrote", "values": {"path": "step.svg"}}
    assert [o["command"] for o in told[1:]] == ["n", "why a", "source more.txt"]


def test_a_page_that_cannot_be_kept_up_to_date_gives_no_second_object(objects, monkeypatch):
    calls = []

    def save(state, path):
        calls.append(path)
        if len(calls) == 2:  # not at the start, but after the first command
            raise InputError("cannot write p.html: the disk is full")

    monkeypatch.setattr("backviz.stepping.pictures.save_picture", save)
    code, told = objects("@diamond", "n;n", "--watch", "p.html")
    assert len(calls) == 3
    assert [o["command"] for o in told] == ["n", "n"]
    assert (code, told[0]["code"], told[1]["code"]) == (5, 5, 0)
    moved, wrong = told[0]["answer"]["answers"]
    assert (moved["kind"], wrong["kind"]) == ("moved", "refused")
    assert "the disk is full" in wrong["message"]


def test_a_path_is_data_as_a_list_and_alone():
    s = stepper(load("@diamond"))
    alone = s.why("a", 1)
    assert isinstance(alone, PathAnswer) and alone.number == 1
    assert alone.products == (-2.0, -2.0, -6.0)
    assert alone.data()["kind"] == "path"


def test_a_note_says_which_and_its_values():
    s = stepper(load("@diamond"))
    note = s.break_at("d")
    assert isinstance(note, Note)
    assert (note.what, note.values) == ("break set", {"k": 1, "what": "d"})
