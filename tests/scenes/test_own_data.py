"""A person's own data in a scene: every format, every scene that takes them, every mistake."""

import re

import numpy as np
import pytest

from backviz import scenes
from backviz.errors import InputError
from backviz.scenes import SCENES
from backviz.scenes.provider import own_data

X = np.array([[0.0], [1.0], [2.0], [4.0]])
Y = 2 * X[:, 0] + 1
CLASSES = np.array([[0.0, 0.0], [0.0, 90.0], [50.0, 0.0], [50.0, 90.0], [10.0, 5.0], [45.0, 80.0]])
NAMES = ["dog", "dog", "cat", "cat", "dog", "cat"]


def given_as(form, folder):
    """The line 2x + 1 in a file of some format, as the option names it."""
    path = folder / f"points.{form.partition(' ')[0]}"
    rows = list(zip(X[:, 0], Y, strict=True))
    if form == "csv":
        path.write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows))
    elif form == "csv with decimal commas":
        path.write_text("x;y\n" + "".join(f"{x};{y}\n".replace(".", ",") for x, y in rows))
    elif form == "txt":
        path.write_text("# a comment\n" + "".join(f"{x} {y}\n" for x, y in rows))
    elif form == "tsv":
        path.write_text("".join(f"{x}\t{y}\n" for x, y in rows))
    elif form == "npz":
        np.savez(path, X=X, y=Y)
    elif form == "npy":
        np.save(path, np.c_[X, Y])
    else:
        path.write_text(f"import numpy as np\nx, y = {X.tolist()}, {Y.tolist()}\n"
                        "def pair():\n    return x, np.array(y)\ntable = np.c_[x, y]\n"
                        "both = {'x': x, 'y': y}\n")  # fmt: skip
        return f"{path}:{form.partition(' ')[2]}"
    return str(path)


FORMS = ("csv", "csv with decimal commas", "txt", "tsv", "npz", "npy", "py pair", "py table",
         "py both")  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_format_gives_the_same_samples(form, tmp_path):
    data = own_data(1).read("data", given_as(form, tmp_path))
    np.testing.assert_array_equal(data.x, X)
    np.testing.assert_array_equal(data.y, Y)


def test_classes_may_be_words_and_become_minus_and_plus_one(tmp_path):
    path = tmp_path / "pets.csv"
    rows = zip(CLASSES.tolist(), NAMES, strict=True)
    path.write_text("weight,height,kind\n" + "".join(f"{a},{b},{kind}\n" for (a, b), kind in rows))
    data = own_data(2, classes=True).read("data", str(path))
    np.testing.assert_array_equal(data.x, CLASSES)
    np.testing.assert_array_equal(data.y, [1, 1, -1, -1, 1, -1])  # cat, then dog


TAKING = [s.name for s in SCENES.values() for o in s.options if o.name == "data" and o.kind]


def test_the_scenes_that_train_on_points_take_own_ones():
    assert {*TAKING} >= {"line_fit", "logistic_boundary", "hidden_lines", "robust_fit",
                         "overfitting", "dropout", "penalties", "resume", "capacity"}  # fmt: skip


# The others show what is made of the points: losses, gradients, weights.
UNSEEN = ("penalties", "resume", "mini_batches", "gradient_noise", "rate_range", "input_scaling")
DRAWN = [name for name in TAKING if name not in UNSEEN]


@pytest.mark.parametrize("name", DRAWN)
def test_a_scene_draws_points_of_any_size(name, tmp_path):
    """Far from 0 and from 1, so that what is not scaled would not learn or not be seen."""
    draw = np.random.default_rng(0)
    path = tmp_path / "points.csv"
    x = draw.uniform(1000, 1500, (30, 2))
    plane = np.c_[x, x[:, 0] > 1250]
    line = np.c_[x[:, 0], 3 * x[:, 0] - 500 + draw.standard_normal(30)]
    two = name in ("logistic_boundary", "hidden_lines", "width_regions")
    np.savetxt(path, plane if two else line, delimiter=",")
    many = {"steps": 20} if any(o.name == "steps" for o in SCENES[name].options) else {}
    film = SCENES[name](data=str(path), **many)
    assert film.settings["data"] == str(path)
    data = film.data()
    seen = [
        v for key, v in data.items() if (key.endswith(".x") and "points" in key) or "class" in key
    ]
    assert any(np.nanmin(v) > 999 for v in seen)
    assert all(
        np.isfinite(v[-1]).all() for key, v in data.items() if re.match(r"loss\.\w+\.y", key)
    )


def test_the_curvatures_of_own_inputs_are_those_of_their_covariance(tmp_path):
    path = tmp_path / "points.csv"
    x = np.random.default_rng(3).uniform((1000, -1), (1050, 1), (40, 2))
    np.savetxt(path, np.c_[x, x @ (0.1, 2.0) + 7], delimiter=",")
    said = scenes.input_scaling(data=str(path), steps=5).at(0)[0].caption
    bends = [np.linalg.eigvalsh(2 * np.cov(z.T, bias=True)) for z in (x, x / x.std(axis=0))]
    told = re.search(r"differ ([\d.]+)-fold.*scaled ([\d.]+)-fold", said).groups()
    assert list(map(float, told)) == pytest.approx([b[1] / b[0] for b in bends], rel=0.05)


def test_a_network_learns_from_inputs_of_any_size(tmp_path):
    path = tmp_path / "points.csv"
    x = np.random.default_rng(0).uniform((1000, -0.01), (1500, 0.01), (60, 2))
    np.savetxt(path, np.c_[x, (x[:, 0] > 1250) ^ (x[:, 1] > 0)], delimiter=",")
    assert "60 of 60 points" in scenes.hidden_lines(data=str(path), steps=200).at(-1)[0].caption
    np.savetxt(path, np.c_[x, x[:, 0] > 1250], delimiter=",")
    film = scenes.logistic_boundary(data=str(path), steps=400, rate=3.0)
    x_of = film.data()["map.border.x"][-1]
    assert "60 of 60 points" in film.at(-1)[0].caption and x_of.mean() == pytest.approx(
        1250, abs=20
    )


def test_a_rate_that_is_too_large_for_the_data_is_named(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("0,0\n100,100\n200,200\n")
    said = scenes.line_fit(data=str(path), steps=3).at(-1)[0].caption
    assert "gradient descent needs a rate below" in said
    rate = 0.99 * float(said.split()[-2].replace("·10⁻⁵", "e-5"))
    losses = scenes.line_fit(data=str(path), steps=30, rate=rate).at(-1)[0].caption
    assert "grown" not in losses
    rate *= 1.05
    assert "grown" in scenes.line_fit(data=str(path), steps=300, rate=rate).at(-1)[0].caption


MISTAKES = {
    "x,y\n1,2\n": "has 1 samples; give 2 to 2000",
    "1,2\n1,3\n": "an input is the same everywhere",
    "1,2\n2,nan\n": "a number that is not finite",
    "1,2\nfour,3\n": r"line 2 .* is no row like those above it: 'four,3'",
    "1,2\n2,3,4\n": "line 2 .* is no row",
    "1,2,3\n2,3,4\n": r"inputs of shape \(2, 2\) and targets of shape \(2,\); this scene takes",
    "1,2\n2,three\n": "no number",
    "words\n": "has no rows of numbers",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_a_table_is_one_sentence(text, tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=MISTAKES[text]) as error:
        scenes.line_fit(data=str(path))
    assert str(error.value).startswith("data: ") and "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK no archive")
    objects = tmp_path / "objects.npy"
    np.save(objects, np.array([{}, {}], object))
    other = tmp_path / "other.npz"
    np.savez(other, a=X, b=Y)
    code = tmp_path / "code.py"
    code.write_text("def f(n):\n    return n\nnumber = 3\n")
    for given, said in (
        (tmp_path / "none.csv", "cannot read .*none.csv: No such file"),
        (broken, "no file of numpy's"),
        (objects, "holds objects"),
        (other, "the arrays a, b; call the inputs x"),
        (f"{code}:f", r"needs arguments \(n\)"),
        (f"{code}:number", "neither a pair x, y nor a table"),
        (f"{code}:nothing", "unknown name 'nothing'"),
    ):
        with pytest.raises(InputError, match=said):
            scenes.line_fit(data=str(given))


def test_three_classes_are_refused_where_two_are_parted(tmp_path):
    path = tmp_path / "three.csv"
    path.write_text("0,1,a\n1,0,b\n2,2,c\n")
    with pytest.raises(InputError, match="3 different targets; this scene parts two classes"):
        scenes.logistic_boundary(data=str(path))


def test_own_samples_in_the_scenes_of_batches_rates_and_slopes(tmp_path):
    draw = np.random.default_rng(4)
    x = draw.uniform((0, 100), (10, 300), (100, 2))
    y = 3 * x[:, 0] - 0.1 * x[:, 1] + draw.standard_normal(100)
    plane, line, pets = (tmp_path / f"{name}.npz" for name in ("plane", "line", "pets"))
    np.savez(plane, x=x, y=y)
    np.savez(line, x=x[:, :1], y=np.abs(x[:, 0] - 4))
    np.savez(pets, x=x, y=np.where(x[:, 0] > 5, "cat", "dog"))

    scaled, target = (x - x.min(0)) / np.ptp(x, axis=0) * 2 - 1, (y - y.mean()) / y.std()
    best = np.linalg.lstsq(scaled, target, rcond=None)[0]
    data = scenes.mini_batches(data=str(plane), sizes="100", rate=0.5, steps=120).data()
    assert [data[f"map.100.{c}"][-1, -1] for c in "xy"] == pytest.approx(best, abs=1e-6)

    data = scenes.gradient_noise(data=str(plane)).data()
    assert data["law.measured.x"][-1].tolist() == [1, 2]  # 32 batches at least
    points = np.stack([data[f"gradients.batches.{c}"][0] for c in "xy"], axis=1)
    each = 2 * (scaled @ (0.6, -0.2) - target)[:, None] * scaled
    assert np.sort(points, axis=0) == pytest.approx(np.sort(each, axis=0))
    with pytest.raises(InputError, match="30 samples are too few"):
        np.savez(plane, x=x[:30], y=y[:30])
        scenes.gradient_noise(data=str(plane))

    film = scenes.prelu_slope(data=str(line), steps=300)
    assert "of 100 inputs" in film.at(0)[0].caption
    assert film.data()["slope.a.y"][-1, -1] < -0.5  # a kink at 4, down and up
    film = scenes.rate_range(data=str(pets), test=60, steps=30)
    assert film.data()["loss.suggested.y"][-1, -1] < film.data()["loss.small.y"][-1, -1]
