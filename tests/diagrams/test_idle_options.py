"""An option that changes nothing in a picture says so in a sentence; one that does says nothing."""

from dataclasses import fields, replace

import numpy as np
import pytest
from command_line import call
from quick import one_in

import backviz
from backviz import nn, tensor
from backviz.diagrams.figure import Figure
from backviz.diagrams.idle import (
    FLAGS,
    SHOWN,
    UNKNOWN_TO,
    UNKNOWN_TO_BUILD,
    idle,
    unknown_to,
)
from backviz.diagrams.steps import Steps
from backviz.diagrams.style import Style
from backviz.ops import cross_entropy
from backviz.renderers import RENDERERS
from backviz.renderers.builds import BUILDERS
from backviz.sources import load

SCALARS = "L=(w*x+b-y)**2; w=2.25; x=3; b=1; y=5"
OPTIONS = {
    "heat": ["--heat"], "entries": ["--entries", "1"], "arrays": ["--arrays", "ranges"],
    "local": ["--local", "numbers"], "products": ["--contributions"],
    "hide": ["--hide", "gradients"], "show": ["--show", "formulas"], "blank": ["--blank", "w"],
}  # fmt: skip


def said(*given):
    done = call("graph", *given, "-F", "dot")
    assert done.code == 0, done.err
    return done.err


@pytest.mark.parametrize("name", ["heat", "entries", "arrays", "local"])
def test_options_for_arrays_say_that_there_is_none(name):
    assert "changes nothing here" in said(SCALARS, *OPTIONS[name]) or name == "heat"
    figure = Figure(load(SCALARS), Style(heat=True))
    assert "--heat changes nothing here" in " ".join(idle(figure, ["heat"]))


@pytest.mark.parametrize("name", ["products", "hide", "show", "blank"])
def test_options_that_do_something_are_silent(name):
    assert said(SCALARS, *OPTIONS[name]) == ""


@pytest.mark.parametrize("name", ["entries", "arrays", "hide", "show", "products"])
def test_on_arrays_they_are_silent_too(name):
    assert said("@mazur", *OPTIONS[name]) == ""


def test_what_one_option_takes_from_another():
    told = said(SCALARS, "--forward-only", "--contributions")
    assert "--contributions changes nothing here: no arrow has two numbers to multiply" in told
    assert "--weights changes nothing here" in said(SCALARS, "--weights", "show")
    assert "--weights" not in said("@mazur", "--weights", "hide")
    assert "--hops changes nothing here: it goes with --around" in said(SCALARS, "--hops", "3")
    assert "--pages changes nothing" in call("graph", SCALARS, "--pages", "2", "-F", "svg").err
    assert "--expand changes nothing here" in said(SCALARS, "--expand", "all")
    assert said("L=softmax(z); z=[1,2,3]", "--expand", "all").count("--expand") == 0


def test_a_name_that_no_box_shows_is_told(tmp_path):
    path = tmp_path / "m.py"
    path.write_text("import backviz\na=backviz.Value(2.,'a')\nq=a*3+1\nL=(q*q).tanh()\n")
    told = said(f"{path}:L", "--fold", "names", "--blank", "n2")
    assert "--blank changes nothing here: no box shows what it names" in told


def test_quiet_and_a_setting_of_the_project_say_nothing(tmp_path, monkeypatch):
    assert call("graph", SCALARS, "--heat", "-q", "-F", "svg").err == ""
    (tmp_path / "backviz.toml").write_text('weights = "show"\n')
    monkeypatch.chdir(tmp_path)
    assert said(SCALARS) == ""


def test_a_build_says_it_too(tmp_path):
    done = call("steps", SCALARS, "--heat", "-o", str(tmp_path / "b.pdf"))
    assert "--heat changes nothing here" in done.err


CHANGED = {
    "scale": 3.0, "text": "keep", "salt": "a", "transparent": True, "theme": "dark",
    "direction": "TB", "heat": True,
}  # fmt: skip


@pytest.mark.parametrize("form", UNKNOWN_TO)
def test_a_format_names_what_it_has_nothing_for_and_nothing_else(form):
    """Against the bytes: an option is named just where it changes none."""
    x = tensor([[float(i - j) for i in range(9)] for j in range(9)], "x")
    loss = (x * x).sum()
    loss.backward()
    figure = Figure(loss, Style())
    plain = RENDERERS[form](figure)
    for name, value in CHANGED.items():
        other = RENDERERS[form](Figure(loss, replace(figure.style, **{name: value})))
        assert (other == plain) == (name in UNKNOWN_TO[form]), name
    named = unknown_to(form, ["scale", "size", "products"])
    assert all(flag.startswith("--") for flag in named.partition(" for ")[2].split(", ") if flag)
    assert FLAGS["size"] == "--for" and SHOWN["products"][0] == "--contributions"


def test_the_contributions_of_arrays_and_folds_stand_on_their_arrows():
    loss = load("@mazur")
    loss.backward()
    products = [a.product for a in Figure(loss, Style(products=True)).diagram.arrows]
    assert all(products) and "W2ᵀ @ g = [0.03635  0.04137]" in products
    assert "g = [0.1385  −0.03810]" in products and "−g = [0.7414  −0.2171]" in products
    folded = Figure(loss, Style(products=True, fold="names")).diagram.arrows
    assert "= [0.7414  −0.2171]" in [a.product for a in folded]
    asked = Figure(loss, Style(products=True, blank="gradients")).diagram.arrows
    assert "W2ᵀ @ g = ?" in [a.product for a in asked]


def test_the_class_of_a_loss_stands_in_its_box():
    """`g·(softmax(z) − y)` named a y that was nowhere in the picture."""
    for target, said_ in ((1, "CE, target = 1"), ([0, 2], "CE, target = [0, 2]")):
        z = tensor([1.0, 2.0, 3.0] if target == 1 else [[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]], "z")
        loss = cross_entropy(z, target)
        loss.backward()
        diagram = Figure(loss, Style()).diagram
        assert said_ in [box.symbol for box in diagram.boxes]
        assert "y" in dict(diagram.legend) or target != 1  # where the rule is cut before it
    assert "target = 1" in call("graph", "f=cross_entropy(z,t); z=[1,2,3]; t=1", "-F", "text").text


def test_few_pages_that_hold_something():
    """`--heat --for half` made eight pages of one or two boxes."""
    path = "examples/graphs/two_layers.py:loss"
    loss = load(path)
    loss.backward()
    for style in (Style(size="half", heat=True), Style(size="half", hide="gradients,locals"),
                  Style(size="half", products=True)):  # fmt: skip
        pages = Figure(loss, style).pages
        assert len(pages) <= 3
        assert all(len(page.diagram.boxes) >= 3 for page in pages)


def test_signs_are_named_in_every_legend():
    """DOT had "gradient that arrives" and not of what."""
    loss = load("@mazur")
    loss.backward()
    made = {form: RENDERERS[form](Figure(loss, Style())).decode() for form in ("dot", "text")}
    assert "g gradient that arrives" in made["dot"] and "□ input without a name" in made["dot"]
    assert "g: gradient that arrives" in made["text"] and "□: input" in made["text"]


def test_contributions_behind_a_caption_are_reachable(tmp_path):
    """`…+1` under a graph said that there is one more, and nothing said how to see it."""
    many = "L=a*b+c; a=2; b=3; c=4"
    done = call("steps", many, "--fold", "names", "-o", str(tmp_path / "b.pdf"))
    assert "1 step has more contributions" in done.err and "--by contribution" in done.err
    for more in (["--by", "contribution", "-o", "c.pdf"], ["-o", "b.html"]):
        name = str(tmp_path / more[-1])
        done = call("steps", many, "--fold", "names", *more[:-1], name)
        assert done.code == 0 and "(…+1)" not in done.err
    page = (tmp_path / "b.html").read_text()
    assert all(f"∂L/∂{name} +=" in page for name in "abc")


# Each field of a style, and a value that shows in most formats.
ALL = {
    "theme": "dark", "size": "slide", "fold": "names", "unfold": "down", "weights": "show",
    "direction": "TB", "engine": "layered", "text": "keep", "transparent": True, "products": True,
    "heat": True, "entries": 1, "arrays": "ranges", "local": "hide", "show": "formulas",
    "hide": "forward", "blank": "gradients", "lines": True, "start": "y", "end": "y",
    "around": "y", "hops": 1, "only": "up", "highlight": "y", "note": {"y": "a note"},
    "colour": {"y": "red"}, "pages": 2, "legend": False, "lettering": "plain", "title": "A title",
    "digits": 2, "powers": "10", "decimal": ",", "lang": "ru", "scale": 3.0, "salt": "a",
    "command": False,
}  # fmt: skip
ELSEWHERE = {"lang", "command"}  # the language of messages, and films


class Net(nn.Module):
    def __init__(self):
        self.up, self.act, self.down = nn.Linear(9, 3, seed=0), nn.ReLU(), nn.Linear(3, 1, seed=1)

    def forward(self, x):
        return self.down(self.act(self.up(x)))


@pytest.fixture(scope="module")
def network():
    net, data = Net(), np.arange(18.0).reshape(2, 9)

    def loss_1():
        x_1 = tensor(data, "x_1", requires_grad=False)
        y = net(x_1)
        return (y * y).mean()

    made = backviz.trace(loss_1)
    made.backward()
    return made


def test_the_walk_knows_every_option():
    assert ALL.keys() == {f.name for f in fields(Style)}


@pytest.fixture(scope="module")
def plain(network):
    return {form: RENDERERS[form](Figure(network, Style())) for form in RENDERERS}


@pytest.mark.parametrize("name", one_in(5, sorted(ALL.keys() - ELSEWHERE)))
def test_an_option_changes_each_format_or_says_that_it_does_not(network, plain, name):
    style = replace(Style(), **{name: ALL[name]})
    for form in RENDERERS:
        figure = Figure(network, style)
        foreign = unknown_to(form, [name], style.hide)
        unsaid = not foreign and not idle(figure, [name])
        changed = RENDERERS[form](figure) != plain[form]
        assert changed == unsaid, form


@pytest.mark.slow
def test_an_option_changes_each_build_or_says_that_it_does_not():
    loss = load(SCALARS)
    loss.backward()
    plain = Steps(Figure(loss, Style()))
    assert UNKNOWN_TO_BUILD.keys() == {*BUILDERS}
    for form in set(BUILDERS) - {"mp4", "webp"}:  # which are made of the frames of a gif
        for name in ("scale", "text", "salt", "transparent", "theme"):
            style = replace(Style(), **{name: ALL[name]})
            changed = BUILDERS[form](Steps(Figure(loss, style))) != BUILDERS[form](plain)
            assert changed != bool(unknown_to(form, [name], build=True)), (form, name)
