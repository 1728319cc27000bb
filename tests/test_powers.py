"""Powers of ten in place of an e: read back, aligned, in every format, at the prompt."""

import json
from fractions import Fraction

import numpy as np
import pytest
from command_line import call
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import backviz
from backviz import Value, tensor
from backviz.diagrams import font
from backviz.renderers.player import html
from backviz.signs import with_powers, without_powers
from backviz.text import NumberStyle, bracketed, unpadded

TENS = NumberStyle(powers="10")
SOURCE = "L=a*b; a=4.386e-4; b=-2e30"
finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None, derandomize=True)
@given(finite, st.integers(1, 17), st.sampled_from(".,"))
def test_a_number_has_the_digits_that_it_has_with_e(x, digits, decimal):
    plain = NumberStyle(digits, decimal)
    tens = NumberStyle(digits, decimal, powers="10")
    shown = tens.format(x)
    assert "e" not in shown
    assert tens.printed(x) == plain.printed(x)
    assert abs(tens.printed(x) - Fraction(x)) <= abs(Fraction(x)) / 10 ** (digits - 1)


@settings(deadline=None, derandomize=True)
@given(st.lists(finite, min_size=1, max_size=8))
def test_text_is_read_back(numbers):
    text = " + ".join(map(repr, numbers))
    back = without_powers(with_powers(text)).replace("−", "-")
    assert [Fraction(t) for t in back.split(" + ")] == [Fraction(repr(x)) for x in numbers]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.lists(finite, min_size=3, max_size=3), min_size=2, max_size=4))
def test_columns_are_as_wide_in_every_row(rows):
    assume(any("10" in TENS.format(x) for row in rows for x in row))
    made = TENS.rows(np.array(rows))
    assert len({len(row) for row in made}) == 1  # in a console
    minus = [sum(x < 0 for x in row) for row in rows]
    if len(set(minus)) == 1 and all(m in (0, 3) for m in minus):  # − is wider than a digit
        widths = [font.width(row, 10) for row in made]
        assert max(widths) - min(widths) < 0.01
    shown = [[TENS.format(x) for x in row] for row in rows]
    assert [unpadded(row).split() for row in made] == shown


def test_decimal_signs_stand_below_each_other():
    rows = TENS.rows(np.array([[4.386e-4], [12.25], [1.0], [6.02e23]]))
    points = [row.index(".") for row in rows if "." in row]
    assert points == [2, 2, 2]


def test_a_power_among_factors_is_one_number():
    assert bracketed(TENS.format(4e-4), TENS) == "(4·10⁻⁴)"
    assert bracketed(TENS.format(1e-4), TENS) == "10⁻⁴"


@pytest.mark.parametrize("form", ["text", "svg", "mermaid", "dot", "tikz"])
def test_every_format_has_them(form):
    made = call("graph", SOURCE, "--powers", "10", "-F", form, "-o", "-").text
    if form == "svg":
        made = call("graph", SOURCE, "--powers", "10", "--text", "keep", "-F", form, "-o", "-").text
    wanted = "4.386$\\cdot$10$^{-4}$" if form == "tikz" else "4.386·10⁻⁴"
    assert wanted in made
    assert "e−4" not in made


def test_ascii_has_them_in_its_signs():
    assert "10^-4" in call("graph", SOURCE, "--powers", "10", "-F", "ascii").text


def test_builds_tables_and_words_have_them(tmp_path):
    (a,) = [Value(4.386e-4, label="a")]
    L = a * Value(2.0, label="b")
    L.backward()
    assert "4.386·10⁻⁴" in html(backviz.steps(L, powers="10")).decode()
    for command in ("table", "describe"):
        said = call(command, SOURCE, "--powers", "10").text
        assert "4.386·10⁻⁴" in said
        assert "e−4" not in said
    table = call("table", SOURCE, "--powers", "10", "-F", "csv").text
    assert "0.0004386" in table  # for programs


def test_json_keeps_its_numbers():
    made = json.loads(call("graph", SOURCE, "--powers", "10", "-F", "json").text)
    assert 4.386e-4 in [node["value"] for node in made["nodes"]]


def test_the_prompt_reads_what_it_shows():
    out = call("step", SOURCE, "--powers", "10", "--commands", "set a = 3·10⁻⁷; a; set a=10⁻²").text
    assert "a = 3·10⁻⁷" in out
    assert "→  0.01" in out


def test_an_unknown_word_is_one_sentence():
    ran = call("graph", SOURCE, "--powers", "ten")
    assert ran.code == 2
    assert "unknown powers 'ten'" in ran.err


def test_small_arrays_have_them_in_python():
    x = tensor(np.array([1.5e-9, 2.0]), label="x")
    assert "1.5·10⁻⁹" in backviz.render(x * 1.0, "text", powers="10").decode()
