"""Misconceptions about gradients that fade: flat sigmoids, dead ReLUs, weights that shrink them.

Invariant: every number of a table is computed when the lesson runs.
"""

from __future__ import annotations

from typing import Any

from backviz.autodiff.tape import tape
from backviz.autodiff.value import Value
from backviz.lessons.judge import rivals
from backviz.lessons.model import Table, same, topics_on
from backviz.lessons.views import contributions
from backviz.ops import OPS
from backviz.words import Words

topic = topics_on("fading")


def _chains(_: Any) -> Table:
    """Derivatives of chains of sigmoids and of tanh, beside powers of a quarter."""
    rows = []
    for depth in (1, 2, 5, 10):
        slopes = []
        for name, weight in (("sigmoid", 1.0), ("sigmoid", 4.0), ("tanh", 1.0)):
            x = Value(0.0)
            h = x
            for _layer in range(depth):
                h = OPS[name](h * weight - 2.0 if weight == 4.0 else h)
            h.backward()
            slopes.append(x.grad)
        rows.append((str(depth), 0.25**depth, *slopes))
    heads = (Words("layers"), same("0.25^n"), same("σ(h)"), same("σ(4h − 2)"),
             same("tanh(h)"))  # fmt: skip
    return Table(heads, tuple(rows), Words("dh/dx at x = 0"))


topic(
    "quarter",
    Words(
        "Does each sigmoid layer divide the gradient by 4?",
    ),
    Words(
        "The derivative of a sigmoid is at most 0.25, so with weights up to 1 ten layers pass "
        "less than a millionth. But 0.25 is a bound on one factor, not the factor: a layer "
        "multiplies by w·σ′. With w = 4 it can pass more, and off the middle much less, as the "
        "engine with 1/4 for every slope shows. tanh has slope 1 at 0.",
    ),
    "h=sigmoid(w*x); L=sigmoid(w*h); w=4; x=0.5",
    (_chains,),
    "sigmoid-quarter",
    aliases=["sigmoid-quarter"],
    also=Words("sigmoid derivative, slope of a sigmoid, 0.25"),
)


def _saturated(_: Any) -> Table:
    """A target 0 and scores that are more and more wrong: two losses and their gradients."""
    rows = []
    for score in (0.0, 2.0, 5.0, 10.0):
        row: list[float] = [score, OPS["sigmoid"](score)]
        for loss in ("mse", "cross-entropy"):
            z = Value(score)
            if loss == "mse":
                made = OPS["sigmoid"](z) ** 2
            else:
                made = OPS["binary_cross_entropy_with_logits"](z, 0.0)
            made.backward()
            row += [made.item(), float(z.grad)]
        rows.append(tuple(row))
    heads = (same("z"), same("p = σ(z)"), Words("squared error"),
             same("∂/∂z"), Words("cross-entropy"), same("∂/∂z"))  # fmt: skip
    return Table(heads, tuple(rows), Words("the target is 0"))


topic(
    "loud-but-deaf",
    Words(
        "Does a neuron that is very wrong learn fast?",
    ),
    Words(
        "Not with a sigmoid and the squared error: the more certain the wrong answer, the "
        "flatter the sigmoid, and its slope p(1 − p) is a factor of the gradient. Loud, but "
        "deaf. Cross-entropy cancels that factor and leaves p − y, the error itself. The broken "
        "engine drops the factor without cause: for the squared error it is there.",
    ),
    "p=sigmoid(z); L=p**2; z=5",
    (_saturated,),
    "no-slope",
    aliases=["saturation", "no-slope"],
    also=Words(
        "saturated, saturation, saturated sigmoid, squared error with sigmoid, slow learning"
    ),
)

topic(
    "dead-relu",
    Words("Why does a dead ReLU not come back?"),
    Words(
        "The input of the ReLU is negative, so its slope is 0 and every gradient behind it is "
        "0: w and b do not move, however large the loss. If that holds for all data, they "
        "never will. Remedies: a smaller rate, a bias above 0, leaky ReLU. The broken ReLU "
        "shows what the mask holds back.",
    ),
    "p=w*x; z=p+b; h=relu(z); e=h-1; L=e**2; w=-2; x=1; b=0.5",
    (contributions("h", "z", "p", "w"),),
    "relu-mask",
    aliases=["relu-mask"],
    also=Words("dead neuron, dead unit, dying relu, dead, negative input"),
)


def _depths(_: Any, w: float = 0.2) -> Table:
    """The derivative of a deep chain for its input, without the way around each layer and with."""
    rows = []
    for depth in (1, 5, 10, 20):
        slopes = []
        for skip in (True, False):
            x = Value(0.1)
            h = x
            for _layer in range(depth):
                f = (h * w).tanh()
                h = h + f if skip else f
            h.backward()
            slopes.append(x.grad)
        rows.append((str(depth), w**depth, *slopes[::-1]))
    heads = (Words("layers"), same(f"{w}^n"), same("tanh(w·h)"), same("h + tanh(w·h)"))
    return Table(heads, tuple(rows), Words("dh/dx for w = {w}", w=w))


topic(
    "residual",
    Words("Do only sigmoids make a gradient vanish?"),
    Words(
        "A layer multiplies by w·f′. tanh has slope 1 in the middle, yet with w = 0.2 twenty "
        "layers leave nothing: the weights do it. With a residual connection the factor is "
        "1 + w·f′, and the 1 comes from the way around the layer. An engine that loses that way "
        "is back at the product.",
    ),
    "h1=x+tanh(w*x); h2=h1+tanh(w*h1); L=h2**2; x=0.5; w=0.2",
    (_depths,),
    "skip-lost",
    aliases=["skip-lost"],
    also=Words(
        "vanishing, vanishing gradient, vanishing gradients, vanish, residual connection, "
        "skip connection, skip connections, resnet, shortcut, depth"
    ),
)


def _dead(w: Value, cured: bool) -> Any:
    z = w * 1.0 - 5.0
    return OPS["leaky_relu" if cured else "relu"](z)


def _flat(w: Value, cured: bool) -> Any:
    return OPS["sigmoid"](w * (1.0 if cured else 25.0))  # the input of the sigmoid scaled


def _thin(w: Value, cured: bool) -> Any:
    h = w * 1.0
    for _layer in range(12):
        f = (h * 0.3).tanh()
        h = h + f if cured else f
    return h


CASES = ((Words("dead"), _dead), (Words("saturated"), _flat), (Words("vanishing"), _thin))


def _told_apart(_: Any) -> Table:
    """Three small gradients, and the factors on the way that made them."""
    rows = []
    for said, net in CASES:
        w = Value(1.0)
        out = net(w, False)
        factors = [abs(slope) for v in tape(out) for slope in v.locals or () if slope is not None]
        out.backward()
        small = sum(each < 0.5 for each in factors)
        rows.append((said, w.grad, min(factors), small))
    heads = (same(""), same("∂h/∂w"), Words("smallest factor"), Words("factors below 0.5"))
    return Table(heads, tuple(rows))


def _cures(_: Any) -> Table:
    """The gradient with the cure that fits, and a thousand times the gradient that is there."""
    rows = []
    for said, net in CASES:
        pair = []
        for cured in (True, False):
            w = Value(1.0)
            net(w, cured).backward()
            pair.append(w.grad if cured else 1000 * w.grad)
        rows.append((said, *pair))
    return rivals(rows, Words("1000 times the rate"), Words("the cure that fits"), same(""))


topic(
    "dead-or-vanishing",
    Words("Dead, saturated or vanishing: how can one tell?"),
    Words(
        "Dead: exactly 0, one mask did it. Saturated: tiny, one slope did it. Vanishing: tiny, and "
        "no factor is to blame, many below 1 are multiplied. backviz diagnose and why name the "
        "factor. The cures differ: leaky ReLU; smaller inputs or weights; a residual connection. "
        "A larger rate wakes nothing that is 0.",
    ),
    "",
    (_told_apart, _cures),
    also=Words(
        "small gradient, gradient is 0, gradient is zero, tiny gradient, why zero, "
        "diagnosis, does not learn"
    ),
)
