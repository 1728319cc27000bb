"""The builds that tests of the HTML player play."""

import math
from functools import cache

from backviz import Figure, Style, Value, load
from backviz.diagrams.steps import Steps

HOSTILE = ["</script><img src=x onerror=alert(1)>", "\"'&amp;&<b>", "вес</style>", "f\u2028]]>${x}"]
NUMBER = math.tanh(2 * -3 + 6.8813735870195432)  # the neuron's output, by its formula


@cache
def steps(source="@karpathy-neuron", passes="both", pace="node", first=1, last=None, **style):
    value = load(source) if isinstance(source, str) else source
    value.backward()
    typed = {"lettering": "plain"}  # a lowered sign is a text of its own on the page
    return Steps(Figure(value, Style(**typed | style)), passes, pace, first, last)


def hostile():
    labels = iter(HOSTILE)
    a, b, c = (Value(x, next(labels)) for x in (float("nan"), 2.0, 3.0))
    out = a * b + c
    out.label = next(labels)
    return out


def perceptron():
    """25 inputs and weights, 30 ops and more: about sixty boxes."""
    inputs = [Value((i + 1) / 3, f"x{i}") for i in range(3)]
    hidden = []
    for i in range(5):
        weights = [Value((i * j % 5 - 2) / 3, f"w{i}{j}") for j in range(3)]
        hidden.append(sum((w * x for w, x in zip(weights, inputs, strict=True)), Value(0.1)).tanh())
    return sum((h * h for h in hidden), Value(0.0))
