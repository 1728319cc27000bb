"""What is computed once is walked once: how often a command lists the record that it shows."""

import pytest

from backviz.autodiff import finite, sweep, tape
from backviz.autodiff.value import Value
from backviz.cli import _run

SOURCE = "L=tanh(a*b+c)*a; a=1; b=2; c=3"
FILE = "from backviz import Value\na = Value(2.0, 'a')\nL = (a * a).tanh()\nL.backward()\n"


@pytest.fixture
def walks(monkeypatch):
    """The sizes of the lists of values that were made, and of the passes back."""
    seen = {"lists": [], "passes": 0, "streams": 0}
    under, swept, streamed = tape.values_under, sweep._sweep, finite.backward_steps

    def listed(*outputs):
        found = under(*outputs)
        seen["lists"].append(len(found))
        return found

    def passed(*args):
        seen["passes"] += 1
        return swept(*args)

    def stepped(*args):
        seen["streams"] += 1
        return streamed(*args)

    monkeypatch.setattr(tape, "values_under", listed)
    monkeypatch.setattr(sweep, "_sweep", passed)
    monkeypatch.setattr(finite, "backward_steps", stepped)
    return seen


@pytest.mark.parametrize("form", ["svg", "text", "dot", "json"])
def test_a_graph_lists_its_record_once_and_goes_back_once(walks, form, tmp_path):
    assert _run(["graph", SOURCE, "-F", form, "-o", str(tmp_path / "out"), "--quiet"]) == 0
    assert (walks["lists"], walks["passes"], walks["streams"]) == ([7], 1, 0)


@pytest.mark.parametrize("name", ["player.html", "build.pdf"])
def test_steps_list_their_record_once_and_go_back_once(walks, name, tmp_path):
    assert _run(["steps", SOURCE, "-o", str(tmp_path / name), "--quiet"]) == 0
    assert walks["passes"] == 1
    assert walks["lists"].count(7) == 1 and walks["streams"] == 0


def test_the_derivative_takes_the_place_of_the_result(walks, tmp_path):
    """The list of the function is not taken for that of its derivative."""
    out = tmp_path / "out.json"
    given = ["--order", "2", "--wrt", "a", "-F", "json", "-o", str(out), "--quiet"]
    assert _run(["graph", SOURCE, *given]) == 0
    assert '"da"' in out.read_text() or "dL/da" in out.read_text()
    assert walks["lists"] == [7, 16]


@pytest.mark.parametrize("form", ["svg", "json"])
def test_a_function_and_its_gradients_are_listed_together(walks, form, tmp_path):
    given = ["--order", "2", "-F", form, "-o", str(tmp_path / "out"), "--quiet"]
    assert _run(["graph", SOURCE, *given]) == 0
    assert walks["lists"] == [7, 18]  # three gradients; they were listed one by one
    assert walks["streams"] == 0


def test_a_gradient_that_is_not_finite_is_named_by_the_node_that_is_drawn(capsys):
    assert _run(["graph", "L=a**0.5+b; a=0; b=1", "--order", "2", "-F", "json"]) == 6
    assert "infinity" in capsys.readouterr().err
    # its own derivative is infinite, but nobody sees that
    assert _run(["graph", "L=a**1.5+b; a=0; b=1", "--order", "2", "-F", "text"]) == 0


def test_gradients_that_a_file_left_are_forgotten_all_the_same(walks, tmp_path):
    (tmp_path / "m.py").write_text(FILE)
    out = tmp_path / "out.json"
    assert _run(["graph", f"{tmp_path / 'm.py'}:L", "-o", str(out), "--quiet"]) == 0
    a = Value(2.0)
    (a * a).tanh().backward()
    assert f"{a.grad}" in out.read_text()
