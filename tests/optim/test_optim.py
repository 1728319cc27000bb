"""Optimizers against torch, the published formulas, and what theory says of stability."""

import io
import json
import tracemalloc

import numpy as np
import pytest
from peers import needs_torch, torch

from backviz import Value, tensor
from backviz.optim import OPTIMIZERS, SGD, Adam, schedules

# Against torch ------------------------------------------------------------------------

CASES = [
    ("SGD", {}), ("SGD", {"weight_decay": 0.1}), ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "dampening": 0.4}), ("SGD", {"maximize": True}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.5, "weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {}), ("Adagrad", {"lr_decay": 0.1, "weight_decay": 0.1, "eps": 1e-3}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "maximize": True}),
    ("Adadelta", {}), ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    ("RMSprop", {}), ("RMSprop", {"centered": True, "eps": 1e-3}), ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "eps": 1e-2, "weight_decay": 0.1}),
    ("Adam", {}), ("Adam", {"weight_decay": 0.1, "maximize": True}), ("Adam", {"amsgrad": True}),
    ("Adam", {"betas": (0.8, 0.95), "eps": 1e-2}),
    ("Adam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {}), ("AdamW", {"amsgrad": True, "weight_decay": 0.1}), ("AMSGrad", {}),
    ("Adamax", {}), ("Adamax", {"betas": (0.8, 0.95), "eps": 1e-2, "weight_decay": 0.1}),
    ("NAdam", {}), ("NAdam", {"momentum_decay": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}), ("RAdam", {"betas": (0.8, 0.95), "weight_decay": 0.1}),
    ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
]  # fmt: skip
SLOTS = {
    "SGD": {"b": "momentum_buffer"}, "Adagrad": {"s": "sum"},
    "Adadelta": {"v": "square_avg", "u": "acc_delta"},
    "RMSprop": {"v": "square_avg", "a": "grad_avg", "b": "momentum_buffer"},
    "Adamax": {"m": "exp_avg", "u": "exp_inf"},
}  # fmt: skip
ADAM = {"m": "exp_avg", "v": "exp_avg_sq", "w": "max_exp_avg_sq"}
cases = pytest.mark.parametrize(("name", "options"), CASES, ids=str)


@pytest.fixture
def double():
    """NAdam keeps its product, and all their steps, in torch's default precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def peer(name, params, options):
    if name == "AMSGrad":
        return torch.optim.Adam(params, **options, amsgrad=True)
    return getattr(torch.optim, name)(params, **options)


def gentle(name, options):
    """With a rate at which nothing flies away on Rosenbrock's function."""
    slow = 1e-6 if options.get("maximize") else 1e-4
    usual = {"SGD": slow, "RAdam": 1e-4, "Adadelta": options.get("lr", 1.0)}
    return options | {"lr": usual.get(name, 0.01)}


def started(shapes=((3, 2), (4,), (), ()), seed=3):
    draw = np.random.default_rng(seed)
    return [draw.normal(size=shape) for shape in shapes]


@needs_torch
@cases
def test_a_hundred_steps_on_quadratics_are_torch_s(name, options, double):
    options = {"lr": 1.0 if name == "Adadelta" else 0.02} | options
    starts, curves = started(), [abs(c) for c in started(seed=4)]
    ours, theirs = (
        [tensor(x) for x in starts],
        [torch.tensor(x, requires_grad=True) for x in starts],
    )
    a, b = OPTIMIZERS[name](ours, **options), peer(name, theirs, options)
    for _ in range(100):
        a.zero_grad()
        b.zero_grad()
        sum((c * (x - 1) ** 2).sum() for c, x in zip(curves, ours, strict=True)).backward()
        sum(
            (torch.tensor(c) * (x - 1) ** 2).sum() for c, x in zip(curves, theirs, strict=True)
        ).backward()
        a.step()
        b.step()
    for x, y, start in zip(ours, theirs, starts, strict=True):
        np.testing.assert_allclose(x.data, y.detach().numpy(), rtol=1e-12, atol=1e-12)
        assert np.abs(x.data - start).max() > 1e-3
    assert isinstance(ours[-1].data, float)


def rosenbrock(x):
    """The gradient of (1 − x)² + 100(y − x²)²."""
    a, b = x[..., 0], x[..., 1]
    return np.stack([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)], -1)


@needs_torch
@cases
def test_fifty_steps_on_rosenbrock_are_torch_s(name, options, double):
    options = gentle(name, options)
    x = np.array([[-1.2, 1.0], [0.0, 2.0], [1.5, -0.5]])
    y = torch.tensor(x, requires_grad=True)
    a, b = OPTIMIZERS[name](x, **options), peer(name, [y], options)
    for _ in range(50):
        a.step(rosenbrock(x))
        b.zero_grad()
        ((1 - y[:, 0]) ** 2 + 100 * (y[:, 1] - y[:, 0] ** 2) ** 2).sum().backward()
        b.step()
    np.testing.assert_allclose(x, y.detach().numpy(), rtol=1e-12, atol=1e-12)


def read(name, optimizer, y, ours):
    """Our state dict with torch's numbers in it."""
    state, theirs = ours.state_dict(), optimizer.state[y]
    state["steps"] = state["0.steps"] = int(theirs["step"]) if "step" in theirs else 10
    state["0.product"] = float(theirs.get("mu_product", 1.0))
    for slot, key in SLOTS.get(name, ADAM).items():
        if f"0.{slot}" in state:
            state[f"0.{slot}"] = theirs[key].numpy().copy()
    return state


@needs_torch
@cases
def test_single_steps_from_torch_s_state_are_torch_s(name, options, double):
    options = gentle(name, options)
    y = torch.tensor([[-1.2, 1.0], [0.0, 2.0]], requires_grad=True)
    b = peer(name, [y], options)
    for _ in range(30):
        before = y.detach().numpy().copy()
        state = b.state[y] and read(name, b, y, OPTIMIZERS[name](before.copy(), **options))
        x = before.copy()
        a = OPTIMIZERS[name](x, **options)
        if state:
            a.load_state_dict(state)
        y.grad = torch.tensor(rosenbrock(before))
        b.step()
        a.step(rosenbrock(before))
        np.testing.assert_allclose(x, y.detach().numpy(), rtol=1e-14, atol=1e-14)
        assert (x != before).any()


@needs_torch
@cases
def test_single_precision_stays_single_and_is_torch_s(name, options):
    options = {"lr": 0.01} | options
    start = np.linspace(-1, 2, 6, dtype=np.float32).reshape(2, 3)
    x, y = tensor(start), torch.tensor(start, requires_grad=True)
    a, b = OPTIMIZERS[name](x, **options), peer(name, [y], options)
    for _ in range(20):
        x.grad = np.sin(x.data)
        y.grad = torch.sin(y.detach())
        a.step()
        b.step()
    assert x.data.dtype == np.float32
    assert all(slot.dtype == np.float32 for cell in a.cells for slot in cell.slots)
    np.testing.assert_allclose(x.data, y.detach().numpy(), rtol=2e-4, atol=2e-5)


@needs_torch
def test_defaults_are_torch_s():
    y = torch.zeros(2, requires_grad=True)
    for name, made in OPTIMIZERS.items():
        if "torch" not in made.conventions:
            continue
        theirs = peer(made.title, [y], {}).defaults
        for option, ours in made.conventions["torch"].defaults.items():
            assert theirs[option] == ours, (name, option)


@needs_torch
def test_groups_and_missing_gradients_are_torch_s(double):
    starts = started(((2,), (), (), (), (3,)))
    ours, theirs = (
        [tensor(x) for x in starts],
        [torch.tensor(x, requires_grad=True) for x in starts],
    )
    groups = [({"lr": 0.1}, slice(0, 2)), ({"weight_decay": 0.3}, slice(2, 5))]
    a = OPTIMIZERS["nadam"]([{"params": ours[s], **o} for o, s in groups], lr=0.05)
    b = torch.optim.NAdam([{"params": theirs[s], **o} for o, s in groups], lr=0.05)
    draw = np.random.default_rng(0)
    missing = [(), (3,), (0, 3), (2, 3, 4), (), (1,), (1, 4), ()] * 3
    for step, absent in enumerate(missing):
        for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            g = draw.normal(size=np.shape(x.data))
            x.grad = None if i in absent else (g if g.shape else float(g))
            y.grad = None if i in absent else torch.tensor(g)
        a.step()
        b.step()
        if step == 10:
            state = a.state_dict()
            a = OPTIMIZERS["nadam"]([{"params": ours[s], **o} for o, s in groups], lr=0.05)
            a.load_state_dict(state)
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(x.data, y.detach().numpy(), rtol=1e-12, atol=1e-13)


# One core, two ways in ----------------------------------------------------------------

EVERY = [
    (name, semantics, options)
    for name, made in OPTIMIZERS.items()
    for semantics in made.conventions
    for options in made.shown
    if set(options) <= set(made.conventions[semantics].defaults)
]
every = pytest.mark.parametrize(("name", "semantics", "options"), EVERY)


@every
def test_values_and_plain_arrays_take_the_same_steps(name, semantics, options):
    starts = started(((3, 2), (), (5,), (), ()))
    values = [tensor(x) for x in starts]
    arrays = [x.copy() for x in starts]
    a = OPTIMIZERS[name](values, lr=0.01, semantics=semantics, **options)
    b = OPTIMIZERS[name](arrays, lr=0.01, semantics=semantics, **options)
    for _ in range(25):
        a.zero_grad()
        sum((x * x + x.sin()).sum() for x in values).backward()
        grads = [np.array(v.grad) for v in values]
        a.step()
        b.step(grads)
        for v, x in zip(values, arrays, strict=True):
            assert np.array_equal(v.data, x)
    assert type(values[1].data) is float


WAYS = [(*case, ("memory", "npz", "json")[i % 3]) for i, case in enumerate(EVERY)]


@pytest.mark.parametrize(("name", "semantics", "options", "by"), WAYS)
def test_training_goes_on_bit_for_bit(name, semantics, options, by):
    def train(params, opt, steps):
        for _ in range(steps):
            opt.zero_grad()
            sum((x * x * x * x + x.sin()).sum() for x in params).backward()
            opt.step()

    def make(params):
        cycling = "betas" in OPTIMIZERS[name].conventions[semantics].defaults
        lr = schedules.SCHEDULES["one_cycle"](0.05, 40, cycle_momentum=cycling)
        return OPTIMIZERS[name](params, lr=lr, semantics=semantics, **options)

    starts = started(((2, 2), (), ()))
    whole = [tensor(x) for x in starts]
    train(whole, make(whole), 14)
    halves = [tensor(x) for x in starts]
    opt = make(halves)
    train(halves, opt, 6)
    state = opt.state_dict()
    if by == "npz":
        file = io.BytesIO()
        np.savez(file, **state)
        file.seek(0)
        state = np.load(file)
    elif by == "json":
        plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in state.items()}
        state = json.loads(json.dumps(plain))
    again = [tensor(x.data) for x in halves]
    opt = make(again)
    opt.load_state_dict(state)
    train(again, opt, 8)
    for x, y in zip(again, whole, strict=True):
        assert np.array_equal(x.data, y.data)
        assert not np.array_equal(x.data, starts[0])


@every
def test_the_anatomy_of_a_step_is_the_step(name, semantics, options):
    values = [tensor([[1.0, -2.0], [0.5, 3.0]]), Value(0.7), Value(-0.2)]
    opt = OPTIMIZERS[name](values, lr=0.05, semantics=semantics, **options)
    for _ in range(7):
        opt.zero_grad()
        sum((x * x * x).sum() for x in values).backward()
        seen = [opt.anatomy(i) for i in range(3)]
        assert opt.anatomy(1) == seen[1]
        before = [np.array(v.data) for v in values]
        grads = [np.array(v.grad) for v in values]
        opt.step()
        state = opt.state_dict()
        for i, anatomy in enumerate(seen):
            terms = anatomy.terms
            assert anatomy.step == opt.steps
            assert np.array_equal(terms["g"], grads[i])
            assert np.array_equal(terms["before"], before[i])
            assert np.array_equal(terms["after"], values[i].data)
            assert np.array_equal(terms["update"], np.array(values[i].data) - before[i])
            for slot in opt.slots(opt.groups[0].options):
                assert np.array_equal(terms[slot], state[f"{i}.{slot}"])
    if "m̂" in terms and not opt.groups[0].options.get("weight_decay"):
        moved = -np.array(terms["rate"]) * terms["m̂"]
        np.testing.assert_allclose(terms["update"], moved, rtol=1e-9)
    elif name in ("adagrad", "adadelta"):
        np.testing.assert_allclose(terms["update"], -terms["rate"] * terms["g"], rtol=1e-9)


def test_a_step_of_adam_taken_apart():
    x = np.array([1.0])
    terms = Adam(x, lr=0.1).anatomy(0, np.array([2.0])).terms
    assert list(terms) == ["g", "m", "v", "m̂", "v̂", "rate", "before", "after", "update"]
    assert x[0] == 1.0
    expected = {"m": 0.2, "v": 0.004, "m̂": 2.0, "v̂": 4.0, "rate": 0.05, "after": 0.9}
    for name, number in expected.items():
        assert terms[name][0] == pytest.approx(number, rel=1e-7), name


def test_descriptions_and_memory():
    x = np.zeros(2)
    assert Adam(x, lr=0.01).describe() == "Adam lr=.01 β₁=.9 β₂=.999 ε=1e-08 wd=0"
    cosine = schedules.cosine(0.1, 100)
    assert SGD(x, lr=cosine, momentum=0.9).describe() == (
        "SGD lr=cosine(lr=.1 t_max=100 eta_min=0) μ=.9 τ=0 wd=0"
    )
    extra = {name: made(np.zeros(2), lr=0.1).memory for name, made in OPTIMIZERS.items()}
    assert extra == {
        "sgd": 0, "adagrad": 1, "adadelta": 2, "rmsprop": 1, "adam": 2, "adamw": 2,
        "amsgrad": 3, "adamax": 2, "nadam": 2, "radam": 2, "lion": 1,
    }  # fmt: skip
    assert SGD(x, lr=0.1, momentum=0.9).memory == 1
    assert OPTIMIZERS["rmsprop"](x, momentum=0.9, centered=True).memory == 3
    for made in OPTIMIZERS.values():
        assert made is OPTIMIZERS[made.title]
        for semantics, convention in made.conventions.items():
            assert convention.rate is None or convention.rate > 0
            text = made(np.zeros(2), lr=0.1, semantics=semantics).describe()
            numbers = [o for o in convention.defaults.values() if not isinstance(o, bool)]
            assert text.count("=") == len(numbers) + ("betas" in convention.defaults)


def test_no_arrays_are_made_in_a_step():
    for name in OPTIMIZERS:
        x, g = np.ones(200_000), np.full(200_000, 0.1)
        opt = OPTIMIZERS[name](x, lr=0.1)
        opt.step(g)
        tracemalloc.start()
        opt.step(g)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < x.nbytes / 10, name


def test_the_gradient_may_be_the_array_itself():
    for name in OPTIMIZERS:
        options = {"weight_decay": 0.5} if name != "sgd" else {}
        x, y = np.array([1.0, -2.0]), np.array([1.0, -2.0])
        a, b = (OPTIMIZERS[name](z, lr=0.1, **options) for z in (x, y))
        for _ in range(5):
            a.step(x)
            b.step(y.copy())
        assert np.array_equal(x, y), name


def test_divergence_is_silent_and_ends_in_infinities():
    x = np.array([1e200, -1.0])
    opt = SGD(x, lr=1e200)
    opt.step(np.array([1e200, 0.0]))
    assert x[0] == -np.inf
    assert x[1] == -1.0


def test_gradients_of_create_graph_count_as_numbers():
    x, y = tensor([1.0, 2.0]), Value(3.0)
    ((x * x).sum() * y).backward(create_graph=True)
    assert isinstance(x.grad, Value)
    SGD([x, y], lr=0.1).step()
    np.testing.assert_allclose(x.data, [1 - 0.6, 2 - 1.2])
    assert y.data == pytest.approx(3 - 0.5)


def test_no_optimizer_of_torch_is_left_out():
    peers = {made.title for made in OPTIMIZERS.values() if "torch" in made.conventions}
    assert {name for name, _ in CASES} == peers
