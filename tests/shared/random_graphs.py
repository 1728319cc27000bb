"""Computations made by dice: scalars and arrays, shared inputs, loops, fans, long names."""

import random

import numpy as np

from backviz import Value, tensor

UNARY = ("tanh", "exp", "sigmoid", "relu")
KINDS = ("scalars", "arrays", "loop", "fan", "network")


def random_graph(seed: int) -> Value:
    """A computation with its gradients; one in five of each kind."""
    dice = random.Random(seed)
    made = {
        "scalars": _scalars, "arrays": _arrays, "loop": _loop, "fan": _fan, "network": _network,
    }[KINDS[seed % len(KINDS)]](dice)  # fmt: skip
    made.label = made.label or "L"
    made.backward()
    return made


def _leaf(dice: random.Random, name: str) -> Value:
    return Value(round(dice.uniform(-1, 1), dice.choice([1, 2, 5])), name)


def _scalars(dice: random.Random) -> Value:
    """Up to forty ops of which each reads what stands some way back."""
    values = [_leaf(dice, f"x{i}") for i in range(dice.randint(2, 6))]
    for k in range(dice.randint(2, 40)):
        back = [values[-1 - min(int(dice.expovariate(0.3)), len(values) - 1)] for _ in "ab"]
        made = dice.choice(
            [
                lambda a, b: a * b,
                lambda a, b: a + b,
                lambda a, b: a - b,
                _unary(dice),
                _constant(dice),
            ]
        )(*back)
        if dice.random() < 0.2:
            made.label = dice.choice([f"h{k}", f"hidden_unit_{k}", "θ"])
        values.append(made)
    read = {id(x) for v in values for x in v.inputs}
    loose = [v for v in values if id(v) not in read]
    total = loose[0]
    for value in loose[1:]:
        total = total + value
    return total if total not in values[:6] else total * 2.0


def _unary(dice):
    return lambda a, _b: getattr(a * 0.5, dice.choice(UNARY))()


def _constant(dice):
    return lambda a, _b: a * round(dice.uniform(-2, 2), 2)


def _arrays(dice: random.Random) -> Value:
    """Layers of any width, with normalization and a skip connection now and then."""
    rng = np.random.default_rng(dice.randrange(2**31))
    rows, wide = dice.randint(1, 6), dice.randint(1, 9)
    x = tensor(rng.normal(size=(rows, wide)), "x")
    for k in range(dice.randint(1, 4)):
        out = dice.choice([wide, dice.randint(1, 12)])
        w = tensor(rng.normal(size=(wide, out)), f"W{k}")
        h = x @ w + tensor(rng.normal(size=out), f"b{k}")
        if dice.random() < 0.3:
            h = (h - h.mean(axis=0)) / (((h - h.mean(axis=0)) ** 2).mean(axis=0) + 0.1) ** 0.5
        h = getattr(h * 0.3, dice.choice(UNARY))()
        if out == wide and dice.random() < 0.5:
            h = h + x
        h.label = f"h{k}"
        x, wide = h, out
    return (x**2).mean() if dice.random() < 0.5 else x.sum()


def _loop(dice: random.Random) -> Value:
    """Weights that every step of a loop uses."""
    h, w, u = _leaf(dice, "h0"), _leaf(dice, "w"), _leaf(dice, "u")
    for k in range(1, dice.randint(2, 9)):
        h = (w * h + u * _leaf(dice, f"x{k}")).tanh()
        h.label = f"h{k}"
    return (h - 0.5) ** 2


def _fan(dice: random.Random) -> Value:
    """A sum of many terms, or a long chain."""
    many = dice.randint(3, 60)
    x = _leaf(dice, "x")
    if dice.random() < 0.5:
        for _each in range(many):
            x = getattr(x * 0.9, dice.choice(UNARY))()
        return x
    total = x
    for k in range(many):
        total = total + _leaf(dice, f"a{k}") * dice.choice([x, _leaf(dice, f"b{k}")])
    return total


def _network(dice: random.Random) -> Value:
    """A network of single numbers."""
    values = [_leaf(dice, f"x{i}") for i in range(dice.randint(1, 3))]
    for layer in range(dice.randint(1, 2)):
        fresh = []
        for j in range(dice.randint(1, 3)):
            total = _leaf(dice, f"b{layer}{j}")
            for i, value in enumerate(values):
                total = total + _leaf(dice, f"w{layer}{j}{i}") * value
            fresh.append(total.tanh())
        values = fresh
    loss = values[0] ** 2
    for value in values[1:]:
        loss = loss + value**2
    return loss
