"""Four faults that students bring, each found at the prompt with at most four commands.

A person types at a terminal of 80 columns, in the midst of the student's own program.
"""

import re

import pytest
from typing_person import typed_into

NET = """
import numpy as np
import backviz
from backviz import Value, tensor
"""
ZERO_GRAD = (
    NET
    + """
w = Value(3.0, "w")
for epoch in range(2):
    loss = (w - 1) ** 2
    loss.backward()
    if epoch == 1:
        backviz.breakpoint(loss)
"""
)
DEAD = (
    NET
    + """
x, v = Value(1.0, "x"), Value(3.0, "v")
w, b = Value(2.0, "w"), Value(-5.0, "b")
h = (w * x + b).relu()
loss = (v * h - 1) ** 2
backviz.breakpoint(loss)
"""
)
SATURATED = (
    NET
    + """
rng = np.random.default_rng(0)
X, W = tensor(rng.normal(size=(8, 4)), "X"), tensor(20 * rng.normal(size=(4, 3)), "W")
h = (X @ W).tanh()
h.label = "h"
loss = ((h - 0.1) ** 2).mean()
backviz.breakpoint(loss)
"""
)
NAN = (
    NET
    + """
p, z = Value(1.0, "p"), Value(0.0, "z")
q = 1 - p
loss = z * q.log()
backviz.breakpoint(loss)
"""
)
FAULTS = [  # program, what is typed, what then stands on the screen
    ("zero_grad", ZERO_GRAD, ["p w"], ["4 was there before, this pass adds 4", "no zero_grad"]),
    ("dead relu", DEAD, ["p w", "why w"], [r"it died at h: ReLU: off; explain dead-relu"]),
    ("saturated", SATURATED, ["diagnose"], [r"h", r"saturat"]),
    ("NaN", NAN, ["why p"], [r"NaN"]),
    ("NaN by a break", NAN, ["restart", "b nan", "c"], [r"stopped at nan", r"NaN"]),
]


@pytest.mark.parametrize(("name", "program", "typed", "words"), FAULTS, ids=[f[0] for f in FAULTS])
def test_a_fault_is_found_with_four_commands(name, program, typed, words):
    assert len(typed) <= 4
    code, shown = typed_into(program, [*typed, "off"], BACKVIZ_LANG="en")
    text = " ".join(re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", shown).split())
    for each in words:
        assert re.search(each, text), (name, text)
    assert code == 0 and "Traceback" not in text


def test_a_healthy_program_is_told_none_of_it():
    healthy = (
        NET
        + """
w, x, b = Value(0.5, "w"), Value(1.0, "x"), Value(0.2, "b")
loss = ((w * x + b).tanh() - 1) ** 2
backviz.breakpoint(loss)
"""
    )
    _code, shown = typed_into(healthy, ["why w", "diagnose", "off"], BACKVIZ_LANG="en")
    text = " ".join(shown.split())
    assert not re.search(r"died|NaN|saturat\w+ (layer|units)|zero_grad", text.split("step>")[1])
