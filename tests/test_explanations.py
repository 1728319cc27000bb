"""Descriptions and tables, as they stand in an 80-column terminal."""

import json

import pytest

from backviz import describe, table
from backviz.sources import EXAMPLES, load


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_text_table_fits_80_columns_and_has_every_contribution(name):
    output = load(f"@{name}")
    text, rows = table(output), json.loads(table(output, "json"))["rows"]
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == len(rows) + 2 if "─" in lines[1] else 5 * len(rows)


def test_a_table_of_scalars_stands_side_by_side():
    lines = table(load("L=(a*b+c)*(a-c); a=2; b=3; c=4")).splitlines()
    assert lines[0].split() == [
        "step", "node", "input", "upstream", "local", "contribution", "total", "so", "far", "use",
    ]  # fmt: skip
    assert lines[-2].split() == ["4", "n3", "a", "−2", "3", "−6", "4", "2", "of", "2"]


def test_running_totals_end_in_the_gradients():
    output = load("@diamond")
    last = {row["input"]: row["total"] for row in json.loads(table(output, "json"))["rows"]}
    assert (last["a"], last["b"], last["c"]) == (4.0, -4.0, -12.0)


def test_a_description_sums_every_contribution():
    lines = describe(load("@diamond")).splitlines()
    assert "  c: 10·(−1) + (−2)·1 = −12" in lines
    assert "  L = d·f = −20" in lines
