"""What a command says of a picture: size, warnings, manifest, and the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import pytest
from command_line import SIMPLE, Ran, call, is_one_sentence, run
from quick import slow

from backviz.renderers import RENDERERS


def test_a_written_file_is_reported_with_its_size():
    ran = call("graph", SIMPLE, "-o", "g.svg")
    size = Path("g.svg").stat().st_size
    assert (ran.code, ran.out, ran.err) == (0, b"", f"backviz: wrote g.svg ({size:,} bytes)\n")


def test_text_that_comes_out_too_small_is_said_with_the_remedy():
    given = (
        "graph",
        "@micrograd",
        "--for",
        "slide",
        "--fold",
        "none",
        "--pages",
        "1",
        "-o",
        "g.svg",
    )
    ran = call(*given)
    assert ran.code == 0
    assert re.search(r"the smallest text is [\d.]+ pt, less than the 18 pt", ran.err)
    assert "--fold" in ran.err
    assert call(*given, "-q") == Ran(0, b"", "")


def test_the_gradient_of_an_array_is_said_to_be_that_of_its_sum():
    given = ("graph", "y=a*2; a=[1,2]", "-F", "dot")
    assert "the result has shape (2,)" in call(*given).err
    assert call(*given, "-q").err == ""


def test_debug_shows_the_traceback_and_keeps_the_exit_code():
    ran = run("graph", "L=a*(", "-o", "g.svg", "--debug")
    assert "Traceback" in ran.err
    assert "the bracket is never closed" in ran.err
    assert ran.code == 5


def test_a_quiet_run_still_says_why_it_failed():
    assert is_one_sentence(call("graph", "L=a*(", "-q").err)


def test_a_picture_of_any_size_is_as_many_pixels_as_the_manifest_says():
    for scale in ("0.7", "1", "1.3", "2", "2.9"):
        ran = call("graph", "@diamond", "-o", "g.png", "--scale", scale, "--json", "-q")
        data = Path("g.png").read_bytes()
        found = [int.from_bytes(data[i : i + 4], "big") for i in (16, 20)]
        assert json.loads(ran.text)["px"] == found


@pytest.mark.parametrize("form", RENDERERS)
def test_the_manifest_tells_the_truth(form):
    name = f"g.{form}"
    given = ("--for", "half", "--scale", "1.5", "--title", "Вес", "--pages", "1", "-q")
    ran = call("graph", "@karpathy-l", "-o", name, "--json", *given)
    assert (ran.code, ran.err) == (0, "")
    about, data = json.loads(ran.text), Path(name).read_bytes()
    (file,) = about["files"]
    assert (file["path"], about["format"], about["defaults"]) == (name, form, None)
    assert file["bytes"] == len(data)
    assert file["sha256"] == hashlib.sha256(data).hexdigest()
    assert about["alt"].startswith("Вес. L = −8.")
    if RENDERERS[form].drawn:
        assert about["pt"] == [460.8, 432]
        kept = call("graph", "@karpathy-l", "--text", "keep", "-F", "svg", *given).out
        sizes = [float(e.get("font-size", "inf")) for e in ET.fromstring(kept).iter()]
        assert about["min_font_pt"] == min(sizes)
    if form == "png":
        width, height = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
        assert about["px"] == [width, height] == [691, 648]
    if form == "pdf":
        assert b"/Count 1" in data
        box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", data)
        assert box
        assert [float(x) for x in box.groups()] == [460.8, 432]
    if form == "svg":
        assert (ET.fromstring(data).get("width"), about["pt"][0]) == ("460.8pt", 460.8)


def test_open_shows_the_file_that_was_written(monkeypatch):
    shown = []
    monkeypatch.setattr(click, "launch", lambda path: shown.append(Path(path).is_file()))
    assert call("graph", SIMPLE, "-o", "g.dot", "--open").code == 0
    assert shown == [True]


@pytest.mark.parametrize("forms", [["svg", "dot", "json", "text"], slow([*RENDERERS])], ids=len)
def test_the_same_input_gives_the_same_bytes_everywhere(forms, tmp_path):
    given = ("graph", "@mazur", "-q", "--title", "T", "--for", "slide", "-o")
    script = (
        "from backviz.cli import _run\n"
        f"assert not any([_run([*{given!r}, 'g.' + form]) for form in {forms!r}])"
    )

    def all_formats(seed: str) -> dict[str, bytes]:
        folder = tmp_path / seed
        folder.mkdir()
        env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC+{seed}"}
        subprocess.run([sys.executable, "-c", script], cwd=folder, env=env, check=True, timeout=60)
        return {p.name: p.read_bytes() for p in folder.iterdir()}

    with ThreadPoolExecutor() as pool:
        first, second = pool.map(all_formats, ["1", "2"])
    assert first == second
    assert sorted(first) == sorted(f"g.{form}" for form in forms)
    for name, data in first.items():
        assert str(tmp_path).encode() not in data, name


@pytest.mark.parametrize("form", RENDERERS)
def test_twice_in_one_process_gives_the_same_bytes(form):
    given = ("graph", "@karpathy-neuron", "-F", form, "-q", "--contributions")
    assert call(*given) == call(*given)


def test_the_source_date_is_the_date_of_a_pdf(monkeypatch):
    assert b"/CreationDate" not in call("graph", SIMPLE, "-F", "pdf").out
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    dated = call("graph", SIMPLE, "-F", "pdf").out
    assert b"/CreationDate (D:20010909014640Z)" in dated
    assert dated == call("graph", SIMPLE, "-F", "pdf").out
