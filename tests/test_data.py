"""Data sets: the geometry they promise, same seed same bytes; batches."""

import numpy as np
import pytest

from backviz.data import SETS, Batches, blobs, circles, linear, moons, noisy_sine, spirals, xor
from backviz.errors import InputError


@pytest.mark.parametrize("name", SETS)
def test_same_seed_same_bytes_and_another_seed_other_numbers(name):
    make = SETS[name]
    (x, y), (again, y2), (other, _) = make(40, seed=3), make(40, seed=3), make(40, seed=4)
    assert x.tobytes() == again.tobytes() and y.tobytes() == y2.tobytes()
    assert not np.array_equal(x, other)
    assert x.dtype == np.float64 and len(x) == len(y) == 40 and np.isfinite(x).all()


@pytest.mark.parametrize("name", SETS)
def test_any_number_of_samples_from_the_least(name):
    for n in (4, 7, 101):
        x, y = SETS[name](n, seed=0)
        assert len(x) == len(y) == n


@pytest.mark.parametrize("name", SETS)
def test_wrong_use_is_a_sentence(name):
    with pytest.raises(InputError, match="samples cannot be made; use n ≥"):
        SETS[name](0, seed=0)
    width = "spread" if name == "blobs" else "noise"
    with pytest.raises(InputError, match="is no standard deviation"):
        SETS[name](10, seed=0, **{width: -1.0})
    with pytest.raises(TypeError, match="seed"):
        SETS[name](10)
    for seed in (None, -1, 1.5):
        with pytest.raises(InputError, match="give a whole number ≥ 0, such as 0"):
            SETS[name](10, seed=seed)
    with pytest.raises(InputError, match="is no standard deviation"):
        SETS[name](10, seed=0, **{width: "small"})


@pytest.mark.parametrize("make", [spirals, blobs])
@pytest.mark.parametrize("classes", [0, -1, 2.5])
def test_wrong_classes_are_a_sentence(make, classes):
    with pytest.raises(InputError, match="classes cannot be made; use classes ≥ 1"):
        make(10, classes=classes, seed=0)


@pytest.mark.parametrize(
    ("make", "name"),
    [(spirals, "turns"), (blobs, "radius"), (circles, "inner"), (linear, "slope"),
     (linear, "intercept")],
)  # fmt: skip
@pytest.mark.parametrize("given", ["a", None, np.nan])
def test_wrong_numbers_are_sentences(make, name, given):
    with pytest.raises(InputError, match=f"^{name}=.* does not work; give a finite number"):
        make(10, seed=0, **{name: given})


@pytest.mark.parametrize("state", [{}, {"epoch": -1}, {"epoch": "a"}, {"epoch": 1.5}])
def test_wrong_states_are_sentences(state):
    with pytest.raises(InputError, match="the state of Batches has an epoch from 0 on, not"):
        Batches(np.arange(3), size=2).load_state_dict(state)


def test_numpy_s_whole_numbers_are_whole_numbers():
    (x, _), (same, _) = moons(np.int64(20), seed=np.int64(3)), moons(20, seed=3)
    assert x.tobytes() == same.tobytes()
    assert len(list(Batches(x, size=np.int64(8)))) == 3


def test_moons_without_noise_lie_on_their_half_circles():
    x, y = moons(100, noise=0, seed=0)
    upper, lower = x[y == 0], x[y == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1)
    assert (upper[:, 1] >= -1e-12).all()
    np.testing.assert_allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1)
    assert (lower[:, 1] <= 0.5 + 1e-12).all()


def test_spiral_arms_are_turned_copies():
    x, y = spirals(200, classes=2, noise=0, seed=1)
    one, two = (a[np.argsort(np.hypot(*a.T))] for a in (x[y == 0], x[y == 1]))
    np.testing.assert_allclose(one, -two, atol=1e-12)


def test_circles_blobs_xor_lines():
    x, y = circles(50, noise=0, inner=0.3, seed=0)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y, 0.3, 1.0))
    x, y = blobs(3000, spread=0.4, seed=0)
    for k in range(3):
        assert abs(x[y == k].std(axis=0) - 0.4).max() < 0.03
    x, y = xor(400, seed=0)
    np.testing.assert_array_equal(np.bincount(y), [200, 200])
    x, y = linear(2000, seed=0)
    assert (y - 2 * x + 1).std() == pytest.approx(0.3, rel=0.06)
    x, y = noisy_sine(2000, seed=0)
    assert (y - np.sin(x)).std() == pytest.approx(0.2, rel=0.06)


def test_batches_hold_every_sample_once_an_epoch():
    x = np.arange(10)
    batches = Batches(x, x * 2, size=3, seed=5)
    first = list(batches)
    assert [len(a) for a, _ in first] == [3, 3, 3, 1]
    assert sorted(np.concatenate([a for a, _ in first])) == list(range(10))
    assert all(np.array_equal(b, 2 * a) for a, b in first)
    second = np.concatenate([a for a, _ in batches])
    assert not np.array_equal(second, np.concatenate([a for a, _ in first]))


def test_a_resumed_iterator_goes_on_with_the_same_order():
    x = np.arange(20)
    one = Batches(x, size=4, seed=1)
    list(one), list(one)
    two = Batches(x, size=4, seed=1)
    two.load_state_dict(one.state_dict())
    assert all(np.array_equal(a, b) for (a,), (b,) in zip(one, two, strict=True))


def test_order_kept_and_rest_dropped_on_request():
    (a,), (b,) = Batches(np.arange(5), size=2, shuffle=False, drop_last=True)
    assert [*a, *b] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("arrays", "size", "sentence"),
    [
        ((), 2, "at least one array"),
        ((np.zeros(3), np.zeros(4)), 2, "3 and 4 samples"),
        ((np.zeros(3),), 0, "use size ≥ 1"),
        ((np.zeros(3),), 2.5, "use size ≥ 1"),
        ((np.float64(3),), 2, "a single number has no samples"),
    ],
)
def test_wrong_batches_are_sentences(arrays, size, sentence):
    with pytest.raises(InputError, match=sentence):
        Batches(*arrays, size=size)


@pytest.mark.parametrize("seed", [None, -1])
def test_batches_need_a_seed(seed):
    with pytest.raises(InputError, match="give a whole number ≥ 0"):
        Batches(np.zeros(3), size=2, seed=seed)
