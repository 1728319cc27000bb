"""update, before and epoch: the steps are an optimizer's, and going to and fro changes nothing."""

import random

import numpy as np
import pytest
from peers import needs_torch, torch
from quick import one_in
from random_graphs import random_graph

import backviz
from backviz import Value, stepper, tensor
from backviz.errors import BackvizError, InputError
from backviz.stepping.commands import advance
from backviz.stepping.state import start
from backviz.text import screen_width

LEAVES = {"w": 0.7, "b": -0.4, "v": 1.3, "x": 0.9, "y": 0.25}
LEARN = "w,b,v"


def ours():
    w, b, v, x, y = (Value(n, name) for name, n in LEAVES.items())
    h = np.tanh(w * x + b)
    h.label = "h"
    L = (h * v - y) ** 2 + 0.1 * w * w
    L.label = "L"
    return L


def torchs(leaves):
    return {
        k: torch.tensor(float(n), dtype=torch.float64, requires_grad=True)
        for k, n in leaves.items()
    }


def loss_of(t):
    return (torch.tanh(t["w"] * t["x"] + t["b"]) * t["v"] - t["y"]) ** 2 + 0.1 * t["w"] * t["w"]


def theirs(leaves):
    """Loss and gradients by torch."""
    t = torchs(leaves)
    loss = loss_of(t)
    loss.backward()
    return loss.item(), {k: n.grad.item() for k, n in t.items()}


class Model:
    """What a session should hold, by torch and plain dictionaries: the judge."""

    def __init__(self):
        self.undone = [(dict(LEAVES), 0, [dict(LEAVES)])]
        self.at = 0

    @property
    def now(self):
        return self.undone[self.at]

    def push(self, leaves, epoch, epochs):
        self.undone[self.at + 1 :] = [(leaves, epoch, epochs)]
        self.at += 1

    def set(self, name, number):
        leaves, epoch, epochs = self.now
        self.push({**leaves, name: number}, epoch, epochs)

    def update(self, rate, steps):
        leaves, epoch, epochs = self.now
        epochs = [*epochs[:epoch], leaves]
        for _ in range(steps):
            slopes = theirs(epochs[-1])[1]
            moved = {k: epochs[-1][k] - rate * slopes[k] for k in LEARN.split(",")}
            epochs.append({**epochs[-1], **moved})
        self.push(epochs[-1], epoch + steps, epochs)

    def epoch(self, number):
        _leaves, _epoch, epochs = self.now
        self.push(epochs[number], number, epochs)


@needs_torch
@pytest.mark.parametrize("seed", one_in(40, range(250)))
def test_random_sessions_hold_what_torch_says(seed):
    dice = random.Random(seed)
    s, model = stepper(ours()), Model()
    for _ in range(40):
        what = dice.choice(["set", "update", "epoch", "undo", "redo", "next", "back", "end"])
        if what == "set":
            name, number = dice.choice([*LEAVES]), round(dice.uniform(-1, 1), 3)
            s.set(**{name: number})
            model.set(name, number)
        elif what == "update":
            rate, steps = dice.choice([0.01, 0.1]), dice.choice([1, 1, 3])
            s.run("zero")
            s.update(rate, "sgd", steps=steps, wrt=LEARN)
            model.update(rate, steps)
        elif what == "epoch" and len(model.now[2]) > 1:
            number = dice.randrange(len(model.now[2]))
            s.epoch(number)
            model.epoch(number)
        elif what == "undo":
            s.undo()
            model.at = max(0, model.at - 1)
        elif what == "redo":
            s.redo()
            model.at = min(len(model.undone) - 1, model.at + 1)
        elif what == "next":
            s.next(dice.randint(1, 5))
        elif what == "back":
            s.back(dice.randint(1, 5))
        else:
            s.run("zero")
            s.restart()
            s.go_on()
            loss, slopes = theirs(model.now[0])
            assert s.value("L") == pytest.approx(loss, rel=1e-12)
            for name, slope in slopes.items():
                assert s.grad(name) == pytest.approx(slope, rel=1e-10, abs=1e-13), name
        for name, number in model.now[0].items():
            assert s.value(name) == pytest.approx(number, rel=1e-12, abs=1e-14), (name, what)
        assert s.epoch().now == model.now[1]


@needs_torch
@pytest.mark.parametrize("optimizer", one_in(2, ["sgd", "adam", "rmsprop", "adagrad"]))
def test_one_update_after_another_is_a_training_in_torch(optimizer):
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop,
            "adagrad": torch.optim.Adagrad}[optimizer]  # fmt: skip
    s = stepper(ours())
    leaves = torchs(LEAVES)
    opt = kind([leaves[k] for k in LEARN.split(",")], lr=0.05)
    for k in range(6):
        opt.zero_grad()
        loss_of(leaves).backward()
        opt.step()
        s.update(0.05, optimizer, wrt=LEARN) if k == 0 else s.update()
        for name, leaf in leaves.items():
            assert s.value(name) == pytest.approx(leaf.item(), rel=1e-7)
    first = [s.epoch(k) and s.value("w") for k in range(7)]
    assert [s.epoch(k) and s.value("w") for k in reversed(range(7))] == first[::-1]


def test_an_update_uses_what_several_passes_have_added_up_and_says_so():
    s = stepper((Value(4.0, "w") - 1) ** 2)
    s.run("bw")
    s.run("c")
    s.run("bw")
    s.run("c")
    answer = s.update(0.01)
    assert s.value("w") == pytest.approx(4 - 0.01 * 12)
    assert answer.passes == 2
    assert "the sum of 2 passes" in answer.text
    s.epoch(0)
    assert s.value("w") == 4.0
    s.update(0.01)
    assert s.value("w") == pytest.approx(4 - 0.01 * 6)


def test_before_shows_both_passes_with_values_gradients_and_loss():
    L = (Value(4.0, "w") - 1) ** 2
    L.label = "L"
    s = stepper(L)
    with pytest.raises(InputError, match="no step was taken yet"):
        s.before()
    s.update(0.25)
    rows = {row.name: (row.value, row.gradient) for row in s.before().rows}
    assert rows["w"] == ((4.0, 2.5), (6.0, 3.0))
    assert rows["L"] == ((9.0, 2.25), (1.0, 1.0))
    assert "epoch 0" in s.run("after").text


def test_the_recorded_values_stay_as_they_are():
    x = tensor([1.0, 2.0], "x")
    L = (x * x).sum()
    s = stepper(L)
    s.update(0.1, "adam", steps=5)
    assert x.data.tolist() == [1.0, 2.0]
    assert x.grad is None
    assert L.data == 5.0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("update", "say the rate"),
        ("update fast 0.1", "fast"),
        ("update 0.1 0.2", "write an optimizer and a rate"),
        ("update -1", "lr=-1"),
        ("update 0.1 --steps 0", "steps=0"),
        ("update 0.1 --wrt d", "computed"),
        ("update 0.1 --wrt zz", "zz"),
        ("update 0.1 --rate 2", "--rate"),
        ("update 0.1 --steps", "--steps"),
        ("epoch 1", "no step was taken yet"),
        ("epoch -1", "is no epoch"),
        ("epoch x", "is no epoch"),
        ("before", "no step was taken yet"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(line, said):
    state = start(backviz.load("@diamond"))
    new, result = advance(state, line)
    assert said in result.text
    assert result.text.startswith("! ")
    assert new.runs == state.runs


def test_an_update_that_would_take_another_branch_is_refused():
    w = Value(1.05, "w")
    s = stepper(w * w if w > 1 else w * 0.1)
    with pytest.raises(InputError, match="would take another branch"):
        s.update(0.1)
    with pytest.raises(InputError, match="would take another branch"):
        s.set(w=0.5)
    with pytest.raises(InputError, match="would take another branch"):
        s.nudge("w", -0.2)
    assert s.value("w") == 1.05


def test_random_graphs_are_stepped_as_a_loop_by_hand_does():
    done = 0
    for seed in range(0, 120, 3):
        output = random_graph(seed)
        if output.shape:
            continue
        s = stepper(output)
        try:
            chosen = s.update(1e-3).leaves
        except BackvizError:
            continue
        for leaf in chosen:
            moved = leaf.before - 1e-3 * (0.0 if leaf.gradient is None else leaf.gradient)
            np.testing.assert_allclose(s.value(leaf.name), moved, rtol=1e-12, atol=1e-15)
        done += 1
    assert done > 15


def test_tables_keep_to_the_width_of_the_screen():
    state = start(backviz.load("@mazur"))
    for line in ("update 0.5", "before", "update adam 0.01 --steps 30", "epoch", "after"):
        state, result = advance(state, line)
        assert max(map(screen_width, result.lines)) <= 80
