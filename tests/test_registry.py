"""The tables: filled whatever is imported first, never overwritten, and as before afterwards."""

import subprocess
import sys

import pytest
from quick import one_in

from backviz.errors import UsageError
from backviz.extend import THEMES
from backviz.registry import Registry
from backviz.scenes import SCENES

ALONE = [
    "from backviz.autodiff.value import Value; print((Value(2.0, 'a') - 1).data)",
    "from backviz.autodiff.value import Value; print(Value(0.0).tanh().data)",
    "from backviz.autodiff.operand import Operand; print(Operand.tanh.__name__)",
    "from backviz.stepping.vocabulary import COMMANDS; print(COMMANDS['explain'].usage)",
    "from backviz.stepping.commands import COMMANDS; print([*COMMANDS][-1])",
    "from backviz.stepping.session import stepper; from backviz.autodiff.value import Value; "
    "print(stepper(Value(1.0) * 2).explain('tanh').text)",
    "from backviz.scenes.registry import SCENES; print(SCENES['tangent'].name)",
    "from backviz.lessons.model import LESSONS; print(LESSONS['accumulate'].question.en)",
    "from backviz.optim.rates import SCHEDULES; print(SCHEDULES['one_cycle'].__name__)",
    "from backviz.renderers.builds import BUILDERS; print(BUILDERS['mp4'].about)",
    "from backviz.movies.drawn import MAKERS; print(MAKERS['Heat'].__name__)",
    "from backviz.displays import DISPLAYS; print([*DISPLAYS])",
    "from backviz.displays import WRITERS; print([*WRITERS])",
    "from backviz.autodiff.value import Value; print(Value(1.0)._repr_mimebundle_()[0])",
    "from backviz.scenes.slopes import tangent; print(len(tangent(frames=3).still()))",
]


@pytest.mark.parametrize("code", one_in(9, ALONE))
def test_nothing_depends_on_what_was_imported_first(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_the_formats_of_films_cost_nothing_until_one_is_made():
    code = (
        "import sys; from backviz.renderers.builds import BUILDERS; from backviz.movies import "
        "FORMATS; print([*BUILDERS, *FORMATS]); assert 'matplotlib' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_table_is_as_before_after_something_temporary():
    table = Registry[int]("shape")
    table.add("square", 4, ["box"])
    with pytest.raises(KeyError), table.temporarily({"square": 5, "circle": 1}):
        assert (table["square"], table["circle"], table["box"]) == (5, 1, 5)
        table.add("star", 10, ["sun"])
        raise KeyError
    assert table.names() == ["square", "box"]
    assert table["box"] == 4
    with pytest.raises(UsageError, match="unknown shape 'star'"):
        table["star"]


def test_something_temporary_keeps_what_a_table_fills_itself_with():
    code = (
        "from backviz.scenes.registry import SCENES\n"
        "with SCENES.temporarily(): pass\n"
        "print(len(SCENES))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert int(done.stdout) == len(SCENES)


def test_a_file_that_runs_again_enters_its_rows_again_and_another_does_not(tmp_path):
    table = Registry[int]("shape")
    one, two = (compile("table.add('star', n)", str(tmp_path / f), "exec") for f in "ab")
    for n in (1, 2):
        exec(one, {"table": table, "n": n})
        assert table["star"] == n
    with pytest.raises(ValueError, match="the shape 'star' is already registered"):
        exec(two, {"table": table, "n": 3})
    twice = compile("table.add('sun', 1); table.add('sun', 2)", str(tmp_path / "c"), "exec")
    with pytest.raises(ValueError, match="the shape 'sun' is already registered"):
        exec(twice, {"table": table})
    with pytest.raises(ValueError, match="already registered"):  # what is built in stays
        exec(compile("THEMES.add('dark', 1)", str(tmp_path / "d"), "exec"), {"THEMES": THEMES})
