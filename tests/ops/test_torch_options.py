"""Every option that torch has: with all its neighbours as torch, or refused with a sentence.

The options are read from torch's own signatures, so that a new one is noticed. Those that
say how torch computes, and not what, are listed in `ABSENT`.
"""

import inspect
import math
import os
from itertools import product

import numpy as np
import pytest
from torch_peers import PEERS

from backviz import gradients_of, nn, tensor
from backviz.errors import InputError
from backviz.nn import init, losses
from backviz.nn.embedding import NOT_HERE
from backviz.nn.exchange import differences
from backviz.optim import OPTIMIZERS, SCHEDULES, clip_by_norm, clip_by_value

if os.environ.get("CI_PEERS"):
    import torch
else:
    torch = pytest.importorskip("torch")

pytestmark = [pytest.mark.peers, pytest.mark.blas]
tnn, rates = torch.nn, torch.optim.lr_scheduler

ABSENT = {
    "device", "dtype", "inplace", "foreach", "fused", "capturable", "differentiable",  # how
    "last_epoch", "generator",  # where the state is: steps are counted by optimizers, seeds given
    "size_average", "reduce", "min_value", "max_value",  # deprecated in torch
    "epochs", "steps_per_epoch",  # total_steps is their product
    "a", "nonlinearity",  # of kaiming: gain=init.gain(nonlinearity, a)
}  # fmt: skip
RANDOM = np.random.default_rng(8)
X, Y = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(4, 3))
P, Q = RANDOM.uniform(0.1, 0.9, (4, 3)), RANDOM.uniform(0, 1, (4, 3))
LABELS = np.array([2, 0, 1, 1])
REDUCTION = ["mean", "sum", "none"]
WEIGHT = [None, RANDOM.uniform(0.5, 2, (4, 3))]
CLASS_WEIGHT = [None, np.array([0.5, 2.0, 1.5])]
BOTH = [False, True]


def options_of(torch_s, positional):
    """The options of something in torch, without its operands."""
    named = list(inspect.signature(torch_s).parameters)
    return [name for name in named if name not in {"self", "args", "kwargs", *positional}]


def assert_walked(torch_s, positional, values, call):
    """All options are compared or refused by a sentence that names them."""
    for name in options_of(torch_s, positional):
        assert (name in values) != (name in ABSENT), f"{torch_s}: {name}"
        if name in ABSENT:
            with pytest.raises((TypeError, InputError), match=f"'{name}'") as caught:
                call(**{name: 1})
            assert "\n" not in str(caught.value)
    assert set(values) <= set(options_of(torch_s, positional))


def choices(values):
    """All combinations of options, as dictionaries."""
    return [dict(zip(values, each, strict=True)) for each in product(*values.values())]


def close(ours, theirs, said=""):
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, err_msg=str(said))


def in_torch(given):
    return torch.tensor(given) if isinstance(given, np.ndarray) else given


# Losses ---------------------------------------------------------------------------------

LOSSES = {
    "mse_loss": ((X, Y), None, {"reduction": REDUCTION, "weight": WEIGHT}),
    "l1_loss": ((X, Y), None, {"reduction": REDUCTION, "weight": WEIGHT}),
    "huber_loss": (
        (X, Y), None, {"reduction": REDUCTION, "weight": WEIGHT, "delta": [1.0, 0.3, 5.0]},
    ),
    "smooth_l1_loss": ((X, Y), None, {"reduction": REDUCTION, "beta": [1.0, 0.3, 0.0]}),
    "binary_cross_entropy": ((P, Q), None, {"reduction": REDUCTION, "weight": WEIGHT}),
    "binary_cross_entropy_with_logits": (
        (X, Q), None,
        {"reduction": REDUCTION, "weight": WEIGHT, "pos_weight": CLASS_WEIGHT},
    ),
    "multi_margin_loss": (
        (X,), LABELS,
        {"reduction": REDUCTION, "weight": CLASS_WEIGHT, "p": [1, 2], "margin": [1.0, 0.4]},
    ),
    "nll_loss": (
        (X,), LABELS,
        {"reduction": REDUCTION, "weight": CLASS_WEIGHT, "ignore_index": [-100, 1]},
    ),
    "cross_entropy": (
        (X,), LABELS,
        {"reduction": REDUCTION, "weight": CLASS_WEIGHT, "ignore_index": [-100, 1],
         "label_smoothing": [0.0, 0.3]},
    ),
}  # fmt: skip


def test_no_loss_is_left_out():
    # torch has no hinge of two classes; the other is a shorter name
    assert set(LOSSES) | {"hinge_loss", "bce_with_logits"} == set(losses.__all__)
    assert losses.bce_with_logits is losses.binary_cross_entropy_with_logits


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    arrays, labels, values = LOSSES[name]
    ours, theirs = getattr(losses, name), getattr(tnn.functional, name)
    more = () if labels is None else (labels,)
    assert_walked(theirs, ("input", "target"), values, lambda **o: ours(*arrays, *more, **o))
    for options in choices(values):
        leaves = tuple(map(tensor, arrays))
        peers = [torch.tensor(a, requires_grad=True) for a in arrays]
        made = ours(*leaves, *more, **options)
        peer = theirs(*peers, *map(in_torch, more), **{k: in_torch(v) for k, v in options.items()})
        close(made.data, peer.detach().numpy(), options)
        seed = np.cos(np.arange(made.size)).reshape(made.shape)
        peer.backward(torch.tensor(seed))
        for mine, other in zip(gradients_of(made, leaves, seed=seed), peers, strict=True):
            close(mine, other.grad.numpy(), options)


# Layers and activations -------------------------------------------------------------------

IMAGE = RANDOM.normal(size=(2, 4, 4, 5))
ROWS = RANDOM.normal(size=(5, 4))
LAYERS = {
    "Linear": ((4, 3), ROWS, ("in_features", "out_features"), {"bias": BOTH}),
    "Conv2d": (
        (4, 6, (3, 2)), IMAGE, ("in_channels", "out_channels", "kernel_size"),
        {"stride": [1, (2, 1)], "padding": [0, (1, 2), "same", "valid"], "dilation": [1, (1, 2)],
         "groups": [1, 2], "bias": BOTH,
         "padding_mode": ["zeros", "reflect", "replicate", "circular"]},
    ),
    "ConvTranspose2d": (
        (4, 6, (3, 2)), IMAGE, ("in_channels", "out_channels", "kernel_size"),
        {"stride": [1, (2, 3)], "padding": [0, (1, 2)], "output_padding": [0, (1, 2)],
         "groups": [1, 2], "bias": BOTH, "dilation": [1, (1, 2)], "padding_mode": ["zeros"]},
    ),
    "BatchNorm1d": (
        (4,), ROWS, ("num_features",),
        {"eps": [1e-5, 0.3], "momentum": [0.1, 0.7, None], "affine": BOTH,
         "track_running_stats": BOTH, "bias": BOTH},
    ),
    "BatchNorm2d": (
        (4,), IMAGE, ("num_features",),
        {"eps": [1e-5, 0.3], "momentum": [0.1, 0.7, None], "affine": BOTH,
         "track_running_stats": BOTH, "bias": BOTH},
    ),
    "GroupNorm": (
        (2, 4), IMAGE, ("num_groups", "num_channels"),
        {"eps": [1e-5, 0.3], "affine": BOTH, "bias": BOTH},
    ),
    "MaxPool1d": (
        (3,), IMAGE[0], ("kernel_size", "return_indices"),
        {"stride": [None, 1, 2], "padding": [0, 1], "dilation": [1, 2], "ceil_mode": BOTH},
    ),
    "MaxPool2d": (
        ((2, 3),), IMAGE, ("kernel_size", "return_indices"),
        {"stride": [None, 1, (2, 1)], "padding": [0, 1], "dilation": [1, (1, 2)],
         "ceil_mode": BOTH},
    ),
    "AvgPool1d": (
        (3,), IMAGE[0], ("kernel_size",),
        {"stride": [None, 1, 2], "padding": [0, 1], "ceil_mode": BOTH, "count_include_pad": BOTH},
    ),
    "AvgPool2d": (
        ((2, 3),), IMAGE, ("kernel_size",),
        {"stride": [None, 1, (2, 1)], "padding": [0, 1], "ceil_mode": BOTH,
         "count_include_pad": BOTH, "divisor_override": [None, 5]},
    ),
    "Embedding": (
        (5, 3), np.array([[0, 4, 1], [4, 4, 2]]), ("num_embeddings", "embedding_dim", *NOT_HERE),
        {"padding_idx": [None, 4, -1]},
    ),
    "LayerNorm": (
        (4,), ROWS, ("normalized_shape",),
        {"eps": [1e-5, 0.3], "elementwise_affine": BOTH, "bias": BOTH},
    ),
    "Flatten": ((), IMAGE, (), {"start_dim": [1, 0, -3], "end_dim": [-1, 2]}),
    "Identity": ((), ROWS, (), {}),
    "Tanh": ((), ROWS, (), {}),
    "Sigmoid": ((), ROWS, (), {}),
    "ReLU": ((), ROWS, (), {}),
    "ReLU6": ((), 5 * ROWS, (), {}),
    "Hardtanh": ((), ROWS, (), {"min_val": [-1.0, -0.2], "max_val": [1.0, 0.3]}),
    "Hardsigmoid": ((), 3 * ROWS, (), {}),
    "Hardswish": ((), 3 * ROWS, (), {}),
    "LeakyReLU": ((), ROWS, (), {"negative_slope": [0.01, 0.4]}),
    "PReLU": ((), ROWS, (), {"num_parameters": [1, 4], "init": [0.25, -0.5]}),
    "ELU": ((), ROWS, (), {"alpha": [1.0, 0.3]}),
    "CELU": ((), ROWS, (), {"alpha": [1.0, 0.25]}),  # 1/alpha in torch is of single precision
    "SELU": ((), ROWS, (), {}),
    "SiLU": ((), ROWS, (), {}),
    "Softplus": ((), 5 * ROWS, (), {"beta": [1.0, 2.5], "threshold": [20.0, 1.0]}),
    "LogSigmoid": ((), ROWS, (), {}),
    "Mish": ((), ROWS, (), {}),
    "Softsign": ((), ROWS, (), {}),
    "GELU": ((), ROWS, (), {"approximate": ["none", "tanh"]}),
    "Softmax": ((), ROWS, (), {"dim": [0, 1, -1]}),
    "Softmin": ((), ROWS, (), {"dim": [0, 1, -1]}),
    "LogSoftmax": ((), ROWS, (), {"dim": [0, 1, -1]}),
}  # fmt: skip
SEEDED = {"Linear", "Conv2d", "ConvTranspose2d", "Embedding"}


def test_no_layer_is_left_out():
    there = {name for name in nn.__all__ if name[0].isupper() and hasattr(tnn, name)}
    # Dropout's draws are its own, see test_nn; Sequential has no options; those of sequences are
    # walked in test_sequences
    elsewhere = {"Dropout", "Sequential", "Module", "RNN", "LSTM", "GRU", "MultiheadAttention"}
    assert set(LAYERS) | elsewhere == there
    for inplace in (nn.Dropout, nn.ReLU, nn.LeakyReLU):
        with pytest.raises((TypeError, InputError), match="'inplace'"):
            inplace(inplace=True)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even:UserWarning")  # torch: a copy
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    args, x, positional, values = LAYERS[name]
    kind, peer_kind = getattr(nn, name), getattr(tnn, name)
    seed = {"seed": 1} if name in SEEDED else {}
    assert_walked(peer_kind.__init__, positional, values, lambda **o: kind(*args, **seed, **o))
    compared, several = 0, choices(values)
    several = several[::3] if len(several) > 40 else several  # still all pairs of options
    for options in several:
        if name == "ConvTranspose2d" and options["stride"] == 1 and options["output_padding"]:
            with pytest.raises(InputError, match="smaller than the stride"):
                kind(*args, **seed, **options)
            continue
        try:
            theirs = PEERS.get(name.lower(), peer_kind)(*args, **options).double()
        except ValueError as error:
            assert "not supported" in str(error)  # "same" with a stride
            with pytest.raises(InputError, match="stride 1 only"):
                kind(*args, **seed, **options)
            continue
        ours = kind(*args, **seed, **options)
        for p in ours.parameters():
            p.data[...] = RANDOM.normal(0.3, 1, p.shape)
        theirs.load_state_dict({k: torch.as_tensor(v) for k, v in nn.to_torch(ours).items()})
        for training in (True, True, False) if ours.BUFFERS else (True,):
            moved = x if x.dtype.kind == "i" else x + compared / 99
            one_step(ours.train(training), theirs.train(training), moved, options)
            for key, held in theirs.state_dict().items():
                close(nn.to_torch(ours)[key], held.numpy(), (options, key))
        compared += 1
    assert compared >= len(several) * (2 / 3 if name.startswith("Conv") else 1)


def one_step(ours, theirs, x, said):
    words = x.dtype.kind == "i"  # they have no gradient
    leaf, peer = (x, torch.tensor(x)) if words else (tensor(x), torch.tensor(x, requires_grad=True))
    out, other = ours(leaf), theirs(peer)
    close(out.data, other.detach().numpy(), said)
    weights = np.cos(np.arange(out.size)).reshape(out.shape)
    ours.zero_grad(), theirs.zero_grad()
    out.backward(weights), other.backward(torch.tensor(weights))
    if not words:
        close(leaf.grad, peer.grad.numpy(), said)
    named = dict(theirs.named_parameters())
    assert [key for key, _ in ours.named_parameters()] == list(named)
    for key, p in ours.named_parameters():
        grad = named[key].grad.numpy()
        close(p.grad, grad.T if key in differences(ours)[0] else grad, said)


# Optimizers -----------------------------------------------------------------------------

DECAY, SIGN = {"weight_decay": [0.0, 0.1]}, {"maximize": BOTH}
BETAS = {"betas": [(0.9, 0.999), (0.7, 0.95)], "eps": [1e-8, 0.1], **DECAY, **SIGN}
STEPPERS = {
    "SGD": {"momentum": [0.0, 0.8], "dampening": [0.0, 0.3], "nesterov": BOTH, **DECAY, **SIGN},
    "Adagrad": {"lr_decay": [0.0, 0.2], "initial_accumulator_value": [0.0, 0.4],
                "eps": [1e-10, 0.1], **DECAY, **SIGN},
    "Adadelta": {"rho": [0.9, 0.6], "eps": [1e-6, 0.1], **DECAY, **SIGN},
    "RMSprop": {"alpha": [0.99, 0.7], "eps": [1e-8, 0.1], "momentum": [0.0, 0.8],
                "centered": BOTH, **DECAY, **SIGN},
    "Adam": {**BETAS, "amsgrad": BOTH, "decoupled_weight_decay": BOTH},
    "AdamW": {**BETAS, "amsgrad": BOTH},
    "Adamax": BETAS,
    "NAdam": {**BETAS, "momentum_decay": [0.004, 0.3], "decoupled_weight_decay": BOTH},
    "RAdam": {**BETAS, "decoupled_weight_decay": BOTH},
}  # fmt: skip


def test_no_optimizer_is_left_out():
    there = {m.title for m in OPTIMIZERS.values() if "torch" in m.conventions}
    assert set(STEPPERS) | {"AMSGrad"} == there  # in torch an option of Adam


@pytest.mark.parametrize("name", STEPPERS)
def test_optimizers(name):
    values = {"lr": [0.02], **STEPPERS[name]}
    kind = getattr(torch.optim, name)
    start = np.array([[-1.2, 1.0], [0.3, 2.0]])
    assert_walked(
        kind.__init__, ("params",), values, lambda **o: OPTIMIZERS[name](start.copy(), **o)
    )
    torch.set_default_dtype(torch.float64)  # in which NAdam keeps its product
    try:
        for options in choices(values):
            if options.get("nesterov") and (not options["momentum"] or options["dampening"]):
                with pytest.raises(InputError, match="nesterov=True needs a momentum"):
                    OPTIMIZERS[name](start.copy(), **options)
                continue
            x, y = start.copy(), torch.tensor(start, requires_grad=True)
            ours, theirs = OPTIMIZERS[name](x, **options), kind([y], **options)
            for t in range(12):
                ours.step(np.sin(x) + 0.1 * t)
                y.grad = torch.sin(y.detach()) + 0.1 * t
                theirs.step()
            close(x, y.detach().numpy(), options)
    finally:
        torch.set_default_dtype(torch.float32)


# Schedules ------------------------------------------------------------------------------

STEPS = 40
SCHEDULERS = {
    "step": (rates.StepLR, {"step_size": [1, 7], "gamma": [0.1, 0.7]}),
    "multistep": (rates.MultiStepLR, {"milestones": [[3], [20, 5, 5]], "gamma": [0.1, 0.7]}),
    "exponential": (rates.ExponentialLR, {"gamma": [0.9, 0.5]}),
    "cosine": (rates.CosineAnnealingLR, {"T_max": [40, 9], "eta_min": [0.0, 0.05]}),
    "linear": (
        rates.LinearLR,
        {"start_factor": [1 / 3, 0.9], "end_factor": [1.0, 0.2], "total_iters": [5, 30]},
    ),
    "one_cycle": (
        rates.OneCycleLR,
        {"max_lr": [0.3], "total_steps": [STEPS], "pct_start": [0.3, 0.45],
         "anneal_strategy": ["cos", "linear"], "cycle_momentum": BOTH,
         "base_momentum": [0.85, 0.0], "max_momentum": [0.95, 0.9], "div_factor": [25.0, 3.0],
         "final_div_factor": [1e4, 10.0], "three_phase": BOTH},
    ),
}  # fmt: skip
PLATEAU = {
    "mode": ["min", "max"], "factor": [0.1, 0.6], "patience": [10, 2], "threshold": [1e-4, 0.05],
    "threshold_mode": ["rel", "abs"], "cooldown": [0, 3], "min_lr": [0, 0.05], "eps": [1e-8, 0.02],
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedules(name):
    kind, values = SCHEDULERS[name]
    rate = {} if name == "one_cycle" else {"lr": 0.3}
    smallest = next(iter(choices(values)))
    assert_walked(
        kind.__init__,
        ("optimizer",),
        values,
        lambda **o: SCHEDULES[name](**rate, **{k.lower(): v for k, v in smallest.items()}, **o),
    )
    for options in choices(values):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3, momentum=0.5)
        scheduler = kind(optimizer, **options)
        ours = SCHEDULES[name](**rate, **{k.lower(): v for k, v in options.items()})
        for t in range(STEPS):
            group = optimizer.param_groups[0]
            close(ours(t), group["lr"], (options, t))
            if ours.cycles:
                close(ours.momentum(t), group["momentum"], (options, t))
            optimizer.step()
            if t < STEPS - 1:
                scheduler.step()
        assert ours.cycles == options.get("cycle_momentum", False)


def test_the_plateau():
    assert_walked(
        rates.ReduceLROnPlateau.__init__,
        ("optimizer",),
        PLATEAU,
        lambda **o: SCHEDULES["reduce_on_plateau"](0.3, **o),
    )
    loss = np.abs(np.cumsum(np.random.default_rng(2).normal(-0.01, 0.05, STEPS)) + 1)
    for options in choices(PLATEAU):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
        theirs = rates.ReduceLROnPlateau(optimizer, **options)
        ours = SCHEDULES["reduce_on_plateau"](0.3, **options)
        for x in loss:
            theirs.step(x)
            close(ours.report(x), optimizer.param_groups[0]["lr"], options)


# Clipping and initial weights ---------------------------------------------------------------


def test_clipping():
    grads = [RANDOM.normal(size=(3, 2)), RANDOM.normal(size=4)]
    values = {
        "max_norm": [0.5, 100.0, math.inf], "norm_type": [1, 2.0, 3, math.inf],
        "error_if_nonfinite": BOTH,
    }  # fmt: skip
    theirs = torch.nn.utils.clip_grad_norm_
    assert_walked(
        theirs, ("parameters",), values, lambda **o: clip_by_norm([g.copy() for g in grads], 1, **o)
    )
    for options in choices(values):
        peers = [torch.zeros(g.shape, dtype=torch.float64) for g in grads]
        for peer, g in zip(peers, grads, strict=True):
            peer.grad = torch.tensor(g)
        ours = [g.copy() for g in grads]
        close(clip_by_norm(ours, **options), theirs(peers, **options).item(), options)
        for g, peer in zip(ours, peers, strict=True):
            close(g, peer.grad.numpy(), options)
    assert_walked(
        torch.nn.utils.clip_grad_value_,
        ("parameters",),
        {"clip_value": [1]},
        lambda **o: clip_by_value(grads[0].copy(), 1, **o),
    )


def test_initial_weights():
    names = {
        "zeros": "zeros_", "ones": "ones_", "constant": "constant_", "normal": "normal_",
        "uniform": "uniform_", "xavier_normal": "xavier_normal_",
        "xavier_uniform": "xavier_uniform_", "he_normal": "kaiming_normal_",
        "he_uniform": "kaiming_uniform_", "orthogonal": "orthogonal_",
    }  # fmt: skip
    renamed = {("uniform", "a"): "low", ("uniform", "b"): "high", ("constant", "val"): "value"}
    for name, theirs in names.items():
        ours = getattr(init, name)
        for option in options_of(getattr(torch.nn.init, theirs), ("tensor",)):
            if renamed.get((name, option), option) in inspect.signature(ours).parameters:
                continue
            assert option in ABSENT, (name, option)
            with pytest.raises(TypeError, match=f"'{option}'"):
                ours((3, 2), seed=0, **{option: 1})
