"""Initial weights: formulas against torch's, draws against statistics, truncation, seeds."""

import inspect
import math
import os
import re

import numpy as np
import pytest

from backviz import OPS
from backviz.errors import InputError, ShapeError, UsageError
from backviz.nn import INITIALIZERS, arguments, init
from backviz.nn.gains import GAINS

if os.environ.get("CI_PEERS"):
    import torch
else:
    torch = pytest.importorskip("torch")

pytestmark = [pytest.mark.peers, pytest.mark.blas]

SEEDS = range(25)
MATRIX, KERNEL = (30, 50), (12, 5, 3, 4)
SHAPES = [MATRIX, (50, 30), KERNEL]
FANS = {MATRIX: (30, 50), (50, 30): (50, 30), KERNEL: (5 * 12, 12 * 12)}
STEP = 1 / math.sqrt(3)  # std of the uniform distribution in ±1

# name: (shape of the distribution, its standard deviation by fan_in and fan_out, from the papers)
PUBLISHED = {
    "standard_uniform": ("uniform", lambda i, o: STEP / math.sqrt(i)),
    "lecun_normal": ("normal", lambda i, o: math.sqrt(1 / i)),
    "lecun_uniform": ("uniform", lambda i, o: STEP * math.sqrt(3 / i)),
    "lecun_truncated": ("truncated", lambda i, o: math.sqrt(1 / i)),
    "xavier_normal": ("normal", lambda i, o: math.sqrt(2 / (i + o))),
    "xavier_uniform": ("uniform", lambda i, o: STEP * math.sqrt(6 / (i + o))),
    "xavier_truncated": ("truncated", lambda i, o: math.sqrt(2 / (i + o))),
    "he_normal": ("normal", lambda i, o: math.sqrt(2 / i)),
    "he_uniform": ("uniform", lambda i, o: STEP * math.sqrt(6 / i)),
    "he_truncated": ("truncated", lambda i, o: math.sqrt(2 / i)),
    "normal": ("normal", lambda i, o: 1.0),
}
WITHOUT_SPREAD = {"zeros": 0.0, "ones": 1.0, "constant": 0.0}
TESTED_APART = {"uniform", "orthogonal"}
# excess of the fourth moment over the square of the second: how much a sample's variance varies
KURTOSIS = {"normal": 3.0, "uniform": 1.8, "truncated": 2.37}


def draws(name, shape, **options):
    return np.stack([INITIALIZERS[name](shape, seed=s, **options) for s in SEEDS])


def test_nothing_is_left_out():
    assert {*PUBLISHED, *WITHOUT_SPREAD, *TESTED_APART} == set(INITIALIZERS)


@pytest.mark.parametrize("name", list(INITIALIZERS))
def test_one_signature_float64_and_the_same_bits_for_the_same_seed(name):
    make = INITIALIZERS[name]
    assert next(iter(inspect.signature(make).parameters)) == "shape"
    seed = inspect.signature(make).parameters["seed"]
    assert seed.kind is seed.KEYWORD_ONLY
    first = make(MATRIX, seed=7)
    assert first.dtype == np.float64
    assert first.shape == MATRIX
    for again in (7, np.random.SeedSequence(7), np.random.default_rng(7)):
        np.testing.assert_array_equal(first, make(MATRIX, seed=again))
    if name not in WITHOUT_SPREAD:
        assert not np.array_equal(first, make(MATRIX, seed=8))
    assert make((3, 2), seed=1).flags.writeable


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", PUBLISHED)
def test_spread(name, shape):
    kind, std = PUBLISHED[name]
    expected = std(*FANS[shape])
    made = draws(name, shape)
    n = made.size
    assert abs(made.mean()) < 5 * expected / math.sqrt(n)
    relative = math.sqrt((KURTOSIS[kind] - 1) / n)  # deviation of a sample's variance
    assert abs(made.var() / expected**2 - 1) < 5 * relative
    assert 5 * relative < 0.1  # so it can tell 2 from 1, and 0.8796² = 0.774 from 1
    bound = {"uniform": expected / STEP, "truncated": 2 * expected / 0.87962566103423978}
    if kind in bound:
        assert abs(made).max() <= bound[kind] * (1 + 1e-15)
        assert abs(made).max() > 0.99 * bound[kind]
    else:
        assert abs(made).max() > 3 * expected


def test_the_correction_is_the_deviation_of_the_normal_distribution_cut_at_two():
    density = math.exp(-2) / math.sqrt(2 * math.pi)
    mass = math.erf(2 / math.sqrt(2))
    assert pytest.approx(math.sqrt(1 - 4 * density / mass), rel=1e-15) == init.CUT
    z = np.linspace(-2, 2, 400_001)
    weights = np.exp(-(z**2) / 2)
    fourth = (z**4 * weights).sum() / weights.sum() / init.CUT**4
    assert pytest.approx(fourth, abs=0.005) == KURTOSIS["truncated"]


def bounds_of_torch(call, shape):
    """The std or bound that torch computes, from what it hands to its random generator."""
    told = {}

    class Told(torch.Tensor):
        def normal_(self, mean, std, generator=None):
            told["std"] = std

        def uniform_(self, low, high, generator=None):
            told["bound"] = high

    tensor = torch.empty(shape, dtype=torch.float64).as_subclass(Told)
    call(tensor)
    return told["std"] if "std" in told else told["bound"] * STEP


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_formulas_are_torchs(shape, mode):
    turned = shape[::-1] if len(shape) == 2 else shape  # torch's matrices are (out, in)
    both = {
        "xavier_normal": (torch.nn.init.xavier_normal_, 1.5, {"gain": 1.5}, {"gain": 1.5}),
        "xavier_uniform": (torch.nn.init.xavier_uniform_, 1.5, {"gain": 1.5}, {"gain": 1.5}),
        "he_normal": (
            torch.nn.init.kaiming_normal_, math.sqrt(2), {"mode": mode},
            {"mode": mode, "nonlinearity": "relu"},
        ),
        "he_uniform": (
            torch.nn.init.kaiming_uniform_, 5 / 3, {"mode": mode, "gain": init.gain("tanh")},
            {"mode": mode, "nonlinearity": "tanh"},
        ),
    }  # fmt: skip
    for name, (call, _, options, words) in both.items():
        theirs = bounds_of_torch(lambda t, c=call, w=words: c(t, **w), turned)
        assert spread_of(name, shape, **options) == pytest.approx(theirs, rel=1e-14), name
    lecun = torch.nn.init.kaiming_normal_
    theirs = bounds_of_torch(lambda t: lecun(t, mode=mode, nonlinearity="linear"), turned)
    assert spread_of("lecun_normal", shape, mode=mode) == pytest.approx(theirs, rel=1e-14)


def spread_of(name, shape, **options):
    """The std that the initializer used: its numbers over those of the same seed with std 1."""
    made = INITIALIZERS[name](shape, seed=3, **options)
    random = np.random.default_rng(3)
    if "normal" in name:
        unit = random.standard_normal(shape)
    else:
        unit = (2 * random.random(shape) - 1) / STEP
    return (made / unit).mean()


@pytest.mark.parametrize(("n_in", "n_out"), [(7, 4), (100, 3)])
def test_the_default_of_layers_is_torchs(n_in, n_out):
    theirs = torch.nn.Linear(n_in, n_out, dtype=torch.float64).weight.detach().numpy()
    bound = 1 / math.sqrt(n_in)
    assert abs(theirs).max() <= bound
    assert spread_of("standard_uniform", (n_in, n_out)) == pytest.approx(bound * STEP, rel=1e-14)


@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (8, 3, 2, 2), (20, 2, 3, 3)], ids=str)
@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_orthogonal(shape, gain):
    for seed in range(5):
        w = init.orthogonal(shape, seed=seed, gain=gain)
        assert w.shape == shape
        w = w.reshape(shape[0], -1)
        product = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
        np.testing.assert_allclose(product, gain**2 * np.eye(len(product)), atol=1e-14)


def test_orthogonal_is_uniform_over_turns():
    # the entries of a uniformly random column have mean 0 and variance 1/n; without the signs
    # of r, the first entry of each column would be negative with qr's habit
    made = np.stack([init.orthogonal((4, 4), seed=s) for s in range(2000)])
    assert abs(made.mean(axis=0)).max() < 5 * 0.5 / math.sqrt(2000)
    np.testing.assert_allclose((made**2).mean(axis=0), 0.25, atol=5 * 0.22 / math.sqrt(2000))


def test_uniform_normal_and_constant():
    made = init.uniform(20_000, seed=1, low=-2, high=4)
    assert made.min() >= -2
    assert made.max() < 4
    assert made.mean() == pytest.approx(1, abs=5 * 6 * STEP / 2 / math.sqrt(20_000))
    assert made.std() == pytest.approx(3 * STEP, rel=0.02)
    made = init.normal(20_000, seed=1, mean=3, std=0.5)
    assert made.mean() == pytest.approx(3, abs=5 * 0.5 / math.sqrt(20_000))
    assert made.std() == pytest.approx(0.5, rel=0.03)
    for name, number in WITHOUT_SPREAD.items():
        assert (INITIALIZERS[name]((2, 3)) == number).all()
    assert (init.constant((2, 3), value=-1.5) == -1.5).all()


def test_aliases():
    for ours, theirs in (("he", "kaiming"), ("xavier", "glorot")):
        for form in ("normal", "uniform", "truncated"):
            assert INITIALIZERS[f"{theirs}_{form}"] is INITIALIZERS[f"{ours}_{form}"]


def test_gain_is_torchs_table():
    source = inspect.getsource(torch.nn.init.calculate_gain)
    named = set(re.findall(r'"([a-z0-9_]+)"', source.split('"""')[-1]))
    assert named == set(GAINS)
    for name in named:
        assert init.gain(name) == pytest.approx(torch.nn.init.calculate_gain(name), rel=1e-15)
    for slope in (0, 0.2, 1, -0.3):
        theirs = torch.nn.init.calculate_gain("leaky_relu", slope)
        assert init.gain("leaky_relu", slope) == pytest.approx(theirs, rel=1e-15)


def test_variance_gain_known_values():
    # 1/√E[φ²], published to six digits; ReLU, leaky ReLU and the identity are exact
    for name, known in {
        "tanh": 1.592537, "sigmoid": 1.846229, "elu": 1.245198, "gelu": 1.533530, "silu": 1.676532,
    }.items():  # fmt: skip
        assert init.variance_gain(name) == pytest.approx(known, abs=6e-7)
    assert init.variance_gain("relu") == pytest.approx(math.sqrt(2), rel=1e-9)
    for slope in (0.01, 0.2):
        exact = math.sqrt(2 / (1 + slope**2))
        assert init.variance_gain("leaky_relu", slope=slope) == pytest.approx(exact, rel=1e-9)
    assert init.variance_gain("identity") == pytest.approx(1, rel=1e-9)
    assert init.variance_gain("selu") == pytest.approx(1, rel=1e-6)  # what SELU is made for
    # E[cos²] = (1 + e^−2)/2, and hardtanh's by the integral of z² inside
    assert init.variance_gain("cos") == pytest.approx(((1 + math.exp(-2)) / 2) ** -0.5, rel=1e-9)
    inside = math.erf(1 / math.sqrt(2)) - 2 * math.exp(-0.5) / math.sqrt(2 * math.pi)
    outside = 1 - math.erf(1 / math.sqrt(2))
    assert init.variance_gain("hardtanh") == pytest.approx((inside + outside) ** -0.5, rel=1e-6)


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "gelu"])
def test_variance_gain_keeps_the_variance_through_layers(name):
    x = np.random.default_rng(0).standard_normal((200, 300))
    gain = init.variance_gain(name)
    variances = []
    for seed in range(20):
        h = x @ init.lecun_normal((300, 300), seed=seed)
        for layer in range(4):
            w = init.lecun_normal((300, 300), seed=100 * seed + layer, gain=gain)
            h = OPS[name](h) @ w
        variances.append((h**2).mean())
    assert np.mean(variances) == pytest.approx(1, abs=5 * np.std(variances) / math.sqrt(20) + 0.02)


# Seeds ----------------------------------------------------------------------------------


def test_streams_are_numpys_and_are_not_used_up():
    numpys = np.random.SeedSequence(5).spawn(3)
    parent = np.random.SeedSequence(5)
    for given in (5, np.int64(5), parent, parent):
        for ours, theirs in zip(arguments.streams(given, 3), numpys, strict=True):
            np.testing.assert_array_equal(ours.generate_state(4), theirs.generate_state(4))
    assert parent.n_children_spawned == 0
    deeper = arguments.streams(arguments.streams(5, 2)[1], 2)
    np.testing.assert_array_equal(
        deeper[1].generate_state(4),
        np.random.SeedSequence(5).spawn(2)[1].spawn(2)[1].generate_state(4),
    )
    first, again = (arguments.streams(np.random.default_rng(1), 2) for _ in range(2))
    assert [s.entropy for s in first] == [s.entropy for s in again]


# Wrong use ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: INITIALIZERS["he_norml"], UsageError, "did you mean 'he_normal'"),
        (lambda: init.gain("thanh"), UsageError, "did you mean 'tanh'"),
        (lambda: init.gain("tanh", 2), InputError, "tanh takes no param"),
        (lambda: init.gain("leaky_relu", "x"), InputError, "the slope is a number, not 'x'"),
        (lambda: init.variance_gain("softmax"), InputError, "no activation function of one"),
        (lambda: init.variance_gain("prelu"), InputError, "no activation function of one"),
        (lambda: init.variance_gain("log"), InputError, "no finite mean square"),
        (lambda: init.he_normal((3, 2), seed=None), InputError, "need a seed; give a whole"),
        (lambda: init.he_normal((3, 2), seed=-1), InputError, "from 0 on, not -1"),
        (lambda: init.he_normal((3, 2), seed=1.5), InputError, "from 0 on, not 1.5"),
        (lambda: init.he_normal((3,), seed=0), ShapeError, "shape (3,) has no inputs and outputs"),
        (lambda: init.orthogonal((3,), seed=0), ShapeError, "has no inputs and outputs"),
        (lambda: init.he_normal((3, 0), seed=0), InputError, "each size is a whole number"),
        (lambda: init.he_normal((3, 2), seed=0, mode="fan"), InputError, "unknown mode 'fan'"),
        (lambda: init.he_normal((3, 2), seed=0, gain=-1), InputError, "from 0 on, not -1"),
        (lambda: init.he_normal((3, 2), seed=0, gain=math.nan), InputError, "not nan"),
        (lambda: init.normal(3, seed=0, std=-1), InputError, "std is a number from 0 on"),
        (lambda: init.constant(2, value="a"), InputError, "constant: value is a number, not 'a'"),
        (lambda: init.normal(2, seed=0, mean="a"), InputError, "mean is a number, not 'a'"),
        (lambda: init.zeros(None), InputError, "each size is a whole number from 1 on, not None"),
        (lambda: init.uniform(3, seed=0, low=2), InputError, "high is a number from 2 on, not 1"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(call, kind, said):
    with pytest.raises(kind) as caught:
        call()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
