"""The HTML player: what the file holds, and what a browser does under real keys and clicks."""

import json
import re
from functools import cache

import numpy as np
import pytest
from played import HOSTILE, hostile, perceptron, steps

from backviz import Value, tensor
from backviz.autodiff.recording import scope, scoped
from backviz.diagrams.theme import THEMES
from backviz.renderers.player import html


@cache
def built(made):
    return html(made)


@cache
def network():
    x = tensor(np.sin(np.arange(20.0)).reshape(5, 4), "x", requires_grad=False)
    with scoped():
        for i, part in enumerate(("first", "second")):
            with scope(part):
                x = (x @ tensor(np.cos(np.arange(16.0) + i).reshape(4, 4), f"w{i}")).tanh()
                x = x.sum() if i else x
    return x


# The file --------------------------------------------------------------------------------


def data_of(page):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page).group(1))


def test_same_steps_same_bytes():
    fresh = steps.__wrapped__
    assert html(fresh()) == html(fresh()) == built(steps())
    assert built(steps()) != html(steps(digits=2))


def test_the_file_refers_to_nothing_outside():
    page = html(steps("@mazur", lang="ru", title="см. http://example.org")).decode()
    assert page.count("://") == page.count("http://example.org")
    assert not re.search(r"(?:src|href)=\"(?!data:,)|@import|url\(|\beval\(|new Function", page)
    assert "default-src 'none'" in page
    assert "unsafe" not in page


def test_a_graph_of_thirty_nodes_is_below_200_kb():
    figure = steps("@micrograd").figure
    assert len(figure.graph) == 34
    page = html(steps("@micrograd", fold="none"))
    assert len(page) < 200_000
    assert len(data_of(page.decode())["levels"]) > 1


def test_a_graph_of_sixty_boxes_keeps_the_level_that_was_asked_for():
    made = steps(perceptron(), fold="constants")
    levels = data_of(html(made).decode())["levels"]
    assert len(made.diagram.boxes) > 55
    assert [*levels[0]["boxes"]] == [box.id for box in made.diagram.boxes]


def test_salt_starts_every_id():
    page = html(steps(salt="left")).decode()
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids)) > 2
    assert all(name.startswith("left-") for name in ids)
    assert set(re.findall(r'aria-labelledby="(\S+) (\S+)"', page)[0]) <= set(ids)


def test_user_text_never_becomes_markup():
    page = html(steps(hostile(), title="<script>alert(2)</script>")).decode()
    assert page.count("</script>") == 2
    assert page.count("</style>") == 1
    assert "<img" not in page
    assert "\u2028" not in data_part(page)
    called = data_of(page)["levels"][0]["called"].values()
    assert HOSTILE[1] in called
    assert HOSTILE[2] in called


def data_part(page):
    return page.split('<script type="application/json">')[1].split("</script>")[0]


@pytest.mark.parametrize(("source", "names"), [
    ("@karpathy-neuron", ["none", "names"]),
    ("c=a*b+a**2; a=2; b=3", ["constants", "names", "none"]),
    ("c=a*b; a=2; b=3", ["none"]),
])  # fmt: skip
def test_levels_that_do_not_differ_are_left_out(source, names):
    assert [level["name"] for level in data_of(html(steps(source)).decode())["levels"]] == names


def test_a_range_of_steps_has_the_level_that_was_asked_for_only():
    about = data_of(html(steps(first=3, last=5)).decode())
    assert len(about["levels"]) == 1
    assert len(about["levels"][0]["moments"]) == 3


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_has_its_colours_and_paper_is_bright(theme):
    page = html(steps(theme=theme)).decode()
    assert f"--forward:{THEMES[theme].forward};" in page
    paper = re.search(r"\.backviz-player\{color-scheme:light;--background:#(\w\w)", page).group(1)
    assert int(paper, 16) > 200


def test_parts_of_a_network_are_levels_and_maps_have_two_colours():
    made = data_of(built(steps(network(), fold="layers")).decode())["levels"]
    assert made[0]["name"] == "layers"
    assert {level["name"] for level in made} > {"names", "layers"}
    assert {"first", "second"} <= set(made[0]["called"].values())
    page = built(steps(network(), heat=True)).decode()
    mixed = re.findall(r"fill:light-dark\((#\w{6}),(#\w{6})\)", page)
    assert len(mixed) > 10
    assert all(sum(bytes.fromhex(day[1:])) > 250 for day, _ in mixed)


def test_words_are_in_the_language_of_the_figure():
    page = html(steps("Л=вес*вход; вес=2; вход=-0.5", lang="ru", decimal=",")).decode()
    assert '<html lang="ru">' in page
    assert 'aria-label="Шаг вперёд"' in page
    assert "−0,5" in page
    assert not re.search(r'(?:aria-label|title)="[^"А-я]*[A-Za-z]{4,}[^"А-я]*"', page)


def test_a_fold_of_the_middle_has_a_player_too():
    long = Value(0.5, "x")
    for _ in range(400):
        long = long.tanh()
    made = steps(long)
    assert len(made.diagram.boxes) < 30
    assert data_of(html(made).decode())["levels"][0]["name"] == "auto"
