"""Options that are read from text: one parser for each kind, for Python and the command line."""

import json
import re

import numpy as np
import pytest
from command_line import call

from backviz import scenes
from backviz.errors import UsageError
from backviz.scenes import SCENES
from backviz.scenes.registry import MODULES
from backviz.scenes.surfaces import SURFACES

EVERY = [(made.name, option) for made in SCENES.values() for option in made.options]


def test_the_text_of_a_kind_is_read_by_one_parser_in_all_scenes():
    parsers = {}
    for _, option in EVERY:
        if option.kind:
            parsers.setdefault(option.kind.name, set()).add(option.kind)
            option.read(option.default)  # every default can be read
    assert {name: len(kinds) for name, kinds in parsers.items() if len(kinds) > 1} == {}
    assert {"surface", "point", "domain", "optimizers", "optimizer", "schedules"} <= set(parsers)


def test_no_option_that_scenes_share_is_free_text():
    texts = [
        (name, option.name)
        for name, option in EVERY
        if option.type is str and not option.kind and not option.choices
    ]
    assert texts == []


def test_python_gives_lists_and_points_where_the_command_line_gives_text():
    typed = scenes.rates(rates="0.1,0.2", start="-1,2", domain="-3,3,-4,4", steps=3)
    given = scenes.rates(rates=[0.1, 0.2], start=(-1, 2), domain=np.array([-3, 3, -4, 4]), steps=3)
    assert typed.settings == given.settings
    assert np.array_equal(typed.data()["map.SGD lr=.1.x"], given.data()["map.SGD lr=.1.x"], True)
    with pytest.raises(UsageError, match="start '1' does not work; write 2 numbers with commas"):
        scenes.rates(start=[1])


def test_the_list_describes_every_option():
    rows = {
        row["name"]: row["options"]
        for row in json.loads(call("list", "scenes", "--json").out)["rows"]
    }
    assert {name: len(options) for name, options in rows.items()} == {
        made.name: len(made.options) for made in SCENES.values()
    }
    by_name = {row["name"]: row for row in rows["optimizers"]}
    assert by_name["steps"] | {"about": ""} == {
        "name": "steps", "type": "int", "default": 80, "least": 0, "most": 5000, "about": "",
    }  # fmt: skip
    assert by_name["surface"]["type"] == "surface"
    assert by_name["surface"]["choices"] == [*SURFACES, "network"]
    assert by_name["rates"]["choices"] == ["best", "equal"]
    assert by_name["start"]["written"] == "X,Y"
    names = [row["name"] for row in json.loads(call("list", "surfaces", "--json").out)["rows"]]
    assert names == [*SURFACES, "network"]


def test_a_surface_may_be_written_as_pictures_print_it():
    squares = scenes.rates(surface="x² + 2·y²", steps=2).data()["loss.SGD lr=.01.y"]
    powers = scenes.rates(surface="x**2 + 2*y**2", steps=2).data()["loss.SGD lr=.01.y"]
    assert np.array_equal(squares, powers, equal_nan=True)


def test_what_is_unknown_is_told_with_the_whole_list():
    with pytest.raises(UsageError) as told:
        scenes.rates(surface="qqqq")
    assert re.findall(r"\w+", str(told.value).partition("there is")[2]) == [*SURFACES, "network"]
    with pytest.raises(UsageError, match="did you mean 'cosine'"):
        scenes.schedules(schedules="cosine_decay")


def test_no_module_has_the_name_of_a_scene():
    """`scenes.NAME` would be the module."""
    assert not {module.rpartition(".")[2] for module in MODULES} & {*SCENES}
    assert all(getattr(scenes, name) is made for name, made in SCENES.items())


def test_the_order_of_scenes_is_that_of_their_modules():
    places = [MODULES.index(made.make.__module__) for made in SCENES.values()]
    assert places == sorted(places)
