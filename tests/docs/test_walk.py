"""docs/design/walk.md is the way that its command takes: what it names runs, in that order."""

import json
import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "design" / "walk.md").read_text("utf-8")
FOLLOW = """
import json, sys
from itertools import pairwise
from pathlib import Path
package, given = Path(sys.argv[1]), json.loads(sys.argv[2])
called = {}

def note(frame, event, _):
    code = frame.f_code
    if event == "call" and code.co_filename.startswith(str(package)):
        file = Path(code.co_filename).relative_to(package).as_posix()
        called.setdefault(f"{file}:{code.co_qualname}", len(called))

sys.argv = given
sys.setprofile(note)
from backviz.__main__ import main
try:
    main()
except SystemExit as end:
    assert not end.code
sys.setprofile(None)
print(json.dumps(called))
"""


def test_the_walk_is_what_runs(tmp_path):
    command = re.search(r"^```\n(backviz graph .*)\n```", PAGE, re.MULTILINE)[1]
    package = ROOT / "backviz"
    done = subprocess.run(
        [sys.executable, "-c", FOLLOW, str(package), json.dumps(shlex.split(command))],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    called = json.loads(done.stdout.splitlines()[-1])
    assert (tmp_path / "g.svg").stat().st_size > 1000
    named = re.findall(r"`([\w/]+\.py)(?::([\w.]+))?`", PAGE)
    assert len(named) > 50
    files = {key.partition(":")[0] for key in called}
    for file, function in named:
        assert file == "file.py" or file in files, f"{file} has no part in {command}"
        assert not function or file == "file.py" or f"{file}:{function}" in called, function
    order = [key for file, function in named if (key := f"{file}:{function}") in called]
    order = [*dict.fromkeys(order)]
    late = [b for a, b in pairwise(order) if called[a] > called[b]]
    assert late == [], "called before what the page names before"


def test_the_walk_enters_every_floor_on_its_way():
    files = {file for file, _ in re.findall(r"`([\w/]+\.py):([\w.]+)`", PAGE)}
    folders = {file.partition("/")[0] for file in files if "/" in file}
    assert {"cli", "sources", "autodiff", "graphs", "diagrams", "renderers"} <= folders
