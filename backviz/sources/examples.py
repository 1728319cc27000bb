"""The built-in examples: computations with published numbers, each one expression."""

from __future__ import annotations

from dataclasses import dataclass

from backviz.registry import Registry


@dataclass(frozen=True, slots=True)
class Example:
    """A named expression, what it shows, and where its numbers were published."""

    name: str
    expression: str
    about: str


EXAMPLES: Registry[Example] = Registry("example")

_NEURON = "x1=2; x2=0; w1=-3; w2=1; b=6.8813735870195432"
_SIGMOID = "w0=2; w1=-3; w2=-3; x0=-1; x1=-2"
_MAZUR_SCALAR = """
h1 = sigmoid(w1*i1 + w2*i2 + b1)
h2 = sigmoid(w3*i1 + w4*i2 + b1)
o1 = sigmoid(w5*h1 + w6*h2 + b2)
o2 = sigmoid(w7*h1 + w8*h2 + b2)
E = (0.01 - o1)**2/2 + (0.99 - o2)**2/2
i1=0.05; i2=0.10; b1=0.35; b2=0.60
w1=0.15; w2=0.20; w3=0.25; w4=0.30; w5=0.40; w6=0.45; w7=0.50; w8=0.55
"""

for _row in (
    Example("simple", "q=x+y; f=q*z; x=-2; y=5; z=-4", "(x+y)·z, the first graph of CS231n"),
    Example(
        "sigmoid-neuron",
        f"dot=w0*x0+w1*x1+w2; f=1/(1+exp(-dot)); {_SIGMOID}",
        "a sigmoid neuron in single gates (CS231n)",
    ),
    Example(
        "sigmoid-gate",
        f"dot=w0*x0+w1*x1+w2; f=sigmoid(dot); {_SIGMOID}",
        "the same neuron with the sigmoid as one gate (CS231n)",
    ),
    Example(
        "gates",
        "f=2*(x*y+max(z,w)); x=3; y=-4; z=2; w=-1",
        "add copies, max routes, mul swaps (CS231n)",
    ),
    Example(
        "karpathy-l",
        "e=a*b; d=e+c; L=d*f; a=2; b=-3; c=10; f=-2",
        "the first graph of Karpathy's micrograd lecture",
    ),
    Example(
        "karpathy-neuron",
        f"n=x1*w1+x2*w2+b; o=tanh(n); {_NEURON}",
        "the neuron of Karpathy's micrograd lecture",
    ),
    Example(
        "karpathy-neuron-exp",
        f"n=x1*w1+x2*w2+b; e=exp(2*n); o=(e-1)/(e+1); {_NEURON}",
        "the same neuron with tanh written as (e−1)/(e+1)",
    ),
    Example(
        "diamond",
        "e=a*b; d=e+c; f=a-c; L=d*f; a=2; b=3; c=4",
        "(ab+c)(a−c): gradients meet and add up at a and c",
    ),
    Example(
        "order",
        "c=a+b; d=a*b; e=c+d; f=c*d; y=e+f; a=2; b=3",
        "a graph on which a naive recursive backward pass goes wrong",
    ),
    Example("colah", "c=a+b; d=b+1; e=c*d; a=2; b=1", "(a+b)(b+1), from Olah's blog"),
    Example(
        "micrograd",
        """
        c0=a+b; d0=a*b+b**3; c1=c0+c0+1; c2=c1+1+c1-a
        d1=d0+d0*2+relu(b+a); d2=d1+3*d1+relu(b-a)
        e=c2-d2; f=e**2; g=f/2+10/f; a=-4; b=2
        """,
        "the expression of micrograd's README",
    ),
    Example(
        "mazur",
        """
        h = sigmoid(W1 @ i + b1)
        o = sigmoid(W2 @ h + b2)
        E = sum((t - o)**2)/2
        W1=[[0.15, 0.20], [0.25, 0.30]]; i=[0.05, 0.10]; b1=0.35
        W2=[[0.40, 0.45], [0.50, 0.55]]; b2=0.60; t=[0.01, 0.99]
        """,
        "the 2-2-2 network of Mazur's step by step example; W1 holds w1 … w4, W2 w5 … w8",
    ),
    Example("mazur-scalar", _MAZUR_SCALAR, "the same network, a box for every weight"),
    Example(
        "course-forward",
        """
        h1=u1*x1+u2*x2; h2=v1*x1+v2*x2; y=w1*h1+w2*h2
        x1=40; x2=0; u1=1; u2=1; v1=1; v2=-1; w1=1; w2=-1
        """,
        "a forward pass by hand: hidden (40, 40), output 0",
    ),
    Example(
        "course-forward-matrix",
        "h=U@x; y=w@h; x=[40, 0]; U=[[1, 1], [1, -1]]; w=[1, -1]",
        "the same forward pass with matrices",
    ),
    Example(
        "matmul-norm",
        "q=W@x; f=sum(q**2); W=[[0.1, 0.5], [-0.3, 0.8]]; x=[0.2, 0.4]",
        "‖Wx‖²: how the gradient passes a matrix product",
    ),
    Example(
        "softmax-ce",
        "L=cross_entropy(z, 0); z=[2, 0.5, -1]",
        "softmax with cross-entropy as one op: the gradient is softmax(z) − y",
    ),
):
    EXAMPLES.add(_row.name, _row)
