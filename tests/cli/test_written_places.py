"""Where a file goes: bad places, pipes, links, devices, names, and the format that follows."""

from __future__ import annotations

import os
import stat
import subprocess
from functools import cache
from pathlib import Path

import pytest
from command_line import (
    BACKVIZ,
    SIMPLE,
    Ran,
    call,
    doctor,
    is_one_sentence,
    refused,
    run,
)
from portable_svg import problems
from quick import one_in

from backviz.cli.listing import LISTS
from backviz.renderers import RENDERERS
from backviz.sources import EXAMPLES


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("no/such/g.svg", "there is no folder"),
        ("/proc/nothing/g.svg", "there is no folder /proc/nothing"),
        ("/dev/null/g.svg", "cannot write /dev/null/g.svg"),
        ("g", "'g' has no extension, so the format is not known; use .svg, .pdf"),
        ("g.gif", "unknown format 'gif'"),
        ("/dev/full", "no extension"),
        ("", "no extension"),
    ],
)
def test_a_place_that_cannot_be_written_gets_one_sentence(target, said):
    refused(call("graph", SIMPLE, "-o", target), 2, said)


def test_a_folder_is_no_place_for_a_picture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("g") / "folder.svg"
    folder.mkdir()
    refused(call("graph", SIMPLE, "-o", str(folder)), 2, "it is a folder; add a file name")
    assert not list(folder.iterdir())


@pytest.mark.parametrize("given", ["graph @simple -F svg", "describe @simple", "table @simple"])
def test_a_full_device_gets_one_sentence(given):
    ran = call(*given.split(), "-o", "/dev/full")
    refused(ran, 1, "cannot write /dev/full: No space left on device")


@pytest.mark.parametrize("given", one_in(2, ["graph @simple -F svg", "list", "--help"], 1))
def test_full_standard_output_gets_one_sentence(given):
    refused(run(*given.split(), shell='"$@" >/dev/full'), 1, "cannot write to standard output")


@pytest.mark.parametrize("given", ["graph @mazur -F svg", "--help"])
def test_a_reader_that_leaves_is_no_complaint(given):
    ran = run(*given.split(), shell='"$@" | PATH=/bin:/usr/bin head -c1')
    assert ran.err == ""
    assert len(ran.out) == 1
    assert ran.code in (0, 141)


@pytest.mark.parametrize("given", one_in(2, ["graph @simple -F svg", "describe @simple"]))
def test_a_reader_that_never_was_is_no_complaint(given):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*BACKVIZ, *given.split()], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_failing_run_keeps_the_file_that_was_there():
    for form in RENDERERS:
        Path(f"g.{form}").write_text("mine")
        for source in ("L=a*(", "log(-1)", "L=A@B; A=[[1,2]]; B=[[1,2,3]]"):
            assert call("graph", source, "-o", f"g.{form}").code in (5, 6)
        assert Path(f"g.{form}").read_text() == "mine"
    assert len(list(Path().iterdir())) == len(RENDERERS)


def test_a_disk_that_fills_up_keeps_the_file_that_was_there():
    Path("g.dot").write_text("mine")
    ran = run("graph", "@micrograd", "-o", "g.dot", shell='ulimit -f 4; "$@"')
    assert ran.code == 1
    assert is_one_sentence(ran.err)
    assert "cannot write g.dot: File too large; nothing was kept" in ran.err
    assert [(p.name, p.read_text()) for p in Path().iterdir()] == [("g.dot", "mine")]


@pytest.mark.parametrize("limit", one_in(2, ["ulimit -v 4000000", "ulimit -f 0"]))
def test_an_embedded_engine_that_cannot_start_gives_way_to_the_next(limit):
    ran = run("graph", SIMPLE, "-F", "svg", shell=f'{limit}; "$@"', OPENBLAS_NUM_THREADS="1")
    assert (ran.code, problems(ran.out)) == (0, []), ran.err


@pytest.mark.parametrize("target", one_in(2, ["/dev/stdout", "/dev/fd/1"]))
def test_a_pipe_with_a_name_is_written(target):
    ran = run("graph", SIMPLE, "-F", "dot", "-o", target, "-q")
    assert (ran.code, ran.err) == (0, "")
    assert ran.text.startswith("digraph backviz {")


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_of_any_new_file(mask):
    before = os.umask(mask)
    try:
        assert call("graph", SIMPLE, "-o", "g.dot").code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("g.dot").stat().st_mode) == 0o666 & ~mask


def test_a_file_that_is_replaced_keeps_its_permissions():
    Path("g.dot").touch(0o640)
    assert call("graph", SIMPLE, "-o", "g.dot").code == 0
    assert stat.S_IMODE(Path("g.dot").stat().st_mode) == 0o640


def test_a_link_stays_and_what_it_names_is_replaced():
    Path("real").mkdir()
    Path("real/g.dot").write_text("old")
    Path("g.dot").symlink_to("real/g.dot")
    assert call("graph", SIMPLE, "-o", "g.dot").code == 0
    assert Path("g.dot").is_symlink()
    assert Path("real/g.dot").read_text().startswith("digraph")
    assert sorted(p.name for p in Path("real").iterdir()) == ["g.dot"]


def test_a_device_is_written_and_not_replaced():
    assert call("graph", SIMPLE, "-F", "svg", "-o", "/dev/null").code == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)  # noqa: PTH116


@pytest.mark.parametrize("name", ["веса и градиенты.svg", "a b.SVG", "-g.svg", "a.b.svg"])
def test_any_file_name_will_do(name):
    ran = call("graph", SIMPLE, "-o", name)
    assert (ran.code, [p.name for p in Path().iterdir()]) == (0, [name])
    assert f"wrote {name} (" in ran.err


def test_a_file_name_that_is_not_utf8_will_do():
    name = os.fsdecode(b"\xff.svg")
    ran = call("graph", SIMPLE, "-o", name, "--json")
    assert (ran.code, [p.name for p in Path().iterdir()]) == (0, [name])


@pytest.mark.parametrize("form", RENDERERS)
def test_the_format_follows_the_extension_or_the_option(form):
    for given in (("-o", f"g.{form}"), ("-o", "g", "-F", form), ("-o", f"h.{form}", "-F", form)):
        assert call("graph", SIMPLE, *given, "-q") == Ran(0, b"", "")
    written = {p.name: p.read_bytes() for p in Path().iterdir()}
    assert sorted(written) == sorted(["g", f"g.{form}", f"h.{form}"])
    printed = call("graph", SIMPLE, "-F", form)
    assert {*written.values(), printed.out} == {written["g"]}


def test_standard_output_gets_svg_unless_another_format_is_asked_for():
    plain, dash = call("graph", SIMPLE), call("graph", SIMPLE, "-o", "-")
    assert plain == dash
    assert (plain.code, plain.err, problems(plain.out)) == (0, "", [])
    assert call("graph", SIMPLE, "-o", "-", "-F", "dot").text.startswith("digraph backviz {")
    assert call("graph", SIMPLE, "-o", "-", "-F", "pdf").out.startswith(b"%PDF-")
    assert call("graph", SIMPLE, "-o", "-", "-F", "png").out.startswith(b"\x89PNG")
    assert not list(Path().iterdir())


@cache
def printed() -> dict[tuple[str, ...], str]:
    """What commands print, by their words."""
    given = [("list", what) for what in LISTS]
    given += [(word, f"@{name}") for name in EXAMPLES for word in ("describe", "table")]
    return {words: call(*words).text for words in given} | {("doctor",): doctor().text}
