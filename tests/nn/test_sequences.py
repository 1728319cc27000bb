"""RNN, LSTM, GRU and attention: every option as torch, or refused by name; names in pictures."""

import inspect
from itertools import product

import numpy as np
import pytest

from backviz import nn, tape, tensor
from backviz.errors import InputError, ShapeError
from backviz.nn import attention, recurrent
from backviz.nn.exchange import differences

RANDOM = np.random.default_rng(12)
BOTH = (False, True)
X = RANDOM.normal(size=(4, 2, 3))  # steps, batch, width


def close(ours, theirs, said=""):
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12, err_msg=str(said))


def flat(made):
    """All arrays of an output in their order."""
    if isinstance(made, tuple):
        return [each for part in made if part is not None for each in flat(part)]
    return [made]


def same(ours, theirs, call, given, said):
    """Values and gradients of all outputs, inputs and parameters; `call(layer, *leaves)`."""
    torch = pytest.importorskip("torch")
    for p in ours.parameters():
        p.data[...] = RANDOM.normal(0.1, 0.6, p.shape)
    theirs.load_state_dict({k: torch.as_tensor(v) for k, v in nn.to_torch(ours).items()})
    ours.eval(), theirs.eval()
    leaves = [tensor(x) for x in given]
    peers = [torch.tensor(x, requires_grad=True) for x in given]
    total, other_total = 0.0, 0.0
    for mine, other in zip(flat(call(ours, *leaves)), flat(call(theirs, *peers)), strict=True):
        close(mine.data, other.detach().numpy(), said)
        weights = np.cos(np.arange(mine.size)).reshape(mine.shape)
        total = total + (mine * weights).sum()
        other_total = other_total + (other * torch.tensor(weights)).sum()
    total.backward(), other_total.backward()
    for mine, other in zip(leaves, peers, strict=True):
        close(mine.grad, other.grad.numpy(), said)
    named, turned = dict(theirs.named_parameters()), differences(ours)[0]
    assert [key for key, _ in ours.named_parameters()] == list(named)
    for key, p in ours.named_parameters():
        grad = named[key].grad.numpy()
        close(p.grad, grad.T if key in turned else grad, (said, key))


def options_of(torch_s, positional):
    named = list(inspect.signature(torch_s).parameters)
    return {n for n in named if n not in {"self", "args", "kwargs", *positional}}


# Recurrent layers ------------------------------------------------------------------------

SHARED = {
    "num_layers": [1, 2], "bias": BOTH, "batch_first": BOTH, "dropout": [0.0, 0.3],
    "bidirectional": BOTH,
}  # fmt: skip
LAYERS = {
    "RNN": {**SHARED, "nonlinearity": ["tanh", "relu"]},
    "LSTM": {**SHARED, "proj_size": [0, 2]},
    "GRU": SHARED,
}


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore:dropout option adds dropout:UserWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_recurrent_layers_are_torch_s_with_every_option(name):
    torch = pytest.importorskip("torch")
    values = LAYERS[name]
    wanted = options_of(torch.nn.RNNBase.__init__, ("mode", "input_size", "hidden_size"))
    refused = {"device", "dtype"} | ({"proj_size"} - set(values))
    assert set(values) - {"nonlinearity"} == wanted - refused
    for option in refused:
        with pytest.raises(InputError, match=f"no option '{option}': "):
            getattr(nn, name)(3, 4, seed=0, **{option: 1})
    for each in product(*values.values()):
        options = dict(zip(values, each, strict=True))
        ours = getattr(nn, name)(3, 4, seed=0, **options)
        theirs = getattr(torch.nn, name)(3, 4, **options).double()
        same(ours, theirs, lambda layer, x: layer(x), [X], options)


@pytest.mark.peers
@pytest.mark.parametrize("name", LAYERS)
def test_first_states_and_inputs_without_a_batch(name):
    torch = pytest.importorskip("torch")
    for layers, both in product((1, 2), BOTH):
        options = {"num_layers": layers, "bidirectional": both}
        ours = getattr(nn, name)(3, 4, seed=0, **options)
        theirs = getattr(torch.nn, name)(3, 4, **options).double()
        states = 2 if name == "LSTM" else 1
        first = [RANDOM.normal(size=(layers * (1 + both), 2, 4)) for _ in range(states)]

        def call(layer, x, *state):
            return layer(x, state if len(state) > 1 else state[0])

        same(ours, theirs, call, [X, *first], options)
        same(ours, theirs, call, [X[:, 0], *(s[:, 0] for s in first)], options)


def test_one_step_of_an_lstm_has_the_letters_of_its_equations():
    lstm = nn.LSTM(2, 3, seed=0)
    out, (h, c) = lstm(tensor(np.ones((2, 1, 2)), "x"))
    labels = {v.label for v in tape(out.sum()) if v.label}
    letters = {f"{s}{t}" for s in "ifgoch" for t in (1, 2)}
    assert labels == {"x", "Wx", "Wh", "bx", "bh", "h0", "c0", *letters}
    assert h.shape == c.shape == (1, 1, 3)
    pair = nn.Sequential(nn.GRU(2, 3, 2, seed=0), nn.GRU(3, 3, seed=0)).label_parameters()
    assert [p.label for p in pair.parameters()][::4] == ["Wx1_l0", "Wx1_l1", "Wx2"]


def test_dropout_between_layers_is_one_of_training_and_of_the_state():
    rnn = nn.RNN(3, 4, 2, dropout=0.5, seed=0)
    a, b = rnn(X)[0].data, rnn(X)[0].data
    assert (a != b).any() and (rnn.eval()(X)[0].data == rnn(X)[0].data).all()
    assert {"drop.key", "drop.calls"} <= set(rnn.state_dict())
    assert not [k for k in nn.to_torch(rnn) if k.startswith("drop")]


HOSTILE = {
    "takes .steps, batch, 3., or .steps, 3.": lambda: nn.RNN(3, 4, seed=0)(np.ones((2, 4))),
    "no step in an input": lambda: nn.RNN(3, 4, seed=0)(np.ones((0, 2, 3))),
    "the first h has the shape .1, 4.": lambda: nn.GRU(3, 4, seed=0)(X, np.ones((1, 4))),
    "a pair, .h, c.": lambda: nn.LSTM(3, 4, seed=0)(X, np.ones((1, 2, 4))),
    "smaller than hidden_size": lambda: nn.LSTM(3, 4, proj_size=4, seed=0),
    "nonlinearity": lambda: nn.RNN(3, 4, nonlinearity="sigmoid", seed=0),
    "need a seed": lambda: nn.GRU(3, 4),
    "cannot be parted into 3 heads": lambda: nn.MultiheadAttention(4, 3, seed=0),
    "the same batch": lambda: attend(4, (2, 1, 4), (2, 2, 4)),
    "the key has the shape .2, 1, 3.": lambda: attend(4, (2, 1, 4), (2, 1, 3)),
    "the attn_mask has the shape .3, 3.": lambda: attend(4, (2, 4), (2, 4), attn_mask=np.eye(3)),
    "forbid every key to the step at .1.": lambda: attend(
        4, (2, 4), (2, 4), attn_mask=np.array([[False, True], [True, True]])
    ),
    "added to the scores, not int": lambda: attend(
        4, (2, 4), (2, 4), attn_mask=np.eye(2, dtype=int)
    ),
}


def attend(width, query, key, **options):
    layer = nn.MultiheadAttention(width, 2, seed=0)
    return layer(np.ones(query), np.ones(key), np.ones(key), **options)


@pytest.mark.parametrize("said", HOSTILE)
def test_what_does_not_fit_is_one_sentence(said):
    with pytest.raises((InputError, ShapeError), match=said) as caught:
        HOSTILE[said]()
    assert "\n" not in str(caught.value)


# Attention -------------------------------------------------------------------------------

SOME = RANDOM.uniform(size=(4, 4, 3)) > 0.6
SOME[..., 0] = False  # a step that may look nowhere is NaN in torch
MADE = {
    "dropout": [0.0, 0.4], "bias": BOTH, "kdim": [None, 3], "vdim": [None, 5],
    "batch_first": BOTH,
}  # fmt: skip
CALLED = {
    "key_padding_mask": [None, np.array([[False, True, False], [False, False, False]]),
                         RANDOM.normal(size=(2, 3))],
    "need_weights": BOTH,
    "attn_mask": [None, np.eye(4, 3, 2) > 0, RANDOM.normal(size=(4, 3)),
                  SOME, RANDOM.normal(size=(4, 4, 3))],
    "average_attn_weights": BOTH,
}  # fmt: skip


def asked(options):
    """The masks as torch's tensors for a layer of torch's, plain for ours."""
    torch = pytest.importorskip("torch")

    def call(layer, *given):
        theirs = isinstance(layer, torch.nn.Module)
        more = {
            k: torch.tensor(v) if theirs and isinstance(v, np.ndarray) else v
            for k, v in options.items()
        }
        return layer(*given, **more)

    return call


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore:Support for mismatched:UserWarning")
def test_attention_is_torch_s_with_every_option():
    torch = pytest.importorskip("torch")
    kind = torch.nn.MultiheadAttention
    refused = set(attention.NOT_HERE)
    assert options_of(kind.__init__, ("embed_dim", "num_heads")) == set(MADE) | refused
    operands = ("query", "key", "value", "is_causal")
    assert options_of(kind.forward, operands) == set(CALLED)
    for option in refused:
        with pytest.raises(InputError, match=f"no option '{option}': "):
            nn.MultiheadAttention(4, 2, seed=0, **{option: True})
    for i, each in enumerate(product(*MADE.values())):
        options = dict(zip(MADE, each, strict=True))
        ours, theirs = (
            nn.MultiheadAttention(4, 2, seed=0, **options),
            kind(4, 2, **options).double(),
        )
        given = [RANDOM.normal(size=(n, 2, w)) for n, w in ((4, 4), (3, ours.kdim), (3, ours.vdim))]
        if options["batch_first"]:
            given = [x.swapaxes(0, 1) for x in given]
        for masks in list(product(*CALLED.values()))[i % 7 :: 7]:
            called = dict(zip(CALLED, masks, strict=True))
            same(ours, theirs, asked(called), given, (options, called))


@pytest.mark.peers
def test_self_attention_without_a_batch_and_causal():
    torch = pytest.importorskip("torch")
    later = np.triu(np.ones((4, 4), bool), 1)
    for heads, first in product((1, 2, 4), BOTH):
        ours = nn.MultiheadAttention(4, heads, batch_first=first, seed=0)
        theirs = torch.nn.MultiheadAttention(4, heads, batch_first=first).double()
        for x in (RANDOM.normal(size=(4, 4)), RANDOM.normal(size=(4, 4, 4))):
            masked = {"attn_mask": later, "is_causal": True}
            call = asked(masked)
            same(ours, theirs, lambda layer, x, call=call: call(layer, x, x, x), [x], heads)
            mine = ours(x, x, x, is_causal=True)[0].data  # without the mask as well
            close(mine, ours(x, x, x, attn_mask=later)[0].data)


def test_attention_has_its_letters():
    x = tensor(RANDOM.normal(size=(3, 4)), "x")
    layer = nn.MultiheadAttention(4, 2, seed=0)
    out, _ = layer(x, x, x)
    labels = {v.label for v in tape(out) if v.label}
    assert labels == {"x", "Win", "bin", "Wo", "bo", "q", "k", "v", "scores", "weights"}
    causal = {v.label for v in tape(layer(x, x, x, is_causal=True)[0]) if v.label}
    assert causal - labels == {"mask", "masked"}
    pair = {v.label for v in tape(layer(x, x + 1, x + 1)[0]) if v.label}
    assert pair - labels == {"Wq", "Wk", "Wv"}


def test_a_causal_attention_has_no_infinity_which_pictures_refuse():
    x = tensor(RANDOM.normal(size=(3, 4)), "x")
    out, _ = nn.MultiheadAttention(4, 1, seed=0)(x, x, x, is_causal=True)
    assert all(np.isfinite(v.data).all() for v in tape(out))


def test_a_learned_mask_gets_a_gradient_and_a_comparison_forbids():
    x, layer = RANDOM.normal(size=(3, 4)), nn.MultiheadAttention(4, 2, seed=0)
    mask = tensor(np.zeros((2, 3, 3)))
    layer(x, x, x, attn_mask=mask)[0].sum().backward()
    assert mask.grad.shape == (2, 3, 3) and np.abs(mask.grad).max() > 0
    order = tensor(np.arange(3.0))
    later = order[None, :] > order[:, None]
    close(layer(x, x, x, attn_mask=later)[0].data, layer(x, x, x, is_causal=True)[0].data)


def test_what_is_not_here_is_said_for_every_name():
    assert set(recurrent.NOT_HERE) == {"device", "dtype", "proj_size"}
