"""Networks against torch in float64: values, gradients, states; their labels and scopes."""

import copy
import io
import os
import pickle
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from torch_peers import PEERS

from backviz import OPS, Value, expanded, gradients_of, no_grad, tape, tensor
from backviz.autodiff.recording import scope, scoped, source_lines
from backviz.errors import InputError, ShapeError, UsageError
from backviz.nn import (
    ACTIVATIONS,
    GELU,
    MLP,
    BatchNorm1d,
    Conv2d,
    Dropout,
    Flatten,
    Hardtanh,
    Identity,
    LayerNorm,
    LeakyReLU,
    Linear,
    Module,
    PReLU,
    ReLU,
    Residual,
    Sequential,
    Softmax,
    Tanh,
    init,
    load_torch,
    scalar,
    streams,
    to_torch,
)  # fmt: skip
from backviz.ops import activations, hard

if os.environ.get("CI_PEERS"):
    import torch
else:
    torch = pytest.importorskip("torch")

pytestmark = [pytest.mark.peers, pytest.mark.blas]
tnn = torch.nn
RANDOM = np.random.default_rng(23)


def in_torch(module, ours):
    """The torch module in float64 with our numbers."""
    module.double()
    module.load_state_dict({k: torch.as_tensor(v) for k, v in to_torch(ours).items()})
    return module


def differing(module):
    """Numbers for all parameters that are not those of the start."""
    for p in module.parameters():
        p.data[...] = RANDOM.normal(0.3, 1, p.shape)
    return module


def assert_same(ours, theirs, *arrays, call=lambda module, *xs: module(*xs)):
    """One step: the value, and the gradients of inputs and of every parameter by its name."""
    leaves = [tensor(a) for a in arrays]
    peers = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]
    out, peer = call(ours, *leaves), call(theirs, *peers)
    close = partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-12)
    assert out.shape == tuple(peer.shape)
    close(out.data, peer.detach().numpy())
    weights = RANDOM.uniform(0.5, 1.5, out.shape)
    ours.zero_grad()
    theirs.zero_grad()
    out.backward(weights)
    peer.backward(torch.tensor(weights))
    for leaf, other in zip(leaves, peers, strict=True):
        close(leaf.grad, other.grad.numpy())
    named = dict(theirs.named_parameters())
    assert [n for n, _ in ours.named_parameters()] == list(named)
    turned = {f"{n}.weight".lstrip(".") for n, m in ours.named_modules() if isinstance(m, Linear)}
    for name, p in ours.named_parameters():
        other = named[name].grad.numpy()
        close(p.grad, other.T if name in turned else other, err_msg=name)


# Layers ---------------------------------------------------------------------------------

S = {"seed": 5}
LAYERS = {
    "linear": (lambda: Linear(3, 4, **S), lambda: tnn.Linear(3, 4), [(5, 3), (3,), (2, 6, 3)]),
    "linear without bias": (
        lambda: Linear(3, 1, bias=False, **S), lambda: tnn.Linear(3, 1, bias=False), [(5, 3)],
    ),
    "conv": (lambda: Conv2d(2, 3, 3, **S), lambda: tnn.Conv2d(2, 3, 3), [(2, 2, 5, 6)]),
    "conv with options": (
        lambda: Conv2d(4, 6, (3, 2), (2, 1), (1, 2), (1, 2), 2, bias=False, **S),
        lambda: tnn.Conv2d(4, 6, (3, 2), (2, 1), (1, 2), (1, 2), 2, bias=False), [(2, 4, 7, 6)],
    ),
    "batch norm": (
        lambda: BatchNorm1d(3), lambda: tnn.BatchNorm1d(3), [(6, 3), (4, 3, 5), (1, 3, 2)],
    ),
    "batch norm with options": (
        lambda: BatchNorm1d(3, eps=0.1, affine=False, momentum=0.3),
        lambda: tnn.BatchNorm1d(3, eps=0.1, affine=False, momentum=0.3), [(6, 3)],
    ),
    "layer norm": (lambda: LayerNorm(4), lambda: tnn.LayerNorm(4), [(3, 4), (4,), (2, 3, 4)]),
    "layer norm over axes": (
        lambda: LayerNorm((3, 4), eps=0.2), lambda: tnn.LayerNorm((3, 4), eps=0.2), [(5, 3, 4)],
    ),
    "layer norm without bias": (
        lambda: LayerNorm(4, bias=False), lambda: tnn.LayerNorm(4, bias=False), [(3, 4)],
    ),
    "layer norm alone": (
        lambda: LayerNorm([4], elementwise_affine=False),
        lambda: tnn.LayerNorm([4], elementwise_affine=False), [(3, 4)],
    ),
    "flatten": (Flatten, tnn.Flatten, [(3, 2, 4), (3, 2)]),
    "flatten some": (lambda: Flatten(0, 1), lambda: tnn.Flatten(0, 1), [(3, 2, 4)]),
    "identity": (Identity, tnn.Identity, [(3, 2)]),
    "sequential": (
        lambda: Sequential(Linear(3, 4, **S), BatchNorm1d(4), Tanh(), Linear(4, 2, **S)),
        lambda: tnn.Sequential(
            tnn.Linear(3, 4), tnn.BatchNorm1d(4), tnn.Tanh(), tnn.Linear(4, 2)
        ), [(5, 3)],
    ),
    "a small convolutional network": (
        lambda: Sequential(
            Conv2d(1, 2, 3, padding=1, **S), PReLU(2), Flatten(), Linear(32, 3, **S), LayerNorm(3)
        ),
        lambda: tnn.Sequential(
            tnn.Conv2d(1, 2, 3, padding=1), tnn.PReLU(2), tnn.Flatten(), tnn.Linear(32, 3),
            tnn.LayerNorm(3),
        ), [(3, 1, 4, 4)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, training):
    make, make_peer, shapes = LAYERS[name]
    ours = differing(make()).train(training)
    theirs = in_torch(make_peer(), ours).train(training)
    for shape in shapes:
        assert_same(ours, theirs, RANDOM.normal(size=shape))


def test_residual():
    class Peer(tnn.Module):
        def __init__(self):
            super().__init__()
            self.module = tnn.Sequential(tnn.Linear(3, 3), tnn.ReLU())

        def forward(self, x):
            return x + self.module(x)

    ours = differing(Residual(Sequential(Linear(3, 3, **S), ReLU())))
    assert_same(ours, in_torch(Peer(), ours), RANDOM.normal(size=(4, 3)))


@pytest.mark.parametrize("widths", [[1], [4, 2], [8, 8, 3]])
@pytest.mark.parametrize(
    ("activation", "peer"),
    [("tanh", tnn.Tanh), ("relu", tnn.ReLU), (partial(GELU, "tanh"), partial(tnn.GELU, "tanh")),
     (PReLU(init=0.1), tnn.PReLU), (None, None)],
)  # fmt: skip
def test_mlp(widths, activation, peer):
    ours = differing(MLP(3, widths, activation, seed=0))
    layers = []
    for before, after in zip([3, *widths], widths, strict=False):
        layers += [peer()] if layers and peer else []
        layers.append(tnn.Linear(before, after))
    assert_same(ours, in_torch(tnn.Sequential(*layers), ours), RANDOM.normal(size=(5, 3)))


# Activations ----------------------------------------------------------------------------

OPTIONS = {
    "hardtanh": [{}, {"min_val": -0.5, "max_val": 2.0}],
    "leaky_relu": [{}, {"negative_slope": 0.3}],
    "elu": [{}, {"alpha": 0.5}],
    "celu": [{}, {"alpha": 0.5}],
    "softmin": [{"dim": -1}, {"dim": 0}],
    "softplus": [{}, {"beta": 2.0, "threshold": 1.0}],
    "gelu": [{}, {"approximate": "tanh"}],
    "softmax": [{"dim": -1}, {"dim": 0}, {"dim": 1}],
    "log_softmax": [{"dim": -1}, {"dim": 1}],
    "prelu": [{}, {"num_parameters": 3, "init": 0.1}],
}
WITHOUT_PEER = {"maxout"}


def test_every_activation_of_the_table_has_a_module():
    rows = "".join(Path(m.__file__).read_text("utf-8") for m in (activations, hard))
    named = set(re.findall(r"^(\w+)(?:: \w+)? = elementwise\($", rows, re.MULTILINE))
    assert len(named) == 20
    assert named <= set(OPS)
    of_two_operands = {"maximum", "minimum"}
    composite = {"softmax", "softmin", "log_softmax", "maxout"}
    assert named - of_two_operands | composite == set(ACTIVATIONS)
    for name, kind in zip(ACTIVATIONS, ACTIVATIONS.values(), strict=True):
        assert name == kind.OP
        assert all(ACTIVATIONS[alias] is kind for alias in OPS[name].aliases)
        assert name in WITHOUT_PEER or hasattr(tnn, kind.__name__)


@pytest.mark.parametrize(
    ("name", "options"),
    [(n, o) for n in ACTIVATIONS if n not in WITHOUT_PEER for o in OPTIONS.get(n, [{}])],
    ids=str,
)
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5)], ids=str)
def test_activation(name, options, shape):
    kind = ACTIVATIONS[name]
    ours = kind(**options)
    peer = PEERS.get(name) or getattr(tnn, kind.__name__)
    assert_same(ours, in_torch(peer(**options), ours), RANDOM.normal(0, 2, shape))


def test_maxout_takes_the_largest_of_neighbours():
    module = ACTIVATIONS["maxout"](pieces=3, dim=1)
    x = RANDOM.normal(size=(4, 6))
    np.testing.assert_array_equal(module(tensor(x)).data, x.reshape(4, 2, 3).max(axis=2))


# Batch norm and dropout: what they remember ---------------------------------------------


@pytest.mark.parametrize("momentum", [0.1, 0.7, 0.0, None])
@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5)])
def test_batch_norm_over_training_and_then_in_use(momentum, shape):
    ours = differing(BatchNorm1d(3, momentum=momentum))
    theirs = in_torch(tnn.BatchNorm1d(3, momentum=momentum), ours)
    for step in range(5):
        assert_same(ours, theirs, RANDOM.normal(step, 1 + step, shape))
        for name, held in theirs.state_dict().items():
            ours_held = to_torch(ours)[name]
            np.testing.assert_allclose(ours_held, held.numpy(), rtol=1e-13, err_msg=name)
    ours.eval(), theirs.eval()
    before = ours.state_dict()
    assert_same(ours, theirs, RANDOM.normal(2, 3, shape))
    assert_same(ours, theirs, RANDOM.normal(2, 3, (1, *shape[1:])))
    assert str(ours.state_dict()) == str(before)


def test_dropout_drops_a_share_and_keeps_the_mean():
    drop, x = Dropout(0.3, seed=1), np.ones((200, 500))
    kept = drop(x)
    share = (kept == 0).mean()
    assert abs(share - 0.3) < 5 * np.sqrt(0.21 / x.size)
    np.testing.assert_allclose(np.unique(kept), [0, 1 / 0.7], rtol=1e-15)


def test_dropout_gradient_passes_where_the_value_does():
    drop, x = Dropout(0.5, seed=1), tensor(RANDOM.normal(size=(20, 5)))
    out = drop(x)
    (gradient,) = gradients_of(out, (x,), seed=np.ones(x.shape))
    np.testing.assert_array_equal(gradient, np.where(out.data == 0, 0, 2))
    assert 0 < (out.data == 0).mean() < 1


def test_dropout_has_fresh_masks_that_follow_from_the_seed_and_the_state():
    x = np.ones((8, 8))
    drop, again, other = Dropout(0.5, seed=3), Dropout(0.5, seed=3), Dropout(0.5, seed=4)
    masks = [drop(x) for _ in range(4)]
    assert len({m.tobytes() for m in masks}) == 4
    for mask in masks:
        np.testing.assert_array_equal(mask, again(x))
    assert not np.array_equal(masks[0], other(x))
    state = drop.state_dict()
    resumed = Dropout(0.5, seed=0).load_state_dict(state)
    for _ in range(2):
        drop.eval()(x)  # use does not count
        np.testing.assert_array_equal(drop.train()(x), resumed(x))
    assert not np.array_equal(masks[1], drop(x))


@pytest.mark.parametrize(("p", "made"), [(0.0, 1.0), (1.0, 0.0)])
def test_dropout_of_nothing_and_of_all(p, made):
    assert (Dropout(p, seed=0)(np.ones((3, 3))) == made).all()
    assert (Dropout(p, seed=0).eval()(np.ones((3, 3))) == 1).all()


def test_layers_of_a_network_have_masks_and_weights_of_their_own():
    seeds = streams(0, 2)
    a, b = Dropout(0.5, seed=seeds[0]), Dropout(0.5, seed=seeds[1])
    assert not np.array_equal(a(np.ones((8, 8))), b(np.ones((8, 8))))
    net = MLP(4, [4, 4, 4], seed=0)
    weights = [m.weight.data.tobytes() for m in net.modules() if isinstance(m, Linear)]
    assert len(set(weights)) == 3
    same, other = MLP(4, [4, 4, 4], seed=0), MLP(4, [4, 4, 4], seed=1)
    for p, q, r in zip(net.parameters(), same.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)
        assert p.ndim < 2 or not np.array_equal(p.data, r.data)
    longer = MLP(4, [4, 4, 4, 2], seed=0)
    np.testing.assert_array_equal(net[4].weight.data, longer[4].weight.data)


# Initial numbers of layers ----------------------------------------------------------------


def test_init_by_name_function_or_numbers():
    np.testing.assert_array_equal(
        Linear(3, 2, seed=9, init="he_normal").weight.data, init.he_normal((3, 2), seed=9)
    )
    made = Linear(3, 2, seed=9, init=partial(init.xavier_uniform, gain=5 / 3))
    np.testing.assert_array_equal(made.weight.data, init.xavier_uniform((3, 2), seed=9, gain=5 / 3))
    given = np.arange(6.0).reshape(3, 2)
    made = Linear(3, 2, init=given, bias_init=[1, 2])
    given[:] = 0
    assert made.weight.data.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert made.bias.data.tolist() == [1, 2]
    assert not Linear(3, 2, seed=0).bias.data.any()
    bias = Linear(3, 200, seed=0, bias_init=partial(init.normal, std=0.1)).bias.data
    assert 0.05 < bias.std() < 0.2
    kernel = Conv2d(2, 3, 3, seed=9, init="he_normal").weight.data
    np.testing.assert_array_equal(kernel, init.he_normal((3, 2, 3, 3), seed=9))


# Modules ------------------------------------------------------------------------------


class Everything(Module):
    """One of each kind of attribute."""

    BUFFERS = ("seen", "offset", "nothing")

    def __init__(self):
        self.scale = Value(2.0)
        self.blocks = [Linear(2, 2, seed=0), {"norm": BatchNorm1d(2)}]
        self.shift = tensor([1.0, 2.0], "my shift")
        self.tied = self.blocks[0]
        self.again = self.shift
        self.seen, self.offset, self.nothing = 0, np.zeros(2), None
        self.rate, self.plain, self._hidden = 0.1, np.ones(3), tensor([1.0])

    def forward(self, x):
        self.seen += 1
        self.made = self.blocks[1]["norm"](self.blocks[0](x))  # no leaf: no parameter
        return self.tied(self.made) * self.scale + self.shift


def test_what_a_module_holds_in_order():
    net = Everything()
    net(np.eye(2))
    names = ["scale", "shift", "blocks.0.weight", "blocks.0.bias"]  # its own first, as in torch
    names += ["blocks.1.norm.weight", "blocks.1.norm.bias"]
    assert [n for n, _ in net.named_parameters()] == names
    assert [n for n, _ in net.named_modules()] == ["", "blocks.0", "blocks.1.norm"]
    assert set(net.state_dict()) == {
        *names, "again", "tied.weight", "tied.bias", "seen", "offset",
        "blocks.1.norm.running_mean", "blocks.1.norm.running_var",
        "blocks.1.norm.num_batches_tracked",
    }  # fmt: skip
    assert len(net.parameters()) == 6
    assert len(net.modules()) == 3


def test_parameters_are_in_the_order_of_torch():
    ours = [n for n, _ in LAYERS["sequential"][0]().named_parameters()]
    theirs = LAYERS["sequential"][1]()
    assert ours == [n for n, _ in theirs.named_parameters()]
    assert list(LAYERS["sequential"][0]().state_dict()) == list(theirs.state_dict())


def test_state_goes_round_also_through_a_file():
    net = Everything()
    for _ in range(3):
        net(RANDOM.normal(size=(4, 2)))
    state = net.state_dict()
    stored = io.BytesIO()
    np.savez(stored, **state)
    stored.seek(0)
    for given in (state, np.load(stored)):
        other = differing_all(Everything())
        held = other.blocks[0].weight
        array = held.data
        assert other.load_state_dict(given) is other
        assert str(other.state_dict()) == str(state)
        assert other.blocks[0].weight is held
        assert held.data is array  # an optimizer may hold it
        assert type(other.seen) is int
        assert type(other.scale.data) is float
    for held in ("shift", "offset"):  # copies on the way out and in
        before = net.state_dict()[held], other.load_state_dict(state).state_dict()[held]
        state[held][:] = 9
        assert str((net.state_dict()[held], other.state_dict()[held])) == str(before)
    other.load_state_dict(net.state_dict())
    x = RANDOM.normal(size=(4, 2))
    np.testing.assert_array_equal(other(x).data, net(x).data)


def differing_all(net):
    for p in net.parameters():
        p.data = p.data + 1.0
    return net


def test_a_state_that_does_not_fit_loads_nothing():
    net = Sequential(Linear(2, 3, seed=0), BatchNorm1d(3))
    before = str(net.state_dict())
    state = differing(copy.deepcopy(net)).state_dict()
    del state["0.bias"]
    state["2.weight"] = 1.0
    state["1.running_mean"] = np.zeros(4)
    state["1.running_var"] = "many"
    state["1.num_batches_tracked"] = 1.5
    with pytest.raises(InputError) as caught:
        net.load_state_dict(state)
    assert str(caught.value) == (
        "the state does not fit Sequential: missing 0.bias; unexpected 2.weight; "
        "1.running_mean has the shape (4,) instead of (3,); 1.running_var is no array of numbers; "
        "1.num_batches_tracked is a whole number, not 1.5"
    )
    assert str(net.state_dict()) == before


def test_states_to_and_from_torch():
    theirs = tnn.Sequential(tnn.Linear(3, 4), tnn.BatchNorm1d(4), tnn.Dropout(0.2)).double()
    theirs(torch.randn(5, 3, dtype=torch.float64))
    ours = Sequential(Linear(3, 4, seed=0), BatchNorm1d(4), Dropout(0.2, seed=0))
    assert load_torch(ours, theirs.state_dict()) is ours
    assert_same(ours.eval(), theirs.eval(), RANDOM.normal(size=(5, 3)))
    back = to_torch(ours)
    assert list(back) == list(theirs.state_dict())
    for name, held in theirs.state_dict().items():
        np.testing.assert_array_equal(back[name], held.numpy())
    with pytest.raises(InputError, match=r"missing 0.weight.*unexpected weight"):
        load_torch(ours, {"weight": np.zeros((4, 3))})


def test_a_shared_layer_goes_to_torch_and_back_under_both_names():
    layer = Linear(2, 2, seed=0)
    ours = Sequential(layer, Tanh(), layer)
    inner = tnn.Linear(2, 2)
    theirs = tnn.Sequential(inner, tnn.Tanh(), inner).double()
    load_torch(ours, theirs.state_dict())
    assert_same(ours, theirs, RANDOM.normal(size=(5, 2)))
    for name, held in theirs.state_dict().items():
        np.testing.assert_array_equal(to_torch(ours)[name], held.numpy())


@pytest.mark.parametrize("shape", [(0, 3), (2, 3, 0)])
def test_batch_norm_learns_nothing_from_nothing(shape):
    norm = BatchNorm1d(3)
    with pytest.raises(InputError, match="or none, has no variance"):
        norm(np.zeros(shape))
    assert norm.running_mean.tolist() == [0, 0, 0] and norm.num_batches_tracked == 0
    assert norm.eval()(np.zeros(shape)).shape == shape


def test_modes_and_gradients_reach_all_modules():
    net = Sequential(Residual(Dropout(0.5, seed=0)), MLP(2, [2], seed=0))
    assert all(m.training for m in net.modules())
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert all(m.training for m in net.train().modules())
    net(np.eye(2)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_copies_and_pickles_are_networks_of_their_own():
    net = MLP(2, [3, 1], seed=0)
    x = np.eye(2)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(twin(x).data, net(x).data)
        twin[0].weight.data[:] = 0
        assert net[0].weight.data.any()


def test_repr():
    net = Sequential(
        Conv2d(1, 2, 3, stride=2, bias=False, seed=0), PReLU(2), Residual(MLP(2, [2], seed=0)),
        LeakyReLU(0.2), Dropout(0.1, seed=0), LayerNorm((2, 3), bias=False), Softmax(1),
        BatchNorm1d(3, affine=False, momentum=None),
    )  # fmt: skip
    assert repr(net).splitlines() == [
        "Sequential(",
        "  (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(2, 2), bias=False)",
        "  (1): PReLU(2)",
        "  (2): Residual(",
        "    (module): MLP(",
        "      (0): Linear(2, 2)",
        "    )",
        "  )",
        "  (3): LeakyReLU(negative_slope=0.2)",
        "  (4): Dropout(p=0.1)",
        "  (5): LayerNorm((2, 3), bias=False)",
        "  (6): Softmax(dim=1)",
        "  (7): BatchNorm1d(3, momentum=None, affine=False)",
        ")",
    ]
    assert [type(m).__name__ for m in net][:2] == ["Conv2d", "PReLU"]
    assert net[-1] is net[7]
    assert len(net) == 8


# Labels and scopes ----------------------------------------------------------------------


def test_labels_are_short_numbered_and_leave_names_alone():
    net = Sequential(
        Linear(2, 2, seed=0), BatchNorm1d(2), PReLU(), Linear(2, 2, bias=False, seed=0),
        Linear(2, 1, seed=0),
    )  # fmt: skip
    net[0].bias.label = "mine"
    assert net[0].weight.label == ""
    net(np.eye(2))
    labels = [p.label for p in net.parameters()]
    assert labels == ["W1", "mine", "γ", "β", "a", "W2", "W3", "b3"]
    assert Linear(2, 2, seed=0)(np.eye(2)).inputs[1].label == "W"
    own = Everything()
    own(np.eye(2))
    assert own.scale.label == "scale"
    assert own.shift.label == "my shift"


def test_scopes_tell_the_module_that_made_a_value():
    net = Sequential(Linear(2, 2, seed=0), Residual(Sequential(Linear(2, 2, seed=0), Tanh())))
    with scoped():
        y = net(np.eye(2)) * 2.0
        z = net(np.eye(2))
    where = [v.origin.scope for v in tape(y) if v.op]
    inner = "Sequential/1/module"
    assert where == ["Sequential/0", f"{inner}/0", f"{inner}/1", "Sequential/1", ""]
    assert z.origin.scope == "Sequential#2/1"
    assert {v.origin.scope for v in tape(y) if v.op is None} == {""}


def test_scopes_of_one_layer_called_twice_are_two():
    class Twice(Module):
        def __init__(self):
            self.layer = Linear(2, 2, seed=0)

        def forward(self, x):
            return self.layer(self.layer(x))

    with scoped():
        y = Twice()(np.eye(2))
    assert [v.origin.scope for v in tape(y) if v.op] == ["Twice/layer", "Twice/layer#2"]


def test_scopes_cost_nothing_unless_noted_and_go_with_other_modes():
    net = MLP(2, [2, 1], seed=0)
    plain = net(np.eye(2))
    assert plain.origin.scope == ""
    assert plain.origin is OPS["linear"].origin
    with scope("by hand"):
        assert (Value(1.0) + Value(2.0)).origin.scope == ""
    with scoped(), source_lines(), scope("by hand"):
        y = Value(1.0) * Value(2.0) + Value(3.0)
        t = Value(1.0).tanh()
    for v in (y, y.inputs[0], t):
        assert v.origin.scope == "by hand"
        assert "test_nn.py:" in v.origin.where
    y.label = "named"
    assert y.origin.scope == "by hand"
    assert pickle.loads(pickle.dumps(y)).origin.scope == "by hand"
    with scoped(), expanded():
        made = Softmax()(tensor([1.0, 2.0]))
    assert {v.origin.scope for v in tape(made) if v.op} == {"Softmax"}
    with scoped(), no_grad():
        assert net(np.eye(2)).origin.scope == ""
    assert (Value(1.0) + 2.0).origin.scope == ""
    with scoped(), scope("a"), pytest.raises(InputError, match="without / and #"), scope("b/c"):
        pass


def test_values_and_gradients_do_not_change_inside_scopes():
    net, x = MLP(3, [4, 2], seed=0), RANDOM.normal(size=(5, 3))
    plain = gradients_of((net(x) ** 2).sum(), tuple(net.parameters()))
    with scoped():
        noted = gradients_of((net(x) ** 2).sum(), tuple(net.parameters()))
    for a, b in zip(plain, noted, strict=True):
        np.testing.assert_array_equal(a, b)


# Neuron by neuron -------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu", "prelu", "sigmoid", None])
@pytest.mark.parametrize(("n_in", "widths"), [(3, [4, 2]), (2, [1]), (2, [3, 3, 1])], ids=str)
def test_scalars_agree_with_arrays(activation, n_in, widths):
    net = MLP(n_in, widths, activation, seed=0)
    for p in net.parameters():
        p.data[...] = RANDOM.normal(size=p.shape)
    x = RANDOM.normal(size=n_in)
    ours, leaf = net.scalars(), tensor(x)
    inputs = [Value(v) for v in x]
    dense, out = net(leaf), ours(inputs)
    out = out if isinstance(out, list) else [out]
    np.testing.assert_allclose([v.data for v in out], dense.data, rtol=1e-14, atol=1e-14)
    (dense**2).sum().backward()
    sum((v * v for v in out), Value(0.0)).backward()
    close = partial(np.testing.assert_allclose, rtol=1e-13, atol=1e-13)
    close([v.grad for v in inputs], leaf.grad)
    by_neurons = [m for m in ours.layers if isinstance(m, scalar.Linear)]
    by_layers = [m for m in net if isinstance(m, Linear)]
    for mine, whole in zip(by_neurons, by_layers, strict=True):
        close(np.transpose([[w.grad for w in n.w] for n in mine.neurons]), whole.weight.grad)
        close([n.b.grad for n in mine.neurons], whole.bias.grad)
    assert len(ours.parameters()) == sum(p.size for p in net.parameters())


def test_scalars_from_the_seed_and_of_their_own():
    net, ours = MLP(2, [3, 1], seed=4), scalar.MLP(2, [3, 1], seed=4)
    x = [0.5, -1.5]
    assert ours(x).data == pytest.approx(net(x).data[0], abs=1e-14)
    ours.parameters()[0].data = 100.0
    assert net[0].weight.data[0, 0] != 100.0
    prelu = MLP(2, [2, 1], "prelu", seed=4)
    twin = prelu.scalars()
    twin.layers[1].weight.data = 7.0
    assert prelu[1].weight.data.tolist() == [0.25]
    alone = scalar.Linear(2, 3, seed=1, bias=False)
    dense = Linear(2, 3, seed=1, bias=False)
    np.testing.assert_allclose([v.data for v in alone(x)], dense(x).data, rtol=1e-14)
    neuron = scalar.Neuron(2, seed=1)
    assert [w.data for w in neuron.w] == Linear(2, 1, seed=1).weight.data.ravel().tolist()


def test_labels_of_scalars():
    assert [p.label for p in scalar.Neuron(2, seed=0).parameters()] == ["w1", "w2", "b"]
    assert [p.label for p in scalar.MLP(2, [1], seed=0).parameters()] == ["w11", "w21", "b1"]
    labels = [p.label for p in scalar.MLP(1, [1, 2], seed=0).parameters()]
    assert labels == ["w1_11", "b1_1", "w2_11", "b2_1", "w2_12", "b2_2"]
    wide = [p.label for p in scalar.Linear(11, 2, seed=0).parameters()]
    assert wide[10] == "w11_1"
    for net in (scalar.MLP(3, [12, 11, 1], seed=0), scalar.Linear(12, 12, seed=0)):
        labels = [p.label for p in net.parameters()]
        assert len(set(labels)) == len(labels)
        assert all(label.isidentifier() for label in labels)  # they can be typed


def test_both_forms_are_drawn_from_a_file(tmp_path):
    from backviz.cli import _run

    source = tmp_path / "net.py"
    source.write_text(
        "from backviz import nn\n"
        "net = nn.MLP(2, [2, 1], seed=0)\n"
        "few = net.scalars()\n"
        "def loss():\n    return (net([1.0, -1.0]) ** 2).sum()\n"
        "def each():\n    return few([1.0, -1.0]) ** 2\n"
    )
    for name, labels in (("loss", ["W1", "b2"]), ("each", ["w1_12", "b2_1"])):
        drawn = tmp_path / f"{name}.svg"
        _run(["graph", f"{source}:{name}", "--text", "keep", "--names", "plain", "-o", str(drawn)])
        for label in labels:
            assert f">{label}<" in drawn.read_text("utf-8")


# Wrong use ------------------------------------------------------------------------------


class Wordless(Module):
    pass


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (
            lambda: MLP(2, [3, 1], seed=0)(np.ones((4, 5))), ShapeError,
            "Linear(2, 3): the input has the shape (4, 5), but W1 has (2, 3): "
            "the last axis needs 2 entries, not 5",
        ),
        (lambda: Linear(2, 3, seed=0)(1.0), ShapeError, "a number has no axis"),
        (lambda: Conv2d(2, 3, 3, seed=0)(np.ones((1, 3, 5, 5))), ShapeError,
         "has the shape (1, 3, 5, 5), but W has (3, 2, 3, 3): it needs the axes (batch, 2"),
        (lambda: BatchNorm1d(3)(np.ones((4, 2))), ShapeError, "the layer takes (batch, 3) or"),
        (lambda: BatchNorm1d(3)(np.ones((1, 3))), InputError, "has no variance; give a batch of"),
        (lambda: BatchNorm1d(3, track_running_stats=False).eval()(np.ones((1, 3))), InputError,
         "has no variance; give a batch of at least two"),
        (lambda: LayerNorm((2, 3))(np.ones((4, 3))), ShapeError, "does not end with (2, 3)"),
        (lambda: Residual(Linear(2, 1, seed=0))(np.ones((4, 2))), ShapeError,
         "turns the shape (4, 2) into (4, 1)"),
        (lambda: PReLU(3)(np.ones((4, 2))), ShapeError, "needs 3 channels along axis 1"),
        (lambda: MLP(2, [1, 1], "thanh", seed=0), UsageError, "did you mean 'tanh'"),
        (lambda: MLP(2, [1, 1], 3, seed=0), InputError, "activation is a name such as 'tanh'"),
        (lambda: MLP(2, [1, 1], lambda: 3, seed=0), InputError, "a function that makes one"),
        (lambda: MLP(2, [], seed=0), InputError, "widths is a list of layers"),
        (lambda: MLP(2, 3, seed=0), InputError, "a list of layers such as [16, 1], not 3"),
        (lambda: MLP(2, [0], seed=0), InputError, "each width is a whole number from 1 on, not 0"),
        (lambda: Linear(2, 1.5, seed=0), InputError, "n_out is a whole number from 1 on, not 1.5"),
        (lambda: Linear(2, 1), InputError, "need a seed"),
        (lambda: Linear(2, 1, seed=0, init="he_norml"), UsageError, "did you mean 'he_normal'"),
        (lambda: Linear(2, 1, init=[[1.0, 2.0]]), ShapeError,
         "init gives the shape (1, 2); the parameter has (2, 1)"),
        (lambda: Linear(2, 1, init={"a": 1}), InputError, "init is the name of an initializer"),
        (lambda: Linear(2, 1, seed=0, bias_init="he_normal"), ShapeError, "no inputs and outputs"),
        (lambda: Dropout(1.5, seed=0), InputError, "Dropout: p is a number from 0 to 1, not 1.5"),
        (lambda: Dropout(float("nan"), seed=0), InputError, "not nan"),
        (lambda: Dropout(0.5), InputError, "need a seed"),
        (lambda: BatchNorm1d(3, momentum=2), InputError, "momentum is a number from 0 to 1"),
        (lambda: BatchNorm1d(3, eps=-1), InputError, "eps is a number from 0 on, not -1"),
        (lambda: LayerNorm(()), InputError, "no axes to normalize"),
        (lambda: Conv2d(2, 3, (1, 2, 3), seed=0), InputError, "one for each of two axes"),
        (lambda: Conv2d(2, 3, 3, padding="sam", seed=0), InputError, "did you mean 'same'?"),
        (lambda: Conv2d(2, 3, 3, 2, "same", seed=0), InputError, "goes with stride 1 only"),
        (lambda: Conv2d(2, 3, 3, padding_mode="zero", seed=0), InputError, "did you mean 'zeros'"),
        (lambda: Conv2d(1, 1, 3, padding=2, padding_mode="reflect", seed=0)(np.ones((1, 1, 2, 5))),
         ShapeError, "an image of (2, 5) is too small to be continued"),
        (lambda: Hardtanh(2, 1), InputError, "max_val has to be above min_val=2, not 1"),
        (lambda: Conv2d(2, 3, 3, groups=2, seed=0), InputError, "cannot be parted into 2 groups"),
        (lambda: GELU("thanh"), InputError, 'GELU: gelu: the option approximate is "none"'),
        (lambda: Tanh(slope=1), InputError, "tanh has no option 'slope'"),
        (lambda: Sequential(Tanh(), np.tanh), InputError, "at place 1; write a function as"),
        (lambda: Residual(np.tanh), InputError, "Residual takes a module"),
        (lambda: MLP(2, [2, 1], "softmax", seed=0).scalars(), InputError,
         "Softmax(dim=-1) does not work on one number at a time"),
        (lambda: scalar.MLP(2, [1], seed=0)([1.0]), ShapeError, "takes 2 inputs"),
        (lambda: scalar.MLP.of(Linear(2, 1, seed=0)), InputError, "put it into a Sequential"),
        (lambda: scalar.MLP.of(Sequential(Residual(Tanh()))), InputError,
         "Residual does not work on one number at a time"),
        (lambda: scalar.Neuron(2, init=[1.0]), ShapeError, "init gives the shape (1,)"),
    ],
)  # fmt: skip
def test_wrong_use_is_told_in_a_sentence(call, kind, said):
    with pytest.raises(kind) as caught:
        call()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match=r"Wordless has no forward\(self, x\)"):
        Wordless()(1.0)
