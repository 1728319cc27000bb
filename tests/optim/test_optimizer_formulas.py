"""An optimizer is one formula: what is printed, what arrays compute, and what runs in place agree.

The printed lines are computed by `formula_reader`, which knows nothing of backviz.
"""

import copy
import itertools
import pickle
import re

import numpy as np
import pytest
from formula_reader import read

import backviz
from backviz.errors import InputError
from backviz.ops import sqrt
from backviz.optim import OPTIMIZERS, SGD, Adam, NAdam, Optimizer, RAdam, program, schedules
from backviz.optim.convention import Decay
from backviz.optim.formula import NUMBER, computed
from backviz.optim.options import OPTIONS
from backviz.optim.program import Trace

SWITCHED = {
    "momentum": (0.0, 0.9), "dampening": (0.0, 0.4), "nesterov": (False, True),
    "weight_decay": (0.0, 0.1), "amsgrad": (False, True), "centered": (False, True),
    "lr_decay": (0.0, 0.1), "decoupled_weight_decay": (False, True), "maximize": (False, True),
}  # fmt: skip
SET = {"betas": (0.8, 0.95), "eps": 1e-2, "rho": 0.7, "alpha": 0.85, "momentum_decay": 0.3,
       "initial_accumulator_value": 0.2}  # fmt: skip
START = np.array([-1.5, 2.0, 0.7, 0.0])


def combinations(made, semantics):
    """Every set of options that changes the formula; the numbers are none of the defaults."""
    there = made.conventions[semantics].defaults
    switched = [name for name in SWITCHED if name in there]
    for values in itertools.product(*(SWITCHED[name] for name in switched)):
        o = {name: SET[name] for name in SET if name in there} | dict(
            zip(switched, values, strict=True)
        )
        if not (o.get("nesterov") and (not o["momentum"] or o.get("dampening"))):
            yield o


EVERY = [
    (name, semantics, options)
    for name, made in OPTIMIZERS.items()
    for semantics in made.conventions
    for options in combinations(made, semantics)
]
LR = schedules.time_based(0.05, 0.1)


def slope(x, t):
    return np.sin(3 * x) + 0.2 * x + 0.1 * t


def read_line(text, names):
    """A line, which may say `a if t > 1 else b`."""
    chosen = re.fullmatch(r"(.*) if (.*) else (.*)", text)
    if chosen:
        text = chosen[1] if read(f"[{chosen[2]}]", names) else chosen[3]
    return read(text, names)


def names_of(opt, t, lr):
    """What the letters of a formula stand for at step t."""
    names = {"lr": lr, "lr₀": LR(0), "t": float(t)}
    for name, option in opt.groups[0].options.items():
        if name in OPTIONS and name != "lr":
            each = option if isinstance(option, tuple) else (option,)
            names |= dict(zip(OPTIONS[name].letters, each, strict=True))
    return names | {f"{letter}ᵗ": names[letter] ** t for letter in ("β₁", "β₂") if letter in names}


def printed_run(opt, lines, steps=12):
    """θ after steps that are made by reading the lines."""
    o = {"": 0.0, **opt.groups[0].options}
    kept = {slot: np.full(4, o[opt.begins.get(slot, "")]) for slot in opt.slots(o)}
    kept |= {"Π": 1.0, "θ": START.copy()}
    for t in range(1, steps + 1):
        names = names_of(opt, t, LR(t - 1)) | kept | {"g": slope(kept["θ"], t)}
        for line in lines:
            name, sign, text = line.replace("ρ∞", "ρ_most").split(" ", 2)
            names[name] = read_line(text, names)
            assert sign in "=←"
        kept = {name: names[name] for name in kept}
    return kept["θ"]


def run(opt, steps=12):
    (x,) = opt.params
    for t in range(1, steps + 1):
        opt.step(slope(x, t))
    return x


def test_every_printed_formula_is_what_runs():
    assert len(EVERY) > 270
    for name, semantics, options in EVERY:
        opt = OPTIMIZERS[name](START.copy(), lr=LR, semantics=semantics, **options)
        truth = printed_run(opt, opt.formula())
        np.testing.assert_allclose(
            run(opt), truth, rtol=1e-12, atol=1e-13, err_msg=f"{name} {semantics} {options}"
        )


@pytest.mark.parametrize(
    ("of", "options", "right", "wrong"),
    [
        ("adam", {}, "m̂ = m/(1 − β₁ᵗ)", "m̂ = m"),
        ("adam", {}, "v ← β₂·v + (1 − β₂)·g²", "v ← β₁·v + (1 − β₁)·g²"),
        ("adam", {}, "θ ← θ − lr·m̂/(√v̂ + ε)", "θ ← θ − lr·m̂/√(v̂ + ε)"),
        ("adamw", {"weight_decay": 0.1}, "θ ← θ − lr·wd·θ", "g ← g + wd·θ"),
        ("sgd", {"momentum": 0.9}, "b ← μ·b + g", "b ← μ·b + lr·g"),
        ("radam", {}, "ρ > 5", "ρ > 4"),
    ],
)
def test_a_fault_in_the_text_is_noticed(of, options, right, wrong):
    there = OPTIMIZERS[of].conventions["torch"].defaults
    options = {name: SET[name] for name in SET if name in there} | options
    opt = OPTIMIZERS[of](START.copy(), lr=LR, **options)
    lines = [line.replace(right, wrong) for line in opt.formula()]
    assert tuple(lines) != opt.formula()
    assert np.abs(run(opt) - printed_run(opt, lines)).max() > 1e-5


# In place -----------------------------------------------------------------------------


def distance(opt, x, steps, bits=np.float64):
    """By how many units in the last place a step is off the formula, at most.

    The units are those of the larger of θ and its update, and of what is kept; each step begins
    where the one before it ended, so that nothing adds up.
    """
    worst, group, unit = 0.0, opt.groups[0], np.finfo(bits).eps
    for _ in range(steps):
        (cell,) = opt.cells
        t = cell.steps + 1
        before = {"θ": x.copy(), **dict(zip(group.slots, map(np.copy, cell.slots), strict=True))}
        g = slope(x, t).astype(bits)
        kept_number = cell.product
        opt.step(g)
        found = computed(
            opt.lines, {**opt.absent, **group.options, "base": group.base},
            {"g": g, "t": t, NUMBER: kept_number, **before},
        )  # fmt: skip
        after = {"θ": x, **dict(zip(group.slots, cell.slots, strict=True))}
        for name, there in after.items():
            expected = found.get(name, before[name])
            size = np.abs(before[name]) + np.abs(expected) + np.abs(g) * (name != "θ")
            off = np.abs(there - expected) / (unit * np.maximum(size, unit))
            worst = max(worst, float(off.max()))
    return worst


@pytest.mark.parametrize("bits", [np.float64, np.float32])
def test_a_step_in_place_is_the_formula_on_arrays(bits):
    """Four units: three or four numbers are multiplied before they meet the array, not after."""
    for name, semantics, options in EVERY:
        x = START.astype(bits)
        opt = OPTIMIZERS[name](x, lr=LR, semantics=semantics, **options)
        assert distance(opt, x, 9, bits) <= 4, (name, semantics, options)
        assert x.dtype == bits


def test_without_a_number_that_waits_the_step_is_the_formula_bit_for_bit():
    for name, semantics, options in EVERY:
        if name in ("sgd", "adadelta", "lion") and not options.get("weight_decay"):
            x = START.copy()
            opt = OPTIMIZERS[name](x, lr=LR, semantics=semantics, **options)
            if options.get("maximize") and name != "lion":
                continue  # the sign waits too
            assert distance(opt, x, 9) == 0, (name, semantics, options)


def test_a_fault_in_the_program_is_noticed(monkeypatch):
    """A number that is lost, or an array that is written over too early, is far off."""

    def off(of, **options):
        monkeypatch.setattr(OPTIMIZERS[of], "programs", {})
        x = START.copy()
        return distance(OPTIMIZERS[of](x, lr=LR, **options), x, 3)

    assert off("adam") <= 4
    times = Trace._times
    with monkeypatch.context() as patch:
        patch.setattr(Trace, "_times", lambda self, a, b: a if a is not None else times(self, a, b))
        assert off("adam") > 1e6
    placed = program._placed

    def early(trace, final, home):
        moves, numbers, top = placed(trace, final, home)
        return [(f, *given, 2 if out == top - 1 else out) for f, *given, out in moves], numbers, top

    with monkeypatch.context() as patch:
        patch.setattr(program, "_placed", early)
        assert off("lion") > 1e6


def test_the_step_of_adam_has_twelve_operations_and_one_array_to_work_in():
    opt = Adam(START.copy())
    opt.step(START)
    made = opt.groups[0].program
    assert len(made.moves) == 12
    assert made.scratch == 1


def test_a_program_is_made_once_and_again_where_the_formula_takes_another_way(monkeypatch):
    made = []
    real = program._program
    monkeypatch.setattr(program, "_program", lambda *a: made.append(0) or real(*a))
    monkeypatch.setattr(RAdam, "programs", {})
    opts = [RAdam(START.copy()) for _ in range(3)]
    for opt in opts:
        run(opt, 12)
    assert len(made) == 2  # with and without the division
    monkeypatch.setattr(SGD, "programs", {})
    opt = SGD(START.copy(), lr=0.1, momentum=0.5)
    run(opt, 2)
    opt.param_groups[0]["nesterov"] = True
    run(opt, 2)
    opt.param_groups[0]["lr"] = 0.2
    run(opt, 2)
    assert len(made) == 4


def test_an_optimizer_can_be_copied_and_pickled_between_two_steps():
    for again in (copy.deepcopy, lambda opt: pickle.loads(pickle.dumps(opt))):
        opt = NAdam(START.copy(), lr=0.1)
        run(opt, 3)
        other = again(opt)
        assert np.array_equal(run(opt, 3), run(other, 3))
        assert not np.array_equal(opt.params[0], START)


# Wrong use, and what is shown ---------------------------------------------------------


def test_wrong_rows_are_refused_when_they_are_made():
    with pytest.raises(TypeError, match="'ruut'"):

        class Wrong(Adam):
            conventions = {"torch": backviz.optim.convention(switches={"ruut": 1}, lr=0.1)}  # noqa: RUF012

    with pytest.raises(ValueError, match="'adam' is already registered"):
        backviz.optim.optimizer(Adam)
    from backviz.optim.options import SHARE, option

    with pytest.raises(ValueError, match="'eps' has letters and bounds already"):
        option("eps", "δ", SHARE)

    class Reads(Optimizer):
        """Reads what no line keeps."""

        title, source, year = "Reads", "nobody (2000)", 2000
        conventions = {"torch": backviz.optim.convention(lr=0.1)}  # noqa: RUF012

        @staticmethod
        def update(x, o):
            yield "θ ←", x.θ - o.lr * x.q

    with pytest.raises(AttributeError, match="reads q, and no line keeps it"):
        Reads(START.copy()).step(START)


def test_options_are_given_in_torch_s_order_or_by_name():
    assert (
        Adam(START.copy(), 0.5, (0.8, 0.9), 1e-3).describe() == "Adam lr=.5 β₁=.8 β₂=.9 ε=.001 wd=0"
    )
    with pytest.raises(InputError, match="unknown option of Adam 'beta'; did you mean 'betas'"):
        Adam(START.copy(), beta=0.9)
    with pytest.raises(InputError, match="SGD: give lr, momentum, dampening, weight_decay, nest"):
        SGD(START.copy(), 0.1, lr=0.1)
    with pytest.raises(InputError, match="once each, in this order"):
        SGD(START.copy(), 0.1, 0.9, 0.0, 0.0, False, True)


def test_a_table_that_is_full_leaves_out_what_has_no_coordinates():
    from backviz.scenes import SCENES

    for name, there, gone in (("nadam", "m̂", "Π"), ("radam", "m̂", "ρ∞"), ("adam", "v̂", "ρ")):
        film = SCENES["step_anatomy"](optimizer=name, steps=3)
        (table,) = next(iter(film.frames())).changes["table"]
        rows = [row[0] for row in table.rows]
        assert there in rows, name
        assert gone not in rows, name
        assert len(rows) <= 9


def test_an_option_counts_from_the_step_after_it_was_set():
    def by_group(opt):
        opt.param_groups[0]["eps"] = 0.5
        opt.param_groups[0]["betas"] = (0.5, 0.6)

    def by_rate(opt):
        opt.lr = 0.7

    def by_schedule(opt):
        opt.lr = schedules.exponential(0.3, gamma=0.5)

    def by_state(opt):
        opt.load_state_dict(opt.state_dict() | {"group0.lr": 0.6, "group0.weight_decay": 0.2})

    def by_looking(opt):
        opt.lr = schedules.exponential(0.3, gamma=0.5)
        opt.anatomy(0, np.ones(4))

    for way in (by_group, by_rate, by_schedule, by_state, by_looking):
        x = START.copy()
        opt = Adam(x, lr=0.1)
        run(opt, 2)
        way(opt)
        before = x.copy()
        assert distance(opt, x, 3) <= 4, way
        other = Adam(before.copy(), lr=0.1)
        assert not np.array_equal(run(other, 3), x), way


def adam_by_hand(decay=0.1, steps=12):
    x, m, v = START.copy(), 0.0, 0.0
    for t in range(1, steps + 1):
        g = slope(x, t)
        x = x - 0.05 * decay * x
        m, v = 0.8 * m + (1 - 0.8) * g, 0.95 * v + (1 - 0.95) * g * g
        x = x - 0.05 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.95**t)) + 1e-2)
    return x


@pytest.mark.parametrize("fault", ["", "correction", "betas", "decay"])
def test_a_fault_in_the_formula_is_noticed_by_what_is_written_by_hand(fault):
    class Faulty(OPTIMIZERS["adamw"]):
        conventions = {  # noqa: RUF012
            "torch": backviz.optim.convention(
                "", Decay.COUPLED if fault == "decay" else Decay.DECOUPLED,
                lr=0.05, betas=(0.8, 0.95), eps=1e-2, weight_decay=0.1,
            )
        }  # fmt: skip

        @staticmethod
        def update(x, o):
            beta1, beta2 = reversed(o.betas) if fault == "betas" else o.betas
            m = yield "m ←", beta1 * x.m + (1 - beta1) * x.g
            v = yield "v ←", beta2 * x.v + (1 - beta2) * x.g**2
            m_hat = yield "m̂ =", m if fault == "correction" else m / (1 - beta1**x.t)
            v_hat = yield "v̂ =", v / (1 - beta2**x.t)
            yield "rate", o.lr / (sqrt(v_hat) + o.eps)
            yield "θ ←", x.θ - o.lr * m_hat / (sqrt(v_hat) + o.eps)

    off = np.abs(run(Faulty(START.copy())) - adam_by_hand()).max()
    assert off > 1e-3 if fault else off < 1e-14
