"""A training of a recorded loss takes the steps that torch takes, and any of them again."""

import numpy as np
import pytest
from command_line import call
from peers import needs_torch, torch
from random_graphs import random_graph

import backviz
from backviz import Value, tensor
from backviz.autodiff.replay import Replay
from backviz.autodiff.tape import names, tape
from backviz.errors import BackvizError, InputError, NotFiniteError
from backviz.training import Recipe, Training, choose

TORCH = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "adagrad": "Adagrad"}


def training(output, recipe, wrt="", **more):
    values = tape(output)
    named = [*names(values).values()]
    replay = Replay(output, values)
    return Training(replay, choose(replay, named, wrt), recipe, **more)


def net(make):
    """A small network with its loss; the leaves by name."""
    rng = np.random.default_rng(3)
    leaves = {
        "W": make(rng.normal(size=(2, 3))), "b": make(rng.normal(size=3)),
        "v": make(rng.normal(size=3)), "c": make(0.5),
    }  # fmt: skip
    x, t = rng.normal(size=(5, 2)), rng.normal(size=5)
    return leaves, x, t


@needs_torch
@pytest.mark.parametrize("optimizer", TORCH)
def test_every_step_is_torchs(optimizer):
    leaves, x, t = net(tensor)
    for name, leaf in leaves.items():
        leaf.label = name
    W, b, v, c = leaves.values()
    y = np.tanh(x @ W + b) @ v + c
    made = training(((y - t) ** 2).mean(), Recipe(optimizer, 0.05)).go(30)

    theirs, x, t = net(lambda a: torch.tensor(a, dtype=torch.float64, requires_grad=True))
    W, b, v, c = theirs.values()
    x, t = torch.tensor(x), torch.tensor(t)
    opt = getattr(torch.optim, TORCH[optimizer])([*theirs.values()], lr=0.05)
    places = dict(zip(made.names, made.chosen.nodes, strict=True))
    for k in range(31):
        opt.zero_grad()
        loss = ((torch.tanh(x @ W + b) @ v + c - t) ** 2).mean()
        loss.backward()
        assert made.loss[k] == pytest.approx(loss.item(), rel=1e-9)
        lengths = [float(theirs[name].grad.norm()) for name in made.names]
        np.testing.assert_allclose(made.norms[k], lengths, rtol=1e-8)
        if k % 10 == 0:
            for name, place in places.items():
                np.testing.assert_allclose(
                    made.at(k).leaves[place], theirs[name].detach().numpy(), rtol=1e-8, atol=1e-12
                )
        opt.step()


def test_random_graphs_learn_as_a_loop_by_hand_does():
    done = 0
    for seed in range(60):
        output = random_graph(seed)
        if output.shape or not output.requires_grad:
            continue
        made = training(output, Recipe("sgd", 1e-3)).go(5)
        if made.stopped is not None:
            continue
        nodes = made.chosen.nodes
        values = tape(output)
        data = {i: np.array(values[i].data) for i in nodes}
        f = backviz.as_function(output, [values[i] for i in nodes])
        for k in range(6):
            given = [Value(data[i]) for i in nodes]
            loss = f(*given)
            loss.backward()
            assert made.loss[k] == pytest.approx(loss.item(), rel=1e-10, abs=1e-12)
            for i, leaf in zip(nodes, given, strict=True):
                data[i] = data[i] - 1e-3 * (0.0 if leaf.grad is None else leaf.grad)
        done += 1
    assert done > 25


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "lion", "adadelta"])
def test_a_step_computed_again_from_its_keyframe_is_the_same_to_the_bit(optimizer, monkeypatch):
    monkeypatch.setattr("backviz.training.result.MOST_KEYFRAMES", 4)
    w, b = Value(2.0, "w"), tensor([0.5, -1.0], "b")
    seen = []
    made = training(((w * b - 1) ** 2).sum(), Recipe(optimizer, 0.01))
    made.go(37, lambda course: seen.append(course.leaves))
    assert len(made.keyframes) <= 4
    assert made.stride > 1
    for k in (0, 1, 17, 36, 37):
        again = made.at(k).leaves
        assert [np.array(x).tobytes() for x in again.values()] == [
            np.array(x).tobytes() for x in seen[k].values()
        ]
    longer = training(((w * b - 1) ** 2).sum(), Recipe(optimizer, 0.01)).go(60)
    assert made.go(60).loss == longer.loss


def test_what_learns_is_what_is_named_or_the_parameters_or_all_leaves():
    layer = backviz.nn.Linear(2, 1, seed=0)
    x = tensor([[1.0, 2.0]], "x")
    loss = (layer(x) ** 2).mean()
    made = training(loss, Recipe("sgd", 0.1))
    assert made.names == ("W", "b")
    assert "the parameters of modules" in made.chosen.sentence
    assert training(loss, Recipe("sgd", 0.1), "x").names == ("x",)
    a, b = Value(1.0, "a"), Value(2.0, "b")
    assert training(a * b, Recipe()).chosen.sentence.startswith("a, b learn: all leaves")
    assert training(a * b, Recipe(), ["b"]).chosen.sentence == "b learns, as asked"


@pytest.mark.parametrize(
    ("output", "recipe", "wrt", "said"),
    [
        (lambda a: a * 2, Recipe("sgdd", 1), "", "did you mean"),
        (lambda a: a * 2, Recipe("sgd", -1.0), "", "lr=-1.0 does not work"),
        (lambda a: a * 2, Recipe("sgd", 0.1), "q", "q"),
        (lambda a: a * 2, Recipe("sgd", 0.1), "n2", "computed"),
        (lambda a: a * tensor([1.0, 2.0]), Recipe("sgd", 0.1), "", "a loss is one number"),
        (lambda a: Value(1.0, "k", requires_grad=False) * 2, Recipe(), "", "nothing can learn"),
        (lambda a: (a - 3).log(), Recipe("sgd", 0.1), "", "NaN before the first step"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence(output, recipe, wrt, said):
    with pytest.raises(BackvizError) as error:
        training(output(Value(2.0, "a")), recipe, wrt).go(3)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_training_that_diverges_ends_with_a_sentence_and_keeps_what_there_was():
    w = Value(1.0, "w")
    made = training(w**4, Recipe("sgd", 10.0)).go(50)
    assert isinstance(made.stopped, NotFiniteError)
    assert "try a smaller" in str(made.stopped)
    assert 1 <= made.steps < 50
    assert all(np.isfinite(made.loss))


def test_a_training_that_comes_to_another_branch_ends_there():
    w = Value(3.0, "w")
    loss = w * w if w > 1 else w * 0.1
    made = training(loss, Recipe("sgd", 0.1)).go(50)
    assert isinstance(made.stopped, InputError)
    assert "another branch" in str(made.stopped)
    assert made.at(made.steps).leaves[0] > 1


@pytest.mark.parametrize("a, stands", [(-2.0, True), (2.0, False), (0.5, False)])
def test_a_training_in_which_nothing_moves_says_so(a, stands):
    output = Value(a, "a").relu() * Value(3.0, "b")
    assert training(output, Recipe("sgd", 0.01)).go(3).stands == stands
    done = call("train", f"L=relu(a)*b; a={a}; b=3", "--steps", "3", "--rate", "0.01")
    assert ("every gradient is 0" in done.err) == stands
    assert "every gradient" not in call("train", "L=relu(a); a=-2", "--steps", "1", "-q").err
