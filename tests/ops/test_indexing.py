"""Indexing and putting together, against numpy and, where it is installed, torch."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

import backviz
from backviz.autodiff.backward import gradients_of
from backviz.autodiff.params import plain_params
from backviz.autodiff.recording import no_grad
from backviz.autodiff.symbol import Symbol
from backviz.autodiff.value import Value, tensor
from backviz.errors import ShapeError
from backviz.ops import OPS
from backviz.ops.assemble import array_split, hstack, split, take, unstack, vstack

RANDOM = np.random.default_rng(5)
SHAPES = arrays_of.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)


def filled(shape):
    return RANDOM.uniform(-2.0, 2.0, shape)


@st.composite
def slices_and_arrays(draw):
    """A shape and a key that fits: slices, numbers, ..., None, masks, repeated positions."""
    shape = draw(SHAPES)
    kind = draw(st.sampled_from(["basic", "arrays", "mask", "mixed"]))
    if kind == "basic":
        return shape, draw(arrays_of.basic_indices(shape, allow_newaxis=True))
    if kind == "mask":
        axes = draw(st.integers(1, len(shape)))
        return shape, draw(arrays_of.arrays(bool, shape[:axes]))
    if 0 in shape:
        return shape, []
    if kind == "arrays":
        return shape, draw(arrays_of.integer_array_indices(shape))
    parts = []
    for size in shape:
        position = st.integers(-size, size - 1)
        three = st.lists(position, min_size=3, max_size=3)
        parts.append(draw(st.one_of(st.slices(size), position, three)))
    return shape, tuple(parts)


@settings(deadline=None, max_examples=300)
@given(slices_and_arrays())
def test_entries_and_gradients_are_those_of_numpy(drawn):
    shape, key = drawn
    x = tensor(filled(shape))
    taken = x[key]
    np.testing.assert_array_equal(taken.data, x.data[key])
    assert not np.shares_memory(np.asarray(taken.data), x.data)
    weights = filled(taken.shape)
    (dx,) = gradients_of((taken * weights).sum(), (x,), create_graph=True)
    expected = np.zeros(shape)
    np.add.at(expected, key, weights)
    np.testing.assert_allclose(dx.data, expected, rtol=1e-13, atol=1e-15)
    # the gradient of the gradient: of Σ w·x[key]², which is 2·w·x[key] put back
    (dx,) = gradients_of((x[key] ** 2 * weights).sum(), (x,), create_graph=True)
    (second,) = gradients_of(dx.sum(), (x,))
    np.testing.assert_allclose(second, 2 * expected, rtol=1e-13, atol=1e-15)


@settings(deadline=None, max_examples=200)
@given(slices_and_arrays())
def test_entries_and_gradients_are_those_of_torch(drawn):
    if os.environ.get("CI_PEERS"):
        import torch
    else:
        torch = pytest.importorskip("torch")
    shape, key = drawn
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(p, slice) and (p.step or 1) < 0 for p in parts):
        return  # which torch does not have
    if any(isinstance(p, list) for p in parts) and any(isinstance(p, int) for p in parts):
        return  # to numpy the number is an array as well, which can decide where its axis goes
    x = tensor(filled(shape))
    peer = torch.tensor(x.data, requires_grad=True)
    parts = tuple(torch.tensor(p) if isinstance(p, np.ndarray) else p for p in parts)
    taken, theirs = x[key], peer[parts]
    np.testing.assert_array_equal(taken.data, theirs.detach().numpy())
    weights = filled(taken.shape)
    (dx,) = gradients_of(taken, (x,), seed=weights)
    theirs.backward(torch.tensor(weights, dtype=torch.float64))
    np.testing.assert_allclose(dx, peer.grad.numpy(), rtol=1e-13, atol=1e-15)


def test_positions_taken_twice_add_up():
    x = tensor([1.0, 2.0, 3.0])
    x[[0, 2, 0, 0]].sum().backward()
    assert x.grad.tolist() == [3.0, 0.0, 1.0]
    x = tensor(np.ones((2, 2)))
    (x[[0, 0]][:, [1, 1]] * 3).sum().backward()
    assert x.grad.tolist() == [[0.0, 12.0], [0.0, 0.0]]


def test_recorded_keys():
    x = tensor([-1.0, 2.0, -3.0, 4.0])
    assert x[x > 0].tolist() == [2.0, 4.0]
    assert x[np.asarray([1, 0, 0, 1]) == 1].tolist() == [-1.0, 4.0]
    assert x[tensor([0, 3, 3])].tolist() == [-1.0, 4.0, 4.0]
    assert x[tensor([0, 3, 3]), None].shape == (3, 1)
    assert x[Value(1)].data == 2.0
    assert x[Value(1) : Value(3)].tolist() == [2.0, -3.0]
    assert x[x > 9].shape == (0,)
    square = tensor(np.arange(6.0).reshape(2, 3))
    assert square[square[:, 0] > 0, 1].tolist() == [4.0]
    with pytest.raises(TypeError, match="whole numbers"):
        x[tensor([0.5])]
    with pytest.raises(TypeError, match="whole numbers"):
        x[tensor([np.nan])]


def test_conditions_are_masks_and_other_zeros_and_ones_positions():
    x = tensor([-1.0, 2.0, -3.0])
    with no_grad():
        unrecorded = x > 0
        part = unrecorded[:2]
    assert x[(x > -2) * (x < 1)].tolist() == [-1.0]
    assert x[unrecorded].tolist() == x[unrecorded.detach()].tolist() == [2.0]
    assert x[:2][part].tolist() == x[tensor(np.array([False, True, False]))].tolist() == [2.0]
    for key in ([0, 1, 1], [0, 2, 1], [1, 0]):  # zeros and ones are no special positions
        wanted = x.numpy()[key].tolist()
        assert x[tensor(key)].tolist() == x[tensor(np.array(key))].tolist() == wanted
    best = tensor([[1.0, 2.0], [3.0, 0.0], [5.0, 6.0]]).argmax(axis=1)
    assert x[best].tolist() == x[best[:]].tolist() == [2.0, -1.0, 2.0]


def test_a_key_is_the_records_own():
    x, positions = tensor([1.0, 2.0, 3.0]), np.array([0, 1])
    taken = x[positions]
    positions[:] = 2
    taken.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (3, ShapeError),
        (-4, ShapeError),
        ((0, 0), ShapeError),
        ((..., ...), ShapeError),
        ([0, 7], ShapeError),
        ([True], ShapeError),
        (slice(None, None, 0), ShapeError),
        (10**30, ShapeError),
        ([10**30], TypeError),
        (0.0, TypeError),
        ([0.0], TypeError),
        ([[0], [1, 2]], TypeError),
        ("a", TypeError),
        ({}, TypeError),
        (slice("a"), TypeError),
        (slice(0.5), TypeError),
    ],
)
def test_keys_that_do_not_fit_are_refused(key, error):
    with pytest.raises(error, match="getitem"):
        tensor([1.0, 2.0, 3.0], "x")[key]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ((0, slice(None), slice(None, None, 2)), "x[0, :, ::2]"),
        ((..., None, -1), "x[..., None, -1]"),
        (slice(3, 0, -1), "x[3:0:-1]"),
        (np.int64(1), "x[1]"),
        (slice(np.int8(1), None), "x[1:]"),
        ([0, 2, 0], "x[[0, 2, 0]]"),
        (list(range(4)) * 7, "x[[0, 1, …, 3]]"),
        (np.zeros((13, 2), int), "x[indices (13, 2)]"),
        ([True, False, True, True], "x[[True, False, True, True]]"),
        (np.zeros((2, 2), int), "x[[[0, 0], [0, 0]]]"),
        (np.ones((4, 4, 4), bool), "x[mask (4, 4, 4)]"),
        ((), "x[()]"),
        (None, "x[None]"),
        (True, "x[True]"),
    ],
)
def test_a_key_prints_as_python(key, text):
    assert str(OPS["getitem"](Symbol("x"), key)) == text
    x = tensor(np.ones((4, 4, 4)), "x")
    taken = OPS["getitem"](x, key)
    assert plain_params(taken.params) == {"key": text[2:-1]}
    graph = backviz.to_graph(taken)
    assert graph.nodes[1]["params"] == taken.params  # the op's own key, not its text
    assert backviz.plain_graph(graph).nodes[1]["params"] == repr({"key": text[2:-1]})
    assert f"{text} = " in backviz.describe(taken)
    assert str(OPS["getitem"](Symbol("a") + 1, 0)) == "(a + 1)[0]"


SYMBOLIC = {
    "reshape(g, shape=(4,))": tensor(np.ones(4), "x").reshape(2, 2),
    "scatter(g, [0], shape=(4,))": tensor(np.ones(4), "x")[0],
    "squeeze(g, axis=0)": tensor(np.ones(4), "x").unsqueeze(0),
    "gᵀ": tensor(np.ones((2, 3)), "x").transpose(),
    "transpose(g, axes=(2, 0, 1))": tensor(np.ones((2, 3, 4)), "x").transpose(1, 2, 0),
    "g[1:-2]": np.pad(tensor(np.ones(4), "x"), (1, 2)),
    "sum(reshape(g, shape=(2, 4)), axis=0)": np.tile(tensor(np.ones(4), "x"), 2),
    "scatter(g, [..., [0, 1], [0, 1]], shape=(2, 2))": np.diagonal(tensor(np.ones((2, 2)), "x")),
    "roll(g, shift=-1)": np.roll(tensor(np.ones(4), "x"), 1),
    "g[0:4]": np.concatenate([tensor(np.ones(4), "x"), np.ones(2)]),
    "g[..., 0]": np.stack([tensor(np.ones(4), "x"), np.ones(4)], axis=-1),
    "triu(g, k=1)": np.triu(tensor(np.ones((2, 2)), "x"), 1),
}


@pytest.mark.parametrize("text", SYMBOLIC)
def test_rules_print_as_formulas(text):
    graph = backviz.to_graph(SYMBOLIC[text])
    assert text in [d.get("rule") for *_, d in graph.edges(data=True)]


def test_numpy_and_torch_spellings_mean_the_same():
    x = tensor(np.arange(6.0).reshape(2, 3))
    for made in (x.reshape(3, 2), x.reshape((3, 2)), x.reshape(3, -1), x.view(-1, 2),
                 np.reshape(x, (3, 2)), np.reshape(x, [3, -1]), x.reshape(shape=(3, 2)),
                 x.reshape(np.int64(3), 2), x.reshape((3, 2), order="C")):  # fmt: skip
        assert made.params == {"shape": (3, 2)}
    assert tensor(np.ones((0, 3))).reshape(-1, 3).shape == (0, 3)
    assert x.ravel().shape == x.flatten().shape == np.ravel(x, "C").shape == (6,)
    cube = tensor(filled((2, 3, 4)))
    for made, axes in (
        (cube.transpose(), (2, 1, 0)),
        (cube.transpose(None), (2, 1, 0)),
        (np.transpose(cube, (1, 0, 2)), (1, 0, 2)),
        (cube.transpose(1, 0, 2), (1, 0, 2)),
        (cube.permute((1, 0, 2)), (1, 0, 2)),
        (cube.permute(dims=[1, 0, 2]), (1, 0, 2)),
        (cube.transpose(0, 1), (1, 0, 2)),  # torch's meaning: exchange two
        (cube.transpose(axes=(0, 1, 2)), (0, 1, 2)),
    ):
        np.testing.assert_array_equal(made.data, np.transpose(cube.data, axes))
    assert x.transpose(0, 1).shape == (2, 3)  # numpy's meaning: all axes, in this order
    assert x.T.shape == x.transpose(1, 0).shape == (3, 2)
    assert np.concatenate((x, x), 1).shape == np.concatenate([x, x], axis=-1).shape == (2, 6)
    assert OPS["cat"]((x, x), dim=1).shape == OPS["concatenate"](x, x, axis=1).shape == (2, 6)
    assert OPS["cat"](tensors=[x, x]).shape == (4, 3)
    assert np.stack((x, x), -1).shape == OPS["stack"]([x, x], dim=2).shape == (2, 3, 2)
    assert np.concatenate([np.ones(2), x[0]]).shape == (5,)
    assert np.flip(x, 0).tolist() == x.flip((0,)).tolist() == x.flip(dims=[0]).tolist()
    assert np.pad(x, ((1, 0), (0, 2)), "constant", constant_values=3).data.sum() == 42
    assert x.tile(2, 1).shape == x.tile((2, 1)).shape == np.tile(x, (2, 1)).shape == (4, 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.reshape(3, 2, order="F"),
        lambda x: np.reshape(x, (3, 2), order="F"),
        lambda x: x.reshape(),
        lambda x: x.reshape(2.0, 3.0),
        lambda x: x.reshape((2, 3), shape=(2, 3)),
        lambda x: x.ravel("F"),
        lambda x: x.expand_dims(),
        lambda x: x.expand_dims(axis="0"),
        lambda x: x.transpose(0, 1, dims=(0, 1)),
        lambda x: x.transpose(dim0=0),
        lambda x: x.roll(),
        lambda x: x.tile(),
        lambda x: x.broadcast_to(),
        lambda x: np.pad(x, 1, mode="median"),
        lambda x: np.pad(x, 1, "linear_ramp"),
        lambda x: np.pad(x, 1.5),
        lambda x: np.pad(x, "a"),
        lambda x: np.pad(x, 1, constant_values="a"),
        lambda x: x.repeat(x),
        lambda x: OPS["concatenate"](x, axis=0),
        lambda x: np.concatenate([x, x], axis=0.5),
        lambda x: np.concatenate([x, x], out=np.ones((4, 3))),
        lambda x: np.stack([x, x], axis="a"),
        lambda x: split(x, 1.5),
    ],
)
def test_calls_that_make_no_sense_are_refused(call):
    with pytest.raises(TypeError):
        call(tensor(np.ones((2, 3))))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.reshape(4, 2),
        lambda x: x.reshape(-1, 4),
        lambda x: x.reshape(-1, -1),
        lambda x: x.reshape(-1, 0),
        lambda x: x.flatten(0, 5),
        lambda x: x.flatten(1, 0),
        lambda x: x.expand_dims(7),
        lambda x: x.squeeze(0),
        lambda x: x.squeeze(5),
        lambda x: x.swapaxes(0, 2),
        lambda x: x.transpose(0, 1, 2),
        lambda x: x.transpose(0, 0),
        lambda x: x.transpose(0),
        lambda x: x.moveaxis(0, 2),
        lambda x: x.moveaxis((0, 1), 0),
        lambda x: x.flip(2),
        lambda x: x.roll(1, 2),
        lambda x: x.broadcast_to(2, 4),
        lambda x: np.pad(x, -1),
        lambda x: np.pad(x, ((1, 1), (1, 1), (1, 1))),
        lambda x: np.pad(x, 1, constant_values=(1, 2, 3)),
        lambda x: x.repeat(-1),
        lambda x: x.repeat([1, 2, 3], axis=0),
        lambda x: x.tile(-1),
        lambda x: x[0].diagonal(),
        lambda x: x.diagonal(0, 0, 0),
        lambda x: x[0].tril(),
        lambda x: Value(1.0).triu(),
        lambda x: np.concatenate([x, x[0]]),
        lambda x: np.concatenate([x, 1.0]),
        lambda x: np.concatenate([x, x], axis=2),
        lambda x: np.concatenate([x, np.ones((3, 3))], axis=1),
        lambda x: np.stack([x, x[:1]]),
        lambda x: OPS["concatenate"]([]),
        lambda x: OPS["stack"]([]),
        lambda x: split(x, 2, axis=1),
        lambda x: split(x, 0),
        lambda x: split(x, 2, axis=2),
        lambda x: Value(1.0)[0],
    ],
)
def test_shapes_that_do_not_fit_are_refused(call):
    with pytest.raises(ShapeError):
        call(tensor(np.ones((2, 3))))


EMPTY = [
    lambda x: x.ravel(),
    lambda x: x.transpose(),
    lambda x: x.expand_dims(0),
    lambda x: x.flip(),
    lambda x: x.roll(1),
    lambda x: x.broadcast_to(2, *x.shape),
    lambda x: x.repeat(2),
    lambda x: x.tile(2),
    lambda x: x.diagonal(),
    lambda x: x.tril(),
    lambda x: x[:, 1],
    lambda x: x[[]],
    lambda x: np.pad(x, 1),
    lambda x: np.concatenate([x, x]),
    lambda x: np.stack([x, x]),
]


@pytest.mark.parametrize("call", EMPTY)
def test_arrays_without_entries(call):
    x = tensor(np.ones((0, 3)))
    call(x).sum().backward()
    assert x.grad.shape == (0, 3)


MOVES = [
    *EMPTY,
    lambda x: x.reshape(x.shape),
    lambda x: x.squeeze(),
    lambda x: x.transpose(0, 1),
    lambda x: x.moveaxis(0, 0),
    lambda x: x.repeat(1),
    lambda x: x.tile(1),
    lambda x: x.roll(0),
    lambda x: x.tril(9),
    lambda x: x[:],
    lambda x: x[...],
    lambda x: np.pad(x, 0),
    lambda x: np.concatenate([x]),
    lambda x: np.stack([x]),
]


@pytest.mark.parametrize("call", MOVES)
def test_precision_stays_and_nothing_is_shared(call):
    x = tensor(np.ones((2, 3), np.float32))
    made = call(x)
    assert made.dtype == np.float32
    assert not np.shares_memory(made.data, x.data)
    seed = np.ones(made.shape, np.float32)
    (dx,) = gradients_of(made, (x,), seed=seed)
    assert dx.dtype == np.float32
    assert not np.shares_memory(dx, seed)
    with pytest.raises(ValueError, match="read-only"):
        made.data += 1


def test_parts_and_layers():
    x = tensor(np.arange(10.0).reshape(5, 2))
    for ours, theirs in (
        (split(x, [1, 3]), np.split(x.data, [1, 3])),
        (split(x, 5), np.split(x.data, 5)),
        (split(x, [2, 9]), np.split(x.data, [2, 9])),
        (split(x, 2, axis=-1), np.split(x.data, 2, axis=-1)),
        (array_split(x, 3), np.array_split(x.data, 3)),
        (array_split(x, 7), np.array_split(x.data, 7)),
        (unstack(x), list(x.data)),
        (unstack(x, 1), list(x.data.T)),
        ([take(x, [0, 9])], [np.take(x.data, [0, 9])]),
        ([take(x, 1, axis=1)], [np.take(x.data, 1, axis=1)]),
        ([hstack([x, x])], [np.hstack([x.data, x.data])]),
        ([vstack([x, x[0]])], [np.vstack([x.data, x.data[0]])]),
    ):
        assert len(ours) == len(theirs)
        for mine, peer in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(mine.data, peer)
    first, second = split(x, [2])
    (first.sum() * second.sum()).backward()
    assert x.grad.tolist() == [[39.0, 39.0]] * 2 + [[6.0, 6.0]] * 3


def test_third_derivatives():
    x = tensor([0.5, 1.5, -1.0])
    y = (np.concatenate([x[[0, 0, 2]], x.flip()]) ** 4).sum()
    for factor in (4, 12, 24):
        (y,) = gradients_of(y, (x,), create_graph=True)
        power = {4: 3, 12: 2, 24: 1}[factor]
        np.testing.assert_allclose(y.data, factor * x.data**power * [3, 1, 2], rtol=1e-14)
        y = y.sum()
