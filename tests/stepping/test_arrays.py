"""Arrays on the screen: all numbers up to 6×6, rows whole and aligned, as wide as the screen is."""

import os
import random
import re
import sys

import numpy as np
import pytest
from quick import one_in

import backviz
from backviz import tensor
from backviz.stepping.commands import advance
from backviz.stepping.grids import in_full, in_words, put
from backviz.stepping.look import Look, screen_columns
from backviz.stepping.state import start
from backviz.text import NumberStyle, screen_width

WIDTHS = (50, 80, 120, 200)
LOOKS = [
    Look(width, encoding, lang, numbers=NumberStyle(digits, decimal))
    for width, encoding, lang, digits, decimal in zip(
        WIDTHS * 3, ("utf-8", "ascii", "cp1251") * 4, ("en", "ru") * 6,
        (4, 1, 8, 4, 2, 4) * 2, (".", ",", ",", ".") * 3, strict=True,
    )
]  # fmt: skip


def layer(rows, inner, columns, seed=0, scale=1.0):
    """A layer with a bias that is broadcast, and its loss."""
    rng = np.random.default_rng(seed)
    x = tensor(rng.normal(size=(rows, inner)).round(2) * scale, "X", requires_grad=False)
    w, b = tensor(rng.normal(size=(inner, columns)), "W"), tensor(rng.normal(size=columns), "b")
    z = x @ w
    z.label = "z"
    h = (z + b).tanh()
    h.label = "h"
    loss = ((h - rng.normal(size=(rows, columns))) ** 2).sum() / rows
    loss.label = "L"
    return loss


def screens(look, seed):
    """All that a session says of a layer of some size, line by line."""
    rng = np.random.default_rng(seed)
    rows, inner, columns = (int(n) for n in rng.integers(1, 8, 3))
    state = start(layer(rows, inner, columns, seed, 10.0 ** rng.integers(-6, 7)), look)
    said = ["print W", "forward", "back", "where", "list all", "backward", "watch W"]
    said += ["n"] * 8 + ["why W", "why W 1", "why b", "local h", "set W[0, 0] = 2.5", "undo"]
    for line in said:
        state, result = advance(state, line)
        yield from result.lines


@pytest.mark.parametrize("seed", one_in(4, range(24)))
def test_rows_are_whole_and_no_line_is_wider_than_the_screen(seed):
    look = LOOKS[seed % len(LOOKS)]
    for line in screens(look, seed):
        assert len(line) <= look.width, line
        line.encode(look.encoding)
        rows = re.sub(r"\[\w+\]", "", line)  # the op
        assert rows.count("[") == rows.count("]"), line


NAMES = ("W", "веса", "a_long_name_of_a_weight", "重み", "x[0]", "θ", "h.w", "a b", "W,b")
UGLY = (np.nan, np.inf, -np.inf, 0.0, 1e-300, 1e300)


def ugly(dice):
    """A layer of any shape, also empty, with numbers of any size and names of all kinds."""
    rng = np.random.default_rng(dice.randrange(10**6))

    def made(name, *shape):
        x = rng.normal(size=shape) * 10.0 ** dice.choice([-300, -8, 0, 0, 3, 300])
        if x.size and dice.random() < 0.3:
            x.reshape(-1)[dice.randrange(x.size)] = dice.choice(UGLY)
        return tensor(x, name)

    n, m, k = (dice.choice([0, 1, 1, 2, 3, 5, 7]) for _ in range(3))
    names = dice.sample(NAMES, 3)
    with backviz.group("слой"):
        z = made(names[0], n, m) @ made(names[1], m, k)
    b = made(names[2], k)
    return dice.choice([(z + b).tanh(), (z * b).relu(), z / b, z.transpose(), z[:, :1]]).sum()


@pytest.mark.parametrize("seed", range(12))
def test_ugly_arrays_and_names_crash_nothing_and_stay_on_the_screen(seed):
    dice = random.Random(seed)
    look = LOOKS[seed]
    state = start(ugly(dice), look)
    record = state.record
    said = ["over", "into", "finish", "n", "bw", "over", "n 9", "list all", "where"]
    for _ in range(20):
        node = dice.randrange(record.last + 1)
        name, axes = record.names[node], np.ndim(record.values[node].data)
        at = f"{name}[{', '.join(str(dice.randint(-2, 4)) for _ in range(axes))}]"
        said.append(dice.choice([f"why {at}", f"local {at}", f"print {at}", f"set {at} = 1.5",
                                 f"why {name}", f"local {name}", f"print {name}", "undo", "back",
                                 f"watch {name}", "n", "over", "bw"]))  # fmt: skip
    for line in said:
        state, result = advance(state, line)
        result.told.data()
        for shown in result.lines:
            assert screen_width(shown) <= look.width, (line, shown)
            shown.encode(look.encoding)


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("digits", [2, 4])
def test_six_by_six_numbers_are_all_there_in_columns_on_the_decimal_sign(digits, decimal):
    rng = np.random.default_rng(digits)
    x = rng.normal(size=(6, 6)) * 10.0 ** rng.integers(-1, 2, (6, 6))
    look = Look(numbers=NumberStyle(digits, decimal))
    lines = put(look, "  value     W =", x)
    rows = [line for line in lines if line.endswith("]")]
    assert all(len(row) <= 80 for row in rows)
    assert [re.findall(r"[^\s\[\]=W]+", row.split("[")[1]) for row in rows] == [
        [look.numbers.format(v) for v in row] for row in x
    ]
    starts = {row.index("[") for row in rows}
    assert len(starts) == 1
    for column in range(6):
        marks = {
            spans[column].start() + spans[column][0].find(decimal)
            for spans in ([*re.finditer(r"[^\s\[\]]+", row.split("[")[1])] for row in rows)
            if decimal in spans[column][0]
        }
        assert len(marks) <= 1


@pytest.mark.parametrize("scale", [1e-300, 1e-5, 1.0, 1e7, 1e300])
def test_six_by_six_numbers_of_any_size_are_all_there(scale):
    x = np.random.default_rng(2).normal(size=(6, 6)) * scale
    lines = put(Look(), "  gives     a.grad += ∂L/∂b·c =", x)
    assert len(lines) == 7 and all(len(line) <= 80 for line in lines)
    told = [re.findall(r"[^\s\[\]]+", line) for line in lines[1:]]
    assert told == [[NumberStyle().format(v) for v in row] for row in x]


def test_vectors_of_a_step_stand_entry_under_entry():
    a, b = tensor([1.0, -22.5, 0.125], "a"), tensor([300.0, 0.5, -7.0], "b")
    state, _ = advance(start((a * b).sum()), "goto bw 2")
    _, result = advance(state, "where")
    _, result = advance(advance(state, "back")[0], "n")
    ends = [line for line in result.lines if line.endswith("]")]
    assert len(ends) >= 3
    points = [[m.end() for m in re.finditer(r"[−\d.]+", line[line.index("[") :])] for line in ends]
    assert len({len(p) for p in points}) == 1


def test_wider_screens_show_more_and_narrow_ones_words():
    x = np.arange(8.0 * 16).reshape(8, 16) / 7
    shown = {width: put(Look(width), "value W =", x) for width in WIDTHS}
    assert [len(lines) for lines in shown.values()] == [1, 1, 9, 8]
    assert shown[80] == ["value W = (8, 16): mean 9.071, from 0 to 18.14"]


@pytest.mark.parametrize(
    "x, said",
    [
        (np.zeros((0, 3)), "(0, 3): empty"),
        (np.full((9, 9), 2.5), "(9, 9): all 2.5"),
        (np.full(60, np.nan), "(60,): all NaN"),
        (np.array([np.nan, *range(60)]), "(61,): 1 of 61 are NaN, the others from 0 to 59"),
        (np.array([np.inf, *range(60)]), "(61,): mean ∞, from 0 to ∞"),
        (np.zeros((2, 2, 2)), "(2, 2, 2): all 0"),
        (np.array([1e300, *[1e-300] * 60]), "(61,): mean 1.639e298, from 1e−300 to 1e300"),
    ],
)
def test_what_is_not_written_out_is_told_in_words(x, said):
    assert in_words(x, Look()) == said
    assert put(Look(), "x =", x) == [f"x = {said}"]


@pytest.mark.parametrize("shape", [(1,), (60,), (1, 1), (3, 24), (19, 2), (2, 3, 4), (0, 2)])
@pytest.mark.parametrize("width", WIDTHS)
def test_print_has_every_number_in_order_and_says_what_is_left_out(shape, width):
    x = np.random.default_rng(1).normal(size=shape)
    look = Look(width)
    lines = in_full("x", x, look)
    assert all(len(line) <= width for line in lines)
    written = " ".join(re.sub(r"^  \[[\d:, ]+\](?=  |$)", "", line) for line in lines[1:])
    told = sorted(re.findall(r"−?\d+\.\d+(?:e−\d+)?", written))
    assert told == sorted(NumberStyle(6).format(v) for v in x.ravel())


def test_print_of_what_is_too_large_names_the_rest():
    assert in_full("x", np.zeros((50, 2)), Look())[-1] == "  … 30 more: [20:]"
    assert in_full("x", np.zeros(500), Look())[-1] == "  … 300 more: [200:]"
    assert in_full("x", np.zeros((2, 999)), Look())[-1].startswith("  … ")
    assert in_full("x", np.zeros((9, 2, 2)), Look())[-1] == "  … 3 more: x[6:]"


def test_a_change_of_one_weight_names_the_entries_that_it_reaches():
    state, _ = advance(start(layer(4, 3, 6)), "forward")
    _, result = advance(state, "set W[0, 1] = 1")
    names = [line.split("  ")[1] for line in result.lines]
    assert names[0] == "W[0, 1]" and "z[3, 1]" in names and "z[0, 0]" not in names
    assert len([name for name in names if name.startswith("h[")]) == 4


def test_a_large_constant_without_a_name_is_called_by_its_number():
    _state, result = advance(start(layer(4, 3, 6)), "n 4")
    assert "n7 = h − n6 " in result.text and "n6: (4, 6)" in result.text
    assert "[…]" not in result.text


def test_the_screen_is_as_wide_as_the_terminal_or_COLUMNS_say(monkeypatch):  # noqa: N802
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert screen_columns() == 80
    for given, wide in (("120", 120), ("9", 50), ("999", 200), ("wide", 80), ("", 80)):
        monkeypatch.setenv("COLUMNS", given)
        assert screen_columns() == wide
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1, raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((133, 40)))
    assert screen_columns() == 133


@pytest.mark.parametrize("width", [50, 64, 80, 120])
def test_help_keeps_its_columns_on_screens_of_any_width(width):
    _, result = advance(start(layer(2, 2, 2), Look(width)), "help moving")
    assert all(len(line) <= width for line in result.lines)
    about = result.lines[0].index("does")
    assert {line[:about].strip().partition(",")[0] for line in result.lines} >= {"over", "restart"}
    assert all(line[about - 1] == " " for line in result.lines)


def test_check_says_numbers_as_the_session_does():
    look = Look(numbers=NumberStyle(decimal=","))
    _, result = advance(start(layer(2, 2, 2), look), "check W")
    assert re.search(r"W\[\d, \d\]  +−?\d,\d+  +−?\d,\d+ ", result.lines[1])
    assert "." not in result.lines[1] and "-" not in result.lines[1]


def test_the_width_is_asked_for_at_every_line_of_a_live_prompt(monkeypatch):
    from backviz.stepping import prompt
    from backviz.stepping.shell import Shell

    written, widths = [], iter([120, 50])
    lines = iter(["forward", "forward"])
    monkeypatch.setattr(prompt, "screen_columns", lambda: next(widths))

    def typed(_prompt):
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typed)
    shell = Shell(start(layer(3, 2, 8), Look(80)), written.append, live=True)
    prompt.interact(shell)
    assert shell.state.look.width == 50
    assert max(map(len, "".join(written).splitlines())) <= 120
