"""An optimizer from one file: found, printed, taken apart, documented and run like the others."""

import importlib.util
import inspect
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from formula_reader import read

import backviz
from backviz.optim import OPTIMIZERS, schedules
from backviz.optim.options import OPTIONS

START = np.array([-1.5, 2.0, 0.7, 0.0])
LR = schedules.time_based(0.05, 0.1)


def slope(x, t):
    return np.sin(3 * x) + 0.2 * x + 0.1 * t


RPROP = '''
"""Rprop: steps of a size that grows while the sign of the gradient stays."""

from backviz.ops import maximum, minimum, sign
from backviz.optim import Optimizer, convention, optimizer
from backviz.optim.options import AT_LEAST_0, option

option("etas", "η⁻ η⁺", AT_LEAST_0)
option("step_sizes", "s⁻ s⁺", AT_LEAST_0)


@optimizer
class Rprop(Optimizer):
    """Steps of a size of its own for every entry, which grows while the gradient's sign stays."""

    title = "Rprop"
    source = "Riedmiller and Braun (1993)"
    year = 1993
    conventions = {"torch": convention(lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0))}
    begins = {"s": "lr"}

    @staticmethod
    def update(x, o):
        less, more = o.etas
        least, most = o.step_sizes
        turned = x.g * x.p < 0
        grown = x.s * (1 + (more - 1) * (x.g * x.p > 0) + (less - 1) * turned)
        s = yield "s ←", minimum(maximum(grown, least), most)
        p = yield "p ←", x.g * (1 - turned)
        yield "rate", s
        yield "θ ←", x.θ - s * sign(p)
'''


@pytest.fixture
def rprop(tmp_path):
    """The class out of a file that is no part of the package."""
    place = tmp_path / "rprop.py"
    place.write_text(RPROP, "utf-8")
    spec = importlib.util.spec_from_file_location("rprop", place)
    module = importlib.util.module_from_spec(spec)
    with OPTIMIZERS.temporarily():
        spec.loader.exec_module(module)
        yield module.Rprop
    for name in ("etas", "step_sizes"):
        del OPTIONS[name]


def test_an_optimizer_from_a_file_of_its_own_is_like_the_others(rprop):
    from backviz.scenes import SCENES
    from backviz.scenes.optimizer_choice import choices

    assert list(OPTIMIZERS)[:3] == ["sgd", "rprop", "adagrad"]  # by their years
    assert rprop(START.copy()).describe() == "Rprop lr=.01 η⁻=.5 η⁺=1.2 s⁻=1e-06 s⁺=50"
    assert rprop.__doc__.endswith("Riedmiller and Braun (1993)")
    assert list(inspect.signature(rprop).parameters) == [
        "params", "lr", "etas", "step_sizes", "maximize", "semantics",
    ]  # fmt: skip
    opt = rprop(START.copy(), lr=LR)
    assert opt.memory == 2
    assert opt.formula()[1:] == ("p ← g·(1 − [g·p < 0])", "θ ← θ − s·sign(p)")
    lines = [line.replace("s⁻", "least").replace("s⁺", "most") for line in opt.formula()]
    lines = [line.replace("η⁻", "less").replace("η⁺", "more") for line in lines]
    known = {"least": 1e-6, "most": 50.0, "less": 0.5, "more": 1.2}
    x, names = opt.params[0], {"θ": START.copy(), "s": np.full(4, 0.05), "p": np.zeros(4)}
    for t in range(1, 13):
        names |= known | {"g": slope(names["θ"], t)}
        for line in lines:
            name, _, text = line.split(" ", 2)
            names[name] = read(text, names)
        terms = opt.anatomy(0, slope(x, t)).terms
        opt.step(slope(x, t))
        np.testing.assert_allclose(x, names["θ"], rtol=1e-13)
        assert list(terms) == ["g", "s", "p", "rate", "before", "after", "update"]
        assert np.array_equal(terms["after"], x)
    (choice,) = choices("rprop:etas=.4/1.3")
    assert choice.name == "Rprop etas=.4/1.3"
    film = SCENES["step_anatomy"](optimizer="rprop", steps=5)
    assert film.count == 5
    assert "s ← min(max(" in str(film.panels[2].static)
    docs = Path(__file__).parents[2] / "docs"
    space = {"__name__": "generate", "__file__": str(docs / "generate.py")}
    exec((docs / "generate.py").read_text("utf-8"), space)
    page = space["optimizers_page"]()
    assert "## Rprop\n" in page
    assert "| `etas` | η⁻, η⁺ | .5, 1.2 |" in page


def test_it_steps_as_torch_s(rprop):
    torch = pytest.importorskip("torch")
    x, y = START.copy(), torch.tensor(START, requires_grad=True)
    ours, theirs = rprop(x), torch.optim.Rprop([y])
    for t in range(40):
        ours.step(slope(x, t))
        y.grad = torch.tensor(slope(y.detach().numpy(), t))
        theirs.step()
    np.testing.assert_allclose(x, y.detach().numpy(), rtol=1e-13)


def test_a_file_in_the_package_is_enough(tmp_path):
    home = Path(backviz.__file__).parent
    (tmp_path / "backviz").mkdir()
    for each in home.iterdir():
        if each.name != "optim":
            (tmp_path / "backviz" / each.name).symlink_to(each)
    shutil.copytree(home / "optim", tmp_path / "backviz" / "optim")
    (tmp_path / "backviz" / "optim" / "rprop.py").write_text(RPROP, "utf-8")
    told = (
        "import numpy as np; from backviz.optim import OPTIMIZERS, Rprop;"
        "print(*OPTIMIZERS); print(Rprop(np.zeros(1)).describe())"
    )
    made = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", told], cwd=tmp_path, capture_output=True,
        encoding="utf-8", check=True,
    )  # fmt: skip
    assert made.stdout.split("\n")[0] == (
        "sgd rprop adagrad adadelta rmsprop adam adamw amsgrad adamax nadam radam lion"
    )
    assert "η⁺=1.2" in made.stdout


def memory_of(x):
    return np.frombuffer(x.data, x.dtype).reshape(x.shape)


@pytest.mark.parametrize(
    ("parameter", "gradient"),
    [
        (lambda x: x, lambda x: x),
        (lambda x: x, lambda x: x[:]),
        (lambda x: x[:], lambda x: x),
        (lambda x: x[::-1], lambda x: x),
        (memory_of, lambda x: x),
        (lambda x: x, memory_of),
    ],
)
def test_a_gradient_that_lies_in_the_parameters_is_read_as_it_was(parameter, gradient):
    """As that of ½x², which is x: AdamW lets the parameters decay before it reads the gradient."""
    x, truth = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0])
    p, q = parameter(x), parameter(truth)
    shared = OPTIMIZERS["adamw"](p, lr=0.1, weight_decay=0.5)
    apart = OPTIMIZERS["adamw"](q, lr=0.1, weight_decay=0.5)
    for _ in range(3):
        shared.step(gradient(x))
        apart.step(gradient(truth).copy())
        np.testing.assert_array_equal(x, truth)
