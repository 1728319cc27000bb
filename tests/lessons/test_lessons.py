"""Explanations: every misconception and every op has one, on one screen, and its numbers are right.

Truth is independent of the engine: the lesson's formula in plain Python or numpy, worked out by
hand, or finite differences of it.
"""

import json
import math
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import topic_truth

import backviz
from backviz import load
from backviz.autodiff.calls import Call
from backviz.cli import _run, cli
from backviz.errors import InputError, UsageError
from backviz.lessons import BREAKS, LESSONS, explanation
from backviz.lessons.judge import differences, verdict
from backviz.lessons.model import Lesson, Table, by_subject
from backviz.lessons.op_page import record, slopes_at_kink, upstream_of
from backviz.lessons.screen import data, lines
from backviz.nn import MLP
from backviz.nn.init import normal, xavier_normal
from backviz.ops import OPS
from backviz.stepping.look import Look
from backviz.stepping.prompt import completions
from backviz.text import NumberStyle
from backviz.words import LANGUAGES, Words

ROOT = Path(__file__).parents[2]
LANGS = ("en", "ru")
DIFFERENTIABLE = [op.name for op in OPS.values() if op.differentiable]

# What learners get wrong, and the topic or the two that answer it.
MISCONCEPTIONS = {
    "accumulate: = for +=": "accumulate",
    "topological order, not naive recursion": "topological-order",
    "backward twice": "backward-twice",
    "no zero_grad": "zero-grad",
    "zero against not computed": "zero-or-none",
    "add copies, mul swaps, max routes": "gates",
    "small input, big gradient": "small-input",
    "local is not the gradient": "local",
    "sigmoid's 0.25": "quarter",
    "loud but deaf: saturated with the squared error": "loud-but-deaf",
    "dead relu": "dead-relu",
    "zero init": "zero-init",
    "init variance": "init-variance",
    "exploding and clipping": "clipping",
    "broadcasting sums": "broadcasting",
    "matmul transposes": "matmul-transposes",
    "the gradient points uphill": "uphill",
    "gradient check at kinks": "kinks",
    "update/weight ratio 1e-3": "update-ratio",
    "value against gradient (nudge)": "nudge",
    "update after backward, not during it": "update-after",
    "order of matrices": "matrix-order",
    "δ against ∂L/∂W": "delta",
    "seeds, vjp against Jacobian": "vjp",
    "softmax with cross-entropy is p − y": "softmax-loss",
    "ties in max and pooling": "ties",
    "change in place": "in-place",
    "vanishing through weights, and the residual's 1": "residual",
    "batch norm in train and eval": "batch-modes",
    "retain_graph and the second backward": "retain-graph",
    "detach, no_grad, requires_grad": "detach",
    "backward updates the weights": "gradient-or-update",
    "gradients of inner values": "inner-gradients",
    "mean or sum, batch size": "mean-or-sum",
    "argmax, sampling, if": "hard-choice",
    "dead, saturated or vanishing": "dead-or-vanishing",
    "reverse against forward mode": "forward-mode",
    "2ⁿ paths in n steps": "paths",
    "h of a gradient check, float32": "check-step",
    "L2 against decoupled decay": "weight-decay",
    "shared weights through time": "shared-weights",
    "NaN from 0·∞ and through where": "nan-where",
    "gradient accumulation": "gradient-accumulation",
}
# Every broken engine: its topic, and there, leaf by leaf, its gradient worked out by hand.
BROKEN = {
    "accumulate": ("accumulate", {"a": 3}),
    "topo": ("topological-order", {"a": 29, "b": 22}),
    "inner-grads": ("backward-twice", {"a": 36, "b": 24, "c": 12}),
    "zero-grad": ("zero-grad", {"w": 4 + 3.2}),
    "update-early": ("update-after", {}),  # the published number stands for it
    "unbroadcast": (
        "broadcasting",
        {"b": 2 * np.array([[2, -1, 4], [1, 0, 3], [3, 0, 2], [2, 0, 3]])},
    ),
    "relu-mask": ("dead-relu", {"w": -2, "x": 4, "b": -2}),
    "local-swap": ("gates", {"x": -30, "y": 40, "z": 0, "w": -10}),
    "in-place": ("in-place", {"a": 3 * 2 + 4 * 6, "b": 4 * 4}),
    "softmax-diagonal": ("softmax-loss", {"z": np.array([0, topic_truth.shares()[1][3], 0])}),
    "ties": ("ties", {"x": np.array([3, 3, 0])}),
    "skip-lost": ("residual", {"x": topic_truth.without_skip()}),
    "batch-constants": ("batch-modes", {"x": topic_truth.constant_statistics()}),
    "no-upstream": ("local", {"a": -3, "b": 2, "c": 1}),
    "sigmoid-quarter": ("quarter", {"x": 4 * 4 / 16}),
    "no-slope": ("loud-but-deaf", {"z": 2 / (1 + math.exp(-5))}),
}


explained = cache(explanation)  # tests that walk the topics look at the same screens


def tables(made):
    return [block for block in made.blocks if isinstance(block, Table)]


def numbers(table):
    """The numbers of a table, row by row."""
    return [[np.asarray(c, float) for c in row if is_number(c)] for row in table.rows]


def is_number(cell):
    return isinstance(cell, int | float | np.ndarray | np.generic)


# The right numbers -------------------------------------------------------------------------

SIGMOID = {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "relu": lambda x: np.maximum(x, 0)}
PLAIN = SIGMOID | {
    "max": max,
    "sum": np.sum,
    "tanh": np.tanh,
    "log": np.log,
    "amax": np.max,
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(),
    "batch_norm": lambda x: (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5),
}


def plain(source, moved=None):
    """A lesson's source as Python runs it: its leaves, and its result."""
    leaves, steps = {}, []
    for statement in filter(None, map(str.strip, source.replace("\n", ";").split(";"))):
        name, _, right = map(str.strip, statement.partition("="))
        if re.fullmatch(r"[-\d.,\[\]]+", right):
            leaves[name] = np.array(eval(right), float)
        else:
            steps.append((name, right))
    space = PLAIN | leaves | (moved or {})
    for name, right in steps:
        space[name] = eval(right, {}, space)
    return leaves, float(space[steps[-1][0]])


def slope(source, leaf, at=None):
    """Central differences of a source for one leaf."""
    leaves, _ = plain(source)
    x = leaves[leaf] if at is None else np.array(at, float)
    found = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[index] = 1e-6 * max(1, abs(x[index]))
        sides = [plain(source, {leaf: x + s * step})[1] for s in (1, -1)]
        found[index] = (sides[0] - sides[1]) / (2 * step[index])
    return found


SCALED = {"inner-grads": 2}  # two passes


@pytest.mark.parametrize("name", BREAKS)
def test_the_broken_engine_is_wrong_and_the_right_one_agrees_with_differences(name):
    topic, by_hand = BROKEN[name]
    lesson = LESSONS[topic]
    table = verdict(load(lesson.source), name)
    wrong = 0
    for leaf, right, broken, judged in table.rows:
        at = 3 - 0.1 * 4 if name == "zero-grad" else None
        truth = SCALED.get(name, 1) * slope(lesson.source, leaf, at)
        assert np.allclose(right, truth, rtol=1e-6, atol=1e-7), leaf
        assert np.allclose(judged, truth, rtol=1e-6, atol=1e-7), leaf
        wrong += np.shape(broken) != np.shape(right) or not np.allclose(broken, right)
        if leaf in by_hand:
            assert np.shape(broken) == np.shape(by_hand[leaf])
            assert np.allclose(broken, by_hand[leaf])
    assert wrong
    assert set(by_hand) <= {row[0] for row in table.rows}
    assert lesson.wrong in ("", name) or name in LESSONS.names()


def test_every_break_is_a_name_of_its_topic():
    assert set(BROKEN) == set(BREAKS)
    for name, (topic, _) in BROKEN.items():
        assert explanation(wrong=name).name == topic


def sigmoids(depth):
    """The slope at 0 of chains of σ(h), σ(4h − 2) and tanh(h)."""
    slopes = []
    for weight, bias in ((1, 0), (4, -2)):
        h, product = 0.0, 1.0
        for _ in range(depth):
            h = SIGMOID["sigmoid"](weight * h + bias)
            product *= weight * h * (1 - h)
        slopes.append(product)
    return [0.25**depth, *slopes, 1.0]


def descent(forget):
    w, gradient, rows = 3.0, 0.0, []
    for _ in range(4):
        gradient = (0 if forget else gradient) + 2 * (w - 1)
        rows.append((w, gradient))
        w -= 0.1 * gradient
    return rows


def two_units(w, v):
    """Gradients of (v·tanh(w) − 1)² for w and v, by hand."""
    h = np.tanh(w)
    outer = 2 * (v @ h - 1)
    return outer * v * (1 - h * h), outer * h


STARTS = [np.zeros((2, 2)), np.full((2, 2), 0.5), normal((2, 2), seed=0, std=0.5)]


def apart():
    """|w1 − w2| after steps of descent, for the random start and for that of all 0.5."""
    columns = []
    for start in (STARTS[2], STARTS[1]):
        (w, v), column = start.copy(), []
        for _ in range(101):
            column.append(abs(w[0] - w[1]))
            gw, gv = two_units(w, v)
            w, v = w - 0.1 * gw, v - 0.1 * gv
        columns.append([column[k] for k in (0, 1, 10, 100)])
    return [list(pair) for pair in zip(*columns, strict=True)]


def start_rows():
    return [[gw, gw, gv] for gw, gv in (two_units(*start) for start in STARTS)]


def spreads():
    """Standard deviations of ten layers of tanh, and of the gradient at the first, in numpy."""
    x = np.random.default_rng(0).normal(size=(100, 500))
    columns = []
    for std in (0.01, None, 1.0, 1 / 500):
        drawn = [normal((500, 500), seed=k, std=std) if std else xavier_normal((500, 500), seed=k)
                 for k in range(10)]  # fmt: skip
        weights = [np.asarray(w) for w in drawn]
        h, kept = x, []
        for w in weights:
            h = np.tanh(h @ w)
            kept.append(h)
        g = np.ones(h.shape)
        for k in range(9, 0, -1):
            g = (g * (1 - kept[k] ** 2)) @ weights[k].T
        columns.append([kept[0].std(), kept[4].std(), kept[9].std(), g.std()])
    return [list(row) for row in zip(*columns, strict=True)]


def ratios():
    """Norms of weights and gradients of the small network, with the pass written out in numpy."""
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 2))
    y = np.sign(x[:, :1] * x[:, 1:])
    parameters = [p.data for p in MLP(2, [16, 16, 1], "tanh", seed=0).parameters()]
    weights = [p for p in parameters if p.ndim == 2]
    biases = [p for p in parameters if p.ndim == 1]
    inputs = [x]
    for w, b in zip(weights, biases, strict=True):
        z = inputs[-1] @ w + b
        inputs.append(np.tanh(z) if w.shape[1] > 1 else z)
    g, rows = 2 * (inputs[-1] - y) / y.size, []
    for k in (2, 1, 0):
        norms = np.linalg.norm(weights[k]), np.linalg.norm(inputs[k].T @ g)
        rows.append([*norms, *(rate * norms[1] / norms[0] for rate in (0.001, 0.01, 1))])
        g = (g @ weights[k].T) * (1 - inputs[k] ** 2)
    return rows[::-1]


def mazur(early):
    """One step at rate 0.5 of Mazur's network in numpy; `early` moves the last layer first."""
    x, t = np.array([0.05, 0.1]), np.array([0.01, 0.99])
    w, v = np.array([[0.15, 0.2], [0.25, 0.3]]), np.array([[0.4, 0.45], [0.5, 0.55]])

    def forward(w, v):
        h = SIGMOID["sigmoid"](w @ x + 0.35)
        o = SIGMOID["sigmoid"](v @ h + 0.6)
        return h, o, float(((t - o) ** 2).sum() / 2)

    h, o, before = forward(w, v)
    g = (o - t) * o * (1 - o)
    gv = np.outer(g, h)
    through = v - 0.5 * gv if early else v
    gw = np.outer((g @ through) * h * (1 - h), x)
    after = forward(w - 0.5 * gw, v - 0.5 * gv)[2]
    return [gv[0, 0], gv[0, 1], gw[0, 0], gw[0, 1], before, after]


CLIFF = 20 * (2.0**10 - 1) * 2.0**9, 6.0  # its gradient at (2, 3)


def cliff(limit):
    w, v = (g * min(1, limit / math.hypot(*CLIFF)) for g in CLIFF)
    after = 2 - 0.01 * w, 3 - 0.01 * v
    return [w, after[0], (after[0] ** 10 - 1) ** 2 + after[1] ** 2]


def clipped():
    lengths = [g / math.hypot(*CLIFF) for g in CLIFF]
    turned = 45 - math.degrees(math.atan2(*CLIFF[::-1]))
    return [[lengths[0], 1], [lengths[1], 1], [0, turned]]


def ways():
    """L after steps of 0.1 against the gradient, and along it."""
    return [[4 * (1 - s * 0.2) ** (2 * k) + 4 * (1 - s * 0.8) ** (2 * k) for s in (1, -1)]
            for k in (1, 2, 3)]  # fmt: skip


def loud(z):
    p = 1 / (1 + math.exp(-z))
    return [z, p, p * p, 2 * p * p * (1 - p), -math.log(1 - p), p]


X = np.array([[1.0, 2], [0, 1]])
W = np.array([[1.0, 3], [-1, 0]])
ROWS = 2 * (np.array([[1.0, 0, 2], [0, 1, 1], [2, 1, 0], [1, 1, 1]]) + np.array([1, -1, 2]))
# The tables of every topic, without that of the broken engine.
TRUTH = {
    "accumulate": [[[1, 1], [3, 4], [3, 7]]],
    "topological-order": [[[6, 6], [1, 7], [5, 5], [1, 6]]],
    "backward-twice": [[[12, 24], [8, 16], [6, 12], [4, 4]]],
    "zero-grad": [[[*a, *b] for a, b in zip(descent(True), descent(False), strict=True)]],
    "zero-or-none": [[[-1, 0, -0.99, -0.99], [2, 4, 1.58, 1.58], [5, 5, 4.95]]],
    "update-after": [[list(pair) for pair in zip(mazur(False), mazur(True), strict=True)]],
    "gates": [[[2, 2], [2, 2], [-8, -8], [6, 6], [2, 2], [0, 0]]],
    "small-input": [[[0.01, 100, 100], [100, 0.01, 0.01], [2, 0.5, 0.5], [0.5, 2, 2]]],
    "local": [[[4, 1, 4, 4], [1, -2, -2, -2], [-3, -2, 6, 6], [2, -2, -4, -4]]],
    "nudge": [[
        [2, 4, 0.004, 0.002, (2.001 * 3 + 4) * (2.001 - 4) + 20],
        [3, -4, -0.004, 0.003, (2 * 3.001 + 4) * (2 - 4) + 20],
        [4, -12, -0.012, 0.004, (2 * 3 + 4.001) * (2 - 4.001) + 20],
    ]],
    "uphill": [
        [[1, -4, -4], [1, 8, 8]],
        [[1, 1, 8, 0], [0.6, 1.8, 18.72, 10.72], [1.4, 0.2, 2.72, -5.28]],
        ways(),
    ],
    "kinks": [[[-0.5, 0, 0, 0, 0], [0, 0, 0, 1, 0.5], [0.5, 1, 1, 1, 1]]],
    "broadcasting": [[*([row] for row in ROWS), [ROWS.sum(0)]]],
    "matmul-transposes": [[
        [2 * X @ W @ W.T, 2 * X @ W @ W, 2 * X @ W @ W.T],
        [X.T @ (2 * X @ W), X @ (2 * X @ W), X.T @ (2 * X @ W)],
    ]],
    "quarter": [[sigmoids(depth) for depth in (1, 2, 5, 10)]],
    "loud-but-deaf": [[loud(z) for z in (0, 2, 5, 10)]],
    "dead-relu": [[[-2, -2], [0, 0], [0, 0], [0, 0]]],
    "zero-init": [start_rows(), apart()],
    "init-variance": [spreads()],
    "clipping": [[cliff(math.inf), cliff(1)], clipped()],
    "update-ratio": [ratios()],
    **topic_truth.TRUTH,
}  # fmt: skip


def close(got, number):
    return np.allclose(got, number, rtol=1e-6, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("name", LESSONS)
def test_the_numbers_of_a_topic_are_those_of_an_independent_computation(name):
    lesson = LESSONS[name]
    shown = [numbers(table) for table in tables(explained(name))]
    if lesson.wrong:
        shown.pop()
    assert len(shown) == len(TRUTH[name])
    for table, truth in zip(shown, TRUTH[name], strict=True):
        for row, expected in zip(table, truth, strict=True):
            for got, number in zip(row, expected, strict=True):
                assert close(got, number), (row, expected)


def test_what_the_words_of_the_topics_say_is_so(capsys):
    assert round(mazur(True)[-1], 9) == 0.291027924
    assert round(mazur(False)[-1], 9) != 0.291027924
    w, v = STARTS[1].copy()
    for _ in range(100):
        gw, gv = two_units(w, v)
        w, v = w - 0.1 * gw, v - 0.1 * gv
    assert w[0] == w[1] != 0.5
    assert not np.any(two_units(*STARTS[0]))
    assert 0.25**10 < 1e-6
    f = [(x - 3) ** 2 + 4 * y**2 for x, y in ((3, 0), (3.1, 0), (3, 0.1), (2.9, 0), (3, -0.1))]
    assert min(f) == f[0] == 0
    loss = load(LESSONS["broadcasting"].source)
    (note,) = [t.note.en for t in tables(explanation("broadcasting")) if t.note]
    b = np.array([1.0, -1, 2]) - 0.1 * ROWS
    assert f"has shape {b.shape} as well" in note
    assert loss.shape == ()
    assert _run(["check", LESSONS["kinks"].source]) == 0
    assert "kink" in capsys.readouterr().out


# Screens -----------------------------------------------------------------------------------


def text(made, lang="en", encoding="utf-8"):
    return lines(made, Look(lang=lang, encoding=encoding))


@pytest.mark.parametrize("lang", LANGS)
def test_everything_fits_a_screen_in_every_encoding(lang):
    for name in (*LESSONS, *OPS.names()):
        made = explained(name)
        for encoding in ("utf-8", "cp1251", "ascii")[: 2 if lang == "ru" else 3]:
            shown = text(made, lang, encoding)
            assert len(shown) <= 24, (name, len(shown))
            assert max(map(len, shown)) <= 80, name
            "\n".join(shown).encode(encoding)
            if encoding == "cp1251":  # no sign was lost
                assert "\n".join(shown).count("?") == "\n".join(text(made, lang)).count("?"), name


def test_both_languages_say_it_in_their_own_words():
    cyrillic = re.compile(r"[а-яё]", re.I)
    for name in LESSONS:
        english, russian = (" ".join(text(explained(name), lang)) for lang in LANGS)
        assert not cyrillic.search(english)
        assert len(cyrillic.findall(russian)) > 150
    for op in OPS.values():
        assert not cyrillic.search(" ".join(text(explained(op.name))))


@pytest.mark.parametrize("name", LESSONS)
def test_a_wrong_way_stands_beside_the_right_one_and_differs(name):
    """Right agrees with the judge, wrong does not; without a judge they only have to differ."""
    beside = [t for t in tables(explained(name)) if t.wrong]
    assert beside
    for table in beside:
        assert {table.right, table.wrong, table.judge} <= {*range(len(table.heads))}
        rows = [[row[k] for k in (table.right, table.wrong, table.judge)] for row in table.rows]
        assert any(apart_from(right, wrong) for right, wrong, _ in rows)
        if table.judge and name != "kinks":
            assert not any(apart_from(right, judged, 2e-3) for right, _, judged in rows)
            assert any(apart_from(wrong, judged) for _, wrong, judged in rows)


def apart_from(a, b, rtol=1e-4):
    if a is None or b is None:
        return a is not b
    if not is_number(a):
        return a != b
    return np.shape(a) != np.shape(b) or not np.allclose(a, b, rtol=rtol, atol=1e-6, equal_nan=True)


def test_every_misconception_has_its_topic():
    assert sorted(MISCONCEPTIONS.values()) == sorted(LESSONS)


def test_the_two_languages_agree_in_their_numbers():
    for name in (*LESSONS, *OPS.names()):
        english, russian = (data(explained(name), lang) for lang in LANGS)
        for a, b in zip(english["tables"], russian["tables"], strict=True):
            rows = [
                [[c for c in row if not isinstance(c, str)] for row in t["rows"]] for t in (a, b)
            ]
            assert rows[0] == rows[1]
    figure = re.compile(r"\d+(?:\.\d+)?")
    for lesson in LESSONS.values():
        says = lesson.says
        assert set(figure.findall(says.en)) == set(figure.findall(says.of("ru"))), lesson.name


def test_every_op_and_domain_has_its_russian_note():
    figure = re.compile(r"\d+(?:\.\d+)?")
    for op in OPS.values():
        for english in filter(None, (op.note, op.gradient)):
            russian = LANGUAGES["ru"].gettext(english)
            assert russian != english, op.name
            digits = set(figure.findall(english)) - {"0", "1", "2"}  # may be words
            assert digits <= set(figure.findall(russian)), op.name
        russian = LANGUAGES["ru"].gettext(op.domain)
        assert set(figure.findall(op.domain)) == set(figure.findall(russian))


# Ops ---------------------------------------------------------------------------------------


def test_every_op_can_be_explained_by_its_name_and_its_other_names():
    for op in OPS.values():
        made = explanation(op.name)
        assert (made.name, made.head.en[:6]) == (op.name, "out = ")
        for alias in op.aliases:
            if alias not in LESSONS:
                assert explanation(alias).name == op.name


def moved(made, position, index, h):
    """Σ upstream·op with one entry of one operand moved."""
    args = list(made.op.sample.args)
    slots = [k for k, arg in enumerate(args) if isinstance(arg, float | np.ndarray)]
    x = np.array(args[slots[position]], float)
    x[index] += h
    args[slots[position]] = x if x.ndim else float(x)
    again = record(made.op, Call(tuple(args), made.op.sample.params))
    return float(np.sum(upstream_of(made) * again.data))


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_the_gradients_of_an_op_s_page_are_differences_of_its_function(name):
    op = OPS[name]
    made = record(op, op.sample)
    table = next(t for t in tables(explanation(name)) if t.heads[0].en != "slope left")
    if op.is_function and op.elementwise:
        for x, out, local, gradient in table.rows:
            f = [float(record(op, Call((x + h,), op.sample.params)).data) for h in (-1e-6, 0, 1e-6)]
            if abs(f[2] - f[0]) > 0.5:  # a jump
                continue
            left, right = (f[1] - f[0]) / 1e-6, (f[2] - f[1]) / 1e-6
            assert out == f[1]
            assert gradient == pytest.approx(2 * local)
            low, high = sorted((left, right))
            assert low - 1e-4 * (1 + abs(low)) <= local <= high + 1e-4 * (1 + abs(high)), x
        return
    cells = [row[-1] for row in table.rows][: len(made.inputs)]
    for position, gradient in enumerate(cells):
        if gradient is None:
            assert op.rule(position) is None
            continue
        v = made.inputs[position]
        assert np.shape(gradient) == v.shape
        for index in np.ndindex(v.shape):
            sides = [moved(made, position, index, h) for h in (1e-6, -1e-6)]
            expected = (sides[0] - sides[1]) / 2e-6
            assert np.asarray(gradient)[index] == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", [op.name for op in OPS.values() if op.kink])
def test_a_kink_has_two_slopes_and_the_rule_takes_one_or_their_mean(name):
    left, right, taken = slopes_at_kink(OPS[name])
    assert abs(left - right) > 1e-3
    assert min(left, right) - 1e-4 <= taken <= max(left, right) + 1e-4


def test_shapes_of_products_and_of_broadcasting_are_said():
    assert any("a (2, 3) @ b (3, 2) → out (2, 2)" in line for line in text(explanation("matmul")))
    assert any("b: (3,) summed over axis 0 of (4, 3)" in line for line in text(explanation("add")))
    assert any("сумма по оси 0 от (4, 3)" in line for line in text(explanation("add"), "ru"))


# A computation of one's own -----------------------------------------------------------------


def test_a_break_runs_on_a_computation_of_one_s_own():
    (table,) = tables(explanation("", "accumulate", "L=a*a; a=3"))
    assert [row[:3] for row in table.rows] == [("a", 6.0, 3.0)]
    (table,) = tables(explanation("accumulate", "", "L=a*a; a=3"))
    assert [row[:3] for row in table.rows] == [("a", 6.0, 3.0)]
    (table,) = tables(explanation("", "accumulate", "L=a*b; a=3; b=2"))
    assert "changes nothing" in table.note.en


@pytest.mark.parametrize("name", BREAKS)
@pytest.mark.parametrize(
    "source",
    [
        "@diamond",
        "@karpathy-neuron",
        "@gates",
        "@mazur",
        "L=tanh(a)*a-b/a; a=2; b=-1",
        "y=x+b+tanh(x+b); L=sum(y*y); x=[[1,2],[3,4]]; b=[1,2]",
        "L=sum(amax(x,axis=1)*[1,2])+sum(softmax(x)*x); x=[[3,2,1],[0,5,4]]",
        "L=sum(batch_norm(x,g,b)*x); x=[[1,2],[3,3],[0,1]]; g=[1,2]; b=[0,1]",
    ],
)
def test_the_right_column_is_the_judge_s_on_any_computation(name, source):
    for _, right, _, judged in verdict(load(source), name).rows:
        assert np.allclose(right, judged, rtol=1e-5, atol=1e-6)


def test_the_judge_can_convict():
    a = load("L=a*a+a; a=3")
    leaf = next(v for v in a.inputs if v.label == "a")
    assert differences(a, leaf) == pytest.approx(7, abs=1e-6)
    assert not np.allclose(3, differences(a, leaf))


def test_a_graph_with_too_many_paths_is_refused():
    doubling = "; ".join(f"x{k + 1}=x{k}+x{k}" for k in range(20))
    with pytest.raises(InputError, match="walks every path"):
        explanation("", "topo", f"{doubling}; x0=1")


# The command -------------------------------------------------------------------------------


def explain(*given, **env):
    done = subprocess.run(
        [sys.executable, "-m", "backviz", "explain", *given],
        capture_output=True, check=False, env=os.environ | env,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr.decode()


def test_the_command_prints_a_screen_a_list_and_json(capsys):
    def said(*given):
        assert _run(["explain", *given]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out

    assert said("accumulate").splitlines() == text(explanation("accumulate"))
    for lang in LANGS:
        listed = said("--lang", lang).splitlines()
        named = [line.split()[0] for line in listed if re.match(r"  \S", line)]
        assert named == [*LESSONS]
        assert len(listed) == 1 + len(LESSONS) + len(by_subject())
        assert max(map(len, listed)) <= 80
    made = json.loads(said("tanh", "--json", "--lang", "ru"))
    assert made["name"] == "tanh"
    assert made["tables"][0]["rows"][2] == [0, 0, 1, 2]


def test_a_console_without_the_signs_gets_others():
    code, out, _ = explain("dead-relu", "--lang", "ru", PYTHONIOENCODING="cp1251")
    assert code == 0
    assert "Почему мёртвый ReLU" in out.decode("cp1251")
    code, out, _ = explain("matmul", PYTHONIOENCODING="ascii")
    assert "a.grad += g @ b^T" in out.decode("ascii")
    assert b"\x1b" not in out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("accumulat",), "did you mean 'accumulate'"),
        (("matmull",), "did you mean 'matmul'"),
        (("'; rm -rf /",), "unknown topic or op"),
        (("\x1b[31m",), "unknown topic or op"),
        (("нет",), "unknown topic or op 'нет'"),
        (("", "tpo"), "did you mean 'topo'"),
        (("tanh", "topo"), "tanh is an op"),
        (("quarter", "topo"), "tells of another mistake; for topo leave the name out"),
        (("zero-grad", "topo"), "give a computation with --src"),
        (("", "", "L=a*a; a=3"), "--src goes with --break"),
        (("tanh", "", "L=a*a; a=3"), "--src goes with --break"),
        (("nope", "", "L=a*a; a=3"), "unknown topic or op 'nope'"),
        (("tanh", "topo", "L=a*a; a=3"), "tanh is an op: drop its name"),
    ],
)
def test_a_wrong_request_gets_one_sentence(given, said):
    with pytest.raises(UsageError) as caught:
        explanation(*given)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "given"),
    [
        (0, ("--break", "topo")),
        (2, ("nope",)),
        (2, ("--break", "nope")),
        (2, ("tanh", "add")),
        (2, ("tanh", "--lang", "xx")),
        (5, ("--break", "topo", "--src", "x+")),
        (5, ("--break", "topo", "--src", "")),
        (5, ("--break", "topo", "--src", "3+4")),
        (6, ("--break", "topo", "--src", "L=log(a); a=-1")),
    ],
)
def test_exit_codes(code, given, capsys):
    assert _run(["explain", *given]) == code
    out, err = capsys.readouterr()
    assert bool(out) == (code == 0) != bool(err)
    assert err.count("\n") <= 3


def test_the_page_of_lessons_is_up_to_date():
    space = {"__name__": "generate", "__file__": str(ROOT / "docs" / "generate.py")}
    exec((ROOT / "docs" / "generate.py").read_text("utf-8"), space)
    page = (ROOT / "docs" / "lessons.md").read_text("utf-8")
    assert page == space["lessons_page"]()
    for name in (*LESSONS, *BREAKS):
        assert f"`{name}`" in page


def test_words_are_said_in_every_language_with_what_stands_in_their_gaps():
    inner = Words("at the kink {at}", at="x = 0,5")
    said = Words("{domain}; {flat}", domain=inner, flat=Words.same("value"))
    assert said.en == "at the kink x = 0,5; value" and said.of("ru") == "на изломе x = 0,5; value"
    assert [Words.counted("{n} op", "{n} ops", n).of("ru") for n in (1, 3, 11)] == [
        "1 операция", "3 операции", "11 операций",
    ]  # fmt: skip


# What a reader asks for goes for every number ------------------------------------------------


def test_digits_and_decimal_sign_reach_the_formulas():
    look = Look(numbers=NumberStyle(6, ","))
    out = f"{math.tanh(0.5):.6f}".replace(".", ",")
    said = "\n".join(lines(explanation("tanh"), look))
    assert f"out = tanh(0,5) = {out}" in said
    assert f"∂out/∂x = 1 − {out}² = " in said
    shown = "\n".join(lines(explanation("quarter"), look))
    assert "at most 0,25" in shown
    assert "0.25" not in shown
    rounded = "\n".join(lines(explanation("update-after"), look))
    assert "0,291027924" in rounded
    assert "i1=0.05" in rounded  # the source stays as it was written


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", OPS)
def test_no_number_is_said_to_equal_itself(name, lang):
    for line in text(explained(name), lang):
        found = re.search(r"out = (.+) = (.+)$", line)
        assert found is None or found[1] != found[2], line


def test_a_product_with_a_bias_shows_its_shapes():
    shown = "\n".join(text(explanation("linear")))
    assert "x (2, 3) @ weight (3, 2) + bias (2,) → out (2, 2)" in shown


def test_a_table_of_three_starts_is_a_table_in_every_language():
    for lang in LANGS:
        (row,) = [line for line in text(explanation("zero-init"), lang) if "0.5  " in line]
        assert row.count("[") == 3


def test_rounding_alone_is_no_mistake():
    source = "L=sum(X@X@X@X); X=[[0.1,0.7],[0.3,0.9]]"
    table = verdict(load("L=X@X; X=[[0.1,0.7],[0.3,0.9]]"), "inner-grads")
    assert "changes nothing" in table.note.en
    assert verdict(load(source), "inner-grads").note is None


def test_leaves_that_are_left_out_are_counted_beside_a_wrong_shape():
    names = "abcdefgh"
    source = f"L=sum(x+{'+'.join(names)}); x=[1,2]; " + "; ".join(f"{n}=1" for n in names)
    note = verdict(load(source), "unbroadcast").note
    assert "broken gradient (2,)" in note.en
    assert "and 3 more" in note.en
    assert "ещё 3" in note.of("ru")


@pytest.mark.filterwarnings("error")
def test_differences_of_huge_numbers_do_not_warn():
    output = load("L=a*b; a=1; b=[1.7e308,-1.7e308]")
    leaf = next(v for v in output.inputs if v.label == "a")
    assert math.isnan(differences(output, leaf, 1.0))


# At the prompt of the stepper -----------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", ["accumulate", "topo", "matmul", "relu6"])
def test_the_stepper_shows_the_same_screen(name, lang, capsys):
    assert _run(["explain", name, "--lang", lang]) == 0
    screen = capsys.readouterr().out
    s = backviz.stepper(load("@diamond"), lang=lang)
    s.next(3)
    before = s.state
    assert s.explain(name).text == screen.rstrip("\n")
    assert (s.state.at, s.state.runs) == (before.at, before.runs)
    assert _run(["step", "@diamond", "--lang", lang, "--commands", f"explain {name}"]) == 0
    assert capsys.readouterr().out == f"step> explain {name}\n{screen}"


def test_the_stepper_lists_topics_and_refuses_what_there_is_not(capsys):
    assert _run(["explain"]) == 0
    listed = capsys.readouterr().out
    assert _run(["step", "@diamond", "--commands", "explain"]) == 0
    assert capsys.readouterr().out == f"step> explain\n{listed}"
    assert _run(["step", "@diamond", "--commands", "explain accumulat"]) == 2
    assert "did you mean 'accumulate'?" in capsys.readouterr().out


def test_topics_and_ops_are_completed_across_their_dashes():
    state = backviz.stepper(load("@diamond")).state
    assert completions(state, "explain topol", "topol") == ["topological-order"]
    assert completions(state, "explain zero-g", "g") == ["grad"]
    assert completions(state, "explain matm", "matm") == ["matmul-transposes", "matmul"]


@pytest.mark.slow
def test_every_way_into_the_stepper_has_the_command():
    for given in ("stepper(L).run('explain exp')", "step(L, 'explain exp')"):
        code = f"import backviz; L = backviz.load('@diamond'); print(backviz.{given})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert "∂out/∂x = out" in done.stdout.decode()


# The topics as data ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, lesson in LESSONS.items() if lesson.source])
def test_the_computation_of_a_topic_runs_as_every_command_takes_it(name, capsys):
    """A reader copies the source from the screen into step, table or check."""
    source = LESSONS[name].source
    assert _run(["describe", source]) == 0
    assert _run(["step", source, "--commands", "backward; quit"]) == 0
    assert capsys.readouterr().err == ""


def test_the_commands_that_texts_name_are_there():
    """What a text calls `backviz NAME` is a command."""
    named = {
        found for lesson in LESSONS.values() for found in re.findall(r"backviz (\w+)", lesson.says)
    }
    assert named - {"and", "keeps"} <= {*cli.commands}
    assert "diagnose" in named


def test_topics_are_listed_by_subject_for_programs_too(capsys):
    for given in (["explain", "--json"], ["list", "topics", "--json"]):
        assert _run(given) == 0
        said = json.loads(capsys.readouterr().out)
        rows = said.get("topics", said.get("rows"))
        assert [row["name"] for row in rows] == [*LESSONS]
        subjects = list(dict.fromkeys(row["subject"] for row in rows))
        assert subjects == [str(each) for each in by_subject()]


def test_every_topic_of_ours_has_a_subject_and_one_of_a_plugin_stands_under_more():
    assert all(lesson.subject for lesson in LESSONS.values())
    mine = Lesson("mine", Words("Why?"), Words("So."))
    with LESSONS.temporarily():
        LESSONS.add("mine", mine)
        assert [*by_subject().items()][-1] == ("More", [mine])
