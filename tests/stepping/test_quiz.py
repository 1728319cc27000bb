"""The quiz: what is right by differences, what a slip is by hand, and nothing shown too early."""

import csv
import re

import numpy as np
import pytest
from quick import one_in
from random_graphs import random_graph
from typing_person import typed_into

from backviz import Value, load, stepper, tensor
from backviz.autodiff.recording import recorded
from backviz.autodiff.replay import as_function
from backviz.ops import OPS
from backviz.stepping import questions, quiz
from backviz.stepping.commands import advance
from backviz.stepping.look import Look
from backviz.stepping.pictures import picture, text_picture
from backviz.stepping.questions import KINDS, TOPICS, questions_from, right_answer
from backviz.stepping.shell import Shell, run_script
from backviz.stepping.state import gradient, is_known, start

H = 1e-5


def played(source, *lines, code=0, **look):
    state = start(load(source) if isinstance(source, str) else source, Look(**look))
    for line in lines:
        state, result = advance(state, line)
    assert result.code == code, result.text
    return state, result


def said(source, *lines, code=0, **look):
    return " ".join(played(source, *lines, code=code, **look)[1].text.split())


# What is right, by differences -------------------------------------------------------------


def by_differences(state, node):
    """dL/dnode of the replayed record, entry by entry, without a rule."""
    output, value = state.run.output, state.run.values[node]
    if node == state.record.last:
        return np.ones_like(np.asarray(value.data))
    found = np.zeros(np.shape(value.data))
    with recorded():
        f = as_function(output, [value])
        for at in np.ndindex(found.shape):
            ends = []
            for h in (H, -H):
                moved = np.array(value.data)
                moved[at] += h
                ends.append(float(np.sum(f(Value(moved if found.shape else float(moved))).data)))
            found[at] = (ends[0] - ends[1]) / (2 * H)
    return found


def handed_by_differences(state, use):
    """What a node hands to one operand: upstream times the op's Jacobian, both by differences."""
    record = state.record
    head = record.heads[state.run.owner(use)]
    value, position = state.run.values[head], record.positions[use]
    args = [v.data for v in value.inputs]
    upstream, found = by_differences(state, head), np.zeros(np.shape(args[position]))
    for at in np.ndindex(found.shape):
        ends = []
        for h in (H, -H):
            moved = np.array(args[position], float)
            moved[at] += h
            with recorded():
                given = [Value(moved if i == position else x) for i, x in enumerate(args)]
                ends.append(np.asarray(value.interpret(value.op, given, value.params).data))
        found[at] = np.sum(upstream * (ends[0] - ends[1]) / (2 * H))
    return found


def close(x, y):
    return np.allclose(x, y, rtol=2e-3, atol=2e-6)


@pytest.mark.parametrize("seed", one_in(5, range(100)))
def test_the_right_answer_is_that_of_differences(seed):
    """Every kind: what the question calls right follows from replays alone."""
    state = start(random_graph(seed))
    line = state.timeline
    checked = 0
    for question in questions_from(state, 0):
        if checked > 40:
            break
        checked += 1
        right, use = right_answer(state, question), question.use
        match question.asks:
            case "value":
                value = state.run.values[question.node]
                with recorded():
                    again = value.interpret(value.op, value.inputs, value.params)
                assert np.array_equal(np.asarray(again.data), np.asarray(right))
            case "part":
                assert close(right, handed_by_differences(state, use))
            case "total":
                target = state.record.targets[use]
                assert close(right, by_differences(state, target))
            case "shape":
                node = question.node if use < 0 else state.record.targets[use]
                assert right == np.shape(state.run.values[node].data)
            case "next":
                step = state.run.owner(use)
                rest = set(state.record.heads[step:])
                for node in right:  # nobody who still waits reads it
                    readers = {h for h in rest if any(u == node for u in state.record.inputs(h))}
                    assert not readers
                assert state.record.heads[step] in right
            case "zero":
                assert not np.any(np.abs(by_differences(state, question.node)) > 1e-9)
            case "factor":
                sizes = {}
                for each, _factor in questions.factors_of(state, question.node):
                    head = questions.head_of(state, each)
                    arriving = by_differences(state, head)
                    sizes[head] = abs(float(handed_by_differences(state, each) / arriving))
                if min(sizes.values()) > 1e-6:
                    assert min(sizes, key=sizes.get) == right[0]
    assert checked or line.end() <= 1


def dying(seed):
    """A chain with a relu that is off, or a factor 0, somewhere on the way of w."""
    dice = np.random.default_rng(seed)
    w, x, v = (Value(float(dice.uniform(0.5, 2)), name) for name in "wxv")
    killed = (w * x - 9.0).relu() if seed % 2 else (w * x).tanh() * Value(0.0, "z")
    L = killed * v + v * x
    L.label = "L"
    return L, killed


@pytest.mark.parametrize("seed", range(12))
def test_why_it_is_0_is_asked_and_the_op_that_killed_it_is_right(seed):
    L, killed = dying(seed)
    state, result = played(L, "quiz zeros")
    assert state.question.asks == "zero"
    asked = state.record.names[state.question.node]
    assert f"{asked}.grad is 0: at which node" in " ".join(result.text.split())
    name = state.record.names[state.record.index[killed.serial]]
    assert name in [state.record.names[n] for n in right_answer(state, state.question)]
    wrong = said(L, "quiz zeros", "answer L")
    assert wrong.startswith("no: it did not become 0 at L")
    assert said(L, "quiz zeros", f"answer {name}").startswith(f"right: {name}")


def test_the_smallest_factor_of_a_chain():
    L = load("L=tanh(h)*3; h=0.2*g; g=w*5; w=2")
    state, result = played(L, "quiz factors")
    assert "the smallest factor, L, n5, h, g?" in result.text
    assert right_answer(state, state.question) == (state.record.find("n5"),)
    # slopes: 5 at g, 0.2 at h, 1 − tanh²(2) = 0.0707 at the tanh, 3 at L
    assert said(L, "quiz factors", "h").startswith("no: h has no smaller factor")


# The flow ----------------------------------------------------------------------------------


def test_a_question_is_asked_once_and_the_next_one_comes():
    state, asked = start(load("@diamond")), set()
    state, result = advance(state, "quiz")
    for _ in range(40):
        question = state.question
        if question is None:
            break
        assert question not in asked
        asked.add(question)
        before = state.at
        state, result = advance(state, "skip")
        if KINDS[question.asks].moves:
            assert state.at > before
    assert "that was all" in result.text
    assert len(asked) >= 4 + 8  # four values, eight contributions
    state, result = advance(state, "quiz")
    assert result.text.startswith("nothing new lies ahead: the leaves have other numbers")
    assert state.at == 0 and state.run.edits
    assert advance(state, "undo")[0].run.values[0].data == 2


def test_asking_again_shows_the_same_question_and_counts_nothing():
    state, first = played("@diamond", "quiz")
    state, second = advance(state, "quiz")
    assert first.text == second.text
    assert state.quiz.outcomes == ()


def test_walking_past_gives_up_and_a_late_number_does_not_count():
    for move in ("n", "c", "a=5", "restart", "quiz totals"):
        state, _ = played("@diamond", "n", "quiz", move)
        (outcome,) = state.quiz.outcomes
        assert (outcome.answer, outcome.right) == ("", False)
    state, result = advance(played("@diamond", "quiz", "n")[0], "6")
    assert result.code == 5 and "nothing was asked" in result.text


def test_a_person_is_told_that_a_question_was_given_up():
    code, shown = typed_into(
        "import backviz\nbackviz.step(backviz.load('@diamond'))",
        ["quiz", "6", "n", "quiz", "score", "q"], BACKVIZ_LANG="en",
    )  # fmt: skip
    assert code == 0
    assert "right: e = 2·3 = 6" in shown and "2. which number?  d = e + c" in shown
    assert "the question is given up; quiz asks the next one" in shown
    assert "3. which number?  f = a − c" in shown and "1 of 2 right" in shown


@pytest.mark.parametrize("line", ["why a", "local d", "nudge a", "check", "diagnose", "program"])
def test_what_would_show_the_answer_is_refused_while_a_question_is_open(line):
    state, _ = played("@diamond", "bw", "n 2", "quiz")
    after, result = advance(state, line)
    assert result.code == 5 and "would show the answer" in result.text
    assert after.question == state.question


def test_what_was_shown_ahead_is_asked_with_other_numbers():
    state, result = played("@diamond", "why a", "quiz")
    assert "other numbers" in result.text and state.run.edits
    state, result = played("@diamond", "bw", "n 2", "restart", "quiz")
    assert not state.run.edits and state.at >= state.timeline.seed  # what was not seen yet


@pytest.mark.parametrize(
    ("typed", "words"),
    [("foo", "no answer; write a number"), ("(2, 3", "write a number"), ("1/", "write a number")],
)
def test_what_is_no_answer_is_refused_and_the_question_stays(typed, words):
    state, _ = played("@diamond", "quiz")
    after, result = advance(state, f"answer {typed}")
    assert result.code == 5 and words in result.text
    assert after.question == state.question and not after.quiz.outcomes


def test_shapes_are_judged_as_shapes():
    wide = tensor(np.ones((3, 4)), "x") @ tensor(np.ones((4, 5)), "W")
    wide.label = "h"
    for typed in ("(3, 5)", "3x5", "3, 5", "3×5", "[3, 5]"):
        assert said(wide, "quiz", f"answer {typed}").startswith("right: (3, 5)"), typed
    assert said(wide, "quiz", "(5, 3)").startswith("no:")
    assert "a shape is whole numbers" in said(wide, "quiz", "answer foo", code=5)
    assert "a shape is whole numbers" in said(wide, "quiz", "answer 0.5", code=5)


def test_any_node_whose_gradient_is_complete_may_come_next():
    """After L both d and f have all of theirs; backviz takes f first."""
    for name in "df":
        assert said("@diamond", "bw", "n", "quiz order", name).startswith("right:")
    assert said("@diamond", "bw", "n", "quiz order", "e").startswith("no: of e 0 of 1 parts")


def test_hints_cost_half_a_point_each_and_end():
    state, _ = played("@diamond", "bw", "quiz")
    state, first = advance(state, "hint")
    state, second = advance(state, "hint")
    assert "d.grad += ∂L/∂L·f" in first.text and "1·(−2)" in second.text
    assert "no more hints" in advance(state, "hint")[1].text
    state, _ = advance(state, "-2")
    assert state.quiz.outcomes[0].points == 0 and state.quiz.outcomes[0].right
    state, _ = advance(state, "hint")
    state, result = advance(state, "10")
    assert "2 of 2 right, 0.5 points" in " ".join(result.text.split())


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_keeps_to_its_kinds(topic):
    L, _killed = dying(1)
    state = start(L)
    state, result = advance(state, f"quiz {topic}")
    for _ in range(30):
        if state.question is None:
            break
        assert state.question.asks in TOPICS[topic]
        state, result = advance(state, "skip")
    assert result.code == 0
    assert "unknown topic" in said(L, "quiz nonsense", code=2)


def test_a_seed_gives_the_same_numbers_to_everybody_and_others_to_another():
    def given(seed):
        state, result = played("@karpathy-neuron", f"quiz --seed {seed}")
        return result.text, state.run.edits

    assert given(3) == given(3)
    assert given(3) != given(4)
    _, edits = given(3)
    assert len(edits) == 5 and all(float(f"{x:.2g}") == x for x in edits.values())
    assert "whole number" in said("@diamond", "quiz --seed x", code=5)


@pytest.mark.parametrize("source", ["L=log(a)*sqrt(b); a=0.5; b=3", "L=log(1-p); p=0.9"])
def test_other_numbers_can_be_computed_with(source):
    for seed in range(20):
        state, _ = played(source, f"quiz --seed {seed}")
        assert all(np.all(np.isfinite(v.data)) for v in state.run.values)


def test_the_object_asks_and_judges_too():
    s = stepper(load("@diamond"))
    assert "e = a·b" in s.quiz().text
    assert s.hint().k == 1
    assert s.answer(6).right and s.answer(10).right
    assert s.skip().given == ""
    assert s.score().score.asked == 3
    assert s.quiz("totals", seed=2).asks == "total"
    assert s.answer(1).k == 2


# Nothing is shown too early ----------------------------------------------------------------


def everything(state):
    """All that the screen, the watched page and the pictures say without looking ahead."""
    lines = ["list all", "where", "diff", "history", "quiz", "score",
             *(f"print {name}" for name in state.record.names)]  # fmt: skip
    text = "\n".join(advance(state, line)[1].text for line in lines)
    text += "\n".join(text_picture(state))
    for form in ("svg", "html", "tikz", "text", "dot"):
        drawn = picture(state, form).decode()
        text += re.sub(r'<path [^>]*>|="[-\d., ]+"|[-\d.]+(bp|pt)|\([-\d.]+,[-\d.]+\)', " ", drawn)
    return text


def shown_by(state):
    """The numbers that may be on the screen: what is known here, and local derivatives so far."""
    values = state.run.values
    for node, value in enumerate(values):
        if is_known(state, node):
            yield float(value.data)
        if (grad := gradient(state, node)) is not None:
            yield float(grad)
    for use in range(state.place.done if state.place.phase == "backward" else 0):
        yield float(state.run.contribution(use).local)
        yield float(state.run.contribution(use).value)


def random_scalars(seed):
    dice = np.random.default_rng(seed)
    leaves = [
        Value(float(x), name) for x, name in zip(dice.uniform(0.3, 3, 4), "abcd", strict=True)
    ]
    values = list(leaves)
    for k in range(6):
        x, y = dice.choice(len(values), 2)
        op = dice.choice(["mul", "add", "tanh", "sub"])
        made = OPS[op](values[x]) if op == "tanh" else OPS[op](values[x], values[y])
        made.label = f"v{k}"
        values.append(made)
    total = values[-1]
    for value in values[:-1]:
        total = total + value * float(dice.uniform(0.3, 2))
    total.label = "L"
    return total


@pytest.mark.parametrize("seed", one_in(3, range(12)))
def test_nothing_on_the_screen_has_the_answer_before_it_is_given(seed):
    state, hidden = start(random_scalars(seed)), 0
    state, _ = advance(state, "quiz values" if seed % 2 else "quiz gradients")
    numbers = state.look.numbers
    for _ in range(60):
        if state.question is None or hidden == 8:
            break
        right = numbers.format(float(right_answer(state, state.question)))
        known, plain = {numbers.format(abs(x)) for x in shown_by(state)}, right.strip("−")
        if len(plain.strip("0.")) >= 4 and plain not in known:
            text = everything(state)
            assert not re.search(rf"(?<![\d.]){re.escape(plain)}(?!\d)", text), (right, seed)
            hidden += 1
        state, _ = advance(state, "skip")
    assert hidden >= 3


def test_a_planted_leak_is_found(monkeypatch):
    state, _ = played(random_scalars(1), "quiz values")
    right = state.look.numbers.format(float(right_answer(state, state.question)))
    assert right not in everything(state)
    monkeypatch.setattr("backviz.stepping.views.is_known", lambda state, node, at=None: True)
    assert right in everything(state)


# The score file ----------------------------------------------------------------------------


def test_the_score_file_has_a_line_for_each_answer_and_is_only_added_to(tmp_path):
    path = tmp_path / "class.csv"
    for student in ("Ann", "=cmd|' /C calc'!A0"):
        shell = Shell(start(load("@diamond")), lambda text: None)
        run_script(shell, [f"score {path} {student}", "quiz --seed 3", "hint", "5.28", "1", "n"])
        assert shell.code == 0
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert [*rows[0]] == ["student", "source", "seed", "number", "asks", "about", "answer",
                          "expected", "right", "slip", "hints", "points"]  # fmt: skip
    assert [row["student"] for row in rows] == ["Ann"] * 3 + ["'=cmd|' /C calc'!A0"] * 3
    assert [row["answer"] for row in rows[:3]] == ["5.28", "1", ""]
    assert [row["points"] for row in rows[:3]] == ["0.5", "0", "0"]
    assert [row["number"] for row in rows[:3]] == ["1", "2", "3"]
    assert {row["source"] for row in rows} == {"L"}


def test_a_file_that_is_no_score_file_is_left_alone(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    shell = Shell(start(load("@diamond")), lambda text: None)
    run_script(shell, [f"score {path}"])
    assert shell.code == 5 and path.read_text() == "a,b\n1,2\n"
    run_script(shell, ["score notes.txt", "score /nowhere/x.csv"])
    assert shell.scores is None


def test_a_quiz_speaks_russian():
    L, _killed = dying(1)
    state, result = played(L, "quiz", lang="ru", numbers=Look().numbers)
    for _ in range(60):
        for line in result.lines:
            assert not re.search(r"[a-z]{4,} [a-z]{3,} [a-z]{3,}", line), line
        if state.question is None:
            break
        for line in ("hint", "hint"):
            state, result = advance(state, line)
            assert not re.search(r"[a-z]{4,} [a-z]{3,} [a-z]{3,}", result.text), result.text
        state, result = advance(state, "skip")
    assert quiz.score(state).score.asked > 8
