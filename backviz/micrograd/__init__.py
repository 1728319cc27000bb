"""micrograd's names over backviz: its lectures' code runs with the import changed.

`Value` is a recorded value that behaves as micrograd's does; everything of backviz takes it.

>>> from backviz.micrograd import Value
>>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
>>> L = a * b + a**2
>>> L.backward()
>>> L, a.grad, sorted(v._op for v in L._prev)
(Value(data=-2.0, grad=1.0), 1.0, ['*', '**2'])
"""

from backviz.micrograd.drawing import Picture, draw_dot, trace
from backviz.micrograd.engine import StaleGradientWarning, Value
from backviz.micrograd.nn import MLP, Layer, Module, Neuron

__all__ = [
    "MLP", "Layer", "Module", "Neuron", "Picture", "StaleGradientWarning", "Value", "draw_dot",
    "trace",
]  # fmt: skip
