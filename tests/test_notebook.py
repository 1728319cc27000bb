"""What a notebook shows: a real kernel runs cells, and their outputs are read."""

import os
import re
import sys
from base64 import b64decode
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

import backviz
from backviz import Figure, Style, Value
from backviz.notebook import SMALL, show
from backviz.renderers import RENDERERS

KINDS = {"image/svg+xml", "image/png", "text/plain"}
# asyncio and the kernel's client have remarks of their own
quiet = pytest.mark.filterwarnings("ignore")


def product():
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    made = a * b
    made.label = "L"
    made.backward()
    return made


def ids(svg):
    return {e.get("id") for e in ET.fromstring(svg).iter() if e.get("id")}


def pixels(png):
    data = b64decode(png)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def test_a_figure_is_a_picture_and_text():
    data, about = Figure(product())._repr_mimebundle_()
    assert data.keys() == KINDS
    svg = ET.fromstring(data["image/svg+xml"])
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert "L = −6" in data["text/plain"]
    width, height = (about["image/png"][k] for k in ("width", "height"))
    # two pixels to the point, shown at the size of the drawing
    wide, high = pixels(data["image/png"])
    assert abs(wide - 2 * width) <= 2
    assert abs(high - 2 * height) <= 2
    assert abs(float(svg.get("width").removesuffix("pt")) - width) <= 1


def test_only_what_is_asked_for_is_made():
    figure, drawn = Figure(product()), []

    def told(form):
        renderer = RENDERERS[form]
        return lambda figure: (drawn.append(form), renderer(figure))[1]

    with RENDERERS.temporarily({form: told(form) for form in ("svg", "png")}):
        assert figure._repr_mimebundle_(include=["text/plain"])[0].keys() == {"text/plain"}
        assert drawn == []
        assert figure._repr_mimebundle_(exclude={"image/png"})[0].keys() == KINDS - {"image/png"}
        assert set(drawn) == {"svg"}
        assert figure._repr_mimebundle_(include=["text/html"]) == ({}, {})


def test_ids_of_two_figures_on_a_page_differ_and_are_the_same_every_time():
    one, other = Figure(product()), Figure(product(), Style(theme="dark"))
    first, second = (f._repr_mimebundle_()[0]["image/svg+xml"] for f in (one, other))
    assert ids(first)
    assert not ids(first) & ids(second)
    assert Figure(product())._repr_mimebundle_()[0]["image/svg+xml"] == first
    labelled = set(re.search(r'aria-labelledby="([^"]*)"', first)[1].split())
    assert labelled <= ids(first)


def test_a_salt_that_was_given_is_kept():
    data, _ = Figure(product(), Style(salt="mine"))._repr_mimebundle_()
    assert all(i.startswith("mine-") for i in ids(data["image/svg+xml"]))


def test_a_computed_value_is_shown_with_its_picture():
    value = product()
    data, about = value._repr_mimebundle_()
    assert data.keys() == KINDS
    assert data["text/plain"] == repr(value)
    assert about.keys() == {"image/png"}


def test_a_leaf_and_a_large_graph_are_shown_as_text():
    x = Value(0.5, "x")
    assert x._repr_mimebundle_() == ({"text/plain": repr(x)}, {})
    y = x
    for _ in range(SMALL - 1):
        y = y.sin()
    assert y._repr_mimebundle_(include=["image/svg+xml"])[0].keys() == {"image/svg+xml"}
    y = y.sin()
    assert y._repr_mimebundle_() == ({"text/plain": repr(y)}, {})


def test_showing_never_fails_and_says_why(monkeypatch):
    figure = Figure(product(), Style(size="slide", scale=20.0))
    data, about = figure._repr_mimebundle_()
    assert data.keys() == {"text/plain", "image/svg+xml"}
    assert data["text/plain"].endswith("or a vector format (svg, pdf))")
    assert "L = −6" in data["text/plain"]
    assert about == {}

    def broken(figure):
        raise RuntimeError("no such font")

    value = product()
    with RENDERERS.temporarily(dict.fromkeys(("svg", "png"), broken)):
        shown = value._repr_mimebundle_()[0]
    assert shown == {"text/plain": f"{value!r}\n(no picture: no such font)"}


def test_show_prints_a_drawing_outside_a_notebook(capsys):
    show(product(), legend=False)
    printed = capsys.readouterr().out
    assert "│ L = −6 │" in printed
    assert "grad" in printed
    assert backviz.show is show


@pytest.mark.parametrize("running", [True, False])
def test_show_gives_marimo_a_figure(running, monkeypatch, capsys):
    given = []
    marimo = SimpleNamespace(
        running_in_notebook=lambda: running, output=SimpleNamespace(append=given.append)
    )
    monkeypatch.setitem(sys.modules, "marimo", marimo)
    show(product(), theme="dark")
    assert [figure.style.theme for figure in given] == ["dark"] * running
    assert ("L = −6" in capsys.readouterr().out) != running


def notebook_of(*cells):
    import nbformat

    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


@quiet
@pytest.mark.peers
def test_a_real_notebook_shows_pictures(tmp_path, monkeypatch):
    if os.environ.get("CI_PEERS"):
        import ipykernel  # noqa: F401
        import nbclient
    else:
        nbclient = pytest.importorskip("nbclient")
        pytest.importorskip("ipykernel")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = notebook_of(
        "import backviz\na, b = backviz.Value(2.0, 'a'), backviz.Value(-3.0, '<b>')\n"
        "L = a * b\nL.label = 'L'\nL.backward()\nL",
        "backviz.Figure(L, backviz.Style(theme='dark'))",
        "for theme in ('light', 'dark'):\n    backviz.show(L, theme=theme, legend=False)",
        "a",
        "backviz.Figure(L, backviz.Style(size='slide', scale=20.0))",
        "backviz.steps(L)",
        "backviz.scenes.tangent(frames=3)",
        "backviz.stepper(L).next()",
        "get_ipython().display_formatter.active_types = ['text/plain']\nL",
    )
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    value, figure, shown, leaf, huge, *moving, terminal = (c.outputs for c in notebook.cells)
    for (output,) in moving:  # whatever plays or steps has a still beside it
        assert pixels(output.data["image/png"])[0] > 100
        assert output.data["text/plain"]
    assert ["text/html" in output.data for (output,) in moving] == [True, True, False]
    assert value[0].data.keys() == KINDS
    assert value[0].data["text/plain"] == "Value(-6.0, label='L', op='mul', grad=1.0)"
    (picture,) = figure
    assert picture.output_type == "execute_result"
    assert picture.data.keys() == KINDS
    assert picture.metadata["image/png"]["width"] > 100
    assert [o.output_type for o in shown] == ["display_data"] * 2
    pictures = [o.data["image/svg+xml"] for o in (*value, *figure, *shown)]
    for i, one in enumerate(pictures):
        assert "<b>" not in one
        assert pixels((*value, *figure, *shown)[i].data["image/png"])[0] > 100
        assert all(not ids(one) & ids(other) for other in pictures[:i])
    assert leaf[0].data == {"text/plain": "Value(2.0, label='a', grad=-3.0)"}
    assert "(no picture: a picture of" in huge[0].data["text/plain"]
    # a terminal asks for text alone, and pays for no picture
    assert terminal[0].data == {"text/plain": "Value(-6.0, label='L', op='mul', grad=1.0)"}
