"""Mean-field theory against an independent integral, closed forms and published numbers."""

import math

import numpy as np
import pytest

from backviz.errors import InputError
from backviz.nn import theory
from backviz.nn.gains import variance_gain

pytestmark = pytest.mark.blas

Z = np.linspace(-12, 12, 1_200_000)  # trapezoids; a jump at 0 is in the middle of one
DENSITY = np.exp(-(Z**2) / 2) / math.sqrt(2 * math.pi)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


SELU = 1.0507009873554805, 1.6732632423543772  # Klambauer et al., 2017
cdf = np.frompyfunc(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)), 1, 1)


def step(x):
    return np.where(x > 0, 1.0, 0.0)


PAIRS = {  # φ and φ′, written down again
    "tanh": (np.tanh, lambda x: 1 / np.cosh(np.clip(x, -80, 80)) ** 2),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "relu": (lambda x: x * step(x), step),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1.0, 0.01)),
    "elu": (lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
            lambda x: np.exp(np.minimum(x, 0))),
    "silu": (lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x))),
    "softplus": (lambda x: np.logaddexp(0, x), sigmoid),
    "selu": (lambda x: SELU[0] * np.where(x > 0, x, SELU[1] * np.expm1(np.minimum(x, 0))),
             lambda x: SELU[0] * np.where(x > 0, 1.0, SELU[1] * np.exp(np.minimum(x, 0)))),
    "gelu": (lambda x: x * cdf(x),
             lambda x: cdf(x) + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)),
}  # fmt: skip


def integral(y):
    y = np.asarray(y, float)
    return float(np.sum((y[1:] + y[:-1]) / 2) * (Z[1] - Z[0]))


@pytest.mark.slow
@pytest.mark.parametrize("q", [1e-3, 1.0, 7.0, 500.0])
@pytest.mark.parametrize("name", PAIRS)
def test_moments_agree_with_another_integral(name, q):
    phi, slope = PAIRS[name]
    x = math.sqrt(q) * Z
    signal, steep = theory.moments(name, q)
    assert signal == pytest.approx(integral(phi(x) ** 2 * DENSITY), rel=1e-6)
    assert steep == pytest.approx(integral(slope(x) ** 2 * DENSITY), rel=1e-6)


def test_the_check_of_moments_can_fail():
    assert theory.moments("tanh", 1.0)[0] != pytest.approx(
        integral(np.tanh(1.00001 * Z) ** 2 * DENSITY), rel=1e-6
    )


@pytest.mark.parametrize(
    ("name", "slope"),
    [("sigmoid", 0.044836), ("tanh", 0.464403), ("relu", 0.5), ("elu", 0.668102),
     ("gelu", 0.455851), ("silu", 0.379482), ("softplus", 0.293379)],
)  # fmt: skip
def test_mean_square_slopes(name, slope):
    assert theory.moments(name, 1.0)[1] == pytest.approx(slope, abs=6e-7)


@pytest.mark.parametrize(
    ("name", "gain"),
    [("tanh", 1.592537), ("relu", math.sqrt(2)), ("sigmoid", 1.846229), ("elu", 1.245198),
     ("gelu", 1.533530), ("silu", 1.676532)],
)  # fmt: skip
def test_gains_keep_the_variance(name, gain):
    signal, _ = theory.moments(name, 1.0)
    assert 1 / math.sqrt(signal) == pytest.approx(gain, abs=6e-7)
    assert 1 / math.sqrt(signal) == pytest.approx(variance_gain(name), rel=1e-8)


def test_relu_in_closed_form():
    made = theory.propagate("relu", 6, weights=1.5, biases=0.1, inputs=3.0)
    q = [4.6]
    for _ in range(5):
        q.append(0.75 * q[-1] + 0.1)
    np.testing.assert_allclose(made.q, q, rtol=1e-10)
    np.testing.assert_allclose(made.chi, 0.75, rtol=1e-10)
    np.testing.assert_allclose(made.backward, 0.75 ** np.arange(5, -1, -1), rtol=1e-9)
    assert theory.phase("relu", 1.5, 0.1).q == pytest.approx(0.4, rel=1e-10)


@pytest.mark.parametrize(("weights", "biases"), [(1.5, 0.05), (0.7, 0.3), (4.0, 0.0), (500.0, 1.0)])
def test_the_fixed_point_stays_where_it_is(weights, biases):
    found = theory.phase("tanh", weights, biases)
    x = math.sqrt(found.q) * Z
    assert weights * integral(np.tanh(x) ** 2 * DENSITY) + biases == pytest.approx(
        found.q, rel=1e-6
    )
    assert found.chi == pytest.approx(
        weights * integral(DENSITY / np.cosh(np.clip(x, -80, 80)) ** 4), rel=1e-6
    )


def test_signals_that_die_and_that_grow():
    assert theory.phase("tanh", 0.5).q == 0
    assert theory.phase("tanh", 0.5).chi == pytest.approx(0.5, rel=1e-9)
    assert theory.phase("relu", 2.5).q == math.inf
    assert theory.phase("relu", 2.5).chi == pytest.approx(1.25, rel=1e-9)
    assert theory.phase("tanh", 0.0) == theory.Phase(0.0, 0.0)
    long = theory.propagate("relu", 1000, weights=64.0)
    assert long.q.shape == (1000,)
    assert np.all(long.q > 0)


@pytest.mark.slow
def test_the_edge_of_chaos():
    assert theory.critical("relu") == pytest.approx(2, rel=1e-9)
    assert theory.critical("tanh") == pytest.approx(1, rel=1e-6)
    at = theory.critical("tanh", 0.05)
    assert (
        theory.phase("tanh", 0.999 * at, 0.05).chi < 1 < theory.phase("tanh", 1.001 * at, 0.05).chi
    )


def test_the_depth_scale():
    assert theory.Phase(1.0, math.exp(-0.25)).depth == pytest.approx(4)
    assert theory.Phase(1.0, math.exp(0.25)).depth == pytest.approx(4)
    assert theory.Phase(1.0, 1.0).depth == math.inf
    assert theory.Phase(0.0, 0.0).depth == 0


def test_a_sigmoid_layer_lets_about_a_quarter_through():
    factor = math.sqrt(theory.phase("sigmoid", 1.0).chi)
    assert 0.23 < factor < 0.25


@pytest.mark.parametrize(
    ("call", "said"),
    [(lambda: theory.moments("add", 1.0), "no activation"),
     (lambda: theory.moments("tanh", -1.0), "q is a number from 0"),
     (lambda: theory.phase("tanh", math.nan), "σ_w²"),
     (lambda: theory.propagate("tanh", 0, 1.0), "depth is a whole number")],
)  # fmt: skip
def test_what_cannot_be_asked(call, said):
    with pytest.raises(InputError, match=said):
        call()
