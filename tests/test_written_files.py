"""Files on the disk: all or nothing, by whatever they are stopped; each refusal by its reason."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import BACKVIZ, call, run
from quick import one_in

# Root may write anywhere, so it is made to ask as everybody else.
AS_ANYBODY = "setpriv --bounding-set=-dac_override,-dac_read_search"
posix = pytest.mark.skipif(os.name == "nt", reason="signals and users of POSIX")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


def there(folder="."):
    return sorted(p.name for p in Path(folder).iterdir())


# A kill, a closed terminal


def stopped(number, given, folder, seen, **env):
    """The return code of a run that gets a signal once something has appeared in a folder."""
    process = subprocess.Popen(
        [*BACKVIZ, *given], stderr=subprocess.PIPE, text=True, env={**os.environ, **env}
    )
    try:
        while process.poll() is None and not any(map(seen, there(folder))):
            time.sleep(0.002)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert err == ""
    return process.returncode


@posix
@pytest.mark.parametrize(
    ("number", "name"),
    [
        (signal.SIGTERM, "film.mp4"),
        pytest.param(getattr(signal, "SIGHUP", None), "film.mp4", marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, "film.gif", marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, "%02d.png", marks=pytest.mark.slow),
        pytest.param(getattr(signal, "SIGHUP", None), "%02d.png", marks=pytest.mark.slow),
    ],
)
def test_a_film_that_is_stopped_leaves_what_was_there(number, name):
    Path("film.mp4").write_text("old")
    begun = lambda n: n.startswith(".") and n.count(".") > 2  # noqa: E731
    code = stopped(number, ["animate", "optimizers", "-q", "-o", name], ".", begun)
    assert (code, there()) == (-number, ["film.mp4"])
    assert Path("film.mp4").read_text() == "old"


@posix
@pytest.mark.parametrize(
    "given",
    [
        pytest.param(
            ["steps", "@mazur-scalar", "--scale", "2", "-q", "-o", "a.mp4"], marks=pytest.mark.slow
        ),
        ["animate", "tangent", "-F", "gif", "-q", "-o", "-"],
    ],
)
def test_a_temporary_folder_goes_with_the_program(given, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    # the compiled layout may be stored in a file of its own for a moment; a film has a folder
    code = stopped(
        signal.SIGTERM,
        given,
        temporary,
        lambda n: (temporary / n).is_dir() and any((temporary / n).iterdir()),
        TMPDIR=str(temporary),
    )
    assert (code, there(temporary), there()) == (-signal.SIGTERM, [], ["temporary"])


@posix
@pytest.mark.slow
def test_what_is_told_to_ignore_a_closed_terminal_does():
    ran = run(
        "animate", "tangent", "-o", "a.gif", "-q",
        shell='trap "" HUP; "$@" & (while ! ls .a.gif.* 2>/dev/null; do :; done; kill -HUP $!) '
        ">/dev/null; wait $!",
    )  # fmt: skip
    assert (ran.code, there()) == (0, ["a.gif"])


@posix
def test_a_program_of_ones_own_keeps_its_handlers_and_its_end():
    """In Python as well: a handler that somebody has set stays, and is called."""
    code = (
        "import os, signal\nfrom backviz.files import whole_file\n"
        "def mine(*_): print('mine', flush=True)\n"
        "signal.signal(signal.SIGTERM, mine)\n"
        "with whole_file('a.txt') as place:\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n    place.write_text('a')\n"
        "assert signal.getsignal(signal.SIGTERM) is mine\n"
        "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        "try:\n    with whole_file('b.txt') as place:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "finally:\n    print('never said')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "mine\n", "")
    assert there() == ["a.txt"]


# Numbered files


NUMBERED = [
    ("steps", ("steps", "@diamond", "-o")),
    ("animate", ("animate", "quarter_bound", "--scale", "0.1", "-o")),
]


@pytest.mark.parametrize(("kind", "given"), NUMBERED, ids=lambda x: x if isinstance(x, str) else "")
def test_numbered_files_are_all_or_nothing(kind, given):
    for name in ("02.png", "new"):
        Path("out", name).mkdir(parents=True, exist_ok=True)
    Path("out/01.png").write_text("old")
    ran = call(*given, "out/%02d.png")
    assert (ran.code, there("out")) == (2, ["01.png", "02.png", "new"])
    assert "cannot write out/02.png: it is a folder; add a file name\n" in ran.err
    assert Path("out/01.png").read_text() == "old"


@posix
@pytest.mark.slow
def test_pages_of_a_disk_that_fills_up_are_none():
    assert call("steps", "@diamond", "-o", "whole/%d.svg").code == 0
    sizes = [Path("whole", name).stat().st_size for name in there("whole")]
    limit = max(sizes) // 1024
    assert min(sizes) < 1024 * limit < max(sizes)
    Path("1.svg").write_text("old")
    for name, left in (("new/deep/%d.svg", ["1.svg", "whole"]), ("%d.svg", ["1.svg", "whole"])):
        ran = run("steps", "@diamond", "-o", name, shell=f'ulimit -f {limit}; "$@"')
        assert (ran.code, there()) == (1, left)
        assert "File too large; nothing was kept" in ran.err
        assert ran.err.count("\n") == 1
    assert Path("1.svg").read_text() == "old"


@pytest.mark.parametrize(("kind", "given"), NUMBERED, ids=lambda x: x if isinstance(x, str) else "")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x%d/%02d.png", "there is no folder x%d; a number such as %02d belongs into the file's"),
        ("a%d-%d.png", "'a%d-%d.png' has 2 numbers; leave one of them"),
        ("%99999999999d.png", "the number in '%99999999999d.png' has too many digits"),
        ("mine/n/%d.png", "mine is no folder"),
    ],
)
def test_a_number_in_the_wrong_place_is_refused(kind, given, name, said):
    Path("mine").write_text("mine")
    ran = call(*given, name)
    assert (ran.code, ran.out, there()) == (2, b"", ["mine"])
    assert said in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(("kind", "given"), NUMBERED, ids=lambda x: x if isinstance(x, str) else "")
def test_a_folder_that_has_such_a_name_is_used_as_it_is(kind, given):
    Path("50%d").mkdir()
    ran = call(*given, "50%d/%d.png")
    assert ran.code == 0, ran.err
    assert there() == ["50%d"]
    assert "1.png" in there("50%d")


def test_a_build_of_one_file_may_stand_in_such_a_folder():
    Path("50%d").mkdir()
    assert call("steps", "@simple", "-o", "50%d/a.svg").code == 0
    assert call("animate", "tangent", "--still", "0", "-o", "50%d/b.png").code == 0
    assert there("50%d") == ["a.svg", "b.png"]


# Places that are none


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users of POSIX")
@pytest.mark.parametrize(
    ("command", "name", "said"),
    one_in(
        3,
        [
            (
                "graph @simple",
                "protected.svg",
                "protected.svg: the file is write-protected; choose",
            ),
            (
                "steps @simple",
                "protected.pdf",
                "protected.pdf: the file is write-protected; choose",
            ),
            (
                "table @simple",
                "protected.csv",
                "protected.csv: the file is write-protected; choose",
            ),
            ("graph @simple", "closed/a.svg", "closed/a.svg: no permission in "),
            ("steps @simple", "closed/n/%d.svg", "make the folder closed/n: no permission in "),
            ("animate tangent", "closed/n/%d.png", "make the folder closed/n: no permission in "),
            ("animate tangent", "closed/a.gif", "closed/a.gif: no permission in "),
        ],
    ),
)
def test_what_may_not_be_written_is_refused(command, name, said):
    Path("closed").mkdir(0o555)
    protected = ["protected.svg", "protected.pdf", "protected.csv"]
    for each in protected:
        Path(each).write_text("mine")
        Path(each).chmod(0o444)
    user = AS_ANYBODY if os.geteuid() == 0 else ""
    if user and shutil.which("setpriv") is None:
        pytest.skip("nothing here makes root an ordinary user")
    ran = run(*command.split(), "-o", name, shell=f'{user} "$@"')
    Path("closed").chmod(0o755)
    assert ran.code == 2, ran.err
    assert said in ran.err and ran.err.startswith("backviz: cannot ")
    assert ran.err.count("\n") == 1
    assert {Path(each).read_text() for each in protected} == {"mine"}
    assert (there(), there("closed")) == (sorted(["closed", *protected]), [])


@posix
def test_a_link_that_leads_to_itself_is_refused():
    Path("a.svg").symlink_to("b.svg")
    Path("b.svg").symlink_to("a.svg")
    ran = call("graph", "@simple", "-o", "a.svg")
    assert ran.code == 2
    assert "cannot write a.svg: it is a link that leads to itself" in ran.err
    assert Path("a.svg").is_symlink() and there() == ["a.svg", "b.svg"]


@posix
def test_a_link_to_a_file_that_is_not_there_yet_makes_it():
    Path("a.svg").symlink_to("b.svg")
    assert call("graph", "@simple", "-o", "a.svg").code == 0
    assert Path("a.svg").is_symlink() and Path("b.svg").is_file()


def test_a_read_only_disk_is_a_matter_of_the_place(monkeypatch):
    """The same exit code as for a folder without permission: choose another place."""

    def read_only(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", read_only)
    ran = call("graph", "@simple", "-F", "dot", "-o", "a.dot")
    assert ran.code == 2
    assert "cannot write a.dot: the disk is read-only in " in ran.err


@pytest.mark.parametrize("date", ["abc", "1.5", "-3", "99999999999999999"])
@pytest.mark.parametrize("given", ["graph @simple -o a.pdf", "animate tangent --still 0 -o a.pdf"])
def test_a_date_that_is_none_is_refused(given, date, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", date)
    ran = call(*given.split())
    assert (ran.code, there()) == (2, [])
    assert f"SOURCE_DATE_EPOCH is '{date}', which is no whole number of seconds" in ran.err
