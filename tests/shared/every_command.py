"""Every command and every format once, in a folder of its own: a smoke, not a test of numbers.

    python tests/shared/every_command.py FOLDER

Stops at the first command that fails; each prints what it wrote.
"""

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

MODEL = "from backviz import Value\na = Value(2.0)\nL = a * a\n"


def commands() -> Iterator[list[str]]:
    """The words after `backviz`; a format that is registered has its line."""
    from backviz.movies import FORMATS
    from backviz.renderers import RENDERERS
    from backviz.renderers.builds import BUILDERS
    from backviz.tables import TABLES

    source = "L=(a*b+c)*(a-c); a=2; b=3; c=4"
    yield from (["graph", source, "-F", name, "-o", f"g-{name}"] for name in RENDERERS)
    yield from (["graph", "@micrograd", "-o", f"m.{ending}"] for ending in ("svg", "png", "pdf"))
    yield ["graph", "model.py:L", "--theme", "dark", "--for", "slide", "-o", "model.svg"]
    for name in BUILDERS:
        numbered = "-%02d" if name in ("svg", "png") else ""
        yield ["steps", "L=a*b; a=2; b=3", "-F", name, "-o", f"s-{name}{numbered}"]
    for name in FORMATS:
        chosen = ["--still", "0"] if name == "svg" else []
        numbered = "-%02d" if name == "png" else ""
        yield ["animate", "tangent", "--frames", "3", *chosen, "-o", f"a{numbered}.{name}"]
    yield ["animate", "optimizers", "--still", "0", "-o", "still.png"]
    yield from (["table", source, "-F", name] for name in TABLES)
    yield from (["list", what] for what in ("examples", "scenes", "ops", "formats"))
    yield ["compare", source, "--rate", "0.1", "-o", "compare.svg"]
    yield from (["describe", source], ["explain", "tanh"], ["explain", "accumulate"])
    yield from (["check", "@mazur"], ["step", "@diamond"], ["doctor"])


def run(folder: Path) -> int:
    """Run all of them in the folder, in this process; the exit code of the first that fails."""
    import os

    from backviz.cli import main

    os.chdir(folder.resolve())
    Path("model.py").write_text(MODEL, "utf-8")
    for words in commands():
        sys.argv = ["backviz", *words]
        try:
            code = main()
        except SystemExit as stop:
            code = stop.code
        except BaseException:
            traceback.print_exc()
            code = 1
        if code:
            print(f"backviz {' '.join(words)}: exit code {code}", file=sys.stderr)
            return int(code)
        target = words[words.index("-o") + 1] if "-o" in words else None
        written = sorted(Path().glob(target.replace("%02d", "*"))) if target else [Path("model.py")]
        if not written or not all(p.stat().st_size for p in written):
            print(f"backviz {' '.join(words)}: nothing was written", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]).resolve()))
