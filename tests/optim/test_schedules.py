"""Schedules of the rate against torch's, step by step, and against keras' plateau rule."""

import copy
import math
import pickle

import numpy as np
import pytest
from peers import needs_torch, torch

from backviz import tensor
from backviz.errors import BackvizError, InputError
from backviz.optim import OPTIMIZERS, SCHEDULES, SGD, Adam, one_cycle, reduce_on_plateau
from backviz.optim.schedules import (
    Schedule,
    as_schedule,
    constant,
    cosine,
    cyclic,
    every,
    exponential,
    linear,
    multistep,
    polynomial,
    sequence,
    step,
    time_based,
    warm_restarts,
    warmup,
)  # fmt: skip

STEPS = 200


def torch_rates(make, steps=STEPS, momentum=None):
    """The rates that torch's scheduler gives an optimizer of rate .3, and its momenta."""
    y = torch.zeros(1, requires_grad=True)
    if momentum == "betas":
        optimizer = torch.optim.Adam([y], lr=0.3)
    else:
        optimizer = torch.optim.SGD([y], lr=0.3, momentum=0.5)
    scheduler = make(optimizer)
    rates, momenta = [], []
    for t in range(steps):
        group = optimizer.param_groups[0]
        rates.append(float(group["lr"]))
        momenta.append(group["betas"][0] if momentum == "betas" else group["momentum"])
        y.grad = torch.zeros(1)
        optimizer.step()
        if t < steps - 1:
            scheduler.step()
    return rates, momenta


def peers():
    lr = torch.optim.lr_scheduler
    return {
        "constant": (lambda: constant(0.3), lambda o: lr.LambdaLR(o, lambda t: 1.0)),
        "time_based": (
            lambda: time_based(0.3, 0.02),
            lambda o: lr.LambdaLR(o, lambda t: 1 / (1 + 0.02 * t)),
        ),
        "step": (lambda: step(0.3, 30, 0.5), lambda o: lr.StepLR(o, 30, 0.5)),
        "multistep": (
            lambda: multistep(0.3, [120, 20, 20, 70], 0.3),
            lambda o: lr.MultiStepLR(o, [120, 20, 20, 70], 0.3),
        ),
        "exponential": (lambda: exponential(0.3, 0.97), lambda o: lr.ExponentialLR(o, 0.97)),
        "linear": (
            lambda: linear(0.3, 0.1, 0.7, 90),
            lambda o: lr.LinearLR(o, 0.1, 0.7, 90),
        ),
        "cosine": (lambda: cosine(0.3, 60, 0.01), lambda o: lr.CosineAnnealingLR(o, 60, 0.01)),
        "warm_restarts": (
            lambda: warm_restarts(0.3, 15, 2, 0.01),
            lambda o: lr.CosineAnnealingWarmRestarts(o, 15, 2, 0.01),
        ),
        "cyclic": (
            lambda: cyclic(0.02, 0.3, 13, 29, "triangular2"),
            lambda o: lr.CyclicLR(o, 0.02, 0.3, 13, 29, "triangular2", cycle_momentum=False),
        ),
        "polynomial": (lambda: polynomial(0.3, 150, 2.5), lambda o: lr.PolynomialLR(o, 150, 2.5)),
        "sequence": (
            lambda: sequence(
                [linear(0.3, 0.2, 1.0, 20), cosine(0.3, 90), constant(0.3)], [20, 110]
            ),
            lambda o: lr.SequentialLR(
                o,
                [
                    lr.LinearLR(o, 0.2, 1.0, 20),
                    lr.CosineAnnealingLR(o, 90),
                    lr.LambdaLR(o, lambda t: 1.0),
                ],
                [20, 110],
            ),
        ),
        "warmup": (
            lambda: warmup(exponential(0.3, 0.98), 15, 0.1),
            lambda o: lr.SequentialLR(
                o, [lr.LinearLR(o, 0.1, 1.0, 15), lr.ExponentialLR(o, 0.98)], [15]
            ),
        ),
        "every": (
            lambda: every(10, exponential(0.3, 0.7)),
            lambda o: lr.LambdaLR(o, lambda t: 0.7 ** (t // 10)),
        ),
        "one_cycle": (lambda: one_cycle(0.3, STEPS), lambda o: lr.OneCycleLR(o, 0.3, STEPS)),
    }


@needs_torch
@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_cycles_of_every_mode_are_torch_s(mode):
    ours = cyclic(0.02, 0.3, 17, None, mode, 0.99)
    theirs, _ = torch_rates(
        lambda o: torch.optim.lr_scheduler.CyclicLR(
            o, 0.02, 0.3, 17, None, mode, 0.99, cycle_momentum=False
        )
    )
    np.testing.assert_allclose([ours(t) for t in range(STEPS)], theirs, rtol=1e-12, atol=1e-15)


@needs_torch
def test_restarts_of_one_length_are_torch_s():
    ours = warm_restarts(0.3, 7)
    theirs, _ = torch_rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 7))
    np.testing.assert_allclose([ours(t) for t in range(STEPS)], theirs, rtol=1e-12, atol=1e-15)


def test_a_cycle_of_no_known_mode_is_refused():
    with pytest.raises(InputError, match="unknown mode of cyclic 'square'; there is triangular"):
        cyclic(0.1, 1.0, mode="square")


CYCLES = [
    {}, {"pct_start": 0.45, "three_phase": True}, {"anneal_strategy": "linear"},
    {"three_phase": True, "anneal_strategy": "linear", "pct_start": 0.2},
    {"base_momentum": 0.7, "max_momentum": 0.9, "div_factor": 10.0, "final_div_factor": 100.0},
]  # fmt: skip


@needs_torch
@pytest.mark.filterwarnings("ignore:.*epoch parameter.*:UserWarning")
def test_every_schedule_is_torch_s_for_200_steps():
    made = peers()
    assert set(made) | {"reduce_on_plateau"} == set(SCHEDULES)
    for name, (ours, theirs) in made.items():
        rates = [ours()(t) for t in range(STEPS)]
        np.testing.assert_allclose(
            rates, torch_rates(theirs)[0], rtol=1e-12, atol=1e-15, err_msg=name
        )
        assert len(set(rates)) > (0 if name == "constant" else 3), name


@needs_torch
@pytest.mark.parametrize("options", CYCLES)
@pytest.mark.parametrize("momentum", ["momentum", "betas"])
def test_one_cycle_and_its_momentum_are_torch_s(options, momentum):
    rates, momenta = torch_rates(
        lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.3, STEPS, **options), STEPS, momentum
    )
    ours = one_cycle(0.3, STEPS, **options)
    np.testing.assert_allclose([ours(t) for t in range(STEPS)], rates, rtol=1e-15, atol=1e-17)
    np.testing.assert_allclose([ours.momentum(t) for t in range(STEPS)], momenta, rtol=1e-15)
    x = tensor([1.0])
    opt = Adam(x, lr=ours) if momentum == "betas" else SGD(x, lr=ours)
    assert opt.memory == (2 if momentum == "betas" else 1)
    for t in range(STEPS):
        x.grad = np.zeros(1)
        opt.step()
        o = opt.groups[0].options
        used = o["betas"][0] if momentum == "betas" else o["momentum"]
        assert (opt.lr, used) == (ours(t), ours.momentum(t))


@needs_torch
@pytest.mark.parametrize("name", ["cosine", "warmup", "one_cycle", "step"])
def test_training_with_a_schedule_is_torch_s(name):
    ours, theirs = peers()[name]
    start = np.array([1.0, -2.0, 0.5])
    x, y = tensor(start), torch.tensor(start, requires_grad=True)
    opt, peer = SGD(x, lr=ours(), momentum=0.5), torch.optim.SGD([y], lr=0.3, momentum=0.5)
    scheduler = theirs(peer)
    for _ in range(STEPS - 1):
        x.grad, y.grad = np.sin(x.data), torch.sin(y.detach())
        opt.step()
        peer.step()
        scheduler.step()
    np.testing.assert_allclose(x.data, y.detach().numpy(), rtol=1e-10, atol=1e-13)


LOSSES = np.abs(np.cumsum(np.random.default_rng(2).normal(-0.01, 0.05, STEPS)) + 1)
PLATEAUS = [
    {}, {"patience": 2}, {"patience": 0, "factor": 0.5}, {"patience": 3, "cooldown": 4},
    {"mode": "max", "patience": 2}, {"patience": 2, "threshold": 0.05, "threshold_mode": "abs"},
    {"patience": 1, "threshold": 0.05, "min_lr": 0.01}, {"patience": 1, "eps": 1e-2},
    {"mode": "max", "patience": 2, "threshold_mode": "abs", "cooldown": 1},
]  # fmt: skip


@needs_torch
@pytest.mark.parametrize("options", PLATEAUS)
def test_the_plateau_is_torch_s(options):
    y = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([y], lr=0.3)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    ours = reduce_on_plateau(0.3, **options)
    seen = set()
    for loss in LOSSES:
        theirs.step(loss)
        assert ours.report(loss) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-15)
        assert ours(17) == ours.rate
        seen.add(ours.rate)
    assert len(seen) > 1


def keras_rates(losses, lr, factor, patience, min_delta, cooldown, min_lr):
    """The rule of keras' callback, on its own."""
    best, wait, pause, rates = math.inf, 0, 0, []
    for loss in losses:
        if pause > 0:
            pause, wait = pause - 1, 0
        if loss < best - min_delta:
            best, wait = loss, 0
        elif pause <= 0:
            wait += 1
            if wait >= patience and lr > min_lr:
                lr, pause, wait = max(lr * factor, min_lr), cooldown, 0
        rates.append(lr)
    return rates


@pytest.mark.parametrize(("patience", "cooldown", "min_lr"), [(10, 0, 0), (2, 3, 0), (1, 1, 0.05)])
def test_the_plateau_in_keras_semantics(patience, cooldown, min_lr):
    ours = reduce_on_plateau(
        0.3, factor=0.5, patience=patience, cooldown=cooldown, min_lr=min_lr, semantics="keras"
    )
    truth = keras_rates(LOSSES, 0.3, 0.5, patience, 1e-4, cooldown, min_lr)
    rates = [ours.report(loss) for loss in LOSSES]
    assert rates == truth
    other = reduce_on_plateau(0.3, factor=0.5, patience=patience, cooldown=cooldown, min_lr=min_lr)
    assert [other.report(loss) for loss in LOSSES] != rates


def test_the_plateaus_differ_as_they_say():
    flat = [1.0] * 4
    torch_s = reduce_on_plateau(1.0, patience=2, factor=0.5)
    keras_s = reduce_on_plateau(1.0, patience=2, factor=0.5, semantics="keras")
    assert [torch_s.report(x) for x in flat] == [1.0, 1.0, 1.0, 0.5]  # more than 2 bad ones
    assert [keras_s.report(x) for x in flat] == [1.0, 1.0, 0.5, 0.5]  # the second bad one
    # a gain of 1e-3 on 100: too little relative to it, enough in itself
    relative, absolute = (
        reduce_on_plateau(1.0, patience=0),
        reduce_on_plateau(1.0, patience=1, semantics="keras"),
    )
    for each in (relative, absolute):
        each.report(100.0)
        each.report(99.999)
    assert (relative.rate, absolute.rate) == (0.1, 1.0)


SAMPLES = {
    "constant": lambda: constant(0.1), "time_based": lambda: time_based(0.1, 0.1),
    "step": lambda: step(0.1, 5), "multistep": lambda: multistep(0.1, [3, 9]),
    "exponential": lambda: exponential(0.1, 0.9), "linear": lambda: linear(0.1),
    "cosine": lambda: cosine(0.1, 10), "one_cycle": lambda: one_cycle(0.1, 20),
    "sequence": lambda: sequence([constant(0.1), cosine(0.1, 10)], [4]),
    "warmup": lambda: warmup(reduce_on_plateau(0.1, patience=1), 4, 0.1),
    "every": lambda: every(3, exponential(0.1, 0.5)),
    "warm_restarts": lambda: warm_restarts(0.1, 3, 2),
    "cyclic": lambda: cyclic(0.01, 0.1, 3),
    "polynomial": lambda: polynomial(0.1, 9, 2.0),
    "reduce_on_plateau": lambda: reduce_on_plateau(0.1, patience=1, cooldown=1),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULES)
def test_training_goes_on_bit_for_bit(name):
    def train(x, opt, schedule, losses):
        plateau = [p for p in (schedule, *getattr(schedule, "parts", ())) if hasattr(p, "report")]
        for loss in losses:
            x.grad = np.cos(x.data)
            opt.step()
            for each in plateau:
                each.report(loss)

    def make(start):
        x, schedule = tensor(start), SAMPLES[name]()
        return x, Adam(x, lr=schedule), schedule

    start = np.array([0.3, -1.0])
    whole = make(start)
    train(*whole, LOSSES[:18])
    first = make(start)
    train(*first, LOSSES[:7])
    state = first[1].state_dict()
    second = make(first[0].data)
    second[1].load_state_dict(state)
    train(*second, LOSSES[7:18])
    assert np.array_equal(whole[0].data, second[0].data)
    assert whole[1].lr == second[1].lr
    assert name in whole[2].describe()
    assert whole[2].describe() in whole[1].describe()


def test_other_functions_of_the_step_are_schedules():
    x = np.zeros(1)
    opt = SGD(x, lr=lambda t: 1 / (t + 1))
    for _ in range(3):
        opt.step(np.ones(1))
    assert x[0] == pytest.approx(-(1 + 1 / 2 + 1 / 3))
    same = cosine(0.1, 5)
    assert as_schedule(same) is same


class Restless(Schedule):
    """A schedule of one's own, with a momentum that none can be."""

    name, base, cycles = "restless", 0.1, True

    def __call__(self, t):
        return 0.1

    def momentum(self, t):
        return 1.5

    def describe(self):
        return "restless"

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: constant(0), "constant: lr=0 does not work; give a number above 0"),
        (lambda: step(0.1, 0), "step: step_size=0 does not work; give a whole number"),
        (lambda: step(0.1, 2.5), "give a whole number of at least 1"),
        (lambda: exponential(0.1, -1), "gamma=-1 does not work"),
        (lambda: cosine(0.1, -4), "t_max=-4"),
        (lambda: sequence([constant(0.1)], [3]), "1 schedules need 0 growing milestones, not [3]"),
        (lambda: sequence([], []), "0 schedules need"),
        (lambda: sequence([constant(0.1)] * 3, [5, 4]), "3 schedules need 2 growing milestones"),
        (lambda: one_cycle(0.1, 10, pct_start=1.0), "leaves one of the phases no steps"),
        (lambda: one_cycle(0.1, 10, anneal_strategy="sin"), "there is cos, linear"),
        (lambda: one_cycle(0.1, 10)(10), "ends after 10 steps and was asked for step 11"),
        (lambda: constant(0.1).momentum(0), "says nothing about the momentum"),
        (lambda: reduce_on_plateau(0.1).momentum(0), "says nothing about the momentum"),
        (lambda: reduce_on_plateau(0.1, mode="mni"), "did you mean 'min'?"),
        (lambda: reduce_on_plateau(0.1, semantics="optax"), "there is torch, keras"),
        (lambda: reduce_on_plateau(0.1, threshold_mode="x"), "there is rel, abs"),
        (lambda: reduce_on_plateau(0.1, factor=1), "factor=1 does not work"),
        (lambda: reduce_on_plateau(0.1, patience=-1), "patience=-1"),
        (lambda: reduce_on_plateau(0.1).load_state_dict({}), "not nothing"),
        (lambda: one_cycle(0.1, 10, div_factor=0), "div_factor=0 does not work"),
        (lambda: one_cycle(0.1, 10, final_div_factor=-5), "final_div_factor=-5 does not work"),
        (lambda: warmup(0.1, 3), "0.1 is no schedule"),
        (lambda: every(3, 0.1), "0.1 is no schedule"),
        (lambda: sequence([0.1, constant(0.2)], [3]), "0.1 is no schedule"),
        (lambda: step(0.1, True), "step_size=True does not work"),
        (lambda: multistep(0.1, ["a"]), "a milestone='a' does not work"),
        (lambda: SGD(np.zeros(1), lr=lambda t: -0.1), "gives the rate -0.1 at step 0"),
        (lambda: SGD(np.zeros(1), lr=lambda t: math.nan), "gives the rate nan at step 0"),
        (lambda: SCHEDULES["cosin"], "did you mean 'cosine'?"),
        (lambda: one_cycle(0.1, 10, max_momentum=2), "max_momentum=2 does not work; give a number"),
        (lambda: one_cycle(0.1, 10, base_momentum=-0.1), "base_momentum=-0.1 does not work"),
        (lambda: one_cycle(0.1, 10, max_momentum="a"), "max_momentum='a' does not work"),
        (lambda: one_cycle(0.1, 10, pct_start="a"), "pct_start='a' does not work"),
        (lambda: SGD(np.zeros(1), lr=Restless()), "the momentum of step 0=1.5 does not work"),
        (lambda: linear(0.1, start_factor=-1), "start_factor=-1 does not work"),
        (lambda: linear(0.1, end_factor=math.nan), "end_factor=nan does not work"),
        (lambda: cosine(0.1, 5, eta_min="a"), "eta_min='a' does not work"),
        (lambda: warmup(constant(0.1), 3, start_factor=-2), "start_factor=-2 does not work"),
        (lambda: time_based(0.1, -1), "decay=-1 does not work; give a number of at least 0"),
        (lambda: sequence(constant(0.1), [3]), "sequence takes a list of schedules"),
        (lambda: sequence([constant(0.1)] * 2, 3), "milestones=3 does not work; give a list"),
        (lambda: sequence([constant(0.1)] * 2, [-3]), "a milestone=-3 does not work"),
        (lambda: multistep(0.1, 5), "milestones=5 does not work; give a list of steps"),
        (lambda: reduce_on_plateau(0.1, factor="a"), "factor='a' does not work"),
        (lambda: reduce_on_plateau(0.1, threshold=-1), "threshold=-1 does not work"),
        (lambda: reduce_on_plateau(0.1, min_lr="a"), "min_lr='a' does not work"),
        (lambda: reduce_on_plateau(0.1).report(np.ones(3)), "a loss is one number, not array"),
        (lambda: SGD(np.zeros(1), lr=lambda: 0.1), "<lambda> is no schedule: "),
        (lambda: SGD(np.zeros(1), lr=lambda t: "a"), "gives the rate nan at step 0"),
        (
            lambda: sequence([constant(0.1), one_cycle(0.1, 10)], [3]),
            "one_cycle cycles the momentum and constant does not; give the first",
        ),
    ],
)
def test_wrong_use_is_one_sentence(wrong, says):
    with pytest.raises(BackvizError) as caught:
        wrong()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_schedule_that_cycles_is_given_when_the_optimizer_is_made():
    opt = SGD(np.zeros(1), lr=0.1)
    with pytest.raises(InputError, match="give it when the optimizer is made"):
        opt.lr = one_cycle(0.1, 10)


def test_a_rate_below_0_is_refused_at_its_step_and_0_is_not():
    x = np.ones(1)
    opt = SGD(x, lr=lambda t: 0.5 - 0.25 * t)
    for _ in range(3):
        opt.step(np.ones(1))
    with pytest.raises(InputError, match=r"gives the rate -0.25 at step 3; rates are at least 0"):
        opt.step(np.ones(1))
    assert (x[0], opt.steps) == (0.25, 3)


def test_functions_and_numbers_of_numpy_go_into_combined_schedules():
    plain = lambda t: 0.1 / (t + 1)  # noqa: E731
    assert warmup(plain, np.int64(2))(3) == 0.05
    assert every(2, plain)(3) == 0.05
    assert sequence([plain, plain], [2])(3) == 0.05
    assert constant(np.float32(0.5))(0) == 0.5


def test_the_momentum_waits_while_the_rate_warms_up():
    cycle = one_cycle(0.1, 10)
    made = warmup(cycle, 3)
    assert [made.momentum(t) for t in range(6)] == [0.95] * 3 + [
        cycle.momentum(t) for t in (0, 1, 2)
    ]
    opt = SGD(np.ones(1), lr=made, momentum=0.5)
    opt.step(np.ones(1))
    assert opt.groups[0].options["momentum"] == 0.95


@needs_torch
@pytest.mark.parametrize("name", ["SGD", "RMSprop"])
@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1}])
def test_a_momentum_that_passes_through_0_is_torch_s_and_can_be_saved(name, options):
    cycle = {"base_momentum": 0.0, "pct_start": 0.5, "anneal_strategy": "linear"}
    start = np.array([1.0, -2.0, 0.5])
    x, y = start.copy(), torch.tensor(start, requires_grad=True)
    opt = OPTIMIZERS[name](x, lr=one_cycle(0.1, 20, **cycle), **options)
    peer = getattr(torch.optim, name)([y], lr=0.1, momentum=0.5, **options)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(peer, 0.1, 20, **cycle)
    momenta = []
    for t in range(20):
        y.grad = torch.sin(y.detach()) + 0.1 * t
        before, state = x.copy(), opt.state_dict()
        opt.step(np.sin(x) + 0.1 * t)
        peer.step()
        momenta.append(opt.groups[0].options["momentum"])
        np.testing.assert_allclose(x, y.detach().numpy(), rtol=1e-12, err_msg=str(t))
        again = OPTIMIZERS[name](before, lr=one_cycle(0.1, 20, **cycle), **options)
        again.load_state_dict(state)
        assert again.memory == opt.memory == (1 if name == "SGD" else 2)
        assert np.array_equal(again.anatomy(0, np.sin(before) + 0.1 * t).terms["after"], x)
        if t < 19:
            scheduler.step()
    assert momenta[9] == 0
    assert momenta[8] > 0


def test_a_sequence_of_cycles_keeps_their_momentum():
    one = one_cycle(0.1, 10)
    both = sequence([one, every(2, one)], [10])
    assert [both.momentum(t) for t in (3, 9, 10, 16)] == [one.momentum(t) for t in (3, 9, 0, 3)]
    assert not sequence([constant(0.1), one_cycle(0.1, 9, cycle_momentum=False)], [3]).cycles


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_optimizers_with_schedules_can_be_copied_and_pickled(name, again):
    x = tensor(np.array([0.3, -1.0]))
    opt = Adam(x, lr=SAMPLES[name]())
    for _ in range(6):
        x.grad = np.cos(x.data)
        opt.step()
    other = again(opt)
    (y,) = other.params
    assert y is not x
    for _ in range(6):
        x.grad, y.grad = np.cos(x.data), np.cos(y.data)
        opt.step(), other.step()
        assert np.array_equal(x.data, y.data)
        assert opt.lr == other.lr
    assert other.describe() == opt.describe()


def test_no_decay_is_a_constant_rate():
    assert [time_based(0.1, decay=0)(t) for t in (0, 7)] == [0.1, 0.1]
