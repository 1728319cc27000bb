"""What goes wrong with a film is one sentence, and no half file is left."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from quick import one_in

from backviz import scenes
from backviz.cli import _run
from backviz.errors import UsageError
from backviz.movies import save
from backviz.scenes import artists as kinds
from backviz.scenes.model import Film, Frame, Panel


def broken(error, count=6):
    def frames():
        for k in range(count):
            if k == 3:
                raise error
            yield Frame(f"{k}.", {"p": [kinds.Points("a", [0.1 * k], [0.5])]})

    return Film("f", (Panel("p"),), frames, count, (0,), "")


@pytest.mark.parametrize("form", one_in(2, ["mp4", "gif", "webp", "html", "%02d.png"]))
@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a fault")])
def test_a_film_that_stops_midway_leaves_nothing(form, error, tmp_path):
    place = tmp_path / (form if "%" in form else f"a.{form}")
    with pytest.raises(type(error)):
        save(broken(error), place, scale=0.2)
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_stops_midway_keeps_the_old_one(tmp_path):
    old = tmp_path / "a.mp4"
    old.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        save(broken(KeyboardInterrupt()), old, scale=0.2)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize("form", one_in(2, ["mp4", "gif", "png"]))
def test_a_full_disk_is_a_sentence(form, capsys):
    code = _run(["animate", "tangent", "--frames", "2", "--scale", "0.2", "-F", form,
                 "-o", "/dev/full"])  # fmt: skip
    assert code == 1 and "nothing was kept" in capsys.readouterr().err
    with pytest.raises(Exception, match="nothing was kept"):
        save(scenes.tangent(frames=2), "/dev/full", form=form, scale=0.2)


def started(*command, **options):
    """`backviz animate` as a process of its own."""
    words = [sys.executable, "-m", "backviz", "animate", *map(str, command)]
    return subprocess.Popen(words, text=True, start_new_session=True, **options)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
@pytest.mark.parametrize("form", one_in(2, ["mp4", "%03d.png"]))
def test_ctrl_c_in_the_middle_leaves_nothing(form, tmp_path):
    place = tmp_path / (form if "%" in form else f"a.{form}")
    command = ("tangent", "--frames", 300, "-o", place)
    with started(*command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as made:
        end = time.monotonic() + 60
        while not any(p.stat().st_size for p in tmp_path.iterdir()):  # it has begun to write
            assert made.poll() is None and time.monotonic() < end
            time.sleep(0.02)
        made.send_signal(signal.SIGINT)
        out, err = made.communicate(timeout=60)
    assert (made.returncode, out, err.strip()) == (130, "", "backviz: interrupted")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit to set")
@pytest.mark.parametrize("form", ["mp4", "%02d.png"])
def test_a_disk_that_fills_up_on_the_way_leaves_nothing(form, tmp_path):
    """Files may have 9,000 bytes: the system refuses what goes beyond, as a full disk does."""
    place = tmp_path / (form if "%" in form else f"a.{form}")
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000));"
        "from backviz.cli import main; main(sys.argv[1:])"
    )
    words = ["animate", "tangent", "--frames", "4", "-o", str(place)]
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "nothing was kept" in done.stderr and str(tmp_path) in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
@pytest.mark.parametrize(("quiet", "bar"), [([], True), (["-q"], False)])
def test_a_bar_is_shown_on_a_terminal_alone(quiet, bar, tmp_path):
    import pty

    ours, theirs = pty.openpty()
    command = ("tangent", "--frames", 3, "--scale", 0.2, "-o", tmp_path / "a.gif", *quiet)
    with started(*command, stderr=theirs) as made:
        os.close(theirs)
        assert made.wait(timeout=60) == 0
    said = b""
    with contextlib.suppress(OSError):  # the end of a terminal is an error on Linux
        while part := os.read(ours, 4096):
            said += part
    os.close(ours)
    assert (b"3/3 frames" in said) == bar and (b"wrote" in said) == bar


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["tangnet", "-o", "a.mp4"], 2, "unknown scene 'tangnet'; did you mean 'tangent'?"),
        ([], 2, "name a scene"),
        (["tangent"], 2, "-o tangent.mp4"),
        (["tangent", "-o", "a.mp5"], 2, "unknown format 'mp5'"),
        (["tangent", "-o", "a"], 2, "has no extension"),
        (["tangent", "-o", "-"], 2, "say the format with -F"),
        (["tangent", "-o", "a.gif", "-F", "mp4"], 2, "ends in .gif, but -F says mp4"),
        (["tangent", "--curv", "sine", "-o", "a.gif"], 2, "--curve"),
        (["tangent", "--curve", "sinus", "-o", "a.gif"], 2, "did you mean 'sine'?"),
        (["tangent", "--frames", "0", "-o", "a.gif"], 2, "out of range; use 2 to 300"),
        (["tangent", "--frames", "x", "-o", "a.gif"], 2, "not a valid integer"),
        (["tangent", "--still", "60", "-o", "a.png"], 5, "not among 0 … 59"),
        (["tangent", "--still", "1", "-o", "a.gif"], 2, "a still cannot be gif"),
        (["tangent", "--strip", "3", "-o", "a.gif"], 2, "a strip is a PNG"),
        (["tangent", "--theme", "drak", "-o", "a.png"], 2, "did you mean 'dark'?"),
        (
            ["tangent", "--theme", "pink", "-o", "a.mp4"],
            2,
            "unknown theme 'pink'; did you mean 'print'?",
        ),
        (["tangent", "--strip", "-1", "-o", "a.png"], 2, "ask for 1 at least"),
        (["tangent", "--fps", "1e-9", "-o", "a.gif"], 5, "use 0.1 ≤ fps"),
        (["tangent", "--scale", "99", "-o", "a.png"], 2, "use 0.1 to 4"),
        (["tangent", "--fps", "0", "-o", "a.gif"], 5, "use 0.1 ≤ fps"),
        (["tangent", "-o", "nowhere/a.gif"], 2, "there is no folder"),
        (["tangent", "-o", "%d.gif"], 2, "take the %d out"),
    ],
)
def test_a_mistake_on_the_command_line_is_a_sentence(
    arguments, code, said, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert _run(["animate", *arguments]) == code
    spoken = capsys.readouterr().err
    assert said in spoken and spoken.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_writes_and_tells(tmp_path, capsys):
    place = tmp_path / "a.gif"
    given = ["animate", "tangent", "--frames", "3", "--curve", "tanh", "--scale", "0.2"]
    assert _run([*given, "-o", str(place), "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["settings"] == {"curve": "tanh", "frames": 3}
    assert told["files"][0]["bytes"] == place.stat().st_size
    assert "3 frames" in said.err and "\r" not in said.err


def test_lists_name_the_scenes(capsys):
    assert _run(["animate", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in scenes.SCENES)
    assert _run(["list", "scenes"]) == 0
    assert capsys.readouterr().out == listed
    assert _run(["animate", "tangent", "-h"]) == 0
    assert "parabola, cubic, sine, tanh, sigmoid" in " ".join(capsys.readouterr().out.split())


def test_unknown_words_in_python_have_suggestions(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'curve'"):
        scenes.tangent(curv="sine")
    with pytest.raises(UsageError, match="did you mean 'webp'"):
        scenes.tangent(frames=2).save(tmp_path / "a.wepb")
