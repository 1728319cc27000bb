"""Where random numbers stand is remembered for functions that may draw some, and for no others."""

import math
import random
from random import gauss

import numpy as np
import pytest

import backviz
from backviz.autodiff import draws
from backviz.autodiff.draws import may_draw
from backviz.ops import tanh

rng = np.random.default_rng(0)
scale = 2.0


def helper(x):
    return x * scale


def noisy_helper(x):
    return x * random.random()


def recursive(n, x):
    return x if n == 0 else recursive(n - 1, helper(x))


def importing(x):
    import colorsys

    return x * colorsys.ONE_THIRD


def nested(x):
    return next(x * rng.normal() for _ in range(2))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * x,
        lambda x: np.tanh(x) + tanh(x) ** 2 + math.pi,
        lambda x, n=3: helper(x) * n,
        lambda x: next(y * 2 for y in (x, x)),
        recursive,
    ],
)
def test_what_draws_nothing_is_known(f):
    assert not may_draw(f, (3, 2.0, np.ones(2), "tanh", None))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * np.random.normal(),
        lambda x: x * random.random(),
        lambda x: x * gauss(0, 1),
        lambda x: x * rng.normal(),
        lambda x, generator=rng: x * generator.normal(),
        lambda x: x * eval("random.random()"),
        noisy_helper,
        importing,
        nested,
        lambda x: 2 * noisy_helper(x),
        type("Model", (), {"__call__": lambda self, x: x})(),
    ],
)
def test_what_may_draw_is_not_taken_for_harmless(f):
    assert may_draw(f, (3,))


def test_arguments_and_closures_count():
    generator = random.Random(1)
    assert may_draw(lambda x: x * generator.random(), (3,))
    assert may_draw(lambda x, g: x * g.normal(), (3, rng))


def test_only_functions_that_may_draw_have_their_random_numbers_remembered(monkeypatch):
    asked = []
    state = draws.random_state
    monkeypatch.setattr(draws, "random_state", lambda *held: asked.append(1) or state(*held))
    assert backviz.grad(lambda x: x * x)(3) == 6.0
    assert backviz.grad(lambda x, n: x * np.ones(n).sum(), argnums=(0, 1))(3, 2) == (2.0, None)
    assert not asked
    backviz.grad(lambda x: x * rng.normal())(3)
    assert asked
