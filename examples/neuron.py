"""A neuron as ordinary Python, to be drawn with

backviz graph examples/neuron.py:o -o neuron.svg
backviz graph examples/neuron.py:squared_error -o error.svg
"""

from backviz import Value, tensor

x1, x2 = Value(2.0), Value(0.0)
w1, w2 = Value(-3.0), Value(1.0)
b = Value(6.8813735870195432)
n = x1 * w1 + x2 * w2 + b
o = n.tanh()


def squared_error():
    """A function without arguments works as well."""
    W = tensor([[0.1, 0.5], [-0.3, 0.8]], label="W")
    x = tensor([0.2, 0.4], label="x")
    target = tensor([1.0, 0.0], label="target", requires_grad=False)
    y = (W @ x).sigmoid()
    y.label = "y"
    return ((y - target) ** 2).sum()


if __name__ == "__main__":
    o.backward()
    print(f"o = {o.data:.4f}, do/dw1 = {w1.grad:.4f}")
