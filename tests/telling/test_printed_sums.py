"""A printed sum holds: its printed parts add up to the printed total, or it says ≈."""

import math
import re
from decimal import Decimal

import numpy as np
import pytest
from quick import slow

import backviz
from backviz import Figure, Style, Value, describe, stepper, tensor
from backviz.diagrams.steps import Steps
from backviz.text import NumberStyle, is_noise, written_sum

NUMBER = r"−?\d+(?:\.\d+)?(?:e−?\d+)?"
FACTOR = rf"(?:{NUMBER}|\({NUMBER}\))"
TERM = rf"{FACTOR}(?:·{FACTOR})*"
SUM = re.compile(rf"(?<![\w·+] )(?<![\w·.])({TERM}(?: \+ {TERM})+) ([=≈]) ({NUMBER})(?![\w.·])")


def number(text):
    return Decimal(text.strip("()").replace("−", "-"))


def sums(text):
    """Every sum in a text: its terms as lists of factors, the sign, the total."""
    for terms, sign, total in SUM.findall(text):
        yield [[number(f) for f in re.findall(FACTOR, t)] for t in terms.split(" + ")], sign, total


def holds(terms, total, digits):
    added = sum(math.prod(t) for t in terms)
    if all(len(t) == 1 for t in terms) or not number(total):
        return added == number(total)
    half = Decimal(10) ** (number(total).adjusted() + 1 - digits) / 2
    return abs(added - number(total)) <= half


def random_graph(seed):
    """A scalar graph whose leaves are used several times."""
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-4, 5)
    values = [Value(float(rng.normal() * scale), name) for name in "abc"]
    if seed % 3 == 0:
        values = [Value(round(v.data, 1), v.label) for v in values]
    leaves = list(values)
    for _ in range(rng.integers(3, 9)):
        x, y = (values[i] for i in rng.integers(len(values), size=2))
        made = [x + y, x - y, x * y, x.tanh(), x * float(rng.integers(2, 9)) / 7][rng.integers(5)]
        values.append(made)
    total = values[-1] + leaves[0] * leaves[1] + leaves[2] + values[-2]
    total.label = "L"
    return total, leaves


def told(total, leaves, pace):
    """Everything that says sums: descriptions, captions, the stepper's why, boxes."""
    total.backward()
    yield describe(total)
    yield from (line for m in Steps(Figure(total), pace=pace).moments for line in m.lines)
    session = stepper(total)
    session.run("c")
    yield from (str(session.run(f"why {leaf.label}")) for leaf in leaves)
    total.backward()
    yield from (line for b in Figure(total).diagram.boxes for line in b.gradient)


@pytest.mark.parametrize("graphs", [60, slow(300)])
def test_sums_over_random_graphs_hold_or_say_nearly(graphs):
    met = {"=": 0, "≈": 0}
    for seed in range(graphs):
        for text in told(*random_graph(seed), ("node", "contribution")[seed % 2]):
            for terms, sign, total in sums(text):
                met[sign] += 1
                digits = 4 + (sign == "=") * 2  # up to two more are written
                assert sign == "≈" or any(holds(terms, total, d) for d in range(4, digits + 1)), (
                    seed,
                    text,
                )
    assert met["="] > 1.7 * graphs and met["≈"] > graphs / 3


def test_the_parser_of_this_test_sees_sums():
    found = list(sums("∂L/∂a = 0.1·(−2) + 3 + (−1e−5) ≈ 2.8   (2 of 2)"))
    assert found == [([[Decimal("0.1"), -2], [3], [Decimal("-1e-5")]], "≈", "2.8")]
    assert not list(sums("L = n2 + 3 = 6"))


@pytest.mark.parametrize(
    "terms, total, said",
    [
        ([[6.0], [-2.0]], 4.0, "6 + (−2) = 4"),
        ([[1 / 3], [2 / 3]], 1.0, "0.3333 + 0.6667 = 1"),
        ([[0.1], [0.2]], 0.1 + 0.2, "0.1 + 0.2 = 0.3"),
        ([[1 / 3]] * 3, 1.0, "0.3333 + 0.3333 + 0.3333 ≈ 1"),
        ([[1.23446], [1.00026]], 2.23472, "1.23446 + 1.00026 = 2.23472"),  # two more digits
        ([[144.0], [0.002479]], 144.002479, "144 + 0.002479 ≈ 144.0"),
        ([[0.5, 0.7071], [0.25, 2.0]], 0.5 * 0.7071 + 0.5, "0.5·0.7071 + 0.25·2 = 0.8536"),
        ([[math.inf], [1.0]], math.inf, "∞ + 1 = ∞"),
        ([[math.nan], [1.0]], math.nan, "NaN + 1 = NaN"),
        ([[1e300], [1e-300]], 1e300, "1e300 + 1e−300 ≈ 1e300"),
    ],
)
def test_a_sum_says_what_its_digits_bear(terms, total, said):
    assert written_sum(terms, total, NumberStyle()) == said
    german = written_sum(terms, total, NumberStyle(decimal=","))
    assert german == said.replace(".", ",")


def test_rounding_noise_is_no_mean_but_small_numbers_are():
    x = np.array([0.1, 0.2, -0.3])
    assert 0 < x.mean() < 1e-16
    numbers = NumberStyle()
    assert numbers.mean(x) == "0"
    assert numbers.mean(x * 1e-200) == "0"
    assert numbers.mean(np.full(5, 4e-17)) == "4e−17"
    assert numbers.mean(np.array([1.0, -1.0, 3e-9])) == "1e−9"
    assert numbers.mean(np.array([np.inf, 1.0])) == "∞"
    assert numbers.mean(np.array([np.nan, 1.0])) == "NaN"
    assert not is_noise(1e-17, 0.0) and not is_noise(1.0, np.inf)


def test_the_gradient_of_a_cross_entropy_has_the_mean_0():
    z = tensor([0.3, -1.2, 2.0, 0.4, 1.1], "z")
    loss = backviz.OPS["cross_entropy"](z, 2.0)
    loss.backward()
    assert z.grad.mean() != 0 and abs(z.grad.mean()) < 1e-16
    boxes = {b.title: b for b in Figure(loss, Style(entries=3)).diagram.boxes}
    assert boxes["z"].gradient[0] == "mean 0"


def test_the_players_panel_says_nearly_where_all_digits_do_not_add_up():
    from backviz.renderers.player.numbers import _is_near

    class Level:
        def __init__(self, output):
            self.view = Figure(output).view

    a = Value(0.1, "a")
    exact, near = a * 2 + a * 3, a * 0.1 + a * 0.2
    for output in (exact, near):
        a.grad = None
        output.backward()
        assert _is_near(Level(output), "n0") is (output is near)
