"""Every topic of the course can be seen: its commands run, and nothing is left without one."""

import json
import re
import shlex
from pathlib import Path

import pytest
from command_line import call
from quick import one_in

from backviz.cli import cli
from backviz.course import COURSE
from backviz.language import speaking
from backviz.scenes import SCENES

ROOT = Path(__file__).parents[1]
COMMANDS = [(topic.name, command) for topic in COURSE.values() for command in topic.commands]


def test_the_course_has_its_46_topics_each_with_a_command():
    assert len(COURSE) == 46
    assert all(topic.commands for topic in COURSE.values())
    names = [re.search(r"-o (\S+)", c)[1] for _, c in COMMANDS if " -o " in c]
    assert len(names) == len({*names})  # no file is written over by the next command


@pytest.mark.parametrize(("name", "command"), one_in(16, COMMANDS))
def test_a_command_of_the_course_shows_something(name, command, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)  # the files of examples/
    program, word, *given = shlex.split(command)
    assert program == "backviz" and word in cli.commands
    wanted = None
    if "-o" in given:
        at = given.index("-o") + 1
        assert given[at].startswith(name)
        wanted = tmp_path / given[at].replace(".mp4", ".png")
        given[at] = str(wanted)
    if word == "animate":
        given += ["--scale", "0.5"]
    ran = call(word, *given)
    assert ran.code == 0, ran.err
    assert "less than" not in ran.err  # what is too small to be read is no answer
    assert wanted.stat().st_size > 1000 if wanted else len(ran.text) > 200


def test_every_scene_stands_in_the_course():
    shown = {shlex.split(c)[2] for _, c in COMMANDS if c.startswith("backviz animate")}
    assert shown <= {*SCENES}


def test_the_course_is_listed_for_programs_and_in_russian():
    rows = json.loads(call("list", "course", "--json").text)["rows"]
    assert [*rows[0]] == ["name", "part", "about", "shows", "command"]
    assert rows[0]["command"] == "backviz graph @simple --forward-only -o graph.svg"
    with speaking("ru"):
        said = call("list", "course").text
    for topic in COURSE.values():
        assert topic.about[:20] not in said
    assert len(re.findall("[а-яё]+", said)) > 400
