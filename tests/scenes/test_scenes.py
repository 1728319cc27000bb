"""Scenes are data: options come from signatures, frames are sound, nothing draws."""

from functools import cache
from typing import Annotated, Literal

import numpy as np
import pytest
from film_samples import every_kind, graph_film
from quick import all_but

from backviz import scenes
from backviz.errors import InputError, ShapeError, UsageError
from backviz.movies.page import LINES, lines_of
from backviz.scenes import SCENES, Axis, Film, Frame, Panel, Within, span
from backviz.scenes.artists import Bars, Contours, Heat, Line, Path, Rule, Table
from backviz.scenes.registry import Option, scene

HEAVY = (
    "gradient_flow", "gradient_strip", "activations", "dead_units", "order_chaos", "basins",
    "stability", "optimizers", "clipping", "saturation", "norm_rates", "skip_surface",
    "width_regions", "width_fit", "condition_number", "layer_inputs", "fans", "overfitting",
    "maxout",
)  # fmt: skip
OTHER = {int: "x", float: "x", bool: 2, str: 3}


def line(key="a"):
    return Line(key, [0.0, 1.0], [0.0, 1.0])


def film_of(frames, count, panels=None):
    return Film("A film", panels or (Panel("p"),), lambda: frames, count, (0,), "alt")


@cache
def numbers_of(name):
    return SCENES[name]().data()


@pytest.mark.blas
@pytest.mark.parametrize("name", all_but(HEAVY, SCENES))
class TestEveryScene:
    def test_keeps_its_word(self, name):
        film, first = SCENES[name](), numbers_of(name)
        captions = first["caption"].tolist()
        assert len(captions) == film.count <= 300
        assert [c for c in captions if not c.strip() or len(lines_of(c)) > LINES] == []
        assert 4 <= len({film.index(k) for k in film.stills}) <= 6
        assert film.alt and film.title and film.name == name
        numbers = [v for k, v in first.items() if v.dtype.kind == "f" and v.size]
        assert not any(np.isinf(v).any() for v in numbers)
        assert all(np.isfinite(v).any() for v in numbers)

    @pytest.mark.slow
    def test_gives_the_same_frames_again(self, name):
        first, second = numbers_of(name), SCENES[name]().data()
        assert first.keys() == second.keys()
        assert all(np.array_equal(first[k], second[k], equal_nan=first[k].dtype.kind == "f")
                   for k in first)  # fmt: skip

    def test_has_words_for_every_option(self, name):
        made = SCENES[name]
        assert made.about.endswith(".")
        assert all(len(option.about) > 5 for option in made.options)

    def test_refuses_what_it_cannot_take(self, name):
        made = SCENES[name]
        with pytest.raises(UsageError, match=f"unknown option of {name} 'colour'"):
            made(colour=1)
        for option in made.options:
            with pytest.raises(UsageError, match=option.name):
                made(**{option.name: OTHER[option.type]})
            if option.within:
                with pytest.raises(UsageError, match="out of range"):
                    made(**{option.name: option.type(option.within.high + 1)})


def test_a_scene_is_an_attribute_and_a_wrong_one_says_so():
    assert scenes.tangent is SCENES["tangent"]
    assert scenes.tangent(frames=np.int64(2)).count == 2  # numpy's numbers are numbers
    assert repr(scenes.tangent(frames=2)) == (
        "<film 'The derivative is the slope of the tangent (parabola)', 2 frames>"
    )
    with pytest.raises(AttributeError, match="unknown scene 'tangnet'; did you mean 'tangent'"):
        scenes.tangnet  # noqa: B018


@pytest.mark.parametrize(
    ("curve", "slope"),
    [
        ("parabola", lambda x: 2 * x),
        ("cubic", lambda x: 3 * x**2 - 1),
        ("sine", np.cos),
        ("tanh", lambda x: 1 / np.cosh(x) ** 2),
        ("sigmoid", lambda x: 1 / (2 + 2 * np.cosh(x))),
    ],
)
def test_the_tangent_has_the_slope_of_calculus(curve, slope):
    data = scenes.tangent(curve=curve, frames=9).data()
    x, y = data["curve.tangent.x"], data["curve.tangent.y"]
    drawn = np.diff(y, axis=1) / np.diff(x, axis=1)
    at = data["curve.here.x"][:, 0]
    assert drawn[:, 0] == pytest.approx(slope(at), abs=1e-12)
    assert data["derivative.now.y"][:, 0] == pytest.approx(slope(at), abs=1e-12)


def test_a_signature_becomes_options():
    def wave(
        kind: Literal["sine", "saw"] = "sine", n: Annotated[int, Within(1, 9)] = 3, on: bool = True
    ) -> Film:
        """A wave.

        More about it.

        Options:
        kind: its form
        n: how many,
            counted from one
        on: whether it moves
        """
        return film_of([Frame(f"{kind} {n} {on}.", {})], 1)

    with SCENES.temporarily():
        made = scene(wave)
        assert made.options == (
            Option("kind", str, "sine", "its form", ("sine", "saw")),
            Option("n", int, 3, "how many, counted from one", (), Within(1, 9)),
            Option("on", bool, True, "whether it moves"),
        )
        assert (made.about, made.text) == ("A wave.", "A wave.\n\nMore about it.")
        film = made(n=2)
        assert film.settings == {"kind": "sine", "n": 2, "on": True}
        assert [frame.caption for frame, _ in film.states()] == ["sine 2 True."]
        with pytest.raises(ValueError, match="already registered"):
            scene(wave)


@pytest.mark.parametrize(
    ("signature", "options", "fault"),
    [
        ("n: int = 1", "", "no line"),
        ("n: int", "n: how many", "no default"),
        ("n: list = ()", "n: how many", "use int, float, bool, str"),
        ("n: int = 1", "n: how many\nm: what", "does not take"),
        ("theme: str = ''", "theme: colours", "already"),
    ],
)
def test_a_scene_that_hides_an_option_is_refused(signature, options, fault):
    space = {}
    exec(f"def made({signature}): pass", space)
    made = space["made"]
    made.__doc__ = f"A film.\n\nOptions:\n{options}"
    with pytest.raises(TypeError, match=fault):
        scene(made)
    assert "made" not in SCENES


def test_what_a_frame_does_not_name_stays():
    frames = [
        Frame("One.", {"p": [line("a"), line("b")]}),
        Frame("Two.", {"p": [Line("a", [0, 1], [5, 6])]}),
        Frame("Three.", {}),
    ]
    film = film_of(frames, 3)
    _, seen = film.at(-1)
    assert seen["p"]["a"].y.tolist() == [5, 6]
    assert seen["p"]["b"] == line("b")
    assert list(seen["p"]) == ["a", "b"]


def test_data_grows_with_nan_and_counts_frames_first():
    frames = [Frame(f"{k}.", {"p": [Line("a", np.arange(k), np.arange(k))]}) for k in (1, 3)]
    table = film_of(frames, 2).data()["p.a.y"]
    assert np.array_equal(table, [[0, np.nan, np.nan], [0, 1, 2]], equal_nan=True)


def test_arrays_are_copies_that_cannot_be_changed():
    given = np.zeros(2)
    made = Line("a", given, given)
    given[0] = 7
    assert made.x[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        made.x[0] = 1


def test_all_kinds_survive_a_pass():
    for film in (every_kind(), graph_film()):
        assert len(list(film.states())) == film.count
        assert film.data()["caption"].shape == (film.count,)


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: Line("a", [1, 2], [1]), ShapeError, "vectors of one length"),
        (lambda: Line("a", ["x"], [1]), InputError, "no array of numbers"),
        (lambda: Line("a", [1], [1], color="red"), InputError, "unknown color 'red'"),
        (lambda: Path("a", [1], [1], z=[1, 2]), ShapeError, "vectors of one length"),
        (lambda: Bars("a", [0, 1], [1, 2]), ShapeError, "one edge more"),
        (lambda: Heat("a", [1, 2], (0, 1), (0, 1), (-1, 1)), ShapeError, "needs a matrix"),
        (lambda: Heat("a", [[1]], (0, 1), (0, 1), (0, 1)), InputError, r"\(−a, a\)"),
        (lambda: Contours("a", [0, 1], [0], [[1]], [1]), ShapeError, r"\(y, x\) = \(1, 2\)"),
        (lambda: Table("a", ("x", "y"), (("1",),)), ShapeError, "a row of 1 cells"),
        (lambda: Axis("x", 1, 1), InputError, "use low < high"),
        (lambda: Axis("x", 0, 1, log=True), InputError, "begin above 0"),
        (lambda: Axis("x", 0, np.nan), InputError, "use low < high"),
        (lambda: film_of([], 0), InputError, "no frames"),
        (lambda: film_of([], 1, (Panel("p"), Panel("p"))), InputError, "two panels"),
        (lambda: list(film_of([], 1).states()), InputError, "says 1 frames, but makes 0"),
        (lambda: film_of([Frame("a", {})], 1).at(1), InputError, "frame 1 is not among 0 … 0"),
        (lambda: list(film_of([Frame("a", {"q": []})], 1).states()), InputError, "panel 'q'"),
        (lambda: Film("f", (), list, 1, (), "", fps=0), InputError, "use 0.1 ≤ fps"),
        (lambda: Film("f", (), list, 1, (), "", fps=1e-9), InputError, "use 0.1 ≤ fps"),
    ],
)
def test_a_mistake_is_one_sentence(make, error, said):
    with pytest.raises(error, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_equal_means_equal_data():
    assert line() == line() and line() != line("b") and Rule("a", 1.0) != line()
    assert Line("a", [np.nan], [1]) == Line("a", [np.nan], [1])


def test_span_leaves_out_what_cannot_be_drawn():
    assert span([1.0, np.inf, 3.0], pad=0.5) == (0.0, 4.0)
    low, high = span([0.0, -1.0, 1e-4, 1.0], log=True, pad=0.25)
    assert (low, high) == pytest.approx((1e-5, 10.0))
    assert span([2.0, 2.0]) == (1.5, 2.5)
