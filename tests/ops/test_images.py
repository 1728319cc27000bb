"""Borders, windows, pooling and other sizes of images: every option, as numpy and torch have it."""

import inspect
from itertools import product

import numpy as np
import pytest

from backviz import nn, tensor
from backviz.errors import InputError, ShapeError
from backviz.graphs.recorded import rules_of
from backviz.nn.embedding import NOT_HERE
from backviz.ops import OPS, avg_pool2d, max_pool2d

RANDOM = np.random.default_rng(4)
IMAGE = np.ones((1, 1, 4, 4))
HOSTILE = [
    lambda: OPS["unfold"](tensor(np.ones((1, 1, 3, 3))), 4),
    lambda: OPS["fold"](tensor(np.ones((1, 3, 4))), 3, 2),
    lambda: OPS["conv_transpose1d"](tensor(np.ones((1, 2, 3))), tensor(np.ones((1, 1, 2)))),
    lambda: OPS["conv_transpose1d"](tensor(IMAGE[0]), tensor(IMAGE[0]), output_padding=1),
    lambda: OPS["interpolate"](tensor(IMAGE), 3, mode="linear"),
    lambda: OPS["interpolate"](tensor(IMAGE), (3, 3, 3)),
]
REFUSED = {
    "is one of .*'reflect'.*, not 'mean'": lambda x: np.pad(x, 1, "mean"),
    "'reflect_type'": lambda x: np.pad(x, 1, "reflect", reflect_type="odd"),
    "pad_width as numpy takes it, or pad": lambda x: x.pad(1, pad=(1, 1)),
    "not 'trilinear'": lambda x: OPS["interpolate"](x, 3, mode="trilinear"),
    "antialias is not there": lambda x: OPS["interpolate"](x, 3, mode="bilinear", antialias=True),
    "align_corners goes with": lambda x: OPS["interpolate"](x, 3, align_corners=True),
    "the size or the scale_factor": OPS["interpolate"],
    "no option 'return_indices'": lambda x: max_pool2d(x, 2, return_indices=True),
    "no option 'dilation'": lambda x: avg_pool2d(x, 2, dilation=2),
}


@pytest.mark.parametrize("said", REFUSED)
def test_an_option_that_is_not_there_is_named(said):
    with pytest.raises(TypeError, match=said):
        REFUSED[said](tensor(IMAGE))


def test_numpy_s_pad_records_in_every_mode_of_copies():
    x = np.arange(6.0).reshape(2, 3)
    for mode in ("edge", "reflect", "symmetric", "wrap"):
        for width in (1, (0, 2), ((1, 0), (2, 1)), 4):
            leaf = tensor(x)
            made = np.pad(leaf, width, mode)
            np.testing.assert_array_equal(made.data, np.pad(x, width, mode))
            made.sum().backward()
            counts = np.bincount(np.pad(np.arange(6).reshape(2, 3), width, mode).ravel())
            np.testing.assert_array_equal(leaf.grad, counts.reshape(2, 3))


def test_options_that_are_the_usual_ones_are_not_printed():
    x = tensor(np.ones((1, 1, 4)), "x")
    for made, text in (
        (OPS["windows"](x, size=(2,)), "overlap_add(g, extent=(4,))"),
        (
            OPS["windows"](x, size=(2,), stride=2, padding=0),
            "overlap_add(g, extent=(4,), stride=(2,))",
        ),
        (
            OPS["overlap_add"](OPS["windows"](x, size=(2,)), extent=(4,)),
            "windows(g, size=(2,))",
        ),
    ):
        assert str(rules_of(made, [0])[0]) == text


@pytest.mark.parametrize("call", HOSTILE)
def test_what_does_not_fit_is_said(call):
    with pytest.raises(ShapeError):
        call()


# Every combination, against torch ------------------------------------------------------


def same(name, x, options):
    """Whether value and gradient are torch's; False where torch refuses, as we do then."""
    torch = pytest.importorskip("torch")
    leaf, peer = tensor(x), torch.tensor(x, requires_grad=True)
    try:
        other = getattr(torch.nn.functional, name)(peer, **options)
    except RuntimeError:
        with pytest.raises(ShapeError):
            OPS[name](leaf, **options)
        return False
    made = OPS[name](leaf, **options)
    assert made.shape == tuple(other.shape), options
    seed = np.cos(np.arange(made.size)).reshape(made.shape)
    made.backward(seed), other.backward(torch.tensor(seed))
    for mine, theirs in ((made.data, other.detach()), (leaf.grad, peer.grad)):
        np.testing.assert_allclose(mine, theirs.numpy(), 1e-12, 1e-13, err_msg=str(options))
    return True


BOTH = (False, True)


@pytest.mark.peers
def test_pooling_with_every_option():
    names = ("kernel_size", "stride", "padding", "ceil_mode")
    count = 0
    for length, *walk in product((3, 4, 7), (1, 2, 3), (1, 2, 3), (0, 1), BOTH):
        x, options = RANDOM.normal(size=(1, 2, length)), dict(zip(names, walk, strict=True))
        for dilation in (1, 2):
            count += same("max_pool1d", x, {**options, "dilation": dilation})
        for inside in BOTH:
            count += same("avg_pool1d", x, {**options, "count_include_pad": inside})
    assert count > 300


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore:The default behavior:UserWarning")
def test_other_sizes_in_every_mode():
    for n, size in product(range(1, 7), range(1, 9)):
        x = RANDOM.normal(size=(1, 1, n))
        for mode in ("nearest", "nearest-exact", "linear", "area"):
            assert same("interpolate", x, {"size": size, "mode": mode})
        assert same("interpolate", x, {"size": size, "mode": "linear", "align_corners": True})
    # at 1.1 and 1.3 torch 2.13's gradient is not that of its value, where the size stays
    for n, scale in product(range(1, 7), (0.5, 0.7, 2, 2.5, 3)):
        if n * scale < 1:
            continue
        x, options = RANDOM.normal(size=(1, 1, n, n + 1)), {"scale_factor": scale}
        for mode, again in product(("nearest", "nearest-exact"), (None, True)):
            asked = {**options, "mode": mode, "recompute_scale_factor": again}
            assert same("interpolate", x, asked)
        for mode, corners in product(("bilinear", "bicubic"), (None, False, True)):
            assert same("interpolate", x, {**options, "mode": mode, "align_corners": corners})


@pytest.mark.peers
def test_torch_s_form_of_padding():
    x = RANDOM.normal(size=(1, 2, 3, 4))
    torch = pytest.importorskip("torch")
    for mode, pad in product(
        ("constant", "reflect", "replicate", "circular"), ([1, 2], [0, 1, 2, 0])
    ):
        leaf, peer = tensor(x), torch.tensor(x, requires_grad=True)
        if len(pad) == 2 and mode != "constant":
            leaf, peer = tensor(x[0]), torch.tensor(x[0], requires_grad=True)
        made = OPS["pad"](leaf, pad=pad, mode=mode)
        other = torch.nn.functional.pad(peer, pad, mode)
        np.testing.assert_array_equal(made.data, other.detach().numpy())
        (made**2).sum().backward(), (other**2).sum().backward()
        np.testing.assert_allclose(leaf.grad, peer.grad.numpy(), 1e-14)


TAKEN = {  # a value that goes with the call, for each option of torch's
    "interpolate": (((IMAGE,), {"size": 3, "mode": "bilinear"}), {
        "size": 3, "scale_factor": 2, "mode": "bicubic", "align_corners": True,
        "recompute_scale_factor": None,
    }),
    "unfold": (((IMAGE,), {"kernel_size": 2}), {
        "kernel_size": 3, "dilation": 1, "padding": 1, "stride": 2,
    }),
    "fold": (((np.ones((1, 4, 9)),), {"output_size": 4, "kernel_size": 2}), {
        "output_size": (4, 4), "kernel_size": (2, 2), "dilation": 1, "padding": 0, "stride": 1,
    }),
    "pad": (((IMAGE,), {"pad": (1, 1)}), {"pad": (0, 2), "mode": "constant", "value": 3.0}),
    "embedding": ((([0, 1], np.ones((3, 2))), {}), {"padding_idx": 1}),
}  # fmt: skip


@pytest.mark.peers
@pytest.mark.parametrize("name", TAKEN)
def test_every_option_of_torch_s_function_is_taken_or_refused_by_name(name):
    functional = pytest.importorskip("torch").nn.functional
    (operands, usual), taken = TAKEN[name]
    options = [*inspect.signature(getattr(functional, name)).parameters][len(operands) :]
    assert set(taken) <= set(options)
    for option in options:
        if option in taken:
            others = {k: v for k, v in usual.items() if (k, option) != ("size", "scale_factor")}
            assert OPS[name](*operands, **{**others, option: taken[option]}) is not None
        else:
            with pytest.raises(TypeError, match=option):
                OPS[name](*operands, **{**usual, option: 1})


# The layers ---------------------------------------------------------------------------


@pytest.mark.peers
def test_a_transposed_convolution_takes_the_wanted_size():
    torch = pytest.importorskip("torch")
    x = RANDOM.normal(size=(2, 4, 4, 5))
    ours = nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, seed=0)
    theirs = torch.nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1).double()
    theirs.load_state_dict({k: torch.as_tensor(v) for k, v in nn.to_torch(ours).items()})
    for size in ((7, 9), (8, 10), [7, 10]):
        made, other = ours(x, size), theirs(torch.tensor(x), output_size=size)
        np.testing.assert_allclose(made.data, other.detach().numpy(), 1e-12, 1e-12)
    with pytest.raises(InputError, match="smaller than the stride"):
        ours(x, (9, 9))


def test_what_a_layer_leaves_out_it_refuses_by_name():
    for name in NOT_HERE:
        with pytest.raises(InputError, match=f"no option '{name}': "):
            nn.Embedding(3, 2, seed=0, **{name: 1})
    for kind in (nn.MaxPool1d, nn.MaxPool2d):
        with pytest.raises(InputError, match="no option 'return_indices': "):
            kind(2, return_indices=True)
    with pytest.raises(InputError, match="padding_mode is 'zeros'"):
        nn.ConvTranspose2d(1, 1, 2, padding_mode="reflect", seed=0)
    with pytest.raises(TypeError, match="unexpected option 'steps'"):
        nn.LSTM(1, 1, seed=0, steps=3)


def test_the_row_of_the_padding_is_0_and_stays_0():
    words = nn.Embedding(3, 2, padding_idx=-1, seed=0)
    assert words.weight.data[2].tolist() == [0.0, 0.0]
    words([2, 0, 2, 0]).sum().backward()
    assert words.weight.grad.tolist() == [[2.0, 2.0], [0.0, 0.0], [0.0, 0.0]]
    with pytest.raises(IndexError, match="index 3 is out of bounds"):
        words([3])
